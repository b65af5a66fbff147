"""The kind of job that indexes folders.

Parameters:

* ``folders``: where to look, as text (`os.fsdecode`); none: all indexed folders.
* ``scorer``: a scorer's name or `DEFAULT_SCORER` to score in the same pass; empty for no scores.
* ``again``: what to index though it is unchanged: ``{"job": id}`` for what failed in that job,
  ``{"unreadable": true}`` for every photo that could not be read. Then ``folders`` is empty.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from fiqa_studio.domain.jobs import JobRecord
from fiqa_studio.domain.photos import JobId
from fiqa_studio.engine.indexing.places import all_places, places_around, places_of, within
from fiqa_studio.engine.indexing.remake import clear_damage, outcome_parts, remake
from fiqa_studio.engine.indexing.work import IndexWork
from fiqa_studio.engine.jobs.job import Job
from fiqa_studio.engine.jobs.kinds import JobKind, Lane, Params
from fiqa_studio.engine.jobs.tools import Tools
from fiqa_studio.engine.jobs.words import joined, number
from fiqa_studio.engine.scoring.work import ScoreWork, load_scorer


def params_of(folders: Sequence[Path] = (), *, scorer: str = "") -> Params:
    """Parameters to index folders; all indexed ones where none is named."""
    return {"folders": [os.fspath(folder) for folder in folders], "scorer": scorer}


def params_of_unreadable(scorer: str) -> Params:
    """Parameters to try again what could not be read, in whichever job."""
    return {"folders": [], "scorer": scorer, "again": {"unreadable": True}}


def _title(params: Params) -> str:
    if params.get("again"):
        return "Again: unreadable photos"
    folders = params.get("folders") or []
    return "Index " + ", ".join(map(_shown, folders)) if folders else "Look for changes"


def _shown(folder: str) -> str:
    return os.fsencode(folder).decode("utf-8", errors="replace")


def _work(tools: Tools, job: Job, params: Params) -> None:
    scorer = None
    if params.get("scorer"):
        scorer = load_scorer(tools, job, str(params["scorer"]))
        if scorer is None:
            return
    again = _again(tools, params)
    if again:
        places = places_around(tools.library, again)
    elif params.get("again"):
        places = []
    elif params.get("folders"):
        places = places_of(tools.library, [Path(folder) for folder in params["folders"]])
    else:
        places = all_places(tools.library)
    damage = clear_damage(tools, job)
    IndexWork(tools.library, tools.client, job, scorer=scorer, again=again).run(places)
    if not job.cancelled:
        remake(tools, job, places, damage)
    if scorer is not None and not job.cancelled:
        # Photos indexed earlier, whose faces this scorer has not seen.
        ScoreWork(tools.library, tools.client, job, scorer).run()


def _again(tools: Tools, params: Params) -> Collection[bytes]:
    again = params.get("again") or {}
    if again.get("unreadable"):
        return {path for path, _, _ in tools.library.photos.failures()}
    if "job" in again:
        failures = tools.library.jobs.failures(JobId(int(again["job"])))
        return {failure.path_bytes for failure in failures}
    return ()


def _retry(before: JobRecord, params: Params) -> Params:
    return {"folders": [], "scorer": params.get("scorer", ""), "again": {"job": before.id}}


def _settles(later: Params, earlier: Params) -> bool:
    """A later scan of the same folders, or of all, goes on where the earlier one was."""
    if later.get("again") or earlier.get("again"):
        return later == earlier
    if earlier.get("scorer") and not later.get("scorer"):
        return False  # what it indexed was to be scored as well
    seen = [os.fsencode(folder) for folder in later.get("folders") or []]
    wanted = [os.fsencode(folder) for folder in earlier.get("folders") or []]
    if not seen:
        return True
    return bool(wanted) and all(any(within(one, other) for other in seen) for one in wanted)


def _outcome(job: Job) -> str:
    counts = job.counts
    parts = [f"{number(counts['indexed'], 'photo')} indexed with {number(counts['faces'], 'face')}"]
    if counts["scored"]:
        parts.append(f"{number(counts['scored'], 'face')} scored")
    texts = {
        "unchanged": "unchanged",
        "moved": "moved",
        "returned": "back again",
        "missing": "missing",
    }
    parts += [f"{counts[name]:,} {text}" for name, text in texts.items() if counts[name]]
    parts += outcome_parts(job)
    other = f"{number(counts['other'], 'other file')} passed over" if counts["other"] else ""
    return joined(job, parts, other)


KIND = JobKind(
    name="index",
    lane=Lane.PIXELS,
    nouns=("photo", "photos"),
    title=_title,
    work=_work,
    outcome=_outcome,
    retry=_retry,
    settles=_settles,
)
