"""CSV: one row a face, in UTF-8, with a header. The columns are stable; new ones come last.

Fields follow RFC 4180: commas, quotes and line breaks in names are quoted. Numbers use a point.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a formula. Paths
here are absolute, so they begin with ``/``; numbers are numbers; flags come from a fixed list.
Only a scorer's name comes from outside (a plug-in): there such a beginning gets an apostrophe.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from fiqa_studio.domain.photos import FaceRow
from fiqa_studio.exports.atomic import replacing
from fiqa_studio.exports.records import exact_name

COLUMNS = (
    *("path", "x", "y", "width", "height", "score", "spread", "scorer", "scorer_hash", "flags"),
    *("eye_distance", "yaw", "pitch", "roll", "eyes_open", "taken_at", "missing"),
    *("photo_id", "face_id", "path_bytes"),
)
"""See `fiqa_studio.exports.records` for what each one means."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_faces(rows: Iterable[tuple[FaceRow, bytes]], target: Path) -> int:
    """Write faces to ``target``, which appears, or is replaced, only when it is whole.

    Args:
        rows: Faces, each with the exact bytes of its photo's path.
        target: The file.

    Returns:
        The number of faces.

    Raises:
        KnownError: The file cannot be written.
    """
    with replacing(target) as stream:
        return write_to(rows, stream)


def write_to(rows: Iterable[tuple[FaceRow, bytes]], stream: TextIO) -> int:
    """Write faces to an open text stream; returns their number."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for row, path in rows:
        writer.writerow(_fields(row, path))
        count += 1
    return count


def _fields(row: FaceRow, path: bytes) -> list[str]:
    box, pose = row.box, row.pose
    scorer = "'" + row.scorer if row.scorer.startswith(_FORMULA) else row.scorer
    return [
        row.path,
        *(f"{value:.2f}" for value in (box.x, box.y, box.width, box.height)),
        "" if row.score is None else f"{row.score:.6f}",
        "" if row.spread is None else f"{row.spread:.6f}",
        scorer,
        row.scorer_hash,
        " ".join(sorted(row.flags)),
        *(f"{value:.2f}" for value in (row.eye_distance, pose.yaw, pose.pitch, pose.roll)),
        f"{row.eyes_open:.3f}",
        row.taken_at.isoformat() if row.taken_at else "",
        "yes" if row.missing else "no",
        str(row.photo_id),
        str(row.id),
        exact_name(path),
    ]
