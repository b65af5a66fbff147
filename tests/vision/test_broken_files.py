"""No file stops, hangs or crashes the program, and each that fails says why in a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, os, sys, warnings
warnings.simplefilter("error")
from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.vision.faces import FaceFinder
from fiqa_studio.vision.index import index_photo
with FaceFinder() as finder:
    for path in sys.argv[1:]:
        print(json.dumps({"path": path}), flush=True)
        try:
            result = index_photo(os.fsencode(path), finder)
            answer = {"format": result.photo.format, "notes": result.photo.notes}
        except PhotoError as error:
            answer = {"code": error.code, "message": error.message}
        print(json.dumps(answer), flush=True)
"""


@pytest.mark.shared
def test_broken_files_are_indexed_or_have_a_reason(shared: Path) -> None:
    """In a process of their own, so that a crash is seen as one and names its file."""
    paths = sorted(str(path) for path in (shared / "album/broken").iterdir())
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *paths],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (done.returncode, lines[-1:], done.stderr)
    assert done.stderr == ""
    answers = lines[1::2]
    assert len(answers) == len(paths) >= 60
    for answer in answers:
        assert "format" in answer or answer["code"].startswith("photo.")
        assert "format" in answer or answer["message"].endswith(".")


@pytest.mark.shared
@pytest.mark.slow
def test_damaged_bytes_never_raise_anything_else(shared: Path, tmp_path: Path) -> None:
    """Each format with bytes overwritten, removed and repeated at random places."""
    done = subprocess.run(
        [sys.executable, "-c", FUZZ, str(shared / "album"), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stdout[-300:], done.stderr[-2000:])
    assert done.stderr == ""


FUZZ = """
import random, sys, warnings
from pathlib import Path
warnings.simplefilter("error")
from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.vision.decode import decode
album, scratch = map(Path, sys.argv[1:])
names = ["formats/cheers_1440x960.heic", "formats/Alpha Lossy (1).webp", "formats/BigTIFF.tif",
         "formats/32Bit-72dpi-sRGB-800x600.avif", "formats/Epson PerfectionV800.tiff",
         "photos/FujiFilm FinePix1400Zoom (2).jpg", "photos/Sony Cybershot (2).jpg",
         "broken/7dbf474f80e466e9e25ee46b84166420.jpg",
         "broken/m1-b127f0fb89daedea07abb50b9db2dfd9.tif"]
rng = random.Random(11)
for name in names:
    whole = (album / name).read_bytes()
    for turn in range(25):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 12)):
            at = rng.randrange(min(len(data), rng.choice([64, 600, len(data)])))
            data[at] = rng.randrange(256)
        if turn % 3 == 0:
            del data[rng.randrange(len(data)):]
        path = scratch / ("hostile" + Path(name).suffix)
        path.write_bytes(data)
        print(name, turn, flush=True)
        try:
            decode(path, max_side=256)
        except PhotoError as error:
            assert error.code.startswith("photo.") and error.message.endswith("."), error
"""
