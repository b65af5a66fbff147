"""Marks what is selected or current, shows it, and moves on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.marks import Colour, Mark, SetColour, check_mark, describe
from fiqa_studio.domain.query import Subject
from fiqa_studio.ui.culling.patches import patch_of
from fiqa_studio.ui.session.operation import Operation
from fiqa_studio.ui.session.selection import Chosen

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context

READ_ONLY = "This library is open for reading only: nothing in it can be marked."


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked(Operation):
    """A marking, with what to say of it.

    Attributes:
        words: Such as ``5 stars``.
        asked: How many were selected.
    """

    words: str
    asked: int


def mark(context: Context, said: Sequence[Mark], *, advance: bool = False) -> bool:
    """Say something of the photos that are selected, or of the current one; whether there is one.

    With ``advance``, and where the user has that on, the next one becomes current at once, before
    a filter takes the marked one out of the list.

    Raises:
        KnownError: The library is read only, or a tag cannot be kept.
    """
    chosen = context.selection.chosen()
    return _apply(context, chosen, said) and (not advance or _advance(context, chosen))


def judge(context: Context, said: Sequence[Mark], chosen: Chosen | None = None) -> bool:
    """Say something of the faces that are selected, or of the current one, or of ``chosen``."""
    return _apply(context, chosen or context.selection.chosen_faces(), said)


def mark_colour(context: Context, colour: Colour) -> None:
    """Give a colour; where the current one has it already, take it away."""
    now = context.selection.current
    card = context.listing.cards.get(now.id) if now is not None else None
    has_it = card is not None and card.marks.colour is colour
    mark(context, [SetColour(Colour.NONE if has_it else colour)], advance=True)


def title_of(said: Sequence[Mark], chosen: Chosen) -> str:
    """Such as ``5 stars``, or ``5 stars on 12,345 photos``."""
    words = describe(said)
    return words if chosen.count == 1 else f"{words} on {chosen.count:,} {chosen.subject}"


def _apply(context: Context, chosen: Chosen, said: Sequence[Mark]) -> bool:
    if not chosen:
        return False
    if context.session.library.read_only:
        raise KnownError("Nothing was marked.", cause=READ_ONLY, code="library.read-only")
    kept = [check_mark(one) for one in said]
    context.do(
        Marked(
            title=title_of(kept, chosen),
            words=describe(kept),
            asked=chosen.count,
            work=lambda engine: engine.marking.mark(chosen.target(), kept),
            patch=patch_of(context.listing.cards, chosen, kept),
            quiet=True,
        )
    )
    return True


def _advance(context: Context, chosen: Chosen) -> bool:
    """On to the next one, where one was marked and it is what the user looks at."""
    if not context.settings["culling.auto-advance"] or chosen.count != 1 or chosen.ids is None:
        return True
    listing, selection = context.listing, context.selection
    row, key = selection.row, int(chosen.ids[0])
    if not 0 <= row < listing.count:
        return True
    if selection.many:
        looked_at = int(listing.ids[row]) == key
    else:
        # The loupe shows a photo once its card is known; until then it shows the one before,
        # and that is what was marked: it must not be passed by twice.
        now = selection.current
        looked_at = now is not None and now.row == row and now.photo_id == key
    if looked_at:
        step = 1 if listing.subject is Subject.PHOTOS or selection.many else _photo_step(context)
        selection.step(step)
    return True


def _photo_step(context: Context) -> int:
    """In the loupe over a list of faces: how far it is to a face of another photo."""
    listing, row = context.listing, context.selection.row
    card = listing.rows.card(row)
    for by in range(1, listing.count - row):
        other = listing.rows.card(row + by)
        if card is None or other is None or other.photo_id != card.photo_id:
            return by
    return 1
