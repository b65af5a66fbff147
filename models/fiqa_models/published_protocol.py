"""The authors' scoring procedure, to compare with ours: random patches, one at a time.

They cut 20 random 384 x 384 patches of the crop and average their scores, in float32. Their
random numbers are seeded once a process, so that a score depends on the files before it; here
each draw has its own seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from fiqa_models.networks import CROP_SIDE, PATCH_SIDE, DslFiqa, identifiers_inside, normalise
from fiqa_models.networks.landmarks import PublishedGuide
from fiqa_models.schemes import MESH, points_of

PATCHES = 20


@dataclass(frozen=True, slots=True)
class PublishedScore:
    """One draw of the procedure.

    Attributes:
        value: Mean over the patches, not limited to [0, 1].
        spread: Standard deviation over the patches.
        patches: Each patch's score.
    """

    value: float
    spread: float
    patches: npt.NDArray[np.float32]


@torch.inference_mode()
def score_as_published(
    network: DslFiqa,
    crop: npt.NDArray[np.uint8],
    mesh: npt.NDArray[np.float32],
    *,
    seed: int,
    landmark_scheme: str = MESH,
    patches: int = PATCHES,
) -> PublishedScore:
    """Score one crop ``(512, 512, 3)`` with its mesh ``(478, 2)`` as the authors do.

    The network runs in its own precision and on its own device, one patch at a time, and
    nothing is remembered between patches: its speed is the reference for ours.
    """
    generator = np.random.default_rng(seed)
    points = points_of(landmark_scheme, mesh[None])[0]
    device = next(network.parameters()).device
    image = normalise(torch.from_numpy(crop.copy())[None].to(device))
    scores = []
    for _ in range(patches):
        top, left = generator.integers(0, CROP_SIDE - PATCH_SIDE + 1, 2)
        ids = identifiers_inside(
            points,
            left=float(left),
            top=float(top),
            side=PATCH_SIDE,
            landmarks=network.config.landmarks,
            generator=generator,
        )
        if isinstance(network.guide, PublishedGuide):
            network.guide.forget()
        patch = image[:, :, top : top + PATCH_SIDE, left : left + PATCH_SIDE]
        scores.append(float(network(patch, torch.from_numpy(ids)[None].to(device)).score))
    values = np.asarray(scores, np.float32)
    return PublishedScore(float(values.mean()), float(values.std()), values)
