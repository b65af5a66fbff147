"""The scoring threads: one warm scorer that sees the crops of many photos.

On the CPU each thread takes one face at a time and computes with one thread of torch's. Where a
scorer takes one batch at a time (an accelerator, a plug-in), one thread takes whatever faces wait,
up to a full batch, and never waits for more: while a batch runs the next one gathers. So batches
fill when there is plenty and nothing is delayed when there is not. A score does not depend on its
neighbours in the batch (fiqa_models promises it).
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from fiqa_models.threads import use_threads
from fiqa_studio.domain.photos import LANDMARK_COUNT
from fiqa_studio.engine.link.protocol import LoadScorer, ScorerLoaded, WireScore
from fiqa_studio.engine.worker.answers import BadAnswerError, check_count, checked_score
from fiqa_studio.engine.worker.frames import Crops

if TYPE_CHECKING:
    from fiqa_models.scoring import Scorer

_logger = logging.getLogger(__name__)

CROP_SIDE = 512
_BATCH_ON_CPU = 8
_BATCH_ON_ACCELERATOR = 64
_WAITING_BATCHES = 3
"""How many batches of crops may wait; then decoders pause, so memory stays bounded."""


class ScoringListener(Protocol):
    """Who is told what becomes of the work; called on any scoring thread, each answer once."""

    def scorer_loaded(self, answer: ScorerLoaded) -> None:
        """A scorer is warm."""

    def load_failed(self, request_id: int, code: str, message: str) -> None:
        """A scorer cannot be loaded."""

    def photo_scored(self, crops: Crops, scores: list[WireScore]) -> None:
        """All faces of one photo have their scores."""

    def photo_not_scored(self, crops: Crops, code: str, message: str) -> None:
        """The faces of one photo cannot be scored."""

    def notice(self, level: str, message: str) -> None:
        """Something the user should know."""

    def begun(self, request_id: int) -> None:
        """A scorer is being loaded for this request."""


@dataclass(slots=True, eq=False)
class _Photo:
    """Crops on their way through the batches.

    Attributes:
        taken: How many faces some thread has begun with.
        scores: Of each face, as they come.
        left: How many scores are still to come.
        problem: Why the photo has no scores, code and message.
        answered: Whether the listener has been told.
    """

    crops: Crops
    pixels: npt.NDArray[np.uint8]
    landmarks: npt.NDArray[np.float32]
    taken: int = 0
    scores: list[WireScore | None] = field(default_factory=list)
    left: int = 0
    problem: tuple[str, str] | None = None
    answered: bool = False

    @property
    def count(self) -> int:
        return len(self.pixels)


_Batch = list[tuple[_Photo, slice]]


class Scoring:
    """Loads scorers and scores crops; loads and crops are begun in the order in which they come.

    Args:
        listener: Told of every result, on a scoring thread.
        cancelled: Whether a request was.
        threads: How many faces may be scored at a time where the scorer allows it.
    """

    def __init__(
        self, listener: ScoringListener, *, cancelled: Callable[[int], bool], threads: int
    ):
        self._listener = listener
        self._cancelled = cancelled
        self._queue: deque[LoadScorer | _Photo] = deque()
        self._waiting_faces = 0
        self._changed = threading.Condition()
        self._scorers: dict[str, Scorer] = {}
        self._loading = self._closed = False
        self._taken: set[str] = set()
        """Names of scorers that work on a batch and bear no second one."""
        # One a core: torch leaves Python's lock while it computes, and two threads of its own that
        # share one face wait for each other more than they gain.
        for number in range(threads):
            threading.Thread(target=self._run, name=f"scoring-{number}", daemon=True).start()

    def load(self, command: LoadScorer) -> None:
        """Queue the loading of a scorer; what is queued after it may rely on it."""
        with self._changed:
            self._queue.append(command)
            self._changed.notify_all()

    def submit(self, crops: Crops) -> None:
        """Queue the faces of one photo; waits while too many are queued already."""
        pixels = np.frombuffer(crops.pixels, np.uint8).reshape(-1, CROP_SIDE, CROP_SIDE, 3)
        landmarks = np.frombuffer(crops.landmarks, np.float32).reshape(-1, LANDMARK_COUNT, 2)
        photo = _Photo(crops, pixels, landmarks)
        photo.scores, photo.left = [None] * photo.count, photo.count
        with self._changed:
            limit = _WAITING_BATCHES * self._batch_size(crops.scorer)
            while self._waiting_faces and self._waiting_faces + photo.count > limit:
                self._changed.wait()
            self._queue.append(photo)
            self._waiting_faces += photo.count
            self._changed.notify_all()

    def close(self) -> None:
        """Let the threads end once the queue is empty; does not wait for them."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while (task := self._next()) is None:
                    if self._closed and not self._queue:
                        return
                    self._changed.wait()
                self._changed.notify_all()
            if isinstance(task, LoadScorer):
                self._load(task)
                with self._changed:
                    self._loading = False
                    self._changed.notify_all()
            else:
                name, batch = task
                self._score_guarded(name, batch)
                with self._changed:
                    self._taken.discard(name)
                    self._changed.notify_all()

    def _next(self) -> LoadScorer | tuple[str, _Batch] | None:
        """What this thread is to do now, if anything; the lock is held."""
        if self._loading or not self._queue:
            return None
        first = self._queue[0]
        if isinstance(first, LoadScorer):
            self._loading = True  # what comes after it waits for it
            self._queue.popleft()
            return first
        name = first.crops.scorer
        if name in self._taken:
            return None
        batch = self._take_batch(name)
        if name in self._scorers and not _bears_threads(self._scorers[name]):
            self._taken.add(name)
        return name, batch

    def _take_batch(self, scorer: str) -> _Batch:
        """Faces from the head of the queue, as parts of photos; the lock is held."""
        batch: _Batch = []
        loaded = self._scorers.get(scorer)
        # The next thread wants a share too, and on one core faces come no faster together.
        room = 1 if loaded and _bears_threads(loaded) else self._batch_size(scorer)
        while self._queue and room > 0:
            photo = self._queue[0]
            if isinstance(photo, LoadScorer) or photo.crops.scorer != scorer:
                break
            if self._cancelled(photo.crops.request_id):
                self._queue.popleft()
                self._waiting_faces -= photo.count - photo.taken
                photo.problem = photo.problem or ("cancelled", "Cancelled.")
                batch.append((photo, slice(0, 0)))
                continue
            part = slice(photo.taken, min(photo.count, photo.taken + room))
            photo.taken = part.stop
            room -= part.stop - part.start
            self._waiting_faces -= part.stop - part.start
            batch.append((photo, part))
            if photo.taken == photo.count:
                self._queue.popleft()
        return batch

    def _batch_size(self, scorer: str) -> int:
        loaded = self._scorers.get(scorer)
        on_cpu = loaded is None or loaded.device == "cpu"
        return _BATCH_ON_CPU if on_cpu else _BATCH_ON_ACCELERATOR

    def _score_guarded(self, name: str, batch: _Batch) -> None:
        """Whatever happens, this thread lives on and every photo of the batch is answered."""
        try:
            self._score(name, batch)
        except Exception as error:
            _logger.exception("a batch failed by our own fault")
            for photo in dict.fromkeys(photo for photo, _ in batch):
                photo.problem = photo.problem or _failed(error)
                if self._is_mine_to_answer(photo):
                    self._listener.photo_not_scored(photo.crops, *photo.problem)

    def _score(self, name: str, batch: _Batch) -> None:
        scorer = self._scorers.get(name)
        if scorer is None:
            problem = ("scorer.not-loaded", f"The scorer “{name}” is not loaded.")
            for photo, _ in batch:
                photo.problem = photo.problem or problem
        else:
            use_threads(1 if _bears_threads(scorer) else 0)
            due = [(photo, faces) for photo, faces in batch if faces.stop > faces.start]
            self._score_together(scorer, [part for part in due if part[0].problem is None])
        for photo in dict.fromkeys(photo for photo, _ in batch):
            if self._is_mine_to_answer(photo):
                scores = [score for score in photo.scores if score is not None]
                if photo.problem is not None:
                    self._listener.photo_not_scored(photo.crops, *photo.problem)
                else:
                    self._listener.photo_scored(photo.crops, scores)

    def _is_mine_to_answer(self, photo: _Photo) -> bool:
        """Whether this thread did the last of a photo, or met what ends it; true only once."""
        with self._changed:
            if photo.answered or (photo.left and photo.problem is None):
                return False
            photo.answered = True
            if photo in self._queue:  # its later faces need not be scored
                self._queue.remove(photo)
                self._waiting_faces -= photo.count - photo.taken
                self._changed.notify_all()
            return True

    def _score_together(self, scorer: Scorer, parts: _Batch) -> None:
        if not parts:
            return
        pixels = np.concatenate([photo.pixels[part] for photo, part in parts])
        landmarks = np.concatenate([photo.landmarks[part] for photo, part in parts])
        try:
            scores = list(scorer.score(pixels, landmarks))
            check_count(scores, len(pixels))
        except (Exception, SystemExit) as error:
            # A plug-in may raise anything; one photo's trouble must not become another's.
            if len(parts) > 1:
                for part in parts:
                    self._score_together(scorer, [part])
                return
            if not isinstance(error, BadAnswerError):
                _logger.exception("the scorer failed")
            parts[0][0].problem = _failed(error)
            return
        for photo, faces in parts:
            count = faces.stop - faces.start
            answers, scores = scores[:count], scores[count:]
            try:
                checked = [checked_score(score) for score in answers]
            except Exception as error:  # noqa: BLE001 - the photo says it
                # No score, or whatever a plug-in's own class does when it is read.
                _logger.warning("a scorer's answer is not used: %s", error)
                photo.problem = _failed(error)
                continue
            with self._changed:
                photo.scores[faces] = checked
                photo.left -= count

    def _load(self, command: LoadScorer) -> None:
        self._listener.begun(command.request_id)
        try:
            self._listener.scorer_loaded(self._warm(command))
        except (Exception, SystemExit) as error:
            # Weights may be damaged, a driver may be absent, a plug-in may be broken.
            _logger.exception("a scorer cannot be loaded")
            self._listener.load_failed(command.request_id, "scorer.unavailable", str(error))

    def _warm(self, command: LoadScorer) -> ScorerLoaded:
        # Imported here because it loads torch, which takes seconds and is not always needed.
        from fiqa_models.registry import find_scorer, load_scorer  # noqa: PLC0415

        use_threads(1)  # its precision is chosen by the speed that it will have
        spec = find_scorer(command.scorer)
        name = spec.name
        loaded = self._scorers.get(name)
        # Another scorer may have got this name since.
        replaced = loaded is not None and spec.hash not in {"", loaded.hash}
        if loaded is None or replaced or (command.device and loaded.device != command.device):
            loaded = load_scorer(
                name,
                device=command.device,
                precision=command.precision,
                on_notice=lambda text: self._listener.notice("warning", text),
            )
            self._scorers[name] = loaded
        return ScorerLoaded(
            request_id=command.request_id,
            name=name,
            title=loaded.title,
            hash=loaded.hash,
            summary=loaded.summary,
            kind=loaded.kind,
            device=loaded.device,
            precision=loaded.precision,
        )


def _bears_threads(scorer: Scorer) -> bool:
    """Whether a scorer may be asked by several threads at once; a plug-in must say so."""
    return bool(getattr(scorer, "parallel", False))


def _failed(error: BaseException) -> tuple[str, str]:
    """Code and reason of a photo that a scorer failed on."""
    said = str(error) or type(error).__name__
    if isinstance(error, BadAnswerError):
        return ("scorer.bad-answer", f"The scorer's answer for this photo cannot be used: {said}.")
    return ("scorer.failed", f"The scorer failed on this photo: {said}")
