"""Sums over any number of faces or photos: never a row each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select

from fiqa_studio.domain.marks import Colour, Flag
from fiqa_studio.domain.photos import FaceFlag
from fiqa_studio.store import planes, rows
from fiqa_studio.store.asked import Asked, Mask, mask_of
from fiqa_studio.store.columns import Ids, int_columns
from fiqa_studio.store.schema import Face, FaceState, Photo, Score, Tag, TagBlock

_SAMPLE = 400
_MOST_TAGS = 200
_FEW = 50_000


@dataclass(frozen=True, slots=True)
class Summary:
    """What some faces or photos are in sum.

    Attributes:
        faces: How many faces; of photos, those that they show.
        photos: How many photos; of faces, those that they are in.
        bytes: Size of the photos' files.
        scored: How many of the faces have a score.
        scores: Their scores, lowest first; of more than a few hundred as many, evenly spread,
            with the lowest and the highest.
        median: Of all scores; None without any.
        flags: How many faces have which flag.
        stars: How many photos have 0, 1, ... 5 stars.
        picks: How many photos have which flag of a user.
        colours: How many photos have which colour.
        tags: How many photos carry which tag; those that most photos of the library carry.
    """

    faces: int
    photos: int
    bytes: int
    scored: int
    scores: tuple[float, ...]
    median: float | None
    flags: Mapping[FaceFlag, int]
    stars: tuple[int, ...]
    picks: Mapping[Flag, int]
    colours: Mapping[Colour, int]
    tags: Mapping[str, int]


def summary(asked: Asked, chosen: Mask) -> Summary:
    """The sum of what a mask of the subject has."""
    if asked.of_faces:
        faces = chosen & asked.current_faces
        photos = mask_of(asked.owners[faces], asked.photo_size)
    else:
        photos = chosen
        faces = asked.current_faces & photos[asked.owners]
    scored = asked.ids(asked.scores(Score.face_id))
    scored = scored[faces[scored]]
    scores, median = _scores(asked, scored)
    marks = planes.all_marks(asked.connection)[: len(photos)]
    unmarked = int(photos[len(marks) :].sum())
    of_photos = marks[photos[: len(marks)]]

    def counts(bits: tuple[int, int], number: int) -> list[int]:
        found = np.bincount(planes.part_of(of_photos, bits), minlength=number)
        found[0] += unmarked
        return [int(one) for one in found[:number]]

    return Summary(
        faces=int(faces.sum()),
        photos=int(photos.sum()),
        bytes=_bytes(asked, photos),
        scored=len(scored),
        scores=scores,
        median=median,
        flags=_flags(asked, faces),
        stars=tuple(counts(planes.STARS_BITS, 6)),
        picks=dict(zip(planes.FLAGS, counts(planes.FLAG_BITS, 3), strict=True)),
        colours=dict(zip(planes.COLOURS, counts(planes.COLOUR_BITS, 6), strict=True)),
        tags=_tags(asked, photos),
    )


def _scores(asked: Asked, scored: Ids) -> tuple[tuple[float, ...], float | None]:
    """Some of the scores of faces in ascending order of them, and the median of all."""
    count = len(scored)
    if not count:
        return (), None
    spread = np.unique(np.linspace(0, count - 1, min(count, _SAMPLE)).astype(np.int64))
    middle = [(count - 1) // 2, count // 2]
    wanted = scored[np.r_[spread, middle]]
    found = asked.connection.execute(
        select(Score.face_id, Score.value).where(
            Score.scorer_id == asked.scorer, rows.ids_in(Score.face_id, np.unique(wanted))
        )
    ).all()
    value = {row.face_id: row.value for row in found}
    low, high = (value[key] for key in scored[middle].tolist())
    return tuple(value[key] for key in scored[spread].tolist()), (low + high) / 2


def _bytes(asked: Asked, photos: Mask) -> int:
    if photos.sum() <= _FEW:
        chosen = rows.ids_in(Photo.id, np.flatnonzero(photos))
        return asked.connection.scalar(select(func.sum(Photo.size)).where(chosen)) or 0
    ids, sizes = int_columns(asked.connection, select(Photo.id, Photo.size).order_by(Photo.size))
    return int(sizes[photos[ids]].sum())


def _flags(asked: Asked, faces: Mask) -> dict[FaceFlag, int]:
    current = Face.state == FaceState.CURRENT
    counts: dict[FaceFlag, int] = {}
    for text in asked.distinct(Face.flags, current):
        if not text:
            continue
        ids = asked.ids(select(Face.id).where(current, Face.flags == text))
        number = int(faces[ids].sum())
        for flag in text.split(",") if number else ():
            counts[FaceFlag(flag)] = counts.get(FaceFlag(flag), 0) + number
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _tags(asked: Asked, photos: Mask) -> dict[str, int]:
    often = asked.connection.execute(
        select(Tag.id, Tag.name)
        .join(TagBlock, TagBlock.tag_id == Tag.id)
        .group_by(Tag.id)
        .order_by(func.sum(TagBlock.count).desc())
        .limit(_MOST_TAGS)
    ).all()
    counts: dict[str, int] = {}
    for key, name in often:
        tagged = planes.all_bits(asked.connection, TagBlock, key)
        number = int(photos[tagged[tagged < len(photos)]].sum())
        if number:
            counts[name] = number
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
