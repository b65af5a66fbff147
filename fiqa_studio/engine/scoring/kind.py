"""The kind of job that scores faces.

Parameters:

* ``scorer``: a scorer's name; empty or `DEFAULT_SCORER` for the best that works here.
* ``faces``: which ones, as `ids_to_text` writes them; without it all of the library. A job over
  all of them makes its scorer the active one at its end.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.jobs import JobRecord
from fiqa_studio.domain.photos import FaceId
from fiqa_studio.domain.scores import ScorerInfo
from fiqa_studio.engine.jobs.ids import ids_from_text, ids_to_text
from fiqa_studio.engine.jobs.job import Job
from fiqa_studio.engine.jobs.kinds import JobKind, Lane, Params
from fiqa_studio.engine.jobs.tools import Tools
from fiqa_studio.engine.jobs.words import joined, number
from fiqa_studio.engine.scoring.work import DEFAULT_SCORER, ScoreWork, load_scorer, unscored

_logger = logging.getLogger(__name__)


def params_of(scorer: str = "", face_ids: Sequence[int] | None = None) -> Params:
    """Parameters to score faces; all of the library without ``face_ids``."""
    params = {"scorer": scorer}
    if face_ids is not None:
        params["faces"] = ids_to_text(face_ids)
    return params


def _title(params: Params) -> str:
    scorer = str(params.get("scorer") or "")
    what = "chosen faces" if "faces" in params else "faces"
    return f"Score {what}" + (f" with {scorer}" if scorer not in ("", DEFAULT_SCORER) else "")


def _work(tools: Tools, job: Job, params: Params) -> None:
    wanted = str(params.get("scorer") or DEFAULT_SCORER)
    faces = None
    if "faces" in params:
        faces = [FaceId(one) for one in ids_from_text(str(params["faces"])).tolist()]
    done = _scored_already(tools, wanted, faces)
    if done is None:
        loaded = load_scorer(tools, job, wanted)
        if loaded is None:
            return
        ScoreWork(tools.library, tools.client, job, loaded).run(faces)
        done = loaded.hash
    else:
        job.expect(0)
    if faces is None and not job.cancelled and _has_scores(tools, done):
        tools.library.scores.set_active(done).result()


def _has_scores(tools: Tools, scorer_hash: str) -> bool:
    """A scorer that failed on every face must not take the old scores off the screen."""
    return tools.library.scores.count(scorer_hash) > 0 or not tools.library.views.counts().faces


def _scored_already(tools: Tools, scorer: str, face_ids: Sequence[FaceId] | None) -> str | None:
    """The hash of a scorer that has nothing left to score; else None.

    Told without loading it, which would take seconds.
    """
    try:
        installed = tools.scorers.installed(fresh=True)
    except KnownError as error:
        _logger.info("the scorers cannot be listed: %s", error)
        return None
    wanted = "" if scorer == DEFAULT_SCORER else scorer
    found = next((s for s in installed if s.name == wanted or (s.default and not wanted)), None)
    if found is None or not found.available or not found.hash:
        return None
    if unscored(tools.library, found.hash, face_ids):
        return None
    info = ScorerInfo(found.name, found.title, found.hash, found.summary, found.kind)
    tools.library.scores.ensure_scorer(info).result()
    return found.hash


def _retry(_before: JobRecord, params: Params) -> Params:
    """What failed has no score, so the same job again does just that."""
    return params


def _settles(later: Params, earlier: Params) -> bool:
    same = (later.get("scorer") or DEFAULT_SCORER) == (earlier.get("scorer") or DEFAULT_SCORER)
    return same and ("faces" not in later or later.get("faces") == earlier.get("faces"))


def _outcome(job: Job) -> str:
    if not (job.counts["scored"] or job.counts["failed"] or job.cancelled):
        return "Nothing to score."
    return joined(job, [f"{number(job.counts['scored'], 'face')} scored"])


KIND = JobKind(
    name="score",
    lane=Lane.PIXELS,
    nouns=("photo", "photos"),  # a photo is decoded once for all its faces
    title=_title,
    work=_work,
    outcome=_outcome,
    retry=_retry,
    settles=_settles,
)
