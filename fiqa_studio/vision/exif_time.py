"""The times that cameras and programs write, in all the ways they write them."""

from __future__ import annotations

import contextlib
import re
from datetime import datetime, timedelta

_EARLIEST = 1826
"""The year of the oldest photograph: what claims to be older is a clock that was never set."""

_STAMP = re.compile(
    r"""
    \D{0,3}(?P<year>\d{4})
    (?:\D{1,3}(?P<month>\d{1,2})\D{1,3}(?P<day>\d{1,2}) | (?P<month2>\d{2})(?P<day2>\d{2}))
    (?:
        \D{1,3}(?P<hour>\d{1,2})\W{1,2}(?P<minute>\d{1,2})
        (?:\W{1,2}(?P<second>\d{1,2})(?:[.,](?P<part>\d{1,9}))?)?
      | [T ]?(?P<hour2>\d{2})(?P<minute2>\d{2})(?P<second2>\d{2})
    )?
    (?:\s*(?P<half>[AaPp])\.?[Mm])?
    (?:\s*(?P<offset>Z|[+-]\d{1,2}:?\d{2}))?
    """,
    re.VERBOSE,
)
_ONLY_OFFSET = re.compile(r"\s*(Z|[+-]\d{1,2}:?\d{2})\s*")


def read_time(
    text: str, fraction: str = "", offset: str = ""
) -> tuple[datetime, int | None] | None:
    """A time and its offset from UTC in minutes (None where not said); None where it is no time.

    The time is the camera's local one, without a zone: EXIF has none as a rule, and guessing one
    would be worse. An hour of 24 and a second of 60 run over into what follows.

    Args:
        text: Such as ``2021:05:06 07:08:09``, ``2004-09-04T23:39:06-08:00``, ``2012/1/2  3: 4: 5``.
        fraction: Digits after the second (``SubSecTimeOriginal``).
        offset: Such as ``+02:00`` (``OffsetTimeOriginal``).
    """
    found = _STAMP.match(text)
    if found is None:
        return None
    parts = found.groupdict()
    year, month, day, hour, minute, second = (
        int(parts[name] or parts.get(name + "2") or 0)
        for name in ("year", "month", "day", "hour", "minute", "second")
    )
    if parts["half"] and 1 <= hour <= 12:
        hour = hour % 12 + (12 if parts["half"] in "pP" else 0)
    if year < _EARLIEST or hour > 24 or minute > 59 or second > 60:
        return None
    digits = "".join(c for c in (parts["part"] or fraction) if c in "0123456789")[:6]
    with contextlib.suppress(ValueError, OverflowError):
        time = datetime(year, month, day) + timedelta(  # noqa: DTZ001 - see above
            hours=hour, minutes=minute, seconds=second, microseconds=int(digits.ljust(6, "0"))
        )
        return time, read_offset(parts["offset"] or offset)
    return None


def read_offset(text: str) -> int | None:
    """Minutes east of UTC; None where the text says none."""
    found = _ONLY_OFFSET.fullmatch(text)
    if found is None:
        return None
    if found[1] == "Z":
        return 0
    digits = found[1][1:].replace(":", "").rjust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes > 14 * 60 or int(digits[2:]) > 59:
        return None
    return -minutes if found[1][0] == "-" else minutes
