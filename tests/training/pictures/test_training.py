"""The loop, on the real command and a network small enough to run in seconds."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from fiqa_training.cli import main
from fiqa_training.data.labelled import read_set
from fiqa_training.data.patches import PatchSet, drawn
from fiqa_training.errors import TrainingError
from fiqa_training.loop.fitting import rate_at
from fiqa_training.loop.recipe import FitRecipe, ImageRecipe, read_image_recipe
from fiqa_training.loop.run_state import load_state, newest_state
from fiqa_training.loop.watch import Checked, Ended, Event, Stepped, read_event
from fiqa_training.pictures.training import network_config
from tests.training.tiny import TINY_NETWORK

RECIPE = f"""
seed = 5
[network]
config = "starter"
freeze_backbone = true
{TINY_NETWORK}
[encoder]
steps = 2
synthetic = 2
real = 2
side = 64
patch_side = 32
cosine_steps = 0
rate = 1e-3
[training]
steps = 5
batch = 1
accumulate = 2
rate = 1e-3
cosine_steps = 3
average = 0.9
clip = 1.0
check_every = 3
save_every = 1
"""


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Sums over another number of threads have other last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A recipe and a folder of twelve labelled pictures, six of them for training."""
    folder = tmp_path_factory.mktemp("set")
    rng = np.random.default_rng(1)
    lines = ["image,mos,split,kind"]
    for index in range(12):
        noise = rng.normal(0, 3 + 4 * index, (512, 512, 3))
        cv2.imwrite(str(folder / f"{index}.jpg"), np.clip(128 + noise, 0, 255).astype(np.uint8))
        part = "train" if index % 2 else ("val" if index % 4 else "test")
        lines.append(f"{index}.jpg,{100 - index},{part},{'noise' if index > 8 else ''}")
    (folder / "labels.csv").write_text("\n".join(lines))
    recipe = folder / "tiny.toml"
    recipe.write_text(RECIPE)
    return recipe, folder


def command(places: tuple[Path, Path], out: Path) -> list[str]:
    recipe, data = places
    return ["quality", "--recipe", str(recipe), "--data", str(data), "--out", str(out)]


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def weights(out: Path) -> dict[str, torch.Tensor]:
    (newest,) = [p for p in (out / "state").iterdir() if p.name == "00000005"]
    return {
        f"{name}.{key}": value
        for name in ("weights", "average")
        for key, value in load_file(newest / f"{name}.safetensors").items()
    }


def test_a_killed_run_gives_the_same_weights_bit_by_bit(places, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert main([*command(places, whole), "--device", "cpu"]) == 0
    arguments = [sys.executable, "-m", "fiqa_training.cli", *command(places, killed)]
    process = subprocess.Popen(
        [*arguments, "--device", "cpu"], stderr=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stderr is not None
    with process.stderr as lines:
        for line in lines:
            if "step 3: validation" in line:
                process.kill()
                break
    assert process.wait() != 0
    assert not (killed / "result.json").exists()
    assert newest_state(killed / "state").step in {2, 3, 4}
    assert main([*command(places, killed), "--device", "cpu"]) == 0
    expected, found = weights(whole), weights(killed)
    assert expected.keys() == found.keys()
    assert [key for key in expected if not torch.equal(expected[key], found[key])] == []
    result = json.loads((killed / "result.json").read_text())
    assert result == json.loads((whole / "result.json").read_text())
    assert result["test"]["n"] == 3
    steps = [json.loads(line)["step"] for line in (killed / "log.jsonl").read_text().splitlines()]
    assert steps == [3, 5, 5]


def test_a_watched_run_tells_its_steps_and_ends_politely_when_asked(places, tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "fiqa_training.cli", *command(places, tmp_path), "--events"]
    process = subprocess.Popen(
        [*arguments, "--device", "cpu", "--steps", "5000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    events: list[Event] = []
    with process.stdout as lines:
        for line in lines:
            events.append(read_event(line))
            if isinstance(events[-1], Checked):
                process.terminate()
    assert process.wait() == 0
    stages = [event.made.stage for event in events if isinstance(event, Stepped)]
    assert stages[:3] == ["encoder", "encoder", "quality"]
    checks = [event for event in events if isinstance(event, Checked)]
    assert checks[0].found.count == 3
    end = events[-1]
    assert isinstance(end, Ended)
    assert end.result["cancelled"]
    assert end.result["steps"] < 5000
    assert end.result["validation_srcc"] == max(check.best for check in checks)
    assert (tmp_path / "quality.safetensors").is_file()
    assert newest_state(tmp_path / "state").step == end.result["steps"]


def test_a_run_of_another_recipe_is_not_gone_on_with(places, tmp_path: Path, capsys) -> None:
    out = [*command(places, tmp_path), "--device", "cpu", "--encoder-steps", "1"]
    assert main([*out, "--steps", "1"]) == 0
    assert main([*out, "--steps", "2"]) == 2
    assert "another recipe" in capsys.readouterr().err


@pytest.mark.slow
def test_two_processes_train_one_network(places, tmp_path: Path) -> None:
    process = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"),
            *("-m", "fiqa_training.cli", *command(places, tmp_path), "--device", "cpu"),
            *("--steps", "2", "--encoder-steps", "1"),
        ],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=120,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert json.loads((tmp_path / "result.json").read_text())["steps"] == 2
    assert newest_state(tmp_path / "state").step == 2


def test_damaged_and_hostile_checkpoints_are_refused(places, tmp_path: Path) -> None:
    short = ["--device", "cpu", "--encoder-steps", "1", "--steps", "2"]
    assert main([*command(places, tmp_path), *short]) == 0
    first, second = sorted((tmp_path / "state").iterdir())
    (second / "weights.safetensors").write_bytes(b"cut")
    with pytest.raises(TrainingError, match="damaged"):
        load_state(second)
    assert newest_state(tmp_path / "state").step == 1

    class Evil:
        def __reduce__(self):
            return print, ("run",)

    torch.save({"step": Evil()}, first / "state.pt")
    with pytest.raises(TrainingError, match="refused"):
        load_state(first)
    with pytest.raises(TrainingError, match="damaged"):
        newest_state(tmp_path / "state")


def test_samples_are_the_same_in_a_worker_process(places) -> None:
    found = read_set("csv", places[1])
    patches = PatchSet(found.train, landmarks=468, flip=True, seed=3)
    again = pickle.loads(pickle.dumps(patches))  # noqa: S301 - as the loader's workers get it
    for number in (0, 7, 1000):
        for a, b in zip(patches[number], again[number], strict=True):
            assert np.array_equal(a, b)
    epoch = [drawn(number, 6, 3) for number in range(6)]
    assert sorted(epoch) == list(range(6))


def test_devices_that_are_not_there_are_named(places, tmp_path: Path, capsys) -> None:
    assert main([*command(places, tmp_path), "--device", "abacus"]) == 2
    assert "abacus" in capsys.readouterr().err


def test_the_published_schedule() -> None:
    recipe = FitRecipe()
    module = torch.nn.Linear(1, 1)
    optimizer = torch.optim.Adam(module.parameters(), lr=recipe.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=50)
    for step in range(120):
        assert rate_at(step, recipe) == pytest.approx(schedule.get_last_lr()[0], abs=1e-9)
        optimizer.step()
        schedule.step()


def test_shipped_recipes_hold_the_published_settings() -> None:
    paper = read_image_recipe(Path("paper"))
    assert (paper.training.batch, paper.training.rate, paper.encoder.rate) == (16, 1e-5, 3e-5)
    assert paper.training.cosine_steps == 50
    assert network_config(paper).name == "paper"
    assert read_image_recipe(Path("starter-images")).network.config == "starter"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("seed = ", "not a recipe"),
        ("[training]\nstep = 3", "unknown field `step`"),
        ("[training]\nsteps = 0", ">= 1"),
        ("[ablation]\ndegradation = 'magic'", "magic"),
        ("[training]\nrate = 'fast'", "float"),
    ],
)
def test_bad_recipes_are_refused_with_the_place(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(TrainingError, match=reason):
        read_image_recipe(path)


def test_every_switch_of_table_3_is_configuration() -> None:
    base = ImageRecipe()
    assert network_config(base).degradation_use == "attention"

    def config(**ablation: object):
        values = {**{f: getattr(base.ablation, f) for f in base.ablation.__struct_fields__}}
        values |= ablation
        return network_config(ImageRecipe(ablation=type(base.ablation)(**values)))

    assert config(degradation="dsl-cat").degradation_use == "concatenate"
    assert config(degradation="none").degradation_use == "none"
    assert config(landmarks=False).guide == "none"
    assert config(positional_encoding=False).positional_encoding is False
