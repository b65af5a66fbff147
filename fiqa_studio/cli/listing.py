"""``fiqa list``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from fiqa_studio.cli import output
from fiqa_studio.cli.choosing import add_choice, add_subject, chosen, say_unknown
from fiqa_studio.cli.commands import AddCommand, count
from fiqa_studio.cli.opening import open_library
from fiqa_studio.cli.status import DONE, PROBLEMS
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.query import Query, SortKey, Subject
from fiqa_studio.exports import records
from fiqa_studio.exports.items import FaceItem, Item, read_items

if TYPE_CHECKING:
    from fiqa_studio.domain.photos import FaceRow


def add(command: AddCommand) -> None:
    """Add the command."""
    listing = command("list", _list, "List faces or photos.", json=True)
    add_subject(listing, "list")
    add_choice(listing, required=False)
    add_order(listing)
    listing.add_argument("--limit", type=count, metavar="N", help="no more than so many")


def add_order(parser: argparse.ArgumentParser) -> None:
    """``--sort``, ``--ascending`` and ``--descending``."""
    parser.add_argument(
        "--sort", choices=[str(key) for key in SortKey],
        help="score unless the query says another order",
    )  # fmt: skip
    order = parser.add_mutually_exclusive_group()
    order.add_argument("--ascending", action="store_true", default=None)
    order.add_argument("--descending", dest="ascending", action="store_false", default=None)


def order_of(options: argparse.Namespace) -> Query:
    """A query without terms in the order that the options ask for."""
    key = SortKey(options.sort or SortKey.SCORE)
    descending = key is not SortKey.NAME if options.ascending is None else not options.ascending
    return Query().sorted_by(key, descending)


def _list(options: argparse.Namespace) -> int:
    subject = options.subject or Subject.FACES
    with open_library(options, read_only=True) as library:
        target, unknown = chosen(library, options, subject, order_of(options))
        scorer = target.query.scorer if target.query is not None else ""
        ids = library.resolve(target, subject)[: options.limit]
        items = (item for page in read_items(library, subject, ids, scorer=scorer) for item in page)
        found = map(_record_of(with_ranges=options.json), items)
        if options.json:
            output.print_json_list(found)
        else:
            for record in found:
                print(output.line(record))
    say_unknown(unknown)
    return PROBLEMS if unknown else DONE


def _record_of(*, with_ranges: bool) -> Callable[[Item], records.Record]:
    range_of = _ranges() if with_ranges else lambda _row: None

    def record(item: Item) -> records.Record:
        if isinstance(item, FaceItem):
            return records.face_record(item.row, item.path, range_of(item.row))
        return records.photo_record(item.row, item.path)

    return record


def _ranges() -> Callable[[FaceRow], records.Range | None]:
    """Gives the calibrated range of a face's score; asks for the scorers when first needed."""
    from fiqa_studio.engine.scoring.installed import Scorers  # noqa: PLC0415 - only for JSON

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
