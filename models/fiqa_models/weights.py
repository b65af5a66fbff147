"""Checkpoints: safetensors and a manifest, saved atomically and read strictly.

A tensor file is never unpickled: whatever is not plain safetensors is refused with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from fiqa_models.errors import ModelError
from fiqa_models.manifest import Manifest, digest_of, read_manifest
from fiqa_models.networks import DslFiqa, NetworkConfig, build_network

_SHOWN = 8


def save_checkpoint(
    network: DslFiqa,
    path: Path,
    *,
    title: str,
    summary: str,
    name: str = "",
    landmark_scheme: str = "mesh468",
    provenance: Mapping[str, Any] | None = None,
    figures: Mapping[str, Any] | None = None,
) -> Manifest:
    """Write ``path`` (``.safetensors``) and the manifest beside it.

    The tensor file appears first and the manifest last, each by a rename: a checkpoint that was
    interrupted is seen as damaged, never as another one.
    """
    if path.suffix != ".safetensors":
        raise ValueError(f"a checkpoint ends in .safetensors: {path.name}")
    state = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    save_file(state, temporary)
    digest = digest_of(temporary)
    temporary.replace(path)
    manifest = Manifest(
        name=name or path.stem,
        title=title,
        summary=summary,
        network=network.config.as_dict(),
        weights=digest,
        landmark_scheme=landmark_scheme,
        provenance=dict(provenance or {}),
        figures=dict(figures or {}),
    )
    manifest.write(path.with_suffix(".json"))
    return manifest


def load_checkpoint(path: Path) -> tuple[DslFiqa, Manifest]:
    """Read a checkpoint into its network, in evaluation mode on the CPU.

    Raises:
        ModelError: where a file is missing, damaged, not safetensors, or does not fit.
    """
    manifest = read_manifest(path.with_suffix(".json"))
    try:
        config = NetworkConfig.from_dict(manifest.network)
    except TypeError as error:
        raise ModelError(
            f"{path.name} describes a network this version does not know.", str(error)
        ) from error
    state = read_tensors(path)
    if digest_of(path) != manifest.weights:
        raise ModelError(
            f"{path.name} is damaged or was replaced.",
            "Its contents differ from the digest in its manifest.",
            "Copy both files again, or import the checkpoint again.",
        )
    network = empty_network(config)
    fill_network(network, state, source=path.name)
    return network.eval(), manifest


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        ModelError: where it is missing, damaged or another kind of file.
    """
    try:
        with path.open("rb") as file:
            start = file.read(2)
    except FileNotFoundError:
        raise ModelError(f"{path.name} is missing.", "", "Copy it beside its manifest.") from None
    except OSError as error:
        raise ModelError(f"{path.name} cannot be opened.", str(error)) from error
    if start == b"PK" or start[:1] == b"\x80":
        raise ModelError(
            f"{path.name} is refused: it is a pickle archive, which can run code when it is read.",
            "Only plain tensors (safetensors) are loaded as weights.",
            "Convert published weights with `fiqa models import`, which reads them safely.",
        )
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"{path.name} is damaged or not a safetensors file.", str(error), "Copy it again."
        ) from error
    return tensors


def empty_network(config: NetworkConfig) -> DslFiqa:
    """A network without storage for its weights; ``fill_network`` gives it some.

    The full network then needs one copy of its gigabyte, and no time for random values.
    """
    with torch.device("meta"):
        return build_network(config)


def fill_network(network: nn.Module, state: Mapping[str, Tensor], *, source: str) -> None:
    """Give a network its tensors, strictly.

    Raises:
        ModelError: with a readable list of what is missing, unknown or of another shape.
    """
    expected = network.state_dict()
    problems = differences(
        {key: tuple(value.shape) for key, value in expected.items()},
        {key: tuple(value.shape) for key, value in state.items()},
    )
    if problems:
        raise ModelError(f"{source} does not fit this network.", report(problems))
    for key, value in state.items():
        if not value.is_floating_point():
            continue
        if not torch.isfinite(value).all():
            raise ModelError(f"{source} is damaged.", f"{key} holds values that are not finite.")
    typed = {key: value.to(expected[key].dtype) for key, value in state.items()}
    network.load_state_dict(typed, strict=True, assign=True)
    _restore_buffers(network)


def _restore_buffers(network: nn.Module) -> None:
    """Compute again the buffers that no file holds (timm's window indices and masks)."""
    for module in network.modules():
        for name, buffer in module.named_buffers(recurse=False):
            if buffer.is_meta:
                module.register_buffer(
                    name, torch.empty_like(buffer, device="cpu"), persistent=False
                )
    for module in network.modules():
        restore = getattr(module, "init_non_persistent_buffers", None)
        if callable(restore):
            restore()


def differences(
    expected: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]
) -> list[str]:
    """What keeps ``found`` names and shapes from being the ``expected`` ones, one line each."""
    lines = [f"missing: {key} {list(shape)}" for key, shape in expected.items() if key not in found]
    lines += [
        f"unknown: {key} {list(shape)}" for key, shape in found.items() if key not in expected
    ]
    lines += [
        f"shape: {key} is {list(found[key])}, must be {list(shape)}"
        for key, shape in expected.items()
        if key in found and found[key] != shape
    ]
    return lines


def report(problems: list[str]) -> str:
    """The first lines of a list of differences, and how many more there are."""
    shown = "; ".join(problems[:_SHOWN])
    more = len(problems) - _SHOWN
    return shown + (f"; and {more} more" if more > 0 else "")
