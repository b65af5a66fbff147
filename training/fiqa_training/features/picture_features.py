"""Frozen features of labelled pictures, computed once for all runs that share the frozen parts.

One file a picture, named by the picture's contents; one folder for each set of frozen weights, so
that features of other weights are never mixed up.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from fiqa_models.networks import normalise
from fiqa_training.data.labelled import LabelledImage
from fiqa_training.data.patches import read_crop

log = logging.getLogger(__name__)

Features = npt.NDArray[np.float16]
"""(C, H, W) of one picture."""

_DIGEST = 12
_TELL_EVERY = 100


class PictureFeatures:
    """What a frozen module says of pictures; kept on disk, read lazily.

    Attributes:
        folder: where this module's answers are.
    """

    def __init__(
        self, module: nn.Module, make: Callable[[Tensor], Tensor], root: Path, device: torch.device
    ) -> None:
        """Take a module's answers.

        Args:
            module: its weights name the folder; it must stay as it is.
            make: images (1, 3, 512, 512) in [-1, 1] to features (1, C, H, W), by that module.
            root: of the folders of all modules.
            device: where to compute.
        """
        self.folder = root / _weights_digest(module)
        self._make, self._device = make, device
        self._names: dict[Path, str] = {}

    def prepare(self, images: Sequence[LabelledImage]) -> None:
        """Compute what is missing. Several processes may do so at once: a file appears whole."""
        missing = [image for image in images if not self._file(image).is_file()]
        for number, image in enumerate(missing, start=1):
            self._write(image)
            if number % _TELL_EVERY == 0 or number == len(missing):
                log.info("features of %d of %d pictures", number, len(missing))

    def __call__(self, image: LabelledImage) -> Features:
        """The features of one picture; from disk where they are known."""
        file = self._file(image)
        if not file.is_file():
            self._write(image)
        found: Features = np.load(file, allow_pickle=False)
        return found

    @torch.inference_mode()
    def _write(self, image: LabelledImage) -> None:
        crop, _ = read_crop(image, 0)
        pixels = normalise(torch.from_numpy(crop)[None].to(self._device))
        features = self._make(pixels.contiguous(memory_format=torch.channels_last))
        file = self._file(image)
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f"{file.name}.{id(self):x}.part")
        with partial.open("wb") as target:
            np.save(target, features[0].half().cpu().contiguous().numpy())
        partial.replace(file)

    def _file(self, image: LabelledImage) -> Path:
        name = self._names.get(image.path)
        if name is None:
            contents = image.path.read_bytes()
            name = hashlib.blake2b(contents, digest_size=_DIGEST).hexdigest()
            self._names[image.path] = name
        return self.folder / f"{name}.npy"


def _weights_digest(module: nn.Module) -> str:
    digest = hashlib.blake2b(digest_size=_DIGEST)
    for name, value in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
