"""``fiqa export``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from fiqa_studio.cli.choosing import add_choice, add_subject, chosen, say_unknown
from fiqa_studio.cli.commands import AddCommand
from fiqa_studio.cli.following import follow
from fiqa_studio.cli.listing import add_order, order_of
from fiqa_studio.cli.opening import engine_of
from fiqa_studio.cli.status import DONE, PROBLEMS
from fiqa_studio.domain.query import Subject
from fiqa_studio.exports.registry import find_format, list_formats
from fiqa_studio.exports.writer import Link

if TYPE_CHECKING:
    from fiqa_studio.engine.exporting.exporting import Preview


def add(command: AddCommand) -> None:
    """Add the command."""
    export = command("export", _export, "Write faces or photos out.", json=True, worker=True)
    names = [known.name for known in list_formats()]
    export.add_argument("--format", choices=names, default="csv")
    export.add_argument("--to", required=True, metavar="PATH", help="the file or folder to make")
    add_choice(export, required=False)
    add_subject(export, "the query is asked of")
    add_order(export)
    export.add_argument(
        "--link", choices=[str(link) for link in Link], default=str(Link.COPY),
        help="how photos come into a folder",
    )  # fmt: skip
    export.add_argument("--preview", action="store_true", help="only say what would be written")


def _export(options: argparse.Namespace) -> int:
    from fiqa_studio.engine.exporting.order import ExportOrder  # noqa: PLC0415 - with the engine

    known = find_format(options.format)
    subject = options.subject or known.subject or Subject.FACES
    # For reading: an export leaves the library as it is, and works beside an open window.
    with engine_of(options, read_only=True) as (library, engine):
        target, unknown = chosen(library, options, subject, order_of(options))
        order = ExportOrder(
            format=options.format,
            target=target,
            to=Path(options.to).absolute(),
            link=Link(options.link),
        )
        if options.preview:
            _preview(options, engine.exporting.preview(order))
        else:
            status = follow(engine, engine.exporting.start(order), options)
            if status != DONE:
                return status
    say_unknown(unknown)
    return PROBLEMS if unknown else DONE


def _preview(options: argparse.Namespace, preview: Preview) -> None:
    if options.json:
        answer = {
            "count": preview.count,
            "bytes": preview.bytes,
            "exact": preview.exact,
            "missing": preview.missing,
            "free": preview.free,
        }
        print(json.dumps(answer))
        return
    about = "" if preview.exact else "about "
    missing = f"; {preview.missing:,} photos are missing" if preview.missing else ""
    print(f"{preview.count:,} in {about}{preview.bytes:,} bytes{missing}")
