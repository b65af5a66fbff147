"""The parts of MediaPipe that are used, imported without its plotting.

MediaPipe imports pyplot for a drawing helper. That takes most of a second in every worker process,
and in a new home it builds a font cache for many seconds and says so on standard error. None of it
is needed, so for the time of the import an empty module stands in.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import ModuleType


@contextlib.contextmanager
def _without_pyplot() -> Iterator[None]:
    names = ("matplotlib", "matplotlib.pyplot")
    if any(name in sys.modules for name in names):
        yield
        return
    package, pyplot = (ModuleType(name) for name in names)
    package.pyplot = pyplot  # type: ignore[attr-defined]  # as importing a submodule does
    sys.modules.update(zip(names, (package, pyplot), strict=True))
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]


with _without_pyplot():
    import mediapipe
    from mediapipe.calculators.tensor import (
        inference_calculator_pb2,
        tensor_converter_calculator_pb2,
        tensors_to_detections_calculator_pb2,
    )
    from mediapipe.framework import calculator_pb2
    from mediapipe.python import packet_creator, packet_getter
    from mediapipe.python._framework_bindings import (
        calculator_graph,
        image_frame,
        resource_util,
        validated_graph_config,
    )

__all__ = [
    "calculator_graph",
    "calculator_pb2",
    "image_frame",
    "inference_calculator_pb2",
    "mediapipe",
    "packet_creator",
    "packet_getter",
    "resource_util",
    "tensor_converter_calculator_pb2",
    "tensors_to_detections_calculator_pb2",
    "validated_graph_config",
]
