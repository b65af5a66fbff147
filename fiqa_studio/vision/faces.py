"""Finding faces: tiles, detector, merging, mesh, and what the mesh says of each face."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_studio.domain import alignment
from fiqa_studio.domain.geometry import Box
from fiqa_studio.domain.photos import EYES_CLOSED_BELOW, FaceFlag, FoundFace
from fiqa_studio.vision import align
from fiqa_studio.vision.decode import DecodedImage
from fiqa_studio.vision.graphs import DETECTOR_SIZE, MESH_SIZE, Detector, Mesher
from fiqa_studio.vision.memory import keep_memory
from fiqa_studio.vision.mesh import (
    disagreement,
    distance_to_keypoints,
    eyes_open,
    fits,
    head_pose,
)
from fiqa_studio.vision.tiles import tiles
from fiqa_studio.vision.timing import timed

Rgb = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]

LEAST_DETECTION = 0.55
"""Detector scores below this are not looked at again."""

LEAST_PRESENCE = 0.5
"""Below this, the mesh model itself says that its view shows no face."""

SURE_DETECTION = 0.88
SURE_PRESENCE = 0.9
"""From here on, detector and mesh are believed. Everything else is looked at a second time, upright
and centred, and mirrored: a face is found again there and gets the same mesh, what merely looked
like one from afar (wheels, dogs, plates) is not and does not."""

LEAST_AGREEMENT = 1.34
"""Sum of the two detections' scores less what the meshes disagree and what the first detection's
key points miss. Measured: 37 of the album's 37 faces, 288 of 288 pasted into landscapes (some
blurred, noisy, dark or rolled), and in 1,010 photos said to show no face four that a person sees
too and one dog. At 1.4 the dog goes, and with it faces of 1927."""

LEAST_EYE_DISTANCE = 8.0
"""In full-resolution pixels: smaller faces have too little to judge."""

PROFILE_DEGREES = 45.0
PADDED_SHARE = 1 / 6
_SAME_DETECTION = 0.3
_SAME_FACE = 0.4
_MESH_REGION = 1.5
"""The mesh model's view in detection boxes, as in MediaPipe's own graph."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    score: float
    box: Box
    keypoints: Points


class FaceFinder:
    """MediaPipe's detector and face mesh, started once and kept warm. For one thread.

    The same pixels give the same faces bit for bit, whatever was looked at before.
    """

    def __init__(self) -> None:
        # One process a core: OpenCV's own threads would only wait for each other.
        cv2.setNumThreads(1)
        keep_memory()
        self._detector = Detector(least_score=LEAST_DETECTION)
        self._mesher = Mesher()

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
        self._mesher.close()

    def find(
        self, image: DecodedImage, *, timings: dict[str, float] | None = None
    ) -> tuple[FoundFace, ...]:
        """The faces of a decoded photo, largest first, in full-resolution pixels.

        Args:
            image: The photo at any scale.
            timings: Seconds are added under ``detect`` and ``mesh``.
        """
        spent: dict[str, float] = {} if timings is None else timings
        with timed(spent, "detect"):
            candidates = _merge(self._detect(image))
        with timed(spent, "mesh"):
            faces = self._refine(image, candidates)
        return tuple(sorted(faces, key=lambda f: (-f.eye_distance, f.box.x, f.box.y)))

    def _detect(self, image: DecodedImage) -> list[_Candidate]:
        squares = tiles(image.rgb, image.scale)
        found = []
        for tile, detections in zip(
            squares, self._detector.run([t.pixels for t in squares]), strict=True
        ):
            corner = np.array([tile.x, tile.y])
            for detection in detections:
                x, y = detection.box[:2] * tile.side + corner
                width, height = detection.box[2:] * tile.side
                found.append(
                    _Candidate(
                        detection.score,
                        Box(float(x), float(y), float(width), float(height)),
                        detection.keypoints * tile.side + corner,
                    )
                )
        return found

    def _refine(self, image: DecodedImage, candidates: list[_Candidate]) -> list[FoundFace]:
        faces: list[FoundFace] = []
        kept: list[Box] = []
        for candidate in candidates:
            points = self._verified_mesh(image, candidate)
            if points is None:
                continue
            distance = alignment.eye_distance(points[:, :2])
            box = _bounds(points)
            if distance / image.scale < LEAST_EYE_DISTANCE or any(
                _cover(box, other) > _SAME_FACE for other in kept
            ):
                continue
            kept.append(box)
            faces.append(_face(image, candidate, points))
        return faces

    def _verified_mesh(self, image: DecodedImage, candidate: _Candidate) -> Points | None:
        """The candidate's mesh in the photo's pixels, None where this is no face."""
        matrix = _mesh_view(candidate)
        view = align.warp(image.rgb, matrix, MESH_SIZE, fine=False)
        sure = candidate.score >= SURE_DETECTION
        second = _SecondLook(self._detector, view)
        if not sure and not second.reaches(LEAST_AGREEMENT - candidate.score):
            return None
        (mesh,) = self._mesher.run([view])
        if mesh.presence < LEAST_PRESENCE:
            return None
        points = _to_image(mesh.points * MESH_SIZE, matrix)
        if not fits(points, candidate.keypoints):
            return None
        if sure and mesh.presence >= SURE_PRESENCE:
            return points
        (mirrored,) = self._mesher.run([np.ascontiguousarray(view[:, ::-1])])
        # The key points of a small face are a fifth of an eye distance off as a rule.
        missed = max(distance_to_keypoints(points, candidate.keypoints) - 0.2, 0.0)
        doubt = disagreement(mesh.points, mirrored.points) + 0.3 * missed
        return points if second.reaches(LEAST_AGREEMENT + doubt - candidate.score) else None


class _SecondLook:
    """The detector's best score for a face that fills a view, as it is and mirrored.

    The mirrored view is only looked at where the plain one does not decide.
    """

    def __init__(self, detector: Detector, view: Rgb) -> None:
        self._detector = detector
        size = (DETECTOR_SIZE, DETECTOR_SIZE)
        small = np.asarray(cv2.resize(view, size, interpolation=cv2.INTER_AREA), np.uint8)
        self._views = [np.ascontiguousarray(small[:, ::-1]), small]
        self._best = 0.0

    def reaches(self, score: float) -> bool:
        """Whether the best score is at least this."""
        while self._best < score and self._views:
            (detections,) = self._detector.run([self._views.pop()])
            scores = [
                detection.score
                for detection in detections
                if np.abs(detection.box[:2] + detection.box[2:] / 2 - 0.5).max() < 0.2
                and 0.3 < detection.box[2] < 1.1
            ]
            self._best = max([self._best, *scores])
        return self._best >= score


def _mesh_view(candidate: _Candidate) -> align.Matrix:
    """From the photo to the mesh model's square: eyes level, the face two thirds of the side."""
    box = candidate.box
    along = candidate.keypoints[1] - candidate.keypoints[0]
    angle = math.atan2(along[1], along[0])
    factor = MESH_SIZE / (_MESH_REGION * max(box.width, box.height))
    cosine, sine = math.cos(angle) * factor, math.sin(angle) * factor
    rotation = np.array([[cosine, sine], [-sine, cosine]])
    return np.column_stack([rotation, MESH_SIZE / 2 - rotation @ np.array(box.center)])


def _to_image(points: Points, view: align.Matrix) -> Points:
    """Mesh points with depth from the model's square back to the photo."""
    factor = math.hypot(view[0, 0], view[0, 1])
    back = np.linalg.inv(view[:, :2])
    flat = (points[:, :2] - view[:, 2]) @ back.T
    return np.column_stack([flat, points[:, 2] / factor])


def _face(image: DecodedImage, candidate: _Candidate, points: Points) -> FoundFace:
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


def _merge(candidates: list[_Candidate]) -> list[_Candidate]:
    """Non-maximum suppression over tiles and levels; the surest view of each face stays.

    A small box inside a large one is kept for now: which of the two is a face, the mesh decides.
    """
    ordered = sorted(candidates, key=lambda c: (-c.score, c.box.x, c.box.y, c.box.width))
    kept: list[_Candidate] = []
    for candidate in ordered:
        if all(candidate.box.iou(other.box) < _SAME_DETECTION for other in kept):
            kept.append(candidate)
    return kept
