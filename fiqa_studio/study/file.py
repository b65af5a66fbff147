"""The study file: one readable, versioned JSON text that holds a whole design.

Beside ``faces.study`` lie ``faces.ratings.db`` (unless a URL is given) and ``faces.pictures/``
with every picture as ``<hash>.png``. The file is written once. The database keeps its digest, so
that nothing changes under a rater unnoticed.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from fiqa_studio.domain.hashing import content_hash
from fiqa_studio.study import raters
from fiqa_studio.study.database import StudyDatabase
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.scale import scale_for
from fiqa_studio.study.values import Lesson, Rules, Study, Trap

FORMAT = "fiqa-study"
VERSION = 1
SUFFIX = ".study"
_ENVIRONMENT = "FIQA_STUDY_DATABASE"


@dataclass(frozen=True, slots=True)
class OpenStudy:
    """A study with its ratings and its pictures, ready for use."""

    study: Study
    database: StudyDatabase
    pictures: Path


def write(study: Study, path: Path) -> None:
    """Write a study file: under another name first, then put in place whole.

    Raises:
        StudyError: ``study.exists``: there is a file already; ``study.write``.
    """
    if os.path.lexists(path):
        raise StudyError(
            f"“{path}” exists already.", remedy="Choose another name.", code="study.exists"
        )
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(encode(study))
        part.replace(path)
    except OSError as error:
        raise StudyError(
            f"“{path}” cannot be written.", cause=str(error), code="study.write"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def encode(study: Study) -> bytes:
    """The text of a study file."""
    content = {"format": FORMAT, "version": VERSION, "study": msgspec.to_builtins(study)}
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def digest(study: Study) -> str:
    """Of everything in the design but where its ratings are."""
    content: dict[str, Any] = msgspec.to_builtins(study)
    content.pop("database")
    return content_hash(msgspec.json.encode(content, order="sorted"))


def read(path: Path) -> Study:
    """Read a study file.

    Raises:
        StudyError: ``study.missing``, ``study.not-a-study``, ``study.newer``,
            ``study.damaged``: a value is missing, of the wrong kind, or contradicts another.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StudyError(
            f"“{path}” cannot be read.", cause=error.strerror or "", code="study.missing"
        ) from error
    return decode(data, str(path))


def decode(data: bytes, name: str) -> Study:
    """The study of a file's text; ``name`` is for messages. Errors as `read`."""
    try:
        content = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_study(name, str(error)) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _no_study(name, "")
    version = content.get("version")
    if isinstance(version, int) and version > VERSION:
        raise StudyError(
            f"“{name}” was written by a newer version of FIQA Studio.",
            cause=f"Its format is {version}; this version reads up to {VERSION}.",
            remedy="Update FIQA Studio.",
            code="study.newer",
        )
    try:
        study = msgspec.convert(content.get("study"), Study)
    except msgspec.ValidationError as error:
        raise _damaged(name, str(error)) from error
    check(study, name)
    return study


def default_database(path: Path) -> Path:
    """Where the ratings of a study file are, unless a URL says otherwise."""
    return path.with_name(f"{path.stem}.ratings.db")


def pictures_folder(path: Path) -> Path:
    """Where the pictures of a study file are."""
    return path.with_name(f"{path.stem}.pictures")


def database_url(study: Study, path: Path, given: str = "") -> str | Path:
    """Where the ratings are: as given, else ``FIQA_STUDY_DATABASE``, the file's word, beside it.

    A URL with a password belongs in the environment rather than in a file that is passed on.
    """
    url = given or os.environ.get(_ENVIRONMENT, "") or study.database
    if not url:
        return default_database(path)
    return url if "://" in url else path.parent / url


def create(study: Study, path: Path, *, database: str = "") -> None:
    """Write a study file and make its empty database; the pictures are in place already.

    Raises:
        StudyError: Something is there already, or cannot be written.
    """
    if os.path.lexists(path):
        raise StudyError(
            f"“{path}” exists already.", remedy="Choose another name.", code="study.exists"
        )
    check(study, str(path))
    url = database_url(study, path, database)
    StudyDatabase.create(url, study_id=study.id, digest=digest(study)).close()
    write(study, path)


@contextmanager
def opened(path: Path, *, database: str = "") -> Iterator[OpenStudy]:
    """Open a study for rating, watching or analysing.

    Raises:
        StudyError: As `read` and `StudyDatabase.open`; ``study.changed``: the study file is no
            longer the one that people have rated by.
    """
    study = read(path)
    ratings = StudyDatabase.open(database_url(study, path, database), study_id=study.id)
    try:
        _same_design(study, ratings, path)
        yield OpenStudy(study, ratings, pictures_folder(path))
    finally:
        ratings.close()


def _same_design(study: Study, ratings: StudyDatabase, path: Path) -> None:
    now = digest(study)
    if ratings.info("study.digest") == now:
        return
    if not raters.anybody_began(ratings):
        ratings.adopt(now)
        return
    raise StudyError(
        f"“{path}” was changed after people began to rate.",
        cause="Their ratings belong to the design as it was.",
        remedy="Put the original file back, or make a new study.",
        code="study.changed",
    )


def check(study: Study, name: str) -> None:
    """Whether what a design says agrees with itself; `StudyError` where not."""
    known = study.by_hash()
    named = [digest for batch in study.batches for digest in batch]
    named += [gold.hash for gold in study.gold] + [lesson.hash for lesson in study.training]
    named += [trap.hash for trap in study.traps]
    named += [stimulus.reference for stimulus in study.stimuli if stimulus.reference]
    named += [digest for part in study.texts.instructions for digest in part.pictures]
    unknown = sorted(set(named) - set(known))
    if unknown:
        raise _damaged(name, f"Stimulus {unknown[0]} is used but not listed")
    if len(known) != len(study.stimuli):
        raise _damaged(name, "A stimulus is listed twice")
    _check_rules(study, name)


def check_numbers(rules: Rules) -> None:
    """Whether the numbers of the rules can be; `StudyError` ``design.rules`` where not."""
    numbers = (
        rules.gold_per_batch, rules.repeats_per_batch, rules.traps_per_batch,
        rules.repeat_distance, rules.batches_per_rater, rules.minimum_viewing_ms,
        rules.refresher_lessons, rules.abandoned_hours, rules.setup_valid_minutes,
        rules.training_valid_minutes, rules.break_after_minutes,
    )  # fmt: skip
    if min(numbers) < 0 or min(rules.batch_size, rules.training_attempts) < 1:
        raise StudyError(
            "A number of the rules is out of range.",
            cause="Batches hold at least one picture, and nothing is negative.",
            code="design.rules",
        )


def _check_rules(study: Study, name: str) -> None:
    if not study.attributes or len(set(study.attributes)) != len(study.attributes):
        raise _damaged(name, "The attributes are missing or named twice")
    try:
        check_numbers(study.rules)
    except StudyError as error:
        raise _damaged(name, error.message.rstrip(".")) from error
    if (study.scale_low is None) != (study.scale_high is None) or (
        study.scale_low is not None
        and study.scale_high is not None
        and not study.scale_low < study.scale_high
    ):
        raise _damaged(name, "The ends of the scale contradict each other")
    scale = scale_for(study)
    answers: list[Lesson | Trap] = [*study.training, *study.traps]
    for answer in answers:
        if answer.tolerance < 0 or not scale.low <= answer.answer <= scale.high:
            raise _damaged(name, f"The answer to {answer.hash} is not on the scale")


def _no_study(name: str, cause: str) -> StudyError:
    return StudyError(f"“{name}” is no study file.", cause=cause, code="study.not-a-study")


def _damaged(name: str, cause: str) -> StudyError:
    return StudyError(
        f"The study file “{name}” is damaged.",
        cause=f"{cause}.",
        remedy="Take it from a backup, or make the study again.",
        code="study.damaged",
    )
