"""The columns of tables, the same in every format: names, what they hold, how precise they are.

Of a face (one row a face):

=============== ================================================================================
path            the file, as valid text; bytes that are not UTF-8 are the replacement character
x, y            top left corner of the face's box, in upright pixels of the photo
width, height   size of the box, in pixels
score           perceptual quality in [0, 1]; empty where the scorer has not seen the face
spread          standard deviation of the score over patches, in [0, 1]
scorer          name of the scorer
scorer_hash     which version of it: network, weights and preprocessing
flags           ``upscaled``, ``padded``, ``profile``, ``eyes-closed``; sorted
eye_distance    between the eye centres, in pixels
yaw, pitch,     head rotation in degrees: to the image's right, up, clockwise
roll
eyes_open       0 closed, 1 wide open
taken_at        the camera's local time, ISO 8601; empty where unknown
missing         whether the file was gone at the last scan
photo_id,       numbers in this library
face_id
path_bytes      the file's exact name in hexadecimal, where ``path`` is not exact; else empty
stars           0 to 5, of the photo
flag            ``pick``, ``reject`` or empty, of the photo
colour          of the photo, as XMP spells it; empty without one
tags            of the photo, sorted
quality         what a person said of this face, in [0, 1]; empty where nobody did
camera          maker and model, as the camera wrote them
content_hash    the identity of the photo's content
mos STUDY       mean opinion of a study's raters, in [0, 1]; a set of columns a study
mos_low STUDY,  95 % confidence interval of that mean
mos_high STUDY
ratings STUDY   how many ratings it rests on
=============== ================================================================================

Columns are only ever added, at the end. Those of studies are there where the library has opinions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from fiqa_studio.domain.opinions import Opinion
from fiqa_studio.domain.query import Subject
from fiqa_studio.exports.items import FaceItem, Item, PhotoItem
from fiqa_studio.exports.records import exact_name

Value = str | int | float | bool | datetime | list[str] | None


class Type(StrEnum):
    """What a column holds; any value may be None, which stands for "not known"."""

    TEXT = "text"
    NUMBER = "number"
    WHOLE = "whole"
    YES = "yes"
    TIME = "time"
    """A local time without a zone."""
    WORDS = "words"
    """A list of texts."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: As in the header.
        type: What it holds.
        of: Its value for an item.
        digits: Decimals worth writing as text; only of numbers.
    """

    name: str
    type: Type
    of: Callable[[Any], Value]
    digits: int = 0


def columns_of(subject: Subject, studies: Iterable[str] = ()) -> tuple[Column, ...]:
    """The columns of a table of faces or of photos, with those of a library's studies."""
    if subject is Subject.PHOTOS:
        return PHOTO_COLUMNS
    return FACE_COLUMNS + tuple(column for study in studies for column in _of_study(study))


def values(columns: Sequence[Column], item: Item) -> list[Value]:
    """An item's values, in the columns' order."""
    return [column.of(item) for column in columns]


def _number(name: str, of: Callable[[Any], Value], digits: int) -> Column:
    return Column(name, Type.NUMBER, of, digits)


def _text(name: str, of: Callable[[Any], Value]) -> Column:
    return Column(name, Type.TEXT, of)


def _whole(name: str, of: Callable[[Any], Value]) -> Column:
    return Column(name, Type.WHOLE, of)


def _marks() -> tuple[Column, ...]:
    return (
        _whole("stars", lambda one: one.row.marks.stars),
        _text("flag", lambda one: str(one.row.marks.flag)),
        _text("colour", lambda one: str(one.row.marks.colour)),
        Column("tags", Type.WORDS, lambda one: sorted(one.row.marks.tags)),
        _number("quality", lambda one: one.row.quality, 4),
    )


FACE_COLUMNS = (
    _text("path", lambda one: one.row.path),
    _number("x", lambda one: one.row.box.x, 2),
    _number("y", lambda one: one.row.box.y, 2),
    _number("width", lambda one: one.row.box.width, 2),
    _number("height", lambda one: one.row.box.height, 2),
    _number("score", lambda one: one.row.score, 6),
    _number("spread", lambda one: one.row.spread, 6),
    _text("scorer", lambda one: one.row.scorer),
    _text("scorer_hash", lambda one: one.row.scorer_hash),
    Column("flags", Type.WORDS, lambda one: [str(flag) for flag in sorted(one.row.flags)]),
    _number("eye_distance", lambda one: one.row.eye_distance, 2),
    _number("yaw", lambda one: one.row.pose.yaw, 2),
    _number("pitch", lambda one: one.row.pose.pitch, 2),
    _number("roll", lambda one: one.row.pose.roll, 2),
    _number("eyes_open", lambda one: one.row.eyes_open, 3),
    Column("taken_at", Type.TIME, lambda one: one.row.taken_at),
    Column("missing", Type.YES, lambda one: one.row.missing),
    _whole("photo_id", lambda one: int(one.row.photo_id)),
    _whole("face_id", lambda one: int(one.row.id)),
    _text("path_bytes", lambda one: exact_name(one.path)),
    *_marks(),
    _text("camera", lambda one: one.row.camera),
    _text("content_hash", lambda one: one.row.content_hash),
)
"""Of a face; the first twenty are as in version 0.1."""

PHOTO_COLUMNS = (
    _text("path", lambda one: one.row.path),
    _number("score", lambda one: one.row.best_score, 6),
    _number("worst_score", lambda one: one.row.worst_score, 6),
    _number("median_score", lambda one: one.row.median_score, 6),
    _whole("faces", lambda one: one.row.face_count),
    _text("status", lambda one: str(one.row.status)),
    _text("reason", lambda one: one.row.reason),
    _whole("width", lambda one: one.row.width),
    _whole("height", lambda one: one.row.height),
    _text("format", lambda one: one.row.format),
    _whole("size", lambda one: one.row.size),
    _text("content_hash", lambda one: one.row.content_hash),
    _text("camera", lambda one: one.row.camera),
    Column("taken_at", Type.TIME, lambda one: one.row.taken_at),
    Column("missing", Type.YES, lambda one: one.row.missing),
    _whole("photo_id", lambda one: int(one.row.id)),
    _text("path_bytes", lambda one: exact_name(one.path)),
    *_marks(),
)
"""Of a photo: its scores are those of its best, worst and median face."""


def _of_study(study: str) -> tuple[Column, ...]:
    def of(one: FaceItem | PhotoItem, value: Callable[[Opinion], Value]) -> Value:
        opinion = one.opinions.get(study) if isinstance(one, FaceItem) else None
        return None if opinion is None else value(opinion)

    return (
        _number(f"mos {study}", partial(of, value=lambda opinion: opinion.mos), 4),
        _number(f"mos_low {study}", partial(of, value=lambda opinion: opinion.ci_low), 4),
        _number(f"mos_high {study}", partial(of, value=lambda opinion: opinion.ci_high), 4),
        _whole(f"ratings {study}", partial(of, value=lambda opinion: opinion.n)),
    )
