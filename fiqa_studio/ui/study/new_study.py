"""Making a study: of what, by which rules, in which words; its weaknesses are said beforehand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.jobs import JobProgress, JobState
from fiqa_studio.engine import study_making
from fiqa_studio.engine.study_making import StudyOrder, StudyPreview
from fiqa_studio.study import file
from fiqa_studio.study.planning.instructions import default_texts
from fiqa_studio.study.values import Method
from fiqa_studio.ui import theme
from fiqa_studio.ui.session.selection import Chosen
from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets.banner import Banner
from fiqa_studio.ui.widgets.small import label

if TYPE_CHECKING:
    from fiqa_studio.engine.jobs.job import Job
    from fiqa_studio.ui.actions.context import Context
    from fiqa_studio.ui.session.session import Session

_METHODS = {
    Method.SLIDER: "Slider from Bad to Excellent",
    Method.ACR5: "Five categories",
    Method.ACR9: "Nine categories",
    Method.PAIRS: "Pairs: which is better",
}
_FOLDER = "folder"


class NewStudyDialog(QDialog):
    """Everything a study needs, on one page; the rest of its rules are as usual.

    Signals:
        begun: The job that makes it.
    """

    begun = Signal(object)

    def __init__(
        self, session: Session, shown: Chosen, selected: Chosen, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("New Study")
        self._session = session
        self._choices = {"shown": shown, "selected": selected}
        self.banner = Banner()
        self.what = QComboBox()
        self.folder = QLineEdit()
        self.title = QLineEdit("Quality of faces")
        self.method = QComboBox()
        self.batch_size = _spin(2, 500, 40)
        self.gold = _spin(0, 50, 5)
        self.repeats = _spin(0, 50, 5)
        self.raters = _spin(1, 500, 12)
        self.gold_from = _spin(0, 101, 80, " %")
        self.gold_to = _spin(-1, 100, 20, " %")
        self.seed = QLineEdit()
        self.instructions = QPlainTextEdit()
        self.place = QLineEdit()
        self.preview = label("", "muted")
        self.make = QPushButton("Make Study")
        self._words = ""
        self._timer = QTimer(self, singleShot=True, interval=250)
        self._timer.timeout.connect(self._ask_preview)
        self._fill()
        self._lay_out()
        self._connect()
        self._on_method()

    @property
    def chosen(self) -> Chosen | None:
        """Whose faces are rated; None where it is the pictures of a folder."""
        name = self.what.currentData()
        return None if name == _FOLDER else self._choices[name]

    @property
    def form(self) -> StudyOrder | None:
        """What would be made, of a folder or of faces yet to be named; None: something misses."""
        name, folder = self.place.text().strip(), self.folder.text().strip()
        of_folder = self.what.currentData() == _FOLDER
        seed = self.seed.text().strip()
        if not name or (of_folder and not folder) or (seed and not seed.isdecimal()):
            return None
        path = Path(name)
        return StudyOrder(
            to=path if path.suffix == file.SUFFIX else path.with_name(path.name + file.SUFFIX),
            title=self.title.text().strip(),
            folder=folder if of_folder else "",
            method=Method(self.method.currentData()),
            seed=int(seed) if seed else None,
            batch_size=self.batch_size.value(),
            gold_per_batch=self.gold.value(),
            repeats_per_batch=self.repeats.value(),
            raters_wanted=self.raters.value(),
            gold_from=self.gold_from.value() / 100,
            gold_to=self.gold_to.value() / 100,
            instructions=parts_of(self.instructions.toPlainText()),
        )

    # --- following the user -------------------------------------------------------------------

    def _on_method(self) -> None:
        """The usual instructions of a method, unless the owner has changed them."""
        text = self.instructions.toPlainText()
        if text == self._words:
            parts = default_texts(Method(self.method.currentData())).instructions
            self._words = "\n\n".join(f"# {part.title}\n{part.text}" for part in parts)
            self.instructions.setPlainText(self._words)
        self._update()

    def _update(self) -> None:
        of_folder = self.what.currentData() == _FOLDER
        self._folder_row.setVisible(of_folder)
        for widget in (self.gold_from, self.gold_to):
            widget.setEnabled(not of_folder)
        self.make.setEnabled(self.form is not None)
        self._timer.start()

    def _ask_preview(self) -> None:
        form, chosen, library = self.form, self.chosen, self._session.library
        if form is None:
            self.preview.setText("")
            return
        self._session.run(
            lambda: study_making.preview(library, _order(form, chosen)),
            self._show_preview,
            failed=self._complain,
            key="study-preview",
            slow=True,
        )

    def _show_preview(self, found: StudyPreview) -> None:
        self.banner.hide()
        said = f"{found.studied:,} pictures to rate; gold: {found.high:,} clearly good, "
        said += f"{found.low:,} clearly bad."
        self.preview.setText("\n".join([said, *(f"• {one}" for one in found.warnings)]))
        theme.set_role(self.preview, "warning" if found.warnings else "muted")
        self.make.setEnabled(found.studied > 1 and self.form is not None)

    def _begin(self) -> None:
        form, chosen, jobs = self.form, self.chosen, self._session.engine.jobs
        if form is None:
            return
        self.make.setEnabled(False)
        self._session.settings["study.folder"] = str(form.to.parent)

        def work() -> Job:
            order = _order(form, chosen)
            study_making.check_order(order)
            return jobs.start("study", study_making.order_to_json(order))

        self._session.run(work, self._on_begun, failed=self._complain, slow=True)

    def _on_begun(self, job: Job) -> None:
        self.accept()
        self.begun.emit(job)

    def _complain(self, error: Exception) -> None:
        self.make.setEnabled(self.form is not None)
        if isinstance(error, KnownError):
            self.preview.setText("")
            self.banner.show_error(error)
        else:
            self._session.report(error)

    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Pictures to Rate", self.folder.text())
        if name:
            self.folder.setText(name)

    def _choose_place(self) -> None:
        kinds = f"Studies (*{file.SUFFIX})"
        name, _ = QFileDialog.getSaveFileName(self, "Study to Make", self.place.text(), kinds)
        if name:
            self.place.setText(name)

    # --- making -------------------------------------------------------------------------------

    def _fill(self) -> None:
        for name, words in (("shown", "All shown"), ("selected", "Selected")):
            chosen = self._choices[name]
            if chosen:
                self.what.addItem(f"{words}: {chosen.count:,} {chosen.subject}", name)
        if self._choices["selected"].count > 1:
            self.what.setCurrentIndex(self.what.count() - 1)
        self.what.addItem("Pictures of a folder, as they are", _FOLDER)
        for method, words in _METHODS.items():
            self.method.addItem(words, str(method))
        folder = self._session.settings["study.folder"] or str(Path.home())
        self.place.setText(str(Path(folder) / f"faces{file.SUFFIX}"))
        self.seed.setPlaceholderText("a new one")

    def _connect(self) -> None:
        self.method.currentIndexChanged.connect(self._on_method)
        self.what.currentIndexChanged.connect(self._update)
        for field in (self.folder, self.title, self.seed, self.place):
            field.textChanged.connect(self._update)
        for spin in (
            self.batch_size, self.gold, self.repeats, self.raters, self.gold_from, self.gold_to,
        ):  # fmt: skip
            spin.valueChanged.connect(self._update)
        self.make.clicked.connect(self._begin)

    def _lay_out(self) -> None:
        theme.set_role(self, "panel")
        self.setMinimumWidth(620)
        self._folder_row = _with_button(self.folder, self._choose_folder, "Choose the folder")
        form = QFormLayout()
        form.setHorizontalSpacing(Space.M)
        form.setVerticalSpacing(Space.XS)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Pictures", self.what),
            ("", self._folder_row),
            ("Title", self.title),
            ("Method", self.method),
            ("A batch", _in_a_row(
                self.batch_size, "pictures", self.gold, "gold", self.repeats, "repeats"
            )),
            ("Raters a picture", _in_a_row(self.raters, "Seed", self.seed)),
            ("Gold: own quality", _in_a_row("from", self.gold_from, "or up to", self.gold_to)),
            ("Instructions", self.instructions),
            ("Study file", _with_button(self.place, self._choose_place, "Choose the file")),
        )  # fmt: skip
        for words, widget in rows:
            form.addRow(words, widget)
        names = {
            self.what: "Pictures", self.folder: "Folder of pictures", self.title: "Title",
            self.method: "Method", self.batch_size: "Pictures a batch",
            self.gold: "Gold trials a batch", self.repeats: "Repeats a batch",
            self.raters: "Raters a picture", self.seed: "Seed of all order",
            self.gold_from: "Clearly good from this quality",
            self.gold_to: "Clearly bad up to this quality",
            self.instructions: "Instructions; a line that begins with # begins a part",
            self.place: "Study file",
        }  # fmt: skip
        for named, name in names.items():
            named.setAccessibleName(name)
        self.instructions.setToolTip(names[self.instructions])
        self.instructions.setMinimumHeight(90)
        self.instructions.setTabChangesFocus(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        theme.set_role(self.make, "primary")
        buttons.addButton(self.make, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.S)
        column.addWidget(self.banner)
        column.addLayout(form, 1)
        column.addWidget(self.preview)
        column.addWidget(buttons)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)
        self.make.setDefault(True)


def _order(form: StudyOrder, chosen: Chosen | None) -> StudyOrder:
    """Off the window's thread: many ids take their time."""
    return form if chosen is None else replace(form, target=chosen.target())


def parts_of(text: str) -> tuple[tuple[str, str], ...]:
    """Instructions as titles and texts: a line that begins with ``#`` begins a part."""
    parts: list[tuple[str, list[str]]] = []
    for line in text.strip().splitlines():
        if line.startswith("#"):
            parts.append((line.lstrip("# ").strip(), []))
        elif parts:
            parts[-1][1].append(line)
        elif line.strip():
            parts.append(("Instructions", [line]))
    return tuple((title, "\n".join(lines).strip()) for title, lines in parts)


def _spin(low: int, high: int, value: int, suffix: str = "") -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(low, high)
    spin.setValue(value)
    spin.setSuffix(suffix)
    spin.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
    spin.setMaximumWidth(72)
    return spin


def _in_a_row(*parts: QWidget | str) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(Space.S)
    for part in parts:
        if isinstance(part, str):
            words = label(part)
            words.setWordWrap(False)
            row.addWidget(words)
        else:
            row.addWidget(part)
    row.addStretch(1)
    return holder


def _with_button(field: QLineEdit, run: object, tip: str) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(Space.S)
    button = QPushButton("Choose…")
    button.setAccessibleName(tip)
    button.clicked.connect(run)
    row.addWidget(field, 1)
    row.addWidget(button)
    return holder


def new_study(context: Context) -> None:
    """Ask what is to be made, and say it when it is done."""
    listing = context.listing
    ids = None if listing.is_answer else listing.ids.copy()
    shown = Chosen(listing.subject, listing.count, ids, listing.query)
    dialog = NewStudyDialog(
        context.session, shown, context.selection.chosen(), context.window.widget
    )
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.begun.connect(lambda job: _follow(context, job))
    dialog.open()


def _follow(context: Context, job: Job) -> None:
    """Say how it ended; while it runs the jobs panel does."""
    session, window, job_id = context.session, context.window, job.id

    def on_job(progress: JobProgress) -> None:
        if progress.id != job_id or not progress.state.finished:
            return
        session.job_changed.disconnect(on_job)
        if progress.state is JobState.FAILED and job.error is not None:
            window.complain(job.error)
        elif progress.state is JobState.DONE:
            failed = f"; {progress.failed:,} left out" if progress.failed else ""
            folder = session.settings["study.folder"]
            window.say(
                "warning" if progress.failed else "info",
                f"{progress.message}{failed}.",
                "Show",
                lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(folder)),
            )

    session.job_changed.connect(on_job)
    on_job(job.progress)  # it may have ended already
