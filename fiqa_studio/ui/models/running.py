"""A dialog around one run of the models' program: what it does now, Cancel, how it ended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.ui import theme
from fiqa_studio.ui.models.refusal import Refusal
from fiqa_studio.ui.session.background import Background

if TYPE_CHECKING:
    from fiqa_studio.engine.programs import ModelsCall

_STEPS = 1000


class RunningDialog(QDialog):
    """Base of the dialogs for import and verification.

    The run blocks a thread of this dialog's own; closing the dialog cancels it. Subclasses put
    their form into `form`, and fill `_begin` and `_ended`.

    Attributes:
        form: Column of what the user chooses; disabled while it runs.
        refusal: Why it was refused.
        start: The button that begins.

    Signals:
        _stepped: Internal: carries a step from the thread to the window's.
    """

    _stepped = Signal(str, object)

    def __init__(
        self, title: str, start: str, parent: QWidget | None = None, *, leave: str = "Cancel"
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self._leave_text = leave
        self._background = Background("fiqa-models-run", 1, self)
        self._call: ModelsCall | None = None
        self._form = QWidget()
        self.form = QVBoxLayout(self._form)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setSpacing(theme.Space.M)
        self.refusal = Refusal()
        self._step = QLabel()
        theme.set_role(self._step, "muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self.start = QPushButton(start)
        theme.set_role(self.start, "primary")
        self.start.setDefault(True)
        self.start.clicked.connect(self._on_start)
        self.leave = QPushButton(leave)
        self.leave.setAutoDefault(False)
        self.leave.clicked.connect(self._on_leave)
        self._stepped.connect(self._on_step)
        foot = QHBoxLayout()
        foot.setSpacing(theme.Space.S)
        foot.addStretch(1)
        foot.addWidget(self.leave)
        foot.addWidget(self.start)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(*(theme.Space.XL,) * 4)
        self.body.setSpacing(theme.Space.M)
        self.body.addWidget(self._form)
        self.body.addWidget(self.refusal)
        self.body.addStretch()  # what a long refusal made room for stays empty above the bar
        self.body.addWidget(self._step)
        self.body.addWidget(self._bar)
        self.body.addLayout(foot)
        self._step.hide()
        self._bar.hide()

    @property
    def running(self) -> bool:
        """Whether the program runs."""
        return self._call is not None

    @property
    def step(self) -> str:
        """What it does now, empty when it does not run."""
        return "" if self._step.isHidden() else self._step.text()

    # --- for subclasses ------------------------------------------------------------------------

    def _begin(self) -> ModelsCall | None:
        """The run that the form asks for; None where the form is not complete."""
        raise NotImplementedError

    def _read(self, answer: Any) -> Any:
        """Make something of the answer, on the thread."""
        return answer

    def _ended(self, result: Any) -> None:
        """It ended well, with what `_read` made."""
        raise NotImplementedError

    def _report(self, step: str, share: float | None) -> None:
        """The run's ``on_step``; called on the thread."""
        self._stepped.emit(step, share)

    # --- running -------------------------------------------------------------------------------

    def _on_start(self) -> None:
        call = self._begin()
        if call is None:
            return
        self._call = call
        self.refusal.hide()
        self._show_running(True)
        self._on_step("Starting", None)
        self._background.run(
            lambda: self._read(call.run()), self._on_result, failed=self._on_failure
        )

    def _on_leave(self) -> None:
        if self._call is None:
            self.reject()
            return
        self.leave.setEnabled(False)
        self._on_step("Cancelling", None)
        self._call.cancel()

    @Slot(str, object)
    def _on_step(self, step: str, share: float | None) -> None:
        if self._call is None:
            return
        self._step.setText(f"{step}…")
        if share is None:
            self._bar.setRange(0, 0)  # Qt's way to say "busy, end unknown"
        else:
            self._bar.setRange(0, _STEPS)
            self._bar.setValue(round(_STEPS * share))
        self._bar.setAccessibleName(step)

    def _on_result(self, result: Any) -> None:
        self._call = None
        self._show_running(False)
        self._ended(result)

    def _on_failure(self, error: Exception) -> None:
        self._call = None
        self._show_running(False)
        if not isinstance(error, KnownError):
            sys.excepthook(type(error), error, error.__traceback__)
        elif error.code != "cancelled":  # else the form stands as it was
            self.refusal.show_error(error)

    def _show_running(self, running: bool) -> None:
        self._form.setEnabled(not running)
        self.start.setEnabled(not running)
        self.leave.setEnabled(True)
        self.leave.setText("Cancel" if running else self._leave_text)
        self._step.setVisible(running)
        self._bar.setVisible(running)
        if running:
            self.leave.setFocus(Qt.FocusReason.OtherFocusReason)

    def _grow(self, width: int = 0, height: int = 0) -> None:
        """Make room for all that is shown, as far as the screen has it; never shrink.

        Qt does it by itself only for layouts without text that wraps.
        """
        room = self.screen().availableGeometry()
        width = min(max(self.width(), width), room.width())
        height = max(self.height(), height, self.body.totalHeightForWidth(width))
        self.resize(width, min(height, room.height()))
        frame = self.frameGeometry()
        beyond = frame.bottomRight() - room.bottomRight()
        if beyond.x() > 0 or beyond.y() > 0:  # it grew beyond the edge of the screen
            self.move(frame.topLeft() - QPoint(max(beyond.x(), 0), max(beyond.y(), 0)))

    def _buttons_last(self) -> None:
        """Tab goes through the form first, although the buttons were made before it."""
        for button in (self.leave, self.start):
            last = self.previousInFocusChain()
            if last is not None and last is not button:
                self.setTabOrder(last, button)

    # Qt overrides

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Show:
            self._buttons_last()
        done = super().event(event)
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Show):
            self._grow()
        return done

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        """No smaller than its text, which takes more height where it is narrow."""
        super().resizeEvent(event)
        needed = self.body.totalMinimumHeightForWidth(self.width())
        self.setMinimumHeight(min(needed, self.screen().availableGeometry().height()))

    @override
    def reject(self) -> None:
        """Escape cancels what runs before it closes anything."""
        if self._call is not None:
            self._on_leave()
        else:
            super().reject()

    @override
    def done(self, result: int) -> None:
        """However it closes, nothing goes on behind it."""
        if self._call is not None:
            self._call.cancel()
        self._background.close(wait=False)
        super().done(result)
