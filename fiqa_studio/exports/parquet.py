"""Parquet: the same columns as CSV with their types, for pandas, Polars, DuckDB and others.

Numbers are float64, whole numbers int64, times timestamps without a zone in microseconds, flags
and tags lists of strings. What is not known is null.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fiqa_studio.exports.columns import Type, Value, values
from fiqa_studio.exports.items import PAGE, Item
from fiqa_studio.exports.writer import Setting

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 16 * PAGE
"""Rows of a row group: what is in memory at a time."""


class ParquetWriter:
    """Writes one table, a row group at a time."""

    def __init__(self, place: Path, setting: Setting):
        import pyarrow as pa  # noqa: PLC0415 - 140 MB that only this format needs
        import pyarrow.parquet as pq  # noqa: PLC0415 - the same

        self._pa: Any = pa
        self._columns = setting.columns
        self._schema = pa.schema(
            [pa.field(column.name, _type(pa, column.type)) for column in setting.columns]
        )
        self._rows: list[list[Value]] = []
        self._writer: Any = pq.ParquetWriter(place, self._schema, compression="zstd")

    def done_already(self, item: Item) -> bool:  # noqa: ARG002 - a table is written anew
        """Never: a table is quickly written again."""
        return False

    def put(self, item: Item, data: bytes = b"") -> None:  # noqa: ARG002 - facts only
        """Take one row; written with those after it."""
        self._rows.append(values(self._columns, item))
        if len(self._rows) >= _ROWS:
            self._flush()

    def close(self) -> None:
        """Write the rest and the footer, without which it is no Parquet file."""
        self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Let go of the file."""
        self._writer.close()

    def _flush(self) -> None:
        rows, self._rows = self._rows, []
        if rows:
            arrays = [
                self._pa.array([row[place] for row in rows], field.type)
                for place, field in enumerate(self._schema)
            ]
            self._writer.write_table(self._pa.Table.from_arrays(arrays, schema=self._schema))


def _type(pa: Any, kind: Type) -> pa.DataType:
    return {
        Type.TEXT: pa.string(),
        Type.NUMBER: pa.float64(),
        Type.WHOLE: pa.int64(),
        Type.YES: pa.bool_(),
        Type.TIME: pa.timestamp("us"),
        Type.WORDS: pa.list_(pa.string()),
    }[kind]


def open_writer(place: Path, setting: Setting) -> ParquetWriter:
    """Begin a table at ``place``."""
    return ParquetWriter(place, setting)
