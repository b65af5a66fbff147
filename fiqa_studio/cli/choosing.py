"""Which photos or faces a command is about: a query, an album, or a list of files."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fiqa_studio.cli import output
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.engine.albums import Albums
from fiqa_studio.engine.questions import query_of
from fiqa_studio.store.library import Library

if TYPE_CHECKING:
    from collections.abc import Sequence


def add_choice(parser: argparse.ArgumentParser, *, required: bool, album: bool = True) -> None:
    """``--query``, ``--album`` or ``--paths``."""
    choice = parser.add_mutually_exclusive_group(required=required)
    choice.add_argument("--query", metavar="Q", help="such as: score:70.. faces:2.. -tag:bride")
    if album:
        choice.add_argument("--album", metavar="NAME", help="see fiqa albums")
    choice.add_argument("--paths", metavar="FILE", help="a file with one path a line; -: the input")
    parser.add_argument("--null", action="store_true", help="paths end with a NUL, not a line")


def add_subject(parser: argparse.ArgumentParser, what: str) -> None:
    """``--faces`` or ``--photos``."""
    subject = parser.add_mutually_exclusive_group()
    subject.add_argument(
        "--faces", dest="subject", action="store_const", const=Subject.FACES, help=f"{what} faces"
    )
    subject.add_argument(
        "--photos", dest="subject", action="store_const", const=Subject.PHOTOS,
        help=f"{what} photos",
    )  # fmt: skip


def chosen(
    library: Library, options: argparse.Namespace, subject: Subject, order: Query | None = None
) -> tuple[Target, list[Path]]:
    """What is meant, and the paths that the library does not know.

    Args:
        library: Open.
        options: As `add_choice` adds them; none given means everything.
        subject: Of a query; files are photos.
        order: The order of a query whose text says none.

    Raises:
        KnownError: The query, the album or the list is none.
    """
    if options.paths is not None:
        return _of_paths(library, options)
    if getattr(options, "album", None):
        albums = Albums(library)
        query = albums.query(albums.named(options.album), subject)
        return Target.all_of(subject, query), []
    return Target.all_of(subject, query_of(options.query or "", subject, order)), []


def say_unknown(unknown: Sequence[Path]) -> None:
    """Name the paths that the library does not know."""
    for path in unknown:
        output.say(f"not in the library: {output.one_line(path)}")


def _of_paths(library: Library, options: argparse.Namespace) -> tuple[Target, list[Path]]:
    from fiqa_studio.engine.marking import Marking  # noqa: PLC0415 - only here

    try:
        raw = sys.stdin.buffer.read() if options.paths == "-" else Path(options.paths).read_bytes()
    except OSError as error:
        raise KnownError(
            f"The list “{options.paths}” cannot be read.",
            cause=f"{error.strerror}.",
            code="cli.paths",
        ) from error
    lines = raw.split(b"\0") if options.null else [line.rstrip(b"\r") for line in raw.split(b"\n")]
    return Marking(library).photos_at(os.fsdecode(line) for line in lines if line)
