"""Icons, themes, texts and the starter weights that ship with FIQA Studio."""

from __future__ import annotations

from pathlib import Path


def weights_folder() -> Path:
    """The folder of the shipped checkpoints."""
    return Path(__file__).parent / "weights"
