"""A large library made of nothing, for measurements: rows, scores, small thumbnails, no files.

Use it from a test as ``from tests.benchmarks.synthetic_library import build``, or from a shell:
``python -m tests.benchmarks.synthetic_library big.fiqa --photos 1000000``.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from sqlalchemy import Connection, Table, insert
from sqlalchemy.orm import DeclarativeBase

from fiqa_studio.domain.hashing import content_hash
from fiqa_studio.domain.photos import PhotoStatus
from fiqa_studio.domain.scores import ScorerInfo
from fiqa_studio.store import schema, words
from fiqa_studio.store.library import Library
from fiqa_studio.store.writer import Transaction

SCORER = ScorerInfo(
    "synthetic", "Synthetic", "5ca1ab1e5ca1ab1e", "Random numbers for measurements.", "classical"
)
_CAMERAS = ("Canon EOS R5", "NIKON Z 6", "Pixel 8", "")
_PICTURES = 48
_AT_ONCE = 5000


def build(
    path: Path,
    photos: int = 100_000,
    *,
    thumbnails: bool = True,
    landmarks: bool = False,
    seed: int = 0,
) -> Path:
    """Make a library of so many photos and about as many faces; returns its path.

    One photo in ten has no face and one in ten has two; 95 % of the faces have a score, one
    photo in fifty has no time, one in a hundred is missing and as many have failed. Without
    ``landmarks`` the faces have no mesh, which saves 4 kB each.
    """
    with Library.create(path) as library:
        root = library.roots.add(f"/synthetic/{path.name}").result()
        scorer = library.scores.ensure_scorer(SCORER).result()
        maker = _Maker(photos, int(root), int(scorer), seed)

        def work(transaction: Transaction) -> None:
            connection = transaction.session.connection()
            maker.write_rows(connection, landmarks=landmarks)
            if thumbnails:
                maker.write_thumbnails(connection)

        library.write(work).result()
    return path


class _Maker:
    def __init__(self, photos: int, root: int, scorer: int, seed: int):
        random = np.random.default_rng(seed)
        self._random = random
        self._root, self._scorer, self._photos = root, scorer, photos
        self._failed = random.random(photos) < 0.01
        self._missing = random.random(photos) < 0.01
        self._timeless = random.random(photos) < 0.02
        counts = random.choice([0, 1, 1, 1, 1, 1, 1, 1, 1, 2], photos)
        self._counts = np.where(self._failed, 0, counts)
        self._owner = np.repeat(np.arange(photos), self._counts)
        faces = len(self._owner)
        self._eyes = random.gamma(2.0, 40.0, faces) + 15
        self._values = random.beta(4, 3, faces)
        self._scored = random.random(faces) < 0.95
        largest = np.zeros(photos)
        np.maximum.at(largest, self._owner, self._eyes)
        self._largest = largest
        start = datetime(2015, 1, 1)  # noqa: DTZ001  (cameras write no zone)
        minutes = random.integers(0, 60 * 24 * 365 * 10, photos)
        self._times = [start + timedelta(minutes=int(one)) for one in minutes]

    def write_rows(self, connection: Connection, *, landmarks: bool) -> None:
        _bulk(connection, schema.Photo, self._photo_rows())
        connection.execute(insert(schema.PHOTO_SEARCH), list(self._search_rows()))
        _bulk(connection, schema.Face, self._face_rows())
        _bulk(connection, schema.Score, self._score_rows())
        if landmarks:
            _bulk(connection, schema.FaceLandmarks, self._landmark_rows())

    def write_thumbnails(self, connection: Connection) -> None:
        pictures = [_picture(number) for number in range(_PICTURES)]
        for table, count in (("photo", self._photos), ("face", len(self._owner))):
            statement = f"INSERT INTO thumbs.{table} ({table}_id, jpeg) VALUES (?, ?)"  # noqa: S608
            for start in range(0, count, _AT_ONCE):
                numbers = range(start, min(start + _AT_ONCE, count))
                connection.exec_driver_sql(
                    statement, [(one + 1, pictures[one % _PICTURES]) for one in numbers]
                )

    def _path(self, number: int) -> str:
        return f"/synthetic/{number // 500:04d}/IMG_{number:06d}.jpg"

    def _name(self, number: int) -> str:
        return words.sort_key(f"IMG_{number:06d}.jpg")

    def _time(self, number: int) -> datetime | None:
        return None if self._timeless[number] else self._times[number]

    def _photo_rows(self) -> Iterator[dict[str, Any]]:
        now = datetime.now(UTC)
        for number in range(self._photos):
            path = self._path(number)
            failed = bool(self._failed[number])
            yield {
                "id": number + 1,
                "root_id": self._root,
                "path": path.encode(),
                "path_text": path,
                "folder": path.rpartition("/")[0] + "/",
                "sort_name": self._name(number),
                "size": 1_000_000 + number,
                "mtime_ns": number,
                "content_hash": "" if failed else content_hash(path.encode()),
                "status": PhotoStatus.FAILED if failed else PhotoStatus.INDEXED,
                "missing": bool(self._missing[number]),
                "width": 4000,
                "height": 3000,
                "format": "" if failed else "JPEG",
                "taken_at": self._time(number),
                "camera": _CAMERAS[number % len(_CAMERAS)],
                "exif": "{}",
                "notes": "[]",
                "face_count": int(self._counts[number]),
                "largest_face": float(self._largest[number]) or None,
                "failure_code": "photo.truncated" if failed else "",
                "failure_message": "The end of the file is missing." if failed else "",
                "recorded_at": now,
            }

    def _search_rows(self) -> Iterator[dict[str, Any]]:
        for number in range(self._photos):
            camera = _CAMERAS[number % len(_CAMERAS)]
            yield {
                "rowid": number + 1,
                "words": words.search_text(self._path(number), camera),
            }

    def _face_rows(self) -> Iterator[dict[str, Any]]:
        previous, ordinal = -1, 0
        for face, owner in enumerate(self._owner.tolist()):
            ordinal = ordinal + 1 if owner == previous else 0
            previous = owner
            eyes = float(self._eyes[face])
            yield {
                "id": face + 1,
                "photo_id": owner + 1,
                "ordinal": ordinal,
                "state": 0,
                "x": 100.0,
                "y": 100.0,
                "width": eyes * 2,
                "height": eyes * 2.5,
                "eye_distance": eyes,
                "yaw": 0.0,
                "pitch": 0.0,
                "roll": 0.0,
                "eyes_open": 0.9,
                "confidence": 0.9,
                "flags": "upscaled" if eyes < 60 else "",
                "root_id": self._root,
                "missing": bool(self._missing[owner]),
                "photo_faces": int(self._counts[owner]),
                "sort_time": self._time(owner),
                "sort_name": self._name(owner),
            }

    def _score_rows(self) -> Iterator[dict[str, Any]]:
        now = datetime.now(UTC)
        for face in np.flatnonzero(self._scored).tolist():
            yield {
                "face_id": face + 1,
                "scorer_id": self._scorer,
                "photo_id": int(self._owner[face]) + 1,
                "state": 0,
                "value": float(self._values[face]),
                "spread": 0.05,
                "precision": "float32",
                "device": "cpu",
                "scored_at": now,
            }

    def _landmark_rows(self) -> Iterator[dict[str, Any]]:
        points = (self._random.random((478, 2)) * 100).astype("<f4").tobytes()
        for face in range(len(self._owner)):
            yield {"face_id": face + 1, "points": points}


def _bulk(
    connection: Connection, model: type[DeclarativeBase], found: Iterator[dict[str, Any]]
) -> None:
    table = model.__table__
    assert isinstance(table, Table)
    waiting: list[dict[str, Any]] = []
    for row in found:
        waiting.append(row)
        if len(waiting) == _AT_ONCE:
            connection.execute(insert(table), waiting)
            waiting = []
    if waiting:
        connection.execute(insert(table), waiting)


def _picture(number: int) -> bytes:
    image = Image.new("RGB", (256, 256), (40 + number * 4, 90, 230 - number * 4))
    draw = ImageDraw.Draw(image)
    draw.ellipse((64, 40, 192, 216), fill=(225, 180 - number, 150))
    draw.text((110, 120), str(number), fill=(0, 0, 0))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=70)
    return buffer.getvalue()


def main() -> None:
    """Make one from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--landmarks", action="store_true")
    options = parser.parse_args()
    made = build(options.library, options.photos, landmarks=options.landmarks)
    sys.stdout.write(f"{made}\n")


if __name__ == "__main__":
    main()
