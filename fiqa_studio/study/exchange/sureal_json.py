"""sureal's data set as JSON, read and written: a stimulus with the scores of each rater.

``{dataset_name, yuv_fmt, ref_score, ref_videos: [{content_id, content_name, path}], dis_videos:
[{asset_id, content_id, path, os: {rater: score or [score, score]}}]}``. Its Python files are
programs, and are never run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.exchange.raw import Raw, RawRating
from fiqa_studio.study.matrix import Ratings


def read_sureal(path: Path) -> Raw:
    """Take such a file apart.

    Raises:
        StudyError: ``table.read``, ``table.sureal``.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise StudyError(
            f"“{path}” cannot be read.", cause=error.strerror or "", code="table.read"
        ) from error
    except (ValueError, RecursionError) as error:
        raise _wrong(path, f"It is no JSON: {error}.") from error
    videos = content.get("dis_videos") if isinstance(content, dict) else None
    if not isinstance(videos, list) or not all(isinstance(video, dict) for video in videos):
        raise _wrong(path, "It has no list dis_videos.")
    names = _names(videos)
    ratings = []
    for i, (name, video) in enumerate(zip(names, videos, strict=True)):
        scores = video.get("os")
        if isinstance(scores, list):
            scores = {str(j + 1): score for j, score in enumerate(scores)}
        if not isinstance(scores, Mapping):
            raise _wrong(path, f"Stimulus {name} has no scores of raters (os).")
        for rater, given in scores.items():
            several = given if isinstance(given, list) else [given]
            ratings += [
                RawRating(
                    stimulus=name,
                    rater=str(rater),
                    text="" if score is None else str(score),
                    line=i + 1,
                    column=str(rater),
                    repetition=str(repetition),
                )
                for repetition, score in enumerate(several)
            ]
    return Raw(ratings=ratings, columns={"stimuli": "dis_videos", "ratings": "os"})


def _names(videos: list[dict[str, Any]]) -> list[str]:
    paths = [str(video.get("path") or "") for video in videos]
    if all(paths) and len(set(paths)) == len(paths):
        return paths
    ids = [str(video.get("asset_id", i)) for i, video in enumerate(videos)]
    return ids if len(set(ids)) == len(ids) else [str(i + 1) for i in range(len(videos))]


def write_sureal(ratings: Ratings, title: str) -> str:
    """The text of such a file; each stimulus is a content of its own."""
    cube = ratings.cube()
    content = {
        "dataset_name": title,
        "yuv_fmt": "yuv420p",
        "ref_score": ratings.high,
        "ref_videos": [
            {"content_id": i, "content_name": name, "path": name}
            for i, name in enumerate(ratings.stimuli)
        ],
        "dis_videos": [
            {"asset_id": i, "content_id": i, "path": name, "os": _scores(ratings, cube[i])}
            for i, name in enumerate(ratings.stimuli)
        ],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _scores(ratings: Ratings, row: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
    scores: dict[str, Any] = {}
    for rater, values in zip(ratings.raters, row, strict=True):
        given = [float(value) for value in values if np.isfinite(value)]
        if given:
            scores[rater] = given[0] if len(given) == 1 else given
    return scores


def _wrong(path: Path, cause: str) -> StudyError:
    return StudyError(f"“{path}” is no data set of sureal.", cause=cause, code="table.sureal")
