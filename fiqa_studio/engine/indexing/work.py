"""The index job: scan folders, keep what is known, put the rest through the worker."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fiqa_studio.domain.errors import KnownError, PhotoError
from fiqa_studio.domain.image_data import Fingerprint
from fiqa_studio.domain.paths import path_from_bytes
from fiqa_studio.domain.photos import PhotoId, PhotoStatus, RootId
from fiqa_studio.engine.indexing.ignoring import ignored
from fiqa_studio.engine.indexing.places import Place, within
from fiqa_studio.engine.indexing.scan import FileOnDisk, Plan, Walk, make_plan, read_prints, walk
from fiqa_studio.engine.jobs.feed import Batch, feed, not_recorded
from fiqa_studio.engine.jobs.job import Job
from fiqa_studio.engine.link.client import WorkerClient
from fiqa_studio.engine.link.protocol import Event, IndexPhoto, PhotoIndexed, ScorerLoaded
from fiqa_studio.engine.link.wire import embedding_from_wire, photo_from_wire, score_from_wire
from fiqa_studio.store.library import Library
from fiqa_studio.store.photos import IndexedFile

_logger = logging.getLogger(__name__)

_LEARNED_AT_ONCE = 100
_TRY_AGAIN = frozenset(["photo.permission", "photo.gone", "photo.busy"])
"""Reasons that may pass without the file changing: the next scan tries again."""


@dataclass(frozen=True, slots=True)
class _Work:
    root_id: RootId
    file: FileOnDisk
    known_good: bool
    remake: bool = False


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

    def remake(self, places: Sequence[Place], photos: Collection[PhotoId]) -> None:
        """Index these photos again as they are known, for their thumbnails."""
        work: dict[PhotoId, _Work] = {}
        for place in places:
            for path, known in self._library.photos.scan_state(place.root_id).items():
                wanted = known.photo_id in photos and within(path, place.start)
                if wanted and path_from_bytes(path).exists():
                    file = FileOnDisk(path, known.size, known.mtime_ns)
                    work[known.photo_id] = _Work(place.root_id, file, known_good=True, remake=True)
        self._put_through(list(work.values()))

    def run(self, places: Sequence[Place]) -> None:
        """Scan the places, then index what they hold."""
        work: list[_Work] = []
        for place in places:
            if self._job.cancelled:
                return
            work += self._scan(place)
        if self._job.cancelled:
            return
        self._job.say("Looking for faces")
        self._put_through(work)

    def _put_through(self, work: Sequence[_Work]) -> None:
        self._job.expect(self._job.progress.done + len(work))
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
            if root.path_bytes != place.root and within(root.path_bytes, place.root)
        ]
        known = {
            path: file
            for path, file in self._library.photos.scan_state(place.root_id).items()
            if within(path, place.start) and not any(within(path, other) for other in nested)
        }
        found = walk(
            place.start,
            skip=nested,
            known=known.keys(),
            ignore=ignored(self._library),
            root=place.root,
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
            path
            for path, file in known.items()
            if file.status is PhotoStatus.INDEXED and not file.missing
        }
        return [_Work(place.root_id, file, file.path in good) for file in plan.index]

    def _say_found(self, count: int) -> None:
        self._job.say(f"Looking through folders: {self._found_before + count:,} photos")

    def _note_problems(self, found: Walk) -> None:
        self._job.counts["other"] += found.other
        self._job.counts["passed_over"] += found.passed.total()
        for problem in found.problems:
            self._job.fail_item(problem.path, KnownError(problem.message, code=problem.code))

    def _apply(self, place: Place, plan: Plan) -> None:
        """Write what needs no decoding."""
        photos = self._library.photos
        moves = [
            (
                file,
                photos.moved(
                    photo_id,
                    file.path,
                    file.size,
                    file.mtime_ns,
                    place.root_id,
                    plan.prints.get(file.path),
                ),
            )
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
        self._learn_pictures(plan)
        if plan.returned:
            photos.mark_present(plan.returned).result()
        if plan.missing:
            photos.mark_missing(plan.missing).result()
        counts = self._job.counts
        counts["unchanged"] += plan.unchanged
        counts["moved"] += moved
        counts["returned"] += len(plan.returned)
        counts["missing"] += len(plan.missing)

    def _learn_pictures(self, plan: Plan) -> None:
        """What an older version knew by the hash of the whole file is known by its picture.

        It reads each file once, decodes nothing, and goes on at the next scan where it was stopped.
        """
        moved = {photo_id for photo_id, _ in plan.moved}
        learned: dict[int, Fingerprint] = {}
        for count, (photo_id, file, whole) in enumerate(plan.whole):
            if self._job.cancelled:
                break
            if len(learned) >= _LEARNED_AT_ONCE:
                self._job.say(f"Learning photos by their pictures: {count:,}")
                self._library.photos.identify(learned).result()
                learned.clear()
            prints = None if photo_id in moved else read_prints(file.path)
            if prints is not None and prints.whole == whole:
                learned[photo_id] = prints.picture
        if learned:
            self._library.photos.identify(learned).result()

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
        if passing and work.remake:
            self._job.advance()  # the scan that comes says what has become of it
            return
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
        files = [self._file(work, answer) for work, answer in results]
        self._library.photos.record_many(files).result()
        for (work, answer), file in zip(results, files, strict=True):
            if work.remake:
                self._job.counts["thumbnails"] += 1
            else:
                self._job.counts["indexed"] += 1
                self._job.counts["faces"] += len(answer.faces)
            self._job.counts["scored"] += sum(score is not None for score in file.scores)
            if answer.score_problem:
                self._job.fail_item(
                    work.file.path, PhotoError(answer.score_problem, code="scorer.failed")
                )
            else:
                self._job.advance()

    def _file(self, work: _Work, answer: PhotoIndexed) -> IndexedFile:
        file, scorer = work.file, self._scorer
        return IndexedFile(
            work.root_id,
            file.path,
            answer.size,
            answer.mtime_ns,
            photo_from_wire(answer),
            scorer.hash if scorer is not None else "",
            tuple(
                None if face.score is None else score_from_wire(face.score, scorer)
                for face in answer.faces
            )
            if scorer is not None
            else (),
            tuple(
                None if face.score is None else embedding_from_wire(face.score)
                for face in answer.faces
            ),
        )
