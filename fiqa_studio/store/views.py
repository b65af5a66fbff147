"""What the views show: ids in order, rows by page, and sums over any number of things.

An order is one walk of one index, what a term keeps another (`store.orders`, `store.filters`),
and the two meet in numpy: over a million rows that is several times faster than a join, row by
row. Nothing here makes a Python object for each row but the pages do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Integer, cast, func, select

from fiqa_studio.domain.listing import Listing
from fiqa_studio.domain.photos import FaceRow, PhotoRow, PhotoStatus
from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.store import filters, orders, pages, planes
from fiqa_studio.store.asked import Asked, ReadText, standing_for
from fiqa_studio.store.columns import Ids, int_columns
from fiqa_studio.store.database import Database
from fiqa_studio.store.kept import Kept
from fiqa_studio.store.owners import Owners
from fiqa_studio.store.schema import AlbumEntry, Face, FaceState, Photo, Score
from fiqa_studio.store.summary import Summary, summary
from fiqa_studio.store.vectors import Vectors

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_WORDS = 2000
"""Different words of one kind that a completion is made of."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are of what. ``scored`` are faces with the active scorer's score.

    ``photos`` counts every file that is known; ``failed`` and ``missing`` are among them.
    ``without_faces`` are photos that could be read and show none. ``by_root`` are the photos of
    each folder, by its id.
    """

    photos: int
    faces: int
    scored: int
    failed: int
    missing: int
    without_faces: int
    by_root: Mapping[int, int]


class Views:
    """Answers queries; from any thread.

    Attributes:
        read_text: Makes terms of a smart album's text, which this layer cannot read by itself;
            without it a query that names a smart album is refused.
        vectors: What faces look like, beside the library; for the term ``like``.
    """

    def __init__(self, database: Database, vectors: Vectors | None = None):
        self._database = database
        self._owners = Owners()
        self._kept = Kept()
        self.read_text: ReadText | None = None
        self.vectors = vectors

    @contextmanager
    def asked(self, query: Query) -> Iterator[Asked]:
        """A question on one snapshot of the library."""
        before = self._database.version
        with self._database.read() as connection:
            connection.scalar(select(func.max(Face.id)))  # from here on nothing moves
            kept = None
            if before is not None and before == self._database.version:
                kept = (self._kept, before)
            yield Asked(
                connection,
                query,
                self._owners,
                read_text=self.read_text,
                kept=kept,
                vectors=self.vectors,
            )

    def ids(self, query: Query) -> Ids:
        """What a query asks for, in its order.

        Raises:
            KnownError: ``query.unknown``: a term asks what the library does not know.
        """
        with self.asked(query) as asked:
            conditions, masks = filters.split(asked)
            return orders.in_order(asked, conditions, masks)

    def face_ids(self, query: Query) -> Ids:
        """The faces that a query asks for, whatever its subject."""
        return self.ids(query.of(Subject.FACES))

    def photo_ids(self, query: Query) -> Ids:
        """The photos that a query asks for, whatever its subject."""
        return self.ids(query.of(Subject.PHOTOS))

    def listing(self, query: Query) -> Listing:
        """As `ids`, with the way back from an id to its place."""
        return Listing(query, self.ids(query))

    def count(self, query: Query) -> int:
        """How many a query asks for."""
        with self.asked(query) as asked:
            conditions, masks = filters.split(asked)
            if not masks:
                counted = asked.counted(*conditions)
                return asked.connection.scalar(counted) or 0
            return int(filters.matching_of(asked, conditions, masks).sum())

    def summary(self, query: Query, ids: Ids | None = None) -> Summary:
        """What a query asks for in sum; or these of its subject, in place of its terms."""
        with self.asked(query if ids is None else query.without_filters()) as asked:
            if ids is None:
                return summary(asked, filters.matching(asked))
            return summary(asked, asked.mask(ids) & asked.candidates(()))

    def prepare(self) -> None:
        """Read ahead what the first filter by a photo's values would wait for."""
        with self._database.read() as connection:
            self._owners.of_faces(connection)
            self._owners.photos(connection)

    def face_rows(self, ids: Sequence[int] | Ids, *, scorer: str = "") -> list[FaceRow]:
        """The faces of these ids, in this order; ids that are gone are left out."""
        with self._database.read() as connection:
            return pages.faces(connection, [int(key) for key in ids], scorer)

    def photo_rows(self, ids: Sequence[int] | Ids, *, scorer: str = "") -> list[PhotoRow]:
        """The photos of these ids, in this order; ids that are gone are left out."""
        with self._database.read() as connection:
            return pages.photos(connection, [int(key) for key in ids], scorer)

    def score_histogram(self, query: Query, bins: int) -> Ids:
        """How many faces (or photos) of a query have a score in each of ``bins``.

        The bins divide [0, 1] evenly. The query's own terms of the score are ignored: this is
        what they are chosen on.
        """
        with self.asked(query.without("score", "scored")) as asked:
            conditions, masks = filters.split(asked)
            subject = Score.face_id if asked.of_faces else Score.photo_id
            number = func.min(cast(Score.value * bins, Integer), bins - 1)  # 1 is in the last
            statement = asked.scores(subject).add_columns(number)
            ids, numbers = int_columns(asked.connection, statement)
            if not asked.of_faces:
                chosen = standing_for(ids, query.photo_rule)
                ids, numbers = ids[chosen], numbers[chosen]
            if conditions or masks:
                numbers = numbers[filters.matching_of(asked, conditions, masks)[ids]]
        return np.bincount(numbers, minlength=bins)

    def score_range(self, scorer: str = "") -> tuple[float, float] | None:
        """Lowest and highest score that a scorer (the active one) gave; None without any."""
        with self.asked(Query(scorer=scorer)) as asked:
            of_scorer = (Score.scorer_id == asked.scorer, Score.state == FaceState.CURRENT)
            # Apart: of one alone, SQLite looks at one end of the index; of both, at all of it.
            low = select(func.min(Score.value)).where(*of_scorer)
            high = select(func.max(Score.value)).where(*of_scorer)
            statement = select(low.scalar_subquery(), high.scalar_subquery())
            found: Any = asked.connection.execute(statement).one()
        return None if found[0] is None else (float(found[0]), float(found[1]))

    def counts(self) -> Counts:
        """How many photos and faces there are."""
        failed = Photo.status == PhotoStatus.FAILED
        none = (Photo.face_count == 0) & ~failed
        photos = select(
            Photo.root_id,
            func.count().label("photos"),
            func.sum(cast(failed, Integer)).label("failed"),
            func.sum(cast(Photo.missing, Integer)).label("missing"),
            func.sum(cast(none, Integer)).label("without_faces"),
        ).group_by(Photo.root_id)
        with self.asked(Query()) as asked:
            of_roots = asked.connection.execute(photos).all()
            faces = select(func.count()).where(Face.state == FaceState.CURRENT)
            scored = asked.scores(Score.face_id).order_by(None).with_only_columns(func.count())
            return Counts(
                photos=sum(row.photos for row in of_roots),
                faces=asked.connection.scalar(faces) or 0,
                scored=asked.connection.scalar(scored) or 0,
                failed=sum(row.failed for row in of_roots),
                missing=sum(row.missing for row in of_roots),
                without_faces=sum(row.without_faces for row in of_roots),
                by_root={row.root_id: row.photos for row in of_roots if row.root_id is not None},
            )

    def vocabulary(self) -> dict[str, dict[str, int]]:
        """The words there are for terms, most used first, with how often: for completion."""
        with self.asked(Query(Subject.PHOTOS)) as asked:
            connection = asked.connection
            used = connection.execute(
                select(Photo.camera, func.count().label("photos"))
                .where(Photo.camera != "")
                .group_by(Photo.camera)
                .order_by(func.count().desc(), Photo.camera)
                .limit(_MOST_WORDS)
            ).all()
            folders = asked.distinct(Photo.folder)[:_MOST_WORDS]
            albums = connection.scalars(select(AlbumEntry.name).order_by(AlbumEntry.name)).all()
            tags = planes.tag_counts(connection)
        return {
            "tag": dict(sorted(tags.items(), key=lambda pair: -pair[1])),
            "camera": {row.camera: row.photos for row in used},
            "album": dict.fromkeys(albums, 0),
            "folder": {folder: 0 for folder in folders if folder},
        }
