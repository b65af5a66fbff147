"""A table of ratings becomes a study that can be analysed; nobody can rate on in it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

from fiqa_studio.domain.hashing import content_hash
from fiqa_studio.study import file, foreign
from fiqa_studio.study.exchange.foreign import Imported
from fiqa_studio.study.reading import Rating
from fiqa_studio.study.rows import RatingRow
from fiqa_studio.study.values import Method, Stimulus, Study, TrialKind


def import_study(imported: Imported, path: Path, *, title: str = "", database: str = "") -> Study:
    """Write a study file with the ratings of a table beside it.

    Args:
        imported: The table.
        path: The study file to be; must not be there yet.
        title: Of the study; empty: the file's name.
        database: URL of the ratings; empty: a file beside the study file.

    Raises:
        StudyError: ``study.exists`` or ``study.write``.
    """
    attributes = tuple(dict.fromkeys(row.attribute for row in imported.rows)) or ("quality",)
    study = Study(
        id=uuid.uuid4().hex,
        title=title or path.stem,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=0,
        method=Method.IMPORTED,
        attributes=attributes,
        stimuli=tuple(Stimulus(hash=name_hash(name), name=name) for name in imported.stimuli),
        scale_low=imported.low,
        scale_high=imported.high,
        warnings=(f"Imported: {imported.said}; {imported.scale}.", *imported.warnings()),
    )
    file.create(study, path, database=database)
    try:
        with file.opened(path, database=database) as opened:
            foreign.record(opened.database, [_rating(row) for row in imported.rows])
    except BaseException:
        path.unlink(missing_ok=True)  # a study without its ratings would look like an empty one
        if not database:
            file.default_database(path).unlink(missing_ok=True)
        raise
    return study


def name_hash(name: str) -> str:
    """What names a stimulus of which only the name is known."""
    return content_hash(b"name\0" + name.encode())


def _rating(row: RatingRow) -> Rating:
    return Rating(
        rater=row.rater,
        rater_id="",
        session=row.session,
        trial="",
        index=row.trial,
        batch=-1,
        kind=TrialKind(row.kind),
        stimulus=name_hash(row.stimulus),
        attribute=row.attribute,
        slider_start=row.slider_start,
        value=row.value,
        reaction_ms=row.reaction_ms,
        at=_time(row.at),
        display_scale=row.display_scale,
        version=row.version,
    )


def _time(text: str) -> datetime:
    """A table's time; the beginning of time where it gives none that can be read."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
