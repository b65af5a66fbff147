"""Why a face has its score, in one or two sentences that the numbers support. No Qt.

The quality map is read where the landmarks say the parts of the face are, each value weighted by
the confidence map, as the score itself weights its regions. Nothing is said that the map does not
show: a difference smaller than `EVEN_RANGE` is called even.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.alignment import (
    CROP_SIDE,
    applied,
    crop_transform,
    eye_centres,
)
from fiqa_studio.domain.photos import FaceFlag
from fiqa_studio.domain.scores import ScoreMaps, shown_score

EVEN_RANGE = 0.06
"""Regions closer than this (of 1) are not told apart in words."""
WIDE_SPREAD = 0.10
"""Above this the patches of a face disagree enough to say so."""
_REACH = 0.22
"""Standard deviation of a region's window, in distances between the eyes."""

# Points of the face mesh whose mean is the middle of a region. Left and right are those of the
# picture, which is what the user looks at.
_REGIONS: dict[str, tuple[int, ...]] = {
    "the left eye": (33, 133, 159, 145),
    "the right eye": (362, 263, 386, 374),
    "the nose": (1, 4, 5, 45, 275),
    "the mouth": (61, 291, 13, 14),
    "the forehead": (10, 151, 67, 297),
    "the chin": (152, 199, 175),
    "the left cheek": (50, 205, 123),
    "the right cheek": (280, 425, 352),
}

FLAG_WORDS: dict[FaceFlag, tuple[str, str]] = {
    FaceFlag.UPSCALED: (
        "Upscaled",
        "The face is smaller in the photo than the scorer's 512 pixels and was enlarged.",
    ),
    FaceFlag.PADDED: (
        "At the edge",
        "Part of the surroundings lies outside the photo and was filled in.",
    ),
    FaceFlag.PROFILE: (
        "Turned away",
        "The head is turned more than 45 degrees, so the alignment is approximate.",
    ),
    FaceFlag.EYES_CLOSED: ("Eyes closed", "The eyes look closed; the score does not judge that."),
}
"""What each flag is called, and what it means for the score."""

CONSTRUCT = "Perceptual quality: how good this face looks, not how recognisable it is."
"""What the score is about; said wherever a score is first shown."""


@dataclass(frozen=True, slots=True)
class RegionQuality:
    """One part of the face as the maps see it, both in [0, 1]."""

    name: str
    quality: float
    confidence: float


def regions(maps: ScoreMaps, landmarks: npt.NDArray[np.float32]) -> list[RegionQuality]:
    """The parts of a face, lowest quality first; empty without usable maps or landmarks."""
    quality = np.asarray(maps.quality, dtype=np.float32)
    confidence = np.asarray(maps.confidence, dtype=np.float32)
    if quality.size < 4 or landmarks.shape[0] <= 425:
        return []
    if confidence.shape != quality.shape:
        confidence = np.ones_like(quality)
    try:
        to_crop = crop_transform(*eye_centres(landmarks))
    except ValueError:
        return []
    height, width = quality.shape
    rows = (np.arange(height, dtype=np.float32)[:, None] + 0.5) * CROP_SIDE / height
    columns = (np.arange(width, dtype=np.float32)[None, :] + 0.5) * CROP_SIDE / width
    reach = _REACH * CROP_SIDE / 4
    usable = np.isfinite(quality) & np.isfinite(confidence)
    found = []
    for name, points in _REGIONS.items():
        x, y = applied(to_crop, landmarks[list(points)]).mean(axis=0)
        if not (0 <= x < CROP_SIDE and 0 <= y < CROP_SIDE):
            continue
        window = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * reach**2)) * usable
        trust = window * np.nan_to_num(confidence)
        if trust.sum() < 1e-6 or window.sum() < 1e-6:
            continue
        mean = float((trust * np.nan_to_num(quality)).sum() / trust.sum())
        sure = float(trust.sum() / window.sum())
        found.append(RegionQuality(name, mean, sure))
    return sorted(found, key=lambda region: region.quality)


def sentences(
    maps: ScoreMaps | None,
    landmarks: npt.NDArray[np.float32],
    spread: float | None = None,
) -> list[str]:
    """One or two sentences on where the score comes from; empty where nothing can be said."""
    said: list[str] = []
    parts = regions(maps, landmarks) if maps is not None else []
    if parts:
        worst, best = parts[0], parts[-1]
        if best.quality - worst.quality < EVEN_RANGE:
            said.append("Quality is even across the face.")
        else:
            said.append(
                f"The lowest quality is around {worst.name} ({shown_score(worst.quality)}), "
                f"the highest around {best.name} ({shown_score(best.quality)})."
            )
            typical = float(np.median([part.confidence for part in parts]))
            if worst.confidence < 0.6 * typical:
                said.append(f"The scorer trusts its view of {worst.name} less than the rest.")
    if spread is not None and spread > WIDE_SPREAD and len(said) < 2:
        points = round(99 * spread)
        said.append(f"Parts of the crop disagree by ± {points}: read the score with care.")
    return said


def standing(histogram: npt.NDArray[np.int64], score: float) -> float | None:
    """The share of the library's scored faces below ``score``, in [0, 1]; None without faces.

    ``histogram`` counts scores in equal bins over [0, 1]; within a bin they count as even.
    """
    total = int(histogram.sum())
    if total == 0:
        return None
    place = min(max(score, 0.0), 1.0) * len(histogram)
    whole = min(int(place), len(histogram) - 1)
    below = float(histogram[:whole].sum()) + float(histogram[whole]) * (place - whole)
    return min(below / total, 1.0)


def place_said(
    share: float, total: int, score: float, ends: tuple[float, float] | None = None
) -> str:
    """Where a score stands in the library: ``share`` of ``total`` faces are below it.

    ``ends`` are the library's lowest and highest score: the ends of a list are called so, since
    ``Better than 99 %`` is an odd thing to say of the best.
    """
    faces = f"the {total:,} scored faces in this library"
    if ends is not None and ends[0] < ends[1]:
        if score >= ends[1]:
            return f"The best of {faces}."
        if score <= ends[0]:
            return f"The lowest of {faces}."
    return f"Better than {min(max(round(100 * share), 1), 99)} % of {faces}."


def range_meaning(coverage: float, calibrated_on: str, spread: float | None) -> str:
    """What the range beside a score means, in plain words; lines end with a line break."""
    parts = Fraction(coverage).limit_denominator(20)
    often = f"{parts.numerator} of {parts.denominator}"
    if abs(float(parts) - coverage) > 1e-6:
        often = f"{100 * coverage:.3g} of 100"
    said = [
        f"For {often} pictures set aside from training, the label lay within this range.",
    ]
    if calibrated_on:
        said.append(f"Those pictures: {calibrated_on}.")
    if spread is not None:
        said.append(f"Apart from that, the patches of this face differ by ± {round(99 * spread)}.")
    return "\n".join(said)
