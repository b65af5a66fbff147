"""Training patches of labelled pictures; every sample is a function of the seed and its number.

Nothing depends on what was drawn before: a resumed run, and a run on more processes, knows what
comes next without any state of a generator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from fiqa_models.networks import (
    CROP_SIDE,
    MAX_LANDMARKS,
    PATCH_SIDE,
    identifiers_inside,
    padding_id,
)
from fiqa_training.data.labelled import LabelledImage, read_landmark_file
from fiqa_training.degradations import ByteImage
from fiqa_training.reading import read_rgb

Batch = tuple[Tensor, Tensor, Tensor]
"""Patches (B, 384, 384, 3) uint8, landmark identifiers (B, 500), targets (B,)."""


def read_crop(
    image: LabelledImage, landmarks: int
) -> tuple[ByteImage, npt.NDArray[np.float32] | None]:
    """A picture as a 512 x 512 crop, with its landmarks in pixels of that crop.

    Pictures of another size (PIQ23) are resized until they cover it, and cut at the middle.
    """
    picture = read_rgb(image.path)
    points = read_landmark_file(image.landmarks, least=landmarks) if image.landmarks else None
    height, width = picture.shape[:2]
    if (height, width) == (CROP_SIDE, CROP_SIDE):
        return picture, points
    scale = CROP_SIDE / min(height, width)
    size = max(CROP_SIDE, round(width * scale)), max(CROP_SIDE, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)
    left, top = (size[0] - CROP_SIDE) // 2, (size[1] - CROP_SIDE) // 2
    cut = np.ascontiguousarray(resized[top : top + CROP_SIDE, left : left + CROP_SIDE])
    if points is not None:
        points = (points * np.float32(scale) - np.array([left, top], np.float32)).astype(np.float32)
    return cut, points


def identifiers_of(
    points: npt.NDArray[np.float32] | None, left: int, top: int, landmarks: int
) -> npt.NDArray[np.int64]:
    """Identifiers of one patch; all padding where no landmarks are known."""
    if points is None:
        return np.full(MAX_LANDMARKS, padding_id(landmarks), np.int64)
    return identifiers_inside(points, left=left, top=top, side=PATCH_SIDE, landmarks=landmarks)


class PatchSet(Dataset[tuple[ByteImage, npt.NDArray[np.int64], np.float32]]):
    """One random 384 patch a sample, mirrored in half of the cases.

    A mirrored patch keeps its identifiers: they name what the patch shows, so the person's right
    eye stays the right eye.
    """

    def __init__(
        self, images: Sequence[LabelledImage], *, landmarks: int, flip: bool, seed: int
    ) -> None:
        self._images = images
        self._landmarks = landmarks
        self._flip = flip
        self._seed = seed

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, number: int) -> tuple[ByteImage, npt.NDArray[np.int64], np.float32]:
        """Sample `number` of the run; any number, not only below the length."""
        image = self._images[drawn(number, len(self._images), self._seed)]
        crop, points = read_crop(image, self._landmarks)
        rng = np.random.default_rng([self._seed, 2, number])
        left, top = (int(each) for each in rng.integers(CROP_SIDE - PATCH_SIDE + 1, size=2))
        patch = crop[top : top + PATCH_SIDE, left : left + PATCH_SIDE]
        if self._flip and rng.random() < 0.5:
            patch = patch[:, ::-1]
        ids = identifiers_of(points, left, top, self._landmarks)
        return np.ascontiguousarray(patch), ids, np.float32(image.target)


def drawn(number: int, count: int, seed: int) -> int:
    """Which of `count` pictures sample `number` shows: every epoch is a new shuffle."""
    epoch, place = divmod(number, count)
    return int(np.random.default_rng([seed, 1, epoch]).permutation(count)[place])


class _Numbers(Sampler[list[int]]):
    """Numbers of the samples of each batch of one process, from a given batch on."""

    def __init__(self, start: int, stop: int, batch: int, rank: int, size: int) -> None:
        self._range = range(start, stop)
        self._batch = batch
        self._rank = rank
        self._size = size

    def __len__(self) -> int:
        return len(self._range)

    def __iter__(self) -> Iterator[list[int]]:
        for turn in self._range:
            first = (turn * self._size + self._rank) * self._batch
            yield list(range(first, first + self._batch))


def batches(
    dataset: Dataset[Any],
    *,
    start: int,
    stop: int,
    batch: int,
    rank: int,
    size: int,
    workers: int,
) -> DataLoader[Any]:
    """Batches `start` to `stop` of process `rank` of `size`."""
    return DataLoader(
        dataset,
        batch_sampler=_Numbers(start, stop, batch, rank, size),
        num_workers=workers,
        worker_init_fn=_alone,
        pin_memory=torch.cuda.is_available(),
        # A forked worker would inherit the threads of OpenCV and torch in an unknown state.
        multiprocessing_context="spawn" if workers else None,
    )


def _alone(worker: int) -> None:  # noqa: ARG001 - torch passes its number
    """A worker computes on one core: there are as many workers as cores to use."""
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
