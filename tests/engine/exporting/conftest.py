"""A library over real files, and exports of it as jobs, without any worker unless asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fiqa_studio.domain.hashing import content_hash
from fiqa_studio.domain.marks import AddTag, SetFlag, SetQuality, SetStars
from fiqa_studio.domain.marks import Flag as PhotoFlag
from fiqa_studio.domain.opinions import Opinion
from fiqa_studio.domain.paths import path_to_bytes
from fiqa_studio.domain.photos import FaceId
from fiqa_studio.domain.query import Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.engine.exporting.exporting import Exporting
from fiqa_studio.engine.exporting.order import ExportOrder
from fiqa_studio.engine.jobs.job import Job
from fiqa_studio.engine.jobs.runner import JobRunner
from fiqa_studio.engine.jobs.tools import Tools
from fiqa_studio.engine.link.client import WorkerClient, WorkerSettings
from fiqa_studio.engine.questions import query_of, understand_albums
from fiqa_studio.engine.scoring.installed import Scorers
from fiqa_studio.store.library import Library
from fiqa_studio.store.photos import IndexedFile
from tests.store.values import STARTER, make_face, make_photo, make_score

PATIENCE = 120.0


@dataclass
class Album:
    """Photos on the disk and in a library.

    Attributes:
        photos: Their files: two of one name, one whose name is not UTF-8.
        faces: One face each, but for the last, which has two.
    """

    library: Library
    folder: Path
    photos: list[Path]
    faces: list[int]
    exporting: Exporting
    jobs: JobRunner

    def order(self, format_: str, to: Path, query: str = "", **more: object) -> ExportOrder:
        subject = Subject.PHOTOS if format_ in ("list", "photos") else Subject.FACES
        target = Target.all_of(subject, query_of(query, subject))
        values: dict[str, object] = {"format": format_, "target": target, "to": to, **more}
        return ExportOrder(**values)  # type: ignore[arg-type]

    def export(self, format_: str, to: Path, query: str = "", **more: object) -> Job:
        job = self.exporting.start(self.order(format_, to, query, **more))
        job.wait(PATIENCE)
        return job


NAMES = (b"a/IMG_1.JPG", b"b/img_1.jpg", b'b/d\xe4rk, "odd".jpg', b"c/last.png")


def parts_of(library: Library, folder: Path) -> tuple[Exporting, JobRunner]:
    settings = WorkerSettings(log_file=folder / "worker.log")
    tools = Tools(library, WorkerClient(settings), Scorers(), settings)
    jobs = JobRunner(tools)
    return Exporting(tools, jobs), jobs


@pytest.fixture
def album(tmp_path: Path) -> Iterator[Album]:
    folder = tmp_path / "photos"
    library_path = tmp_path / "test.fiqa"
    with Library.create(library_path) as library:
        understand_albums(library)
        root = library.roots.add(str(folder)).result()
        library.scores.ensure_scorer(STARTER).result()
        photos, files = [], []
        for number, name in enumerate(NAMES):
            path = folder / name.decode("utf-8", "surrogateescape")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"photo %d " % number * (1000 + number))
            photos.append(path)
            status = path.stat()
            faces = [make_face(number), *[make_face(9)] * (number == 3)]
            files.append(
                IndexedFile(
                    root,
                    path_to_bytes(path),
                    status.st_size,
                    status.st_mtime_ns,
                    make_photo(content_hash(path.read_bytes()), faces),
                )
            )
        recorded = library.photos.record_many(files).result()
        found = [int(face) for one in recorded for face in one.face_ids]
        library.scores.record(
            STARTER.hash, [(face, make_score(n / 10), None) for n, face in enumerate(found)]
        ).result()
        first, second = (int(one.photo_id) for one in recorded[:2])
        me = {"author": "me", "session": "test"}
        marks = library.marks
        marks.apply([SetStars(5), AddTag("See; groß")], Target.photos([first]), **me).result()
        marks.apply([SetFlag(PhotoFlag.PICK)], Target.photos([first, second]), **me).result()
        marks.apply([SetQuality(0.25)], Target.faces(found[:1]), **me).result()
        opinion = Opinion(FaceId(found[1]), 0.6, 0.5, 0.7, 21, 7, 0.1)
        library.opinions.replace("pilot", [opinion]).result()
        exporting, jobs = parts_of(library, tmp_path)
        yield Album(library, folder, photos, found, exporting, jobs)
        jobs.interrupt()
        assert jobs.join(PATIENCE)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where exports go."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder
