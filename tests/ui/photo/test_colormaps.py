from __future__ import annotations

import numpy as np
import pytest

from fiqa_studio.ui.photo.colormaps import MapKind, coloured, enlarged, lut


@pytest.mark.parametrize("kind", [MapKind.QUALITY, MapKind.CONFIDENCE])
def test_lightness_rises_with_the_value(kind: MapKind) -> None:
    table = lut(kind).astype(float)
    luma = table @ [0.2126, 0.7152, 0.0722]

    assert table.shape == (256, 3)
    assert (np.diff(luma) > -0.5).all()
    assert luma[-1] - luma[0] > 150


def test_the_two_maps_cannot_be_taken_for_each_other() -> None:
    apart = np.abs(lut(MapKind.QUALITY).astype(int) - lut(MapKind.CONFIDENCE).astype(int))

    assert apart.sum(axis=1).mean() > 80


def test_the_ends_of_the_range_take_the_ends_of_the_scale() -> None:
    values = np.array([[0.2, 0.6, 0.1, 0.9, np.nan]], dtype=np.float16)

    rgba = coloured(values, MapKind.QUALITY, 0.2, 0.6)[0]

    table = lut(MapKind.QUALITY)
    assert rgba[0, :3].tolist() == rgba[2, :3].tolist() == table[0].tolist()
    assert rgba[1, :3].tolist() == rgba[3, :3].tolist() == table[255].tolist()
    assert rgba[:, 3].tolist() == [255, 255, 255, 255, 0]


def test_enlarging_keeps_places_and_values() -> None:
    ramp = np.linspace(0, 1, 8, dtype=np.float16)[None, :].repeat(8, axis=0)

    large = enlarged(ramp, 64)

    assert large.shape == (64, 64)
    assert large.min() >= 0
    assert large.max() <= 1
    # The middle of each small pixel keeps its value.
    assert large[4, 4::8] == pytest.approx(ramp[0], abs=0.02)


def test_a_large_map_is_left_alone() -> None:
    assert enlarged(np.zeros((300, 300), np.float16), 256).shape == (300, 300)
