"""Facts of a photo and a face as people read them. No Qt."""

from __future__ import annotations

from datetime import datetime

from fiqa_studio.domain.geometry import HeadPose
from fiqa_studio.domain.photos import Exif

_LEVEL_DEGREES = 4.0


def bytes_said(count: int) -> str:
    """A file's size: ``812 B``, ``46 kB``, ``3.2 MB``."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5 or unit == "GB":
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    raise AssertionError("the loop ends at GB")


def size_said(width: int, height: int) -> str:
    """Dimensions and megapixels."""
    return f"{width} × {height} px · {width * height / 1e6:.1f} MP"


def time_said(at: datetime | None) -> str:
    """A time of day as the camera's clock had it, or in the user's zone where it has one."""
    if at is None:
        return ""
    local = at.astimezone() if at.tzinfo is not None else at
    return f"{local.day} {local:%b %Y, %H:%M}"


def exposure_said(exif: Exif) -> str:
    """``1/250 s · f/2.8 · ISO 400 · 50 mm``, as far as known; lines break between the parts."""
    parts = []
    if exif.exposure_seconds is not None and exif.exposure_seconds > 0:
        seconds = exif.exposure_seconds
        parts.append(f"1/{1 / seconds:.0f} s" if seconds < 0.4 else f"{seconds:g} s")
    if exif.f_number is not None:
        parts.append(f"f/{exif.f_number:g}")
    if exif.iso is not None:
        parts.append(f"ISO {exif.iso}")
    if exif.focal_length_mm is not None:
        parts.append(f"{exif.focal_length_mm:g} mm")
    return " · ".join(part.replace(" ", "\u00a0") for part in parts)


def pose_said(pose: HeadPose) -> str:
    """Where the head is turned; directions are those of the picture."""
    parts = [
        f"{abs(degrees):.0f}° {positive if degrees > 0 else negative}"
        for degrees, positive, negative in (
            (pose.yaw, "to the right", "to the left"),
            (pose.pitch, "up", "down"),
        )
        if abs(degrees) >= _LEVEL_DEGREES
    ]
    turned = f"Turned {' and '.join(parts)}" if parts else "Towards the camera"
    if abs(pose.roll) >= _LEVEL_DEGREES:
        way = "clockwise" if pose.roll > 0 else "anticlockwise"
        turned += f", tilted {abs(pose.roll):.0f}° {way}"
    return turned


def eyes_said(openness: float) -> str:
    """How far the eyes are open."""
    word = "Closed" if openness < 0.2 else "Half open" if openness < 0.5 else "Open"
    return f"{word} ({100 * openness:.0f} %)"
