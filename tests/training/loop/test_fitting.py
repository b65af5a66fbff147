"""The loop on a module of two numbers: what it does to weights, and when it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from msgspec.structs import replace
from torch import nn

from fiqa_training.errors import TrainingError
from fiqa_training.loop.fitting import ParameterGroup, fit, one_group
from fiqa_training.loop.parallel import Team
from fiqa_training.loop.recipe import FitRecipe
from fiqa_training.loop.watch import Step, Validation, Watch

ALONE = Team(0, 1, torch.device("cpu"))
RECIPE = FitRecipe(
    steps=12, batch=4, rate=0.1, decay=0.0, cosine_steps=0, check_every=2, save_every=3
)


class Line:
    """Learns y = 2 x; its validation figures are given."""

    def __init__(self, figures: list[float], batch: int = 4) -> None:
        self.module: nn.Module = nn.Linear(1, 1)
        with torch.no_grad():
            for parameter in self.module.parameters():
                parameter.zero_()
        self.figures = iter(figures)
        self.batch = batch
        self.saved: list[int] = []
        self.seen: list[float] = []

    def groups(self) -> list[ParameterGroup]:
        return one_group(self.module)

    def train_mode(self) -> None:
        self.module.train()

    def batches(self, start: int, stop: int, team: Team):
        for turn in range(start, stop):
            first = (turn * team.size + team.rank) * self.batch
            yield torch.arange(first, first + self.batch).float()[:, None] / 10

    def loss(self, module: nn.Module, batch: torch.Tensor, _team: Team) -> torch.Tensor:
        return ((module(batch) - 2 * batch) ** 2).mean()

    def check(self, _team: Team) -> Validation:
        self.seen.append(self.module.weight.item())
        return Validation(next(self.figures))

    def save(self, step: int, _figure: float | None) -> None:
        self.saved.append(step)


def run(task: Line, out: Path, recipe: FitRecipe = RECIPE, watch: Watch | None = None):
    return fit(task, recipe, seed=1, out=out, team=ALONE, text="recipe", watch=watch)


class Onlooker:
    """Remembers what it is told, and wants so many steps."""

    def __init__(self, steps: int) -> None:
        self.steps: list[Step] = []
        self.checks: list[tuple[int, float, float]] = []
        self._most = steps

    def stepped(self, step: Step) -> None:
        self.steps.append(step)

    def checked(self, step: int, found: Validation, best: float) -> None:
        self.checks.append((step, found.figure, best))

    def wanted(self) -> bool:
        return len(self.steps) < self._most


def test_only_better_checks_are_saved(tmp_path: Path) -> None:
    task = Line([0.1, 0.5, 0.2, 0.6, 0.6, 0.3])
    found = run(task, tmp_path)
    assert task.saved == [2, 4, 8]
    assert (found.step, found.best, found.stopped_early) == (12, 0.6, False)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "validation" in line] == [2, 4, 6, 8, 10, 12]


def test_patience_ends_a_run_and_stays_ended(tmp_path: Path) -> None:
    recipe = replace(RECIPE, patience=2)
    found = run(Line([0.5, 0.4, 0.3, 0.9]), tmp_path, recipe)
    assert (found.step, found.stopped_early) == (6, True)
    again = Line([])
    assert run(again, tmp_path, recipe) == found
    assert again.saved == []


def test_accumulated_batches_are_one_batch(tmp_path: Path) -> None:
    whole, parts = Line([0.0] * 6), Line([0.0] * 6, batch=2)
    run(whole, tmp_path / "a")
    run(parts, tmp_path / "b", replace(RECIPE, accumulate=2))
    assert torch.allclose(whole.module.weight, parts.module.weight, atol=1e-6)
    assert whole.module.weight.item() > 0.5


def test_the_average_is_validated_and_training_goes_on_from_the_weights(tmp_path: Path) -> None:
    plain, averaged = Line([0.0] * 6), Line([0.0] * 6)
    run(plain, tmp_path / "a")
    run(averaged, tmp_path / "b", replace(RECIPE, average=0.9))
    assert torch.equal(plain.module.weight, averaged.module.weight)
    assert all(a < b for a, b in zip(averaged.seen, plain.seen, strict=True))


def test_mixed_precision_learns_too(tmp_path: Path) -> None:
    task = Line([0.0] * 6)
    run(task, tmp_path, replace(RECIPE, precision="bfloat16"))
    assert task.module.weight.dtype == torch.float32
    assert task.module.weight.item() > 0.5


def test_a_diverging_run_says_so_and_keeps_its_last_good_state(tmp_path: Path) -> None:
    class Diverging(Line):
        def loss(self, module: nn.Module, batch: torch.Tensor, _team: Team) -> torch.Tensor:
            return module(batch).mean() * (float("nan") if batch[0] > 3.5 else 1.0)

    task = Diverging([0.0] * 6)
    with pytest.raises(TrainingError, match="not finite at step 10"):
        run(task, tmp_path)
    assert (tmp_path / "state" / "00000009").is_dir()


def test_a_group_may_learn_at_a_share_of_the_rate(tmp_path: Path) -> None:
    class Two(Line):
        def groups(self) -> list[ParameterGroup]:
            return [ParameterGroup([self.module.weight]), ParameterGroup([self.module.bias], 0.0)]

    task = Two([0.0] * 10)
    run(task, tmp_path)
    assert task.module.weight.item() != 0.0
    assert task.module.bias.item() == 0.0


def test_a_watch_sees_every_step_and_every_validation(tmp_path: Path) -> None:
    watch = Onlooker(steps=99)
    found = run(Line([0.1, 0.5, 0.2, 0.6, 0.6, 0.3]), tmp_path, watch=watch)
    assert not found.cancelled
    assert [step.step for step in watch.steps] == list(range(1, 13))
    assert {step.steps for step in watch.steps} == {12}
    assert watch.checks == [
        (2, 0.1, 0.1), (4, 0.5, 0.5), (6, 0.2, 0.5), (8, 0.6, 0.6), (10, 0.6, 0.6), (12, 0.3, 0.6)
    ]  # fmt: skip


def test_a_run_that_is_not_wanted_ends_within_a_step_and_keeps_its_best(tmp_path: Path) -> None:
    task = Line([0.1, 0.5, 0.2])
    found = run(task, tmp_path, watch=Onlooker(steps=7))
    assert (found.step, found.best, found.cancelled, found.stopped_early) == (7, 0.5, True, False)
    assert task.saved == [2, 4]


def test_a_cancelled_run_goes_on_to_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    whole, parts = Line([0.0] * 6), Line([0.0] * 7)
    run(whole, tmp_path / "a")
    for steps in (1, 4, 3):
        run(parts, tmp_path / "b", watch=Onlooker(steps=steps))
    assert run(parts, tmp_path / "b").step == 12
    assert torch.equal(whole.module.weight, parts.module.weight)


def test_cancelled_before_the_first_validation_leaves_what_there_is(tmp_path: Path) -> None:
    task = Line([0.3])
    found = run(task, tmp_path, watch=Onlooker(steps=1))
    assert (found.step, found.best, task.saved) == (1, 0.3, [1])
    nothing = Line([])
    assert run(nothing, tmp_path / "none", watch=Onlooker(steps=0)).step == 0
    assert nothing.saved == []
