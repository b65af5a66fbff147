"""`fiqa-train`: the training package from the command line."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import msgspec

from fiqa_models.errors import ModelError
from fiqa_training.commands import add_commands
from fiqa_training.errors import TrainingError

# Imports of torch, piq and mediapipe happen in the commands that need them: `--help` is instant.


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 is success, 1 a figure that was missed, 2 a known problem."""
    parser = _parser()
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    # A terminated training ends as Ctrl+C ends it: with its best weights saved.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code: int = options.run(options)
    except (TrainingError, ModelError) as error:
        _say(f"fiqa-train: {error}", error=True)
        return 2
    except KeyboardInterrupt:
        _say("fiqa-train: stopped; what was saved stays valid, the cache is reused.", error=True)
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)
    return code


def _say(text: str, *, error: bool = False) -> None:
    (sys.stderr if error else sys.stdout).write(text + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fiqa-train", description="Train and measure scorers of perceptual face quality."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    starter = commands.add_parser("starter", help="make the starter weights")
    _add_material(starter)
    starter.add_argument("--steps", type=int, help="fewer or more steps than the recipe's")
    starter.set_defaults(run=_starter)

    left_out = commands.add_parser("starter-kinds", help="the starter on kinds it never saw")
    _add_material(left_out)
    left_out.add_argument("--people", type=int, default=12, help="held-out people (default 12)")
    left_out.set_defaults(run=_starter_kinds)

    steps = commands.add_parser("monotonicity", help="does the score fall as faces get worse?")
    steps.add_argument("--faces", type=Path, required=True, help="folder with manifest.csv")
    steps.add_argument("--scorer", default="starter")
    steps.add_argument("--count", type=int, default=50, help="held-out persons (default 50)")
    steps.add_argument("--least", type=float, default=0.9, help="share of steps that must fall")
    steps.add_argument("--json", action="store_true")
    steps.set_defaults(run=_monotonicity)

    rated = commands.add_parser("rated", help="agreement with human ratings of one fold of photos")
    rated.add_argument("--rated", type=Path, required=True, help="folder with ratings.csv")
    rated.add_argument("--scorer", default="starter")
    rated.add_argument(
        "--fold",
        type=int,
        default=0,
        help="which fold; held out only for weights that say they left it out",
    )
    rated.add_argument("--json", action="store_true")
    rated.set_defaults(run=_rated)

    sheet = commands.add_parser("degradations", help="every degradation at every severity")
    sheet.add_argument("--contact-sheet", type=Path, required=True, metavar="OUT.png")
    sheet.add_argument("--face", type=Path, required=True)
    sheet.set_defaults(run=_degradations)
    add_commands(commands)
    return parser


def _add_material(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--faces", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--rated", type=Path, required=True, help="folder with ratings.csv")
    parser.add_argument("--backbone", type=Path, required=True, help="ImageNet safetensors file")
    parser.add_argument("--out", type=Path, required=True, help="folder for what it makes")
    parser.add_argument("--recipe", type=Path, help="a TOML file instead of the shipped recipe")
    parser.add_argument("--cache", type=Path, help="folder for cached features (a few GB)")


def _starter_kinds(options: argparse.Namespace) -> int:
    from fiqa_training.starter.form import read_recipe  # noqa: PLC0415
    from fiqa_training.starter.kinds_left_out import leave_kinds_out  # noqa: PLC0415
    from fiqa_training.starter.run import Material  # noqa: PLC0415

    material = Material(options.faces, options.rated, options.backbone, options.out, options.cache)
    found = leave_kinds_out(material, read_recipe(options.recipe), options.people)
    _say(json.dumps(found, indent=2))
    return 0


def _starter(options: argparse.Namespace) -> int:
    from fiqa_training.starter.form import read_recipe  # noqa: PLC0415
    from fiqa_training.starter.run import Material, train_starter  # noqa: PLC0415

    recipe = read_recipe(options.recipe)
    if options.steps is not None:
        quality = msgspec.structs.replace(recipe.quality, steps=options.steps)
        recipe = msgspec.structs.replace(recipe, quality=quality)
    material = Material(options.faces, options.rated, options.backbone, options.out, options.cache)
    found = train_starter(material, recipe)
    _say(json.dumps(found, indent=2))
    return 0


def _monotonicity(options: argparse.Namespace) -> int:
    from fiqa_models.registry import load_scorer  # noqa: PLC0415
    from fiqa_training.evaluation.monotonicity import held_out_faces, measure_monotonicity  # noqa: PLC0415

    start = time.monotonic()
    rows = held_out_faces(options.faces, options.count)
    reports = measure_monotonicity(load_scorer(options.scorer), rows)
    if options.json:
        _say(json.dumps([asdict(report) for report in reports], indent=2))
    else:
        for report in reports:
            means = " ".join(f"{100 * mean:5.1f}" for mean in report.means)
            _say(f"{report.kind:16} {100 * report.falling:5.1f} % of {report.steps}   {means}")
        _say(f"{len(rows)} persons, {time.monotonic() - start:.0f} s")
    return 0 if all(report.falling >= options.least for report in reports) else 1


def _rated(options: argparse.Namespace) -> int:
    from fiqa_models.registry import load_scorer  # noqa: PLC0415
    from fiqa_training.data.rated import read_rated, split_fold  # noqa: PLC0415
    from fiqa_training.evaluation.whole_photos import evaluate_rated  # noqa: PLC0415

    _kept, held = split_fold(read_rated(options.rated), options.fold)
    found = evaluate_rated(load_scorer(options.scorer), held)
    _say(json.dumps(asdict(found), indent=2))
    if options.scorer == "starter":
        _say(
            "The shipped starter has learned from these photos; its manifest has the figures of "
            "the five folds, each judged without its own ratings.",
            error=True,
        )
    return 0


def _degradations(options: argparse.Namespace) -> int:
    from fiqa_training.degradations.sheet import write_contact_sheet  # noqa: PLC0415

    write_contact_sheet(options.face, options.contact_sheet)
    _say(f"wrote {options.contact_sheet}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
