"""What was marked last, in the status bar, with a way to take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from fiqa_studio.domain.changes import Kind
from fiqa_studio.domain.marks import Outcome
from fiqa_studio.ui import theme
from fiqa_studio.ui.actions.action import State
from fiqa_studio.ui.widgets.small import ElidedLabel

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context
    from fiqa_studio.ui.culling.marking import Marked
    from fiqa_studio.ui.session.operation import Operation
    from fiqa_studio.ui.session.session import Session

_SHOWN_MS = 15_000


class MarkedNote(QWidget):
    """Such as ``5 stars on 12,345 photos`` and a button Undo, for a while."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._session: Session | None = None
        self._title = ""
        self._text = ElidedLabel()
        self._undo = QToolButton()
        theme.set_role(self._undo, "quiet")
        self._undo.setText("Undo")
        self._undo.clicked.connect(lambda: context.window.action("edit.undo").trigger())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.XS)
        row.addWidget(self._text)
        row.addWidget(self._undo)
        self._timer = QTimer(self, singleShot=True, interval=_SHOWN_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """What it says; empty while it is gone."""
        return "" if self.isHidden() else self._text.text()

    def update_state(self, _: State) -> None:
        """Follow the library that is open; gone where Undo would take back something else."""
        session = self._context.session if self._context.has_session else None
        if session is not self._session:
            self._session = session
            self.hide()
            if session is not None:
                session.done.connect(self._on_done)
        if session is not None and session.undo.title != self._title:
            self.hide()

    def _on_done(self, operation: Operation, outcome: object) -> None:
        # It needs numpy, and this stands in the status bar before the first paint.
        from fiqa_studio.ui.culling.marking import Marked  # noqa: PLC0415 - as above

        if not isinstance(operation, Marked) or not isinstance(outcome, Outcome):
            self.hide()
            return
        self._title = operation.title
        self._text.setText(said(operation, outcome))
        self._undo.setVisible(outcome.action_id is not None)
        self._timer.start()
        self.show()


def said(operation: Marked, outcome: Outcome) -> str:
    """What came of it, with how many it changed."""
    if not outcome.changed:
        return f"{operation.words}: nothing to change"
    if operation.asked == 1 and outcome.changed == 1:
        return operation.words
    return f"{operation.words} on {counted(outcome)}"


def counted(outcome: Outcome) -> str:
    """How many photos, or faces, something changed."""
    one, many = ("face", "faces") if outcome_is_of_faces(outcome) else ("photo", "photos")
    return f"1 {one}" if outcome.changed == 1 else f"{outcome.changed:,} {many}"


def outcome_is_of_faces(outcome: Outcome) -> bool:
    """Whether a quality was given, which is said of faces."""
    return outcome.changes.of_kind(Kind.OVERRIDE)
