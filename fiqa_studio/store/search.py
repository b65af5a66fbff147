"""The text filter: parts of words in path, camera and tags."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, delete, func, insert, select, text
from sqlalchemy.orm import Session

from fiqa_studio.store import planes, rows, words
from fiqa_studio.store.columns import int_columns
from fiqa_studio.store.schema import PHOTO_SEARCH, Photo

_TRIGRAM = 3
"""Shorter parts are in no index: all texts are looked through."""
_MANY = 60_000
"""From so many photos on, looking through all texts is quicker than the index."""

Mask = npt.NDArray[np.bool_]


def photos_with(connection: Connection, wanted: Sequence[str], size: int) -> Mask:
    """The photos in whose path, camera or tags all of some words occur.

    Args:
        connection: To the library.
        wanted: Words or phrases; any text.
        size: Length of the mask: one more than the highest id of a photo.

    Returns:
        By photo id, whether it is one of them.
    """
    if not all(map(words.storable, wanted)):  # then none of ours has it
        return np.zeros(size, np.bool_)
    folded = [words.folded(word) for word in wanted]
    tagged = [planes.tagged_like(connection, word) for word in folded]
    plain = [word for word, photos in zip(folded, tagged, strict=True) if not len(photos)]
    mask = np.ones(size, np.bool_)
    if plain:
        mask &= _in_texts(connection, plain, size)
    for word, photos in zip(folded, tagged, strict=True):
        if len(photos):  # either in the texts or in a tag
            either = _in_texts(connection, [word], size)
            either[photos[photos < size]] = True
            mask &= either
    return mask


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


def _in_texts(connection: Connection, folded: Sequence[str], size: int) -> Mask:
    """The photos in whose path or camera all of these occur."""
    mask = np.zeros(size, np.bool_)
    rowid, texts = PHOTO_SEARCH.c.rowid, PHOTO_SEARCH.c.words
    through_all = select(rowid).where(*(func.instr(texts, word) > 0 for word in folded))
    indexed = [word for word in folded if len(word) >= _TRIGRAM]
    if indexed:
        phrases = " ".join('"' + word.replace('"', '""') + '"' for word in indexed)
        match = text("photo_search MATCH :phrases").bindparams(phrases=phrases)
        few = select(rowid).where(match).order_by(rowid).limit(_MANY)
        ids = int_columns(connection, few)[0]
        if len(ids) < _MANY:
            if len(indexed) < len(folded):
                among = rows.ids_in(rowid, ids)
                ids = int_columns(connection, through_all.where(among))[0]
            mask[ids[ids < size]] = True
            return mask
    ids = int_columns(connection, through_all)[0]
    mask[ids[ids < size]] = True
    return mask
