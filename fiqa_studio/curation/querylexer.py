"""A query's text cut into items: words, and names with values. No meaning here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from fiqa_studio.domain.errors import KnownError

LONGEST = 100_000
"""Characters of a text; more is no question but a paste gone wrong."""

_NAME = re.compile(r"([A-Za-z][A-Za-z-]*)(:|>=|<=|=|>|<|≥|≤)")
_COMPARISON = re.compile(r">=|<=|>|<|≥|≤")
_LIKE_AN_OPERATOR = ("<", ">", "=", "≥", "≤", "//")
_SAME = {"≥": ">=", "≤": "<="}
_OPENS = {'"': '"', "“": "”“", "„": "“”"}
"""Quotes that open, with those that close; typographic ones come from phones and chats."""
_NEEDS_QUOTES = re.compile(r'[\s,"“”„]')


class QueryTextError(KnownError):
    """A query's text cannot be understood.

    Attributes:
        start: Place of the first character that is meant, from 0.
        end: Place after the last one; never less than ``start``.
    """

    def __init__(self, message: str, remedy: str, start: int, end: int):
        super().__init__(message, remedy=remedy, code="query.text")
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class Value:
    """One value as it was meant (without its quotes), and the place of what was written."""

    text: str
    start: int
    end: int
    quoted: bool = False

    def error(self, message: str, remedy: str) -> QueryTextError:
        """An error at this value."""
        return QueryTextError(message, remedy, self.start, self.end)


@dataclass(frozen=True, slots=True)
class Item:
    """A word (without a name: one value) or a name with its values.

    Attributes:
        name: In small letters; empty for a word.
        op: ``: = > < >= <=``, empty for a word. ``score:>70`` is ``score>70``.
        values: At least one; between commas.
        whole: All of it as one value, commas included.
        name_start: Where the name begins, after the sign.
    """

    negated: bool
    name: str
    op: str
    values: tuple[Value, ...]
    whole: Value
    start: int
    name_start: int

    @property
    def end(self) -> int:
        """Place after its last character."""
        return self.whole.end

    def error(self, message: str, remedy: str) -> QueryTextError:
        """An error at this item."""
        return QueryTextError(message, remedy, self.name_start, self.end)


def items_of(text: str, *, forgiving: bool = False) -> Iterator[Item]:
    """The items of a text, in order.

    Args:
        text: As typed.
        forgiving: Whether a quote that is not closed ends with the text, as while typing.

    Raises:
        QueryTextError: A quote that is not closed, a character that is none, or too long a text.
    """
    if len(text) > LONGEST:
        raise QueryTextError(
            f"This text has {len(text)} characters; {LONGEST} are the most.",
            "Shorten it.",
            LONGEST,
            len(text),
        )
    for place, one in enumerate(text):
        if unicodedata.category(one) == "Cs":
            raise QueryTextError("This is no character.", "Remove it.", place, place + 1)
    place = 0
    while place < len(text):
        if _is_space(text[place]):
            place += 1
            continue
        item = _item(text, place, forgiving)
        yield item
        place = item.end


def quoted(text: str, *, alone: bool = False, commas: bool = True) -> str:
    """A value as it has to be written to be read as it is.

    Args:
        text: The value.
        alone: Whether it stands for itself, as a word; then it must not look like a term.
        commas: Whether a comma would divide it.
    """
    plain = text and not _NEEDS_QUOTES.search(text.replace(",", "") if not commas else text)
    plain = plain and not text.startswith(_LIKE_AN_OPERATOR) and not any(map(_is_space, text))
    if alone and plain:
        plain = "," not in text and not text.startswith("-") and not _name_at(text, 0)
    return text if plain else '"' + text.replace('"', '""') + '"'


def _item(text: str, start: int, forgiving: bool) -> Item:
    place = start
    negated = text[place] == "-" and place + 1 < len(text) and not _is_space(text[place + 1])
    if negated:
        place += 1
    name_start = place
    named = _name_at(text, place)
    if named is None:
        whole = _value(text, place, "", forgiving)
        return Item(negated, "", "", (whole,), whole, start, name_start)
    op = _SAME.get(named[2], named[2])
    place = named.end()
    if op == ":":
        comparison = _COMPARISON.match(text, place)
        if comparison is not None:
            op = _SAME.get(comparison[0], comparison[0])
            place = comparison.end()
    values = [_value(text, place, ",", forgiving)]
    while values[-1].end < len(text) and text[values[-1].end] == ",":
        values.append(_value(text, values[-1].end + 1, ",", forgiving))
    whole = Value(
        ",".join(value.text for value in values),
        place,
        values[-1].end,
        any(value.quoted for value in values),
    )
    return Item(negated, named[1].lower(), op, tuple(values), whole, start, name_start)


def _name_at(text: str, place: int) -> re.Match[str] | None:
    """A name and what follows it; an address (``http://``) or a drive (``c:/``) is none."""
    named = _NAME.match(text, place)
    if named is None or named[2] != ":":
        return named
    after = text[named.end() : named.end() + 2]
    is_word = after == "//" or (len(named[1]) == 1 and after[:1] in ("/", "\\"))
    return None if is_word else named


def _value(text: str, start: int, divider: str, forgiving: bool) -> Value:
    """From a place to the next space or divider; quotes hold together."""
    parts: list[str] = []
    place, was_quoted = start, False
    while place < len(text) and not _is_space(text[place]) and text[place] != divider:
        one = text[place]
        if one not in _OPENS:
            parts.append(one)
            place += 1
            continue
        was_quoted = True
        held, place = _held(text, place, forgiving)
        parts.append(held)
    value = "".join(parts)
    if was_quoted and not divider and not value.strip():
        raise QueryTextError("There is nothing in these quotes.", "Remove them.", start, place)
    return Value(value, start, place, was_quoted)


def _held(text: str, start: int, forgiving: bool) -> tuple[str, int]:
    """What stands between quotes, and the place after them."""
    closing = _OPENS[text[start]]
    parts: list[str] = []
    place = start + 1
    while place < len(text):
        one = text[place]
        if one not in closing:
            parts.append(" " if _is_control(one) else one)
            place += 1
        elif one == '"' and text[place + 1 : place + 2] == '"':
            parts.append(one)
            place += 2
        else:
            return "".join(parts), place + 1
    if forgiving:
        return "".join(parts), place
    raise QueryTextError("These quotes are not closed.", 'Add a ".', start, len(text))


def _is_control(one: str) -> bool:
    return unicodedata.category(one) == "Cc"


def _is_space(one: str) -> bool:
    return one.isspace() or _is_control(one)
