"""The one training loop: whatever learns here, resumes exactly, and on any number of processes.

An update is a function of the weights, the optimiser's state and the number of the step, nothing
else, so a run that was killed gives the very weights of one that was not (on the CPU, bit by bit).
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from fiqa_training.errors import TrainingError
from fiqa_training.loop.parallel import Team
from fiqa_training.loop.recipe import FitRecipe
from fiqa_training.loop.run_state import RunLog, RunState, newest_state, run_log, save_state
from fiqa_training.loop.watch import Step, Validation, Watch, Watches

log = logging.getLogger(__name__)

_LOG_EVERY = 10


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that learn at a share of the recipe's rate."""

    parameters: list[nn.Parameter]
    share: float = 1.0


def one_group(module: nn.Module) -> list[ParameterGroup]:
    """Everything in a module that learns, at the recipe's rate."""
    return [ParameterGroup([p for p in module.parameters() if p.requires_grad])]


class Task(Protocol):
    """What the loop trains.

    Attributes:
        module: what learns; only parameters with ``requires_grad`` do.
    """

    module: nn.Module

    def groups(self) -> list[ParameterGroup]:
        """What learns, at which share of the rate; see `one_group`."""

    def train_mode(self) -> None:
        """Put the module into training mode, and what is frozen in it into evaluation mode."""

    def batches(self, start: int, stop: int, team: Team) -> Iterable[Any]:
        """This process's batches `start` to `stop`, the same whatever came before."""

    def loss(self, module: nn.Module, batch: Any, team: Team) -> Tensor:
        """The loss of one batch through the module, which may be wrapped for several processes."""

    def check(self, team: Team) -> Validation | None:
        """How the module does on what is kept out; None where there is no validation."""

    def save(self, step: int, figure: float | None) -> None:
        """Write the module as it is now: it is the best so far."""


@dataclass(frozen=True)
class Fitted:
    """How a run ended.

    Attributes:
        step: updates made.
        best: the best validation figure; None without validation.
        stopped_early: patience ended.
        cancelled: the watch did not want the run any more; the same call goes on with it.
    """

    step: int
    best: float | None
    stopped_early: bool
    cancelled: bool = False


def rate_at(step: int, recipe: FitRecipe) -> float:
    """The cosine schedule, stepped per update; after `cosine_steps` it rises again, as published.

    This is the closed form of torch's CosineAnnealingLR with eta_min 0.
    """
    period = recipe.cosine_steps or recipe.steps
    return recipe.rate * 0.5 * (1 + math.cos(math.pi * step / period))


class _Run:
    """The state of a run and one update of it."""

    def __init__(self, task: Task, recipe: FitRecipe, seed: int, team: Team) -> None:
        self.task, self.recipe, self.seed, self.team = task, recipe, seed, team
        task.module.to(team.device)
        groups = [group for group in task.groups() if group.parameters]
        self.shares = [group.share for group in groups]
        self.learned = [parameter for group in groups for parameter in group.parameters]
        self.optimizer = torch.optim.Adam(
            [{"params": group.parameters} for group in groups],
            lr=recipe.rate,
            weight_decay=recipe.decay,
        )
        self.scaler = torch.amp.GradScaler(
            team.device.type, enabled=recipe.precision == "float16" and team.device.type == "cuda"
        )
        self.average: dict[str, Tensor] = {}
        if recipe.average:
            self.average = {k: v.detach().clone() for k, v in task.module.state_dict().items()}
        self.step, self.best, self.waited = 0, float("-inf"), 0

    def resume(self, state: RunState) -> None:
        """Go on from a checkpoint."""
        self.task.module.load_state_dict(state.weights)
        self.average = {k: v.to(self.team.device) for k, v in state.average.items()}
        self.optimizer.load_state_dict(state.optimizer)
        self.scaler.load_state_dict(state.scaler)
        self.step, self.best, self.waited = state.step, state.best, state.waited

    def state(self, recipe_text: str) -> RunState:
        """What a checkpoint holds."""
        return RunState(
            self.step,
            self.task.module.state_dict(),
            self.average,
            self.optimizer.state_dict(),
            self.scaler.state_dict(),
            self.best,
            self.waited,
            recipe_text,
        )

    def update(self, module: nn.Module, batches: Iterator[Any]) -> Tensor:
        """One step of the optimiser over `accumulate` batches; returns their mean loss."""
        recipe = self.recipe
        # Whatever draws random numbers in a module draws the same after a resume.
        torch.manual_seed((self.seed * 1_000_003 + self.step) * 1009 + self.team.rank)
        for group, share in zip(self.optimizer.param_groups, self.shares, strict=True):
            group["lr"] = share * rate_at(self.step, recipe)
        self.task.train_mode()
        self.optimizer.zero_grad()
        total = torch.zeros((), device=self.team.device)
        for turn in range(recipe.accumulate):
            last = turn + 1 == recipe.accumulate
            silent = isinstance(module, DistributedDataParallel) and not last
            with module.no_sync() if silent else nullcontext():  # type: ignore[operator] # of DDP
                with _in_precision(self.team.device, recipe.precision):
                    loss = self.task.loss(module, next(batches), self.team) / recipe.accumulate
                self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call, unused-ignore]
            total += loss.detach()
        if recipe.clip:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.learned, recipe.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.step += 1
        self._follow()
        return total

    def _follow(self) -> None:
        # Early on, an average over few steps would mostly be the initial weights.
        keep = min(self.recipe.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.task.module.state_dict().items() if self.average else ():
                if value.is_floating_point():
                    self.average[name].lerp_(value, 1.0 - keep)
                else:
                    self.average[name].copy_(value)

    def check(self) -> Validation | None:
        """Validate the averaged weights; save them where they are the best so far."""
        with self._averaged():
            self.task.module.eval()
            found = self.task.check(self.team)
            figure = None if found is None else found.figure
            if figure is None or figure > self.best:
                self.best = self.best if figure is None else figure
                self.waited = 0
                if self.team.leads:
                    self.task.save(self.step, figure)
            else:
                self.waited += 1
        return found

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        if not self.average:
            yield
            return
        module = self.task.module
        current = {k: v.detach().clone() for k, v in module.state_dict().items()}
        module.load_state_dict(self.average)
        try:
            yield
        finally:
            module.load_state_dict(current)


@contextmanager
def _in_precision(device: torch.device, precision: str) -> Iterator[None]:
    if precision == "float32":
        yield
        return
    kind = torch.bfloat16 if precision == "bfloat16" else torch.float16
    with torch.autocast(device.type, dtype=kind):
        yield


class _LogWatch:
    """What a run leaves in its log."""

    def __init__(self, lines: RunLog) -> None:
        self._lines = lines

    def stepped(self, step: Step) -> None:
        if step.step % _LOG_EVERY == 0 or step.step == step.steps:
            self._lines.add(step.step, loss=step.loss, rate=step.rate, seconds=step.seconds)
            log.info("step %d of %d: loss %.4f", step.step, step.steps, step.loss)

    def checked(self, step: int, found: Validation, best: float) -> None:
        self._lines.add(step, validation=found.figure)
        log.info("step %d: validation %.4f, best %.4f", step, found.figure, best)

    def wanted(self) -> bool:
        return True


def fit(
    task: Task,
    recipe: FitRecipe,
    *,
    seed: int,
    out: Path,
    team: Team,
    text: str,
    watch: Watch | None = None,
    stage: str = "",
) -> Fitted:
    """Train until the recipe's last step or until patience ends; goes on from `out` where it can.

    Args:
        task: what to train.
        recipe: how.
        seed: of everything that is drawn.
        out: folder of checkpoints and log.
        team: the processes.
        text: canonical recipe; a run goes on only from one with the same.
        watch: told of every step in the leading process; any process's may end the run, within
            a step. The best weights so far are kept then, and the state to go on from.
        stage: what the watch is told that this is, where a run has several trainings.

    Raises:
        TrainingError: the checkpoints are of another recipe or damaged, or the loss diverged.
    """
    run = _Run(task, recipe, seed, team)
    known = newest_state(out / "state")
    if known is not None:
        if known.recipe != text:
            raise TrainingError(
                f"{out} holds a run of another recipe.", "Name another folder, or delete it."
            )
        run.resume(known)
        log.info("going on from step %d", run.step)
    several = team.size > 1
    module = DistributedDataParallel(task.module) if several else task.module
    with run_log(out, run.step, write=team.leads) as lines:
        watches: list[Watch] = [] if watch is None else [watch]
        if lines is not None:
            watches.append(_LogWatch(lines))
        cancelled = _loop(run, module, out, text, Watches(watches), stage)
    best = run.best if math.isfinite(run.best) else None
    return Fitted(run.step, best, _out_of_patience(run), cancelled)


def _loop(run: _Run, module: nn.Module, out: Path, text: str, watch: Watch, stage: str) -> bool:
    """All remaining updates; returns whether the watch ended them."""
    recipe = run.recipe
    turns = (run.step * recipe.accumulate, recipe.steps * recipe.accumulate)
    batches = iter(run.task.batches(*turns, run.team))
    start = time.monotonic()
    while run.step < recipe.steps and not _out_of_patience(run):
        if not _wanted(run, watch):
            _leave(run, out, text)
            return True
        loss = float(run.update(module, batches))
        last = run.step == recipe.steps
        saves = run.step % recipe.save_every == 0 or last
        if saves or run.step % _LOG_EVERY == 0:
            _refuse_divergence(run, loss)  # before it reaches a checkpoint
        if run.team.leads:
            rate, seconds = rate_at(run.step - 1, recipe), time.monotonic() - start
            watch.stepped(Step(stage, run.step, recipe.steps, loss, rate, seconds))
        if run.step % recipe.check_every == 0 or last:
            found = run.check()
            if found is not None and run.team.leads:
                watch.checked(run.step, found, run.best)
        if saves or _out_of_patience(run):
            _save(run, out, text)
    return False


def _wanted(run: _Run, watch: Watch) -> bool:
    """Whether every process's watch wants the run; the same answer in all of them."""
    unwanted = torch.full((), float(not watch.wanted()), device=run.team.device)
    return not bool(run.team.total(unwanted))


def _leave(run: _Run, out: Path, text: str) -> None:
    """End a run that is not wanted: it can go on as if nothing had been, and has its weights."""
    _save(run, out, text)
    if run.step and not math.isfinite(run.best):
        run.check()  # nothing was saved yet; after the state, which knows nothing of this


def _save(run: _Run, out: Path, text: str) -> None:
    if run.team.leads:
        save_state(out / "state", run.state(text))
    run.team.wait()


def _out_of_patience(run: _Run) -> bool:
    return bool(run.recipe.patience) and run.waited >= run.recipe.patience


def _refuse_divergence(run: _Run, loss: float) -> None:
    if not math.isfinite(loss):
        raise TrainingError(
            f"The loss is not finite at step {run.step}.", "Lower the rate, or set clip = 1.0."
        )
