"""Where a network runs and in which precision: what is there, what is faster, what is safe."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from fiqa_models.errors import ModelError
from fiqa_models.networks import MAX_LANDMARKS, PATCH_SIDE, DslFiqa

FLOAT32 = "float32"
BFLOAT16 = "bfloat16"

AGREEMENT = 2e-3
"""Largest change of a patch's score that bfloat16 may cause before it is not used."""
_GAIN = 0.8
_RUNS = 3


def choose_device(wanted: str) -> torch.device:
    """The device of this name; where none is named, CUDA, then MPS, then the CPU.

    Raises:
        ModelError: The device is not there.
    """
    if not wanted:
        if torch.cuda.is_available():
            return torch.device("cuda:0")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(wanted)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(
            f"The device “{wanted}” cannot be used here.",
            str(error).splitlines()[0],
            "Choose another one; `fiqa doctor` lists them.",
        ) from error
    return device


def choose_precision(network: DslFiqa, device: torch.device) -> str:
    """``bfloat16`` where a short measurement says it is faster and the scores agree.

    The pictures of the measurement are fixed, and what decides is a difference far from the
    threshold on known machines; the choice is stored with every score all the same.
    """
    if device.type == "mps":
        return FLOAT32
    if device.type == "cpu" and network.config.tokens == "mobilenet":
        # Measured: depth-wise convolutions lose more in bfloat16 than the rest gains.
        return FLOAT32
    if device.type == "cpu" and not _cpu_has_bfloat16():
        # Emulated, one probe of the full network would take most of a minute.
        return FLOAT32
    plain_seconds, plain = _probe(network, device, FLOAT32)
    short_seconds, short = _probe(network, device, BFLOAT16)
    agrees = bool((plain - short).abs().max() <= AGREEMENT)
    return BFLOAT16 if agrees and short_seconds < _GAIN * plain_seconds else FLOAT32


def _cpu_has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 itself. What cannot be asked is taken for a no."""
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name) for name in ("amx_bf16", "avx512_bf16", "arm_bf16"))


@torch.inference_mode()
def _probe(network: DslFiqa, device: torch.device, precision: str) -> tuple[float, torch.Tensor]:
    """Seconds for, and scores of, two fixed patches: one coarse, one fine."""
    ramp = torch.linspace(-1, 1, PATCH_SIDE, device=device)
    pictures = [
        torch.sin(f * ramp)[:, None] * torch.cos(0.8 * f * ramp)[None, :] for f in (9.0, 150.0)
    ]
    patches = torch.stack(pictures)[:, None].expand(-1, 3, -1, -1)
    patches = patches.contiguous(memory_format=torch.channels_last)
    ids = torch.arange(MAX_LANDMARKS, device=device).clamp(max=network.config.landmarks + 1)
    seconds = float("inf")
    scores = torch.zeros(len(patches))
    # The first run warms up: kernels are chosen and memory is taken.
    for run in range(_RUNS + 1):
        started = time.perf_counter()
        with in_precision(device, precision):
            scores = network(patches, ids.expand(len(patches), -1)).score.float().cpu()
        if run:
            seconds = min(seconds, time.perf_counter() - started)
    return seconds, scores


@contextmanager
def in_precision(device: torch.device, precision: str) -> Iterator[None]:
    """Run a network in this precision.

    ``float32`` means it: CUDA's convolutions would use TF32 by default, whose error depends on
    the kernel and so on the size of the batch.
    """
    if precision == BFLOAT16:
        with torch.autocast(device.type, torch.bfloat16):
            yield
    elif device.type == "cuda":
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, allow_tf32=False):
            yield
    else:
        yield
