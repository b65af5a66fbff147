"""The window over a real library, used by keys and clicks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.jobs import JobState
from fiqa_studio.domain.query import Order, Query, SortKey, Subject
from fiqa_studio.domain.scores import Score
from fiqa_studio.domain.terms import Between, InIds, Is, Words
from fiqa_studio.engine.scoring.activation import scorer_info_of
from fiqa_studio.store.library import Library
from fiqa_studio.ui import theme
from fiqa_studio.ui.browser.area import GridArea
from fiqa_studio.ui.filters.search import SearchField
from fiqa_studio.ui.inspector.panel import InspectorPanel
from fiqa_studio.ui.jobs.dock import JobsPanel
from fiqa_studio.ui.library import commands
from fiqa_studio.ui.library.entries import Entry, Place, entry_at, query_at
from fiqa_studio.ui.library.panel import LibraryPanel
from fiqa_studio.ui.loupe.loupe import LoupeView
from fiqa_studio.ui.session.cards import Card
from fiqa_studio.ui.session.listing import Listing
from fiqa_studio.ui.session.settings import Settings
from fiqa_studio.ui.shell.keysheet import KeySheet
from fiqa_studio.ui.shell.menus import plain
from fiqa_studio.ui.shell.window import MainWindow
from tests.ui.conftest import PHOTOS, RecordingEngine, open_session, show_window


def _listing(window: MainWindow) -> Listing:
    return window.context.listing


def _grid(window: MainWindow) -> GridArea:
    assert window.workspace is not None
    grid = window.workspace.area_view("grid")
    assert isinstance(grid, GridArea)
    return grid


def _loupe(window: MainWindow) -> LoupeView:
    assert window.workspace is not None
    loupe = window.workspace.area_view("loupe")
    assert isinstance(loupe, LoupeView)
    return loupe


def _sidebar(window: MainWindow) -> LibraryPanel:
    sidebar = window.panel("sidebar")
    assert isinstance(sidebar, LibraryPanel)
    return sidebar


def _search_field(window: MainWindow) -> SearchField:
    field = window.findChild(SearchField)
    assert isinstance(field, SearchField)
    return field


def _settle(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not _listing(window).loading)


def _cards(qtbot: QtBot, window: MainWindow) -> list[Card]:
    _settle(qtbot, window)
    model, view = _listing(window).rows, _grid(window).view
    rows = view.visible_rows()
    qtbot.waitUntil(lambda: all(model.card(row) is not None for row in rows))
    return [card for row in rows if (card := model.card(row)) is not None]


def _trigger(window: MainWindow, name: str) -> None:
    action = window.actions_[name]
    assert action.isEnabled(), name
    action.trigger()


def _drop(window: MainWindow, paths: list[Path]) -> bool:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    where, how = QPoint(300, 300), Qt.DropAction.CopyAction
    enter = QDragEnterEvent(
        where, how, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(window, enter)
    drop = QDropEvent(
        QPointF(where), how, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(window, drop)
    return enter.isAccepted()


def test_faces_are_shown_best_first(qtbot: QtBot, window: MainWindow) -> None:
    cards = _cards(qtbot, window)
    assert cards[0].score == max(card.score or 0 for card in cards)
    assert "Scored by Starter" in _texts(window.status)
    assert f"{_listing(window).count} faces" in _texts(window.status)


def _texts(widget: QWidget) -> str:
    return " ".join(_text_of(child) for child in widget.findChildren(QWidget))


def test_switching_to_photos_and_back(qtbot: QtBot, window: MainWindow) -> None:
    faces = _listing(window).count
    _trigger(window, "view.photos")
    _settle(qtbot, window)
    assert _listing(window).count == PHOTOS
    assert window.actions_["view.photos"].isChecked()
    assert not window.actions_["view.faces"].isChecked()
    _trigger(window, "view.faces")
    _settle(qtbot, window)
    assert _listing(window).count == faces


def test_sorting(qtbot: QtBot, window: MainWindow) -> None:
    _trigger(window, "sort.name")
    names = [card.title for card in _cards(qtbot, window)]
    assert names == sorted(names)
    assert not _listing(window).query.order.descending
    _trigger(window, "sort.reverse")
    names = [card.title for card in _cards(qtbot, window)]
    assert names == sorted(names, reverse=True)
    _trigger(window, "sort.face-size")
    assert _listing(window).query.order.descending


def test_searching(qtbot: QtBot, window: MainWindow) -> None:
    _trigger(window, "edit.find")
    assert _search_field(window).hasFocus()
    qtbot.keyClicks(_search_field(window), "img_0007")
    qtbot.waitUntil(lambda: _listing(window).count == 1)
    assert _cards(qtbot, window)[0].title == "IMG_0007.jpg"
    _trigger(window, "filter.clear")
    _settle(qtbot, window)
    assert _search_field(window).text() == ""
    assert _listing(window).count > 1


def test_nothing_matches_and_the_way_back(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.keyClicks(_search_field(window), "nowhere")
    page = _grid(window).pages["filters"]
    qtbot.waitUntil(page.isVisible)
    button = page.findChild(QPushButton)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(_grid(window).view.isVisible)
    qtbot.waitUntil(lambda: _search_field(window).text() == "")


def test_photos_without_faces_by_the_side_bar(qtbot: QtBot, window: MainWindow) -> None:
    sidebar = _sidebar(window)
    item = next(
        sidebar._tree.topLevelItem(row)
        for row in range(sidebar._tree.topLevelItemCount())
        if sidebar._tree.topLevelItem(row).text(0) == "Without faces"
    )
    assert item.text(1) == "10"
    place = sidebar._tree.visualItemRect(item).center()
    qtbot.mouseClick(sidebar._tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: _listing(window).count == 10)
    assert _listing(window).subject is Subject.PHOTOS


def _click_entry(qtbot: QtBot, window: MainWindow, entry: Entry) -> None:
    tree = _sidebar(window)._tree
    place = tree.visualItemRect(_sidebar(window)._items[entry]).center()
    qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_missing_files_by_the_side_bar(qtbot: QtBot, window: MainWindow) -> None:
    library = window.context.session.library
    sidebar = _sidebar(window)
    by_name = Query(Subject.PHOTOS).sorted_by(SortKey.NAME)
    gone = [int(photo) for photo in library.views.ids(by_name)[:7]]
    library.photos.mark_missing(gone).result()
    item = sidebar._items[Entry(Place.MISSING)]
    qtbot.waitUntil(lambda: item.text(1) == "7" and not item.isHidden())
    _click_entry(qtbot, window, Entry(Place.MISSING))
    qtbot.waitUntil(lambda: _listing(window).count == 7)
    assert _listing(window).subject is Subject.PHOTOS
    assert sidebar._tree.currentItem() is item
    assert window.actions_["filter.clear"].isEnabled()
    _trigger(window, "view.faces")
    _settle(qtbot, window)
    missing = Query(where=(Is("missing"),))
    assert _listing(window).count == len(library.views.ids(missing)) > 0
    library.photos.mark_present(gone[:5]).result()
    qtbot.waitUntil(lambda: item.text(1) == "2")
    _click_entry(qtbot, window, Entry(Place.ALL))
    qtbot.waitUntil(lambda: _listing(window).count == library.views.counts().faces)
    assert sidebar._tree.currentItem() is sidebar._items[Entry(Place.ALL)]


def test_every_entry_of_the_side_bar_is_found_again_from_its_query() -> None:
    query = Query(
        where=(Words(("lake",)), Between("score", low=0.3)), order=Order(SortKey.TIME, True)
    )
    for entry in (*map(Entry, (Place.ALL, Place.NO_FACES, Place.MISSING)), Entry(Place.ROOT, 4)):
        shown = query_at(entry, query)
        assert shown is not None
        assert shown.order.key is SortKey.TIME
        assert entry_at(shown) == entry
    assert query_at(Entry(Place.FAILED), query) is None
    assert entry_at(query) is None
    assert entry_at(Query(where=(Is("missing"), InIds("root", (4,))))) is None


def test_the_loupe_and_back(qtbot: QtBot, window: MainWindow) -> None:
    _cards(qtbot, window)
    _grid(window).view.setFocus()
    qtbot.keyClick(_grid(window).view, Qt.Key.Key_Home)
    _trigger(window, "view.loupe")
    qtbot.waitUntil(lambda: window.area == "loupe")
    assert window.actions_["loupe.zoom-face"].isEnabled()
    first = _loupe(window).photo_id
    _loupe(window).next_requested.emit()
    qtbot.waitUntil(lambda: _loupe(window).photo_id != first)
    _trigger(window, "overlay.quality")
    assert window.actions_["overlay.quality"].isChecked()
    _trigger(window, "overlay.quality")
    assert window.actions_["overlay.none"].isChecked()
    _trigger(window, "view.grid")
    assert window.area == "grid"
    assert window.context.selection.row == 1


def test_dropping_folders_and_photos_indexes(
    qtbot: QtBot, window: MainWindow, engine: RecordingEngine, tmp_path: Path
) -> None:
    folder, other = tmp_path / "a", tmp_path / "b"
    folder.mkdir()
    other.mkdir()
    (other / "one.jpg").touch()
    (other / "two.jpg").touch()
    assert _drop(window, [folder, other / "one.jpg", other / "two.jpg"])
    qtbot.waitUntil(lambda: bool(engine.calls))
    assert engine.calls == [("index", ([folder, other], "starter"))]


def test_what_cannot_be_indexed_is_said_in_place(
    qtbot: QtBot, window: MainWindow, engine: RecordingEngine, tmp_path: Path
) -> None:
    engine.problem = KnownError("The folder cannot be read.", remedy="Change its permissions.")
    _drop(window, [tmp_path])
    qtbot.waitUntil(lambda: bool(window.banner.text))
    assert window.banner.text == "The folder cannot be read.\nChange its permissions."


def test_a_running_job_is_seen(qtbot: QtBot, window: MainWindow, engine: RecordingEngine) -> None:
    engine.play()
    qtbot.waitUntil(lambda: "3 of 10" in _texts(window.status))
    assert not window.actions_["library.rescan"].isEnabled()
    engine.play(JobState.DONE, done=10)
    qtbot.waitUntil(window.actions_["library.rescan"].isEnabled)


def test_adding_a_folder_by_the_dialog(
    qtbot: QtBot,
    window: MainWindow,
    engine: RecordingEngine,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(commands.QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    _trigger(window, "library.add-folder")
    qtbot.waitUntil(lambda: bool(engine.calls))
    assert engine.calls == [("index", ([tmp_path], "starter"))]
    _trigger(window, "score.now")
    qtbot.waitUntil(lambda: len(engine.calls) == 2)
    assert engine.calls[1] == ("score", "starter")


def test_the_scorers_are_in_the_menu(
    qtbot: QtBot, window: MainWindow, engine: RecordingEngine
) -> None:
    menu = next(m for m in window.menuBar().findChildren(QMenu) if plain(m.title()) == "Scorer")
    menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: len(menu.actions()) > 1, timeout=60_000)
    scorers = {action.text(): action for action in menu.actions()}
    assert list(scorers) == ["Starter", "Sharpness (classical)"]
    assert not any(action.isChecked() for action in scorers.values()), "none has this hash"
    scorers["Sharpness (classical)"].trigger()
    qtbot.waitUntil(lambda: ("score", "sharpness") in engine.calls)


def test_choosing_a_scorer_that_has_scores_here_shows_them_at_once(
    qtbot: QtBot, window: MainWindow, engine: RecordingEngine, library: Library
) -> None:
    installed = next(one for one in engine.scorers.installed() if one.name == "sharpness")
    library.scores.ensure_scorer(scorer_info_of(installed)).result()
    score = Score(0.5, 0.1, "float32", "cpu", datetime(2024, 6, 1, tzinfo=UTC))
    library.scores.record(installed.hash, [(1, score, None)]).result()
    menu = next(m for m in window.menuBar().findChildren(QMenu) if plain(m.title()) == "Scorer")
    menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: len(menu.actions()) > 1, timeout=60_000)
    next(a for a in menu.actions() if a.text().startswith("Sharpness")).trigger()
    qtbot.waitUntil(lambda: "These are the scores of Sharpness" in window.banner.text)
    active = library.scores.active()
    assert active is not None
    assert active.hash == installed.hash
    assert engine.calls == [], "nothing is scored unasked"
    button = next(b for b in window.banner.findChildren(QPushButton) if b.text() == "Score Now")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: engine.calls == [("score", "sharpness")])


def test_choices_are_remembered(
    qtbot: QtBot, window: MainWindow, library: Library, settings: Settings
) -> None:
    _trigger(window, "view.photos")
    _trigger(window, "sort.time")
    _trigger(window, "panel.inspector")
    _trigger(window, "thumbnails.larger")
    _trigger(window, "theme.light")
    _settle(qtbot, window)
    window.close()
    again = Settings(settings.path)
    again.declare(window.context.registry.settings)
    assert again["view"] == "photos"
    assert again["sort"] == SortKey.TIME
    assert again["inspector"] is False
    assert again["thumbnail-size"] == 200
    assert again["theme"] == "light"
    assert theme.manager.palette is theme.LIGHT
    assert library.path.exists()


def test_panels_fold_away_and_back(qtbot: QtBot, window: MainWindow) -> None:
    for name in ("sidebar", "inspector", "jobs", "filters"):
        before = window.panel(name).isVisible()
        _trigger(window, f"panel.{name}")
        assert window.panel(name).isVisible() is not before
        _trigger(window, f"panel.{name}")
        assert window.panel(name).isVisible() is before


def test_everything_can_be_reached_by_tab(qtbot: QtBot, window: MainWindow) -> None:
    window.activateWindow()
    _grid(window).view.setFocus()
    seen: set[QWidget] = set()
    for _ in range(120):
        focus = window.focusWidget()
        assert focus is not None
        if focus in seen:
            break
        seen.add(focus)
        window.focusNextChild()
    assert _search_field(window) in seen
    assert _grid(window).view in seen
    names = [type(one).__name__ for one in seen if not (one.accessibleName() or _text_of(one))]
    assert not [name for name in names if name.startswith("QTool")]


def _text_of(widget: QWidget) -> str:
    text = getattr(widget, "text", None)
    return str(text()) if callable(text) else ""


def test_the_shortcut_sheet_shows_the_table(qtbot: QtBot, window: MainWindow) -> None:
    _trigger(window, "help.shortcuts")
    sheet = window.findChild(KeySheet)
    assert "Rescan Folders" in _texts(sheet)
    sheet.close()


def test_menus_hold_every_action(window: MainWindow) -> None:
    menus = window.menuBar().findChildren(QMenu)
    shown = {action.objectName() for menu in menus for action in menu.actions()}
    assert {"library.open", "overlay.quality", "sort.time", "theme.dark", "help.about"} <= shown


@pytest.fixture
def fresh_window(
    qtbot: QtBot, empty_library: Library, engine: RecordingEngine, settings: Settings
) -> Iterator[MainWindow]:
    session = open_session(empty_library, engine, settings)
    yield from show_window(qtbot, session)
    session.close()


def test_an_empty_library_says_what_to_do(
    qtbot: QtBot, fresh_window: MainWindow, engine: RecordingEngine
) -> None:
    pages = _grid(fresh_window).pages
    qtbot.waitUntil(pages["welcome"].isVisible)
    engine.play()
    qtbot.waitUntil(pages["busy"].isVisible)
    assert "3 of 10" in _texts(pages["busy"])
    engine.play(JobState.DONE)
    qtbot.waitUntil(pages["welcome"].isVisible)


def test_several_faces_are_summed_up(qtbot: QtBot, window: MainWindow) -> None:
    _cards(qtbot, window)
    view, inspector = _grid(window).view, window.panel("inspector")
    assert isinstance(inspector, InspectorPanel)
    view.setFocus()
    window.context.selection.go_to(0)
    qtbot.waitUntil(lambda: "faces" not in inspector.text and inspector.text != "")
    for _ in range(2):
        qtbot.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: "3 faces" in inspector.text)
    qtbot.keyClick(view, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: "3 faces" not in inspector.text)


def test_what_could_not_be_read_is_listed(qtbot: QtBot, window: MainWindow) -> None:
    library = window.context.session.library
    sidebar = _sidebar(window)
    root = int(library.roots.all()[0].id)
    library.photos.record_failed(
        root, b"/photos/torn.jpg", 9, 9, "photo.truncated", "It ends too early."
    ).result()
    item = sidebar._items[Entry(Place.FAILED)]
    qtbot.waitUntil(lambda: item.text(1) == "1" and not item.isHidden())
    place = sidebar._tree.visualItemRect(item).center()
    qtbot.mouseClick(sidebar._tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    jobs = window.panel("jobs")
    assert isinstance(jobs, JobsPanel)
    qtbot.waitUntil(jobs.failures.isVisible)
    assert jobs.failures.title == "1 file could not be used"


def test_escape_empties_the_search_and_enter_keeps_it(qtbot: QtBot, window: MainWindow) -> None:
    view, search = _grid(window).view, _search_field(window)
    _trigger(window, "edit.find")
    qtbot.keyClicks(search, "img_0007")
    qtbot.waitUntil(lambda: _listing(window).count == 1)
    qtbot.keyClick(search, Qt.Key.Key_Return)
    assert view.hasFocus()
    assert search.text() == "img_0007"
    _trigger(window, "edit.find")
    qtbot.keyClick(search, Qt.Key.Key_Escape)
    assert view.hasFocus()
    qtbot.waitUntil(lambda: _listing(window).count > 1)
    assert search.text() == ""


def test_words_on_buttons_stay_when_their_actions_change(window: MainWindow) -> None:
    def words() -> list[str]:
        buttons = window.toolbar.findChildren(QToolButton)
        return [
            b.text()
            for b in buttons
            if b.toolButtonStyle() != Qt.ToolButtonStyle.ToolButtonIconOnly
        ]

    before = words()
    assert "Add Folder" in before
    theme.manager.apply("light")
    window.refresh()
    assert words() == before
    assert not any(text.endswith("…") for text in before)


def test_panels_keep_their_width_and_the_centre_takes_the_rest(
    qtbot: QtBot, window: MainWindow
) -> None:
    inspector, sidebar = window.panel("inspector"), window.panel("sidebar")
    left, right = sidebar.width(), inspector.width()
    assert (left, right) == (window.settings["columns"][0], window.settings["columns"][2])
    for width in (1500, 1000, 1280):
        window.resize(width, 800)
        qtbot.waitUntil(lambda width=width: window.width() == width)  # type: ignore[misc]
        assert (sidebar.width(), inspector.width()) == (left, right)
    _trigger(window, "view.loupe")
    assert (sidebar.width(), inspector.width()) == (left, right)
    _trigger(window, "panel.sidebar")
    _trigger(window, "panel.sidebar")
    assert sidebar.width() == left
    assert window.settings["columns"][0] == left
