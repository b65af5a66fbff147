"""What the user wants drawn over the photo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fiqa_studio.domain.scores import shown_score
from fiqa_studio.ui.photo.colormaps import MapKind
from fiqa_studio.ui.photo.face_marks import FaceMaps


@dataclass
class Drawing:
    """What is drawn over the photo.

    Attributes:
        boxes: Boxes with badges.
        landmarks: The face mesh.
        overlay: Which map.
        opacity: Of the map, in [0, 1].
        stretched: Whether the colours span the map's own range instead of [0, 1].
        maps: By face.
    """

    boxes: bool = True
    landmarks: bool = False
    overlay: MapKind = MapKind.NONE
    opacity: float = 0.6
    stretched: bool = False
    maps: Mapping[int, FaceMaps] = field(default_factory=dict)


def said(kind: MapKind, value: float) -> str:
    """A value of a map as people read it."""
    if kind is MapKind.QUALITY:
        return f"Quality {shown_score(value)}"
    return f"Confidence {100 * value:.0f} %"
