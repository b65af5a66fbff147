"""The scoring thread: one warm scorer that sees the crops of many photos together.

It takes whatever faces wait, up to a full batch, and never waits for more: while a batch runs
the next one gathers. So batches fill when there is plenty and nothing is delayed when there is
not. A score does not depend on its neighbours in the batch (fiqa_models promises it).
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

from fiqa_studio.domain.photos import LANDMARK_COUNT
from fiqa_studio.engine.link.protocol import LoadScorer, ScorerLoaded, WireScore
from fiqa_studio.engine.link.wire import score_to_wire
from fiqa_studio.engine.worker.frames import Crops

if TYPE_CHECKING:
    from fiqa_models.scoring import FaceScore, Scorer

_logger = logging.getLogger(__name__)

CROP_SIDE = 512
_BATCH_ON_CPU = 8
_BATCH_ON_ACCELERATOR = 64
_WAITING_BATCHES = 3
"""How many batches of crops may wait; then decoders pause, so memory stays bounded."""


class ScoringListener(Protocol):
    """Who is told what becomes of the work; called on the scoring thread."""

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
    """Crops on their way through the batches."""

    crops: Crops
    pixels: npt.NDArray[np.uint8]
    landmarks: npt.NDArray[np.float32]
    taken: int = 0
    scores: list[WireScore] = field(default_factory=list)
    problem: tuple[str, str] | None = None

    @property
    def count(self) -> int:
        return len(self.pixels)


class ScoringThread:
    """Loads scorers and scores crops, in the order in which they come."""

    def __init__(self, listener: ScoringListener, *, cancelled: Callable[[int], bool]):
        self._listener = listener
        self._cancelled = cancelled
        self._queue: deque[LoadScorer | _Photo] = deque()
        self._waiting_faces = 0
        self._changed = threading.Condition()
        self._scorers: dict[str, Scorer] = {}
        # The accelerator takes one batch at a time, so one thread feeds it.
        threading.Thread(target=self._run, name="scoring", daemon=True).start()

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
        with self._changed:
            limit = _WAITING_BATCHES * self._batch_size(crops.scorer)
            while self._waiting_faces and self._waiting_faces + photo.count > limit:
                self._changed.wait()
            self._queue.append(photo)
            self._waiting_faces += photo.count
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._queue:
                    self._changed.wait()
                first = self._queue[0]
                if isinstance(first, LoadScorer):
                    self._queue.popleft()
                    batch = []
                else:
                    batch = self._take_batch(first.crops.scorer)
                    self._changed.notify_all()
            if isinstance(first, LoadScorer):
                self._load(first)
            else:
                self._score(first.crops.scorer, batch)

    def _take_batch(self, scorer: str) -> list[tuple[_Photo, slice]]:
        """Faces from the head of the queue, as parts of photos; the lock is held."""
        batch: list[tuple[_Photo, slice]] = []
        room = self._batch_size(scorer)
        while self._queue and room > 0:
            photo = self._queue[0]
            if isinstance(photo, LoadScorer) or photo.crops.scorer != scorer:
                break
            if self._cancelled(photo.crops.request_id):
                self._queue.popleft()
                self._waiting_faces -= photo.count - photo.taken
                photo.problem = ("cancelled", "Cancelled.")
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

    def _score(self, name: str, batch: list[tuple[_Photo, slice]]) -> None:
        scorer = self._scorers.get(name)
        if scorer is None:
            problem = ("scorer.not-loaded", f"The scorer “{name}” is not loaded.")
            for photo, _ in batch:
                photo.problem = photo.problem or problem
        else:
            self._score_together(scorer, [part for part in batch if part[0].problem is None])
        for photo in dict.fromkeys(photo for photo, _ in batch):
            if photo.problem is not None:
                self._give_up(photo)
            elif len(photo.scores) == photo.count:
                self._listener.photo_scored(photo.crops, photo.scores)

    def _give_up(self, photo: _Photo) -> None:
        with self._changed:
            if photo in self._queue:  # its later faces need not be scored
                self._queue.remove(photo)
                self._waiting_faces -= photo.count - photo.taken
                self._changed.notify_all()
        code, message = photo.problem or ("scorer.failed", "")
        self._listener.photo_not_scored(photo.crops, code, message)

    def _score_together(self, scorer: Scorer, parts: list[tuple[_Photo, slice]]) -> None:
        if not parts:
            return
        pixels = np.concatenate([photo.pixels[part] for photo, part in parts])
        landmarks = np.concatenate([photo.landmarks[part] for photo, part in parts])
        try:
            scores = [_to_wire(score) for score in scorer.score(pixels, landmarks)]
        except Exception as error:
            # A plug-in may raise anything; one photo's trouble must not become another's.
            if len(parts) > 1:
                for part in parts:
                    self._score_together(scorer, [part])
                return
            _logger.exception("the scorer failed")
            parts[0][0].problem = ("scorer.failed", f"The scorer failed on this photo: {error}")
            return
        for photo, faces in parts:
            count = faces.stop - faces.start
            photo.scores.extend(scores[:count])
            del scores[:count]

    def _load(self, command: LoadScorer) -> None:
        self._listener.begun(command.request_id)
        try:
            self._listener.scorer_loaded(self._warm(command))
        except Exception as error:
            # Weights may be damaged, a driver may be absent, a plug-in may be broken.
            _logger.exception("a scorer cannot be loaded")
            self._listener.load_failed(command.request_id, "scorer.unavailable", str(error))

    def _warm(self, command: LoadScorer) -> ScorerLoaded:
        # Imported here because it loads torch, which takes seconds and is not always needed.
        from fiqa_models.registry import find_scorer, load_scorer  # noqa: PLC0415

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


def _to_wire(score: FaceScore) -> WireScore:
    return score_to_wire(score.value, score.spread, score.quality_map, score.confidence_map)
