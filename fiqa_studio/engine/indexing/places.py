"""Which folders to scan."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.paths import path_to_bytes
from fiqa_studio.domain.photos import RootId
from fiqa_studio.store.library import Library


@dataclass(frozen=True, slots=True)
class Place:
    """A folder to scan: an indexed one, or a part of it."""

    root_id: RootId
    root: bytes
    start: bytes


def check_folder(folder: Path) -> None:
    """Refuse what cannot be indexed.

    Raises:
        KnownError: It is no folder (``folder.gone``, ``folder.not-a-folder``).
    """
    if folder.is_dir():
        return
    if folder.exists():
        raise KnownError(
            f"“{folder}” is a file, not a folder.",
            remedy="Name the folder that holds it.",
            code="folder.not-a-folder",
        )
    raise KnownError(
        f"There is no folder “{folder}”.",
        remedy="Check the name, and that its disk is connected.",
        code="folder.gone",
    )


def places_of(library: Library, folders: Sequence[Path]) -> list[Place]:
    """Where to scan for these folders; one that lies in no indexed folder becomes one.

    Raises:
        KnownError: One is no folder (``folder.gone``, ``folder.not-a-folder``).
    """
    places: list[Place] = []
    for folder in folders:
        start = path_to_bytes(folder.resolve())
        roots = [root for root in library.roots.all() if within(start, root.path_bytes)]
        if roots:
            root = max(roots, key=lambda root: len(root.path_bytes))
            places.append(Place(root.id, root.path_bytes, start))
            continue
        check_folder(folder)
        places.append(Place(library.roots.add(start).result(), start, start))
    return places


def places_around(library: Library, paths: Collection[bytes]) -> list[Place]:
    """The indexed folders that hold these paths."""
    return [
        place for place in all_places(library) if any(within(path, place.root) for path in paths)
    ]


def all_places(library: Library) -> list[Place]:
    """Every indexed folder."""
    return [Place(root.id, root.path_bytes, root.path_bytes) for root in library.roots.all()]


def within(path: bytes, folder: bytes) -> bool:
    """Whether a path is a folder or lies below it."""
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")
