from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.alignment import applied, crop_transform, eye_centres, inverted
from fiqa_studio.domain.scores import ScoreMaps
from fiqa_studio.ui import theme
from fiqa_studio.ui.photo.canvas import Canvas
from fiqa_studio.ui.photo.colormaps import MapKind
from fiqa_studio.ui.photo.drawing import Drawing
from fiqa_studio.ui.photo.face_marks import FaceMaps, FaceMark, mark_of, reading_order
from fiqa_studio.ui.photo.images import Picture

Mesh = npt.NDArray[np.float32]
Meshes = Callable[..., Mesh]


@pytest.fixture
def canvas(qtbot: QtBot) -> Canvas:
    theme.manager.apply("dark")
    made = Canvas()
    made.viewpoint.animated = False
    qtbot.addWidget(made)
    made.resize(800, 600)
    made.show()
    qtbot.waitExposed(made)
    image = QImage(800, 600, QImage.Format.Format_RGB32)
    image.fill(QColor(90, 90, 90))
    made.set_picture(Picture((1600, 1200), (image,), 800))
    return made


@pytest.fixture
def marks(library: Any) -> list[FaceMark]:
    """Three faces from left to right: 13, 12, 11."""
    return reading_order([mark_of(face) for face in library.face_details.values()][:3])


def point(canvas: Canvas, x: float, y: float) -> QPoint:
    assert canvas.viewpoint.view is not None
    return QPointF(*canvas.viewpoint.view.to_screen(x, y)).toPoint()


def wheel(canvas: Canvas, at: QPointF, steps: int) -> None:
    event = QWheelEvent(
        at,
        QPointF(canvas.mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def test_the_wheel_zooms_about_the_cursor(canvas: Canvas) -> None:
    viewpoint = canvas.viewpoint
    assert viewpoint.view is not None
    cursor = QPointF(310, 220)
    under = viewpoint.view.to_photo(cursor.x(), cursor.y())

    for _ in range(6):
        wheel(canvas, cursor, 1)

    assert viewpoint.view.scale == pytest.approx(0.5 * 2**1.5)
    assert viewpoint.view.to_screen(*under) == pytest.approx((310, 220), abs=1e-6)


def test_an_animated_zoom_arrives_where_a_plain_one_does_and_a_press_stops_it(
    canvas: Canvas, qtbot: QtBot
) -> None:
    viewpoint = canvas.viewpoint
    viewpoint.animated = True
    wheel(canvas, QPointF(310, 220), 2)
    wheel(canvas, QPointF(310, 220), 2)
    target = viewpoint.target
    assert target is not None
    assert target.scale == pytest.approx(1.0)
    with qtbot.waitSignal(viewpoint.settled):
        pass
    assert viewpoint.view == target

    wheel(canvas, QPointF(310, 220), 4)
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    assert viewpoint.target == viewpoint.view
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))


def test_a_drag_pans_and_selects_nothing(
    canvas: Canvas, qtbot: QtBot, marks: list[FaceMark]
) -> None:
    canvas.set_marks(marks)
    canvas.viewpoint.zoom_to(2.0)
    start = canvas.viewpoint.view
    clicked: list[int] = []
    canvas.face_clicked.connect(clicked.append)

    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(400, 300))
    for step in range(1, 6):
        qtbot.mouseMove(canvas, QPoint(400 + 20 * step, 300 + 10 * step))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(500, 350))

    view = canvas.viewpoint.view
    assert start is not None
    assert view is not None
    assert (start.x - view.x, start.y - view.y) == pytest.approx((50, 25))
    assert clicked == []


def test_a_click_tells_the_face_under_it_and_the_smaller_of_two(
    canvas: Canvas, qtbot: QtBot, marks: list[FaceMark]
) -> None:
    large = replace(marks[0], id=99, box=marks[0].box.adjusted(-80, -80, 80, 80))
    canvas.set_marks([large, *marks])
    clicked: list[int] = []
    canvas.face_clicked.connect(clicked.append)

    middle = marks[0].box.center()
    for x, y in ((middle.x(), middle.y()), (large.box.left() + 5, middle.y()), (1500, 1100)):
        qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=point(canvas, x, y))

    assert clicked == [marks[0].id, 99, 0]


def test_steps_pan_while_zoomed_and_do_nothing_while_fitted(canvas: Canvas) -> None:
    assert not canvas.pan_step(-1, 0)
    canvas.viewpoint.zoom_to(2.0)
    before = canvas.viewpoint.view
    assert canvas.pan_step(-1, 0)

    assert before is not None
    assert canvas.viewpoint.view is not None
    assert canvas.viewpoint.view.x > before.x


def test_the_hand_is_used_by_a_drag_and_selects_nothing(
    canvas: Canvas, qtbot: QtBot, marks: list[FaceMark]
) -> None:
    canvas.set_marks(marks)
    clicked: list[int] = []
    canvas.face_clicked.connect(clicked.append)
    canvas.hold_hand(on=True)
    assert not canvas.hold_hand(on=False), "nothing was dragged"

    canvas.viewpoint.zoom_to(2.0)
    canvas.hold_hand(on=True)
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(400, 300))
    qtbot.mouseMove(canvas, QPoint(420, 300))
    qtbot.mouseMove(canvas, QPoint(440, 300))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(440, 300))
    assert canvas.hold_hand(on=False)
    assert clicked == []


def hot_maps(at: tuple[float, float], side: int = 64) -> ScoreMaps:
    """Quality 0 but for a spot of 1 at this point of the crop."""
    rows, columns = (np.mgrid[0:side, 0:side] + 0.5) * 512 / side
    spot = np.exp(-((columns - at[0]) ** 2 + (rows - at[1]) ** 2) / (2 * 16**2))
    return ScoreMaps(spot.astype(np.float16), np.ones((side, side), np.float16))


@pytest.mark.parametrize("degrees", [0, 37, 90, 180, 250])
@pytest.mark.parametrize("scale", [0.5, 1.5])
def test_a_hot_spot_of_the_map_lands_on_its_pixel_of_the_photo(
    canvas: Canvas, library: Any, face_mesh: Meshes, degrees: float, scale: float
) -> None:
    mesh = face_mesh(820, 610, 70, degrees)
    face = library.add_face(77, 1, mesh, 0.5)
    hot = (172.0, 340.0)  # the middle of a cell
    expected = applied(inverted(crop_transform(*eye_centres(mesh))), np.array(hot))
    mark = mark_of(face)
    canvas.set_marks([mark])
    canvas.set_selected(77)
    canvas.drawing = Drawing(
        boxes=False, overlay=MapKind.QUALITY, opacity=1.0, maps={77: FaceMaps(hot_maps(hot))}
    )
    canvas.viewpoint.zoom_to(scale)
    canvas.viewpoint.look_at(*expected.tolist())

    shot = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    pixels = np.frombuffer(shot.constBits(), np.uint8).reshape(shot.height(), -1)
    rgb = pixels[:, : 3 * shot.width()].reshape(shot.height(), shot.width(), 3).astype(float)
    heat = np.clip(rgb[..., 1] - rgb[..., 2], 0, None)  # greener than blue: the scale's upper half
    rows, columns = np.indices(heat.shape)
    centre = ((columns + 0.5) * heat).sum() / heat.sum(), ((rows + 0.5) * heat).sum() / heat.sum()

    assert canvas.viewpoint.view is not None
    on_screen = canvas.viewpoint.view.to_screen(*expected.tolist())
    assert centre == pytest.approx(on_screen, abs=1.0)
    found = canvas.value_at(QPointF(*on_screen))
    assert found == (MapKind.QUALITY, pytest.approx(1.0, abs=0.02))


def test_a_map_is_not_drawn_outside_the_photo(
    canvas: Canvas, library: Any, face_mesh: Meshes
) -> None:
    face = library.add_face(77, 1, face_mesh(20, 600, 100), 0.5)
    maps = ScoreMaps(np.ones((8, 8), np.float16), np.ones((8, 8), np.float16))
    canvas.set_picture(Picture((400, 1200), canvas.picture.levels if canvas.picture else (), 800))
    canvas.set_marks([mark_of(face)])
    canvas.drawing = Drawing(
        boxes=False, overlay=MapKind.QUALITY, opacity=1.0, maps={77: FaceMaps(maps)}
    )

    shot = canvas.grab(QRect(0, 0, 290, 600)).toImage()

    ground = QColor(theme.manager.palette.canvas)
    assert {shot.pixelColor(x, 300).name() for x in range(0, 290, 10)} == {ground.name()}
    assert canvas.value_at(QPointF(250, 300)) is None


def test_a_face_without_landmarks_has_a_box_and_no_map(
    canvas: Canvas, library: Any, face_mesh: Meshes
) -> None:
    face = library.add_face(77, 1, face_mesh(800, 600, 60), 0.5)
    for landmarks in (np.zeros((0, 2), np.float32), np.full((478, 2), np.nan, np.float32)):
        mark = mark_of(replace(face, landmarks=landmarks))
        canvas.set_marks([mark])
        canvas.drawing = Drawing(
            landmarks=True, overlay=MapKind.QUALITY, maps={77: FaceMaps(hot_maps((256, 256)))}
        )
        canvas.grab()
        assert mark.crop_to_photo is None
        assert canvas.mapped() == []
        assert mark.zoom_area.contains(mark.box)


def test_reading_order_goes_by_rows(library: Any, face_mesh: Meshes) -> None:
    places = [(500, 420), (100, 100), (300, 95), (200, 400), (520, 110)]
    marks = [
        mark_of(library.add_face(100 + n, 1, face_mesh(x, y, 30), 0.5))
        for n, (x, y) in enumerate(places)
    ]

    assert [mark.id for mark in reading_order(marks)] == [101, 102, 104, 103, 100]
    assert reading_order([]) == []
