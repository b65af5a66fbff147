"""Queries answered by a plain reading of rows: what the views must agree with.

Nothing here is shared with `fiqa_studio.store` but the rows themselves and how text is folded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low

from fiqa_studio.domain.photos import FaceRow, PhotoRow, PhotoStatus
from fiqa_studio.domain.query import PhotoRule, Query, SortKey, Subject
from fiqa_studio.domain.terms import (
    Between,
    Contains,
    InIds,
    Is,
    OneOf,
    Period,
    Term,
    Words,
)
from fiqa_studio.store import words


@dataclass(frozen=True)
class Known:
    """All there is, as rows.

    Attributes:
        photos: Every photo by id.
        faces: Every current face by id.
        opinions: MOS by face.
        albums: Photos of each plain album, by its name.
        roots: Names of folders by root id, as they stand in the paths.
    """

    photos: dict[int, PhotoRow]
    faces: dict[int, FaceRow]
    opinions: dict[int, list[float]]
    albums: dict[str, set[int]]
    roots: dict[int, str]

    def faces_of(self, photo: int) -> list[FaceRow]:
        """The faces that a photo shows."""
        return [row for row in self.faces.values() if row.photo_id == photo]


def answer(known: Known, query: Query) -> list[int]:
    """What a query asks for, in its order."""
    of_faces = query.subject is Subject.FACES
    everything: Iterable[int] = known.faces if of_faces else known.photos
    chosen = [
        one
        for one in everything
        if all(_keeps(term, _one(known, query, one)) is not term.negated for term in query.where)
    ]
    values = {one: _VALUES[query.order.key](_one(known, query, one)) for one in chosen}
    having = [one for one in chosen if values[one] is not None]
    lacking = [one for one in chosen if values[one] is None]
    having.sort(key=lambda one: (values[one], _tie(known, query, one)))
    lacking.sort()
    if query.order.descending:
        having.reverse()
        lacking.reverse()
    return having + lacking


def score_of(known: Known, query: Query, one: int) -> float | None:
    """The score of a face, or of a photo by the query's rule."""
    if query.subject is Subject.FACES:
        return known.faces[one].score
    scores = [row.score for row in known.faces_of(one) if row.score is not None]
    rule = {PhotoRule.BEST: max, PhotoRule.WORST: min, PhotoRule.MEDIAN: median_low}
    return rule[query.photo_rule](scores) if scores else None  # type: ignore[operator]


def _tie(known: Known, query: Query, one: int) -> tuple[int, ...]:
    by_photo = (SortKey.STARS, SortKey.FACES, SortKey.FILE_SIZE, SortKey.EYES)
    if query.subject is Subject.FACES and query.order.key in by_photo:
        return known.faces[one].photo_id, one
    return (one,)


@dataclass(frozen=True)
class _One:
    """One face or photo, with all that can be asked of it."""

    id: int
    photo: PhotoRow
    shown: list[FaceRow]
    score: float | None
    known: Known

    @property
    def eyes(self) -> float | None:
        return min((row.eyes_open for row in self.shown), default=None)

    @property
    def largest(self) -> float | None:
        return max((row.eye_distance for row in self.shown), default=None)

    @property
    def qualities(self) -> list[float]:
        return [row.quality for row in self.shown if row.quality is not None]

    @property
    def opinions(self) -> list[float]:
        return [mos for row in self.shown for mos in self.known.opinions.get(row.id, [])]


def _one(known: Known, query: Query, one: int) -> _One:
    of_faces = query.subject is Subject.FACES
    return _One(
        id=one,
        photo=known.photos[known.faces[one].photo_id if of_faces else one],
        shown=[known.faces[one]] if of_faces else known.faces_of(one),
        score=score_of(known, query, one),
        known=known,
    )


_VALUES: dict[SortKey, Callable[[_One], object]] = {
    SortKey.SCORE: lambda one: one.score,
    SortKey.TIME: lambda one: one.photo.taken_at,
    SortKey.NAME: lambda one: words.sort_key(one.photo.path.rpartition("/")[2]),
    SortKey.FACE_SIZE: lambda one: one.largest,
    SortKey.EYES: lambda one: one.eyes,
    SortKey.QUALITY: lambda one: min(one.qualities, default=None),
    SortKey.STARS: lambda one: one.photo.marks.stars,
    SortKey.FACES: lambda one: one.photo.face_count,
    SortKey.FILE_SIZE: lambda one: one.photo.size,
    SortKey.ADDED: lambda one: one.id,
}
_NUMBERS: dict[str, Callable[[_One], list[float | None]]] = {
    "score": lambda one: [one.score],
    "faces": lambda one: [one.photo.face_count],
    "stars": lambda one: [one.photo.marks.stars],
    "filesize": lambda one: [one.photo.size],
    "size": lambda one: [one.largest],
    "eyes": lambda one: [one.eyes],
    "quality": lambda one: [*one.qualities],
    "mos": lambda one: [*one.opinions],
}
_SO: dict[str, Callable[[_One], bool]] = {
    "missing": lambda one: one.photo.missing,
    "failed": lambda one: one.photo.status is PhotoStatus.FAILED,
    "scored": lambda one: one.score is not None,
}


def _keeps(term: Term, one: _One) -> bool:
    match term:
        case Between(name, low, high):
            return any(
                number is not None
                and (low is None or number >= low)
                and (high is None or number <= high)
                for number in _NUMBERS[name](one)
            )
        case Period(_, start, end):
            return _is_within(one.photo.taken_at, start, end)
        case Is(name):
            return _SO[name](one)
        case OneOf():
            return any(_is_one(term.name, value, one) for value in term.values)
        case Contains():
            return _contains(term, one.photo)
        case InIds("root", ids):
            return any(one.photo.path.split("/")[2] == one.known.roots.get(key) for key in ids)
        case InIds(_, ids):
            return one.id in ids
        case Words(wanted):
            texts = [f"{one.photo.path}\n{one.photo.camera}", *one.photo.marks.tags]
            return all(
                any(words.folded(word) in words.folded(text) for text in texts) for word in wanted
            )


def _is_within(time: datetime | None, start: datetime | None, end: datetime | None) -> bool:
    return time is not None and (start is None or time >= start) and (end is None or time < end)


def _contains(term: Contains, photo: PhotoRow) -> bool:
    wanted = words.folded(term.text)
    if term.name == "camera":
        return wanted in words.folded(photo.camera)
    folder = words.folded(photo.path.rpartition("/")[0] + "/")
    if wanted.startswith("/"):
        return folder.startswith(wanted.rstrip("/") + "/")
    return wanted in folder


def _is_one(name: str, value: str, one: _One) -> bool:
    marks = one.photo.marks
    if name == "tag":
        tags = {words.folded(tag) for tag in marks.tags}
        return words.folded(value) in tags if value else not tags
    if name == "flaw":
        return any(value in row.flags if value else not row.flags for row in one.shown)
    if name == "album":
        albums = one.known.albums
        inside = {words.folded(name) for name, photos in albums.items() if one.photo.id in photos}
        return words.folded(value) in inside if value else not inside
    return {"flag": marks.flag, "colour": marks.colour}[name] == value
