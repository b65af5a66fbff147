"""What follows ``--score`` in ``fiqa index``: a scorer's name, or already the first folder.

``fiqa index --score FOLDER`` must scan that folder, and ``fiqa index --score starter FOLDER`` has
always named a scorer. argparse would take the next word as the scorer in both.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

DEFAULT = "default"


def settle(arguments: Sequence[str], names: Callable[[], Sequence[str]]) -> list[str]:
    """The arguments with every ``--score`` turned into ``--score=SCORER``.

    The next word is taken for a scorer where it bears the name of one, or cannot be a folder: it
    has no ``/`` and nothing of that name is here. So a misspelt scorer is still called unknown,
    and a folder that bears a scorer's name is written ``./starter``.

    Args:
        arguments: Of ``fiqa index``, all of them.
        names: Lists the installed scorers; asked only where the word may be either.
    """
    settled: list[str] = []
    words = iter(arguments)
    for word in words:
        settled.append(word)
        if word == "--":
            return [*settled, *words]
        if not _is_option(word):
            continue
        following = next(words, None)
        if following is not None and not following.startswith("-") and _names(following, names):
            settled[-1] = f"--score={following}"
            continue
        settled[-1] = f"--score={DEFAULT}"
        if following is not None:
            settled += settle([following, *words], names)
            return settled
    return settled


def _is_option(word: str) -> bool:
    """Argparse takes any beginning of an option that leads to one only."""
    return len(word) > len("--") and "--score".startswith(word)


def _names(word: str, names: Callable[[], Sequence[str]]) -> bool:
    if os.sep in word or (os.altsep and os.altsep in word) or word in (os.curdir, os.pardir):
        return False
    return word == DEFAULT or not os.path.lexists(word) or word in names()
