"""A list of photos without pictures: where they are, what they are, and why they are in it.

For those who have the photos already, or may not be given them: a path and a content hash name a
photo exactly, and say nothing of what is on it. One row a photo, as CSV.
"""

from __future__ import annotations

from pathlib import Path

from fiqa_studio.domain.scores import shown_score
from fiqa_studio.exports.columns import Column, Type
from fiqa_studio.exports.csv import CsvWriter
from fiqa_studio.exports.items import PhotoItem
from fiqa_studio.exports.records import exact_name
from fiqa_studio.exports.writer import Setting


def reason_of(item: PhotoItem) -> str:
    """What speaks for a photo or against it: its score, or why it has none, and its marks."""
    row, marks = item.row, item.row.marks
    parts = [row.reason] if row.best_score is None else [f"score {shown_score(row.best_score)}"]
    if marks.stars:
        parts.append("1 star" if marks.stars == 1 else f"{marks.stars} stars")
    parts += [str(mark) for mark in (marks.flag, str(marks.colour).lower()) if mark]
    parts += [f"tag {tag}" for tag in sorted(marks.tags)]
    return ", ".join(part for part in parts if part)


COLUMNS = (
    Column("path", Type.TEXT, lambda one: one.row.path),
    Column("path_bytes", Type.TEXT, lambda one: exact_name(one.path)),
    Column("content_hash", Type.TEXT, lambda one: one.row.content_hash),
    Column("size", Type.WHOLE, lambda one: one.row.size),
    Column("reason", Type.TEXT, reason_of),
)


def open_writer(place: Path, setting: Setting) -> CsvWriter:
    """Begin a list at ``place``; its columns are its own."""
    return CsvWriter(place, Setting(COLUMNS, setting.link, setting.cancelled))
