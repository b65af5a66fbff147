"""Pictures of photos for the loupe: fetched from the render worker, newest wins, kept a while.

Everything here runs in the window's thread except `picture_from`, which turns raw pixels into
QImages on the thread that brings them.
"""

from __future__ import annotations

import logging
import math
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.photos import PhotoId
from fiqa_studio.engine.link.protocol import Rendered

_log = logging.getLogger(__name__)

PREVIEW_SIDES = (1280, 1920, 2560, 3840)
"""Previews come in these sizes, so that a slightly larger window does not fetch anew."""
MAX_FULL_PIXELS = 40_000_000
"""Photos beyond this are shown at most this large: 160 MB in the window's memory."""
CACHE_BYTES = 160 << 20
"""Previews kept; about twenty of 1920 pixels."""
_IN_HAND = 2
"""Requests given to the engine at a time: it answers in its own order, so that the newest wish
waits for at most one older picture."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo as pixels, upright.

    Attributes:
        full_size: Width and height of the photo itself.
        levels: The same picture in growing sizes, RGB32.
        requested_side: What was asked for; 0 for all the pixels there are (or memory allows).
    """

    full_size: tuple[int, int]
    levels: tuple[QImage, ...]
    requested_side: int

    @property
    def largest(self) -> QImage:
        """The picture with the most pixels."""
        return self.levels[-1]

    @property
    def detail(self) -> float:
        """Pixels of the largest level per pixel of the photo."""
        return max(self.largest.width(), 1) / max(self.full_size[0], 1)

    @property
    def bytes(self) -> int:
        """Memory of all levels."""
        return sum(level.sizeInBytes() for level in self.levels)

    def level_for(self, device_scale: float) -> QImage:
        """The smallest level that still has a pixel for each device pixel."""
        for level in self.levels:
            if level.width() >= self.full_size[0] * device_scale * 0.999:
                return level
        return self.largest


class Renderer(Protocol):
    """The part of the engine that the loupe asks for pixels."""

    def render_photo(self, photo_id: PhotoId, max_side: int) -> Future[Rendered]:
        """The upright photo, at most ``max_side`` pixels a side (0: all)."""
        ...


class _Request(NamedTuple):
    photo_id: int
    side: int


def image_from(rendered: Rendered) -> QImage:
    """The pixels of an answer as an RGB32 image of its own memory. Any thread."""
    raw = QImage(
        rendered.rgb,
        rendered.width,
        rendered.height,
        3 * rendered.width,
        QImage.Format.Format_RGB888,
    )
    return raw.convertToFormat(QImage.Format.Format_RGB32)


def picture_from(rendered: Rendered, requested_side: int) -> Picture:
    """An answer as a picture; a large one also at half its size, so that it shrinks cleanly."""
    image = image_from(rendered)
    levels: tuple[QImage, ...] = (image,)
    if max(image.width(), image.height()) > PREVIEW_SIDES[-1] // 2 and requested_side == 0:
        half = image.scaled(
            (image.width() + 1) // 2,
            (image.height() + 1) // 2,
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        levels = (half, image)
    return Picture((rendered.full_width, rendered.full_height), levels, requested_side)


def preview_side(device_pixels: float) -> int:
    """The size of preview for a widget this long on its longer side, in device pixels."""
    return next((side for side in PREVIEW_SIDES if side >= device_pixels), PREVIEW_SIDES[-1])


def full_side(size: tuple[int, int]) -> int:
    """What to ask for to see all of a photo's pixels: 0, or less than its side where too large."""
    pixels = size[0] * size[1]
    if pixels <= MAX_FULL_PIXELS:
        return 0
    return int(max(size) * math.sqrt(MAX_FULL_PIXELS / pixels))


class PhotoImages(QObject):
    """Fetches pictures, the most urgent first, and keeps the last ones.

    A new list of wishes replaces the old one, so only what is already in hand is waited for.
    Neighbours are fetched one at a time, when nothing else is to do.

    Signals:
        arrived: photo id, Picture.
        failed: photo id, exception.
    """

    arrived = Signal(int, object)
    failed = Signal(int, object)
    _answered = Signal(object, object)

    def __init__(self, renderer: Renderer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._renderer = renderer
        self._cache: OrderedDict[int, Picture] = OrderedDict()
        self._full: tuple[int, Picture] | None = None
        self._wanted: list[_Request] = []
        self._in_hand: set[_Request] = set()
        self._closed = False
        self._answered.connect(self._on_answered, Qt.ConnectionType.QueuedConnection)

    def show(self, photo_id: int, side: int, neighbours: Sequence[int] = ()) -> Picture | None:
        """The best picture in memory, if any; a preview of ``side`` is fetched where needed.

        Replaces all earlier wishes. ``neighbours`` are fetched afterwards, in their order.
        """
        best = self.held(photo_id)
        self._wanted = [
            _Request(wanted, side)
            for wanted in dict.fromkeys((photo_id, *neighbours))
            if not self._has(wanted, side)
        ]
        self._next()
        return best

    def want_full(self, photo_id: int, size: tuple[int, int]) -> None:
        """Fetch all the pixels of a photo, before its neighbours' previews."""
        if self._full is not None and self._full[0] == photo_id:
            return
        request = _Request(photo_id, full_side(size))
        self._wanted = [request, *(other for other in self._wanted if other != request)]
        self._next()

    def held(self, photo_id: int) -> Picture | None:
        """The best picture in memory."""
        if self._full is not None and self._full[0] == photo_id:
            return self._full[1]
        picture = self._cache.get(photo_id)
        if picture is not None:
            self._cache.move_to_end(photo_id)
        return picture

    def forget(self, photo_id: int) -> None:
        """Drop a photo's pictures, because its file changed."""
        self._cache.pop(photo_id, None)
        if self._full is not None and self._full[0] == photo_id:
            self._full = None

    def close(self) -> None:
        """Ask for nothing more and let go of everything."""
        self._closed = True
        self._wanted.clear()
        self._cache.clear()
        self._full = None

    def _has(self, photo_id: int, side: int) -> bool:
        if self._full is not None and self._full[0] == photo_id:
            return True
        picture = self._cache.get(photo_id)
        return picture is not None and (
            picture.requested_side >= side or max(picture.full_size) <= picture.requested_side
        )

    def _next(self) -> None:
        """Give the engine the most urgent wish, or a neighbour's where it has nothing to do."""
        if self._closed or not self._wanted:
            return
        waiting = [request for request in self._wanted if request not in self._in_hand]
        urgent = self._wanted[0]
        if urgent in waiting and len(self._in_hand) < _IN_HAND:
            self._ask(urgent)
        elif waiting and not self._in_hand:
            self._ask(waiting[0])

    def _ask(self, request: _Request) -> None:
        self._in_hand.add(request)
        try:
            future = self._renderer.render_photo(PhotoId(request.photo_id), request.side)
        except KnownError as error:  # it has left the library meanwhile
            self._answered.emit(request, error)
            return
        future.add_done_callback(lambda done: self._bring(request, done))

    def _bring(self, request: _Request, done: Future[Rendered]) -> None:
        """On the engine's thread: pixels become images, then the window's thread takes over."""
        outcome: Picture | BaseException
        try:
            outcome = picture_from(done.result(), request.side)
        except CancelledError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 - handed on, shown to the user in place
            outcome = error
        try:
            self._answered.emit(request, outcome)
        except RuntimeError:  # the window went away meanwhile
            _log.debug("a picture of photo %s arrived after the loupe closed", request.photo_id)

    @Slot(object, object)
    def _on_answered(self, request: _Request, outcome: Picture | BaseException) -> None:
        if self._closed:
            return
        self._in_hand.discard(request)
        wanted = request in self._wanted
        if wanted:
            self._wanted.remove(request)
        if isinstance(outcome, Picture):
            self._keep(request, outcome)
            self.arrived.emit(request.photo_id, outcome)
        elif wanted:
            self.failed.emit(request.photo_id, outcome)
        self._next()

    def _keep(self, request: _Request, picture: Picture) -> None:
        if request.side == 0 or request.side not in PREVIEW_SIDES:
            self._full = (request.photo_id, picture)
            return
        self._cache[request.photo_id] = picture
        self._cache.move_to_end(request.photo_id)
        total = sum(kept.bytes for kept in self._cache.values())
        while total > CACHE_BYTES and len(self._cache) > 1:
            _, dropped = self._cache.popitem(last=False)
            total -= dropped.bytes
