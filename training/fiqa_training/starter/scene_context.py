"""Solving the scene context: a quadratic regression on second-order statistics, in closed form.

Kernel ridge regression with the kernel (x . y / 2 + 1)^2 on the principal components of the
statistics (`fiqa_models.networks.context`), jointly for rated photos and degraded faces. Photos
and faces share everything but the intercept: people rate photos of phones on another scale than
a face's distance from its clean original. The solution is written out as a quadratic form, so no
training picture stays in the weights.

Photos as they are and the crops of faces are two views with a solution each. One for both was
worse at both: an enlarged part of a sharp photo has the statistics of a blurred photo.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file

from fiqa_models.networks import CROP_SIDE, DslFiqa, normalise
from fiqa_models.networks.context import (
    CHANNELS,
    COMPONENTS,
    STAGES,
    STATISTICS,
    SceneContext,
    View,
)
from fiqa_training.data.degraded_regions import WHOLE
from fiqa_training.data.rated import RatedPhoto
from fiqa_training.degradations import ByteImage
from fiqa_training.features.feature_cache import ENLARGED, Group, mobilenet_tokens
from fiqa_training.reading import read_rgb
from fiqa_training.starter.form import ContextRecipe, CropRecipe
from fiqa_training.starter.preparation import seeded

log = logging.getLogger(__name__)

Matrix = npt.NDArray[np.float64]
Kept = npt.NDArray[np.bool_] | None
_SAMPLED_GROUPS = 14
_SAMPLED_TOKENS = 37
_OFFSET = 1.0
_PRODUCT_WEIGHT = 0.5
_MOST_SAMPLES = 3000
"""Pictures that principal components are taken of; more say the same, at the cube of the time."""


@dataclass(frozen=True)
class Statistics:
    """What the contexts see of some pictures; rows are 13760 numbers of one picture.

    Attributes:
        bases: principal components of the stages, buffers of every `SceneContext`.
        photos: (N, 13760) of rated photos as they are, in the photos' view.
        faces: (F, 13760) of every face whose whole crop is degraded, likewise; one group after
            the other.
        crops: (V, N, 13760) of V enlargements of every rated photo, in the faces' view; the first
            is the photo itself.
        face_crops: (G, 13760) of every picture of every face, likewise.
        held_faces: (H, 13760) of held-out people, likewise.
    """

    bases: dict[str, torch.Tensor]
    photos: npt.NDArray[np.float32]
    faces: npt.NDArray[np.float32]
    crops: npt.NDArray[np.float32]
    face_crops: npt.NDArray[np.float32]
    held_faces: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Pictures:
    """What the contexts are solved from and judged on.

    Attributes:
        photos: the rated photos,
        groups: their cached features, in the same order.
        faces: the training faces.
        held_faces: those of held-out people.
    """

    photos: Sequence[RatedPhoto]
    groups: Sequence[Group]
    faces: Sequence[Group]
    held_faces: Sequence[Group]


@torch.inference_mode()
def measure(network: DslFiqa, pictures: Pictures, recipe: CropRecipe, stored: Path) -> Statistics:
    """Statistics of all the material, kept on disk; the bases are of training pictures."""
    if not stored.is_file():
        photo, face = SceneContext("photo"), SceneContext("face")
        bases = _bases(network, [*pictures.groups, *pictures.faces][::_SAMPLED_GROUPS])
        for context in (photo, face):
            context.load_state_dict(bases, strict=False)
        parts = {
            "photos": _of(network, photo, pictures.groups, _as_taken),
            "faces": _of(network, photo, pictures.faces, whole_places),
            "crops": _crops(network, face, pictures, recipe),
            "face_crops": _of(network, face, pictures.faces, _all),
            "held_faces": _of(network, face, pictures.held_faces, _all),
        }
        save_file({**bases, **parts}, stored.with_suffix(".part"))
        stored.with_suffix(".part").replace(stored)
    values = load_file(stored)
    names = ("photos", "faces", "crops", "face_crops", "held_faces")
    found = {name: values.pop(name).numpy() for name in names}
    return Statistics(values, **found)


@torch.inference_mode()
def statistics_of(
    network: DslFiqa, context: SceneContext, groups: Sequence[Group]
) -> npt.NDArray[np.float32]:
    """(N, 13760) statistics of every picture of some groups."""
    return np.asarray(_of(network, context, groups, _all).numpy(), np.float32)


_Choice = Callable[[Group], list[int]]


def whole_places(group: Group) -> list[int]:
    """The pictures of a group that are degraded everywhere, or not at all."""
    return [number for number, place in enumerate(group.places) if place == WHOLE]


def _all(group: Group) -> list[int]:
    return list(range(len(group.kinds)))


def _as_taken(group: Group) -> list[int]:
    return [group.kinds.index("")]


def _enlarged(group: Group) -> list[int]:
    return [group.kinds.index(ENLARGED)]


def _pyramids(network: DslFiqa, group: Group, chosen: Sequence[int]) -> Iterator[torch.Tensor]:
    tokens = mobilenet_tokens(network)
    for number in chosen:
        image = torch.from_numpy(group.shallow[number])[None].float()
        yield tokens.deep(image.contiguous(memory_format=torch.channels_last))


def _of(
    network: DslFiqa, context: SceneContext, groups: Sequence[Group], choice: _Choice
) -> torch.Tensor:
    found: list[torch.Tensor] = []
    for number, group in enumerate(groups):
        pyramids = _pyramids(network, group, choice(group))
        found.extend(context.statistics(pyramid)[0] for pyramid in pyramids)
        if number % 100 == 99:
            log.info("context: %d of %d scenes", number + 1, len(groups))
    return torch.stack(found)


def _crops(
    network: DslFiqa, context: SceneContext, pictures: Pictures, recipe: CropRecipe
) -> torch.Tensor:
    """Rated photos, and parts of them enlarged ever more, seen as faces' crops are."""
    views = [_of(network, context, pictures.groups, choice) for choice in (_as_taken, _enlarged)]
    tokens = mobilenet_tokens(network)
    for place, (least, most) in enumerate(recipe.zooms):
        found = []
        for photo in pictures.photos:
            rng = seeded(place, "crop", photo.path.name)
            zoom = float(np.exp(rng.uniform(np.log(least), np.log(most))))
            crop = enlarged_crop(read_rgb(photo.path), zoom, rng)
            image = normalise(torch.from_numpy(crop)[None])
            image = image.contiguous(memory_format=torch.channels_last)
            found.append(context.statistics(tokens.pyramid(image))[0])
        views.append(torch.stack(found))
        log.info("context: crops enlarged %.1f to %.1f times", least, most)
    return torch.stack(views)


def enlarged_crop(picture: ByteImage, zoom: float, rng: np.random.Generator) -> ByteImage:
    """A square part of a photo as a crop (512, 512, 3); its side is the photo's over `zoom`."""
    height, width = picture.shape[:2]
    side = round(min(height, width, CROP_SIDE) / zoom)
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    part = picture[top : top + side, left : left + side]
    # Linear, as faces are cut out of photos.
    found = cv2.resize(part, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_LINEAR)
    return np.asarray(found, np.uint8)


def _bases(network: DslFiqa, groups: Sequence[Group]) -> dict[str, torch.Tensor]:
    """Principal components of each stage that has more channels than are kept."""
    sampled = [
        pyramid.flatten(2)[0, :, ::_SAMPLED_TOKENS]
        for group in groups
        for pyramid in _pyramids(network, group, whole_places(group))
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


@dataclass(frozen=True)
class Problem:
    """A regression to be solved.

    Attributes:
        view: of the pictures.
        photos: (N, 13760) statistics of rated photos, or of crops of them.
        opinions: (N,) mean opinions on [0, 1].
        faces: (F, 13760) statistics.
        labels: (F,) pseudo-MOS on [0, 1].
        ridge: of the regression.
        photo_weight: of one of the photos.
        face_weight: of one of the faces.
    """

    view: View
    photos: npt.NDArray[np.float32]
    opinions: Matrix
    faces: npt.NDArray[np.float32]
    labels: Matrix
    ridge: float
    photo_weight: float
    face_weight: float


def photo_problem(
    known: Statistics, opinions: Matrix, labels: Matrix, recipe: ContextRecipe, kept: Kept = None
) -> Problem:
    """Of the photos' view: the photos as they are, and wholly degraded faces with their labels.

    Args:
        known: statistics of the material.
        opinions: (N,) of the photos.
        labels: (F,) of the faces.
        recipe: how.
        kept: (N,) which photos take part; all by default.
    """
    pick = np.ones(len(opinions), bool) if kept is None else kept
    return Problem(
        "photo",
        known.photos[pick],
        opinions[pick],
        known.faces,
        labels,
        recipe.ridge,
        1.0,
        recipe.face_weight,
    )


def face_problem(
    known: Statistics, opinions: Matrix, labels: Matrix, recipe: CropRecipe, kept: Kept = None
) -> Problem:
    """Of the faces' view: crops of photos at every enlargement, and all pictures of faces.

    A crop keeps the opinion of its photo. That is not quite true of each, but faces reach the
    scorer enlarged from any size, and photos as they are teach nothing of that.

    Args:
        known: statistics of the material.
        opinions: (N,) of the photos.
        labels: (G,) of the faces.
        recipe: how.
        kept: (N,) which photos take part; all by default.
    """
    pick = np.ones(len(opinions), bool) if kept is None else kept
    crops = known.crops[:, pick]
    return Problem(
        "face",
        crops.reshape(-1, STATISTICS),
        np.tile(opinions[pick], len(crops)),
        known.face_crops,
        labels,
        recipe.ridge,
        recipe.weight,
        recipe.face_weight,
    )


def solve(bases: dict[str, torch.Tensor], problem: Problem) -> SceneContext:
    """The context that explains opinions of photos and labels of faces.

    Args:
        bases: of the stages, see `Statistics`.
        problem: what is to be explained.
    """
    both = (problem.photos.astype(np.float64), problem.faces.astype(np.float64))
    mean = sum(0.5 * part.mean(0) for part in both)
    deviation = np.sqrt(sum(0.5 * part.var(0) for part in both)) + 1e-6
    scale = _weights() / deviation
    x = (np.concatenate(both) - mean) * scale
    projection = _principal(x[:: -(-len(x) // _MOST_SAMPLES)]) * scale
    z = (np.concatenate(both) - mean) @ projection.T
    target = np.concatenate([problem.opinions, problem.labels])
    photo = np.arange(len(z)) < len(problem.photos)
    weight = np.where(photo, problem.photo_weight, problem.face_weight)
    kernel = (z @ z.T / 2 + _OFFSET) ** 2 + problem.ridge * np.diag(1 / weight)
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
    context = SceneContext(problem.view)
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
