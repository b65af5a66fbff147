"""Import and verification by their dialogs; checkpoints are read by the real program."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from fiqa_studio.engine.scoring.installed import InstalledScorer, Scorers
from fiqa_studio.ui.models import words
from fiqa_studio.ui.models.importing import ImportDialog
from fiqa_studio.ui.models.verifying import VerifyDialog
from tests.engine.installed import install, own_models

PATIENCE = 240_000


@pytest.fixture
def dialog(qtbot: QtBot) -> Iterator[ImportDialog]:
    shown = ImportDialog(Scorers())
    qtbot.addWidget(shown)
    shown.show()
    yield shown
    shown.close()


def fill(dialog: ImportDialog, folder: Path, name: str = "gfiqa") -> None:
    dialog.encoder.set_path(folder / "DE.pt")
    dialog.quality.set_path(folder / "IQA.pt")
    dialog.name.setText(name)


def start(qtbot: QtBot, dialog: ImportDialog | VerifyDialog) -> None:
    qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    assert dialog.running
    assert not dialog.start.isEnabled()


def refused(qtbot: QtBot, dialog: ImportDialog | VerifyDialog) -> str:
    start(qtbot, dialog)
    qtbot.waitUntil(lambda: not dialog.running, timeout=PATIENCE)
    assert dialog.isVisible()
    assert dialog.start.isEnabled(), "mend it and try again"
    return dialog.refusal.text


def test_one_file_of_a_pair_finds_the_other(dialog: ImportDialog, tmp_path: Path) -> None:
    assert not dialog.start.isEnabled()
    assert dialog.start.toolTip() == "Choose both files first"
    for name in ("DE.pt", "IQA.pt"):
        (tmp_path / name).touch()
    dialog.encoder.set_path(tmp_path / "DE.pt")
    assert dialog.quality.path == tmp_path / "IQA.pt"
    assert dialog.start.isEnabled()
    dialog.name.clear()
    assert dialog.start.toolTip() == "Choose a name first"


def test_the_data_set_brings_its_landmarks_and_a_name(qtbot: QtBot, dialog: ImportDialog) -> None:
    found = {}
    for dataset, _ in words.DATASETS:
        dialog.dataset.setCurrentText(dataset)
        found[dialog.name.text()] = dialog.landmarks.currentData()
    assert found == {"gfiqa-20k": "mesh468", "cgfiqa-40k": "mesh468", "custom": "ibug68"}
    dialog.name.clear()
    qtbot.keyClicks(dialog.name, "mine")
    dialog.dataset.setCurrentText("GFIQA-20k")
    assert dialog.name.text() == "mine", "what the user typed stays"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"no checkpoint at all", "DE.pt is damaged or not a checkpoint."),
        (b"PK\x03\x04 half an archive", "DE.pt is damaged or not a checkpoint."),
        (b"\x80\x04cposix\nsystem\n(S'touch ran'\ntR.", "DE.pt "),
    ],
)
def test_what_is_no_checkpoint_is_refused_and_nothing_of_it_is_run(
    qtbot: QtBot,
    dialog: ImportDialog,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DE.pt", "IQA.pt"):
        (tmp_path / name).write_bytes(content)
    fill(dialog, tmp_path)
    assert refused(qtbot, dialog).startswith(sentence)
    assert not (tmp_path / "ran").exists()
    assert list(own_models().iterdir()) == []


def test_another_network_is_refused_with_what_differs_to_copy(
    qtbot: QtBot, dialog: ImportDialog, mismatched: Path
) -> None:
    fill(dialog, mismatched)
    said = refused(qtbot, dialog)
    assert said.startswith("DE.pt is not the published network.")
    assert "shape: E.0.weight is [64, 3, 5, 5], must be [64, 3, 3, 3]" in said
    assert said.endswith("Are the two files of one release, and in the right order?")
    dialog.refusal.copy_details()
    assert QGuiApplication.clipboard().text() == said


def test_a_name_that_is_taken_is_refused(
    qtbot: QtBot, dialog: ImportDialog, tmp_path: Path
) -> None:
    install("mine")
    fill(dialog, tmp_path, "mine")
    assert "There is a scorer “mine” already." in refused(qtbot, dialog)
    dialog.name.setText("Not A Name")
    assert "cannot be a scorer's name" in refused(qtbot, dialog)


@pytest.mark.slow
def test_a_published_pair_becomes_a_scorer(
    qtbot: QtBot, dialog: ImportDialog, published: Path
) -> None:
    imported: list[InstalledScorer] = []
    steps: list[str] = []
    dialog.imported.connect(imported.append)
    dialog._stepped.connect(lambda step, _share: steps.append(step))
    dialog.dataset.setCurrentText("custom")
    fill(dialog, published, "authors")
    start(qtbot, dialog)
    qtbot.waitUntil(lambda: not dialog.isVisible(), timeout=PATIENCE)
    (scorer,) = imported
    assert (scorer.name, scorer.title) == ("authors", "DSL-FIQA (custom)")
    assert (scorer.landmarks, scorer.own, scorer.available) == ("ibug68", True, True)
    assert scorer.size > 9 * 10**8
    assert steps[0] == "Reading DE.pt"
    assert steps[-1] == "Writing authors.safetensors"
    assert scorer.name in [one.name for one in Scorers().installed()]
    for path in own_models().iterdir():
        path.unlink()  # a gigabyte


@pytest.mark.slow
@pytest.mark.parametrize("how", ["button", "escape"])
def test_a_cancelled_import_leaves_nothing(
    qtbot: QtBot, dialog: ImportDialog, published: Path, how: str
) -> None:
    fill(dialog, published)
    start(qtbot, dialog)
    qtbot.waitUntil(lambda: dialog.step.startswith(("Reading IQA", "Checking")), timeout=PATIENCE)
    if how == "button":
        qtbot.mouseClick(dialog.leave, Qt.MouseButton.LeftButton)
    else:
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.step == "Cancelling…"
    qtbot.waitUntil(lambda: not dialog.running, timeout=PATIENCE)
    assert dialog.isVisible()
    assert dialog.refusal.text == ""
    assert dialog.encoder.path == published / "DE.pt"
    assert list(own_models().iterdir()) == []
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[]", "spec.json is not a specification."),
        ('{"DE": {"E.0.weight": [64', "spec.json ends too early."),
    ],
)
def test_a_file_that_is_no_specification_is_refused(
    qtbot: QtBot, tmp_path: Path, content: str, sentence: str
) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(content)
    dialog = VerifyDialog(Scorers())
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.start.toolTip() == "Choose a specification first"
    dialog.specification.set_path(spec)
    assert refused(qtbot, dialog).startswith(sentence)
    assert dialog.outcome == ""
    dialog.close()


ROUNDING = "within the tolerance and six times the measured effect of rounding"
ROWS = [
    {"case": "seed 1", "what": what, "published": 0.5, "found": 0.5 + by, "deviation": 2 * by}
    | {"agrees": by == 0, "within_rounding": by < 0.01}
    | {"tolerance_used": 2000 * by, "rounding_used": 200 * by}
    for what, by in (("score", 0.0), ("swin1 std", 0.001), ("swin2 std", 0.02))
]


@pytest.fixture
def played() -> Callable[[list[object]], Scorers]:
    """A program in place of the models': the network itself would take minutes."""

    def make(rows: list[object]) -> Scorers:
        code = f"import sys; print({json.dumps(rows)!r}); sys.exit(1)"
        return Scorers([sys.executable, "-c", code])

    return make


def test_the_keyboard_begins_in_the_form(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = VerifyDialog(Scorers())
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(dialog.specification.edit.hasFocus)
    dialog.specification.set_path(tmp_path / "any.json")
    met = []
    for _ in range(3):
        dialog.focusNextChild()
        met.append(dialog.focusWidget())
    assert met == [dialog.specification.choose, dialog.leave, dialog.start]
    dialog.close()


def column(dialog: VerifyDialog, number: int) -> list[str]:
    rows = (dialog.table.topLevelItem(row) for row in range(dialog.table.topLevelItemCount()))
    return [row.text(number) for row in rows if row is not None and not row.isHidden()]


def test_every_number_is_shown_with_its_deviation(
    qtbot: QtBot, tmp_path: Path, played: Callable[[list[object]], Scorers]
) -> None:
    dialog = VerifyDialog(played(list(ROWS)))
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.specification.set_path(tmp_path / "any.json")
    start(qtbot, dialog)
    qtbot.waitUntil(lambda: bool(dialog.outcome), timeout=PATIENCE)
    assert dialog.outcome.splitlines() == [
        "Strict: failed",
        "2 of 3 numbers are not within 0.001 of the published number.",
        "swin2 std (seed 1): 40.00 × the tolerance",
        "swin1 std (seed 1): 2.00 × the tolerance",
        "With rounding: failed",
        f"1 of 3 numbers is not {ROUNDING}.",
        "swin2 std (seed 1): 4.00 × what is allowed",
    ]
    assert column(dialog, 6) == ["deviates", "within rounding", "agrees"], "the worst first"
    assert column(dialog, 5) == ["40.00 ×", "2.00 ×", "0.00 ×"]
    assert column(dialog, 4) == ["+4.0000 %", "+0.2000 %", "+0.0000 %"]
    dialog._only.setChecked(True)
    assert column(dialog, 1) == ["swin2 std", "swin1 std"]
    dialog._only.setChecked(False)
    dialog.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert column(dialog, 1) == ["score", "swin1 std", "swin2 std"], "as the network computes"
    dialog.copy_table()
    lines = QGuiApplication.clipboard().text().splitlines()
    names = ["case", "what", "published", "found", "deviation", "tolerances", "verdict"]
    assert lines[0].split("\t") == names
    assert lines[3].split("\t")[-3:] == ["4.000e-02", "40", "deviates"]
    dialog.close()


def test_a_verification_shows_its_steps_and_can_be_cancelled(qtbot: QtBot, tmp_path: Path) -> None:
    """Its program hangs here as the network would compute for minutes."""
    step = json.dumps({"step": "Case 2 of 3, seed 1: the network", "share": 1 / 3})
    code = f"import sys, time; print({step!r}, file=sys.stderr, flush=True); time.sleep(600)"
    dialog = VerifyDialog(Scorers([sys.executable, "-c", code]))
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.specification.set_path(tmp_path / "any.json")
    start(qtbot, dialog)
    qtbot.waitUntil(lambda: dialog.step.startswith("Case 2 of 3"), timeout=PATIENCE)
    assert dialog._bar.value() / dialog._bar.maximum() == pytest.approx(1 / 3, abs=0.01)
    qtbot.mouseClick(dialog.leave, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dialog.running, timeout=PATIENCE)
    assert (dialog.outcome, dialog.refusal.text, dialog.step) == ("", "", "")
    assert dialog.isVisible()
    assert dialog.start.isEnabled()
    dialog.close()


def test_a_second_run_takes_the_place_of_the_first(
    qtbot: QtBot, tmp_path: Path, played: Callable[[list[object]], Scorers]
) -> None:
    dialog = VerifyDialog(played(list(ROWS[:1])))
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.specification.set_path(tmp_path / "any.json")
    for _ in range(2):
        start(qtbot, dialog)
        assert dialog.outcome == ""
        qtbot.waitUntil(lambda: bool(dialog.outcome), timeout=PATIENCE)
    assert dialog.outcome.splitlines() == [
        "Strict: passed",
        "All 1 numbers are within 0.001 of the published number.",
        "Furthest: score (seed 1): 0.00 × the tolerance",
        "With rounding: passed",
        f"All 1 numbers are {ROUNDING}.",
        "Furthest: score (seed 1): 0.00 × what is allowed",
    ]
    assert not dialog._only.isEnabled()
    dialog.close()
