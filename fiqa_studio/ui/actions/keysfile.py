"""The user's own keys, in one JSON file beside the window's settings.

``{"version": 1, "profile": "darktable", "keys": {"view.loupe": ["E", "Return"]}}``

A damaged file is set aside and the profile's keys count; single entries that make no sense are
left out, said in the log, and the rest counts. A file of a later version is left alone: nothing is
written over it.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any, Final

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.ui.actions.keymap import PROFILES, Bindings
from fiqa_studio.ui.actions.keys import normal

_LOG = logging.getLogger(__name__)
VERSION: Final = 1


class KeysFile:
    """Reads the bindings at the start and writes them when they change.

    Attributes:
        path: The file; it need not exist.
        bindings: What it holds.
        newer: Whether a later version of the program wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.newer = False
        self.bindings = self._read()

    def write(self, bindings: Bindings) -> None:
        """Keep these.

        Raises:
            KnownError: ``keys.newer``, ``keys.unwritable``; what the file held stays.
        """
        if self.newer:
            raise KnownError(
                "Your keys were not changed.",
                cause=f"{self.path} was written by a later version of FIQA Studio.",
                remedy="Rename or remove that file to choose keys with this version.",
                code="keys.newer",
            )
        values = {
            "version": VERSION,
            "profile": bindings.profile,
            "keys": {name: list(keys) for name, keys in sorted(bindings.own.items())},
        }
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(values, file, indent=1, ensure_ascii=False)
            Path(name).replace(self.path)
        except OSError as error:
            raise KnownError(
                "Your keys could not be saved.",
                cause=str(error),
                remedy="Make room, or make the folder writable, and choose them again.",
                code="keys.unwritable",
            ) from error
        self.bindings = bindings

    def _read(self) -> Bindings:
        try:
            values = json.loads(self.path.read_text(encoding="utf-8"))
        except OSError:
            return Bindings()
        except (ValueError, RecursionError) as error:
            _LOG.warning("the file of keys is damaged, the profile's count: %s", error)
            self._set_aside()
            return Bindings()
        version = values.get("version") if isinstance(values, dict) else None
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            _LOG.warning("%s is no file of keys, the profile's count", self.path)
            self._set_aside()
            return Bindings()
        if version > VERSION:
            _LOG.warning("%s is of a later version, the profile's keys count", self.path)
            self.newer = True
            return Bindings()
        return Bindings(_profile(values.get("profile")), _own(values.get("keys")))

    def _set_aside(self) -> None:
        try:
            self.path.replace(self.path.with_suffix(".damaged.json"))
        except OSError as error:
            _LOG.warning("%s could not be set aside: %s", self.path, error)


def _profile(value: Any) -> str:
    if isinstance(value, str) and value in PROFILES:
        return value
    if value is not None:
        _LOG.warning("there is no profile of keys %r", value)
    return Bindings().profile


def _own(value: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for name, keys in value.items():
        if not isinstance(keys, list):
            _LOG.warning("the keys of %s are no list", name)
            continue
        kept = []
        for key in keys:
            try:
                kept.append(normal(key))
            except (ValueError, AttributeError, TypeError):
                _LOG.warning("%r, for %s, is no key", key, name)
        if kept or not keys:  # an empty list means: no key at all
            found[str(name)] = tuple(dict.fromkeys(kept))
    return found
