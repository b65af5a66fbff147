"""CSV: stable columns, awkward names, and a file that is whole or not there."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.geometry import Box, HeadPose
from fiqa_studio.domain.marks import Colour, Flag, PhotoMarks
from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.photos import FaceFlag, FaceId, FaceRow, PhotoId
from fiqa_studio.domain.query import Subject
from fiqa_studio.exports.columns import columns_of
from fiqa_studio.exports.items import FaceItem
from fiqa_studio.exports.registry import check_target, find_format, list_formats
from fiqa_studio.exports.text import TextTable
from fiqa_studio.store.library import Library

Row = tuple[FaceRow, bytes]


def face(path: bytes = b"/photos/a.jpg", *, score: float | None = 0.5, scorer: str = "s") -> Row:
    row = FaceRow(
        id=FaceId(7),
        photo_id=PhotoId(3),
        path=display_path(path),
        box=Box(1.5, 2, 30, 40),
        eye_distance=12.345,
        score=score,
        spread=None if score is None else 0.01,
        scorer=scorer,
        scorer_hash="abc",
        flags=frozenset([FaceFlag.UPSCALED, FaceFlag.PROFILE]),
        taken_at=datetime(2026, 5, 4, 3, 2, 1),  # noqa: DTZ001 - cameras know no zone
        eyes_open=0.9,
        pose=HeadPose(-1, 2, 3),
        missing=False,
    )
    return row, path


def read_back(*rows: Row) -> list[dict[str, str]]:
    text = io.StringIO()
    table = TextTable(text, columns_of(Subject.FACES))
    for row, path in rows:
        table.put(FaceItem(row, path))
    return list(csv.DictReader(io.StringIO(text.getvalue())))


def test_the_columns_are_these_in_this_order() -> None:
    assert (
        *("path", "x", "y", "width", "height", "score", "spread", "scorer", "scorer_hash"),
        *("flags", "eye_distance", "yaw", "pitch", "roll", "eyes_open", "taken_at", "missing"),
        *("photo_id", "face_id", "path_bytes"),
        *("stars", "flag", "colour", "tags", "quality", "camera", "content_hash"),
    ) == tuple(column.name for column in columns_of(Subject.FACES))


def test_values_are_plain_numbers_and_words() -> None:
    (row,) = read_back(face())
    assert row["x"] == "1.50"
    assert row["score"] == "0.500000"
    assert row["flags"] == "profile upscaled"
    assert row["taken_at"] == "2026-05-04T03:02:01"
    assert row["missing"] == "no"


def test_a_face_without_score_has_empty_fields_and_never_a_zero() -> None:
    (row,) = read_back(face(score=None, scorer=""))
    assert row["score"] == row["spread"] == row["scorer"] == ""


def test_awkward_names_come_back_whole() -> None:
    name = '/photos/a, "quoted"\nand broken=1.jpg'
    (row,) = read_back(face(name.encode()))
    assert row["path"] == name
    assert row["path_bytes"] == ""


def test_a_name_that_is_not_utf8_is_told_exactly() -> None:
    (row,) = read_back(face(b"/photos/\xe9.jpg"))
    assert row["path"] == "/photos/�.jpg"
    assert bytes.fromhex(row["path_bytes"]) == b"/photos/\xe9.jpg"


@pytest.mark.parametrize("scorer", ["=cmd()", "+1", "-1", "@sum"])
def test_a_plug_ins_name_is_no_formula(scorer: str) -> None:
    (row,) = read_back(face(scorer=scorer))
    assert row["scorer"] == f"'{scorer}"


def test_marks_are_written_and_a_tag_is_no_formula() -> None:
    row, path = face()
    marks = PhotoMarks(3, Flag.PICK, Colour.RED, frozenset(["=cmd()", "a;b", "c\\d", "Мария"]))
    (written,) = read_back((replace(row, marks=marks, quality=0.75, camera="@Kamera"), path))
    assert (written["stars"], written["flag"], written["colour"]) == ("3", "pick", "Red")
    assert written["tags"] == "'=cmd();a\\;b;c\\\\d;Мария"
    assert (written["quality"], written["camera"]) == ("0.7500", "'@Kamera")
    (plain,) = read_back(face())
    assert [plain[name] for name in ("stars", "flag", "colour", "tags", "quality")] == [
        *("0", "", "", "", ""),
    ]


def test_a_target_in_an_indexed_folder_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    root.mkdir()
    with pytest.raises(KnownError) as refused:
        check_target(root / "sub" / ".." / "out.csv", [root])
    assert refused.value.code == "export.inside-root"
    check_target(tmp_path / "photos.csv", [root])
    with pytest.raises(KnownError) as folder:
        check_target(tmp_path, [root / "deeper"])
    assert folder.value.code == "export.not-a-file"


def test_a_library_is_no_target_and_is_never_replaced(tmp_path: Path) -> None:
    library = tmp_path / "library.fiqa"
    Library.create(library).close()
    before = library.read_bytes()
    for target in (library, Path(f"{library}-wal"), Path(f"{library}.lock")):
        with pytest.raises(KnownError) as refused:
            check_target(target, [])
        assert refused.value.code == "export.onto-library"
    assert library.read_bytes() == before
    assert not list(tmp_path.glob("*-wal")) + list(tmp_path.glob("*.lock"))


def test_a_name_that_no_disk_takes_is_a_clear_error(tmp_path: Path) -> None:
    for name in ("n" * 300, "nul\0byte.csv"):
        with pytest.raises(KnownError) as refused:
            check_target(tmp_path / name, [tmp_path / "photos"])
        assert refused.value.code == "export.cannot-write"


def test_an_unknown_format_names_the_known_ones() -> None:
    names = [known.name for known in list_formats()]
    assert names == ["csv", "parquet", "list", "photos", "crops"]
    with pytest.raises(KnownError, match="csv, parquet, list, photos, crops"):
        find_format("xls")
