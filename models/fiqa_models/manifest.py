"""The manifest beside a checkpoint: what the weights are and how they must be used.

``NAME.safetensors`` holds tensors only; ``NAME.json`` holds this. Standard library only, so that
scorers can be listed without torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fiqa_models.errors import ModelError

FORMAT = 1
PREPROCESSING_REVISION = 1
"""Raise it with any change that alters scores for the same weights: hashes follow."""

_CHUNK = 1 << 22


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a checkpoint is.

    Attributes:
        name: the scorer's name, lower case, as the user types it.
        title: the scorer's name on the screen.
        summary: one sentence on what it measures and where it comes from.
        network: the configuration, as ``NetworkConfig.as_dict`` gives it.
        landmark_scheme: ``mesh468`` or ``ibug68``.
        weights: digest of the tensor file (``digest_of``).
        provenance: where the weights come from: source, dataset, licence, date, command.
        figures: measured figures, and the conformal interval where there is one.
        format: version of this layout.
    """

    name: str
    title: str
    summary: str
    network: dict[str, Any]
    weights: str
    landmark_scheme: str = "mesh468"
    provenance: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def preprocessing(self) -> dict[str, Any]:
        """What happens to a crop before the network; part of the scorer's identity."""
        values = {
            "revision": PREPROCESSING_REVISION,
            "crop": 512,
            "patch": 384,
            "range": [-1, 1],
            "landmarks": self.landmark_scheme,
        }
        if not self.network.get("shared_trunk"):
            # One patch in the middle instead of four in the corners: `dsl_scorer.grid_of`.
            values["grid"] = "centre"
        return values

    @property
    def hash(self) -> str:
        """The scorer's identity: configuration, weights and preprocessing; 16 hex digits."""
        network = {key: value for key, value in self.network.items() if key != "name"}
        return identity(
            {"network": network, "preprocessing": self.preprocessing, "weights": self.weights}
        )

    def write(self, path: Path) -> None:
        """Write the JSON file by a temporary file and a rename."""
        temporary = path.with_name(path.name + ".part")
        temporary.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        temporary.replace(path)


def read_manifest(path: Path) -> Manifest:
    """Read and check a manifest.

    Raises:
        ModelError: where it is missing, damaged or of a newer version.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(
            f"{path.name} is missing.",
            "A checkpoint is a tensor file and its manifest, side by side.",
            "Copy both files, or import the checkpoint again.",
        ) from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path.name} cannot be read.", f"{error}.", "Import it again.") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path.name} is not a manifest.", "It holds no JSON object.")
    if isinstance(values.get("format"), int) and values["format"] > FORMAT:
        raise ModelError(
            f"{path.name} was written by a newer version.",
            f"Its format is {values['format']}; this version reads up to {FORMAT}.",
            "Update FIQA Studio.",
        )
    try:
        manifest = Manifest(**values)
    except TypeError as error:
        raise ModelError(f"{path.name} is not a manifest.", str(error)) from error
    _check_types(manifest, path)
    return manifest


def _check_types(manifest: Manifest, path: Path) -> None:
    texts = (manifest.name, manifest.title, manifest.summary, manifest.weights)
    objects = (manifest.network, manifest.provenance, manifest.figures)
    if not all(isinstance(text, str) for text in (*texts, manifest.landmark_scheme)) or not all(
        isinstance(value, dict) for value in objects
    ):
        raise ModelError(
            f"{path.name} is not a manifest.", "A field holds the wrong kind of value."
        )


def identity(values: Mapping[str, Any]) -> str:
    """A hash (16 hex digits) of plain values, whatever the order of their keys."""
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def digest_of(path: Path) -> str:
    """BLAKE2b-256 of a file's bytes, in hex."""
    digest = hashlib.blake2b(digest_size=32)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
