"""Builds the demo album from the pictures that scikit-image carries.

One public-domain portrait (Eileen Collins, NASA) becomes a burst: the same frame sharp, and
blurred, shaken, noisy, compressed, small and dark in five degrees each. Several of those are
composed into group photos, some are stored rotated with an EXIF orientation, and the faceless
pictures are there because every album has some. Run as ``python -m fiqa_studio.demo.album
FOLDER``, apart from the window, since it imports the degradations of the training package.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageDraw
from skimage import data

from fiqa_training.degradations import degrade

Pixels = npt.NDArray[np.uint8]

COMPLETE_MARKER = ".complete"
_START = datetime(2024, 6, 1, 15, 30)  # noqa: DTZ001 - EXIF times have no zone
_STRENGTHS = (0.1, 0.22, 0.36, 0.52, 0.7)

_KINDS = {
    "soft": "gaussian_blur",
    "shaken": "motion_blur",
    "noisy": "gaussian_noise",
    "compressed": "jpeg",
    "small": "low_resolution",
    "dark": "low_light",
}
"""File name part -> kind of degradation."""

_FACELESS = ("chelsea", "coffee", "rocket", "coins", "brick", "motorcycle_left")


@dataclass(frozen=True, slots=True)
class _Frame:
    name: str
    pixels: Pixels


def build_album(folder: Path) -> int:
    """Write the album into ``folder``; returns the number of photos. Does nothing twice."""
    marker = folder / COMPLETE_MARKER
    if marker.exists():
        return int(marker.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    portrait: Pixels = np.ascontiguousarray(data.astronaut())
    burst = list(_burst(portrait))
    clock = _START
    for frame in burst:
        clock += timedelta(seconds=1)
        _save(frame.pixels, folder / "burst" / f"{frame.name}.jpg", taken_at=clock)
    by_name = {frame.name: frame.pixels for frame in burst}
    count = len(burst)
    for name, members in _GROUPS.items():
        clock += timedelta(minutes=5)
        _save(_group([by_name[m] for m in members]), folder / "groups" / name, taken_at=clock)
        count += 1
    for orientation in (3, 6, 8):
        clock += timedelta(minutes=1)
        path = folder / "rotated" / f"portrait, camera turned ({orientation}).jpg"
        _save(portrait, path, taken_at=clock, orientation=orientation)
        count += 1
    for index, name in enumerate(_FACELESS):
        clock += timedelta(minutes=2)
        suffix = (".jpg", ".png", ".webp")[index % 3]
        _save(_faceless(name), folder / "no faces" / f"{name}{suffix}", taken_at=clock)
        count += 1
    marker.write_text(str(count))
    return count


_GROUPS = {
    "team, mixed light.jpg": ("sharp", "dark 2", "soft 3", "dark 4", "sharp", "noisy 2"),
    "team, on the move.jpg": ("shaken 1", "sharp", "shaken 3", "shaken 5", "soft 1", "sharp"),
    "team, sent by chat.jpg": ("compressed 2", "compressed 4", "small 2", "small 4"),
}


def _burst(portrait: Pixels) -> list[_Frame]:
    frames = [_Frame("sharp", portrait)]
    for word, kind in _KINDS.items():
        for degree, strength in enumerate(_STRENGTHS, start=1):
            frames.append(
                _Frame(f"{word} {degree}", degrade(portrait, kind, strength, seed=degree))
            )
    return frames


def _group(members: list[Pixels]) -> Pixels:
    """Portraits of different sizes on one wall, as in a group photo taken from the front."""
    columns = 3 if len(members) > 4 else 2
    rows = -(-len(members) // columns)
    cell, gap = 420, 36
    width, height = columns * (cell + gap) + gap, rows * (cell + gap) + gap
    backdrop = np.linspace(96, 150, height)[:, None, None] * np.array([0.92, 0.97, 1.0])
    wall = Image.fromarray(np.broadcast_to(backdrop, (height, width, 3)).astype(np.uint8))
    draw = ImageDraw.Draw(wall)
    for index, pixels in enumerate(members):
        side = cell - 70 * (index % 3)
        left = gap + (index % columns) * (cell + gap) + (cell - side) // 2
        top = gap + (index // columns) * (cell + gap) + (cell - side)
        draw.rectangle((left - 6, top - 6, left + side + 5, top + side + 5), fill=(238, 236, 230))
        face = Image.fromarray(pixels).resize((side, side), Image.Resampling.LANCZOS)
        wall.paste(face, (left, top))
    return np.asarray(wall)


def _faceless(name: str) -> Pixels:
    if name == "motorcycle_left":
        # scikit-image exposes the stereo pair only together with a disparity map.
        folder = Path(data.__file__).parent
        return np.asarray(Image.open(folder / "motorcycle_left.png").convert("RGB"))
    pixels: Pixels = getattr(data, name)()
    return pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)


def _save(pixels: Pixels, path: Path, *, taken_at: datetime, orientation: int = 1) -> None:
    image = Image.fromarray(pixels)
    if orientation != 1:
        # Store the picture turned, so that the orientation tag makes it upright again.
        turned = {3: 180, 6: 90, 8: 270}[orientation]
        image = image.rotate(turned, expand=True)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "FIQA"
    exif[ExifTags.Base.Model] = "Demo camera"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = taken_at.strftime("%Y:%m:%d %H:%M:%S")
    path.parent.mkdir(parents=True, exist_ok=True)
    # PNG ignores the quality; JPEG and WebP would otherwise choose a visible loss.
    image.save(path, exif=exif, quality=95)


if __name__ == "__main__":
    build_album(Path(sys.argv[1]))
