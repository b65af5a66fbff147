"""``fiqa study``: make a study, let people rate, and bring their ratings together.

`parser` is the hook that `fiqa_studio.cli` uses. The commands that analyse are in
`fiqa_studio.cli_study_analysis`. Nothing here needs a library, Qt or torch.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from fiqa_studio import cli_output as output
from fiqa_studio.domain.jobs import JobProgress, JobState
from fiqa_studio.domain.photos import JobId
from fiqa_studio.study import file, pictures, raters
from fiqa_studio.study.database import StudyDatabase, without_password
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.planning import sources
from fiqa_studio.study.planning.allocation import connected, extend_list
from fiqa_studio.study.planning.design import build
from fiqa_studio.study.sitting import trials
from fiqa_studio.study.values import GoldSide, Method, Rules, StimulusSource, Texts

SUMMARY = "Run a study in which people rate faces."
DONE = 0
_SHOWN_LEFT_OUT = 20
_RANGES = ("gold_high", "gold_low")
_LISTS = ("checks", "checks_required")


def parser() -> argparse.ArgumentParser:
    """The parser of ``fiqa study …``; built only where that is what was asked."""
    made = argparse.ArgumentParser(prog="fiqa")
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    study = commands.add_parser("study", help=SUMMARY, description=SUMMARY)
    below = study.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = below.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    _add_rating(command)
    return made


def _add_rating(command: Callable[..., argparse.ArgumentParser]) -> None:
    _add_create(command("create", _create, "Make a study of a folder or a list of pictures."))
    serve = command("serve", _serve, "Let raters rate on a web page, on this machine or network.")
    _study_argument(serve)
    serve.add_argument("--host", default="127.0.0.1", help="0.0.0.0: for all of the network")
    serve.add_argument("--port", type=int, default=8765, help="0: any that is free")
    serve.add_argument("--rater", action="append", default=[], metavar="NAME",
                       help="add a rater; may be given many times")  # fmt: skip
    serve.add_argument("--base", default="", metavar="URL", help="what links begin with")
    serve.add_argument("--name", action="append", default=[], metavar="HOST",
                       help="a host name to answer to, behind a proxy")  # fmt: skip
    serve.add_argument("--qr", action="store_true", help="show each link as a QR code")
    people = command("raters", _raters, "List, add and remove raters, and show their links.")
    _study_argument(people)
    people.add_argument("--add", action="append", default=[], metavar="NAME")
    people.add_argument("--new-link", default="", metavar="NAME", help="the old link stops working")
    people.add_argument("--forget", default="", metavar="NAME", help="delete all of a rater's data")
    people.add_argument("--yes", action="store_true", help="do not ask")
    people.add_argument("--json", action="store_true", help="answer in JSON")
    status = command("status", _status, "What is rated, what is missing, is the design connected.")
    _study_argument(status)
    status.add_argument("--wanted", type=int, metavar="N", help="ratings a stimulus, from now on")
    status.add_argument("--json", action="store_true", help="answer in JSON")


def _study_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="FILE.study")
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
    if options.json:
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
        return DONE
    stimuli = sum(map(len, built.study.batches))
    output.say(f"{stimuli:,} pictures in {len(built.study.batches):,} batches: {path}")
    for warning in built.study.warnings:
        output.say(f"Note: {warning}")
    for one in built.left_out[:_SHOWN_LEFT_OUT]:
        output.say(f"Left out: {output.one_line(one.name)}: {one.reason}")
    if len(built.left_out) > _SHOWN_LEFT_OUT:
        output.say(f"… and {len(built.left_out) - _SHOWN_LEFT_OUT:,} more; see --json.")
    return DONE


def _progress(done: int, total: int) -> JobProgress:
    return JobProgress(
        id=JobId(0), kind="study", title="", state=JobState.RUNNING, total=total, done=done,
        failed=0, rate=None, seconds_left=None, message="",
    )  # fmt: skip


def _sources(options: argparse.Namespace) -> list[StimulusSource]:
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
    from fiqa_studio.study.web import server  # noqa: PLC0415 - needs the extra

    place = server.bind(options.host, options.port, base=options.base)
    try:
        with file.opened(Path(options.study), database=options.database) as opened:
            _check_pictures(opened)
            for name in options.rater:
                if raters.named(opened.database, name) is None:
                    raters.add(opened.database, name)
            people = raters.everybody(opened.database)
            for rater in people:
                address = server.link(place, rater)
                print(f"{rater.name}: {address}", flush=True)
                if options.qr:
                    print(server.qr_text(address), flush=True)
            if not people:
                output.say("There are no raters yet; add them with --rater NAME.")
            if not server.is_loopback(options.host):
                output.say(
                    "Everybody on this network can reach the page. The connection is not "
                    "encrypted; for use over the internet put it behind a proxy with HTTPS."
                )
            output.say(f"Serving at {place.base}. Ctrl+C ends it; every rating is stored.")
            server.run(opened, place, names=options.name)
    finally:
        place.socket.close()
    return DONE


def _check_pictures(opened: file.OpenStudy) -> None:
    gone = pictures.missing(opened.pictures, [x.hash for x in opened.study.stimuli])
    if gone:
        raise StudyError(
            f"{len(gone)} pictures of this study are missing.",
            cause=f"They were in “{opened.pictures}”.",
            remedy="Put the folder back beside the study file.",
            code="picture.missing",
        )


def _raters(options: argparse.Namespace) -> int:
    with file.opened(Path(options.study), database=options.database) as opened:
        database = opened.database
        for name in options.add:
            raters.add(database, name)
        if options.new_link:
            raters.new_token(database, _rater(database, options.new_link).id)
        if options.forget:
            rater = _rater(database, options.forget)
            if not options.yes and not _agreed(f"Delete every rating of {rater.name} for ever?"):
                return DONE
            raters.forget(database, rater.id)
        people = raters.everybody(database)
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


def _agreed(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def _rater(database: StudyDatabase, name: str) -> raters.Rater:
    found = raters.named(database, name)
    if found is None:
        raise StudyError(f"There is no rater named “{name}”.", code="rater.name")
    return found


def _status(options: argparse.Namespace) -> int:
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
