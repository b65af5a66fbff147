"""Marks: what people say of photos and faces, and the actions that said it.

A mark is a value ("3 stars"); an action is one thing a user did, with all its marks. Actions are
only ever added: taking one back is an action of its own.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from fiqa_studio.domain.changes import Changes
from fiqa_studio.domain.errors import KnownError

ActionId = NewType("ActionId", int)

MOST_STARS = 5
LONGEST_TAG = 200
"""Characters of a tag at most: what a list can still show."""


class Flag(StrEnum):
    """Whether a photo is to be kept."""

    NONE = ""
    PICK = "pick"
    REJECT = "reject"


class Colour(StrEnum):
    """A colour label, in the words that XMP uses."""

    NONE = ""
    RED = "Red"
    YELLOW = "Yellow"
    GREEN = "Green"
    BLUE = "Blue"
    PURPLE = "Purple"


class Origin(StrEnum):
    """Where an action came from."""

    WINDOW = "window"
    CLI = "cli"
    XMP = "xmp"
    CUT_OFF = "cut-off"
    STUDY = "study"


@dataclass(frozen=True, slots=True)
class SetStars:
    """A photo's stars, 0 to 5."""

    stars: int


@dataclass(frozen=True, slots=True)
class SetFlag:
    """A photo's flag."""

    flag: Flag


@dataclass(frozen=True, slots=True)
class SetColour:
    """A photo's colour."""

    colour: Colour


@dataclass(frozen=True, slots=True)
class AddTag:
    """A tag that a photo gets."""

    tag: str


@dataclass(frozen=True, slots=True)
class RemoveTag:
    """A tag that a photo loses."""

    tag: str


@dataclass(frozen=True, slots=True)
class SetQuality:
    """A face's quality as the user sees it, in [0, 1]; None withdraws it."""

    quality: float | None


Mark = SetStars | SetFlag | SetColour | AddTag | RemoveTag | SetQuality


@dataclass(frozen=True, slots=True)
class PhotoMarks:
    """What holds for one photo now."""

    stars: int = 0
    flag: Flag = Flag.NONE
    colour: Colour = Colour.NONE
    tags: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self != _UNMARKED


_UNMARKED = PhotoMarks()


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """One action, as the history shows it.

    Attributes:
        session: Of which opening of the library by a program; empty for actions made before
            sessions were noted.
        title: Such as ``3 stars``; what the user did, without how many it changed.
        at: UTC.
        undoes: The action that this one takes back.
        undone_by: The action that took this one back, as long as that holds.
        size: How many photos and faces it changed.
    """

    id: ActionId
    session: str
    origin: Origin
    author: str
    title: str
    at: datetime
    undoes: ActionId | None
    undone_by: ActionId | None
    size: int


@dataclass(frozen=True, slots=True)
class MarkEvent:
    """What one action changed on one photo or face.

    Attributes:
        face_id: Of which face, for a quality; None for what is said of the photo.
        before: What held before, as a mark that would bring it back.
        after: What the action made of it.
    """

    action: ActionRecord
    before: Mark
    after: Mark
    face_id: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What applying marks did.

    Attributes:
        action_id: None where everything was as asked for already; then there is no action.
        changed: How many photos and faces changed.
    """

    action_id: ActionId | None
    changed: int
    changes: Changes


@dataclass(frozen=True, slots=True)
class UndoOutcome:
    """What taking an action back did.

    Attributes:
        action_id: Of the action that took it back (undo that to do it again); None where
            nothing was left of it to take back.
        restored: How many photos and faces are as they were before it.
        stayed: How many were changed by someone since, and stay.
    """

    action_id: ActionId | None
    restored: int
    stayed: int
    changes: Changes


def tidy_tag(tag: str) -> str:
    """A tag as it is kept: one Unicode form (NFC), no space around it or line breaks in it.

    Raises:
        KnownError: ``mark.tag``: nothing is left, or it is too long, or it is no valid text.
    """
    kept = unicodedata.normalize("NFC", " ".join(tag.split()))
    if any(unicodedata.category(one) in ("Cc", "Cs") for one in kept):
        raise _bad_tag("It has characters that are no text.")
    if not kept or not any(one.isprintable() and not one.isspace() for one in kept):
        raise _bad_tag("It is empty.")
    if len(kept) > LONGEST_TAG:
        raise _bad_tag(f"It has {len(kept)} characters; {LONGEST_TAG} are the most.")
    return kept


def check_mark(mark: Mark) -> Mark:
    """The mark as it is kept, where its value is one that it can have.

    Raises:
        ValueError: A value out of range: a fault of the program.
        KnownError: ``mark.tag``: a tag that a user typed cannot be kept.
    """
    match mark:
        case SetStars(stars):
            if isinstance(stars, bool) or not 0 <= stars <= MOST_STARS:
                raise ValueError(f"{stars!r} stars")
        case SetFlag(flag):
            return SetFlag(Flag(flag))
        case SetColour(colour):
            return SetColour(Colour(colour))
        case AddTag(tag):
            return AddTag(tidy_tag(tag))
        case RemoveTag(tag):
            return RemoveTag(tidy_tag(tag))
        case SetQuality(quality):
            if quality is not None and not (math.isfinite(quality) and 0.0 <= quality <= 1.0):
                raise ValueError(f"a quality of {quality!r}")
    return mark


def describe(marks: Sequence[Mark]) -> str:
    """Marks in words, for a title: ``3 stars``, ``Pick, tag "Sea"``."""
    words = ", ".join(_words(mark) for mark in marks)
    return words[:1].upper() + words[1:]


def _words(mark: Mark) -> str:
    match mark:
        case SetStars(stars):
            return "no stars" if not stars else "1 star" if stars == 1 else f"{stars} stars"
        case SetFlag(flag):
            return str(flag) if flag else "no flag"
        case SetColour(colour):
            return str(colour).lower() if colour else "no colour"
        case AddTag(tag):
            return f"tag \u201c{tag}\u201d"
        case RemoveTag(tag):
            return f"no tag \u201c{tag}\u201d"
        case SetQuality(quality):
            return "no own quality" if quality is None else f"quality {quality:.2f}"


def _bad_tag(cause: str) -> KnownError:
    return KnownError(
        "This tag cannot be kept.", cause=cause, remedy="Type another one.", code="mark.tag"
    )
