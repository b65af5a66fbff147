"""Questions as people write them, and as jobs remember them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fiqa_studio.curation import querytext
from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.engine.jobs.ids import ids_from_text, ids_to_text
from fiqa_studio.store.library import Library


def understand_albums(library: Library) -> None:
    """Let a library answer queries that name smart albums, which are kept as text."""
    library.views.read_text = lambda text: querytext.parse(text).where


def query_of(text: str, subject: Subject, query: Query | None = None) -> Query:
    """The query that a text asks for.

    Args:
        text: As typed; its order and rule, where it says them, take the place of ``query``'s.
        subject: Whether faces or photos are asked for.
        query: The order where the text says none.

    Raises:
        QueryTextError: With the place of what cannot be understood.
    """
    return querytext.apply(text, (query or Query()).of(subject))


def text_of(query: Query) -> str:
    """A query as a text that `query_of` reads as the same query, but for subject and scorer."""
    return querytext.text_of(query.where, query.order, query.photo_rule)


def target_to_json(target: Target) -> dict[str, Any]:
    """A target as JSON values, for the parameters of jobs."""
    if target.query is None:
        return {"subject": str(target.subject), "ids": ids_to_text(target.ids or ())}
    return {
        "subject": str(target.subject),
        "query": text_of(target.query),
        "scorer": target.query.scorer,
    }


def target_from_json(values: Mapping[str, Any]) -> Target:
    """The target that `target_to_json` wrote; a query is asked anew whenever it is used."""
    subject = Subject(values["subject"])
    if "ids" in values:
        return Target(subject, ids=tuple(ids_from_text(str(values["ids"])).tolist()))
    query = query_of(str(values["query"]), subject)
    return Target(subject, query=replace(query, scorer=str(values.get("scorer", ""))))
