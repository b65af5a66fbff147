"""The score job: whatever the scorer has not seen, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.photos import FaceId
from fiqa_studio.domain.scores import Score, ScoreMaps
from fiqa_studio.engine.jobs.feed import Batch, ask, feed
from fiqa_studio.engine.jobs.job import Job
from fiqa_studio.engine.jobs.tools import Tools
from fiqa_studio.engine.link.client import WorkerClient
from fiqa_studio.engine.link.protocol import (
    Event,
    LoadScorer,
    PhotoScored,
    ScorePhoto,
    ScorerLoaded,
    WireFaceToScore,
)
from fiqa_studio.engine.link.wire import landmarks_to_wire, score_from_wire, scorer_info
from fiqa_studio.store.library import Library

DEFAULT_SCORER = "default"
"""Stands for the best scorer that works here."""

Group = tuple[bytes, str, list[FaceId]]
"""A photo's path and content hash, and faces of it."""

_LANDMARKS_AT_ONCE = 64
"""Photos whose landmarks are read from the library together."""


@dataclass(frozen=True, slots=True)
class _Work:
    path: bytes
    content_hash: str
    faces: list[WireFaceToScore]


def load_scorer(tools: Tools, job: Job, scorer: str) -> ScorerLoaded | None:
    """Warm a scorer in the worker and make it known to the library; None where cancelled.

    It does not become the active one by this, unless the library has none yet.
    """
    job.say("Loading the scorer")
    command = LoadScorer(
        request_id=0,
        scorer="" if scorer == DEFAULT_SCORER else scorer,
        device=tools.settings.device,
        precision=tools.settings.precision,
    )
    loaded = ask(job, tools.client, command)
    if loaded is None:
        return None
    if not isinstance(loaded, ScorerLoaded):
        raise TypeError(f"the worker answered a load with {type(loaded).__name__}")
    tools.library.scores.ensure_scorer(scorer_info(loaded)).result()
    return loaded


def unscored(
    library: Library, scorer_hash: str, face_ids: Sequence[FaceId] | None = None
) -> list[Group]:
    """The faces (of ``face_ids`` where given) without a score of this scorer, by photo."""
    wanted = None if face_ids is None else frozenset(face_ids)
    groups = []
    for _, path, content_hash, faces in library.faces.unscored(scorer_hash):
        chosen = [face for face in faces if wanted is None or face in wanted]
        if chosen:
            groups.append((path, content_hash, chosen))
    return groups


class ScoreWork:
    """What a score job does, on the job's thread."""

    def __init__(self, library: Library, client: WorkerClient, job: Job, scorer: ScorerLoaded):
        self._library = library
        self._client = client
        self._job = job
        self._scorer = scorer
        self._batch: Batch[tuple[_Work, PhotoScored]] = Batch(
            self._write, lambda item, error: self._failed(item[0], error)
        )

    def run(self, face_ids: Sequence[FaceId] | None = None) -> None:
        """Score the faces that have no score of this scorer; of ``face_ids`` where given."""
        groups = unscored(self._library, self._scorer.hash, face_ids)
        self._job.expect(self._job.progress.done + len(groups))
        self._job.say(f"Scoring with {self._scorer.title}")
        feed(
            self._job,
            self._client,
            self._with_landmarks(groups),
            command_of=self._command,
            done=self._scored,
            failed=self._failed,
            tick=self._tick,
        )
        self._batch.flush()

    def _with_landmarks(self, groups: list[Group]) -> Iterator[_Work]:
        for start in range(0, len(groups), _LANDMARKS_AT_ONCE):
            part = groups[start : start + _LANDMARKS_AT_ONCE]
            landmarks = self._library.faces.landmarks([f for _, _, faces in part for f in faces])
            for path, content_hash, faces in part:
                wire = [WireFaceToScore(f, landmarks_to_wire(landmarks[f])) for f in faces]
                yield _Work(path, content_hash, wire)

    def _command(self, work: _Work) -> ScorePhoto:
        return ScorePhoto(
            request_id=0,
            path=work.path,
            content_hash=work.content_hash,
            faces=work.faces,
            scorer=self._scorer.name,
        )

    def _scored(self, work: _Work, answer: Event) -> None:
        if not isinstance(answer, PhotoScored):
            raise TypeError(f"the worker answered a scoring with {type(answer).__name__}")
        self._batch.add((work, answer))

    def _failed(self, work: _Work, error: KnownError) -> None:
        self._job.fail_item(work.path, error)

    def _tick(self) -> None:
        self._batch.tick()
        self._job.record()

    def _write(self, answers: list[tuple[_Work, PhotoScored]]) -> None:
        scores: list[tuple[FaceId, Score, ScoreMaps | None]] = [
            (FaceId(face_id), *score_from_wire(wire, self._scorer))
            for _, answer in answers
            for face_id, wire in answer.scores
        ]
        self._library.scores.record(self._scorer.hash, scores).result()
        self._job.counts["scored"] += len(scores)
        self._job.advance(len(answers))
