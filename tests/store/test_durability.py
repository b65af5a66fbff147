"""Killed at any moment, a library keeps what was committed and nothing by half."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fiqa_studio.domain.query import Query
from fiqa_studio.store import planes
from fiqa_studio.store.actions import EventKind, events_of
from fiqa_studio.store.library import Library
from fiqa_studio.store.planes import BLOCK
from tests.store.values import make_face, many_photos

_WRITER = """
import sys
from fiqa_studio.domain.marks import SetStars
from fiqa_studio.store.library import Library
from tests.store.values import STARTER, make_face, make_maps, make_photo, make_score, mark

library = Library.open(sys.argv[1])
library.scores.ensure_scorer(STARTER).result()
number = library.views.counts().photos
while True:
    photo = make_photo(str(number), [make_face(number), make_face(number + 1)])
    recorded = library.photos.record_indexed(None, f"/{number}.jpg".encode(), 1, 1, photo).result()
    library.scores.record(
        STARTER.hash, [(face, make_score(0.5), make_maps(0.5)) for face in recorded.face_ids]
    )
    mark(library, recorded.photo_id, SetStars(number % 5 + 1))
    sys.stdout.write(f"{recorded.photo_id} {number % 5 + 1}\\n")
    sys.stdout.flush()
    number += 1
"""
_KILLS = 8


def test_a_kill_loses_no_mark(library: Library) -> None:
    path = library.path
    library.close()
    random = np.random.default_rng(0)
    promised: dict[int, int] = {}
    for _ in range(_KILLS):
        wait_for = int(random.integers(1, 12))
        promised |= dict(_run_until_killed(path, _WRITER, wait_for))
        with Library.open(path) as again:
            report = again.health()
            assert report["ok"], report["problems"]
            counts = again.views.counts()
            assert counts.faces == 2 * counts.photos
            assert counts.photos >= len(promised)
            marks = again.marks.of_photos(list(promised))
            assert {photo: marks[photo].stars for photo in promised} == promised  # type: ignore[index]
    assert len(promised) >= _KILLS


def _run_until_killed(
    path: Path, script: str, lines: int, *arguments: str
) -> list[tuple[int, int]]:
    """What the writer said was committed before it was killed in the midst of the next write."""
    command = [sys.executable, "-c", script, os.fspath(path), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
    found = [line.split() for line in said if line.endswith("\n")]
    return [(int(first), int(second)) for first, second in found]


_MARKER = """
import sys
import numpy as np
from fiqa_studio.domain.marks import AddTag, RemoveTag, SetStars
from fiqa_studio.store.library import Library
from tests.store.values import mark

random = np.random.default_rng(int(sys.argv[2]))
with Library.open(sys.argv[1]) as library:
    photos = library.views.counts().photos
    while True:
        some = random.choice(photos, photos // 2, replace=False) + 1
        marks = (SetStars(int(random.integers(6))), [AddTag, RemoveTag][random.integers(2)]("x"))
        action = mark(library, some.tolist(), *marks).action_id
        sys.stdout.write(f"{action} 0\\n")
        if random.random() < 0.3:
            action = library.marks.undo(action, author="me", session="s").result().action_id
            sys.stdout.write(f"{action} 0\\n")
        sys.stdout.flush()
"""


def test_a_kill_amid_mass_marks_leaves_whole_actions(library: Library) -> None:
    path = library.path
    photos = many_photos(library, 3 * BLOCK)
    library.close()
    random = np.random.default_rng(1)
    promised: set[int] = set()
    for number in range(_KILLS // 2):
        lines = int(random.integers(1, 9))
        promised |= {action for action, _ in _run_until_killed(path, _MARKER, lines, str(number))}
        with Library.open(path) as again:
            assert again.health()["ok"]
            actions = again.marks.actions(1000)
            assert promised <= {action.id for action in actions}
            with again._database.read() as connection:
                held = planes.stars(connection)[1 : len(photos) + 1]
                tagged = planes.tagged(connection, "x")
                expected = np.zeros(len(photos) + 1, np.uint8)
                has_tag = np.zeros(len(photos) + 1, np.bool_)
                for action in reversed(actions):
                    for event in reversed(events_of(connection, action.id)):
                        of_tag = event.kind is EventKind.TAG
                        (has_tag if of_tag else expected)[event.ids] = event.after
            assert np.array_equal(held, expected[1:])
            assert np.array_equal(tagged, np.flatnonzero(has_tag))


def test_a_killed_library_opens_read_only(library: Library, add_photo: Callable[..., int]) -> None:
    """As a copy of the files at this moment would: the log has not been taken in yet."""
    add_photo("/a.jpg", [make_face()])
    copy = library.path.with_name("copy.fiqa")
    for suffix in ("", "-wal"):
        source = Path(os.fspath(library.path) + suffix)
        Path(os.fspath(copy) + suffix).write_bytes(source.read_bytes())
    with Library.open(copy, read_only=True) as reader:
        assert len(reader.views.face_ids(Query())) == 1
    with Library.open(copy) as writer:
        assert writer.health()["ok"]
        assert writer.views.counts().photos == 1


@pytest.mark.slow
def test_a_disk_that_refuses_to_grow_is_an_error_and_no_damage(library: Library) -> None:
    """The same with the system saying no: a limit on the size of files."""
    path = library.path
    library.close()
    script = """
import resource, signal, sys
from fiqa_studio.domain.errors import LibraryError
from fiqa_studio.store.library import Library
from tests.store.values import make_face, make_photo

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Library.open(sys.argv[1]) as library:
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
    number, codes = 0, []
    while not codes:
        photo = make_photo(str(number), [make_face(n) for n in range(10)])
        try:
            library.photos.record_indexed(None, f"/{number}".encode(), 1, 1, photo).result()
        except LibraryError as error:
            codes.append(error.code)
        else:
            number += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    photo = make_photo("last", [make_face()])
    library.photos.record_indexed(None, b"/last", 1, 1, photo).result()
    sys.stdout.write(f"{number} {codes[0]}")
"""
    done = subprocess.run(
        [sys.executable, "-c", script, os.fspath(path)], capture_output=True, text=True, check=True
    )
    number, code = done.stdout.split()
    assert code in ("library.io", "library.disk-full")
    with Library.open(path) as again:
        assert again.health()["ok"]
        assert again.views.counts().photos == int(number) + 1
