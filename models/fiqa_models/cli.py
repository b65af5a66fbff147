"""``fiqa models``: list, import and verify checkpoints. A process of its own: it loads torch.

Exit status: 0 done, 1 a verification found a deviation, 2 wrong usage, 3 an error with a message.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fiqa_models.errors import ModelError
from fiqa_models.registry import list_scorers, models_folder

DONE, DEVIATES, KNOWN = 0, 1, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except ModelError as error:
        _complain(str(error))
        return KNOWN
    return status


def _list(options: argparse.Namespace) -> int:
    found = [
        {
            "name": spec.name,
            "title": spec.title,
            "summary": spec.summary,
            "kind": spec.kind,
            "available": spec.available,
            "problem": spec.problem,
        }
        for spec in list_scorers()
    ]
    if options.json:
        _answer(found)
        return DONE
    for spec in found:
        _say(f"{spec['name']:16} {spec['problem'] or spec['summary']}")
    return DONE


def _import(options: argparse.Namespace) -> int:
    from fiqa_models.importing import import_published  # noqa: PLC0415 - torch takes seconds

    manifest = import_published(
        options.de,
        options.iqa,
        models_folder(),
        name=options.name,
        landmark_scheme=options.landmarks,
        dataset=options.dataset,
        source=options.source,
        replace_existing=options.replace,
    )
    if options.json:
        _answer({"name": manifest.name, "hash": manifest.hash, "folder": str(models_folder())})
    else:
        _say(f"Imported as “{manifest.name}” ({manifest.hash}) into {models_folder()}.")
        _say(f"Use it with: fiqa score --scorer {manifest.name}")
    return DONE


def _verify(options: argparse.Namespace) -> int:
    from fiqa_models.verify import verify  # noqa: PLC0415 - torch takes seconds

    comparisons = verify(options.spec, on_case=lambda case: _complain(f"{case} ..."))
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
            f"{len(bad)} deviate."
        )
    return DEVIATES if bad else DONE


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
    for command in (listing, importing, verifying):
        command.add_argument("--json", action="store_true", help="answer in JSON")
    return parser


def _answer(values: Any) -> None:
    _say(json.dumps(values, indent=2, ensure_ascii=False))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _complain(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
