"""A session over a library and an engine of plain values, with drawn photos."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.changes import Changes
from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.domain.geometry import Box, HeadPose
from fiqa_studio.domain.photos import (
    Exif,
    FaceDetail,
    FaceFlag,
    FaceId,
    FaceRow,
    PhotoDetail,
    PhotoId,
    PhotoRow,
    PhotoStatus,
)
from fiqa_studio.domain.scores import Score, ScoreMaps, ScorerInfo
from fiqa_studio.engine.link.protocol import Rendered
from fiqa_studio.engine.scoring.installed import Interval
from fiqa_studio.store.summary import Summary
from fiqa_studio.ui import features, theme
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.session.settings import Settings
from tests.meshes import mesh_around

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

SCORER = ScorerInfo("starter", "Starter", "0123456789abcdef", "The starter weights.", "dsl-fiqa")
TAKEN = datetime.fromisoformat("2024-07-03T14:22:05")
Pixels = npt.NDArray[np.uint8]


def box_around(landmarks: npt.NDArray[np.float32]) -> Box:
    """The box of a mesh."""
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    return Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))


def encoded(pixels: Pixels, side: int = 256) -> bytes:
    """A JPEG of RGB pixels, at most so large."""
    height, width = pixels.shape[:2]
    image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    small = image.scaled(side, side) if max(width, height) > side else image
    small.save(buffer, "JPEG")
    return bytes(buffer.data().data())


@dataclass
class FakeLibrary:
    """What the viewer reads of a library; each repository is the library itself."""

    details: dict[int, PhotoDetail] = field(default_factory=dict)
    face_details: dict[int, FaceDetail] = field(default_factory=dict)
    map_store: dict[int, ScoreMaps] = field(default_factory=dict)
    images: dict[int, Pixels] = field(default_factory=dict)
    listeners: list[Callable[[Changes], None]] = field(default_factory=list)
    read_only: bool = False
    path: Path = Path("library.fiqa")

    def subscribe(self, callback: Callable[[Changes], None]) -> Callable[[], None]:
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def close(self) -> None:
        self.listeners.clear()

    @property
    def photos(self) -> Any:
        return _Part(detail=self.details.get)

    @property
    def faces(self) -> Any:
        def of_photo(photo_id: int) -> list[FaceDetail]:
            return [f for f in self.face_details.values() if f.row.photo_id == photo_id]

        return _Part(of_photo=of_photo, detail=self.face_details.get)

    @property
    def scores(self) -> Any:
        def get(face_id: int, scorer_hash: str = "") -> Score | None:
            row = self.face_details[face_id].row
            if row.score is None:
                return None
            at = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
            return Score(row.score, row.spread or 0.0, "bfloat16", "cpu", at)

        def maps(face_id: int, scorer_hash: str = "") -> ScoreMaps | None:
            return self.map_store.get(face_id)

        return _Part(
            maps=maps,
            get=get,
            active=lambda: SCORER,
            scorers=lambda: [SCORER],
        )

    @property
    def views(self) -> Any:
        def histogram(query: object, bins: int, faces: bool = True) -> npt.NDArray[np.int64]:
            values = [f.row.score for f in self.face_details.values() if f.row.score is not None]
            return np.histogram(values, bins=bins, range=(0.0, 1.0))[0].astype(np.int64)

        def face_rows(ids: list[int]) -> list[FaceRow]:
            return [self.face_details[i].row for i in ids if i in self.face_details]

        def score_range(scorer: str = "") -> tuple[float, float] | None:
            values = [f.row.score for f in self.face_details.values() if f.row.score is not None]
            return (min(values), max(values)) if values else None

        def summary(_query: object, ids: npt.NDArray[np.int64]) -> Summary:
            rows = face_rows(ids.tolist())
            scores = sorted(row.score for row in rows if row.score is not None)
            flags = Counter(flag for row in rows for flag in row.flags)
            middle = float(np.median(scores)) if scores else None
            size = len(rows)
            return Summary(
                *(size, size, 0, len(scores), tuple(scores), middle, flags),
                *((size, 0, 0, 0, 0, 0), {}, {}, {}),
            )

        return _Part(
            score_histogram=histogram,
            face_rows=face_rows,
            score_range=score_range,
            summary=summary,
        )

    @property
    def thumbnails(self) -> Any:
        def photo(photo_id: int) -> bytes | None:
            return encoded(self.images[photo_id]) if photo_id in self.images else None

        def face(face_id: int) -> bytes | None:
            return photo(self.face_details[face_id].row.photo_id)

        return _Part(photo=photo, face=face)

    def add_photo(self, photo_id: int, pixels: Pixels, **changes: Any) -> None:
        """Know a photo of these pixels; ``changes`` are fields of its row."""
        height, width = pixels.shape[:2]
        row = PhotoRow(
            id=PhotoId(photo_id),
            path=f"/photos/{photo_id}.jpg",
            name=f"{photo_id}.jpg",
            width=width,
            height=height,
            format="JPEG",
            size=123_456,
            content_hash="0" * 32,
            taken_at=TAKEN,
            camera="Canon EOS 1000D",
            status=PhotoStatus.INDEXED,
            missing=False,
            face_count=0,
            best_score=None,
            reason="",
        )
        row = replace(row, **changes)
        exif = Exif(
            taken_at=row.taken_at,
            camera=row.camera,
            lens="EF 50mm f/1.8",
            exposure_seconds=1 / 250,
            f_number=2.8,
            iso=400,
            focal_length_mm=50.0,
        )
        self.details[photo_id] = PhotoDetail(row, row.path.encode(), exif, (), ())
        self.images[photo_id] = pixels

    def add_face(
        self,
        face_id: int,
        photo_id: int,
        landmarks: npt.NDArray[np.float32],
        score: float | None = 0.7,
        flags: frozenset[FaceFlag] = frozenset(),
    ) -> FaceDetail:
        """Know a face of a photo."""
        detail = self.details[photo_id]
        scored = score is not None
        row = FaceRow(
            id=FaceId(face_id),
            photo_id=PhotoId(photo_id),
            path=detail.row.path,
            box=box_around(landmarks),
            eye_distance=40.0,
            score=score,
            spread=0.04 if scored else None,
            scorer=SCORER.name if scored else "",
            scorer_hash=SCORER.hash if scored else "",
            flags=flags,
            taken_at=detail.row.taken_at,
            eyes_open=0.8,
            pose=HeadPose(-12.0, 4.0, 2.0),
            missing=False,
        )
        face = FaceDetail(row, landmarks, 0.93)
        self.face_details[face_id] = face
        self.details[photo_id] = replace(detail, face_ids=(*detail.face_ids, FaceId(face_id)))
        return face


class _Part:
    """A repository of the given functions."""

    def __init__(self, **functions: Callable[..., Any]) -> None:
        self.__dict__.update(functions)


@dataclass
class FakeScorers:
    """Knows intervals by the scorer's hash.

    Attributes:
        asked: Every hash that was asked for.
        answers: While it is clear, who asks must wait.
    """

    intervals: dict[str, Interval] = field(default_factory=dict)
    failing: Exception | None = None
    asked: list[str] = field(default_factory=list)
    answers: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.answers.set()

    def interval_of(self, scorer_hash: str) -> Interval | None:
        self.asked.append(scorer_hash)
        self.answers.wait()
        if self.failing is not None:
            raise self.failing
        return self.intervals.get(scorer_hash)


@dataclass
class FakeEngine:
    """Renders a library's drawn photos; held back while ``holding``.

    Attributes:
        asked: Every request, as (photo id, side) or ("crop", face id).
    """

    library: FakeLibrary
    holding: bool = False
    failing: dict[int, Exception] = field(default_factory=dict)
    asked: list[tuple[Any, int]] = field(default_factory=list)
    scorers: FakeScorers = field(default_factory=FakeScorers)
    held: list[tuple[Future[Rendered], int, int]] = field(default_factory=list)

    def subscribe_jobs(self, _callback: Callable[[Any], None]) -> Callable[[], None]:
        return lambda: None

    def shutdown(self, _timeout: float = 5.0) -> None:
        self.held.clear()
        self.scorers.answers.set()

    def render_photo(self, photo_id: int, max_side: int) -> Future[Rendered]:
        self.asked.append((photo_id, max_side))
        future: Future[Rendered] = Future()
        if self.holding:
            self.held.append((future, photo_id, max_side))
        else:
            self._answer(future, photo_id, max_side)
        return future

    def render_crop(self, face_id: int) -> Future[Rendered]:
        self.asked.append(("crop", face_id))
        future: Future[Rendered] = Future()
        future.set_result(
            Rendered(request_id=0, width=2, height=2, full_width=2, full_height=2, rgb=bytes(12))
        )
        return future

    def release(self, count: int = 1) -> None:
        """Answer the oldest requests held back."""
        for future, photo_id, max_side in self.held[:count]:
            self._answer(future, photo_id, max_side)
        del self.held[:count]

    def _answer(self, future: Future[Rendered], photo_id: int, max_side: int) -> None:
        if photo_id in self.failing:
            future.set_exception(self.failing[photo_id])
            return
        if photo_id not in self.library.images:
            future.set_exception(PhotoError("The file is not there.", code="photo.gone"))
            return
        pixels = self.library.images[photo_id]
        full_height, full_width = pixels.shape[:2]
        step = -(-max(full_width, full_height) // max_side) if max_side else 1
        shrunk = np.ascontiguousarray(pixels[::step, ::step])
        height, width = shrunk.shape[:2]
        future.set_result(
            Rendered(
                request_id=0,
                width=width,
                height=height,
                full_width=full_width,
                full_height=full_height,
                rgb=shrunk.tobytes(),
            )
        )


@pytest.fixture
def grey() -> Pixels:
    """A plain photo of 800 x 600."""
    return np.full((600, 800, 3), 90, dtype=np.uint8)


@pytest.fixture
def library(grey: Pixels) -> FakeLibrary:
    """Photo 1 with three faces, photo 2 with one, photo 3 with none."""
    library = FakeLibrary()
    for photo_id in (1, 2, 3):
        library.add_photo(photo_id, grey)
    for face_id, (x, score) in enumerate([(600.0, 0.9), (400.0, 0.5), (200.0, 0.2)], start=11):
        library.add_face(face_id, 1, mesh_around(x, 300, 40), score)
    library.add_face(21, 2, mesh_around(400, 300, 60), 0.7)
    return library


@pytest.fixture
def engine(library: FakeLibrary) -> FakeEngine:
    return FakeEngine(library)


@pytest.fixture
def face_mesh() -> Callable[..., npt.NDArray[np.float32]]:
    """`mesh_around`."""
    return mesh_around


@pytest.fixture
def session(
    qapp: object, qtbot: QtBot, library: FakeLibrary, engine: FakeEngine, tmp_path: Path
) -> Iterator[Session]:
    theme.manager.apply("dark")
    settings = Settings(tmp_path / "window.json")
    settings.declare(features.registry().settings)
    made = Session(library, engine, settings)  # type: ignore[arg-type]
    yield made
    made.close()
