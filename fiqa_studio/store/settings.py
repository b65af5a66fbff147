"""Named values of a library."""

from __future__ import annotations

from concurrent.futures import Future

from sqlalchemy import select
from sqlalchemy.orm import Session

from fiqa_studio.domain.changes import Kind
from fiqa_studio.store.database import Database
from fiqa_studio.store.schema import Setting
from fiqa_studio.store.writer import Transaction


class Settings:
    """Small values that belong to the library, not to the program; text by name."""

    def __init__(self, database: Database):
        self._database = database

    def get(self, key: str, default: str = "") -> str:
        """The value of a setting."""
        with self._database.read() as connection:
            value = connection.scalar(select(Setting.value).where(Setting.key == key))
        return default if value is None else value

    def set(self, key: str, value: str) -> Future[None]:
        """Change a setting."""

        def work(transaction: Transaction) -> None:
            put(transaction.session, key, value)
            transaction.touch(Kind.SETTING, 0)

        return self._database.write(work)


def put(session: Session, key: str, value: str) -> None:
    """Change a setting within a transaction."""
    session.merge(Setting(key=key, value=value))
    session.flush()
