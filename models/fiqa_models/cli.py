"""``fiqa models``: list, import, verify, rename and remove. A process of its own: it loads torch.

Exit status: 0 done, 1 a verification found a deviation, 2 wrong usage, 3 an error with a message,
130 interrupted, 143 ended.

The window works through this program too, with ``--json --progress``: the answer, or an error as
``{"error": {"message":, "cause":, "remedy":}}``, comes on standard output, and each step as one
line ``{"step":, "share":}`` on standard error. Both say the same words to both.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from fiqa_models.errors import ModelError
from fiqa_models.registry import (
    default_scorer_name,
    find_scorer,
    list_scorers,
    models_folder,
    record_of,
    remove_scorer,
    rename_scorer,
)
from fiqa_models.specification import read_form

DONE, DEVIATES, KNOWN, INTERRUPTED, ENDED = 0, 1, 3, 130, 143


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except ModelError as error:
        if options.json:
            parts = {"message": error.message, "cause": error.cause, "remedy": error.remedy}
            _answer({"error": parts})
        _complain(str(error))
        return KNOWN
    return status


def _list(options: argparse.Namespace) -> int:
    default = default_scorer_name()
    found = [record_of(spec) | {"default": spec.name == default} for spec in list_scorers()]
    if options.json:
        _answer(found)
        return DONE
    for record in found:
        _say(f"{record['name']:16} {record['problem'] or record['summary']}")
    return DONE


def _import(options: argparse.Namespace) -> int:
    from fiqa_models.importing import import_published  # noqa: PLC0415 - torch takes seconds

    manifest = import_published(
        options.de,
        options.iqa,
        models_folder(),
        name=options.name,
        title=options.title,
        landmark_scheme=options.landmarks,
        dataset=options.dataset,
        source=options.source,
        replace_existing=options.replace,
        on_step=lambda step, share: _tell(options, step, share),
    )
    if options.json:
        _answer(record_of(find_scorer(manifest.name)) | {"folder": str(models_folder())})
    else:
        _say(f"Imported as “{manifest.name}” ({manifest.hash}) into {models_folder()}.")
        _say(f"Use it with: fiqa score --scorer {manifest.name}")
    return DONE


def _verify(options: argparse.Namespace) -> int:
    read_form(options.spec)  # a file that is none is refused before torch is loaded
    from fiqa_models.verify import (  # noqa: PLC0415 - torch takes seconds
        verdicts,
        verify,
    )

    comparisons = verify(options.spec, on_step=lambda step, share: _tell(options, step, share))
    bad = [c for c in comparisons if not (c.agrees if options.strict else c.explained)]
    if options.json:
        _answer(
            [
                {
                    "case": c.case,
                    "what": c.what,
                    "published": c.expected,
                    "found": c.found,
                    "deviation": (c.found - c.expected) / c.expected if c.expected else None,
                    "agrees": c.agrees,
                    "within_rounding": c.explained,
                    "tolerance_used": _finite(c.tolerance_used),
                    "rounding_used": _finite(c.rounding_used),
                }
                for c in comparisons
            ]
        )
    else:
        for comparison in comparisons:
            _say(str(comparison))
        strictly = sum(c.agrees for c in comparisons)
        _say(
            f"{strictly} of {len(comparisons)} numbers agree to the tolerance, "
            f"{sum(c.explained for c in comparisons) - strictly} more within rounding, "
            f"{sum(not c.explained for c in comparisons)} deviate."
        )
        for verdict in verdicts(comparisons):
            _say(verdict)
    return DEVIATES if bad else DONE


def _rename(options: argparse.Namespace) -> int:
    manifest = rename_scorer(options.name, options.new_name, title=options.title)
    if options.json:
        _answer(record_of(find_scorer(manifest.name)))
    else:
        _say(f"“{options.name}” is “{manifest.name}” now. Its scores stay.")
    return DONE


def _remove(options: argparse.Namespace) -> int:
    remove_scorer(options.name)
    if options.json:
        _answer({"removed": options.name})
    else:
        _say(f"“{options.name}” is removed. Scores that it gave stay in their libraries.")
    return DONE


def _tell(options: argparse.Namespace, step: str, share: float | None) -> None:
    """What begins now: for people, or for the window."""
    line = json.dumps({"step": step, "share": share}) if options.progress else f"{step} ..."
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fiqa models", description="Checkpoints as scorers.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="list the scorers")
    listing.set_defaults(run=_list)
    importing = commands.add_parser(
        "import", help="make a scorer of the authors' pair of checkpoints"
    )
    importing.add_argument("--de", type=Path, required=True, metavar="DE.pt")
    importing.add_argument("--iqa", type=Path, required=True, metavar="IQA.pt")
    importing.add_argument("--landmarks", choices=("mesh468", "ibug68"), required=True)
    importing.add_argument("--name", default="published", help="the scorer's name")
    importing.add_argument("--title", default="", help="the scorer's name in menus")
    importing.add_argument("--dataset", default="", help="what it was trained on")
    importing.add_argument("--source", default="", help="where the files come from")
    importing.add_argument("--replace", action="store_true", help="replace a scorer of this name")
    importing.set_defaults(run=_import)
    verifying = commands.add_parser(
        "verify", help="compare the full network with published reference outputs"
    )
    verifying.add_argument("spec", type=Path, metavar="SPEC.json")
    verifying.add_argument(
        "--strict",
        action="store_true",
        help="count a number that deviates by no more than rounding does as a deviation",
    )
    verifying.set_defaults(run=_verify)
    renaming = commands.add_parser("rename", help="give a scorer of your own another name")
    renaming.add_argument("name", metavar="NAME")
    renaming.add_argument("new_name", metavar="NEW")
    renaming.add_argument("--title", default="", help="its name in menus")
    renaming.set_defaults(run=_rename)
    removing = commands.add_parser(
        "remove", help="delete a scorer of your own; scores that it gave stay"
    )
    removing.add_argument("name", metavar="NAME")
    removing.set_defaults(run=_remove)
    for command in (listing, importing, verifying, renaming, removing):
        command.add_argument("--json", action="store_true", help="answer in JSON")
        command.add_argument(
            "--progress", action="store_true", help="tell each step as a line of JSON"
        )
    return parser


def _finite(value: float) -> float | None:
    """JSON has no word for infinity."""
    return value if math.isfinite(value) else None


def _answer(values: Any) -> None:
    _say(json.dumps(values, indent=2, ensure_ascii=False))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _complain(text: str) -> None:
    sys.stderr.write(text + "\n")


def _end(_number: int, _frame: object) -> NoReturn:
    """Leave through every ``finally``, so that a cancelled import cleans up behind it."""
    sys.exit(ENDED)


if __name__ == "__main__":
    # Python hears of a signal only between two steps of ours, which may be a minute of torch. A
    # verification has nothing to clean up and ends at once.
    if sys.argv[1:2] != ["verify"]:
        signal.signal(signal.SIGTERM, _end)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
