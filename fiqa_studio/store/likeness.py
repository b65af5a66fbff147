"""Faces that look spoilt in the same way: nearest by their degradation embeddings."""

from __future__ import annotations

import numpy as np

from fiqa_studio.store.vectors import Ids, Vectors

MOST = 200
"""Faces that are alike at most, those asked for included."""


def most_alike(vectors: Vectors, scorer_hash: str, faces: Ids) -> Ids | None:
    """The faces whose flaws are most like those of any of some faces, themselves included.

    Likeness is the cosine between degradation embeddings less their mean over the library: what
    all faces have in common says nothing. All embeddings are read, so this takes a second or two
    with a million of them.

    Returns:
        Ascending ids; None where none of ``faces`` has an embedding by this scorer.
    """
    mine, wanted = vectors.embeddings(scorer_hash, faces)
    if not len(mine):
        return None
    ids, every = vectors.embeddings(scorer_hash)
    centre = every.mean(axis=0)
    likeness = (_units(every - centre) @ _units(wanted - centre).T).max(axis=1)
    likeness[np.isin(ids, mine)] = np.inf
    # By likeness, then by id, so that equal libraries give equal answers.
    nearest = np.lexsort((ids, -likeness))[:MOST]
    found: Ids = np.sort(ids[nearest])
    return found


def _units(
    vectors: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = vectors / np.maximum(lengths, 1e-12)
    return units
