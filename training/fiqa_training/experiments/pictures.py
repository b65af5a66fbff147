"""The few drawing helpers that the pictures of the experiments share."""

from __future__ import annotations

from pathlib import Path

import cv2

from fiqa_training.degradations import ByteImage
from fiqa_training.errors import TrainingError


def write_text(
    picture: ByteImage, text: str, place: tuple[int, int], size: float, colour: tuple[int, int, int]
) -> None:
    """Write a line of text into an RGB picture; `place` is the left end of its base line."""
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


def write_picture(picture: ByteImage, target: Path) -> None:
    """Write an RGB picture.

    Raises:
        TrainingError: it could not be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(target), picture[..., ::-1]):
        raise TrainingError(f"{target} could not be written.", "Name a .png or .jpg file.")
