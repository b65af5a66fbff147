"""Whether a library is sound, for the doctor."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fiqa_studio.store import thumbs_file
from fiqa_studio.store.database import Database
from fiqa_studio.store.thumbnails import Thumbnails
from fiqa_studio.store.views import Views

_NAMES = {"photo": "thumbnail", "face": "crop of a face", "score_map": "map"}


def examine(database: Database, thumbnails: Thumbnails) -> dict[str, Any]:
    """Check the whole file and report; JSON values only. Takes seconds on a large library.

    ``ok`` says whether anything is wrong with the library; ``problems`` are sentences from SQLite.
    ``thumbnail_problems`` are of the file beside it, which can be made again.
    """
    with database.read() as connection:
        problems = [
            str(row[0])
            for row in connection.exec_driver_sql("PRAGMA integrity_check")
            if row[0] != "ok"
        ]
        problems += [
            f"row {row[1]} of {row[0]} refers to nothing in {row[2]}"
            for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
        ]
        revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    return {
        "ok": not problems,
        "problems": problems,
        "thumbnail_problems": _of_thumbnails(thumbnails),
        "path": os.fsencode(database.path).decode(errors="replace"),
        "id": database.id,
        "read_only": database.read_only,
        "revision": revision,
        "journal_mode": journal,
        "sqlite": sqlite3.sqlite_version,
        "bytes": _size(database.path),
        "log_bytes": _size(Path(os.fspath(database.path) + "-wal")),
        "thumbnail_bytes": _size(thumbs_file.thumbs_path(database.path)),
        "counts": asdict(Views(database).counts()),
    }


def _of_thumbnails(thumbnails: Thumbnails) -> list[str]:
    found = thumbnails.damage()
    problems = [found.problem] if found.problem else []
    problems += [
        f"Damaged: {len(keys):,} ({_NAMES[table]})." for table, keys in found.spoilt.items()
    ]
    if not found.problem and (lacking := len(thumbnails.lacking())):
        problems.append(f"Photos that lack a thumbnail: {lacking:,}.")
    return problems


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
