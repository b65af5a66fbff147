"""What one cell shows, whether of a face or of a photo; those seen lately are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from fiqa_studio.domain.marks import (
    AddTag,
    Mark,
    PhotoMarks,
    SetColour,
    SetFlag,
    SetStars,
    describe,
)
from fiqa_studio.domain.photos import FaceFlag, FaceId, FaceRow, PhotoId, PhotoRow, PhotoStatus
from fiqa_studio.domain.query import PhotoRule, Query, SortKey, Subject
from fiqa_studio.domain.scores import quality_word, shown_score
from fiqa_studio.ui.session.values import sorted_by

if TYPE_CHECKING:
    from fiqa_studio.store.library import Library
    from fiqa_studio.ui.session.session import Session

Ids = npt.NDArray[np.int64]
_KEPT = 4096
"""Cards kept; at some 1 kB each."""


@dataclass(frozen=True, slots=True)
class Card:
    """A cell.

    Attributes:
        id: Of the face in a grid of faces, of the photo in a grid of photos.
        photo_id: The photo it belongs to.
        face_id: The face; None in a grid of photos.
        title: File name.
        detail: A second line: what it is sorted by where nothing else shows that, else the time.
        score: In [0, 1], None without one.
        notes: Names of icons for what a user should know, with a word for each.
        problem: Why there is nothing to see; empty when all is well.
        missing: The file is gone.
        faces: Number of faces, shown in a grid of photos.
        marks: What people said of the photo.
        quality: A person's word on the face, or the lowest on the photo's; None without one.
        pending: How many writes of this window that it shows are not on the disk yet.
    """

    id: int
    photo_id: PhotoId
    face_id: FaceId | None
    title: str
    detail: str
    score: float | None
    notes: tuple[tuple[str, str], ...]
    problem: str
    missing: bool
    faces: int | None
    marks: PhotoMarks = field(default_factory=PhotoMarks)
    quality: float | None = None
    pending: int = 0

    def spoken(self) -> str:
        """The cell in words, for assistive technology and tool tips."""
        parts = [self.title]
        if self.score is not None:
            parts.append(f"score {shown_score(self.score)}, {quality_word(self.score).lower()}")
        if self.faces is not None:
            parts.append("1 face" if self.faces == 1 else f"{self.faces} faces")
        parts += [word for _, word in self.notes]
        if self.marks:
            parts.append(describe(_as_marks(self.marks)).lower())
        if self.missing:
            parts.append("file missing")
        if self.problem:
            parts.append(self.problem)
        return ", ".join(parts)


class Cards(QObject):
    """The cards of one subject, by id: kept a while, painted while stale, fetched off the thread.

    A card that something touched stays until its new one is here, so that nothing blinks. What
    the window knows before the library has it (one's own stars, say) is patched into the card at
    once; an answer that was asked for before the patch does not undo it.

    Signals:
        arrived: Ids whose cards are new or other ones.
        staled: Some of those that are here are to be read again, where they are in view.
    """

    arrived = Signal(list)
    staled = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._subject = Subject.FACES
        self._rule = PhotoRule.BEST
        self._key = SortKey.SCORE
        self._cards: OrderedDict[int, Card] = OrderedDict()
        self._stale: dict[int, int] = {}
        self._all_stale = 0
        self._fetched: dict[int, int] = {}
        self._clock = 0

    @property
    def subject(self) -> Subject:
        """What the ids are ids of."""
        return self._subject

    def show(self, query: Query) -> None:
        """Hold cards of what a query is about; those of another subject are dropped."""
        if query.subject is not self._subject:
            self._subject = query.subject
            self._clock += 1
            for held in (self._cards, self._stale, self._fetched):
                held.clear()
        if (query.photo_rule, query.order.key) != (self._rule, self._key):
            self._rule, self._key = query.photo_rule, query.order.key
            self.touch_all()

    def get(self, key: int) -> Card | None:
        """The card as far as it is known, perhaps a stale one."""
        return self._cards.get(key)

    def lacking(self, keys: Iterable[int]) -> list[int]:
        """Those whose card is not here, or stale."""
        return [key for key in keys if key not in self._cards or self._is_stale(key)]

    def want(self, keys: Sequence[int], *, lane: str = "cards") -> None:
        """Fetch these; a newer wish in the same ``lane`` takes the place of an older one."""
        if not keys:
            return
        subject, asked = self._subject, self._clock
        self._session.run(
            self._reading(keys),
            lambda cards: self._take(subject, asked, keys, cards),
            key=lane,
        )

    def with_card(self, key: int, then: Callable[[Card], object]) -> None:
        """Hand over a card, now or when it has been fetched; never, where it is gone."""
        card = self.get(key)
        if card is not None:
            then(card)
            return
        subject, asked = self._subject, self._clock

        def take(cards: list[Card]) -> None:
            self._take(subject, asked, [key], cards)
            if cards and subject is self._subject:
                then(cards[0])

        self._session.run(self._reading([key]), take, key="card")

    def put(self, cards: Iterable[Card]) -> None:
        """Keep cards that are new from the library."""
        for card in cards:
            self._cards[card.id] = card
            self._cards.move_to_end(card.id)
            self._fetched[card.id] = self._clock
            self._stale.pop(card.id, None)
        while len(self._cards) > _KEPT:
            gone, _ = self._cards.popitem(last=False)
            self._stale.pop(gone, None)
            self._fetched.pop(gone, None)

    def touch(self, ids: frozenset[int], photo_ids: frozenset[int] = frozenset()) -> list[int]:
        """Something changed these, by their own id or their photo's; they stay until fetched.

        Returns the ids of the cards that are here and now stale.
        """
        self._clock += 1
        stale = [
            key for key, card in self._cards.items() if key in ids or card.photo_id in photo_ids
        ]
        self._stale.update(dict.fromkeys(stale, self._clock))
        if stale:
            self.staled.emit()
        return stale

    def touch_all(self) -> None:
        """Anything may have changed, such as when another scorer's scores count."""
        self._clock += 1
        self._all_stale = self._clock
        self.staled.emit()

    def patch(self, change: Callable[[Card], Card], wanted: Callable[[Card], bool]) -> list[int]:
        """Show at once what is about to be written, as pending until `settle`. Ids of those.

        Until then no answer of the library takes their place: it may be older than the write.
        """
        self._clock += 1
        changed = []
        for key, card in self._cards.items():
            if wanted(card) and (other := change(card)) != card:
                self._cards[key] = replace(other, pending=card.pending + 1)
                self._stale[key] = self._clock
                changed.append(key)
        if changed:
            self.arrived.emit(changed)
        return changed

    def settle(self, keys: Iterable[int]) -> None:
        """What `patch` showed of these is on the disk."""
        self._clock += 1
        settled = []
        for key in keys:
            card = self._cards.get(key)
            if card is not None and card.pending:
                self._cards[key] = replace(card, pending=card.pending - 1)
                self._stale[key] = self._clock
                settled.append(key)
        if settled:
            self.arrived.emit(settled)
            self.staled.emit()

    def drop(self, keys: Iterable[int]) -> None:
        """What `patch` showed of these will not be so: they are read anew before they are shown."""
        self._clock += 1
        dropped = [key for key in keys if self._cards.pop(key, None) is not None]
        for key in dropped:
            self._stale.pop(key, None)
            self._fetched.pop(key, None)
        if dropped:
            self.arrived.emit(dropped)
            self.staled.emit()

    def photos_of(self, ids: Ids) -> frozenset[PhotoId]:
        """The photos of those of these ids whose cards are here."""
        here = np.fromiter(self._cards, np.int64, len(self._cards))
        shown = here[np.isin(here, ids)].tolist()
        return frozenset(self._cards[key].photo_id for key in shown)

    def _reading(self, keys: Sequence[int]) -> Callable[[], list[Card]]:
        """What reads them, off the window's thread."""
        library, subject, rule = self._session.library, self._subject, self._rule
        key = self._key
        return lambda: read_cards(library, subject, keys, rule, key)

    def _is_stale(self, key: int) -> bool:
        return key in self._stale or self._fetched.get(key, 0) < self._all_stale

    def _is_news(self, key: int, asked: int) -> bool:
        held = self._cards.get(key)
        return held is None or (not held.pending and self._stale.get(key, 0) <= asked)

    def _take(
        self, subject: Subject, asked: int, keys: Sequence[int], cards: Sequence[Card]
    ) -> None:
        if subject is not self._subject:
            return
        now = self._clock
        # Older than a patch or a change: it would show for a moment what is no longer so.
        fresh = [card for card in cards if self._is_news(card.id, asked)]
        self._clock = asked  # they are as new as their question
        self.put(fresh)
        self._clock = now
        found = {card.id for card in cards}
        for key in keys:
            if key not in found:  # gone from the library; the next list is without it
                self._stale.pop(key, None)
                self._fetched[key] = now
        self.arrived.emit([card.id for card in fresh])


def read_cards(
    library: Library,
    subject: Subject,
    ids: Sequence[int],
    rule: PhotoRule = PhotoRule.BEST,
    key: SortKey = SortKey.SCORE,
) -> list[Card]:
    """The cards of these ids; ids that are gone are left out."""
    if subject is Subject.FACES:
        return [_face_card(row, key) for row in library.views.face_rows(ids)]
    return [_photo_card(row, rule, key) for row in library.views.photo_rows(ids)]


def read_thumbnails(library: Library, subject: Subject, ids: Sequence[int]) -> dict[int, bytes]:
    """Encoded images by id, aligned crops or upright photos; absent where there is none."""
    if subject is Subject.FACES:
        return {int(key): jpeg for key, jpeg in library.thumbnails.faces(ids).items()}
    return {int(key): jpeg for key, jpeg in library.thumbnails.photos(ids).items()}


def _as_marks(marks: PhotoMarks) -> list[Mark]:
    """What holds, as what was said."""
    said: list[Mark] = []
    if marks.flag:
        said.append(SetFlag(marks.flag))
    if marks.stars:
        said.append(SetStars(marks.stars))
    if marks.colour:
        said.append(SetColour(marks.colour))
    return said + [AddTag(tag) for tag in sorted(marks.tags)]


_FLAG_MARKS = {
    FaceFlag.EYES_CLOSED: ("eyes-closed", "eyes closed"),
    FaceFlag.PROFILE: ("profile", "turned away"),
    FaceFlag.UPSCALED: ("upscaled", "enlarged"),
    FaceFlag.PADDED: ("padded", "cut by the edge"),
}


def _face_card(row: FaceRow, key: SortKey) -> Card:
    return Card(
        id=row.id,
        photo_id=row.photo_id,
        face_id=row.id,
        title=PurePath(row.path).name,
        detail=sorted_by(row, key) or _time(row) or f"{row.eye_distance:.0f} px",
        score=row.score,
        notes=tuple(mark for flag, mark in _FLAG_MARKS.items() if flag in row.flags),
        problem="",
        missing=row.missing,
        faces=None,
        marks=row.marks,
        quality=row.quality,
    )


def _time(row: FaceRow | PhotoRow) -> str:
    return f"{row.taken_at:%d %b %Y  %H:%M}" if row.taken_at else ""


def _photo_card(row: PhotoRow, rule: PhotoRule, key: SortKey) -> Card:
    failed = row.status is PhotoStatus.FAILED
    return Card(
        id=row.id,
        photo_id=row.id,
        face_id=None,
        title=row.name,
        detail=sorted_by(row, key) or _time(row) or row.format,
        score=row.score(rule),
        notes=(),
        problem=row.reason if failed else "",
        missing=row.missing,
        faces=None if failed else row.face_count,
        marks=row.marks,
        quality=row.quality,
    )
