"""The main job as a user does it: a folder in, ranked faces, the reason, a table out."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QLineEdit, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.query import SortKey
from fiqa_studio.ui.app import App
from fiqa_studio.ui.browser.browser import Browser
from fiqa_studio.ui.exporting.dialog import ExportDialog
from fiqa_studio.ui.filters.bar import FilterBar
from fiqa_studio.ui.loupe.loupe import LoupeView
from fiqa_studio.ui.shell.workspace import Workspace

_WORKER_MS = 180_000
_WINDOW_MS = 20_000


def test_a_folder_becomes_ranked_faces_and_a_table(
    studio: App, qtbot: QtBot, album: Path, tmp_path: Path
) -> None:
    window = studio.window

    # A first run says what to do; the folder is added with the keyboard alone.
    assert window.welcome.isVisible()
    _answer_file_dialog(album)
    _press(qtbot, window, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: window.workspace is not None, timeout=_WINDOW_MS)
    work = window.workspace
    assert work is not None
    qtbot.waitUntil(lambda: _all_scored(work), timeout=_WORKER_MS)
    qtbot.waitUntil(lambda: work.session.listing.count == _faces(work), timeout=_WINDOW_MS)
    assert _faces(work) >= 10
    assert work.session.library.views.counts().failed == 1

    # Best first; the order turned round by a key is the reverse.
    best_first = _scores(work)
    assert best_first == sorted(best_first, reverse=True)
    assert best_first[0] - best_first[-1] > 0.2
    _press(qtbot, window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: _scores(work) == sorted(best_first), timeout=_WINDOW_MS)

    # Sorted by name with the mouse and the arrow keys.
    combo = next(
        box for box in window.toolbar.findChildren(QComboBox) if box.accessibleName() == "Sort by"
    )
    combo.setFocus()
    QTest.keyClick(combo, Qt.Key.Key_Down)
    QTest.keyClick(combo, Qt.Key.Key_Down)
    qtbot.waitUntil(
        lambda: work.session.listing.query.order.key is SortKey.NAME, timeout=_WINDOW_MS
    )

    # Only the better half: the left edge of the histogram's brush is dragged to the middle.
    histogram = _filters(work).histogram
    qtbot.waitUntil(lambda: histogram.loaded, timeout=_WINDOW_MS)
    everything = work.session.listing.count
    _type_number(work, "Lowest score shown", 40)
    qtbot.waitUntil(
        lambda: work.session.listing.query.term("score") is not None, timeout=_WINDOW_MS
    )
    qtbot.waitUntil(lambda: 0 < work.session.listing.count < everything, timeout=_WINDOW_MS)
    assert min(_scores(work)) >= (40 - 1) / 99 - 1e-9

    # The loupe, and the quality map drawn on the face.
    _grid(work).view.setFocus()
    QTest.keyClick(_grid(work).view, Qt.Key.Key_Home)
    QTest.keyClick(_grid(work).view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: work.area == "loupe", timeout=_WINDOW_MS)
    qtbot.waitUntil(lambda: _is_a_picture(work), timeout=_WORKER_MS)
    QTest.keyClick(_loupe(work).canvas, Qt.Key.Key_Z)
    plain = _canvas(work)
    QTest.keyClick(_loupe(work).canvas, Qt.Key.Key_Q)
    assert _loupe(work).overlay == "quality"
    qtbot.waitUntil(lambda: _differ(plain, _canvas(work)), timeout=_WINDOW_MS)
    QTest.keyClick(_loupe(work).canvas, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: work.area == "grid", timeout=_WINDOW_MS)

    # The faces shown, and only those, are exported.
    target = tmp_path / "faces.csv"
    _press(qtbot, window, Qt.Key.Key_E)
    _export_to(qtbot, target)
    qtbot.waitUntil(target.exists, timeout=_WINDOW_MS)
    with target.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["score"] for row in rows] == [f"{score:.6f}" for score in _scores(work)]
    assert len(rows) == work.session.listing.count
    assert {"path", "x", "y", "width", "height", "score", "spread", "scorer", "flags"} <= set(
        rows[0]
    )


def _press(qtbot: QtBot, window: QWidget, key: Qt.Key) -> None:
    """Ctrl+Shift and a key, in the active window."""
    # Without a window manager nobody hands the keyboard back after a dialog.
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=_WINDOW_MS)
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window, key, both)


def _answer_file_dialog(path: Path) -> None:
    """Put a path into the next file dialog and press Enter, as soon as it is there."""
    timer = QTimer(QApplication.instance())

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, QFileDialog):
            return
        field = dialog.findChild(QLineEdit)
        if field is None or not field.isVisible():
            return
        timer.stop()
        # Pasted, since the dialog completes what is typed key by key.
        QApplication.clipboard().setText(str(path))
        field.selectAll()
        QTest.keyClick(field, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        assert field.text() == str(path)
        QTest.keyClick(field, Qt.Key.Key_Return)

    timer.timeout.connect(answer)
    timer.start(50)


def _export_to(qtbot: QtBot, path: Path) -> None:
    """Put a path into the export dialog and press Enter, once it is there."""

    def dialog() -> ExportDialog | None:
        found = QApplication.activeModalWidget()
        return found if isinstance(found, ExportDialog) else None

    qtbot.waitUntil(lambda: dialog() is not None, timeout=_WINDOW_MS)
    found = dialog()
    assert found is not None
    qtbot.waitUntil(lambda: bool(found.place.text()), timeout=_WINDOW_MS)
    found.place.setFocus()
    found.place.selectAll()
    QTest.keyClicks(found.place, str(path))
    assert found.place.text() == str(path)
    QTest.keyClick(found.place, Qt.Key.Key_Return)


def _type_number(work: Workspace, name: str, value: int) -> None:
    box = next(b for b in _filters(work).findChildren(QSpinBox) if b.accessibleName() == name)
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(12, box.height() // 2))
    box.selectAll()
    QTest.keyClicks(box, str(value))
    QTest.keyClick(box, Qt.Key.Key_Return)


def _grid(work: Workspace) -> Browser:
    grid = work.area_view("grid")
    assert isinstance(grid, Browser)
    return grid


def _loupe(work: Workspace) -> LoupeView:
    loupe = work.area_view("loupe")
    assert isinstance(loupe, LoupeView)
    return loupe


def _filters(work: Workspace) -> FilterBar:
    filters = work.panel("filters")
    assert isinstance(filters, FilterBar)
    return filters


def _faces(work: Workspace) -> int:
    return work.session.library.views.counts().faces


def _all_scored(work: Workspace) -> bool:
    counts = work.session.library.views.counts()
    return work.session.busy is None and counts.faces > 0 and counts.scored == counts.faces


def _scores(work: Workspace) -> list[float]:
    views = work.session.library.views
    rows = views.face_rows(views.ids(work.session.listing.query))
    return [row.score for row in rows if row.score is not None]


def _canvas(work: Workspace) -> QImage:
    image: QImage = _loupe(work).canvas.grab().toImage()
    return image


def _is_a_picture(work: Workspace) -> bool:
    image = _canvas(work).scaled(64, 64).convertToFormat(QImage.Format.Format_Grayscale8)
    pixels = np.frombuffer(image.constBits(), np.uint8)
    return float(pixels.std()) > 15


def _differ(first: QImage, second: QImage) -> bool:
    return first.size() == second.size() and first != second
