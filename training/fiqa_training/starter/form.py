"""The starter's recipe: a readable TOML file, checked field by field when read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from fiqa_training.loop.recipe import (
    Amount,
    Count,
    FitRecipe,
    Rate,
    Share,
    read_toml,
    shipped_recipe,
)

Weight = Annotated[float, msgspec.Meta(ge=0)]


class DataRecipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[data]``: which material, and how much of it.

    Attributes:
        faces: pictures of training persons, each with its degraded copies.
        rated_copies: share of the rated photos that get a degraded copy to be ranked below them.
        leave_out: kinds of degradation that training never sees, nor the chains that hold them.
    """

    faces: Count
    rated_copies: Share
    leave_out: tuple[str, ...] = ()


class DegradationRecipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[degradation]``: dual-set learning of the degradation encoder (equations 2-6).

    Attributes:
        steps: updates.
        synthetic: m, degradations of one face in set S.
        real: n, pictures in set R.
        window: side of the window of each picture, pixels.
        rate: of AdamW.
        temperature: theta.
        mapping_temperature: of the weights of equation 4.
        families: of the kinds that S draws from; none named: all but the local ones and chains.
    """

    steps: Amount
    synthetic: Count
    real: Count
    window: Count
    rate: Rate
    temperature: Annotated[float, msgspec.Meta(gt=0)]
    mapping_temperature: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    families: tuple[str, ...] = ()


class ContextRecipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[context]``: the regressions on pictures' statistics (`context`).

    Attributes:
        ridge: of the photos' regression.
        face_weight: of one picture of a face there, where a rated photo has 1.
        crops: how the faces' regression sees rated photos.
    """

    ridge: Annotated[float, msgspec.Meta(gt=0)]
    face_weight: Annotated[float, msgspec.Meta(gt=0)]
    crops: CropRecipe


class CropRecipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[context.crops]``: rated photos enlarged as a face's crop is, for the faces' regression.

    Attributes:
        ridge: of the faces' regression.
        face_weight: of one picture of a face there.
        weight: of one crop of a rated photo.
        zooms: ranges; each photo gives one crop of each, whose side is its own over a zoom.
    """

    ridge: Annotated[float, msgspec.Meta(gt=0)]
    face_weight: Annotated[float, msgspec.Meta(gt=0)]
    weight: Annotated[float, msgspec.Meta(gt=0)]
    zooms: tuple[tuple[Annotated[float, msgspec.Meta(ge=1)], float], ...]


class QualityRecipe(FitRecipe, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[quality]``: the loop's fields (`batch`, `flip` and `workers` are not used), and these.

    Attributes:
        deep_rate: share of the rate for the late stages of the backbone; 0 freezes them.
        faces_per_step: faces of an update, each with all its degraded copies.
        rated_per_step: rated photos of an update.
        rated_weight: of the distance to people's opinions.
        correlation_weight: of one minus the correlation with them.
        ranking_weight: of the order within a face's copies, and of a photo before its own.
        without_landmarks: share of faces trained as if no mesh had been found.
        whole_share: share of updates that see whole crops, two patches each, as when scoring.
    """

    deep_rate: Share
    faces_per_step: Amount
    rated_per_step: Amount
    rated_weight: Weight
    correlation_weight: Weight
    ranking_weight: Weight
    without_landmarks: Share
    whole_share: Share


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that decides a run, but the places of its material."""

    seed: int
    data: DataRecipe
    degradation: DegradationRecipe
    quality: QualityRecipe
    context: ContextRecipe


def read_recipe(path: Path | None = None) -> Recipe:
    """Read a recipe file; without a path, the shipped starter recipe.

    Raises:
        TrainingError: unreadable, not TOML, or a field is missing, unknown or of a wrong type.
    """
    return read_toml(path or shipped_recipe("starter"), Recipe)
