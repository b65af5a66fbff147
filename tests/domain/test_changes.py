"""What a write changed, by id or as a whole."""

from __future__ import annotations

from fiqa_studio.domain.changes import Changes, Kind


def test_named_ids_are_told_by_kind() -> None:
    changes = Changes.of(Kind.MARK, 1, 2) | Changes.of(Kind.MARK, 3) | Changes.of(Kind.FACE, 9)
    assert changes.ids(Kind.MARK) == {1, 2, 3}
    assert changes.of_kind(Kind.FACE)
    assert not changes.of_kind(Kind.PHOTO)
    assert changes.touches(Kind.MARK, [5, 3])
    assert not changes.touches(Kind.MARK, [5])
    assert not changes.touches(Kind.FACE, [1])


def test_everything_of_a_kind_swallows_its_ids() -> None:
    changes = Changes.of(Kind.MARK, 1) | Changes.everything(Kind.MARK) | Changes.of(Kind.FACE, 2)
    assert changes
    assert changes.of_kind(Kind.MARK)
    assert changes.touches(Kind.MARK, [123])
    assert changes.ids(Kind.MARK) == frozenset()
    assert changes.ids(Kind.FACE) == {2}


def test_nothing_is_false() -> None:
    assert not Changes()
    assert not Changes.of(Kind.MARK)
    assert not Changes() | Changes.of(Kind.MARK)
