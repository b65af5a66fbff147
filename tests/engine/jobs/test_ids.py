from __future__ import annotations

import numpy as np
import pytest

from fiqa_studio.engine.jobs.ids import ids_from_text, ids_to_text


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        ([], ""),
        ([4], "4"),
        ([4, 7, 8, 9, 12], "4,7-9,12"),
        ([9, 8, 7], "9,8,7"),
        ([1, 2, 1, 2], "1-2,1-2"),
        ([5, 5], "5,5"),
    ],
)
def test_runs_are_written_once_and_the_order_is_kept(ids: list[int], text: str) -> None:
    assert ids_to_text(ids) == text
    assert ids_from_text(text).tolist() == ids


def test_a_million_ids_are_a_short_text() -> None:
    everything = np.arange(1, 1_000_001)
    assert ids_to_text(everything) == "1-1000000"
    assert np.array_equal(ids_from_text("1-1000000"), everything)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        ids_from_text("one")
