"""Thumbnails for a grid: decoded off the window's thread, kept within a bound.

`want` replaces what was wanted before, so whatever scrolled away before its turn is never
decoded. Images are scaled to the exact size on the pool, since a smooth scale of sixty cells
in a paint would cost more than a frame.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from PySide6.QtCore import QBuffer, QByteArray, QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader, QPixmap

from fiqa_studio.domain.query import Subject
from fiqa_studio.ui.session.background import Background

Fetch = Callable[[Sequence[int]], dict[int, bytes]]

_CACHE_BYTES = 96 * 1024 * 1024
_BATCH = 8
"""Few enough that making pixmaps of one batch never holds up a frame."""
_THREADS = 1
"""A second one would mostly take turns with the window's thread."""


class Thumbnails(QObject):
    """The pixmaps of one grid.

    Signals:
        arrived: Ids (list of int) whose pixmap is here, or is known not to exist.
    """

    arrived = Signal(list)

    def __init__(self, report: Callable[[Exception], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._report = report
        # Apart from the session's pool: a burst of decoding must not delay a query.
        self._background = Background("fiqa-thumbnails", _THREADS, self)
        self._fetch: Fetch | None = None
        self._side = 0
        self._ratio = 1.0
        self._era = 0
        self._wanted: list[int] = []
        self._kept: frozenset[int] = frozenset()
        self._in_hand: set[int] = set()
        self._absent: set[int] = set()
        self._cache: OrderedDict[int, tuple[QPixmap, int]] = OrderedDict()
        self._bytes = 0
        self._kind: Subject | None = None

    def set_source(self, kind: Subject, fetch: Fetch) -> None:
        """Take images from here; another kind of id forgets all images."""
        self._fetch = fetch
        if kind is not self._kind:
            self._kind = kind
            self.clear()

    def set_size(self, side: int, ratio: float) -> None:
        """The square that images must fit, in device-independent pixels."""
        if (side, ratio) != (self._side, self._ratio):
            self._side, self._ratio = side, ratio
            self._era += 1
            self._in_hand.clear()

    def get(self, key: int) -> QPixmap | None:
        """The image of an id, perhaps still in a former size; None while it is not here."""
        entry = self._cache.get(key)
        return entry[0] if entry else None

    def is_absent(self, key: int) -> bool:
        """Whether there is no image to wait for."""
        return key in self._absent

    def want(self, keys: Sequence[int]) -> None:
        """Load these, in this order, instead of whatever was wanted before."""
        for key in keys:
            if key in self._cache:
                self._cache.move_to_end(key)
        self._kept = frozenset(keys)
        self._wanted = [key for key in keys if not self._has(key)]
        self._pump()

    def forget(self, keys: frozenset[int]) -> None:
        """Load these anew the next time they are wanted."""
        for key in keys:
            self._absent.discard(key)
            self._in_hand.discard(key)
            if (entry := self._cache.pop(key, None)) is not None:
                self._bytes -= _size_of(entry[0])

    def clear(self) -> None:
        """Forget everything."""
        self._era += 1
        self._wanted.clear()
        self._in_hand.clear()
        self._absent.clear()
        self._cache.clear()
        self._bytes = 0

    def close(self) -> None:
        """Load nothing more and wait for what is running."""
        self._wanted.clear()
        self._background.close()

    def _has(self, key: int) -> bool:
        if key in self._in_hand or key in self._absent:
            return True
        entry = self._cache.get(key)
        return entry is not None and entry[1] == self._era

    def _pump(self) -> None:
        fetch, side, era = self._fetch, round(self._side * self._ratio), self._era
        if fetch is None or side <= 0:
            return
        while self._wanted and len(self._in_hand) < _BATCH * _THREADS:
            batch, self._wanted = self._wanted[:_BATCH], self._wanted[_BATCH:]
            self._in_hand.update(batch)
            self._background.run(
                lambda batch=batch: _load(fetch, batch, side),  # type: ignore[misc]  # bound now
                lambda images, batch=batch: self._take(era, batch, images),  # type: ignore[misc]
                failed=lambda error, batch=batch: self._lose(era, batch, error),  # type: ignore[misc]
            )

    def _take(self, era: int, batch: list[int], images: dict[int, QImage]) -> None:
        if era != self._era:
            return
        for key in batch:
            self._in_hand.discard(key)
            image = images.get(key)
            if image is None:
                self._absent.add(key)
                continue
            pixmap = QPixmap.fromImage(image)
            pixmap.setDevicePixelRatio(self._ratio)
            if (old := self._cache.pop(key, None)) is not None:
                self._bytes -= _size_of(old[0])
            self._cache[key] = (pixmap, era)
            self._bytes += _size_of(pixmap)
        while self._bytes > _CACHE_BYTES and next(iter(self._cache)) not in self._kept:
            _, (pixmap, _) = self._cache.popitem(last=False)
            self._bytes -= _size_of(pixmap)
        self.arrived.emit(batch)
        self._pump()

    def _lose(self, era: int, batch: list[int], error: Exception) -> None:
        if era == self._era:
            self._in_hand.difference_update(batch)
            self._absent.update(batch)
            self._report(error)


def _load(fetch: Fetch, batch: Sequence[int], side: int) -> dict[int, QImage]:
    images = {key: decode(data, side) for key, data in fetch(batch).items()}
    return {key: image for key, image in images.items() if not image.isNull()}


def decode(data: bytes, side: int) -> QImage:
    """An encoded image within a square of ``side`` pixels; null where it is damaged."""
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    reader = QImageReader(buffer)
    size = reader.size()
    if not size.isValid():
        return QImage()
    fitted = size.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio)
    if fitted.width() < size.width():
        # Lets the JPEG decoder skip detail that the smooth scale would average away.
        reader.setScaledSize(fitted)
    image = reader.read()
    if image.isNull():
        return image
    image = image.scaled(
        fitted,
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
    return image.convertToFormat(QImage.Format.Format_RGB32)


def _size_of(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4
