"""What the walk finds, and what the plan makes of it. No worker: files and a dictionary."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.hashing import content_hash
from fiqa_studio.domain.photos import PhotoId, PhotoStatus
from fiqa_studio.engine.indexing.foreign import Patterns
from fiqa_studio.engine.indexing.ignoring import ignored, set_ignored, skipped
from fiqa_studio.engine.indexing.scan import FileOnDisk, Plan, make_plan, walk
from fiqa_studio.store.library import Library


@dataclass(frozen=True)
class Memory:
    """What a library would remember of a file."""

    photo_id: PhotoId
    size: int
    mtime_ns: int
    content_hash: str
    status: PhotoStatus = PhotoStatus.INDEXED
    missing: bool = False
    file_hash: str = ""


def names(folder: Path) -> list[str]:
    return [
        os.fsdecode(file.path).removeprefix(f"{folder}/")
        for file in walk(os.fsencode(folder)).files
    ]


def remember(folder: Path) -> dict[bytes, Memory]:
    found = walk(os.fsencode(folder)).files
    return {
        file.path: Memory(
            PhotoId(number),
            file.size,
            file.mtime_ns,
            content_hash(Path(os.fsdecode(file.path)).read_bytes()),
        )
        for number, file in enumerate(found, 1)
    }


def plan(folder: Path, known: dict[bytes, Memory], *, again: tuple[bytes, ...] = ()) -> Plan:
    return make_plan(walk(os.fsencode(folder)), known, again=again)


def paths(files: list[FileOnDisk]) -> list[str]:
    return [Path(os.fsdecode(file.path)).name for file in files]


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"content of a")
    (folder / "b.JPG").write_bytes(b"content of b, longer")
    (folder / "sub" / "c.nef").write_bytes(b"content of c, longer still")
    return folder


def test_photos_are_known_by_extension_in_any_case_and_depth(album: Path) -> None:
    assert names(album) == ["a.jpg", "b.JPG", "sub/c.nef"]


@pytest.mark.parametrize(
    "start",
    [
        b"\xff\xd8\xff\xe0",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x10\0\0\0WEBPVP8 ",
        b"II*\0",
        b"MM\0*",
        b"GIF89a",
        b"\0\0\0\x18ftypheic",
        b"BM\x10\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
    ],
)
def test_a_file_without_extension_is_a_photo_when_it_begins_like_one(
    tmp_path: Path, start: bytes
) -> None:
    (tmp_path / "IMG_0001").write_bytes(start + bytes(64))
    assert names(tmp_path) == ["IMG_0001"]


def test_other_files_are_counted_and_sidecars_and_hidden_files_are_not(album: Path) -> None:
    for name in ("notes.txt", "film.mp4", "BMW.doc"):
        (album / name).write_bytes(b"BM some other thing")
    for name in (".hidden.jpg", "a.xmp", "Thumbs.db", "a.jpg.xmp"):
        (album / name).write_bytes(b"x")
    (album / ".trash").mkdir()
    (album / ".trash" / "old.jpg").write_bytes(b"x")
    (album / "@eaDir").mkdir()
    (album / "@eaDir" / "thumb.jpg").write_bytes(b"x")
    found = walk(os.fsencode(album))
    assert len(found.files) == 3
    assert found.other == 3
    assert not found.problems


def test_a_loop_of_links_ends_and_photos_keep_their_real_path(album: Path) -> None:
    (album / "sub" / "loop").symlink_to(album)
    (album / "aa-link").symlink_to(album / "sub")
    (album / "link.jpg").symlink_to(album / "a.jpg")
    assert names(album) == ["a.jpg", "b.JPG", "sub/c.nef"]


def test_links_that_lead_outside_are_followed_and_broken_ones_reported(
    album: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "d.jpg").write_bytes(b"d")
    (album / "more").symlink_to(elsewhere)
    (album / "single.jpg").symlink_to(elsewhere / "d.jpg")
    (album / "broken.jpg").symlink_to(album / "nothing.jpg")
    found = walk(os.fsencode(album))
    assert "more/d.jpg" in names(album)
    assert "single.jpg" in names(album)
    assert [problem.code for problem in found.problems] == ["photo.gone"]


def test_a_pipe_with_a_photos_name_is_never_opened(album: Path) -> None:
    os.mkfifo(album / "pipe.jpg")
    os.mkfifo(album / "pipe-without-extension")
    assert names(album) == ["a.jpg", "b.JPG", "sub/c.nef"]


def test_names_that_are_not_utf8_are_found(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"f\xe9te\n.jpg")
    path.write_bytes(b"x")
    assert [file.path for file in walk(os.fsencode(tmp_path)).files] == [os.fsencode(path)]


@pytest.fixture
def no_entry(album: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that may not be read, also for the superuser."""
    folder = album / "sub"
    real = os.scandir

    def scandir(path: bytes) -> object:
        if os.fsdecode(path) == str(folder):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    return folder


def test_an_unreadable_folder_is_reported_and_nothing_in_it_is_called_missing(
    album: Path, no_entry: Path
) -> None:
    known = {os.fsencode(no_entry / "c.nef"): Memory(PhotoId(1), 1, 1, "c")}
    found = walk(os.fsencode(album))
    assert [(p.path, p.code) for p in found.problems] == [
        (os.fsencode(no_entry), "folder.permission")
    ]
    assert make_plan(found, known).missing == []


def test_a_folder_that_is_gone_makes_its_photos_missing(album: Path) -> None:
    known = remember(album)
    gone = album.rename(album.with_name("unplugged"))
    assert len(plan(album, known).missing) == 3
    gone.rename(album)
    known = {path: replace(before, missing=True) for path, before in known.items()}
    back = plan(album, known)
    assert len(back.returned) == 3
    assert not back.index


def test_nothing_is_opened_where_nothing_changed(
    album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (album / "odd-name").write_bytes(b"GIF89a")
    known = remember(album)
    monkeypatch.setattr("fiqa_studio.engine.indexing.scan.read_prints", _refuse)
    monkeypatch.setattr("fiqa_studio.engine.indexing.scan._begins_like_a_photo", _refuse)
    found = walk(os.fsencode(album), known=known.keys())
    again = make_plan(found, known)
    assert again == Plan(unchanged=4)


def _refuse(path: bytes) -> str:
    raise AssertionError(f"{path!r} was opened")


def test_new_changed_and_removed_files_are_told_apart(album: Path) -> None:
    known = remember(album)
    (album / "new.png").write_bytes(b"new")
    (album / "a.jpg").write_bytes(b"changed, of another size")
    (album / "b.JPG").unlink()
    found = plan(album, known)
    assert paths(found.index) == ["a.jpg", "new.png"]
    assert found.missing == [known[os.fsencode(album / "b.JPG")].photo_id]
    assert found.unchanged == 1


def test_a_renamed_and_a_moved_file_are_recognised_without_decoding(album: Path) -> None:
    known = remember(album)
    (album / "a.jpg").rename(album / "renamed.jpg")
    (album / "sub" / "c.nef").rename(album / "c.nef")
    found = plan(album, known)
    assert not found.index
    assert not found.missing
    assert {(photo, Path(os.fsdecode(f.path)).name) for photo, f in found.moved} == {
        (known[os.fsencode(album / "a.jpg")].photo_id, "renamed.jpg"),
        (known[os.fsencode(album / "sub" / "c.nef")].photo_id, "c.nef"),
    }


def test_a_renamed_folder_moves_all_its_photos(album: Path) -> None:
    known = remember(album)
    (album / "sub").rename(album / "other")
    found = plan(album, known)
    assert len(found.moved) == 1
    assert not found.index
    assert not found.missing


def test_a_file_of_the_same_size_as_a_vanished_one_is_new_when_its_content_differs(
    album: Path,
) -> None:
    known = remember(album)
    (album / "a.jpg").unlink()
    (album / "z.jpg").write_bytes(b"CONTENT OF A")
    found = plan(album, known)
    assert paths(found.index) == ["z.jpg"]
    assert len(found.missing) == 1


def test_a_touched_file_is_hashed_and_not_decoded(album: Path) -> None:
    known = remember(album)
    os.utime(album / "a.jpg", ns=(1, 1))
    found = plan(album, known)
    assert not found.index
    assert [photo for photo, _ in found.moved] == [known[os.fsencode(album / "a.jpg")].photo_id]


def test_a_failed_file_is_tried_again_only_when_changed_or_asked(album: Path) -> None:
    path = os.fsencode(album / "a.jpg")
    known = remember(album)
    known[path] = replace(known[path], status=PhotoStatus.FAILED)
    assert not plan(album, known).index
    assert paths(plan(album, known, again=(path,)).index) == ["a.jpg"]
    os.utime(album / "a.jpg", ns=(1, 1))
    assert paths(plan(album, known).index) == ["a.jpg"]


def test_a_cancelled_walk_ends_early(album: Path) -> None:
    assert walk(os.fsencode(album), cancelled=lambda: True).files == []


def test_folders_that_are_scanned_on_their_own_are_left_out(album: Path) -> None:
    found = walk(os.fsencode(album), skip=[os.fsencode(album / "sub")])
    assert paths(found.files) == ["a.jpg", "b.JPG"]


def test_progress_is_told_as_folders_are_read(album: Path) -> None:
    told: list[int] = []
    count: Callable[[int], None] = told.append
    walk(os.fsencode(album), counted=count)
    assert told[-1] == 3


FOREIGN = [
    ("@Recycle", "bin"), ("#recycle", "bin"), ("$RECYCLE.BIN", "bin"), ("RECYCLER", "bin"),
    ("lost+found", "bin"), ("FOUND.000", "bin"), ("System Volume Information", "bin"),
    ("@Recently-Snapshot", "snapshot"), ("#snapshot", "snapshot"), ("~snapshot", "snapshot"),
    ("@GMT-2024.01.01-00.00.00", "snapshot"), ("@eaDir", "cache"), ("__MACOSX", "cache"),
    ("Catalog Previews.lrdata", "cache"), ("CaptureOne", "cache"), (".Trash-1000", "hidden"),
    ("Holiday.photoslibrary/resources", "cache"), ("Old.photolibrary/Thumbnails", "cache"),
    ("Studio.cocatalog/Cache", "cache"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), FOREIGN)
def test_folders_of_other_programs_are_passed_over_as_kinds(
    tmp_path: Path, name: str, kind: str
) -> None:
    (tmp_path / name / "deep").mkdir(parents=True)
    (tmp_path / name / "deep" / "a.jpg").write_bytes(b"x")
    (tmp_path / "own.jpg").write_bytes(b"x")
    found = walk(os.fsencode(tmp_path))
    assert [file.path for file in found.files] == [os.fsencode(tmp_path / "own.jpg")]
    assert dict(found.passed) == {kind: 1}
    assert [one.path for one in found.listed] == [os.fsencode(tmp_path / name)]


@pytest.mark.parametrize(
    "name",
    ["Holiday.photoslibrary/originals/0", "iPhoto.photolibrary/Masters",
     "Studio.cocatalog/Originals", "recycled bikes", "snapshots of us", "2024@GMT", "lrdata",
     "Lost and found"],
)  # fmt: skip
def test_originals_and_look_alikes_stay(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir(parents=True)
    (tmp_path / name / "a.jpg").write_bytes(b"x")
    assert len(walk(os.fsencode(tmp_path)).files) == 1


def test_pictures_that_are_not_read_are_counted_by_name(tmp_path: Path) -> None:
    for name in ("a.jxl", "b.PSD", "c.exr", "d.txt", "e.xmp", "f.mov"):
        (tmp_path / name).write_bytes(b"?")
    found = walk(os.fsencode(tmp_path))
    assert dict(found.passed) == {
        "JPEG XL": 1, "Photoshop": 1, "OpenEXR": 1, "other": 2, "sidecar": 1,
    }  # fmt: skip
    assert found.other == 5


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (["*_small.jpg"], ["b.jpg", "out/c.jpg", "sub/out/d.jpg"]),
        (["OUT"], ["a_small.jpg", "b.jpg"]),
        (["out/"], ["a_small.jpg", "b.jpg"]),
        (["/sub/out"], ["a_small.jpg", "b.jpg", "out/c.jpg"]),
        (["sub/*/d.jpg"], ["a_small.jpg", "b.jpg", "out/c.jpg"]),
        (["[ab]*.jpg"], ["out/c.jpg", "sub/out/d.jpg"]),
        (["b.jpg/"], ["a_small.jpg", "b.jpg", "out/c.jpg", "sub/out/d.jpg"]),
        ([], ["a_small.jpg", "b.jpg", "out/c.jpg", "sub/out/d.jpg"]),
    ],
)
def test_patterns(tmp_path: Path, patterns: list[str], left: list[str]) -> None:
    for name in ("a_small.jpg", "b.jpg", "out/c.jpg", "sub/out/d.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = walk(os.fsencode(tmp_path), ignore=Patterns(patterns))
    assert [os.fsdecode(f.path).removeprefix(f"{tmp_path}/") for f in found.files] == left
    # A part of an indexed folder is walked by the same paths.
    part = walk(
        os.fsencode(tmp_path / "sub"), ignore=Patterns(patterns), root=os.fsencode(tmp_path)
    )
    assert len(part.files) == sum(name.startswith("sub/") for name in left)


@pytest.mark.parametrize(
    "pattern", ["", "  ", "*", "**/*", "?", "/", ".", "../x", "a[b", "x" * 500, "a\0b", "\n"]
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(KnownError, match="is no pattern") as caught:
        Patterns([pattern])
    assert caught.value.code == "ignore.pattern"
    assert caught.value.remedy


def test_a_library_keeps_its_patterns(tmp_path: Path) -> None:
    (tmp_path / "photos" / "out").mkdir(parents=True)
    (tmp_path / "photos" / "out" / "a.jpg").write_bytes(b"x")
    (tmp_path / "photos" / "b.psd").write_bytes(b"x")
    with Library.create(tmp_path / "l.fiqa") as library:
        library.roots.add(os.fsencode(tmp_path / "photos")).result()
        set_ignored(library, ["out/"])
        assert ignored(library).texts == ("out/",)
        found = skipped(library)
        assert dict(found.counts) == {"pattern": 1, "Photoshop": 1}
        assert [one.path[-5:] for one in found.listed] == [b"b.psd", b"s/out"]
        with pytest.raises(KnownError, match="indexed folder"):
            skipped(library, [tmp_path])
        library.settings.set("ignore", "out/\n*\n[").result()  # by another program
        assert ignored(library).texts == ("out/",)
