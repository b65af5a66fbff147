"""Which page stands where there is nothing to see."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from fiqa_studio.ui.browser.empty_pages import Emptiness
from fiqa_studio.ui.widgets.empty import ABOUT_SCORES, WelcomePage

NEW = Emptiness(
    roots=0, photos=0, faces=0, in_folder=False, filtered=False, busy=False, of_faces=True
)


@pytest.mark.parametrize(
    ("changed", "page"),
    [
        ({}, "welcome"),
        ({"busy": True}, "busy"),
        ({"roots": 1, "busy": True}, "busy"),
        ({"roots": 1}, "no-photos"),
        ({"roots": 1, "photos": 9}, "no-faces"),
        ({"roots": 2, "photos": 9, "faces": 5, "in_folder": True}, "no-faces"),
        ({"roots": 2, "photos": 9, "in_folder": True, "of_faces": False}, "no-photos"),
        ({"roots": 1, "photos": 9, "busy": True}, "busy"),
        ({"roots": 1, "photos": 9, "faces": 5, "filtered": True}, "filters"),
        ({"roots": 1, "photos": 9, "faces": 0, "filtered": True}, "no-faces"),
        ({"roots": 1, "photos": 9, "filtered": True, "of_faces": False}, "filters"),
        ({"roots": 1, "photos": 9, "faces": 5, "filtered": True, "busy": True}, "filters"),
    ],
)
def test_the_page_says_why(changed: dict[str, int], page: str) -> None:
    values = {name: getattr(NEW, name) for name in NEW.__dataclass_fields__} | changed
    assert Emptiness(**values).page() == page


def test_text_of_several_lines_is_shown_whole(qtbot: QtBot) -> None:
    page = WelcomePage()
    qtbot.addWidget(page)
    page.resize(1360, 760)
    page.show()
    prose = next(label for label in page.findChildren(QLabel) if label.text() == ABOUT_SCORES)
    qtbot.waitUntil(lambda: prose.height() >= prose.heightForWidth(prose.width()))
