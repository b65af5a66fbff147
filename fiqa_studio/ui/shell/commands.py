"""What actions do: each method is one thing a user asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.fields_query import SortKey
from fiqa_studio.domain.paths import display_path, path_from_bytes
from fiqa_studio.ui import theme
from fiqa_studio.ui.exporting.csv import export_csv
from fiqa_studio.ui.session.kinds import ViewKind
from fiqa_studio.ui.shell import dialogs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fiqa_studio.engine.scoring.installed import InstalledScorer
    from fiqa_studio.ui.session.session import Session
    from fiqa_studio.ui.shell.window import MainWindow
    from fiqa_studio.ui.shell.workspace import Workspace

_LIBRARY_FILES = "FIQA library (*.fiqa)"


class Commands:
    """The commands of one window."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    @property
    def _work(self) -> Workspace:
        workspace = self._window.workspace
        if workspace is None:
            raise KnownError("No library is open.", remedy="Add a folder, or open a library.")
        return workspace

    @property
    def _session(self) -> Session:
        return self._work.session

    def refresh(self) -> None:
        """Bring the marks of menus in line with the window."""
        self._window.refresh()

    def complain(self, error: KnownError) -> None:
        """Say in place what went wrong."""
        self._window.banner.show_error(error)

    # --- libraries -------------------------------------------------------------------------

    def new_library(self) -> None:
        """Ask for a place and create a library there."""
        path, _ = QFileDialog.getSaveFileName(
            self._window, "New Library", str(_libraries_folder()), _LIBRARY_FILES
        )
        if path:
            place = Path(path)
            self._window.library_wanted.emit(
                place if place.suffix else place.with_suffix(".fiqa"), True
            )

    def open_library(self) -> None:
        """Ask for a library and open it."""
        path, _ = QFileDialog.getOpenFileName(
            self._window, "Open Library", str(_libraries_folder()), _LIBRARY_FILES
        )
        if path:
            self._window.library_wanted.emit(Path(path), False)

    def fill_recent(self, menu: QMenu) -> None:
        """The libraries opened lately."""
        from fiqa_studio.store.recent import RecentLibraries  # noqa: PLC0415 - after first paint

        menu.clear()
        for path in RecentLibraries().list():
            action = menu.addAction(path.stem)
            action.setToolTip(display_path(path))
            action.triggered.connect(
                lambda _=False, path=path: self._window.library_wanted.emit(path, False)
            )
        if menu.isEmpty():
            menu.addAction("No other library").setEnabled(False)
        menu.setToolTipsVisible(True)

    # --- folders and jobs ------------------------------------------------------------------

    def add_folder(self) -> None:
        """Ask for a folder and find the faces in it."""
        last = self._window.settings["last-folder"] or str(Path.home())
        folder = QFileDialog.getExistingDirectory(self._window, "Add a Folder of Photos", last)
        if folder:
            self._window.settings["last-folder"] = str(Path(folder).parent)
            self.index([Path(folder)])

    def index(self, folders: Sequence[Path]) -> None:
        """Find the faces in folders; makes the usual library where none is open."""
        self._window.with_session(lambda session: _start_index(session, folders))

    def rescan(self) -> None:
        """Look for what has changed in all folders."""
        session = self._session
        session.run(lambda: session.engine.rescan(score_with=_scorer_of(session)), _ignore)

    def score_now(self) -> None:
        """Score what the active scorer has not seen."""
        self.score_with("")

    def score_with(self, scorer: str) -> None:
        """Score with a scorer, and show its scores; empty for the active one."""
        session = self._session

        def start() -> None:
            session.engine.start_score(scorer or _scorer_of(session))

        session.run(start, _ignore)

    def fill_scorers(self, menu: QMenu) -> None:
        """The scorers of this installation; listing them takes a moment."""
        menu.clear()
        if self._window.workspace is None:
            menu.addAction("Open a library first").setEnabled(False)
            return
        menu.addAction("Looking for scorers…").setEnabled(False)
        session = self._session

        def show(answer: tuple[list[InstalledScorer], str]) -> None:
            scorers, active = answer
            menu.clear()
            for scorer in scorers:
                action = menu.addAction(scorer.title)
                action.setToolTip(scorer.problem or scorer.summary)
                action.setCheckable(True)
                action.setChecked(bool(scorer.hash) and scorer.hash == active)
                action.setEnabled(scorer.available and not session.library.read_only)
                action.triggered.connect(lambda _=False, name=scorer.name: self.score_with(name))

        def ask() -> tuple[list[InstalledScorer], str]:
            active = session.library.scores.active()
            found = session.engine.scorers.installed(fresh=True)
            return found, active.hash if active else ""

        menu.setToolTipsVisible(True)
        session.run(ask, show, key="scorers")

    def show_models(self) -> None:
        """The scorers: see, import, verify, rename, remove and choose them."""
        from fiqa_studio.engine.scoring.installed import Scorers  # noqa: PLC0415 - after first paint
        from fiqa_studio.ui.models.dialog import ModelsDialog  # noqa: PLC0415 - as above

        work = self._window.workspace
        if work is None:
            dialog = ModelsDialog(Scorers(), None, self._window)
        else:
            session = work.session
            dialog = ModelsDialog(session.engine.scorers, session.library, self._window)
            dialog.score_wanted.connect(self.score_with)
            dialog.changed.connect(work.inspector.forget_intervals)
        self._window.closing.connect(dialog.reject)
        dialog.open()

    def remove_root(self, root_id: int) -> None:
        """Take a folder out of the library, after asking."""
        work = self._work
        name = next((display_path(r.path) for r in work.roots if r.id == root_id), "")
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Remove Folder")
        box.setText(f"Remove this folder from the library?\n\n{name}")
        box.setInformativeText(
            "The photos themselves stay where they are. Photos with labels stay in the library "
            "and are shown as missing."
        )
        remove = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        if box.clickedButton() is remove:
            session = work.session
            if work.query.root_id == root_id:
                work.clear_filters()
            session.run(lambda: session.library.roots.remove(root_id).result(), _ignore)

    def reveal_root(self, root_id: int) -> None:
        """Show a folder in the file manager."""
        for root in self._work.roots:
            if root.id == root_id:
                QDesktopServices.openUrl(QUrl.fromLocalFile(str(root.path)))

    def export_csv(self) -> None:
        """Write the faces shown to a CSV file."""
        export_csv(self._window, self._work)

    # --- selection -------------------------------------------------------------------------

    def select_all(self) -> None:
        """Select everything listed."""
        self._work.browser.view.selectAll()

    def select_none(self) -> None:
        """Select nothing."""
        self._work.browser.view.clearSelection()

    def copy_path(self) -> None:
        """Put the path of the current photo on the clipboard."""
        self._with_path(lambda path: QGuiApplication.clipboard().setText(display_path(path)))

    def reveal(self) -> None:
        """Show the current photo's folder in the file manager."""
        self._with_path(lambda path: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent))))

    def find(self) -> None:
        """Put the cursor into the search field."""
        self._window.focus_search()

    # --- views -----------------------------------------------------------------------------

    def show_kind(self, kind: ViewKind) -> None:
        """Show faces, or photos."""
        self._work.show_kind(kind)

    def show_grid(self) -> None:
        """Back to the grid."""
        self._work.show_grid()

    def show_loupe(self) -> None:
        """Look at the current photo closely."""
        self._work.show_loupe()

    def sort_by(self, key: SortKey) -> None:
        """Sort by something else; names and times begin as people read them."""
        self._window.sort_by(key)

    def reverse_sort(self) -> None:
        """Turn the order round."""
        self._window.reverse_sort()

    def clear_filters(self) -> None:
        """Show everything."""
        self._work.clear_filters()
        self._window.clear_search()

    def resize_thumbnails(self, by: int) -> None:
        """Make thumbnails larger or smaller."""
        self._work.resize_thumbnails(self._work.browser.view.thumbnail + by)

    def toggle_panel(self, name: str) -> None:
        """Fold a panel away, or bring it back."""
        self._work.toggle_panel(name)

    def full_screen(self) -> None:
        """Use the whole screen, or stop."""
        if self._window.isFullScreen():
            self._window.showNormal()
        else:
            self._window.showFullScreen()

    def set_theme(self, name: str) -> None:
        """Put on another theme."""
        self._window.settings["theme"] = name
        theme.manager.apply(name)

    # --- loupe -----------------------------------------------------------------------------

    def zoom_to_face(self) -> None:
        """Bring the face to the middle, or the whole photo again."""
        self._work.loupe.zoom_to_face()

    def fit_photo(self) -> None:
        """Show the whole photo."""
        self._work.loupe.fit()

    def set_overlay(self, name: str) -> None:
        """Draw a map, or take it off where it is drawn."""
        loupe = self._work.loupe
        loupe.set_overlay("none" if loupe.overlay == name else name)

    def toggle_boxes(self) -> None:
        """Draw boxes, or not."""
        self._work.loupe.set_boxes(not self._window.settings["boxes"])

    def toggle_landmarks(self) -> None:
        """Draw landmarks, or not."""
        self._work.loupe.set_landmarks(not self._window.settings["landmarks"])

    # --- help ------------------------------------------------------------------------------

    def show_shortcuts(self) -> None:
        """Show what the keys do."""
        dialogs.ShortcutSheet(self._window).open()

    def show_log(self) -> None:
        """Show the folder of the log file."""
        from fiqa_studio.ui.process.crash import log_path  # noqa: PLC0415 - it imports the dialogs

        QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_path().parent)))

    def about(self) -> None:
        """Say what this program is."""
        dialogs.AboutDialog(self._window).open()

    def quit(self) -> None:
        """Close the window."""
        self._window.close()

    def _with_path(self, then: dialogs.TakesPath) -> None:
        session, photo_id = self._session, self._work.current_photo()
        if photo_id is None:
            return

        def read() -> Path | None:
            raw = session.library.photos.paths([photo_id]).get(photo_id)
            return path_from_bytes(raw) if raw is not None else None

        session.run(read, lambda path: then(path) if path else None, key="path")


def _start_index(session: Session, folders: Sequence[Path]) -> None:
    def start() -> None:
        session.engine.start_index(folders, score_with=_scorer_of(session))

    session.run(start, _ignore)


def _scorer_of(session: Session) -> str:
    """The scorer whose scores are shown; before the first, the best that works here."""
    from fiqa_studio.engine.engine import DEFAULT_SCORER  # noqa: PLC0415 - after first paint

    active = session.library.scores.active()
    return session.engine.scorers.name_of(active) if active else DEFAULT_SCORER


def _libraries_folder() -> Path:
    from fiqa_studio.store.recent import default_library_path  # noqa: PLC0415 - after first paint

    folder = default_library_path().parent
    return folder if folder.exists() else Path.home()


def _ignore(_: object) -> None:
    """The result shows by itself, as a job or a change."""
