"""The window: puts menus, bars and the workspace together, and little else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
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
from fiqa_studio.ui import theme
from fiqa_studio.ui.actions.action import Action
from fiqa_studio.ui.actions.area import AreaView
from fiqa_studio.ui.actions.context import Level
from fiqa_studio.ui.actions.keymap import Bindings, Keymap
from fiqa_studio.ui.actions.keysfile import KeysFile
from fiqa_studio.ui.actions.registry import Registry
from fiqa_studio.ui.session.settings import Settings
from fiqa_studio.ui.shell.context import WindowContext
from fiqa_studio.ui.shell.drop import DropHighlight, could_be_paths, paths_of
from fiqa_studio.ui.shell.focused_keys import FocusedKeys
from fiqa_studio.ui.shell.menus import ActionSet
from fiqa_studio.ui.shell.statusbar import StatusBar
from fiqa_studio.ui.shell.toolbar import ToolBar
from fiqa_studio.ui.widgets.banner import Banner
from fiqa_studio.ui.widgets.empty import WelcomePage

if TYPE_CHECKING:
    from fiqa_studio.ui.session.session import Session
    from fiqa_studio.ui.shell.workspace import Workspace


class MainWindow(QMainWindow):
    """Stands without a library (the welcome page) or with one (the workspace).

    Implements `fiqa_studio.ui.actions.context.Window`.

    Attributes:
        settings: The user's choices.
        workspace: The open library's views, None without one.
        banner: Messages shown in place.
        context: What features get of all this.

    Signals:
        painted: The window is on the screen for the first time.
        library_wanted: A library is to be opened (path, whether to create it).
        closing: The window is going away.
    """

    painted = Signal()
    library_wanted = Signal(object, bool)
    closing = Signal()

    def __init__(
        self, settings: Settings, registry: Registry, keys_file: KeysFile | None = None
    ) -> None:
        super().__init__()
        settings.declare(registry.settings)
        self.settings = settings
        self.workspace: Workspace | None = None
        self._waiting: list[Callable[[Session], None]] = []
        self._job_kinds: list[Callable[[], None]] | None = None
        self._expecting = False
        self._shown = False
        self.setWindowTitle("FIQA Studio")
        self.setMinimumSize(760, 480)
        self.setAcceptDrops(True)
        self._keys_file = keys_file
        keymap = Keymap(registry.actions, keys_file.bindings if keys_file else None)
        self.context = WindowContext(self, registry, keymap)
        self.actions_ = ActionSet(self, self.context, registry)
        self.actions_.bind(keymap)
        self.actions_.fill(self.menuBar())
        self._keys = FocusedKeys(
            lambda: self.context.keymap, self._is_enabled, self.actions_.trigger, self
        )
        # Facts are asked once for all that happens in one go of the event loop.
        self._refreshing = QTimer(self, singleShot=True, interval=0)
        self._refreshing.timeout.connect(self._bring_in_line)
        self.banner = Banner()
        self.toolbar = ToolBar(self.actions_, registry, self.context)
        self.status = StatusBar(registry, self.context)
        self.setStatusBar(self.status)
        self._lay_out()
        theme.manager.changed.connect(self._bring_in_line)
        self._restore_geometry()
        self._bring_in_line()

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

    def attach(self, session: Session) -> None:
        """Show the views of a session."""
        from fiqa_studio.ui.shell.workspace import Workspace  # noqa: PLC0415 - after first paint

        self.detach()
        self._know_job_kinds()
        workspace = Workspace(session, self.context)
        self.workspace = workspace
        workspace.state_changed.connect(self.refresh)
        workspace.area_made.connect(self._keys.watch)
        session.error.connect(self.banner.show_error)
        session.said.connect(self.tell)
        workspace.begin()
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
        for feature in self.context.registry.features:
            if feature.attached is not None:
                feature.attached(self.context)
        self.focus_area()
        self._expecting = False
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then(session)
        self._bring_in_line()

    def detach(self) -> None:
        """Let go of the views; their session is about to close."""
        if self.workspace is None:
            return
        workspace = self.workspace
        workspace.close_down()
        self.workspace = None
        self._stack.setCurrentWidget(self._blank)
        self._stack.removeWidget(workspace)
        workspace.deleteLater()
        self._bring_in_line()

    def _know_job_kinds(self) -> None:
        """Make the features' kinds of jobs known to the engine, until the window closes."""
        if self._job_kinds is None:
            from fiqa_studio.engine.jobs.kinds import register  # noqa: PLC0415 - after first paint

            self._job_kinds = [register(kind) for kind in self.context.registry.job_kinds()]

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

    # --- what features need ----------------------------------------------------------------

    @property
    def widget(self) -> QWidget:
        """Parent for dialogs."""
        return self

    @property
    def area(self) -> str:
        """Name of what stands in the centre; empty without a library."""
        return self.workspace.area if self.workspace is not None else ""

    def area_view(self) -> AreaView | None:
        """What stands in the centre; None without a library."""
        work = self.workspace
        return work.area_view() if work is not None and work.area else None

    def show_area(self, name: str) -> None:
        """Bring an area to the front and give it the keyboard."""
        if self.workspace is not None:
            self.workspace.show_area(name)

    def focus_area(self) -> None:
        """Give the keyboard to what stands in the centre."""
        view = self.area_view()
        if view is not None:
            view.setFocus()

    def panel(self, name: str) -> QWidget:
        """A panel, built if need be. Raises `KeyError`, also without a library."""
        if self.workspace is None:
            raise KeyError(name)
        return self.workspace.panel(name)

    def show_panel(self, name: str, *, shown: bool | None = None) -> None:
        """Bring a panel out or fold it away; None: the other of the two."""
        if self.workspace is not None:
            self.workspace.show_panel(name, shown=shown)

    def action(self, name: str) -> QAction:
        """The action of this id, alive."""
        return self.actions_[name]

    def say(
        self,
        level: Level,
        text: str,
        button: str = "",
        run: Callable[[], object] | None = None,
    ) -> None:
        """Say something above the views, with a button that does something about it."""
        self.banner.show_message(level, text, button, run)

    def complain(self, error: KnownError) -> None:
        """Say in place what went wrong."""
        self.banner.show_error(error)

    def tell(self, text: str) -> None:
        """A passing remark in the status bar."""
        self.status.set_note(text)

    def open_library(self, path: Path, *, create: bool = False) -> None:
        """Open a library in place of the one that is open."""
        self.library_wanted.emit(path, create)

    def take_paths(self, paths: Sequence[Path]) -> None:
        """Hand files and folders to the feature that takes them."""
        for feature in self.context.registry.features:
            if feature.paths is not None:
                feature.paths(self.context, paths)

    def refresh(self, *, at_once: bool = False) -> None:
        """Bring menus and bars in line with the state, before the next frame."""
        if at_once:
            self._bring_in_line()
        elif not self._refreshing.isActive():
            self._refreshing.start()

    def bind(self, bindings: Bindings) -> None:
        """Use other keys from now on, and remember them. Raises `KnownError`."""
        if self._keys_file is not None:
            self._keys_file.write(bindings)
        self.context.keymap = Keymap(self.context.registry.actions, bindings)
        self.actions_.bind(self.context.keymap)
        self._bring_in_line()

    def quit(self) -> None:
        """Close the window."""
        self.close()

    def _bring_in_line(self) -> None:
        self._refreshing.stop()
        state = self.context.state()
        self.actions_.update(state)
        self.toolbar.update_state(state)
        self.status.update_state(state)

    def _is_enabled(self, action: Action) -> bool:
        return action.enabled(self.context.state())

    # --- making ----------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.welcome = WelcomePage()
        self.welcome.add_clicked.connect(self.actions_["library.add-folder"].trigger)
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
        self._drop = DropHighlight(self)

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
        self.settings.save()
        event.accept()
        # Jobs are cancelled politely, which may take seconds: not before the user's eyes.
        self.hide()
        self.closing.emit()
        for forget in self._job_kinds or ():
            forget()
        self._job_kinds = None

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        writable = not self.context.state()["read_only"]
        if could_be_paths(event.mimeData()) and writable:
            # Never Move: the source would delete what a program that only looks has taken.
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self._drop.cover()

    @override
    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop.hide()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        self._drop.hide()
        paths = paths_of(event.mimeData())
        if paths:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.take_paths(paths)
