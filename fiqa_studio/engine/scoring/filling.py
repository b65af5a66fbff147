"""The kind of job that fills the side file of vectors for faces that were scored without it.

Libraries of earlier versions have none, and one that was damaged is put aside. Embeddings and
perceptual hashes come with a score alone, so the faces are decoded and scored again; the scores
that are known stay as they are.

Parameters: ``scorer``: the hash or name of the scorer whose embeddings are wanted; the active one
without.
"""

from __future__ import annotations

from fiqa_studio.domain.errors import ScorerError
from fiqa_studio.domain.jobs import JobRecord
from fiqa_studio.domain.scores import ScorerInfo
from fiqa_studio.engine.jobs.job import Job
from fiqa_studio.engine.jobs.kinds import JobKind, Lane, Params
from fiqa_studio.engine.jobs.tools import Tools
from fiqa_studio.engine.jobs.words import joined, number
from fiqa_studio.engine.scoring.work import ScoreWork, load_scorer
from fiqa_studio.store.library import Library


def params_of(scorer: str = "") -> Params:
    """Parameters to fill in for a scorer by hash or name; for the active one without."""
    return {"scorer": scorer}


def _title(_params: Params) -> str:
    return "Fill in embeddings"


def _work(tools: Tools, job: Job, params: Params) -> None:
    named = str(params.get("scorer") or "")
    wanted = _scorer(tools.library, named)
    if named and wanted is None:
        raise ScorerError(
            f"This library has no scores of a scorer “{named}”.",
            remedy="Score the faces with it: its embeddings come with the scores.",
            code="scorer.unknown",
        )
    if wanted is None or not len(faces := tools.library.without_vectors(wanted.hash)):
        job.expect(0)
        return
    loaded = load_scorer(tools, job, wanted.name)
    if loaded is None:
        return
    if loaded.hash != wanted.hash:
        # Embeddings of two versions of a scorer cannot be compared.
        raise ScorerError(
            f"The scorer \u201c{wanted.title}\u201d is another version than the one whose scores "
            "are here.",
            remedy="Score the faces with it: its embeddings come with the scores.",
            code="scorer.changed",
        )
    ScoreWork(tools.library, tools.client, job, loaded).fill(faces.tolist())


def _scorer(library: Library, named: str) -> ScorerInfo | None:
    if not named:
        return library.scores.active()
    known = library.scores.scorers()
    # The latest of its name: earlier ones are other weights under the same name.
    return next(
        (one for one in known if one.hash == named),
        next((one for one in reversed(known) if one.name == named), None),
    )


def _retry(_before: JobRecord, params: Params) -> Params:
    """What failed is still not filled in, so the same job again does just that."""
    return params


def _outcome(job: Job) -> str:
    if not (job.counts["filled"] or job.counts["failed"] or job.cancelled):
        return "Nothing to fill in."
    return joined(job, [f"{number(job.counts['filled'], 'face')} filled in"])


KIND = JobKind(
    name="fill",
    lane=Lane.PIXELS,
    nouns=("photo", "photos"),
    title=_title,
    work=_work,
    outcome=_outcome,
    retry=_retry,
)
