"""Which formats there are. Listing them loads none of them."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.photos import FaceRow
from fiqa_studio.exports.atomic import cannot_write
from fiqa_studio.store.belongings import refuse_to_replace


class WriteFaces(Protocol):
    """Writes faces to a file, replacing it at the end; returns how many."""

    def __call__(self, rows: Iterable[tuple[FaceRow, bytes]], target: Path) -> int:
        """Each row comes with the exact bytes of its photo's path."""


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format that faces can be exported to."""

    name: str
    title: str
    suffix: str
    module: str

    def load(self) -> WriteFaces:
        """Its writer."""
        writer: WriteFaces = importlib.import_module(self.module).write_faces
        return writer


_FORMATS = (ExportFormat("csv", "CSV, one row a face", ".csv", "fiqa_studio.exports.csv"),)


def list_formats() -> tuple[ExportFormat, ...]:
    """All formats."""
    return _FORMATS


def find_format(name: str) -> ExportFormat:
    """The format of this name; raises `KnownError` where there is none."""
    for known in _FORMATS:
        if known.name == name:
            return known
    names = ", ".join(known.name for known in _FORMATS)
    raise KnownError(
        f"There is no export format “{name}”.",
        remedy=f"Choose one of: {names}.",
        code="export.format",
    )


def check_target(target: Path, roots: Iterable[Path]) -> None:
    """Refuse to write among the originals, onto a library, or onto something that is no file.

    Raises:
        KnownError: ``export.inside-root``, ``export.onto-library``, ``export.onto-database``,
            ``export.no-folder``, ``export.not-a-file`` or ``export.cannot-write`` (a name that
            no disk takes).
    """
    try:
        _check_target(target, target.resolve(), roots)
    except (OSError, RuntimeError, ValueError) as error:  # too long, a loop of links, a NUL
        raise cannot_write(target, error) from error


def _check_target(target: Path, real: Path, roots: Iterable[Path]) -> None:
    for root in roots:
        if real.is_relative_to(root.resolve()):
            raise KnownError(
                f"“{display_path(target)}” lies in an indexed folder.",
                cause=f"{display_path(root)} holds originals, and exports never go there.",
                remedy="Choose another place.",
                code="export.inside-root",
            )
    refuse_to_replace(target)
    if not real.parent.is_dir():
        raise KnownError(
            f"There is no folder “{display_path(real.parent)}”.",
            remedy="Create it first, or choose another place.",
            code="export.no-folder",
        )
    if real.exists() and not real.is_file():
        raise KnownError(
            f"“{display_path(target)}” is not a file.",
            remedy="Choose the name of a file.",
            code="export.not-a-file",
        )
