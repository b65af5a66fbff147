"""The window: puts tool bar, workspace and status bar together, and little else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.fields_query import Query, SortKey
from fiqa_studio.ui import theme
from fiqa_studio.ui.filters.queries import is_filtered
from fiqa_studio.ui.session.settings import Settings
from fiqa_studio.ui.shell.commands import Commands
from fiqa_studio.ui.shell.drop import DropHighlight, could_be_folders, folders_of
from fiqa_studio.ui.shell.empty import WelcomePage
from fiqa_studio.ui.shell.menus import ActionSet
from fiqa_studio.ui.shell.state import State
from fiqa_studio.ui.shell.statusbar import StatusBar
from fiqa_studio.ui.shell.toolbar import ToolBar
from fiqa_studio.ui.widgets.banner import Banner

if TYPE_CHECKING:
    from fiqa_studio.ui.session.session import Session
    from fiqa_studio.ui.shell.workspace import Workspace


class MainWindow(QMainWindow):
    """Stands without a library (the welcome page) or with one (the workspace).

    Attributes:
        settings: The user's choices.
        workspace: The open library's views, None without one.
        banner: Messages shown in place.

    Signals:
        painted: The window is on the screen for the first time.
        library_wanted: A library is to be opened (path, whether to create it).
        closing: The window is going away.
    """

    painted = Signal()
    library_wanted = Signal(object, bool)
    closing = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.workspace: Workspace | None = None
        self._waiting: list[Callable[[Session], None]] = []
        self._expecting = False
        self._shown = False
        self.setWindowTitle("FIQA Studio")
        self.setMinimumSize(760, 480)
        self.setAcceptDrops(True)
        self._commands = Commands(self)
        self.actions_ = ActionSet(self, self._commands)
        self.actions_.fill(
            self.menuBar(),
            {
                "File/Open Recent": self._commands.fill_recent,
                "Score/Scorer": self._commands.fill_scorers,
            },
        )
        self.toolbar = ToolBar(self.actions_)
        self.banner = Banner()
        self.welcome = WelcomePage()
        self.welcome.add_clicked.connect(self._commands.add_folder)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.welcome)
        self._blank = QWidget()
        theme.set_role(self._blank, "canvas")
        self._blank.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._stack.addWidget(self._blank)
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.toolbar)
        layout.addWidget(self.banner)
        layout.addWidget(self._stack, 1)
        self.setCentralWidget(centre)
        self.status = StatusBar()
        self.setStatusBar(self.status)
        self._drop = DropHighlight(self)
        self.toolbar.sort_chosen.connect(self.sort_by)
        self.toolbar.searched.connect(self._search)
        self.toolbar.search_left.connect(self._leave_search)
        self.status.jobs_clicked.connect(lambda: self._commands.toggle_panel("jobs"))
        self.status.thumbnail_moved.connect(self._resize_thumbnails)
        theme.manager.changed.connect(self.refresh)
        self._restore_geometry()
        self.refresh()

    # --- sessions --------------------------------------------------------------------------

    def expect_library(self) -> None:
        """A library is about to be opened: do not flash the welcome page."""
        if self.workspace is None:
            self._stack.setCurrentWidget(self._blank)
        self._expecting = True

    def give_up(self, error: Exception | None = None) -> None:
        """The library could not be opened."""
        self._waiting.clear()
        self._expecting = False
        if self.workspace is None:
            self._stack.setCurrentWidget(self.welcome)
        if isinstance(error, KnownError):
            self.banner.show_error(error)

    def attach(self, workspace: Workspace) -> None:
        """Show the views of a session."""
        self.detach()
        self.workspace = workspace
        session = workspace.session
        workspace.state_changed.connect(self.refresh)
        workspace.add_wanted.connect(self._commands.add_folder)
        workspace.reveal_root.connect(self._commands.reveal_root)
        workspace.remove_root.connect(self._commands.remove_root)
        workspace.sidebar.library_menu.aboutToShow.connect(self._fill_library_menu)
        session.error.connect(self.banner.show_error)
        self._stack.addWidget(workspace)
        self._stack.setCurrentWidget(workspace)
        self.setWindowTitle(f"{session.library.path.stem} – FIQA Studio")
        self.banner.hide()
        if session.library.read_only:
            self.banner.show_message(
                "warning",
                "This library is open for reading only: it lies on a disk that cannot be "
                "written, or is not yours to change.",
            )
        workspace.browser.view.setFocus()
        self._expecting = False
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then(session)
        self.refresh()

    def detach(self) -> None:
        """Let go of the views; their session is about to close."""
        if self.workspace is None:
            return
        workspace, self.workspace = self.workspace, None
        workspace.close_down()
        self._stack.setCurrentWidget(self._blank)
        self._stack.removeWidget(workspace)
        workspace.deleteLater()
        self.toolbar.set_search("")
        self.refresh()

    def with_session(self, then: Callable[[Session], None]) -> None:
        """Do something with the open library, or with the one that opens; else the usual one."""
        if self.workspace is not None:
            then(self.workspace.session)
            return
        self._waiting.append(then)
        if len(self._waiting) == 1 and not self._expecting:
            from fiqa_studio.store.recent import default_library_path  # noqa: PLC0415 - lazily

            path = default_library_path()
            self.library_wanted.emit(path, not path.exists())

    # --- what commands need ----------------------------------------------------------------

    def state(self) -> State:
        """What the window is doing now."""
        work, settings = self.workspace, self.settings
        if work is None:
            return State(theme=settings["theme"])
        view = work.browser.view
        return State(
            library=True,
            read_only=work.session.library.read_only,
            roots=len(work.roots),
            listed=work.browser.count,
            selected=len(view.selected_rows()),
            current=work.current_photo() is not None,
            kind=work.kind,
            sort=work.query.sort,
            descending=work.query.descending,
            filtered=is_filtered(work.query),
            loupe=work.in_loupe,
            busy=work.busy is not None,
            sidebar=settings["sidebar"],
            inspector=settings["inspector"],
            jobs=settings["jobs"],
            filters=settings["filters"],
            overlay=settings["overlay"],
            boxes=settings["boxes"],
            landmarks=settings["landmarks"],
            theme=settings["theme"],
        )

    def refresh(self) -> None:
        """Bring menus, tool bar and status bar in line with the state."""
        state, work = self.state(), self.workspace
        self.actions_.update(state)
        self.toolbar.update_state(state)
        thumbnail = self.settings["thumbnail-size"]
        self.status.update_state(state, work.scorer if work else "", thumbnail)
        self.status.set_job(work.busy if work else None)
        if work is not None:
            self.toolbar.set_search(work.query.text)

    def sort_by(self, key: SortKey) -> None:
        """Sort by something: scores and sizes highest first, times and names from the start."""
        if self.workspace is not None and key is not self.workspace.query.sort:
            highest_first = key in (SortKey.SCORE, SortKey.FACE_SIZE)
            self._edit_query(lambda q: replace(q, sort=key, descending=highest_first))

    def reverse_sort(self) -> None:
        """Turn the order round."""
        self._edit_query(lambda q: replace(q, descending=not q.descending))

    def focus_search(self) -> None:
        """Put the cursor into the search field."""
        self.toolbar.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.toolbar.search.selectAll()

    def clear_search(self) -> None:
        """Empty the search field."""
        self.toolbar.set_search("")

    def tell(self, text: str) -> None:
        """A passing remark in the status bar."""
        self.status.set_note(text)

    def index(self, folders: Sequence[Path]) -> None:
        """Find the faces in folders."""
        self._commands.index(folders)

    def _search(self, text: str) -> None:
        self._edit_query(lambda q: replace(q, text=text))

    def _leave_search(self) -> None:
        if self.workspace is not None:
            self.workspace.focus_view()

    def _edit_query(self, change: Callable[[Query], Query]) -> None:
        if self.workspace is not None:
            self.workspace.set_query(change(self.workspace.query))

    def _resize_thumbnails(self, side: int) -> None:
        if self.workspace is not None:
            self.workspace.resize_thumbnails(side)

    def _fill_library_menu(self) -> None:
        if self.workspace is None:
            return
        menu = self.workspace.sidebar.library_menu
        self._commands.fill_recent(menu)
        menu.addSeparator()
        menu.addAction(self.actions_["library.new"])
        menu.addAction(self.actions_["library.open"])

    # --- geometry --------------------------------------------------------------------------

    def _restore_geometry(self) -> None:
        saved = QByteArray.fromBase64(self.settings["geometry"].encode())
        if saved.isEmpty() or not self.restoreGeometry(saved):
            self.resize(1360, 860)

    def _remember(self) -> None:
        self.settings["geometry"] = bytes(self.saveGeometry().toBase64().data()).decode()

    # Qt overrides

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._shown:
            self._shown = True
            # Runs after the paint events that this show has queued.
            QTimer.singleShot(0, self, self.painted.emit)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._drop.isVisible():
            self._drop.cover()

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self._remember()
        if self.workspace is not None:
            self.workspace.remember()
        self.settings.save()
        event.accept()
        # Jobs are cancelled politely, which may take seconds: not before the user's eyes.
        self.hide()
        self.closing.emit()

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if could_be_folders(event.mimeData()) and self.actions_["library.add-folder"].isEnabled():
            event.acceptProposedAction()
            self._drop.cover()

    @override
    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop.hide()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        self._drop.hide()
        folders = folders_of(event.mimeData())
        if folders:
            event.acceptProposedAction()
            self._commands.index(folders)
