"""Views: what a query asks for, against a plain reading of the same rows."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, timedelta
from itertools import product
from statistics import median
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.marks import SetStars
from fiqa_studio.domain.photos import PhotoStatus
from fiqa_studio.domain.query import Order, PhotoRule, Query, SortKey, Subject
from fiqa_studio.domain.terms import (
    TERMS,
    Between,
    Contains,
    InIds,
    Is,
    OneOf,
    Period,
    Scale,
    Term,
    Words,
    negation,
)
from fiqa_studio.store import kept, search, summary, words
from fiqa_studio.store.filters import FILTERS
from fiqa_studio.store.library import Library
from tests.store import album as album_of
from tests.store import plain
from tests.store.values import SHARPNESS, STARTER, make_face, make_photo, make_score, mark

BASE = album_of.BASE
ANSWERED = [name for name in TERMS if name != "like"]


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with album_of.make(tmp_path_factory.mktemp("album") / "album.fiqa") as library:
        yield library


@pytest.fixture(scope="module")
def known(album: Library) -> dict[str, plain.Known]:
    """All that is in the album, by scorer."""
    return {scorer: album_of.known(album, scorer) for scorer in ("", SHARPNESS.hash)}


EXAMPLES: dict[str, list[Term]] = {
    "score": [
        Between("score"),
        Between("score", 0.3),
        Between("score", None, 0.7),
        Between("score", 0.2, 0.7),
        Between("score", 0.55, 0.56),
    ],
    "scored": [Is("scored")],
    "quality": [Between("quality"), Between("quality", 0.5), Between("quality", 0.9, 1.0)],
    "mos": [Between("mos"), Between("mos", 0.3, 0.8)],
    "faces": [Between("faces", 2), Between("faces", None, 0), Between("faces", 1, 3)],
    "size": [Between("size"), Between("size", 15), Between("size", 12, 20)],
    "eyes": [Between("eyes"), Between("eyes", None, 0.19), Between("eyes", 0.3, 0.8)],
    "flaw": [OneOf("flaw", ("profile",)), OneOf("flaw", ("", "padded", "upscaled"))],
    "stars": [Between("stars", 3), Between("stars", 0, 0), Between("stars", 2, 4)],
    "flag": [OneOf("flag", ("pick",)), OneOf("flag", ("", "reject"))],
    "colour": [OneOf("colour", ("Red", "Blue")), OneOf("colour", ("",))],
    "tag": [
        OneOf("tag", ("SEA",)),
        OneOf("tag", ("die braut", "新娘")),
        OneOf("tag", ("", "a\"b'c")),
        OneOf("tag", ("never given",)),
    ],
    "album": [OneOf("album", ("best OF",)), OneOf("album", ("",))],
    "time": [
        Period("time"),
        Period("time", BASE + timedelta(days=20)),
        Period("time", None, BASE + timedelta(days=20)),
        Period("time", BASE + timedelta(days=10), BASE + timedelta(days=30)),
    ],
    "camera": [Contains("camera", "canon"), Contains("camera", "ä"), Contains("camera", "leica")],
    "folder": [
        Contains("folder", "jun"),
        Contains("folder", "JUNI ä"),
        Contains("folder", "one/June/"),
        Contains("folder", "/album/one"),
        Contains("folder", "/album/on"),
        Contains("folder", "x'y\"z"),
        Contains("folder", "山"),
        Contains("folder", "IMG"),
    ],
    "root": [InIds("root", (2,)), InIds("root", (1, 9)), InIds("root", ())],
    "filesize": [Between("filesize", 3000), Between("filesize", None, 2000)],
    "missing": [Is("missing")],
    "failed": [Is("failed")],
    "ids": [InIds("ids", (3, 4, 5, 40, 10**12)), InIds("ids", ())],
    "text": [
        Words(("canon",)),
        Words(("IMG", "two", "4")),
        Words(("eos r5",)),
        Words(("sea",)),
        Words(("sea", "one")),
        Words(("x'y\"z",)),
        Words(("4.jpg",)),
        Words(("a\"b'c",)),
        Words(("新娘",)),
        Words(("山/img",)),
        Words(("nowhere",)),
        Words(("kamera Ä",)),
    ],
}


def test_the_examples_are_of_every_term_that_is_answered() -> None:
    assert set(EXAMPLES) == set(ANSWERED)
    assert set(FILTERS) == set(TERMS)


@pytest.mark.parametrize("name", ANSWERED)
def test_each_term_keeps_what_it_says(
    album: Library, known: dict[str, plain.Known], name: str
) -> None:
    told_apart = 0
    for term, subject, rule in product(EXAMPLES[name], Subject, PhotoRule):
        for wanted in _both(term):
            query = Query(subject, (wanted,), Order(SortKey.ADDED, False), photo_rule=rule)
            found = album.views.ids(query).tolist()
            assert found == plain.answer(known[""], query), query
            assert album.views.count(query) == len(found)
            told_apart += bool(found)
    assert told_apart


@pytest.mark.parametrize(("key", "descending"), list(product(SortKey, (True, False))))
def test_each_order_is_as_it_says(
    album: Library, known: dict[str, plain.Known], key: SortKey, descending: bool
) -> None:
    filters: list[tuple[Term, ...]] = [
        (),
        (Is("missing", negated=True),),
        (Between("score", 0.2, 0.8),),
        (Between("faces", 2), Between("score", 0.1, negated=True)),
        (Between("stars", 2),),
        (Words(("canon",)), Is("failed", negated=True)),
        (InIds("ids", (3, 4, 5, 40)), Is("scored")),
    ]
    if key is SortKey.PLACE:
        return  # of an album alone, see below
    for where, subject, rule, scorer in product(filters, Subject, PhotoRule, ("", SHARPNESS.hash)):
        query = Query(subject, where, Order(key, descending), scorer, rule)
        assert album.views.ids(query).tolist() == plain.answer(known[scorer], query), query


def test_an_album_has_its_own_order(album: Library) -> None:
    query = Query(Subject.PHOTOS, (OneOf("album", ("Best of",)),)).sorted_by(SortKey.PLACE)
    assert album.views.ids(query).tolist() == [50, 7, 30, 31, 12, 5]
    backwards = query.sorted_by(SortKey.PLACE, descending=True)
    assert album.views.ids(backwards).tolist() == [5, 12, 31, 30, 7, 50]
    some = query.adding(InIds("ids", (5, 30, 50)))
    assert album.views.ids(some).tolist() == [50, 30, 5]
    everything = Query(Subject.PHOTOS).sorted_by(SortKey.PLACE)
    assert album.views.ids(everything).tolist() == list(range(1, album_of.PHOTOS + 2))
    faces = query.of(Subject.FACES)
    owners = [row.photo_id for row in album.views.face_rows(album.views.ids(faces))]
    assert list(dict.fromkeys(owners)) == [
        photo for photo in (50, 7, 30, 31, 12, 5) if photo in owners
    ]


def _some_term(dice: random.Random) -> Term:
    name = dice.choice(ANSWERED)
    term = dice.choice(EXAMPLES[name])
    if isinstance(term, Between) and dice.random() < 0.5:
        most = {Scale.SCORE: 10, Scale.SHARE: 10, Scale.BYTES: 8000, Scale.PIXELS: 25}
        scale = TERMS[name].scale
        divider = 10 if scale in (Scale.SCORE, Scale.SHARE) else 1
        low, high = sorted(dice.randint(0, most.get(scale, 5)) / divider for _ in range(2))
        term = Between(name, low, high if dice.random() < 0.7 else None)
    return _both(term)[-1] if dice.random() < 0.3 else term


def _both(term: Term) -> list[Term]:
    """A term and, where there is one, its negation."""
    if isinstance(term, Words) and len(term.words) > 1:
        return [term]
    return [term, negation(term)]


def test_any_terms_in_any_order_agree_with_a_plain_reading(
    album: Library, known: dict[str, plain.Known]
) -> None:
    dice = random.Random(21)
    keys = [key for key in SortKey if key is not SortKey.PLACE]
    found = 0
    for _ in range(1500):
        scorer = dice.choice(["", SHARPNESS.hash])
        query = Query(
            dice.choice(list(Subject)),
            tuple(_some_term(dice) for _ in range(dice.randint(0, 4))),
            Order(dice.choice(keys), dice.random() < 0.5),
            scorer,
            dice.choice(list(PhotoRule)),
        )
        ids = album.views.ids(query).tolist()
        assert ids == plain.answer(known[scorer], query), query
        assert album.views.count(query) == len(ids)
        found += bool(ids)
    assert found > 500


def test_words_that_very_many_have_are_found_another_way(
    album: Library, known: dict[str, plain.Known], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_MANY", 5)
    for term, subject in product(EXAMPLES["text"], Subject):
        query = Query(subject, (term,), Order(SortKey.ADDED, False))
        assert album.views.ids(query).tolist() == plain.answer(known[""], query), term


@pytest.mark.parametrize(
    "word",
    [
        *(
            '"q',
            '""',
            "a*",
            "NEAR(a b)",
            "words:x",
            "a OR b",
            "^a",
            "-a",
            "a\0b",
            "\0",
            "\ud800",
            "%",
        ),
        *(
            "(" * 50,
            "ß",
            "ＦＵＬＬ",
            "🙂🙂",
            "x" * 5000,
            "\\",
            "{a}",
            "a AND NOT b",
            "+a",
            "'zz",
            "%",
        ),
    ],
)
def test_any_word_is_looked_for_as_it_is(album: Library, word: str) -> None:
    assert album.views.ids(Query(Subject.PHOTOS, (Words((word,)),))).tolist() == []
    everything = album.views.count(Query(Subject.PHOTOS))
    assert album.views.count(Query(Subject.PHOTOS, (Words((word,), negated=True),))) == everything
    for name in ("camera", "folder"):
        assert not album.views.count(Query(Subject.PHOTOS, (Contains(name, word + "zzz"),)))
    assert not album.views.count(Query(Subject.PHOTOS, (OneOf("tag", (word,)),)))


def test_contradictions_find_nothing(album: Library) -> None:
    for where in (
        (Between("score", 0.8), Between("score", None, 0.2)),
        (Between("stars", 5), Between("stars", 0, 0)),
        (Is("missing"), Is("missing", negated=True)),
        (InIds("ids", (1,)), InIds("ids", (2,))),
    ):
        for subject in Subject:
            assert album.views.ids(Query(subject, where)).tolist() == []


@pytest.mark.parametrize(
    ("term", "says"),
    [
        (InIds("like", (1,)), "flaws of this face"),
        (OneOf("flaw", ("motion blur",)), "motion blur"),
        (OneOf("album", ("nowhere",)), "nowhere"),
        (OneOf("album", (album_of.SMART,)), "saved query"),
    ],
)
def test_what_the_library_cannot_answer_is_refused_not_guessed(
    album: Library, term: Term, says: str
) -> None:
    for ask in (album.views.ids, album.views.count):
        with pytest.raises(KnownError, match=says) as caught:
            ask(Query(where=(term,)))
        assert caught.value.code == "query.unknown"


def test_opinions_are_asked_for_only_where_there_are_some(library: Library) -> None:
    with pytest.raises(KnownError, match="opinions"):
        library.views.ids(Query(where=(Between("mos", 0.5),)))


def test_a_smart_album_is_its_query(album: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    terms: dict[str, tuple[Term, ...]] = {"s": (Between("stars", 3), Words(("canon",)))}
    monkeypatch.setattr(album.views, "read_text", lambda text: terms[text])
    for subject in Subject:
        smart = Query(subject, (OneOf("album", (album_of.SMART,)),))
        spelled = Query(subject, terms["s"])
        assert album.views.ids(smart).tolist() == album.views.ids(spelled).tolist()
        without = Query(subject, (OneOf("album", (album_of.SMART,), negated=True),))
        assert album.views.count(without) == album.views.count(Query(subject)) - len(
            album.views.ids(spelled)
        )
    either = Query(Subject.PHOTOS, (OneOf("album", (album_of.SMART, "best of")),))
    assert set(album.views.ids(either).tolist()) >= {50, 7, 30, 31, 12, 5}
    terms["s"] = (OneOf("album", (album_of.SMART,)),)
    with pytest.raises(KnownError, match="asks for itself"):
        album.views.ids(Query(where=(OneOf("album", (album_of.SMART,)),)))


# --- rows and sums ----------------------------------------------------------------------------


def test_rows_come_in_the_order_of_the_ids(album: Library) -> None:
    ids = album.views.ids(Query(order=Order(SortKey.NAME)))[::-1]
    assert [row.id for row in album.views.face_rows(ids)] == ids.tolist()
    assert [row.id for row in album.views.face_rows([5, 10**9, 2])] == [5, 2]
    assert album.views.face_rows([]) == []
    assert album.views.photo_rows([]) == []
    assert [row.id for row in album.views.photo_rows([3, 10**9, 3, 1])] == [3, 3, 1]


def test_rows_carry_marks_and_what_their_photo_is(album: Library) -> None:
    photos = {row.id: row for row in album.views.photo_rows(album.views.photo_ids(Query()))}
    marks = album.marks.of_photos(list(photos))
    assert any(marks.values())
    for row in photos.values():
        assert row.marks == marks[row.id]
    qualities = album.marks.of_faces(album.views.face_ids(Query()).tolist())
    for face in album.views.face_rows(album.views.face_ids(Query())):
        photo = photos[face.photo_id]
        assert face.marks == photo.marks
        assert (face.path, face.name, face.camera, face.size, face.face_count, face.taken_at) == (
            *(photo.path, photo.name, photo.camera, photo.size, photo.face_count, photo.taken_at),
        )
        assert face.quality == qualities.get(face.id)


def test_a_listing_knows_the_way_back(album: Library) -> None:
    query = Query(where=(Between("score", 0.2),))
    listing = album.views.listing(query)
    ids = listing.ids.tolist()
    assert (listing.query, len(listing)) == (query, len(ids))
    assert [listing.place(key) for key in ids] == list(range(len(ids)))
    absent = next(key for key in range(1, 1000) if key not in ids)
    assert [listing.place(key) for key in (absent, -1, 10**9)] == [-1, -1, -1]
    assert listing.places([ids[3], 10**9, ids[0], -5]).tolist() == [0, 3]
    assert listing.places(listing.ids[::-1]).tolist() == list(range(len(ids)))
    empty = album.views.listing(Query(where=(InIds("ids", ()),)))
    assert (len(empty), empty.place(1), empty.places([1]).tolist()) == (0, -1, [])


def test_the_histogram_counts_what_the_query_shows(
    album: Library, known: dict[str, plain.Known]
) -> None:
    dice = random.Random(5)
    for _ in range(60):
        query = Query(
            dice.choice(list(Subject)),
            tuple(_some_term(dice) for _ in range(dice.randint(0, 2))),
            photo_rule=dice.choice(list(PhotoRule)),
        )
        unbounded = query.without("score", "scored")
        found = [
            plain.score_of(known[""], unbounded, one) for one in plain.answer(known[""], unbounded)
        ]
        scores = [score for score in found if score is not None]
        wanted = np.bincount([min(int(score * 20), 19) for score in scores], minlength=20)
        assert album.views.score_histogram(query, 20).tolist() == wanted.tolist(), query


def test_the_range_of_scores_is_that_of_one_scorer(album: Library) -> None:
    for scorer in (STARTER.hash, SHARPNESS.hash):
        rows = album.views.face_rows(album.views.ids(Query()), scorer=scorer)
        values = [row.score for row in rows if row.score is not None]
        assert album.views.score_range(scorer) == (min(values), max(values))
    assert album.views.score_range() == album.views.score_range(STARTER.hash)
    assert album.views.score_range("f" * 16) is None


def test_counts_add_up(album: Library) -> None:
    counts = album.views.counts()
    photos = album.views.photo_rows(album.views.photo_ids(Query()))
    faces = album.views.face_rows(album.views.face_ids(Query()))
    assert counts.photos == len(photos) == album_of.PHOTOS + 1
    assert counts.faces == len(faces) == sum(row.face_count for row in photos)
    assert counts.scored == sum(row.score is not None for row in faces)
    assert counts.failed == sum(row.status is PhotoStatus.FAILED for row in photos) == 5
    assert counts.missing == sum(row.missing for row in photos)
    assert counts.without_faces == sum(
        row.face_count == 0 and row.status is PhotoStatus.INDEXED for row in photos
    )
    for root in (1, 2):
        in_root = album.views.count(Query(Subject.PHOTOS, (InIds("root", (root,)),)))
        assert counts.by_root[root] == in_root


def test_a_sum_is_that_of_the_rows(album: Library, known: dict[str, plain.Known]) -> None:
    dice = random.Random(31)
    for number in range(60):
        query = Query(
            dice.choice(list(Subject)), tuple(_some_term(dice) for _ in range(number % 3))
        )
        chosen = plain.answer(known[""], query)
        if number % 2:
            found = album.views.summary(query)
        else:
            found = album.views.summary(query, np.array([*chosen, 10**6], np.int64))
        everything = known[""]
        if query.subject is Subject.FACES:
            faces = [everything.faces[one] for one in chosen]
            photos = [everything.photos[one] for one in {face.photo_id for face in faces}]
        else:
            photos = [everything.photos[one] for one in chosen]
            faces = [face for one in chosen for face in everything.faces_of(one)]
        scores = sorted(face.score for face in faces if face.score is not None)
        assert (found.faces, found.photos, found.scored) == (len(faces), len(photos), len(scores))
        assert found.bytes == sum(photo.size for photo in photos)
        assert found.scores == tuple(scores)
        assert found.median == (pytest.approx(median(scores)) if scores else None)
        assert found.flags == Counter(flag for face in faces for flag in face.flags)
        assert found.stars == tuple(
            sum(photo.marks.stars == stars for photo in photos) for stars in range(6)
        )
        assert +Counter(found.picks) == Counter(photo.marks.flag for photo in photos)
        assert +Counter(found.colours) == Counter(photo.marks.colour for photo in photos)
        assert found.tags == Counter(tag for photo in photos for tag in photo.marks.tags)


def test_a_sum_of_very_many_has_some_of_the_scores(
    album: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary, "_SAMPLE", 5)
    monkeypatch.setattr(summary, "_FEW", 5)
    found = album.views.summary(Query())
    rows = album.views.face_rows(album.views.ids(Query()))
    scores = sorted(row.score for row in rows if row.score is not None)
    assert found.scored == len(scores)
    assert len(found.scores) == 5
    assert (found.scores[0], found.scores[-1]) == (scores[0], scores[-1])
    assert found.median == pytest.approx(median(scores))
    photos = album.views.photo_rows(list({row.photo_id for row in rows}))
    assert found.bytes == sum(photo.size for photo in photos)


def test_the_words_there_are_for_completion(album: Library) -> None:
    found = album.views.vocabulary()
    assert list(found["camera"].values()) == sorted(found["camera"].values(), reverse=True)
    assert set(found["camera"]) == {"Canon EOS R5", "NIKON Z 6", "Kamera Ä"}
    assert set(found["tag"]) == set(album_of.TAGS)
    assert set(found["album"]) == {album_of.PLAIN, album_of.SMART}
    assert "/album/two/山/" in found["folder"]


def test_photos_without_a_score_say_why(album: Library) -> None:
    reasons = {row.reason for row in album.views.photo_rows(album.views.photo_ids(Query()))}
    assert reasons == {"", "Empty.", "No face was found.", "Not scored yet."}


def test_an_empty_library_has_answers(library: Library) -> None:
    for subject, key, descending in product(Subject, SortKey, (True, False)):
        assert library.views.ids(Query(subject, (), Order(key, descending))).tolist() == []
    for subject in Subject:
        for name in set(ANSWERED) - {"mos", "album"}:
            for term in EXAMPLES[name]:
                found = library.views.ids(Query(subject, (term,)))
                assert (found.tolist(), found.dtype) == ([], np.int64)
        assert library.views.score_histogram(Query(subject), 10).tolist() == [0] * 10
    assert library.views.counts().photos == 0
    assert library.views.vocabulary()["tag"] == {}


def test_faces_that_come_later_are_with_their_photos(library: Library) -> None:
    """What is known of which photo a face is in grows with the library."""
    for number in range(5):
        photo = make_photo(str(number), [make_face(number)], camera=f"Camera {number}")
        library.photos.record_indexed(None, f"/{number}.jpg".encode(), 1, 1, photo).result()
        query = Query(where=(Contains("camera", f"camera {number}"),))
        (face,) = library.views.ids(query).tolist()
        assert library.views.face_rows([face])[0].path == f"/{number}.jpg"


def test_what_was_read_holds_only_until_something_is_written(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists that are kept from one question to the next are never of before a write."""
    monkeypatch.setattr(kept, "_LEAST", 1)
    library.scores.ensure_scorer(STARTER).result()
    queries = [
        Query(subject, where, Order(key))
        for subject in Subject
        for where in ((), (Between("score", 0.3),), (Between("stars", 1),), (Words(("1",)),))
        for key in (SortKey.SCORE, SortKey.TIME, SortKey.FILE_SIZE)
    ]
    for number in range(12):
        photo = make_photo(str(number), [make_face(number)], taken_at=BASE)
        path = f"/{number}.jpg".encode()
        recorded = library.photos.record_indexed(None, path, number, 1, photo).result()
        score = make_score(number / 12)
        library.scores.record(STARTER.hash, [(recorded.face_ids[0], score, None)]).result()
        mark(library, int(recorded.photo_id), SetStars(number % 3))
        if number == 7:
            library.photos.mark_missing([recorded.photo_id]).result()
        known = album_of.known(library)
        for query in queries:
            for _ in range(2):
                assert library.views.ids(query).tolist() == plain.answer(known, query), query


def test_lists_are_kept_while_nothing_is_written(
    album: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_LEAST", 1)
    query = Query(where=(Between("eyes", 0.05),), order=Order(SortKey.FACE_SIZE))
    assert len(_plans(album, query)) > len(_plans(album, query))


def test_what_is_kept_takes_no_more_than_its_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_LEAST", 2)
    monkeypatch.setattr(kept, "_MOST_BYTES", 40)
    cache = kept.Kept()
    for number in range(6):
        cache.put(2, number, np.arange(4))
    cache.put(2, "few", np.arange(1))
    cache.put(2, "high", np.array([2**40, 1, 2]))
    held = [key for key in (*range(6), "few", "high") if cache.get(2, key) is not None]
    assert held == [4, 5]
    assert cache.get(4, 5) is None
    cache.put(4, 5, np.array([7, 8]))
    cache.put(2, 6, np.arange(4))
    assert cache.get(2, 6) is None
    found = cache.get(4, 5)
    assert found is not None
    assert (found.tolist(), found.dtype) == ([7, 8], np.int64)


def test_names_are_ordered_as_people_order_them() -> None:
    names = ["img_2.jpg", "IMG_10.jpg", "IMG_1.jpg", "img_002.png", "a.jpg"]
    ordered = sorted(names, key=words.sort_key)
    assert ordered == ["a.jpg", "IMG_1.jpg", "img_2.jpg", "img_002.png", "IMG_10.jpg"]


def test_times_are_the_cameras(album: Library) -> None:
    rows = album.views.face_rows(album.views.ids(Query(order=Order(SortKey.TIME))))
    assert rows[0].taken_at is not None
    assert rows[0].taken_at.tzinfo is None
    assert rows[-1].taken_at is None
    score = album.scores.get(album.views.ids(Query())[0])
    assert score is not None
    assert score.scored_at.tzinfo is UTC


# --- plans ------------------------------------------------------------------------------------


def _plans(library: Library, query: Query) -> list[str]:
    """How SQLite goes about each statement that answers a query."""
    said: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, text: str, given: Any, *_rest: object) -> None:
        said.append((text, given))

    engine = library._database._readers
    event.listen(engine, "before_cursor_execute", note)
    try:
        library.views.ids(query)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    plans: list[str] = []
    with library._database.read() as connection:
        for text, given in said:
            if text.startswith("SELECT"):
                found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given).all()
                plans += [row[3] for row in found]
    return plans


_SMALL = (
    *("album", "tag", "mark_block", "photo_search", "json_each", "scorer", "opinion", "root"),
    *("face_quality", "CONSTANT"),
)


def _is_quick(step: str) -> bool:
    """Whether a step walks an index that has all it needs, or looks up few rows."""
    if "TEMP B-TREE" in step:
        return False
    if not step.startswith("SCAN"):
        return True
    return "COVERING INDEX" in step or any(name in step for name in (*_SMALL, "(subquery", "anon"))


@pytest.mark.parametrize(("subject", "name"), list(product(Subject, ANSWERED)))
def test_no_term_looks_at_every_row_or_sorts(album: Library, subject: Subject, name: str) -> None:
    for term in EXAMPLES[name]:
        for one in _both(term):
            plans = _plans(album, Query(subject, (one,), Order(SortKey.NAME)))
            assert plans
            slow = [step for step in plans if not _is_quick(step)]
            assert not slow, (one, plans)


@pytest.mark.parametrize(("subject", "key"), list(product(Subject, SortKey)))
def test_no_order_looks_at_every_row_or_sorts(
    album: Library, subject: Subject, key: SortKey
) -> None:
    for where in ((), (Is("missing", negated=True), Between("faces", 1))):
        plans = _plans(album, Query(subject, where, Order(key)))
        slow = [step for step in plans if not _is_quick(step)]
        assert not slow or key is SortKey.QUALITY, plans  # of the few faces that were judged
