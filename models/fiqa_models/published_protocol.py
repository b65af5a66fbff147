"""The authors' scoring procedure, to compare with ours: random patches, one at a time.

They cut 20 random 384 x 384 patches of the crop and average their scores, in float32. Their
random numbers are seeded once a process, so that a score depends on the files before it; here
each draw has its own seed.

`PublishedScorer` makes a scorer of it (``fiqa evaluate --published-protocol``). The network runs in
the order of its published description, and nothing of what makes ours fast is used: no faster
arrangement, no batch, nothing remembered. Blocks 10 and 11 of the transformer, which the authors'
files hold and whose outputs nothing reads, are left out here as everywhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from fiqa_models.devices import FLOAT32, choose_device, in_precision
from fiqa_models.dsl_scorer import Grid, stitch
from fiqa_models.errors import ModelError
from fiqa_models.manifest import identity
from fiqa_models.networks import (
    CROP_SIDE,
    PATCH_SIDE,
    DslFiqa,
    Output,
    identifiers_inside,
    normalise,
)
from fiqa_models.networks.blocks import use_published_order
from fiqa_models.networks.config import TOKEN_STRIDE
from fiqa_models.networks.landmarks import PublishedGuide
from fiqa_models.registry import find_scorer
from fiqa_models.schemes import MESH, points_of
from fiqa_models.scoring import Crops, FaceScore, Landmarks, check_crops
from fiqa_models.weights import load_checkpoint

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


class PublishedScorer:
    """`Scorer` that scores as the authors do, with a checkpoint of the full network.

    A face's patches are drawn by a generator that is seeded with its pixels, so that its score
    depends on the face and on ``seed`` alone. Maps show what any patch saw; they lie on a grid of
    16 pixels, to which each patch's place is rounded.
    """

    kind = "dsl-fiqa"

    def __init__(self, checkpoint: Path, *, device: str = "", seed: int = 0) -> None:
        network, manifest = load_checkpoint(checkpoint)
        self._device = choose_device(device)
        use_published_order(network)
        self._network = network.requires_grad_(False).eval().to(self._device)
        self._scheme = manifest.landmark_scheme
        self._seed = seed
        self.name = manifest.name
        self.title = f"{manifest.title}, published protocol"
        self.summary = f"{manifest.summary} Scored by the authors' procedure, draw {seed}."
        self.hash = identity({"scorer": manifest.hash, "published protocol": seed})
        self.device = str(self._device)
        self.precision = FLOAT32

    def score(self, crops: Crops, landmarks: Landmarks) -> list[FaceScore]:
        """Score B faces, in their order, one patch at a time."""
        check_crops(crops, landmarks)
        return [self._one(crop, mesh) for crop, mesh in zip(crops, landmarks, strict=True)]

    def _one(self, crop: npt.NDArray[np.uint8], mesh: npt.NDArray[np.float32]) -> FaceScore:
        digest = hashlib.blake2b(crop.tobytes(), digest_size=8).digest()
        with in_precision(self._device, FLOAT32):
            origins, outputs = run_patches(
                self._network,
                crop,
                mesh,
                generator=np.random.default_rng([self._seed, int.from_bytes(digest)]),
                landmark_scheme=self._scheme,
            )
        values = np.array([float(output.score) for output in outputs])
        places: Grid = [(_round(left), _round(top)) for left, top in origins]
        quality, confidence = (
            torch.cat([getattr(output, name).float() for output in outputs])
            for name in ("quality", "confidence")
        )
        embeddings = torch.cat([output.embedding.float() for output in outputs])
        return FaceScore(
            value=float(values.mean().clip(0, 1)),
            spread=float(values.clip(0, 1).std()),
            quality_map=stitch(quality.clamp(0, 1), 1, places, surround=True)[0],
            confidence_map=stitch(confidence, 1, places)[0],
            embedding=embeddings.mean(0).cpu().numpy(),
        )


def _round(pixels: int) -> int:
    return round(pixels / TOKEN_STRIDE) * TOKEN_STRIDE


def load_published_scorer(name: str, *, device: str = "", seed: int = 0) -> PublishedScorer:
    """The authors' procedure with a checkpoint of the registry.

    Raises:
        ModelError: there is none of this name, or it is no DSL-FIQA checkpoint.
    """
    spec = find_scorer(name)
    if spec.checkpoint is None:
        raise ModelError(
            f"The scorer “{spec.name}” has no published protocol.",
            "The procedure is that of DSL-FIQA's patches.",
            "Name an imported checkpoint.",
        )
    if not spec.available:
        raise ModelError(f"The scorer “{spec.name}” cannot be used.", spec.problem)
    return PublishedScorer(spec.checkpoint, device=device, seed=seed)


@torch.inference_mode()
def run_patches(
    network: DslFiqa,
    crop: npt.NDArray[np.uint8],
    mesh: npt.NDArray[np.float32],
    *,
    generator: np.random.Generator,
    landmark_scheme: str = MESH,
    patches: int = PATCHES,
) -> tuple[list[tuple[int, int]], list[Output]]:
    """(left, top) and output of each random patch of one crop, drawn and run one at a time.

    The network runs in its own precision and on its own device, and nothing is remembered between
    patches: its speed is the reference for ours.
    """
    points = points_of(landmark_scheme, mesh[None])[0]
    device = next(network.parameters()).device
    image = normalise(torch.from_numpy(crop.copy())[None].to(device))
    image = image.contiguous()
    origins: list[tuple[int, int]] = []
    outputs: list[Output] = []
    for _ in range(patches):
        top, left = (int(side) for side in generator.integers(0, CROP_SIDE - PATCH_SIDE + 1, 2))
        ids = identifiers_inside(
            points,
            left=left,
            top=top,
            side=PATCH_SIDE,
            landmarks=network.config.landmarks,
            generator=generator,
        )
        if isinstance(network.guide, PublishedGuide):
            network.guide.forget()
        patch = image[:, :, top : top + PATCH_SIDE, left : left + PATCH_SIDE]
        origins.append((left, top))
        outputs.append(network(patch, torch.from_numpy(ids)[None].to(device)))
    return origins, outputs


def score_as_published(
    network: DslFiqa,
    crop: npt.NDArray[np.uint8],
    mesh: npt.NDArray[np.float32],
    *,
    seed: int,
    landmark_scheme: str = MESH,
    patches: int = PATCHES,
) -> PublishedScore:
    """Score one crop ``(512, 512, 3)`` with its mesh ``(478, 2)`` as the authors do."""
    _, outputs = run_patches(
        network,
        crop,
        mesh,
        generator=np.random.default_rng(seed),
        landmark_scheme=landmark_scheme,
        patches=patches,
    )
    values = np.asarray([float(output.score) for output in outputs], np.float32)
    return PublishedScore(float(values.mean()), float(values.std()), values)
