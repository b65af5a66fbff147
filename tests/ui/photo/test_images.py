from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.ui.photo import images
from fiqa_studio.ui.photo.images import PhotoImages, full_side, picture_from, preview_side


@pytest.fixture
def pictures(engine: Any, qtbot: QtBot) -> Iterator[PhotoImages]:
    made = PhotoImages(engine)
    yield made
    made.close()


def test_the_newest_wish_waits_for_at_most_one_older(
    pictures: PhotoImages, engine: Any, qtbot: QtBot
) -> None:
    engine.holding = True
    pictures.show(1, 1280)
    pictures.show(2, 1280)
    pictures.show(3, 1280)
    assert engine.asked == [(1, 1280), (2, 1280)]

    with qtbot.waitSignal(pictures.arrived):
        engine.release()

    assert engine.asked[-1] == (3, 1280)


def test_what_nobody_wants_any_more_is_not_asked_for(
    pictures: PhotoImages, engine: Any, qtbot: QtBot
) -> None:
    engine.holding = True
    for photo_id in (1, 2, 3, 1, 2, 3):
        pictures.show(photo_id, 1280)
    while engine.held:
        with qtbot.waitSignal(pictures.arrived):
            engine.release()

    assert [photo for photo, _ in engine.asked] == [1, 2, 3]


def test_neighbours_come_after_the_photo_one_by_one(
    pictures: PhotoImages, engine: Any, qtbot: QtBot
) -> None:
    engine.holding = True
    pictures.show(1, 1280, (2, 3))
    assert engine.asked == [(1, 1280)]
    for count in (2, 3):
        with qtbot.waitSignal(pictures.arrived):
            engine.release()
        assert len(engine.asked) == count
    with qtbot.waitSignal(pictures.arrived):
        engine.release()

    assert pictures.show(3, 1280) is not None
    assert len(engine.asked) == 3


def test_a_small_preview_is_fetched_anew_for_a_larger_window(
    pictures: PhotoImages, engine: Any, qtbot: QtBot, library: Any
) -> None:
    library.add_photo(4, np.zeros((2000, 3000, 3), np.uint8))
    with qtbot.waitSignal(pictures.arrived):
        pictures.show(4, 1280)
    with qtbot.waitSignal(pictures.arrived):
        assert pictures.show(4, 1920) is not None
    with qtbot.waitSignal(pictures.arrived):
        pictures.want_full(4, (3000, 2000))
    pictures.show(4, 3840)

    assert engine.asked == [(4, 1280), (4, 1920), (4, 0)]


def test_a_photo_smaller_than_its_preview_is_never_fetched_twice(
    pictures: PhotoImages, engine: Any, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(pictures.arrived):
        pictures.show(1, 1280)
    pictures.show(1, 3840)

    assert engine.asked == [(1, 1280)]


def test_a_failure_is_told_and_the_rest_goes_on(
    pictures: PhotoImages, engine: Any, qtbot: QtBot
) -> None:
    engine.failing[1] = PhotoError("The file is empty.", code="photo.empty")
    failed: list[tuple[int, object]] = []
    pictures.failed.connect(lambda photo, error: failed.append((photo, error)))

    with qtbot.waitSignal(pictures.arrived) as arrived:
        pictures.show(1, 1280, (2,))

    assert failed == [(1, engine.failing[1])]
    assert arrived.args is not None
    assert arrived.args[0] == 2


def test_memory_is_bounded(
    pictures: PhotoImages, engine: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = picture_from(engine.render_photo(1, 1280).result(), 1280).bytes
    monkeypatch.setattr(images, "CACHE_BYTES", 2 * one)
    for photo_id in (1, 2, 3):
        with qtbot.waitSignal(pictures.arrived):
            pictures.show(photo_id, 1280)

    assert pictures.held(1) is None
    assert pictures.held(2) is not None
    assert pictures.held(3) is not None


def test_nothing_arrives_after_closing(pictures: PhotoImages, engine: Any, qtbot: QtBot) -> None:
    engine.holding = True
    pictures.show(1, 1280)
    pictures.close()
    with qtbot.assertNotEmitted(pictures.arrived, wait=50):
        engine.release()


def test_sizes_asked_for() -> None:
    assert preview_side(800) == 1280
    assert preview_side(1281) == 1920
    assert preview_side(9000) == 3840
    assert full_side((6000, 4000)) == 0
    large = full_side((20_000, 10_000))
    assert large * large / 2 == pytest.approx(images.MAX_FULL_PIXELS, rel=0.01)


def test_the_level_fits_the_zoom(engine: Any, library: Any) -> None:
    library.add_photo(5, np.zeros((2400, 4000, 3), np.uint8))
    picture = picture_from(engine.render_photo(5, 0).result(), 0)

    assert [level.width() for level in picture.levels] == [2000, 4000]
    assert picture.level_for(0.3).width() == 2000
    assert picture.level_for(0.5).width() == 2000
    assert picture.level_for(0.51).width() == 4000
    assert picture.level_for(7).width() == 4000
