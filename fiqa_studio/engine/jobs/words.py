"""Sentences on what jobs did."""

from __future__ import annotations

from collections.abc import Sequence

from fiqa_studio.engine.jobs.job import Job


def number(count: int, noun: str) -> str:
    """``1 photo``, ``1,204 photos``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def joined(job: Job, parts: Sequence[str], *more: str) -> str:
    """One sentence of what a job did, what failed in it, and whether it was stopped."""
    failed = f"{job.counts['failed']:,} failed" if job.counts["failed"] else ""
    said = [part for part in (*parts, failed, *more) if part]
    stopped = "Stopped: " if job.cancelled else ""
    return stopped + "; ".join(said) + "."
