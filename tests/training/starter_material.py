"""A handful of made-up pictures that the starter's commands learn from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file
from timm import create_model

from fiqa_training.data.rated import RatedPhoto, fold_of
from fiqa_training.starter import run as starter

RECIPE = """
seed = 3
[data]
faces = 3
rated_copies = 0.5
[degradation]
steps = 1
synthetic = 2
real = 2
window = 64
rate = 1e-3
temperature = 0.5
[quality]
steps = 2
check_every = 2
save_every = 1
rate = 1e-3
cosine_steps = 0
average = 0.9
deep_rate = 0.0
faces_per_step = 1
rated_per_step = 2
rated_weight = 1.0
correlation_weight = 0.5
ranking_weight = 1.0
without_landmarks = 0.1
whole_share = 0.0
[context]
ridge = 0.3
face_weight = 0.2
[context.crops]
ridge = 0.6
face_weight = 0.3
weight = 0.3
zooms = [[1.5, 2.0]]
"""


def names_in_all_folds(photos: int) -> list[str]:
    """Names of photos, as many in each fold, the folds in turn."""
    by_fold: list[list[str]] = [[] for _ in range(starter.FOLDS)]
    for number in range(40 * photos):
        photo = RatedPhoto(Path(f"{number}.png"), 0.5, 0.1, str(number), 0)
        by_fold[fold_of(photo, starter.FOLDS)].append(photo.path.name)
    return [name for turn in zip(*by_fold, strict=False) for name in turn][:photos]


def write_material(
    folder: Path, face: np.ndarray, write_faces: Callable[..., Path], photos: int = 25
) -> list[str]:
    """Write what the starter learns from, below ``folder``; its backbone is a fresh one.

    Args:
        folder: an empty folder.
        face: the picture that all are made of.
        write_faces: the fixture of that name.
        photos: how many rated photos; three a fold are the fewest for a starter.

    Returns:
        Arguments of the command, all but ``--out``.
    """
    names = [(f"{i}.png", "portrait", f"person-{i}") for i in range(14)]
    faces = write_faces(folder / "faces", names)
    whole = cv2.resize(face, (512, 512), interpolation=cv2.INTER_CUBIC)
    for file, _, _ in names:
        cv2.imwrite(str(faces / file), whole[:, :, ::-1])
    rated = folder / "rated"
    (rated / "images").mkdir(parents=True)
    lines = ["image,mos,std,n_faces,largest_face_px"]
    for number, name in enumerate(names_in_all_folds(photos)):
        # The worse the photo, the more it is blurred: something to be learned.
        blurred = cv2.GaussianBlur(np.roll(whole, 9 * number, 1), (0, 0), 0.3 + number / 3)
        cv2.imwrite(str(rated / "images" / name), blurred[:416, :416])
        lines.append(f"{name},{90 - 3 * number},10,0,0")
    (rated / "ratings.csv").write_text("\n".join(lines) + "\n")
    torch.manual_seed(0)
    state = create_model("mobilenetv2_100", pad_type="same").state_dict()
    plain = {k: v.contiguous() for k, v in state.items() if not k.startswith("classifier")}
    save_file(plain, folder / "backbone.safetensors")
    (folder / "tiny.toml").write_text(RECIPE)
    return [
        *("--faces", str(faces), "--rated", str(rated)),
        *("--backbone", str(folder / "backbone.safetensors")),
        *("--recipe", str(folder / "tiny.toml"), "--cache", str(folder / "cache")),
    ]
