"""The kinds of job there are: one value each, found by its name.

A job is a kind and its parameters (JSON values), nothing else; both are in the library. So
whatever has begun can be resumed or tried again, also by the next run of the program. A new kind
is one module with a `JobKind` named ``KIND`` and one line in ``_BUILT_IN``; a kind that does not
belong to the engine (a feature's, a test's) is given to `register`.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fiqa_studio.domain.jobs import JobRecord
from fiqa_studio.engine.jobs.job import Job
from fiqa_studio.engine.jobs.tools import Tools

Params = Mapping[str, Any]
"""What a job is to do, as JSON values."""


class Lane(StrEnum):
    """What a job needs most. Jobs of different lanes run at once; in one, the first comes first."""

    PIXELS = "pixels"
    """The worker's decoders and its scorer."""
    FILES = "files"
    """The disk: exports, sidecars."""
    TRAINING = "training"
    """A program that trains for hours."""


def _same(params: Params) -> Params:
    return params


def _equal(later: Params, earlier: Params) -> bool:
    return later == earlier


def _outcome(job: Job) -> str:
    return f"{job.progress.done:,} done."


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """Everything the rest of the program has to know of one kind of job.

    Attributes:
        name: As recorded in the library; never changed once released.
        lane: Where it waits for its turn.
        nouns: What it counts, one and many: ``("photo", "photos")``.
        title: What a job with these parameters does, for people.
        work: Does it, on the job's thread. Raises `KnownError` where the job as a whole cannot
            go on; one item that fails is `Job.fail_item`. Returns soon after `Job.cancelled`.
        outcome: What a job did, one sentence for people.
        resume: The parameters with which a job that ended early goes on; None where it cannot.
        retry: Those with which the failures of a job are tried again; None where they cannot.
        settles: Whether a later job (first) takes over what an earlier one (second) left undone,
            so that nobody need be reminded of that one.
    """

    name: str
    lane: Lane
    nouns: tuple[str, str]
    title: Callable[[Params], str]
    work: Callable[[Tools, Job, Params], None]
    outcome: Callable[[Job], str] = _outcome
    resume: Callable[[Params], Params] | None = _same
    retry: Callable[[JobRecord, Params], Params] | None = None
    settles: Callable[[Params, Params], bool] = _equal

    def counted(self, count: int) -> str:
        """``1 photo``, ``1,204 photos``."""
        return f"{count:,} {self.nouns[0] if count == 1 else self.nouns[1]}"


_BUILT_IN = {
    "index": "fiqa_studio.engine.indexing.kind",
    "score": "fiqa_studio.engine.scoring.kind",
    "fill": "fiqa_studio.engine.scoring.filling",
    "export": "fiqa_studio.engine.exporting.kind",
    "thumbnails": "fiqa_studio.engine.indexing.remake",
    "study": "fiqa_studio.engine.study_making",
}
"""Where the engine's own kinds are: a module whose ``KIND`` it is, loaded when first needed."""

_registered: dict[str, JobKind] = {}
_guard = threading.Lock()


def register(kind: JobKind) -> Callable[[], None]:
    """Make a kind known; returns what makes it unknown again.

    Raises:
        ValueError: There is one of this name.
    """
    with _guard:
        if kind.name in _registered or kind.name in _BUILT_IN:
            raise ValueError(f"there is a kind of job named “{kind.name}” already")
        _registered[kind.name] = kind

    def forget() -> None:
        with _guard:
            _registered.pop(kind.name, None)

    return forget


def find(name: str) -> JobKind:
    """The kind of this name.

    One that is not known here (a library that a program with more features has written) can be
    shown, but neither started, resumed nor tried again.
    """
    with _guard:
        kind = _registered.get(name)
    if kind is not None:
        return kind
    if name in _BUILT_IN:
        built_in: JobKind = importlib.import_module(_BUILT_IN[name]).KIND
        return built_in
    return JobKind(
        name=name,
        lane=Lane.FILES,
        nouns=("item", "items"),
        title=lambda _params: name,
        work=_cannot,
        resume=None,
    )


def _cannot(_tools: Tools, job: Job, _params: Params) -> None:
    raise LookupError(f"nothing here does jobs of the kind “{job.kind}”")
