"""``fiqa evaluate``: a scorer against people's ratings, with our decoder and face finder.

A process of its own, since it loads torch and mediapipe: ``python -m
fiqa_studio.engine.worker.evaluate``. What it computes is `fiqa_training.evaluation.labelled_set`;
this module adds how a picture is read, and the largest face of a photo, found and cropped exactly
as the index does.

Exit status: 0 done, 2 wrong usage, 3 an error with a message.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.engine.worker.training import decoded
from fiqa_studio.vision.faces import FaceFinder
from fiqa_studio.vision.index import index_photo
from fiqa_training.commands import add_evaluate, run_evaluate
from fiqa_training.errors import TrainingError
from fiqa_training.reading import reading_by

DONE, KNOWN = 0, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="fiqa evaluate",
        description="Compare a scorer with people's ratings: SRCC, PLCC, KRCC and RMSE.",
    )
    add_evaluate(parser)
    options = parser.parse_args(arguments)
    try:
        with reading_by(decoded), FaceFinder() as finder:
            return run_evaluate(options, lambda path: largest_face(path, finder))
    except TrainingError as error:
        sys.stderr.write(f"fiqa: {error}\n")
        return KNOWN


def largest_face(
    path: Path, finder: FaceFinder
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]] | None:
    """The crop of a photo's largest face with its landmarks; None where there is no face.

    Raises:
        TrainingError: The file cannot be used.
    """
    try:
        found = index_photo(os.fsencode(path), finder)
    except PhotoError as error:
        raise TrainingError(str(error)) from error
    return (found.crops[0], found.crop_landmarks[0]) if found.crops else None


if __name__ == "__main__":
    sys.exit(main())
