"""The report and its plots: whole, harmless, and the same numbers as the analysis."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fiqa_studio.study import file, stored
from fiqa_studio.study.decisions import Decision, What
from fiqa_studio.study.exchange.foreign import Layout, read_table
from fiqa_studio.study.importing import import_study
from fiqa_studio.study.mos import MosMethod
from fiqa_studio.study.reliability import Thresholds, reliability
from fiqa_studio.study.report import page, plots
from fiqa_studio.study.report.drawing import Axes, Dot, Line, Text, png, svg, ticks
from tests.study.tables import GAPS, RATERS, text, wide
from tests.study.test_reliability import ANSWERS
from tests.study.test_reliability import study as simulated_rows

EVIL = '<script>alert("x")</script>&.jpg'


@pytest.fixture
def study(tmp_path: Path) -> Path:
    rows = wide(GAPS)
    rows[1][0] = '"' + EVIL.replace('"', '""') + '"'
    (tmp_path / "t.csv").write_text(text(rows))
    import_study(read_table(tmp_path / "t.csv", Layout.WIDE), tmp_path / "s.study", title="A & B")
    return tmp_path / "s.study"


def test_the_page_holds_every_number_and_names_are_no_markup(study: Path, tmp_path: Path) -> None:
    with file.opened(study) as opened:
        decision = Decision(rater="r3", what=What.USE, yes=False, reason="in the dark", author="me")
        stored.decide(opened.database, decision)
        report = page.report_of(opened)
        expected = stored.analyse_study(opened)
    page.save(report, tmp_path / "report.html", tmp_path / "plots")
    shown = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert "A &amp; B" in shown
    assert "in the dark" in shown
    assert not re.search(r'(src|href)="', shown)  # nothing is fetched
    for one in expected.stimuli:
        assert f"<td>{one.mos:.2f}</td>" in shown
    assert expected.icc is not None
    assert f"{expected.icc.average:.3f}" in shown
    assert "nan" not in re.sub(r"<[^>]*>", "", shown).lower().split()
    names = {path.name for path in (tmp_path / "plots").iterdir()}
    assert {"mos.svg", "mos.png", "sos.svg", "correlations.png", "convergence.svg"} <= names
    for path in (tmp_path / "plots").glob("*.svg"):
        ET.parse(path)  # noqa: S314 - written a moment ago by ourselves
    for path in (tmp_path / "plots").glob("*.png"):
        with Image.open(path) as picture:
            assert picture.size == (1260, 900)
            assert len(picture.convert("L").getcolors(256) or ()) > 2


def test_a_small_panel_and_a_study_of_one_still_have_a_report(tmp_path: Path) -> None:
    for name, table in {
        "panel": "image,a,b,c\nx,1,2,1\ny,4,5,4\nz,3,3,2\n",
        "one": "image,rater,score\nx,a,1\ny,a,4\nz,a,3\n",
        "flat": "image,a,b\nx,3,3\ny,3,3\nz,3,3\n",
    }.items():
        (tmp_path / "t.csv").write_text(table)
        layout = Layout.LONG if "rater" in table else Layout.WIDE
        target = tmp_path / f"{name}.study"
        import_study(read_table(tmp_path / "t.csv", layout), target)
        for method in MosMethod:
            with file.opened(target) as opened:
                shown = page.html(page.report_of(opened, method))
            assert "</html>" in shown


def test_the_papers_figures_show_every_rater_and_mark_the_bad_ones() -> None:
    rows, _, _ = simulated_rows()
    board = reliability(rows, low=1, high=100, answers=ANSWERS)
    second, fourth = plots.figure_2(board, Thresholds()), plots.figure_4(board, Thresholds())
    assert second is not None
    assert fourth is not None
    dots = {shape.title: shape for shape in second.shapes if isinstance(shape, Dot)}
    assert len(dots) == 11  # one who always says the same has no correlation
    assert dots["honest-1"].colour != dots["inverted-11"].colour
    axes = Axes((0.0, 1.0), (-1.0, 1.0))
    report = board[0]
    assert report.gold_accuracy is not None
    x, _ = axes.at(report.gold_accuracy, 0)
    assert dots["honest-1"].x == pytest.approx(x)
    assert sum(isinstance(shape, Line) and shape.dashed for shape in second.shapes) == 6
    png(second)
    assert plots.figure_2((), Thresholds()) is None


def test_svg_and_png_put_a_dot_at_the_same_place() -> None:
    axes = Axes((0.0, 10.0), (0.0, 1.0), "x", "y")
    axes.dot(5.0, 0.5, "#ff0000", "<here>")
    plot = axes.plot("p", "t")
    x, y = axes.at(5.0, 0.5)
    assert f'cx="{x:.2f}" cy="{y:.2f}"' in svg(plot)
    assert "&lt;here&gt;" in svg(plot)
    with Image.open(io.BytesIO(png(plot))) as picture:
        red = np.asarray(picture.convert("RGB"))
    ys, xs = np.nonzero((red[..., 0] > 200) & (red[..., 1] < 60))
    assert xs.mean() / 3 == pytest.approx(x, abs=0.5)
    assert ys.mean() / 3 == pytest.approx(y, abs=0.5)


def test_marks_of_an_axis_are_round_and_inside() -> None:
    assert ticks(0, 100) == [0, 20, 40, 60, 80, 100]
    assert ticks(1, 5) == [1, 2, 3, 4, 5]
    assert ticks(-3, 3) == [-3, -2, -1, 0, 1, 2, 3]
    axes = Axes((1.0, 5.0), (0.0, 1.0))
    words = [s.text for s in axes.plot("a", "b").shapes if isinstance(s, Text)]
    assert {"1", "5", "0.2"} <= set(words)


def test_every_rater_is_in_the_table(study: Path) -> None:
    with file.opened(study) as opened:
        shown = page.html(page.report_of(opened, MosMethod.GFIQA))
    for rater in RATERS:
        assert f"<td>{rater}</td>" in shown
    assert "outside the mean ± 1 SD" in shown
