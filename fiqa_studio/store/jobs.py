"""The record of background work and of what failed in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update

from fiqa_studio.domain.changes import Kind
from fiqa_studio.domain.jobs import JobFailure, JobRecord, JobState
from fiqa_studio.domain.photos import JobId
from fiqa_studio.store.database import Database
from fiqa_studio.store.schema import Job, JobFailureEntry
from fiqa_studio.store.writer import Transaction

_RECORD = (
    *(Job.id, Job.kind, Job.state, Job.title, Job.created_at, Job.finished_at),
    *(Job.total, Job.done, Job.failed),
)


class Jobs:
    """Remembers jobs; the engine runs them."""

    def __init__(self, database: Database):
        self._database = database

    def start(self, kind: str, title: str, params: Mapping[str, Any]) -> Future[JobId]:
        """Record a job that begins now. ``params`` (JSON values) are what a retry needs."""
        text = json.dumps(dict(params))

        def work(transaction: Transaction) -> JobId:
            job = Job(
                kind=kind,
                state=JobState.RUNNING,
                title=title,
                params=text,
                created_at=datetime.now(UTC),
            )
            transaction.session.add(job)
            transaction.session.flush()
            transaction.touch(Kind.JOB, job.id)
            return JobId(job.id)

        return self._database.write(work)

    def progress(self, job_id: int, total: int, done: int, failed: int) -> Future[None]:
        """Record how far a job has come."""
        return self._update(job_id, total=total, done=done, failed=failed)

    def finish(self, job_id: int, state: JobState) -> Future[None]:
        """Record how a job ended."""
        return self._update(job_id, state=state, finished_at=datetime.now(UTC))

    def add_failures(self, failures: Sequence[JobFailure]) -> Future[None]:
        """Record items that failed, in any number of jobs."""
        found = [
            {
                "job_id": one.job_id,
                "path": one.path_bytes,
                "path_text": one.path,
                "code": one.code,
                "message": one.message,
                "at": one.at,
                "retried": one.retried,
            }
            for one in failures
        ]

        def work(transaction: Transaction) -> None:
            if found:
                transaction.session.execute(insert(JobFailureEntry), found)
                transaction.touch(Kind.JOB, *{one.job_id for one in failures})

        return self._database.write(work)

    def mark_retried(self, job_id: int, paths: Sequence[bytes] | None = None) -> Future[None]:
        """Note that the failures of a job (or those of some paths) are being tried again."""

        def work(transaction: Transaction) -> None:
            statement = update(JobFailureEntry).where(JobFailureEntry.job_id == job_id)
            for path in [None] if paths is None else paths:
                some = statement if path is None else statement.where(JobFailureEntry.path == path)
                transaction.session.execute(some.values(retried=True))
            transaction.touch(Kind.JOB, job_id)

        return self._database.write(work)

    def mark_interrupted(self) -> Future[None]:
        """Jobs that an earlier run of the program left running ended with it."""

        def work(transaction: Transaction) -> None:
            changed = transaction.session.scalars(
                update(Job)
                .where(Job.state == JobState.RUNNING)
                .values(state=JobState.INTERRUPTED, finished_at=datetime.now(UTC))
                .returning(Job.id)
            ).all()
            transaction.touch(Kind.JOB, *changed)

        return self._database.write(work)

    def get(self, job_id: int) -> JobRecord | None:
        """One job."""
        found = self._records(select(*_RECORD).where(Job.id == job_id))
        return found[0] if found else None

    def recent(self, limit: int = 50) -> list[JobRecord]:
        """The latest jobs, newest first."""
        return self._records(select(*_RECORD).order_by(Job.id.desc()).limit(limit))

    def params(self, job_id: int) -> dict[str, Any]:
        """What a job was started with; empty where it is not known."""
        with self._database.read() as connection:
            text = connection.scalar(select(Job.params).where(Job.id == job_id))
        return {} if text is None else json.loads(text)

    def failures(self, job_id: int) -> list[JobFailure]:
        """What failed in a job, in the order it did."""
        entry = JobFailureEntry
        with self._database.read() as connection:
            found = connection.execute(
                select(
                    entry.path_text, entry.path, entry.code, entry.message, entry.at, entry.retried
                )
                .where(entry.job_id == job_id)
                .order_by(entry.id)
            ).all()
        return [JobFailure(JobId(job_id), *row) for row in found]

    def _update(self, job_id: int, **values: Any) -> Future[None]:
        def work(transaction: Transaction) -> None:
            transaction.session.execute(update(Job).where(Job.id == job_id).values(**values))
            transaction.touch(Kind.JOB, job_id)

        return self._database.write(work)

    def _records(self, query: Any) -> list[JobRecord]:
        with self._database.read() as connection:
            found = connection.execute(query).all()
        return [
            JobRecord(JobId(key), kind, JobState(state), *rest) for key, kind, state, *rest in found
        ]
