"""The rater's desk: runs a `Sitting` off the window's thread and fetches pictures ahead.

Every answer goes through one thread, in order, and the next scene is made only after the sitting
has committed it. What the window shows is a `Scene`, whole, with its pictures decoded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.study import file
from fiqa_studio.study.errors import AnswerError, StudyError
from fiqa_studio.study.sitting.sitting import Sitting, TooSoonError, open_sitting
from fiqa_studio.study.sitting.steps import Display, Outcome, ReadInstructions, Step, Trial
from fiqa_studio.ui.process.qt_types import ready_for_threads
from fiqa_studio.ui.session.background import Background


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One rating as the window gives it; see `Sitting.answer`."""

    trial: Trial
    values: Mapping[str, float]
    slider_start: float | None
    reaction_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is to be shown now.

    Attributes:
        step: What stands before the rater.
        images: Decoded pictures by their hashes, as many pixels as the file has.
        outcome: Of the answer that led here, if one did.
        notice: Why that answer was not counted, else empty.
    """

    step: Step
    images: Mapping[str, QImage] = field(default_factory=dict)
    outcome: Outcome | None = None
    notice: str = ""


class Desk(QObject):
    """One rater at one study, for as long as the window is open.

    Signals:
        arrived: A `Scene`.
        failed: A `KnownError`: nothing was counted; `again` tries the same once more.
    """

    arrived = Signal(object)
    failed = Signal(object)

    def __init__(self, path: Path, rater: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        ready_for_threads()
        self._path = path
        self._rater = rater
        self._work = Background("fiqa-rating", 1, self, drain=True)
        self._ahead = Background("fiqa-rating-ahead", 1, self)
        self._open = ExitStack()
        self._sitting: Sitting | None = None
        self._images: dict[str, QImage] = {}
        self._last: Callable[[], Scene] | None = None
        self._closed = False

    @property
    def sitting(self) -> Sitting:
        """The sitting; there from the first scene on."""
        if self._sitting is None:
            raise RuntimeError("nobody sits here yet")
        return self._sitting

    # --- what the window asks for -------------------------------------------------------------

    def begin(self, display: Display) -> None:
        """Open the study and sit down."""

        def work() -> Scene:
            if self._sitting is None:
                opened = self._open.enter_context(file.opened(self._path))
                self._sitting = open_sitting(opened, self._rater, client="window", display=display)
            return self._scene()

        self._run(work)

    def ask(self, act: Callable[[Sitting], object]) -> None:
        """Do something, then show where that led; an `AnswerError` is said there."""

        def work() -> Scene:
            try:
                act(self.sitting)
            except AnswerError as error:
                return self._scene(notice=str(error))
            return self._scene()

        self._run(work)

    def answer(self, answer: Answer) -> None:
        """Commit a rating, then show what comes next."""
        self._run(lambda: self._answer(answer))

    def again(self) -> None:
        """Try once more what failed."""
        if self._last is not None:
            self._run(self._last)

    def pause(self) -> None:
        """Note that the rater leaves; all ratings are safe already."""

        def work() -> None:
            if self._sitting is not None:
                self._sitting.pause()

        # Where it fails, only a remark in the journal is lost.
        self._work.run(work, lambda _: None, failed=lambda _: None)

    def shown(self, trial: Trial) -> None:
        """The pictures of this trial were painted just now."""
        self.sitting.shown(trial.id, trial.attempt)

    def close(self) -> None:
        """Let go of the study, after what is being written."""
        if self._closed:
            return
        self._closed = True
        self._ahead.close()
        self._work.run(self._open.close, lambda _: None, failed=lambda _: None)
        self._work.close()

    # --- off the window's thread --------------------------------------------------------------

    def _run(self, work: Callable[[], Scene]) -> None:
        self._last = work
        self._work.run(work, self._deliver, failed=self._fail)

    def _deliver(self, scene: Scene) -> None:
        self.arrived.emit(scene)
        if isinstance(scene.step, Trial):
            self._ahead.run(self._fetch_ahead, lambda _: None, failed=lambda _: None, key="ahead")

    def _fail(self, error: Exception) -> None:
        if isinstance(error, KnownError):
            self.failed.emit(error)
            return
        self.failed.emit(
            StudyError("This does not work just now.", cause=str(error), code="rating.failed")
        )
        raise error  # it is an error of the program: the crash report tells of it

    def _answer(self, answer: Answer) -> Scene:
        trial = answer.trial
        for _ in range(20):
            try:
                outcome = self.sitting.answer(
                    trial.id,
                    answer.values,
                    attempt=trial.attempt,
                    slider_start=answer.slider_start,
                    reaction_ms=answer.reaction_ms,
                )
            except TooSoonError as error:
                time.sleep(error.wait_seconds)
            except AnswerError as error:
                return self._scene(notice=str(error))
            else:
                return self._scene(outcome=outcome)
        raise StudyError("The rating could not be given.", remedy="Try again.", code="rating.soon")

    def _scene(self, *, outcome: Outcome | None = None, notice: str = "") -> Scene:
        step = self.sitting.step()
        wanted: tuple[str, ...] = ()
        if isinstance(step, Trial):
            wanted = step.pictures
        elif isinstance(step, ReadInstructions):
            wanted = tuple(digest for part in step.parts for digest in part.pictures)
        images = {digest: self._image(digest) for digest in wanted}
        self._images = {key: self._images[key] for key in images if key in self._images} | images
        return Scene(step=step, images=images, outcome=outcome, notice=notice)

    def _fetch_ahead(self) -> None:
        coming = self.sitting.upcoming()
        if coming is not None:
            for digest in coming.pictures:
                self._images[digest] = self._image(digest)

    def _image(self, digest: str) -> QImage:
        kept = self._images.get(digest)
        if kept is not None:
            return kept
        image = QImage.fromData(self.sitting.picture(digest))
        if image.isNull():
            raise StudyError("A picture of this study cannot be shown.", code="picture.unreadable")
        # The display's own format, so that painting is a copy.
        return image.convertToFormat(QImage.Format.Format_RGB32)
