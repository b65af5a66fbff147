"""The pages of a sitting that are read or filled in: everything but trials and checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.study.sitting.steps import (
    AskConsent,
    AskQuestions,
    Finished,
    ProposeBreak,
    ReadInstructions,
    TooSmall,
)
from fiqa_studio.ui import theme
from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets.small import label

Run = Callable[[], object]
_WIDTH = 720


class TextPage(QWidget):
    """A column of text with buttons under it, which scrolls where the screen is small.

    Attributes:
        buttons: In their order; Enter presses the first, Escape the last that is quiet.
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        self.buttons: list[QPushButton] = []
        inside = QWidget()
        inside.setMaximumWidth(_WIDTH)
        self.column = QVBoxLayout(inside)
        self.column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.XL)
        self.column.setSpacing(Space.L)
        self.column.addWidget(label(title, "display"))
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.addStretch(1)
        row.addWidget(inside, 100)
        row.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(holder)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll = scroll.verticalScrollBar()
        self._row = QHBoxLayout()
        self._row.setSpacing(Space.M)
        foot = QWidget()
        foot.setMaximumWidth(_WIDTH)
        foot.setLayout(self._row)
        self._row.setContentsMargins(Space.XL, Space.S, Space.XL, Space.L)
        below = QHBoxLayout()
        below.addStretch(1)
        below.addWidget(foot, 100)
        below.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, Space.L, 0, Space.L)
        whole.addWidget(scroll, 1)
        whole.addLayout(below)

    def add_text(self, text: str, role: str = "") -> QLabel:
        """A paragraph."""
        made = label(text, role)
        self.column.addWidget(made)
        return made

    def finish(self, *buttons: tuple[str, Run], quiet: Sequence[tuple[str, Run]] = ()) -> None:
        """The buttons, the main one first; nothing is added after this."""
        self.column.addStretch(1)
        for number, (words, run) in enumerate([*buttons, *quiet]):
            button = QPushButton(words)
            if number >= len(buttons):
                theme.set_role(button, "quiet")
            button.clicked.connect(lambda _checked=False, run=run: run())
            self._row.addWidget(button)
            self.buttons.append(button)
        self._row.addStretch(1)

    def take_keyboard(self) -> None:
        """Give the keyboard to the first field, else to the main button."""
        first: list[QWidget] = [*self.findChildren(QSlider), *self.findChildren(QLineEdit)]
        first += [*self.findChildren(QComboBox), *self.buttons]
        if first:
            first[0].setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses the button that has the keyboard, else the main one; pages scroll."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and not event.isAutoRepeat():
            focus = self.focusWidget()
            pressed = focus if isinstance(focus, QPushButton) else next(iter(self.buttons), None)
            if pressed is not None:
                pressed.click()
        elif event.key() in {Qt.Key.Key_PageDown, Qt.Key.Key_PageUp}:
            down = event.key() == Qt.Key.Key_PageDown
            by = self._scroll.pageStep() - 2 * self._scroll.singleStep()
            self._scroll.setValue(self._scroll.value() + (by if down else -by))
        else:
            event.ignore()


def consent(step: AskConsent, title: str, *, agree: Run, leave: Run) -> TextPage:
    """Agree, or leave."""
    page = TextPage(title)
    page.add_text(step.consent.text)
    page.finish(("I agree", agree), quiet=[("Do not take part", leave)])
    return page


def questions(step: AskQuestions, reply: Callable[[dict[str, str]], object]) -> TextPage:
    """The questionnaire."""
    page = TextPage("Before you begin")
    fields: dict[str, QLineEdit | QComboBox] = {}
    for question in step.questions:
        text = question.text + (" *" if question.required else "")
        page.add_text(text)
        field: QLineEdit | QComboBox
        if question.choices:
            field = QComboBox()
            field.addItems(["", *question.choices])
        else:
            field = QLineEdit()
            field.setMaxLength(500)
        field.setAccessibleName(question.text)
        fields[question.key] = field
        page.column.addWidget(field)

    def given() -> dict[str, str]:
        return {
            key: field.currentText() if isinstance(field, QComboBox) else field.text()
            for key, field in fields.items()
        }

    page.finish(("Next", lambda: reply(given())))
    return page


def instructions(
    step: ReadInstructions, title: str, images: Mapping[str, QImage], begin: Run
) -> TextPage:
    """The instructions in their parts, with the owner's examples pixel by pixel."""
    page = TextPage(title)
    for part in step.parts:
        page.add_text(part.title, "title")
        page.add_text(part.text)
        if part.pictures:
            row = QHBoxLayout()
            row.setSpacing(Space.M)
            for digest in part.pictures:
                picture = QPixmap.fromImage(images[digest])
                picture.setDevicePixelRatio(page.devicePixelRatioF())
                shown = QLabel()
                shown.setPixmap(picture)
                row.addWidget(shown)
            row.addStretch(1)
            page.column.addLayout(row)
    page.finish(("Begin", begin))
    return page


def too_small(step: TooSmall, again: Run, leave: Run) -> TextPage:
    """The largest picture does not fit."""
    page = TextPage("This screen is too small")
    needs, has = (" x ".join(map(str, size)) for size in (step.needs, step.has))
    page.add_text(f"The pictures need {needs} pixels; here there are {has}.")
    page.add_text(step.remedy)
    page.finish(("Try again", again), quiet=[("Close", leave)])
    return page


def propose_break(step: ProposeBreak, go_on: Run, pause: Run) -> TextPage:
    """A break would be good."""
    page = TextPage("Time for a break?")
    minutes = round(step.minutes)
    page.add_text(
        f"You have been rating for {minutes} minutes. Rest your eyes for a moment; you will go on "
        "exactly here."
    )
    page.finish(("Go on", go_on), quiet=[("Pause and close", pause)])
    return page


def paused(go_on: Run, leave: Run) -> TextPage:
    """The rater wanted to leave."""
    page = TextPage("Paused")
    page.add_text(
        "Everything that you rated is stored. You may close this window; the same study and name "
        "bring you back to exactly this place."
    )
    page.finish(("Go on", go_on), quiet=[("Close", leave)])
    return page


def leaving(leave: Run, stay: Run) -> TextPage:
    """Asked once more before a rater is gone for good."""
    page = TextPage("Leave the study?")
    page.add_text("You cannot come back to it. What you have rated stays with its owner.")
    page.finish(("Stay", stay), ("Leave for good", leave))
    return page


def finished(step: Finished, title: str, leave: Run) -> TextPage:
    """Nothing more to rate."""
    page = TextPage(title)
    page.add_text(step.message)
    if step.code:
        page.add_text("Your code:")
        code = page.add_text(step.code, "title")
        code.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
    if step.contact:
        page.add_text(f"Questions? {step.contact}")
    page.finish(("Close", leave))
    return page


def trouble(error: KnownError, again: Run, leave: Run) -> TextPage:
    """Something does not work; what was to be written is kept and tried again."""
    page = TextPage("This does not work just now")
    for text in (error.message, error.cause, error.remedy):
        if text:
            page.add_text(text)
    page.finish(("Try again", again), quiet=[("Close", leave)])
    return page
