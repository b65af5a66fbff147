"""A photo that was opened, and the upright sRGB pixels that come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.photos import Exif
from fiqa_studio.vision.colour.convert import Stored, to_srgb
from fiqa_studio.vision.colour.meaning import Meaning
from fiqa_studio.vision.orientation import turned, upright_offset
from fiqa_studio.vision.quiet import quiet_stderr

Rgb = npt.NDArray[np.uint8]

_FIRST_ROW_FIRST = (1, 2, 5, 8)


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """Upright pixels, and where they lie in the full-resolution photo.

    Attributes:
        rgb: ``(H, W, 3)`` uint8, sRGB.
        full_width: Upright full-resolution width in pixels.
        full_height: Upright full-resolution height in pixels.
        scale: Pixels of ``rgb`` a full-resolution pixel, at most 1.
        offset: Full-resolution position of the top left corner of ``rgb``. Not quite (0, 0) where
            the stored picture's size is no multiple of the reduction and it was turned.
        format: As decoded, such as ``JPEG`` or ``NEF``.
        exif: What the camera wrote.
        notes: Sentences worth showing.
    """

    rgb: Rgb
    full_width: int
    full_height: int
    scale: float
    offset: tuple[float, float]
    format: str
    exif: Exif
    notes: tuple[str, ...]

    def shrunk_to(self, max_side: int) -> DecodedImage:
        """The same with at most so many pixels a side, by averaging; never enlarged."""
        height, width = self.rgb.shape[:2]
        if max(width, height) <= max_side:
            return self
        factor = max_side / max(width, height)
        size = (max(round(width * factor), 1), max(round(height * factor), 1))
        return DecodedImage(
            rgb=np.asarray(cv2.resize(self.rgb, size, interpolation=cv2.INTER_AREA), np.uint8),
            full_width=self.full_width,
            full_height=self.full_height,
            scale=self.scale * size[0] / width,
            offset=self.offset,
            format=self.format,
            exif=self.exif,
            notes=self.notes,
        )


@dataclass(slots=True)
class OpenPhoto:
    """A photo whose header was read; `decode` gives its pixels at one of `reductions`.

    ``load`` gives the stored picture (not turned, its colours as they are) shrunk by a reduction,
    and adds to ``notes``. Its second argument says how many full-size rows are needed, 0 for all;
    it may give more.
    """

    format: str
    stored_width: int
    stored_height: int
    exif: Exif
    load: Callable[[int, int], Stored]
    orientation: int = 1
    reductions: tuple[int, ...] = (1,)
    meaning: Meaning = field(default_factory=Meaning)
    grey: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Upright full-resolution width in pixels."""
        return self.stored_height if self.orientation >= 5 else self.stored_width

    @property
    def height(self) -> int:
        """Upright full-resolution height in pixels."""
        return self.stored_width if self.orientation >= 5 else self.stored_height

    def decode(self, reduction: int = 1, rows: int = 0) -> DecodedImage:
        """The upright pixels, shrunk by ``reduction`` (one of ``reductions``).

        Args:
            reduction: By which factor.
            rows: How many of the *stored* picture's rows are needed, in full-size pixels; 0 for
                all. Where it saves time the rest is left out; every pixel that is there has the
                same value and place as in the whole.

        Raises:
            PhotoError: The pixels cannot be decoded, or too few of them.
        """
        with quiet_stderr():
            # With its first row turned to the right or the bottom, a part would lie elsewhere.
            stored = self.load(reduction, rows if self.orientation in _FIRST_ROW_FIRST else 0)
        # The last row and column may be made of fewer source pixels; without them every pixel
        # stands for the same square, and the scale is exact.
        stored = stored[
            : max(self.stored_height // reduction, 1), : max(self.stored_width // reduction, 1)
        ]
        left_over = (
            max(self.stored_width - stored.shape[1] * reduction, 0),
            max(self.stored_height - stored.shape[0] * reduction, 0),
        )
        rgb = to_srgb(stored, self.meaning, self.notes, grey=self.grey)
        return DecodedImage(
            rgb=turned(rgb, self.orientation),
            full_width=self.width,
            full_height=self.height,
            scale=1 / reduction,
            offset=upright_offset(left_over, self.orientation),
            format=self.format,
            exif=self.exif,
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def reduction_for(self, needed_scale: float) -> int:
        """The strongest reduction that keeps at least ``needed_scale``, else the weakest."""
        fitting = [r for r in self.reductions if 1 / r >= needed_scale]
        return max(fitting) if fitting else min(self.reductions)
