"""What an action may ask for, and nothing else of the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from PySide6.QtCore import SignalInstance
    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QWidget

    from fiqa_studio.domain.errors import KnownError
    from fiqa_studio.ui.actions.action import State
    from fiqa_studio.ui.actions.area import AreaView
    from fiqa_studio.ui.actions.keymap import Bindings, Keymap
    from fiqa_studio.ui.actions.registry import Registry
    from fiqa_studio.ui.session.listing import Listing
    from fiqa_studio.ui.session.operation import Operation
    from fiqa_studio.ui.session.selection import Selection
    from fiqa_studio.ui.session.session import Session
    from fiqa_studio.ui.session.settings import Settings

Level = Literal["error", "warning", "info"]


class Window(Protocol):
    """The window, as features may use it."""

    @property
    def widget(self) -> QWidget:
        """Parent for dialogs."""
        ...

    @property
    def closing(self) -> SignalInstance:
        """Emitted when the window is going away."""
        ...

    @property
    def area(self) -> str:
        """Name of what stands in the centre; empty without a library."""
        ...

    def area_view(self) -> AreaView | None:
        """What stands in the centre; None without a library."""
        ...

    def show_area(self, name: str) -> None:
        """Bring an area to the front and give it the keyboard. Raises `KeyError`."""
        ...

    def focus_area(self) -> None:
        """Give the keyboard to what stands in the centre."""
        ...

    def panel(self, name: str) -> QWidget:
        """A panel, built if need be. Raises `KeyError`."""
        ...

    def show_panel(self, name: str, *, shown: bool | None = None) -> None:
        """Bring a panel out or fold it away; None: the other of the two."""
        ...

    def action(self, name: str) -> QAction:
        """The action of this id, alive. Raises `KeyError`."""
        ...

    def say(
        self,
        level: Level,
        text: str,
        button: str = "",
        run: Callable[[], object] | None = None,
    ) -> None:
        """Say something above the views, with a button that does something about it."""
        ...

    def complain(self, error: KnownError) -> None:
        """Say in place what went wrong."""
        ...

    def tell(self, text: str) -> None:
        """A passing remark in the status bar; empty takes it away."""
        ...

    def open_library(self, path: Path, *, create: bool = False) -> None:
        """Open a library in place of the one that is open."""
        ...

    def with_session(self, then: Callable[[Session], None]) -> None:
        """Do something with the open library, the one that is being opened, or the usual one."""
        ...

    def take_paths(self, paths: Sequence[Path]) -> None:
        """Hand files and folders to the feature that takes them."""
        ...

    def refresh(self, *, at_once: bool = False) -> None:
        """Something changed that facts tell of: bring menus and bars in line, soon."""
        ...

    def bind(self, bindings: Bindings) -> None:
        """Use other keys from now on, and remember them. Raises `KnownError`."""
        ...

    def quit(self) -> None:
        """Close the window."""
        ...


class Context(Protocol):
    """Handed to every action, panel, area and tool."""

    @property
    def window(self) -> Window:
        """The window."""
        ...

    @property
    def settings(self) -> Settings:
        """The user's choices."""
        ...

    @property
    def registry(self) -> Registry:
        """All features."""
        ...

    @property
    def keymap(self) -> Keymap:
        """Which keys do what."""
        ...

    @property
    def has_session(self) -> bool:
        """Whether a library is open."""
        ...

    @property
    def session(self) -> Session:
        """The open library. Raises `KnownError` where none is."""
        ...

    @property
    def listing(self) -> Listing:
        """The query on the screen and its answer. Raises `KnownError` without a library."""
        ...

    @property
    def selection(self) -> Selection:
        """What is selected and current. Raises `KnownError` without a library."""
        ...

    def do(self, operation: Operation) -> None:
        """Run a write: off the thread, shown at once, taken back by Undo."""
        ...

    def state(self) -> State:
        """What the window is doing now."""
        ...
