"""Queries as people write them: ``score:70.. faces:2.. stars:4.. -tag:"bride" lake``.

What is written, and what it means (``docs/user-guide.md`` says it for users):

* ``name:value`` is a term of that name, see `fiqa_studio.domain.terms`; ``-`` before it negates;
* a range is ``3``, ``3..``, ``..3``, ``2..3``, ``>3``, ``>=3``, ``<3``, ``<=3``, ``any`` or
  ``none``; with ``:`` or ``=`` between name and value, or with the comparison alone: ``score>70``;
* a set is one word or several with commas between; ``none`` is the word for "nothing set";
* any other word must occur in path, camera or tags;
* quotes hold spaces, commas and names together; a quote within quotes is written twice;
* ``sort:time`` and ``rule:worst`` set the order and whose score is a photo's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fiqa_studio.curation.querylexer import Item, QueryTextError, Value, items_of, quoted
from fiqa_studio.curation.queryvalues import (
    period_of,
    range_of,
    written_period,
    written_range,
)
from fiqa_studio.domain.query import HIGHEST_FIRST, Order, PhotoRule, Query, SortKey
from fiqa_studio.domain.terms import (
    TERMS,
    Between,
    Contains,
    InIds,
    Is,
    OneOf,
    Period,
    Term,
    TermKind,
    Words,
    negation,
)

__all__ = ["ALIASES", "Parsed", "QueryTextError", "apply", "parse", "text_of"]

ALIASES = {
    "color": "colour",
    "rating": "stars",
    "keyword": "tag",
    "keywords": "tag",
    "tags": "tag",
    "date": "time",
    "label": "colour",
}
"""Names that other programs use for ours."""

DIRECTIONS = {"asc": False, "desc": True}
_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_SYNONYMS = {"picked": "pick", "rejected": "reject", "purple": "Purple", "violet": "Purple"}


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text asks for; ``order`` and ``rule`` are None where it does not say."""

    where: tuple[Term, ...] = ()
    order: Order | None = None
    rule: PhotoRule | None = None


def parse(text: str) -> Parsed:
    """What a text asks for; an empty one asks for everything.

    Raises:
        QueryTextError: With the place of what cannot be understood.
    """
    terms: list[Term] = []
    words: list[str] = []
    order: Order | None = None
    rule: PhotoRule | None = None
    for item in items_of(text):
        name = ALIASES.get(item.name, item.name)
        if not name:
            (value,) = item.values
            if item.negated:
                terms.append(Words((value.text,), negated=True))
            else:
                words.append(value.text)
        elif name == "sort":
            order = _order(item)
        elif name == "rule":
            rule = _rule(item)
        elif name in TERMS and name != "text":
            term = _term(TERMS[name], item)
            terms.append(negation(term) if item.negated else term)
        else:
            raise _unknown(item)
    if words:
        terms.append(Words(tuple(words)))
    return Parsed(Query(where=tuple(terms)).where, order, rule)


def apply(text: str, query: Query) -> Query:
    """The query that a text asks for: its terms alone; order and rule where it says them.

    Raises:
        QueryTextError: As `parse` does.
    """
    parsed = parse(text)
    return replace(
        query,
        where=parsed.where,
        order=parsed.order or query.order,
        photo_rule=parsed.rule or query.photo_rule,
    )


def text_of(
    where: Iterable[Term], order: Order | None = None, rule: PhotoRule | None = None
) -> str:
    """Terms as a text that `parse` reads as the same terms."""
    parts = [_written(term) for term in where]
    if order is not None:
        natural = order.key in HIGHEST_FIRST
        side = "" if order.descending is natural else "-desc" if order.descending else "-asc"
        parts.append(f"sort:{order.key}{side}")
    if rule is not None:
        parts.append(f"rule:{rule}")
    return " ".join(parts)


# --- reading ----------------------------------------------------------------------------------


def _term(kind: TermKind, item: Item) -> Term:
    shape = kind.shape
    if shape is Between:
        return range_of(kind, item)
    if shape is Period:
        return period_of(kind.name, item)
    if item.op not in (":", "="):
        raise item.error(f"“{kind.name}” has no order to compare by.", "Write a colon.")
    if shape is OneOf:
        return OneOf(kind.name, tuple(_one_of(kind, value) for value in item.values))
    if shape is Contains:
        value = item.whole
        if not value.text.strip():
            raise value.error(f"“{kind.name}” is not told what to look for.", _such_as(kind))
        return Contains(kind.name, value.text)
    if shape is InIds:
        if item.whole.text.casefold() == "none":
            return InIds(kind.name, ())
        return InIds(kind.name, tuple(_id(kind, value) for value in item.values))
    value = item.whole
    so = _YES.get(value.text.casefold())
    if so is None:
        raise value.error(f"“{kind.name}” is yes or no.", _such_as(kind))
    return Is(kind.name, negated=not so)


def _one_of(kind: TermKind, value: Value) -> str:
    text = value.text.strip()
    if text.casefold() == "none" and not value.quoted:
        return ""
    if not text:
        raise value.error(f"“{kind.name}” is not told which.", _such_as(kind))
    if not kind.values:
        return text
    text = _SYNONYMS.get(text.casefold(), text)
    for known in kind.values:
        if known and known.casefold() == text.casefold():
            return known
    names = ", ".join(known.lower() or "none" for known in kind.values)
    raise value.error(f"“{kind.name}” cannot be “{text}”.", f"It is one of: {names}.")


def _id(kind: TermKind, value: Value) -> int:
    text = value.text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise value.error(f"“{text}” is no number of a {kind.name} term.", _such_as(kind))
    return int(text)


def _order(item: Item) -> Order:
    value = item.whole
    if item.negated or item.op not in (":", "="):
        raise item.error("An order is written with a colon.", "Such as: sort:time-desc.")
    text = value.text.casefold()
    key, _, side = text.rpartition("-")
    if side not in DIRECTIONS:
        key, side = text, ""
    if key not in list(SortKey):
        raise value.error(f"Nothing is sorted by “{value.text}”.", f"Keys: {', '.join(SortKey)}.")
    sort = SortKey(key)
    return Order(sort, DIRECTIONS.get(side, sort in HIGHEST_FIRST))


def _rule(item: Item) -> PhotoRule:
    value = item.whole
    text = value.text.casefold()
    if item.negated or item.op not in (":", "=") or text not in list(PhotoRule):
        raise value.error(
            f"“{value.text}” does not say whose score is a photo's.",
            f"It is one of: {', '.join(PhotoRule)}.",
        )
    return PhotoRule(text)


def _unknown(item: Item) -> QueryTextError:
    near = [name for name in (*TERMS, "sort", "rule") if name[:2] == item.name[:2]]
    hint = f"Did you mean “{near[0]}”?" if near else "Put it in quotes to look for it as a word."
    return QueryTextError(
        f"There is nothing called “{item.name}” to ask for.",
        hint,
        item.name_start,
        item.name_start + len(item.name),
    )


def _such_as(kind: TermKind) -> str:
    return f"Such as: {kind.example}"


# --- writing ----------------------------------------------------------------------------------


def _written(term: Term) -> str:
    sign = "-" if term.negated else ""
    match term:
        case Between():
            return sign + written_range(TERMS[term.name], term)
        case Period():
            return sign + written_period(term)
        case OneOf(name, values):
            return f"{sign}{name}:{','.join(_written_word(name, value) for value in values)}"
        case Is(name):
            return f"{name}:{'no' if term.negated else 'yes'}"
        case Contains(name, text):
            return f"{sign}{name}:{quoted(text, commas=False)}"
        case InIds(name, ids):
            return f"{sign}{name}:{','.join(map(str, ids)) or 'none'}"
        case Words(words):
            return sign + " ".join(quoted(word, alone=True) for word in words)


def _written_word(name: str, value: str) -> str:
    if not value:
        return "none"
    if TERMS[name].values:
        return value.lower()
    return f'"{value}"' if value.casefold() == "none" else quoted(value)
