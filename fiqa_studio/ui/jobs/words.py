"""Progress as people read it. No Qt."""

from __future__ import annotations

from datetime import UTC, datetime

from fiqa_studio.domain.jobs import JobProgress, JobRecord, JobState
from fiqa_studio.engine.jobs.kinds import find

_STATES = {
    JobState.RUNNING: "Running",
    JobState.DONE: "Done",
    JobState.CANCELLED: "Cancelled",
    JobState.FAILED: "Stopped by an error",
    JobState.INTERRUPTED: "Interrupted",
}


def counted(count: int, kind: str) -> str:
    """What jobs of a kind count: ``1 photo``, ``1,204 photos``."""
    return find(kind).counted(count)


def duration_said(seconds: float) -> str:
    """A duration to the precision that helps: ``8 s``, ``3 min``, ``1 h 20 min``."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def rate_said(rate: float) -> str:
    """``14/s``, or ``3.2 s each`` for slow things."""
    if rate >= 10:
        return f"{rate:.0f}/s"
    if rate >= 0.5:
        return f"{rate:.1f}/s"
    return f"{1 / rate:.1f} s each" if rate > 0 else ""


def progress_said(progress: JobProgress) -> str:
    """``1,204 of 5,000 · 14/s · 4 min left``."""
    if progress.total is None:
        parts = [f"{progress.done:,} so far" if progress.done else "Counting"]
    else:
        parts = [f"{progress.done:,} of {progress.total:,}"]
    if progress.rate:
        parts.append(rate_said(progress.rate))
    if progress.seconds_left is not None and progress.total is not None:
        parts.append(f"{duration_said(progress.seconds_left)} left")
    return " · ".join(part for part in parts if part)


def outcome_said(record: JobRecord, now: datetime) -> str:
    """``Done · 1,204 photos · today, 14:22, in 3 min``."""
    parts = [_STATES[record.state]]
    if record.state in (JobState.DONE, JobState.RUNNING) or record.total <= record.done:
        parts.append(counted(record.done, record.kind))
    else:
        parts.append(f"{record.done:,} of {counted(record.total, record.kind)}")
    when = day_said(record.created_at, now)
    if record.finished_at is not None and record.state is not JobState.INTERRUPTED:
        took = (aware(record.finished_at) - aware(record.created_at)).total_seconds()
        when += f", in {duration_said(took)}"
    return " · ".join([*parts, when])


def day_said(at: datetime, now: datetime) -> str:
    """``today, 14:22``, ``yesterday, 09:10`` or ``3 Jul 2026, 14:22``, in the user's zone."""
    local, today = aware(at).astimezone(), aware(now).astimezone()
    days = (today.date() - local.date()).days
    day = {0: "today", 1: "yesterday"}.get(days, f"{local.day} {local:%b %Y}")
    return f"{day}, {local:%H:%M}"


def aware(at: datetime) -> datetime:
    """Times of the library are UTC; SQLite gives some of them back without saying so."""
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
