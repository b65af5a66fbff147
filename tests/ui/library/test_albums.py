"""Albums in the side bar: listed with counts, shown, filled, renamed, deleted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QInputDialog, QMenu, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from fiqa_studio.curation.querytext import apply, parse
from fiqa_studio.domain.marks import SetStars
from fiqa_studio.domain.query import Query, SortKey, Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.store.library import Library
from fiqa_studio.ui.library.albums import fill_menu
from fiqa_studio.ui.library.entries import Entry, Place
from fiqa_studio.ui.library.panel import LibraryPanel
from fiqa_studio.ui.session.listing import Listing
from fiqa_studio.ui.shell.window import MainWindow
from tests.store.values import mark


@pytest.fixture
def sidebar(library: Library, window: MainWindow) -> LibraryPanel:
    library.views.read_text = lambda text: parse(text).where
    found = window.panel("sidebar")
    assert isinstance(found, LibraryPanel)
    return found


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Whoever is asked for a name answers this."""

    def answer(name: str) -> None:
        monkeypatch.setattr(QInputDialog, "getText", lambda *_args, **_more: (name, True))

    return answer


def _listing(window: MainWindow) -> Listing:
    return window.context.listing


def _shown(sidebar: LibraryPanel) -> dict[str, str]:
    """Names and counts of the albums on the screen."""
    items = {entry: item for entry, item in sidebar._items.items() if entry.place is Place.ALBUM}
    return {item.text(0): item.text(1) for item in items.values()}


def _entry(sidebar: LibraryPanel, name: str) -> Entry:
    return next(
        Entry(Place.ALBUM, album_id=one.album.id)
        for one in sidebar.albums.listed
        if one.album.name == name
    )


def _do(window: MainWindow, sidebar: LibraryPanel, name: str, action: str) -> None:
    """Choose an action of an album's menu."""
    menu = QMenu()
    listed = sidebar.albums.get(_entry(sidebar, name).album_id)
    assert listed is not None
    fill_menu(window.context, menu, listed)
    next(one for one in menu.actions() if one.text().rstrip("…") == action).trigger()


def test_filters_are_kept_as_a_smart_album(
    qtbot: QtBot,
    library: Library,
    window: MainWindow,
    sidebar: LibraryPanel,
    named: Callable[[str], None],
) -> None:
    listing = _listing(window)
    assert not window.action("album.new-smart").isEnabled()
    photos = library.views.ids(Query(Subject.PHOTOS)).tolist()
    mark(library, photos[:3], SetStars(4))
    listing.set_query(apply("stars:3..", Query(Subject.PHOTOS)))
    qtbot.waitUntil(window.action("album.new-smart").isEnabled)
    named("Good ones")
    window.action("album.new-smart").trigger()
    qtbot.waitUntil(lambda: _shown(sidebar) == {"Good ones": "3"})
    assert library.albums.all()[0].query_text == "stars:3.."
    listing.set_query(listing.query.without_filters())
    sidebar.chosen.emit(_entry(sidebar, "Good ones"))
    assert listing.query == apply("stars:3..", Query(Subject.PHOTOS))
    assert sidebar._tree.currentItem().text(0) == "Good ones"
    mark(library, photos[3:5], SetStars(5))  # by another, such as a script
    qtbot.waitUntil(lambda: _shown(sidebar) == {"Good ones": "5"}, timeout=10_000)
    listing.set_query(apply("stars:5", listing.query))
    _do(window, sidebar, "Good ones", "Change to Present Filters")
    qtbot.waitUntil(lambda: _shown(sidebar) == {"Good ones": "2"})


def test_what_is_selected_becomes_an_album_in_its_order(
    qtbot: QtBot,
    library: Library,
    window: MainWindow,
    sidebar: LibraryPanel,
    named: Callable[[str], None],
) -> None:
    listing = _listing(window)
    listing.set_query(Query(Subject.PHOTOS).sorted_by(SortKey.NAME, descending=True))
    qtbot.waitUntil(lambda: not listing.loading and listing.subject is Subject.PHOTOS)
    window.context.selection.select_ranges([(0, 2)])
    chosen = listing.ids[:3].tolist()
    named("Series")
    window.action("album.new").trigger()
    qtbot.waitUntil(lambda: _shown(sidebar) == {"Series": "3"})
    sidebar.chosen.emit(_entry(sidebar, "Series"))
    qtbot.waitUntil(lambda: listing.ids.tolist() == chosen)
    assert listing.query.order.key is SortKey.PLACE
    window.context.selection.select_ranges([(0, 0)])
    _do(window, sidebar, "Series", "Take Selected Out")
    qtbot.waitUntil(lambda: _shown(sidebar) == {"Series": "2"})
    named("Row")
    _do(window, sidebar, "Series", "Rename")
    qtbot.waitUntil(lambda: _shown(sidebar) == {"Row": "2"})


def test_an_album_is_deleted_after_asking(
    qtbot: QtBot, library: Library, window: MainWindow, sidebar: LibraryPanel
) -> None:
    photo = int(library.views.ids(Query(Subject.PHOTOS))[0])
    library.albums.create("Old", photos=Target.photos([photo])).result()
    qtbot.waitUntil(lambda: _shown(sidebar) == {"Old": "1"})

    def answer(text: str) -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        next(b for b in box.findChildren(QPushButton) if b.text().strip("&") == text).click()

    QTimer.singleShot(0, lambda: answer("Cancel"))
    _do(window, sidebar, "Old", "Delete")
    assert _shown(sidebar) == {"Old": "1"}
    QTimer.singleShot(0, lambda: answer("Delete"))
    _do(window, sidebar, "Old", "Delete")
    qtbot.waitUntil(lambda: _shown(sidebar) == {})
    assert library.views.count(Query(Subject.PHOTOS, ())) > 0


def test_an_album_whose_text_is_spoilt_says_so_and_breaks_nothing(
    qtbot: QtBot, library: Library, window: MainWindow, sidebar: LibraryPanel
) -> None:
    """As a later version could write it, or a hand in the database."""
    library.albums.create("Odd", query_text="beauty:9").result()
    library.albums.create("Whole", query_text="stars:0").result()
    qtbot.waitUntil(lambda: set(_shown(sidebar)) == {"Odd", "Whole"})
    assert _shown(sidebar)["Odd"] == ""
    item = sidebar._items[_entry(sidebar, "Odd")]
    assert "beauty" in item.toolTip(0)
    before = _listing(window).query
    sidebar.chosen.emit(_entry(sidebar, "Odd"))
    assert _listing(window).query == before
    qtbot.waitUntil(window.banner.isVisible)
