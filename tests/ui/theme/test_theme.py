"""Colours, icons and the style sheet."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

import fiqa_resources
from fiqa_studio.ui import theme
from fiqa_studio.ui.theme.stylesheet import stylesheet
from fiqa_studio.ui.theme.tokens import DARK, LIGHT, Palette

PALETTES = [pytest.param(DARK, id="dark"), pytest.param(LIGHT, id="light")]
GROUNDS = ("canvas", "window", "panel", "raised", "well")
TEXTS = ("text", "text_muted", "accent_text", "danger", "warning", "success")
ICONS = sorted((Path(fiqa_resources.__file__).parent / "icons").glob("*.svg"))


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("text", TEXTS)
def test_text_reads_on_every_ground(palette: Palette, text: str) -> None:
    worst = min(theme.contrast(getattr(palette, text), getattr(palette, on)) for on in GROUNDS)
    assert worst >= 4.5


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("on_accent", "accent"),
        ("on_accent", "accent_hover"),
        ("on_selection", "selection"),
        ("text", "hover"),
        ("text", "pressed"),
        ("text_muted", "hover"),
        ("text", "danger_soft"),
        ("text", "warning_soft"),
        ("text", "info_soft"),
    ],
)
def test_text_reads_on_its_own_ground(palette: Palette, text: str, ground: str) -> None:
    assert theme.contrast(getattr(palette, text), getattr(palette, ground)) >= 4.5


@pytest.mark.parametrize("palette", PALETTES)
def test_the_focus_ring_stands_out(palette: Palette) -> None:
    assert min(theme.contrast(palette.focus, getattr(palette, on)) for on in GROUNDS) >= 3


@pytest.mark.parametrize("palette", PALETTES)
def test_every_score_reads_on_every_ground(palette: Palette) -> None:
    for hundredth in range(101):
        colour = theme.score_colour(hundredth / 100, palette).name()
        assert min(theme.contrast(colour, getattr(palette, on)) for on in GROUNDS) >= 4.5


def test_every_score_reads_on_a_badge() -> None:
    for hundredth in range(101):
        assert theme.contrast(theme.badge_colour(hundredth / 100).name(), theme.SCRIM) >= 4.5


@pytest.mark.parametrize("palette", PALETTES)
def test_the_hue_of_scores_rises_steadily(palette: Palette) -> None:
    hues = [theme.score_colour(step / 20, palette).hue() for step in range(21)]
    assert all(later > earlier for earlier, later in pairwise(hues))


def test_a_colour_handed_out_may_be_changed() -> None:
    theme.score_colour(0.5).setAlpha(10)
    assert theme.score_colour(0.5).alpha() == 255


@pytest.mark.parametrize("palette", PALETTES)
def test_the_style_sheet_names_only_tokens(palette: Palette) -> None:
    sheet = stylesheet(palette)
    assert palette.accent in sheet
    assert "$" not in sheet


@pytest.mark.parametrize("path", ICONS, ids=lambda path: path.stem)
def test_icons_are_one_set(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    if path.stem != "app":
        assert 'viewBox="0 0 24 24"' in source
        assert "currentColor" in source
        assert 'stroke-width="1.6"' in source


def test_an_unknown_icon_is_a_mistake(qapp: object) -> None:
    with pytest.raises(KeyError):
        theme.icon("no-such-icon")


def test_icons_follow_the_theme(qtbot: QtBot) -> None:
    button = QToolButton()
    qtbot.addWidget(button)
    theme.set_icon(button, "folder")
    dark = button.icon().cacheKey()
    theme.manager.apply("light")
    assert button.icon().cacheKey() != dark


@pytest.mark.parametrize("name", ["dark", "light", "system", "no such theme"])
def test_any_remembered_theme_can_be_put_on(qapp: object, name: str) -> None:
    theme.manager.apply(name)
    assert theme.manager.palette in (DARK, LIGHT)
