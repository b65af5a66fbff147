"""The aligned crops of known faces, the same pixels whoever asks for them.

Each face's crop is made from the photo at the strongest reduction that still gives it 512 pixels
a side. That reduction depends on the file and on this face's landmarks alone, so the crop is the
same when the photo is indexed, when one of its faces is scored again, and when all are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_studio.domain import alignment
from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.domain.hashing import whole_hash
from fiqa_studio.vision import align
from fiqa_studio.vision.decode import DecodedImage, OpenPhoto, open_photo
from fiqa_studio.vision.source import SourceFile, read_source
from fiqa_studio.vision.timing import timed


@dataclass(frozen=True, slots=True)
class Crop:
    """An aligned face.

    Attributes:
        rgb: ``(512, 512, 3)`` uint8.
        landmarks: ``(478, 2)`` float32 in the crop's pixels.
    """

    rgb: npt.NDArray[np.uint8]
    landmarks: npt.NDArray[np.float32]


def load_crops(
    path: bytes, landmarks: Sequence[npt.NDArray[np.float32]], content_hash: str = ""
) -> list[Crop]:
    """Make the crops of some faces of a photo from the file.

    Args:
        path: The file.
        landmarks: One mesh a face, ``(478, 2)``, upright full-resolution pixels.
        content_hash: Where given, the file's content must still be this one.

    Raises:
        PhotoError: ``photo.changed``, or the photo cannot be decoded.
    """
    source = read_source(path)
    if content_hash and not _is_still(source, content_hash):
        raise PhotoError(
            "The file has changed since it was indexed.",
            remedy="Index its folder again.",
            code="photo.changed",
        )
    return make_crops(open_photo(source.data, path), landmarks)


def _is_still(source: SourceFile, content_hash: str) -> bool:
    """Whether the picture is the one that was indexed, perhaps by an older version's hash."""
    return content_hash in (source.content_hash, source.file_hash) or (
        whole_hash(source.data) == content_hash
    )


def make_crops(
    photo: OpenPhoto,
    landmarks: Sequence[npt.NDArray[np.float32]],
    decoded: dict[int, DecodedImage] | None = None,
    *,
    timings: dict[str, float] | None = None,
) -> list[Crop]:
    """The crops of some faces of an open photo.

    Args:
        photo: The photo.
        landmarks: One mesh a face, ``(478, 2)``, upright full-resolution pixels.
        decoded: Reductions that are at hand already, whole.
        timings: Seconds are added under ``decode`` and ``crops``.
    """
    images = dict(decoded or {})
    reductions = [crop_reduction(photo, points) for points in landmarks]
    spent: dict[str, float] = {} if timings is None else timings
    crops = []
    for points, reduction in zip(landmarks, reductions, strict=True):
        if reduction not in images:
            same = [p for p, r in zip(landmarks, reductions, strict=True) if r == reduction]
            rows = max(_stored_rows(photo, p, reduction) for p in same)
            with timed(spent, "decode"):
                images[reduction] = photo.decode(reduction, rows)
        with timed(spent, "crops"):
            crops.append(_crop(images[reduction], points))
    return crops


def crop_png(crop: Crop) -> bytes:
    """A crop as a PNG file."""
    _, encoded = cv2.imencode(".png", cv2.cvtColor(crop.rgb, cv2.COLOR_RGB2BGR))
    return encoded.tobytes()


def crop_reduction(photo: OpenPhoto, landmarks: npt.NDArray[np.float32]) -> int:
    """The strongest reduction of the photo that still gives this face's crop 512 pixels."""
    side = alignment.CROP_EYE_DISTANCES * alignment.eye_distance(landmarks)
    return photo.reduction_for(alignment.CROP_SIDE / side if side > 0 else 1.0)


def _stored_rows(photo: OpenPhoto, landmarks: npt.NDArray[np.float32], reduction: int) -> int:
    """How many of the stored picture's rows, from its first, this face's crop can see."""
    matrix = alignment.crop_transform(*alignment.eye_centres(landmarks))
    across = align.crop_corners(matrix)[:, 0 if photo.orientation >= 5 else 1]
    # Beyond the photo's border the crop is a mirror image of what lies as far within.
    last = max(float(across.max()), -float(across.min()))
    # What `align.warp` looks at beyond the crop, and a little more.
    margin = max(4 / math.hypot(matrix[0, 0], matrix[0, 1]), 4 * reduction) + 4 * reduction
    return max(math.ceil(last + margin), 1)


def _crop(image: DecodedImage, landmarks: npt.NDArray[np.float32]) -> Crop:
    full = np.asarray(landmarks, np.float64)
    matrix = alignment.crop_transform(*alignment.eye_centres(full))
    # Full-resolution pixels = decoded pixels / scale + offset.
    from_decoded = matrix.copy()
    from_decoded[:, 2] += matrix[:, :2] @ np.array(image.offset)
    from_decoded[:, :2] /= image.scale
    return Crop(align.warp(image.rgb, from_decoded), align.transform_points(matrix, full))
