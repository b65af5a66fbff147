"""The scorers at hand: listing, renaming and removing them imports neither torch nor OpenCV.

A scorer is one of ours, a checkpoint (``NAME.safetensors`` with its manifest ``NAME.json``) in
the folder of shipped weights or in the user's folder of models, or a plug-in: an entry point of
the group ``fiqa.scorers`` that names a function ``(device: str, precision: str) -> Scorer``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from fiqa_models import intervals
from fiqa_models.errors import ModelError
from fiqa_models.manifest import Manifest, identity, read_manifest
from fiqa_models.scoring import NoticeCallback, Scorer
from fiqa_resources import weights_folder

ENTRY_POINTS = "fiqa.scorers"
STARTER = "starter"
SHARPNESS = "sharpness"

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Origin(StrEnum):
    """Where a scorer comes from."""

    BUILT_IN = "built-in"
    """A program without weights."""
    BUNDLED = "bundled"
    """Weights that come with the program."""
    OWN = "own"
    """In the user's folder of models: imported, or of a training run."""
    PLUG_IN = "plug-in"
    """Of another package."""


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
        checkpoint: Its tensor file, where it has one; the manifest lies beside it.
        origin: Where it comes from.
        hash: Identity over configuration, weights and preprocessing; empty where only loading
            tells (plug-ins).
        manifest: What is known of its weights, where it has any.
    """

    name: str
    title: str
    summary: str
    kind: str
    available: bool = True
    problem: str = ""
    checkpoint: Path | None = None
    origin: Origin = Origin.BUILT_IN
    hash: str = ""
    manifest: Manifest | None = None


def models_folder() -> Path:
    """The user's own checkpoints: imported ones and those of training runs."""
    return user_data_path("fiqa-studio", appauthor=False) / "models"


def list_scorers() -> list[ScorerSpec]:
    """All scorers, ours first; what is damaged is listed with its problem."""
    specs = [
        *_checkpoints(weights_folder(), Origin.BUNDLED),
        ScorerSpec(
            SHARPNESS,
            "Sharpness (classical)",
            "Fine detail of the face: sees blur and low resolution, little else.",
            "classical",
            hash=identity({"scorer": SHARPNESS, "revision": 2}),
        ),
        *_checkpoints(models_folder(), Origin.OWN),
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


def find_scorer(name: str) -> ScorerSpec:
    """The scorer of this name; the default one where it is empty.

    Raises:
        ModelError: There is none; says which there are.
    """
    wanted = name or default_scorer_name()
    specs = list_scorers()
    for spec in specs:
        if spec.name == wanted:
            return spec
    known = ", ".join(spec.name for spec in specs)
    raise ModelError(f"There is no scorer “{wanted}”.", f"There are: {known}.")


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
    spec = find_scorer(name)
    wanted = spec.name
    if not spec.available:
        raise ModelError(f"The scorer “{wanted}” cannot be used.", spec.problem)
    if spec.checkpoint is not None:
        from fiqa_models.dsl_scorer import DslScorer  # noqa: PLC0415 - imports torch

        return DslScorer(spec.checkpoint, device=device, precision=precision, on_notice=on_notice)
    if wanted == SHARPNESS:
        from fiqa_models.sharpness import SharpnessScorer  # noqa: PLC0415 - imports OpenCV

        return SharpnessScorer()
    return _load_plug_in(wanted, device, precision)


def check_name(name: str) -> None:
    """Refuse what cannot be a scorer's name, and with it what could leave the folder.

    Raises:
        ModelError: Says what a name is made of.
    """
    if not _NAME.fullmatch(name):
        raise ModelError(
            f"“{name}” cannot be a scorer's name.",
            "",
            "Use small letters, digits, dots, dashes and underscores.",
        )


def check_free(name: str) -> None:
    """Refuse the name of a scorer that is there.

    Raises:
        ModelError: Says so.
    """
    taken = {spec.name for spec in list_scorers()}
    file = models_folder() / f"{name}.safetensors"
    if name in taken or file.exists() or file.with_suffix(".json").exists():
        raise ModelError(f"There is a scorer “{name}” already.", "", "Choose another name.")


def rename_scorer(name: str, new_name: str, *, title: str = "") -> Manifest:
    """Give one of the user's own scorers another name, and another title where one is given.

    Its hash stays, and with it every score that it gave.

    Raises:
        ModelError: It is unknown or not the user's own, the name is taken or none, or the files
            cannot be renamed.
    """
    spec, tensors = _own(name, "renamed")
    if spec.manifest is None:
        raise ModelError(f"The scorer “{name}” cannot be renamed.", spec.problem, "Remove it.")
    check_name(new_name)
    if new_name != name:
        check_free(new_name)
    manifest = replace(spec.manifest, name=new_name, title=title or spec.manifest.title)
    target = tensors.with_name(f"{new_name}.safetensors")
    try:
        if target != tensors and tensors.exists():
            tensors.rename(target)
        manifest.write(target.with_suffix(".json"))
        if target != tensors:
            tensors.with_suffix(".json").unlink()
    except OSError as error:
        raise _cannot_change(name, "renamed", error) from error
    return manifest


def remove_scorer(name: str) -> None:
    """Delete one of the user's own scorers. Scores that it gave stay where they are.

    Raises:
        ModelError: It is unknown or not the user's own, or its files cannot be deleted.
    """
    _, tensors = _own(name, "removed")
    try:
        # The tensors first: what is left of a removal cut short is still listed, and removable.
        tensors.unlink(missing_ok=True)
        tensors.with_suffix(".json").unlink(missing_ok=True)
    except OSError as error:
        raise _cannot_change(name, "removed", error) from error


def record_of(spec: ScorerSpec) -> dict[str, Any]:
    """A scorer as JSON: what ``fiqa models list --json`` and the window show.

    ``interval`` is None where it was never calibrated or, with a ``warning``, where it is
    damaged: the scorer works all the same.
    """
    interval, warning = None, ""
    provenance: Mapping[str, Any] = {}
    figures: Mapping[str, Any] = {}
    if spec.manifest is not None:
        provenance, figures = spec.manifest.provenance, spec.manifest.figures
        try:
            interval = intervals.from_manifest(spec.manifest)
        except ModelError as error:
            warning = str(error)
    file = spec.checkpoint
    return {
        "name": spec.name,
        "title": spec.title,
        "summary": spec.summary,
        "kind": spec.kind,
        "origin": str(spec.origin),
        "available": spec.available,
        "problem": spec.problem,
        "warning": warning,
        "hash": spec.hash,
        "landmarks": "" if spec.manifest is None else spec.manifest.landmark_scheme,
        "dataset": _text(provenance.get("dataset")),
        "licence": _text(provenance.get("licence", provenance.get("licences"))),
        "date": _text(provenance.get("date")),
        "source": _text(provenance.get("source", provenance.get("command"))),
        "file": "" if file is None else str(file),
        "bytes": file.stat().st_size if file is not None and file.is_file() else 0,
        "figures": {key: value for key, value in figures.items() if key != intervals.FIGURE},
        "interval": None if interval is None else interval.as_figure(),
    }


def _text(value: object) -> str:
    """What a manifest says, as one text; of several named things, one after another."""
    if isinstance(value, Mapping):
        return "; ".join(str(part) for part in value.values())
    return "" if value is None else str(value)


def _own(name: str, done: str) -> tuple[ScorerSpec, Path]:
    """A scorer of the user's folder, with its tensor file."""
    spec = find_scorer(name)
    if spec.origin is not Origin.OWN or spec.checkpoint is None:
        raise ModelError(
            f"The scorer “{name}” cannot be {done}.",
            "It belongs to another package."
            if spec.origin is Origin.PLUG_IN
            else "It comes with the program.",
        )
    return spec, spec.checkpoint


def _cannot_change(name: str, done: str, error: OSError) -> ModelError:
    return ModelError(
        f"The scorer “{name}” cannot be {done}.",
        f"{error.strerror or type(error).__name__}: {error.filename}.",
        "Is the disk writable?",
    )


def _checkpoints(folder: Path, origin: Origin) -> Iterator[ScorerSpec]:
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        tensors = path.with_suffix(".safetensors")
        try:
            manifest = read_manifest(path)
        except ModelError as error:
            yield ScorerSpec(
                path.stem, path.stem, "", "dsl-fiqa", False, str(error), tensors, origin
            )
            continue
        there = tensors.is_file()
        yield ScorerSpec(
            name=manifest.name,
            title=manifest.title,
            summary=manifest.summary,
            kind="dsl-fiqa",
            available=there,
            problem="" if there else f"{tensors.name} is missing beside its manifest.",
            checkpoint=tensors,
            origin=origin,
            hash=manifest.hash,
            manifest=manifest,
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
    return ScorerSpec(
        point.name,
        point.name,
        summary,
        "plug-in",
        available=not problem,
        problem=problem,
        origin=Origin.PLUG_IN,
    )


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
