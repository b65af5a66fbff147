"""A study of real pictures, and somebody to rate it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fiqa_studio.study import file, pictures, raters
from fiqa_studio.study.file import OpenStudy
from fiqa_studio.study.planning.design import build
from fiqa_studio.study.sitting.sitting import Sitting
from fiqa_studio.study.values import GoldSide, Rules, StimulusSource, Texts
from tests.study.values import FakeClock, faces

PLAIN = Rules(
    batch_size=12, gold_per_batch=2, repeats_per_batch=1, repeat_distance=3, checks=(),
    minimum_viewing_ms=0, refresher_lessons=2, training_attempts=2,
)  # fmt: skip


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., OpenStudy]]:
    """Makes a study of 24 faces in two batches, 4 gold and 4 lessons, and opens it."""
    opened: list[OpenStudy] = []

    def made(
        *, rules: Rules = PLAIN, texts: Texts | None = None, lessons: int = 4, **changes: object
    ) -> OpenStudy:
        listed = []
        for number, path in enumerate(faces(tmp_path / "in", 32)):
            lesson = (50.0, 20.0) if number < lessons else None
            side = {4: "high", 5: "low", 6: "high", 7: "low"}.get(number)
            listed.append(
                StimulusSource(
                    name=path.name, picture=path, lesson=lesson,
                    gold=GoldSide(side) if side else None,
                )
            )  # fmt: skip
        path = tmp_path / f"faces-{len(opened)}.study"
        built = build(
            listed, file.pictures_folder(path), title="Faces", rules=rules, seed=11,
            texts=texts or Texts(),
        )  # fmt: skip
        study = dataclasses.replace(built.study, **changes)  # type: ignore[arg-type]
        file.create(study, path)
        context = file.opened(path)
        found = context.__enter__()
        contexts.append(context)
        opened.append(found)
        return found

    contexts: list[object] = []
    yield made
    for context in contexts:
        context.__exit__(None, None, None)  # type: ignore[attr-defined]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sit(clock: FakeClock) -> Callable[..., Sitting]:
    """Sits down as a rater, who is added where new."""

    def down(opened: OpenStudy, name: str = "Anna", **more: object) -> Sitting:
        rater = raters.named(opened.database, name) or raters.add(opened.database, name)
        return Sitting(opened, rater, client="window", clock=clock, **more)  # type: ignore[arg-type]

    return down


__all__ = ["PLAIN", "pictures"]
