"""The command line: the same engine without a window.

Exit status: 0 done (photos that failed are named in a summary and by ``fiqa failures``),
1 the doctor found a problem, 2 wrong usage, 3 an error with a message, 70 a fault of the
program, 130 interrupted, 141 the reader of the output went away.

Progress goes to standard error, and only where that is a terminal; answers go to standard
output. Nothing heavy is imported here: torch and the decoders live in the worker.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from fiqa_studio import __version__, cli_score_option
from fiqa_studio import cli_output as output
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.fields_query import Query, SortKey
from fiqa_studio.domain.jobs import JobState
from fiqa_studio.domain.paths import display_path
from fiqa_studio.exports import records, registry
from fiqa_studio.exports.rows import faces_with_paths, photos_with_paths
from fiqa_studio.store.library import Library
from fiqa_studio.store.recent import default_library_path

if TYPE_CHECKING:
    from fiqa_studio.domain.photos import FaceRow
    from fiqa_studio.engine.engine import Engine
    from fiqa_studio.engine.jobs.job import Job
    from fiqa_studio.engine.link.client import WorkerSettings
    from fiqa_studio.engine.link.protocol import Description

DONE, PROBLEMS, USAGE, KNOWN, FAULT, INTERRUPTED, NO_READER = 0, 1, 2, 3, 70, 130, 141

_PROGRAMS = {"models": "fiqa_models.cli", "evaluate": "fiqa_studio.engine.worker.evaluate"}
"""Commands that load torch are programs of their own."""

_REFRESH_SECONDS = 0.1
_DESCRIBE_SECONDS = 120.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    output.prepare_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in _PROGRAMS:
        return subprocess.call([sys.executable, "-P", "-m", _PROGRAMS[given[0]], *given[1:]])
    if _command_of(given) == "index":
        given = cli_score_option.settle(given, _scorer_names)
    options = (_study_parser() if given[:1] == ["study"] else _parser()).parse_args(given)
    command: Callable[[argparse.Namespace], int] = options.run
    try:
        status = command(options)
        sys.stdout.flush()
    except KnownError as error:
        output.complain(error)
        return KNOWN
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python would complain once more when it flushes standard output at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO_READER
    except Exception as error:  # noqa: BLE001 - it goes to the log, with its traceback
        output.report_fault(error)
        return FAULT
    return status


def _command_of(arguments: Sequence[str]) -> str:
    """The command's name; empty without one."""
    before = ""
    for word in arguments:
        if not word.startswith("-") and before != "--library":
            return word
        before = word
    return ""


# --- commands -------------------------------------------------------------------------------


def _index(options: argparse.Namespace) -> int:
    from fiqa_studio.engine.indexing.places import check_folder  # noqa: PLC0415 - as in _engine

    folders = [Path(folder) for folder in options.folders]
    if not os.path.lexists(_library_path(options)):
        for folder in folders:  # before a library is made that would stay empty
            check_folder(folder)
    with _engine(options, create=True) as (_, engine):
        return _follow(engine, engine.start_index(folders, score_with=options.scorer), options)


def _score(options: argparse.Namespace) -> int:
    with _engine(options) as (_, engine):
        return _follow(engine, engine.start_score(options.scorer), options)


def _retry(options: argparse.Namespace) -> int:
    with _engine(options) as (library, engine):
        failed = [job for job in library.jobs.recent() if job.failed]
        if not failed:
            output.say("No job has failures.")
            return DONE
        return _follow(engine, engine.jobs.retry(failed[0].id), options)


def _list(options: argparse.Namespace) -> int:
    sort = SortKey(options.sort)
    descending = sort is not SortKey.NAME if options.ascending is None else not options.ascending
    query = Query(sort=sort, descending=descending)
    with _open(options, read_only=True) as library:
        found: Iterator[records.Record]
        if options.photos:
            pairs = photos_with_paths(library, query, options.limit)
            found = (records.photo_record(row, path) for row, path in pairs)
        else:
            range_of = _ranges() if options.json else lambda _row: None
            found = (
                records.face_record(row, path, range_of(row))
                for row, path in faces_with_paths(library, query, options.limit)
            )
        if options.json:
            output.print_json_list(found)
        else:
            for record in found:
                print(output.line(record))
    return DONE


def _scorer_names() -> list[str]:
    """The names of the scorers here; none where they cannot be listed."""
    from fiqa_studio.engine.scoring.installed import Scorers  # noqa: PLC0415 - as in _engine

    try:
        return [scorer.name for scorer in Scorers().installed()]
    except KnownError:
        return []


def _ranges() -> Callable[[FaceRow], records.Range | None]:
    """Gives the calibrated range of a face's score; asks for the scorers when first needed."""
    from fiqa_studio.engine.scoring.installed import Scorers  # noqa: PLC0415 - as in _engine

    scorers = Scorers()

    def range_of(row: FaceRow) -> records.Range | None:
        if row.score is None:
            return None
        try:
            interval = scorers.interval_of(row.scorer_hash)
        except KnownError:
            return None  # a score is worth listing without its range
        return None if interval is None else (*interval.around(row.score), interval.coverage)

    return range_of


def _failures(options: argparse.Namespace) -> int:
    from fiqa_studio.engine.failures import Failures  # noqa: PLC0415 - as in _engine

    with _open(options, read_only=True) as library:
        found = [
            records.failure_record(one.path, one.code, one.reason)
            for one in Failures(library).in_library()
        ]
    if options.json:
        output.print_json_list(iter(found))
    else:
        for record in found:
            print(f"{output.one_line(record['path'])}: {record['reason']}")
    return DONE


def _export(options: argparse.Namespace) -> int:
    write = registry.find_format(options.format).load()
    target = Path(options.to)
    with _open(options, read_only=True) as library:
        registry.check_target(target, [root.path for root in library.roots.all()])
        count = write(faces_with_paths(library, Query(sort=SortKey(options.sort))), target)
    output.say(f"{count:,} faces written to {display_path(target)}")
    return DONE


def _doctor(options: argparse.Namespace) -> int:
    report: dict[str, Any] = {"version": __version__, "python": sys.version.split()[0]}
    problems: list[str] = []
    try:
        described = _describe(options, devices=True)
        report["versions"] = described.versions
        report["devices"] = described.devices
        report["scorers"] = described.scorers
        report["decoders"] = described.decoders
        problems += described.problems
        problems += [
            f"scorer {scorer['name']}: {scorer['problem']}"
            for scorer in described.scorers
            if scorer["problem"]
        ]
    except KnownError as error:
        problems.append(str(error))
    path = _library_path(options)
    report["library"] = {"path": display_path(path), "exists": path.exists()}
    if path.exists():
        try:
            with Library.open(path, read_only=True) as library:
                health = library.health()
            report["library"].update(health)
            problems += [f"library: {problem}" for problem in health["problems"]]
        except KnownError as error:
            problems.append(str(error))
    report["problems"] = problems
    report["ok"] = not problems
    if options.json:
        print(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        output.print_report(report)
    return PROBLEMS if problems else DONE


def _scorers(options: argparse.Namespace) -> int:
    found = _describe(options, devices=False).scorers
    if options.json:
        yes = {"yes": True, "no": False}
        output.print_json_list({k: yes.get(v, v) for k, v in scorer.items()} for scorer in found)
        return DONE
    for scorer in found:
        mark = "*" if scorer["default"] == "yes" else " "
        print(f"{mark} {scorer['name']:<12} {scorer['title']}")
        print(f"    {scorer['problem'] or scorer['summary']}")
    return DONE


# --- following a job ------------------------------------------------------------------------


def _follow(engine: Engine, job: Job, options: argparse.Namespace) -> int:
    """Show a job's progress until it ends, then say what it did."""
    from fiqa_studio.engine.jobs.kinds import find  # noqa: PLC0415 - as in _engine

    with _interruptible(engine, job), output.progress_bar() as show:
        while not (progress := job.wait(_REFRESH_SECONDS)).state.finished:
            show(progress)
        show(progress)
    if job.error is not None:
        raise job.error
    if options.json:
        print(json.dumps({"state": str(progress.state), **output.summary(job)}))
    output.say(output.sentence(job, find(job.kind)))
    return INTERRUPTED if progress.state is JobState.CANCELLED else DONE


@contextmanager
def _interruptible(engine: Engine, job: Job) -> Iterator[None]:
    """The first Ctrl+C cancels the job, the second ends the program at once."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if job.cancelled:
            engine.kill_workers()
            os._exit(INTERRUPTED)
        job.cancel()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


# --- library and engine ---------------------------------------------------------------------


def _library_path(options: argparse.Namespace) -> Path:
    return Path(options.library) if options.library else default_library_path()


def _open(options: argparse.Namespace, *, read_only: bool = False) -> Library:
    return Library.open(_library_path(options), read_only=read_only)


@contextmanager
def _engine(
    options: argparse.Namespace, *, create: bool = False
) -> Iterator[tuple[Library, Engine]]:
    # Imported here so that commands that only read start at once.
    from fiqa_studio.engine.engine import Engine  # noqa: PLC0415

    path = _library_path(options)
    library = Library.create(path) if create and not os.path.lexists(path) else _open(options)
    with library:
        engine = Engine(library, worker=_worker_settings(options))
        try:
            yield library, engine
        finally:
            engine.shutdown()


def _worker_settings(options: argparse.Namespace) -> WorkerSettings:
    from fiqa_studio.engine.link.client import WorkerSettings  # noqa: PLC0415 - as in _engine

    return WorkerSettings(
        decoders=getattr(options, "decoders", 0),
        device=getattr(options, "device", ""),
        precision=getattr(options, "precision", ""),
    )


def _describe(options: argparse.Namespace, *, devices: bool) -> Description:
    from fiqa_studio.engine.link.client import WorkerClient  # noqa: PLC0415 - as in _engine
    from fiqa_studio.engine.link.protocol import Describe, Description  # noqa: PLC0415

    client = WorkerClient(_worker_settings(options))
    try:
        _, future = client.submit(Describe(request_id=0, devices=devices))
        answer = future.result(_DESCRIBE_SECONDS)
    finally:
        client.close()
    if not isinstance(answer, Description):
        raise TypeError(f"the worker answered a description with {type(answer).__name__}")
    return answer


# --- arguments ------------------------------------------------------------------------------


def _study_parser() -> argparse.ArgumentParser:
    from fiqa_studio import cli_study  # noqa: PLC0415 - brings Pillow and a database of its own

    return cli_study.parser()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fiqa", description="Find the faces in photos and score how good they look."
    )
    parser.add_argument("--version", action="version", version=f"fiqa {__version__}")
    text = "the library; without it, the one of your own"
    parser.add_argument("--library", default="", metavar="FILE", help=text)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--library", default=argparse.SUPPRESS, metavar="FILE", help=text)
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="answer in JSON")
    worker = argparse.ArgumentParser(add_help=False)
    worker.add_argument("--decoders", type=int, default=0, help="decoder processes; 0: one a core")
    worker.add_argument("--device", default="", help="for scoring: cpu, cuda, mps")
    worker.add_argument("--precision", default="", help="for scoring: float32 or bfloat16")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int], text: str, *more: Any
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text, parents=[common, *more])
        added.set_defaults(run=run)
        return added

    sorts = [str(key) for key in SortKey]
    index = command("index", _index, "Find the faces in folders of photos.", as_json, worker)
    index.add_argument("folders", nargs="+", metavar="FOLDER")
    index.add_argument(
        "--score", dest="scorer", nargs="?", const=cli_score_option.DEFAULT, default="",
        metavar="SCORER", help="score in the same pass; the best scorer unless one is named",
    )  # fmt: skip
    score = command("score", _score, "Score the faces that have no score.", as_json, worker)
    score.add_argument("--scorer", default="", metavar="NAME", help="see fiqa scorers")
    command("retry", _retry, "Try again what failed in the last job.", as_json, worker)
    listing = command("list", _list, "List faces or photos.", as_json)
    kind = listing.add_mutually_exclusive_group()
    kind.add_argument("--faces", action="store_true", help="one line a face (the default)")
    kind.add_argument("--photos", action="store_true", help="one line a photo, by its best face")
    listing.add_argument("--sort", choices=sorts, default="score")
    order = listing.add_mutually_exclusive_group()
    order.add_argument("--ascending", action="store_true", default=None)
    order.add_argument("--descending", dest="ascending", action="store_false", default=None)
    listing.add_argument("--limit", type=_count, metavar="N", help="no more than so many")
    command("failures", _failures, "List what could not be used, and why.", as_json)
    export = command("export", _export, "Write the faces to a file.")
    names = [known.name for known in registry.list_formats()]
    export.add_argument("--format", choices=names, default="csv")
    export.add_argument("--to", required=True, metavar="FILE")
    export.add_argument("--sort", choices=sorts, default="score")
    command("doctor", _doctor, "Check this installation and the library.", as_json)
    command("scorers", _scorers, "List the scorers.", as_json)
    commands.add_parser("study", help="Run a study in which people rate faces.")
    commands.add_parser("models", help="List, import and verify checkpoints.")
    commands.add_parser("evaluate", help="Compare a scorer with people's ratings.")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"“{text}” is no number of lines")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
