"""A real library with drawn photos, a session over it, and no Qt warning left unseen."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest
from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.geometry import Box, HeadPose
from fiqa_studio.domain.hashing import content_hash
from fiqa_studio.domain.jobs import JobProgress, JobRecord, JobState
from fiqa_studio.domain.photos import Exif, FaceFlag, FoundFace, IndexedPhoto, JobId
from fiqa_studio.domain.scores import Score, ScorerInfo
from fiqa_studio.engine.albums import Albums
from fiqa_studio.engine.failures import Failures
from fiqa_studio.engine.marking import Marking
from fiqa_studio.engine.scoring.activation import Activation
from fiqa_studio.engine.scoring.installed import Scorers
from fiqa_studio.store.library import Library
from fiqa_studio.ui import features, theme
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.session.settings import Settings
from fiqa_studio.ui.shell.window import MainWindow
from tests.ui.patience import PatientBot

SCORER = ScorerInfo("starter", "Starter", "0123456789abcdef", "A small network.", "dsl-fiqa")
PHOTOS = 60

_HARMLESS = ("This plugin does not support propagateSizeHints()",)


@pytest.fixture
def qtbot(qapp: object, request: pytest.FixtureRequest) -> QtBot:
    """Waits as long as a busy machine needs."""
    return PatientBot(request)


@pytest.fixture(autouse=True)
def _no_qt_warnings(qtlog: Any) -> Iterator[None]:
    """A warning from Qt fails the test."""
    yield
    stray = [r.message for r in qtlog.records if r.message.strip() not in _HARMLESS]
    assert not stray, f"Qt warned: {stray}"


@pytest.fixture(autouse=True)
def _dark(qapp: object) -> None:
    theme.manager.apply("dark")


def jpeg(hue: int, width: int = 64, height: int = 64) -> bytes:
    """A plain picture of one colour."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor.fromHsv(hue % 360, 160, 200))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "JPEG")
    return bytes(buffer.data().data())


def face(eye_distance: float = 60.0, flags: Sequence[FaceFlag] = ()) -> FoundFace:
    """A face of no one."""
    return FoundFace(
        box=Box(10, 10, eye_distance * 2, eye_distance * 2.5),
        landmarks=np.zeros((478, 2), np.float32),
        eye_distance=eye_distance,
        pose=HeadPose(0, 0, 0),
        eyes_open=0.9,
        confidence=0.95,
        flags=frozenset(flags),
    )


def add_photo(library: Library, root: int, number: int, faces: int = 1) -> tuple[int, list[int]]:
    """Index one photo; its id and those of its faces."""
    photo = IndexedPhoto(
        content_hash=content_hash(f"{number}".encode()),
        width=4000,
        height=3000,
        format="JPEG",
        exif=Exif(taken_at=datetime(2024, 1, 1 + number % 28, 12, 0), camera="Pixel 8"),  # noqa: DTZ001 - cameras write no zone
        faces=tuple(face(30.0 + number) for _ in range(faces)),
        thumbnail=jpeg(number * 7, 96, 64),
        face_thumbnails=tuple(jpeg(number * 7) for _ in range(faces)),
    )
    path = f"/photos/day {number % 3}/IMG_{number:04d}.jpg".encode()
    done = library.photos.record_indexed(root, path, 1000 + number, number, photo).result()
    return int(done.photo_id), [int(one) for one in done.face_ids]


def score_faces(library: Library, scores: dict[int, float]) -> None:
    """Give faces a score."""
    now = datetime(2024, 6, 1, tzinfo=UTC)
    rows = [(key, Score(value, 0.05, "float32", "cpu", now), None) for key, value in scores.items()]
    library.scores.record(SCORER.hash, rows).result()


@pytest.fixture
def empty_library(tmp_path: Path) -> Iterator[Library]:
    """A library without anything in it."""
    with Library.create(tmp_path / "test.fiqa") as library:
        yield library


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty photos: every sixth without a face, every fifth with two; scores rise with number.

    Made once and copied for each test, since its writes take seconds.
    """
    path = tmp_path_factory.mktemp("sample") / "test.fiqa"
    with Library.create(path) as library:
        root = library.roots.add("/photos").result()
        library.scores.ensure_scorer(SCORER).result()
        scores = {}
        for number in range(PHOTOS):
            count = 0 if number % 6 == 5 else 2 if number % 5 == 0 else 1
            _, faces = add_photo(library, root, number, count)
            scores.update(dict.fromkeys(faces, number / PHOTOS))
        score_faces(library, scores)
    return path


@pytest.fixture
def library(sample: Path, tmp_path: Path) -> Iterator[Library]:
    """A copy of the sample of one's own."""
    for file in sample.parent.iterdir():
        shutil.copy(file, tmp_path)
    with Library.open(tmp_path / sample.name) as library:
        yield library


class RecordingRunner:
    """Where jobs would run: there are none."""

    def progress(self) -> list[JobProgress]:
        return []

    def unfinished(self, _limit: int = 50) -> list[JobRecord]:
        return []


class RecordingEngine:
    """Stands where jobs would run for minutes: notes what was asked, and plays progress."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.listeners: list[Callable[[JobProgress], None]] = []
        self.problem: KnownError | None = None
        self.stopped = False
        self.scorers = Scorers()
        self.jobs = RecordingRunner()

    def over(self, library: Library) -> None:
        """What needs no process is the engine's own."""
        self.failures = Failures(library)
        self.marking = Marking(library)
        self.albums = Albums(library)
        self.activation = Activation(library, self.scorers)

    def subscribe_jobs(self, callback: Callable[[JobProgress], None]) -> Callable[[], None]:
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def start_index(self, folders: Sequence[Path], *, score_with: str = "") -> None:
        if self.problem is not None:
            raise self.problem
        self.calls.append(("index", (list(folders), score_with)))

    def rescan(self, *, score_with: str = "") -> None:
        self.calls.append(("rescan", score_with))

    def start_score(self, scorer: str = "") -> None:
        self.calls.append(("score", scorer))

    def render_photo(self, *_: int) -> Any:
        raise KnownError("The file is no longer there.", code="photo.gone")

    render_crop = render_photo

    def shutdown(self, _timeout: float) -> None:
        self.stopped = True

    def play(self, state: JobState = JobState.RUNNING, done: int = 3, total: int = 10) -> None:
        """Tell of a job, as the engine's threads do."""
        progress = JobProgress(
            JobId(1), "index", state, "Index Holidays", total, done, 0, 5.0, 130.0
        )
        for listener in list(self.listeners):
            listener(progress)


@pytest.fixture
def engine() -> RecordingEngine:
    """An engine that starts no process."""
    return RecordingEngine()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Choices in a file of their own."""
    settings = Settings(tmp_path / "window.json")
    settings.declare(features.registry().settings)
    return settings


def open_session(library: Library, engine: RecordingEngine, settings: Settings) -> Session:
    """A session as the application makes it."""
    engine.over(library)
    return Session(library, engine, settings)  # type: ignore[arg-type]  # stands in for an engine


@pytest.fixture
def session(
    qapp: object, library: Library, engine: RecordingEngine, settings: Settings
) -> Iterator[Session]:
    """A session over the library of sixty photos."""
    session = open_session(library, engine, settings)
    yield session
    session.close()


@pytest.fixture
def window(qtbot: QtBot, session: Session) -> Iterator[MainWindow]:
    """The window with that session, shown, with its first list."""
    yield from show_window(qtbot, session)


def show_window(qtbot: QtBot, session: Session) -> Iterator[MainWindow]:
    """Show a window, wait for its first list, and take it down again."""
    window = MainWindow(session.settings, features.registry())
    window.resize(1280, 800)
    window.show()
    window.attach(session)
    qtbot.waitUntil(lambda: session.overview.counts is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not session.listing.loading, timeout=20_000)
    yield window
    window.detach()
    window.close()
    window.deleteLater()
    qtbot.wait(1)
