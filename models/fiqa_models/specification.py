"""Reads a specification: the published network's tensors, a rule that fills them, its outputs.

The form is that of ``official_dsl_fiqa.json``. A file is checked whole before anything of the
network is loaded or made, which takes seconds and minutes: what is wrong is said at once, and by
the name of the entry. No torch here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fiqa_models.errors import ModelError

FEATURES = frozenset(
    ["conv1", "swin1", "swin2", "decoder", "landmark", "quality", "confidence", "degradation"]
)
"""What a case may give the mean and standard deviation of."""
MOST_VISIBLE = 500
"""As `fiqa_models.networks.MAX_LANDMARKS`, which cannot be had without torch."""
_OUTPUTS = ("quality", "confidence", "degradation")
_MAPS = ("quality_map_first8", "confidence_map_first8")
_INPUTS = ("noise", "waves")
_MOST_BYTES = 1 << 26
"""The published one has 27 kB; a checkpoint chosen by mistake has hundreds of megabytes."""


def read_form(path: Path) -> dict[str, Any]:
    """Read a specification and check its form; `fiqa_models.verify.read_spec` also its network.

    Raises:
        ModelError: where it cannot be read or is of another form.
    """
    values = _read_json(path)
    if not isinstance(values, dict) or not {"DE", "IQA", "cases"} <= set(values):
        raise _no_specification(path, "It must hold DE, IQA and cases.")
    for file in ("DE", "IQA"):
        if not _are_shapes(values[file]):
            raise _no_specification(path, f"{file} must give each tensor's name its shape.")
    cases = values["cases"]
    if not isinstance(cases, list) or not cases:
        raise _no_specification(path, "It holds no cases to compare.")
    for number, case in enumerate(cases, 1):
        for problem in _problems_of(case):
            raise _no_specification(path, f"Case {number}: {problem}")
    return values


def _read_json(path: Path) -> Any:
    whole = "Was it copied or downloaded as a whole?"
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _no_specification(path, "It is far too large for one.")
        text = path.read_text(encoding="utf-8")
        return json.loads(text)
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read.", f"{error.strerror}: {path}") from error
    except UnicodeDecodeError as error:
        raise _no_specification(path, "It is no text.") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}: {error.msg}."
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            raise ModelError(f"{path.name} ends too early.", f"At {place}", whole) from error
        raise ModelError(f"{path.name} is not JSON.", f"At {place}", whole) from error
    except (ValueError, RecursionError) as error:  # numbers of any length, lists of any depth
        raise ModelError(f"{path.name} cannot be read.", str(error)) from error


def _no_specification(path: Path, cause: str) -> ModelError:
    return ModelError(f"{path.name} is not a specification.", cause)


def _are_shapes(values: Any) -> bool:
    return isinstance(values, dict) and all(
        isinstance(shape, list) and all(isinstance(side, int) for side in shape)
        for shape in values.values()
    )


def _problems_of(case: Any) -> Iterator[str]:
    """What is wrong with a case; what follows the first may follow from it."""
    if not isinstance(case, dict):
        yield "it must be an object."
        return
    if not (_is_whole(case.get("seed")) and _is_whole(case.get("visible"))):
        yield "seed and visible must be whole numbers from 0 on."
    elif case["visible"] > MOST_VISIBLE:
        yield f"visible must not exceed {MOST_VISIBLE}."
    if case.get("input", "noise") not in _INPUTS:
        yield f"input must be one of {', '.join(_INPUTS)}."
    if not _is_number(case.get("score")):
        yield "score must be a number."
    statistics = case.get("mean_std", {})
    if not isinstance(statistics, dict):
        yield "mean_std must be an object."
        return
    if unknown := sorted(set(statistics) - FEATURES):
        yield f"mean_std names a feature we do not know: {', '.join(unknown)}."
    pairs = [*statistics.values(), *(case.get(f"{name}_mean_std", [0, 0]) for name in _OUTPUTS)]
    if not all(_are_numbers(pair) and len(pair) == 2 for pair in pairs):
        yield "each mean_std must be two numbers."
    if not all(_are_numbers(case.get(name, [])) for name in _MAPS):
        yield f"{' and '.join(_MAPS)} must be lists of numbers."


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _are_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(map(_is_number, values))
