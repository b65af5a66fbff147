"""The research commands of `fiqa-train`: evaluation, training on images, experiments."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from fiqa_models.scoring import Scorer
    from fiqa_training.evaluation.labelled_set import FindCrop
from fiqa_training.card.command import add_card
from fiqa_training.experiments.commands import add_experiments, add_training_places, recipe_of
from fiqa_training.output import say, say_json

# Imports of torch and the like happen in the commands that need them.


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add every command of this module."""
    add_evaluate(commands.add_parser("evaluate", help="agreement of a scorer with labels"))
    _add_quality(commands.add_parser("quality", help="train a network on labelled pictures"))
    add_card(commands)
    add_experiments(commands)


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """The arguments of `evaluate`; also for a command line that has a face finder."""
    parser.add_argument("--images", type=Path, required=True, help="folder of the pictures")
    parser.add_argument("--labels", type=Path, required=True, help="CSV with image,mos")
    modes = parser.add_mutually_exclusive_group()
    for mode, text in (
        ("aligned", "the pictures are aligned crops already (default here)"),
        ("largest-face", "score the largest face of each picture"),
        ("whole-image", "score the whole picture, no landmarks"),
    ):
        modes.add_argument(f"--{mode}", dest="mode", action="store_const", const=mode, help=text)
    parser.add_argument("--group", default="", metavar="COLUMN", help="figures by this column too")
    parser.add_argument("--scorer", default="", help="its name (default: the default scorer)")
    parser.add_argument("--device", default="", help="cpu, cuda, mps")
    parser.add_argument(
        "--published-protocol",
        type=int,
        nargs="?",
        const=0,
        metavar="DRAW",
        help="score as the authors do: 20 random patches, one at a time, float32",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=run_evaluate)


def run_evaluate(options: argparse.Namespace, find_crop: FindCrop | None = None) -> int:
    """Run `evaluate`; a caller with a face finder gives it, and it becomes the default mode."""
    from fiqa_models.errors import ModelError  # noqa: PLC0415
    from fiqa_models.published_protocol import load_published_scorer  # noqa: PLC0415
    from fiqa_models.registry import load_scorer  # noqa: PLC0415
    from fiqa_training.errors import TrainingError  # noqa: PLC0415
    from fiqa_training.evaluation.labelled_set import evaluate  # noqa: PLC0415

    mode: Literal["aligned", "largest-face", "whole-image"] = options.mode or (
        "aligned" if find_crop is None else "largest-face"
    )
    scorer: Scorer
    try:
        if options.published_protocol is None:
            scorer = load_scorer(options.scorer, device=options.device)
        else:
            scorer = load_published_scorer(
                options.scorer, device=options.device, seed=options.published_protocol
            )
    except ModelError as error:
        raise TrainingError(str(error)) from error
    found = evaluate(
        scorer, options.images, options.labels, mode=mode, group=options.group, find_crop=find_crop
    )
    if options.json:
        say_json(found)
    else:
        _say_table(found)
    return 0


def _add_quality(parser: argparse.ArgumentParser) -> None:
    add_training_places(parser)
    parser.add_argument("--encoder", type=Path, help="a learned degradation encoder")
    parser.add_argument(
        "--events",
        action="store_true",
        help="print each step and validation as a line of JSON; the first SIGTERM or Ctrl+C ends "
        "the run within a step and keeps the best weights",
    )
    parser.set_defaults(run=_quality)


def _quality(options: argparse.Namespace) -> int:
    from fiqa_training.loop.parallel import team  # noqa: PLC0415
    from fiqa_training.loop.watch import EventWatch  # noqa: PLC0415
    from fiqa_training.pictures.training import RunFolders, train_quality  # noqa: PLC0415

    places = RunFolders(options.data, options.out, options.backbone, options.encoder)
    with team(options.device) as members, until_asked_to_stop(options.events) as wanted:
        watch = EventWatch(wanted=wanted) if options.events else None
        result = train_quality(places, recipe_of(options), members, watch)
        if members.leads and watch is not None:
            watch.ended(result)
        elif members.leads:
            say_json(result)
    return 0


@contextmanager
def until_asked_to_stop(polite: bool) -> Iterator[Callable[[], bool]]:
    """Whether nobody has asked this process to stop; a second signal ends it as ever.

    Args:
        polite: where False, signals do what they did.
    """
    asked = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM) if polite else ()
    before = {number: signal.getsignal(number) for number in numbers}

    def ask(number: int, _frame: object) -> None:
        asked.set()
        signal.signal(number, signal.default_int_handler)

    for number in numbers:
        signal.signal(number, ask)
    try:
        yield lambda: not asked.is_set()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say_table(found: dict[str, Any]) -> None:
    say(f"{'':20} {'n':>6} {'SRCC':>6} {'95 % interval':>15} {'PLCC':>6} {'KRCC':>6} {'RMSE':>8}")
    for name, row in {"overall": found["overall"], **found["groups"]}.items():
        low, high = (_cell(value) for value in row["srcc_ci"])
        cells = " ".join(f"{_cell(row[key]):>6}" for key in ("plcc", "krcc"))
        say(
            f"{name[:20]:20} {row['n']:>6} {_cell(row['srcc']):>6} {low + ' - ' + high:>15} "
            f"{cells} {_cell(row['rmse']):>8}"
        )
    left_out, labelled = len(found["skipped"]), found["labelled"]
    if left_out:
        say(f"{found['overall']['n']} of {labelled} labelled pictures were scored; these were not:")
    opinions = found["opinions"]
    if opinions["most"] > 1:
        say(f"each label is the mean of {opinions['fewest']} to {opinions['most']} opinions")
    for each in found["skipped"][:20]:
        say(f"skipped {each['image']}: {each['reason']}")
    if len(found["skipped"]) > 20:
        say(f"and {len(found['skipped']) - 20} more were skipped")


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
