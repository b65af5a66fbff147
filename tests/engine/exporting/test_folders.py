"""Folders of photos and faces: whole or not there, and going on where they stopped."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image
from skimage import data

from fiqa_studio.domain.jobs import JobState
from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.engine.engine import Engine
from fiqa_studio.engine.exporting.order import ExportOrder
from fiqa_studio.engine.link.client import WorkerSettings
from fiqa_studio.exports import photos as photos_module
from fiqa_studio.exports.writer import Link
from fiqa_studio.store.library import Library

from .conftest import PATIENCE, Album


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_photos_are_copied_whole_with_their_times_and_listed(album: Album, out: Path) -> None:
    job = album.export("photos", out / "best", "sort:name-asc")
    assert job.progress.state is JobState.DONE, job.error
    folder = out / "best"
    table = pd.read_csv(folder / "photos.csv")
    assert len(table) == 4
    assert names(folder) == {
        *("photos.csv", "manifest.json", "IMG_1.JPG", "img_1 (2).jpg", "last.png"),
        os.fsdecode(b'd\xe4rk, "odd".jpg'),
    }
    for original, copy in zip(album.photos[:2], ("IMG_1.JPG", "img_1 (2).jpg"), strict=True):
        assert (folder / copy).read_bytes() == original.read_bytes()
        assert (folder / copy).stat().st_mtime_ns == original.stat().st_mtime_ns
    by_file = dict(zip(table["file"], table["path"], strict=True))
    assert by_file["img_1 (2).jpg"] == str(album.photos[1])
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["link"], manifest["counts"]["written"]) == ("copy", 4)
    assert names(out) == {"best"}, "nothing beside it"


def test_links_take_no_space(album: Album, out: Path) -> None:
    album.export("photos", out / "hard", link=Link.HARD)
    album.export("photos", out / "soft", link=Link.SYMLINK)
    original = album.photos[3]
    assert (out / "hard" / "last.png").samefile(original)
    assert not (out / "hard" / "last.png").is_symlink()
    assert (out / "soft" / "last.png").readlink() == original


def test_hard_links_to_another_disk_are_refused_with_a_remedy(
    album: Album, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_disk(*_args: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", other_disk)
    job = album.export("photos", out / "hard", link=Link.HARD)
    assert job.error is not None
    assert job.error.code == "export.no-hard-link"
    assert "copy instead" in job.error.remedy
    assert list(out.iterdir()) == [], "nothing was written, so nothing is kept"


def test_a_photo_that_is_gone_is_a_failure_and_the_rest_is_there(album: Album, out: Path) -> None:
    album.photos[0].unlink()
    job = album.export("photos", out / "best")
    assert job.progress.state is JobState.DONE
    assert [(failure.path, failure.code) for failure in job.failures()] == [
        (str(album.photos[0]), "photo.gone")
    ]
    manifest = json.loads((out / "best" / "manifest.json").read_text())
    assert manifest["counts"] == {"chosen": 4, "written": 3, "failed": 1}
    assert manifest["failures"] == [
        {"path": str(album.photos[0]), "reason": "The file is no longer there."}
    ]


def test_where_nothing_can_be_written_nothing_is_made(album: Album, out: Path) -> None:
    for photo in album.photos:
        photo.unlink()
    job = album.export("photos", out / "best")
    assert job.progress.state is JobState.FAILED
    assert job.error is not None
    assert job.error.code == "export.nothing-written"
    assert len(job.failures()) == 4
    assert list(out.iterdir()) == []


def test_a_pipe_in_a_photos_place_is_not_waited_for(album: Album, out: Path) -> None:
    album.photos[0].unlink()
    os.mkfifo(album.photos[0])
    job = album.export("photos", out / "best")
    assert job.progress.state is JobState.DONE
    assert [failure.code for failure in job.failures()] == ["photo.gone"]


def stop_after(monkeypatch: pytest.MonkeyPatch, count: int, stop: Any) -> None:
    """Let something happen once so many photos are being copied."""
    copied = photos_module.PhotosWriter._copy
    seen = 0

    def copy(self: Any, source: Any, part: Path) -> None:
        nonlocal seen
        seen += 1
        if seen > count:
            stop()
        copied(self, source, part)

    monkeypatch.setattr(photos_module.PhotosWriter, "_copy", copy)


def test_a_full_disk_ends_it_clearly_and_it_goes_on_there(
    album: Album, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        stop_after(patch, 2, full)
        job = album.export("photos", out / "best", "sort:name-asc")
    assert job.progress.state is JobState.FAILED
    assert job.error is not None
    assert job.error.code == "export.disk-full"
    assert "goes on there" in job.error.remedy
    (left,) = out.iterdir()
    assert left.name.endswith(".unfinished"), "nothing half bears the name of the whole"
    kept = {
        name: (left / name).stat().st_ino for name in names(left) - {"photos.csv", ".names.jsonl"}
    }
    assert len(kept) == 2
    assert not [name for name in names(left) if name.endswith(".part")]
    again = album.jobs.resume(job.id)
    assert again.wait(PATIENCE).state is JobState.DONE
    assert names(out) == {"best"}
    assert {name: (out / "best" / name).stat().st_ino for name in kept} == kept, "not done again"
    assert len(pd.read_csv(out / "best" / "photos.csv")) == 4
    assert ".names.jsonl" not in names(out / "best")


def test_a_target_that_vanishes_is_said_and_it_can_go_on_when_it_is_back(
    album: Album, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stop_after(patch, 1, lambda: out.rename(tmp_path / "unplugged"))
        job = album.export("photos", out / "best")
    assert job.progress.state is JobState.FAILED
    assert job.error is not None
    assert job.error.code == "export.gone"
    assert "a disk taken away" in job.error.cause
    (tmp_path / "unplugged").rename(out)
    assert album.jobs.resume(job.id).wait(PATIENCE).state is JobState.DONE
    assert names(out) == {"best"}


def test_cancel_takes_away_what_was_begun_and_an_end_of_the_program_does_not(
    album: Album, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = album.jobs
    with monkeypatch.context() as patch:
        stop_after(patch, 1, lambda: [jobs.cancel(one.id) for one in jobs.progress()])
        job = album.export("photos", out / "best")
    assert job.progress.state is JobState.CANCELLED
    assert job.failures() == []
    assert list(out.iterdir()) == []
    with monkeypatch.context() as patch:
        stop_after(patch, 1, jobs.interrupt)
        job = album.export("photos", out / "best")
    assert job.progress.state is JobState.INTERRUPTED
    assert [path.suffix for path in out.iterdir()] == [".unfinished"]


def test_a_folder_that_has_something_in_it_is_left_alone(album: Album, out: Path) -> None:
    (out / "best").mkdir()
    assert album.export("photos", out / "best").progress.state is JobState.DONE, (
        "an empty one will do"
    )
    before = names(out / "best")
    with pytest.raises(Exception, match="is there already"):
        album.export("photos", out / "best", "stars:5")
    assert names(out / "best") == before


@pytest.mark.slow
def test_crops_are_those_the_scorer_sees(tmp_path: Path, out: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    face = Image.fromarray(data.astronaut())
    face.save(folder / "one.png")
    pair = Image.new("RGB", (1024, 512))
    pair.paste(face, (0, 0))
    pair.paste(face, (512, 0))
    pair.save(folder / "two.jpg", quality=92)
    settings = WorkerSettings(decoders=1, log_file=tmp_path / "worker.log")
    with Library.create(tmp_path / "test.fiqa") as library:
        engine = Engine(library, worker=settings)
        try:
            assert engine.start_index([folder]).wait(PATIENCE).state is JobState.DONE
            target = Target.all_of(Subject.FACES, Query())
            order = ExportOrder(format="crops", target=target, to=out / "faces")
            job = engine.exporting.start(order)
            assert job.wait(PATIENCE).state is JobState.DONE, job.error
            table = pd.read_csv(out / "faces" / "faces.csv")
            assert len(table) == 3
            for name, face_id in zip(table["file"], table["face_id"], strict=True):
                with Image.open(out / "faces" / name) as crop:
                    assert (crop.size, crop.mode) == ((512, 512), "RGB")
                    shown = engine.pictures.crop(face_id).result(PATIENCE)
                    assert crop.tobytes() == shown.rgb
            (folder / "one.png").write_bytes(b"")
            again = engine.exporting.start(ExportOrder(format="crops", target=target, to=out / "2"))
            assert again.wait(PATIENCE).failed == 1
            assert len(pd.read_csv(out / "2" / "faces.csv")) == 2
        finally:
            engine.shutdown()
