"""Everything the index learns of one file: hash, EXIF, thumbnail, faces and their crops."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.photos import IndexedPhoto
from fiqa_studio.vision.crops import make_crops
from fiqa_studio.vision.decode import DecodedImage, OpenPhoto, open_photo
from fiqa_studio.vision.faces import FaceFinder
from fiqa_studio.vision.perceptual import perceptual_hash
from fiqa_studio.vision.shrink import fit_within
from fiqa_studio.vision.source import read_source
from fiqa_studio.vision.timing import timed

Rgb = npt.NDArray[np.uint8]

THUMBNAIL_SIDE = 512
FACE_THUMBNAIL_SIDE = 256
_THUMBNAIL_QUALITY = 85

_DETECTION_SIDE = 1280
"""Faces are looked for in the photo reduced as far as this allows, in pixels of its long side."""


@dataclass(frozen=True, slots=True)
class IndexResult:
    """What became of one file.

    Attributes:
        photo: What the library keeps.
        crops: One a face in the photo's order, ``(512, 512, 3)`` uint8, for the scorer.
        crop_landmarks: One a face, ``(478, 2)`` float32 in crop pixels.
        size: Of the file, in bytes.
        mtime_ns: Of the file, when it was read.
    """

    photo: IndexedPhoto
    crops: list[Rgb]
    crop_landmarks: list[npt.NDArray[np.float32]]
    size: int
    mtime_ns: int


def index_photo(
    path: bytes, finder: FaceFinder, *, timings: dict[str, float] | None = None
) -> IndexResult:
    """Read, hash and decode a photo, find its faces and make thumbnails and crops.

    Args:
        path: The file.
        finder: A warm face finder.
        timings: Seconds are added a part: ``read`` (with the hash), ``header`` (with EXIF),
            ``decode``, ``thumbnail``, ``detect``, ``mesh``, ``crops``.

    Raises:
        PhotoError: The file cannot be used; see `fiqa_studio.vision.decode.decode`.
    """
    spent: dict[str, float] = {} if timings is None else timings
    with timed(spent, "read"):
        source = read_source(path)
    with timed(spent, "header"):
        photo = open_photo(source.data, path)
    with timed(spent, "decode"):
        reduction = detection_reduction(photo)
        image = photo.decode(reduction)
    with timed(spent, "thumbnail"):
        thumbnail = _jpeg(fit_within(image.rgb, THUMBNAIL_SIDE))
    decoded = {reduction: image}

    def closer(scale: float) -> DecodedImage:
        larger = photo.reduction_for(scale)
        if larger not in decoded:
            decoded[larger] = photo.decode(larger)
        return decoded[larger]

    faces = finder.find(image, closer=closer, timings=spent)
    crops = make_crops(photo, [face.landmarks for face in faces], decoded, timings=spent)
    with timed(spent, "thumbnail"):
        face_thumbnails = tuple(_jpeg(fit_within(c.rgb, FACE_THUMBNAIL_SIDE)) for c in crops)
        face_hashes = tuple(perceptual_hash(crop.rgb) for crop in crops)
    return IndexResult(
        photo=IndexedPhoto(
            content_hash=source.content_hash,
            file_hash=source.file_hash,
            width=photo.width,
            height=photo.height,
            format=photo.format,
            exif=photo.exif,
            faces=faces,
            thumbnail=thumbnail,
            face_thumbnails=face_thumbnails,
            face_hashes=face_hashes,
            notes=tuple(dict.fromkeys(photo.notes)),
        ),
        crops=[crop.rgb for crop in crops],
        crop_landmarks=[crop.landmarks for crop in crops],
        size=source.size,
        mtime_ns=source.mtime_ns,
    )


def detection_reduction(photo: OpenPhoto) -> int:
    """The reduction at which faces are looked for: a function of the file alone."""
    return photo.reduction_for(min(_DETECTION_SIDE / max(photo.width, photo.height), 1.0))


def _jpeg(image: Rgb) -> bytes:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _THUMBNAIL_QUALITY])
    return encoded.tobytes()
