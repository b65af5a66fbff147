"""What a user's hands and eyes do, for tests of marking."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.marks import PhotoMarks
from fiqa_studio.ui.session.cards import Card
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.shell.window import MainWindow


def go(qtbot: QtBot, window: MainWindow, row: int) -> None:
    """Make a row current."""
    session = window.context.session
    session.selection.go_to(row)
    qtbot.waitUntil(lambda: current_row(session) == row)
    window.refresh(at_once=True)


def current_row(session: Session) -> int:
    """The row that is current; -1 for none."""
    now = session.selection.current
    return -1 if now is None else now.row


def press(
    qtbot: QtBot,
    window: MainWindow,
    key: Qt.Key,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """Press a key over what stands in the centre."""
    view = window.area_view()
    assert view is not None
    window.activateWindow()
    view.setFocus()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(view.focusProxy() or view, key, modifiers)


def kept(window: MainWindow, row: int) -> PhotoMarks:
    """What the library holds of a row's photo."""
    session = window.context.session
    return session.library.marks.of_photo(int(session.listing.ids[row]))


def shown(window: MainWindow, row: int) -> Card:
    """What a row shows."""
    card = window.context.listing.rows.card(row)
    assert card is not None
    return card


def settle(qtbot: QtBot, window: MainWindow) -> None:
    """Wait until nothing that is shown is on its way to the disk."""
    listing = window.context.listing

    def pending() -> bool:
        cards = (listing.cards.get(int(key)) for key in listing.ids)
        return any(card is not None and card.pending for card in cards)

    qtbot.waitUntil(lambda: not pending())
