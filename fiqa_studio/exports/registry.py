"""Which formats there are. Listing them loads none of them.

A new format is one module with ``open_writer`` (see `fiqa_studio.exports.writer`) and one entry in
``_FORMATS``: menus, the command line and jobs follow from it.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fiqa_studio.domain.belongings import refuse_to_replace
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.query import Subject
from fiqa_studio.exports.writer import Content, OpenWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFormat:
    """A format to export to.

    Attributes:
        name: As on the command line.
        title: For menus.
        module: Where its ``open_writer`` is.
        suffix: Of a format that is one file; empty for one that is a folder.
        content: What of each item it writes.
        subject: What an item is; None for faces or photos, as they are chosen.
        needs: A module of another package that it cannot do without; empty for none.
        extra: The extra of this package that brings it.
    """

    name: str
    title: str
    module: str
    suffix: str = ""
    content: Content = Content.FACTS
    subject: Subject | None = None
    needs: str = ""
    extra: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether it makes a folder, not a file."""
        return not self.suffix

    @property
    def available(self) -> bool:
        """Whether what it needs is installed; loads nothing."""
        return not self.needs or importlib.util.find_spec(self.needs) is not None

    def load(self) -> OpenWriter:
        """Its entry.

        Raises:
            KnownError: ``export.needs``: something is not installed.
        """
        if not self.available:
            raise KnownError(
                f"“{self.title}” needs {self.needs}, which is not installed.",
                remedy=f"Install it: pip install 'fiqa-studio[{self.extra}]'.",
                code="export.needs",
            )
        entry: OpenWriter = importlib.import_module(self.module).open_writer
        return entry


_HERE = "fiqa_studio.exports"
_FORMATS = (
    ExportFormat(name="csv", title="CSV table", suffix=".csv", module=f"{_HERE}.csv"),
    ExportFormat(
        name="parquet", title="Parquet table", suffix=".parquet", module=f"{_HERE}.parquet",
        needs="pyarrow", extra="parquet",
    ),
    ExportFormat(
        name="list", title="List of paths and hashes", suffix=".csv", module=f"{_HERE}.listing",
        subject=Subject.PHOTOS,
    ),
    ExportFormat(
        name="photos", title="Folder of photos", module=f"{_HERE}.photos",
        content=Content.PHOTO, subject=Subject.PHOTOS,
    ),
    ExportFormat(
        name="crops", title="Folder of aligned faces", module=f"{_HERE}.crops",
        content=Content.CROP, subject=Subject.FACES,
    ),
)  # fmt: skip


def list_formats() -> tuple[ExportFormat, ...]:
    """All formats, in the order of menus."""
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


def check_target(target: Path, roots: Iterable[Path], *, folder: bool = False) -> None:
    """Refuse to write among the originals, onto a library, or onto something of another kind.

    Args:
        target: The file, or the folder, that is to be made.
        roots: The indexed folders.
        folder: Whether it is a folder; one that is there already must be empty.

    Raises:
        KnownError: ``export.inside-root``, ``export.onto-library``, ``export.onto-database``,
            ``export.no-folder``, ``export.not-a-file``, ``export.not-empty`` or
            ``export.cannot-write`` (a name that no disk takes).
    """
    try:
        _check_target(target, target.resolve(), roots, folder=folder)
    except (OSError, RuntimeError, ValueError) as error:  # too long, a loop of links, a NUL
        raise cannot_write(target, error) from error


def _check_target(target: Path, real: Path, roots: Iterable[Path], *, folder: bool) -> None:
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
    if folder:
        _check_folder(target, real)
    elif real.exists() and not real.is_file():
        raise KnownError(
            f"“{display_path(target)}” is not a file.",
            remedy="Choose the name of a file.",
            code="export.not-a-file",
        )


def _check_folder(target: Path, real: Path) -> None:
    """A folder that is there already is used only where nothing can be mixed up in it."""
    if not real.exists():
        return
    if real.is_dir() and not any(real.iterdir()):
        return
    raise KnownError(
        f"“{display_path(target)}” is there already.",
        cause="It is not empty." if real.is_dir() else "It is a file.",
        remedy="Choose the name of a new folder.",
        code="export.not-empty",
    )


def cannot_write(target: Path, error: OSError | RuntimeError | ValueError) -> KnownError:
    """Why a file cannot be made, in words."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return KnownError(
        f"“{display_path(target)}” cannot be written.",
        cause=f"{reason.rstrip('.')}.",
        remedy="What was there before is unchanged.",
        code="export.cannot-write",
    )
