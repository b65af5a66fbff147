"""Finding faces: tiles, detector, merging, mesh, and what the mesh says of each face."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_studio.domain import alignment
from fiqa_studio.domain.geometry import EYES_CLOSED_BELOW, Box
from fiqa_studio.domain.photos import FaceFlag, FoundFace
from fiqa_studio.vision import align
from fiqa_studio.vision.candidates import Candidate, detect, merge
from fiqa_studio.vision.crowds import LEAST_HINT, Closer, closer_look, is_worth_it
from fiqa_studio.vision.graphs import Detector, Mesher
from fiqa_studio.vision.memory import keep_memory
from fiqa_studio.vision.mesh import eyes_open, head_pose
from fiqa_studio.vision.photo import DecodedImage
from fiqa_studio.vision.tiles import Tile, tiles
from fiqa_studio.vision.timing import timed
from fiqa_studio.vision.verify import Verifier

Rgb = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]

LEAST_DETECTION = 0.55
"""Detector scores below this are not looked at again."""
LEAST_OF_FAINT = 0.4
MOST_FAINT = 2
"""In a photo without a face so many fainter ones of the whole in one tile are looked at, such as a
very bad face, or one that the frame cuts. They have a detector of their own: the model blends what
overlaps, and with faint detections blended in a box is a little worse."""
LARGE_SHARE = 0.15
MOST_TURNED = 2
"""Then so many large candidates are looked at upside down; in shares of the long side."""

LEAST_EYE_DISTANCE = 8.0
"""In full-resolution pixels: smaller faces have too little to judge."""

PROFILE_DEGREES = 45.0
PADDED_SHARE = 1 / 6
_SAME_FACE = 0.4
_ALREADY = 0.85
"""A candidate that covers a found face so far, or is covered by it, is that face again."""


class FaceFinder:
    """MediaPipe's detector and face mesh, started once and kept warm. For one thread.

    The same pixels give the same faces bit for bit, whatever was looked at before.
    """

    def __init__(self) -> None:
        # One process a core: OpenCV's own threads would only wait for each other.
        cv2.setNumThreads(1)
        keep_memory()
        self._detector = Detector(least_score=LEAST_DETECTION)
        self._faint = Detector(least_score=LEAST_HINT)
        self._mesher = Mesher()
        self._verifier = Verifier(self._detector, self._mesher)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the models."""
        self._detector.close()
        self._faint.close()
        self._mesher.close()

    def find(
        self,
        image: DecodedImage,
        *,
        closer: Closer | None = None,
        timings: dict[str, float] | None = None,
    ) -> tuple[FoundFace, ...]:
        """The faces of a decoded photo, largest first, in full-resolution pixels.

        Args:
            image: The photo at any scale.
            closer: Decodes it larger, where small faces are worth that.
            timings: Seconds are added under ``detect`` and ``mesh``.
        """
        spent: dict[str, float] = {} if timings is None else timings
        with timed(spent, "detect"):
            squares = tiles(image.rgb, image.scale)
            # Where small faces are looked for, faint detections say where.
            detector = self._faint if is_worth_it(image) else self._detector
            own = [c for found in detect(detector, squares) for c in found]
            known, first = merge(own), image
            close = closer_look(image, self._detector, known, closer)
            if close is not None:
                image, known = _together(image, known, *close)
        with timed(spent, "mesh"):
            known = [c for c in known if c.score >= LEAST_DETECTION]
            faces = self._refine(image, known)
            if not faces and squares:
                # The pyramid's last tile is the whole photo; it is in the first image's pixels.
                faces = self._faint_face(
                    first, squares[-1], [c for c in merge(own) if c.score >= LEAST_DETECTION]
                )
        return tuple(sorted(faces, key=lambda f: (-f.eye_distance, f.box.x, f.box.y)))

    def _refine(self, image: DecodedImage, candidates: list[Candidate]) -> list[FoundFace]:
        faces: list[FoundFace] = []
        kept: list[Box] = []
        for candidate in candidates:
            if any(_cover(candidate.box, other) > _ALREADY for other in kept):
                continue
            verified = self._verifier.mesh_of(image.rgb, candidate)
            if verified is None:
                continue
            seen, points = verified
            distance = alignment.eye_distance(points[:, :2])
            box = _bounds(points)
            if distance / image.scale < LEAST_EYE_DISTANCE or any(
                _cover(box, other) > _SAME_FACE for other in kept
            ):
                continue
            kept.append(box)
            faces.append(_face(image, seen, points))
        return faces

    def _faint_face(
        self, image: DecodedImage, whole: Tile, known: list[Candidate]
    ) -> list[FoundFace]:
        (faint,) = detect(self._faint, [whole])
        faint = merge([c for c in faint if c.score >= LEAST_OF_FAINT])
        return self._refine(image, faint[:MOST_FAINT]) or self._upside_down(image, known + faint)

    def _upside_down(self, image: DecodedImage, candidates: list[Candidate]) -> list[FoundFace]:
        large = LARGE_SHARE * max(image.rgb.shape[:2])
        for candidate in [c for c in candidates if c.box.width > large][:MOST_TURNED]:
            verified = self._verifier.upside_down(image.rgb, candidate)
            if verified is not None:
                seen, points = verified
                if alignment.eye_distance(points[:, :2]) / image.scale >= LEAST_EYE_DISTANCE:
                    return [_face(image, seen, points)]
        return []


def _together(
    image: DecodedImage, known: list[Candidate], larger: DecodedImage, found: list[Candidate]
) -> tuple[DecodedImage, list[Candidate]]:
    """The candidates of both looks, in the pixels of the closer one."""
    factor = larger.scale / image.scale
    shift = (
        (image.offset[0] - larger.offset[0]) * larger.scale,
        (image.offset[1] - larger.offset[1]) * larger.scale,
    )
    return larger, merge([c.scaled(factor, shift) for c in known] + found)


def _face(image: DecodedImage, candidate: Candidate, points: Points) -> FoundFace:
    full = points / image.scale
    full[:, :2] += image.offset
    landmarks = np.ascontiguousarray(full[:, :2], np.float32)
    # From the stored precision, so that whoever computes it again gets the same.
    distance = alignment.eye_distance(landmarks)
    pose = head_pose(full)
    open_share = eyes_open(full)
    matrix = alignment.crop_transform(*alignment.eye_centres(landmarks))
    flags = set()
    if distance * alignment.CROP_EYE_DISTANCES < alignment.CROP_SIDE:
        flags.add(FaceFlag.UPSCALED)
    if align.outside_share(matrix, image.full_width, image.full_height) > PADDED_SHARE:
        flags.add(FaceFlag.PADDED)
    if abs(pose.yaw) > PROFILE_DEGREES:
        flags.add(FaceFlag.PROFILE)
    if open_share < EYES_CLOSED_BELOW:
        flags.add(FaceFlag.EYES_CLOSED)
    return FoundFace(
        box=_bounds(full),
        landmarks=landmarks,
        eye_distance=distance,
        pose=pose,
        eyes_open=open_share,
        confidence=candidate.score,
        flags=frozenset(flags),
    )


def _bounds(points: Points) -> Box:
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    return Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))


def _cover(one: Box, other: Box) -> float:
    """Shared area over the smaller of the two: also catches a box inside another."""
    width = min(one.right, other.right) - max(one.x, other.x)
    height = min(one.bottom, other.bottom) - max(one.y, other.y)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / min(one.area, other.area)
