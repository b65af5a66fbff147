"""Bringing a study's database up to date: Alembic, configured from code."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def upgrade(connection: Connection, to: str, *, migrations: Path = MIGRATIONS) -> None:
    """Upgrade within the transaction of ``connection``: whole, or not at all."""
    from alembic import command  # noqa: PLC0415  (slow to import, rarely needed)
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    # ConfigParser would interpolate a % in the path.
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def revision(connection: Connection) -> str:
    """The revision of the database; empty where it holds no study."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found or ""
