"""The text filter: parts of words in path, camera and tags.

Three places are looked into. Folders and tags are few: their texts are read, and all photos of one
that matches are in. Names and cameras are in an index of all runs of three characters (FTS5); where
it would bring very many photos, and for shorter parts, the texts themselves are looked through.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Integer, Text, column, delete, func, insert, select, table, text
from sqlalchemy.orm import Session

from fiqa_studio.store import planes, rows, words
from fiqa_studio.store.columns import Ids, different_texts, int_columns
from fiqa_studio.store.schema import PHOTO_SEARCH, Photo

Mask = npt.NDArray[np.bool_]
_TRIGRAM = 3
"""Shorter parts are in no index."""
_MANY = 20_000
"""From so many photos on, looking through all texts for all words at once is quicker than the
index, but for one run alone: longer parts are made of several, which have to meet."""
_ROWID = PHOTO_SEARCH.c.rowid
_CONTENT = table("photo_search_content", column("id", Integer), column("c0", Text))
"""The texts as FTS5 keeps them (its manual, "Data structures"): quicker to read than through it."""


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
    folders = different_texts(connection, Photo.folder)
    mask = np.ones(size, np.bool_)
    common: dict[str, Mask] = {}
    for word in dict.fromkeys(map(words.folded, wanted)):
        elsewhere = np.zeros(size, np.bool_)
        for ids in (
            planes.tagged_like(connection, word),
            _in_folders(connection, folders, word, size),
            _across(connection, folders, word),
        ):
            elsewhere[ids[ids < size]] = True
        alone = len(wanted) == 1 and len(word) == _TRIGRAM
        if (found := _indexed(connection, [word], limited=not alone)) is None:
            common[word] = elsewhere
        else:
            elsewhere[found[found < size]] = True
            mask &= elsewhere
    # The rare words first: what is left to look through is less then.
    plain = [word for word, elsewhere in common.items() if not elsewhere.any()]
    if plain:
        mask &= _in_texts(connection, plain, mask)
    for word, elsewhere in common.items():
        if word not in plain:
            mask &= elsewhere | _in_texts(connection, [word], mask & ~elsewhere)
    return mask


def refresh(session: Session, photo_ids: Sequence[int]) -> None:
    """Make the text filter see the names and cameras of photos as they are now."""
    session.flush()
    found = session.execute(
        select(Photo.id, Photo.path_text, Photo.camera).where(rows.ids_in(Photo.id, photo_ids))
    ).all()
    session.execute(delete(PHOTO_SEARCH).where(_ROWID.in_([row[0] for row in found])))
    session.execute(
        insert(PHOTO_SEARCH),
        [{"rowid": key, "words": words.search_text(path, camera)} for key, path, camera in found],
    )


def _in_folders(connection: Connection, folders: Sequence[str], word: str, size: int) -> Ids:
    """The photos in folders in whose path a word occurs."""
    wanted = [folder for folder in folders if word in words.folded(folder)]
    if not wanted:
        return np.empty(0, np.int64)
    if len(wanted) == len(folders):
        return np.arange(1, size)
    return int_columns(connection, select(Photo.id).where(rows.texts_in(Photo.folder, wanted)))[0]


def _across(connection: Connection, folders: Sequence[str], word: str) -> Ids:
    """The photos where a word begins in the folder's path and ends in the name."""
    before, slash, after = word.rpartition("/")
    wanted = [folder for folder in folders if words.folded(folder).endswith(before + slash)]
    if not (slash and after and wanted):
        return np.empty(0, np.int64)
    statement = (
        select(Photo.id)
        .join(_CONTENT, Photo.id == _CONTENT.c.id)
        .where(rows.texts_in(Photo.folder, wanted), func.instr(_CONTENT.c.c0, after) == 1)
    )
    return int_columns(connection, statement)[0]


def _indexed(connection: Connection, folded: Sequence[str], *, limited: bool = True) -> Ids | None:
    """The photos in whose name or camera all of these occur; None where the index is no help."""
    if any(len(word) < _TRIGRAM for word in folded):
        return None
    phrases = " ".join('"' + word.replace('"', '""') + '"' for word in folded)
    match = text("photo_search MATCH :phrases").bindparams(phrases=phrases)
    found = select(_ROWID).where(match).order_by(_ROWID)
    (ids,) = int_columns(connection, found.limit(_MANY) if limited else found)
    return None if limited and len(ids) == _MANY else ids


def _in_texts(connection: Connection, folded: Sequence[str], among: Mask) -> Mask:
    """Of some photos those in whose name or camera all of these occur."""
    mask = np.zeros(len(among), np.bool_)
    left = np.count_nonzero(among)
    ids = _indexed(connection, folded) if left >= _MANY and len(folded) > 1 else None
    if ids is None and left:
        texts = _CONTENT.c.c0
        statement = select(_CONTENT.c.id).where(*(func.instr(texts, word) > 0 for word in folded))
        if left < _MANY:
            statement = statement.where(rows.ids_in(_CONTENT.c.id, np.flatnonzero(among)))
        (ids,) = int_columns(connection, statement)
    if ids is not None:
        mask[ids[ids < len(mask)]] = True
    return mask & among
