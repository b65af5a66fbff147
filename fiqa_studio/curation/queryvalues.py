"""Numbers and times of a query's text, read and written without loss."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from fiqa_studio.curation.querylexer import Item, Value
from fiqa_studio.domain.geometry import EYES_CLOSED_BELOW
from fiqa_studio.domain.scale import highest_shown_as, lowest_shown_as, shown_score
from fiqa_studio.domain.terms import TERMS, Between, Period, Scale, TermKind

_NUMBER = re.compile(r"(\d{1,18})?(\.\d{1,400})?", re.ASCII)
_BYTES = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3}
_UNIT = re.compile(r"(.*?)([a-z]*)", re.ASCII)
_TIME = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?)?)?", re.ASCII
)
_CLOSED = math.nextafter(EYES_CLOSED_BELOW, 0.0)
_EYES = {"closed": (None, _CLOSED), "open": (EYES_CLOSED_BELOW, None)}
_MOST = {Scale.SCORE: 100, Scale.SHARE: 1}


def range_of(kind: TermKind, item: Item) -> Between:
    """The range that an item asks for.

    A whole number of points is meant as people see it: ``score:70..`` begins at 69.5.

    Raises:
        QueryTextError: No range, or one that contains nothing.
    """
    value = item.whole
    text = value.text.strip().replace("…", "..").casefold()
    name, scale = kind.name, kind.scale
    if item.op in (":", "="):
        if text in ("any", "none", ".."):
            return Between(name, negated=text == "none")
        if name == "eyes" and text in _EYES:
            return Between(name, *_EYES[text])
        low, divider, high = text.partition("..")
        if not divider:
            high = low
        bottom = _low(scale, low, kind, value) if low else None
        top = _high(scale, high, kind, value) if high else None
        if bottom is None and top is None:
            raise _no_number(kind, value)
        if bottom is not None and top is not None and bottom > top:
            raise value.error(f"“{low}” is above “{high}”: nothing is between.", "Swap them.")
        return Between(name, bottom, top)
    if item.op == ">=":
        return Between(name, _low(scale, text, kind, value))
    if item.op == "<=":
        return Between(name, None, _high(scale, text, kind, value))
    above = item.op == ">"
    bound = _beyond(scale, text, kind, value, above=above)
    if bound is None:
        what = "above" if above else "below"
        raise value.error(f"There is no “{name}” {what} {text}.", f"Such as: {kind.example}")
    return Between(name, bound) if above else Between(name, None, bound)


def written_range(kind: TermKind, term: Between) -> str:
    """A range (without its sign) as a text that `range_of` reads as the same."""
    name, low, high = term.name, term.low, term.high
    if low is None and high is None:
        return f"{name}:any"
    if name == "eyes" and (low, high) in _EYES.values():
        return f"eyes:{'closed' if low is None else 'open'}"
    bottom = "" if low is None else _written(kind.scale, low, above=True)
    top = "" if high is None else _written(kind.scale, high, above=False)
    if bottom and bottom == top:
        return f"{name}:{bottom}"
    return f"{name}:{bottom}..{top}"


def points_of(term: Between) -> tuple[int | None, int | None]:
    """The two ends of a range of scores as people see them, 1-100; None where there is none."""

    def nearest(bound: float, half: float) -> int:
        whole = 99 * bound + half  # where the bound lies halfway between two points, a whole one
        exact = abs(whole - round(whole)) < 1e-6 and 1 <= round(whole) <= 100
        return round(whole) if exact else shown_score(bound)

    return (
        None if term.low is None else nearest(term.low, 1.5),
        None if term.high is None else nearest(term.high, 0.5),
    )


def shown_bounds(term: Between) -> tuple[str, str]:
    """The two ends of a range as people see them, empty where there is none.

    Eyes that are closed, or open, are one word and an empty one.
    """
    kind = TERMS[term.name]
    word = next((word for word, ends in _EYES.items() if ends == (term.low, term.high)), "")
    if term.name == "eyes" and word:
        return word, ""
    if kind.scale is Scale.SCORE:
        low, high = points_of(term)
        return "" if low is None else str(low), "" if high is None else str(high)
    return (
        "" if term.low is None else _written(kind.scale, term.low, above=True),
        "" if term.high is None else _written(kind.scale, term.high, above=False),
    )


def period_of(name: str, item: Item) -> Period:
    """The period that an item asks for: ``2024``, ``2024-05..``, ``..2024-05-03T10:30``.

    Raises:
        QueryTextError: No time, or a period that contains nothing.
    """
    value = item.whole
    text = value.text.strip().replace("…", "..")
    if item.op in (":", "=") and text.casefold() in ("any", "none", ".."):
        return Period(name, negated=text.casefold() == "none")
    if item.op in (":", "="):
        first, divider, last = text.partition("..")
        if not divider:
            last = first
        start = _span(first, value)[0] if first else None
        end = _span(last, value)[1] if last else None
    else:
        span = _span(text, value)
        start, end = {
            ">": (span[1], None),
            ">=": (span[0], None),
            "<": (None, span[0]),
            "<=": (None, span[1]),
        }[item.op]
    if start is None and end is None:
        raise value.error("There is no such time.", "Such as: time:2024-05..")
    if start is not None and end is not None and start >= end:
        raise value.error("This ends before it begins.", "Swap the two.")
    return Period(name, start, end)


def written_period(term: Period) -> str:
    """A period (without its sign) as a text that `period_of` reads as the same."""
    if term.start is None and term.end is None:
        return f"{term.name}:any"
    first = "" if term.start is None else _shortest(term.start, 0)
    last = "" if term.end is None else _shortest(term.end, 1)
    text = first if first and first == last else f"{first}..{last}"
    return f"{term.name}:{text}"


# --- numbers ----------------------------------------------------------------------------------


def _number(scale: Scale, text: str, kind: TermKind, value: Value) -> Fraction:
    unit = 1
    if scale is Scale.BYTES:
        parts = _UNIT.fullmatch(text)
        if parts is None or parts[2] not in _BYTES:
            raise _no_number(kind, value)
        text, unit = parts[1].strip(), _BYTES[parts[2]]
    found = _NUMBER.fullmatch(text)
    if found is None or not text:
        raise _no_number(kind, value)
    number = Fraction(found[0]) * unit
    most = _MOST.get(scale)
    if most is not None and number > most:
        raise value.error(f"“{kind.name}” goes up to {most}.", f"Such as: {kind.example}")
    return number


def _is_points(scale: Scale, text: str) -> bool:
    """Whether a number counts in whole points, as scores are shown."""
    return scale is Scale.SCORE and "." not in text


def _low(scale: Scale, text: str, kind: TermKind, value: Value) -> float:
    number = _number(scale, text, kind, value)
    if _is_points(scale, text):
        return lowest_shown_as(float(number))
    return float(_score(number) if scale is Scale.SCORE else number)


def _high(scale: Scale, text: str, kind: TermKind, value: Value) -> float:
    number = _number(scale, text, kind, value)
    if _is_points(scale, text):
        return highest_shown_as(float(number))
    return float(_score(number) if scale is Scale.SCORE else number)


def _beyond(scale: Scale, text: str, kind: TermKind, value: Value, *, above: bool) -> float | None:
    """The bound just above (or below) a number; None where nothing is there."""
    number = _number(scale, text, kind, value)
    if _is_points(scale, text):
        if number >= 100 if above else number <= 1:
            return None
        return lowest_shown_as(float(number) + 1) if above else highest_shown_as(float(number) - 1)
    if scale in (Scale.WHOLE, Scale.BYTES):
        bound = float(math.floor(number) + 1 if above else math.ceil(number) - 1)
    else:
        plain = float(_score(number) if scale is Scale.SCORE else number)
        bound = math.nextafter(plain, math.inf if above else -math.inf)
    inside = 0.0 <= bound <= (1.0 if scale in _MOST else math.inf)
    return bound if inside else None


def _score(number: Fraction) -> Fraction:
    """A score in [0, 1] from what people see, without rounding to points."""
    return min(max((number - 1) / 99, Fraction(0)), Fraction(1))


def _written(scale: Scale, bound: float, *, above: bool) -> str:
    if scale is Scale.SCORE:
        return _written_score(bound, above=above)
    if scale is Scale.BYTES and bound and bound.is_integer():
        for unit, size in reversed(_BYTES.items()):
            if unit != "b" and bound % size == 0:
                return f"{int(bound) // size}{unit.upper()}"
    text = format(Decimal(repr(bound)), "f")
    return text.removesuffix(".0")


def _written_score(bound: float, *, above: bool) -> str:
    whole = round(99 * bound + (1.5 if above else 0.5))
    if 1 <= whole <= 100 and bound == (lowest_shown_as if above else highest_shown_as)(whole):
        return str(whole)
    exact = 99 * Fraction(bound) + 1
    for digits in range(1, 400):  # a handful mostly; very small scores need more
        shown = Fraction(round(exact * 10**digits), 10**digits)
        if float(_score(shown)) == bound:
            whole, rest = divmod(int(shown * 10**digits), 10**digits)
            return f"{whole}.{rest:0{digits}d}"
    raise ValueError(f"a score of {bound}")


def _no_number(kind: TermKind, value: Value) -> Exception:
    if not value.text.strip():
        return value.error(f"“{kind.name}” is not told how much.", f"Such as: {kind.example}")
    return value.error(f"“{value.text.strip()}” is no number or range.", f"Such as: {kind.example}")


# --- times ------------------------------------------------------------------------------------


def _span(text: str, value: Value) -> tuple[datetime, datetime | None]:
    """When a time as it is written begins, and when it is over (None: never)."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise value.error(f"“{text}” is no time.", "Such as: 2024, 2024-05 or 2024-05-31T18:00.")
    year, month, day, hour, minute, second, parts = found.groups()
    micro = int(parts.ljust(6, "0")) if parts else 0
    try:
        start = datetime(  # noqa: DTZ001 - cameras write no zone
            *(int(year), int(month or 1), int(day or 1)),
            *(int(hour or 0), int(minute or 0), int(second or 0), micro),
        )
    except ValueError:
        raise value.error(f"There is no time “{text}”.", "Look at the calendar.") from None
    try:
        if parts:
            return start, start + timedelta(microseconds=1)
        if second:
            return start, start + timedelta(seconds=1)
        if hour:
            return start, start + timedelta(minutes=1)
        if day:
            return start, start + timedelta(days=1)
        if month:
            return start, (start + timedelta(days=31)).replace(day=1)
        return start, start.replace(year=start.year + 1)
    except (OverflowError, ValueError):  # the last of all years
        return start, None


def _shortest(time: datetime, side: int) -> str:
    """The shortest way to write a time so that its span begins (0) or is over (1) there."""
    inside = time if side == 0 else time - timedelta(microseconds=1)
    stub = Value("", 0, 0)
    whole = inside.isoformat(timespec="seconds")
    for length in (4, 7, 10, 16, 19):  # year, month, day, minute, second
        text = whole[:length]
        if _span(text, stub)[side] == time:
            return text
    return inside.isoformat(timespec="microseconds")
