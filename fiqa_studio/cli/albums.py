"""``fiqa albums``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from fiqa_studio.cli import output
from fiqa_studio.cli.choosing import add_choice, chosen, say_unknown
from fiqa_studio.cli.commands import AddCommand
from fiqa_studio.cli.opening import open_library
from fiqa_studio.cli.status import DONE, PROBLEMS
from fiqa_studio.domain.query import Subject
from fiqa_studio.engine.albums import Albums, Listed


def add(command: AddCommand) -> None:
    """Add the command and those below it."""
    albums = command("albums", _list, "List albums, or make and change them.", json=True)
    below = albums.add_subparsers(title="commands", metavar="COMMAND")
    create = command("create", _create, "Make an album.", json=True, within=below)
    create.add_argument("name", metavar="NAME")
    create.add_argument("--plain", action="store_true", help="hold these photos; not the query")
    add_choice(create, required=False, album=False)
    adding = command("add", _add, "Put photos into a plain album.", json=True, within=below)
    adding.add_argument("name", metavar="NAME")
    add_choice(adding, required=True, album=False)
    removing = command("remove", _remove, "Take photos out of one.", json=True, within=below)
    removing.add_argument("name", metavar="NAME")
    add_choice(removing, required=True, album=False)
    rename = command("rename", _rename, "Give an album another name.", within=below)
    rename.add_argument("name", metavar="NAME")
    rename.add_argument("new_name", metavar="NEW")
    delete = command("delete", _delete, "Forget an album; its photos stay.", within=below)
    delete.add_argument("name", metavar="NAME")


def _list(options: argparse.Namespace) -> int:
    with open_library(options, read_only=True) as library:
        found = Albums(library).listed()
    if options.json:
        output.print_json_list(_record(one) for one in found)
        return DONE
    for one in found:
        photos = "?" if one.photos is None else f"{one.photos:,}"
        note = one.problem or one.album.query_text
        print(f"{photos:>9}  {output.one_line(one.album.name)}" + (f"  ({note})" if note else ""))
    return DONE


def _record(one: Listed) -> dict[str, object]:
    return {
        "album": int(one.album.id),
        "name": one.album.name,
        "kind": str(one.album.kind),
        "query": one.album.query_text or None,
        "photos": one.photos,
        "missing": one.album.missing,
        "problem": one.problem or None,
    }


def _create(options: argparse.Namespace) -> int:
    plain = options.plain or options.paths is not None or options.query is None
    with open_library(options) as library:
        albums = Albums(library)
        unknown: list[Path] = []
        if plain:
            given = options.query is not None or options.paths is not None
            target = None
            if given:
                target, unknown = chosen(library, options, Subject.PHOTOS)
            made = albums.create_plain(options.name, target).result()
        else:
            made = albums.create_smart(options.name, options.query).result()
    if options.json:
        print(json.dumps({"album": int(made), "unknown": [str(path) for path in unknown]}))
    else:
        say_unknown(unknown)
    return PROBLEMS if unknown else DONE


def _add(options: argparse.Namespace) -> int:
    return _change(options, put=True)


def _remove(options: argparse.Namespace) -> int:
    return _change(options, put=False)


def _change(options: argparse.Namespace, *, put: bool) -> int:
    with open_library(options) as library:
        album = Albums(library).named(options.name)
        target, unknown = chosen(library, options, Subject.PHOTOS)
        write = library.albums.add if put else library.albums.remove
        changed = write(album.id, target).result()
    if options.json:
        print(json.dumps({"changed": changed, "unknown": [str(path) for path in unknown]}))
    else:
        photos = "1 photo" if changed == 1 else f"{changed:,} photos"
        output.say(f"{photos} {'added' if put else 'removed'}.")
        say_unknown(unknown)
    return PROBLEMS if unknown else DONE


def _rename(options: argparse.Namespace) -> int:
    with open_library(options) as library:
        album = Albums(library).named(options.name)
        library.albums.rename(album.id, options.new_name).result()
    return DONE


def _delete(options: argparse.Namespace) -> int:
    with open_library(options) as library:
        library.albums.delete(Albums(library).named(options.name).id).result()
    return DONE
