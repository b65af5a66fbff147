"""``fiqa-train``: the research program, reading pictures by the application's decoder.

`fiqa_training` may not import the application; this module imports both and hands the decoder in.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.vision.decode import decode
from fiqa_training import cli
from fiqa_training.errors import TrainingError
from fiqa_training.reading import reading_by


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command of `fiqa-train`; returns the exit status."""
    with reading_by(decoded):
        return cli.main(arguments)


def decoded(path: Path) -> npt.NDArray[np.uint8]:
    """A file's picture as the index sees it: upright sRGB, (H, W, 3).

    Raises:
        TrainingError: The file cannot be used.
    """
    try:
        return decode(os.fsencode(path)).rgb
    except PhotoError as error:
        raise TrainingError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
