"""``fiqa study create``, ``serve``, ``links``, ``forget`` and ``status``: people rate.

What a study needs is imported where it is used: every ``fiqa`` command reads this module.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from fiqa_studio.cli import output, study_packs
from fiqa_studio.domain.jobs import JobProgress, JobState
from fiqa_studio.domain.photos import JobId
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.values import GoldSide, Method, Rules, StimulusSource, Texts

if TYPE_CHECKING:
    from fiqa_studio.study.database import StudyDatabase
    from fiqa_studio.study.file import OpenStudy
    from fiqa_studio.study.planning.design import Built
    from fiqa_studio.study.raters import Rater
    from fiqa_studio.study.web.server import Place

DONE = 0
_SHOWN_LEFT_OUT = 20
_RANGES = ("gold_high", "gold_low")
_LISTS = ("checks", "checks_required")


Command = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
"""Adds a command: its name, what it runs, and a sentence."""


def add(command: Command) -> None:
    """Add these commands to ``fiqa study``."""
    _add_create(command("create", _create, "Make a study of a folder or a list of pictures."))
    serve = command("serve", _serve, "Let raters rate on a web page, on this machine or network.")
    serve.add_argument("study", metavar="FILE.study|PACK")
    _database_argument(serve)
    serve.add_argument("--host", default="127.0.0.1", help="0.0.0.0: for all of the network")
    serve.add_argument("--port", type=int, default=8765, help="0: any that is free")
    serve.add_argument("--rater", action="append", default=[], metavar="NAME",
                       help="add a rater; may be given many times")  # fmt: skip
    serve.add_argument("--base", default="", metavar="URL", help="what links begin with")
    serve.add_argument("--name", action="append", default=[], metavar="HOST",
                       help="a host name to answer to, behind a proxy")  # fmt: skip
    serve.add_argument("--qr", action="store_true", help="show each link as a QR code")
    people = command("links", _links, "List raters with their links to the web page, add some.")
    _study_argument(people)
    people.add_argument("--add", action="append", default=[], metavar="NAME")
    people.add_argument("--new", default="", metavar="NAME", help="the old link stops working")
    people.add_argument("--json", action="store_true", help="answer in JSON")
    gone = command("forget", _forget, "Delete a rater with every rating, for ever.")
    _study_argument(gone)
    gone.add_argument("rater", metavar="NAME")
    gone.add_argument("--yes", action="store_true", help="do not ask")
    study_packs.add(command)
    status = command("status", _status, "What is rated, what is missing, is the design connected.")
    _study_argument(status)
    status.add_argument("--wanted", type=int, metavar="N", help="ratings a stimulus, from now on")
    status.add_argument("--json", action="store_true", help="answer in JSON")


def _study_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="FILE.study")
    _database_argument(parser)


def _database_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database", default="", metavar="URL", help="where the ratings are, if not beside it"
    )


# --- making ---------------------------------------------------------------------------------


def _add_create(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="source", required=True, metavar="FOLDER|LIST.csv")
    parser.add_argument("--to", required=True, metavar="FILE.study")
    parser.add_argument("--title", default="")
    methods = [str(method) for method in Method if method is not Method.IMPORTED]
    parser.add_argument("--method", choices=methods, default="slider")
    parser.add_argument("--attributes", default="quality", metavar="A,B", help="asked of each")
    parser.add_argument(
        "--gold-high", dest="good", default="", metavar="FOLDER", help="clearly good"
    )
    parser.add_argument("--gold-low", dest="bad", default="", metavar="FOLDER", help="clearly bad")
    parser.add_argument("--texts", default="", metavar="FILE.json", help="instructions, consent…")
    parser.add_argument("--seed", type=int, help="of all order; without, a new one")
    parser.add_argument("--database", default="", metavar="URL", help="PostgreSQL, or a path")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    rules = parser.add_argument_group("rules", "every number of the design; see the owner's guide")
    for field in dataclasses.fields(Rules):
        rules.add_argument(_option(field.name), dest=field.name, default=None, metavar="VALUE")


def _option(rule: str) -> str:
    # --gold-high and --gold-low are folders; the answers that are right are ranges.
    return "--" + rule.replace("_", "-") + ("-range" if rule in _RANGES else "")


def _create(options: argparse.Namespace) -> int:
    from fiqa_studio.study import file  # noqa: PLC0415
    from fiqa_studio.study.database import without_password  # noqa: PLC0415
    from fiqa_studio.study.planning.design import build  # noqa: PLC0415

    path = Path(options.to)
    if path.exists():
        raise StudyError(
            f"“{path}” exists already.", remedy="Choose another name.", code="study.exists"
        )
    method = Method(options.method)
    texts = _texts(Path(options.texts)) if options.texts else None
    listed = _sources(options)
    with output.progress_bar() as show:

        def progress(done: int) -> bool:
            show(_progress(done, len(listed)))
            return True

        built = build(
            listed,
            file.pictures_folder(path),
            title=options.title or path.stem,
            method=method,
            attributes=[name.strip() for name in options.attributes.split(",") if name.strip()],
            rules=_rules(options),
            texts=texts,
            seed=options.seed,
            database=without_password(options.database),
            progress=progress,
        )
    file.create(built.study, path, database=options.database)
    _report(built, path, as_json=options.json)
    return DONE


def _report(built: Built, path: Path, *, as_json: bool) -> None:
    if as_json:
        report = {
            "study": str(path),
            "stimuli": sum(map(len, built.study.batches)),
            "batches": len(built.study.batches),
            "gold": len(built.study.gold),
            "training": len(built.study.training),
            "traps": len(built.study.traps),
            "seed": built.study.seed,
            "warnings": list(built.study.warnings),
            "left_out": [dataclasses.asdict(one) for one in built.left_out],
        }
        print(json.dumps(report, indent=2, ensure_ascii=False))
        return
    stimuli = sum(map(len, built.study.batches))
    output.say(f"{stimuli:,} pictures in {len(built.study.batches):,} batches: {path}")
    for warning in built.study.warnings:
        output.say(f"Note: {warning}")
    for one in built.left_out[:_SHOWN_LEFT_OUT]:
        output.say(f"Left out: {output.one_line(one.name)}: {one.reason}")
    if len(built.left_out) > _SHOWN_LEFT_OUT:
        output.say(f"… and {len(built.left_out) - _SHOWN_LEFT_OUT:,} more; see --json.")


def _progress(done: int, total: int) -> JobProgress:
    return JobProgress(
        id=JobId(0), kind="study", title="", state=JobState.RUNNING, total=total, done=done,
        failed=0, rate=None, seconds_left=None, message="",
    )  # fmt: skip


def _sources(options: argparse.Namespace) -> list[StimulusSource]:
    from fiqa_studio.study.planning import sources  # noqa: PLC0415

    given = Path(options.source)
    found = sources.from_folder(given) if given.is_dir() else sources.from_list(given)
    for folder, side in ((options.good, GoldSide.HIGH), (options.bad, GoldSide.LOW)):
        if folder:
            found += [
                dataclasses.replace(source, name=f"gold-{side}/{source.name}", gold=side)
                for source in sources.from_folder(Path(folder))
            ]
    # Gold first: a face that is in both is gold, and not rated as well.
    return sorted(found, key=lambda source: source.gold is None)


def _rules(options: argparse.Namespace) -> Rules:
    given: dict[str, Any] = {}
    for field in dataclasses.fields(Rules):
        text = getattr(options, field.name)
        if text is None:
            continue
        parts = [part.strip() for part in text.split(",") if part.strip()]
        given[field.name] = parts if field.name in (*_RANGES, *_LISTS) else text
    for name in set(given) & set(_RANGES):
        given[name] = dict(zip(("low", "high"), given[name], strict=False))
    try:
        return msgspec.convert(given, Rules, strict=False)
    except msgspec.ValidationError as error:
        raise StudyError(
            "One of the rules cannot be understood.", cause=str(error), code="design.rules"
        ) from error


def _texts(path: Path) -> Texts:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Texts)
    except (OSError, msgspec.DecodeError) as error:
        raise StudyError(
            f"“{path}” cannot be read as texts of a study.", cause=str(error), code="design.texts"
        ) from error


# --- rating ---------------------------------------------------------------------------------


def _serve(options: argparse.Namespace) -> int:
    from fiqa_studio.study import file, raters  # noqa: PLC0415
    from fiqa_studio.study.pack import work  # noqa: PLC0415
    from fiqa_studio.study.web import server  # noqa: PLC0415

    place = server.bind(options.host, options.port, base=options.base)
    try:
        if work.is_pack(Path(options.study)):
            with work.opened(Path(options.study)) as (opened, rater):
                return _serve_here(options, place, opened, [rater], client="pack")
        with file.opened(Path(options.study), database=options.database) as opened:
            for name in options.rater:
                if raters.named(opened.database, name) is None:
                    raters.add(opened.database, name)
            people = raters.everybody(opened.database)
            return _serve_here(options, place, opened, people, client="web")
    finally:
        place.socket.close()


def _serve_here(
    options: argparse.Namespace,
    place: Place,
    opened: OpenStudy,
    people: list[Rater],
    *,
    client: str,
) -> int:
    from fiqa_studio.study.web import server  # noqa: PLC0415

    _check_pictures(opened)
    for rater in people:
        address = server.link(place, rater)
        print(f"{rater.name}: {address}", flush=True)
        if options.qr:
            print(server.qr_text(address), flush=True)
    if not people:
        output.say("There are no raters yet; add them with --rater NAME.")
    if not server.is_loopback(options.host):
        output.say(
            "Everybody on this network can reach the page. The connection is not encrypted; for "
            "use over the internet put it behind a proxy with HTTPS."
        )
    with server.serving(opened, place, names=options.name, client=client) as serving:
        output.say(f"Serving at {place.base}. Ctrl+C ends it; every rating is stored.")
        serving.run()
    return DONE


def _check_pictures(opened: OpenStudy) -> None:
    from fiqa_studio.study import pictures  # noqa: PLC0415

    gone = pictures.missing(opened.pictures, [x.hash for x in opened.study.stimuli])
    if gone:
        raise StudyError(
            f"{len(gone)} pictures of this study are missing.",
            cause=f"They were in “{opened.pictures}”.",
            remedy="Put the folder back beside the study file.",
            code="picture.missing",
        )


def _links(options: argparse.Namespace) -> int:
    from fiqa_studio.study import file, raters  # noqa: PLC0415

    with file.opened(Path(options.study), database=options.database) as opened:
        for name in options.add:
            raters.add(opened.database, name)
        if options.new:
            raters.new_token(opened.database, _rater(opened.database, options.new).id)
        people = raters.everybody(opened.database)
    if options.json:
        output.print_json_list(
            {"name": r.name, "token": r.token, "ended": r.ended, "pack": bool(r.pack_id)}
            for r in people
        )
        return DONE
    for rater in people:
        state = rater.ended or ("in a pack" if rater.pack_id else "")
        print(f"{rater.name}\t#t={rater.token}\t{state}".rstrip())
    return DONE


def _forget(options: argparse.Namespace) -> int:
    from fiqa_studio.study import file, raters  # noqa: PLC0415

    with file.opened(Path(options.study), database=options.database) as opened:
        rater = _rater(opened.database, options.rater)
        if options.yes or _agreed(f"Delete every rating of {rater.name} for ever?"):
            raters.forget(opened.database, rater.id)
            output.say(f"{rater.name} is forgotten.")
    return DONE


def _agreed(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def _rater(database: StudyDatabase, name: str) -> Rater:
    from fiqa_studio.study import raters  # noqa: PLC0415

    found = raters.named(database, name)
    if found is None:
        raise StudyError(f"There is no rater named “{name}”.", code="rater.name")
    return found


def _status(options: argparse.Namespace) -> int:
    from fiqa_studio.study import file, raters  # noqa: PLC0415
    from fiqa_studio.study.planning.allocation import connected, extend_list  # noqa: PLC0415
    from fiqa_studio.study.sitting import trials  # noqa: PLC0415

    with file.opened(Path(options.study), database=options.database) as opened:
        study, database = opened.study, opened.database
        if options.wanted is not None:
            trials.set_wanted(database, options.wanted)
        with database.read() as connection:
            assigned = trials.assigned(connection)
            wanted = trials.wanted(connection, study)
        short = extend_list(study, assigned, now_ms=raters.now_ms(), wanted=wanted)
        whole = connected(study, assigned)
    if options.json:
        rows = [dataclasses.asdict(row) for row in short]
        report = {"wanted": wanted, "connected": whole, "short": rows}
        print(json.dumps(report, indent=2))
        return DONE
    output.say(f"{wanted} ratings a picture are wanted.")
    output.say("The design is connected." if whole else "The design is not connected yet.")
    for row in short:
        print(f"batch {row.batch}: {row.done} done, {row.under_way} under way, "
              f"{row.missing} missing")  # fmt: skip
    return DONE
