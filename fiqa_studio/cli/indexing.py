"""``fiqa index``, ``score``, ``retry`` and ``failures``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from fiqa_studio.cli import output, score_option
from fiqa_studio.cli.commands import AddCommand
from fiqa_studio.cli.following import follow
from fiqa_studio.cli.opening import engine_of, library_path, open_library
from fiqa_studio.cli.status import DONE
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.exports import records


def add(command: AddCommand) -> None:
    """Add the commands."""
    index = command("index", _index, "Find the faces in folders of photos.", json=True, worker=True)
    index.add_argument("folders", nargs="+", metavar="FOLDER")
    index.add_argument(
        "--score", dest="scorer", nargs="?", const=score_option.DEFAULT, default="",
        metavar="SCORER", help="score in the same pass; the best scorer unless one is named",
    )  # fmt: skip
    score = command("score", _score, "Score the faces that have no score.", json=True, worker=True)
    score.add_argument("--scorer", default="", metavar="NAME", help="see fiqa scorers")
    score.add_argument(
        "--fill", action="store_true",
        help="compute the embeddings of faces that were scored without; their scores stay",
    )  # fmt: skip
    command("retry", _retry, "Try again what failed in the last job.", json=True, worker=True)
    command("failures", _failures, "List what could not be used, and why.", json=True)


def scorer_names() -> list[str]:
    """The names of the scorers here; none where they cannot be listed."""
    from fiqa_studio.engine.scoring.installed import Scorers  # noqa: PLC0415 - hardly ever needed

    try:
        return [scorer.name for scorer in Scorers().installed()]
    except KnownError:
        return []


def _index(options: argparse.Namespace) -> int:
    from fiqa_studio.engine.indexing.places import check_folder  # noqa: PLC0415 - with the engine

    folders = [Path(folder) for folder in options.folders]
    if not os.path.lexists(library_path(options)):
        for folder in folders:  # before a library is made that would stay empty
            check_folder(folder)
    with engine_of(options, create=True) as (_, engine):
        return follow(engine, engine.start_index(folders, score_with=options.scorer), options)


def _score(options: argparse.Namespace) -> int:
    with engine_of(options) as (_, engine):
        if options.fill:
            return follow(engine, engine.fill_vectors(options.scorer), options)
        return follow(engine, engine.start_score(options.scorer), options)


def _retry(options: argparse.Namespace) -> int:
    with engine_of(options) as (library, engine):
        failed = [job for job in library.jobs.recent() if job.failed]
        if not failed:
            output.say("No job has failures.")
            return DONE
        return follow(engine, engine.jobs.retry(failed[0].id), options)


def _failures(options: argparse.Namespace) -> int:
    from fiqa_studio.engine.failures import Failures  # noqa: PLC0415 - brings the scan along

    with open_library(options, read_only=True) as library:
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
