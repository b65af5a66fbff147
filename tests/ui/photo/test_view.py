from __future__ import annotations

import pytest

from fiqa_studio.ui.photo.view import MAX_SCALE, View

PHOTO, AREA = (6000.0, 4000.0), (1200.0, 900.0)


def fitted(ratio: float = 1.0) -> View:
    return View.fitted(PHOTO, AREA, ratio)


def test_a_fitted_photo_is_whole_and_in_the_middle() -> None:
    view = fitted()

    assert view.scale == pytest.approx(0.2)
    assert view.to_screen(3000, 2000) == (600, 450)
    assert view.visible() == (0, 0, 6000, 4000)


def test_a_tiny_photo_is_not_blown_up_without_end() -> None:
    assert View.fitted((20, 20), AREA).scale == 4
    assert View.fitted((20, 20), AREA, 2.0).device_scale == 4


@pytest.mark.parametrize("cursor", [(600, 450), (300, 200), (1000, 700)])
@pytest.mark.parametrize("factor", [1.2, 3.0, 11.0])
def test_zooming_keeps_what_is_under_the_cursor(cursor: tuple[float, float], factor: float) -> None:
    start = fitted().zoomed(0.6, (600, 450))
    under = start.to_photo(*cursor)

    zoomed = start.zoomed(start.scale * factor, cursor)

    assert zoomed.to_screen(*under) == pytest.approx(cursor, abs=1e-6)


@pytest.mark.parametrize("t", [0.1, 0.5, 0.9, 1.0])
def test_the_point_under_the_cursor_rests_during_the_whole_move(t: float) -> None:
    cursor = (700, 500)
    start = fitted().zoomed(0.7)
    target = start.zoomed(2.1, cursor)
    under = start.to_photo(*cursor)

    assert start.towards(target, t).to_screen(*under) == pytest.approx(cursor, abs=1e-6)


def test_a_move_without_zoom_is_even() -> None:
    start = fitted().zoomed(1.0)
    target = start.moved(-200, 0)

    assert start.towards(target, 0.5).x == pytest.approx((start.x + target.x) / 2)


def test_no_gap_opens_beside_the_photo() -> None:
    view = fitted().zoomed(1.0).moved(10_000, 10_000)

    assert view.to_screen(0, 0) == (0, 0)
    left, top, *_ = view.visible()
    assert (left, top) == (0, 0)


def test_zoom_has_ends() -> None:
    assert fitted().zoomed(1000).scale == MAX_SCALE
    assert fitted().zoomed(1e-9).is_fitted


def test_a_hundred_per_cent_is_device_pixels() -> None:
    view = fitted(2.0)

    assert view.zoomed(0.5).device_scale == 1


def test_a_fitted_photo_stays_fitted_in_another_window_and_a_zoomed_one_stays_put() -> None:
    assert fitted().resized((500, 900), 1.0).is_fitted
    zoomed = fitted().zoomed(1.0)
    smaller = zoomed.resized((500, 400), 1.0)
    assert (smaller.x, smaller.y, smaller.scale) == (zoomed.x, zoomed.y, 1.0)
