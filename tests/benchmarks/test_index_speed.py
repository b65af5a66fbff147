"""Twelve-megapixel JPEGs indexed a second on two cores, and where the time goes.

The promise is 12 a second over the scenes below, which is 167 ms of processor time a photo.
Measured on two virtual cores of a 2.8 GHz Xeon (Ice Lake): 15.0 a second with the machine to
ourselves (96 %; 128 ms of processor time a photo, 120 at best of each scene). With others at work
on the same cores and caches the processor time rises to 146 to 168 ms. Decoding takes 40 %, the
detector's 25 tiles 36 %, meshes 14 %. It is 85 ms a photo that shows nobody, 97 for a close-up, 142
for two people and 195 for six: photos full of small faces (a second decode at full size, then ten
milliseconds a face) come at 10 a second, not at 12.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

LEAST_RATE = 12.0
PHOTOS_EACH = 25
PROCESSES = 2
OURS = 0.95
"""Share of the two cores from which on the wall clock speaks of us alone."""

pytestmark = [pytest.mark.benchmark, pytest.mark.shared]

SCENES: dict[str, tuple[str, list[tuple[int, int, int]]]] = {
    # name: (landscape, faces as (eye distance, x, y) of their crop)
    "lake": ("Samsung S730", []),
    "still life": ("Panasonic DMC-LC33 (Lumix)", []),
    "portrait": ("Nikon D5000", [(320, 1300, 800)]),
    "pair": ("FujiFilm MX-2900Zoom", [(120, 900, 1000), (110, 2100, 1100)]),
    "group": (
        "Reconyx HC500 firmware 3.3.0",
        [(60 + 5 * (i % 3), 300 + 560 * i, 900 + 500 * (i % 2)) for i in range(6)],
    ),
}
"""A view, a still life, a close-up, two people, six people. Two thirds of the shared album's photos
show nobody; a face smaller than a close-up takes a second decode, at full size, for its crop."""

WORKER = """
import json, os, sys, time
import cv2
from fiqa_studio.vision.faces import FaceFinder
from fiqa_studio.vision.index import index_photo

count, *paths = sys.argv[1:]
cv2.setNumThreads(1)
with FaceFinder() as finder:
    for path in paths:
        index_photo(os.fsencode(path), finder)
    print("warm", flush=True)
    input()
    work = time.process_time()
    for i in range(int(count)):
        timings = {}
        photo = i % len(paths)
        began = time.process_time()
        faces = len(index_photo(os.fsencode(paths[photo]), finder, timings=timings).crops)
        spent = time.process_time() - began
        answer = {"photo": photo, "faces": faces, "work": spent, "timings": timings}
        print(json.dumps(answer), flush=True)
    print(json.dumps({"total": time.process_time() - work}), flush=True)
"""
"""One decode process of the worker, reduced to what is measured."""


@pytest.fixture(scope="module")
def photos(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One 4000 x 3000 JPEG a scene, with a sensor's noise so that it weighs what photos do."""
    folder = tmp_path_factory.mktemp("photos")
    portraits = sorted((shared / "faces").glob("portrait_*.jpg"))
    grain = np.random.default_rng(0).normal(0, 2, (3000, 4000, 1)).astype(np.float32)
    paths = []
    for number, (name, (landscape, faces)) in enumerate(SCENES.items()):
        view = cv2.imread(str(shared / f"album/photos/{landscape}.jpg"))
        view = cv2.resize(view, (4000, 3000), interpolation=cv2.INTER_CUBIC)
        for i, (eyes, x, y) in enumerate(faces):
            face = cv2.imread(str(portraits[number * 20 + i]))
            side = 4 * eyes
            view[y : y + side, x : x + side] = cv2.resize(face, (side, side))
        noisy = np.clip(view + grain, 0, 255).astype(np.uint8)
        paths.append(folder / f"{name}.jpg")
        cv2.imwrite(str(paths[-1]), noisy, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return paths


def test_photos_a_second(photos: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Two processes, each with its own warm models, as the worker runs them."""
    workers = [_start(photos) for _ in range(PROCESSES)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "warm\n"
    start = time.perf_counter()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    outputs = [worker.communicate(timeout=300)[0] for worker in workers]
    seconds = time.perf_counter() - start
    answers = [json.loads(line) for output in outputs for line in output.splitlines()]
    done = [answer for answer in answers if "photo" in answer]
    assert len(done) == PROCESSES * PHOTOS_EACH
    work = sum(answer["total"] for answer in answers if "total" in answer)

    rate = len(done) / seconds
    own = work / PROCESSES / seconds
    each = work / len(done)
    quiet = sum(_least(done, i) for i in range(len(SCENES))) / len(SCENES)
    megabytes = sum(path.stat().st_size for path in photos) / len(photos) / 1e6
    lines = [
        f"{rate:.1f} photos of 12 megapixels ({megabytes:.1f} MB) a second, {PROCESSES} processes",
        f"{own:.0%} of two cores were ours: below {OURS:.0%} others were busy",
        f"{each * 1000:.0f} ms of processor time a photo: {PROCESSES / each:.1f} a second of it",
        f"{quiet * 1000:.0f} ms at best of each scene: {PROCESSES / quiet:.1f} a second",
        *_shares(done),
    ]
    for i, name in enumerate(SCENES):
        faces = next(answer["faces"] for answer in done if answer["photo"] == i)
        least = _least(done, i)
        lines.append(
            f"  {name:>10} {least * 1000:6.1f} ms, {faces} faces, {PROCESSES / least:.1f} a second"
        )
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert [answer["faces"] for answer in done[: len(SCENES)]] == [0, 0, 1, 2, 6]
    # Where others take part of the cores and their caches, neither the wall clock nor the mean says
    # how fast we are: then the best of ten turns at each scene has to do.
    assert (rate if own >= OURS else PROCESSES / quiet) >= LEAST_RATE


def _least(done: list[dict[str, Any]], photo: int) -> float:
    """The least processor time that one scene took: what others did to the caches is out."""
    return float(min(answer["work"] for answer in done if answer["photo"] == photo))


def _start(photos: list[Path]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(PHOTOS_EACH), *map(str, photos)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def _shares(done: list[dict[str, Any]]) -> list[str]:
    """Each part at its best of each scene, over the scenes."""
    names = {name for answer in done for name in answer["timings"]}
    best = {
        name: sum(
            min(a["timings"].get(name, 0.0) for a in done if a["photo"] == i)
            for i in range(len(SCENES))
        )
        / len(SCENES)
        for name in names
    }
    total = sum(best.values())
    return [
        f"  {name:>10} {seconds * 1000:6.1f} ms  {seconds / total:4.0%}"
        for name, seconds in sorted(best.items(), key=lambda item: -item[1])
    ]
