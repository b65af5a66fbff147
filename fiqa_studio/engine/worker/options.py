"""The worker's command line, shared by its supervisor and its decoders."""

from __future__ import annotations

import argparse
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How a worker is to run.

    Attributes:
        decoder: Whether this process is a decoder of the worker's, not its supervisor.
        render: Whether it serves the screen: newest request first, no faces, no scores.
        decoders: How many decoders there may be.
        seconds_per_photo: After which a decoder is stopped and its photo fails.
        memory_mb: What a decoder may use beyond what it needs to start; 0 for no limit.
    """

    decoder: bool = False
    render: bool = False
    decoders: int = 1
    seconds_per_photo: float = 120.0
    memory_mb: int = 4096

    def arguments(self, *, decoder: bool = False) -> list[str]:
        """These options as a command line; ``decoder`` makes it one for a decoder."""
        return [
            *(["--decoder"] if decoder or self.decoder else []),
            *(["--render"] if self.render else []),
            f"--decoders={self.decoders}",
            f"--seconds-per-photo={self.seconds_per_photo}",
            f"--memory-mb={self.memory_mb}",
        ]


def parse_options(arguments: list[str]) -> WorkerOptions:
    """The options of a command line."""
    defaults = WorkerOptions()
    parser = argparse.ArgumentParser(prog="fiqa_studio.engine.worker")
    parser.add_argument("--decoder", action="store_true")
    parser.add_argument("--render", action="store_true")
    parser.add_argument("--decoders", type=int, default=defaults.decoders)
    parser.add_argument("--seconds-per-photo", type=float, default=defaults.seconds_per_photo)
    parser.add_argument("--memory-mb", type=int, default=defaults.memory_mb)
    return WorkerOptions(**vars(parser.parse_args(arguments)))
