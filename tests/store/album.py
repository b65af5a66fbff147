"""A library in which every term and every order has something to tell apart."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import insert

from fiqa_studio.domain.albums import AlbumKind
from fiqa_studio.domain.marks import AddTag, Colour, Flag, SetColour, SetFlag, SetStars
from fiqa_studio.domain.photos import FaceFlag, FoundFace
from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.store import schema
from fiqa_studio.store.library import Library
from fiqa_studio.store.writer import Transaction
from tests.store.plain import Known
from tests.store.values import SHARPNESS, STARTER, judge, make_face, make_photo, make_score, mark

PHOTOS = 60
BASE = datetime.fromisoformat("2024-05-01")
FOLDERS = ("one/June", "two", "one/Juni Ä", "two/x'y\"z", "two/山")
TAGS = ("Sea", "die Braut", "新娘", "a\"b'c", "IMG", "sea view")
SMART = "Smart one"
PLAIN = "Best of"


def make(path: Path, seed: int = 3) -> Library:
    """Sixty photos of every sort in two roots, judged and marked in part. The caller closes it."""
    library = Library.create(path)
    random = np.random.default_rng(seed)
    roots = [library.roots.add(f"/album/{name}").result() for name in ("one", "two")]
    for scorer in (STARTER, SHARPNESS):
        library.scores.ensure_scorer(scorer).result()
    faces: list[int] = []
    for number in range(PHOTOS):
        faces += _add_photo(library, random, number, roots)
    for face in random.choice(faces, 12, replace=False).tolist():
        judge(library, face, float(random.integers(0, 5)) / 4)
    _publish(library, random.choice(faces, 15, replace=False).tolist())
    _replace_one(library, roots)
    return library


def known(library: Library, scorer: str = "") -> Known:
    """All that is in it, as rows."""
    views = library.views
    photos = views.photo_rows(views.ids(Query(Subject.PHOTOS)), scorer=scorer)
    faces = views.face_rows(views.ids(Query(Subject.FACES)), scorer=scorer)
    with library._database.read() as connection:
        opinions: dict[int, list[float]] = {}
        for face, mos in connection.exec_driver_sql("SELECT face_id, mos FROM opinion"):
            opinions.setdefault(face, []).append(mos)
        albums: dict[str, set[int]] = {PLAIN: set()}
        for (photo,) in connection.exec_driver_sql("SELECT photo_id FROM album_item"):
            albums[PLAIN].add(photo)
    return Known(
        photos={row.id: row for row in photos},
        faces={row.id: row for row in faces},
        opinions=opinions,
        albums=albums,
        roots={1: "one", 2: "two"},
    )


def _add_photo(
    library: Library, random: np.random.Generator, number: int, roots: list[int]
) -> list[int]:
    folder = FOLDERS[number % len(FOLDERS)]
    root = roots[0] if folder.startswith("one") else roots[1]
    path = f"/album/{folder}/IMG_{number * 7 % PHOTOS}.jpg".encode()
    size = 1000 * int(random.integers(1, 8))
    if number % 13 == 0:
        library.photos.record_failed(root, path, size, 1, "photo.empty", "Empty.").result()
        return []
    found = [_face(random, number * 10 + one) for one in range(number % 5)]
    taken = None if number % 6 == 0 else BASE + timedelta(hours=int(random.integers(0, 1500)))
    camera = ("Canon EOS R5", "NIKON Z 6", "", "Kamera Ä")[number % 4]
    photo = make_photo(f"{number}", found, taken_at=taken, camera=camera)
    recorded = library.photos.record_indexed(root, path, size, 1, photo).result()
    for face in recorded.face_ids:
        value = float(random.integers(0, 11)) / 10
        if random.random() < 0.8:
            library.scores.record(STARTER.hash, [(face, make_score(value), None)]).result()
        if random.random() < 0.3:
            library.scores.record(SHARPNESS.hash, [(face, make_score(1 - value), None)]).result()
    if number % 11 == 0:
        library.photos.mark_missing([recorded.photo_id]).result()
    _mark(library, random, int(recorded.photo_id))
    return [int(face) for face in recorded.face_ids]


def _face(random: np.random.Generator, seed: int) -> FoundFace:
    flags = [flag for flag in FaceFlag if random.random() < 0.2]
    face = make_face(seed, float(random.integers(10, 25)))
    return FoundFace(
        box=face.box,
        landmarks=face.landmarks,
        eye_distance=face.eye_distance,
        pose=face.pose,
        eyes_open=float(random.integers(0, 11)) / 10,
        confidence=face.confidence,
        flags=frozenset(flags),
    )


def _mark(library: Library, random: np.random.Generator, photo: int) -> None:
    if random.random() < 0.6:
        mark(library, photo, SetStars(int(random.integers(0, 6))))
    if random.random() < 0.4:
        mark(library, photo, SetFlag(list(Flag)[random.integers(0, 3)]))
    if random.random() < 0.4:
        mark(library, photo, SetColour(list(Colour)[random.integers(0, 6)]))
    for tag in TAGS:
        if random.random() < 0.15:
            mark(library, photo, AddTag(tag))


def _publish(library: Library, faces: list[int]) -> None:
    """Opinions of two studies, a plain album in an order of its own, and a smart one."""

    def work(transaction: Transaction) -> None:
        connection = transaction.session.connection()
        for place, face in enumerate(faces):
            for study in ("a", "b")[: 1 + place % 2]:
                connection.execute(
                    insert(schema.Opinion).values(
                        face_id=face,
                        study=study,
                        mos=(place % 5) / 4,
                        ci_low=0.0,
                        ci_high=1.0,
                        n=20,
                        raters=20,
                        disagreement=0.2,
                    )
                )
        for name, kind, text in ((PLAIN, AlbumKind.PLAIN, ""), (SMART, AlbumKind.SMART, "s")):
            connection.execute(
                insert(schema.AlbumEntry).values(
                    name=name, kind=str(kind), query_text=text, created_at=BASE.astimezone()
                )
            )
        for place, photo in enumerate((50, 7, 30, 31, 12, 5)):
            connection.execute(
                insert(schema.AlbumItem).values(album_id=1, photo_id=photo, place=place * 10)
            )

    library.write(work).result()


def _replace_one(library: Library, roots: list[int]) -> None:
    """A photo whose content changed: a face that was judged retires and is in no answer."""
    path = b"/album/two/changed.jpg"
    before = library.photos.record_indexed(
        roots[1], path, 1, 1, make_photo("before", [make_face(900)])
    ).result()
    library.scores.record(STARTER.hash, [(before.face_ids[0], make_score(0.5), None)]).result()
    judge(library, int(before.face_ids[0]), 0.75)
    library.photos.record_indexed(
        roots[1], path, 2, 2, make_photo("after", [make_face(901)])
    ).result()
