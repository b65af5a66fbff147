"""Finding things by what people type of their names. No Qt."""

from __future__ import annotations


def matches(typed: str, *texts: str) -> bool:
    """Whether every word typed begins a word of one of the texts, or stands inside a title.

    An empty text matches everything. Only the first text is looked into beyond the beginnings of
    its words: a tip has too many letters for that.
    """
    words = typed.lower().split()
    title = texts[0].lower() if texts else ""
    known = [word for text in texts for word in _words(text)]
    return all(
        word in title or any(one.startswith(word) for one in known) for word in words
    ) or _initials(typed.lower().replace(" ", ""), title)


def _initials(typed: str, title: str) -> bool:
    """Whether they are the first letters of the title's words, as ``sff`` of Sort: File First."""
    return len(typed) > 1 and "".join(word[0] for word in _words(title)).startswith(typed)


def _words(text: str) -> list[str]:
    return "".join(one if one.isalnum() else " " for one in text.lower()).split()
