"""What a job works with."""

from __future__ import annotations

from dataclasses import dataclass

from fiqa_studio.engine.link.client import WorkerClient, WorkerSettings
from fiqa_studio.engine.scoring.installed import Scorers
from fiqa_studio.store.library import Library


@dataclass(frozen=True, slots=True)
class Tools:
    """The parts of the engine that jobs use; one set for all of them.

    Attributes:
        library: Open.
        client: The worker that decodes and scores.
        scorers: Those of this installation.
        settings: How the worker runs.
    """

    library: Library
    client: WorkerClient
    scorers: Scorers
    settings: WorkerSettings
