"""The scorers of this installation, as the models' own program tells and changes them."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fiqa_models.intervals import Interval, from_figure
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.scores import ScorerInfo
from fiqa_studio.engine.programs import MODELS_PROGRAM, ModelsCall, StepCallback, ignore_steps

__all__ = ["Comparison", "ImportOrder", "InstalledScorer", "Interval", "Scorers", "comparisons"]

_TEXTS = (
    *("name", "title", "summary", "kind", "origin", "problem", "warning", "hash"),
    *("landmarks", "dataset", "licence", "date", "source", "file"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledScorer:
    """A scorer as the models' program lists it.

    Attributes:
        name: As on the command line.
        title: For menus.
        summary: What it measures and where it comes from.
        kind: ``dsl-fiqa``, ``classical`` or ``plug-in``.
        origin: ``built-in``, ``bundled``, ``own`` or ``plug-in``; only ``own`` can be changed.
        available: Whether it looks loadable.
        problem: Why it is not, else empty.
        warning: What is wrong with it although it works, else empty.
        hash: Its identity; empty for a plug-in, of which only loading tells.
        landmarks: Landmark scheme, ``mesh468`` or ``ibug68``; empty without a network.
        dataset, licence, date, source: What its manifest says, else empty.
        file: The tensor file; empty without one.
        size: Of that file, in bytes.
        figures: Measured figures of its manifest, by name.
        interval: Its calibrated interval, if it has one.
        default: Whether it scores where nothing else was chosen.
    """

    name: str
    title: str
    summary: str = ""
    kind: str = ""
    origin: str = "built-in"
    available: bool = True
    problem: str = ""
    warning: str = ""
    hash: str = ""
    landmarks: str = ""
    dataset: str = ""
    licence: str = ""
    date: str = ""
    source: str = ""
    file: str = ""
    size: int = 0
    figures: Mapping[str, Any]
    interval: Interval | None = None
    default: bool = False

    @property
    def own(self) -> bool:
        """Whether the user may rename and remove it."""
        return self.origin == "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOrder:
    """What to import; see ``fiqa models import``.

    Attributes:
        encoder: ``DE.pt``.
        quality: ``IQA.pt``.
        landmarks: ``mesh468`` or ``ibug68``.
        name: Of the new scorer.
        title: For menus; empty: made of the dataset.
        dataset: What it was trained on.
    """

    encoder: Path
    quality: Path
    landmarks: str
    name: str
    title: str = ""
    dataset: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One number of a specification beside what our network computes.

    Attributes:
        case: Which input.
        what: Which number.
        published: The published network's.
        found: Ours.
        deviation: Of ours, relative; None where the published one is 0.
        agrees: Within the tolerance.
        within_rounding: It agrees, or deviates by no more than rounding does.
        tolerance_used: How far it lies off, in tolerances; up to 1 it agrees, infinite where
            nothing may differ.
        rounding_used: The same in parts of what is allowed where rounding is allowed for.
    """

    case: str
    what: str
    published: float
    found: float
    deviation: float | None
    agrees: bool
    within_rounding: bool
    tolerance_used: float
    rounding_used: float


class Scorers:
    """Lists, imports, verifies, renames and removes; every method blocks for a process.

    The list is kept, so that asking for the interval of a score costs a process only once.
    """

    def __init__(self, command: Sequence[str] = MODELS_PROGRAM):
        self._command = tuple(command)
        self._guard = threading.Lock()
        self._listed: list[InstalledScorer] | None = None
        self._unknown: set[str] = set()

    def installed(self, *, fresh: bool = False) -> list[InstalledScorer]:
        """All scorers, ours first; ``fresh`` looks at the disk again.

        Raises:
            KnownError: The models' program failed.
        """
        with self._guard:
            if self._listed is None or fresh:
                self._listed = [_scorer_of(record) for record in self.call(["list"]).run()]
                self._unknown.clear()
            return list(self._listed)

    def interval_of(self, scorer_hash: str) -> Interval | None:
        """The interval of the scorer of this hash; None without one, or where it is gone.

        Raises:
            KnownError: The models' program failed.
        """
        found = self._find(scorer_hash)
        if found is None and scorer_hash not in self._unknown:
            # It may have been imported by the command line since. Asked once, not at each face.
            self.installed(fresh=True)
            self._unknown.add(scorer_hash)
            found = self._find(scorer_hash)
        return None if found is None else found.interval

    def name_of(self, scorer: ScorerInfo) -> str:
        """What a scorer that a library knows is called now: it may have been renamed."""
        try:
            found = self._find(scorer.hash)
        except KnownError:
            found = None  # the name it had will do; loading it tells what is wrong
        return scorer.name if found is None else found.name

    def call(self, arguments: Sequence[str], on_step: StepCallback = ignore_steps) -> ModelsCall:
        """A run of the program, not begun."""
        return ModelsCall(arguments, on_step=on_step, command=self._command)

    def importing(self, order: ImportOrder, on_step: StepCallback) -> ModelsCall:
        """An import, not begun; `taken` reads its answer."""
        return self.call(
            [
                "import",
                f"--de={order.encoder}",
                f"--iqa={order.quality}",
                f"--landmarks={order.landmarks}",
                f"--name={order.name}",
                f"--title={order.title}",
                f"--dataset={order.dataset}",
            ],
            on_step,
        )

    def verifying(self, specification: Path, on_step: StepCallback) -> ModelsCall:
        """A comparison with reference outputs, not begun; `comparisons` reads its answer."""
        return self.call(["verify", "--", str(specification)], on_step)

    def taken(self, answer: Mapping[str, Any]) -> InstalledScorer:
        """The scorer that an import or a renaming made; the list is read anew."""
        self.installed(fresh=True)
        return _scorer_of(answer)

    def rename(self, name: str, new_name: str, title: str) -> InstalledScorer:
        """Give a scorer of the user's own another name and title.

        Raises:
            ScorerError: It cannot be renamed; says why.
        """
        return self.taken(self.call(["rename", f"--title={title}", "--", name, new_name]).run())

    def remove(self, name: str) -> None:
        """Delete a scorer of the user's own; its scores stay.

        Raises:
            ScorerError: It cannot be removed; says why.
        """
        self.call(["remove", "--", name]).run()
        self.installed(fresh=True)

    def _find(self, scorer_hash: str) -> InstalledScorer | None:
        return next((s for s in self.installed() if s.hash and s.hash == scorer_hash), None)


def comparisons(answer: Sequence[Mapping[str, Any]]) -> list[Comparison]:
    """What a verification answered."""
    return [
        Comparison(
            case=str(row["case"]),
            what=str(row["what"]),
            published=float(row["published"]),
            found=float(row["found"]),
            deviation=None if row["deviation"] is None else float(row["deviation"]),
            agrees=bool(row["agrees"]),
            within_rounding=bool(row["within_rounding"]),
            tolerance_used=_or_infinite(row["tolerance_used"]),
            rounding_used=_or_infinite(row["rounding_used"]),
        )
        for row in answer
    ]


def _or_infinite(value: float | None) -> float:
    """JSON has no word for infinity; the program writes null."""
    return math.inf if value is None else float(value)


def _scorer_of(record: Mapping[str, Any]) -> InstalledScorer:
    """A scorer from the program's record; see ``fiqa_models.registry.record_of``."""
    interval = record.get("interval")
    return InstalledScorer(
        **{name: str(record.get(name, "")) for name in _TEXTS},
        available=bool(record.get("available")),
        default=bool(record.get("default")),
        size=int(record.get("bytes", 0)),
        figures=dict(record.get("figures") or {}),
        interval=None if interval is None else from_figure(interval),
    )
