"""Labels: events that are only ever added, and the current state derived from them.

Each event notes what was there before, so that an action can be taken back by events of its own;
history keeps both. An event that changes nothing is not recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session, aliased

from fiqa_studio.domain.changes import Kind
from fiqa_studio.domain.labels import LabelEvent, LabelKind, PhotoLabels
from fiqa_studio.domain.photos import FaceId, PhotoId
from fiqa_studio.store import recording, rows
from fiqa_studio.store.database import Database
from fiqa_studio.store.schema import Face, FaceLabel, LabelEntry, PhotoLabel, PhotoTag
from fiqa_studio.store.writer import Transaction

_FLAGS = frozenset({"", "pick", "reject"})
_COLOURS = frozenset({"", "Red", "Yellow", "Green", "Blue", "Purple"})
_STARS = frozenset("012345")
_SET = "1"
_TAG_KINDS = (LabelKind.TAG_ADDED, LabelKind.TAG_REMOVED)


class Labels:
    """Records what users say, takes it back, and tells what holds now."""

    def __init__(self, database: Database):
        self._database = database

    def record(self, events: Sequence[LabelEvent]) -> Future[None]:
        """Record one action: its events stand, and are taken back, together.

        Committed to the disk when the future resolves.

        Raises:
            ValueError: At once, for a value that its kind does not have.
        """
        for event in events:
            _check(event)

        def work(transaction: Transaction) -> None:
            batch = _next_batch(transaction.session)
            for event in events:
                _append(transaction, event, batch, undoes=None)

        return self._database.write(work)

    def undo(self, author: str = "") -> Future[tuple[LabelEvent, ...]]:
        """Take back the latest action that holds; the events that did so, none if there is none.

        ``author`` is who takes it back.
        """

        def work(transaction: Transaction) -> tuple[LabelEvent, ...]:
            return _take_back(transaction, _to_undo(transaction.session), author)

        return self._database.write(work)

    def redo(self, author: str = "") -> Future[tuple[LabelEvent, ...]]:
        """Do again what was taken back last, unless something else was done since."""

        def work(transaction: Transaction) -> tuple[LabelEvent, ...]:
            return _take_back(transaction, _to_redo(transaction.session), author)

        return self._database.write(work)

    def photo(self, photo_id: int) -> PhotoLabels:
        """The current labels of a photo."""
        return self.photos([photo_id])[PhotoId(photo_id)]

    def photos(self, photo_ids: Sequence[int]) -> dict[PhotoId, PhotoLabels]:
        """The current labels of photos, the unlabelled ones included."""
        with self._database.read() as connection:
            states: dict[int, tuple[int, str, str]] = {
                row[0]: (row[1], row[2], row[3])
                for row in connection.execute(
                    select(
                        PhotoLabel.photo_id, PhotoLabel.stars, PhotoLabel.flag, PhotoLabel.colour
                    ).where(rows.ids_in(PhotoLabel.photo_id, photo_ids))
                )
            }
            tags: dict[int, set[str]] = {}
            for key, tag in connection.execute(
                select(PhotoTag.photo_id, PhotoTag.tag).where(
                    rows.ids_in(PhotoTag.photo_id, photo_ids)
                )
            ):
                tags.setdefault(key, set()).add(tag)
        return {
            PhotoId(key): PhotoLabels(*states.get(key, (0, "", "")), frozenset(tags.get(key, ())))
            for key in photo_ids
        }

    def face_quality(self, face_id: int) -> float | None:
        """A face's quality as the user sees it, in [0, 1]; None where nothing was said."""
        with self._database.read() as connection:
            return connection.scalar(select(FaceLabel.quality).where(FaceLabel.face_id == face_id))

    def tags(self) -> dict[str, int]:
        """All current tags, with the number of photos that carry each."""
        with self._database.read() as connection:
            found = connection.execute(
                select(PhotoTag.tag, func.count()).group_by(PhotoTag.tag).order_by(PhotoTag.tag)
            ).all()
        return {row[0]: row[1] for row in found}

    def history(self, photo_id: int) -> list[LabelEvent]:
        """All that was said of a photo and of its faces, in the order it was said."""
        entry = LabelEntry
        with self._database.read() as connection:
            found = connection.execute(
                select(
                    entry.kind, entry.value, entry.author, entry.at, entry.photo_id, entry.face_id
                )
                .where(
                    or_(
                        entry.photo_id == photo_id,
                        entry.face_id.in_(select(Face.id).where(Face.photo_id == photo_id)),
                    )
                )
                .order_by(entry.id)
            ).all()
        return [
            LabelEvent(
                LabelKind(kind),
                value,
                author,
                at,
                None if photo is None else PhotoId(photo),
                None if face is None else FaceId(face),
            )
            for kind, value, author, at, photo, face in found
        ]


def _check(event: LabelEvent) -> None:
    of_face = event.kind is LabelKind.QUALITY
    if (event.face_id is None) is of_face or (event.photo_id is None) is not of_face:
        raise ValueError(f"a label of kind {event.kind} is of a {'face' if of_face else 'photo'}")
    match event.kind:
        case LabelKind.STARS:
            good = event.value in _STARS
        case LabelKind.FLAG:
            good = event.value in _FLAGS
        case LabelKind.COLOUR:
            good = event.value in _COLOURS
        case LabelKind.QUALITY:
            good = not event.value or 0.0 <= float(event.value) <= 1.0
        case _:
            good = bool(event.value.strip())
    if not good:
        raise ValueError(f"{event.value!r} is no value of {event.kind}")


def _append(transaction: Transaction, event: LabelEvent, batch: int, undoes: int | None) -> bool:
    session = transaction.session
    previous = _apply(session, event)
    if previous is None:
        return False
    session.add(
        LabelEntry(
            batch=batch,
            undoes=undoes,
            kind=event.kind,
            value=event.value,
            previous=previous,
            author=event.author,
            at=event.at,
            photo_id=event.photo_id,
            face_id=event.face_id,
        )
    )
    session.flush()
    photo_id = event.photo_id
    if event.face_id is not None:
        transaction.touch(Kind.FACE, event.face_id)
        photo_id = PhotoId(session.get_one(Face, event.face_id).photo_id)
    if photo_id is not None:
        transaction.touch(Kind.LABEL, photo_id)
        if event.kind in _TAG_KINDS:
            recording.refresh_search(session, [photo_id])
    return True


def _apply(session: Session, event: LabelEvent) -> str | None:
    """Make the current state follow an event; what was there before, None where the same."""
    if event.face_id is not None:
        return _apply_quality(session, event.face_id, event.value)
    photo_id = event.photo_id
    if event.kind in _TAG_KINDS:
        tag = session.get(PhotoTag, (photo_id, event.value))
        if (tag is not None) is (event.kind is LabelKind.TAG_ADDED):
            return None
        if tag is not None:
            session.delete(tag)
            return _SET
        session.add(PhotoTag(photo_id=photo_id, tag=event.value))
        return ""
    state = session.get(PhotoLabel, photo_id)
    if state is None:
        state = PhotoLabel(photo_id=photo_id, stars=0, flag="", colour="")
        session.add(state)
    name = str(event.kind)  # the columns are called as the kinds are
    previous = str(getattr(state, name))
    if previous == event.value:
        return None
    setattr(state, name, int(event.value) if event.kind is LabelKind.STARS else event.value)
    return previous


def _apply_quality(session: Session, face_id: int, value: str) -> str | None:
    label = session.get(FaceLabel, face_id)
    previous = "" if label is None else repr(label.quality)
    wanted = repr(float(value)) if value else ""
    if previous == wanted:
        return None
    if not value:
        session.execute(delete(FaceLabel).where(FaceLabel.face_id == face_id))
        session.expire_all()
    else:
        session.merge(FaceLabel(face_id=face_id, quality=float(value)))
    return previous


def _next_batch(session: Session) -> int:
    return (session.scalar(select(func.max(LabelEntry.batch))) or 0) + 1


def _to_undo(session: Session) -> int | None:
    """The latest action that holds: not taken back, or done again since."""
    action, undo, redo = aliased(LabelEntry), aliased(LabelEntry), aliased(LabelEntry)
    done_again = select(redo.id).where(redo.undoes == undo.batch).exists()
    taken_back = select(undo.id).where(undo.undoes == action.batch, ~done_again).exists()
    return session.scalar(
        select(action.batch)
        .where(action.undoes.is_(None), ~taken_back)
        .order_by(action.batch.desc())
        .limit(1)
    )


def _to_redo(session: Session) -> int | None:
    """The latest undo that holds, where no action followed it."""
    action, undo, redo = aliased(LabelEntry), aliased(LabelEntry), aliased(LabelEntry)
    done_again = select(redo.id).where(redo.undoes == undo.batch).exists()
    last_action = select(func.max(LabelEntry.batch)).where(LabelEntry.undoes.is_(None))
    return session.scalar(
        select(undo.batch)
        .join(action, action.batch == undo.undoes)
        .where(action.undoes.is_(None), ~done_again, undo.batch > last_action.scalar_subquery())
        .order_by(undo.batch.desc())
        .limit(1)
    )


def _take_back(transaction: Transaction, batch: int | None, author: str) -> tuple[LabelEvent, ...]:
    if batch is None:
        return ()
    session = transaction.session
    entries = session.scalars(
        select(LabelEntry).where(LabelEntry.batch == batch).order_by(LabelEntry.id.desc())
    ).all()
    new_batch = _next_batch(session)
    events = tuple(_inverse(entries, author))
    for event in events:
        _append(transaction, event, new_batch, undoes=batch)
    return events


def _inverse(entries: Iterable[LabelEntry], author: str) -> Iterable[LabelEvent]:
    for entry in entries:
        kind, value = LabelKind(entry.kind), entry.previous
        if kind in _TAG_KINDS:
            added = kind is LabelKind.TAG_ADDED
            kind = LabelKind.TAG_REMOVED if added else LabelKind.TAG_ADDED
            value = entry.value
        yield LabelEvent(
            kind,
            value,
            author or entry.author,
            datetime.now(UTC),
            None if entry.photo_id is None else PhotoId(entry.photo_id),
            None if entry.face_id is None else FaceId(entry.face_id),
        )
