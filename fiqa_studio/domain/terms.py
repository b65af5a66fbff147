"""Terms: the things a query can ask of a face or a photo, as frozen values.

A term has a name (`TERMS` lists them all) and one of a few shapes: a range, a period, a set, a
text, yes or no. What a term means is said here once; how it is written is in
``curation.querytext``, how it is answered in ``store.filters``.

A term never asks "of which face" of a photo. A photo's score is that of one of its faces (see
`fiqa_studio.domain.query.PhotoRule`), its size that of its largest face, its eyes the least open
of all; of anything else a photo has what any of its faces has.

A negated term keeps exactly what the term itself leaves out, things without the value included.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from fiqa_studio.domain.changes import Kind


@dataclass(frozen=True, slots=True)
class Between:
    """A number within bounds, both included; without bounds, any number at all.

    Raises ValueError for a name that is no range and for bounds that contain nothing.
    """

    name: str
    low: float | None = None
    high: float | None = None
    negated: bool = False

    def __post_init__(self) -> None:
        _check(self)
        for bound in (self.low, self.high):
            if bound is not None and not (math.isfinite(bound) and 0 <= bound <= self._most()):
                raise ValueError(f"{self.name}: {bound} is out of range")
        for side in ("low", "high"):  # 3 and 3.0 are one bound and must be one value
            bound = getattr(self, side)
            object.__setattr__(self, side, None if bound is None else float(bound))
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"{self.name}: {self.low} is above {self.high}")

    def _most(self) -> float:
        return 1.0 if TERMS[self.name].scale in (Scale.SCORE, Scale.SHARE) else math.inf


@dataclass(frozen=True, slots=True)
class Period:
    """A time from ``start`` (included) to ``end`` (not); without either, any time at all.

    Times are the camera's local times, without a zone, as in `fiqa_studio.domain.photos.Exif`.
    """

    name: str
    start: datetime | None = None
    end: datetime | None = None
    negated: bool = False

    def __post_init__(self) -> None:
        _check(self)
        if any(time is not None and time.tzinfo is not None for time in (self.start, self.end)):
            raise ValueError(f"{self.name}: the camera's times have no zone")
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError(f"{self.name}: {self.start} is not before {self.end}")


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these words; ``none`` is written as the empty string. Kept sorted, each once."""

    name: str
    values: tuple[str, ...]
    negated: bool = False

    def __post_init__(self) -> None:
        _check(self)
        object.__setattr__(self, "values", tuple(sorted(set(self.values))))
        if not self.values:
            raise ValueError(f"{self.name}: none of nothing")
        allowed = TERMS[self.name].values
        unknown = [value for value in self.values if allowed and value not in allowed]
        if unknown:
            raise ValueError(f"{self.name}: unknown {', '.join(map(repr, unknown))}")


@dataclass(frozen=True, slots=True)
class Is:
    """Something that is so or is not (``negated``)."""

    name: str
    negated: bool = False

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True, slots=True)
class Contains:
    """A text that occurs in the value, in any case. Raises ValueError for an empty one."""

    name: str
    text: str
    negated: bool = False

    def __post_init__(self) -> None:
        _check(self)
        if not self.text.strip():
            raise ValueError(f"{self.name}: an empty text")


@dataclass(frozen=True, slots=True)
class Words:
    """Words (or phrases) that must all occur in path, camera or tags, in any case.

    Negated it has one word: ``-lake -boat`` are two terms.
    """

    words: tuple[str, ...]
    negated: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", tuple(dict.fromkeys(self.words)))
        if not self.words or not all(word.strip() for word in self.words):
            raise ValueError("text: an empty word")
        if self.negated and len(self.words) > 1:
            raise ValueError("text: words are left out one at a time")

    @property
    def name(self) -> str:
        """As every term has one."""
        return "text"


@dataclass(frozen=True, slots=True)
class InIds:
    """Things by their ids: folders (``root``), or the subject's own (``ids``). Kept sorted."""

    name: str
    ids: tuple[int, ...]
    negated: bool = False

    def __post_init__(self) -> None:
        _check(self)
        object.__setattr__(self, "ids", tuple(sorted({int(key) for key in self.ids})))
        if any(not 0 <= key < 2**63 for key in self.ids):
            raise ValueError(f"{self.name}: not an id")


Term = Between | Period | OneOf | Is | Contains | Words | InIds


class Scale(StrEnum):
    """How the numbers of a range are read and written."""

    SCORE = "score"
    """In [0, 1] here, 1-100 before people."""
    WHOLE = "whole"
    SHARE = "share"
    """In [0, 1]."""
    PIXELS = "pixels"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class TermKind:
    """What there is to know of the terms of one name.

    Attributes:
        name: As written in a query's text.
        shape: The class of its terms.
        says: What it asks, for lists and completion.
        example: One way to write it.
        depends: What must change for its answer to change.
        scale: Of a range: how its numbers are written.
        values: Of a set: the words there are; empty where people make them up.
        many: Whether several such terms make sense side by side (each narrows further).
    """

    name: str
    shape: type[Term]
    says: str
    example: str
    depends: frozenset[Kind]
    scale: Scale = Scale.WHOLE
    values: tuple[str, ...] = ()
    many: bool = False


def _kinds() -> Mapping[str, TermKind]:
    photo, face = frozenset({Kind.PHOTO}), frozenset({Kind.FACE})
    mark, score = frozenset({Kind.MARK}), frozenset({Kind.SCORE, Kind.SETTING})
    kinds = (
        TermKind(
            name="score",
            shape=Between,
            says="Quality as the scorer sees it, 1-100",
            example="score:70..",
            depends=score,
            scale=Scale.SCORE,
        ),
        TermKind(
            name="scored",
            shape=Is,
            says="Whether there is a score",
            example="scored:no",
            depends=score,
        ),
        TermKind(
            name="quality",
            shape=Between,
            says="Quality as a person sees it, 1-100",
            example="quality:..30",
            depends=frozenset({Kind.OVERRIDE}),
            scale=Scale.SCORE,
        ),
        TermKind(
            name="mos",
            shape=Between,
            says="Mean opinion of a study's raters, 1-100",
            example="mos:60..",
            depends=frozenset({Kind.OPINION}),
            scale=Scale.SCORE,
        ),
        TermKind(
            name="faces",
            shape=Between,
            says="Number of faces in the photo",
            example="faces:2..",
            depends=photo,
        ),
        TermKind(
            name="size",
            shape=Between,
            says="Size of the face: pixels between the eyes",
            example="size:100..",
            depends=face,
            scale=Scale.PIXELS,
        ),
        TermKind(
            name="eyes",
            shape=Between,
            says="How open the eyes are: closed, open, or 0 to 1",
            example="eyes:closed",
            depends=face,
            scale=Scale.SHARE,
        ),
        TermKind(
            name="flaw",
            shape=OneOf,
            says="What is wrong with the face",
            example="flaw:profile",
            depends=face,
            many=True,
        ),
        TermKind(
            name="stars",
            shape=Between,
            says="Stars, 0 to 5",
            example="stars:3..",
            depends=mark,
        ),
        TermKind(
            name="flag",
            shape=OneOf,
            says="Picked, rejected or neither",
            example="flag:pick",
            depends=mark,
            values=("", "pick", "reject"),
        ),
        TermKind(
            name="colour",
            shape=OneOf,
            says="Colour label",
            example="colour:red",
            depends=mark,
            values=("", "Red", "Yellow", "Green", "Blue", "Purple"),
        ),
        TermKind(
            name="tag",
            shape=OneOf,
            says="A tag, whole; several with commas for any of them",
            example="tag:bride",
            depends=mark,
            many=True,
        ),
        TermKind(
            name="album",
            shape=OneOf,
            says="An album, by its name",
            example='album:"Best of 2024"',
            depends=frozenset({Kind.ALBUM}),
            many=True,
        ),
        TermKind(
            name="time",
            shape=Period,
            says="When it was taken",
            example="time:2024-05..",
            depends=photo,
        ),
        TermKind(
            name="camera",
            shape=Contains,
            says="Part of the camera's name",
            example="camera:canon",
            depends=photo,
            many=True,
        ),
        TermKind(
            name="folder",
            shape=Contains,
            says="Part of the folder's path, or a whole path from its root",
            example='folder:"2024/June"',
            depends=photo,
            many=True,
        ),
        TermKind(
            name="root",
            shape=InIds,
            says="An indexed folder, by its number",
            example="root:1",
            depends=frozenset({Kind.ROOT, Kind.PHOTO}),
        ),
        TermKind(
            name="filesize",
            shape=Between,
            says="Size of the file",
            example="filesize:5MB..",
            depends=photo,
            scale=Scale.BYTES,
        ),
        TermKind(
            name="missing",
            shape=Is,
            says="Whether the file is gone",
            example="missing:yes",
            depends=photo,
        ),
        TermKind(
            name="failed",
            shape=Is,
            says="Whether the file could not be used",
            example="failed:no",
            depends=photo,
        ),
        TermKind(
            name="like",
            shape=InIds,
            says="Faces whose flaws are most like those of a face, by its number",
            example="like:12",
            depends=face | score,
            many=True,
        ),
        TermKind(
            name="ids",
            shape=InIds,
            says="By number",
            example="ids:3,5,8",
            depends=frozenset(),
            many=True,
        ),
        TermKind(
            name="text",
            shape=Words,
            says="Words in path, camera or tags",
            example="lake",
            depends=photo | mark,
            many=True,
        ),
    )
    return MappingProxyType({kind.name: kind for kind in kinds})


TERMS: Mapping[str, TermKind] = _kinds()
"""Every kind of term by its name, in the order in which a query keeps and writes them."""

_ORDER = {name: place for place, name in enumerate(TERMS)}


def in_order(term: Term) -> tuple[int, bool, str]:
    """A key to sort terms by, so that equal questions are equal values."""
    return _ORDER[term.name], term.negated, repr(term)


def negation(term: Term) -> Term:
    """The term that keeps what this one leaves out."""
    return replace(term, negated=not term.negated)


def _check(term: Between | Period | OneOf | Is | Contains | InIds) -> None:
    kind = TERMS.get(term.name)
    if kind is None or not isinstance(term, kind.shape):
        raise ValueError(f"no term {term.name!r} of this shape")
