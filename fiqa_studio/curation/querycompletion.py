"""What could stand where the cursor is in a query's text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fiqa_studio.curation.querylexer import Item, QueryTextError, items_of, quoted
from fiqa_studio.curation.querytext import ALIASES, DIRECTIONS
from fiqa_studio.domain.query import PhotoRule, SortKey
from fiqa_studio.domain.terms import TERMS, Is, OneOf

MOST = 50
"""Choices offered at most."""

_WORD_TERMS = ("tag", "album", "camera")
"""Terms whose words are offered for a word that was typed without a name."""
_SPECIAL = {
    "eyes": ("closed", "open"),
    "sort": (*SortKey, *(f"{key}-{side}" for key in SortKey for side in DIRECTIONS)),
    "rule": tuple(PhotoRule),
}
_ORDERS = {"sort": "What comes first", "rule": "Whose score is a photo's"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that could be written.

    Attributes:
        text: What to put in place of what is there.
        shown: For the list.
        says: What it means, or how often it occurs; may be empty.
    """

    text: str
    shown: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """The choices, best first, and the part of the text that each would replace."""

    start: int
    end: int
    choices: tuple[Choice, ...] = ()

    def applied(self, text: str, choice: Choice) -> tuple[str, int]:
        """The text with a choice taken, and the place of the cursor after it."""
        rest = text[self.end :]
        put = choice.text
        if not put.endswith(":") and not rest[:1].isspace():
            put += " "
        return text[: self.start] + put + rest, self.start + len(put)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that the library knows for a term, most used first, with how often.

    ``{"tag": {"bride": 12}, "camera": {"Canon EOS R5": 40}, "album": {"Best": 7}}``
    """

    words: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def of(self, name: str) -> Mapping[str, int]:
        """The words of one term."""
        return self.words.get(name, {})


def complete(text: str, cursor: int, vocabulary: Vocabulary) -> Completion:
    """What could stand at the cursor; never raises, whatever the text."""
    cursor = min(max(cursor, 0), len(text))
    item = _item_at(text, cursor)
    if item is None:
        return Completion(cursor, cursor, tuple(_names("")))
    name = ALIASES.get(item.name, item.name)
    if not name or cursor < item.whole.start:
        typed = text[item.name_start : cursor]
        choices = [*_names(typed), *_words_without_name(typed, vocabulary)]
        end = item.end if not name else item.name_start + len(item.name) + 1
        return Completion(item.name_start, max(end, cursor), tuple(choices[:MOST]))
    value = next((value for value in item.values if cursor <= value.end), item.values[-1])
    typed = text[value.start : cursor].lstrip('"“„')
    return Completion(value.start, value.end, tuple(_values(name, typed, vocabulary))[:MOST])


def _item_at(text: str, cursor: int) -> Item | None:
    """The item that the cursor stands in or right after."""
    try:
        for item in items_of(text, forgiving=True):
            if item.start < cursor <= item.end:
                return item
    except QueryTextError:
        return None
    return None


def _names(typed: str) -> Iterable[Choice]:
    start = typed.casefold()
    for name, kind in TERMS.items():
        if name != "text" and name.startswith(start):
            yield Choice(f"{name}:", kind.example, kind.says)
    for name, says in _ORDERS.items():
        if name.startswith(start):
            yield Choice(f"{name}:", f"{name}:", says)


def _words_without_name(typed: str, vocabulary: Vocabulary) -> Iterable[Choice]:
    if not typed:
        return
    for name in _WORD_TERMS:
        for word, times in _matching(vocabulary.of(name), typed):
            yield Choice(f"{name}:{quoted(word)}", f"{name}:{word}", str(times))


def _values(name: str, typed: str, vocabulary: Vocabulary) -> Iterable[Choice]:
    for word in _fixed(name):
        if word.startswith(typed.casefold()):
            yield Choice(word, word)
    for word, times in _matching(vocabulary.of(name), typed):
        yield Choice(quoted(word), word, str(times))


def _fixed(name: str) -> Sequence[str]:
    if name in _SPECIAL:
        return _SPECIAL[name]
    kind = TERMS.get(name)
    if kind is None:
        return ()
    if kind.shape is Is:
        return ("yes", "no")
    if kind.shape is OneOf:
        return tuple(value.lower() or "none" for value in kind.values) or ("none",)
    return ()


def _matching(words: Mapping[str, int], typed: str) -> Sequence[tuple[str, int]]:
    """Words that begin with what was typed, then those that hold it."""
    wanted = typed.casefold()
    first = [(word, times) for word, times in words.items() if word.casefold().startswith(wanted)]
    then = [
        (word, times)
        for word, times in words.items()
        if wanted in word.casefold() and not word.casefold().startswith(wanted)
    ]
    return first + then
