"""``fiqa doctor`` and ``fiqa scorers``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from fiqa_studio import __version__
from fiqa_studio.cli import output
from fiqa_studio.cli.commands import AddCommand
from fiqa_studio.cli.opening import library_path, open_library, worker_settings
from fiqa_studio.cli.status import DONE, PROBLEMS
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.paths import display_path
from fiqa_studio.store.library import Library

if TYPE_CHECKING:
    from fiqa_studio.engine.link.protocol import Description


def add(command: AddCommand) -> None:
    """Add the commands."""
    command("doctor", _doctor, "Check this installation and the library.", json=True)
    scorers = command("scorers", _scorers, "List the scorers, or choose one.", json=True)
    choice = scorers.add_mutually_exclusive_group()
    choice.add_argument("--use", metavar="NAME", help="show its scores, as far as there are some")
    choice.add_argument(
        "--compare", nargs=2, metavar="NAME", help="two of them on the faces both have scored"
    )


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
    path = library_path(options)
    report["library"] = {"path": display_path(path), "exists": path.exists()}
    if path.exists():
        try:
            with Library.open(path, read_only=True) as library:
                health = library.health()
            report["library"].update(health)
            problems += [f"library: {problem}" for problem in health["problems"]]
            problems += [
                f"thumbnails: {problem} The library is not affected; the next fiqa index of its "
                "folders makes them again."
                for problem in health["thumbnail_problems"]
            ]
        except KnownError as error:
            problems.append(str(error))
    report["problems"] = problems
    report["ok"] = not problems
    if options.json:
        print(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        output.print_report(report)
    return PROBLEMS if problems else DONE


def _use(options: argparse.Namespace) -> int:
    from fiqa_studio.engine.scoring.activation import Activation  # noqa: PLC0415 - brings numpy
    from fiqa_studio.engine.scoring.installed import Scorers  # noqa: PLC0415 - the same

    with open_library(options) as library:
        found = Activation(library, Scorers()).activate(options.use)
    if options.json:
        print(json.dumps({"scorer": found.scorer.name, "unscored": found.unscored}))
    else:
        output.say(f"{found.scorer.title}; {found.unscored:,} faces have no score of it yet.")
    return DONE


def _compare(options: argparse.Namespace) -> int:
    from fiqa_studio.engine.scoring.activation import (  # noqa: PLC0415 - as above
        Activation,
        comparison_said,
    )
    from fiqa_studio.engine.scoring.installed import Scorers  # noqa: PLC0415 - as above

    with open_library(options, read_only=True) as library:
        found = Activation(library, Scorers()).compare(*options.compare)
    if options.json:
        answer = {
            "first": found.first.name,
            "second": found.second.name,
            "faces": found.faces,
            "only_first": found.only_first,
            "only_second": found.only_second,
            "rank_agreement": found.rank_agreement,
            "mean_difference": found.mean_difference,
            "largest": [
                {"face_id": one.face_id, "first": one.first, "second": one.second}
                for one in found.largest
            ],
        }
        print(json.dumps(answer))
    else:
        print(comparison_said(found))
    return DONE


def _scorers(options: argparse.Namespace) -> int:
    if options.use:
        return _use(options)
    if options.compare:
        return _compare(options)
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


def _describe(options: argparse.Namespace, *, devices: bool) -> Description:
    from fiqa_studio.engine.describing import describe_installation  # noqa: PLC0415 - starts a worker

    return describe_installation(worker_settings(options), devices=devices)
