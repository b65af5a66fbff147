"""What is to be exported, where to and how: one value, and its JSON for a job's parameters."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fiqa_studio.domain.query import Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.engine.questions import target_from_json, target_to_json
from fiqa_studio.exports.registry import ExportFormat, find_format
from fiqa_studio.exports.writer import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOrder:
    """An export to make.

    Attributes:
        format: Name of a format, see `fiqa_studio.exports.registry`.
        target: Which faces or photos. A query is asked when the export begins.
        to: The file, or the folder, that is made.
        link: How photos come into a folder.
    """

    format: str
    target: Target
    to: Path
    link: Link = Link.COPY

    @property
    def known_format(self) -> ExportFormat:
        """The format; raises `KnownError` where there is none of this name."""
        return find_format(self.format)

    @property
    def subject(self) -> Subject:
        """Whether faces or photos are written."""
        return self.known_format.subject or self.target.subject

    @property
    def staging(self) -> Path:
        """Where it is made until it is whole: beside its place, the same in each run."""
        text = json.dumps(order_to_json(self), sort_keys=True)
        token = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
        real = self.to.resolve()
        return real.with_name(f"{real.name[:80]}.{token}.unfinished")


def order_to_json(order: ExportOrder) -> dict[str, Any]:
    """An order as JSON values."""
    return {
        "format": order.format,
        "what": target_to_json(order.target),
        "to": os.fspath(order.to.absolute()),
        "link": str(order.link),
    }


def order_from_json(values: Mapping[str, Any]) -> ExportOrder:
    """The order that `order_to_json` wrote."""
    return ExportOrder(
        format=str(values["format"]),
        target=target_from_json(values["what"]),
        to=Path(str(values["to"])),
        link=Link(values.get("link", Link.COPY)),
    )
