"""Making a study of a library's faces, or of a folder of pictures, as a job of the kind "study".

The faces' aligned crops are what raters see; the worker makes them. Faces whose quality the owner
has marked within the bands of the order are gold: clearly good or clearly bad, and not studied.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.hashing import content_hash
from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.photos import FaceId, FaceRow
from fiqa_studio.domain.query import Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.engine.jobs.feed import feed
from fiqa_studio.engine.jobs.job import Job
from fiqa_studio.engine.jobs.kinds import JobKind, Lane, Params
from fiqa_studio.engine.jobs.tools import Tools
from fiqa_studio.engine.link.protocol import (
    Command,
    CropFaces,
    Event,
    FacesCropped,
    WireFaceToScore,
)
from fiqa_studio.engine.link.wire import landmarks_to_wire
from fiqa_studio.engine.questions import target_from_json, target_to_json
from fiqa_studio.exports.items import FaceItem, read_items
from fiqa_studio.store.library import Library
from fiqa_studio.study import file
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.planning import design
from fiqa_studio.study.planning.instructions import default_texts
from fiqa_studio.study.planning.sources import from_folder
from fiqa_studio.study.values import (
    Gold,
    GoldSide,
    Method,
    Part,
    Rules,
    Stimulus,
    StimulusSource,
    Study,
)

_CROPS_AT_ONCE = 64
"""Half a megabyte each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyOrder:
    """A study to make.

    Attributes:
        to: The study file.
        target: Whose faces are rated; None: the pictures of `folder`.
        folder: Pictures to rate as they are; empty where there is a target.
        seed: Of all order; None: a new one.
        gold_from: A face that its owner marked with this quality or a higher one, in [0, 1], is
            clearly good; above 1 none is.
        gold_to: With this or a lower one it is clearly bad; below 0 none is.
        instructions: Titles and texts, in their order; empty: the usual four parts.
    """

    to: Path
    title: str
    target: Target | None = None
    folder: str = ""
    method: Method = Method.SLIDER
    seed: int | None = None
    batch_size: int = 40
    gold_per_batch: int = 5
    repeats_per_batch: int = 5
    raters_wanted: int = 12
    gold_from: float = 0.8
    gold_to: float = 0.2
    instructions: tuple[tuple[str, str], ...] = ()

    @property
    def rules(self) -> Rules:
        """The study's rules; what the order does not name is as usual."""
        return Rules(
            batch_size=self.batch_size,
            gold_per_batch=self.gold_per_batch,
            repeats_per_batch=self.repeats_per_batch,
            raters_wanted=self.raters_wanted,
        )


@dataclass(frozen=True, slots=True)
class StudyPreview:
    """What an order would make.

    Attributes:
        studied: Pictures to rate.
        high: Gold faces that are clearly good.
        low: Clearly bad ones.
        warnings: What is weak about the design.
    """

    studied: int
    high: int
    low: int
    warnings: tuple[str, ...]


def order_to_json(order: StudyOrder) -> dict[str, Any]:
    """An order as JSON values."""
    values = {name: getattr(order, name) for name in _PLAIN}
    return {
        **values,
        "to": os.fspath(order.to.absolute()),
        "what": None if order.target is None else target_to_json(order.target),
        "method": str(order.method),
        "instructions": [list(part) for part in order.instructions],
    }


def order_from_json(values: Mapping[str, Any]) -> StudyOrder:
    """The order that `order_to_json` wrote."""
    what = values["what"]
    return StudyOrder(
        **{name: values[name] for name in _PLAIN},
        to=Path(str(values["to"])),
        target=None if what is None else target_from_json(what),
        method=Method(values["method"]),
        instructions=tuple((str(title), str(text)) for title, text in values["instructions"]),
    )


_PLAIN = (
    "title", "folder", "seed", "batch_size", "gold_per_batch", "repeats_per_batch",
    "raters_wanted", "gold_from", "gold_to",
)  # fmt: skip


def preview(library: Library, order: StudyOrder) -> StudyPreview:
    """What would be made, without making a picture; reads the library.

    Raises:
        KnownError: The folder has no picture, or the query cannot be asked.
    """
    sides: list[GoldSide | None]
    if order.target is None:
        sides = [None] * len(from_folder(Path(order.folder)))
    else:
        ids = library.resolve(order.target, Subject.FACES)
        pages = read_items(library, Subject.FACES, ids)
        sides = [
            _side(order, item.row) for page in pages for item in page if isinstance(item, FaceItem)
        ]
    known = [content_hash(str(number).encode()) for number in range(len(sides))]
    pairs = list(zip(known, sides, strict=True))
    studied = [digest for digest, side in pairs if side is None]
    whole = Study(
        id="", title=order.title, created_at="", seed=0, method=order.method, rules=order.rules,
        stimuli=tuple(Stimulus(hash=digest, name=digest) for digest in known),
        gold=tuple(Gold(digest, side) for digest, side in pairs if side is not None),
    )  # fmt: skip
    size = order.batch_size
    count = -(-len(studied) // size) if order.method is not Method.PAIRS else 1
    batches = tuple(tuple(studied[i::count]) for i in range(count)) if studied else ()
    warned = design.warnings(replace(whole, batches=batches))
    high = sum(side is GoldSide.HIGH for side in sides)
    return StudyPreview(len(studied), high, len(known) - len(studied) - high, warned)


def check_order(order: StudyOrder) -> None:
    """Refuse what cannot be made, before it begins.

    Raises:
        StudyError: ``study.exists``; ``design.method``: what compares with a reference needs a
            list that names it.
    """
    for path in (order.to, file.default_database(order.to)):
        if os.path.lexists(path):
            raise StudyError(
                f"“{display_path(path)}” exists already.",
                remedy="Choose another name; a study is never overwritten.",
                code="study.exists",
            )
    if order.method in {Method.DCR, Method.CCR, Method.ACR_HR, Method.IMPORTED}:
        raise StudyError(
            "This method compares pictures with their originals.",
            remedy="Make it of a list that names them: fiqa study create --list.",
            code="design.method",
        )


def _work(tools: Tools, job: Job, params: Params) -> None:
    order = order_from_json(params)
    check_order(order)
    folder = file.pictures_folder(order.to)
    # Pictures of a run that was killed are used again: they are named by their content.
    ours, made = not folder.exists(), False
    try:
        texts = default_texts(order.method)
        if order.instructions:
            parts = tuple(Part(title, text) for title, text in order.instructions)
            texts = replace(texts, instructions=parts)
        built = design.build(
            _sources(tools, job, order), folder, title=order.title, method=order.method,
            rules=order.rules, texts=texts, seed=order.seed,
            progress=lambda _done: _progress(job),
        )  # fmt: skip
        if not job.cancelled:
            file.create(built.study, order.to)
            made = True
    except StudyError:
        if not job.cancelled:  # else the job says that it was cancelled
            raise
    finally:
        if ours and not made and not job.interrupted:
            shutil.rmtree(folder, ignore_errors=True)
    if made:
        for left in built.left_out:
            job.fail_item(os.fsencode(left.name), KnownError(left.reason, code="study.left-out"))
        count = sum(len(batch) for batch in built.study.batches)
        job.result = f"{count:,} pictures to rate in {display_path(order.to)}"


def _progress(job: Job) -> bool:
    job.advance()
    job.record()
    return not job.cancelled


def _sources(tools: Tools, job: Job, order: StudyOrder) -> Iterator[StimulusSource]:
    if order.target is None:
        found = from_folder(Path(order.folder))
        job.expect(len(found))
        yield from found
        return
    ids = tools.library.resolve(order.target, Subject.FACES)
    job.expect(len(ids))
    seen: dict[bytes, int] = {}
    for page in read_items(tools.library, Subject.FACES, ids):
        faces = [item for item in page if isinstance(item, FaceItem)]
        for start in range(0, len(faces), _CROPS_AT_ONCE):
            part = faces[start : start + _CROPS_AT_ONCE]
            crops = _crops(tools, job, part)
            for item in part:
                if item.row.id not in crops:
                    continue
                seen[item.path] = seen.get(item.path, 0) + 1
                name = display_path(item.path)
                yield StimulusSource(
                    name=name if seen[item.path] == 1 else f"{name}#{seen[item.path]}",
                    picture=crops[item.row.id],
                    gold=_side(order, item.row),
                )


def _side(order: StudyOrder, row: FaceRow) -> GoldSide | None:
    if row.quality is None:
        return None
    if row.quality >= order.gold_from:
        return GoldSide.HIGH
    return GoldSide.LOW if row.quality <= order.gold_to else None


def _crops(tools: Tools, job: Job, faces: Sequence[FaceItem]) -> dict[FaceId, bytes]:
    crops: dict[FaceId, bytes] = {}
    photos: dict[bytes, list[FaceItem]] = {}
    for item in faces:
        photos.setdefault(item.path, []).append(item)

    def command(photo: list[FaceItem]) -> Command:
        landmarks = tools.library.faces.landmarks([item.row.id for item in photo])
        return CropFaces(
            request_id=0,
            path=photo[0].path,
            content_hash=photo[0].row.content_hash,
            faces=[
                WireFaceToScore(face_id, landmarks_to_wire(points))
                for face_id, points in landmarks.items()
            ],
        )

    def done(_photo: list[FaceItem], answer: Event) -> None:
        if not isinstance(answer, FacesCropped):
            raise TypeError(f"the worker answered crops with {type(answer).__name__}")
        crops.update({FaceId(key): picture for key, picture in answer.crops})

    def failed(photo: list[FaceItem], error: KnownError) -> None:
        for item in photo:
            job.fail_item(item.path, error)

    feed(
        job, tools.client, iter(photos.values()), command_of=command, done=done, failed=failed,
        tick=job.record,
    )  # fmt: skip
    return crops


KIND = JobKind(
    name="study",
    lane=Lane.FILES,
    nouns=("picture", "pictures"),
    title=lambda params: f"Make the study {display_path(Path(str(params['to'])).name)}",
    work=_work,
    outcome=lambda job: f"{job.result or 'No study was made'}.",
)
