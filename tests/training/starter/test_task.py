from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from fiqa_models.networks import build_network, normalise
from fiqa_training.cli import main
from fiqa_training.data.degraded_regions import WHOLE
from fiqa_training.data.landmarks import absent_landmarks
from fiqa_training.data.samples import draw_samples, render
from fiqa_training.evaluation.metrics import srcc
from fiqa_training.features.cached_network import CORNERS, identifiers, on_cached_features, predict
from fiqa_training.features.feature_cache import (
    Group,
    extract,
    fit_multiple,
    load_group,
    save_group,
)
from fiqa_training.loop.fitting import fit
from fiqa_training.loop.parallel import Team
from fiqa_training.pseudo_mos.fusion import measure_pairs
from fiqa_training.starter.form import read_recipe
from fiqa_training.starter.task import RatingLink, StarterTask
from fiqa_training.starter.validation import face_labels, fit_labels, fit_link, predict_groups


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build_network("starter").eval()


@pytest.fixture(scope="module")
def groups(network, face: np.ndarray) -> list[Group]:
    big = np.ascontiguousarray(np.kron(face, np.ones((2, 2, 1), np.uint8)))
    points = np.random.default_rng(0).uniform(100, 400, (478, 2)).astype(np.float32)
    made = []
    for seed in range(2):
        # Clean, three growing steps of a core kind, and one more: enough to learn by heart.
        samples = draw_samples(np.random.default_rng(seed))[:5]
        pictures = render(big, samples)
        shallow, degradation = extract(network, pictures)
        severities = np.array([s.severity if s.single else np.nan for s in samples])
        measures = measure_pairs([big] * len(pictures), pictures)
        kinds = tuple(s.kind for s in samples)
        places = (WHOLE,) * len(kinds)
        made.append(Group(shallow, degradation, measures, severities, kinds, places, points, 0.9))
    return made


@pytest.fixture(scope="module")
def rated(network, face: np.ndarray) -> list[Group]:
    made = []
    for index in range(3):
        picture = np.roll(np.tile(face, (2, 2, 1)), index * 50, axis=1)[:480]
        shallow, degradation = extract(network, [picture])
        none = np.full((1, 3), np.nan)
        made.append(
            Group(
                *(shallow, degradation, none, np.zeros(1)),
                *(("",), (WHOLE,), absent_landmarks(), 0.3 * index),
            )
        )
    return made


def test_cached_features_give_the_scorers_result(network, groups, face: np.ndarray) -> None:
    big = np.ascontiguousarray(np.kron(face, np.ones((2, 2, 1), np.uint8)))
    ids = torch.from_numpy(np.stack([identifiers(groups[0], o, 468) for o in CORNERS]))
    with torch.inference_mode():
        direct = network.grid(normalise(torch.from_numpy(big)[None]), CORNERS, ids).score.mean()
    cached = predict(on_cached_features(network), groups[0])[0]
    assert cached == pytest.approx(direct.item(), abs=2e-3)


def test_a_group_survives_the_disk(groups, tmp_path: Path) -> None:
    save_group(tmp_path / "deep" / "one.npz", groups[0])
    again = load_group(tmp_path / "deep" / "one.npz")
    assert np.array_equal(again.shallow, groups[0].shallow)
    assert again.kinds == groups[0].kinds
    assert again.label == groups[0].label


def task(network, faces, rated, recipe, saved: list[int]) -> StarterTask:
    return StarterTask(network, faces, rated, recipe, fit_labels(faces), 1, saved.append)


def run(made: StarterTask, recipe, folder: Path) -> None:
    team = Team(0, 1, torch.device("cpu"))
    fit(made, recipe, seed=1, out=folder, team=team, text="two faces")


def test_a_few_steps_learn_two_faces_by_heart(groups, rated, tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = build_network("starter").eval()
    recipe = msgspec.structs.replace(
        read_recipe().quality,
        steps=10,
        check_every=10,
        faces_per_step=2,
        rated_per_step=2,
        whole_share=0.2,
        deep_rate=0.1,
    )
    tokens = network.tokens
    before = {k: v.clone() for k, v in tokens.backbone.state_dict().items()}
    encoder = {k: v.clone() for k, v in network.degradation.state_dict().items()}
    saved: list[int] = []
    run(task(network, groups, rated, recipe, saved), recipe, tmp_path)
    assert saved == [10]
    scores = np.concatenate(predict_groups(network, groups))
    labels = np.concatenate([face_labels(group, fit_labels(groups)) for group in groups])
    assert srcc(scores, labels.astype(np.float64)) > 0.6
    after = tokens.backbone.state_dict()
    early = [key for key in before if not key.startswith(("blocks.4", "blocks.5", "blocks.6"))]
    late = [key for key in before if key not in early and key.endswith("conv_pw.weight")]
    assert late
    assert early
    for key in early:
        assert torch.equal(after[key], before[key]), key
    for key in late:
        assert not torch.equal(after[key], before[key]), key
    for key, value in network.degradation.state_dict().items():
        assert torch.equal(value, encoder[key]), key


def test_a_run_that_stopped_goes_on_to_the_same_weights(groups, rated, tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(
        read_recipe().quality,
        steps=4,
        check_every=4,
        save_every=2,
        faces_per_step=1,
        rated_per_step=2,
    )

    class StopError(Exception):
        pass

    class Stopping(StarterTask):
        def loss(self, module, batch, team):
            self.turns = getattr(self, "turns", 0) + 1
            if self.turns == 4:
                raise StopError
            return super().loss(module, batch, team)

    def fresh():
        torch.manual_seed(2)
        return build_network("starter").eval()

    whole = task(fresh(), groups, rated, recipe, [])
    run(whole, recipe, tmp_path / "whole")
    stopped = Stopping(fresh(), groups, rated, recipe, fit_labels(groups), 1, lambda _: None)
    with pytest.raises(StopError):
        run(stopped, recipe, tmp_path / "halves")
    again = task(fresh(), groups, rated, recipe, [])
    run(again, recipe, tmp_path / "halves")
    for key, value in whole.module.state_dict().items():
        assert torch.equal(value, again.module.state_dict()[key]), key


def test_the_rating_link_rises(network) -> None:
    link = RatingLink()
    scores = torch.linspace(0.0, 1.0, 11)
    assert (torch.diff(link(scores)) > 0).all()
    assert link(torch.tensor([0.3])).item() == pytest.approx(0.3, abs=1e-3)


def test_the_link_keeps_mean_and_spread() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0.3, 1.0, 500)
    scores = 1 / (1 + np.exp(-logits))
    opinions = 1 / (1 + np.exp(-(0.5 * logits + 0.2)))
    link = fit_link(scores, opinions)
    assert link.slope == pytest.approx(0.5, abs=1e-6)
    assert np.allclose(link.back(opinions), scores)


def test_windows_are_cut_never_resized(face: np.ndarray) -> None:
    cut = fit_multiple(face[:250, :201], np.random.default_rng(0))
    assert cut.shape == (224, 192, 3)


def test_the_command_line_says_what_is_wrong(tmp_path: Path, capsys) -> None:
    places = ("--faces", "--rated", "--out")
    folders = [part for place in places for part in (place, str(tmp_path))]
    code = main(["starter", "--backbone", "none.safetensors", *folders])
    assert code == 2
    assert "manifest.csv" in capsys.readouterr().err
    code = main(["degradations", "--contact-sheet", "a.png", "--face", str(tmp_path / "no.jpg")])
    assert code == 2
