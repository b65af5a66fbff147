"""The contact sheet: one face, every kind in a row, severity growing to the right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from fiqa_training.degradations.registry import ByteImage, degrade, kinds
from fiqa_training.errors import TrainingError
from fiqa_training.reading import read_rgb

SEVERITIES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_CELL, _MARGIN = 160, 170


def contact_sheet(face: ByteImage, severities: Sequence[float] = SEVERITIES) -> ByteImage:
    """Draw every registered kind at every severity."""
    every = kinds()
    sheet = np.full((_CELL * len(every), _MARGIN + _CELL * len(severities), 3), 250, dtype=np.uint8)
    for row, kind in enumerate(every):
        top = row * _CELL
        cv2.putText(
            sheet,
            kind.name,
            (6, top + _CELL // 2),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.5,
            (20, 20, 20),
            1,
            cv2.LINE_AA,
        )
        for column, severity in enumerate(severities):
            left = _MARGIN + column * _CELL
            small = cv2.resize(
                degrade(face, kind.name, severity, seed=row),
                (_CELL, _CELL),
                interpolation=cv2.INTER_AREA,
            )
            sheet[top : top + _CELL, left : left + _CELL] = small
    return sheet


def write_contact_sheet(face_path: Path, target: Path) -> None:
    """Write the contact sheet of one face as a picture file."""
    sheet = contact_sheet(read_rgb(face_path))
    target.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(target), sheet[..., ::-1]):
        raise TrainingError(f"{target} could not be written.", "Name a .png or .jpg file.")
