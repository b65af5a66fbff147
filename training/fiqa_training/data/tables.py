"""Tables of text as people have them: CSV of any program, in any of the usual encodings.

Read row by row, so that a table of millions of rows takes no more memory than what is kept of it.
"""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fiqa_training.errors import TrainingError

_SEPARATORS = ",;\t|"
_SNIFFED_LINES = 20
_BLOCK = 1 << 20
_LONGEST_LINE = 1 << 20
_MOST_KEPT = 2_000_000
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


@dataclass(frozen=True)
class Table:
    """A table whose header was read.

    Attributes:
        path: the file.
        columns: names in lower case, as they stand; empty where a column has none.
        separator: what stands between two values.
        encoding: of its text.
    """

    path: Path
    columns: tuple[str, ...]
    separator: str
    encoding: str

    def rows(self) -> Iterator[list[str]]:
        """Values of each row that is not empty, without the space around them.

        A row may have fewer values than there are columns, or more.

        Raises:
            TrainingError: the file became unreadable.
        """
        for values in itertools.islice(_lines(self.path, self.encoding, self.separator), 1, None):
            stripped = [value.strip() for value in values]
            if any(stripped):
                yield stripped

    def number(self, value: str) -> float:
        """A number with a decimal point or comma.

        Raises:
            ValueError: it is none.
        """
        text = value.replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
        if "," in text:
            # Of "1.234,5" and "1,234.5" the last sign is the decimal one.
            whole, _, part = text.rpartition("," if text.rfind(",") > text.rfind(".") else ".")
            if "." not in text and text.count(",") > 1:
                raise ValueError(value)
            text = whole.replace(",", "").replace(".", "") + "." + part
        return float(text)


def open_table(path: Path) -> Table:
    """Find out how a table is written, and read its header.

    Encodings: UTF-8 and UTF-16, with or without a mark, else Windows-1252. Separators: comma,
    semicolon, tab, bar, or what Excel's first line ``sep=`` says.

    Raises:
        TrainingError: unreadable, not text, or with two columns of one name.
    """
    encoding = _encoding(path)
    separator = _separator(path, encoding)
    header = next(_lines(path, encoding, separator), [])
    columns = tuple(name.strip().lower() for name in header)
    if not any(columns):
        raise no_rows(path)
    twice = [name for name, count in Counter(filter(None, columns)).items() if count > 1]
    if twice:
        raise TrainingError(
            f"{path} has two columns of the name {twice[0]!r}.", "Rename one of them."
        )
    return Table(path, columns, separator, encoding)


def read_table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Column names (lower case, as they stand) and all rows of a table with a header.

    Raises:
        TrainingError: unreadable, not text, without rows, or with too many to keep.
    """
    table = open_table(path)
    kept = itertools.islice(table.rows(), _MOST_KEPT + 1)
    rows = [as_fields(table.columns, values) for values in kept]
    if len(rows) > _MOST_KEPT:
        raise TrainingError(f"{path} has more than {_MOST_KEPT:,} rows.", "Split it.")
    if not rows:
        raise no_rows(path)
    return list(table.columns), rows


def as_fields(columns: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    """A row by the names of its columns; what is not there is empty."""
    padded = itertools.chain(values, itertools.repeat(""))
    return {name: value for name, value in zip(columns, padded, strict=False) if name}


def no_rows(path: Path) -> TrainingError:
    """What to say of a table without a row."""
    return TrainingError(f"{path} holds no rows.", "It needs a header line and a row a picture.")


def _encoding(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(4096)
            for mark, encoding in _MARKS:
                if start.startswith(mark):
                    return encoding
            if start[1::2].count(0) > len(start) // 4:
                return "utf-16-le"
            if start[::2].count(0) > len(start) // 4:
                return "utf-16-be"
            if b"\0" in start:
                raise TrainingError(f"{path} is not a text file.", "Save the table as CSV.")
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        with path.open(encoding="utf-8") as text:
            while text.read(_BLOCK):
                pass
    except UnicodeDecodeError:
        # Every byte has a meaning there, but for five.
        return "cp1252"
    except OSError as error:
        raise _unreadable(path, error) from error
    return "utf-8"


def _separator(path: Path, encoding: str) -> str:
    """By the first line ``sep=``, else the one that splits the first lines most evenly."""
    try:
        with path.open(encoding=encoding, errors="replace") as text:
            lines = [text.readline(_LONGEST_LINE) for _ in range(_SNIFFED_LINES)]
    except (OSError, UnicodeError) as error:
        raise _unreadable(path, error) from error
    first = lines[0].strip("\ufeff\r\n ")
    if first.lower().startswith("sep=") and len(first) == 5:
        return first[4]
    if first.lower() == "sep=":
        return "\t"
    header = next((line for line in lines if line.strip()), "")
    # A decimal comma or a comma in a name may stand in the rows; a header has neither.
    return max(_SEPARATORS, key=lambda each: (header.count(each), -_SEPARATORS.index(each)))


def _lines(path: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    """Values of each line, from the header on."""
    try:
        with path.open(newline="", encoding=encoding, errors="replace") as text:
            begun = False
            for values in csv.reader(text, delimiter=separator):
                if not begun:
                    first = separator.join(values).strip().lower()
                    if not first or (first.startswith("sep=") and len(first) <= 5):
                        continue
                begun = True
                yield values
    except (OSError, UnicodeError) as error:
        raise _unreadable(path, error) from error
    except csv.Error as error:
        raise TrainingError(f"{path} is not a CSV file: {error}.") from error


def _unreadable(path: Path, error: Exception) -> TrainingError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return TrainingError(f"{path} cannot be read: {reason}.")
