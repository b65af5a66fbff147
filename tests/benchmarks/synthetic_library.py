"""A large library made of nothing, for measurements: rows, scores, marks, pictures, no files.

Use it from a test as ``from tests.benchmarks.synthetic_library import build``, or from a shell:
``python -m tests.benchmarks.synthetic_library big.fiqa --photos 1000000``: a minute or so.

Its thumbnail file has a few dozen pictures and, in place of the two tables, views that give each
photo and face one of them: what is read and decoded is of the usual size, the file is small.
"""

from __future__ import annotations

import argparse
import io
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from sqlalchemy import Connection

from fiqa_studio.domain.photos import PhotoStatus
from fiqa_studio.domain.scores import ScorerInfo
from fiqa_studio.store import planes, thumbs_file, words
from fiqa_studio.store.library import Library
from fiqa_studio.store.schema import TagBlock
from fiqa_studio.store.writer import Transaction

SCORER = ScorerInfo(
    "synthetic", "Synthetic", "5ca1ab1e5ca1ab1e", "Random numbers for measurements.", "classical"
)
TAGS = ("sea", "bride", "group", "rare")
_TAGGED = (0.3, 0.05, 0.01, 0.0001)
_CAMERAS = ("Canon EOS R5", "NIKON Z 6", "Pixel 8", "")
_PICTURES = 48
_AT_ONCE = 20_000
_START = datetime.fromisoformat("2015-01-01")
_NOW = "2024-01-01 00:00:00.000000"


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
    photo in fifty has no time, one in a hundred is missing and as many have failed. A third have
    stars, a tenth a flag or a colour, some have tags. Without ``landmarks`` the faces have no
    mesh, which saves 4 kB each.
    """
    with Library.create(path) as library:
        root = library.roots.add(f"/synthetic/{path.name}").result()
        scorer = library.scores.ensure_scorer(SCORER).result()
        maker = _Maker(photos, int(root), int(scorer), seed)

        def work(transaction: Transaction) -> None:
            connection = transaction.session.connection()
            # Made once over all rows, an index costs a tenth of what it does row by row.
            indexes = _drop_indexes(connection)
            maker.write_rows(connection, landmarks=landmarks)
            for index in indexes:
                connection.exec_driver_sql(index)

        library.write(work).result()
    if thumbnails:
        maker.write_thumbnails(path)
    return path


class _Maker:
    def __init__(self, photos: int, root: int, scorer: int, seed: int):
        random = np.random.default_rng(seed)
        self._random = random
        self._root, self._scorer, self._photos = root, scorer, photos
        self._failed = random.random(photos) < 0.01
        self._missing = random.random(photos) < 0.01
        counts = random.choice([0, 1, 1, 1, 1, 1, 1, 1, 1, 2], photos)
        self._counts = np.where(self._failed, 0, counts)
        self._owner = np.repeat(np.arange(photos), self._counts)
        faces = len(self._owner)
        self._eyes = random.gamma(2.0, 40.0, faces) + 15
        self._open = random.beta(6, 2, faces)
        self._values = random.beta(4, 3, faces)
        self._scored = random.random(faces) < 0.95
        self._largest = np.zeros(photos)
        np.maximum.at(self._largest, self._owner, self._eyes)
        self._sizes = random.integers(500_000, 20_000_000, photos)
        minutes = random.integers(0, 60 * 24 * 365 * 10, photos)
        timeless = random.random(photos) < 0.02
        self._times = [
            None if none else f"{_START + timedelta(minutes=one)}.000000"
            for one, none in zip(minutes.tolist(), timeless.tolist(), strict=True)
        ]
        names = [f"IMG_{number:07d}.jpg" for number in range(photos)]
        self._folders = [f"/synthetic/{number // 500:04d}/" for number in range(photos)]
        self._paths = [folder + name for folder, name in zip(self._folders, names, strict=True)]
        self._names = [words.sort_key(name) for name in names]

    def write_rows(self, connection: Connection, *, landmarks: bool) -> None:
        _bulk(connection, "photo", _PHOTO, self._photo_rows())
        _bulk(connection, "face", _FACE, self._face_rows())
        _bulk(connection, "score", _SCORE, self._score_rows())
        connection.exec_driver_sql(
            "INSERT INTO photo_search (rowid, words)"
            " SELECT id, lower(substr(path_text, length(folder) + 1) || char(10) || camera)"
            " FROM photo"
        )
        self._write_marks(connection)
        if landmarks:
            _bulk(connection, "face_landmarks", ("face_id", "points"), self._landmark_rows())

    def write_thumbnails(self, path: Path) -> None:
        """Two views that look like the tables of thumbnails; what is written there is lost."""
        with closing(sqlite3.connect(thumbs_file.thumbs_path(path))) as connection:
            connection.execute("CREATE TABLE picture (number INTEGER PRIMARY KEY, jpeg BLOB)")
            connection.executemany(
                "INSERT INTO picture VALUES (?, ?)",
                [(number, _picture(number)) for number in range(_PICTURES)],
            )
            for table, count in (("photo", self._photos), ("face", len(self._owner))):
                key = f"{table}_id"
                pictures = f"known_{table} JOIN picture ON number = {key} % {_PICTURES}"
                nothing = f"ON {table} BEGIN SELECT 1; END"
                connection.execute(f"DROP TABLE {table}")
                connection.execute(f"CREATE TABLE known_{table} ({key} INTEGER PRIMARY KEY)")
                connection.execute(
                    f"CREATE VIEW {table} AS SELECT {key}, jpeg, NULL AS crc FROM {pictures}"  # noqa: S608
                )
                connection.execute(f"CREATE TRIGGER no_{table}_in INSTEAD OF INSERT {nothing}")
                connection.execute(f"CREATE TRIGGER no_{table}_out INSTEAD OF DELETE {nothing}")
                connection.executemany(
                    f"INSERT INTO known_{table} VALUES (?)",  # noqa: S608
                    ((number + 1,) for number in range(count)),
                )
            connection.commit()

    def _photo_rows(self) -> Iterable[tuple[Any, ...]]:
        failed = self._failed.tolist()
        return (
            (
                *(number + 1, self._root, self._paths[number].encode(), self._paths[number]),
                *(self._folders[number], self._names[number], size, number),
                *("" if broken else f"{number:032x}", _STATUS[broken], missing, 4000, 3000),
                *("" if broken else "JPEG", self._times[number], _CAMERAS[number % 4], "{}", "[]"),
                *(count, largest or None, "photo.truncated" if broken else ""),
                *("The end of the file is missing." if broken else "", _NOW),
            )
            for number, (size, broken, missing, count, largest) in enumerate(
                zip(
                    self._sizes.tolist(),
                    failed,
                    self._missing.tolist(),
                    self._counts.tolist(),
                    self._largest.tolist(),
                    strict=True,
                )
            )
        )

    def _face_rows(self) -> Iterable[tuple[Any, ...]]:
        first = np.r_[True, self._owner[1:] != self._owner[:-1]]  # two a photo at most
        return (
            (
                *(face + 1, owner + 1, int(not begins), 0, 100.0, 100.0, eyes * 2, eyes * 2.5),
                *(eyes, 0.0, 0.0, 0.0, opened, 0.9, "upscaled" if eyes < 60 else ""),
                *(self._root, missing, count, self._times[owner], self._names[owner]),
            )
            for face, (owner, begins, eyes, opened, missing, count) in enumerate(
                zip(
                    self._owner.tolist(),
                    first.tolist(),
                    self._eyes.tolist(),
                    self._open.tolist(),
                    self._missing[self._owner].tolist(),
                    self._counts[self._owner].tolist(),
                    strict=True,
                )
            )
        )

    def _score_rows(self) -> Iterable[tuple[Any, ...]]:
        chosen = np.flatnonzero(self._scored)
        return (
            (face + 1, self._scorer, owner + 1, 0, value, 0.05, "float32", "cpu", _NOW)
            for face, owner, value in zip(
                chosen.tolist(),
                self._owner[chosen].tolist(),
                self._values[chosen].tolist(),
                strict=True,
            )
        )

    def _landmark_rows(self) -> Iterable[tuple[Any, ...]]:
        points = (self._random.random((478, 2)) * 100).astype("<f4").tobytes()
        return ((face + 1, points) for face in range(len(self._owner)))

    def _write_marks(self, connection: Connection) -> None:
        random, ids = self._random, np.arange(1, self._photos + 1)
        stars = np.where(random.random(self._photos) < 0.33, random.integers(1, 6, len(ids)), 0)
        flags = np.where(random.random(self._photos) < 0.1, random.integers(1, 3, len(ids)), 0)
        colours = np.where(random.random(self._photos) < 0.1, random.integers(1, 6, len(ids)), 0)
        values = (stars | flags << 3 | colours << 5).astype(np.uint8)
        planes.put_marks(connection, ids, values)
        for number, (tag, share) in enumerate(zip(TAGS, _TAGGED, strict=True), 1):
            connection.exec_driver_sql("INSERT INTO tag VALUES (?, ?, ?)", (number, tag, tag))
            tagged = ids[random.random(self._photos) < share]
            if len(tagged):
                planes.put_bits(connection, TagBlock, number, tagged, 1)


_STATUS = (str(PhotoStatus.INDEXED), str(PhotoStatus.FAILED))
_PHOTO = (
    *("id", "root_id", "path", "path_text", "folder", "sort_name", "size", "mtime_ns"),
    *("content_hash", "status", "missing", "width", "height", "format", "taken_at", "camera"),
    *("exif", "notes", "face_count", "largest_face", "failure_code", "failure_message"),
    "recorded_at",
)
_FACE = (
    *("id", "photo_id", "ordinal", "state", "x", "y", "width", "height", "eye_distance", "yaw"),
    *("pitch", "roll", "eyes_open", "confidence", "flags", "root_id", "missing", "photo_faces"),
    *("sort_time", "sort_name"),
)
_SCORE = (
    *("face_id", "scorer_id", "photo_id", "state", "value", "spread", "precision", "device"),
    "scored_at",
)


def _bulk(
    connection: Connection, table: str, columns: tuple[str, ...], found: Iterable[tuple[Any, ...]]
) -> None:
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
    rows: Iterator[tuple[Any, ...]] = iter(found)
    while page := list(islice(rows, _AT_ONCE)):
        connection.exec_driver_sql(statement, page)


def _drop_indexes(connection: Connection) -> list[str]:
    """Drop the indexes of the large tables; returns how to make them again."""
    found = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        " AND tbl_name IN ('photo', 'face', 'score')"
    ).all()
    for name, _ in found:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    return [sql for _, sql in found]


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
