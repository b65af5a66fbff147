"""Queries as the views still take them."""

from __future__ import annotations

from fiqa_studio.domain import fields_query
from fiqa_studio.domain.query import Order, Query, SortKey, Subject
from fiqa_studio.domain.terms import Between, InIds, Is, Term, Words


def to_fields(query: Query) -> fields_query.Query:
    """The same question in fields."""
    values: dict[str, object] = {}
    for term in query.where:
        if isinstance(term, Between) and term.name == "score":
            values["min_score"], values["max_score"] = term.low, term.high
        elif isinstance(term, Between) and term.name == "faces":
            values["min_faces"] = None if term.low is None else int(term.low)
            values["max_faces"] = None if term.high is None else int(term.high)
        elif isinstance(term, Words):
            values["text"] = " ".join(term.words)
        elif isinstance(term, InIds) and term.name == "root":
            values["root_id"] = term.ids[0]
        elif isinstance(term, Is) and term.name == "missing":
            values["missing_only"] = True
    return fields_query.Query(
        sort=fields_query.SortKey(query.order.key.value),
        descending=query.order.descending,
        scorer=query.scorer,
        **values,  # type: ignore[arg-type]
    )


def from_fields(query: fields_query.Query, subject: Subject) -> Query:
    """The same question in terms."""
    where: list[Term] = []
    if query.min_score is not None or query.max_score is not None:
        where.append(Between("score", query.min_score, query.max_score))
    if query.min_faces is not None or query.max_faces is not None:
        where.append(Between("faces", query.min_faces, query.max_faces))
    if query.text:
        where.append(Words(tuple(query.text.split())))
    if query.root_id is not None:
        where.append(InIds("root", (query.root_id,)))
    if query.missing_only:
        where.append(Is("missing"))
    return Query(subject, tuple(where), Order(SortKey(query.sort.value), query.descending))
