"""Puts the pixels of a photo on the canvas, or says why there are none."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import CancelledError

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QImage

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.photos import PhotoDetail
from fiqa_studio.ui.photo.canvas import Canvas
from fiqa_studio.ui.photo.images import PhotoImages, Picture, Renderer, preview_side
from fiqa_studio.ui.photo.notice import Notice, failure_words, missing_words

_SHARPEN_AFTER_MS = 90
"""A pause in zooming after which all the pixels are fetched."""
_THUMBNAIL = 1
"""Stands for "nothing was asked for" in a picture made of the thumbnail."""


class Stage(QObject):
    """Shows the best picture there is: from memory at once, else thumbnail, preview, all pixels.

    Attributes:
        notice: The card that stands in for a photo.

    Signals:
        changed: Whether the canvas shows another photo now (or the same one sharper).
        dimmed: The card came or went.
    """

    changed = Signal(bool)
    dimmed = Signal()

    def __init__(self, canvas: Canvas, renderer: Renderer) -> None:
        super().__init__(canvas)
        self.notice = Notice(canvas)
        self._canvas = canvas
        self._images = PhotoImages(renderer, self)
        self._photo_id = 0
        self._pictured = 0
        self._neighbours: tuple[int, ...] = ()
        self._detail: PhotoDetail | None = None
        self._left = False
        self._error: BaseException | None = None
        self._sharpen = QTimer(self, singleShot=True, interval=_SHARPEN_AFTER_MS)
        self._sharpen.timeout.connect(self._want_detail)
        self._images.arrived.connect(self._on_picture)
        self._images.failed.connect(self._on_failed)
        canvas.viewpoint.changed.connect(self._sharpen.start)
        canvas.installEventFilter(self)
        self._speak()

    def show(self, photo_id: int) -> None:
        """Show this photo; what is in memory is on the canvas when this returns."""
        self._photo_id = photo_id
        self._detail, self._left, self._error = None, False, None
        self._fetch()

    def tell(self, detail: PhotoDetail | None, thumbnail: QImage) -> None:
        """What the library knows of the photo; None where it has left the library."""
        self._detail, self._left = detail, detail is None
        if self._pictured != self._photo_id:
            self._put(None if detail is None else _placeholder(detail, thumbnail))
        self._speak()

    def set_neighbours(self, photo_ids: Sequence[int]) -> None:
        """The photos likely to be wanted next; they are fetched ahead."""
        self._neighbours = tuple(photo_ids)
        self._fetch()

    def forget(self) -> None:
        """The file of this photo changed: fetch it anew."""
        self._images.forget(self._photo_id)
        self._error = None
        self._fetch()

    def clear(self) -> None:
        """Show no photo."""
        self._photo_id = 0
        self._detail, self._left, self._error = None, False, None
        self._put(None)
        self._speak()

    def close(self) -> None:
        """Ask the engine for nothing more."""
        self._sharpen.stop()
        self._images.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The canvas has another size: the card stays in its middle, the preview may grow."""
        if event.type() is QEvent.Type.Resize:
            self.notice.place()
            self._sharpen.start()
        return super().eventFilter(watched, event)

    def _fetch(self) -> None:
        if self._photo_id == 0:
            return
        held = self._images.show(self._photo_id, self._side(), self._neighbours)
        if held is not None and (held is not self._canvas.picture or self._error is not None):
            self._on_picture(self._photo_id, held)

    def _side(self) -> int:
        longest = max(self._canvas.width(), self._canvas.height())
        return preview_side(longest * self._canvas.devicePixelRatioF())

    def _on_picture(self, photo_id: int, picture: Picture) -> None:
        if photo_id != self._photo_id:
            return
        shown = self._canvas.picture
        if self._pictured == photo_id and shown is not None and shown.detail > picture.detail:
            return
        self._error = None
        self._put(picture)
        self._speak()

    def _put(self, picture: Picture | None) -> None:
        """On the canvas; the view stays where it is if the photo is the same."""
        shown = self._canvas.picture
        another = (
            self._pictured != self._photo_id
            or shown is None
            or picture is None
            or shown.full_size != picture.full_size
        )
        self._pictured = self._photo_id
        self._canvas.set_picture(picture, same_photo=not another)
        self.changed.emit(another)

    def _on_failed(self, photo_id: int, error: BaseException) -> None:
        if photo_id == self._photo_id and not isinstance(error, CancelledError):
            self._error = error
            self._speak()

    def _speak(self) -> None:
        """Say why there is no photo, or nothing."""
        words = self._words()
        if words is None:
            self.notice.hide()
        else:
            self.notice.say(*words)
        if self._canvas.dimmed is not (words is not None):
            self._canvas.set_dimmed(words is not None)
            self.dimmed.emit()

    def _words(self) -> tuple[str, str, str] | None:
        if self._photo_id == 0:
            return "loupe", "No photo chosen", "Choose one in the grid and press E."
        if self._left:
            return "image-off", "This photo is no longer in the library", ""
        gone = isinstance(self._error, KnownError) and self._error.code == "photo.gone"
        known = missing_words(self._detail, gone=gone) if self._detail is not None else None
        if known is not None:
            return known
        shown = self._canvas.picture
        poor = shown is None or shown.requested_side == _THUMBNAIL
        if self._error is not None and (poor or self._pictured != self._photo_id):
            return "image-off", "This photo cannot be shown", failure_words(self._error)
        return None

    def _want_detail(self) -> None:
        """After a pause: are there pixels for what is on the screen?"""
        view, picture = self._canvas.viewpoint.view, self._canvas.picture
        if view is None or picture is None or not self._canvas.isVisible():
            return
        if self._pictured != self._photo_id:
            return
        if picture.requested_side == 0 or picture.detail >= 0.999 or self._error is not None:
            return
        if view.is_fitted:
            self._fetch()
        elif view.device_scale > picture.detail * 1.02:
            self._images.want_full(self._photo_id, picture.full_size)


def _placeholder(detail: PhotoDetail, thumbnail: QImage) -> Picture | None:
    row = detail.row
    if thumbnail.isNull() or row.width <= 0 or row.height <= 0:
        return None
    small = thumbnail.convertToFormat(QImage.Format.Format_RGB32)
    return Picture((row.width, row.height), (small,), _THUMBNAIL)
