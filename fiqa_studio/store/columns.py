"""Columns out of SQLite at once: integers as arrays, the different texts of an index."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, Select, func, select

Ids = npt.NDArray[np.int64]


def int_columns(connection: Connection, statement: Select[*tuple[Any, ...]]) -> tuple[Ids, ...]:
    """The integer columns of a statement, in its order.

    They come as text: one row a column, made inside SQLite, is several times faster than a row
    an id, and lets the window's thread run meanwhile. SQLite keeps the order of a subquery for
    an aggregate that depends on it (``SQLITE_FUNC_ANYORDER`` marks those that do not).
    """
    source = statement.subquery()
    texts = connection.execute(
        select(*(func.group_concat(column) for column in source.columns))
    ).one()
    return tuple(
        np.empty(0, np.int64) if text is None else np.fromstring(str(text), np.int64, sep=",")
        for text in texts
    )


def different_texts(
    connection: Connection, column: Any, *conditions: ColumnElement[bool]
) -> list[str]:
    """The different texts in a column, in order: one look into its index for each.

    Args:
        connection: To the library.
        column: Indexed, after no more than what the conditions hold fast.
        conditions: That hold fast what stands before it in the index.
    """
    first = (
        select(func.min(column).label("text")).where(*conditions).cte("different", recursive=True)
    )
    following = (
        select(func.min(column))
        .where(column > first.c.text, *conditions)
        .correlate(first)
        .scalar_subquery()
    )
    every = first.union_all(select(following).where(first.c.text.is_not(None)))
    return [str(text) for text in connection.scalars(select(every.c.text)) if text is not None]
