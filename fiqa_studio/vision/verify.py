"""Whether a candidate is a face: what mesh and a second look at it say."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.geometry import Box
from fiqa_studio.vision import align
from fiqa_studio.vision.candidates import Candidate, Points
from fiqa_studio.vision.graphs import (
    DETECTOR_SIZE,
    MESH_SIZE,
    Detector,
    Mesher,
    RawDetection,
    RawMesh,
)
from fiqa_studio.vision.mesh import disagreement, distance_to_keypoints, fits

Rgb = npt.NDArray[np.uint8]

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

LEAST_OF_BAD = 1.27
MOST_DOUBT_OF_BAD = 0.12
MOST_MISSED_OF_BAD = 0.15
CERTAIN_PRESENCE = 0.995
"""Of a very bad face (blurred, burnt out) detector and second look are never sure. It counts where
the mesh model is, as it is and mirrored, both meshes are the same and lie on the key points."""

SURE_OF_SECOND = 0.88
"""A second look from here on has a better box than the first: the mesh is made in it anew."""
_MESH_REGION = 1.5
"""The mesh model's view in detection boxes, as in MediaPipe's own graph."""


class Verifier:
    """Looks again at candidates of one image."""

    def __init__(self, detector: Detector, mesher: Mesher) -> None:
        self._detector = detector
        self._mesher = mesher

    def mesh_of(self, rgb: Rgb, candidate: Candidate) -> tuple[Candidate, Points] | None:
        """The face's mesh with depth in the image's pixels; None where this is no face.

        The candidate comes back with it, as the look that decided has it.
        """
        look = _Look(self._detector, rgb, candidate)
        points = self._believed(look)
        if points is not None:
            return candidate, points
        better = look.better()
        if better is not None:
            points = self._believed(_Look(self._detector, rgb, better))
            return None if points is None else (better, points)
        return None

    def upside_down(self, rgb: Rgb, candidate: Candidate) -> tuple[Candidate, Points] | None:
        """The same of a head that is turned by half, as far as it can be told from a candidate."""
        turned = _Look(self._detector, rgb, candidate).upside_down()
        if turned is None:
            return None
        points = self._believed(_Look(self._detector, rgb, turned))
        return None if points is None else (turned, points)

    def _believed(self, look: _Look) -> Points | None:
        score = look.candidate.score
        sure = score >= SURE_DETECTION
        # A very bad face needs the least agreement of all.
        if not sure and not look.reaches(LEAST_OF_BAD - score):
            return None
        (mesh,) = self._mesher.run([look.view])
        if mesh.presence < LEAST_PRESENCE:
            return None
        points = _to_image(mesh.points * MESH_SIZE, look.matrix)
        if not fits(points, look.candidate.keypoints):
            return None
        if sure and mesh.presence >= SURE_PRESENCE:
            return points
        (mirrored,) = self._mesher.run([np.ascontiguousarray(look.view[:, ::-1])])
        # The key points of a small face are a fifth of an eye distance off as a rule.
        missed = distance_to_keypoints(points, look.candidate.keypoints)
        apart = disagreement(mesh.points, mirrored.points)
        doubt = apart + 0.3 * max(missed - 0.2, 0.0)
        if look.reaches(LEAST_AGREEMENT + doubt - score):
            return points
        return points if _certain(mesh, mirrored, apart, missed) else None


def _certain(mesh: RawMesh, mirrored: RawMesh, apart: float, missed: float) -> bool:
    return (
        min(mesh.presence, mirrored.presence) >= CERTAIN_PRESENCE
        and apart <= MOST_DOUBT_OF_BAD
        and missed <= MOST_MISSED_OF_BAD
    )


class _Look:
    """The detector's second look at a candidate that fills a view, as it is and mirrored.

    The mirrored view is only looked at where the plain one does not decide.
    """

    def __init__(self, detector: Detector, rgb: Rgb, candidate: Candidate) -> None:
        self.candidate = candidate
        self.matrix = _mesh_view(candidate)
        self.view = align.warp(rgb, self.matrix, MESH_SIZE, fine=False)
        self._detector = detector
        size = (DETECTOR_SIZE, DETECTOR_SIZE)
        self._small = np.asarray(
            cv2.resize(self.view, size, interpolation=cv2.INTER_AREA), np.uint8
        )
        self._looks = [True, False]
        self._best = 0.0
        self._plain: RawDetection | None = None

    def reaches(self, score: float) -> bool:
        """Whether the best score is at least this."""
        while self._best < score and self._looks:
            mirrored = self._looks.pop()
            if mirrored and self._best < score - _MIRROR_GAINS:
                break
            best = _central(self._run(self._small[:, ::-1] if mirrored else self._small))
            if best is not None:
                self._best = max(self._best, best.score)
                self._plain = self._plain if mirrored else best
        return self._best >= score

    def better(self) -> Candidate | None:
        """The face as the second look sees it, where that is sure of one."""
        if self._plain is None and len(self._looks) > 1:
            self.reaches(1e-9)
        if self._plain is None or self._plain.score < SURE_OF_SECOND:
            return None
        return self._in_image(self._plain, self.candidate.score)

    def upside_down(self) -> Candidate | None:
        """The face that the view shows when it is turned by half."""
        turned = _central(self._run(self._small[::-1, ::-1]), within=0.3)
        if turned is None or turned.score < SURE_OF_SECOND:
            return None
        x, y, width, height = turned.box
        back = RawDetection(
            turned.score, np.array([1 - x - width, 1 - y - height, width, height]),
            np.asarray(1 - turned.keypoints, np.float64),
        )  # fmt: skip
        return self._in_image(back, turned.score)

    def _run(self, small: Rgb) -> list[RawDetection]:
        (detections,) = self._detector.run([np.ascontiguousarray(small)])
        return detections

    def _in_image(self, detection: RawDetection, score: float) -> Candidate:
        """A detection in the view, in the image's pixels: its middle, size and key points."""
        back = np.linalg.inv(self.matrix[:, :2])
        middle = (detection.box[:2] + detection.box[2:] / 2) * MESH_SIZE
        centre = back @ (middle - self.matrix[:, 2])
        keypoints = np.asarray(
            (detection.keypoints * MESH_SIZE - self.matrix[:, 2]) @ back.T, np.float64
        )
        side = float(detection.box[2:].max()) * MESH_SIZE
        side /= math.hypot(self.matrix[0, 0], self.matrix[0, 1])
        box = Box(float(centre[0] - side / 2), float(centre[1] - side / 2), side, side)
        return Candidate(score, box, keypoints)


_MIRROR_GAINS = 0.25
"""No mirrored look was ever better than the plain one by more."""


def _central(detections: list[RawDetection], within: float = 0.2) -> RawDetection | None:
    """The surest detection that fills the view, its middle within so much of the view's."""
    filling = [
        detection
        for detection in detections
        if np.abs(detection.box[:2] + detection.box[2:] / 2 - 0.5).max() < within
        and 0.3 < detection.box[2] < 1.1
    ]
    return max(filling, key=lambda detection: detection.score, default=None)


def _mesh_view(candidate: Candidate) -> align.Matrix:
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
