"""Exporting in the real window, by a real job."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.query import Subject
from fiqa_studio.domain.terms import Between
from fiqa_studio.engine.engine import Engine
from fiqa_studio.engine.exporting.exporting import Preview
from fiqa_studio.engine.link.client import WorkerSettings
from fiqa_studio.exports.registry import find_format
from fiqa_studio.store.library import Library
from fiqa_studio.ui.exporting.dialog import ExportDialog, preview_said
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.session.settings import Settings
from fiqa_studio.ui.shell.window import MainWindow
from tests.ui.conftest import show_window


@pytest.fixture
def session(
    qapp: object, library: Library, settings: Settings, tmp_path: Path
) -> Iterator[Session]:
    """A session with a real engine, whose worker is never needed."""
    settings["last-export"] = str(tmp_path / "out")
    (tmp_path / "out").mkdir()
    engine = Engine(library, worker=WorkerSettings(command=("/no/such/worker",)))
    session = Session(library, engine, settings)
    yield session
    session.close()


@pytest.fixture
def window(qtbot: QtBot, session: Session) -> Iterator[MainWindow]:
    yield from show_window(qtbot, session)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def open_dialog(qtbot: QtBot, window: MainWindow) -> ExportDialog:
    window.context.window.action("export.open").trigger()
    (dialog,) = window.findChildren(ExportDialog)
    qtbot.waitUntil(dialog.isVisible)
    qtbot.waitUntil(lambda: bool(dialog.place.text()))
    return dialog


def choose_format(dialog: ExportDialog, name: str) -> None:
    names = [dialog.formats.itemData(row).name for row in range(dialog.formats.count())]
    dialog.formats.setCurrentIndex(names.index(name))


def export(qtbot: QtBot, window: MainWindow, dialog: ExportDialog) -> str:
    """Press Export and wait for what is said at the end."""
    qtbot.waitUntil(dialog.start.isEnabled)
    qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Exported" in window.banner.text, timeout=30_000)
    return window.banner.text


def test_all_shown_goes_into_a_table(qtbot: QtBot, window: MainWindow, out: Path) -> None:
    listing = window.context.listing
    dialog = open_dialog(qtbot, window)
    assert dialog.path == out / "faces.csv"
    qtbot.waitUntil(lambda: dialog.preview.text().startswith(f"{listing.count:,} faces, about"))
    said = export(qtbot, window, dialog)
    assert said == f"Exported {listing.count:,} faces in {out / 'faces.csv'}."
    lines = (out / "faces.csv").read_text().splitlines()
    assert len(lines) == listing.count + 1
    assert lines[1].startswith("/photos/")
    again = open_dialog(qtbot, window)
    assert again.path == out / "faces 2.csv", "what is there is not replaced by accident"
    again.reject()


def test_a_selection_is_meant_where_there_is_one(
    qtbot: QtBot, window: MainWindow, out: Path
) -> None:
    window.context.selection.select_ranges([(2, 4)])
    dialog = open_dialog(qtbot, window)
    assert dialog.what.currentText() == "Selected: 3 faces"
    choose_format(dialog, "list")
    qtbot.waitUntil(lambda: dialog.path == out / "photo list.csv")
    chosen = window.context.selection.chosen().target()
    photos = len(window.context.session.library.resolve(chosen, Subject.PHOTOS))
    assert f"{photos} photos" in export(qtbot, window, dialog)
    assert len((out / "photo list.csv").read_text().splitlines()) == photos + 1


def test_a_filter_goes_out_as_its_query(qtbot: QtBot, window: MainWindow, out: Path) -> None:
    listing = window.context.listing
    with qtbot.waitSignal(listing.listed):
        listing.set_query(listing.query.with_term(Between("score", 0.5)))
    dialog = open_dialog(qtbot, window)
    export(qtbot, window, dialog)
    assert '"query": "score:' in (out / "faces.csv.manifest.json").read_text()
    assert len((out / "faces.csv").read_text().splitlines()) == listing.count + 1


def test_links_are_offered_for_photos_alone(qtbot: QtBot, window: MainWindow, out: Path) -> None:
    dialog = open_dialog(qtbot, window)
    assert not dialog.link.isVisible()
    choose_format(dialog, "photos")
    qtbot.waitUntil(dialog.link.isVisible)
    qtbot.waitUntil(lambda: dialog.path == out / "photos")
    dialog.reject()


def test_what_cannot_be_is_said_in_the_dialog_which_stays(
    qtbot: QtBot, window: MainWindow, library: Library
) -> None:
    before = library.path.read_bytes()
    dialog = open_dialog(qtbot, window)
    dialog.place.setText(str(library.path))
    qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "is a library" in dialog.banner.text)
    assert dialog.isVisible()
    dialog.place.setText(str(library.path.parent / "no such folder" / "x.csv"))
    assert dialog.banner.text == ""
    qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "There is no folder" in dialog.banner.text)
    dialog.place.clear()
    assert not dialog.start.isEnabled()
    dialog.reject()
    assert library.path.read_bytes() == before


def test_a_path_of_the_users_own_survives_another_format(
    qtbot: QtBot, window: MainWindow, out: Path
) -> None:
    dialog = open_dialog(qtbot, window)
    dialog.place.clear()
    qtbot.keyClicks(dialog.place, str(out / "mine"))
    assert dialog.path == out / "mine.csv"
    choose_format(dialog, "photos")
    assert dialog.path == out / "mine"
    for odd in ("/", "~nobody-here", ".", "ö"):
        dialog.place.setText(odd)
        assert dialog.path is not None
    dialog.reject()


def test_enter_in_the_path_exports(qtbot: QtBot, window: MainWindow, out: Path) -> None:
    dialog = open_dialog(qtbot, window)
    dialog.place.clear()
    qtbot.keyClicks(dialog.place, str(out / "typed"))
    qtbot.keyClick(dialog.place, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Exported" in window.banner.text, timeout=30_000)
    assert (out / "typed.csv").exists()


def test_a_preview_in_words() -> None:
    table, photos = find_format("csv"), find_format("photos")
    assert preview_said(Preview(1, 400, False, 0, None), table, Subject.FACES) == (
        "1 face, about 400 bytes."
    )
    said = preview_said(Preview(1204, 5_400_000_000, True, 3, 1_000_000_000), photos, Subject.FACES)
    assert said == "1,204 photos, 5.4 GB. 3 photos are missing. Only 1.0 GB are free there."
