from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.domain.photos import PhotoStatus
from fiqa_studio.domain.scores import ScoreMaps
from fiqa_studio.ui.actions.area import Step, Verb
from fiqa_studio.ui.loupe.bar import LoupeBar
from fiqa_studio.ui.loupe.loupe import LoupeView
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.widgets.small import ElidedLabel
from tests.ui.patience import still


@pytest.fixture
def loupe(session: Session, qtbot: QtBot) -> Iterator[LoupeView]:
    made = LoupeView(session)
    made.canvas.viewpoint.animated = False
    qtbot.addWidget(made)
    made.resize(900, 700)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close_down()


def shown(loupe: LoupeView, qtbot: QtBot, photo_id: int, face_id: int | None = None) -> None:
    """Show a photo and wait until its pixels and faces are there."""
    loupe.show_photo(photo_id, face_id)
    qtbot.waitUntil(lambda: loupe.loaded and loupe.canvas.picture is not None)


def maps(value: float = 0.5) -> ScoreMaps:
    return ScoreMaps(np.full((8, 8), value, np.float16), np.ones((8, 8), np.float16))


def click(loupe: LoupeView, qtbot: QtBot, x: float, y: float, *, double: bool = False) -> None:
    view = loupe.canvas.viewpoint.view
    assert view is not None
    at = QPointF(*view.to_screen(x, y)).toPoint()
    press = qtbot.mouseDClick if double else qtbot.mouseClick
    press(loupe.canvas, Qt.MouseButton.LeftButton, pos=at)


def test_it_says_what_to_do_while_empty(loupe: LoupeView) -> None:
    assert "Choose one in the grid" in loupe.notice


def test_a_photo_shows_with_its_faces_in_reading_order(loupe: LoupeView, qtbot: QtBot) -> None:
    shown(loupe, qtbot, 1, 12)

    assert [mark.id for mark in loupe.canvas.marks] == [13, 12, 11]
    assert loupe.face_id == 12
    assert loupe.notice == ""


def test_a_lone_face_is_selected_and_told(loupe: LoupeView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(loupe.face_selected) as told:
        loupe.show_photo(2)

    assert told.args == [21]


def test_a_click_selects_and_a_click_beside_clears(loupe: LoupeView, qtbot: QtBot) -> None:
    shown(loupe, qtbot, 1)
    with qtbot.waitSignal(loupe.face_selected) as told:
        click(loupe, qtbot, 400, 300)
    assert told.args == [12]
    with qtbot.waitSignal(loupe.selection_cleared):
        click(loupe, qtbot, 790, 590)
    assert loupe.face_id is None


def test_cycling_goes_through_the_faces(loupe: LoupeView, qtbot: QtBot) -> None:
    shown(loupe, qtbot, 1)
    told: list[int] = []
    loupe.face_selected.connect(told.append)
    for _ in range(4):
        loupe.cycle_faces(1)
    loupe.cycle_faces(-1)

    assert told == [13, 12, 11, 13, 11]


def test_z_and_a_double_click_zoom_to_the_face_and_back(loupe: LoupeView, qtbot: QtBot) -> None:
    shown(loupe, qtbot, 1, 12)
    canvas = loupe.canvas
    loupe.zoom_to_face()
    view, mark = canvas.viewpoint.view, canvas.selected_mark()
    assert view is not None
    assert mark is not None
    assert (view.x, view.y) == pytest.approx(
        (mark.zoom_area.center().x(), mark.zoom_area.center().y())
    )
    loupe.zoom_to_face()
    assert canvas.viewpoint.view is not None
    assert canvas.viewpoint.view.is_fitted

    click(loupe, qtbot, 200, 300, double=True)
    assert loupe.face_id == 13
    assert not canvas.viewpoint.view.is_fitted
    click(loupe, qtbot, 200, 300, double=True)
    assert canvas.viewpoint.view.is_fitted


def test_the_next_photo_is_zoomed_to_its_face_too(loupe: LoupeView, qtbot: QtBot) -> None:
    shown(loupe, qtbot, 1, 12)
    loupe.zoom_to_face()
    shown(loupe, qtbot, 2)
    qtbot.waitUntil(lambda: not loupe.canvas.viewpoint.view.is_fitted)  # type: ignore[union-attr]


def test_zooming_in_fetches_all_pixels_once(
    loupe: LoupeView, qtbot: QtBot, engine: Any, library: Any, session: Session
) -> None:
    library.add_photo(9, np.zeros((3000, 4000, 3), np.uint8))
    shown(loupe, qtbot, 9)
    qtbot.waitUntil(lambda: (9, 1280) in engine.asked)
    loupe.canvas.viewpoint.zoom_to(1.0)
    qtbot.waitUntil(lambda: loupe.canvas.picture.detail == 1)  # type: ignore[union-attr]
    view = loupe.canvas.viewpoint.view
    assert view is not None
    assert view.device_scale == 1
    loupe.canvas.viewpoint.zoom_to(2.0)
    still(qtbot, loupe, session)

    assert engine.asked.count((9, 0)) == 1


def test_a_prefetched_photo_shows_in_the_same_call(
    loupe: LoupeView, qtbot: QtBot, engine: Any, session: Session
) -> None:
    shown(loupe, qtbot, 1)
    loupe.set_neighbours([2, 3])
    qtbot.waitUntil(lambda: [photo for photo, _ in engine.asked] == [1, 2, 3])
    still(qtbot, loupe, session)

    loupe.show_photo(2)

    assert loupe.canvas.picture is not None


def test_the_last_photo_asked_for_is_the_one_shown(
    loupe: LoupeView, qtbot: QtBot, engine: Any, session: Session
) -> None:
    engine.holding = True
    for photo_id in (1, 2, 3, 2):
        loupe.show_photo(photo_id)
    while engine.held:
        engine.release()
        still(qtbot, loupe, session)
    qtbot.waitUntil(lambda: loupe.loaded)

    assert [mark.id for mark in loupe.canvas.marks] == [21]


def test_a_map_is_read_when_it_is_wanted_and_its_absence_is_said(
    loupe: LoupeView, qtbot: QtBot, library: Any, session: Session
) -> None:
    library.map_store[12] = maps()
    shown(loupe, qtbot, 1, 12)
    assert loupe.canvas.drawing.maps == {}
    loupe.set_overlay("quality")
    qtbot.waitUntil(lambda: [mark.id for mark in loupe.canvas.mapped()] == [12])
    assert loupe.scale_text.startswith("quality from 1 to 100")

    loupe.cycle_faces(1)
    assert loupe.face_id == 11
    assert "No map is stored" in loupe.scale_text
    assert session.settings["overlay"] == "quality"


def test_an_unscored_face_says_so_in_place_of_the_map(
    loupe: LoupeView, qtbot: QtBot, library: Any
) -> None:
    face = library.face_details[21]
    library.face_details[21] = replace(face, row=replace(face.row, score=None, scorer_hash=""))
    shown(loupe, qtbot, 2)
    loupe.set_overlay("confidence")
    qtbot.waitUntil(lambda: "not scored yet" in loupe.scale_text)


def test_a_missing_file_says_where_it_was_and_shows_its_thumbnail_dimmed(
    loupe: LoupeView, qtbot: QtBot, library: Any, session: Session
) -> None:
    detail = library.details[1]
    library.details[1] = replace(detail, row=replace(detail.row, missing=True))
    library.images.pop(1)
    loupe.show_photo(1)
    qtbot.waitUntil(lambda: "The file is gone" in loupe.notice)

    assert "/photos/1.jpg" in loupe.notice.replace("\u200b", "")
    still(qtbot, loupe, session)
    assert "The file is gone" in loupe.notice


def test_a_file_that_went_just_now_says_the_same(
    loupe: LoupeView, qtbot: QtBot, engine: Any
) -> None:
    engine.failing[1] = PhotoError("The file is no longer there.", code="photo.gone")
    loupe.show_photo(1)

    qtbot.waitUntil(lambda: "It was last at /photos/1.jpg" in loupe.notice.replace("\u200b", ""))


def test_a_file_that_failed_says_why(
    loupe: LoupeView, qtbot: QtBot, library: Any, engine: Any
) -> None:
    engine.failing[3] = PhotoError("Nothing to decode.", code="photo.empty")
    detail = library.details[3]
    row = replace(detail.row, status=PhotoStatus.FAILED, width=0, height=0)
    library.details[3] = replace(detail, row=row, failure_message="The file is empty.")
    library.images.pop(3)
    loupe.show_photo(3)

    qtbot.waitUntil(lambda: "The file is empty." in loupe.notice)


def test_a_photo_the_worker_cannot_render_says_why(
    loupe: LoupeView, qtbot: QtBot, engine: Any
) -> None:
    engine.failing[3] = PhotoError(
        "The file is cut off.", remedy="Copy it again.", code="photo.truncated"
    )
    loupe.show_photo(3)

    qtbot.waitUntil(lambda: "The file is cut off. Copy it again." in loupe.notice)
    shown(loupe, qtbot, 1)
    qtbot.waitUntil(lambda: loupe.notice == "")


def test_a_photo_that_left_the_library_says_so(loupe: LoupeView, qtbot: QtBot) -> None:
    loupe.show_photo(404)

    qtbot.waitUntil(lambda: "no longer in the library" in loupe.notice)


def test_a_new_score_shows_without_asking(
    loupe: LoupeView, qtbot: QtBot, library: Any, face_mesh: Callable[..., Any]
) -> None:
    shown(loupe, qtbot, 2)
    library.add_face(21, 2, face_mesh(400, 300, 60), 0.25)
    for listener in library.listeners:
        listener(Changes.of(Kind.SCORE, 21))

    qtbot.waitUntil(lambda: [mark.score for mark in loupe.canvas.marks] == [0.25])


def test_arrows_step_while_fitted_and_pan_while_zoomed(loupe: LoupeView, qtbot: QtBot) -> None:
    shown(loupe, qtbot, 1)
    with qtbot.waitSignal(loupe.next_requested):
        loupe.do(Verb.RIGHT)
    with qtbot.waitSignal(loupe.previous_requested):
        loupe.do(Verb.LEFT)
    loupe.canvas.viewpoint.zoom_to(4.0)
    before = loupe.canvas.viewpoint.view
    with qtbot.assertNotEmitted(loupe.next_requested):
        loupe.do(Verb.RIGHT)
    assert loupe.canvas.viewpoint.view != before
    with qtbot.waitSignal(loupe.previous_requested):
        loupe.do(Verb.LEFT, Step.EXTEND)


def test_other_ways_on_and_back_are_told(loupe: LoupeView, qtbot: QtBot) -> None:
    shown(loupe, qtbot, 1)
    for verb, signal in (
        (Verb.NEXT, loupe.next_requested),
        (Verb.PAGE_DOWN, loupe.next_requested),
        (Verb.PREVIOUS, loupe.previous_requested),
        (Verb.PAGE_UP, loupe.previous_requested),
        (Verb.FIRST, loupe.first_requested),
        (Verb.LAST, loupe.last_requested),
        (Verb.BACK, loupe.closed),
    ):
        with qtbot.waitSignal(signal):
            assert loupe.do(verb)
    assert not loupe.do(Verb.TOGGLE)


def test_zooming_by_steps_follows_no_face_any_more(loupe: LoupeView, qtbot: QtBot) -> None:
    shown(loupe, qtbot, 1)
    view = loupe.canvas.viewpoint
    assert view.view is not None
    fitted = view.view.scale
    loupe.zoom(inwards=True)
    assert view.view.scale == pytest.approx(1.5 * fitted)
    loupe.zoom(inwards=False)
    assert view.view.scale == pytest.approx(fitted)
    loupe.do(Verb.OPEN)
    assert view.view.device_scale == pytest.approx(1.0)
    loupe.do(Verb.OPEN)
    assert view.view.is_fitted


def test_the_crop_is_fetched_only_when_shown(
    loupe: LoupeView, qtbot: QtBot, engine: Any, session: Session
) -> None:
    shown(loupe, qtbot, 2)
    still(qtbot, loupe, session)
    assert ("crop", 21) not in engine.asked
    loupe.set_crop_shown(True)
    qtbot.waitUntil(lambda: ("crop", 21) in engine.asked)
    assert session.settings["crop-inset"] is True


def test_choices_are_remembered(loupe: LoupeView, session: Session, qtbot: QtBot) -> None:
    loupe.set_boxes(False)
    loupe.set_landmarks(True)
    loupe.set_overlay_opacity(0.3)
    loupe.set_overlay("confidence")

    again = LoupeView(session)
    qtbot.addWidget(again)

    drawing = again.canvas.drawing
    assert (drawing.boxes, drawing.landmarks, drawing.opacity) == (False, True, 0.3)
    assert again.overlay == "confidence"
    again.close_down()


def test_a_long_name_gives_way_in_its_middle_and_is_told_whole(qtbot: QtBot) -> None:
    name = "2024-07-14 " + "a summer at the lake " * 6 + "IMG_0004_COVER.jpg"
    bar = LoupeBar()
    qtbot.addWidget(bar)
    bar.set_title(name, "3 faces")
    bar.resize(1100, 44)
    bar.show()
    title = bar.findChild(ElidedLabel)
    begin, dots, end = title.shown_text().partition("…")
    assert dots
    assert name.startswith(begin)
    assert name.endswith(end)
    assert end
    assert name in title.toolTip()
    assert bar.width() == 1100, "the controls keep their place"
