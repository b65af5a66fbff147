"""The full network a face, step by step, against the authors' procedure; in one run.

Run it alone: ``python -m pytest tests/benchmarks/test_full_network.py -m benchmark -s`` (three
minutes on a quiet core; ``FIQA_FULL_NETWORK=full.safetensors`` measures those weights, see
``full_network.py``; without, random ones, which take as long).

Every step is timed beside all others in each of several rounds, and what counts is the median of
the rounds' ratios: what others do to the machine then strikes all steps alike. One thread and
seconds of processor time for the steps; at the end both procedures once more with all threads and
the wall clock, which speaks of us only where nobody else is busy.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from timm.models.vision_transformer import Block

from fiqa_models.dsl_scorer import CENTRE, GRID, DslScorer, Grid, prepare_for_cpu
from fiqa_models.networks import (
    PATCH_SIDE,
    DslFiqa,
    build_network,
    identifiers_inside,
    normalise,
)
from fiqa_models.networks.blocks import use_published_order
from fiqa_models.networks.fast_paper import STEPS
from fiqa_models.networks.landmarks import PublishedGuide
from fiqa_models.published_protocol import PATCHES, score_as_published
from fiqa_models.weights import load_checkpoint, save_checkpoint
from tests.benchmarks.full_network import sharing

pytestmark = pytest.mark.benchmark

LEAST_RATIO = 25.0
ROUNDS = 3
SAMPLE = 1
"""Patches of the published procedure timed in a round; a face takes twenty times as long."""
OURS = 0.9
"""Share of the cores from which on the wall clock speaks of us alone."""
CLOSE = 1e-4
ONE_PATCH = "one patch in the middle"

CROP = np.random.default_rng(0).integers(0, 256, (512, 512, 3)).astype(np.uint8)
MESH = np.random.default_rng(1).normal(256, 90, (478, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def network() -> DslFiqa:
    weights = os.environ.get("FIQA_FULL_NETWORK")
    if weights:
        network, _ = load_checkpoint(Path(weights))
    else:
        torch.manual_seed(0)
        network = build_network("paper")
        # Untrained, it would say nothing at all.
        torch.nn.init.constant_(network.quality_head[2].bias, 0.5)
    return network.eval().requires_grad_(requires_grad=False)


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_seconds_a_face_step_by_step(network: DslFiqa, capsys: pytest.CaptureFixture[str]) -> None:
    torch.set_num_threads(1)
    steps = dict(_steps(network))
    for run, _ in steps.values():  # kernels are chosen and memory is taken
        run()
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, (run, times) in steps.items():
            started = time.process_time()
            run()
            seconds[name].append(times * (time.process_time() - started))
    published, *_, ours = steps
    lines = [f"{'':40} s a face   published / this   range"]
    for name, found in seconds.items():
        ratios = [a / b for a, b in zip(seconds[published], found, strict=True)]
        lines.append(
            f"{name:40} {statistics.median(found):8.2f} {statistics.median(ratios):12.1f}"
            f"         {min(ratios):.1f} - {max(ratios):.1f}"
        )
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    plain = steps[ONE_PATCH][0]()
    assert abs(steps[ours][0]() - plain) < CLOSE


def test_ratio_with_all_threads(
    network: DslFiqa, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A whole face by the authors' procedure, and faces through the scorer, crop to maps."""
    weights = os.environ.get("FIQA_FULL_NETWORK")
    checkpoint = Path(weights) if weights else tmp_path / "full.safetensors"
    if not weights:
        save_checkpoint(network, checkpoint, title="Full", summary="Random, for the benchmark.")
    scorer = DslScorer(checkpoint, device="cpu", precision="float32")
    # Every face has its own landmarks, as photos do: some show all of them, some do not.
    crops = np.stack([np.roll(CROP, n, 0) for n in range(PATCHES // 2)])
    meshes = np.stack([MESH + n for n in range(PATCHES // 2)])
    network = sharing(network)
    use_published_order(network)
    scorer.score(crops[:1], meshes[:1])
    score_as_published(network, CROP, MESH, seed=0, patches=1)
    clocks = (time.perf_counter, time.process_time)
    before = [clock() for clock in clocks]
    scorer.score(crops, meshes)
    between = [clock() for clock in clocks]
    score_as_published(network, CROP, MESH, seed=0)
    after = [clock() for clock in clocks]
    wall, work = (
        (c - b) / ((b - a) / len(crops)) for a, b, c in zip(before, between, after, strict=True)
    )
    busy = (after[1] - before[1]) / (after[0] - before[0]) / torch.get_num_threads()
    with capsys.disabled():
        sys.stdout.write(
            f"\n{torch.get_num_threads()} threads: published {after[0] - between[0]:.1f} s a face, "
            f"ours {(between[0] - before[0]) / len(crops):.2f} s: {wall:.1f} times fewer by the "
            f"wall clock, {work:.1f} by processor time; {busy:.0%} of the cores were ours\n"
        )
    assert (wall if busy >= OURS else work) >= LEAST_RATIO


def _steps(plain: DslFiqa) -> Iterator[tuple[str, tuple[Callable[[], float], float]]]:
    """Name, what to run, and how many such runs a face takes."""

    def published(network: DslFiqa) -> tuple[Callable[[], float], float]:
        def run() -> float:
            return score_as_published(network, CROP, MESH, seed=0, patches=SAMPLE).value

        return run, PATCHES / SAMPLE

    described = sharing(plain)
    use_published_order(described)
    yield "published procedure, 20 patches", published(described)
    yield "the same with blocks 10 and 11", published(_with_all_blocks(described))
    yield "four patches in the corners, a batch", (_grid(plain, GRID, forget=True), 1)
    yield ONE_PATCH, (_grid(described, CENTRE, forget=True), 1)
    yield "+ fused attention, queries few", (_grid(plain, CENTRE, forget=True), 1)
    yield "+ landmark layer remembered", (_grid(plain, CENTRE), 1)
    yield "+ channels last", (_grid(plain, CENTRE, channels_last=True), 1)
    network = plain
    for name, step in STEPS.items():
        network = sharing(network)
        step(network)
        yield f"+ {name}", (_grid(network, CENTRE, channels_last=True), 1)
    network = sharing(plain, own_convolutions=True)
    prepare_for_cpu(network, "float32")
    yield "as the scorer runs it", (_grid(network, CENTRE, channels_last=True), 1)


def _grid(
    network: DslFiqa, grid: Grid, *, forget: bool = False, channels_last: bool = False
) -> Callable[[], float]:
    """Score the crop; without `channels_last` in torch's usual layout, as when published."""

    @torch.inference_mode()
    def run() -> float:
        if forget and isinstance(network.guide, PublishedGuide):
            network.guide.forget()
        layout = torch.channels_last if channels_last else torch.contiguous_format
        image = normalise(torch.from_numpy(CROP.copy())[None]).contiguous(memory_format=layout)
        ids = [
            identifiers_inside(MESH, left=left, top=top, side=PATCH_SIDE, landmarks=468)
            for left, top in grid
        ]
        return float(network.grid(image, grid, torch.from_numpy(np.stack(ids))).score.mean())

    return run


def _with_all_blocks(network: DslFiqa) -> DslFiqa:
    """With the transformer's last two blocks, which the published files hold, and their cost."""
    network = sharing(network)
    vit = network.tokens.vit
    vit.blocks.extend(
        Block(vit.embed_dim, num_heads=12, qkv_bias=True).eval().requires_grad_(requires_grad=False)
        for _ in range(2)
    )
    vit.norm = torch.nn.LayerNorm(vit.embed_dim, eps=1e-6)
    return network
