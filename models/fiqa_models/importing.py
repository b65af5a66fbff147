"""Import of the authors' checkpoints (``DE.pt`` and ``IQA.pt``) as a scorer of our own form.

The files are read without running anything they contain, checked name by name and shape by
shape, converted to safetensors and given a manifest. Afterwards they are scorers like any other.
"""

from __future__ import annotations

import os
import pickle
import re
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor

from fiqa_models.errors import ModelError
from fiqa_models.manifest import Manifest, digest_of
from fiqa_models.networks import CONFIGS
from fiqa_models.networks.remap import ENCODER, QUALITY, from_published, published_shapes
from fiqa_models.registry import Origin, check_free, check_name, list_scorers
from fiqa_models.schemes import MESH, SCHEMES
from fiqa_models.weights import differences, empty_network, fill_network, report, save_checkpoint

_WRAPPERS = ("state_dict", "model_state_dict", "model", "net")
_PREFIX = "module."
_STAGING = ".import-"

StepCallback = Callable[[str, float], None]
"""Told what begins now, in words, and the share of the whole that is done, in [0, 1]."""


def import_published(
    encoder: Path,
    quality: Path,
    folder: Path,
    *,
    name: str,
    title: str = "",
    landmark_scheme: str = MESH,
    dataset: str = "",
    source: str = "",
    replace_existing: bool = False,
    on_step: StepCallback = lambda _step, _share: None,
) -> Manifest:
    """Turn the authors' pair of files into ``folder/NAME.safetensors`` and ``NAME.json``.

    Nothing of it is seen in ``folder`` before it is whole.

    Args:
        encoder: ``DE.pt``, the degradation encoder.
        quality: ``IQA.pt``, the quality network.
        folder: Where scorers live; see ``registry.models_folder``.
        name: The scorer's name: small letters, digits, ``.``, ``_`` and ``-``.
        title: For menus; without one it is made of the dataset.
        landmark_scheme: ``mesh468`` (GFIQA-20k and CGFIQA-40k weights) or ``ibug68`` ("custom").
        dataset: What the weights were trained on, for the manifest.
        source: Where the files were got, for the manifest.
        replace_existing: Whether a scorer of the user's own of this name may be replaced.
        on_step: Hears of each step before it begins.

    Raises:
        ModelError: A file is missing, damaged, unsafe or of another network (the message lists
            what differs), or the scorer cannot be written.
    """
    if landmark_scheme not in SCHEMES:
        raise ModelError(
            f"There is no landmark scheme “{landmark_scheme}”.", "", f"Use {' or '.join(SCHEMES)}."
        )
    check_name(name)
    _check_place(folder, name, replace_existing=replace_existing)
    # The identifiers' count changes how they are padded, no tensor's shape.
    config = replace(CONFIGS["paper"], landmarks=SCHEMES[landmark_scheme])
    network = empty_network(config)
    expected = published_shapes(network)
    files = {ENCODER: encoder, QUALITY: quality}
    states = {}
    for (file, path), share in zip(files.items(), (0.0, 0.05), strict=True):
        on_step(f"Reading {path.name}", share)
        states[file] = _checked(path, expected[file])
    on_step("Checking every number", 0.25)
    fill_network(
        network,
        from_published(network, states[ENCODER], states[QUALITY]),
        source=f"{encoder.name} and {quality.name}",
    )
    on_step("Taking digests of the files", 0.45)
    provenance = {
        "source": source or "imported from the authors' files",
        "dataset": dataset,
        "date": datetime.now(UTC).date().isoformat(),
        "files": {
            path.name: {"blake2b": digest_of(path), "bytes": path.stat().st_size}
            for path in files.values()
        },
    }
    named = f" trained on {dataset}" if dataset else ""
    on_step(f"Writing {name}.safetensors", 0.65)
    with _written_whole(folder, name) as staged:
        return save_checkpoint(
            network.eval(),
            staged,
            name=name,
            title=title or f"DSL-FIQA{f' ({dataset})' if dataset else ''}",
            summary=f"The authors' published DSL-FIQA weights{named}; scores relative to that set.",
            landmark_scheme=landmark_scheme,
            provenance=provenance,
        )


def _check_place(folder: Path, name: str, *, replace_existing: bool) -> None:
    """Before minutes of reading: is the name free, and not that of a scorer we ship?"""
    target = folder / f"{name}.safetensors"
    if not replace_existing:
        check_free(name)
        if target.exists() or target.with_suffix(".json").exists():
            raise ModelError(f"There is a scorer “{name}” already.", "", "Choose another name.")
        return
    if any(spec.name == name and spec.origin is not Origin.OWN for spec in list_scorers()):
        raise ModelError(
            f"The scorer “{name}” cannot be replaced.",
            "It is none of your own.",
            "Choose another name.",
        )


@contextmanager
def _written_whole(folder: Path, name: str) -> Iterator[Path]:
    """A place for a tensor file and its manifest; both move into ``folder`` at the end.

    Whatever happens before, an exit by a signal included, leaves ``folder`` as it was.
    """
    staging = folder / f"{_STAGING}{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        staging.mkdir()
        staged = staging / f"{name}.safetensors"
        yield staged
        for path in (staged, staged.with_suffix(".json")):
            if path.exists():
                path.replace(folder / path.name)
    except (OSError, SafetensorError) as error:
        reason = error.strerror if isinstance(error, OSError) else ""
        raise ModelError(
            f"The scorer “{name}” cannot be written.",
            f"{reason or error} ({folder}).",
            "It takes about 1 GB: is there room, and may you write there?",
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Delete what an import left that was killed before it could."""
    for left in folder.glob(f"{_STAGING}*"):
        try:
            os.kill(int(left.name.removeprefix(_STAGING)), 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except (ValueError, OSError):
            continue  # not one of ours, or another user's, at work


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
