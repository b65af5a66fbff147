"""First half of the starter recipe: labelled features of all the material, on disk."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from fiqa_models.networks import DslFiqa, build_network, normalise
from fiqa_training.data.degraded_regions import EDGE, WHOLE
from fiqa_training.data.face_regions import masks_of
from fiqa_training.data.faces import FaceRow, position
from fiqa_training.data.landmarks import absent_landmarks, find_landmarks
from fiqa_training.data.rated import RatedPhoto
from fiqa_training.data.samples import Sample, draw_samples, placed, render
from fiqa_training.degradations import ByteImage, degrade, kinds
from fiqa_training.encoding.dsl import dual_set
from fiqa_training.encoding.encoder import MEASURED, freeze_filters, keep_norms, measure_norms
from fiqa_training.errors import TrainingError
from fiqa_training.features.feature_cache import (
    ENLARGED,
    Group,
    extract,
    fit_multiple,
    load_group,
    mobilenet_tokens,
    save_group,
)
from fiqa_training.pseudo_mos.fusion import base_quality, measure_pairs
from fiqa_training.reading import read_rgb
from fiqa_training.starter.form import DegradationRecipe, Recipe

log = logging.getLogger(__name__)

_PLACED = 3
"""The sample of a face that is also shown on the face only and behind it only: the worst one of its
core kind."""


def seeded(seed: int, *names: str) -> np.random.Generator:
    """A generator that depends on the run's seed and on names only, never on the order of work."""
    place = int(position("/".join(names)) * 2**32)
    return np.random.default_rng([seed, place])


def _window(picture: ByteImage, side: int, rng: np.random.Generator) -> ByteImage:
    top, left = (int(rng.integers(max(1, extent - side + 1))) for extent in picture.shape[:2])
    return np.ascontiguousarray(picture[top : top + side, left : left + side])


def _enlarged_part(picture: ByteImage, zoom: float, rng: np.random.Generator) -> ByteImage:
    """A part of the picture at the size of the whole."""
    height, width = picture.shape[:2]
    rows, columns = round(height / zoom), round(width / zoom)
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    part = picture[top : top + rows, left : left + columns]
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _as_batch(pictures: Sequence[ByteImage]) -> torch.Tensor:
    return normalise(torch.from_numpy(np.stack(pictures)))


def train_degradation_encoder(
    network: DslFiqa,
    faces: Sequence[FaceRow],
    photos: Sequence[RatedPhoto],
    recipe: DegradationRecipe,
    seed: int,
) -> float:
    """Dual-set learning of `network.degradation`; returns the mean loss of the last steps.

    Each step draws one face and `synthetic` kinds for set S, and `real` rated photos for set R.
    Local kinds and chains stay out of S: on a window of the face they may not show.

    Raises:
        TrainingError: the families hold fewer kinds than set S wants.
    """
    encoder = network.degradation
    encoder.requires_grad_(requires_grad=True)
    rng = seeded(seed, "degradation")
    families = recipe.families or {each.family for each in kinds()} - {"local", "chain"}
    names = [kind.name for kind in kinds() if kind.family in families]
    if len(names) < recipe.synthetic:
        raise TrainingError(
            f"Set S wants {recipe.synthetic} kinds of degradation; there are {len(names)}."
        )

    def pictures() -> npt.NDArray[np.uint8]:
        face = _window(read_rgb(faces[rng.integers(len(faces))].path), recipe.window, rng)
        drawn = rng.choice(names, recipe.synthetic, replace=False)
        synthetic = [
            degrade(face, str(name), float(rng.uniform(0.25, 1.0)), int(rng.integers(2**31)))
            for name in drawn
        ]
        chosen = rng.choice(len(photos), recipe.real, replace=False)
        real = [_window(read_rgb(photos[i].path), recipe.window, rng) for i in chosen]
        return np.stack([*synthetic, *real])

    # Half of a step's pictures show one face: its own statistics would take its content away.
    measure_norms(encoder, [pictures() for _ in range(MEASURED)])
    freeze_filters(encoder)
    learned = [parameter for parameter in encoder.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=recipe.rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, recipe.steps))
    encoder.train()
    keep_norms(encoder)
    recent: list[float] = []
    for step in range(recipe.steps):
        embedding = encoder(normalise(torch.from_numpy(pictures())))
        embedding = torch.nn.functional.normalize(embedding, dim=1)
        loss = dual_set(
            embedding[: recipe.synthetic],
            embedding[recipe.synthetic :],
            recipe.temperature,
            recipe.mapping_temperature,
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        recent.append(float(loss.detach()))
        if step % 25 == 24:
            log.info("degradation step %d: loss %.3f", step + 1, np.mean(recent[-25:]))
    encoder.requires_grad_(False).eval()
    return float(np.mean(recent[-25:])) if recent else float("nan")


def calibrate_tokens(network: DslFiqa, faces: Sequence[FaceRow], seed: int) -> None:
    """Measure the standardisation of the backbone's features on faces of every quality."""
    rng = seeded(seed, "calibrate")

    def batches() -> list[torch.Tensor]:
        pictures = []
        for row in faces[:16]:
            pictures += render(read_rgb(row.path), draw_samples(rng)[::2])
        return [_as_batch([picture]) for picture in pictures]

    mobilenet_tokens(network).calibrate(batches())


def prepared_network(
    faces: Sequence[FaceRow],
    photos: Sequence[RatedPhoto],
    backbone: Path,
    recipe: Recipe,
    cache: Path,
) -> DslFiqa:
    """The network with everything that stays frozen: backbone, standardisation, encoder.

    Kept in the cache, because the cached features are only right for exactly these weights.
    """
    torch.manual_seed(recipe.seed)
    network = build_network("starter")
    network.eval()
    stored = cache / "prepared.safetensors"
    if stored.is_file():
        network.load_state_dict(load_file(stored))
        network.degradation.requires_grad_(False)
        return network
    try:
        mobilenet_tokens(network).load_backbone(backbone)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise TrainingError(
            f"{backbone} does not hold the backbone: {error}.",
            "Name mobilenetv2_100_imagenet.safetensors.",
        ) from error
    calibrate_tokens(network, faces, recipe.seed)
    train_degradation_encoder(network, faces, photos, recipe.degradation, recipe.seed)
    cache.mkdir(parents=True, exist_ok=True)
    save_file(network.state_dict(), stored.with_suffix(".partial"))
    stored.with_suffix(".partial").replace(stored)
    return network


def prepare_faces(network: DslFiqa, rows: Sequence[FaceRow], cache: Path, seed: int) -> list[Path]:
    """Cache a group for every face; returns the groups' files in the order of the rows."""

    def samples(row: FaceRow) -> list[Sample]:
        drawn = draw_samples(seeded(seed, "face", row.path.name))
        return [*drawn, *placed(drawn[_PLACED])]

    return prepare_samples(network, rows, cache, samples)


def prepare_samples(
    network: DslFiqa,
    rows: Sequence[FaceRow],
    cache: Path,
    samples_of: Callable[[FaceRow], list[Sample]],
) -> list[Path]:
    """Cache a group of chosen pictures for every face; those with a place, where it has a mesh."""
    landmarks = find_landmarks([row.path for row in rows], cache)

    def build(index: int) -> Group:
        row = rows[index]
        face = read_rgb(row.path)
        masks = None
        if np.isfinite(landmarks[index]).all():
            masks = masks_of(landmarks[index], soft=EDGE)
        samples = [s for s in samples_of(row) if masks is not None or s.place == WHOLE]
        pictures = render(face, samples, masks)
        # What a degradation costs is measured on the whole crop; a place has its share of that.
        measured = {replace(s, place=WHOLE): n for n, s in enumerate(samples) if s.place == WHOLE}
        whole = measure_pairs([face] * len(measured), [pictures[n] for n in measured.values()])
        measures = whole[[list(measured).index(replace(s, place=WHOLE)) for s in samples]]
        shallow, degradation = extract(network, pictures)
        return Group(
            shallow,
            degradation,
            measures,
            np.array([s.severity if s.single else np.nan for s in samples]),
            tuple(s.kind for s in samples),
            tuple(s.place for s in samples),
            landmarks[index],
            base_quality(row.source_side),
        )

    return _build_all([cache / "faces" / f"{row.path.stem}.npz" for row in rows], build)


def prepare_rated(
    network: DslFiqa, photos: Sequence[RatedPhoto], cache: Path, seed: int, copies: float
) -> list[Path]:
    """Cache a group for every rated photo: itself, an enlarged part, a share with a degraded copy.

    Faces reach the network enlarged from any size, so a photo keeps its opinion when a part of
    it is enlarged a little.
    """
    names = [kind.name for kind in kinds() if kind.family != "local"]

    def build(index: int) -> Group:
        photo = photos[index]
        rng = seeded(seed, "rated", photo.path.name)
        picture = fit_multiple(read_rgb(photo.path), rng)
        pictures = [picture, _enlarged_part(picture, float(rng.uniform(1.05, 1.8)), rng)]
        severities, drawn = [0.0, 0.0], ["", ENLARGED]
        if rng.random() < copies:
            severities.append(float(rng.uniform(0.4, 1.0)))
            drawn.append(str(rng.choice(names)))
            pictures.append(degrade(picture, drawn[-1], severities[-1], int(rng.integers(2**31))))
        shallow, degradation = extract(network, pictures)
        none: npt.NDArray[np.float64] = np.full((len(pictures), 3), np.nan)
        return Group(
            shallow,
            degradation,
            none,
            np.array(severities),
            tuple(drawn),
            (WHOLE,) * len(drawn),
            absent_landmarks(),
            photo.mos,
        )

    return _build_all([cache / "rated" / f"{photo.path.stem}.npz" for photo in photos], build)


def _build_all(files: Sequence[Path], build: Callable[[int], Group]) -> list[Path]:
    start = time.monotonic()
    made = 0
    for index, file in enumerate(files):
        if file.is_file():
            continue
        save_group(file, build(index))
        made += 1
        if made % 50 == 0:
            log.info(
                "%s: %d of %d, %.2f s each",
                file.parent.name,
                index + 1,
                len(files),
                (time.monotonic() - start) / made,
            )
    return list(files)


def load_groups(files: Sequence[Path]) -> list[Group]:
    """All groups of a stage; a few gigabytes for the shipped recipe."""
    return [load_group(file) for file in files]
