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
from fiqa_studio.engine.link.wire import (
    embedding_from_wire,
    landmarks_to_wire,
    score_from_wire,
    scorer_info,
)
from fiqa_studio.store.library import Library
from fiqa_studio.store.vectors import Embedding

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
        self._counted = "scored"
        self._batch: Batch[tuple[_Work, PhotoScored]] = Batch(
            self._write, lambda item, error: self._failed(item[0], error)
        )

    def run(self, face_ids: Sequence[FaceId] | None = None) -> None:
        """Score the faces that have no score of this scorer; of ``face_ids`` where given."""
        self._job.say(f"Scoring with {self._scorer.title}")
        self._put_through(unscored(self._library, self._scorer.hash, face_ids))

    def redraw(self, face_ids: Sequence[int]) -> None:
        """Make the maps of these faces again; their scores stay what they are."""
        self._job.say(f"Drawing maps with {self._scorer.title}")
        self._score_again(face_ids, "maps")

    def fill(self, face_ids: Sequence[int]) -> None:
        """Compute the embeddings of these faces; their scores stay what they are."""
        self._job.say(f"Computing embeddings with {self._scorer.title}")
        self._score_again(face_ids, "filled")

    def _score_again(self, face_ids: Sequence[int], counted: str) -> None:
        """Keep what comes beside the scores, and count that under this name."""
        self._counted = counted
        found = self._library.faces.by_photo(face_ids)
        self._put_through([(path, content, faces) for _, path, content, faces in found])

    def _put_through(self, groups: list[Group]) -> None:
        self._job.expect(self._job.progress.done + len(groups))
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
        library, scorer = self._library.scores, self._scorer
        scores: list[tuple[int, Score, ScoreMaps | None]] = []
        embeddings: dict[int, Embedding] = {}
        hashes = {face: bits for _, answer in answers for face, bits in answer.hashes}
        for face, wire in (pair for _, answer in answers for pair in answer.scores):
            scores.append((face, *score_from_wire(wire, scorer)))
            embeddings[face] = embedding_from_wire(wire)
        if self._counted == "scored":
            library.record(scorer.hash, scores, embeddings=embeddings, hashes=hashes).result()
        else:
            maps = [(face, one) for face, _, one in scores]
            library.record_beside(scorer.hash, maps, embeddings, hashes).result()
        self._job.counts[self._counted] += len(scores)
        self._job.advance(len(answers))
