"""Exports as the window and the command line ask for them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.query import Subject
from fiqa_studio.engine.exporting.kind import check_order
from fiqa_studio.engine.exporting.order import ExportOrder, order_to_json
from fiqa_studio.engine.jobs.job import Job
from fiqa_studio.engine.jobs.runner import JobRunner
from fiqa_studio.engine.jobs.tools import Tools
from fiqa_studio.exports.registry import ExportFormat, list_formats
from fiqa_studio.exports.writer import Content, Link

_CROP_BYTES = 430_000
"""A crop's PNG, about: 512 x 512 pixels of photos with some noise in them."""
_ROW_BYTES = 220
"""A table's row, about."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an export would write.

    Attributes:
        count: Faces or photos.
        bytes: How much; of copied photos their sizes at the last scan, else an estimate.
        exact: Whether the bytes are more than an estimate.
        missing: How many photos are not there, as of the last scan.
        free: Bytes free where it is to go; None where that cannot be told.
    """

    count: int
    bytes: int
    exact: bool
    missing: int
    free: int | None

    @property
    def fits(self) -> bool:
        """Whether there is room for it, as far as is known."""
        return self.free is None or self.bytes <= self.free


class Exporting:
    """Previews and starts exports of one library."""

    def __init__(self, tools: Tools, jobs: JobRunner):
        self._tools = tools
        self._jobs = jobs

    def formats(self) -> tuple[ExportFormat, ...]:
        """What there is to choose from."""
        return list_formats()

    def preview(self, order: ExportOrder) -> Preview:
        """What an export would write; reads the library.

        Raises:
            KnownError: The query asks what the library does not know, or no such format.
        """
        library, known = self._tools.library, order.known_format
        ids = library.resolve(order.target, order.subject)
        photos = library.resolve(order.target, Subject.PHOTOS)
        total, missing = library.photos.sizes(photos)
        copied = known.content is Content.PHOTO and order.link is Link.COPY
        estimate = {Content.CROP: _CROP_BYTES, Content.FACTS: _ROW_BYTES, Content.PHOTO: _ROW_BYTES}
        size = total if copied else len(ids) * estimate[known.content]
        return Preview(len(ids), size, copied, missing, _free(order))

    def start(self, order: ExportOrder) -> Job:
        """Begin an export as a job; waits for the library.

        Raises:
            KnownError: It cannot be made: see `check_order`; ``export.no-space``: it would not
                fit; ``export.nothing``: nothing is chosen.
        """
        check_order(self._tools, order)
        preview = self.preview(order)
        if not preview.count:
            raise KnownError(
                "There is nothing to export.",
                remedy="Choose some photos or faces.",
                code="export.nothing",
            )
        if preview.exact and not preview.fits and not order.staging.exists():
            raise KnownError(
                f"There is not enough space for “{display_path(order.to)}”.",
                cause=f"The photos have {preview.bytes:,} bytes; {preview.free or 0:,} are free.",
                remedy="Free some space, choose another place, or make links.",
                code="export.no-space",
            )
        return self._jobs.start("export", order_to_json(order))


def _free(order: ExportOrder) -> int | None:
    try:
        return shutil.disk_usage(order.to.resolve().parent).free
    except OSError:
        return None
