"""What the command line shows: lines, JSON, progress, errors."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fiqa_studio.curation.querytext import QueryTextError
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.scores import shown_score
from fiqa_studio.exports import records

if TYPE_CHECKING:
    from fiqa_studio.domain.jobs import JobProgress
    from fiqa_studio.engine.jobs.job import Job
    from fiqa_studio.engine.jobs.kinds import JobKind

_COUNTS = (
    *("indexed", "faces", "scored", "unchanged", "moved", "returned", "missing"),
    *("failed", "other", "passed_over", "thumbnails", "maps", "filled", "written"),
)


@contextmanager
def progress_bar(unit: str = "photo") -> Iterator[Callable[[JobProgress], None]]:
    """Where standard error is a terminal, a bar; gives the function that moves it."""
    if not sys.stderr.isatty():
        yield lambda _progress: None
        return
    from tqdm import tqdm  # noqa: PLC0415 - only where there is somebody to look at it

    tqdm.monitor_interval = 0  # its thread is for bars that stall; ours is refreshed by the clock
    with tqdm(unit=unit, file=sys.stderr, dynamic_ncols=True, leave=False) as bar:

        def show(progress: JobProgress) -> None:
            bar.total = progress.total
            bar.n = progress.done
            failed = f", {progress.failed} failed" if progress.failed else ""
            bar.set_description_str(f"{progress.message}{failed}", refresh=False)
            bar.refresh()

        yield show


def summary(job: Job) -> dict[str, int]:
    """What a job did, for JSON; always the same names."""
    return {name: job.counts[name] for name in _COUNTS}


def sentence(job: Job, kind: JobKind) -> str:
    """What a job did, for people."""
    said = kind.outcome(job)
    return f"{said} See fiqa failures." if job.counts["failed"] else said


def line(record: records.Record) -> str:
    """A face or photo as one line: score (1-100), path, and what else to know."""
    score = record["score"]
    shown = f"{shown_score(score):3d}" if isinstance(score, float) else "  -"
    note = record.get("reason") or " ".join(_strings(record.get("flags")))
    return f"{shown}  {one_line(record['path'])}{f'  ({note})' if note else ''}"


def _strings(value: records.Value) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def one_line(text: object) -> str:
    """A name for the terminal, which control characters in it must not command."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def print_json_list(found: Iterator[Any]) -> None:
    """One object a line, as one valid list, without holding all of it."""
    separator = "["
    for record in found:
        print(separator, json.dumps(record, ensure_ascii=False), end="", sep="\n ")
        separator = ","
    print("\n]" if separator == "," else "[]")


def print_report(report: dict[str, Any]) -> None:
    """The doctor's report, for people."""
    print(f"FIQA Studio {report['version']}, Python {report['python']}")
    for name, version in report.get("versions", {}).items():
        print(f"  {name:<22} {version or 'not installed'}")
    for device in report.get("devices", []):
        print(f"Device   {device['name']:<13} {device['title']}")
    for scorer in report.get("scorers", []):
        state = "ready" if scorer["available"] == "yes" else scorer["problem"]
        print(f"Scorer   {scorer['name']:<13} {state}")
    for name, usable in report.get("decoders", {}).items():
        print(f"Decoder  {name}: {'ready' if usable else 'not installed'}")
    library = report["library"]
    if library["exists"] and "counts" in library:
        counts = ", ".join(
            f"{n:,} {name}" for name, n in library["counts"].items() if isinstance(n, int)
        )
        print(f"Library  {library['path']}: {'sound' if library['ok'] else 'damaged'}; {counts}")
    else:
        print(
            f"Library  {library['path']}: {'cannot be opened' if library['exists'] else 'none yet'}"
        )
    for problem in report["problems"]:
        print(f"Problem  {problem}")
    if lacking := library.get("faces_without_vectors"):
        print(f"Missing  embeddings of {lacking:,} faces; fiqa score --fill computes them")


def say(text: str) -> None:
    """A line for people, beside the answer."""
    print(text, file=sys.stderr)


def complain(error: KnownError, query: str = "") -> None:
    """An error with its cause and remedy; of a query's text with the place that is meant."""
    lines = [f"fiqa: {error.message}", error.cause, error.remedy]
    if isinstance(error, QueryTextError) and query:
        width = max(1, error.end - error.start)
        lines[1:1] = [one_line(query), " " * error.start + "^" * width]
    print("\n      ".join(line for line in lines if line), file=sys.stderr)


def report_fault(error: Exception) -> None:
    """A fault of ours: the log file gets the traceback, the user a line."""
    from fiqa_studio.engine.link.log import log_folder  # noqa: PLC0415 - hardly ever needed

    folder = log_folder()
    place = ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        logging.basicConfig(filename=folder / "fiqa.log", format="%(asctime)s %(message)s")
        logging.getLogger(__name__).error("fiqa %s", sys.argv, exc_info=error)
        place = f" The report is in {folder / 'fiqa.log'}."
    except OSError:
        pass  # no place for a report: the message has to do
    print(
        f"fiqa: this is a fault of the program ({type(error).__name__}: {error}).{place}",
        file=sys.stderr,
    )


def prepare_streams() -> None:
    """Names must be printable on any terminal."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
