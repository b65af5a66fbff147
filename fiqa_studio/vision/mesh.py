"""What a face mesh tells: whether it fits, how the head is turned, whether the eyes are open."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.geometry import HeadPose

Points = npt.NDArray[np.float64]

# Points of MediaPipe's mesh; right and left are the subject's.
_RIGHT_EYE, _LEFT_EYE = (33, 133), (263, 362)
_RIGHT_MOUTH, _LEFT_MOUTH = 61, 291
_RIGHT_SIDE, _LEFT_SIDE = (234, 127, 33, 61), (454, 356, 263, 291)
_NOSE, _FOREHEAD, _CHIN = 1, 10, 152
_LIPS = (13, 14)
_MOUTH = (*_LIPS, _RIGHT_MOUTH, _LEFT_MOUTH)
_RIGHT_LIDS = ((159, 145), (158, 153), (160, 144))
_LEFT_LIDS = ((386, 374), (385, 380), (387, 373))
_EYES = ((*_RIGHT_EYE, _RIGHT_LIDS), (*_LEFT_EYE, _LEFT_LIDS))

_CLOSED_ASPECT, _OPEN_ASPECT = 0.08, 0.30
_PITCH_AT_REST = -6.0
"""Degrees by which the line from forehead to chin leans in a head held level: the median over 128
portraits. (The aspects: half open eyes of the same portraits lie at 0.2, wide open ones at 0.3.)"""


def head_pose(points: Points) -> HeadPose:
    """Head rotation from a mesh with depth, ``(478, 3)``, z in the unit of x.

    The head's own axes are read off the mesh: from its right side to its left, and from chin to
    forehead.
    """
    across = points[list(_LEFT_SIDE)].mean(axis=0) - points[list(_RIGHT_SIDE)].mean(axis=0)
    down = points[_CHIN] - points[_FOREHEAD]
    across = across / max(float(np.linalg.norm(across)), 1e-9)
    down = down - across * float(across @ down)
    down = down / max(float(np.linalg.norm(down)), 1e-9)
    # z grows away from the camera: a head turned to the image's right has its image-right side
    # farther away.
    yaw = math.degrees(math.atan2(across[2], math.hypot(across[0], across[1])))
    roll = math.degrees(math.atan2(across[1], across[0]))
    pitch = math.degrees(math.asin(min(max(-float(down[2]), -1.0), 1.0))) - _PITCH_AT_REST
    return HeadPose(yaw=yaw, pitch=pitch, roll=roll)


def eyes_open(points: Points) -> float:
    """Eye aspect ratio (height of the lids' gap over its width) of the wider open eye, in [0, 1].

    Measured with depth, so that a turned head does not look wide-eyed.
    """
    return max(_aspect_share(points, *eye) for eye in _EYES)


def _aspect_share(
    points: Points, outer: int, inner: int, lids: tuple[tuple[int, int], ...]
) -> float:
    width = float(np.linalg.norm(points[outer] - points[inner]))
    gap = sum(float(np.linalg.norm(points[a] - points[b])) for a, b in lids) / len(lids)
    aspect = gap / width if width > 0 else 0.0
    return min(max((aspect - _CLOSED_ASPECT) / (_OPEN_ASPECT - _CLOSED_ASPECT), 0.0), 1.0)


def fits(points: Points, keypoints: Points) -> bool:
    """Whether a mesh tells the same story as the detection it grew from, and that of a face.

    Args:
        points: The mesh, ``(478, 3)``, in the photo's pixels.
        keypoints: The detector's six points, ``(6, 2)``, in the same pixels.
    """
    flat = points[:, :2]
    middle = flat[[*_RIGHT_EYE, *_LEFT_EYE]].mean(axis=0)
    mouth = flat[list(_MOUTH)].mean(axis=0)
    size = float(np.linalg.norm(flat[_CHIN] - flat[_FOREHEAD]))
    if size <= 0:
        return False
    eyes_apart = np.linalg.norm(middle - keypoints[:2].mean(axis=0)) / size
    mouths_apart = np.linalg.norm(mouth - keypoints[3]) / size
    # The mouth lies below the eyes, by the face's own upright.
    upright = (flat[_CHIN] - flat[_FOREHEAD]) / size
    below = float((mouth - middle) @ upright) / size
    return bool(eyes_apart < 0.2 and mouths_apart < 0.25 and 0.2 < below < 0.75)


def distance_to_keypoints(points: Points, keypoints: Points) -> float:
    """Mean distance of eyes, nose and mouth from the detector's, in eye distances of the mesh."""
    flat = points[:, :2]
    right, left = flat[list(_RIGHT_EYE)].mean(axis=0), flat[list(_LEFT_EYE)].mean(axis=0)
    features = np.array([right, left, flat[_NOSE], flat[list(_LIPS)].mean(axis=0)])
    apart = np.linalg.norm(features - keypoints[:4], axis=1).mean()
    return float(apart / max(float(np.linalg.norm(right - left)), 1e-9))


def disagreement(points: Points, mirrored: Points) -> float:
    """How far the mesh of a mirrored view is from the mesh of the view, in eye distances.

    Args:
        points: Of the view, in units of its side.
        mirrored: Of the same view mirrored left to right.
    """
    back = mirrored[:, :2] * (-1, 1) + (1, 0)
    here = _features(points[:, :2], _RIGHT_EYE, _LEFT_EYE, _RIGHT_MOUTH, _LEFT_MOUTH)
    there = _features(back, _LEFT_EYE, _RIGHT_EYE, _LEFT_MOUTH, _RIGHT_MOUTH)
    apart = np.linalg.norm(here - there, axis=1).mean()
    return float(apart / max(float(np.linalg.norm(here[0] - here[1])), 1e-9))


def _features(
    flat: Points, one_eye: tuple[int, int], other_eye: tuple[int, int], one: int, other: int
) -> Points:
    """Points that a mirrored face has too: eyes, mouth corners, nose, chin, forehead."""
    return np.array(
        [
            flat[list(one_eye)].mean(axis=0),
            flat[list(other_eye)].mean(axis=0),
            *flat[[one, other, _NOSE, _CHIN, _FOREHEAD]],
        ]
    )
