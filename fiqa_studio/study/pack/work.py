"""The rater's side of a pack: unpacking it, rating in it, and writing what goes back."""

from __future__ import annotations

import re
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, insert, select

from fiqa_studio.domain.hashing import content_hash
from fiqa_studio.study import file, pictures, raters
from fiqa_studio.study import schema as s
from fiqa_studio.study.database import StudyDatabase
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.file import OpenStudy
from fiqa_studio.study.pack.content import (
    MANIFEST,
    PACK,
    RETURN,
    BackAssignment,
    BackEvent,
    BackRating,
    BackSession,
    BackTrial,
    Pack,
    Return,
    altered,
    not_a_pack,
    sealed,
    unsealed,
)
from fiqa_studio.study.raters import Rater
from fiqa_studio.study.sitting import journal, trials
from fiqa_studio.study.values import TrialKind

_PICTURE = re.compile(r"pictures/([0-9a-f]{32})\.png")
_LARGEST_MANIFEST = 64 << 20
_LARGEST_PICTURE = 256 << 20
_KEY = "pack"


def is_pack(path: Path) -> bool:
    """Whether a file looks like a pack."""
    return zipfile.is_zipfile(path)


def folder_of(path: Path) -> Path:
    """Where a pack is unpacked and its ratings are kept: beside it."""
    return path.with_name(f"{path.stem}.rating")


def read(path: Path) -> tuple[Pack, dict[str, bytes]]:
    """A pack and its pictures, all of them checked.

    Nothing is written by a name that stands in the pack, so none leads out of the folder.

    Raises:
        StudyError: ``pack.not-a-pack``, ``pack.altered``, ``pack.newer``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry.filename for entry in archive.infolist()]
            if MANIFEST not in names or len(set(names)) != len(names):
                raise not_a_pack(path.name, "")
            data = _entry(archive, MANIFEST, _LARGEST_MANIFEST, path.name)
            content, files = unsealed(PACK, data, Pack, path.name)
            if set(names) != {MANIFEST, *files}:
                raise altered(path.name, "A file was added or is missing")
            found: dict[str, bytes] = {}
            for name, digest in files.items():
                known = _PICTURE.fullmatch(name)
                if known is None:
                    raise altered(path.name, "It holds a file that is no picture")
                picture = _entry(archive, name, _LARGEST_PICTURE, path.name)
                if content_hash(picture) != digest:
                    raise altered(path.name, f"{name} is not what was packed")
                _same_picture(picture, known[1], path.name)
                found[known[1]] = picture
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise not_a_pack(path.name, str(error)) from error
    file.check(content.study, path.name)
    wanted = {x.hash for x in content.study.stimuli}
    if wanted != set(found):
        raise altered(path.name, "A picture is missing")
    return content, found


@contextmanager
def opened(path: Path) -> Iterator[tuple[OpenStudy, Rater]]:
    """Open a pack for rating; at the first time it is unpacked beside itself.

    Raises:
        StudyError: As `read`; ``study.write``; ``pack.other``: the folder beside it belongs to
            another pack.
    """
    folder = folder_of(path)
    study_path = folder / "rating.study"
    if not study_path.exists():
        _unpack(path, folder, study_path)
    with file.opened(study_path, database=str(file.default_database(study_path))) as found:
        if found.database.info(_KEY) != read_id(path):
            raise StudyError(
                f"“{folder}” holds ratings of another pack.",
                remedy="Rename the pack, or move that folder away.",
                code="pack.other",
            )
        (rater,) = raters.everybody(found.database)
        yield found, rater


def read_id(path: Path) -> str:
    """The id of a pack, without a look at its pictures."""
    try:
        with zipfile.ZipFile(path) as archive:
            data = _entry(archive, MANIFEST, _LARGEST_MANIFEST, path.name)
    except (OSError, zipfile.BadZipFile, KeyError, NotImplementedError) as error:
        raise not_a_pack(path.name, str(error)) from error
    return unsealed(PACK, data, Pack, path.name)[0].id


def give_back(path: Path, target: Path) -> int:
    """Write what was rated in a pack so far; returns the number of trials.

    Raises:
        StudyError: ``pack.nothing``: nothing was rated yet; ``study.exists``, ``study.write``.
    """
    if target.exists():
        raise StudyError(
            f"“{target}” exists already.", remedy="Choose another name.", code="study.exists"
        )
    if not folder_of(path).exists():
        raise StudyError(f"Nothing was rated in “{path.name}” yet.", code="pack.nothing")
    with opened(path) as (found, rater), found.database.read() as connection:
        content = _collected(connection, found, rater)
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(sealed(RETURN, content))
        part.replace(target)
    except OSError as error:
        raise StudyError(
            f"“{target}” cannot be written.", cause=str(error), code="study.write"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return len(content.trials)


def _unpack(path: Path, folder: Path, study_path: Path) -> None:
    content, found = read(path)
    database = file.default_database(study_path)
    try:
        target = file.pictures_folder(study_path)
        target.mkdir(parents=True, exist_ok=True)
        for digest, data in found.items():
            pictures.file_of(target, digest).write_bytes(data)
        # From an unpacking that was cut short; nobody rates before the study file is there.
        for left in folder.glob(f"{database.name}*"):
            left.unlink()
    except OSError as error:
        raise StudyError(
            f"“{folder}” cannot be written.", cause=str(error), code="study.write"
        ) from error
    made = StudyDatabase.create(
        database, study_id=content.study.id, digest=file.digest(content.study)
    )
    try:
        rater = raters.add(
            made, content.rater_name, rater_id=content.rater_id, number=content.rater_number
        )

        def work(connection: Connection) -> None:
            _fill(connection, content, rater)

        made.write(work)
    finally:
        made.close()
    file.write(content.study, study_path)


def _fill(connection: Connection, content: Pack, rater: Rater) -> None:
    connection.execute(insert(s.info).values(key=_KEY, value=content.id))
    now = raters.now_ms()
    for batch in content.batches:
        added = connection.execute(
            insert(s.assignment)
            .values(
                rater_id=rater.id, number=batch.number, purpose=trials.BATCH, batch=batch.batch,
                given_ms=now, active_ms=now,
            )
            .returning(s.assignment.c.id)
        )  # fmt: skip
        assignment = int(added.scalar_one())
        connection.execute(
            insert(s.trial),
            [
                {
                    "id": trial.id, "rater_id": rater.id, "assignment_id": assignment,
                    "position": trial.position, "kind": str(TrialKind.STUDY),
                    "stimulus": trial.stimulus, "other": trial.other, "swapped": trial.swapped,
                }
                for trial in batch.trials
            ],
        )  # fmt: skip
    if content.trained:
        raters.note(connection, rater.id, journal.TRAINING, {"passed": True, "before": True}, now)
    else:
        trials.hand_out_training(connection, content.study, rater, trials.TRAINING, now)


def _collected(connection: Connection, found: OpenStudy, rater: Rater) -> Return:
    ratings: dict[str, list[BackRating]] = {}
    query = select(s.rating).order_by(s.rating.c.id)
    for row in connection.execute(query):
        ratings.setdefault(row.trial_id, []).append(
            BackRating(
                attempt=row.attempt, attribute=row.attribute, value=row.value,
                slider_start=row.slider_start, reaction_ms=row.reaction_ms, at_ms=row.at_ms,
                session=row.session_id,
            )
        )  # fmt: skip
    if not ratings:
        raise StudyError("Nothing was rated in this pack yet.", code="pack.nothing")
    assignments = {
        row.id: row for row in connection.execute(select(s.assignment).order_by(s.assignment.c.id))
    }
    rows = connection.execute(select(s.trial).order_by(s.trial.c.position)).all()
    ended = connection.execute(select(s.rater.c.ended)).scalar_one()
    pack_id = connection.execute(select(s.info.c.value).where(s.info.c.key == _KEY)).scalar_one()
    return Return(
        pack=pack_id,
        study_id=found.study.id,
        rater_id=rater.id,
        ended=ended,
        assignments=tuple(
            BackAssignment(
                number=row.number, purpose=row.purpose, given_ms=row.given_ms,
                active_ms=row.active_ms, done_ms=row.done_ms,
            )
            for row in assignments.values()
        ),
        sessions=tuple(
            BackSession(
                id=row.id, started_ms=row.started_ms, display_scale=row.display_scale,
                display=row.display, version=row.version,
            )
            for row in connection.execute(select(s.session).order_by(s.session.c.started_ms))
        ),
        trials=tuple(
            BackTrial(
                id=row.id, position=row.position, training=row.kind == TrialKind.TRAINING,
                assignment=assignments[row.assignment_id].number, stimulus=row.stimulus,
                other=row.other, swapped=row.swapped, attempts=row.attempts,
                done_ms=row.done_ms, ratings=tuple(ratings[row.id]),
            )
            for row in rows
            if row.id in ratings
        ),
        events=tuple(
            BackEvent(at_ms=row.at_ms, kind=row.kind, data=row.data)
            for row in connection.execute(select(s.event).order_by(s.event.c.id))
        ),
    )  # fmt: skip


def _same_picture(data: bytes, digest: str, pack: str) -> None:
    try:
        pictures.verify(data, digest, pack)
    except StudyError as error:
        raise altered(pack, "A picture is not the one that it is named for") from error


def _entry(archive: zipfile.ZipFile, name: str, most: int, pack: str) -> bytes:
    if archive.getinfo(name).file_size > most:
        raise altered(pack, f"{name} is too large")
    with archive.open(name) as entry:
        data = entry.read(most + 1)
    if len(data) > most:
        raise altered(pack, f"{name} is too large")
    return data
