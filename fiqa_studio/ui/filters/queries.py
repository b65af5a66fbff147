"""Whether a query leaves anything out, and the one that does not."""

from __future__ import annotations

from fiqa_studio.domain.fields_query import Query


def without_filters(query: Query) -> Query:
    """The same order, everything shown."""
    return Query(sort=query.sort, descending=query.descending, scorer=query.scorer)


def is_filtered(query: Query) -> bool:
    """Whether anything may be left out."""
    return query != without_filters(query)
