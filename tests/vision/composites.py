"""Photos made of portraits, so that where each face lies is known: crowds, and hard cases."""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fiqa_studio.domain.geometry import Box
from fiqa_studio.domain.photos import Exif
from fiqa_studio.vision.photo import DecodedImage

LANDSCAPES = ("Samsung S730", "Sony DCR-PC110", "Nikon D5000", "Photoshop (1)")


@dataclass(frozen=True)
class Composite:
    """A picture ``(H, W, 3)`` uint8 RGB and its faces from brow to chin, in its pixels."""

    name: str
    rgb: np.ndarray
    faces: tuple[Box, ...]


@functools.lru_cache(maxsize=256)
def read(path: Path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1]


def portraits(shared: Path) -> list[Path]:
    return sorted((shared / "faces").glob("*.jpg"))


def landscape(shared: Path, rng: random.Random, size: tuple[int, int]) -> np.ndarray:
    name = rng.choice(LANDSCAPES)
    path = shared / f"album/photos/{name}.jpg"
    return cv2.resize(read(path), size, interpolation=cv2.INTER_CUBIC)


def face_box(x: float, y: float, side: float) -> Box:
    """In a crop whose eyes are in its middle, a quarter of its side apart."""
    return Box(x + side * 0.22, y + side * 0.22, side * 0.56, side * 0.62)


def pasted(canvas: np.ndarray, portrait: np.ndarray, x: int, y: int) -> None:
    """Lay a portrait on a canvas with soft edges, in place; what lies outside is cut off."""
    side = portrait.shape[0]
    ramp = np.clip(np.minimum(np.arange(side), np.arange(side)[::-1]) / (0.12 * side), 0, 1)
    share = np.minimum(ramp[:, None], ramp[None])[..., None].astype(np.float32)
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + side, canvas.shape[1]), min(y + side, canvas.shape[0])
    part = np.s_[y0 - y : y1 - y, x0 - x : x1 - x]
    below = canvas[y0:y1, x0:x1]
    mixed = portrait[part] * share[part] + below * (1 - share[part])
    canvas[y0:y1, x0:x1] = np.rint(mixed).astype(np.uint8)


def crowd(
    shared: Path, seed: int, *, size: tuple[int, int], count: int, face: float, spread: float = 0.2
) -> Composite:
    """So many faces about so many pixels high, in rows as people stand, over a landscape."""
    rng = random.Random(seed)
    width, height = size
    canvas = landscape(shared, rng, size)
    side = face / 0.62
    columns = max(int(width / (side * 1.02)), 1)
    rows = max(int(height / (side * 1.02)), 1)
    # People stand together: the rows around the middle are filled first.
    order = sorted(range(rows), key=lambda row: abs(row - rows / 2))
    places = [(row, column) for row in order for column in range(columns)][:count]
    faces = []
    for row, column in places:
        own = side * rng.uniform(1 - spread, 1) if spread else side
        x = int((column + 0.5) * width / columns - own / 2)
        y = int((row + 0.5) * height / rows - own / 2)
        portrait = cv2.resize(read(rng.choice(portraits(shared))), (int(own), int(own)),
                              interpolation=cv2.INTER_AREA)  # fmt: skip
        pasted(canvas, portrait, x, y)
        faces.append(face_box(x, y, int(own)))
    return Composite(f"crowd-{width}x{height}-{face:.0f}", canvas, tuple(faces))


def very_bad(shared: Path, seed: int) -> Composite:
    """One face that nobody would keep: strongly blurred, burnt out, drowned in noise, or dark."""
    rng = random.Random(seed)
    noise = np.random.default_rng(seed)
    side = rng.randint(420, 640)
    canvas = landscape(shared, rng, (900, 800))
    portrait = cv2.resize(read(rng.choice(portraits(shared))), (side, side))
    x, y = rng.randint(0, 900 - side), rng.randint(0, 800 - side)
    pasted(canvas, portrait, x, y)
    kind = ("blur", "burnt", "noise", "dark", "motion")[seed % 5]
    if kind == "blur":
        canvas = cv2.GaussianBlur(canvas, (0, 0), side / 4 / rng.uniform(7, 10))
    elif kind == "burnt":
        gain, lift = rng.uniform(1.9, 2.6), rng.uniform(40, 90)
        canvas = np.clip(canvas.astype(np.float32) * gain + lift, 0, 255).astype(np.uint8)
    elif kind == "noise":
        canvas = np.clip(canvas + noise.normal(0, rng.uniform(60, 100), canvas.shape), 0, 255)
        canvas = canvas.astype(np.uint8)
    elif kind == "dark":
        level = rng.uniform(0.04, 0.1)
        grain = noise.normal(0, 2, canvas.shape)
        canvas = np.clip(canvas * level + grain, 0, 255).astype(np.uint8)
    else:
        length = int(side / 4 / rng.uniform(2.2, 3))
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1 / length
        canvas = cv2.filter2D(canvas, -1, kernel)
    return Composite(f"very-bad-{kind}", canvas, (face_box(x, y, side),))


def turned_head(shared: Path, seed: int) -> Composite:
    """One head turned by 120 to 240 degrees."""
    rng = random.Random(seed)
    side = rng.randint(300, 600)
    canvas = landscape(shared, rng, (1000, 800))
    portrait = cv2.resize(read(rng.choice(portraits(shared))), (side, side))
    angle = rng.choice([120, 135, 150, 165, 180, 195, 210, 225, 240])
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), angle, 1)
    portrait = cv2.warpAffine(portrait, matrix, (side, side), borderMode=cv2.BORDER_REFLECT)
    x, y = rng.randint(0, 1000 - side), rng.randint(0, 800 - side)
    pasted(canvas, portrait, x, y)
    # Turned about the point between the eyes, the face lies on the other side of it.
    centre = np.array([0, 0.03 * side])
    turn = np.radians(-angle)
    moved = (
        centre[0] * np.cos(turn) - centre[1] * np.sin(turn),
        centre[0] * np.sin(turn) + centre[1] * np.cos(turn),
    )
    half = 0.3 * side
    middle = (x + side / 2 + moved[0], y + side / 2 + moved[1])
    box = Box(middle[0] - half, middle[1] - half, 2 * half, 2 * half)
    return Composite(f"turned-{angle}", canvas, (box,))


def cut_off(shared: Path, seed: int) -> Composite:
    """One face of which a fifth to two fifths lie outside the picture, eyes and mouth in part."""
    rng = random.Random(seed)
    side = rng.randint(400, 800)
    canvas = landscape(shared, rng, (1000, 800))
    portrait = cv2.resize(read(rng.choice(portraits(shared))), (side, side))
    share = rng.uniform(0.2, 0.4)
    face = 0.6 * side
    edge = ("left", "right", "bottom")[seed % 3]
    x, y = rng.randint(0, 1000 - side), (800 - side) // 2 if side < 800 else 0
    if edge == "left":
        x = int(-0.2 * side - share * face)
    elif edge == "right":
        x = int(1000 - 0.8 * side + share * face)
    else:
        y = int(800 - 0.84 * side + share * face)
    pasted(canvas, portrait, x, y)
    return Composite(f"cut-{edge}", canvas, (face_box(x, y, side),))


def decoded(rgb: np.ndarray, scale: float = 1.0) -> DecodedImage:
    """As the decoder gives it; ``scale`` is its pixels a full-resolution pixel."""
    height, width = rgb.shape[:2]
    return DecodedImage(
        rgb=rgb,
        full_width=round(width / scale),
        full_height=round(height / scale),
        scale=scale,
        offset=(0.0, 0.0),
        format="PNG",
        exif=Exif(),
        notes=(),
    )
