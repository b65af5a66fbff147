"""Loading thumbnails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.query import Subject
from fiqa_studio.ui.browser import thumbnails as module
from fiqa_studio.ui.browser.thumbnails import Thumbnails, decode
from tests.ui.conftest import jpeg


class Store:
    """Answers with pictures, and notes who asked for what."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, keys: Sequence[int]) -> dict[int, bytes]:
        self.gate.wait(10)
        self.asked += keys
        return {key: jpeg(key) for key in keys if key < 1000}


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def thumbnails(qapp: object, store: Store) -> Iterator[Thumbnails]:
    loader = Thumbnails(_raise)
    loader.set_source(Subject.FACES, store)
    loader.set_size(48, 1.0)
    yield loader
    store.gate.set()
    loader.close()


def _raise(error: Exception) -> None:
    raise error


def _all_here(loader: Thumbnails, keys: Sequence[int]) -> Callable[[], bool]:
    return lambda: all(loader.get(key) is not None for key in keys)


def test_images_arrive_at_the_size_they_are_drawn(qtbot: QtBot, thumbnails: Thumbnails) -> None:
    thumbnails.want(range(20))
    qtbot.waitUntil(_all_here(thumbnails, range(20)))
    image = thumbnails.get(3)
    assert image is not None
    assert image.width() == 48


def test_known_images_are_not_asked_for_again(
    qtbot: QtBot, thumbnails: Thumbnails, store: Store
) -> None:
    thumbnails.want(range(10))
    qtbot.waitUntil(_all_here(thumbnails, range(10)))
    thumbnails.want(range(12))
    qtbot.waitUntil(_all_here(thumbnails, range(12)))
    assert sorted(store.asked) == list(range(12))


def test_what_scrolled_away_is_never_loaded(
    qtbot: QtBot, thumbnails: Thumbnails, store: Store
) -> None:
    store.gate.clear()
    thumbnails.want(range(500))
    thumbnails.want(range(900, 910))
    store.gate.set()
    qtbot.waitUntil(_all_here(thumbnails, range(900, 910)))
    assert len(store.asked) < 40


def test_absent_images_are_not_asked_for_again(
    qtbot: QtBot, thumbnails: Thumbnails, store: Store
) -> None:
    thumbnails.want([2000])
    qtbot.waitUntil(lambda: thumbnails.is_absent(2000))
    thumbnails.want([2000])
    assert store.asked == [2000]
    thumbnails.forget(frozenset({2000}))
    thumbnails.want([2000])
    qtbot.waitUntil(lambda: store.asked == [2000, 2000])


def test_another_size_replaces_images_and_shows_the_old_meanwhile(
    qtbot: QtBot, thumbnails: Thumbnails
) -> None:
    thumbnails.want([1])
    qtbot.waitUntil(_all_here(thumbnails, [1]))
    thumbnails.set_size(32, 2.0)
    assert thumbnails.get(1) is not None
    thumbnails.want([1])
    qtbot.waitUntil(lambda: thumbnails.get(1).width() == 64)  # type: ignore[union-attr]


def test_memory_is_bounded(
    qtbot: QtBot, thumbnails: Thumbnails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CACHE_BYTES", 48 * 48 * 4 * 10)
    thumbnails.want(range(40))
    qtbot.waitUntil(_all_here(thumbnails, range(40)))  # what is in view stays, however large
    thumbnails.want(range(40, 45))
    qtbot.waitUntil(_all_here(thumbnails, range(40, 45)))
    assert sum(thumbnails.get(key) is not None for key in range(45)) <= 10


def test_a_failure_is_reported_once(qtbot: QtBot, qapp: object) -> None:
    errors: list[Exception] = []

    def fail(_: Sequence[int]) -> dict[int, bytes]:
        raise OSError("the disk is gone")

    loader = Thumbnails(errors.append)
    loader.set_source(Subject.FACES, fail)
    loader.set_size(48, 1.0)
    loader.want([1, 2, 3])
    qtbot.waitUntil(lambda: bool(errors))
    loader.want([1, 2, 3])
    loader.close()
    assert len(errors) == 1


def test_a_damaged_image_is_nothing(qapp: object) -> None:
    assert decode(b"not an image", 100).isNull()


def test_proportions_are_kept(qapp: object) -> None:
    image = decode(jpeg(10, 200, 100), 50)
    assert (image.width(), image.height()) == (50, 25)
    assert image.format() == QImage.Format.Format_RGB32
    assert QColor(image.pixel(25, 12)).saturation() > 50
