"""Watching a training run: what it says as it goes, and how it is asked to stop.

The loop tells its `Watch` of every step and every validation, and asks it before every step
whether the run is still wanted. The log on disk is one watch, the events of a program another,
and tests have a third.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TextIO

import msgspec
import numpy as np

from fiqa_training.errors import TrainingError
from fiqa_training.evaluation.metrics import Values, plcc, rmse, srcc

WORST = 12
"""How many of the largest errors a validation names."""


@dataclass(frozen=True)
class Step:
    """One update, as it is told.

    Attributes:
        stage: which of a run's trainings, such as ``encoder``; empty where there is one.
        step: updates made so far, of ``steps``.
        loss: mean loss of the update.
        rate: learning rate of it.
        seconds: since this process began, without what an earlier one did.
    """

    stage: str
    step: int
    steps: int
    loss: float
    rate: float
    seconds: float


@dataclass(frozen=True)
class Case:
    """One validation picture: its name, what was predicted and what people said, both in [0, 1]."""

    name: str
    predicted: float
    wanted: float


@dataclass(frozen=True)
class Validation:
    """How the weights of one step do on pictures that are kept out of training.

    Attributes:
        figure: what chooses the best weights, higher is better.
        plcc, srcc: agreement; None where the figure is of another kind.
        rmse: error on the labels' scale; None likewise.
        count: pictures.
        worst: those with the largest errors, the largest first.
    """

    figure: float
    plcc: float | None = None
    srcc: float | None = None
    rmse: float | None = None
    count: int = 0
    worst: tuple[Case, ...] = field(default=())


class Watch(Protocol):
    """Whoever looks on while a run goes."""

    def stepped(self, step: Step) -> None:
        """An update was made."""

    def checked(self, step: int, found: Validation, best: float) -> None:
        """Weights were validated; ``best`` is the best figure so far, this one included."""

    def wanted(self) -> bool:
        """Whether to go on; asked before each step. After False the best weights are kept."""


def validation(
    predicted: Values, wanted: Values, names: Sequence[str], worst: int = WORST
) -> Validation:
    """The figures of predictions against labels, SRCC being the one that chooses.

    Args:
        predicted: (N,) scores.
        wanted: (N,) labels on the same scale.
        names: N names, for the worst cases.
        worst: how many of those.

    Constant predictions agree with nothing: their figure is -1, the worst there is.
    """
    order = np.argsort(-np.abs(predicted - wanted), kind="stable")[:worst]
    cases = tuple(Case(names[i], float(predicted[i]), float(wanted[i])) for i in order)
    rank, linear = (_number(measure(predicted, wanted)) for measure in (srcc, plcc))
    figure = -1.0 if rank is None else rank
    return Validation(figure, linear, rank, rmse(predicted, wanted), len(names), cases)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


class Watches:
    """Several watches as one; the run is wanted while all of them want it."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = tuple(watches)

    def stepped(self, step: Step) -> None:
        """Tell all."""
        for watch in self._watches:
            watch.stepped(step)

    def checked(self, step: int, found: Validation, best: float) -> None:
        """Tell all."""
        for watch in self._watches:
            watch.checked(step, found, best)

    def wanted(self) -> bool:
        """Ask all."""
        return all(watch.wanted() for watch in self._watches)


class Stepped(msgspec.Struct, tag="step", frozen=True):
    """An update, as an event of a program."""

    made: Step


class Checked(msgspec.Struct, tag="checked", frozen=True):
    """A validation, as an event of a program."""

    step: int
    best: float
    found: Validation


class Ended(msgspec.Struct, tag="ended", frozen=True):
    """The end of a run, with what it would have printed."""

    result: dict[str, Any]


Event = Stepped | Checked | Ended


class EventWatch:
    """Writes each event as one line of JSON, for a program that started this one.

    Args:
        stream: where to; standard output where none is given.
        wanted: asked whether the run is still wanted.
    """

    def __init__(
        self, stream: TextIO | None = None, wanted: Callable[[], bool] = lambda: True
    ) -> None:
        self._stream = stream or sys.stdout
        self._wanted = wanted
        self._encode = msgspec.json.Encoder().encode

    def stepped(self, step: Step) -> None:
        """One line."""
        self._write(Stepped(step))

    def checked(self, step: int, found: Validation, best: float) -> None:
        """One line."""
        self._write(Checked(step, best, found))

    def wanted(self) -> bool:
        """As whoever made this says."""
        return self._wanted()

    def ended(self, result: dict[str, Any]) -> None:
        """The last line."""
        self._write(Ended(result))

    def _write(self, event: Event) -> None:
        self._stream.write(self._encode(event).decode() + "\n")
        self._stream.flush()


def read_event(line: str | bytes) -> Event:
    """One line of `EventWatch` back as a value.

    Raises:
        TrainingError: it is none.
    """
    try:
        event: Event = msgspec.json.decode(line, type=Event)
    except msgspec.MsgspecError as error:
        raise TrainingError(f"Not an event of a training run: {error}") from error
    return event
