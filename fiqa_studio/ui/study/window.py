"""The rating window: shows whatever the sitting says comes next, and nothing else.

No score, name, file or progress of others is in it; where the rater is follows from the study's
database alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.study.sitting.entrance import space_needed
from fiqa_studio.study.sitting.sitting import Sitting
from fiqa_studio.study.sitting.steps import (
    AskCheck,
    AskConsent,
    AskQuestions,
    Display,
    Finished,
    ProposeBreak,
    ReadInstructions,
    Step,
    TooSmall,
    Trial,
)
from fiqa_studio.ui.study import look, pages
from fiqa_studio.ui.study.checking import check_page
from fiqa_studio.ui.study.desk import Answer, Desk, Scene
from fiqa_studio.ui.study.trial import BESIDE_WIDTH, TrialPage

_SETTLED_MS = 150


class RatingWindow(QWidget):
    """One rater at one study, full screen.

    Attributes:
        desk: Where the work is done.
        step: What is shown; None before the first scene, and where something failed.
        trial_page: The page of trials, once there was one.

    Signals:
        closed: The rater is gone.
    """

    closed = Signal()

    def __init__(self, path: Path, rater: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle("Rating")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setStyleSheet(look.SHEET)
        self.desk = Desk(path, rater, self)
        self.desk.arrived.connect(self._show)
        self.desk.failed.connect(self._complain)
        self.step: Step | None = None
        self.trial_page: TrialPage | None = None
        self._display = Display()
        self._given: Answer | None = None
        self._begun = False
        self._busy = False
        self._away = False
        self._stack = QStackedWidget()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self._settled = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._settled.timeout.connect(self._resized)

    @property
    def page(self) -> QWidget | None:
        """What is seen."""
        return self._stack.currentWidget()

    # --- showing ------------------------------------------------------------------------------

    def _show(self, scene: Scene) -> None:
        self._busy = False
        if self._away:  # an answer was under way when the rater paused
            return
        self._make_trial_page()
        step, before = scene.step, self.step
        self.step = step
        if isinstance(step, Trial):
            if self.trial_page is not None and self.page is self.trial_page and step == before:
                # The same again, after a change of size or a refusal: what was given stays.
                self.trial_page.release()
                self.trial_page.say(scene.notice)
                return
            self._show_trial(scene, step)
            return
        page = self._page_of(step, scene)
        if scene.notice:
            page.add_text(scene.notice, "title")
        self._put(page)

    def _show_trial(self, scene: Scene, step: Trial) -> None:
        page = self._make_trial_page()
        page.arrange(beside=self._beside())
        given = self._given
        wrong = given is not None and step.training and given.trial.id == step.id
        kept = given.values if wrong and given is not None else {}
        page.show_trial(step, scene.images, kept, scene.notice)
        self._bring(page)

    def _make_trial_page(self) -> TrialPage:
        page = self.trial_page
        if page is None:
            sitting = self.desk.sitting
            page = self.trial_page = TrialPage(sitting.study, sitting.scale)
            page.answered.connect(self._answer)
            page.seen.connect(self.desk.shown)
            page.back.connect(lambda: self._ask(Sitting.back))
            page.paused.connect(self._pause)
            self._stack.addWidget(page)
            page.controls.ensurePolished()
            self._settled.start()  # now the room that is left for pictures is known
        return page

    def _page_of(self, step: Step, scene: Scene) -> pages.TextPage:
        title = self.desk.sitting.study.title
        match step:
            case AskConsent():
                return pages.consent(
                    step, title, agree=lambda: self._ask(Sitting.agree), leave=self._leave
                )
            case AskQuestions():
                return pages.questions(
                    step, lambda answers: self._ask(lambda sitting: sitting.reply(answers))
                )
            case TooSmall():
                return pages.too_small(step, self._look_again, self.close)
            case AskCheck():
                name = step.check.name
                return check_page(
                    step,
                    lambda given: self._ask(lambda sitting: sitting.check(name, given)),
                    lambda: self._ask(lambda sitting: sitting.leave_out(name)),
                    self._measured,
                )
            case ReadInstructions():
                return pages.instructions(
                    step, title, scene.images, lambda: self._ask(Sitting.understood)
                )
            case ProposeBreak():
                return pages.propose_break(step, lambda: self._ask(Sitting.rested), self.close)
            case Finished():
                return pages.finished(step, title, self.close)
            case Trial():
                raise AssertionError("a trial has a page of its own")

    def _put(self, page: pages.TextPage) -> None:
        self._stack.addWidget(page)
        self._bring(page)
        page.take_keyboard()

    def _bring(self, page: QWidget) -> None:
        old = self._stack.currentWidget()
        self._stack.setCurrentWidget(page)
        if old is not None and old is not page and old is not self.trial_page:
            self._stack.removeWidget(old)
            old.deleteLater()

    def _complain(self, error: KnownError) -> None:
        self._busy = False
        self.step = None
        self._put(pages.trouble(error, self._again, self.close))

    # --- what the rater does --------------------------------------------------------------------

    def _answer(self, answer: Answer) -> None:
        self._given = answer
        self.desk.answer(answer)

    def _ask(self, act: Callable[[Sitting], object]) -> None:
        if not self._busy:  # a second click on the same button asks nothing
            self._busy = True
            self.desk.ask(act)

    def _again(self) -> None:
        if not self._busy:
            self._busy = True
            self.desk.again()

    def _look_again(self) -> None:
        display = self._display = self._measure()
        self._ask(lambda sitting: sitting.resize(display))

    def _measured(self, pixels_a_mm: float, distance_cm: float) -> None:
        display = replace(self._display, pixels_a_mm=pixels_a_mm, distance_cm=distance_cm)
        self._display = display
        self.desk.sitting.resize(display)

    def _leave(self) -> None:
        self._put(
            pages.leaving(
                lambda: self._ask(Sitting.quit),
                lambda: self._ask(_nothing),
            )
        )

    def _pause(self) -> None:
        self.step, self._away = None, True
        self.desk.pause()
        self._put(pages.paused(self._come_back, self.close))

    def _come_back(self) -> None:
        self._away = False
        self._ask(_nothing)

    # --- the display ----------------------------------------------------------------------------

    def _controls_height(self) -> int:
        if self.trial_page is not None:
            return self.trial_page.controls.sizeHint().height()
        return 160

    def _beside(self) -> bool:
        """Whether the pictures fit only where the controls stand at their right."""
        needs, ratio = space_needed(self.desk.sitting.study), self.devicePixelRatioF()
        under = self.height() - self._controls_height()
        fits_under = needs[0] <= self.width() * ratio and needs[1] <= under * ratio
        fits_beside = (
            needs[0] <= (self.width() - BESIDE_WIDTH) * ratio and needs[1] <= self.height() * ratio
        )
        return fits_beside and not fits_under

    def _measure(self) -> Display:
        """Device pixels there are for pictures, with the controls where they will stand."""
        ratio = self.devicePixelRatioF()
        width, height = self.width(), self.height() - self._controls_height()
        if self._begun and self._beside():
            width, height = self.width() - BESIDE_WIDTH, self.height()
        return replace(
            self._display,
            width=int(width * ratio),
            height=max(0, int(height * ratio)),
            scale=ratio,
            exact=self.trial_page is None or self.trial_page.stage.exact,
            about=f"FIQA Studio, {self.screen().name()}",
        )

    def _resized(self) -> None:
        if not self._begun:
            return
        if self._busy:
            self._settled.start()
            return
        if self.trial_page is not None:
            self.trial_page.arrange(beside=self._beside())
        if isinstance(self.step, Trial | TooSmall):
            self._look_again()

    # --- Qt -------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """The first time: sit down, once the window has its size."""
        super().showEvent(event)
        if self.step is None and not self._begun:
            QTimer.singleShot(0, self, self._begin)

    def _begin(self) -> None:
        if self._begun:
            return
        self._busy = True
        self.desk.begin(self._measure())
        self._begun = True

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another size, and perhaps another screen."""
        super().resizeEvent(event)
        self._settled.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes a page that only waits; nothing is lost by it."""
        if event.key() == Qt.Key.Key_Escape and not isinstance(self.step, Trial):
            self.close()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Every rating is on the disk already; what is being written is finished."""
        self._settled.stop()
        self.desk.close()
        event.accept()
        self.closed.emit()


def _nothing(_: Sitting) -> None:
    """Only look where the sitting stands."""
