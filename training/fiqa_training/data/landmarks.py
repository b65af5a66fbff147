"""Face mesh landmarks of clean aligned faces, computed once and kept beside the cache.

Degradations never move pixels, so one mesh serves every degraded copy of a face.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fiqa_training.degradations import ByteImage
from fiqa_training.reading import read_rgb

POINTS = 478
Landmarks = npt.NDArray[np.float32]
"""(478, 2) float32 pixels (x, y) of the crop; NaN where no face was found."""


def absent_landmarks() -> Landmarks:
    """What stands for a picture without a mesh."""
    return np.full((POINTS, 2), np.nan, np.float32)


def usual_landmarks() -> Landmarks:
    """Where an aligned crop usually has them: means over 200 training faces.

    For crops that are said to be aligned and in which no mesh is found, as where they are bad.
    """
    stored = resources.files("fiqa_training.data").joinpath("usual_mesh.npy")
    with resources.as_file(stored) as path:
        return np.asarray(np.load(path, allow_pickle=False), np.float32)


@contextmanager
def mesh_finder() -> Iterator[Callable[[ByteImage], Landmarks]]:
    """A warm face mesh: gives (478, 2) landmarks of an aligned crop, in its pixels."""
    # It imports matplotlib, which in a new home warns that building a font cache takes long.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
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
