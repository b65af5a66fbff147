from __future__ import annotations

import itertools
import json
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from msgspec.structs import replace

from fiqa_models.networks import build_network
from fiqa_training.cli import main
from fiqa_training.data.labelled import read_set
from fiqa_training.degradations import kinds
from fiqa_training.encoding.dsl import dual_set, patch_based
from fiqa_training.encoding.encoder import EncoderSteps, EncoderTask, degradation_loss
from fiqa_training.errors import TrainingError
from fiqa_training.experiments.degraded_set import sweep_samples
from fiqa_training.experiments.representation import (
    Views,
    average_precisions,
    degraded_views,
    draw_tsne,
    neighbour_purity,
    over_seeds,
    retrieval_report,
)
from fiqa_training.experiments.runs import (
    SHARES,
    TABLE_3,
    ablation_variants,
    leave_out_variants,
    size_variants,
)
from fiqa_training.experiments.tsne import tsne
from fiqa_training.loop.fitting import fit
from fiqa_training.loop.parallel import Team
from fiqa_training.loop.recipe import EncoderRecipe, ImageRecipe
from fiqa_training.pictures.training import RunFolders, choose
from tests.training.tiny import TINY_NETWORK

RECIPE = f"""
seed = 1
[network]
config = "starter"
freeze_backbone = true
{TINY_NETWORK}
[encoder]
steps = 1
synthetic = 2
real = 2
side = 64
patch_side = 32
[training]
steps = 1
batch = 1
check_every = 9
save_every = 9
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirteen pictures of two kinds of degradation, with the tiny recipe."""
    folder = tmp_path_factory.mktemp("set")
    lines = ["image,mos,split,kind"]
    for index in range(13):
        cv2.imwrite(str(folder / f"{index}.png"), np.full((512, 512, 3), 20 * index, np.uint8))
        part = "train" if index < 7 else "test"
        lines.append(f"{index}.png,{index},{part},{'jpeg' if index % 2 else 'haze'}")
    (folder / "labels.csv").write_text("\n".join(lines))
    (folder / "tiny.toml").write_text(RECIPE)
    return folder


def clusters(spread: float) -> tuple[np.ndarray, Views]:
    """Six kinds of eight people as points around six corners."""
    rng = np.random.default_rng(0)
    kinds, people = np.tile(np.arange(6), 8), np.repeat(np.arange(8), 6)
    points = np.eye(6, 16)[kinds] + rng.normal(0, spread, (48, 16))
    picture = np.zeros((8, 8, 3), np.uint8)
    return points.astype(np.float32), Views([picture] * 48, kinds, people)


def test_retrieval_is_perfect_for_clusters_and_poor_for_noise() -> None:
    tight, views = clusters(0.02)
    noise, _ = clusters(50.0)
    assert average_precisions(tight, views).min() == 1.0
    report = retrieval_report({"dsl": tight, "patch": noise}, views)
    assert report["dsl"]["map"] == 1.0
    assert report["patch"]["map"] < 0.5
    assert report["dsl_minus_patch"]["map_ci"][0] > 0.3
    assert neighbour_purity(tight, views, 5) == 1.0


def test_several_seeds_become_mean_and_spread() -> None:
    reports = {seed: {"kinds": [], "dsl": {"map": value}} for seed, value in ((1, 0.4), (2, 0.6))}
    found = over_seeds(reports)["dsl"]
    assert found["map"] == pytest.approx(0.5)
    assert found["map_sd"] == pytest.approx(0.02**0.5)
    assert found["map_least"] == 0.4
    assert over_seeds({1: reports[1]})["dsl"]["map_sd"] is None


def test_average_precision_by_hand() -> None:
    # One query of kind 0; the gallery, nearest first, is right, wrong, right.
    points = np.array([[0.0], [1.0], [2.0], [3.0]], np.float32)
    picture = np.zeros((8, 8, 3), np.uint8)
    views = Views([picture] * 4, np.array([0, 0, 1, 0]), np.array([0, 1, 1, 1]))
    assert average_precisions(points, views) == pytest.approx([(1 + 2 / 3) / 2])
    assert average_precisions(points, views, top=1) == pytest.approx([1.0])


def test_tsne_keeps_neighbours_together_and_always_gives_the_same() -> None:
    """The optimiser is chaotic: which cluster ends in two parts is a matter of the last bits.

    Over 24 inputs that differ by 1e-6, and three kinds of processor, at least 0.79 of the five
    nearest were of one kind (by chance 0.15), and the distance within a kind was at most 0.54 of
    that between kinds (by chance 1).
    """
    points, views = clusters(0.05)
    places = tsne(points, perplexity=7, steps=400)
    assert np.array_equal(places, tsne(points, perplexity=7, steps=400))
    assert neighbour_purity(places, views, 5) > 0.5
    gaps = np.linalg.norm(places[:, None] - places[None], axis=-1)
    same = views.kinds[:, None] == views.kinds[None]
    assert gaps[same].mean() < 0.75 * gaps[~same].mean()
    picture = draw_tsne({"dsl": points}, views)
    assert picture.shape == (640 + 32, 640 + 160, 3)
    # The legend lies beside the panel: every colour of it once, and no text among the points.
    spots = (picture[32:, :640] < 250).any(2)
    assert spots.any()
    assert not spots[:35].any()


def test_set_s_draws_from_the_families_that_the_recipe_names(data: Path) -> None:
    clean = read_set("csv", data).train

    def names(**changes: object) -> set[str]:
        recipe = EncoderRecipe(synthetic=2, real=2, side=64, **changes)
        return set(
            EncoderSteps(clean, clean, recipe, patches=False, seed=0, without=["jpeg"]).names
        )

    assert names() == {k.name for k in kinds() if k.family not in {"local", "chain"}} - {"jpeg"}
    assert names(families=("noise", "compression")) == {
        "gaussian_noise",
        "shot_noise",
        "sensor_noise",
        "webp",
    }
    with pytest.raises(TrainingError, match="wants 2 kinds"):
        names(families=("compression",))


def test_steps_show_both_losses_the_same_pictures(data: Path) -> None:
    clean = read_set("csv", data).train
    recipe = EncoderRecipe(synthetic=2, real=3, side=64, patch_side=64)
    whole = EncoderSteps(clean, clean, recipe, patches=False, seed=4)
    cut = EncoderSteps(clean, clean, recipe, patches=True, seed=4)
    assert whole[7].shape == (5, 64, 64, 3)
    # Patches as large as the window are the window, twice.
    assert np.array_equal(cut[7], np.concatenate([whole[7], whole[7]]))
    assert not np.array_equal(whole[7], whole[8])
    # A loader's worker process gets the steps by a pickle; they must not change on the way.
    again = pickle.loads(pickle.dumps(whole))  # noqa: S301 - our own bytes
    assert np.array_equal(whole[7], again[7])


def test_fixed_norms_and_frozen_filters_stay(data: Path, tmp_path: Path) -> None:
    clean = read_set("csv", data).train
    recipe = EncoderRecipe(
        synthetic=2, real=3, side=64, norm="fixed", freeze_filters=True, steps=2, rate=1e-2
    )
    encoder = build_network("starter", guide="none", degradation="texture").degradation
    steps = EncoderSteps(clean, clean, recipe, patches=False, seed=0)
    task = EncoderTask(encoder, steps, recipe, "dsl", tmp_path / "encoder.safetensors")
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    assert before["convolutions.0.scales.0.1.running_var"].max() < 1  # measured, not the default
    fit(task, recipe, seed=0, out=tmp_path, team=Team(0, 1, torch.device("cpu")), text="")
    changed = {
        name for name, value in encoder.state_dict().items() if not torch.equal(value, before[name])
    }
    assert changed
    assert not [name for name in changed if ".scales." in name or "running" in name]


def test_each_equation_has_its_own_theta() -> None:
    torch.manual_seed(0)
    embedding = torch.nn.functional.normalize(torch.randn(8, 4), dim=1)
    recipe = EncoderRecipe(synthetic=4, real=4, temperature=0.1, patch_temperature=0.5)
    found = degradation_loss(embedding, "patch", recipe)
    assert found == patch_based(*embedding.chunk(2), 0.5)
    assert degradation_loss(embedding, "dsl", recipe) == dual_set(*embedding.chunk(2), 0.1)
    sides = [degradation_loss(embedding, learning, recipe) for learning in ("dsl-s", "dsl-r")]
    assert sum(sides) == pytest.approx(float(dual_set(*embedding.chunk(2), 0.1)))


def test_a_sweep_has_every_single_kind_growing_worse() -> None:
    samples = sweep_samples(np.random.default_rng(0), 3)
    by_kind: dict[str, list] = {}
    for sample in samples:
        by_kind.setdefault(sample.kind, []).append(sample)
    assert set(by_kind) == {"", *(kind.name for kind in kinds() if kind.family != "chain")}
    for name, found in by_kind.items():
        if name:
            severities = [sample.severity for sample in found]
            assert len(found) == 3
            assert len({sample.seed for sample in found}) == 1
            assert severities == sorted(severities)
            assert 0 < severities[0] <= severities[-1] <= 1


def test_views_are_six_kinds_of_each_face(tmp_path: Path, face: np.ndarray) -> None:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), face[..., ::-1])
    views = degraded_views([path, path])
    assert len(views.pictures) == 12
    assert views.people.tolist() == [0] * 6 + [1] * 6


def test_table_3_has_nine_rows_that_share_encoders() -> None:
    variants = ablation_variants(RunFolders(Path("d"), Path("o")), ImageRecipe())
    assert len(variants) == len(TABLE_3) == 9
    shared = {v.places.encoder_out for v in variants}
    assert {path.name for path in shared} == {"none", "patch", "dsl", "dsl-s", "dsl-r"}
    assert variants[-1].recipe.ablation == ImageRecipe().ablation


def test_some_rows_of_table_3_can_be_asked_for() -> None:
    places, recipe = RunFolders(Path("d"), Path("o")), ImageRecipe()
    found = ablation_variants(places, recipe, ["8-pe", "6-dsl"])
    assert [variant.name for variant in found] == ["6-dsl", "8-pe"]
    without, guided = (variant.recipe for variant in found)
    assert not without.ablation.landmarks
    assert replace(without, ablation=guided.ablation) == guided
    with pytest.raises(TrainingError, match="no row '9'"):
        ablation_variants(places, recipe, ["9"])


def test_sizes_are_nested_and_the_test_part_stays(data: Path) -> None:
    found = read_set("csv", data)
    variants = size_variants(RunFolders(data, Path("o")), ImageRecipe())
    parts = [choose(found, variant.recipe) for variant in variants]
    assert [len(part.train) for part in parts] == [1, 2, 3, 4, 5, 6, 7]
    for smaller, larger in itertools.pairwise(parts):
        assert {i.path for i in smaller.train} < {i.path for i in larger.train}
        assert smaller.test == larger.test


def test_a_left_out_kind_is_only_in_the_test(data: Path) -> None:
    variants = leave_out_variants(RunFolders(data, Path("o")), ImageRecipe())
    assert [variant.name for variant in variants] == ["haze", "jpeg"]
    part = choose(read_set("csv", data), variants[1].recipe)
    assert {image.fields["kind"] for image in part.train} == {"haze"}
    assert {image.fields["kind"] for image in part.test} == {"jpeg"}
    assert variants[1].recipe.data.drop == ("imaging_chain", "mixture")


def test_the_commands_leave_a_picture_and_numbers(
    data: Path, tmp_path: Path, write_faces, capsys
) -> None:
    rows = [(f"p{i}.jpg", "portrait", f"person-{i}") for i in range(40)]
    faces = write_faces(tmp_path / "faces", rows)
    for path in faces.glob("*.jpg"):
        cv2.imwrite(str(path), cv2.resize(cv2.imread(str(path)), (128, 128)))
    places = ["--recipe", str(data / "tiny.toml"), "--data", str(data), "--device", "cpu"]
    places += ["--out", str(tmp_path / "out")]
    for look, seeds in (("retrieval", ["--seeds", "2"]), ("tsne", [])):
        assert main([look, *places, "--faces", str(faces), "--count", "2", *seeds]) == 0
        assert (tmp_path / "out" / f"{look}.png").is_file()
        report = json.loads((tmp_path / "out" / f"{look}.json").read_text())
        assert report == json.loads(capsys.readouterr().out)
        assert set(report) >= {"dsl", "patch"}
        if look == "retrieval":
            assert report["seeds"] == [1, 2]
            assert len(report["untrained"]["each"]) == 2


@pytest.mark.slow
def test_an_experiment_leaves_its_table_and_picture(data: Path, tmp_path: Path, capsys) -> None:
    places = ["--recipe", str(data / "tiny.toml"), "--data", str(data), "--device", "cpu"]
    assert main(["ablations", *places, "--out", str(tmp_path)]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary == json.loads((tmp_path / "summary.json").read_text())
    assert list(summary["rows"]) == list(TABLE_3)
    assert summary["complete"]
    assert (tmp_path / "summary.png").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rows", "pictures"),
    [
        ("size-curve", [f"{share:.0%}" for share in SHARES], [1, 2, 3, 4, 5, 6, 7]),
        ("leave-out", ["haze", "jpeg"], [3, 4]),
    ],
)
def test_experiments_run_on_features_that_their_runs_share(
    data: Path, tmp_path: Path, capsys, name: str, rows: list[str], pictures: list[int]
) -> None:
    recipe = tmp_path / "cached.toml"
    cached = RECIPE.replace(
        "freeze_backbone = true", "freeze_backbone = true\ncache_features = true"
    )
    recipe.write_text(cached + "flip = false\n")
    places = ["--recipe", str(recipe), "--data", str(data), "--out", str(tmp_path)]
    assert main([name, *places, "--device", "cpu"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert list(summary["rows"]) == rows
    assert [row["training_pictures"] for row in summary["rows"].values()] == pictures
    assert {row["n"] for row in summary["rows"].values()} == {6 if name == "size-curve" else 3}
    assert summary["complete"]
    # The backbone ran once for each picture, whatever the number of runs.
    (backbone,) = (tmp_path / "features" / "backbone").iterdir()
    assert len(list(backbone.glob("*.npy"))) == 13


@pytest.mark.shared
@pytest.mark.allows_log("font cache")  # of matplotlib, which mediapipe imports: on slow machines
def test_degraded_faces_become_a_labelled_set(shared: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "set"
    sizes = ["--train", "2", "--held-out", "1"]
    assert main(["degraded-set", "--faces", str(shared / "faces"), "--out", str(out), *sizes]) == 0
    found = read_set("csv", out)
    assert (len(found.train), len(found.validation), len(found.test)) == (16, 8, 8)
    clean = [image for image in found.test if not image.fields["kind"]]
    assert clean[0].mos == max(image.mos for image in found.test)
    assert clean[0].landmarks is not None
    assert main(["degraded-set", "--faces", str(shared / "faces"), "--out", str(out)]) == 2
    assert "not empty" in capsys.readouterr().err


@pytest.mark.shared
@pytest.mark.allows_log("font cache")  # of matplotlib, which mediapipe imports: on slow machines
def test_a_set_by_region_has_each_degradation_in_seven_places(
    shared: Path, tmp_path: Path, capsys
) -> None:
    out = tmp_path / "set"
    command = ["degraded-set", "--faces", str(shared / "faces"), "--out", str(out)]
    command += ["--train", "2", "--held-out", "1", "--by-region", "2"]
    assert main([*command, "--sweep", "2"]) == 2
    assert "no sweep" in capsys.readouterr().err
    assert main(command) == 0
    found = read_set("csv", out)
    assert (len(found.train), len(found.validation), len(found.test)) == (30, 15, 15)
    for first in range(0, 30, 15):
        clean, *degraded = found.train[first : first + 15]
        assert all(image.mos < clean.mos for image in degraded)
        by_place = {image.fields["place"]: image for image in degraded[:7]}
        assert len(by_place) == 7
        assert len({(image.fields["kind"], image.fields["severity"]) for image in degraded}) == 2
        # The whole is the worst; what suffers in the background alone is the best.
        ordered = sorted(by_place, key=lambda place: by_place[place].mos)
        assert ordered[0] == "features+skin+background"
        assert ordered[-1] == "background"
