"""Making thumbnails and maps again that are lost: after every scan, and as a job of its own.

Photos go through the same pipe as when they were indexed, so their faces stay what they were; the
scores stay in any case, only maps are drawn anew. A photo that cannot be reached now is left to the
scan that will find it missing. The job has no parameters.
"""

from __future__ import annotations

from collections.abc import Sequence

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.paths import path_from_bytes
from fiqa_studio.domain.photos import FaceId
from fiqa_studio.engine.indexing.places import Place, all_places
from fiqa_studio.engine.indexing.work import IndexWork
from fiqa_studio.engine.jobs.job import Job
from fiqa_studio.engine.jobs.kinds import JobKind, Lane, Params
from fiqa_studio.engine.jobs.tools import Tools
from fiqa_studio.engine.jobs.words import joined, number
from fiqa_studio.engine.scoring.work import ScoreWork, load_scorer
from fiqa_studio.store.library import Library


def is_anything_lost(library: Library) -> bool:
    """Whether there is something to make again; reads the whole file of thumbnails."""
    if library.read_only:
        return False
    return bool(library.thumbnails.mend().photos) or bool(_faces_without_map(library))


def clear_damage(tools: Tools, job: Job) -> str:
    """Throw away what is damaged; returns what it was, a sentence, empty where nothing is.

    Before a scan, so that what the scan writes does not go the same way.
    """
    job.say("Checking thumbnails")
    return tools.library.thumbnails.mend().damage


def remake(tools: Tools, job: Job, places: Sequence[Place], damage: str) -> None:
    """Make again what is lost of the photos in these places; ``damage`` says why."""
    lacking = tools.library.thumbnails.lacking()
    if lacking and not job.cancelled:
        job.say(f"{damage or 'Thumbnails are missing.'} They are made again")
        IndexWork(tools.library, tools.client, job, scorer=None).remake(places, lacking)
    if not job.cancelled:
        _redraw_maps(tools, job)


def outcome_parts(job: Job) -> list[str]:
    """What was made again, for people."""
    parts = []
    if job.counts["thumbnails"]:
        parts.append(f"thumbnails of {number(job.counts['thumbnails'], 'photo')} made again")
    if job.counts["maps"]:
        parts.append(f"{number(job.counts['maps'], 'map')} made again")
    return parts


def _redraw_maps(tools: Tools, job: Job) -> None:
    faces = _faces_without_map(tools.library)
    if not faces:
        return
    active = tools.library.scores.active()
    try:
        installed = tools.scorers.installed()
    except KnownError:
        return
    found = next((s for s in installed if active and s.hash == active.hash and s.available), None)
    if active is None or found is None:
        return  # whoever gave these scores is no longer here
    loaded = load_scorer(tools, job, found.name)
    if loaded is not None and loaded.hash == active.hash:
        ScoreWork(tools.library, tools.client, job, loaded).redraw(faces)


def _faces_without_map(library: Library) -> list[FaceId]:
    """Faces whose score is shown without its map, and whose photo can be reached."""
    active = library.scores.active()
    if active is None:
        return []
    faces = library.thumbnails.faces_without_map(active.hash)
    return [
        face
        for photo in library.faces.by_photo(faces)
        if path_from_bytes(photo.path).exists()
        for face in photo.face_ids
    ]


def _work(tools: Tools, job: Job, _params: Params) -> None:
    damage = clear_damage(tools, job)
    remake(tools, job, all_places(tools.library), damage)


def _outcome(job: Job) -> str:
    return joined(job, outcome_parts(job) or ["Nothing to make again"])


KIND = JobKind(
    name="thumbnails",
    lane=Lane.PIXELS,
    nouns=("photo", "photos"),
    title=lambda _params: "Make thumbnails again",
    work=_work,
    outcome=_outcome,
)
