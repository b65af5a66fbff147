"""The library and the engine that a command works with.

Engine and worker are imported where they are needed: commands that only read start at once.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fiqa_studio.domain.errors import LibraryError
from fiqa_studio.engine.questions import understand_albums
from fiqa_studio.store.library import Library
from fiqa_studio.store.recent import default_library_path

if TYPE_CHECKING:
    from fiqa_studio.engine.engine import Engine
    from fiqa_studio.engine.link.client import WorkerSettings

_TRY_AGAIN_SECONDS = 0.1


def library_path(options: argparse.Namespace) -> Path:
    """Which library is meant."""
    return Path(options.library) if options.library else default_library_path()


def open_library(
    options: argparse.Namespace, *, read_only: bool = False, wait: float = 0.0
) -> Library:
    """Open it.

    Args:
        options: Name it.
        read_only: Works also where another program has it open for writing.
        wait: How many seconds to try again where another program has it open.

    Raises:
        LibraryError: It cannot be opened; ``library.locked`` where another program, such as the
            window, has it open for writing. Nothing was done then.
    """
    deadline = time.monotonic() + wait
    while True:
        try:
            library = Library.open(library_path(options), read_only=read_only)
        except LibraryError as error:
            if error.code != "library.locked" or time.monotonic() >= deadline:
                raise
            time.sleep(_TRY_AGAIN_SECONDS)
            continue
        understand_albums(library)
        return library


@contextmanager
def engine_of(
    options: argparse.Namespace, *, create: bool = False, read_only: bool = False
) -> Iterator[tuple[Library, Engine]]:
    """The library, for writing unless said otherwise, and its engine; closed at the end."""
    from fiqa_studio.engine.engine import Engine  # noqa: PLC0415 - not for those that only read

    path = library_path(options)
    if create and not os.path.lexists(path):
        library = Library.create(path)
    else:
        library = open_library(options, read_only=read_only)
    with library:
        engine = Engine(library, worker=worker_settings(options))
        try:
            yield library, engine
        finally:
            engine.shutdown()


def worker_settings(options: argparse.Namespace) -> WorkerSettings:
    """How the worker is to run."""
    from fiqa_studio.engine.link.client import WorkerSettings  # noqa: PLC0415 - as above

    return WorkerSettings(
        decoders=getattr(options, "decoders", 0),
        device=getattr(options, "device", ""),
        precision=getattr(options, "precision", ""),
    )
