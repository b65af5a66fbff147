"""One warm face finder for all tests: starting the models takes longer than using them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fiqa_studio.vision.faces import FaceFinder


@pytest.fixture(scope="session")
def finder() -> Iterator[FaceFinder]:
    with FaceFinder() as finder:
        yield finder
