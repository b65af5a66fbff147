"""One question while it is answered: a snapshot of the library, and sets of ids as arrays.

A set of faces or photos is a mask: one byte an id, true where it belongs. Masks meet in a
millisecond for a million, in whatever way they came.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, Select, func, select

from fiqa_studio.domain.query import PhotoRule, Query, Subject
from fiqa_studio.domain.terms import Term
from fiqa_studio.store import rows
from fiqa_studio.store.columns import Ids, different_texts, int_columns
from fiqa_studio.store.kept import Kept
from fiqa_studio.store.owners import Owners
from fiqa_studio.store.schema import Face, FaceState, Photo, Score, Scorer, Setting
from fiqa_studio.store.vectors import Vectors

Mask = npt.NDArray[np.bool_]
ReadText = Callable[[str], tuple[Term, ...]]
"""Makes terms of a smart album's text."""


class Asked:
    """A query on one connection.

    Attributes:
        query: What is asked.
        kept: What is read may be kept here, for others who ask of the same version.
        inside: Names of the smart albums that are being answered, outermost first.
    """

    def __init__(
        self,
        connection: Connection,
        query: Query,
        owners: Owners,
        *,
        read_text: ReadText | None = None,
        inside: tuple[str, ...] = (),
        kept: tuple[Kept, int] | None = None,
        vectors: Vectors | None = None,
    ):
        self.connection = connection
        self.query = query
        self.read_text = read_text
        self.inside = inside
        self._owners = owners
        self.vectors = vectors
        self._kept = kept
        self._found: dict[tuple[str, ...], Ids] = {}

    def within(self, where: tuple[Term, ...], album: str) -> Asked:
        """Another question on the same snapshot: that of a smart album."""
        return Asked(
            self.connection,
            replace(self.query, where=where),
            self._owners,
            read_text=self.read_text,
            inside=(*self.inside, album),
            kept=self._kept,
            vectors=self.vectors,
        )

    @property
    def of_faces(self) -> bool:
        """Whether faces are asked for, not photos."""
        return self.query.subject is Subject.FACES

    @cached_property
    def scorer(self) -> int:
        """The id of the scorer whose scores count; 0 where there is none."""
        known = select(Scorer.id).where(Scorer.hash == self.scorer_hash)
        return self.connection.scalar(known) or 0

    @cached_property
    def scorer_hash(self) -> str:
        """Which scorer's scores count."""
        active = select(Setting.value).where(Setting.key == rows.ACTIVE_SCORER)
        return self.query.scorer or self.connection.scalar(active) or ""

    @cached_property
    def face_size(self) -> int:
        """Length of a mask of faces."""
        return 1 + (self.connection.scalar(select(func.max(Face.id))) or 0)

    @cached_property
    def photo_size(self) -> int:
        """Length of a mask of photos."""
        return 1 + (self.connection.scalar(select(func.max(Photo.id))) or 0)

    @cached_property
    def owners(self) -> Ids:
        """The photo of each face, by face id; 0 where there is no such face."""
        return self._owners.of_faces(self.connection)

    @property
    def size(self) -> int:
        """Length of a mask of what is asked for."""
        return self.face_size if self.of_faces else self.photo_size

    def ids(self, statement: Select[*tuple[Any, ...]]) -> Ids:
        """The one integer column of a statement, in its order; asked for once only."""
        compiled = statement.compile(dialect=self.connection.dialect)
        key = (str(compiled), *map(repr, compiled.params.items()))
        found = self._found.get(key)
        if found is None and self._kept is not None:
            kept, version = self._kept
            found = kept.get(version, key)
        if found is None:
            found = int_columns(self.connection, statement)[0]
            if self._kept is not None:
                kept, version = self._kept
                kept.put(version, key, found)
        self._found[key] = found
        return found

    def mask(self, ids: Ids) -> Mask:
        """What is asked for, as far as its ids are among these."""
        return mask_of(ids, self.size)

    def faces(self, ids: Ids) -> Mask:
        """Of what is asked for: these faces; the photos that show any of them."""
        if self.of_faces:
            return mask_of(ids, self.face_size)
        return mask_of(self.owners[ids[ids < self.face_size]], self.photo_size)

    def photos(self, ids: Ids) -> Mask:
        """Of what is asked for: these photos; the faces in them."""
        return self.of_photos(mask_of(ids, self.photo_size))

    def of_photos(self, mask: Mask) -> Mask:
        """Of what is asked for: these photos (by photo id); the faces in them."""
        return mask[self.owners] if self.of_faces else mask

    def candidates(self, conditions: Sequence[ColumnElement[bool]]) -> Mask:
        """Everything of the subject that fulfils these conditions; the caller's to change."""
        if conditions:
            return self.mask(self.ids(self.base(*conditions)))
        if self.of_faces:
            return self._owners.current_faces(self.connection)
        return self._owners.photos(self.connection)

    @property
    def current_faces(self) -> Mask:
        """By face id, whether there is such a face and its photo shows it."""
        return self._owners.current_faces(self.connection)

    @property
    def shown_photos(self) -> Mask:
        """The photos that show a face, by photo id."""
        return mask_of(self.owners[self.current_faces], self.photo_size)

    def base(self, *conditions: ColumnElement[bool]) -> Select[int]:
        """Select the subject's ids, of faces those that are current."""
        if self.of_faces:
            return select(Face.id).where(Face.state == FaceState.CURRENT, *conditions)
        return select(Photo.id).where(*conditions)

    def counted(self, *conditions: ColumnElement[bool]) -> Select[int]:
        """Select how many `base` has."""
        return self.base(*conditions).with_only_columns(func.count(), maintain_column_froms=True)

    def scores(self, column: Any, *conditions: ColumnElement[bool]) -> Select[int]:
        """Select a column of the scores that count, lowest first; ties by that column."""
        return (
            select(column)
            .where(Score.scorer_id == self.scorer, Score.state == FaceState.CURRENT, *conditions)
            .order_by(Score.value, column)
        )

    def distinct(self, column: Any, *conditions: ColumnElement[bool]) -> list[str]:
        """The different texts in an indexed column."""
        return different_texts(self.connection, column, *conditions)


def mask_of(ids: Ids, size: int) -> Mask:
    """A mask of so many ids; those beyond it are left out."""
    mask = np.zeros(size, np.bool_)
    mask[ids[ids < size]] = True
    return mask


def standing_for(photos: Ids, rule: PhotoRule) -> Ids:
    """Where, in an ascending order of faces, the one stands whose value is its photo's.

    Args:
        photos: The photo of each face, in ascending order of the faces' values.
        rule: Which face stands for its photo.

    Returns:
        Places in ``photos``, ascending: one a photo.
    """
    count = len(photos)
    if count == 0:
        return np.empty(0, np.int64)
    if rule is PhotoRule.MEDIAN:
        # One number a face that sorts by photo, then by place: several times faster than a sort
        # with an index.
        keys = np.sort(photos * count + np.arange(count))
        owners, places = keys // count, keys % count
        first = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])
        last = np.r_[first[1:], count] - 1
        return np.sort(places[first + (last - first) // 2])
    place = np.full(int(photos.max()) + 1, -1)
    if rule is PhotoRule.BEST:  # of several values for one index the last one stays
        place[photos] = np.arange(count)
    else:
        place[photos[::-1]] = np.arange(count - 1, -1, -1)
    chosen = np.zeros(count, np.bool_)
    chosen[place[place >= 0]] = True
    return np.flatnonzero(chosen)
