"""The window with its photos listed by name, and keys as a user presses them."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.query import Query, SortKey, Subject
from fiqa_studio.ui.shell.window import MainWindow
from tests.ui.culling.hands import go


@pytest.fixture
def photos(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """The window with the photos by name, the first one current."""
    session = window.context.session
    done: list[bool] = []
    session.listing.set_query(
        Query(Subject.PHOTOS).sorted_by(SortKey.NAME, descending=False), lambda: done.append(True)
    )
    qtbot.waitUntil(lambda: bool(done))
    go(qtbot, window, 0)
    return window
