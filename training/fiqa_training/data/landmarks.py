"""Face mesh landmarks of clean aligned faces, computed once and kept beside the cache.

Degradations never move pixels, so one mesh serves every degraded copy of a face.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fiqa_training.degradations import ByteImage
from fiqa_training.degradations.sheet import read_rgb

POINTS = 478
Landmarks = npt.NDArray[np.float32]
"""(478, 2) float32 pixels (x, y) of the crop; NaN where no face was found."""


def absent_landmarks() -> Landmarks:
    """What stands for a picture without a mesh."""
    return np.full((POINTS, 2), np.nan, np.float32)


@contextmanager
def mesh_finder() -> Iterator[Callable[[ByteImage], Landmarks]]:
    """A warm face mesh: gives (478, 2) landmarks of an aligned crop, in its pixels."""
    # mediapipe takes a second to import; only this function needs it.
    from mediapipe.python.solutions.face_mesh import FaceMesh  # noqa: PLC0415

    with FaceMesh(static_image_mode=True, max_num_faces=1, refine_landmarks=True) as mesh:

        def find(picture: ByteImage) -> Landmarks:
            faces = mesh.process(picture).multi_face_landmarks
            if not faces:
                return absent_landmarks()
            height, width = picture.shape[:2]
            points = [(point.x * width, point.y * height) for point in faces[0].landmark]
            return np.asarray(points, np.float32)

        yield find


def find_landmarks(paths: Sequence[Path], cache: Path | None = None) -> npt.NDArray[np.float32]:
    """(N, 478, 2) landmarks of clean crops in crop pixels.

    Args:
        paths: aligned crops.
        cache: an .npz file's folder to keep the answer in, by the list of names.
    """
    key = hashlib.blake2b("\n".join(map(str, paths)).encode(), digest_size=12).hexdigest()
    stored = cache / f"landmarks-{key}.npy" if cache else None
    if stored and stored.is_file():
        return np.asarray(np.load(stored, allow_pickle=False), np.float32)
    found = np.empty((len(paths), POINTS, 2), np.float32)
    with mesh_finder() as find:
        for index, path in enumerate(paths):
            found[index] = find(read_rgb(path))
    if stored:
        stored.parent.mkdir(parents=True, exist_ok=True)
        with stored.open("wb") as file:
            np.save(file, found)
    return found
