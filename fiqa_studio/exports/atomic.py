"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from fiqa_studio.domain.belongings import refuse_to_replace
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.paths import display_path


@contextmanager
def replacing(target: Path) -> Iterator[TextIO]:
    """A text file that takes ``target``'s place when the block ends well.

    Whatever goes wrong before that leaves ``target`` as it was. A symbolic link stays one: the
    file it leads to is replaced. A library, or a file that belongs to one, is never replaced.

    Raises:
        KnownError: The place cannot be written, its disk is full, or a library is there.
    """
    refuse_to_replace(target)
    real = target.resolve()
    temporary = real.parent / f".{real.name[:50]}-{secrets.token_hex(6)}"
    try:
        with temporary.open("x", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if real.exists():
            temporary.chmod(real.stat().st_mode & 0o7777)
        temporary.replace(real)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def cannot_write(target: Path, error: OSError | RuntimeError | ValueError) -> KnownError:
    """Why a file cannot be made, in words."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return KnownError(
        f"“{display_path(target)}” cannot be written.",
        cause=f"{reason.rstrip('.')}.",
        remedy="What was there before is unchanged.",
        code="export.cannot-write",
    )
