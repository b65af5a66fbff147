"""How a file says that its numbers are meant."""

from __future__ import annotations

from dataclasses import dataclass

UNSPECIFIED = 2
PQ, HLG = 16, 18
"""Transfer characteristics of ITU-T H.273 for a high dynamic range."""


@dataclass(frozen=True, slots=True)
class CodePoints:
    """Coding-independent code points of ITU-T H.273 (``nclx``, ``cICP``).

    Attributes:
        primaries: Which red, green, blue and white, such as 1 (BT.709), 9 (BT.2020), 12 (P3).
        transfer: Which curve, such as 13 (sRGB), 16 (PQ), 18 (HLG).
    """

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED

    @property
    def is_hdr(self) -> bool:
        """Whether the curve is one of a high dynamic range."""
        return self.transfer in (PQ, HLG)


@dataclass(frozen=True, slots=True)
class Meaning:
    """Everything a file says of its colours. Without anything it is sRGB.

    Where several are there, the first in this order counts: code points of a high dynamic range,
    the profile, other code points, gamma and chromaticities.

    Attributes:
        icc: A colour profile.
        code_points: Its code points.
        gamma: Exponent from light to number (PNG's ``gAMA``); 0 where not said.
        chromaticities: White, red, green, blue as x, y; empty where not said.
        adobe_rgb: The camera says by EXIF that it wrote Adobe RGB (DCF 2.0, "R03").
        measured_peak: Whether the brightest light of an HDR picture may be measured in its pixels,
            which must then always be the same ones.
    """

    icc: bytes = b""
    code_points: CodePoints | None = None
    gamma: float = 0.0
    chromaticities: tuple[float, ...] = ()
    adobe_rgb: bool = False
    measured_peak: bool = True
