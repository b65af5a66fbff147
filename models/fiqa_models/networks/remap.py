"""The published checkpoints' tensor names (``DE.pt``, ``IQA.pt``) and ours.

Names and shapes are facts of the published files; the code that made them carries no licence and
none of it is here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from torch import Tensor, nn

ENCODER = "DE"
QUALITY = "IQA"

_RULES: tuple[tuple[str, str], ...] = (
    (r"degradation\.convolutions\.", "DE.E."),
    (r"degradation\.projection\.", "DE.mlp."),
    (r"tokens\.vit\.", "IQA.vit."),
    (r"stage(\d)\.attention\.(\d)\.query\.", r"IQA.tablock\1.\2.c_q."),
    (r"stage(\d)\.attention\.(\d)\.key\.", r"IQA.tablock\1.\2.c_k."),
    (r"stage(\d)\.attention\.(\d)\.value\.", r"IQA.tablock\1.\2.c_v."),
    (r"stage(\d)\.project\.", r"IQA.conv\1."),
    (r"stage(\d)\.refine\.", r"IQA.swintransformer\1.layers."),
    (r"decoder_in\.", "IQA.conv_decoder."),
    (r"decoder\.(\d)\.mlp\.dwconv\.", r"IQA.decoder.\1.mlp.dwconv.dwconv."),
    (r"decoder\.", "IQA.decoder."),
    (r"guide\.expand\.", "IQA.embed_mlp.0."),
    (r"guide\.reduce\.", "IQA.embed_mlp.3."),
    (r"quality_head\.0\.", "IQA.fc_score.0."),
    (r"quality_head\.2\.", "IQA.fc_score.3."),
    (r"confidence_head\.0\.", "IQA.fc_weight.0."),
    (r"confidence_head\.2\.", "IQA.fc_weight.3."),
)


def _unused() -> dict[str, tuple[int, ...]]:
    """Tensors that the published file holds and the published network never reads."""
    shapes: dict[str, tuple[int, ...]] = {
        "vit.norm.weight": (768,),
        "vit.norm.bias": (768,),
        "vit.head.weight": (1000, 768),
        "vit.head.bias": (1000,),
        "testmlp.0.weight": (256, 256),
        "testmlp.0.bias": (256,),
        "testmlp.3.weight": (256, 256),
        "testmlp.3.bias": (256,),
    }
    block = {
        "norm1": (768,),
        "attn.qkv": (2304, 768),
        "attn.proj": (768, 768),
        "norm2": (768,),
        "mlp.fc1": (3072, 768),
        "mlp.fc2": (768, 3072),
    }
    for index in (10, 11):
        for name, shape in block.items():
            shapes[f"vit.blocks.{index}.{name}.weight"] = shape
            shapes[f"vit.blocks.{index}.{name}.bias"] = shape[:1]
    for stage, channels in ((1, 768), (2, 384)):
        swin = f"swintransformer{stage}"
        shapes[f"{swin}.downsample.weight"] = (channels, channels, 3, 3)
        shapes[f"{swin}.downsample.bias"] = (channels,)
        for layer in (0, 1):
            blocks = f"{swin}.layers.{layer}.blocks"
            shapes[f"{blocks}.0.attn.relative_position_index"] = (16, 16)
            shapes[f"{blocks}.1.attn.relative_position_index"] = (16, 16)
            shapes[f"{blocks}.1.attn_mask"] = (36, 16, 16)
    for index in range(3):
        shapes[f"decoder.{index}.attn.task_query"] = (1, 1, 256)
    return shapes


UNUSED: Mapping[str, tuple[int, ...]] = MappingProxyType(_unused())
"""Names (of ``IQA.pt``) and shapes that are checked and then left out."""


def published_name(name: str) -> str:
    """The published name of one of our tensors, with its file: ``IQA.conv1.weight``.

    Raises:
        KeyError: for a tensor that the published network does not have.
    """
    for pattern, replacement in _RULES:
        renamed, count = re.subn("^" + pattern, replacement, name)
        if count:
            return renamed
    raise KeyError(name)


def published_shapes(network: nn.Module) -> dict[str, dict[str, tuple[int, ...]]]:
    """The names and shapes that ``DE.pt`` and ``IQA.pt`` must have, by file."""
    files: dict[str, dict[str, tuple[int, ...]]] = {ENCODER: {}, QUALITY: dict(UNUSED)}
    for name, tensor in network.state_dict().items():
        file, _, key = published_name(name).partition(".")
        files[file][key] = tuple(tensor.shape)
    return files


def from_published(
    network: nn.Module, encoder: Mapping[str, Tensor], quality: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Our state dict of the tensors in ``DE.pt`` and ``IQA.pt`` (checked before)."""
    files = {ENCODER: encoder, QUALITY: quality}
    state: dict[str, Tensor] = {}
    for name in network.state_dict():
        file, _, key = published_name(name).partition(".")
        state[name] = files[file][key]
    return state
