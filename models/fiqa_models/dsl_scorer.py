"""DSL-FIQA as a scorer: a fixed grid of patches, batches across faces, maps on the crop.

The authors draw 20 random patches with one random seed per process, so that their score depends
on the order of the files. Here the patches lie at fixed places, and the same crop always gets the
same score. A network that shares one pass over the crop sees four patches, one in each corner, and
their scores are averaged; the full network, which pays for every patch, sees one near the middle
(how it ranks faces beside the mean of many random ones: ``docs/performance.md``, *Agreement*).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fiqa_models.devices import FLOAT32, choose_device, choose_precision, in_precision
from fiqa_models.errors import ModelError
from fiqa_models.networks import (
    CROP_SIDE,
    PATCH_SIDE,
    DslFiqa,
    NetworkConfig,
    identifiers_inside,
    normalise,
)
from fiqa_models.networks.fast_paper import speed_up
from fiqa_models.networks.folding import fold_batch_norms, fuse_for_cpu
from fiqa_models.networks.tokens import MobileNetTokens
from fiqa_models.schemes import points_of
from fiqa_models.scoring import Crops, FaceScore, Landmarks, NoticeCallback, check_crops
from fiqa_models.threads import available, use_threads
from fiqa_models.weights import load_checkpoint

_ENDS = (0, CROP_SIDE - PATCH_SIDE)
Grid = Sequence[tuple[int, int]]
"""(left, top) of each patch in pixels of the crop."""

GRID: Grid = tuple((left, top) for left in _ENDS for top in _ENDS)
"""One patch in each corner: together they cover the crop."""
CENTRE: Grid = (((CROP_SIDE - PATCH_SIDE) // 2 + 3, (CROP_SIDE - PATCH_SIDE) // 2 + 5),)
"""One patch near the middle. Exactly in the middle its tokens would lie on the 8 x 8 blocks of a
crop that was stored as JPEG, where a random patch lies once in 64 times; there it scores such crops
lower (measured, ``docs/performance.md``). Maps are drawn as if it lay in the middle: three and five
pixels of 512 are not seen."""

_TOKEN = 16
_FACES_ON_CPU = 1
"""One face fits the CPU's cache and is measured faster than several; and with batches of one, a
face's score cannot depend on its company."""
_FACES_ON_ACCELERATOR = 32
_THREADS = 8
"""Beyond so many, Python's own lock is what they wait for."""


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
        self._grid = grid_of(network.config)
        network.requires_grad_(False).eval().float().to(self._device)
        if self._device.type != "cpu":
            fold_batch_norms(network)
            network.to(memory_format=torch.channels_last)
        self.precision = precision or choose_precision(network, self._device)
        if self._device.type == "cpu":
            prepare_for_cpu(network, self.precision)
        self._network = network
        self._scheme = manifest.landmark_scheme
        self._tell = on_notice or (lambda _: None)
        self._batch = _FACES_ON_CPU if self._device.type == "cpu" else _FACES_ON_ACCELERATOR
        self.name = manifest.name
        self.title = manifest.title
        self.summary = manifest.summary
        self.hash = manifest.hash
        self.device = str(self._device)
        # An accelerator takes one batch at a time.
        self.parallel = self._device.type == "cpu"

    def score(self, crops: Crops, landmarks: Landmarks) -> list[FaceScore]:
        """Score B faces, a few at a time; out of memory halves the batch and says so."""
        check_crops(crops, landmarks)
        if self.parallel and self._batch == 1 and len(crops) > 1:
            return self._score_side_by_side(crops, landmarks)
        return self._score_in_turn(crops, landmarks)

    def _score_side_by_side(self, crops: Crops, landmarks: Landmarks) -> list[FaceScore]:
        """One face a thread, each thread alone with it: threads that share one mostly wait."""
        with ThreadPoolExecutor(
            min(len(crops), available(), _THREADS), "scoring", use_threads, (1,)
        ) as pool:
            found = pool.map(
                lambda one: self._score_in_turn(crops[one : one + 1], landmarks[one : one + 1]),
                range(len(crops)),
            )
            return [score for (score,) in found]

    def _score_in_turn(self, crops: Crops, landmarks: Landmarks) -> list[FaceScore]:
        scores: list[FaceScore] = []
        while len(scores) < len(crops):
            part = slice(len(scores), len(scores) + self._batch)
            try:
                scores += self._score_batch(crops[part], landmarks[part])
            # OutOfMemoryError is a RuntimeError; it is named for the reader.
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
        images = normalise(torch.from_numpy(crops.copy()).to(self._device))
        images = images.contiguous(memory_format=torch.channels_last)
        ids = torch.from_numpy(self._identifiers(landmarks)).to(self._device)
        with in_precision(self._device, self.precision):
            output = network.grid(images, self._grid, ids)
        faces, patches = len(crops), len(self._grid)
        values = output.score.float().clamp(0, 1).view(faces, patches).cpu().numpy()
        if patches > 1 and network.context is None:
            spread = values.std(1)
        else:  # one patch, or one context that all of them share
            inside = spread_inside(output.quality, output.confidence)
            spread = inside.reshape(faces, patches).mean(1)
        quality = stitch(output.quality.float().clamp(0, 1), faces, self._grid, surround=True)
        confidence = stitch(output.confidence.float(), faces, self._grid)
        embedding = output.embedding.float().view(faces, patches, -1).mean(1).cpu().numpy()
        return [
            FaceScore(
                value=float(values[i].mean()),
                spread=float(spread[i]),
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
                for points in points_of(self._scheme, landmarks)
                for left, top in self._grid
            ]
        )


def grid_of(config: NetworkConfig) -> Grid:
    """Where a network's patches lie when it scores; part of its scorer's identity."""
    return GRID if config.shared_trunk else CENTRE


def prepare_for_cpu(network: DslFiqa, precision: str) -> None:
    """Make a network as fast on the CPU as it can be, in place; for scoring only.

    Its outputs stay what they were up to float32's rounding.
    """
    if precision != FLOAT32 or not speed_up(network):
        fold_batch_norms(network)
        if isinstance(network.tokens, MobileNetTokens):
            fuse_for_cpu(network.tokens.backbone)
    network.to(memory_format=torch.channels_last)


def spread_inside(quality: Tensor, confidence: Tensor) -> npt.NDArray[np.float32]:
    """The spread ``(B,)`` of single patches ``(B, 24, 24)``: over four windows of their maps.

    Each window is three quarters of the patch wide and lies in one of its corners, as the corner
    patches lie in the crop.
    """
    patch = quality.shape[-1]
    window = patch * 3 // 4
    scores = []
    for row in (0, patch - window):
        for column in (0, patch - window):
            part = (..., slice(row, row + window), slice(column, column + window))
            weight = confidence[part].float()
            total = weight.sum((1, 2)).clamp(min=1e-12)
            scores.append((quality[part].float() * weight).sum((1, 2)) / total)
    values = torch.stack(scores, 1).clamp(0, 1)
    return values.std(1, correction=0).cpu().numpy()


def stitch(
    maps: Tensor, faces: int, grid: Grid = GRID, *, surround: bool = False
) -> npt.NDArray[np.float16]:
    """Maps of patches ``(B * P, 24, 24)`` on the crop, ``(B, 32, 32)``; overlaps are averaged.

    Where no patch lies the map is 0 or, to ``surround`` it, what it is at the nearest place.
    """
    side, patch = CROP_SIDE // _TOKEN, PATCH_SIDE // _TOKEN
    total = torch.zeros(faces, side, side)
    count = torch.zeros(side, side)
    parts = maps.view(faces, len(grid), patch, patch).cpu()
    for index, (left, top) in enumerate(grid):
        rows = slice(top // _TOKEN, top // _TOKEN + patch)
        columns = slice(left // _TOKEN, left // _TOKEN + patch)
        total[:, rows, columns] += parts[:, index]
        count[rows, columns] += 1
    stitched = total / count.clamp(min=1)
    if surround:
        down, across = (_nearest(count.amax(axis) > 0) for axis in (1, 0))
        stitched = stitched[:, down][:, :, across]
    return stitched.numpy().astype(np.float16)


def _nearest(covered: Tensor) -> Tensor:
    """For each place on one axis, the nearest covered one."""
    places = torch.arange(len(covered))
    there = places[covered]
    return there[(places[:, None] - there[None, :]).abs().argmin(1)]
