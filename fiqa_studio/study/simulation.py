"""Raters that are made up, to see what each analysis makes of careless ones.

``python -m fiqa_studio.study.simulation`` prints the tables of ``docs/studies.md``.

Nothing here is a measurement of people. Qualities are drawn from a normal distribution (mean 55,
SD 20, within 5 to 95); an honest rater has a bias (SD 6) and an inconsistency of his own (SD 6 to
18) and answers on 1 to 100, so that ratings at the ends of the scale are cut off.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from fiqa_studio.study import bootstrap
from fiqa_studio.study.matrix import Floats, Ratings, from_cube
from fiqa_studio.study.mos import MosMethod, estimate
from fiqa_studio.study.numeric import pearson

LOW, HIGH = 1.0, 100.0

UNLIKE, ALIKE = (6.0, 18.0), (12.0, 12.0)
"""Inconsistencies of honest raters: each his own, or all the same."""


class Kind(StrEnum):
    """How a made-up rater answers."""

    HONEST = "honest"
    RANDOM = "random"
    INVERTED = "inverted"
    FLAT = "flat"


MIXES: dict[str, tuple[Kind, ...]] = {
    "11 honest": (Kind.HONEST,) * 11,
    "8 honest, random, inverted, flat": (
        *(Kind.HONEST,) * 8,
        *(Kind.RANDOM, Kind.INVERTED, Kind.FLAT),
    ),
    "10 honest, inverted": (*(Kind.HONEST,) * 10, Kind.INVERTED),
    "9 honest, random, flat": (*(Kind.HONEST,) * 9, Kind.RANDOM, Kind.FLAT),
}
"""The four mixes of the issue that asked for this."""


@dataclass(frozen=True, eq=False)
class Simulated:
    """Ratings, and the (E,) qualities that they were made from."""

    ratings: Ratings
    truth: Floats


def simulate(
    mix: tuple[Kind, ...],
    *,
    stimuli: int = 200,
    seed: int = 0,
    noise: tuple[float, float] = UNLIKE,
) -> Simulated:
    """One study with a rater of each kind of ``mix``; honest ones scatter within ``noise``."""
    generator = np.random.default_rng(seed)
    truth = np.clip(generator.normal(55.0, 20.0, stimuli), 5.0, 95.0)
    columns = [_answers(kind, truth, generator, noise) for kind in mix]
    names = [f"{kind}-{i + 1}" for i, kind in enumerate(mix)]
    return Simulated(from_cube(np.stack(columns, axis=1), raters=names, low=LOW, high=HIGH), truth)


def _answers(
    kind: Kind, truth: Floats, generator: np.random.Generator, noise: tuple[float, float]
) -> Floats:
    if kind is Kind.RANDOM:
        return generator.uniform(LOW, HIGH, len(truth))
    if kind is Kind.FLAT:
        return np.full(len(truth), float(generator.integers(40, 61)))
    honest = truth + generator.normal(0.0, 6.0)
    honest = honest + generator.normal(0.0, generator.uniform(*noise), len(truth))
    answers: Floats = np.clip(honest, LOW, HIGH)
    return LOW + HIGH - answers if kind is Kind.INVERTED else answers


def rmse(mos: Floats, truth: Floats) -> float:
    """Root mean square of the distance of two (E,) arrays."""
    return float(np.sqrt(np.mean((mos - truth) ** 2)))


# --- the tables of the documentation ---------------------------------------------------------


def _errors(studies: int, noise: tuple[float, float]) -> list[str]:
    lines = [
        "| mix | " + " | ".join(f"`{method}`" for method in MosMethod) + " |",
        "|---|" + "---|" * len(MosMethod),
    ]
    for name, mix in MIXES.items():
        cells = []
        made = [simulate(mix, seed=seed, noise=noise) for seed in range(studies)]
        for method in MosMethod:
            found = [estimate(one.ratings, method).mos for one in made]
            error = [rmse(mos, one.truth) for mos, one in zip(found, made, strict=True)]
            plcc = [pearson(mos, one.truth) or 0.0 for mos, one in zip(found, made, strict=True)]
            cells.append(f"{np.mean(plcc):.3f} / {np.mean(error):.2f}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def _wins(studies: int, noise: tuple[float, float]) -> list[str]:
    lines = ["| mix | studies in which `p910` is nearer to the truth than `mos` |", "|---|---|"]
    for name, mix in MIXES.items():
        better = 0
        for seed in range(studies):
            made = simulate(mix, seed=seed, noise=noise)
            error = [
                rmse(estimate(made.ratings, method).mos, made.truth)
                for method in (MosMethod.P910, MosMethod.MOS)
            ]
            better += error[0] < error[1]
        lines.append(f"| {name} | {better} of {studies} |")
    return lines


def _coverage(studies: int) -> list[str]:
    lines = [
        "| mix | " + " | ".join(f"`{method}`" for method in MosMethod) + " |",
        "|---|" + "---|" * len(MosMethod),
    ]
    for name, mix in MIXES.items():
        cells = []
        for method in MosMethod:
            inside, width = [], []
            for seed in range(studies):
                made = simulate(mix, seed=seed)
                result = estimate(made.ratings, method)
                half = bootstrap.half_widths(made.ratings, result, draws=220)
                inside.append(np.mean(np.abs(result.mos - made.truth) <= half))
                width.append(np.nanmean(half))
            cells.append(f"{np.mean(inside):.0%}, ± {np.mean(width):.1f}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def main(studies: int = 50) -> None:
    """Print the tables, in Markdown."""
    tables = [("95 % interval: share that holds the truth, mean half width", _coverage(studies))]
    for said, noise in (("each of his own noise", UNLIKE), ("all equally noisy", ALIKE)):
        tables += [
            (
                f"PLCC / RMSE to the truth, {studies} studies; raters {said}",
                _errors(studies, noise),
            ),
            (f"How often the default wins; raters {said}", _wins(studies, noise)),
        ]
    for title, lines in tables:
        sys.stdout.write(f"\n{title}\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
