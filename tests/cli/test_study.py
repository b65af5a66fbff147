"""`fiqa study import`, `analyse`, `decide` and `export`, as a user and as a script see them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fiqa_studio.store.library import Library
from fiqa_studio.study.exchange.foreign import Layout, read_table
from tests.study.oracles import sureal
from tests.study.tables import GAPS, RATERS, STIMULI, long, text, turned, wide

from .conftest import Fiqa


@pytest.fixture
def study(fiqa: Fiqa, tmp_path: Path) -> Path:
    (tmp_path / "ratings.csv").write_text(text(wide(GAPS)))
    target = tmp_path / "faces.study"
    fiqa("study", "import", "--from", tmp_path / "ratings.csv", "--layout", "wide", "--to", target)
    return target


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(done.stdout)


def mos_of(found: Any) -> list[float]:
    return [stimulus["mos"] for stimulus in found["stimuli"]]


def test_the_plain_mos_of_a_table_comes_out(fiqa: Fiqa, study: Path) -> None:
    found = answer(fiqa("study", "analyse", study, "--method", "mos", "--json"))
    assert [stimulus["name"] for stimulus in found["stimuli"]] == STIMULI
    np.testing.assert_allclose(mos_of(found), np.nanmean(GAPS, axis=1), rtol=1e-14)
    first = found["stimuli"][0]
    assert first["n"] == np.isfinite(GAPS[0]).sum()
    assert first["sd"] == pytest.approx(np.nanstd(GAPS[0], ddof=1))
    assert [rater["name"] for rater in found["raters"]] == RATERS
    others = np.nanmean(GAPS[:, 1:], axis=1)
    both = np.isfinite(GAPS[:, 0])
    expected = np.corrcoef(GAPS[both, 0], others[both])[0, 1]
    assert found["raters"][0]["loo_plcc"] == pytest.approx(expected)
    assert found["raters"][0]["used"] is True
    assert found["raters"][0]["why"] == ""


def test_the_default_is_p910(fiqa: Fiqa, study: Path) -> None:
    found = answer(fiqa("study", "analyse", study, "--json"))
    theirs = sureal("P910AnnexEModel", GAPS[:, :, None])
    np.testing.assert_allclose(mos_of(found), theirs["quality_scores"], atol=1e-7)
    bias = [rater["bias"] for rater in found["raters"]]
    np.testing.assert_allclose(bias, theirs["observer_bias"], atol=1e-7)


@pytest.mark.parametrize("method", ["gfiqa", "bt500", "p913", "loo"])
def test_every_method_answers(fiqa: Fiqa, study: Path, method: str) -> None:
    done = fiqa("study", "analyse", study, "--method", method, "--json")
    assert set(answer(done)) == {"stimuli", "raters"}
    assert "Warning" not in done.stderr


def test_layouts_agree(fiqa: Fiqa, tmp_path: Path) -> None:
    answers = []
    tables = {"wide": text(turned(wide(GAPS))), "long": text(long(GAPS), ";")}
    for layout, table in tables.items():
        (tmp_path / f"{layout}.csv").write_text(table, encoding="utf-16")
        target = tmp_path / f"{layout}.study"
        fiqa(
            "study",
            "import",
            "--from",
            tmp_path / f"{layout}.csv",
            "--layout",
            layout,
            "--to",
            target,
        )
        answers.append(answer(fiqa("study", "analyse", target, "--method", "mos", "--json")))
    assert mos_of(answers[0]) == pytest.approx(mos_of(answers[1]), rel=1e-14)


def test_a_dry_run_writes_nothing(fiqa: Fiqa, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(text(long()).replace("img_003.jpg,r2,", "img_003.jpg,r2,77", 1))
    done = fiqa("study", "import", "--from", table, "--dry-run", "--json")
    assert answer(done)["left_out"] == {"out-of-range": 1}
    assert "is not on the scale from 1 to 5" in done.stderr
    assert list(tmp_path.iterdir()) == [table]


def test_a_study_is_not_replaced_and_a_bad_table_leaves_none(
    fiqa: Fiqa, study: Path, tmp_path: Path
) -> None:
    before = study.read_bytes()
    table = tmp_path / "ratings.csv"
    done = fiqa("study", "import", "--from", table, "--layout", "wide", "--to", study, status=3)
    assert "exists already" in done.stderr
    assert study.read_bytes() == before
    table.write_text("a,b\nx,y\n")
    done = fiqa("study", "import", "--from", table, "--to", tmp_path / "new.study", status=3)
    assert "No column was found" in done.stderr
    assert not (tmp_path / "new.study").exists()


def test_a_decision_holds_until_it_is_taken_back(fiqa: Fiqa, study: Path) -> None:
    fiqa("study", "decide", study, "r3", "use", "no", "--reason", "rated in the dark")
    found = answer(fiqa("study", "analyse", study, "--method", "mos", "--json"))
    np.testing.assert_allclose(mos_of(found), np.nanmean(np.delete(GAPS, 2, axis=1), axis=1))
    assert (found["raters"][2]["used"], found["raters"][2]["why"]) == (False, "rated in the dark")
    said = answer(fiqa("study", "raters", study, "--json"))
    assert said["decisions"][0]["reason"] == "rated in the dark"
    fiqa("study", "decide", study, "r3", "use", "yes")
    found = answer(fiqa("study", "analyse", study, "--method", "mos", "--json"))
    np.testing.assert_allclose(mos_of(found), np.nanmean(GAPS, axis=1))
    assert "no rater" in fiqa("study", "decide", study, "nobody", "use", "no", status=3).stderr


@pytest.mark.parametrize("form", ["long", "p910", "sureal"])
def test_what_is_exported_comes_in_again(
    fiqa: Fiqa, study: Path, tmp_path: Path, form: str
) -> None:
    target = tmp_path / f"out.{form}"
    fiqa("study", "export", study, "--format", form, "--to", target)
    again = read_table(target, Layout(form)).ratings()
    names = STIMULI if form != "p910" else [str(i + 1) for i in range(30)]
    places = [again.stimuli.index(name) for name in names]
    np.testing.assert_array_equal(again.table()[places], GAPS)


def test_labels_and_mos_are_exported(fiqa: Fiqa, study: Path, tmp_path: Path) -> None:
    labels = tmp_path / "label.json"
    fiqa("study", "export", study, "--format", "gfiqa", "--method", "mos", "--to", labels)
    content = json.loads(labels.read_text())
    assert content["Image"] == STIMULI
    expected = (np.nanmean(GAPS, axis=1) - 1) / 4 * 0.99 + 0.01  # the paper's mapping of the ACR
    np.testing.assert_allclose(content["MOS"], expected)
    fiqa("study", "export", study, "--format", "mos", "--method", "mos", "--to", tmp_path / "m.csv")
    lines = (tmp_path / "m.csv").read_text().splitlines()
    assert lines[0] == "stimulus,mos,sd,ci_low,ci_high,n,method"
    assert len(lines) == 31
    done = fiqa("study", "export", study, "--to", study, status=3)
    assert "would replace" in done.stderr
    assert "analyse" in fiqa("study", "--help").stdout


def test_people_get_a_table(fiqa: Fiqa, study: Path) -> None:
    shown = fiqa("study", "analyse", study).stdout
    assert "img_000.jpg" in shown
    assert "ICC(2," in shown
    assert "Krippendorff" in shown


def test_a_report_and_its_plots(fiqa: Fiqa, study: Path, tmp_path: Path) -> None:
    page, plots = tmp_path / "report.html", tmp_path / "plots"
    fiqa("study", "report", study, "--to", page, "--plots", plots, "--method", "gfiqa")
    assert "img_000.jpg" in page.read_text()
    assert (plots / "mos.svg").exists()
    assert (plots / "mos.png").exists()


def test_publishing_says_what_was_not_found(fiqa: Fiqa, study: Path, library: Path) -> None:
    if not library.exists():
        with Library.create(library):
            pass
    done = fiqa("study", "publish", study, status=3)
    assert "None of the study's pictures is a face of this library" in done.stderr
    done = fiqa("study", "pairs", study, status=3)
    assert "no comparisons" in done.stderr
