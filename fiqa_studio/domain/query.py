"""What a view asks for: terms and an order, as one comparable value.

The filter bar, the query's text, albums, exports, studies and training all hand on this value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.terms import TERMS, Term, in_order

T = TypeVar("T", bound=Term)


class Subject(StrEnum):
    """What a list is a list of."""

    FACES = "faces"
    PHOTOS = "photos"


class PhotoRule(StrEnum):
    """Which of its faces' scores is a photo's score."""

    BEST = "best"
    WORST = "worst"
    MEDIAN = "median"
    """Of an even number the lower of the two in the middle, so that it is a face's own."""


class SortKey(StrEnum):
    """What to sort by. Things without the value come last either way.

    Ties are broken by id; faces by what only their photo has (stars, number of faces, size of the
    file, place) and by their eyes come photo by photo.
    """

    SCORE = "score"
    """Of the face; of a photo by its `PhotoRule`."""
    TIME = "time"
    NAME = "name"
    """Of the file, as people order names: ``IMG_2`` before ``IMG_10``."""
    FACE_SIZE = "face-size"
    """Eye distance in pixels; of a photo's largest face."""
    EYES = "eyes"
    """How open the eyes are; of a photo's least open face."""
    STARS = "stars"
    FACES = "faces"
    """Number of faces in the photo."""
    FILE_SIZE = "file-size"
    QUALITY = "quality"
    """As a person sees it (the override); of a photo's worst face."""
    PLACE = "place"
    """In the one plain album that the query asks for, as the user put it."""
    ADDED = "added"
    """When the library first saw the photo; of faces, in the order they were found."""


HIGHEST_FIRST = frozenset(SortKey) - {SortKey.NAME, SortKey.TIME, SortKey.PLACE, SortKey.ADDED}
"""Keys whose interesting end is the high one."""

_KEY_DEPENDS = {
    SortKey.SCORE: frozenset({Kind.SCORE, Kind.SETTING}),
    SortKey.TIME: frozenset({Kind.PHOTO}),
    SortKey.NAME: frozenset({Kind.PHOTO}),
    SortKey.FACE_SIZE: frozenset({Kind.FACE}),
    SortKey.EYES: frozenset({Kind.FACE}),
    SortKey.STARS: frozenset({Kind.MARK}),
    SortKey.FACES: frozenset({Kind.PHOTO}),
    SortKey.FILE_SIZE: frozenset({Kind.PHOTO}),
    SortKey.QUALITY: frozenset({Kind.OVERRIDE}),
    SortKey.PLACE: frozenset({Kind.ALBUM}),
    SortKey.ADDED: frozenset[Kind](),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What comes first."""

    key: SortKey = SortKey.SCORE
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Query:
    """A question with its order; equal questions are equal values and give equal results.

    Attributes:
        subject: Whether faces or photos are listed.
        where: Terms that must all hold. Kept in one order and each once, whichever way they
            came, so that the bar and the text make the same value.
        order: What comes first.
        scorer: Hash of the scorer whose scores count; empty for the active one.
        photo_rule: Which of its faces' scores is a photo's score.
    """

    subject: Subject = Subject.FACES
    where: tuple[Term, ...] = ()
    order: Order = field(default_factory=Order)
    scorer: str = ""
    photo_rule: PhotoRule = PhotoRule.BEST

    def __post_init__(self) -> None:
        object.__setattr__(self, "where", tuple(sorted(set(self.where), key=in_order)))

    def of(self, subject: Subject) -> Query:
        """The same question asked of faces, or of photos."""
        return replace(self, subject=subject)

    def sorted_by(self, key: SortKey, descending: bool | None = None) -> Query:
        """In another order; None for the direction in which the key is mostly wanted."""
        if descending is None:
            descending = key in HIGHEST_FIRST
        return replace(self, order=Order(key, descending))

    def term(self, name: str) -> Term | None:
        """The first term of a name, those that are not negated before others."""
        return next((term for term in self.where if term.name == name), None)

    def terms(self, shape: type[T], name: str = "") -> tuple[T, ...]:
        """The terms of one shape (and name), as that shape."""
        return tuple(
            term for term in self.where if isinstance(term, shape) and name in ("", term.name)
        )

    def with_term(self, term: Term) -> Query:
        """With this term in place of all others of its name."""
        return self.without(term.name).adding(term)

    def adding(self, *terms: Term) -> Query:
        """With these terms besides those it has."""
        return replace(self, where=self.where + terms)

    def without(self, *names: str) -> Query:
        """Without any term of these names."""
        return replace(self, where=tuple(term for term in self.where if term.name not in names))

    def without_term(self, gone: Term) -> Query:
        """Without one term."""
        return replace(self, where=tuple(term for term in self.where if term != gone))

    def where_all(self, terms: Iterable[Term]) -> Query:
        """The same order, with these terms alone."""
        return replace(self, where=tuple(terms))

    @property
    def is_filtered(self) -> bool:
        """Whether anything may be left out."""
        return bool(self.where)

    def without_filters(self) -> Query:
        """The same order, everything shown."""
        return replace(self, where=())

    def depends_on(self, changes: Changes) -> bool:
        """Whether the list may be another one after these changes (not: what its rows show)."""
        return any(changes.of_kind(kind) for kind in self.depends)

    @property
    def depends(self) -> frozenset[Kind]:
        """The kinds of things that the list depends on."""
        kinds = frozenset({Kind.FACE} if self.subject is Subject.FACES else {Kind.PHOTO})
        kinds |= _KEY_DEPENDS[self.order.key]
        return kinds.union(*(TERMS[term.name].depends for term in self.where))
