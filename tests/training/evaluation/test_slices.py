"""Light and skin of a face, and figures by group of people."""

from __future__ import annotations

import numpy as np
import pytest

from fiqa_training.data.face_regions import OVAL
from fiqa_training.data.landmarks import absent_landmarks
from fiqa_training.data.samples import draw_samples
from fiqa_training.evaluation.appearance import appearance, luminance, skin_class, typology_angle
from fiqa_training.evaluation.slices import (
    Person,
    by_name,
    clean_gap,
    figures,
    person,
    slice_figures,
    thirds,
)

# Light and skin


def mesh() -> np.ndarray:
    """A mesh whose outline is an ellipse round (256, 280), with a small cheek on either side."""
    points = np.full((478, 2), (256, 280), np.float32)
    turn = 2 * np.pi * np.arange(len(OVAL)) / len(OVAL)
    points[list(OVAL)] = np.stack([256 + 130 * np.sin(turn), 280 - 180 * np.cos(turn)], 1)
    for cheek, centre in (
        ((101, 118, 117, 123, 187, 205, 36), 190),
        ((330, 347, 346, 352, 411, 425, 266), 322),
    ):
        turn = 2 * np.pi * np.arange(7) / 7
        points[list(cheek)] = np.stack([centre + 30 * np.cos(turn), 300 + 30 * np.sin(turn)], 1)
    return points


def flat(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((512, 512, 3), colour, np.uint8)


@pytest.mark.parametrize(
    ("lightness", "b", "angle"), [(65.0, 15.0, 45.0), (50.0, 12.0, 0.0), (35.0, 15.0, -45.0)]
)
def test_typology_angle_is_the_arc_tangent_of_lightness_over_b(lightness, b, angle) -> None:
    assert typology_angle(lightness, b) == pytest.approx(angle)


def test_skin_classes_change_at_chardons_edges() -> None:
    named = {60: "very light", 50: "light", 30: "intermediate", 20: "tan", 0: "brown", -45: "dark"}
    assert {angle: skin_class(angle) for angle in named} == named
    # An edge belongs to the darker class.
    assert [skin_class(e) for e in (55, 41, 28, 10, -30)] == [*list(named.values())[1:]]
    assert skin_class(float("nan")) == "monochrome"


@pytest.mark.parametrize(
    ("colour", "skin"),
    [((224, 172, 138), "light"), ((141, 85, 36), "brown"), ((60, 40, 30), "dark")],
)
def test_angle_of_known_colours(colour, skin) -> None:
    found = appearance(flat(colour), mesh())
    assert found is not None
    assert found.angle == pytest.approx(typology_angle(*_lab(colour)), abs=0.3)
    assert found.skin == skin


def test_the_reference_of_the_colours_is_right() -> None:
    # Textbook values of the sRGB primaries (D65).
    assert _lab((255, 0, 0)) == pytest.approx((53.24, 67.20), abs=0.05)
    assert _lab((0, 0, 255)) == pytest.approx((32.30, -107.86), abs=0.05)


def _lab(colour: tuple[int, int, int]) -> tuple[float, float]:
    """L* and b* by the definition, apart from the library that the program uses."""
    encoded = np.array(colour) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    _, y, z = (
        np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
        @ linear
        / (0.95047, 1.0, 1.08883)
    )
    roots = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (y, z)]
    return 116 * roots[0] - 16, 200 * (roots[0] - roots[1])


def test_luminance_is_of_linear_light_and_one_sided_light_is_seen() -> None:
    assert luminance(flat((128, 128, 128)))[0, 0] == pytest.approx(0.2159, abs=1e-3)
    even = appearance(flat((224, 172, 138)), mesh())
    half = flat((224, 172, 138))
    half[:, 256:] = (60, 40, 30)
    lit = appearance(half, mesh())
    assert even is not None
    assert lit is not None
    assert even.imbalance == pytest.approx(0.0, abs=1e-6)
    assert lit.imbalance > 0.8
    assert lit.luminance < even.luminance


def test_no_angle_without_colour_and_nothing_without_a_mesh() -> None:
    grey = appearance(flat((128, 128, 128)), mesh())
    assert grey is not None
    assert grey.skin == "monochrome"
    assert appearance(flat((200, 160, 140)), absent_landmarks()) is None


# Groups of people


def test_thirds_are_equal_and_leave_out_what_was_not_measured() -> None:
    found = thirds([5.0, 1.0, float("nan"), 3.0, 2.0, 4.0, 6.0])
    assert [each.members for each in found] == [(1, 4), (3, 5), (0, 6)]
    assert [each.extent for each in found] == [(1.0, 2.0), (3.0, 4.0), (5.0, 6.0)]
    assert thirds([1.0, float("nan"), 2.0]) == []


def test_names_group_in_the_given_order() -> None:
    found = by_name(["tan", "", "light", "tan"], ("light", "tan"))
    assert [(each.name, each.members) for each in found] == [("light", (2,)), ("tan", (0, 3))]


def people(count: int, shift: float = 0.0) -> list[Person]:
    rng = np.random.default_rng(count)
    made = []
    for _ in range(count):
        labels = rng.uniform(0, 0.8, 7)
        scores = labels + rng.normal(0, 0.02, 7) + shift
        made.append(Person(scores, labels, 5, 6))
    return made


def test_figures_of_a_slice() -> None:
    found = figures(people(12, 0.1))
    assert found["n"] == 12
    assert found["pictures"] == 84
    assert found["srcc"] > 0.98
    assert found["srcc_ci"][0] < found["srcc"] < found["srcc_ci"][1]
    assert found["error"] == pytest.approx(0.1, abs=0.02)
    assert found["error_ci"][0] < 0.1 < found["error_ci"][1]
    assert found["falling"] == pytest.approx(5 / 6)


def test_a_slice_of_nine_people_gets_no_srcc_and_says_that_it_is_small() -> None:
    found = figures(people(9))
    assert found["few"]
    assert found["srcc"] is None
    assert found["srcc_ci"] is None
    assert found["clean_error_ci"] is None
    assert found["clean_error"] == pytest.approx(0, abs=0.05)


def test_a_gap_between_groups_is_told_from_chance() -> None:
    real = clean_gap({"a": people(15), "b": people(15, -0.1), "small": people(3, 0.5)})
    assert real is not None
    assert (real["lowest"], real["highest"]) == ("b", "a")
    assert real["difference"] == pytest.approx(0.1, abs=0.02)
    assert real["p"] < 0.01
    chance = clean_gap({"a": people(14), "b": people(15)})
    assert chance is not None
    assert chance["p"] > 0.05
    assert clean_gap({"a": people(15), "small": people(3)}) is None


def test_slices_report_their_range() -> None:
    found = slice_figures(people(6), thirds([1, 2, 3, 4, 5, 6]))
    assert [each["range"] for each in found["slices"]] == [(1, 2), (3, 4), (5, 6)]
    assert found["clean_gap"] is None


def test_steps_run_from_clean_through_each_growing_series() -> None:
    samples = draw_samples(np.random.default_rng(3))
    falling = np.array([0.9, 0.8, 0.7, 0.6, 0.8, 0.7, 0.5, 0.4])
    assert (person(samples, falling, falling).falling, person(samples, falling, falling).steps) == (
        7,
        7,
    )
    rising = falling.copy()
    rising[2] = 0.85  # above the weaker copy, below the clean one
    assert person(samples, rising, falling).falling == 6
