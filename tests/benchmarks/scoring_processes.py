"""Processes of one thread each that run patches through a copy of one network."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import multiprocessing

from fiqa_models.dsl_scorer import prepare_for_cpu, spread_inside
from fiqa_models.networks import DslFiqa
from tests.benchmarks.quality_faces import patch_of


class View(NamedTuple):
    """One patch to look at: a crop (512, 512, 3), its landmarks (478, 2), and (left, top)."""

    crop: npt.NDArray[np.uint8]
    landmarks: npt.NDArray[np.float32]
    origin: tuple[int, int]


class Seen(NamedTuple):
    """What the frozen parts make of a patch: (384, 24, 24) and (96, 256), both float16."""

    field: npt.NDArray[np.float16]
    degradation: npt.NDArray[np.float16]


class ScoringProcesses:
    """A pool of such processes; close it by leaving its ``with`` block."""

    def __init__(self, network: DslFiqa, count: int) -> None:
        # Started afresh: a copy of a process that has threads could wait for them for ever.
        self._pool = ProcessPoolExecutor(
            count, multiprocessing.get_context("spawn"), _start, (network,)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def scores(self, views: Iterable[View]) -> Iterator[tuple[float, float]]:
        """Score and spread over the patch's own maps of each, in order."""
        return self._pool.map(_score, views)

    def seen(self, views: Iterable[View]) -> Iterator[Seen]:
        """What the decoder is given of each, in order."""
        return self._pool.map(_see, views)


_network: DslFiqa
"""This process's own; set when it starts."""


def _start(network: DslFiqa) -> None:
    global _network  # noqa: PLW0603 - a process of a pool keeps its state in its module
    torch.set_num_threads(1)
    # The tensors come in memory that all processes share, and they are about to be rearranged.
    _network = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
    prepare_for_cpu(_network, "float32")


@torch.inference_mode()
def _score(view: View) -> tuple[float, float]:
    output = _network(*patch_of(*view))
    return float(output.score), float(spread_inside(output.quality, output.confidence)[0])


@torch.inference_mode()
def _see(view: View) -> Seen:
    patch, _ = patch_of(*view)
    field = _network.stage2(_network.stage1(_network.tokens(patch)))[0]
    tokens = _network.degradation.tokens(patch)[0]
    return Seen(field.half().numpy(), tokens.half().numpy())
