"""``fiqa skipped`` and ``ignore``: what a scan passes over."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from fiqa_studio.cli import output
from fiqa_studio.cli.commands import AddCommand
from fiqa_studio.cli.opening import open_library
from fiqa_studio.cli.status import DONE
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.paths import display_path


def add(command: AddCommand) -> None:
    """Add the commands."""
    skipped = command(
        "skipped", _skipped, "List what the scan passes over in the indexed folders.", json=True
    )
    skipped.add_argument("folders", nargs="*", metavar="FOLDER")
    ignore = command(
        "ignore", _ignore, "Show or change the names that this library passes over.", json=True
    )
    ignore.add_argument("patterns", nargs="*", metavar="PATTERN", help="such as *_small.jpg")
    ignore.add_argument(
        "--remove", action="append", default=[], metavar="PATTERN", help="take one back"
    )


def _skipped(options: argparse.Namespace) -> int:
    from fiqa_studio.engine.indexing.foreign import TITLES  # noqa: PLC0415 - brings the scan
    from fiqa_studio.engine.indexing.ignoring import skipped  # noqa: PLC0415 - as above

    with open_library(options, read_only=True) as library:
        found = skipped(library, [Path(folder) for folder in options.folders])
    if options.json:
        listed = [{"path": display_path(one.path), "kind": one.kind} for one in found.listed]
        answer = {"counts": dict(found.counts.most_common()), "listed": listed}
        print(json.dumps(answer, indent=2, ensure_ascii=False))
        return DONE
    for kind, count in found.counts.most_common():
        print(f"{count:8,}  {TITLES.get(kind, kind + ' (not supported)')}")
    for one in found.listed:
        print(f"{one.kind:<12} {display_path(one.path)}")
    return DONE


def _ignore(options: argparse.Namespace) -> int:
    from fiqa_studio.engine.indexing.ignoring import ignored, set_ignored  # noqa: PLC0415

    change = bool(options.patterns or options.remove)
    with open_library(options, read_only=not change) as library:
        texts = list(ignored(library).texts)
        for pattern in options.remove:
            if pattern.strip() not in texts:
                raise KnownError(f"This library has no pattern “{pattern}”.", code="ignore.pattern")
            texts.remove(pattern.strip())
        if change:
            texts = list(set_ignored(library, [*texts, *options.patterns]).texts)
    if options.json:
        print(json.dumps({"patterns": texts}, ensure_ascii=False))
    elif texts:
        print("\n".join(texts))
    else:
        output.say("No patterns.")
    return DONE
