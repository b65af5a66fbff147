"""The registry of degradations: named, seeded, with one continuous severity in [0, 1].

Every kind is a plain function ``(image, severity, rng) -> image`` on float32 RGB in [0, 1].
The rules that make kinds composable and comparable:

* severity 0 leaves the image as it is, severity 1 wrecks it, equal steps look about equal;
* the random draws do not depend on the severity, so one seed at growing severities is one
  scene growing worse (the same shake direction, the same grain), not six different scenes;
* geometry never changes: landmarks of the clean face stay valid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from fiqa_training.errors import TrainingError

FloatImage = npt.NDArray[np.float32]
"""(H, W, 3) float32 RGB in [0, 1], display-referred (sRGB-encoded)."""

ByteImage = npt.NDArray[np.uint8]
"""(H, W, 3) uint8 RGB."""

Degrade = Callable[[FloatImage, float, np.random.Generator], FloatImage]
_Function = TypeVar("_Function", bound=Degrade)


@dataclass(frozen=True)
class Kind:
    """One degradation that the registry knows.

    Attributes:
        name: its identifier, as used in recipes and file names.
        family: blur, noise, compression, resampling, exposure, colour, atmosphere,
            artefact, lens, local or chain.
        title: a short text for people.
        function: what it does.
    """

    name: str
    family: str
    title: str
    function: Degrade


_KINDS: dict[str, Kind] = {}


def register(name: str, family: str, title: str) -> Callable[[_Function], _Function]:
    """Register the decorated function as the degradation `name`."""

    def enter(function: _Function) -> _Function:
        if name in _KINDS:
            msg = f"degradation {name!r} is registered twice"
            raise ValueError(msg)
        _KINDS[name] = Kind(name, family, title, function)
        return function

    return enter


def kinds(family: str = "") -> list[Kind]:
    """All kinds in the order of registration, or those of one family."""
    return [kind for kind in _KINDS.values() if not family or kind.family == family]


def kind(name: str) -> Kind:
    """Look a kind up by its name.

    Raises:
        TrainingError: no such kind; the message lists the known ones.
    """
    try:
        return _KINDS[name]
    except KeyError:
        known = ", ".join(_KINDS)
        raise TrainingError(f"There is no degradation {name!r}.", f"Known are: {known}.") from None


def degrade_float(image: FloatImage, name: str, severity: float, seed: int) -> FloatImage:
    """Degrade a float image; see `degrade`."""
    if not 0.0 <= severity <= 1.0:
        msg = f"Severity {severity} is outside [0, 1]."
        raise TrainingError(msg)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.float32:
        msg = f"A degradation takes float32 (H, W, 3), not {image.dtype} {image.shape}."
        raise TrainingError(msg)
    found = kind(name)
    if severity == 0.0:
        return image.copy()
    result = found.function(image, float(severity), np.random.default_rng(seed))
    return np.clip(result, 0.0, 1.0).astype(np.float32, copy=False)


def degrade(image: ByteImage, name: str, severity: float, seed: int) -> ByteImage:
    """Degrade one image.

    Args:
        image: (H, W, 3) uint8 RGB.
        name: a registered kind.
        severity: in [0, 1]; 0 returns an equal copy.
        seed: decides direction, grain, positions; the same seed gives the same result.

    Raises:
        TrainingError: unknown kind, severity out of range, or not an RGB image.
    """
    if image.dtype != np.uint8:
        msg = f"A photo is uint8 (H, W, 3), not {image.dtype} {image.shape}."
        raise TrainingError(msg)
    return to_bytes(degrade_float(to_float(image), name, severity, seed))


def to_float(image: ByteImage) -> FloatImage:
    """Uint8 RGB to float32 in [0, 1]."""
    return image.astype(np.float32) / np.float32(255.0)


def to_bytes(image: FloatImage) -> ByteImage:
    """float32 in [0, 1] to uint8, rounded to nearest."""
    return np.asarray(np.rint(np.clip(image, 0.0, 1.0) * 255.0), np.uint8)


def to_linear(image: FloatImage) -> FloatImage:
    """Display values to linear light (gamma 2.2 is close enough for degradations)."""
    return np.power(np.clip(image, 0.0, 1.0), np.float32(2.2), dtype=np.float32)


def to_display(image: FloatImage) -> FloatImage:
    """Linear light to display values."""
    return np.power(np.clip(image, 0.0, 1.0), np.float32(1 / 2.2), dtype=np.float32)


def mix(clean: FloatImage, degraded: FloatImage, mask: FloatImage) -> FloatImage:
    """Blend by a mask in [0, 1]: 1 takes the degraded image."""
    weight = mask[..., None] if mask.ndim == 2 else mask
    return np.asarray(clean + (degraded - clean) * weight, np.float32)
