"""Landmark schemes: which points of the face mesh a network's identifiers stand for.

The worker finds 478 points a face (MediaPipe Face Mesh with irises). ``mesh468`` uses the first
468 as they are: the weights published for GFIQA-20k and CGFIQA-40k. ``ibug68`` uses the 68 points
of iBUG 300-W (Sagonas et al., 2013), which the published "custom" weights were trained with; each
is taken from the mesh vertex that lies at its place.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import numpy.typing as npt

MESH = "mesh468"
IBUG = "ibug68"

SCHEMES = MappingProxyType({MESH: 468, IBUG: 68})
"""Scheme name to its number of identifiers."""

_IBUG_PARTS: tuple[tuple[str, tuple[int, ...]], ...] = (
    # "Right" and "left" are the subject's; iBUG counts from the left edge of the picture.
    (
        "jaw, from the right temple over the chin to the left temple (0-16)",
        (162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),
    ),
    ("right eyebrow, outside to inside (17-21)", (71, 63, 105, 66, 107)),
    ("left eyebrow, inside to outside (22-26)", (336, 296, 334, 293, 301)),
    ("bridge of the nose, top to tip (27-30)", (168, 197, 5, 4)),
    ("base of the nose, right to left (31-35)", (75, 97, 2, 326, 305)),
    ("right eye, from its outer corner, clockwise (36-41)", (33, 160, 158, 133, 153, 144)),
    ("left eye, from its inner corner, clockwise (42-47)", (362, 385, 387, 263, 373, 380)),
    (
        "outer lips, from the right corner, clockwise (48-59)",
        (61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),
    ),
    (
        "inner lips, from the right corner, clockwise (60-67)",
        (78, 82, 13, 312, 308, 317, 14, 87),
    ),
)

IBUG_FROM_MESH: tuple[int, ...] = tuple(vertex for _, part in _IBUG_PARTS for vertex in part)
"""Mesh vertex of each of the 68 iBUG points, in iBUG's order."""


def points_of(scheme: str, mesh: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The points ``(B, N, 2)`` a scheme numbers, of meshes ``(B, 478, 2)``.

    Raises:
        KeyError: An unknown scheme.
    """
    if scheme not in SCHEMES:
        raise KeyError(scheme)
    if scheme == IBUG:
        return mesh[:, list(IBUG_FROM_MESH)]
    return mesh[:, : SCHEMES[MESH]]
