"""Before rating: which study, and who sits down."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.study import file, raters
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.values import Method
from fiqa_studio.ui import theme
from fiqa_studio.ui.session.background import Background
from fiqa_studio.ui.study.window import RatingWindow
from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets.banner import Banner
from fiqa_studio.ui.widgets.small import label

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context

FILES = f"Studies (*{file.SUFFIX})"


class StartDialog(QDialog):
    """Asks for a study file and a name.

    Signals:
        chosen: Path of the study and the rater's name.
    """

    chosen = Signal(object, str)

    def __init__(self, path: str, rater: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Rate")
        self._work = Background("fiqa-rating-start", 1, self)
        self.banner = Banner()
        self.place = QLineEdit(path)
        self.place.setPlaceholderText("The study's file")
        self.place.setAccessibleName("Study file")
        self.title = label("", "muted")
        self.who = QComboBox()
        self.who.setEditable(True)
        self.who.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.who.setAccessibleName("Your name")
        self.who.setCurrentText(rater)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = QPushButton("Start")
        theme.set_role(self.start, "primary")
        buttons.addButton(self.start, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.rejected.connect(self.reject)
        self.start.clicked.connect(self._begin)
        self._lay_out(buttons)
        self._timer = QTimer(self, singleShot=True, interval=200)
        self._timer.timeout.connect(self._look)
        self.place.textChanged.connect(self._update)
        self.place.textChanged.connect(lambda _: self._timer.start())
        self.who.currentTextChanged.connect(self._update)
        self._good = False
        self._update()
        if path:
            self._look()

    def done(self, result: int) -> None:
        """Let go of the thread."""
        self._work.close(wait=False)
        super().done(result)

    def _lay_out(self, buttons: QDialogButtonBox) -> None:
        self.setMinimumWidth(520)
        theme.set_role(self, "panel")
        choose = QPushButton("Choose…")
        choose.setAutoDefault(False)
        choose.clicked.connect(self._choose)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.place, 1)
        row.addWidget(choose)
        form = QFormLayout()
        form.setHorizontalSpacing(Space.M)
        form.setVerticalSpacing(Space.S)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow("Study", row)
        form.addRow("", self.title)
        form.addRow("Your name", self.who)
        form.addRow(
            "", label("The same name goes on where it stopped. Ratings fill the screen.", "muted")
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.M)
        column.addWidget(self.banner)
        column.addLayout(form)
        column.addWidget(buttons)
        self.start.setDefault(True)

    def _choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Study to Rate", self.place.text(), FILES)
        if name:
            self.place.setText(name)

    def _update(self) -> None:
        self.start.setEnabled(bool(self.place.text().strip() and self.who.currentText().strip()))

    def _look(self) -> None:
        """Who rates in this study already: they go on under their names."""
        path = Path(self.place.text().strip())

        def work() -> tuple[str, list[str]]:
            with file.opened(path) as opened:
                if opened.study.method is Method.IMPORTED:
                    raise StudyError(
                        "This study was imported; nobody can rate in it.", code="study.imported"
                    )
                return opened.study.title, [one.name for one in raters.everybody(opened.database)]

        self._work.run(work, self._show, failed=self._complain, key="look")

    def _show(self, found: tuple[str, list[str]]) -> None:
        title, names = found
        self.banner.hide()
        self.title.setText(title)
        typed = self.who.currentText()
        self.who.clear()
        self.who.addItems(names)
        self.who.setCurrentText(typed)
        self._update()

    def _complain(self, error: Exception) -> None:
        if not isinstance(error, KnownError):
            raise error
        self.title.setText("")
        self.banner.show_error(error)

    def _begin(self) -> None:
        path, name = Path(self.place.text().strip()), self.who.currentText().strip()
        self.accept()
        self.chosen.emit(path, name)


def rate(context: Context) -> None:
    """Ask which study and who, then fill the screen."""
    settings = context.settings
    dialog = StartDialog(settings["study.file"], settings["study.rater"], context.window.widget)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def begin(path: Path, rater: str) -> None:
        settings["study.file"], settings["study.rater"] = str(path), rater
        window = RatingWindow(path, rater, context.window.widget)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.showFullScreen()

    dialog.chosen.connect(begin)
    dialog.open()
