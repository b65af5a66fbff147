"""The aligned crop of one face, fetched when the eye has settled on it."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from typing import Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.photos import FaceId
from fiqa_studio.engine.link.protocol import Rendered
from fiqa_studio.ui.photo.images import image_from

_log = logging.getLogger(__name__)

_WAIT_MS = 140
"""Going quickly through faces asks for no crop on the way."""


class CropRenderer(Protocol):
    """The part of the engine that makes crops."""

    def render_crop(self, face_id: FaceId) -> Future[Rendered]:
        """The aligned 512 x 512 crop."""
        ...


class CropImages(QObject):
    """Fetches the crop of the face that is wanted now; keeps the last.

    Signals:
        arrived: face id, QImage of 512 x 512.
        failed: face id, exception.
    """

    arrived = Signal(int, object)
    failed = Signal(int, object)
    _answered = Signal(int, object)

    def __init__(self, renderer: CropRenderer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._renderer = renderer
        self._wanted = 0
        self._last: tuple[int, QImage] | None = None
        self._closed = False
        self._timer = QTimer(self, singleShot=True, interval=_WAIT_MS)
        self._timer.timeout.connect(self._ask)
        self._answered.connect(self._on_answered, Qt.ConnectionType.QueuedConnection)

    def want(self, face_id: int) -> QImage | None:
        """The crop if it is in memory; otherwise it is fetched shortly. 0 wants none."""
        self._wanted = face_id
        self._timer.stop()
        if face_id == 0 or self._closed:
            return None
        if self._last is not None and self._last[0] == face_id:
            return self._last[1]
        self._timer.start()
        return None

    def close(self) -> None:
        """Ask for nothing more."""
        self._closed = True
        self._timer.stop()
        self._last = None

    @Slot()
    def _ask(self) -> None:
        face_id = self._wanted
        try:
            future = self._renderer.render_crop(FaceId(face_id))
        except KnownError as error:  # it has left the library meanwhile
            self.failed.emit(face_id, error)
            return
        future.add_done_callback(lambda done: self._bring(face_id, done))

    def _bring(self, face_id: int, done: Future[Rendered]) -> None:
        """On the engine's thread."""
        outcome: object
        try:
            outcome = image_from(done.result())
        except BaseException as error:  # noqa: BLE001 - a cancel is one too; judged in the window
            outcome = error
        try:
            self._answered.emit(face_id, outcome)
        except RuntimeError:  # the window went away meanwhile
            _log.debug("a crop of face %s arrived after the loupe closed", face_id)

    @Slot(int, object)
    def _on_answered(self, face_id: int, outcome: object) -> None:
        if self._closed or face_id != self._wanted:
            return
        if isinstance(outcome, QImage):
            self._last = (face_id, outcome)
            self.arrived.emit(face_id, outcome)
        else:
            self.failed.emit(face_id, outcome)
