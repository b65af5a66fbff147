"""Faces and photos as records with stable names: what JSON and CSV are made of.

Names and meaning of the fields of a face:

=============== ================================================================================
path            the file, as valid text; bytes that are not UTF-8 are the replacement character
path_bytes      the file's exact name in hexadecimal, where ``path`` is not exact; else empty
x, y            top left corner of the face's box, in upright pixels of the photo
width, height   size of the box, in pixels
score           perceptual quality in [0, 1]; empty where the active scorer has not seen the face
spread          standard deviation of the score over patches, in [0, 1]
interval        calibrated range of the score: ``low``, ``high`` and ``coverage`` (JSON only);
                empty where the scorer has none or is gone
scorer          name of the scorer
scorer_hash     which version of it: network, weights and preprocessing
flags           ``upscaled``, ``padded``, ``profile``, ``eyes-closed``; sorted
eye_distance    between the eye centres, in pixels
yaw, pitch,     head rotation in degrees: to the image's right, up, clockwise
roll
eyes_open       0 closed, 1 wide open
taken_at        the camera's local time, ISO 8601; empty where unknown
missing         whether the file was gone at the last scan
photo_id,       numbers in this library
face_id
stars, flag,    what people said of the photo; ``tags`` are sorted
colour, tags
quality         what a person said of the face, in [0, 1]; of a photo, the lowest of its faces'
=============== ================================================================================
"""

from __future__ import annotations

from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.photos import FaceRow, PhotoRow

Value = str | int | float | bool | None | list[str] | dict[str, float]
Record = dict[str, Value]
Range = tuple[float, float, float]
"""Low and high end of a score's range, in [0, 1], and the share of labels that lie within."""


def exact_name(path: bytes) -> str:
    """The bytes in hexadecimal where the text of a path is not exact; else empty."""
    return "" if _is_exact(path) else path.hex()


def _is_exact(path: bytes) -> bool:
    """Whether a path survives being shown as text."""
    return display_path(path).encode() == path


def face_record(row: FaceRow, path: bytes, interval: Range | None = None) -> Record:
    """A face for JSON; see the module's table. The box is an object of its own here."""
    return {
        "path": row.path,
        "path_bytes": exact_name(path) or None,
        "box": {
            "x": _round(row.box.x),
            "y": _round(row.box.y),
            "width": _round(row.box.width),
            "height": _round(row.box.height),
        },
        "score": row.score,
        "spread": row.spread,
        "interval": None
        if interval is None
        else dict(zip(("low", "high", "coverage"), interval, strict=True)),
        "scorer": row.scorer or None,
        "scorer_hash": row.scorer_hash or None,
        "flags": [str(flag) for flag in sorted(row.flags)],
        "eye_distance": _round(row.eye_distance),
        "pose": {
            "yaw": _round(row.pose.yaw),
            "pitch": _round(row.pose.pitch),
            "roll": _round(row.pose.roll),
        },
        "eyes_open": round(row.eyes_open, 3),
        "taken_at": row.taken_at.isoformat() if row.taken_at else None,
        "missing": row.missing,
        "photo_id": row.photo_id,
        "face_id": row.id,
        **_marks(row),
    }


def photo_record(row: PhotoRow, path: bytes) -> Record:
    """A photo for JSON. ``score`` is that of its best face; ``reason`` says why there is none."""
    return {
        "path": row.path,
        "path_bytes": exact_name(path) or None,
        "score": row.best_score,
        "faces": row.face_count,
        "status": str(row.status),
        "reason": row.reason or None,
        "missing": row.missing,
        "width": row.width,
        "height": row.height,
        "format": row.format or None,
        "size": row.size,
        "content_hash": row.content_hash or None,
        "camera": row.camera or None,
        "taken_at": row.taken_at.isoformat() if row.taken_at else None,
        "photo_id": row.id,
        **_marks(row),
    }


def failure_record(path: bytes, code: str, message: str) -> Record:
    """A file or folder that could not be used, for JSON."""
    return {
        "path": display_path(path),
        "path_bytes": exact_name(path) or None,
        "code": code,
        "reason": message,
    }


def _marks(row: FaceRow | PhotoRow) -> Record:
    """What people said: of the photo, and the quality of the face (of a photo's worst one)."""
    marks = row.marks
    return {
        "stars": marks.stars,
        "flag": str(marks.flag) or None,
        "colour": str(marks.colour) or None,
        "tags": sorted(marks.tags),
        "quality": row.quality,
    }


def _round(pixels: float) -> float:
    """Hundredths of a pixel or degree: finer than anything that was measured."""
    return round(pixels, 2)
