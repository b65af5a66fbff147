"""Other people's programs, which the statistics of a study are held equal to."""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt


def sureal(model: str, cube: npt.NDArray[np.float64]) -> dict[str, Any]:
    """What sureal says of an (E, S, R) array: its model's results by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it divides 0 by 0 where nobody is outlying
        package = importlib.import_module("sureal")
        reader = importlib.import_module("sureal.dataset_reader").RawDatasetReader

        dataset = type("Dataset", (), {})()
        dataset.ref_score = None
        dataset.ref_videos = [{"content_id": 0, "content_name": "0", "path": "reference"}]
        dataset.dis_videos = [
            {"asset_id": i, "content_id": 0, "path": str(i), "os": _scores(row)}
            for i, row in enumerate(cube)
        ]
        with contextlib.redirect_stdout(io.StringIO()):  # it prints its iterations
            answer: dict[str, Any] = getattr(package, model)(reader(dataset)).run_modeling()
    return answer


def _scores(row: npt.NDArray[np.float64]) -> dict[str, list[float]]:
    return {
        f"{rater:04d}": [float(value) for value in values if np.isfinite(value)]
        for rater, values in enumerate(row)
        if np.isfinite(values).any()
    }
