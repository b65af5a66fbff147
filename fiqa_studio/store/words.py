"""Text as it is sorted and searched."""

from __future__ import annotations

import re
import unicodedata

_DIGITS = re.compile(r"\d+")


def folded(text: str) -> str:
    """The text in one case and one Unicode form (file names from macOS come decomposed)."""
    return unicodedata.normalize("NFC", text.casefold())


def storable(text: str) -> bool:
    """Whether SQLite can be given a text, and compare the whole of it."""
    return "\0" not in text and not any("\ud800" <= one <= "\udfff" for one in text)


def sort_key(name: str) -> str:
    """Orders names as people do: ``IMG_2`` before ``IMG_10``, in any case.

    Each number is preceded by its length in two digits, so that comparing text compares
    numbers.
    """

    def padded(match: re.Match[str]) -> str:
        digits = match[0].lstrip("0") or "0"
        return f"{min(len(digits), 99):02d}{digits}"

    return _DIGITS.sub(padded, folded(name))


def search_text(path: str, camera: str) -> str:
    """What the text filter looks into for one photo, besides its folder and its tags."""
    return folded(f"{path.rpartition('/')[2]}\n{camera}")
