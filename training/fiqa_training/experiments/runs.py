"""Several runs from one recipe: table 3's nine rows, the training-size curve, leave-one-kind-out.

Each run has its own folder below `out` and goes on where it was stopped; the summary, a JSON file
and a picture, is written anew after every run, so that a long experiment can be watched.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from msgspec.structs import replace as changed

from fiqa_training.data.labelled import read_set
from fiqa_training.data.samples import CHAINS
from fiqa_training.degradations import ByteImage
from fiqa_training.errors import TrainingError
from fiqa_training.experiments.pictures import write_picture, write_text
from fiqa_training.loop.parallel import Team
from fiqa_training.loop.recipe import AblationRecipe, ImageRecipe
from fiqa_training.pictures.training import RunFolders, train_quality

log = logging.getLogger(__name__)

TABLE_3: Mapping[str, AblationRecipe] = {
    "1-baseline": AblationRecipe(
        degradation="none", landmarks=False, positional_encoding=False, loss="l2"
    ),
    "2-patch": AblationRecipe(
        degradation="patch", landmarks=False, positional_encoding=False, loss="l2"
    ),
    "3-dsl-cat": AblationRecipe(
        degradation="dsl-cat", landmarks=False, positional_encoding=False, loss="l2"
    ),
    "4-dsl-s": AblationRecipe(
        degradation="dsl-s", landmarks=False, positional_encoding=False, loss="l2"
    ),
    "5-dsl-r": AblationRecipe(
        degradation="dsl-r", landmarks=False, positional_encoding=False, loss="l2"
    ),
    "6-dsl": AblationRecipe(
        degradation="dsl", landmarks=False, positional_encoding=False, loss="l2"
    ),
    "7-landmark": AblationRecipe(degradation="dsl", positional_encoding=False, loss="l2"),
    "8-pe": AblationRecipe(degradation="dsl", loss="l2"),
    "9-charbonnier": AblationRecipe(),
}
"""The rows of the paper's table 3, in its order."""

SHARES = tuple(number / 7 for number in range(1, 8))
"""Table IV of GFIQA-20k: 10 % to 70 % of the set are one to seven sevenths of its training part."""

_WIDTH, _ROW, _LEFT = 900, 34, 260


@dataclass(frozen=True)
class Variant:
    """One run of an experiment."""

    name: str
    recipe: ImageRecipe
    places: RunFolders


def ablation_variants(
    places: RunFolders, recipe: ImageRecipe, rows: Sequence[str] = ()
) -> list[Variant]:
    """Table 3's rows. Rows with the same degradation learning share one encoder.

    Args:
        places: of the experiment.
        recipe: of all rows, but for what they switch.
        rows: which, by their names in `TABLE_3`; all, where none are named.

    Raises:
        TrainingError: there is no such row.
    """
    unknown = [row for row in rows if row not in TABLE_3]
    if unknown:
        raise TrainingError(f"Table 3 has no row {unknown[0]!r}.", f"It has {', '.join(TABLE_3)}.")
    return [
        Variant(
            name,
            changed(recipe, ablation=ablation),
            replace(
                places,
                out=places.out / name,
                features=places.out / "features",
                encoder_out=places.out / "encoders" / ablation.degradation.removesuffix("-cat"),
            ),
        )
        for name, ablation in TABLE_3.items()
        if not rows or name in rows
    ]


def size_variants(places: RunFolders, recipe: ImageRecipe) -> list[Variant]:
    """Nested training parts of growing size.

    The original tests on whatever it does not train on; here the official test part stays, so
    that the points of the curve differ in nothing but the training.
    """
    return [
        Variant(
            f"{share:.0%}",
            changed(recipe, data=changed(recipe.data, share=share)),
            replace(
                places, out=places.out / f"share-{share:.2f}", features=places.out / "features"
            ),
        )
        for share in SHARES
    ]


def leave_out_variants(
    places: RunFolders, recipe: ImageRecipe, kinds: Sequence[str] = ()
) -> list[Variant]:
    """Each kind of degradation left out of training once, and tested alone.

    Chains and mixtures are dropped everywhere: they may hold the kind that is left out.

    Args:
        places: of the experiment.
        recipe: its ``leave_out_column`` names the column of kinds.
        kinds: which; all that the test part of the set has, where none are named.

    Raises:
        TrainingError: the set names no kinds.
    """
    column = recipe.data.leave_out_column.lower()
    if not kinds:
        test = read_set(recipe.data.kind, places.data).test
        kinds = sorted({image.fields.get(column, "") for image in test} - {"", *CHAINS})
    if not kinds:
        raise TrainingError(f"No test picture of {places.data} has a {column!r} to leave out.")
    return [
        Variant(
            kind,
            changed(recipe, data=changed(recipe.data, leave_out=(kind,), drop=CHAINS)),
            replace(places, out=places.out / f"without-{kind}", features=places.out / "features"),
        )
        for kind in kinds
    ]


def run_experiment(variants: Sequence[Variant], out: Path, team: Team) -> dict[str, Any]:
    """Run all variants; ``summary.json`` and ``summary.png`` appear in `out` and grow.

    Returns:
        ``rows`` by name with the test figures, ``mean_srcc`` over them, and ``complete``.
    """
    summary: dict[str, Any] = {}
    rows: dict[str, dict[str, Any]] = {}
    for variant in variants:
        log.info("%s", variant.name)
        result = train_quality(variant.places, variant.recipe, team)
        if result["test"] is None:
            raise TrainingError(f"{variant.name}: its test part has fewer than three pictures.")
        rows[variant.name] = {
            "training_pictures": result["training_pictures"],
            "steps": result["steps"],
            **result["test"],
        }
        known = [row["srcc"] for row in rows.values() if row["srcc"] is not None]
        summary = {
            "rows": rows,
            "mean_srcc": float(np.mean(known)) if known else None,
            "complete": len(rows) == len(variants),
        }
        if team.leads:
            partial = out / "summary.part"
            partial.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
            partial.replace(out / "summary.json")
            write_picture(draw_rows(rows), out / "summary.png")
        team.wait()
    return summary


def draw_rows(rows: Mapping[str, Mapping[str, Any]]) -> ByteImage:
    """SRCC of each row as a dot on a common axis, with its 95 % interval."""
    known = [row for row in rows.values() if row["srcc"] is not None]
    ends = [each for row in known for each in row["srcc_ci"] if each is not None]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    reach = max(high - low, 1e-6)

    def place(value: float) -> int:
        return round(_LEFT + (value - low) / reach * (_WIDTH - _LEFT - 120))

    picture = np.full((_ROW * (len(rows) + 1), _WIDTH, 3), 255, np.uint8)
    _text(picture, "SRCC, 95 % interval", 0, 10)
    for number, (name, row) in enumerate(rows.items(), start=1):
        y = _ROW * number + _ROW // 2
        _text(picture, name, number, 10)
        if row["srcc"] is None:
            _text(picture, "none", number, _LEFT)
            continue
        left, right = (each if each is not None else row["srcc"] for each in row["srcc_ci"])
        cv2.line(picture, (place(left), y), (place(right), y), (31, 119, 180), 2, cv2.LINE_AA)
        cv2.circle(picture, (place(row["srcc"]), y), 5, (31, 119, 180), -1, cv2.LINE_AA)
        _text(picture, f"{row['srcc']:.4f}", number, _WIDTH - 90)
    return picture


def _text(picture: ByteImage, text: str, row: int, x: int) -> None:
    write_text(picture, text, (x, _ROW * row + _ROW // 2 + 6), 0.5, (20, 20, 20))
