"""Twelve-megapixel JPEGs indexed a second on two cores, and where the time goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

LEAST_RATE = 12.0
PHOTOS_EACH = 25
PROCESSES = 2

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
        faces = len(index_photo(os.fsencode(paths[i % len(paths)]), finder, timings=timings).crops)
        print(json.dumps({"photo": i % len(paths), "faces": faces, "timings": timings}), flush=True)
    print(json.dumps({"work": time.process_time() - work}), flush=True)
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
    work = sum(answer["work"] for answer in answers if "work" in answer)

    rate = len(done) / seconds
    megabytes = sum(path.stat().st_size for path in photos) / len(photos) / 1e6
    lines = [
        f"{rate:.1f} photos of 12 megapixels ({megabytes:.1f} MB) a second, {PROCESSES} processes",
        f"{work / len(done) * 1000:.0f} ms of processor time a photo",
        f"{work / PROCESSES / seconds:.0%} of two cores were ours: below 95 % others were busy",
        *_shares([answer["timings"] for answer in done]),
    ]
    for i, name in enumerate(SCENES):
        mine = [answer for answer in done if answer["photo"] == i]
        each = sum(sum(answer["timings"].values()) for answer in mine) / len(mine)
        lines.append(f"  {name:>10} {each * 1000:6.1f} ms, {mine[0]['faces']} faces")
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert [answer["faces"] for answer in done[: len(SCENES)]] == [0, 0, 1, 2, 6]
    assert rate >= LEAST_RATE


def _start(photos: list[Path]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(PHOTOS_EACH), *map(str, photos)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def _shares(timings: list[dict[str, float]]) -> list[str]:
    sums = {name: sum(t.get(name, 0.0) for t in timings) for name in timings[-1]}
    total = sum(sums.values())
    return [
        f"  {name:>10} {seconds / len(timings) * 1000:6.1f} ms  {seconds / total:4.0%}"
        for name, seconds in sorted(sums.items(), key=lambda item: -item[1])
    ]
