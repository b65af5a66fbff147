"""Where an export comes from: written beside a table and into a folder.

A JSON object; readers must bear names that they do not know. ``failures`` names at most a thousand
items, ``counts`` all of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.scores import ScorerInfo

NAME = "manifest.json"
VERSION = 1
_FAILURES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a reader of an export must know of it.

    Attributes:
        program: Name and version.
        library: The library's own id; never where it lies.
        format: Of the export.
        subject: ``faces`` or ``photos``.
        query: The question's text; None where things were chosen one by one.
        scorer: Whose scores these are; None without any.
        link: How photos came into the folder; None where there are none.
        made_at: With its zone.
        counts: ``chosen``, ``written``, ``failed``.
        failures: Path and reason of what could not be written.
    """

    program: str
    library: str
    format: str
    subject: str
    query: str | None
    scorer: ScorerInfo | None
    link: str | None
    made_at: datetime
    counts: Mapping[str, int]
    failures: Sequence[tuple[bytes, str]]

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        scorer = self.scorer
        return {
            "fiqa_export": VERSION,
            "program": self.program,
            "made_at": self.made_at.isoformat(timespec="seconds"),
            "library": self.library,
            "format": self.format,
            "subject": self.subject,
            "query": self.query,
            "scorer": None
            if scorer is None
            else {"name": scorer.name, "title": scorer.title, "hash": scorer.hash},
            "link": self.link,
            "counts": dict(self.counts),
            "failures": [
                {"path": display_path(path), "reason": reason}
                for path, reason in self.failures[:_FAILURES]
            ],
        }


def beside(target: Path) -> Path:
    """Where the manifest of a table lies."""
    return target.with_name(f"{target.name}.{NAME}")


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Write it, whole or not at all; raises OSError."""
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8") as stream:
        json.dump(manifest.as_json(), stream, ensure_ascii=False, indent=2)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)
