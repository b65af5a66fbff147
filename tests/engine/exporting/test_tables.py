"""Tables read back with the tools that people read them with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.jobs import JobState
from fiqa_studio.domain.query import Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.exports.items import read_items
from fiqa_studio.store.library import Library
from tests.store.values import STARTER

from .conftest import PATIENCE, Album, parts_of


def test_csv_reads_back_with_pandas(album: Album, out: Path) -> None:
    job = album.export("csv", out / "faces.csv", "sort:score")
    assert job.progress.state is JobState.DONE, job.error
    table = pd.read_csv(out / "faces.csv")
    assert table["face_id"].tolist() == album.faces[::-1], "best first"
    assert table["score"].tolist() == [0.4, 0.3, 0.2, 0.1, 0.0]
    first = table[table["face_id"] == album.faces[0]].iloc[0]
    assert (first["stars"], first["flag"], first["tags"]) == (5, "pick", "See\\; groß")
    assert first["quality"] == 0.25
    second = table[table["face_id"] == album.faces[1]].iloc[0]
    assert (second["mos pilot"], second["ratings pilot"]) == (0.6, 21)
    assert np.isnan(first["mos pilot"])
    odd = table[table["face_id"] == album.faces[2]].iloc[0]
    assert Path(bytes.fromhex(odd["path_bytes"]).decode("utf-8", "surrogateescape")).exists()


def test_parquet_reads_back_with_pyarrow_and_pandas_and_says_the_same_as_csv(
    album: Album, out: Path
) -> None:
    album.export("csv", out / "faces.csv")
    job = album.export("parquet", out / "faces.parquet")
    assert job.progress.state is JobState.DONE, job.error
    table = pq.read_table(out / "faces.parquet")
    types = {field.name: str(field.type) for field in table.schema}
    assert (types["score"], types["face_id"], types["missing"]) == ("double", "int64", "bool")
    assert types["tags"].startswith("list<")
    rows = table.to_pylist()
    first = next(row for row in rows if row["face_id"] == album.faces[0])
    assert (first["tags"], first["quality"], first["mos pilot"]) == (["See; groß"], 0.25, None)
    frame, text = pd.read_parquet(out / "faces.parquet"), pd.read_csv(out / "faces.csv")
    assert list(frame.columns) == list(text.columns)
    for name in ("face_id", "score", "x", "eye_distance", "stars", "mos pilot"):
        np.testing.assert_allclose(
            frame[name].astype(float), text[name].astype(float), atol=0.005, err_msg=name
        )


def test_the_manifest_says_where_it_comes_from(album: Album, out: Path) -> None:
    album.export("csv", out / "faces.csv", 'score:..30 tag:"See; groß" sort:name')
    said = json.loads((out / "faces.csv.manifest.json").read_text())
    assert said["library"] == album.library.id
    assert said["query"] == 'score:..30 tag:"See; groß" sort:name rule:best'
    assert said["scorer"]["hash"] == STARTER.hash
    assert said["counts"] == {"chosen": 1, "written": 1, "failed": 0}
    assert str(album.folder) not in json.dumps(said), "it may be passed on"


def test_a_list_has_paths_hashes_and_what_speaks_for_a_photo(album: Album, out: Path) -> None:
    album.export("list", out / "list.csv", "sort:name-asc")
    table = pd.read_csv(out / "list.csv")
    assert list(table.columns) == ["path", "path_bytes", "content_hash", "size", "reason"]
    assert len(table) == 4
    first = table[table["path"] == str(album.photos[0])].iloc[0]
    assert first["reason"] == "score 1, 5 stars, pick, tag See; groß"
    assert first["size"] == album.photos[0].stat().st_size


def test_a_selection_keeps_its_order_and_photos_mean_their_faces(album: Album, out: Path) -> None:
    chosen = [album.faces[2], album.faces[0]]
    album.export("csv", out / "some.csv", target=Target.faces(chosen))
    assert pd.read_csv(out / "some.csv")["face_id"].tolist() == chosen
    assert json.loads((out / "some.csv.manifest.json").read_text())["query"] is None
    photos = album.library.resolve(Target.faces(chosen), Subject.PHOTOS).tolist()
    album.export("csv", out / "photos.csv", target=Target.photos(photos))
    assert pd.read_csv(out / "photos.csv")["photo_id"].tolist() == photos
    last = [photos[1], int(album.library.faces.by_photo([album.faces[3]])[0].photo_id)]
    found = album.library.resolve(Target.photos(last[::-1]), Subject.FACES).tolist()
    assert found == [*album.faces[3:], album.faces[0]]


def test_pages_do_not_show(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    from fiqa_studio.exports import items  # noqa: PLC0415 - its page is changed

    whole = [
        one.row.id for page in read_items(album.library, Subject.FACES, album.faces) for one in page
    ]
    monkeypatch.setattr(items, "PAGE", 2)
    pages = list(read_items(album.library, Subject.FACES, [*album.faces, 999_999]))
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [one.row.id for page in pages for one in page] == whole == album.faces


def test_a_table_replaces_an_old_one_only_when_it_is_whole(
    album: Album, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = out / "faces.csv"
    target.write_text("the old one")
    target.chmod(0o600)

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("fiqa_studio.exports.csv.os.fsync", full)
        job = album.export("csv", target)
    assert job.progress.state is JobState.FAILED
    assert job.error is not None
    assert job.error.code == "export.disk-full"
    assert target.read_text() == "the old one"
    assert list(out.iterdir()) == [target], "nothing half is left"
    assert [record.id for record in album.jobs.unfinished()] == [job.id]
    again = album.jobs.resume(job.id)
    assert again.wait(PATIENCE).state is JobState.DONE
    assert len(pd.read_csv(target)) == 5
    assert target.stat().st_mode & 0o777 == 0o600
    link = out / "link.csv"
    link.symlink_to(target)
    assert album.export("csv", link, "stars:5").progress.state is JobState.DONE
    assert link.is_symlink()
    assert len(pd.read_csv(target)) == 1, "what a link leads to is replaced"


@pytest.mark.parametrize("format_", ["csv", "parquet", "list", "photos", "crops"])
def test_no_export_goes_among_the_originals_or_onto_a_library(
    album: Album, out: Path, format_: str
) -> None:
    for target in (album.folder / "x", album.folder, album.library.path):
        with pytest.raises(KnownError) as refused:
            album.export(format_, target)
        assert refused.value.code in {"export.inside-root", "export.onto-library"}
    assert list(out.iterdir()) == []


def test_nothing_to_export_is_said_and_makes_nothing(album: Album, out: Path) -> None:
    with pytest.raises(KnownError) as nothing:
        album.export("csv", out / "none.csv", "score:99..")
    assert nothing.value.code == "export.nothing"
    assert list(out.iterdir()) == []


def test_a_preview_counts_and_weighs(album: Album, out: Path) -> None:
    preview = album.exporting.preview(album.order("photos", out / "p"))
    assert (preview.count, preview.exact, preview.missing) == (4, True, 0)
    assert preview.bytes == sum(path.stat().st_size for path in album.photos)
    assert preview.fits
    some = album.exporting.preview(album.order("csv", out / "t.csv", "score:20.."))
    assert (some.count, some.exact) == (3, False)


def test_without_what_a_format_needs_it_is_said_how_to_get_it(
    album: Album, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(KnownError, match=r"pip install 'fiqa-studio\[parquet\]'"):
        album.export("parquet", out / "faces.parquet")


def test_a_library_that_cannot_be_written_is_exported_without_a_record(
    album: Album, out: Path, tmp_path: Path
) -> None:
    with Library.open(album.library.path, read_only=True) as library:
        exporting, jobs = parts_of(library, tmp_path)
        job = exporting.start(album.order("csv", out / "faces.csv"))
        assert job.wait(PATIENCE).state is JobState.DONE
        assert job.id < 0
        assert jobs.unfinished() == []
    assert len(pd.read_csv(out / "faces.csv")) == 5


def test_what_fails_without_a_record_is_listed_all_the_same(
    album: Album, out: Path, tmp_path: Path
) -> None:
    album.photos[0].unlink()
    with Library.open(album.library.path, read_only=True) as library:
        exporting, jobs = parts_of(library, tmp_path)
        job = exporting.start(album.order("photos", out / "photos"))
        assert job.wait(PATIENCE).failed == 1
        assert [failure.path for failure in jobs.failures(job.id)] == [str(album.photos[0])]
