from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.geometry import HeadPose
from fiqa_studio.domain.photos import Exif, FaceFlag
from fiqa_studio.domain.scores import ScoreMaps
from fiqa_studio.engine.scoring.installed import Interval
from fiqa_studio.ui.inspector.panel import InspectorPanel
from fiqa_studio.ui.inspector.score_block import ScoreBlock
from fiqa_studio.ui.inspector.sections import PathRow
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.widgets import words
from tests.ui.patience import still

PATIENCE = 100_000
"""Longer than a test may take: what waits so long waits for something else."""


@pytest.fixture
def calibrated(engine: Any) -> None:
    """The scorer has an interval. To be named before `panel`, which asks for it at once."""
    interval = Interval(0.9, (0.4,), (0.05, 0.11), "227 rated photos")
    engine.scorers.intervals["0123456789abcdef"] = interval


@pytest.fixture
def panel(session: Session, qtbot: QtBot) -> Iterator[InspectorPanel]:
    made = InspectorPanel(session)
    qtbot.addWidget(made)
    made.resize(300, 900)
    made.show()
    return made


def said(panel: InspectorPanel, qtbot: QtBot, *parts: str) -> None:
    qtbot.waitUntil(lambda: all(part in panel.text for part in parts))


def test_it_says_what_to_do_while_empty(panel: InspectorPanel) -> None:
    assert panel.text == "Select a face or a photo to see its score explained"


def test_a_score_is_a_number_a_word_a_spread_and_a_place(
    panel: InspectorPanel, qtbot: QtBot
) -> None:
    panel.show_face(12)

    said(panel, qtbot, "50 Fair ± 4 over the face")
    said(panel, qtbot, "Better than", "of the 4 scored faces in this library")
    assert "not how recognisable it is" in panel.construct


def test_a_calibrated_range_stands_beside_the_score(
    calibrated: None, panel: InspectorPanel, qtbot: QtBot, engine: Any
) -> None:
    panel.show_face(12)

    said(panel, qtbot, "50 Fair (40–61) ± 4 over the face")
    block = panel.findChild(ScoreBlock)
    assert block.toolTip() == (
        "For 9 of 10 pictures set aside from training, the label lay within this range.\n"
        "Those pictures: 227 rated photos.\n"
        "Apart from that, the patches of this face differ by ± 4."
    )
    panel.show_face(13)
    said(panel, qtbot, "21 Poor (16–26)")
    panel.show_photo(1)
    said(panel, qtbot, "3 faces")
    assert block.toolTip() == ""
    assert engine.scorers.asked == ["0123456789abcdef"], "a process is asked once"


def test_score_range_and_place_come_together(
    calibrated: None, panel: InspectorPanel, qtbot: QtBot, engine: Any
) -> None:
    """The range costs a process, which begins with the panel and not with the first face."""
    qtbot.waitUntil(lambda: engine.scorers.asked == ["0123456789abcdef"])
    engine.scorers.answers.clear()
    panel.forget_intervals()
    panel._together.setInterval(PATIENCE)
    panel.show_face(12)
    qtbot.waitUntil(lambda: panel._held is not None)
    assert panel.text.startswith("Select a face"), "not the score alone"
    engine.scorers.answers.set()
    qtbot.waitUntil(lambda: panel._held is None)
    said(panel, qtbot, "50 Fair (40–61)", "Better than")


def test_a_range_that_is_long_in_coming_is_added(
    calibrated: None, panel: InspectorPanel, qtbot: QtBot, engine: Any
) -> None:
    qtbot.waitUntil(lambda: panel._intervals.knows("0123456789abcdef"))
    engine.scorers.answers.clear()
    panel.forget_intervals()
    panel._together.setInterval(0)
    panel.show_face(12)
    said(panel, qtbot, "50 Fair ± 4 over the face")
    panel._together.setInterval(PATIENCE)
    panel.show_face(13)
    said(panel, qtbot, "21 Poor")  # the next face does not wait again
    engine.scorers.answers.set()
    said(panel, qtbot, "21 Poor (16–26)")


def test_a_scorer_that_is_gone_has_no_range(
    calibrated: None, panel: InspectorPanel, qtbot: QtBot, engine: Any
) -> None:
    panel.show_face(12)
    said(panel, qtbot, "(40–61)")
    engine.scorers.intervals.clear()
    panel.forget_intervals()
    qtbot.waitUntil(lambda: "(40–61)" not in panel.text)
    said(panel, qtbot, "50 Fair ± 4 over the face")


def test_a_score_is_shown_where_the_range_cannot_be_read(
    panel: InspectorPanel, qtbot: QtBot, engine: Any
) -> None:
    engine.scorers.failing = KnownError("The models' program failed.")
    panel.show_face(12)

    said(panel, qtbot, "50 Fair ± 4 over the face")
    qtbot.waitUntil(lambda: len(engine.scorers.asked) == 1)


def test_the_ends_of_the_library_are_called_so(panel: InspectorPanel, qtbot: QtBot) -> None:
    panel.show_face(11)
    said(panel, qtbot, "The best of the 4 scored faces in this library.")
    panel.show_face(13)
    said(panel, qtbot, "The lowest of the 4 scored faces in this library.")


def test_the_reason_is_read_from_the_map(panel: InspectorPanel, qtbot: QtBot, library: Any) -> None:
    library.map_store[12] = ScoreMaps(
        np.full((32, 32), 0.5, np.float16), np.ones((32, 32), np.float16)
    )
    panel.show_face(12)

    said(panel, qtbot, "Quality is even across the face.")


def test_facts_and_provenance_are_shown(panel: InspectorPanel, qtbot: QtBot, library: Any) -> None:
    face = library.face_details[12]
    flags = frozenset([FaceFlag.UPSCALED, FaceFlag.PROFILE])
    library.face_details[12] = replace(face, row=replace(face.row, flags=flags))
    panel.show_face(12)
    said(panel, qtbot, "50 Fair")

    facts = panel.facts()
    assert facts["Eye distance"] == "40 px"
    assert facts["Head"].startswith("Turned 12° to the left")
    assert facts["Eyes"] == "Open (80 %)"
    assert facts["Scorer"] == "Starter"
    assert facts["Version"] == "01234567"
    assert facts["Ran on"] == "cpu, bfloat16"
    assert facts["Camera"] == "Canon EOS 1000D"
    assert facts["Dimensions"] == "800 × 600 px · 0.5 MP"
    assert panel.flags() == [FaceFlag.UPSCALED, FaceFlag.PROFILE]


def test_a_face_that_is_not_scored_says_so(
    panel: InspectorPanel, qtbot: QtBot, library: Any
) -> None:
    face = library.face_details[12]
    row = replace(face.row, score=None, spread=None, scorer="", scorer_hash="")
    library.face_details[12] = replace(face, row=row)
    panel.show_face(12)

    said(panel, qtbot, "– Not scored yet")
    assert "Scorer" not in panel.facts()


def test_a_photo_sums_up_its_faces_or_says_why_it_has_none(
    panel: InspectorPanel, qtbot: QtBot
) -> None:
    panel.show_photo(1)
    said(panel, qtbot, "50 3 faces median, from 21 to 90")
    panel.show_photo(3)
    said(panel, qtbot, "No face was found in this photo.")


def test_a_missing_photo_says_where_it_was(
    panel: InspectorPanel, qtbot: QtBot, library: Any
) -> None:
    detail = library.details[3]
    library.details[3] = replace(detail, row=replace(detail.row, missing=True))
    panel.show_photo(3)

    said(panel, qtbot, "The file is gone", "/photos/3.jpg")


def test_several_faces_are_summed_up(panel: InspectorPanel, qtbot: QtBot) -> None:
    panel.show_faces([11, 12, 13, 21])

    said(panel, qtbot, "4 faces median, from 21 to 90")


@pytest.mark.parametrize("show", ["show_face", "show_photo"])
def test_what_left_the_library_is_said(panel: InspectorPanel, qtbot: QtBot, show: str) -> None:
    getattr(panel, show)(404)

    said(panel, qtbot, "no longer in the library")


def test_only_the_newest_selection_shows(
    panel: InspectorPanel, qtbot: QtBot, session: Session
) -> None:
    for face_id in (11, 12, 13, 21, 11):
        panel.show_face(face_id)

    said(panel, qtbot, "90 Excellent")
    panel.clear()
    still(qtbot, panel, session)
    assert panel.text.startswith("Select a face")


def test_a_new_score_shows_without_asking(
    panel: InspectorPanel, qtbot: QtBot, library: Any
) -> None:
    panel.show_face(12)
    said(panel, qtbot, "50 Fair")
    face = library.face_details[12]
    library.face_details[12] = replace(face, row=replace(face.row, score=1.0))
    for listener in library.listeners:
        listener(Changes.of(Kind.SCORE, 12))

    said(panel, qtbot, "100 Excellent")


def test_a_long_path_gives_way_in_its_middle_and_is_copied_whole(
    panel: InspectorPanel, qtbot: QtBot
) -> None:
    path = "/photos/" + "a very long folder/" * 8 + "IMG_0001.jpg"
    row = PathRow()
    qtbot.addWidget(row)
    row.resize(200, 50)
    row.show()
    row.show_path(path)

    assert row.name.shown_text() == "IMG_0001.jpg"
    assert "…" in row.folder.shown_text()
    row.findChild(QToolButton).click()
    assert QGuiApplication.clipboard().text() == path


def test_facts_read_like_speech() -> None:
    exif = Exif(exposure_seconds=0.004, f_number=2.8, iso=400, focal_length_mm=50.0)
    assert words.exposure_said(exif).replace("\u00a0", " ") == "1/250 s · f/2.8 · ISO 400 · 50 mm"
    assert words.exposure_said(Exif(exposure_seconds=2.5)).replace("\u00a0", " ") == "2.5 s"
    assert words.exposure_said(Exif()) == ""
    assert words.pose_said(HeadPose(1, -2, 0)) == "Towards the camera"
    assert words.pose_said(HeadPose(20, -10, 8)) == (
        "Turned 20° to the right and 10° down, tilted 8° clockwise"
    )
    assert words.bytes_said(812) == "812 B"
    assert words.bytes_said(46_400) == "46 kB"
    assert words.bytes_said(3_240_000) == "3.2 MB"
    assert words.bytes_said(999_700) == "1.0 MB"
    assert words.eyes_said(0.1) == "Closed (10 %)"
    assert words.time_said(datetime(2024, 7, 3, 14, 5, tzinfo=UTC)).startswith("3 Jul 2024, ")
