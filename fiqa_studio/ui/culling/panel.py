"""The panel of marks: what holds for what is selected, and every way to change it by mouse."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.marks import (
    AddTag,
    Colour,
    Flag,
    Mark,
    PhotoMarks,
    RemoveTag,
    SetColour,
    SetFlag,
    SetQuality,
    SetStars,
)
from fiqa_studio.ui import theme
from fiqa_studio.ui.culling.marking import judge, mark
from fiqa_studio.ui.culling.quality_field import QualityField
from fiqa_studio.ui.culling.tag_field import TagField
from fiqa_studio.ui.session.selection import Chosen
from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets import mark_badges
from fiqa_studio.ui.widgets.small import icon_button, label

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context
    from fiqa_studio.ui.session.cards import Card

_SOON_MS = 80
"""A selection that is still being extended is read when it rests."""


class MarksPanel(QFrame):
    """Stars, flag, colour, tags and quality of the selection, or of the current photo.

    Attributes:
        tags: The tags and their field.
        quality: The slider.
    """

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._session = context.session
        self._selection = context.selection
        self._judged: Chosen | None = None
        self._filled = 0
        self.tags = TagField()
        self.quality = QualityField()
        self._stars = [icon_button("star", _star_tip(n), checkable=True) for n in range(1, 6)]
        self._flags = {
            Flag.PICK: icon_button("pick", "Pick", checkable=True),
            Flag.REJECT: icon_button("reject", "Reject", checkable=True),
        }
        self._colours = {
            c: icon_button("drop", str(c), checkable=True) for c in mark_badges.COLOURS
        }
        self._title = label("", "caption")
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._soon.timeout.connect(self._read)
        # What is marked moves the selection as well: shown once, before the next frame.
        self._next = QTimer(self, singleShot=True, interval=0)
        self._next.timeout.connect(self.refresh)
        self._lay_out()
        self._connect()
        self._dress()
        self.refresh()

    def focus_tags(self) -> None:
        """Type a tag."""
        self.tags.field.setFocus()
        self.tags.field.selectAll()

    def focus_quality(self) -> None:
        """Move the slider by keys."""
        self.quality.slider.setFocus()

    # --- making ----------------------------------------------------------------------------

    def _lay_out(self) -> None:
        theme.set_role(self, "panel")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        column.setSpacing(Space.S)
        head = QHBoxLayout()
        head.addWidget(label("MARKS", "section"))
        head.addWidget(self._title, 1, Qt.AlignmentFlag.AlignRight)
        column.addLayout(head)
        for buttons in (
            (*self._stars, *self._flags.values()),
            tuple(self._colours.values()),
        ):
            row = QHBoxLayout()
            row.setSpacing(2)
            for button in buttons:
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
                row.addWidget(button)
            row.addStretch(1)
            column.addLayout(row)
        column.addWidget(self.tags)
        column.addWidget(label("QUALITY AS YOU SEE IT", "section"))
        column.addWidget(self.quality)

    def _connect(self) -> None:
        context, session = self._context, self._session
        for number, button in enumerate(self._stars, 1):
            button.clicked.connect(partial(self._give_stars, number))
        for flag, button in self._flags.items():
            button.clicked.connect(partial(self._give_flag, flag))
        for colour, button in self._colours.items():
            button.clicked.connect(partial(self._give_colour, colour))
        self.tags.added.connect(lambda tag: self._say(AddTag(tag)))
        self.tags.removed.connect(lambda tag: self._say(RemoveTag(tag)))
        self.tags.left.connect(context.window.focus_area)
        self.tags.wanted.connect(self._read_known)
        self.quality.began.connect(self._note_judged)
        self.quality.given.connect(self._judge)
        self.quality.withdrawn.connect(self._withdraw)
        session.selection.changed.connect(self._on_moved)
        session.selection.moved.connect(lambda _: self._on_moved())
        session.listing.cards.arrived.connect(self._on_cards)
        session.changed.connect(self._on_changes)
        theme.manager.changed.connect(self._dress)

    def _dress(self) -> None:
        ratio = self.devicePixelRatioF()
        for colour, button in self._colours.items():
            parts = mark_badges.badges(PhotoMarks(colour=colour), 0, ratio)
            button.setIcon(QIcon(parts[0]))
            button.setIconSize(QSize(mark_badges.HEIGHT, mark_badges.HEIGHT))

    # --- showing ---------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what is known at once, and read the rest soon."""
        chosen = self._selection.chosen()
        card = self._card(chosen)
        writable = bool(chosen) and not self._session.library.read_only
        for button in (*self._stars, *self._flags.values(), *self._colours.values()):
            button.setEnabled(writable)
        self.tags.set_writable(writable)
        several = chosen.count > 1
        self._title.setText(f"{chosen.count:,} {chosen.subject}" if several else "")
        self._show_marks(card.marks if card is not None else PhotoMarks())
        if card is not None:
            self.tags.show_tags(dict.fromkeys(card.marks.tags, 1), 1)
        faces = self._selection.chosen_faces()
        if several or not faces:
            self.quality.show_quality(None, None, many=faces.count)
        elif card is not None and card.face_id in (None, *_only(faces)):
            self.quality.show_quality(card.quality, card.score, many=1)
        self.quality.set_writable(writable and bool(faces))
        self._soon.start()

    def _card(self, chosen: Chosen) -> Card | None:
        """The card of the one that is chosen, where it is one and known."""
        now = self._selection.current
        if chosen.count != 1 or now is None:
            return None
        return self._session.listing.cards.get(now.id)

    def _show_marks(self, marks: PhotoMarks) -> None:
        for number, button in enumerate(self._stars, 1):
            filled = number <= marks.stars
            if filled != button.isChecked() or filled != (number <= self._filled):
                button.setChecked(filled)
                icon, colour = ("star-filled", "warning") if filled else ("star", "")
                theme.set_icon(button, icon, colour)
        self._filled = marks.stars
        for flag, button in self._flags.items():
            button.setChecked(flag is marks.flag)
        for colour, button in self._colours.items():
            button.setChecked(colour is marks.colour)

    def _read(self) -> None:
        """The tags of several, and the quality of a face that no card shows."""
        selection, marks = self._selection, self._session.library.marks
        chosen, faces = selection.chosen(), selection.chosen_faces()
        if chosen.count != 1:

            def show(found: tuple[int, dict[str, int]]) -> None:
                self.tags.show_tags(found[1], found[0])

            self._session.run(
                lambda: marks.tags_of(chosen.target()), show, key="marks-tags", slow=True
            )
        elif faces.count == 1 and faces.ids is not None and not selection.many:
            face_id = int(faces.ids[0])

            def tell(found: dict[int, float]) -> None:
                self.quality.show_quality(found.get(face_id), None, many=1)

            card = self._card(chosen)
            if card is None or card.face_id != face_id:
                self._session.run(
                    lambda: {int(k): v for k, v in marks.of_faces([face_id]).items()},
                    tell,
                    key="marks-quality",
                )

    def _read_known(self) -> None:
        marks = self._session.library.marks
        self._session.run(marks.tags, self.tags.set_known, key="marks-known")

    def _on_moved(self) -> None:
        self.quality.flush()
        self._next.start()

    def _on_cards(self, keys: list[int]) -> None:
        now = self._selection.current
        if now is not None and now.id in keys:
            self._next.start()

    def _on_changes(self, changes: Changes) -> None:
        if changes.of_kind(Kind.MARK):
            self._soon.start()
            if self.tags.field.hasFocus():
                self._read_known()

    # --- changing --------------------------------------------------------------------------

    def _say(self, said: Mark) -> None:
        mark(self._context, [said])
        self.refresh()

    def _give_stars(self, stars: int) -> None:
        """The star that is the last one already takes all away."""
        card = self._card(self._selection.chosen())
        same = card is not None and card.marks.stars == stars
        self._say(SetStars(0 if same else stars))

    def _give_flag(self, flag: Flag) -> None:
        self._say(SetFlag(flag if self._flags[flag].isChecked() else Flag.NONE))

    def _give_colour(self, colour: Colour) -> None:
        self._say(SetColour(colour if self._colours[colour].isChecked() else Colour.NONE))

    def _note_judged(self) -> None:
        """The hand is on the slider: what it says is of these, even if the selection moves."""
        self._judged = self._selection.chosen_faces()

    def _judge(self, quality: float) -> None:
        judged, self._judged = self._judged, None
        if judged is not None:
            judge(self._context, [SetQuality(quality)], judged)

    def _withdraw(self) -> None:
        judge(self._context, [SetQuality(None)])


def _star_tip(number: int) -> str:
    return "1 star (1)" if number == 1 else f"{number} stars ({number})"


def _only(faces: Chosen) -> list[int]:
    return [] if faces.ids is None else [int(key) for key in faces.ids[:1]]


def show_and(context: Context, what: str) -> None:
    """Bring the panel out and put the keyboard into its tags or on its slider."""
    context.window.show_panel("marks", shown=True)
    panel: QWidget = context.window.panel("marks")
    if isinstance(panel, MarksPanel):
        (panel.focus_tags if what == "tags" else panel.focus_quality)()
