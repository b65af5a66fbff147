"""The window is killed in the middle of marking: what was seen in full is kept."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.synthetic_library import build
from tests.e2e.killing import mark_and_kill

_PHOTOS = 1500
_LIVES = 3


def test_every_mark_whose_badge_was_shown_is_kept(tmp_path: Path) -> None:
    library = build(tmp_path / "marked.fiqa", _PHOTOS)
    seen = 0
    for life in range(_LIVES):
        killed = mark_and_kill(library, tmp_path / "window.json", first=life * 200, seed=life)
        assert killed.lost == {}, f"shown and lost in life {life}"
        assert killed.shown, "it was killed before it showed anything"
        assert killed.undone == 0, "Undo took back something of an earlier session"
        seen += len(killed.shown)
    assert killed.actions >= seen
