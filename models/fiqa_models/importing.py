"""Import of the authors' checkpoints (``DE.pt`` and ``IQA.pt``) as a scorer of our own form.

The files are read without running anything they contain, checked name by name and shape by
shape, converted to safetensors and given a manifest. Afterwards they are scorers like any other.
"""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fiqa_models.errors import ModelError
from fiqa_models.manifest import Manifest, digest_of
from fiqa_models.networks import CONFIGS
from fiqa_models.networks.remap import ENCODER, QUALITY, from_published, published_shapes
from fiqa_models.schemes import MESH, SCHEMES
from fiqa_models.weights import differences, empty_network, fill_network, report, save_checkpoint

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_WRAPPERS = ("state_dict", "model_state_dict", "model", "net")
_PREFIX = "module."


def import_published(
    encoder: Path,
    quality: Path,
    folder: Path,
    *,
    name: str,
    landmark_scheme: str = MESH,
    dataset: str = "",
    source: str = "",
    replace_existing: bool = False,
) -> Manifest:
    """Turn the authors' pair of files into ``folder/NAME.safetensors`` and ``NAME.json``.

    Args:
        encoder: ``DE.pt``, the degradation encoder.
        quality: ``IQA.pt``, the quality network.
        folder: Where scorers live; see ``registry.models_folder``.
        name: The scorer's name: small letters, digits, ``.``, ``_`` and ``-``.
        landmark_scheme: ``mesh468`` (GFIQA-20k and CGFIQA-40k weights) or ``ibug68`` ("custom").
        dataset: What the weights were trained on, for the manifest.
        source: Where the files were got, for the manifest.
        replace_existing: Whether a scorer of this name may be replaced.

    Raises:
        ModelError: A file is missing, damaged, unsafe or of another network; the message lists
            what differs.
    """
    if landmark_scheme not in SCHEMES:
        raise ModelError(
            f"There is no landmark scheme “{landmark_scheme}”.", "", f"Use {' or '.join(SCHEMES)}."
        )
    if not _NAME.fullmatch(name):
        raise ModelError(
            f"“{name}” cannot be a scorer's name.",
            "",
            "Use small letters, digits, dots, dashes and underscores.",
        )
    target = folder / f"{name}.safetensors"
    if not replace_existing and (target.exists() or target.with_suffix(".json").exists()):
        raise ModelError(f"There is a scorer “{name}” already.", "", "Choose another name.")
    # The identifiers' count changes how they are padded, no tensor's shape.
    config = replace(CONFIGS["paper"], landmarks=SCHEMES[landmark_scheme])
    network = empty_network(config)
    expected = published_shapes(network)
    files = {ENCODER: encoder, QUALITY: quality}
    states = {file: _checked(path, expected[file]) for file, path in files.items()}
    fill_network(
        network,
        from_published(network, states[ENCODER], states[QUALITY]),
        source=f"{encoder.name} and {quality.name}",
    )
    named = f" trained on {dataset}" if dataset else ""
    return save_checkpoint(
        network.eval(),
        target,
        name=name,
        title=f"DSL-FIQA{f' ({dataset})' if dataset else ''}",
        summary=f"The authors' published DSL-FIQA weights{named}; scores relative to that set.",
        landmark_scheme=landmark_scheme,
        provenance={
            "source": source or "imported from the authors' files",
            "dataset": dataset,
            "date": datetime.now(UTC).date().isoformat(),
            "files": {
                path.name: {"blake2b": digest_of(path), "bytes": path.stat().st_size}
                for path in files.values()
            },
        },
    )


def read_published(path: Path) -> dict[str, Tensor]:
    """The tensors of a ``.pt`` file, read without running anything in it.

    Wrappings that training programs add (a ``state_dict`` entry, ``module.`` before each name)
    are taken off.

    Raises:
        ModelError: It is missing, damaged, or asks to run code.
    """
    try:
        with warnings.catch_warnings():
            # Old files warn of their storage class; that is torch's concern, not the user's.
            warnings.simplefilter("ignore")
            values = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ModelError(f"{path.name} is missing.", f"There is no {path}.") from None
    except pickle.UnpicklingError as error:
        raise ModelError(*_unpickling_story(path, str(error))) from error
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, TypeError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"{path.name} is damaged or not a checkpoint.", first, "Download it again."
        ) from error
    return _tensors(values, path)


def _unpickling_story(path: Path, text: str) -> tuple[str, str, str]:
    """Message, cause and remedy of a file that the safe reader refused."""
    culprit = re.search(r"(?:Unsupported (?:class|global):|GLOBAL) (?:GLOBAL )?(\S+)", text)
    if culprit is None:
        cause = next((line for line in text.splitlines() if "rror" in line), "")
        return (f"{path.name} is damaged or not a checkpoint.", cause.strip(), "Download it again.")
    return (
        f"{path.name} is refused: besides tensors it holds code to run ({culprit.group(1)}).",
        "Reading it could do anything on this computer.",
        "Get the checkpoint from its authors; a genuine one holds tensors only.",
    )


def _tensors(values: Any, path: Path) -> dict[str, Tensor]:
    for wrapper in _WRAPPERS:
        if isinstance(values, Mapping) and isinstance(values.get(wrapper), Mapping):
            values = values[wrapper]
            break
    if not isinstance(values, Mapping) or not values:
        raise ModelError(
            f"{path.name} holds no network.", f"It holds a {type(values).__name__}.", ""
        )
    strange = [str(key) for key, value in values.items() if not isinstance(value, Tensor)]
    if strange:
        raise ModelError(
            f"{path.name} is not a plain state dict.", f"Not tensors: {report(strange)}."
        )
    return {str(key).removeprefix(_PREFIX): value for key, value in values.items()}


def _checked(path: Path, expected: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    state = read_published(path)
    problems = differences(expected, {key: tuple(value.shape) for key, value in state.items()})
    if problems:
        raise ModelError(
            f"{path.name} is not the published network.",
            f"{len(problems)} of {len(expected)} names or shapes differ: {report(problems)}.",
            "Are the two files of one release, and in the right order?",
        )
    return state
