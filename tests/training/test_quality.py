from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fiqa_models.networks import build_network, normalise
from fiqa_training.cached_network import CORNERS, identifiers, on_cached_features, predict
from fiqa_training.cli import main
from fiqa_training.data.feature_cache import Group, extract, fit_multiple, load_group, save_group
from fiqa_training.data.landmarks import absent_landmarks
from fiqa_training.data.samples import draw_samples, render
from fiqa_training.labels import measure_pairs
from fiqa_training.quality import QualityTrainer, RatingLink
from fiqa_training.recipe import read_recipe


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
        made.append(Group(shallow, degradation, measures, severities, kinds, points, 0.9))
    return made


@pytest.fixture(scope="module")
def rated(network, face: np.ndarray) -> list[Group]:
    made = []
    for index in range(3):
        picture = np.roll(np.tile(face, (2, 2, 1)), index * 50, axis=1)[:480]
        shallow, degradation = extract(network, [picture])
        none = np.full((1, 3), np.nan)
        made.append(
            Group(shallow, degradation, none, np.zeros(1), ("",), absent_landmarks(), 0.3 * index)
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


def test_a_few_steps_learn_two_faces_by_heart(groups, rated) -> None:
    torch.manual_seed(1)
    network = build_network("starter").eval()
    recipe = replace(
        read_recipe().quality, steps=10, faces_per_step=2, rated_per_step=2, whole_share=0.2
    )
    frozen = {k: v.clone() for k, v in network.tokens.backbone.state_dict().items()}
    trainer = QualityTrainer(network, groups, rated, recipe, seed=1)
    saved = []
    found = trainer.fit(groups, rated, lambda validation, step: saved.append((validation, step)))
    assert found.faces_srcc > 0.6
    assert saved
    for key, value in network.tokens.backbone.state_dict().items():
        assert torch.equal(value, frozen[key]), key


def test_the_rating_link_rises(network) -> None:
    link = RatingLink()
    scores = torch.linspace(0.0, 1.0, 11)
    assert (torch.diff(link(scores)) > 0).all()
    assert link(torch.tensor([0.3])).item() == pytest.approx(0.3, abs=1e-3)


def test_a_stretched_link_gives_the_same_answers() -> None:
    link = RatingLink()
    scores = torch.tensor([0.1, 0.4, 0.8])
    before = link(scores)
    stretched = torch.sigmoid(1.7 * torch.logit(scores) - 0.3)
    link.follow(1.7, -0.3)
    assert torch.allclose(link(stretched), before, atol=1e-5)


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
