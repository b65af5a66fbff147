"""Cells that may be ratings, before anybody has read them: what the layouts hand on."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRating:
    """One cell of a table that should hold a rating.

    Attributes:
        stimulus: As the table names it.
        rater: As the table names him.
        text: What stands in the cell.
        line: Line of the file, from 1.
        column: Name or number of the column, for messages.
        kind: As a column says, else empty.
        session: Likewise.
        repetition: Likewise.
        trial: Likewise.
        reaction: Likewise, in milliseconds.
        at: Likewise.
        attribute: Likewise.
        rest: Everything else in the row, so that a row that stands twice can be told.
    """

    stimulus: str
    rater: str
    text: str
    line: int
    column: str
    kind: str = ""
    session: str = ""
    repetition: str = ""
    trial: str = ""
    reaction: str = ""
    at: str = ""
    attribute: str = ""
    rest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a table that was left out, and why.

    Attributes:
        line: Line of the file; 0: the whole table.
        column: Where in it; may be empty.
        kind: Stable name: ``out-of-range``, ``unreadable``, ``duplicate``, ``nameless``, …
        said: A sentence.
    """

    line: int
    column: str
    kind: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A table taken apart.

    Attributes:
        ratings: Its cells, in the order of the file.
        columns: Which column was taken for what.
        notes: What else the owner should know.
        problems: What was left out so far.
        hint: The scale that a header gives.
        published: Stimulus -> MOS that the table itself gives, to compare with.
    """

    ratings: list[RawRating]
    columns: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    hint: tuple[float, float] | None = None
    published: dict[str, str] = field(default_factory=dict)
