"""The kind of job that exports. Its parameters are an `ExportOrder` as JSON.

Everything is made beside its place and renamed at the end, so nothing half is ever taken for the
whole. A folder that was interrupted goes on with what is in it; a table is written again. What the
user cancels is taken away.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fiqa_studio import __version__
from fiqa_studio.domain.errors import KnownError, PhotoError
from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.photos import FaceId
from fiqa_studio.domain.query import Subject
from fiqa_studio.engine.exporting.order import ExportOrder, order_from_json
from fiqa_studio.engine.jobs.feed import feed
from fiqa_studio.engine.jobs.job import Job
from fiqa_studio.engine.jobs.kinds import JobKind, Lane, Params
from fiqa_studio.engine.jobs.tools import Tools
from fiqa_studio.engine.jobs.words import joined, number
from fiqa_studio.engine.link.protocol import (
    Command,
    CropFaces,
    Event,
    FacesCropped,
    WireFaceToScore,
)
from fiqa_studio.engine.link.wire import landmarks_to_wire
from fiqa_studio.engine.questions import text_of
from fiqa_studio.exports.columns import columns_of
from fiqa_studio.exports.items import FaceItem, Item, read_items
from fiqa_studio.exports.manifest import NAME, Manifest, beside, write_manifest
from fiqa_studio.exports.photos import ExportCancelledError
from fiqa_studio.exports.registry import check_target
from fiqa_studio.exports.writer import Content, Setting, Writer

_FULL = frozenset([errno.ENOSPC, errno.EDQUOT])


def _title(params: Params) -> str:
    order = order_from_json(params)
    return f"Export {display_path(order.to.name)}: {order.known_format.title}"


def _work(tools: Tools, job: Job, params: Params) -> None:
    order = order_from_json(params)
    check_order(tools, order)
    try:
        _Export(tools, job, order).run()
    except OSError as error:
        raise place_failed(order, error) from error


def check_order(tools: Tools, order: ExportOrder) -> None:
    """Refuse an export that cannot be made, before it begins.

    Raises:
        KnownError: See `fiqa_studio.exports.registry.check_target` and ``export.needs``.
    """
    known = order.known_format
    known.load()
    roots = [root.path for root in tools.library.roots.all()]
    check_target(order.to, roots, folder=known.is_folder)


def place_failed(order: ExportOrder, error: OSError) -> KnownError:
    """Why the place of an export cannot be written, and that it can go on."""
    folder = order.known_format.is_folder
    kept = "What was written is kept; the export goes on there." if folder else ""
    if error.errno in _FULL:
        return KnownError(
            f"There is no space left for “{display_path(order.to)}”.",
            cause="The disk is full; the export is not finished.",
            remedy=f"Free some space and resume. {kept}".strip(),
            code="export.disk-full",
        )
    gone = not order.to.parent.is_dir()
    return KnownError(
        f"“{display_path(order.to)}” cannot be written.",
        cause="Its folder is gone; was a disk taken away?"
        if gone
        else f"{error.strerror or type(error).__name__}.",
        remedy=f"{'Bring it back' if gone else 'Mend that'} and resume. {kept}".strip(),
        code="export.gone" if gone else "export.cannot-write",
    )


@dataclass(slots=True, eq=False)
class _Photo:
    """Faces of one photo whose crops are to be made."""

    faces: list[FaceItem]
    content_hash: str


class _Export:
    """One run, on the job's thread."""

    def __init__(self, tools: Tools, job: Job, order: ExportOrder):
        self._tools = tools
        self._job = job
        self._order = order
        self._known = order.known_format
        self._failed: list[tuple[bytes, str]] = []
        self._written = 0

    def run(self) -> None:
        library, order = self._tools.library, self._order
        target = order.target
        self._scorer = target.query.scorer if target.query is not None else ""
        self._job.say("Looking what is to be exported")
        ids = library.resolve(target, order.subject)
        self._job.expect(len(ids))
        columns = columns_of(order.subject, library.opinions.studies())
        setting = Setting(columns, order.link, lambda: self._job.cancelled)
        self._job.say("Writing")
        staging = order.staging
        writer = self._known.load()(staging, setting)
        finished = False
        try:
            self._fill(writer, read_items(library, order.subject, ids, scorer=self._scorer))
            if not self._job.cancelled:
                self._refuse_nothing()
                writer.close()
                finished = True
        except ExportCancelledError:
            pass  # the job says that it was cancelled
        finally:
            if not finished:
                with contextlib.suppress(Exception):
                    writer.abandon()
                self._clear(staging)
        if finished:
            self._put_in_place(staging, len(ids))

    def _refuse_nothing(self) -> None:
        """A folder with nothing in it is no export."""
        if self._failed and not self._written:
            raise KnownError(
                "Nothing could be written.",
                cause=f"Of {display_path(self._failed[0][0])}: {self._failed[0][1]}",
                remedy="The list of failures names all of them.",
                code="export.nothing-written",
            )

    def _clear(self, staging: Path) -> None:
        """A folder is kept for the next run, unless the user wants none or nothing is in it."""
        unwanted = self._job.cancelled and not self._job.interrupted
        with contextlib.suppress(OSError):
            if self._known.is_folder:
                if not unwanted and len(list(staging.iterdir())) > _OURS:
                    return
                shutil.rmtree(staging, ignore_errors=True)
            else:
                staging.unlink(missing_ok=True)

    def _put_in_place(self, staging: Path, chosen: int) -> None:
        check_order(self._tools, self._order)  # something may have come there meanwhile
        real = self._order.to.resolve()
        manifest = self._manifest(chosen)
        if self._known.is_folder:
            write_manifest(manifest, staging / NAME)
            staging.replace(real)
        else:
            if real.exists():
                staging.chmod(real.stat().st_mode & 0o7777)
            write_manifest(manifest, beside(real))
            staging.replace(real)
        _sync_folder(real.parent)
        self._job.counts["written"] = self._written
        self._job.result = f"{number(self._written, self._noun)} in {display_path(self._order.to)}"

    @property
    def _noun(self) -> str:
        return "face" if self._order.subject is Subject.FACES else "photo"

    # --- filling ---------------------------------------------------------------------------

    def _fill(self, writer: Writer, pages: Iterable[list[Item]]) -> None:
        for page in pages:
            if self._known.content is Content.CROP:
                self._put_crops(writer, [item for item in page if isinstance(item, FaceItem)])
                continue
            for item in page:
                if self._job.cancelled:
                    return
                self._put(writer, item)
                self._job.record()

    def _put(self, writer: Writer, item: Item, data: bytes = b"") -> None:
        try:
            writer.put(item, data)
        except PhotoError as error:
            self._fail(item, error)
        else:
            self._written += 1
            self._job.advance()

    def _fail(self, item: Item, error: KnownError) -> None:
        self._failed.append((item.path, str(error)))
        self._job.fail_item(item.path, error)

    def _put_crops(self, writer: Writer, faces: Sequence[FaceItem]) -> None:
        """Crops are made by the worker, a photo at a time; rows keep the order of the list."""
        missing = {item.row.id for item in faces if not writer.done_already(item)}
        crops: dict[FaceId, bytes] = {}
        problems: dict[FaceId, KnownError] = {}

        def done(_photo: _Photo, answer: Event) -> None:
            if not isinstance(answer, FacesCropped):
                raise TypeError(f"the worker answered crops with {type(answer).__name__}")
            crops.update({FaceId(key): picture for key, picture in answer.crops})
            self._job.record()

        def failed(photo: _Photo, error: KnownError) -> None:
            problems.update({item.row.id: error for item in photo.faces})

        # So many at a time that their pictures (half a megabyte each) are never too many.
        for start in range(0, len(faces), _CROPS_AT_ONCE):
            part = faces[start : start + _CROPS_AT_ONCE]
            wanted = [item for item in part if item.row.id in missing]
            feed(
                self._job,
                self._tools.client,
                self._by_photo(wanted),
                command_of=self._command,
                done=done,
                failed=failed,
                tick=self._job.record,
            )
            if self._job.cancelled:
                return
            for item in part:
                problem = problems.pop(item.row.id, None)
                if problem is not None:
                    self._fail(item, problem)
                else:
                    self._put(writer, item, crops.pop(item.row.id, b""))

    def _by_photo(self, faces: Sequence[FaceItem]) -> Iterator[_Photo]:
        photos: dict[bytes, _Photo] = {}
        for item in faces:
            photo = photos.setdefault(item.path, _Photo([], item.row.content_hash))
            photo.faces.append(item)
        yield from photos.values()

    def _command(self, photo: _Photo) -> Command:
        landmarks = self._tools.library.faces.landmarks([item.row.id for item in photo.faces])
        return CropFaces(
            request_id=0,
            path=photo.faces[0].path,
            content_hash=photo.content_hash,
            faces=[
                WireFaceToScore(face_id, landmarks_to_wire(points))
                for face_id, points in landmarks.items()
            ],
        )

    # --- provenance ------------------------------------------------------------------------

    def _manifest(self, chosen: int) -> Manifest:
        library, order = self._tools.library, self._order
        scorers = {scorer.hash: scorer for scorer in library.scores.scorers()}
        query = order.target.query
        return Manifest(
            program=f"FIQA Studio {__version__}",
            library=library.id,
            format=order.format,
            subject=str(order.subject),
            query=None if query is None else text_of(query),
            scorer=scorers.get(self._scorer) if self._scorer else library.scores.active(),
            link=str(order.link) if self._known.content is Content.PHOTO else None,
            made_at=datetime.now(UTC),
            counts={"chosen": chosen, "written": self._written, "failed": len(self._failed)},
            failures=self._failed,
        )


_CROPS_AT_ONCE = 64
_OURS = 2
"""Files in an unfinished folder besides those exported: its table and its notes."""


def _sync_folder(folder: Path) -> None:
    """The new name on the disk as well; not all file systems can, and none needs to."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _outcome(job: Job) -> str:
    return joined(job, [job.result or "Nothing written"])


KIND = JobKind(
    name="export",
    lane=Lane.FILES,
    nouns=("item", "items"),
    title=_title,
    work=_work,
    outcome=_outcome,
)
