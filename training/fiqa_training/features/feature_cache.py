"""What the frozen first half of the network says of every training picture, on disk.

The early stages of the backbone cost most of the time and are not learned, so epochs over what
they gave cost a fraction.

One file a group (a face with its degraded copies, or a rated photo with one): a killed run goes
on where it stopped, and a longer run reuses what a shorter one made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from fiqa_models.networks import DslFiqa, normalise
from fiqa_models.networks.tokens import MobileNetTokens
from fiqa_training.degradations import ByteImage

TOKEN = 16
_MULTIPLE = 32
ENLARGED = "enlarged"
"""Stands for a kind: a part of a rated photo, enlarged; the photo's opinion is its label."""


@dataclass(frozen=True)
class Group:
    """Cached pictures of one scene.

    Attributes:
        shallow: (N, 208, H, W) float16, texture and the backbone's first map of stride 16.
        degradation: (N, D, H, W) float16, the degradation encoder's map before pooling.
        measures: (N, 3) full-reference measures against the clean picture (faces only).
        severities: (N,) severity of single kinds, NaN for chains.
        kinds: names of the kinds.
        places: where in the crop each is, see `places`.
        landmarks: (478, 2) pixels, NaN where there is no face.
        label: base quality of a clean face, or the mean opinion of a rated photo.
    """

    shallow: npt.NDArray[np.float16]
    degradation: npt.NDArray[np.float16]
    measures: npt.NDArray[np.float64]
    severities: npt.NDArray[np.float64]
    kinds: tuple[str, ...]
    places: tuple[str, ...]
    landmarks: npt.NDArray[np.float32]
    label: float


def fit_multiple(picture: ByteImage, rng: np.random.Generator, largest: int = 512) -> ByteImage:
    """Cut a window with sides that are multiples of 32, at most `largest`; never resize."""
    height, width = (min(side, largest) // _MULTIPLE * _MULTIPLE for side in picture.shape[:2])
    top = int(rng.integers(picture.shape[0] - height + 1))
    left = int(rng.integers(picture.shape[1] - width + 1))
    return np.ascontiguousarray(picture[top : top + height, left : left + width])


def mobilenet_tokens(network: DslFiqa) -> MobileNetTokens:
    """The token module of a starter network.

    Raises:
        TypeError: for a network of another configuration.
    """
    if not isinstance(network.tokens, MobileNetTokens):
        raise TypeError("only networks with the small backbone learn from cached features")
    return network.tokens


@torch.inference_mode()
def extract(
    network: DslFiqa, pictures: Sequence[ByteImage]
) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.float16]]:
    """Shallow features and degradation map of pictures of one size, one at a time."""
    tokens = mobilenet_tokens(network)
    shallow, maps = [], []
    for picture in pictures:
        image = normalise(torch.from_numpy(picture)[None]).contiguous(
            memory_format=torch.channels_last
        )
        shallow.append(tokens.shallow(image)[0].half().numpy())
        maps.append(network.degradation.convolutions(image)[0].half().numpy())
    return np.stack(shallow), np.stack(maps)


def save_group(path: Path, group: Group) -> None:
    """Write one group atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(
            file,
            shallow=group.shallow,
            degradation=group.degradation,
            measures=group.measures,
            severities=group.severities,
            kinds=np.array(group.kinds),
            places=np.array(group.places),
            landmarks=group.landmarks,
            label=np.float64(group.label),
        )
    partial.replace(path)


def load_group(path: Path) -> Group:
    """Read one group."""
    with np.load(path, allow_pickle=False) as stored:
        return Group(
            stored["shallow"],
            stored["degradation"],
            stored["measures"],
            stored["severities"],
            tuple(map(str, stored["kinds"])),
            tuple(map(str, stored["places"])),
            stored["landmarks"],
            float(stored["label"]),
        )
