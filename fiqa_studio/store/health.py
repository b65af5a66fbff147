"""Whether a library is sound, for the doctor."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fiqa_studio.store.database import Database
from fiqa_studio.store.thumbnails import thumbs_path
from fiqa_studio.store.views import Views


def examine(database: Database) -> dict[str, Any]:
    """Check the whole file and report; JSON values only. Takes seconds on a large library.

    ``ok`` says whether anything is wrong; ``problems`` are sentences from SQLite.
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
        "path": os.fsencode(database.path).decode(errors="replace"),
        "id": database.id,
        "read_only": database.read_only,
        "revision": revision,
        "journal_mode": journal,
        "sqlite": sqlite3.sqlite_version,
        "bytes": _size(database.path),
        "log_bytes": _size(Path(os.fspath(database.path) + "-wal")),
        "thumbnail_bytes": _size(thumbs_path(database.path)),
        "counts": asdict(Views(database).counts()),
    }


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
