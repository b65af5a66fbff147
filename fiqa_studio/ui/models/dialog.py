"""The Models dialog: the scorers of this installation, and what can be done with them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.scores import ScorerInfo
from fiqa_studio.engine.scoring.activation import Activation, comparison_said, scorer_info_of
from fiqa_studio.ui import theme
from fiqa_studio.ui.models import words
from fiqa_studio.ui.models.details import Details
from fiqa_studio.ui.models.importing import ImportDialog
from fiqa_studio.ui.models.renaming import RenameDialog
from fiqa_studio.ui.models.verifying import VerifyDialog
from fiqa_studio.ui.session.background import Background
from fiqa_studio.ui.widgets.banner import Banner
from fiqa_studio.ui.widgets.small import hairline
from fiqa_studio.ui.widgets.words import bytes_said

if TYPE_CHECKING:
    from fiqa_studio.engine.scoring.installed import InstalledScorer, Scorers
    from fiqa_studio.store.library import Library

T = TypeVar("T")
_SCORER = Qt.ItemDataRole.UserRole


class ModelsDialog(QDialog):
    """Lists scorers; imports, verifies, renames, removes and chooses them.

    Checkpoints are read in a process of their own, never in this one.

    Args:
        scorers: Those of this installation.
        library: The open library, whose new scores the chosen scorer gives; None without one.

    Signals:
        changed: Scorers came, went or got another name.
        score_wanted: Score now with the scorer of this name.
    """

    changed = Signal()
    score_wanted = Signal(str)

    def __init__(
        self, scorers: Scorers, library: Library | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Models")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._scorers = scorers
        self._library = library
        self._active: ScorerInfo | None = None
        self._background = Background("fiqa-models", 1, self)
        self.banner = Banner()
        self.list = QListWidget()
        self.details = Details()
        self.import_ = QPushButton("Import…")
        self.verify = QPushButton("Verify Network…")
        self.close_ = QPushButton("Close")
        self._lay_out()
        self.list.currentItemChanged.connect(lambda *_: self._show_current())
        self.import_.clicked.connect(self._import)
        self.verify.clicked.connect(self._verify)
        self.close_.clicked.connect(self.accept)
        self.details.use_wanted.connect(self._use)
        self.details.rename_wanted.connect(self._rename)
        self.details.remove_wanted.connect(self._remove)
        self.details.reveal_wanted.connect(self._reveal)
        self.read()

    @property
    def current(self) -> InstalledScorer | None:
        """The scorer that is selected."""
        row = self.list.currentRow()
        scorer: InstalledScorer | None = self.list.item(row).data(_SCORER) if row >= 0 else None
        return scorer

    def read(self, select: str = "") -> None:
        """List the scorers anew; the one of this name is selected, else the one in use."""
        library, scorers = self._library, self._scorers

        def work() -> tuple[list[InstalledScorer], ScorerInfo | None]:
            active = library.scores.active() if library is not None else None
            return scorers.installed(fresh=True), active

        self._run(work, lambda found: self._take(*found, select))

    # --- construction --------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.setMinimumSize(640, 420)
        self.resize(880, 600)
        self.list.setAccessibleName("Scorers")
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setMinimumWidth(190)
        self.list.setStyleSheet("QListView::item { padding: 6px 8px; }")
        self.details.setMinimumWidth(380)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setHandleWidth(1)
        split.setChildrenCollapsible(False)
        split.addWidget(self.list)
        split.addWidget(self.details)
        split.setStretchFactor(1, 1)
        split.setSizes([270, 610])
        theme.set_icon(self.import_, "add")
        for button in (self.import_, self.verify, self.close_):
            button.setAutoDefault(False)
        self.import_.setToolTip("Make a scorer of the authors' pair of checkpoints")
        self.verify.setToolTip("Compare our full network with published reference outputs")
        foot = QHBoxLayout()
        foot.setContentsMargins(*(theme.Space.M,) * 4)
        foot.setSpacing(theme.Space.S)
        foot.addWidget(self.import_)
        foot.addWidget(self.verify)
        foot.addStretch(1)
        foot.addWidget(self.close_)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.banner)
        whole.addWidget(split, 1)
        whole.addWidget(hairline())
        whole.addLayout(foot)
        self.details.hide()

    # --- the list ------------------------------------------------------------------------------

    def _take(self, found: list[InstalledScorer], active: ScorerInfo | None, select: str) -> None:
        self._active = active
        current = self.current
        wanted = select or (current.name if current is not None else "")
        if not any(scorer.name == wanted for scorer in found):
            in_use = (s.name for s in found if self._in_use(s))
            wanted = next(in_use, found[0].name if found else "")
        self.list.clear()
        for scorer in found:
            item = QListWidgetItem(f"{scorer.title}\n{words.subtitle_of(scorer)}")
            item.setData(_SCORER, scorer)
            item.setToolTip(scorer.problem or scorer.title)
            name = "warning" if scorer.problem else "check" if self._in_use(scorer) else "gauge"
            item.setIcon(theme.icon(name))
            self.list.addItem(item)
            if scorer.name == wanted:
                self.list.setCurrentItem(item)
        self._show_current()
        if active is not None and not any(map(self._in_use, found)):
            self.banner.show_message(
                "warning",
                f"The scores of this library come from {active.title}, which is not installed any "
                "more. They stay; choose another scorer for new ones.",
            )
        if self.focusWidget() is None:
            self.list.setFocus()

    def _in_use(self, scorer: InstalledScorer) -> bool:
        """Whether it gives the new scores: the chosen one or, before any was, the default."""
        if self._library is None:
            return False
        active = self._active
        if active is None:
            return scorer.default
        return scorer.hash == active.hash if scorer.hash else scorer.name == active.name

    def _show_current(self) -> None:
        scorer = self.current
        self.details.setVisible(scorer is not None)
        if scorer is None:
            return
        refusal = ""
        if self._library is None:
            refusal = "Open a library first"
        elif self._library.read_only:
            refusal = "This library is open for reading only"
        self.details.show_scorer(scorer, active=self._in_use(scorer), refusal=refusal)

    # --- what buttons do -----------------------------------------------------------------------

    def _import(self) -> None:
        dialog = ImportDialog(self._scorers, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.imported.connect(self._on_imported)
        dialog.open()

    def _on_imported(self, scorer: InstalledScorer) -> None:
        self.changed.emit()
        self.read(scorer.name)
        self.banner.show_message("info", f"Imported as “{scorer.name}”.")

    def _verify(self) -> None:
        dialog = VerifyDialog(self._scorers, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _use(self) -> None:
        """Show its scores and take new ones from it; scoring itself waits for the user."""
        scorer, library = self.current, self._library
        if scorer is None or library is None:
            return
        if not scorer.hash:  # only loading it tells which it is, as scoring does
            self._score(scorer.name)
            return

        activation, before = Activation(library, self._scorers), self._active

        def work() -> int:
            return activation.activate(scorer_info_of(scorer)).unscored

        self._run(work, partial(self._on_used, activation, before, scorer))

    def _on_used(
        self,
        activation: Activation,
        before: ScorerInfo | None,
        scorer: InstalledScorer,
        waiting: int,
    ) -> None:
        """Say it at once; how the two differ follows, as soon as it is known."""
        text = f"New scores come from {scorer.title} now."
        if waiting:
            faces = "1 face has" if waiting == 1 else f"{waiting:,} faces have"
            text += f" {faces} no score of it yet."

        def say(more: str = "") -> None:
            self.banner.show_message(
                "info",
                f"{text}\n{more}" if more else text,
                "Score Now" if waiting else "",
                lambda: self._score(scorer.name),
            )

        def compare() -> str:
            if before is None or before.hash == scorer.hash:
                return ""
            found = activation.compare(before.hash, scorer.hash)
            return comparison_said(found) if found.faces else ""

        say()
        self.read()
        self._run(compare, lambda more: say(more) if more else None)

    def _score(self, name: str) -> None:
        self.score_wanted.emit(name)
        self.accept()

    def _rename(self) -> None:
        scorer = self.current
        if scorer is None:
            return
        dialog = RenameDialog(scorer, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(
            lambda: self._rename_to(scorer, dialog.name.text(), dialog.title.text())
        )
        dialog.open()

    def _rename_to(self, scorer: InstalledScorer, name: str, title: str) -> None:
        library, scorers = self._library, self._scorers

        def work() -> InstalledScorer:
            renamed = scorers.rename(scorer.name, name.strip(), title.strip())
            if library is not None and not library.read_only:
                known = {one.hash for one in library.scores.scorers()}
                if renamed.hash in known:  # it shows the new title beside the old scores
                    library.scores.ensure_scorer(scorer_info_of(renamed)).result()
            return renamed

        self._run(work, lambda renamed: self._on_changed(renamed.name))

    def _remove(self) -> None:
        scorer = self.current
        if scorer is None:
            return
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Remove Scorer")
        box.setText(f"Remove “{scorer.title}” and delete its file?")
        size = f" ({bytes_said(scorer.size)})" if scorer.size else ""
        box.setInformativeText(
            f"{scorer.file}{size}\n\nScores that it gave stay in your libraries. To use it again "
            "it must be imported again."
        )
        remove = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        remove.clicked.connect(
            lambda: self._run(
                lambda: self._scorers.remove(scorer.name), lambda _: self._on_changed()
            )
        )
        box.open()

    def _reveal(self) -> None:
        scorer = self.current
        if scorer is not None and scorer.file:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(scorer.file).parent)))

    def _on_changed(self, select: str = "") -> None:
        self.banner.hide()
        self.changed.emit()
        self.read(select)

    def _run(self, work: Callable[[], T], then: Callable[[T], object]) -> None:
        self._background.run(work, then, failed=self._report)

    def _report(self, error: Exception) -> None:
        if isinstance(error, KnownError):
            self.banner.show_error(error)
        else:
            sys.excepthook(type(error), error, error.__traceback__)

    # Qt overrides

    @override
    def done(self, result: int) -> None:
        for dialog in self.findChildren(QDialog):
            dialog.done(QDialog.DialogCode.Rejected)
        self._background.close(wait=False)
        super().done(result)
