"""The index job: scan folders, keep what is known, put the rest through the worker."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from fiqa_studio.domain.errors import KnownError, PhotoError
from fiqa_studio.domain.paths import path_to_bytes
from fiqa_studio.domain.photos import FaceId, RootId
from fiqa_studio.domain.scores import Score, ScoreMaps
from fiqa_studio.engine.indexing.scan import FileOnDisk, Plan, Walk, make_plan, walk
from fiqa_studio.engine.jobs.feed import Batch, feed, not_recorded
from fiqa_studio.engine.jobs.job import Job
from fiqa_studio.engine.link.client import WorkerClient
from fiqa_studio.engine.link.protocol import Event, IndexPhoto, PhotoIndexed, ScorerLoaded
from fiqa_studio.engine.link.wire import photo_from_wire, score_from_wire
from fiqa_studio.store.library import Library
from fiqa_studio.store.photos import IndexedFile

_logger = logging.getLogger(__name__)

_TRY_AGAIN = frozenset(["photo.permission", "photo.gone", "photo.busy"])
"""Reasons that may pass without the file changing: the next scan tries again."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder to scan: an indexed one, or a part of it."""

    root_id: RootId
    root: bytes
    start: bytes


@dataclass(frozen=True, slots=True)
class _Work:
    root_id: RootId
    file: FileOnDisk
    known_good: bool


def check_folder(folder: Path) -> None:
    """Refuse what cannot be indexed.

    Raises:
        KnownError: It is no folder (``folder.gone``, ``folder.not-a-folder``).
    """
    if folder.is_dir():
        return
    if folder.exists():
        raise KnownError(
            f"“{folder}” is a file, not a folder.",
            remedy="Name the folder that holds it.",
            code="folder.not-a-folder",
        )
    raise KnownError(
        f"There is no folder “{folder}”.",
        remedy="Check the name, and that its disk is connected.",
        code="folder.gone",
    )


def places_of(library: Library, folders: Sequence[Path]) -> list[Place]:
    """Where to scan for these folders; one that lies in no indexed folder becomes one.

    Raises:
        KnownError: One is no folder (``folder.gone``, ``folder.not-a-folder``).
    """
    places: list[Place] = []
    for folder in folders:
        start = path_to_bytes(folder.resolve())
        roots = [root for root in library.roots.all() if _within(start, root.path_bytes)]
        if roots:
            root = max(roots, key=lambda root: len(root.path_bytes))
            places.append(Place(root.id, root.path_bytes, start))
            continue
        check_folder(folder)
        places.append(Place(library.roots.add(start).result(), start, start))
    return places


def places_around(library: Library, paths: Collection[bytes]) -> list[Place]:
    """The indexed folders that hold these paths."""
    return [
        place for place in all_places(library) if any(_within(path, place.root) for path in paths)
    ]


def all_places(library: Library) -> list[Place]:
    """Every indexed folder."""
    return [Place(root.id, root.path_bytes, root.path_bytes) for root in library.roots.all()]


class IndexWork:
    """What an index job does, on the job's thread.

    Args:
        library: Where results go.
        client: The worker.
        job: Told of progress.
        scorer: Loaded already; None indexes without scoring.
        again: Paths to index even where unchanged.
    """

    def __init__(
        self,
        library: Library,
        client: WorkerClient,
        job: Job,
        *,
        scorer: ScorerLoaded | None,
        again: Collection[bytes] = (),
    ):
        self._library = library
        self._client = client
        self._job = job
        self._scorer = scorer
        self._again = frozenset(again)
        self._found_before = 0
        self._batch: Batch[tuple[_Work, PhotoIndexed]] = Batch(
            self._write, lambda item, error: self._job.fail_item(item[0].file.path, error)
        )

    def run(self, places: Sequence[Place]) -> None:
        """Scan the places, then index what they hold."""
        work: list[_Work] = []
        for place in places:
            if self._job.cancelled:
                return
            work += self._scan(place)
        if self._job.cancelled:
            return
        self._job.expect(self._job.progress.done + len(work))
        self._job.say("Looking for faces")
        feed(
            self._job,
            self._client,
            work,
            command_of=self._command,
            done=self._indexed,
            failed=self._failed,
            tick=self._tick,
        )
        self._batch.flush()

    # --- scanning --------------------------------------------------------------------------

    def _scan(self, place: Place) -> list[_Work]:
        nested = [
            root.path_bytes
            for root in self._library.roots.all()
            if root.path_bytes != place.root and _within(root.path_bytes, place.root)
        ]
        known = {
            path: file
            for path, file in self._library.photos.scan_state(place.root_id).items()
            if _within(path, place.start) and not any(_within(path, other) for other in nested)
        }
        found = walk(
            place.start,
            skip=nested,
            known=known.keys(),
            cancelled=lambda: self._job.cancelled,
            counted=self._say_found,
        )
        self._found_before += len(found.files)
        if self._job.cancelled:
            return []
        self._note_problems(found)
        plan = make_plan(found, known, again=self._again, cancelled=lambda: self._job.cancelled)
        self._apply(place, plan)
        good = {
            path for path, file in known.items() if file.status == "indexed" and not file.missing
        }
        return [_Work(place.root_id, file, file.path in good) for file in plan.index]

    def _say_found(self, count: int) -> None:
        self._job.say(f"Looking through folders: {self._found_before + count:,} photos")

    def _note_problems(self, found: Walk) -> None:
        self._job.counts["other"] += found.other
        for problem in found.problems:
            self._job.fail_item(problem.path, KnownError(problem.message, code=problem.code))

    def _apply(self, place: Place, plan: Plan) -> None:
        """Write what needs no decoding."""
        photos = self._library.photos
        moves = [
            (file, photos.moved(photo_id, file.path, file.size, file.mtime_ns, place.root_id))
            for photo_id, file in plan.moved
        ]
        moved = 0
        for file, move in moves:
            try:
                move.result()
                moved += 1
            except KnownError:
                raise
            except Exception as error:
                _logger.exception("a move cannot be recorded")
                self._job.fail_item(file.path, not_recorded(error))
        if plan.returned:
            photos.mark_present(plan.returned).result()
        if plan.missing:
            photos.mark_missing(plan.missing).result()
        counts = self._job.counts
        counts["unchanged"] += plan.unchanged
        counts["moved"] += moved
        counts["returned"] += len(plan.returned)
        counts["missing"] += len(plan.missing)

    # --- indexing --------------------------------------------------------------------------

    def _command(self, work: _Work) -> IndexPhoto:
        scorer = self._scorer.name if self._scorer else ""
        return IndexPhoto(request_id=0, path=work.file.path, scorer=scorer)

    def _indexed(self, work: _Work, answer: Event) -> None:
        if not isinstance(answer, PhotoIndexed):
            raise TypeError(f"the worker answered an index with {type(answer).__name__}")
        self._job.seconds.update(answer.seconds)
        self._batch.add((work, answer))

    def _failed(self, work: _Work, error: KnownError) -> None:
        passing = error.code in _TRY_AGAIN
        if not (passing and work.known_good) and error.code != "photo.gone":
            # A time of change of 0 never equals the file's, so the next scan tries again.
            mtime_ns = 0 if passing else work.file.mtime_ns
            recorded = self._library.photos.record_failed(
                work.root_id, work.file.path, work.file.size, mtime_ns, error.code, str(error)
            )
            try:
                recorded.result()
            except KnownError:
                raise
            except Exception:
                _logger.exception("a failure cannot be recorded")
        self._job.fail_item(work.file.path, error)

    def _tick(self) -> None:
        self._batch.tick()
        self._job.record()

    def _write(self, results: list[tuple[_Work, PhotoIndexed]]) -> None:
        recorded = self._library.photos.record_many(
            [
                IndexedFile(
                    work.root_id,
                    work.file.path,
                    answer.size,
                    answer.mtime_ns,
                    photo_from_wire(answer),
                )
                for work, answer in results
            ]
        ).result()
        scores: list[tuple[FaceId, Score, ScoreMaps | None]] = []
        for (_, answer), photo in zip(results, recorded, strict=True):
            scores += self._scores(answer, photo.face_ids)
        if scores and self._scorer is not None:
            self._library.scores.record(self._scorer.hash, scores).result()
            self._job.counts["scored"] += len(scores)
        for work, answer in results:
            self._job.counts["indexed"] += 1
            self._job.counts["faces"] += len(answer.faces)
            if answer.score_problem:
                self._job.fail_item(
                    work.file.path, PhotoError(answer.score_problem, code="scorer.failed")
                )
            else:
                self._job.advance()

    def _scores(
        self, answer: PhotoIndexed, face_ids: Sequence[FaceId]
    ) -> list[tuple[FaceId, Score, ScoreMaps | None]]:
        if self._scorer is None:
            return []
        return [
            (face_id, *score_from_wire(face.score, self._scorer))
            for face_id, face in zip(face_ids, answer.faces, strict=True)
            if face.score is not None
        ]


def _within(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")
