"""Several processes, one training: what torchrun says, and the few collective operations."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch import distributed as dist

from fiqa_models.devices import choose_device


@dataclass(frozen=True)
class Team:
    """The processes of a run.

    Attributes:
        rank: which one this is.
        size: how many there are.
        device: where this one computes.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def total(self, values: Tensor) -> Tensor:
        """The sum over all processes, in place."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def wait(self) -> None:
        """Until all processes have come here."""
        if self.size > 1:
            dist.barrier()


@contextmanager
def team(device: str = "") -> Iterator[Team]:
    """The processes that torchrun started, or this one alone.

    Args:
        device: where to compute; empty: this process's CUDA device, MPS, the CPU.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    place = choose_device(device)
    if place.type == "cuda" and size > 1:
        place = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(place)
    if size == 1:
        yield Team(0, 1, place)
        return
    dist.init_process_group("nccl" if place.type == "cuda" else "gloo")
    try:
        yield Team(dist.get_rank(), size, place)
    finally:
        dist.destroy_process_group()
