"""Camera raw files by the preview that the camera itself stored in them.

Developing the sensor's data would take seconds and gigabytes a photo, and show another picture
than the one the camera showed.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.domain.photos import Exif
from fiqa_studio.vision.exif import read_tiff


@dataclass(frozen=True, slots=True)
class Preview:
    """What a raw file shows of itself.

    Attributes:
        picture: A JPEG's bytes, or pixels ``(H, W, 3)``.
        exif: What the raw file itself says.
        flip: How LibRaw says that the sensor's picture is to be turned.
        sensor: Its width and height, not turned.
    """

    picture: bytes | npt.NDArray[np.uint8]
    exif: Exif
    flip: int
    sensor: tuple[int, int]


def embedded_preview(data: bytes, name: str) -> Preview:
    """The largest preview in a raw file.

    Raises:
        PhotoError: rawpy is absent, or the file is damaged or has no preview.
    """
    try:
        import rawpy  # noqa: PLC0415 - optional
    except ImportError as error:
        raise PhotoError(
            f"{name} files (camera raw) need the package rawpy.",
            remedy="Install it with: pip install rawpy",
            code="photo.unsupported",
        ) from error
    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            thumbnail = raw.extract_thumb()
            flip = int(raw.sizes.flip)
            sensor = (int(raw.sizes.width), int(raw.sizes.height))
            is_jpeg = thumbnail.format == rawpy.ThumbFormat.JPEG
            picture = bytes(thumbnail.data) if is_jpeg else np.array(thumbnail.data, np.uint8)
    except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError) as error:
        raise PhotoError(
            f"The {name} file holds no preview picture.",
            remedy="Export it as JPEG or TIFF.",
            code="photo.unsupported",
        ) from error
    except (rawpy.LibRawError, OSError, ValueError, TypeError, RuntimeError) as error:
        raise PhotoError(
            f"The {name} file is damaged or of a camera that is not known here.",
            code="photo.unreadable",
        ) from error
    is_tiff = data[:2] in (b"II", b"MM")
    return Preview(picture, read_tiff(data).exif if is_tiff else Exif(), flip, sensor)
