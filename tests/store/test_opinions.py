"""Opinions: published by study, replaced as a whole."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.opinions import Opinion
from fiqa_studio.domain.photos import FaceId
from fiqa_studio.store.library import Library
from tests.store.values import make_face


def opinion(face: int, mos: float = 0.5) -> Opinion:
    return Opinion(FaceId(face), mos, mos - 0.05, mos + 0.05, 23, 21, 0.12)


@pytest.fixture
def faces(library: Library, add_photo: Callable[..., int]) -> list[int]:
    photo = add_photo("/a.jpg", [make_face(number) for number in range(3)])
    return [detail.row.id for detail in library.faces.of_photo(photo)]


def test_a_study_is_replaced_as_a_whole(library: Library, faces: list[int]) -> None:
    told: list[Changes] = []
    library.subscribe(told.append)
    a, b, c = faces
    assert library.opinions.replace("s1", [opinion(a, 0.1), opinion(b, 0.2)]).result() == 2
    assert library.opinions.replace("s2", [opinion(a, 0.9)]).result() == 1
    assert library.opinions.studies() == {"s1": 2, "s2": 1}
    assert library.opinions.of_faces(faces) == {
        a: {"s1": opinion(a, 0.1), "s2": opinion(a, 0.9)},
        b: {"s1": opinion(b, 0.2)},
    }
    assert library.opinions.replace("s1", [opinion(c, 0.3)]).result() == 1
    assert library.opinions.of_faces(faces) == {
        a: {"s2": opinion(a, 0.9)},
        c: {"s1": opinion(c, 0.3)},
    }
    assert [one.ids(Kind.OPINION) for one in told] == [{a, b}, {a}, {a, b, c}]
    assert library.opinions.replace("s1", []).result() == 0
    assert library.opinions.studies() == {"s2": 1}


def test_faces_that_are_gone_are_passed_over(library: Library, faces: list[int]) -> None:
    assert library.opinions.replace("s", [opinion(faces[0]), opinion(999)]).result() == 1
    assert library.health()["ok"]


def test_what_is_no_opinion_is_refused_and_the_old_ones_stay(
    library: Library, faces: list[int]
) -> None:
    library.opinions.replace("s", [opinion(faces[0])]).result()
    for bad in (math.nan, -0.1, 1.1):
        with pytest.raises(ValueError, match="no opinion"):
            library.opinions.replace("s", [opinion(faces[1], bad)])
    with pytest.raises(ValueError, match="without a name"):
        library.opinions.replace("", [])
    assert list(library.opinions.of_faces(faces)) == faces[:1]
