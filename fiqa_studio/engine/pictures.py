"""Pictures for the screen: photos and crops, rendered by a worker of their own.

Whoever asks is the window, whose thread must neither read the library nor wait: the library is
asked on a thread of this module, and the answer is a future.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.photos import FaceId, PhotoId
from fiqa_studio.engine.link.answers import pass_on
from fiqa_studio.engine.link.client import WorkerClient
from fiqa_studio.engine.link.errors import cancelled, closed
from fiqa_studio.engine.link.protocol import Command, RenderCrop, Rendered, RenderPhoto
from fiqa_studio.engine.link.wire import landmarks_to_wire
from fiqa_studio.store.library import Library

_WANTED = 8
"""Renderings that may wait; with one more the oldest is dropped: nobody looks at it any more."""


def _pending() -> Future[Rendered]:
    future: Future[Rendered] = Future()
    future.set_running_or_notify_cancel()
    return future


@dataclass(slots=True, eq=False)
class _Wish:
    command: Callable[[], Command]
    answer: Future[Rendered] = field(default_factory=_pending)
    number: int | None = None
    """Of the request, once the worker was asked."""


class Pictures:
    """Renders photos and crops; the newest wish goes first.

    Args:
        library: Tells where they are.
        client: A worker that serves the screen; closed by whoever made it.
    """

    def __init__(self, library: Library, client: WorkerClient):
        self._library = library
        self._client = client
        self._changed = threading.Condition()
        self._waiting: deque[_Wish] = deque()
        self._wishes: deque[_Wish] = deque()
        self._thread: threading.Thread | None = None
        self._closed = False

    def photo(self, photo_id: PhotoId, max_side: int) -> Future[Rendered]:
        """The upright photo, at most ``max_side`` pixels a side (0: full resolution).

        The future's errors are `KnownError`; ``cancelled`` where newer wishes displaced it.
        """

        def command() -> Command:
            return RenderPhoto(request_id=0, path=self._path_of(photo_id), max_side=max_side)

        return self._wish(command)

    def crop(self, face_id: FaceId) -> Future[Rendered]:
        """The aligned crop of a face, as the scorer sees it."""

        def command() -> Command:
            face = self._library.faces.detail(face_id)
            if face is None:
                raise KnownError("This face is no longer in the library.", code="face.unknown")
            path = self._path_of(face.row.photo_id)
            wire = landmarks_to_wire(face.landmarks)
            return RenderCrop(request_id=0, path=path, landmarks=wire)

        return self._wish(command)

    def close(self) -> None:
        """Take no more wishes; those that wait are cancelled."""
        with self._changed:
            self._closed = True
            waiting, self._waiting = self._waiting, deque()
            self._changed.notify_all()
        for wish in waiting:
            wish.answer.set_exception(cancelled())

    def _path_of(self, photo_id: PhotoId) -> bytes:
        path = self._library.photos.paths([photo_id]).get(photo_id)
        if path is None:
            raise KnownError("This photo is no longer in the library.", code="photo.unknown")
        return path

    def _wish(self, command: Callable[[], Command]) -> Future[Rendered]:
        wish = _Wish(command)
        late: list[_Wish] = []
        with self._changed:
            if self._closed:
                wish.answer.set_exception(closed())
                return wish.answer
            self._waiting.append(wish)
            self._wishes.append(wish)
            if len(self._wishes) > _WANTED:
                late.append(self._wishes.popleft())
            unasked = [one for one in late if one in self._waiting]
            for one in unasked:
                self._waiting.remove(one)
            if self._thread is None:
                # A daemon of our own: it only looks up paths, and must never keep the process.
                self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        for one in unasked:
            one.answer.set_exception(cancelled())
        self._client.cancel([one.number for one in late if one.number is not None])
        return wish.answer

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                wish = self._waiting.pop()
            try:
                number, future = self._client.submit(wish.command())
            except Exception as error:  # noqa: BLE001 - whoever holds the future gets it
                wish.answer.set_exception(error)
                continue
            with self._changed:
                wish.number = number
                displaced = wish not in self._wishes
            pass_on(future, wish.answer, Rendered)
            if displaced:
                self._client.cancel([number])
