"""``fiqa study pack``, ``return`` and ``merge``: rating without a network."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path

from fiqa_studio.cli import output
from fiqa_studio.cli.commands import count
from fiqa_studio.domain.paths import display_path
from fiqa_studio.study.errors import StudyError

DONE = 0

Command = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def add(command: Command) -> None:
    """Add these commands to ``fiqa study``."""
    pack = command("pack", _pack, "Write a file in which one rater rates without a network.")
    pack.add_argument("study", metavar="FILE.study")
    pack.add_argument("--rater", required=True, metavar="NAME", help="added where new")
    pack.add_argument("--to", required=True, metavar="FILE.fiqapack")
    pack.add_argument("--batches", type=count, default=1, metavar="N")
    pack.add_argument("--database", default="", metavar="URL", help="where the ratings are")
    text = "On the rater's side: write what was rated in a pack, to be sent back."
    back = command("return", _return, text)
    back.add_argument("pack", metavar="FILE.fiqapack")
    back.add_argument("--to", required=True, metavar="FILE.fiqaratings")
    merge = command("merge", _merge, "Bring what came back from packs into their study.")
    merge.add_argument("study", metavar="FILE.study")
    merge.add_argument("returns", nargs="+", metavar="FILE.fiqaratings")
    merge.add_argument("--database", default="", metavar="URL", help="where the ratings are")
    merge.add_argument("--json", action="store_true", help="answer in JSON")


def _pack(options: argparse.Namespace) -> int:
    from fiqa_studio.study import file, raters  # noqa: PLC0415 - brings Pillow
    from fiqa_studio.study.pack import out  # noqa: PLC0415

    target = Path(options.to)
    with file.opened(Path(options.study), database=options.database) as opened:
        rater = raters.named(opened.database, options.rater) or raters.add(
            opened.database, options.rater
        )
        trials = out.make(opened, rater, target, batches=max(1, options.batches))
    output.say(f"{trials:,} trials for {rater.name}: {display_path(target)}")
    output.say("Until it is back, this rater rates in the pack only.")
    return DONE


def _return(options: argparse.Namespace) -> int:
    from fiqa_studio.study.pack import work  # noqa: PLC0415

    trials = work.give_back(Path(options.pack), Path(options.to))
    output.say(f"{trials:,} trials: {display_path(Path(options.to))}")
    return DONE


def _merge(options: argparse.Namespace) -> int:
    from fiqa_studio.study import file  # noqa: PLC0415
    from fiqa_studio.study.pack.merge import merge  # noqa: PLC0415

    done = []
    refused: StudyError | None = None
    with file.opened(Path(options.study), database=options.database) as opened:
        for name in options.returns:
            try:
                done.append((name, merge(opened, Path(name))))
            except StudyError as error:
                # One bad file keeps nobody else's ratings out.
                output.complain(error)
                refused = error
    if options.json:
        output.print_json_list({"file": name} | dataclasses.asdict(merged) for name, merged in done)
    else:
        for name, merged in done:
            rest = "" if merged.complete else " The pack is not finished yet."
            output.say(
                f"{display_path(Path(name))}: {merged.new:,} trials of {merged.rater}, "
                f"{merged.known:,} known already.{rest}"
            )
    return 3 if refused else DONE
