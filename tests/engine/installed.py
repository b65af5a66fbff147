"""Scorers in the user's folder of models, as an import would leave them; their tensors are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

INTERVAL = {
    "coverage": 0.9,
    "edges": [0.4],
    "half_widths": [0.05, 0.11],
    "calibrated_on": "227 rated photos",
}


def own_models() -> Path:
    """The folder, in this test's home."""
    folder = user_data_path("fiqa-studio", appauthor=False) / "models"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def install(name: str, *, whole: bool = True, **changes: Any) -> Path:
    """Put a scorer there; ``changes`` are fields of its manifest. Returns its tensor file."""
    path = own_models() / f"{name}.safetensors"
    if whole:
        path.write_bytes(b"tensors of " + name.encode())
    manifest = {
        "name": name,
        "title": f"DSL-FIQA ({name})",
        "summary": "For tests.",
        "network": {"name": "paper"},
        "weights": name,
        "landmark_scheme": "mesh468",
        "provenance": {"dataset": "GFIQA-20k", "date": "2026-11-22", "source": "a test"},
        "figures": {"srcc": 0.9},
    }
    path.with_suffix(".json").write_text(json.dumps(manifest | changes))
    return path
