"""The user's choices about the window, kept between runs in one JSON file.

JSON, not the platform's registry: readable, and a damaged file is simply set aside.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

_LOG = logging.getLogger(__name__)

DEFAULTS: Mapping[str, Any] = {
    "theme": "dark",
    "view": "faces",
    "sort": "score",
    "descending": True,
    "geometry": "",
    "columns": [232, 900, 300],
    "rows": [760, 170],
    "last-library": "",
}
"""Choices that belong to no feature, with their defaults; features declare theirs."""


class Settings:
    """Choices by name; a value of another type than its default is ignored.

    The type of a default is the type of the choice. Values that nobody declared are kept in the
    file: they may be those of a feature that is not here today.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._defaults: dict[str, Any] = dict(DEFAULTS)
        self.path = path or user_config_path("fiqa-studio", appauthor=False) / "window.json"
        self._values: dict[str, Any] = _read(self.path)
        self._dirty = False

    def declare(self, defaults: Mapping[str, Any]) -> None:
        """Know these choices, too."""
        self._defaults.update(defaults)

    def __getitem__(self, name: str) -> Any:
        """The user's choice, or the default. Raises `KeyError` for an unknown name."""
        default = self._defaults[name]
        value = self._values.get(name, default)
        return value if _same_kind(value, default) else default

    def __setitem__(self, name: str, value: Any) -> None:
        """Remember a choice; `save` writes it. Raises `KeyError`, `TypeError`."""
        if not _same_kind(value, self._defaults[name]):
            raise TypeError(f"{name} cannot be {value!r}")
        if self[name] != value:
            self._values[name] = value
            self._dirty = True

    def save(self) -> None:
        """Write the file if anything changed. A disk that refuses is logged, not fatal."""
        if not self._dirty:
            return
        try:
            _write(self.path, self._values)
        except OSError as error:
            _LOG.warning("the window's settings could not be saved: %s", error)
        else:
            self._dirty = False


def _same_kind(value: object, default: object) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, list):
        return (
            isinstance(value, list)
            and len(value) == len(default)
            and all(isinstance(part, int) and part >= 0 for part in value)
        )
    if isinstance(default, float):
        return isinstance(value, float | int)
    return isinstance(value, type(default))


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        _LOG.info("the window starts with its defaults: %s", error)
        return {}
    except ValueError as error:
        _LOG.warning("the window's settings are damaged and start anew: %s", error)
        _set_aside(path)
        return {}
    return values if isinstance(values, dict) else {}


def _set_aside(path: Path) -> None:
    try:
        path.replace(path.with_suffix(".damaged.json"))
    except OSError as error:
        _LOG.warning("%s could not be set aside: %s", path, error)


def _write(path: Path, values: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(values, file, indent=1, sort_keys=True)
    Path(name).replace(path)
