"""A photo's identity is its content; its path is an attribute."""

from __future__ import annotations

import os

from fiqa_studio.curation.querytext import apply
from fiqa_studio.domain.marks import SetStars
from fiqa_studio.domain.photos import PhotoStatus
from fiqa_studio.domain.query import Query
from fiqa_studio.store.library import Library
from fiqa_studio.store.photos import Outcome
from tests.store.values import (
    STARTER,
    Folder,
    judge,
    make_face,
    make_maps,
    make_photo,
    make_score,
    mark,
)


def stars(library: Library, photo: int, value: int) -> None:
    mark(library, photo, SetStars(value))


def score(library: Library, face: int, value: float) -> None:
    library.scores.ensure_scorer(STARTER).result()
    library.scores.record(STARTER.hash, [(face, make_score(value), make_maps(value))]).result()


def path_of(library: Library, photo: int) -> str:
    return os.path.basename(library.views.photo_rows([photo])[0].path)  # noqa: PTH119


def test_indexing_twice_changes_nothing(library: Library, folder: Folder) -> None:
    folder.put("a.jpg", "one")
    (first,) = folder.index("a.jpg")
    score(library, first.face_ids[0], 0.5)
    (second,) = folder.index("a.jpg")
    assert (second.photo_id, second.face_ids) == (first.photo_id, first.face_ids)
    assert second.outcome is Outcome.UNCHANGED
    assert library.scores.get(first.face_ids[0], STARTER.hash) is not None


def test_a_moved_file_keeps_everything(library: Library, folder: Folder) -> None:
    file = folder.put("a.jpg", "one")
    (first,) = folder.index("a.jpg")
    stars(library, first.photo_id, 4)
    score(library, first.face_ids[0], 0.5)
    (folder.path / "sub").mkdir()
    file.rename(folder.path / "sub" / "b.jpg")
    (moved,) = folder.index("sub/b.jpg")
    assert (moved.photo_id, moved.face_ids) == (first.photo_id, first.face_ids)
    assert moved.moved_from == os.fsencode(file)
    assert moved.outcome is Outcome.MOVED
    assert library.marks.of_photo(first.photo_id).stars == 4
    assert library.views.counts().photos == 1
    assert list(library.views.photo_ids(apply("sub b.jpg", Query()))) == [first.photo_id]
    assert list(library.views.photo_ids(apply("a.jpg", Query()))) == []


def test_a_move_found_by_the_scan_needs_no_index(library: Library, folder: Folder) -> None:
    folder.put("a.jpg", "one")
    (first,) = folder.index("a.jpg")
    file = folder.put("z.jpg", "one")
    (folder.path / "a.jpg").unlink()
    found = file.stat()
    (candidate,) = library.photos.missing_or_same_size([found.st_size])
    assert candidate.photo_id == first.photo_id
    library.photos.moved(
        candidate.photo_id, os.fsencode(file), found.st_size, found.st_mtime_ns
    ).result()
    assert path_of(library, first.photo_id) == "z.jpg"
    (known,) = library.photos.scan_state(folder.root).values()
    assert (known.path, known.missing) == (os.fsencode(file), False)
    assert library.views.face_rows(first.face_ids)[0].path.endswith("z.jpg")


def test_swapped_names_swap_the_rows(library: Library, folder: Folder) -> None:
    a, b = folder.put("a.jpg", "content of a"), folder.put("b.jpg", "longer content of b")
    first, second = folder.index("a.jpg", "b.jpg")
    stars(library, first.photo_id, 1)
    stars(library, second.photo_id, 2)
    between = folder.path / "between"
    a.rename(between)
    b.rename(a)
    between.rename(b)
    at_a, at_b = folder.index("a.jpg", "b.jpg")
    assert (at_a.photo_id, at_b.photo_id) == (second.photo_id, first.photo_id)
    assert path_of(library, first.photo_id) == "b.jpg"
    assert library.marks.of_photo(first.photo_id).stars == 1
    assert library.marks.of_photo(second.photo_id).stars == 2
    counts = library.views.counts()
    assert (counts.photos, counts.missing, counts.faces) == (2, 0, 2)


def test_swapped_names_also_work_through_moved(library: Library, folder: Folder) -> None:
    folder.put("a.jpg", "one")
    folder.put("b.jpg", "two")
    first, second = folder.index("a.jpg", "b.jpg")
    a, b = (os.fsencode(folder.path / name) for name in ("a.jpg", "b.jpg"))
    library.photos.moved(second.photo_id, a, 3, 1).result()
    library.photos.moved(first.photo_id, b, 3, 2).result()
    state = library.photos.scan_state(folder.root)
    assert {path: known.photo_id for path, known in state.items()} == {
        a: second.photo_id,
        b: first.photo_id,
    }
    assert not any(known.missing for known in state.values())


def test_a_chain_of_renames_is_followed(library: Library, folder: Folder) -> None:
    for number in range(5):
        folder.put(f"{number}.jpg", f"content {number}" * (number + 1))
    before = folder.index(*(f"{number}.jpg" for number in range(5)))
    for number in reversed(range(5)):
        (folder.path / f"{number}.jpg").rename(folder.path / f"{number + 1}.jpg")
    after = folder.index(*(f"{number + 1}.jpg" for number in range(5)))
    assert [one.photo_id for one in after] == [one.photo_id for one in before]
    assert library.views.counts().missing == 0


def test_a_copy_is_a_photo_of_its_own_with_the_scores(library: Library, folder: Folder) -> None:
    folder.put("a.jpg", "one")
    (first,) = folder.index("a.jpg")
    score(library, first.face_ids[0], 0.5)
    stars(library, first.photo_id, 5)
    folder.put("copy.jpg", "one")
    (copy,) = folder.index("copy.jpg")
    assert copy.outcome is Outcome.COPIED
    assert copy.photo_id != first.photo_id
    assert copy.moved_from is None
    found = library.scores.get(copy.face_ids[0], STARTER.hash)
    assert found is not None
    assert found.value == 0.5
    assert library.scores.maps(copy.face_ids[0], STARTER.hash) is not None
    assert library.marks.of_photo(copy.photo_id).stars == 0
    assert library.faces.unscored(STARTER.hash) == []


def test_a_copy_found_by_the_scan_adopts_everything(library: Library, folder: Folder) -> None:
    folder.put("a.jpg", "one")
    (first,) = folder.index("a.jpg")
    score(library, first.face_ids[0], 0.5)
    path = os.fsencode(folder.put("copy.jpg", "one"))
    copy = library.photos.copy_of(first.photo_id, path, 3, 7).result()
    assert library.thumbnails.photo(copy.photo_id) == library.thumbnails.photo(first.photo_id)
    (old,), (new,) = (library.faces.of_photo(one.photo_id) for one in (first, copy))
    assert (new.landmarks == old.landmarks).all()
    assert (new.row.score, new.row.box, new.row.flags) == (0.5, old.row.box, old.row.flags)
    assert library.thumbnails.face(new.row.id) == library.thumbnails.face(old.row.id)
    assert library.scores.maps(new.row.id) is not None
    assert library.views.photo_rows([copy.photo_id])[0].best_score == 0.5
    assert {one.photo_id for one in library.photos.scan_state(folder.root).values()} == {
        first.photo_id,
        copy.photo_id,
    }


def test_content_changed_in_place_keeps_the_photo_and_its_marks(
    library: Library, folder: Folder
) -> None:
    folder.put("a.jpg", "one")
    (first,) = folder.index("a.jpg")
    stars(library, first.photo_id, 3)
    score(library, first.face_ids[0], 0.9)
    folder.put("a.jpg", "another")
    (changed,) = folder.index("a.jpg")
    assert changed.outcome is Outcome.CHANGED
    assert changed.photo_id == first.photo_id
    assert changed.face_ids != first.face_ids
    assert library.marks.of_photo(first.photo_id).stars == 3
    assert library.views.face_rows(first.face_ids) == []
    assert library.thumbnails.face(first.face_ids[0]) is None
    (waiting,) = library.faces.unscored(STARTER.hash)
    assert tuple(waiting.face_ids) == changed.face_ids


def test_a_face_with_a_mark_retires_and_is_never_deleted(library: Library, folder: Folder) -> None:
    folder.put("a.jpg", "one")
    (first,) = folder.index("a.jpg")
    (face,) = first.face_ids
    judge(library, face, 0.25)
    score(library, face, 0.9)
    folder.put("a.jpg", "another")
    (changed,) = folder.index("a.jpg")
    assert [row.row.id for row in library.faces.of_photo(first.photo_id)] == list(changed.face_ids)
    assert list(library.views.face_ids(Query())) == list(changed.face_ids)
    assert library.marks.of_faces([face]) == {face: 0.25}
    assert library.faces.detail(face) is not None
    assert library.scores.get(face, STARTER.hash) is not None
    assert library.views.counts().scored == 0
    assert library.views.score_histogram(Query(), 10).sum() == 0
    assert len(library.marks.history(first.photo_id)) == 1


def test_rewritten_metadata_keep_the_faces(library: Library, folder: Folder) -> None:
    face = make_face(7)
    photo = make_photo("hash before", [face])
    path = os.fsencode(folder.put("a.jpg", "one"))
    first = library.photos.record_indexed(folder.root, path, 3, 1, photo).result()
    judge(library, first.face_ids[0], 0.5)
    score(library, first.face_ids[0], 0.9)
    after = make_photo("hash after", [face])
    same_pixels = type(after)(
        **{
            name: getattr(photo if name == "face_thumbnails" else after, name)
            for name in after.__dataclass_fields__
        }
    )
    second = library.photos.record_indexed(folder.root, path, 4, 2, same_pixels).result()
    assert second.outcome is Outcome.CHANGED
    assert second.face_ids == first.face_ids
    assert library.views.face_rows(second.face_ids)[0].score == 0.9
    assert library.photos.find_by_hash("hash before") == []


def test_a_missing_file_is_shown_as_missing_until_it_is_back(
    library: Library, folder: Folder
) -> None:
    folder.put("a.jpg", "one")
    (first,) = folder.index("a.jpg")
    library.photos.mark_missing([first.photo_id]).result()
    assert library.views.photo_rows([first.photo_id])[0].missing
    assert library.views.face_rows(first.face_ids)[0].missing
    assert list(library.views.face_ids(apply("missing:no", Query()))) == []
    assert list(library.views.photo_ids(apply("missing:no", Query()))) == []
    assert len(library.views.face_ids(Query())) == 1
    assert library.faces.unscored(STARTER.hash) == []
    library.photos.mark_present([first.photo_id]).result()
    assert len(library.views.face_ids(apply("missing:no", Query()))) == 1


def test_other_content_under_the_name_of_a_missing_photo_is_a_new_photo(
    library: Library, folder: Folder
) -> None:
    folder.put("IMG_0001.jpg", "last year's")
    (old,) = folder.index("IMG_0001.jpg")
    stars(library, old.photo_id, 5)
    library.photos.mark_missing([old.photo_id]).result()
    folder.put("IMG_0001.jpg", "after the counter started again")
    (new,) = folder.index("IMG_0001.jpg")
    assert new.photo_id != old.photo_id
    assert library.marks.of_photo(new.photo_id).stars == 0
    library.photos.mark_present([old.photo_id]).result()  # its path is taken: stays missing
    assert library.views.photo_rows([old.photo_id])[0].missing
    (known,) = library.photos.scan_state(folder.root).values()
    assert known.photo_id == new.photo_id


def test_a_failure_keeps_what_was_known_and_hides_it(library: Library, folder: Folder) -> None:
    file = folder.put("a.jpg", "one")
    (first,) = folder.index("a.jpg")
    score(library, first.face_ids[0], 0.9)
    stars(library, first.photo_id, 2)
    raw = os.fsencode(file)
    failed = library.photos.record_failed(
        folder.root, raw, 9, 9, "photo.permission", "The file may not be read."
    ).result()
    assert failed == first.photo_id
    (row,) = library.views.photo_rows([failed])
    assert (row.status, row.reason, row.face_count) == (
        PhotoStatus.FAILED,
        "The file may not be read.",
        0,
    )
    assert library.photos.failures() == [(raw, "photo.permission", "The file may not be read.")]
    assert list(library.views.face_ids(Query())) == []
    assert library.faces.unscored(STARTER.hash) == []
    assert list(library.views.photo_ids(apply("failed:no", Query()))) == []
    (again,) = folder.index("a.jpg")
    assert again.face_ids == first.face_ids
    (row,) = library.views.photo_rows([failed])
    assert (row.status, row.reason, row.best_score) == (PhotoStatus.INDEXED, "", 0.9)
    assert library.photos.failures() == []
    assert library.marks.of_photo(first.photo_id).stars == 2


def test_a_file_that_never_could_be_read_is_replaced_by_what_comes(
    library: Library, folder: Folder
) -> None:
    raw = os.fsencode(folder.path / "a.jpg")
    failed = library.photos.record_failed(folder.root, raw, 0, 1, "photo.empty", "Empty.").result()
    folder.put("a.jpg", "now it is complete")
    (fixed,) = folder.index("a.jpg")
    assert fixed.photo_id == failed
    assert fixed.outcome is Outcome.NEW
    assert library.views.counts().failed == 0


def test_a_photo_moved_onto_a_failed_one_takes_its_place(library: Library, folder: Folder) -> None:
    folder.put("a.jpg", "one")
    (first,) = folder.index("a.jpg")
    raw = os.fsencode(folder.path / "b.jpg")
    library.photos.record_failed(folder.root, raw, 0, 1, "photo.empty", "Empty.").result()
    (folder.path / "a.jpg").rename(folder.path / "b.jpg")
    (moved,) = folder.index("b.jpg")
    assert moved.photo_id == first.photo_id
    counts = library.views.counts()
    assert (counts.photos, counts.failed, counts.missing) == (1, 0, 0)


def test_a_better_detector_replaces_the_faces(library: Library, folder: Folder) -> None:
    folder.put("a.jpg", "one")
    (first,) = folder.index("a.jpg")
    batch = [folder.file("a.jpg", [make_face(1), make_face(2)])]
    (second,) = library.photos.record_many(batch).result()
    assert second.photo_id == first.photo_id
    assert len(second.face_ids) == 2
    assert [row.row.id for row in library.faces.of_photo(first.photo_id)] == list(second.face_ids)
    assert library.views.photo_rows([first.photo_id])[0].face_count == 2


def test_a_batch_is_recorded_whole_or_not_at_all(library: Library, folder: Folder) -> None:
    folder.put("a.jpg", "one")
    good = folder.file("a.jpg")
    bad_face = make_face()
    bad = type(bad_face)(
        **{
            **{name: getattr(bad_face, name) for name in bad_face.__dataclass_fields__},
            "landmarks": bad_face.landmarks[:10],
        }
    )
    future = library.photos.record_many([good, folder.file("a.jpg", [bad])])
    assert isinstance(future.exception(), ValueError)
    assert library.views.counts().photos == 0


def test_ids_are_never_used_twice(library: Library, folder: Folder) -> None:
    folder.put("a.jpg", "one")
    (first,) = folder.index("a.jpg")
    library.roots.remove(folder.root).result()
    root = library.roots.add(folder.path).result()
    folder.root = root
    (second,) = folder.index("a.jpg")
    assert second.photo_id > first.photo_id
    assert second.face_ids[0] > first.face_ids[0]
