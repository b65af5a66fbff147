"""Faces and maps made ready to be drawn: geometry as Qt values, colours as images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPolygonF, QTransform

from fiqa_studio.domain.alignment import (
    CROP_SIDE,
    Affine,
    applied,
    crop_transform,
    eye_centres,
    inverted,
)
from fiqa_studio.domain.photos import LANDMARK_COUNT, FaceDetail
from fiqa_studio.domain.scores import ScoreMaps
from fiqa_studio.ui.photo.colormaps import FloatMap, MapKind, coloured, enlarged

_SMALL_SIDE = 64
"""For faces of few pixels on the screen."""
_MAP_SIDE = 256
"""Maps are drawn from at least this many pixels; the network's own are often smaller."""


@dataclass(frozen=True, eq=False)
class FaceMark:
    """One face as the canvas draws it. Geometry in photo pixels.

    Attributes:
        id: Of the face.
        box: As detected.
        points: The landmarks; empty where the mesh is missing.
        to_crop: From photo to crop; None where the landmarks give no crop.
        crop_to_photo: Its inverse, for the painter.
        score: In [0, 1]; None while not scored.
        scorer_hash: Of the score; empty without one.
        flagged: Whether the inspector has something to say of it.
    """

    id: int
    box: QRectF
    points: QPolygonF
    to_crop: Affine | None
    crop_to_photo: QTransform | None
    score: float | None
    scorer_hash: str
    flagged: bool = False

    @property
    def crop_corners(self) -> QPolygonF:
        """The outline of the crop in the photo; empty where there is none."""
        if self.crop_to_photo is None:
            return QPolygonF()
        return self.crop_to_photo.map(QPolygonF(QRectF(0, 0, CROP_SIDE, CROP_SIDE)))

    @property
    def zoom_area(self) -> QRectF:
        """What "zoom to the face" shows: a little less than the crop, or around the box."""
        if self.crop_to_photo is None:
            grow_x, grow_y = self.box.width() * 0.4, self.box.height() * 0.4
            return self.box.adjusted(-grow_x, -grow_y, grow_x, grow_y)
        middle = self.crop_to_photo.map(QPointF(CROP_SIDE / 2, CROP_SIDE * 0.56))
        side = np.hypot(self.crop_to_photo.m11(), self.crop_to_photo.m12()) * CROP_SIDE * 0.86
        return QRectF(middle.x() - side / 2, middle.y() - side / 2, side, side)


def to_qtransform(matrix: Affine) -> QTransform:
    """A ``(2, 3)`` affine matrix as Qt's."""
    (a, b, x), (c, d, y) = matrix.tolist()
    return QTransform(a, c, b, d, x, y)


def mark_of(face: FaceDetail) -> FaceMark:
    """A face made ready to be drawn; bad or missing landmarks leave only the box."""
    landmarks = np.asarray(face.landmarks, dtype=np.float32)
    points, to_crop, back = QPolygonF(), None, None
    if landmarks.shape == (LANDMARK_COUNT, 2) and bool(np.isfinite(landmarks).all()):
        points = QPolygonF([QPointF(float(x), float(y)) for x, y in landmarks])
        try:
            to_crop = crop_transform(*eye_centres(landmarks))
        except ValueError:
            to_crop = None
        else:
            back = to_qtransform(inverted(to_crop))
    box = face.row.box
    return FaceMark(
        id=int(face.row.id),
        box=QRectF(box.x, box.y, box.width, box.height),
        points=points,
        to_crop=to_crop,
        crop_to_photo=back,
        score=face.row.score,
        scorer_hash=face.row.scorer_hash,
        flagged=bool(face.row.flags),
    )


def reading_order(marks: Sequence[FaceMark]) -> list[FaceMark]:
    """Rows from top to bottom, each from left to right, as Tab goes through a group photo."""
    if not marks:
        return []
    row_height = 0.7 * float(np.median([mark.box.height() for mark in marks]))
    rows: list[list[FaceMark]] = []
    for mark in sorted(marks, key=lambda mark: mark.box.center().y()):
        if rows and mark.box.center().y() - rows[-1][0].box.center().y() < row_height:
            rows[-1].append(mark)
        else:
            rows.append([mark])
    return [mark for row in rows for mark in sorted(row, key=lambda mark: mark.box.center().x())]


@dataclass(eq=False)
class FaceMaps:
    """The two maps of one face with their coloured images, made when first drawn.

    Attributes:
        maps: As the scorer gave them.
    """

    maps: ScoreMaps
    _images: dict[tuple[MapKind, bool, bool], QImage] = field(default_factory=dict)

    def values(self, kind: MapKind) -> npt.NDArray[np.float16]:
        """The map of one kind."""
        return self.maps.confidence if kind is MapKind.CONFIDENCE else self.maps.quality

    def has(self, kind: MapKind) -> bool:
        """Whether there is anything to draw."""
        return kind is not MapKind.NONE and min(self.values(kind).shape, default=0) > 0

    def span(self, kind: MapKind, *, stretched: bool) -> tuple[float, float]:
        """The values that take the ends of the colour scale."""
        if not stretched or not self.has(kind):
            return 0.0, 1.0
        values = self.values(kind).astype(np.float32)
        known = values[np.isfinite(values)]
        if known.size == 0:
            return 0.0, 1.0
        low, high = (float(v) for v in np.percentile(known, (1, 99)))
        return (low, high) if high - low > 1e-3 else (max(low - 0.01, 0.0), low + 0.01)

    def image(self, kind: MapKind, *, stretched: bool, small: bool = False) -> QImage:
        """The coloured map, covering the whole crop; ``small`` for faces of few pixels.

        The painter takes single pixels when it shrinks an image: a small one, averaged once,
        does not shimmer.
        """
        key = (kind, stretched, small)
        if small and key not in self._images:
            self._images[key] = self.image(kind, stretched=stretched).scaled(
                _SMALL_SIDE,
                _SMALL_SIDE,
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        if key not in self._images:
            values: FloatMap = enlarged(self.values(kind), _MAP_SIDE)
            rgba = coloured(values, kind, *self.span(kind, stretched=stretched))
            height, width = rgba.shape[:2]
            image = QImage(rgba.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
            # Premultiplied is what the painter blends fastest; this also copies numpy's memory.
            self._images[key] = image.convertToFormat(
                QImage.Format.Format_ARGB32_Premultiplied
            ).copy()
        return self._images[key]

    def prepare(self, kind: MapKind) -> None:
        """Make the images that will be drawn first, off the window's thread."""
        if self.has(kind):
            self.image(kind, stretched=False, small=True)

    def value_at(self, kind: MapKind, x: float, y: float) -> float | None:
        """The value at a point of the crop; None outside it."""
        values = self.values(kind)
        if not self.has(kind) or not (0 <= x < CROP_SIDE and 0 <= y < CROP_SIDE):
            return None
        height, width = values.shape
        value = float(values[int(y * height / CROP_SIDE), int(x * width / CROP_SIDE)])
        return value if np.isfinite(value) else None


def crop_point(mark: FaceMark, x: float, y: float) -> tuple[float, float] | None:
    """A point of the photo in a face's crop; None where the face has no crop."""
    if mark.to_crop is None:
        return None
    crop_x, crop_y = applied(mark.to_crop, np.array([x, y], dtype=np.float64)).tolist()
    return crop_x, crop_y
