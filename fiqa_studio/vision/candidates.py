"""What the detector sees in tiles: places that may be faces, not yet believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.geometry import Box
from fiqa_studio.vision.graphs import Detector
from fiqa_studio.vision.tiles import Tile

Points = npt.NDArray[np.float64]

_SAME_DETECTION = 0.3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A detection in the pixels of the image that was tiled.

    Attributes:
        score: Of the detector, in [0, 1].
        box: The detector's square, wider than the face.
        keypoints: ``(6, 2)``, as `fiqa_studio.vision.graphs.RawDetection` has them.
    """

    score: float
    box: Box
    keypoints: Points

    def scaled(self, factor: float, shift: tuple[float, float] = (0.0, 0.0)) -> Candidate:
        """The same in an image that is so many times as large, its corner moved."""
        box = self.box
        return Candidate(
            self.score,
            Box(
                box.x * factor + shift[0],
                box.y * factor + shift[1],
                box.width * factor,
                box.height * factor,
            ),
            self.keypoints * factor + np.array(shift),
        )


def detect(detector: Detector, tiles: Sequence[Tile]) -> list[list[Candidate]]:
    """The candidates in each tile, in the pixels of the tiled image."""
    found = []
    for tile, detections in zip(tiles, detector.run([t.pixels for t in tiles]), strict=True):
        corner = np.array([tile.x, tile.y])
        candidates = []
        for detection in detections:
            x, y = detection.box[:2] * tile.side + corner
            width, height = detection.box[2:] * tile.side
            candidates.append(
                Candidate(
                    detection.score,
                    Box(float(x), float(y), float(width), float(height)),
                    detection.keypoints * tile.side + corner,
                )
            )
        found.append(candidates)
    return found


def merge(candidates: list[Candidate]) -> list[Candidate]:
    """Non-maximum suppression over tiles and levels; the surest view of each face stays.

    A small box inside a large one is kept for now: which of the two is a face, the mesh decides.
    """
    ordered = sorted(candidates, key=lambda c: (-c.score, c.box.x, c.box.y, c.box.width))
    kept: list[Candidate] = []
    for candidate in ordered:
        if all(candidate.box.iou(other.box) < _SAME_DETECTION for other in kept):
            kept.append(candidate)
    return kept
