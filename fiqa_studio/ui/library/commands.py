"""What is done with libraries and folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox

from fiqa_studio.domain.paths import display_path
from fiqa_studio.ui.session.operation import Operation
from fiqa_studio.ui.session.scoring import scorer_of

if TYPE_CHECKING:
    from fiqa_studio.engine.engine import Engine
    from fiqa_studio.ui.actions.context import Context
    from fiqa_studio.ui.session.session import Session

_LIBRARY_FILES = "FIQA library (*.fiqa)"


def new_library(context: Context) -> None:
    """Ask for a place and create a library there."""
    path, _ = QFileDialog.getSaveFileName(
        context.window.widget, "New Library", str(_libraries_folder()), _LIBRARY_FILES
    )
    if path:
        place = Path(path)
        named = place if place.suffix else place.with_suffix(".fiqa")
        context.window.open_library(named, create=True)


def open_library(context: Context) -> None:
    """Ask for a library and open it."""
    path, _ = QFileDialog.getOpenFileName(
        context.window.widget, "Open Library", str(_libraries_folder()), _LIBRARY_FILES
    )
    if path:
        _go_to(context, Path(path))


def fill_recent(context: Context, menu: QMenu) -> None:
    """The libraries opened lately; not the one that is open."""
    from fiqa_studio.store.recent import RecentLibraries  # noqa: PLC0415 - after first paint

    here = context.session.library.path if context.has_session else None
    for path in RecentLibraries().list():
        if path == here:
            continue
        action = menu.addAction(path.stem.replace("&", "&&"))
        action.setToolTip(display_path(path))
        action.triggered.connect(lambda _=False, path=path: _go_to(context, path))
    if menu.isEmpty():
        menu.addAction("No other library").setEnabled(False)
    menu.setToolTipsVisible(True)


def add_folder(context: Context) -> None:
    """Ask for a folder and find the faces in it."""
    last = context.settings["last-folder"] or str(Path.home())
    folder = QFileDialog.getExistingDirectory(context.window.widget, "Add a Folder of Photos", last)
    if folder:
        context.settings["last-folder"] = str(Path(folder).parent)
        index(context, [Path(folder)])


def take_paths(context: Context, paths: Sequence[Path]) -> None:
    """Index what was dropped: folders, and the folders of files."""
    folders = dict.fromkeys(path if path.is_dir() else path.parent for path in paths)
    index(context, list(folders))


def index(context: Context, folders: Sequence[Path]) -> None:
    """Find the faces in folders; makes the usual library where none is open."""

    def start(session: Session) -> None:
        session.run(
            lambda: session.engine.start_index(folders, score_with=scorer_of(session)),
            _ignore,
            slow=True,
        )

    context.window.with_session(start)


def rescan(context: Context) -> None:
    """Look for what has changed in all folders."""
    session = context.session
    session.run(lambda: session.engine.rescan(score_with=scorer_of(session)), _ignore, slow=True)


def remove_root(context: Context, root_id: int) -> None:
    """Take a folder out of the library, after asking."""
    session = context.session
    overview = session.overview
    name = next((display_path(r.path) for r in overview.roots if r.id == root_id), "")
    count = overview.sizes.get(root_id, 0)
    photos = "1 photo" if count == 1 else f"{count:,} photos"
    box = QMessageBox(context.window.widget)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Remove Folder")
    box.setText(f"Remove this folder and what is known of its {photos}?\n\n{name}")
    box.setInformativeText(
        "The photos themselves stay where they are; their faces and scores leave the library and "
        "would have to be found again. Photos with marks stay and are shown as missing."
    )
    remove = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    # Enter must not throw anything away.
    box.setDefaultButton(cancel)
    box.exec()
    if box.clickedButton() is not remove:
        return
    term = context.listing.query.term("root")
    if term is not None and root_id in getattr(term, "ids", ()):
        context.listing.set_query(context.listing.query.without("root"))
    library = session.library

    def work(_: Engine) -> Any:
        return library.roots.remove(root_id)

    context.do(Operation(title=f"Removed {name}", work=work, undoable=False))


def reveal_root(context: Context, root_id: int) -> None:
    """Show a folder in the file manager."""
    for root in context.session.overview.roots:
        if root.id == root_id:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(root.path)))


def _go_to(context: Context, path: Path) -> None:
    """Open a library, unless it is the one that is open."""
    if context.has_session and context.session.library.path == path:
        context.window.say("info", f"{path.name} is open already.")
        return
    context.window.open_library(path)


def _libraries_folder() -> Path:
    from fiqa_studio.store.recent import default_library_path  # noqa: PLC0415 - after first paint

    folder = default_library_path().parent
    return folder if folder.exists() else Path.home()


def _ignore(_: object) -> None:
    """The result shows by itself, as a job or a change."""
