"""Face meshes whose parts lie where they are said to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def mesh_around(
    x: float, y: float, eye_distance: float, degrees: float = 0.0
) -> npt.NDArray[np.float32]:
    """A mesh whose eye centres lie level about (x, y), then turned."""
    generator = np.random.default_rng(3)
    points = generator.uniform(-1.0, 1.0, (478, 2)) * [0.9, 1.2] + [0.0, 0.4]
    places = {
        (33, 133, 159, 145): (-0.5, 0.0),
        (362, 263, 386, 374): (0.5, 0.0),
        (1, 4, 5, 45, 275): (0.0, 0.6),
        (61, 291, 13, 14): (0.0, 1.05),
        (10, 151, 67, 297): (0.0, -0.7),
        (152, 199, 175): (0.0, 1.5),
        (50, 205, 123): (-0.7, 0.6),
        (280, 425, 352): (0.7, 0.6),
    }
    for indexes, place in places.items():
        points[list(indexes)] = place
    points[[33, 362]] -= [0.15, 0.0]
    points[[133, 263]] += [0.15, 0.0]
    turn = np.deg2rad(degrees)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return (points * eye_distance @ rotation + [x, y]).astype(np.float32)
