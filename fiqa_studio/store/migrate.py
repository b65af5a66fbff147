"""Bringing a library's schema up to date: Alembic, configured from code.

Alembic is imported only where there is something to do: it is no part of opening a library of
today's version.
"""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from fiqa_studio.store import connections, errors

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def upgrade(path: Path, to: str, *, migrations: Path = MIGRATIONS) -> None:
    """Upgrade the library at ``path`` to revision ``to`` in one transaction, or not at all.

    Foreign keys are off meanwhile (Alembic rebuilds tables, and a cascade would take labels
    with it) and checked before the commit.

    Raises:
        LibraryError: ``library.damaged`` where rows would refer to nothing afterwards, or what
            the disk reports.
    """
    engine = connections.migration_engine(path)
    try:
        with errors.translated(path):
            _upgrade(engine, path, to, migrations)
    finally:
        engine.dispose()


def _upgrade(engine: Engine, path: Path, to: str, migrations: Path) -> None:
    from alembic import command  # noqa: PLC0415  (slow to import, rarely needed)
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    # ConfigParser would interpolate a % in the path.
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            table, row, parent, _ = broken[0]
            raise errors.damaged(
                path, f"Row {row} of {table} refers to nothing in {parent} ({len(broken)} such)"
            )


def back_up(path: Path, revision: str) -> Path:
    """Copy the library to a file beside it and return that; done before each upgrade."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    target = Path(os.fspath(path) + f".backup-{revision}-{stamp}")
    part = Path(os.fspath(target) + ".part")
    try:
        with (
            errors.translated(path),
            closing(connections.connect(path, "ro")) as source,
            closing(connections.connect(part, "rwc")) as copy,
        ):
            source.backup(copy)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target
