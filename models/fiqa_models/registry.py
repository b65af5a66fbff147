"""The scorers at hand: listing them imports neither torch nor OpenCV.

A scorer is one of ours, a checkpoint (``NAME.safetensors`` with its manifest ``NAME.json``) in
the folder of shipped weights or in the user's folder of models, or a plug-in: an entry point of
the group ``fiqa.scorers`` that names a function ``(device: str, precision: str) -> Scorer``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from platformdirs import user_data_path

from fiqa_models.errors import ModelError
from fiqa_models.manifest import read_manifest
from fiqa_models.scoring import NoticeCallback, Scorer
from fiqa_resources import weights_folder

ENTRY_POINTS = "fiqa.scorers"
STARTER = "starter"
SHARPNESS = "sharpness"


@dataclass(frozen=True, slots=True)
class ScorerSpec:
    """A scorer before it is loaded.

    Attributes:
        name: As the user types it.
        title: For menus.
        summary: What it measures and where it comes from.
        kind: ``dsl-fiqa``, ``classical`` or ``plug-in``.
        available: Whether it looks loadable.
        problem: Why it is not, else empty.
        checkpoint: Its tensor file, where it has one.
    """

    name: str
    title: str
    summary: str
    kind: str
    available: bool = True
    problem: str = ""
    checkpoint: Path | None = None


def models_folder() -> Path:
    """The user's own checkpoints: imported ones and those of training runs."""
    return user_data_path("fiqa-studio", appauthor=False) / "models"


def list_scorers() -> list[ScorerSpec]:
    """All scorers, ours first; what is damaged is listed with its problem."""
    specs = [
        *_checkpoints(weights_folder()),
        ScorerSpec(
            SHARPNESS,
            "Sharpness (classical)",
            "Fine detail of the face: sees blur and low resolution, little else.",
            "classical",
        ),
        *_checkpoints(models_folder()),
        *(_plug_in(point) for point in entry_points(group=ENTRY_POINTS)),
    ]
    unique: dict[str, ScorerSpec] = {}
    for spec in specs:
        # A plug-in or an import must not take the place of a scorer that came before it.
        unique.setdefault(spec.name, spec)
    return list(unique.values())


def default_scorer_name() -> str:
    """``starter``, or ``sharpness`` where the starter weights are not there."""
    usable = {spec.name for spec in list_scorers() if spec.available}
    return STARTER if STARTER in usable else SHARPNESS


def load_scorer(
    name: str,
    *,
    device: str = "",
    precision: str = "",
    on_notice: NoticeCallback | None = None,
) -> Scorer:
    """Load a scorer by name.

    Args:
        name: One that `list_scorers` gives; empty for the default.
        device: Where to run; empty: CUDA, then MPS, then the CPU.
        precision: ``float32`` or ``bfloat16``; empty: what is faster and safe.
        on_notice: Told one sentence when, say, a batch was halved.

    Raises:
        ModelError: It is unknown, damaged, or cannot run on that device.
    """
    if precision not in {"", "float32", "bfloat16"}:
        raise ModelError(f"There is no precision “{precision}”.", "", "Use float32 or bfloat16.")
    wanted = name or default_scorer_name()
    spec = next((spec for spec in list_scorers() if spec.name == wanted), None)
    if spec is None:
        known = ", ".join(spec.name for spec in list_scorers())
        raise ModelError(f"There is no scorer “{wanted}”.", f"There are: {known}.")
    if not spec.available:
        raise ModelError(f"The scorer “{wanted}” cannot be used.", spec.problem)
    if spec.checkpoint is not None:
        from fiqa_models.dsl_scorer import DslScorer  # noqa: PLC0415 - imports torch

        return DslScorer(spec.checkpoint, device=device, precision=precision, on_notice=on_notice)
    if wanted == SHARPNESS:
        from fiqa_models.sharpness import SharpnessScorer  # noqa: PLC0415 - imports OpenCV

        return SharpnessScorer()
    return _load_plug_in(wanted, device, precision)


def _checkpoints(folder: Path) -> Iterator[ScorerSpec]:
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            manifest = read_manifest(path)
        except ModelError as error:
            yield ScorerSpec(path.stem, path.stem, "", "dsl-fiqa", False, str(error))
            continue
        tensors = path.with_suffix(".safetensors")
        there = tensors.is_file()
        yield ScorerSpec(
            name=manifest.name,
            title=manifest.title,
            summary=manifest.summary,
            kind="dsl-fiqa",
            available=there,
            problem="" if there else f"{tensors.name} is missing beside its manifest.",
            checkpoint=tensors,
        )


def _plug_in(point: EntryPoint) -> ScorerSpec:
    """A plug-in, looked for but not imported: importing it may cost seconds, or raise."""
    problem = ""
    summary = "From another package."
    try:
        package = point.dist.name if point.dist is not None else point.module
        summary = f"From the package {package}."
        if find_spec(point.module.partition(".")[0]) is None:
            problem = f"Its module {point.module} is not installed."
    except Exception as error:  # noqa: BLE001 - other people's metadata never breaks the listing
        problem = f"Its entry point cannot be read ({type(error).__name__}: {error})."
    return ScorerSpec(point.name, point.name, summary, "plug-in", not problem, problem)


def _load_plug_in(name: str, device: str, precision: str) -> Scorer:
    (point, *_) = entry_points(group=ENTRY_POINTS, name=name)
    try:
        scorer: Scorer = point.load()(device, precision)
    except Exception as error:  # whatever a plug-in raises becomes a sentence for the user
        raise ModelError(
            f"The scorer “{name}” of another package failed to load.",
            f"{type(error).__name__}: {error}",
            "Update or remove that package.",
        ) from error
    return scorer
