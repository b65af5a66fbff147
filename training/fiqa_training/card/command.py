"""`fiqa-train card`: the figures and the picture of a model card."""

from __future__ import annotations

import argparse
import csv
import io
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fiqa_training.errors import TrainingError
from fiqa_training.output import say, say_json

if TYPE_CHECKING:
    from fiqa_training.card.cases import Case

# Imports of torch and the like happen in the command that needs them.

RECORD, FRAGMENT, PICTURE, CASES = "card.json", "card.md", "failures.jpg", "cases.csv"
"""What stands in the folder afterwards: figures, Markdown tables, contact sheet, every picture."""

_COLUMNS = (
    *("file", "person", "material", "sex", "ethnicity", "luminance", "imbalance", "ita"),
    *("kind", "severity", "seed", "label", "score"),
)


def add_card(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    card = commands.add_parser("card", help="figures, slices and failures of a model card")
    card.add_argument("--faces", type=Path, required=True, help="folder with manifest.csv")
    card.add_argument("--rated", type=Path, help="folder with ratings.csv")
    card.add_argument("--fold", type=int, default=0, help="of the rated photos (default 0)")
    card.add_argument(
        "--scorer", required=True, metavar="NAME_OR_CHECKPOINT", help="name, or .safetensors file"
    )
    card.add_argument("--out", type=Path, required=True, help="folder for what it makes")
    card.add_argument("--persons", type=int, default=40, help="held-out people (default 40)")
    card.add_argument(
        "--faces-per-kind", type=int, default=10, help="of them, for each kind (default 10)"
    )
    card.add_argument(
        "--label-faces",
        type=int,
        default=40,
        help="training faces that calibrate the labels (default 40)",
    )
    card.add_argument("--device", default="", help="cpu, cuda, mps")
    card.add_argument("--json", action="store_true", help="print the figures, not the tables")
    card.set_defaults(run=_card)


def _card(options: argparse.Namespace) -> int:
    for name in ("persons", "faces_per_kind", "label_faces"):
        if getattr(options, name) < 1:
            raise TrainingError(f"--{name.replace('_', '-')} is a number of people, 1 or more.")
    _make_folder(options.out)

    from fiqa_training.card.failure_sheet import as_record, worst, write_failures  # noqa: PLC0415
    from fiqa_training.card.figures import CardPlan, measure_card, open_scorer  # noqa: PLC0415
    from fiqa_training.card.rated import measure_rated  # noqa: PLC0415

    scorer, manifest = open_scorer(options.scorer, options.device)
    plan = CardPlan(options.persons, options.faces_per_kind, options.label_faces)
    measured = measure_card(scorer, manifest, options.faces, plan)
    record = measured.record
    record["command"] = "fiqa-train " + shlex.join(_without_places(sys.argv[1:]))
    record["rated"] = None
    failures = worst(measured.cases)
    record["failures"] = [as_record(case) for case in failures]
    if failures:
        write_failures(failures, options.out / PICTURE)
    _write(options.out / CASES, _as_table(measured.cases))
    # What the faces gave stays, whatever becomes of the photos.
    fragment = _leave(record, options.out)
    if options.rated:
        record["rated"] = measure_rated(scorer, manifest, options.rated, options.fold)
        fragment = _leave(record, options.out)
    if options.json:
        say_json(record)
    else:
        say(fragment)
    return 0


def _leave(record: dict[str, Any], folder: Path) -> str:
    """Write the figures and their tables; returns the tables."""
    from fiqa_training.card.text import as_markdown  # noqa: PLC0415

    fragment = as_markdown(record)
    _write(folder / FRAGMENT, fragment)
    _write(folder / RECORD, json.dumps(record, indent=2) + "\n")
    return fragment


def _make_folder(folder: Path) -> None:
    """Before minutes of measuring, not after."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"{folder} cannot be made: {error.strerror}.") from error


def _write(target: Path, text: str) -> None:
    partial = target.with_name(target.name + ".part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        raise TrainingError(f"{target} cannot be written: {error.strerror}.") from error


def _as_table(cases: Sequence[Case]) -> str:
    """Every scored picture as CSV, so that other figures need no new scoring."""
    lines = io.StringIO()
    table = csv.writer(lines, lineterminator="\n")
    table.writerow(_COLUMNS)
    for case in cases:
        row, look = case.subject.row, case.subject.look
        measured = (look.luminance, look.imbalance, look.angle) if look else ("", "", "")
        table.writerow(
            [
                *(row.path.name, row.group, row.kind, row.gender, row.ethnicity, *measured),
                *(case.sample.kind or "clean", case.sample.severity, case.sample.seed),
                *(case.label, case.score),
            ]
        )
    return lines.getvalue()


def _without_places(arguments: Sequence[str]) -> list[str]:
    """The command without this machine's folders: their last part says enough."""
    return [Path(argument).name if "/" in argument else argument for argument in arguments]
