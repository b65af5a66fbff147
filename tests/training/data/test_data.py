from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fiqa_training.data.faces import one_per_group, read_faces, split_faces
from fiqa_training.data.rated import fold_of, read_rated, split_fold
from fiqa_training.data.samples import draw_samples, render
from fiqa_training.errors import TrainingError
from fiqa_training.pseudo_mos.fusion import calibrate, measure_pairs, pseudo_mos
from fiqa_training.starter.form import read_recipe


@pytest.fixture
def faces(tmp_path: Path, write_faces) -> Path:
    rows = [(f"p{i}.jpg", "portrait", f"person-{i // 2}") for i in range(120)]
    rows += [(f"s{i}.jpg", "synthetic_wild", f"nobody-{i}") for i in range(10)]
    return write_faces(tmp_path / "faces", rows)


def test_a_split_never_separates_a_person(faces: Path) -> None:
    split = split_faces(read_faces(faces))
    parts = [{row.group for row in part} for part in (split.train, split.validation, split.test)]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]
    assert sum(map(len, (split.train, split.validation, split.test))) == 130


def test_unlicensed_rows_only_validate(faces: Path) -> None:
    split = split_faces(read_faces(faces))
    assert all(row.trainable for row in (*split.train, *split.test))
    assert sum(not row.trainable for row in split.validation) == 10
    assert any(not row.trainable for row in split.validation)


def test_the_split_does_not_depend_on_the_order(faces: Path) -> None:
    rows = read_faces(faces)
    assert set(split_faces(rows).train) == set(split_faces(rows[::-1]).train)


def test_one_per_group_takes_each_person_once(faces: Path) -> None:
    rows = read_faces(faces)
    chosen = one_per_group(rows, 20)
    assert len({row.group for row in chosen}) == 20
    with pytest.raises(TrainingError, match="held-out persons"):
        one_per_group(rows, 500)


def test_bad_manifests_are_refused_with_the_reason(tmp_path: Path, faces: Path) -> None:
    with pytest.raises(TrainingError, match=r"manifest\.csv"):
        read_faces(tmp_path / "nowhere")
    manifest = faces / "manifest.csv"
    text = manifest.read_text()
    manifest.write_text(text.replace("group", "grp"))
    with pytest.raises(TrainingError, match="group"):
        read_faces(faces)
    manifest.write_text(text)
    (faces / "p0.jpg").unlink()
    with pytest.raises(TrainingError, match=r"p0\.jpg"):
        read_faces(faces)


def write_ratings(folder: Path, rows: list[str]) -> Path:
    folder.mkdir()
    (folder / "ratings.csv").write_text("\n".join(["image,mos,std", *rows]) + "\n")
    return folder


def test_near_duplicates_share_a_fold(tmp_path: Path) -> None:
    rows = [f"{i}.jpg,{i % 100},10" for i in range(1, 700)]
    photos = {p.path.stem: p for p in read_rated(write_ratings(tmp_path / "r", rows))}
    assert fold_of(photos["246"]) == fold_of(photos["333"])
    assert fold_of(photos["672"]) == fold_of(photos["694"])
    kept, held = split_fold(list(photos.values()), 0)
    assert len(kept) + len(held) == len(photos)
    assert 0.12 < len(held) / len(photos) < 0.28


def test_bad_ratings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="0-100"):
        read_rated(write_ratings(tmp_path / "a", ["1.jpg,140,3"]))
    with pytest.raises(TrainingError, match="lacks"):
        read_rated(write_ratings(tmp_path / "b", []))
    with pytest.raises(TrainingError, match=r"ratings\.csv"):
        read_rated(tmp_path / "c")


def test_samples_grow_worse_as_one_scene() -> None:
    samples = draw_samples(np.random.default_rng(4))
    clean, *growing = samples[:4]
    assert clean.kind == ""
    assert len({(s.kind, s.seed) for s in growing}) == 1
    assert [s.severity for s in growing] == sorted(s.severity for s in growing)
    assert draw_samples(np.random.default_rng(4)) == samples


def test_measures_fall_with_severity_and_calibrate_monotonically(face: np.ndarray) -> None:
    samples = draw_samples(np.random.default_rng(1))[:4]
    pictures = render(face, samples)
    measures = measure_pairs([face] * 4, pictures)
    assert measures[0] == pytest.approx([1.0, 1.0, 1.0], abs=1e-3)
    assert (np.diff(measures, axis=0) < 0).all()
    link = calibrate(measures, np.array([s.severity for s in samples]))
    quality = link(measures)
    assert (np.diff(quality) <= 0).all()
    assert quality.min() >= 0
    assert quality.max() <= 1


def test_pseudo_mos_uses_the_scale() -> None:
    assert pseudo_mos(1.0, 0.0, 0.92) == pytest.approx(0.92)
    assert pseudo_mos(0.0, 1.0, 0.92) < 0.1
    assert 0.4 < pseudo_mos(0.5, None, 0.9) < 0.6


def test_the_shipped_recipe_reads_and_bad_ones_do_not(tmp_path: Path) -> None:
    assert read_recipe().quality.steps > 0
    bad = tmp_path / "bad.toml"
    for text, reason in [
        ("seed = ", "not a recipe"),
        ("seed = 'x'", "seed"),
        ("seed = 1\n[data]\nfaces = 'many'", "Expected `int`"),
        ("seed = 1\nlearn = true", "unknown field `learn`"),
    ]:
        bad.write_text(text)
        with pytest.raises(TrainingError, match=reason):
            read_recipe(bad)
    bad.write_bytes(b"\xff\xfe\x00seed")
    with pytest.raises(TrainingError, match="not a recipe"):
        read_recipe(bad)
    with pytest.raises(TrainingError, match="cannot be read"):
        read_recipe(tmp_path / "absent.toml")
