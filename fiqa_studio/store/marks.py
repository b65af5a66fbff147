"""Marks: applied by action, to one or a million, and taken back.

What holds now lies in planes (`store.planes`) and in the table of face qualities; what each
action changed lies beside it, packed, and is only ever added to. An action that would change
nothing is not recorded.

Taking an action back compares and swaps: only what still is as the action left it, and that
nobody spoke of since, becomes what it was before; the rest stays, and is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from sqlalchemy import select

from fiqa_studio.domain.errors import LibraryError
from fiqa_studio.domain.marks import (
    ActionRecord,
    Mark,
    MarkEvent,
    Origin,
    Outcome,
    PhotoMarks,
    UndoOutcome,
    check_mark,
    describe,
)
from fiqa_studio.domain.photos import FaceId, PhotoId
from fiqa_studio.domain.target import Target
from fiqa_studio.store import actions, mark_state, planes, rows
from fiqa_studio.store.database import Database
from fiqa_studio.store.schema import FaceQuality
from fiqa_studio.store.targets import Targets
from fiqa_studio.store.views import Views
from fiqa_studio.store.writer import Transaction


class Marks:
    """Applies marks, takes actions back, and tells what holds now and what was done."""

    def __init__(self, database: Database, views: Views):
        self._database = database
        self._views = views

    def apply(
        self,
        marks: Sequence[Mark],
        target: Target,
        *,
        author: str,
        session: str,
        origin: Origin = Origin.WINDOW,
        title: str = "",
    ) -> Future[Outcome]:
        """Apply marks, in their order, as one action.

        On the disk when the future resolves. Ids that are not in the library are passed over.

        ``session`` says in which opening of the library by a program; ``title`` what the history
        calls it, made of the marks where empty.

        Raises:
            ValueError: At once, for a value that a mark cannot have.
            KnownError: At once, ``mark.tag``: a tag that cannot be kept. From the future: what
                the query or the disk says.
        """
        kept = [check_mark(mark) for mark in marks]
        named = title or describe(kept)

        def work(transaction: Transaction) -> Outcome:
            targets = Targets(transaction.session.connection(), self._views, target)
            action = actions.Draft(transaction, session, origin, author, named)
            for mark in kept:
                mark_state.apply(action, mark, targets)
            action_id = action.record()
            return Outcome(action_id, action.size, transaction.changes)

        return self._database.write(work, urgent=True)

    def undo(
        self,
        action_id: int,
        *,
        author: str,
        session: str,
        origin: Origin = Origin.WINDOW,
    ) -> Future[UndoOutcome]:
        """Take an action back, as an action of its own; take that back to do it again.

        Raises:
            LibraryError: (from the future) ``action.unknown``; ``action.undone`` where it has
                been taken back already.
        """

        def work(transaction: Transaction) -> UndoOutcome:
            connection = transaction.session.connection()
            record = actions.get(connection, action_id)
            if record is None:
                raise LibraryError("There is no such action here.", code="action.unknown")
            if record.undone_by is not None:
                raise LibraryError(
                    f"\u201c{record.title}\u201d has been taken back already.",
                    remedy=f"To do it again, take back action {record.undone_by}, which did so.",
                    code="action.undone",
                )
            draft = actions.Draft(
                transaction, session, origin, author, actions.undo_title(record), undoes=record.id
            )
            stayed = mark_state.take_back(draft, record.id)
            undone = draft.record()
            return UndoOutcome(undone, draft.size, stayed, transaction.changes)

        return self._database.write(work, urgent=True)

    def actions(self, limit: int, before: int | None = None) -> list[ActionRecord]:
        """The latest actions, latest first; those before one of them to go on from there."""
        with self._database.read() as connection:
            return actions.latest(connection, limit, before)

    def action(self, action_id: int) -> ActionRecord | None:
        """One action; None where there is none of this id."""
        with self._database.read() as connection:
            return actions.get(connection, action_id)

    def history(self, photo_id: int) -> list[MarkEvent]:
        """All that was said of a photo and of its faces, in the order it was said."""
        with self._database.read() as connection:
            return actions.history(connection, photo_id)

    def of_photos(self, photo_ids: Sequence[int]) -> dict[PhotoId, PhotoMarks]:
        """What holds for these photos now, the unmarked ones included."""
        with self._database.read() as connection:
            found = planes.photo_marks(connection, photo_ids)
        return {PhotoId(key): marks for key, marks in found.items()}

    def of_photo(self, photo_id: int) -> PhotoMarks:
        """What holds for a photo now."""
        return self.of_photos([photo_id])[PhotoId(photo_id)]

    def of_faces(self, face_ids: Sequence[int]) -> dict[FaceId, float]:
        """The quality as users see it, in [0, 1], of those of these faces that have one."""
        with self._database.read() as connection:
            found = connection.execute(
                select(FaceQuality.face_id, FaceQuality.quality).where(
                    rows.ids_in(FaceQuality.face_id, face_ids)
                )
            ).all()
        return {FaceId(key): quality for key, quality in found}

    def tags(self) -> dict[str, int]:
        """All current tags in order of name, with the number of photos that carry each."""
        with self._database.read() as connection:
            return planes.tag_counts(connection)

    def tags_of(self, target: Target) -> tuple[int, dict[str, int]]:
        """How many photos a target is, and its tags with how many of them carry each."""
        with self._database.read() as connection:
            photos = Targets(connection, self._views, target).photos
            return len(photos), planes.tags_among(connection, photos)
