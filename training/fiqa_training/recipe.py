"""Recipes: readable TOML files that become frozen dataclasses, checked on the way."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from fiqa_training.errors import TrainingError


@dataclass(frozen=True, kw_only=True)
class DataRecipe:
    """Which material, and how much of it."""

    faces: int
    validation_faces: int
    rated_fold: int
    rated_copies: float


@dataclass(frozen=True, kw_only=True)
class DegradationRecipe:
    """Dual-set learning of the degradation encoder."""

    steps: int
    synthetic: int
    real: int
    window: int
    rate: float
    temperature: float


@dataclass(frozen=True, kw_only=True)
class QualityRecipe:
    """Learning of the quality network on frozen features."""

    steps: int
    faces_per_step: int
    rated_per_step: int
    rate: float
    decay: float
    average: float
    rated_weight: float
    ranking_weight: float
    correlation_weight: float
    without_landmarks: float
    whole_share: float
    checkpoint_minutes: float


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides a run, but the places of its material."""

    seed: int
    data: DataRecipe
    degradation: DegradationRecipe
    quality: QualityRecipe


_Section = TypeVar("_Section", DataRecipe, DegradationRecipe, QualityRecipe)


def read_recipe(path: Path | None = None) -> Recipe:
    """Read a recipe file; without a path, the shipped starter recipe.

    Raises:
        TrainingError: unreadable, not TOML, or a field is missing, unknown or of a wrong type.
    """
    source = path or Path(__file__).parent / "recipes" / "starter.toml"
    try:
        values = tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(f"{source} cannot be read: {error.strerror}.") from error
    except tomllib.TOMLDecodeError as error:
        raise TrainingError(f"{source} is not a recipe: {error}.") from error
    unknown = set(values) - {field.name for field in fields(Recipe)}
    if unknown:
        raise TrainingError(f"{source}: unknown {', '.join(sorted(unknown))}.")
    seed = values.get("seed")
    if not isinstance(seed, int):
        raise TrainingError(f"{source}: seed must be an integer.")
    return Recipe(
        seed=seed,
        data=_section(DataRecipe, values.get("data"), f"{source} [data]"),
        degradation=_section(
            DegradationRecipe, values.get("degradation"), f"{source} [degradation]"
        ),
        quality=_section(QualityRecipe, values.get("quality"), f"{source} [quality]"),
    )


def _section(form: type[_Section], values: Any, where: str) -> _Section:
    if not isinstance(values, dict):
        raise TrainingError(f"{where} is missing.")
    names = {field.name: field.type for field in fields(form)}
    wrong = set(names) ^ set(values)
    if wrong:
        raise TrainingError(f"{where}: missing or unknown: {', '.join(sorted(wrong))}.")
    checked: dict[str, int | float] = {}
    for name, kind in names.items():
        value = values[name]
        number = int if kind == "int" else float
        if isinstance(value, bool) or not isinstance(value, (int, number)):
            raise TrainingError(f"{where}: {name} must be a number ({kind}), not {value!r}.")
        checked[name] = number(value)
    return form(**checked)  # type: ignore[arg-type]  # names and types were just checked
