"""Labels: events that are only ever added, current state, undo and redo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.fields_query import Query
from fiqa_studio.domain.labels import LabelEvent, LabelKind, PhotoLabels
from fiqa_studio.domain.photos import FaceId, PhotoId
from fiqa_studio.store.library import Library
from tests.store.values import make_face

NOW = datetime(2024, 5, 1, 12, 30, tzinfo=UTC)


def said(kind: LabelKind, value: object, photo: int, author: str = "me") -> LabelEvent:
    return LabelEvent(kind, str(value), author, NOW, photo_id=PhotoId(photo))


@pytest.fixture
def photo(add_photo: Callable[..., int]) -> int:
    return add_photo("/photos/a.jpg", [make_face()])


def test_labels_hold_until_they_are_changed(library: Library, photo: int) -> None:
    assert library.labels.photo(photo) == PhotoLabels()
    library.labels.record(
        [
            said(LabelKind.STARS, 3, photo),
            said(LabelKind.FLAG, "pick", photo),
            said(LabelKind.COLOUR, "Red", photo),
            said(LabelKind.TAG_ADDED, "Family", photo),
            said(LabelKind.TAG_ADDED, "Sea", photo),
        ]
    ).result()
    assert library.labels.photo(photo) == PhotoLabels(
        3, "pick", "Red", frozenset(["Family", "Sea"])
    )
    library.labels.record(
        [said(LabelKind.STARS, 5, photo), said(LabelKind.TAG_REMOVED, "Sea", photo)]
    ).result()
    assert library.labels.photo(photo) == PhotoLabels(5, "pick", "Red", frozenset(["Family"]))
    assert library.labels.tags() == {"Family": 1}
    history = library.labels.history(photo)
    assert [event.value for event in history] == ["3", "pick", "Red", "Family", "Sea", "5", "Sea"]
    assert history[0] == said(LabelKind.STARS, 3, photo)


def test_a_face_has_a_quality_of_its_own(library: Library, photo: int) -> None:
    (face,) = (detail.row.id for detail in library.faces.of_photo(photo))
    told: list[Changes] = []
    library.subscribe(told.append)
    event = LabelEvent(LabelKind.QUALITY, "0.3", "me", NOW, face_id=FaceId(face))
    library.labels.record([event]).result()
    assert library.labels.face_quality(face) == 0.3
    assert told[0].ids(Kind.LABEL) == {photo}
    assert told[0].ids(Kind.FACE) == {face}
    assert library.labels.history(photo) == [event]
    library.labels.record(
        [LabelEvent(LabelKind.QUALITY, "", "me", NOW, face_id=FaceId(face))]
    ).result()
    assert library.labels.face_quality(face) is None
    library.labels.undo().result()
    assert library.labels.face_quality(face) == 0.3


def test_an_action_over_many_photos_is_one_undo(
    library: Library, add_photo: Callable[..., int]
) -> None:
    photos = [add_photo(f"/{number}.jpg") for number in range(5)]
    library.labels.record([said(LabelKind.STARS, 2, one) for one in photos]).result()
    library.labels.record([said(LabelKind.STARS, 4, one) for one in photos[:3]]).result()
    assert len(library.labels.undo().result()) == 3
    assert [library.labels.photo(one).stars for one in photos] == [2] * 5
    assert len(library.labels.undo("you").result()) == 5
    assert [library.labels.photo(one).stars for one in photos] == [0] * 5
    assert library.labels.undo().result() == ()
    assert library.labels.history(photos[4])[-1].author == "you"


def test_redo_follows_undo_until_something_else_is_done(library: Library, photo: int) -> None:
    for value in (1, 2, 3):
        library.labels.record([said(LabelKind.STARS, value, photo)]).result()
    undo, redo = library.labels.undo, library.labels.redo
    seen = []
    for step in (undo, undo, redo, redo, redo, undo, undo, undo, undo, redo, redo):
        step().result()
        seen.append(library.labels.photo(photo).stars)
    assert seen == [2, 1, 2, 3, 3, 2, 1, 0, 0, 1, 2]
    library.labels.record([said(LabelKind.FLAG, "reject", photo)]).result()
    assert redo().result() == ()
    undo().result()
    assert library.labels.photo(photo) == PhotoLabels(stars=2)
    undo().result()
    assert library.labels.photo(photo).stars == 1


def test_tags_come_back_and_are_searched(library: Library, photo: int) -> None:
    library.labels.record([said(LabelKind.TAG_ADDED, "Großmutter", photo)]).result()
    assert list(library.views.photo_ids(Query(text="GROSSMUTTER a.JPG"))) == [photo]
    assert len(library.views.face_ids(Query(text="grossmutter"))) == 1
    library.labels.undo().result()
    assert list(library.views.photo_ids(Query(text="grossmutter"))) == []
    library.labels.redo().result()
    assert list(library.views.photo_ids(Query(text="großmutter"))) == [photo]


def test_an_event_that_changes_nothing_is_not_recorded(library: Library, photo: int) -> None:
    told: list[Changes] = []
    library.subscribe(told.append)
    for event in (
        said(LabelKind.STARS, 0, photo),
        said(LabelKind.TAG_REMOVED, "Sea", photo),
        said(LabelKind.FLAG, "", photo),
    ):
        library.labels.record([event]).result()
    assert library.labels.history(photo) == []
    assert told == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (LabelKind.STARS, "6"),
        (LabelKind.STARS, ""),
        (LabelKind.FLAG, "maybe"),
        (LabelKind.COLOUR, "red"),
        (LabelKind.TAG_ADDED, " "),
    ],
)
def test_values_that_a_kind_does_not_have_are_refused(
    library: Library, photo: int, kind: LabelKind, value: str
) -> None:
    with pytest.raises(ValueError, match="is no value of"):
        library.labels.record([said(kind, value, photo)])


def test_a_quality_is_of_a_face_and_within_bounds(library: Library, photo: int) -> None:
    with pytest.raises(ValueError, match="of a face"):
        library.labels.record([said(LabelKind.QUALITY, 0.5, photo)])
    with pytest.raises(ValueError, match="is no value of"):
        library.labels.record([LabelEvent(LabelKind.QUALITY, "1.5", "me", NOW, face_id=FaceId(1))])


def test_the_current_state_is_what_the_events_add_up_to(
    library: Library, add_photo: Callable[..., int]
) -> None:
    photos = [add_photo(f"/{number}.jpg") for number in range(4)]
    random = np.random.default_rng(1)
    kinds = [
        (LabelKind.STARS, ["0", "1", "5"]),
        (LabelKind.FLAG, ["", "pick", "reject"]),
        (LabelKind.TAG_ADDED, ["a", "b"]),
        (LabelKind.TAG_REMOVED, ["a", "b"]),
    ]
    for _ in range(60):
        choice = random.integers(0, 6)
        if choice == 4:
            library.labels.undo().result()
        elif choice == 5:
            library.labels.redo().result()
        else:
            kind, values = kinds[choice]
            some = random.choice(photos, 2, replace=False)
            value = str(random.choice(values))
            library.labels.record([said(kind, value, int(one)) for one in some]).result()
    for photo in photos:
        state: dict[str, str] = {}
        tags: set[str] = set()
        for event in library.labels.history(photo):
            if event.kind is LabelKind.TAG_ADDED:
                tags.add(event.value)
            elif event.kind is LabelKind.TAG_REMOVED:
                tags.remove(event.value)
            else:
                state[event.kind] = event.value
        assert library.labels.photo(photo) == PhotoLabels(
            int(state.get("stars", 0)), state.get("flag", ""), "", frozenset(tags)
        )


def test_times_keep_their_instant(library: Library, photo: int) -> None:
    there = NOW.astimezone().replace(microsecond=5) + timedelta(hours=1)
    event = LabelEvent(LabelKind.STARS, "1", "me", there, photo_id=PhotoId(photo))
    library.labels.record([event]).result()
    (kept,) = library.labels.history(photo)
    assert kept.at == there
    assert kept.at.tzinfo is UTC
