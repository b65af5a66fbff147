"""The panel of marks and the history, by mouse and keys."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.marks import (
    LONGEST_TAG,
    AddTag,
    Colour,
    Flag,
    Origin,
    PhotoMarks,
    RemoveTag,
    SetColour,
    SetFlag,
    SetQuality,
    SetStars,
)
from fiqa_studio.domain.photos import PhotoId
from fiqa_studio.domain.target import Target
from fiqa_studio.engine.marking import Marking
from fiqa_studio.ui.culling.history import HistoryPanel
from fiqa_studio.ui.culling.panel import MarksPanel
from fiqa_studio.ui.culling.patches import marked
from fiqa_studio.ui.loupe.area import LoupeArea
from fiqa_studio.ui.shell.window import MainWindow
from tests.ui.culling.hands import go, kept, press, settle, shown

Key = Qt.Key
_CTRL = Qt.KeyboardModifier.ControlModifier
_TAGS = ["Hochzeit", "Браутпаар", "花嫁", "حفل زفاف", 'a, b: "c"', "👰🏽‍♀️", "é" * LONGEST_TAG]


def _marks(window: MainWindow) -> MarksPanel:
    panel = window.panel("marks")
    assert isinstance(panel, MarksPanel)
    return panel


def _history(qtbot: QtBot, window: MainWindow) -> HistoryPanel:
    window.show_panel("history", shown=True)
    panel = window.panel("history")
    assert isinstance(panel, HistoryPanel)
    count = len(window.context.session.engine.marking.history())
    qtbot.waitUntil(lambda: panel.list.count() == count)
    return panel


def test_tags_of_any_script_are_put_on_and_taken_off(qtbot: QtBot, photos: MainWindow) -> None:
    field = _marks(photos).tags
    press(qtbot, photos, Key.Key_K, _CTRL)
    assert field.field.hasFocus()
    for tag in _TAGS:
        field.field.setText(tag)
        qtbot.keyClick(field.field, Key.Key_Return)
        assert tag in field.tags(), "not shown at once"
    settle(qtbot, photos)
    assert kept(photos, 0).tags == set(_TAGS)
    assert photos.context.selection.row == 0, "a tag does not move on"
    qtbot.keyClick(field.field, Key.Key_Escape)
    assert not field.field.hasFocus()
    next(chip for chip in field.chips() if chip.tag == "花嫁").click()
    settle(qtbot, photos)
    assert kept(photos, 0).tags == set(_TAGS) - {"花嫁"}


@pytest.mark.parametrize(("typed", "why"), [("   ", "empty"), ("x" * 201, "201 characters")])
def test_a_tag_that_cannot_be_kept_says_why(
    qtbot: QtBot, photos: MainWindow, typed: str, why: str
) -> None:
    field = _marks(photos).tags
    field.field.setText(typed)
    qtbot.keyClick(field.field, Key.Key_Return)
    assert why in field.problem
    assert field.field.text() == typed, "what was typed is there to be mended"
    qtbot.keyClick(field.field, Key.Key_A)
    assert field.problem == ""


def test_tags_known_already_are_offered(qtbot: QtBot, photos: MainWindow) -> None:
    library = photos.context.session.library
    marking = Marking(library)
    marking.mark(Target.photos([40]), [AddTag("Strandfest"), AddTag("Ostsee")]).result()
    press(qtbot, photos, Key.Key_K, _CTRL)
    field = _marks(photos).tags.field
    completer = field.completer()
    qtbot.waitUntil(lambda: completer.model().rowCount() == 2)
    completer.setCompletionPrefix("FEST")
    assert completer.completionCount() == 1
    assert completer.currentCompletion() == "Strandfest"


def test_the_tags_of_a_selection_are_counted_and_taken_off_together(
    qtbot: QtBot, photos: MainWindow
) -> None:
    session, field = photos.context.session, _marks(photos).tags
    ids = session.listing.ids.tolist()
    session.engine.marking.mark(Target.photos(ids[:8]), [AddTag("all")]).result()
    session.engine.marking.mark(Target.photos(ids[:3]), [AddTag("some")]).result()
    session.selection.select_rows(np.arange(8), 0)
    qtbot.waitUntil(lambda: field.tags() == ["all", "some"])
    some = field.chips()[1]
    assert any("3 of 8 photos" in part.toolTip() for part in some.findChildren(QLabel))
    some.click()
    qtbot.waitUntil(lambda: field.tags() == ["all"])
    assert session.undo.title == "No tag \u201csome\u201d on 8 photos"
    assert all(kept(photos, row).tags == {"all"} for row in range(8))


def test_the_slider_gives_a_quality_in_words_and_withdraws_it(
    qtbot: QtBot, window: MainWindow
) -> None:
    go(qtbot, window, 2)
    session, field = window.context.session, _marks(window).quality
    face = int(session.listing.ids[2])
    press(qtbot, window, Key.Key_J)
    assert field.slider.hasFocus()
    field.slider.setValue(76)
    assert field.text == "Good, 76"
    qtbot.waitUntil(lambda: bool(session.library.marks.of_faces([face])))
    given = next(iter(session.library.marks.of_faces([face]).values()))
    assert given == pytest.approx(75 / 99)
    qtbot.waitUntil(lambda: field.text == "Good, 76 (your word)")
    withdraw = field.findChild(QPushButton)
    qtbot.mouseClick(withdraw, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not session.library.marks.of_faces([face]))


def test_what_the_slider_said_is_of_the_face_it_was_said_of(
    qtbot: QtBot, window: MainWindow
) -> None:
    """Moved by keys and left for the next face before it rested."""
    go(qtbot, window, 4)
    session, field = window.context.session, _marks(window).quality
    first, second = (int(key) for key in session.listing.ids[4:6])
    field.slider.setValue(9)
    go(qtbot, window, 5)
    qtbot.waitUntil(lambda: bool(session.library.marks.of_faces([first])))
    assert not session.library.marks.of_faces([second])


def test_stars_flags_and_colours_by_mouse(qtbot: QtBot, photos: MainWindow) -> None:
    panel = _marks(photos)
    for name in ("4 stars", "Reject", "Green"):
        button = next(b for b in panel.findChildren(QToolButton) if b.accessibleName() == name)
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert button.isChecked()
    settle(qtbot, photos)
    expected = PhotoMarks(stars=4, flag=Flag.REJECT, colour=Colour.GREEN)
    assert kept(photos, 0) == expected
    go(qtbot, photos, 1)
    buttons = panel.findChildren(QToolButton)
    qtbot.waitUntil(lambda: not any(button.isChecked() for button in buttons))


def test_the_loupe_shows_the_marks(qtbot: QtBot, photos: MainWindow) -> None:
    photos.context.settings["culling.auto-advance"] = False
    photos.show_area("loupe")
    area = photos.area_view()
    assert isinstance(area, LoupeArea)
    press(qtbot, photos, Key.Key_3)
    assert area.strip.marks.stars == 3
    qtbot.waitUntil(lambda: not area.strip.pending)
    assert kept(photos, 0).stars == 3
    assert area.strip.isVisible()


def test_the_history_says_who_and_takes_back_an_older_one(qtbot: QtBot, photos: MainWindow) -> None:
    session = photos.context.session
    other = Marking(session.library, origin=Origin.CLI)
    other.author = "Ann"
    ids = session.listing.ids.tolist()
    other.mark(Target.photos(ids[:10]), [SetStars(2)]).result()
    press(qtbot, photos, Key.Key_5)  # on the first of the ten
    settle(qtbot, photos)
    assert session.undo.title == "5 stars"
    panel = _history(qtbot, photos)
    mine, theirs = panel.texts()
    assert mine.startswith("5 stars")
    assert theirs.startswith("2 stars  ·  10\nAnn, ")
    assert theirs.endswith(", command line")
    panel.list.setCurrentRow(1)
    qtbot.mouseClick(panel.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.said == "9 are as before. 1 was changed since and stays.")
    assert kept(photos, 0).stars == 5
    assert not any(kept(photos, row).stars for row in range(1, 10))
    qtbot.waitUntil(lambda: panel.list.count() == 3)
    assert "taken back" in panel.texts()[2]
    panel.list.setCurrentRow(2)
    assert not panel.button.isEnabled()
    # Taking it back can itself be taken back: by Undo, or here.
    panel.list.setCurrentRow(0)
    assert panel.button.text() == "Do Again"
    panel.take_back()
    qtbot.waitUntil(lambda: kept(photos, 3).stars == 2)


def test_what_the_history_took_back_is_no_longer_undos(qtbot: QtBot, photos: MainWindow) -> None:
    session = photos.context.session
    press(qtbot, photos, Key.Key_5)
    press(qtbot, photos, Key.Key_4)
    settle(qtbot, photos)
    panel = _history(qtbot, photos)
    panel.list.setCurrentRow(1)  # the first
    panel.take_back()
    qtbot.waitUntil(lambda: kept(photos, 0).stars == 0)
    qtbot.waitUntil(lambda: session.undo.title == "Undo 5 stars")
    for _ in range(2):
        press(qtbot, photos, Key.Key_Z, _CTRL)
    qtbot.waitUntil(lambda: kept(photos, 0).stars == 5 and kept(photos, 1).stars == 0)
    assert session.undo.title == ""


def test_older_actions_are_read_on_demand(qtbot: QtBot, photos: MainWindow) -> None:
    session = photos.context.session
    for number in range(130):
        target = Target.photos([1 + number % 50])
        session.engine.marking.mark(target, [SetStars((number + number // 50) % 5 + 1)]).result()
    photos.show_panel("history", shown=True)
    panel = photos.panel("history")
    assert isinstance(panel, HistoryPanel)
    total = len(session.library.marks.actions(1000))
    assert total > 100
    qtbot.waitUntil(lambda: panel.list.count() == 100)
    older = next(b for b in panel.findChildren(QPushButton) if b.text() == "Show Older")
    qtbot.mouseClick(older, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.list.count() == total)
    assert older.isHidden()


def test_what_holds_after_marks() -> None:
    marks = marked(PhotoMarks(), [SetStars(2), SetFlag(Flag.PICK), SetColour(Colour.BLUE)])
    marks = marked(marks, [AddTag(" sea "), AddTag("sky"), RemoveTag("sky"), SetQuality(0.2)])
    assert marks == PhotoMarks(2, Flag.PICK, Colour.BLUE, frozenset({"sea"}))


def test_a_quality_on_photos_is_shown_where_it_will_be(qtbot: QtBot, photos: MainWindow) -> None:
    session = photos.context.session
    faces = [shown(photos, row).faces for row in range(6)]
    assert 0 in faces
    session.selection.select_rows(np.arange(6), 0)
    _marks(photos).quality.slider.setValue(100)
    _marks(photos).quality.flush()
    settle(qtbot, photos)
    expected = [1.0 if count else None for count in faces]
    assert [shown(photos, row).quality for row in range(6)] == expected
    rows = session.library.views.photo_rows([PhotoId(int(k)) for k in session.listing.ids[:6]])
    assert [row.quality for row in rows] == expected
