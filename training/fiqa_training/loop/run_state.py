"""What a training run leaves on disk: checkpoints that resume exactly, and its log.

    OUT/state/00000120/weights.safetensors   the learned tensors, buffers included
                       average.safetensors   their moving average, where there is one
                       state.pt              optimiser, scaler, step, early stopping; tensors and
                                             plain values only, read with weights_only=True
    OUT/log.jsonl                            one line an event; TensorBoard's files beside it
                                             where that package is installed

A checkpoint is a folder that appears by one rename; the two newest are kept, so that a damaged
one still leaves a run to go on from.
"""

from __future__ import annotations

import json
import logging
import pickle
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from fiqa_training.errors import TrainingError

log = logging.getLogger(__name__)

_KEPT = 2


@dataclass
class RunState:
    """Everything that a run needs to go on as if it had never stopped.

    Attributes:
        step: updates that have been made.
        weights: the learned module's state dict.
        average: the moving average of it; empty without one.
        optimizer: its state dict.
        scaler: the gradient scaler's state dict; empty without one.
        best: the best validation figure so far.
        waited: checks since then.
        recipe: what decided the run, to refuse going on with another one.
    """

    step: int
    weights: dict[str, Tensor]
    average: dict[str, Tensor]
    optimizer: dict[str, Any]
    scaler: dict[str, Any] = field(default_factory=dict)
    best: float = float("-inf")
    waited: int = 0
    recipe: str = ""


def save_state(folder: Path, state: RunState) -> None:
    """Write a checkpoint below ``folder`` by one rename, then forget the oldest ones."""
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"{state.step:08d}"
    partial = folder / f".{state.step:08d}.part"
    for leftover in (partial, final):
        if leftover.exists():
            shutil.rmtree(leftover)
    partial.mkdir()
    save_file(_plain(state.weights), partial / "weights.safetensors")
    save_file(_plain(state.average), partial / "average.safetensors")
    torch.save(
        {
            "step": state.step,
            "optimizer": state.optimizer,
            "scaler": state.scaler,
            "best": state.best,
            "waited": state.waited,
            "recipe": state.recipe,
        },
        partial / "state.pt",
    )
    partial.replace(final)
    for old in _checkpoints(folder)[_KEPT:]:
        shutil.rmtree(old)


def _plain(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {key: value.detach().cpu().contiguous() for key, value in state.items()}


def _checkpoints(folder: Path) -> list[Path]:
    """Complete checkpoints, the newest first."""
    found = [path for path in folder.glob("[0-9]*") if path.name.isdigit() and path.is_dir()]
    return sorted(found, key=lambda path: int(path.name), reverse=True)


def newest_state(folder: Path) -> RunState | None:
    """The newest readable checkpoint; None where there is none.

    Raises:
        TrainingError: there are checkpoints, but none can be read.
    """
    problems: list[str] = []
    for path in _checkpoints(folder):
        try:
            return load_state(path)
        except TrainingError as error:
            problems.append(error.message)
            log.info("%s", error)
    if problems:
        raise TrainingError(problems[0], "Delete the folder to begin again.")
    return None


def load_state(path: Path) -> RunState:
    """Read one checkpoint folder; nothing in it can run code.

    Raises:
        TrainingError: a file is missing, damaged, or holds more than tensors and plain values.
    """
    try:
        weights: dict[str, Tensor] = load_file(path / "weights.safetensors")
        average: dict[str, Tensor] = load_file(path / "average.safetensors")
        rest = torch.load(path / "state.pt", map_location="cpu", weights_only=True)
        return RunState(
            step=int(rest["step"]),
            weights=weights,
            average=average,
            optimizer=rest["optimizer"],
            scaler=rest["scaler"],
            best=float(rest["best"]),
            waited=int(rest["waited"]),
            recipe=str(rest["recipe"]),
        )
    except (OSError, SafetensorError, RuntimeError, EOFError) as error:
        raise TrainingError(f"The checkpoint {path} is damaged: {_first(error)}") from error
    except (pickle.UnpicklingError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(
            f"The checkpoint {path} is refused: it holds more or less than tensors and plain "
            f"values. {_first(error)}"
        ) from error


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class RunLog:
    """`log.jsonl`, and TensorBoard's event files where that package is installed."""

    def __init__(self, folder: Path, resumed_at: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "log.jsonl"
        # What a killed run did after its last checkpoint is done again, and logged again.
        kept = [line for line in _lines(path) if line.get("step", 0) <= resumed_at]
        partial = path.with_suffix(".part")
        partial.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
        partial.replace(path)
        self._file = path.open("a", encoding="utf-8")
        self._board = _summary_writer(folder, resumed_at)

    def add(self, step: int, **figures: float) -> None:
        """One event; figures that are not finite become null."""
        line = {k: v if abs(v) < float("inf") else None for k, v in figures.items()}
        self._file.write(json.dumps({"step": step, **line}) + "\n")
        self._file.flush()
        if self._board is not None:
            for name, value in figures.items():
                self._board.add_scalar(name, value, step)

    def close(self) -> None:
        """End the files."""
        self._file.close()
        if self._board is not None:
            self._board.close()


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        return
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue  # a kill in the middle of a line
        if isinstance(line, dict):
            yield line


def _summary_writer(folder: Path, resumed_at: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=resumed_at + 1)  # type: ignore[no-untyped-call, unused-ignore]


@contextmanager
def run_log(folder: Path, resumed_at: int, *, write: bool) -> Iterator[RunLog | None]:
    """The log of a run, for the one process that writes it."""
    found = RunLog(folder, resumed_at) if write else None
    try:
        yield found
    finally:
        if found is not None:
            found.close()
