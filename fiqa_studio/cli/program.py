"""The program ``fiqa``: which command is meant, and what its end means to the shell.

Exit status: 0 done (photos that failed are named in a summary and by ``fiqa failures``),
1 the doctor found a problem or not everything could be done, 2 wrong usage, 3 an error with a
message, 70 a fault of the program, 130 interrupted, 141 the reader of the output went away.

Progress goes to standard error, and only where that is a terminal; answers go to standard
output. Nothing heavy is imported here: torch and the decoders live in the worker.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from fiqa_studio import __version__
from fiqa_studio.cli import (
    albums,
    exporting,
    indexing,
    installation,
    listing,
    marking,
    output,
    score_option,
    skipping,
    study,
)
from fiqa_studio.cli.commands import Run
from fiqa_studio.cli.status import FAULT, INTERRUPTED, KNOWN, NO_READER
from fiqa_studio.domain.errors import KnownError

_GROUPS = (indexing, skipping, listing, marking, albums, exporting, study, installation)
"""Modules whose ``add`` adds commands, in the order of the help."""

_PROGRAMS = {
    "models": ("fiqa_models.cli", "List, import and verify checkpoints."),
    "evaluate": ("fiqa_studio.engine.worker.evaluate", "Compare a scorer with people's ratings."),
}
"""Commands that load torch are programs of their own."""

_PARSERS: dict[str, tuple[str, str]] = {}
"""Commands with commands of their own: a module whose ``parser`` makes the whole parser, loaded
only where it is asked for, and what the command does."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    output.prepare_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    first = given[0] if given else ""
    if first in _PROGRAMS:
        return subprocess.call([sys.executable, "-P", "-m", _PROGRAMS[first][0], *given[1:]])
    if _command_of(given) == "index":
        given = score_option.settle(given, indexing.scorer_names)
    parser = importlib.import_module(_PARSERS[first][0]).parser if first in _PARSERS else _parser
    options = parser().parse_args(given)
    command: Run = options.run
    try:
        status = command(options)
        sys.stdout.flush()
    except KnownError as error:
        output.complain(error, getattr(options, "query", None) or "")
        return KNOWN
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python would complain once more when it flushes standard output at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO_READER
    except Exception as error:  # noqa: BLE001 - it goes to the log, with its traceback
        output.report_fault(error)
        return FAULT
    return status


def _command_of(arguments: Sequence[str]) -> str:
    """The command's name; empty without one."""
    before = ""
    for word in arguments:
        if not word.startswith("-") and before != "--library":
            return word
        before = word
    return ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fiqa", description="Find the faces in photos and score how good they look."
    )
    parser.add_argument("--version", action="version", version=f"fiqa {__version__}")
    text = "the library; without it, the one of your own"
    parser.add_argument("--library", default="", metavar="FILE", help=text)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--library", default=argparse.SUPPRESS, metavar="FILE", help=text)
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="answer in JSON")
    with_worker = argparse.ArgumentParser(add_help=False)
    with_worker.add_argument(
        "--decoders", type=int, default=0, help="decoder processes; 0: one a core"
    )
    with_worker.add_argument("--device", default="", help="for scoring: cpu, cuda, mps")
    with_worker.add_argument("--precision", default="", help="for scoring: float32 or bfloat16")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(
        name: str,
        run: Run,
        text: str,
        *,
        json: bool = False,
        worker: bool = False,
        within: Any = None,
    ) -> argparse.ArgumentParser:
        parents: list[Any] = [common, *[as_json] * json, *[with_worker] * worker]
        place = commands if within is None else within
        added: argparse.ArgumentParser = place.add_parser(
            name, help=text, description=text, parents=parents
        )
        added.set_defaults(run=run)
        return added

    for group in _GROUPS:
        group.add(command)
    for name, (_, text) in {**_PARSERS, **_PROGRAMS}.items():
        commands.add_parser(name, help=text)
    return parser
