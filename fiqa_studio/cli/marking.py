"""``fiqa mark``, ``history`` and ``undo``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from fiqa_studio.cli import output
from fiqa_studio.cli.choosing import add_choice, add_subject, chosen, say_unknown
from fiqa_studio.cli.commands import AddCommand, count
from fiqa_studio.cli.opening import open_library
from fiqa_studio.cli.status import DONE, PROBLEMS
from fiqa_studio.domain.marks import (
    ActionRecord,
    AddTag,
    Colour,
    Flag,
    Mark,
    Origin,
    RemoveTag,
    SetColour,
    SetFlag,
    SetQuality,
    SetStars,
)
from fiqa_studio.domain.query import Subject
from fiqa_studio.domain.scores import QualityWord, score_shown_as
from fiqa_studio.engine.marking import Marking

_NONE = "none"


def add(command: AddCommand) -> None:
    """Add the commands."""
    mark = command("mark", _mark, "Say something of photos or faces, as one action.", json=True)
    add_choice(mark, required=True)
    add_subject(mark, "the query is asked of")
    mark.add_argument("--stars", type=int, choices=range(6), metavar="N", help="0 to 5")
    mark.add_argument("--flag", choices=[*_words(Flag), _NONE])
    mark.add_argument("--colour", "--color", type=_colour, metavar="C", help=_colours())
    mark.add_argument("--tag", action="append", default=[], metavar="T", help="may be repeated")
    mark.add_argument("--untag", action="append", default=[], metavar="T", help="may be repeated")
    mark.add_argument(
        "--quality", type=_quality, metavar="X", dest="quality",
        help="of faces: 1 to 100, bad, poor, fair, good, excellent, or none",
    )  # fmt: skip
    mark.add_argument("--author", default="", metavar="A", help="in whose name")
    _add_wait(mark)
    history = command("history", _history, "List what was done, latest first.", json=True)
    history.add_argument("--limit", type=count, default=50, metavar="N", help="50 unless given")
    undo = command("undo", _undo, "Take an action back where it still holds.", json=True)
    undo.add_argument("action", type=int, metavar="ACTION", help="its number, see fiqa history")
    undo.add_argument("--author", default="", metavar="A", help="in whose name")
    _add_wait(undo)


def _add_wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait", type=float, default=0.0, metavar="SECONDS",
        help="so long where another program has the library open",
    )  # fmt: skip


def _mark(options: argparse.Namespace) -> int:
    marks = _marks(options)
    if not marks:
        output.say("Nothing was said of them: give --stars, --flag, --colour, --tag, …")
        return PROBLEMS
    alone = all(isinstance(mark, SetQuality) for mark in marks)
    subject = options.subject or (Subject.FACES if alone else Subject.PHOTOS)
    with open_library(options, wait=options.wait) as library:
        target, unknown = chosen(library, options, subject)
        marking = Marking(library, origin=Origin.CLI)
        marking.author = options.author
        outcome = marking.mark(target, marks).result()
    if options.json:
        paths = [output.one_line(path) for path in unknown]
        answer = {"action": outcome.action_id, "changed": outcome.changed, "unknown": paths}
        print(json.dumps(answer, ensure_ascii=False))
    elif outcome.action_id is None:
        output.say("Everything was so already.")
    else:
        output.say(f"{outcome.changed:,} changed; take it back with: fiqa undo {outcome.action_id}")
    if not options.json:
        say_unknown(unknown)
    return PROBLEMS if unknown else DONE


def _marks(options: argparse.Namespace) -> Sequence[Mark]:
    marks: list[Mark] = []
    if options.stars is not None:
        marks.append(SetStars(options.stars))
    if options.flag is not None:
        marks.append(SetFlag(Flag.NONE if options.flag == _NONE else Flag(options.flag)))
    if options.colour is not None:
        marks.append(SetColour(options.colour))
    marks += [AddTag(tag) for tag in options.tag]
    marks += [RemoveTag(tag) for tag in options.untag]
    if options.quality is not None:
        marks.append(SetQuality(None if options.quality == _NONE else options.quality))
    return marks


def _history(options: argparse.Namespace) -> int:
    with open_library(options, read_only=True) as library:
        found = library.marks.actions(options.limit)
    if options.json:
        output.print_json_list(_record(action) for action in found)
    else:
        for action in found:
            print(_line(action))
    return DONE


def _undo(options: argparse.Namespace) -> int:
    with open_library(options, wait=options.wait) as library:
        marking = Marking(library, origin=Origin.CLI)
        marking.author = options.author
        outcome = marking.undo(options.action).result()
    if options.json:
        answer = {
            "action": outcome.action_id,
            "restored": outcome.restored,
            "stayed": outcome.stayed,
        }
        print(json.dumps(answer))
        return DONE
    total = outcome.restored + outcome.stayed
    stayed = f"; {outcome.stayed:,} of {total:,} were changed since and stay"
    output.say(f"{outcome.restored:,} as before{stayed if outcome.stayed else ''}.")
    return DONE


def _record(action: ActionRecord) -> dict[str, object]:
    return {
        "action": action.id,
        "at": action.at.isoformat(),
        "author": action.author,
        "origin": str(action.origin),
        "title": action.title,
        "changed": action.size,
        "undoes": action.undoes,
        "undone_by": action.undone_by,
        "session": action.session,
    }


def _line(action: ActionRecord) -> str:
    when = action.at.astimezone().strftime("%Y-%m-%d %H:%M")
    undone = f"  (taken back by {action.undone_by})" if action.undone_by else ""
    what = f"{action.title}, {action.size:,} changed"
    who = f"{action.author}, {action.origin}"
    return f"{action.id:>6}  {when}  {output.one_line(what)}  [{output.one_line(who)}]{undone}"


def _words(values: type[Flag]) -> list[str]:
    return [str(value) for value in values if value]


def _colours() -> str:
    return ", ".join([*(str(colour) for colour in Colour if colour), _NONE])


def _colour(text: str) -> Colour:
    if text.casefold() == _NONE:
        return Colour.NONE
    for colour in Colour:
        if colour and colour.casefold() == text.casefold():
            return colour
    raise argparse.ArgumentTypeError(f"“{text}” is no colour: {_colours()}")


def _quality(text: str) -> float | str:
    """Quality as people see it, as a score in [0, 1]; or ``none``."""
    said = text.casefold()
    if said == _NONE:
        return _NONE
    words = [str(word).casefold() for word in QualityWord]
    if said in words:
        return words.index(said) / (len(words) - 1)
    if said.isdecimal() and 1 <= int(said) <= 100:
        return score_shown_as(int(said))
    raise argparse.ArgumentTypeError(f"“{text}” is no quality: 1 to 100, a word, or none")
