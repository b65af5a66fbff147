"""Values to put into a library under test."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import text

from fiqa_studio.domain.geometry import Box, HeadPose
from fiqa_studio.domain.hashing import content_hash as hash_of
from fiqa_studio.domain.marks import Mark, Outcome, SetQuality
from fiqa_studio.domain.paths import path_to_bytes
from fiqa_studio.domain.photos import Exif, FaceFlag, FoundFace, IndexedPhoto
from fiqa_studio.domain.scores import Score, ScoreMaps, ScorerInfo
from fiqa_studio.domain.target import Target
from fiqa_studio.store.library import Library
from fiqa_studio.store.photos import IndexedFile, Recorded
from fiqa_studio.store.writer import Transaction

STARTER = ScorerInfo("starter", "Starter", "0123456789abcdef", "A small network.", "dsl-fiqa")
SHARPNESS = ScorerInfo("sharpness", "Sharpness", "fedcba9876543210", "Edges.", "classical")


def make_face(seed: int = 0, eye_distance: float = 60.0) -> FoundFace:
    random = np.random.default_rng(seed)
    return FoundFace(
        box=Box(10.0 + seed, 20.0, 100.0, 120.0),
        landmarks=random.random((478, 2), np.float32) * 100,
        eye_distance=eye_distance,
        pose=HeadPose(1.0, -2.0, 3.0),
        eyes_open=0.8,
        confidence=0.9,
        flags=frozenset({FaceFlag.UPSCALED}),
    )


def make_photo(
    content: str,
    faces: Sequence[FoundFace] = (),
    *,
    taken_at: datetime | None = None,
    camera: str = "",
) -> IndexedPhoto:
    return IndexedPhoto(
        content_hash=content,
        width=4000,
        height=3000,
        format="JPEG",
        exif=Exif(taken_at=taken_at, camera=camera, iso=200, lens="50mm"),
        faces=tuple(faces),
        thumbnail=b"jpeg of " + content.encode(),
        face_thumbnails=tuple(f"crop of {content} {face.box.x}".encode() for face in faces),
        notes=("a note",),
    )


def mark(library: Library, photos: int | Sequence[int], *marks: Mark, by: str = "me") -> Outcome:
    """Apply marks to photos, as one action."""
    target = Target.photos([photos] if isinstance(photos, int) else photos)
    return library.marks.apply(marks, target, author=by, session="test").result()


def judge(library: Library, face: int, quality: float | None) -> Outcome:
    """Say what the quality of a face is."""
    target = Target.faces([face])
    return library.marks.apply([SetQuality(quality)], target, author="me", session="test").result()


def many_photos(library: Library, count: int) -> range:
    """Photos without faces, by one statement; their ids."""

    def work(transaction: Transaction) -> None:
        transaction.session.execute(
            text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
                " INSERT INTO photo (path, path_text, sort_name, size, mtime_ns, content_hash,"
                " status, missing, width, height, format, camera, exif, notes, face_count,"
                " failure_code, failure_message, recorded_at) SELECT CAST(i AS BLOB), i, i, 1, 1,"
                " i, 'indexed', 0, 1, 1, '', '', '{}', '[]', 0, '', '', '2024-01-01' FROM n"
            ),
            {"count": count},
        )

    library.write(work).result()
    return range(1, count + 1)


def make_score(value: float, spread: float = 0.05) -> Score:
    return Score(value, spread, "float32", "cpu", datetime(2024, 1, 1, tzinfo=UTC))


def make_maps(value: float) -> ScoreMaps:
    one = np.full((16, 12), value, np.float16)
    return ScoreMaps(one, one / 2)


class Folder:
    """A folder of real files whose bytes are their content, indexed as the engine would."""

    def __init__(self, library: Library, path: Path):
        path.mkdir(exist_ok=True)
        self.library = library
        self.path = path
        self.root = library.roots.add(path).result()

    def put(self, name: str, content: str) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file

    def file(self, name: str, faces: Sequence[FoundFace] | None = None) -> IndexedFile:
        """What the worker would answer for a file: a face whose mesh depends on the bytes."""
        file = self.path / name
        data = file.read_bytes()
        if faces is None:
            faces = [make_face(sum(data))]
        found = file.stat()
        return IndexedFile(
            self.root,
            path_to_bytes(file),
            found.st_size,
            found.st_mtime_ns,
            make_photo(hash_of(data), faces),
        )

    def index(self, *names: str) -> list[Recorded]:
        return self.library.photos.record_many([self.file(name) for name in names]).result()
