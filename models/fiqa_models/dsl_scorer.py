"""DSL-FIQA as a scorer: a fixed grid of patches, batches across faces, maps on the crop.

The authors draw 20 random patches with one random seed per process, so that their score depends
on the order of the files. Here four patches at fixed places cover the crop (each corner), their
scores are averaged, and the same crop always gets the same score.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fiqa_models.errors import ModelError
from fiqa_models.networks import (
    CROP_SIDE,
    PATCH_SIDE,
    DslFiqa,
    identifiers_inside,
    normalise,
)
from fiqa_models.scoring import Crops, FaceScore, Landmarks, NoticeCallback, check_crops
from fiqa_models.weights import load_checkpoint

_ENDS = (0, CROP_SIDE - PATCH_SIDE)
GRID = tuple((left, top) for left in _ENDS for top in _ENDS)
"""(left, top) of each patch in pixels of the crop."""

_TOKEN = 16
_FACES_ON_CPU = 4
_FACES_ON_ACCELERATOR = 32
_AGREEMENT = 2e-3
"""Largest change of a score that bfloat16 may cause before it is not used."""


class DslScorer:
    """`Scorer` around a DSL-FIQA checkpoint."""

    kind = "dsl-fiqa"

    def __init__(
        self,
        checkpoint: Path,
        *,
        device: str = "",
        precision: str = "",
        on_notice: NoticeCallback | None = None,
    ) -> None:
        network, manifest = load_checkpoint(checkpoint)
        self._device = choose_device(device)
        self._network = network.to(self._device).to(memory_format=torch.channels_last).eval()
        self._network.requires_grad_(False)
        self._tell = on_notice or (lambda _: None)
        self._batch = _FACES_ON_CPU if self._device.type == "cpu" else _FACES_ON_ACCELERATOR
        self.name = manifest.name
        self.title = manifest.title
        self.summary = manifest.summary
        self.hash = manifest.hash
        self.device = str(self._device)
        self.precision = precision or choose_precision(self._network, self._device)

    def score(self, crops: Crops, landmarks: Landmarks) -> list[FaceScore]:
        """Score B faces, a few at a time; out of memory halves the batch and says so."""
        check_crops(crops, landmarks)
        scores: list[FaceScore] = []
        while len(scores) < len(crops):
            part = slice(len(scores), len(scores) + self._batch)
            try:
                scores += self._score_batch(crops[part], landmarks[part])
            except (torch.OutOfMemoryError, RuntimeError) as error:
                self._halve(error)
        return scores

    def _halve(self, error: RuntimeError) -> None:
        text = str(error)
        # The CPU's allocator has no error class of its own.
        if not isinstance(error, torch.OutOfMemoryError) and "allocate memory" not in text:
            raise error
        if self._batch == 1:
            raise ModelError(
                "There is not enough memory to score a single face.",
                text.splitlines()[0],
                "Close other programs, or score on the CPU.",
            ) from error
        self._batch //= 2
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        self._tell(f"Memory ran out; scoring goes on with {self._batch} faces at a time.")

    @torch.inference_mode()
    def _score_batch(self, crops: Crops, landmarks: Landmarks) -> list[FaceScore]:
        network = self._network
        images = normalise(torch.from_numpy(np.ascontiguousarray(crops)).to(self._device))
        images = images.contiguous(memory_format=torch.channels_last)
        ids = torch.from_numpy(self._identifiers(landmarks)).to(self._device)
        with _precision(self._device, self.precision):
            output = network.grid(images, GRID, ids)
        faces, patches = len(crops), len(GRID)
        values = output.score.float().clamp(0, 1).view(faces, patches).cpu().numpy()
        quality = stitch(output.quality.float().clamp(0, 1), faces)
        confidence = stitch(output.confidence.float(), faces)
        embedding = output.embedding.float().view(faces, patches, -1).mean(1).cpu().numpy()
        return [
            FaceScore(
                value=float(values[i].mean()),
                spread=float(values[i].std()),
                quality_map=quality[i],
                confidence_map=confidence[i],
                embedding=embedding[i],
            )
            for i in range(faces)
        ]

    def _identifiers(self, landmarks: Landmarks) -> npt.NDArray[np.int64]:
        """The landmark identifiers each patch of each face shows, ``(B * P, 500)``."""
        count = self._network.config.landmarks
        return np.stack(
            [
                identifiers_inside(points, left=left, top=top, side=PATCH_SIDE, landmarks=count)
                for points in landmarks
                for left, top in GRID
            ]
        )


def stitch(maps: Tensor, faces: int) -> npt.NDArray[np.float16]:
    """Maps of patches ``(B * P, 24, 24)`` on the crop, ``(B, 32, 32)``; overlaps are averaged."""
    side, patch = CROP_SIDE // _TOKEN, PATCH_SIDE // _TOKEN
    total = torch.zeros(faces, side, side)
    count = torch.zeros(side, side)
    parts = maps.view(faces, len(GRID), patch, patch).cpu()
    for index, (left, top) in enumerate(GRID):
        rows = slice(top // _TOKEN, top // _TOKEN + patch)
        columns = slice(left // _TOKEN, left // _TOKEN + patch)
        total[:, rows, columns] += parts[:, index]
        count[rows, columns] += 1
    return (total / count).numpy().astype(np.float16)


def choose_device(wanted: str) -> torch.device:
    """The device of this name; where none is named, the best one at hand.

    Raises:
        ModelError: The device is not there.
    """
    if not wanted:
        if torch.cuda.is_available():
            return torch.device("cuda:0")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(wanted)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(
            f"The device “{wanted}” cannot be used here.",
            str(error).splitlines()[0],
            "Choose another one; `fiqa doctor` lists them.",
        ) from error
    return device


def choose_precision(network: DslFiqa, device: torch.device) -> str:
    """``bfloat16`` where it is faster on this device and leaves the score as it is."""
    if network.config.tokens == "mobilenet" and device.type == "cpu":
        # Measured: depth-wise convolutions lose more in bfloat16 than the rest gains.
        return "float32"
    if device.type == "mps":
        return "float32"
    seconds, scores = zip(
        *(_probe(network, device, p) for p in ("float32", "bfloat16")), strict=True
    )
    agrees = abs(scores[0] - scores[1]) <= _AGREEMENT
    return "bfloat16" if agrees and seconds[1] < 0.8 * seconds[0] else "float32"


@torch.inference_mode()
def _probe(network: DslFiqa, device: torch.device, precision: str) -> tuple[float, float]:
    """Seconds and score of one patch of a fixed picture."""
    ramp = torch.linspace(-1, 1, PATCH_SIDE, device=device)
    picture = torch.sin(9 * ramp)[None, None, :, None] * torch.cos(7 * ramp)[None, None, None, :]
    patch = picture.expand(1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
    ids = torch.arange(500, device=device)[None].clamp(max=network.config.landmarks + 1)
    with _precision(device, precision):
        network(patch, ids)
        started = time.perf_counter()
        score = float(network(patch, ids).score)
    return time.perf_counter() - started, score


def _precision(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    if precision == "bfloat16":
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()
