"""Recipes of training on pictures: TOML, checked field by field when read.

Every switch of the paper's table 3 is a value in ``[ablation]``; everything else that decides a
run stands in the other sections. Fields that a file leaves out have the defaults given here.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from fiqa_training.errors import TrainingError

Count = Annotated[int, msgspec.Meta(ge=1)]
Amount = Annotated[int, msgspec.Meta(ge=0)]
Rate = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Form = TypeVar("_Form", bound=msgspec.Struct)
Learning = Literal["none", "patch", "dsl-cat", "dsl-s", "dsl-r", "dsl"]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class SetRecipe(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[data]``: which part of a labelled set is used.

    Attributes:
        kind: layout, see `data.labelled`.
        attribute: of PIQ23.
        split: of PIQ23.
        share: of the training pictures that are used, a fixed draw (the training-size curve).
        leave_out: training and validation never see pictures whose ``leave_out_column`` holds
            one of these; the test part is only them.
        leave_out_column: a column of the set.
        drop: values of that column whose pictures are used nowhere: chains and mixtures hold the
            kind that is left out.
    """

    kind: Literal["gfiqa", "cgfiqa", "piq23", "csv"] = "csv"
    attribute: Literal["Overall", "Details", "Exposure"] = "Overall"
    split: Literal["device", "scene"] = "device"
    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    leave_out: tuple[str, ...] = ()
    leave_out_column: str = "kind"
    drop: tuple[str, ...] = ()


class NetworkRecipe(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[network]``: which network.

    Attributes:
        config: a name in `fiqa_models.networks.CONFIGS`.
        landmarks: points of the landmark scheme, 468 (mesh) or 68 (iBUG).
        freeze_backbone: keep the pretrained backbone as it is.
        cache_features: compute the frozen features once and learn on them, whole crops at a time;
            only with ``freeze_backbone``, the small backbone, and without ``flip``.
        confidence_share: at how many times the rate the confidence head and the landmark guide
            learn. They start nearly flat, and their gradient is the difference of two qualities.
        changes: other fields of the network's configuration, for small experiments.
    """

    config: Literal["paper", "starter"] = "paper"
    landmarks: Literal[468, 68] = 468
    freeze_backbone: bool = False
    cache_features: bool = False
    confidence_share: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    changes: dict[str, Any] = {}


class AblationRecipe(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[ablation]``: the switches of table 3; the defaults are its last row.

    Attributes:
        degradation: how degradations are learned and used: ``none``; ``patch``, equation 1;
            ``dsl-s`` and ``dsl-r``, one side of equation 6; ``dsl``, both; ``dsl-cat``, both, but
            concatenated instead of cross-attention.
        landmarks: landmark guidance.
        positional_encoding: of the landmark identifiers ("PE").
        loss: Charbonnier (equation 7), or plain differences.
    """

    degradation: Learning = "dsl"
    landmarks: bool = True
    positional_encoding: bool = True
    loss: Literal["charbonnier", "l2", "l1"] = "charbonnier"


class FitRecipe(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[training]`` and part of ``[encoder]``: the loop. Defaults are the published settings.

    Attributes:
        steps: updates.
        batch: pictures a process and backward pass.
        accumulate: backward passes an update.
        rate: of Adam.
        decay: Adam's weight decay.
        cosine_steps: half a period of the cosine schedule, in updates (T_max); 0: the whole run.
        clip: largest norm of the gradient; 0: any.
        average: of the weights over updates (EMA); 0: none. Validated and saved where there is.
        precision: of the forward pass.
        check_every: updates between validations.
        patience: checks without a better SRCC that end the run; 0: never.
        save_every: updates between checkpoints.
        workers: processes that load pictures.
        flip: mirror half of the pictures.
    """

    steps: Count = 1000
    batch: Count = 16
    accumulate: Count = 1
    rate: Rate = 1e-5
    decay: Share = 1e-5
    cosine_steps: Amount = 50
    clip: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    average: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    check_every: Count = 200
    patience: Amount = 0
    save_every: Count = 200
    workers: Amount = 0
    flip: bool = True


class EncoderRecipe(FitRecipe, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[encoder]``: learning of the degradation encoder; `batch` is not used.

    Attributes:
        synthetic: m, degradations of one face in set S.
        real: n, pictures in set R.
        side: of the window of a 512 crop that the encoder sees; 512: the whole face.
        patch_side: of the two patches of a picture for the patch-based baseline.
        temperature: theta of equation 5, and of equation 1 where that has none of its own.
        patch_temperature: theta of equation 1; 0: as above. Its products of unit vectors and the
            distances of equation 5 have other scales.
        mapping_temperature: of the weights of equation 4, see `dsl.contrastive`.
        families: of the degradations that S draws from; none named: all but the local ones.
        norm: statistics of the batch norms: of each step's pictures (``batch``); or measured once
            before learning, and kept (``fixed``). Half of a step's pictures may show one face, so
            that statistics of the step take its content away, in training only.
        freeze_filters: of the ``texture`` encoder, learn only what mixes the filters' energies.
        clean_share: the best-rated share of the training pictures is where S comes from.
    """

    rate: Rate = 3e-5
    synthetic: Annotated[int, msgspec.Meta(ge=2)] = 8
    real: Annotated[int, msgspec.Meta(ge=2)] = 8
    side: Annotated[int, msgspec.Meta(ge=64, le=512)] = 384
    patch_side: Annotated[int, msgspec.Meta(ge=32, le=512)] = 128
    temperature: Annotated[float, msgspec.Meta(gt=0)] = 0.1
    patch_temperature: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    mapping_temperature: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    families: tuple[str, ...] = ()
    norm: Literal["batch", "fixed"] = "batch"
    freeze_filters: bool = False
    clean_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.1


class ImageRecipe(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole recipe."""

    seed: int = 0
    data: SetRecipe = SetRecipe()
    network: NetworkRecipe = NetworkRecipe()
    ablation: AblationRecipe = AblationRecipe()
    encoder: EncoderRecipe = EncoderRecipe()
    training: FitRecipe = FitRecipe()


def shipped_recipe(name: str) -> Path:
    """The file of a shipped recipe."""
    return Path(__file__).parents[1] / "recipes" / f"{name}.toml"


def read_toml(source: Path, form: type[_Form]) -> _Form:
    """A TOML file as a recipe of that form.

    Raises:
        TrainingError: unreadable, not TOML, or a field is missing, unknown, of a wrong type or
            range.
    """
    try:
        values = tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(f"{source} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrainingError(f"{source} is not a recipe: {error}.") from error
    try:
        return msgspec.convert(values, form)
    except msgspec.ValidationError as error:
        raise TrainingError(f"{source}: {error}.") from error


def read_image_recipe(path: Path) -> ImageRecipe:
    """Read a recipe file, or a shipped one by its plain name.

    Raises:
        TrainingError: unreadable, not TOML, or a field is unknown, of a wrong type or range.
    """
    shipped = shipped_recipe(path.name)
    source = shipped if len(path.parts) == 1 and not path.suffix and shipped.is_file() else path
    recipe = read_toml(source, ImageRecipe)
    if recipe.network.cache_features and (
        not recipe.network.freeze_backbone or recipe.training.flip
    ):
        # A backbone that learns, or a mirrored picture, has other features than the cached ones.
        raise TrainingError(
            f"{source}: cache_features goes with freeze_backbone = true and flip = false."
        )
    return recipe


def recipe_text(recipe: msgspec.Struct) -> str:
    """A recipe as canonical text: what a run must share with the one it goes on from."""
    return msgspec.json.encode(recipe, order="sorted").decode()
