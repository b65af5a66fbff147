"""Making a pack for one rater."""

from __future__ import annotations

import dataclasses
import uuid
import zipfile
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from fiqa_studio.domain.hashing import content_hash
from fiqa_studio.study import pictures
from fiqa_studio.study import schema as s
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.file import OpenStudy
from fiqa_studio.study.pack.content import MANIFEST, PACK, OutBatch, OutTrial, Pack, sealed
from fiqa_studio.study.raters import Rater, now_ms
from fiqa_studio.study.sitting import journal, trials
from fiqa_studio.study.values import Stimulus, Study


def make(opened: OpenStudy, rater: Rater, target: Path, *, batches: int = 1) -> int:
    """Write a pack with the rater's next batches; the rater rates in it until it is back.

    A batch that was begun goes along with what is left of it. Asked again while a pack is out,
    the same pack is written once more.

    Returns:
        The number of trials in it.

    Raises:
        StudyError: ``pack.nothing``: nothing is left to rate; ``study.exists``;
            ``picture.missing``; ``study.write``.
    """
    if target.exists():
        raise StudyError(
            f"“{target}” exists already.", remedy="Choose another name.", code="study.exists"
        )

    def work(connection: Connection) -> Pack | None:
        return _hand_out(connection, opened.study, rater, batches)

    content = opened.database.write(work)
    if content is None:
        raise StudyError(f"There is nothing left for {rater.name} to rate.", code="pack.nothing")
    shown = [x.hash for x in content.study.stimuli]
    files: dict[str, str] = {}
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:  # PNG is compressed
            for digest in shown:
                data = pictures.load(opened.pictures, digest)
                name = f"pictures/{digest}.png"
                files[name] = content_hash(data)
                archive.writestr(_entry(name), data)
            archive.writestr(_entry(MANIFEST), sealed(PACK, content, files))
        part.replace(target)
    except OSError as error:
        raise StudyError(
            f"“{target}” cannot be written.", cause=str(error), code="study.write"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return sum(len(batch.trials) for batch in content.batches)


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name)  # of 1980: not even the time of the owner's machine


def _hand_out(connection: Connection, study: Study, rater: Rater, batches: int) -> Pack | None:
    row = trials.lock(connection, rater.id)
    if row is None or row.ended:
        return None
    now = now_ms()
    pack_id = row.pack_id
    if not pack_id:
        waiting = _waiting(connection, rater.id)
        while len(waiting) < batches and trials.hand_out_batch(connection, study, rater, now):
            waiting = _waiting(connection, rater.id)
        if not waiting:
            return None
        pack_id = uuid.uuid4().hex
        connection.execute(insert(s.pack).values(id=pack_id, rater_id=rater.id, out_ms=now))
        changed = update(s.rater).where(s.rater.c.id == rater.id).values(pack_id=pack_id)
        connection.execute(changed)
    events = journal.read(connection, rater.id)
    out = tuple(_waiting(connection, rater.id))
    return Pack(
        id=pack_id,
        rater_id=rater.id,
        rater_number=rater.number,
        rater_name=rater.name,
        trained=not study.training or bool(events.data(journal.TRAINING).get("passed")),
        study=_bare(study, out),
        batches=out,
    )


def _waiting(connection: Connection, rater_id: str) -> list[OutBatch]:
    """The rater's batches that are not done, with the trials that have no answer."""
    query = (
        select(s.assignment)
        .where(
            s.assignment.c.rater_id == rater_id,
            s.assignment.c.purpose == trials.BATCH,
            s.assignment.c.done_ms.is_(None),
        )
        .order_by(s.assignment.c.number)
    )
    found = []
    for row in connection.execute(query).all():
        left = select(s.trial).where(s.trial.c.assignment_id == row.id, s.trial.c.done_ms.is_(None))
        found.append(
            OutBatch(
                number=row.number,
                batch=row.batch,
                trials=tuple(
                    OutTrial(
                        id=t.id, position=t.position, stimulus=t.stimulus, other=t.other,
                        swapped=t.swapped,
                    )
                    for t in connection.execute(left.order_by(s.trial.c.position))
                ),
            )
        )  # fmt: skip
    return found


def _bare(study: Study, out: tuple[OutBatch, ...]) -> Study:
    """The study as far as this rater needs it: no names, people, gold, traps or places."""
    needed = {digest for b in out for t in b.trials for digest in (t.stimulus, t.other) if digest}
    needed |= {lesson.hash for lesson in study.training}
    needed |= {digest for part in study.texts.instructions for digest in part.pictures}
    known = study.by_hash()
    needed |= {known[x.hash].reference for x in study.training if known[x.hash].reference}
    return dataclasses.replace(
        study,
        stimuli=tuple(
            Stimulus(
                hash=x.hash, name="", width=x.width, height=x.height,
                reference=x.reference if x.reference in needed else "",
            )
            for x in study.stimuli
            if x.hash in needed
        ),
        batches=(),
        gold=(),
        traps=(),
        database="",
        warnings=(),
    )  # fmt: skip
