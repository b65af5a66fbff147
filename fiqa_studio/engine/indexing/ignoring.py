"""A library's own ignore patterns, and what its folders hold besides photos."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.engine.indexing.foreign import PassedOver, Patterns
from fiqa_studio.engine.indexing.places import Place, all_places, places_of, within
from fiqa_studio.engine.indexing.scan import walk
from fiqa_studio.store.library import Library

_KEY = "ignore"
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Skipped:
    """What lies in indexed folders and is no photo of the library.

    Attributes:
        counts: Files and folders by kind.
        listed: The first of them, in the order of their paths.
    """

    counts: Counter[str]
    listed: tuple[PassedOver, ...]


def ignored(library: Library) -> Patterns:
    """The patterns of a library; one that became invalid counts for nothing."""
    texts: list[str] = []
    for text in library.settings.get(_KEY).splitlines():
        try:
            texts += Patterns([text]).texts
        except KnownError as error:
            _logger.info("a pattern of the library is passed over: %s", error)
    return Patterns(texts)


def set_ignored(library: Library, patterns: Iterable[str]) -> Patterns:
    """Change the patterns of a library; they count from the next scan on.

    Raises:
        KnownError: One is no pattern (``ignore.pattern``).
    """
    checked = Patterns(patterns)
    library.settings.set(_KEY, "\n".join(checked.texts)).result()
    return checked


def skipped(library: Library, folders: Iterable[Path] = ()) -> Skipped:
    """Walk the indexed folders, or these, and tell what is passed over in them now.

    Raises:
        KnownError: A folder is none, or lies in no indexed folder.
    """
    chosen = list(folders)
    places = _indexed(library, chosen) if chosen else all_places(library)
    roots = [place.root for place in all_places(library)]
    ignore = ignored(library)
    counts: Counter[str] = Counter()
    listed: list[PassedOver] = []
    for place in places:
        nested = [root for root in roots if root != place.root and within(root, place.root)]
        found = walk(place.start, skip=nested, ignore=ignore, root=place.root)
        counts.update(found.passed)
        listed += found.listed
    return Skipped(counts, tuple(sorted(listed, key=lambda each: each.path)))


def _indexed(library: Library, folders: list[Path]) -> list[Place]:
    roots = [place.root for place in all_places(library)]
    for folder in folders:
        path = bytes(folder.resolve())
        if not any(within(path, root) for root in roots):
            raise KnownError(
                f"“{folder}” does not lie in an indexed folder.", code="folder.not-indexed"
            )
    return places_of(library, folders)
