from __future__ import annotations

import numpy as np
import pytest

from fiqa_training.degradations import CORE_KINDS, degrade, degrade_float, kind, kinds
from fiqa_training.degradations.sheet import contact_sheet, write_contact_sheet
from fiqa_training.errors import TrainingError
from fiqa_training.reading import read_rgb

ALL = [each.name for each in kinds()]


def difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b.astype(float)).mean())


@pytest.mark.parametrize("name", ALL)
def test_keeps_shape_and_type_at_every_severity(name: str, face: np.ndarray) -> None:
    for severity in (0.05, 0.5, 1.0):
        worse = degrade(face, name, severity, seed=3)
        assert worse.shape == face.shape
        assert worse.dtype == np.uint8


@pytest.mark.parametrize("name", ALL)
def test_severity_zero_is_the_clean_picture(name: str, face: np.ndarray) -> None:
    assert np.array_equal(degrade(face, name, 0.0, seed=3), face)


@pytest.mark.parametrize("name", ALL)
def test_one_seed_is_one_result_and_leaves_the_input_alone(name: str, face: np.ndarray) -> None:
    before = face.copy()
    assert np.array_equal(degrade(face, name, 0.6, seed=5), degrade(face, name, 0.6, seed=5))
    assert np.array_equal(face, before)


@pytest.mark.parametrize("name", [n for n in ALL if kind(n).family != "chain"])
def test_grows_with_severity(name: str, face: np.ndarray) -> None:
    changes = [difference(degrade(face, name, s, seed=2), face) for s in (0.15, 0.4, 0.7, 1.0)]
    assert changes == sorted(changes), changes
    assert changes[-1] > changes[0]


@pytest.mark.parametrize("name", ["imaging_chain", "mixture"])
def test_chains_are_worse_when_severe_on_average(name: str, face: np.ndarray) -> None:
    mild, strong = (
        np.mean([difference(degrade(face, name, s, seed=i), face) for i in range(8)])
        for s in (0.2, 0.9)
    )
    assert strong > 1.5 * mild


def test_works_on_any_size() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (75, 131, 3)).astype(np.uint8)
    for name in ALL:
        assert degrade(picture, name, 0.7, seed=1).shape == picture.shape


def test_the_seed_decides_the_direction_of_motion(face: np.ndarray) -> None:
    one, other = (degrade(face, "motion_blur", 0.8, seed=seed) for seed in (1, 2))
    assert difference(one, other) > 1.0


def test_core_kinds_are_registered() -> None:
    assert set(CORE_KINDS) <= set(ALL)
    assert len(ALL) == len(set(ALL)) >= 25


def test_unknown_kind_names_the_known_ones(face: np.ndarray) -> None:
    with pytest.raises(TrainingError, match="gaussian_blur"):
        degrade(face, "smudge", 0.5, seed=0)


@pytest.mark.parametrize("severity", [-0.1, 1.1, float("nan")])
def test_severity_outside_the_unit_interval_is_refused(face: np.ndarray, severity: float) -> None:
    with pytest.raises(TrainingError, match="outside"):
        degrade(face, "jpeg", severity, seed=0)


def test_pictures_of_another_form_are_refused(face: np.ndarray) -> None:
    with pytest.raises(TrainingError, match="uint8"):
        degrade(face.astype(np.float32), "jpeg", 0.5, seed=0)
    with pytest.raises(TrainingError, match="float32"):
        degrade_float(face[..., 0].astype(np.float32), "jpeg", 0.5, seed=0)


def test_contact_sheet_shows_every_kind(face: np.ndarray, tmp_path) -> None:
    sheet = contact_sheet(face, severities=(0.0, 1.0))
    assert sheet.shape[0] == 160 * len(ALL)
    with pytest.raises(TrainingError, match="cannot be read"):
        write_contact_sheet(tmp_path / "absent.jpg", tmp_path / "out.png")
    (tmp_path / "text.jpg").write_text("not a picture")
    with pytest.raises(TrainingError, match="not a picture"):
        read_rgb(tmp_path / "text.jpg")
