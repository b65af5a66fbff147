"""What every scorer is and what it returns. No torch here: a scorer need not be a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Crops = npt.NDArray[np.uint8]
"""Aligned crops, ``(B, 512, 512, 3)`` RGB."""
Landmarks = npt.NDArray[np.float32]
"""Face meshes of the crops, ``(B, 478, 2)``, x then y in pixels of the crop."""

NoticeCallback = Callable[[str], None]
"""Told one sentence when something happens that the user should know."""


@dataclass(frozen=True, slots=True)
class FaceScore:
    """What a scorer says of one face.

    Attributes:
        value: Perceptual quality in [0, 1].
        spread: Standard deviation of the score over patches, in [0, 1]; of a network that sees one
            patch, over four windows of its maps.
        quality_map: ``(H, W)`` float16 in [0, 1]; row 0 is the crop's top.
        confidence_map: ``(H, W)`` float16 in [0, 1], the same shape.
        embedding: Degradation embedding, ``(D,)`` float32; empty for classical scorers.
    """

    value: float
    spread: float
    quality_map: npt.NDArray[np.float16]
    confidence_map: npt.NDArray[np.float16]
    embedding: npt.NDArray[np.float32]


class Scorer(Protocol):
    """Network, weights and preprocessing: what gives a face its score.

    The score of a face depends on its crop and landmarks alone: not on the other faces of the
    batch, nor on their order (to 1e-4 in float32).

    Attributes:
        name: As the user types it.
        title: For menus.
        hash: Identity over configuration, weights and preprocessing.
        summary: What it measures and where it comes from.
        kind: ``dsl-fiqa``, ``classical``, or what a plug-in says.
        device: Where it runs: ``cpu``, ``cuda:0`` and so on.
        precision: ``float32`` or ``bfloat16``.

    A scorer may also have an attribute ``parallel``. Where it is true, `score` is called from
    several threads at once, each of which computes with one thread of torch's; else from one.
    """

    name: str
    title: str
    hash: str
    summary: str
    kind: str
    device: str
    precision: str

    def score(self, crops: Crops, landmarks: Landmarks) -> list[FaceScore]:
        """Score B faces, in their order.

        Raises:
            ModelError: The crops have another shape, or there is no memory for a single face.
        """


def check_crops(crops: Crops, landmarks: Landmarks) -> None:
    """Refuse what is not a batch of crops with their landmarks.

    Raises:
        ValueError: With the shape that was found and the one that is wanted.
    """
    if crops.dtype != np.uint8 or crops.ndim != 4 or crops.shape[1:] != (512, 512, 3):
        raise ValueError(f"crops are uint8 (B, 512, 512, 3), not {crops.dtype} {crops.shape}")
    if landmarks.ndim != 3 or landmarks.shape[2] != 2 or len(landmarks) != len(crops):
        raise ValueError(f"landmarks are (B, N, 2) for {len(crops)} crops, not {landmarks.shape}")
