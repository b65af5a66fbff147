"""What a cell says: a number, nothing, or something that cannot be read."""

from __future__ import annotations

import re
from enum import Enum

_MISSING = frozenset(
    {
        *("", "na", "n/a", "n.a.", "n.a", "nan", "null", "none", "nil", "<na>", "(null)", "\\n"),
        *("-", "--", "---", "—", "–", ".", "..", "...", "?", "??", "*", "missing", "#n/a", "#na"),
        *("#null!", "#div/0!", "#value!", "#ref!", "#num!", "#name?", "skip", "skipped", "void"),
        *("not rated", "no rating", "unrated", "no answer", "not answered", "undefined"),
    }
)
_WORDS = {"bad": 1.0, "poor": 2.0, "fair": 3.0, "good": 4.0, "excellent": 5.0}
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", re.IGNORECASE)
_LEADING = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*[-–—:=.)(|]+\s*\D*")
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u00a0": " ", "\u202f": " ", "\u2007": " "})


class Cell(Enum):
    """What stands in a cell that is no number."""

    MISSING = "missing"
    UNREADABLE = "unreadable"


def number(text: str) -> float | Cell:
    """The number of a cell.

    Decimal points and commas, a minus of any kind, a percent sign behind, the ACR's words, and a
    number before its word (``4 - Good``) are read. There are no thousands in ratings: a comma
    is a decimal comma.
    """
    plain = text.strip()
    if plain.casefold() in _MISSING:
        return Cell.MISSING
    word = _WORDS.get(plain.casefold())
    if word is not None:
        return word
    plain = plain.translate(_MINUS).strip().lstrip("'").removesuffix("%").strip()
    if _NUMBER.fullmatch(plain):
        return float(plain.replace(",", "."))
    leading = _LEADING.fullmatch(plain)
    if leading is not None:
        return float(leading.group(1).replace(",", "."))
    return Cell.UNREADABLE


def is_number(text: str) -> bool:
    """Whether a cell holds a number."""
    return isinstance(number(text), float)


def is_missing(text: str) -> bool:
    """Whether a cell says that there is nothing."""
    return number(text) is Cell.MISSING


def share_of_numbers(cells: list[str]) -> float:
    """Share of numbers among the cells that say something; 0 where none does."""
    found = [number(cell) for cell in cells]
    said = [one for one in found if one is not Cell.MISSING]
    return sum(isinstance(one, float) for one in said) / len(said) if said else 0.0
