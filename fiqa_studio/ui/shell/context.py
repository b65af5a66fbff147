"""The context of the real window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.ui.actions.action import State
from fiqa_studio.ui.actions.keymap import Keymap
from fiqa_studio.ui.actions.registry import Registry
from fiqa_studio.ui.session.settings import Settings

if TYPE_CHECKING:
    from fiqa_studio.ui.session.listing import Listing
    from fiqa_studio.ui.session.operation import Operation
    from fiqa_studio.ui.session.selection import Selection
    from fiqa_studio.ui.session.session import Session
    from fiqa_studio.ui.shell.window import MainWindow


class WindowContext:
    """See `fiqa_studio.ui.actions.context.Context`.

    Attributes:
        window: The window itself.
        keymap: Changed by ``window.use_keymap``.
    """

    def __init__(self, window: MainWindow, registry: Registry, keymap: Keymap) -> None:
        self.window = window
        self.registry = registry
        self.keymap = keymap

    @property
    def settings(self) -> Settings:
        """The user's choices."""
        return self.window.settings

    @property
    def has_session(self) -> bool:
        """Whether a library is open."""
        return self.window.workspace is not None

    @property
    def session(self) -> Session:
        """The open library."""
        workspace = self.window.workspace
        if workspace is None:
            raise KnownError("No library is open.", remedy="Add a folder, or open a library.")
        return workspace.session

    @property
    def listing(self) -> Listing:
        """The query on the screen and its answer."""
        return self.session.listing

    @property
    def selection(self) -> Selection:
        """What is selected and current."""
        return self.session.selection

    def do(self, operation: Operation) -> None:
        """Run a write that the user asked for."""
        self.session.do(operation)

    def state(self) -> State:
        """What the window is doing now."""
        facts: dict[str, object] = dict(_facts(self))
        facts.update(self.registry.facts(self))
        return facts


def _facts(context: WindowContext) -> State:
    """What is true of any window, whichever features it has."""
    settings = context.settings
    facts: dict[str, object] = {
        f"panel.{panel.name}": settings[panel.name] for panel in context.registry.panels
    }
    if not context.has_session:
        return facts | {
            "library": False,
            "read_only": False,
            "area": "",
            "busy": False,
            "listed": 0,
            "selected": 0,
            "current": False,
            "subject": "",
            "sort": "",
            "descending": True,
            "filtered": False,
            "undo": "",
            "redo": "",
        }
    session = context.session
    listing, selection = session.listing, session.selection
    return facts | {
        "library": True,
        "read_only": session.library.read_only,
        "area": context.window.area,
        "busy": session.busy is not None,
        "listed": listing.count,
        "selected": selection.count,
        "current": selection.current is not None,
        "subject": listing.subject.value,
        "sort": listing.query.order.key.value,
        "descending": listing.query.order.descending,
        "filtered": listing.query.is_filtered,
        "undo": session.undo.title,
        "redo": session.undo.redo_title,
    }
