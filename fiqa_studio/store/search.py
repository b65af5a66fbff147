"""The text filter: parts of words in path, camera and tags."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, delete, func, insert, select, text
from sqlalchemy.orm import Session

from fiqa_studio.store import planes, rows, words
from fiqa_studio.store.columns import Ids, int_columns
from fiqa_studio.store.schema import PHOTO_SEARCH, Photo

_TRIGRAM = 3
"""Shorter parts are in no index: all texts are looked through."""


def photos_with(connection: Connection, query: str) -> Ids:
    """The photos in whose path, camera or tags all words of a text occur, ascending."""
    found: Ids | None = None
    for word in words.folded(query).split():
        with_word = np.union1d(_in_texts(connection, word), planes.tagged_like(connection, word))
        found = with_word if found is None else np.intersect1d(found, with_word, assume_unique=True)
    return np.empty(0, np.int64) if found is None else found


def refresh(session: Session, photo_ids: Sequence[int]) -> None:
    """Make the text filter see the paths and cameras of photos as they are now."""
    session.flush()
    found = session.execute(
        select(Photo.id, Photo.path_text, Photo.camera).where(rows.ids_in(Photo.id, photo_ids))
    ).all()
    rowid = PHOTO_SEARCH.c.rowid
    session.execute(delete(PHOTO_SEARCH).where(rowid.in_([row[0] for row in found])))
    session.execute(
        insert(PHOTO_SEARCH),
        [{"rowid": key, "words": words.search_text(path, camera)} for key, path, camera in found],
    )


def _in_texts(connection: Connection, word: str) -> Ids:
    statement = select(PHOTO_SEARCH.c.rowid)
    if len(word) < _TRIGRAM:
        statement = statement.where(func.instr(PHOTO_SEARCH.c.words, word) > 0)
    else:
        phrase = '"' + word.replace('"', '""') + '"'
        statement = statement.where(text("photo_search MATCH :phrase").bindparams(phrase=phrase))
    return int_columns(connection, statement.order_by(PHOTO_SEARCH.c.rowid))[0]
