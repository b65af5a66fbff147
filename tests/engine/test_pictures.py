"""The window's thread neither reads the library nor waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.photos import FaceId, PhotoId
from fiqa_studio.engine.link.errors import cancelled
from fiqa_studio.engine.link.protocol import Event, Rendered, RenderPhoto
from fiqa_studio.engine.pictures import Pictures

PATIENCE = 60.0


class SlowLibrary:
    """Answers when the test lets it, and notes on which thread it was asked."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.threads: set[str] = set()
        self.photos = self.faces = self

    def paths(self, ids: Iterable[int]) -> dict[int, bytes]:
        self.threads.add(threading.current_thread().name)
        assert self.go.wait(PATIENCE)
        return {key: b"/%d.jpg" % key for key in ids if key < 100}

    def detail(self, _face_id: int) -> None:
        self.threads.add(threading.current_thread().name)


class Client:
    """Renders at once, unless it is told to keep requests open."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.open: dict[int, Future[Event]] = {}
        self.busy = False

    def submit(self, command: Any) -> tuple[int, Future[Event]]:
        assert isinstance(command, RenderPhoto)
        future: Future[Event] = Future()
        self.asked.append(command.path)
        number = len(self.asked)
        self.open[number] = future
        if not self.busy:
            future.set_result(
                Rendered(
                    request_id=0, width=1, height=1, full_width=1, full_height=1, rgb=command.path
                )
            )
        return number, future

    def cancel(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            if not self.open[number].done():
                self.open[number].set_exception(cancelled())


@pytest.fixture
def parts() -> Iterator[tuple[Pictures, SlowLibrary, Client]]:
    library, client = SlowLibrary(), Client()
    pictures = Pictures(library, client)  # type: ignore[arg-type]  # stand-ins that can be slow
    yield pictures, library, client
    library.go.set()
    pictures.close()


def test_asking_returns_before_the_library_has_answered(
    parts: tuple[Pictures, SlowLibrary, Client],
) -> None:
    pictures, library, _ = parts
    wish = pictures.photo(PhotoId(1), 100)
    assert not wish.done()
    library.go.set()
    assert wish.result(PATIENCE).rgb == b"/1.jpg"
    assert library.threads == {"pictures"}


def test_the_newest_wish_goes_first_and_those_out_of_sight_are_dropped(
    parts: tuple[Pictures, SlowLibrary, Client],
) -> None:
    pictures, library, client = parts
    first = pictures.photo(PhotoId(1), 100)
    while not library.threads:
        pass  # the first is being looked up
    wishes = [pictures.photo(PhotoId(number), 100) for number in range(2, 12)]
    library.go.set()
    assert wishes[-1].result(PATIENCE).rgb == b"/11.jpg"
    dropped = [wish for wish in wishes if wish.exception(PATIENCE) is not None]
    assert dropped == wishes[:2], "eight are kept"
    assert first.done()
    assert client.asked[1] == b"/11.jpg"


def test_what_has_left_the_library_is_said_by_the_future(
    parts: tuple[Pictures, SlowLibrary, Client],
) -> None:
    pictures, library, _ = parts
    library.go.set()
    for wish, code in (
        (pictures.photo(PhotoId(1000), 100), "photo.unknown"),
        (pictures.crop(FaceId(1)), "face.unknown"),
    ):
        with pytest.raises(KnownError) as gone:
            wish.result(PATIENCE)
        assert gone.value.code == code


def test_after_the_end_nothing_waits_for_ever(
    parts: tuple[Pictures, SlowLibrary, Client],
) -> None:
    pictures, library, _ = parts
    pictures.photo(PhotoId(1), 100)
    while not library.threads:
        pass
    waiting = pictures.photo(PhotoId(2), 100)
    pictures.close()
    for wish in (waiting, pictures.photo(PhotoId(3), 100)):
        with pytest.raises(KnownError):
            wish.result(PATIENCE)
