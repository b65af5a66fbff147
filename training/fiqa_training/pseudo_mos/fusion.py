"""Pseudo-MOS of degraded faces: full-reference measures, fused and calibrated.

Three measures of `piq` compare a degraded face with its clean original, both reduced to
256 x 256 (a face is not judged with a loupe): MDSI and MS-GMSD see structure (MDSI also colour),
HaarPSI sees what wavelets see. Each becomes a rank-like value in [0, 1]; their mean is calibrated
against the severities by isotonic regression, so that kinds whose full severity still looks fair
get fair labels, while the scale is used evenly.

Known blind spots: the measures know what was *changed*, not what displeases (a monochrome
picture is not bad); they are lenient with evenly darkened faces, hence the share of severity in
the label of single kinds; and the clean original is taken as good, scaled by its true size only.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from fiqa_training.degradations.registry import ByteImage

MEASURES = ("mdsi", "haarpsi", "ms_gmsd")
_SIDE = 256
_BEST, _WORST = 0.92, 0.04


def measure_pairs(
    clean: Sequence[ByteImage], degraded: Sequence[ByteImage]
) -> npt.NDArray[np.float64]:
    """(N, 3) full-reference measures, each turned so that higher is better and 1 is equal."""
    import piq  # noqa: PLC0415 - an extra, and slow to import

    a, b = _batch(clean), _batch(degraded)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mdsi = 1.0 - piq.mdsi(b, a, reduction="none")
        haarpsi = piq.haarpsi(b, a, reduction="none")
        gmsd = 1.0 - piq.multi_scale_gmsd(b, a, reduction="none", chromatic=False)
    return np.asarray(np.stack([mdsi.numpy(), haarpsi.numpy(), gmsd.numpy()], 1), np.float64)


def _batch(pictures: Sequence[ByteImage]) -> torch.Tensor:
    small = [cv2.resize(p, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) for p in pictures]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float() / 255.0


@dataclass(frozen=True)
class Calibration:
    """From fused measures to quality: piecewise linear through (fused, quality) knots."""

    sorted_measures: npt.NDArray[np.float64]
    knots: npt.NDArray[np.float64]
    quality: npt.NDArray[np.float64]

    def __call__(self, measures: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Quality in [0, 1] of (N, 3) measures, relative to the clean original."""
        return np.interp(_fuse(measures, self.sorted_measures), self.knots, self.quality)


def _fuse(
    measures: npt.NDArray[np.float64], reference: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Mean rank of each measure among the reference's: unit-free, so no measure dominates."""
    ranks = [
        np.searchsorted(reference[:, column], measures[:, column]) / len(reference)
        for column in range(measures.shape[1])
    ]
    return np.asarray(np.mean(ranks, axis=0), np.float64)


def calibrate(
    measures: npt.NDArray[np.float64], severities: npt.NDArray[np.float64]
) -> Calibration:
    """Fit the isotonic link from fused measures to ``1 - severity`` over single-kind pairs."""
    from scipy.optimize import isotonic_regression  # noqa: PLC0415 - an extra

    reference = np.sort(measures, axis=0)
    fused = _fuse(measures, reference)
    order = np.argsort(fused, kind="stable")
    fitted = isotonic_regression((1.0 - severities)[order]).x
    # Thirty averaged knots: no steps, so the label stays continuous in the severity.
    chunks = [c for c in np.array_split(np.arange(len(order)), min(30, len(order))) if c.size]
    knots = np.array([0.0, *(fused[order][c].mean() for c in chunks), 1.0])
    quality = np.array([0.0, *(fitted[c].mean() for c in chunks), 1.0])
    return Calibration(reference, knots, np.maximum.accumulate(quality))


def base_quality(source_side: int) -> float:
    """Quality of a clean original: an enlarged crop is a little soft, and says so."""
    return float(np.interp(source_side, [360.0, 512.0, 800.0], [0.78, 0.87, _BEST]))


def pseudo_mos(relative: float, severity: float | None, base: float) -> float:
    """The label of one degraded face.

    Args:
        relative: calibrated quality relative to the clean original, [0, 1].
        severity: of a single kind; None for mixtures and chains, whose severity says little.
        base: quality of the clean original.
    """
    blended = relative if severity is None else 0.5 * relative + 0.5 * (1.0 - severity)
    return _WORST + (base - _WORST) * blended
