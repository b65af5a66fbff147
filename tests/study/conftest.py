"""Studies to test with: small, with real pictures, made as a user makes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fiqa_studio.study import file
from fiqa_studio.study.database import StudyDatabase
from tests.study.values import a_study


@pytest.fixture
def study_path(tmp_path: Path) -> Path:
    """A study file with its empty database; its stimuli have no pictures."""
    path = tmp_path / "faces.study"
    file.create(a_study(), path)
    return path


@pytest.fixture
def database(study_path: Path) -> Iterator[StudyDatabase]:
    """The ratings of `study_path`, empty."""
    with file.opened(study_path) as opened:
        yield opened.database
