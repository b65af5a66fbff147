"""The half of ``fiqa study`` that reads tables, analyses, reports, exports and publishes."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fiqa_studio.cli import output
from fiqa_studio.domain.paths import display_path

if TYPE_CHECKING:
    from fiqa_studio.study.analysis import Analysis
    from fiqa_studio.study.exchange.foreign import Imported

_METHODS = ("p910", "mos", "gfiqa", "bt500", "p913", "loo")
_LAYOUTS = ("long", "wide", "p910", "sureal")
_FORMATS = ("long", "p910", "sureal", "gfiqa", "mos")
_DUPLICATES = ("auto", "repeat", "first", "last")


Command = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
"""Adds a command: its name, what it runs, and a sentence."""


def add(command: Command) -> None:
    """Add these commands to ``fiqa study``."""
    _add_import(command)
    _add_analyse(command)
    text = "Show what each rater's ratings say of him, and the decisions on him."
    raters = command("raters", _raters, text)
    raters.add_argument("study", metavar="FILE.study")
    raters.add_argument(
        "--threshold", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
        help="from where on to flag, such as loo_plcc=0.75 gold_accuracy=0.8",
    )  # fmt: skip
    raters.add_argument("--json", action="store_true", help="answer in JSON")
    text = "Decide whether to accept a rater's work and whether to use the ratings."
    decide = command("decide", _decide, text)
    decide.add_argument("study", metavar="FILE.study")
    decide.add_argument("rater", metavar="RATER")
    decide.add_argument("what", choices=("accept", "use"))
    decide.add_argument("answer", choices=("yes", "no"))
    decide.add_argument("--reason", default="", help="why, a sentence")
    report = command("report", _report, "Write a report: one HTML page with everything in it.")
    report.add_argument("study", metavar="FILE.study")
    report.add_argument("--to", required=True, metavar="FILE.html")
    report.add_argument("--plots", default="", metavar="FOLDER", help="each plot as SVG and PNG")
    report.add_argument("--method", choices=_METHODS, default="p910")
    report.add_argument("--attribute", default="", help="the study's first by default")
    pairs = command("pairs", _pairs, "Compute qualities from pair comparisons.")
    pairs.add_argument("study", metavar="FILE.study")
    pairs.add_argument("--json", action="store_true", help="answer in JSON")
    publish = command("publish", _publish, "Put a study's MOS into the library, as opinions.")
    publish.add_argument("study", metavar="FILE.study")
    publish.add_argument("--method", choices=_METHODS, default="p910")
    publish.add_argument("--attribute", default="", help="the study's first by default")
    publish.add_argument("--json", action="store_true", help="answer in JSON")
    export = command("export", _export, "Write ratings or their MOS in a format of others.")
    export.add_argument("study", metavar="FILE.study")
    export.add_argument("--format", choices=_FORMATS, default="long")
    export.add_argument("--to", required=True, metavar="FILE")
    export.add_argument("--method", choices=_METHODS, default="p910", help="for gfiqa and mos")
    export.add_argument("--attribute", default="", help="the study's first by default")


def _add_import(command: Command) -> None:
    text = "Make a study of a table of ratings that was collected elsewhere."
    table = command("import", _import, text)
    table.add_argument("--from", dest="table", required=True, metavar="TABLE")
    table.add_argument("--layout", choices=_LAYOUTS, default="long")
    table.add_argument("--to", default="", metavar="FILE.study")
    table.add_argument(
        "--columns", nargs="+", action="extend", default=[], metavar="KEY=COLUMN",
        help="which column holds what, where it is not found: stimulus=, rater=, rating=, "
        "repetition=, session=, reaction=, time=; in a wide table raters=FIRST..LAST or A|B|C, "
        "stimulus=, ignore=A|B, rows=stimuli or rows=raters",
    )  # fmt: skip
    table.add_argument(
        "--scale", default="", metavar="LOW..HIGH",
        help="found out by default; write --scale=-3..3 where it begins below 0",
    )  # fmt: skip
    table.add_argument("--duplicates", choices=_DUPLICATES, default="auto")
    table.add_argument("--sheet", default="", help="of a workbook")
    table.add_argument("--encoding", default="", help="of a text, found out by default")
    table.add_argument("--title", default="", help="of the study")
    table.add_argument("--dry-run", action="store_true", help="say what would be read, and stop")
    table.add_argument("--json", action="store_true", help="answer in JSON")


def _add_analyse(command: Command) -> None:
    text = "Compute the MOS of a study, with intervals, and judge its raters."
    analyse = command("analyse", _analyse, text)
    analyse.add_argument("study", metavar="FILE.study")
    analyse.add_argument("--method", choices=_METHODS, default="p910")
    analyse.add_argument("--attribute", default="", help="the study's first by default")
    analyse.add_argument(
        "--loo-threshold", type=float, default=None, metavar="R",
        help="least correlation with the others, for loo",
    )  # fmt: skip
    analyse.add_argument("--json", action="store_true", help="answer in JSON")


# Imported in the commands: the statistics and the database are loaded by who asks for them.


def _import(options: argparse.Namespace) -> int:
    from fiqa_studio.study.errors import StudyError  # noqa: PLC0415
    from fiqa_studio.study.exchange.columns import parse_columns  # noqa: PLC0415
    from fiqa_studio.study.exchange.foreign import (  # noqa: PLC0415
        Duplicates,
        Layout,
        read_table,
    )
    from fiqa_studio.study.importing import import_study  # noqa: PLC0415

    if not options.to and not options.dry_run:
        raise StudyError("Say where the study is to be written: --to FILE.study.")
    found = read_table(
        Path(options.table),
        Layout(options.layout),
        columns=parse_columns(options.columns),
        scale=options.scale,
        duplicates=Duplicates(options.duplicates),
        sheet=options.sheet,
        encoding=options.encoding,
    )
    if not options.dry_run:
        import_study(found, Path(options.to), title=options.title)
    if options.json:
        _print_json(found.as_json())
    _say_import(found, options)
    return 0


def _say_import(found: Imported, options: argparse.Namespace) -> None:
    said = found.as_json()
    columns = ", ".join(f"{key}: {name}" for key, name in said["columns"].items())
    output.say(f"Read as {found.said}; {columns}; {found.scale}.")
    for warning in found.warnings():
        output.say(output.one_line(warning))
    missing = f", {found.missing:,} cells empty" if found.missing else ""
    counts = f"{said['ratings']:,} ratings of {said['stimuli']:,} stimuli by {said['raters']:,}"
    place = "" if options.dry_run else f" to {display_path(Path(options.to))}"
    output.say(f"{counts} raters{place}{missing}.")


def _analyse(options: argparse.Namespace) -> int:
    from fiqa_studio.study import file, stored  # noqa: PLC0415
    from fiqa_studio.study.mos import MosMethod  # noqa: PLC0415
    from fiqa_studio.study.screening import LOO_THRESHOLD  # noqa: PLC0415

    threshold = LOO_THRESHOLD if options.loo_threshold is None else options.loo_threshold
    with file.opened(Path(options.study)) as opened:
        found = stored.analyse_study(
            opened,
            MosMethod(options.method),
            attribute=options.attribute,
            loo_threshold=threshold,
        )
    if options.json:
        _print_json(found.as_json())
    else:
        _print_analysis(found)
    for note in found.notes:
        output.say(output.one_line(note))
    return 0


def _print_analysis(found: Analysis) -> None:
    print(f"{'MOS':>8}  {'95 % interval':>18}  {'SD':>7}  {'n':>4}  stimulus")
    for one in found.stimuli:
        low, high = one.ci95
        interval = f"{_number(low)} … {_number(high)}" if low is not None else ""
        print(
            f"{_number(one.mos):>8}  {interval:>18}  {_number(one.sd):>7}  {one.n:>4}  "
            f"{output.one_line(one.name)}"
        )
    print(f"\n{'bias':>8}  {'inconsistency':>13}  {'with others':>11}  rater")
    for rater in found.raters:
        said = "" if rater.used else "not used"
        why = ": ".join(part for part in (said, rater.why) if part)
        print(
            f"{_number(rater.bias):>8}  {_number(rater.inconsistency):>13}  "
            f"{_number(rater.loo_plcc):>11}  {output.one_line(rater.name)}"
            + (f"  ({output.one_line(why)})" if why else "")
        )
    if found.icc is not None:
        icc = found.icc
        print(f"\nICC(2,{icc.raters})  {icc.average:.3f} ({icc.low:.3f} … {icc.high:.3f})")
    if found.alpha is not None:
        print(f"Krippendorff's alpha  {found.alpha:.3f}")
    if found.sos is not None:
        print(f"SOS a  {found.sos.a:.3f}")
    if found.few is not None:
        within = "unknown" if math.isnan(found.few.within) else f"{found.few.within:.2f}"
        print(f"Noise within a person {within}, between people {found.few.between:.2f}")


def _raters(options: argparse.Namespace) -> int:
    import msgspec  # noqa: PLC0415

    from fiqa_studio.study import file, stored  # noqa: PLC0415
    from fiqa_studio.study.decisions import current  # noqa: PLC0415
    from fiqa_studio.study.reliability import parse_thresholds  # noqa: PLC0415

    with file.opened(Path(options.study)) as opened:
        reports = stored.board(opened, parse_thresholds(options.threshold))
        decided = current(stored.decisions(opened.database))
    taken = [msgspec.to_builtins(decision) for decision in decided.values()]
    if options.json:
        _print_json({"raters": [msgspec.to_builtins(r) for r in reports], "decisions": taken})
        return 0
    for report in reports:
        print(f"{output.one_line(report.rater)}: {report.ratings:,} ratings")
        for flag in report.flags:
            print(f"    {flag.said}")
        for (rater, what), decision in decided.items():
            if rater == report.rater:
                answer = "yes" if decision.yes else "no"
                print(f"    {what}: {answer} {output.one_line(decision.reason)}".rstrip())
    return 0


def _decide(options: argparse.Namespace) -> int:
    from fiqa_studio.study import file, stored  # noqa: PLC0415
    from fiqa_studio.study.decisions import Decision, What  # noqa: PLC0415

    decision = Decision(
        rater=options.rater,
        what=What(options.what),
        yes=options.answer == "yes",
        reason=options.reason,
        author="cli",
    )
    with file.opened(Path(options.study)) as opened:
        stored.decide(opened.database, decision)
    output.say(f"{options.rater}: {options.what} {options.answer}.")
    return 0


def _export(options: argparse.Namespace) -> int:
    from fiqa_studio.study import file  # noqa: PLC0415
    from fiqa_studio.study.exchange import writing  # noqa: PLC0415
    from fiqa_studio.study.mos import MosMethod  # noqa: PLC0415

    with file.opened(Path(options.study)) as opened:
        count = writing.write(
            opened,
            writing.Format(options.format),
            Path(options.to),
            method=MosMethod(options.method),
            attribute=options.attribute,
        )
    output.say(f"{count:,} written to {display_path(Path(options.to))}.")
    return 0


def _report(options: argparse.Namespace) -> int:
    from fiqa_studio.study import file  # noqa: PLC0415
    from fiqa_studio.study.mos import MosMethod  # noqa: PLC0415
    from fiqa_studio.study.report import page  # noqa: PLC0415

    with file.opened(Path(options.study)) as opened:
        report = page.report_of(opened, MosMethod(options.method), attribute=options.attribute)
    page.save(report, Path(options.to), Path(options.plots) if options.plots else None)
    output.say(f"Report written to {display_path(Path(options.to))}.")
    return 0


def _pairs(options: argparse.Namespace) -> int:
    from fiqa_studio.study import file, stored  # noqa: PLC0415
    from fiqa_studio.study.numeric import finite  # noqa: PLC0415
    from fiqa_studio.study.pairs import bradley_terry  # noqa: PLC0415

    with file.opened(Path(options.study)) as opened:
        found = bradley_terry(stored.pairs_of(opened))
    rows = [
        {
            "name": name, "quality": float(found.quality[i]), "wins": float(found.wins[i]),
            "half_width": finite(found.half_width[i]), "n": int(found.compared[i]),
            "part": int(found.part[i]),
        }
        for i, name in enumerate(found.stimuli)
    ]  # fmt: skip
    if options.json:
        _print_json({"stimuli": rows, "agreement": found.agreement, "connected": found.connected})
    else:
        for row in sorted(rows, key=lambda row: (row["part"], -float(str(row["quality"])))):
            print(f"{row['quality']:>8.2f}  {row['n']:>4}  {output.one_line(row['name'])}")
    if not found.connected:
        output.say(
            "Not all stimuli were compared with each other: each part has a zero of its own."
        )
    return 0


def _publish(options: argparse.Namespace) -> int:
    import msgspec  # noqa: PLC0415

    from fiqa_studio.cli.opening import open_library  # noqa: PLC0415
    from fiqa_studio.engine import studies  # noqa: PLC0415
    from fiqa_studio.study.mos import MosMethod  # noqa: PLC0415

    with open_library(options) as library:
        done = studies.publish(
            library,
            Path(options.study),
            MosMethod(options.method),
            attribute=options.attribute,
        )
    if options.json:
        _print_json(msgspec.to_builtins(done))
    for name in done.unknown:
        output.say(f"Not a face of this library, or not for certain: {output.one_line(name)}")
    output.say(
        f"{done.faces:,} faces have this study's opinion: {done.by_content:,} found by their "
        f"content, {done.by_name:,} by name; {len(done.unknown):,} stimuli were not found."
    )
    return 0


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _print_json(content: object) -> None:
    print(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False))
