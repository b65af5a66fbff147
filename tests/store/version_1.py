"""A library as the first version of the program made it: for what upgrades must keep."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from fiqa_studio.domain.belongings import APPLICATION_ID
from fiqa_studio.store import connections, migrate

PHOTOS = 6
NAMES = ("one", "Two", "drei", "Stra\u00dfe", "five", "six")
AT = "2024-05-01 12:30:00.000000"

# batch, undoes, kind, value, previous, author, photo, face
_EVENTS = (
    (1, None, "stars", "3", "0", "ann", 1, None),
    (1, None, "stars", "3", "0", "ann", 2, None),
    (1, None, "stars", "3", "0", "ann", 5, None),
    (2, None, "flag", "pick", "", "ann", 1, None),
    (2, None, "colour", "Red", "", "ann", 1, None),
    (2, None, "tag-added", "Se\u0301a", "", "ann", 1, None),
    (2, None, "tag-added", "Sky", "", "ann", 1, None),
    (3, None, "quality", "0.3", "", "bob", None, 1),
    (3, None, "quality", "0.7", "", "bob", None, 2),
    (4, 3, "quality", "", "0.7", "bob", None, 2),
    (4, 3, "quality", "", "0.3", "bob", None, 1),
    (5, 4, "quality", "0.3", "", "bob", None, 1),
    (5, 4, "quality", "0.7", "", "bob", None, 2),
    (6, None, "tag-removed", "Sky", "1", "ann", 1, None),
    (7, None, "stars", "5", "3", "cy", 2, None),
    (7, None, "stars", "4", "5", "cy", 2, None),
    (8, None, "flag", "reject", "", "cy", 6, None),
    (9, 8, "flag", "", "reject", "cy", 6, None),
)


def make(path: Path) -> Path:
    """Six photos with a face each; stars, flags, colours, tags and qualities by three people.

    What holds: photo 1 has 3 stars, pick, red and a tag; photo 2 has 4 stars, photo 5 has 3; the
    qualities of faces 1 and 2 were said, taken back and said again; photo 6 was rejected, and that
    was taken back.
    """
    with closing(connections.connect(path, "rwc")) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    migrate.upgrade(path, "0001")
    with closing(connections.connect(path, "rw")) as connection:
        connection.execute("BEGIN")
        _photos(connection)
        connection.executemany(
            "INSERT INTO label_event"
            " (batch, undoes, kind, value, previous, author, at, photo_id, face_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(*event[:6], AT, *event[6:]) for event in _EVENTS],
        )
        connection.executemany(
            "INSERT INTO photo_label (photo_id, stars, flag, colour) VALUES (?, ?, ?, ?)",
            [(1, 3, "pick", "Red"), (2, 4, "", ""), (5, 3, "", ""), (6, 0, "", "")],
        )
        connection.execute("INSERT INTO photo_tag (photo_id, tag) VALUES (1, 'Se\u0301a')")
        connection.executemany("INSERT INTO face_label VALUES (?, ?)", [(1, 0.3), (2, 0.7)])
        connection.execute("COMMIT")
    return path


def _photos(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO setting VALUES ('library.id', 'of version 1')")
    for key, name in enumerate(NAMES, 1):
        path = f"/photos/{name}.jpg"
        connection.execute(
            "INSERT INTO photo (id, path, path_text, sort_name, size, mtime_ns, content_hash,"
            " status, missing, width, height, format, camera, exif, notes, face_count,"
            " failure_code, failure_message, recorded_at)"
            " VALUES (?, ?, ?, ?, 1, 1, ?, 'indexed', 0, 40, 30, 'JPEG', 'Canon', ?, '[]', 1,"
            " '', '', ?)",
            (key, path.encode(), path, name, f"hash {key}", _EXIF, AT),
        )
        words = f"{path}\nCanon".casefold() + ("\ns\u00e9a" if key == 1 else "")
        connection.execute("INSERT INTO photo_search VALUES (?, ?)", (key, words))
        connection.execute(
            "INSERT INTO face (id, photo_id, ordinal, state, x, y, width, height, eye_distance,"
            " yaw, pitch, roll, eyes_open, confidence, flags, missing, photo_faces, sort_name)"
            " VALUES (?, ?, 0, 0, 1, 1, 9, 9, 5, 0, 0, 0, 1, 1, '', 0, 1, ?)",
            (key, key, name),
        )


_EXIF = (
    '{"lens": "", "exposure_seconds": null, "f_number": null, "iso": null,'
    ' "focal_length_mm": null, "has_gps": false, "orientation": 1}'
)
