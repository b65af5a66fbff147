"""From any of Pillow's pixel modes to pixels that `fiqa_studio.vision.colour` takes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from fiqa_studio.vision.colour.convert import Stored


def to_stored(image: Image.Image) -> Stored:
    """A loaded image as ``(H, W, 3)`` uint8, or ``(H, W, 4)`` for CMYK.

    Transparent pixels are laid on white.
    """
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _from_wide(np.asarray(image), sixteen=image.mode != "F")
    if image.mode == "CMYK":
        return np.array(image, np.uint8)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        image = Image.alpha_composite(white, rgba)
    return np.array(image.convert("RGB"), np.uint8)


def _from_wide(values: npt.NDArray[np.generic], *, sixteen: bool) -> Stored:
    wide = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(wide.min()), float(wide.max())
    if sixteen and low >= 0 and high <= 65535:
        wide = wide / 257 if high > 255 else wide
    elif not sixteen and low >= 0 and high <= 1:
        wide = wide * 255
    elif high > low:
        wide = (wide - low) * (255 / (high - low))
    grey = np.clip(np.rint(wide), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(grey[:, :, None], 3, axis=2))
