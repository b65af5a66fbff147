"""A study of noise pictures on disk, and a real window to rate it in."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from fiqa_studio.study import file
from fiqa_studio.study.planning.design import build
from fiqa_studio.study.sitting.steps import Trial
from fiqa_studio.study.values import GoldSide, Rules, StimulusSource, Texts
from fiqa_studio.ui.study.window import RatingWindow
from tests.study.values import faces

PLAIN = Rules(
    batch_size=12, gold_per_batch=2, repeats_per_batch=1, repeat_distance=3, checks=(),
    minimum_viewing_ms=0, training_attempts=2, break_after_minutes=0,
)  # fmt: skip

Make = Callable[..., Path]
Open = Callable[..., RatingWindow]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes the study file of 24 faces in two batches with 4 gold faces; lessons where asked."""

    def made(
        *,
        rules: Rules = PLAIN,
        texts: Texts | None = None,
        lessons: int = 0,
        size: int = 32,
        name: str = "faces",
        **changes: object,
    ) -> Path:
        sides = {24: GoldSide.HIGH, 25: GoldSide.LOW, 26: GoldSide.HIGH, 27: GoldSide.LOW}
        sources = [
            StimulusSource(
                name=path.name, picture=path, gold=sides.get(number),
                lesson=(50.0, 20.0) if number >= 28 else None,
            )
            for number, path in enumerate(faces(tmp_path / f"{name}-in", 28 + lessons, size=size))
        ]  # fmt: skip
        path = tmp_path / f"{name}.study"
        built = build(
            sources, file.pictures_folder(path), title="Faces", rules=rules, seed=11,
            texts=texts or Texts(),
        )  # fmt: skip
        file.create(dataclasses.replace(built.study, **changes), path)  # type: ignore[arg-type]
        return path

    return made


@pytest.fixture
def sit(qtbot: QtBot) -> Iterator[Open]:
    """Opens the rating window of a study and waits for the first page."""
    windows: list[RatingWindow] = []

    def down(path: Path, rater: str = "Anna", *, wide: int = 1280, high: int = 800) -> RatingWindow:
        window = RatingWindow(path, rater)
        windows.append(window)
        window.resize(wide, high)
        window.show()
        qtbot.waitUntil(lambda: window.page is not None, timeout=20_000)
        return window

    yield down
    for window in windows:
        window.close()
        window.deleteLater()
    qtbot.wait(1)


def wait_for_trial(qtbot: QtBot, window: RatingWindow, *, other_than: str = "") -> Trial:
    """The trial that is seen, once its picture was painted."""

    def there() -> bool:
        page = window.trial_page
        trial = window.step
        return (
            page is not None
            and window.page is page
            and isinstance(trial, Trial)
            and trial.id != other_than
            and page.trial == trial
            and page.is_seen
        )

    qtbot.waitUntil(there, timeout=20_000)
    assert isinstance(window.step, Trial)
    return window.step
