"""Which libraries were opened lately, and where a first one goes."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import platformdirs

LIBRARY_SUFFIX = ".fiqa"
_APPLICATION = "fiqa-studio"
_KEPT = 20


def default_library_path() -> Path:
    """Where the library is that is used when none is named."""
    return platformdirs.user_data_path(_APPLICATION, appauthor=False) / f"library{LIBRARY_SUFFIX}"


class RecentLibraries:
    """A list in the user's configuration, newest first. Never fails: it is a convenience."""

    def __init__(self, path: Path | None = None):
        config = platformdirs.user_config_path(_APPLICATION, appauthor=False)
        self._path = path if path is not None else config / "recent-libraries.json"

    def list(self) -> list[Path]:
        """The libraries, the one opened last first; also those that are gone at present."""
        try:
            found = json.loads(self._path.read_text("ascii"))
        except (OSError, ValueError):
            return []
        entries = found.get("libraries") if isinstance(found, dict) else None
        if not isinstance(entries, list):
            return []
        return [Path(entry) for entry in entries if isinstance(entry, str) and "\0" not in entry]

    def add(self, path: str | os.PathLike[str]) -> None:
        """Put a library first."""
        chosen = Path(path).absolute()
        self._save([chosen, *(one for one in self.list() if one != chosen)][:_KEPT])

    def remove(self, path: str | os.PathLike[str]) -> None:
        """Take a library off the list; nothing happens to the file."""
        chosen = Path(path).absolute()
        self._save([one for one in self.list() if one != chosen])

    def _save(self, paths: Sequence[Path]) -> None:
        # ASCII escapes carry the surrogates of names that are not UTF-8.
        text = json.dumps({"libraries": [os.fspath(path) for path in paths]}, indent=1)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", encoding="ascii", dir=self._path.parent, delete=False
            ) as part:
                part.write(text)
            Path(part.name).replace(self._path)
        except OSError:
            return
