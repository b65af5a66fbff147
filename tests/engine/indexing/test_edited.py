"""Photos that other programs wrote ratings into, moved and renamed, are the same photos."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from fiqa_studio.domain.hashing import content_hash, whole_hash
from fiqa_studio.domain.marks import SetStars
from fiqa_studio.domain.photos import RootId
from fiqa_studio.engine.engine import Engine
from fiqa_studio.store.library import Library
from fiqa_studio.store.writer import Transaction
from tests.engine.conftest import finish
from tests.store.values import mark

EXIFTOOL = shutil.which("exiftool")
pytestmark = pytest.mark.skipif(EXIFTOOL is None, reason="exiftool is not installed")

FORMATS = ("jpg", "tif", "png", "webp", "heic")
Plain = Callable[[int], bytes]


def exiftool(*arguments: str | Path) -> None:
    subprocess.run([str(EXIFTOOL), "-q", "-q", "-overwrite_original", *map(str, arguments)],
                   check=True, capture_output=True)  # fmt: skip


def index(engine: Engine, folder: Path) -> dict[str, int]:
    job = engine.start_index([folder])
    assert finish(job).failed == 0
    return {name: count for name, count in job.counts.items() if count and name != "passed_over"}


@pytest.fixture
def album(tmp_path: Path, portrait: bytes, plain: Plain) -> Path:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    folder = tmp_path / "album"
    folder.mkdir()
    face = Image.open(io.BytesIO(portrait))
    for suffix in FORMATS:
        face.save(folder / f"face.{suffix}")
        Image.open(io.BytesIO(plain(len(suffix) + ord(suffix[0])))).save(folder / f"none.{suffix}")
    return folder


def root_of(library: Library, folder: Path) -> RootId:
    return next(r.id for r in library.roots.all() if r.path_bytes == os.fsencode(folder))


def known(library: Library, folder: Path) -> dict[str, tuple[int, bytes, tuple[int, ...]]]:
    """Name, and id, path and faces, of each present photo."""
    found = {}
    for path, file in library.photos.scan_state(root_of(library, folder)).items():
        detail = library.photos.detail(file.photo_id)
        if detail is not None and not file.missing:
            faces = tuple(int(face) for face in detail.face_ids)
            found[Path(os.fsdecode(path)).name] = (int(file.photo_id), path, faces)
    return found


def test_edited_moved_and_renamed(engine: Engine, library: Library, album: Path) -> None:
    assert index(engine, album)["indexed"] == 2 * len(FORMATS)
    before = known(library, album)
    for photo_id, _, _ in before.values():
        mark(library, photo_id, SetStars(4))
    exiftool("-XMP:Rating=3", "-XMP:Subject=wedding", "-EXIF:Artist=A", album)
    assert index(engine, album) == {"moved": 10}
    assert known(library, album) == before
    exiftool("-XMP:Rating=5", "-XMP:Subject=again", album)
    (album / "new").mkdir()
    for suffix in FORMATS:
        (album / f"face.{suffix}").rename(album / "new" / f"renamed.{suffix}")
    assert index(engine, album) == {"moved": 10}
    after = known(library, album)
    for suffix in FORMATS:
        assert after[f"renamed.{suffix}"][0] == before[f"face.{suffix}"][0]
        assert after[f"renamed.{suffix}"][2] == before[f"face.{suffix}"][2] != ()
        assert after[f"none.{suffix}"][0] == before[f"none.{suffix}"][0]
    ids = [photo_id for photo_id, _, _ in after.values()]
    assert {m.stars for m in library.marks.of_photos(ids).values()} == {4}
    assert index(engine, album) == {"unchanged": 10}


def test_another_orientation_is_indexed_again_and_keeps_its_marks(
    engine: Engine, library: Library, album: Path
) -> None:
    index(engine, album)
    photo_id, _, faces = known(library, album)["face.jpg"]
    mark(library, photo_id, SetStars(2))
    exiftool("-n", "-EXIF:Orientation=6", album / "face.jpg")
    assert index(engine, album)["indexed"] == 1
    again = known(library, album)["face.jpg"]
    assert again[0] == photo_id
    assert again[2] != faces
    assert library.marks.of_photos([photo_id])[photo_id].stars == 2


def test_a_library_of_an_older_version_learns_its_pictures(
    engine: Engine, library: Library, album: Path
) -> None:
    index(engine, album)
    before = known(library, album)
    # As the upgrade leaves it: known by the whole file.
    for photo_id, path, _ in before.values():
        whole = whole_hash(Path(os.fsdecode(path)).read_bytes())

        def work(transaction: Transaction, photo_id: int = photo_id, whole: str = whole) -> None:
            transaction.session.connection().exec_driver_sql(
                "UPDATE photo SET content_hash = ?, file_hash = ? WHERE id = ?",
                (whole, whole, photo_id),
            )

        library.photos._database.write(work).result()
    (album / "face.png").rename(album / "moved.png")  # before the first scan of the new version
    counts = index(engine, album)
    assert counts == {"unchanged": 9, "moved": 1}
    for path, file in library.photos.scan_state(root_of(library, album)).items():
        if not file.missing:
            assert file.content_hash == content_hash(Path(os.fsdecode(path)).read_bytes())
            assert file.file_hash != file.content_hash
    exiftool("-XMP:Rating=3", album)
    assert index(engine, album) == {"moved": 10}
    after = known(library, album)
    assert {each[0] for each in after.values()} == {each[0] for each in before.values()}
    assert after["moved.png"][2] == before["face.png"][2]
