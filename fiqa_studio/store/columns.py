"""Columns of integers out of SQLite, as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Select, func, select

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
