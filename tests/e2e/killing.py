"""Kills the marking window at random and looks what its library holds."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from fiqa_studio.store.library import Library

_PATIENCE_S = 90


@dataclass(frozen=True, slots=True)
class Killed:
    """One life of the window.

    Attributes:
        shown: Stars that were seen in full on a photo, by its id; only those of this life.
        lost: Of those, the ones that the library does not hold.
        actions: How many actions the library holds now.
        undone: How many of them take another back.
    """

    shown: dict[int, int]
    lost: dict[int, int]
    actions: int
    undone: int


def mark_and_kill(library: Path, settings: Path, first: int, seed: int) -> Killed:
    """Start the window, let it mark from a row on, kill it at random, open the library again."""
    before = _stars(library)
    chance = random.Random(seed)
    command = [sys.executable, "-m", "tests.e2e.marking_program"]
    with subprocess.Popen(
        [*command, str(library), str(settings), str(first), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        # It must not outlive the test, whatever it does.
        guard = threading.Timer(_PATIENCE_S, child.kill)
        guard.start()
        try:
            shown: dict[int, int] = {}
            wanted = chance.randint(1, 60)
            assert child.stdout is not None
            for line in child.stdout:
                _note(line, before, shown)
                if len(shown) >= wanted:
                    break
            child.kill()
            # What it wrote before it died was shown as well.
            for line in child.stdout:
                _note(line, before, shown)
        finally:
            child.kill()
            guard.cancel()
    held = _stars(library)
    with Library.open(library) as opened:
        actions = opened.marks.actions(1_000_000)
    return Killed(
        shown=shown,
        lost={photo: stars for photo, stars in shown.items() if held.get(photo) != stars},
        actions=len(actions),
        undone=sum(action.undoes is not None for action in actions),
    )


def _note(line: str, before: dict[int, int], shown: dict[int, int]) -> None:
    if not line.endswith("\n"):  # cut off by the kill
        return
    photo, stars = (int(part) for part in line.split())
    if before.get(photo, 0) != stars:
        shown[photo] = stars


def _stars(library: Path) -> dict[int, int]:
    with Library.open(library) as opened:
        count = opened.views.counts().photos
        found = opened.marks.of_photos(list(range(1, count + 1)))
    return {int(photo): marks.stars for photo, marks in found.items()}
