from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from fiqa_studio.curation import reasons
from fiqa_studio.curation.reasons import FLAG_WORDS, regions, sentences, standing
from fiqa_studio.domain.alignment import applied, crop_transform, eye_centres
from fiqa_studio.domain.photos import FaceFlag
from fiqa_studio.domain.scores import ScoreMaps

Mesh = npt.NDArray[np.float32]


def spotted(mesh: Mesh, landmark: int, depth: float, side: int = 64) -> ScoreMaps:
    """Maps that are worse around one landmark."""
    x, y = applied(crop_transform(*eye_centres(mesh)), mesh[[landmark]])[0] * side / 512
    rows, columns = np.mgrid[0:side, 0:side] + 0.5
    spot = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * (side / 16) ** 2))
    quality = 0.8 - depth * spot
    return ScoreMaps(quality.astype(np.float16), np.full((side, side), 0.9, np.float16))


@pytest.mark.parametrize("degrees", [0, 90, 200])
@pytest.mark.parametrize(
    ("landmark", "name"), [(33, "the left eye"), (386, "the right eye"), (13, "the mouth")]
)
def test_the_worst_region_is_named_however_the_head_lies(
    face_mesh: Callable[..., Mesh], degrees: float, landmark: int, name: str
) -> None:
    mesh = face_mesh(500, 400, 60, degrees)
    maps = spotted(mesh, landmark, 0.5)

    assert regions(maps, mesh)[0].name == name
    assert sentences(maps, mesh)[0].startswith(f"The lowest quality is around {name} (")


def test_an_even_face_is_called_even(face_mesh: Callable[..., Mesh]) -> None:
    mesh = face_mesh(500, 400, 60)

    assert sentences(spotted(mesh, 33, 0.0), mesh) == ["Quality is even across the face."]


def test_low_confidence_where_it_is_worst_is_said(face_mesh: Callable[..., Mesh]) -> None:
    mesh = face_mesh(500, 400, 60)
    maps = spotted(mesh, 13, 0.5)
    unsure = ScoreMaps(maps.quality, np.where(maps.quality < 0.7, 0.1, 0.9).astype(np.float16))

    assert any("trusts its view of the mouth less" in said for said in sentences(unsure, mesh))


def test_a_wide_spread_is_said_even_without_maps(face_mesh: Callable[..., Mesh]) -> None:
    said = sentences(None, face_mesh(500, 400, 60), spread=0.2)

    assert said == ["Parts of the crop disagree by ± 20: read the score with care."]


@pytest.mark.parametrize(
    "maps",
    [
        None,
        ScoreMaps(np.zeros((0, 0), np.float16), np.zeros((0, 0), np.float16)),
        ScoreMaps(np.full((8, 8), np.nan, np.float16), np.ones((8, 8), np.float16)),
    ],
)
def test_nothing_is_said_without_usable_maps(
    face_mesh: Callable[..., Mesh], maps: ScoreMaps | None
) -> None:
    assert sentences(maps, face_mesh(500, 400, 60)) == []


def test_nothing_is_said_without_usable_landmarks() -> None:
    maps = ScoreMaps(np.ones((8, 8), np.float16), np.ones((8, 8), np.float16))

    assert regions(maps, np.zeros((0, 2), np.float32)) == []
    assert regions(maps, np.zeros((478, 2), np.float32)) == []


def test_the_standing_counts_what_is_below() -> None:
    histogram = np.array([10, 0, 0, 30], dtype=np.int64)

    assert standing(histogram, 0.5) == pytest.approx(0.25)
    assert standing(histogram, 0.875) == pytest.approx(0.625)
    assert standing(histogram, 1.0) == 1
    assert standing(np.zeros(4, dtype=np.int64), 0.5) is None


def test_every_flag_has_words() -> None:
    assert set(FLAG_WORDS) == set(FaceFlag)


def test_a_place_in_the_library_is_never_none_or_all_of_it() -> None:
    ends = (0.1, 0.9)
    assert reasons.place_said(0.999, 200, 0.9, ends).startswith("The best of the 200")
    assert reasons.place_said(0.999, 200, 0.89, ends).startswith("Better than 99 % of the 200")
    assert reasons.place_said(0.001, 200, 0.11, ends).startswith("Better than 1 %")
    assert reasons.place_said(0.0, 200, 0.1, ends).startswith("The lowest of the 200")
    assert reasons.place_said(0.5, 2, 0.4, (0.4, 0.4)).startswith("Better than 50 %")


@pytest.mark.parametrize(
    ("coverage", "words"), [(0.9, "9 of 10"), (0.95, "19 of 20"), (0.973, "97.3 of 100")]
)
def test_a_coverage_is_said_in_pictures(coverage: float, words: str) -> None:
    assert words in reasons.range_meaning(coverage, "", None)
    assert "\n" not in reasons.range_meaning(coverage, "", None)
