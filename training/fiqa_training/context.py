"""Solving the scene context: a quadratic regression on second-order statistics, in closed form.

Kernel ridge regression with the kernel (x . y / 2 + 1)^2 on the principal components of the
statistics (`fiqa_models.networks.context`), jointly for rated photos and degraded faces. Photos
and faces share everything but the intercept: people rate photos of phones on another scale than
a face's distance from its clean original. The solution is written out as a quadratic form, so no
training picture stays in the weights.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file

from fiqa_models.networks import DslFiqa
from fiqa_models.networks.context import CHANNELS, COMPONENTS, STAGES, STATISTICS, SceneContext
from fiqa_training.data.feature_cache import Group, mobilenet_tokens
from fiqa_training.recipe import ContextRecipe

log = logging.getLogger(__name__)

Matrix = npt.NDArray[np.float64]
_SAMPLED_GROUPS = 14
_SAMPLED_TOKENS = 37
_OFFSET = 1.0
_PRODUCT_WEIGHT = 0.5


@dataclass(frozen=True)
class Statistics:
    """What the context sees of some pictures.

    Attributes:
        bases: principal components of the stages, the buffers of `SceneContext`.
        photos: (N, 13760) of rated photos as they are.
        faces: (F, 13760) of every picture of every face, one group after the other.
        held_faces: likewise, of held-out people.
    """

    bases: dict[str, torch.Tensor]
    photos: npt.NDArray[np.float32]
    faces: npt.NDArray[np.float32]
    held_faces: npt.NDArray[np.float32]


@torch.inference_mode()
def measure(
    network: DslFiqa,
    photos: Sequence[Group],
    faces: Sequence[Group],
    held_faces: Sequence[Group],
    stored: Path,
) -> Statistics:
    """Statistics of all the material, kept on disk; the bases are of training pictures."""
    if not stored.is_file():
        context = SceneContext()
        bases = _bases(network, [*photos, *faces][::_SAMPLED_GROUPS])
        context.load_state_dict(bases, strict=False)
        parts = {
            "photos": _of(network, context, photos, first_only=True),
            "faces": _of(network, context, faces, first_only=False),
            "held_faces": _of(network, context, held_faces, first_only=False),
        }
        save_file({**bases, **parts}, stored.with_suffix(".part"))
        stored.with_suffix(".part").replace(stored)
    values = load_file(stored)
    found = {name: values.pop(name).numpy() for name in ("photos", "faces", "held_faces")}
    return Statistics(values, **found)


@torch.inference_mode()
def statistics_of(
    network: DslFiqa, context: SceneContext, groups: Sequence[Group]
) -> npt.NDArray[np.float32]:
    """(N, 13760) statistics of every picture of some groups."""
    return np.asarray(_of(network, context, groups, first_only=False).numpy(), np.float32)


def _pyramids(network: DslFiqa, group: Group, count: int | None) -> Iterator[torch.Tensor]:
    tokens = mobilenet_tokens(network)
    for shallow in group.shallow[:count]:
        image = torch.from_numpy(shallow)[None].float()
        yield tokens.deep(image.contiguous(memory_format=torch.channels_last))


def _of(
    network: DslFiqa, context: SceneContext, groups: Sequence[Group], *, first_only: bool
) -> torch.Tensor:
    found: list[torch.Tensor] = []
    for number, group in enumerate(groups):
        pyramids = _pyramids(network, group, 1 if first_only else None)
        found.extend(context.statistics(pyramid)[0] for pyramid in pyramids)
        if number % 100 == 99:
            log.info("context: %d of %d scenes", number + 1, len(groups))
    return torch.stack(found)


def _bases(network: DslFiqa, groups: Sequence[Group]) -> dict[str, torch.Tensor]:
    """Principal components of each stage that has more channels than are kept."""
    sampled = [
        pyramid.flatten(2)[0, :, ::_SAMPLED_TOKENS]
        for group in groups
        for pyramid in _pyramids(network, group, None)
    ]
    tokens = torch.cat(sampled, 1).double()
    bases = {}
    for index, (first, end, kept) in enumerate(STAGES):
        if kept == end - first:
            continue
        stage = tokens[first:end]
        centre = stage.mean(1, keepdim=True)
        covariance = (stage - centre) @ (stage - centre).T / stage.shape[1]
        values, vectors = torch.linalg.eigh(covariance)
        # Half whitened: strong components lead, weak ones still speak.
        basis = vectors[:, -kept:].T * values[-kept:, None].clamp(min=1e-6) ** -0.25
        bases[f"centre{index}"] = centre.float()
        bases[f"basis{index}"] = basis.float().contiguous()
    return bases


def _weights() -> npt.NDArray[np.float64]:
    """Of each statistic: a stage's products count half as much as all the means together."""
    parts = [np.full(CHANNELS, CHANNELS**-0.5)]
    for _, _, kept in STAGES:
        count = kept * (kept + 1) // 2
        parts.append(np.full(count, _PRODUCT_WEIGHT * count**-0.5))
    return np.concatenate(parts)


def solve(
    bases: dict[str, torch.Tensor],
    photos: npt.NDArray[np.float32],
    opinions: Matrix,
    faces: npt.NDArray[np.float32],
    labels: Matrix,
    recipe: ContextRecipe,
) -> SceneContext:
    """The context that explains opinions of photos and labels of faces.

    Args:
        bases: of the stages, see `Statistics`.
        photos: (N, 13760) statistics.
        opinions: (N,) mean opinions on [0, 1].
        faces: (F, 13760) statistics.
        labels: (F,) pseudo-MOS on [0, 1].
        recipe: how.
    """
    both = (photos.astype(np.float64), faces.astype(np.float64))
    mean = sum(0.5 * part.mean(0) for part in both)
    deviation = np.sqrt(sum(0.5 * part.var(0) for part in both)) + 1e-6
    scale = _weights() / deviation
    x = (np.concatenate(both) - mean) * scale
    projection = _principal(x) * scale
    z = (np.concatenate(both) - mean) @ projection.T
    target = np.concatenate([opinions, labels])
    photo = np.arange(len(z)) < len(photos)
    weight = np.where(photo, 1.0, recipe.face_weight)
    kernel = (z @ z.T / 2 + _OFFSET) ** 2 + recipe.ridge * np.diag(1 / weight)
    intercepts = np.stack([photo, ~photo], 1).astype(np.float64)
    solved = np.linalg.solve(kernel, np.column_stack([target, intercepts]))
    dual, sides = solved[:, 0], solved[:, 1:]
    levels = np.linalg.lstsq(intercepts.T @ sides, intercepts.T @ dual, rcond=None)[0]
    dual = dual - sides @ levels
    # (z_i . z / 2 + c)^2, summed over i, is a quadratic form in z.
    values = {
        "mean": mean,
        "projection": projection,
        "quadratic": (z.T * dual) @ z / 4,
        "linear": _OFFSET * (dual @ z),
        "bias": _OFFSET**2 * dual.sum() + levels[1],
    }
    context = SceneContext()
    state = {key: torch.from_numpy(np.asarray(value)).float() for key, value in values.items()}
    context.load_state_dict({**bases, **state}, strict=True)
    return context.eval()


def _principal(x: Matrix) -> Matrix:
    """(COMPONENTS, STATISTICS) orthonormal directions of largest spread about the origin."""
    values, vectors = np.linalg.eigh(x @ x.T)
    kept = min(COMPONENTS, int((values > 1e-9 * values[-1]).sum()))
    directions = np.zeros((COMPONENTS, STATISTICS))
    directions[:kept] = (vectors[:, ::-1][:, :kept] / np.sqrt(values[::-1][:kept])).T @ x
    return directions
