"""The one way to read a picture from a file.

This package knows OpenCV's decoder: upright, but of few formats, and without colour profiles. The
application has a better one, which this package may not import; where it runs a command of this
package it hands its own in (`reading_by`), so that a labelled photo has the same pixels as the same
photo in a library.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_training.errors import TrainingError

Picture = npt.NDArray[np.uint8]
Read = Callable[[Path], Picture]
"""A file's picture (H, W, 3) uint8 sRGB, upright. It raises `TrainingError` where there is none."""


def read_by_opencv(path: Path) -> Picture:
    """Read a picture with OpenCV.

    Raises:
        TrainingError: the file is missing or no decoder knows it.
    """
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror}.") from error
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if picture is None:
        raise TrainingError(f"{path} is not a picture that OpenCV can read.")
    return np.ascontiguousarray(np.asarray(picture, np.uint8)[..., ::-1])


_readers: list[Read] = [read_by_opencv]


def read_rgb(path: Path) -> Picture:
    """Read a picture as (H, W, 3) uint8 RGB, upright, by the decoder at hand.

    Raises:
        TrainingError: the file is missing or no decoder knows it.
    """
    return _readers[-1](path)


@contextlib.contextmanager
def reading_by(read: Read) -> Iterator[None]:
    """For the time of a command, read pictures by another decoder."""
    _readers.append(read)
    try:
        yield
    finally:
        _readers.remove(read)
