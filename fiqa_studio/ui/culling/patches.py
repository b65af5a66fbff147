"""What cards will show once marks are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fiqa_studio.domain.marks import (
    AddTag,
    Mark,
    PhotoMarks,
    RemoveTag,
    SetColour,
    SetFlag,
    SetQuality,
    SetStars,
    check_mark,
)
from fiqa_studio.domain.query import Subject
from fiqa_studio.ui.session.cards import Card, Cards
from fiqa_studio.ui.session.operation import Patch
from fiqa_studio.ui.session.selection import Chosen


def marked(marks: PhotoMarks, said: Sequence[Mark]) -> PhotoMarks:
    """What holds for a photo once this is said of it."""
    for mark in map(check_mark, said):
        match mark:
            case SetStars(stars):
                marks = replace(marks, stars=stars)
            case SetFlag(flag):
                marks = replace(marks, flag=flag)
            case SetColour(colour):
                marks = replace(marks, colour=colour)
            case AddTag(tag):
                marks = replace(marks, tags=marks.tags | {tag})
            case RemoveTag(tag):
                marks = replace(marks, tags=marks.tags - {tag})
            case SetQuality():
                pass
    return marks


def patch_of(cards: Cards, chosen: Chosen, said: Sequence[Mark]) -> Patch:
    """What cards show of marks that are on their way to the disk.

    A photo's marks show on every face of it. All of a query is all that is listed.
    """
    quality = next((mark for mark in reversed(said) if isinstance(mark, SetQuality)), None)
    if quality is not None:
        return _quality_patch(chosen, quality.quality)
    photos = None
    if chosen.ids is not None:
        near = chosen.subject is Subject.PHOTOS and cards.subject is Subject.FACES
        photos = frozenset(chosen.ids.tolist()) if near else cards.photos_of(chosen.ids)
    return Patch(
        change=lambda card: replace(card, marks=marked(card.marks, said)),
        wanted=lambda card: photos is None or card.photo_id in photos,
    )


def _quality_patch(chosen: Chosen, quality: float | None) -> Patch:
    """A face shows its own; a photo the lowest of its faces, known only where all get the same."""
    ids = None if chosen.ids is None else frozenset(chosen.ids.tolist())

    def wanted(card: Card) -> bool:
        if chosen.subject is Subject.FACES:
            return card.face_id is not None and (ids is None or card.face_id in ids)
        return bool(card.faces or card.face_id) and (ids is None or card.photo_id in ids)

    return Patch(change=lambda card: replace(card, quality=quality), wanted=wanted)
