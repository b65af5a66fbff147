"""A kind of job that counts."""

from __future__ import annotations

from fiqa_studio.engine.jobs.job import Job
from fiqa_studio.engine.jobs.kinds import JobKind, Lane, Params
from fiqa_studio.engine.jobs.tools import Tools


def _work(_: Tools, job: Job, params: Params) -> None:
    to = int(params["to"])
    job.expect(to)
    for _number in range(to):
        job.advance()


KIND = JobKind(
    name="toy",
    lane=Lane.FILES,
    nouns=("number", "numbers"),
    title=lambda params: f"Count to {params['to']}",
    work=_work,
)
