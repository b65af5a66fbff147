"""A study's ratings and their MOS in files that others read."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

from fiqa_studio.domain.belongings import refuse_to_replace
from fiqa_studio.study import stored
from fiqa_studio.study.analysis import Analysis
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.exchange.p910 import write_p910
from fiqa_studio.study.exchange.sureal_json import write_sureal
from fiqa_studio.study.file import OpenStudy
from fiqa_studio.study.mos import MosMethod
from fiqa_studio.study.rows import RatingRow
from fiqa_studio.study.values import Study

LONG_COLUMNS = (
    *("stimulus", "stimulus_hash", "rater", "rating", "kind", "attribute", "repetition"),
    *("session", "batch", "trial", "slider_start", "reaction_ms", "timestamp", "display_scale"),
    "version",
)
"""Of our long CSV; stable, new ones come last."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Format(StrEnum):
    """What to write."""

    LONG = "long"
    """CSV, one row a rating, with all that is known of it."""
    P910 = "p910"
    SUREAL = "sureal"
    GFIQA = "gfiqa"
    """``label.json``: parallel lists Image and MOS."""
    MOS = "mos"
    """CSV, one row a stimulus: MOS, SD, interval, number of ratings."""


def write(
    opened: OpenStudy,
    form: Format,
    target: Path,
    *,
    method: MosMethod = MosMethod.P910,
    attribute: str = "",
) -> int:
    """Write a file, which appears, or is replaced, only when it is whole.

    Args:
        opened: The study.
        form: What to write.
        target: The file.
        method: How the MOS is made, for `Format.GFIQA` and `Format.MOS`.
        attribute: What was judged; empty: the study's first.

    Returns:
        The number of ratings or stimuli.

    Raises:
        StudyError: ``export.write``; ``export.study``: the target is the study itself.
    """
    text, count = _text(opened, form, method, attribute)
    save_text(text, target)
    return count


def _text(opened: OpenStudy, form: Format, method: MosMethod, attribute: str) -> tuple[str, int]:
    if form is Format.LONG:
        rows = stored.rating_rows(opened.database)
        return long_csv(rows, opened.study), len(rows)
    if form in {Format.P910, Format.SUREAL}:
        ratings = stored.named(stored.ratings_of(opened, attribute), opened.study)
        if form is Format.P910:
            return write_p910(ratings), len(ratings)
        return write_sureal(ratings, opened.study.title), len(ratings)
    found = stored.analyse_study(opened, method, attribute=attribute)
    if form is Format.GFIQA:
        return label_json(found), sum(one.mos is not None for one in found.stimuli)
    return mos_csv(found), len(found.stimuli)


def long_csv(rows: list[RatingRow], study: Study) -> str:
    """Our long table, see `LONG_COLUMNS`; what is unknown is empty."""
    names = {stimulus.hash: stimulus.name for stimulus in study.stimuli}

    def line(row: RatingRow) -> list[object]:
        return [
            names.get(row.stimulus, row.stimulus), row.stimulus, row.rater, repr(row.value),
            row.kind, row.attribute, row.presentation, row.session, row.batch, row.trial,
            row.slider_start, row.reaction_ms, row.at, row.display_scale, row.version,
        ]  # fmt: skip

    return _csv(LONG_COLUMNS, [line(row) for row in rows])


def mos_csv(found: Analysis) -> str:
    """One row a stimulus, in units of the study's scale."""
    return _csv(
        ("stimulus", "mos", "sd", "ci_low", "ci_high", "n", "method"),
        [[one.name, one.mos, one.sd, *one.ci95, one.n, str(found.method)] for one in found.stimuli],
    )


def label_json(found: Analysis) -> str:
    """GFIQA's labels: the MOS on [0, 1] as its slider has it, 0.01 to 1; none without a MOS."""
    width = found.high - found.low
    known = [(one.name, one.mos) for one in found.stimuli if one.mos is not None]
    content = {
        "Image": [name for name, _ in known],
        "MOS": [min(1.0, max(0.01, (mos - found.low) / width * 0.99 + 0.01)) for _, mos in known],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def read_labels(path: Path) -> dict[str, float]:
    """GFIQA's ``label.json``: picture -> MOS on [0, 1]; a reference, since it has no raters.

    Raises:
        StudyError: ``table.read``, ``table.labels``.
    """
    try:
        content: Any = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise StudyError(
            f"“{path}” cannot be read.", cause=error.strerror or "", code="table.read"
        ) from error
    except (ValueError, RecursionError) as error:
        raise _no_labels(path, f"It is no JSON: {error}.") from error
    images = content.get("Image") if isinstance(content, dict) else None
    mos = content.get("MOS") if isinstance(content, dict) else None
    if not (isinstance(images, list) and isinstance(mos, list) and len(images) == len(mos)):
        raise _no_labels(path, "It has no lists Image and MOS of equal length.")
    if not all(isinstance(value, int | float) and 0 <= value <= 1 for value in mos):
        raise _no_labels(path, "A MOS is no number from 0 to 1.")
    return {str(image): float(value) for image, value in zip(images, mos, strict=True)}


def save_text(text: str, target: Path) -> None:
    """Write a text in UTF-8, whole or not at all.

    Raises:
        KnownError: ``export.write``; ``export.study``: a study or a library by its name is in its
            place; or what `refuse_to_replace` says of a library or database by its content.
    """
    _save(target, lambda part: part.write_text(text, encoding="utf-8", newline=""))


def save_bytes(data: bytes, target: Path) -> None:
    """Write bytes, whole or not at all; errors as `save_text`."""
    _save(target, lambda part: part.write_bytes(data))


def _save(target: Path, put: Callable[[Path], int]) -> None:
    if target.suffix.casefold() in {".study", ".fiqa"} or target.name.endswith(".ratings.db"):
        raise StudyError(
            f"“{target.name}” would replace a study or a library.",
            remedy="Choose another name.",
            code="export.study",
        )
    refuse_to_replace(target)
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        put(part)
        part.replace(target)
    except OSError as error:
        raise StudyError(
            f"“{target}” cannot be written.", cause=error.strerror or "", code="export.write"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _csv(header: tuple[str, ...], rows: list[list[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    return text.getvalue()


def _harmless(cell: object) -> object:
    """A name that a spreadsheet would take for a formula gets an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and _is_formula(cell) else cell


def _is_formula(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell.startswith(_FORMULA)
    return False


def _no_labels(path: Path, cause: str) -> StudyError:
    return StudyError(f"“{path}” is no label file of GFIQA.", cause=cause, code="table.labels")
