"""How a module adds its commands to the parser."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, Protocol

Run = Callable[[argparse.Namespace], int]


class AddCommand(Protocol):
    """Adds a command; its options are added to what this returns."""

    def __call__(
        self,
        name: str,
        run: Run,
        text: str,
        *,
        json: bool = False,
        worker: bool = False,
        within: Any = None,
    ) -> argparse.ArgumentParser:
        """Add a command.

        Args:
            name: As typed.
            run: Does it; gives the exit status.
            text: What it does, one sentence.
            json: It has ``--json``.
            worker: It has the options of the worker.
            within: The subparsers of another command, to be below that.
        """


def count(text: str) -> int:
    """A number of things, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"“{text}” is no number of lines")
    return int(text)
