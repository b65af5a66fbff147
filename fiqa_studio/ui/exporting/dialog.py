"""What to export, to which format, where to: one dialog over the registry of formats."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.query import Subject
from fiqa_studio.exports.registry import ExportFormat
from fiqa_studio.exports.writer import Content, Link
from fiqa_studio.ui import theme
from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets.banner import Banner
from fiqa_studio.ui.widgets.small import label

if TYPE_CHECKING:
    from fiqa_studio.engine.exporting.exporting import Preview
    from fiqa_studio.engine.exporting.order import ExportOrder
    from fiqa_studio.engine.jobs.job import Job
    from fiqa_studio.ui.session.selection import Chosen
    from fiqa_studio.ui.session.session import Session

_PREVIEW_MS = 250
"""After the last change, so that typing a path asks once."""
_LINKS = {
    Link.COPY: "Copies",
    Link.HARD: "Hard links: no space, the originals themselves",
    Link.SYMLINK: "Symbolic links: pointers to the originals",
}
_MANY = 2
"""From so many selected on, those are meant; one is selected whenever anything is looked at."""


class ExportDialog(QDialog):
    """Asks what is to be exported, and starts the job.

    Args:
        session: Of the library.
        shown: All that is listed.
        selected: What is selected of it.

    Attributes:
        formats, place, link: What the user chooses.
        preview: What it would write.
        banner: Why it cannot be made.
        start: The button that begins.

    Signals:
        begun: The `Job`; the dialog has closed.
    """

    begun = Signal(object)

    def __init__(
        self,
        session: Session,
        shown: Chosen,
        selected: Chosen,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self._session = session
        self._choices = (shown, selected)
        self._place_is_ours = True
        self.what = QComboBox()
        self.formats = QComboBox()
        self.link = QComboBox()
        self.place = QLineEdit()
        self.preview = label("", "muted")
        self.remark = label("", "caption")
        self.banner = Banner()
        self._link_caption = QLabel("P&hotos")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        theme.set_role(self.start, "primary")
        self._timer = QTimer(self, singleShot=True, interval=_PREVIEW_MS)
        self._timer.timeout.connect(self._ask_preview)
        self._fill()
        self._lay_out(buttons)
        self.formats.currentIndexChanged.connect(self._on_format)
        self.link.currentIndexChanged.connect(self._update)
        self.what.currentIndexChanged.connect(self._update)
        self.place.textEdited.connect(self._on_typed)
        self.place.textChanged.connect(self._update)
        buttons.rejected.connect(self.reject)
        self.start.clicked.connect(self._begin)
        self._on_format()

    # --- what the user chose ------------------------------------------------------------------

    @property
    def format(self) -> ExportFormat:
        """The format."""
        found: ExportFormat = self.formats.currentData()
        return found

    @property
    def chosen(self) -> Chosen:
        """What is to be exported."""
        return self._choices[self.what.currentData()]

    @property
    def path(self) -> Path | None:
        """Where to; None while none is given."""
        text = self.place.text().strip()
        if not text:
            return None
        path = Path(text)
        with contextlib.suppress(RuntimeError):  # “~somebody” whom this computer does not know
            path = path.expanduser()
        known = self.format
        whole = known.is_folder or path.suffix or not path.name
        return path if whole else path.with_name(path.name + known.suffix)

    # --- construction -------------------------------------------------------------------------

    def _fill(self) -> None:
        shown, selected = self._choices
        for number, (name, chosen) in enumerate((("All shown", shown), ("Selected", selected))):
            if chosen:
                self.what.addItem(f"{name}: {_counted(chosen)}", number)
        if selected.count >= _MANY:
            self.what.setCurrentIndex(self.what.count() - 1)
        formats = self._session.engine.exporting.formats()
        for known in formats:
            self.formats.addItem(known.title, known)
            if not known.available:
                model = self.formats.model()
                if isinstance(model, QStandardItemModel):
                    item = model.item(self.formats.count() - 1)
                    item.setEnabled(False)
                    item.setToolTip(f"Needs {known.needs}: install fiqa-studio[{known.extra}]")
        names = [known.name for known in formats if known.available]
        if self._session.settings["exporting.format"] in names:
            self.formats.setCurrentIndex(
                [known.name for known in formats].index(self._session.settings["exporting.format"])
            )
        for link, words in _LINKS.items():
            self.link.addItem(words, link)

    def _lay_out(self, buttons: QDialogButtonBox) -> None:
        self.setMinimumWidth(560)
        choose = QPushButton("Choose…")
        choose.setAutoDefault(False)
        choose.clicked.connect(self._choose)
        place = QHBoxLayout()
        place.setSpacing(Space.S)
        place.addWidget(self.place, 1)
        place.addWidget(choose)
        form = QFormLayout()
        form.setHorizontalSpacing(Space.M)
        form.setVerticalSpacing(Space.S)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow("&What", self.what)
        form.addRow("&Format", self.formats)
        form.addRow("", self.remark)
        self._link_caption.setBuddy(self.link)
        form.addRow(self._link_caption, self.link)
        caption = QLabel("&To")
        caption.setBuddy(self.place)
        form.addRow(caption, place)
        form.addRow("", self.preview)
        for line in (self.remark, self.preview):
            line.setWordWrap(False)
        self.what.setAccessibleName("What to export")
        self.formats.setAccessibleName("Format")
        self.link.setAccessibleName("How photos come into the folder")
        self.place.setAccessibleName("File or folder to make")
        choose.setAccessibleName("Choose the file or folder to make")
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.M)
        column.addWidget(self.banner)
        column.addLayout(form)
        column.addWidget(buttons)
        theme.set_role(self, "panel")
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)  # else Enter may press one that is not even seen
        self.start.setDefault(True)

    # --- following the user -------------------------------------------------------------------

    def _on_format(self) -> None:
        known = self.format
        photos = known.content is Content.PHOTO
        self.link.setVisible(photos)
        self._link_caption.setVisible(photos)
        self.remark.setText(_REMARKS.get(known.name, ""))
        self.remark.setVisible(bool(self.remark.text()))
        if self._place_is_ours or self.path is None:
            folder = Path(self._session.settings["last-export"] or Path.home())
            name = _NAMES.get(known.name, "faces")
            self._session.run(
                lambda: _free_name(folder, name, known.suffix),
                self._propose,
                key="export-place",
                slow=True,
            )
        self._update()
        self.adjustSize()

    def _propose(self, path: Path) -> None:
        if self._place_is_ours or self.path is None:
            self._place_is_ours = True
            self.place.setText(str(path))

    def _on_typed(self) -> None:
        self._place_is_ours = False

    def _choose(self) -> None:
        known, before = self.format, self.path or Path.home()
        title = "Folder to Make" if known.is_folder else "File to Write"
        # A folder's name as well: it is made by the export, so there is none to choose yet.
        kinds = "" if known.is_folder else f"{known.title} (*{known.suffix})"
        name, _ = QFileDialog.getSaveFileName(self, title, str(before), kinds)
        if name:
            self._place_is_ours = False
            self.place.setText(name)

    def _update(self) -> None:
        self.banner.hide()
        self.start.setEnabled(self.path is not None and bool(self.chosen))
        self._timer.start()

    def _order(self, path: Path, chosen: Chosen, known: ExportFormat, link: Link) -> ExportOrder:
        """Off the window's thread: many ids take their time."""
        from fiqa_studio.engine.exporting.order import ExportOrder  # noqa: PLC0415 - when wanted

        return ExportOrder(format=known.name, target=chosen.target(), to=path, link=link)

    def _ask_preview(self) -> None:
        path, chosen, known = self.path, self.chosen, self.format
        if path is None or not chosen:
            self.preview.setText("")
            return
        link, exporting = Link(self.link.currentData()), self._session.engine.exporting
        self._session.run(
            lambda: exporting.preview(self._order(path, chosen, known, link)),
            self._show_preview,
            failed=self._complain,
            key="export-preview",
            slow=True,
        )

    def _show_preview(self, preview: Preview) -> None:
        self.preview.setText(preview_said(preview, self.format, self.chosen.subject))
        theme.set_role(self.preview, "muted" if preview.fits else "warning")

    # --- doing ----------------------------------------------------------------------------------

    def _begin(self) -> None:
        path, chosen, known = self.path, self.chosen, self.format
        if path is None:
            return
        settings = self._session.settings
        settings["last-export"] = str(path.parent)
        settings["exporting.format"] = known.name
        link, exporting = Link(self.link.currentData()), self._session.engine.exporting
        self.start.setEnabled(False)
        self._session.run(
            lambda: exporting.start(self._order(path, chosen, known, link)),
            self._on_begun,
            failed=self._complain,
            slow=True,
        )

    def _on_begun(self, job: Job) -> None:
        self.accept()
        self.begun.emit(job)

    def _complain(self, error: Exception) -> None:
        self.start.setEnabled(True)
        if isinstance(error, KnownError):
            self.banner.show_error(error)
            self.place.setFocus()
            self.adjustSize()
        else:
            self._session.report(error)


_REMARKS = {
    "parquet": "Typed columns, for pandas, Polars or DuckDB",
    "list": "A CSV of paths and content hashes, without pictures",
    "photos": "The files themselves, and photos.csv that lists them",
    "crops": "512 × 512 PNG as the scorer sees them, and faces.csv",
}
_NAMES = {"list": "photo list", "photos": "photos", "crops": "aligned faces"}


def preview_said(preview: Preview, known: ExportFormat, subject: Subject) -> str:
    """In words, such as ``1,204 faces, about 480 KB. 3 photos are missing.``."""
    faces = (known.subject or subject) is Subject.FACES
    one, many = ("face", "faces") if faces else ("photo", "photos")
    count = f"{preview.count:,} {one if preview.count == 1 else many}"
    parts = [f"{count}, {'' if preview.exact else 'about '}{_bytes_said(preview.bytes)}."]
    if preview.missing:
        gone = "1 photo is" if preview.missing == 1 else f"{preview.missing:,} photos are"
        parts.append(f"{gone} missing.")
    if not preview.fits:
        parts.append(f"Only {_bytes_said(preview.free or 0)} are free there.")
    return " ".join(parts)


def _bytes_said(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:,.0f} {unit}" if size >= 100 or unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("the last unit returns")


def _counted(chosen: Chosen) -> str:
    one, many = ("face", "faces") if chosen.subject is Subject.FACES else ("photo", "photos")
    return f"{chosen.count:,} {one if chosen.count == 1 else many}"


def _free_name(folder: Path, name: str, suffix: str) -> Path:
    """A name that nothing has yet; what is there is replaced only where the user says so."""
    path, number = folder / f"{name}{suffix}", 1
    while path.exists():
        number += 1
        path = folder / f"{name} {number}{suffix}"
    return path
