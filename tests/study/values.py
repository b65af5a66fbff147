"""Values to test studies with."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image

from fiqa_studio.domain.hashing import content_hash
from fiqa_studio.study.reading import Rating
from fiqa_studio.study.sitting.clock import Clock
from fiqa_studio.study.values import Rules, Stimulus, Study, TrialKind


def hashes(count: int, prefix: str = "face") -> tuple[str, ...]:
    """Names of stimuli that have no picture."""
    return tuple(content_hash(f"{prefix} {i}".encode()) for i in range(count))


def stimuli(count: int, prefix: str = "face") -> tuple[Stimulus, ...]:
    """Stimuli that have no picture, each of a person of its own."""
    return tuple(
        Stimulus(hash=digest, name=f"{prefix}-{i}.png", width=64, height=64)
        for i, digest in enumerate(hashes(count, prefix))
    )


def a_study(count: int = 8, **changes: object) -> Study:
    """A small study in two batches, without gold, training or texts."""
    made = stimuli(count)
    half = count // 2
    study = Study(
        id="0123456789abcdef0123456789abcdef",
        title="Faces",
        created_at="2026-11-27T20:00:00+00:00",
        seed=7,
        stimuli=made,
        batches=(tuple(x.hash for x in made[:half]), tuple(x.hash for x in made[half:])),
        rules=Rules(batch_size=half, gold_per_batch=0, repeats_per_batch=0, checks=()),
    )
    return dataclasses.replace(study, **changes)  # type: ignore[arg-type]


def a_rating(rater: str, stimulus: str, value: float, **more: object) -> Rating:
    """A rating that somebody gave elsewhere."""
    made = Rating(
        rater=rater,
        rater_id="",
        session="",
        trial="",
        index=0,
        batch=-1,
        kind=TrialKind.STUDY,
        stimulus=stimulus,
        value=value,
        at=datetime(2026, 11, 27, 12, 0, tzinfo=UTC),
    )
    return dataclasses.replace(made, **more)  # type: ignore[arg-type]


def faces(folder: Path, count: int, *, size: int = 32, first: int = 0) -> list[Path]:
    """Pictures of nobody in a folder, no two alike."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(first, first + count):
        noise = np.random.default_rng(number).integers(0, 255, (size, size, 3), dtype=np.uint8)
        path = folder / f"face-{number:03}.png"
        Image.fromarray(noise).save(path)
        paths.append(path)
    return paths


@dataclass
class FakeClock(Clock):
    """Both clocks, moved by hand."""

    wall: int = 1_800_000_000_000
    seconds: float = 1000.0

    def wall_ms(self) -> int:
        return self.wall

    def running(self) -> float:
        return self.seconds

    def pass_(self, seconds: float) -> None:
        """Time goes by."""
        self.wall += int(seconds * 1000)
        self.seconds += seconds
