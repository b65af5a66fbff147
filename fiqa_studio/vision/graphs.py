"""MediaPipe's face models without the parts of its solutions that cost time here.

The graphs are those of ``mp.solutions.face_detection`` and ``mp.solutions.face_mesh``, taken from
the wheel and trimmed. They run on the caller's thread: the worker runs one process a core, and a
graph's own pool makes a call twice as slow (4.5 against 2.0 ms). Several images go into one run.
Of the mesh only the landmark model is left, since the detection has been done and its presence
score is wanted, not a verdict. Images come in the model's own size, so nothing is warped on the way
in nor projected on the way out: a seventh of the detector's time.
Nothing is remembered from one image to the next, so results do not depend on order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fiqa_studio.vision.mediapipe_parts import (
    calculator_graph,
    calculator_pb2,
    image_frame,
    inference_calculator_pb2,
    mediapipe,
    packet_creator,
    packet_getter,
    resource_util,
    tensor_converter_calculator_pb2,
    tensors_to_detections_calculator_pb2,
    validated_graph_config,
)
from fiqa_studio.vision.quiet import quiet_stderr

Rgb = npt.NDArray[np.uint8]

DETECTOR_SIZE = 128
MESH_SIZE = 192

_ROOT = Path(mediapipe.__file__).parents[1]
_DETECTOR = "mediapipe/modules/face_detection/face_detection_short_range_cpu.binarypb"
_MESH = "mediapipe/modules/face_landmark/face_landmark_front_cpu.binarypb"
_MESH_PREFIX = "facelandmarkcpu__"
_DETECTOR_PREFIX = "facedetectionshortrange__facedetection__"
_DETECTOR_LEFT_OUT = {"ToImageCalculator", "DetectionProjectionCalculator"}
_MESH_LEFT_OUT = {
    "GateCalculator",  # drops the landmarks where presence is low
    "ThresholdingCalculator",
    "LandmarkProjectionCalculator",  # from the region back to the image: our region is the image
}


@dataclass(frozen=True, slots=True)
class RawDetection:
    """One answer of the detector, in units of the image's side.

    Attributes:
        score: In [0, 1].
        box: x, y, width, height.
        keypoints: ``(6, 2)``: right eye, left eye, nose tip, mouth, right ear, left ear (of the
            subject: the right eye is on the image's left).
    """

    score: float
    box: npt.NDArray[np.float64]
    keypoints: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RawMesh:
    """Face mesh in units of the image's side; z as x, growing away from the camera."""

    presence: float
    points: npt.NDArray[np.float64]


class _Graph:
    """A started MediaPipe graph with one input stream named ``image``."""

    def __init__(self, config: Any, outputs: Sequence[str], side_packets: dict[str, Any]) -> None:
        config.ClearField("num_threads")
        del config.executor[:]
        config.executor.add(type="ApplicationThreadExecutor")
        self._results: dict[str, dict[int, Any]] = {name: {} for name in outputs}
        self._time = 0
        resource_util.set_resource_dir(str(_ROOT))
        with quiet_stderr():
            self._graph = calculator_graph.CalculatorGraph(graph_config=config)
            for name in outputs:
                self._graph.observe_output_stream(name, self._keep, False)
            self._graph.start_run(side_packets)

    def _keep(self, name: str, packet: Any) -> None:
        self._results[name][packet.timestamp.value] = packet

    def run(self, images: Sequence[Rgb]) -> list[dict[str, Any]]:
        for results in self._results.values():
            results.clear()
        times = range(self._time + 1, self._time + 1 + len(images))
        self._time += len(images)
        for time, image in zip(times, images, strict=True):
            packet = packet_creator.create_image_frame(
                data=image, image_format=image_frame.ImageFormat.SRGB, copy=True
            )
            self._graph.add_packet_to_input_stream(stream="image", packet=packet.at(time))
        self._graph.wait_until_idle()
        return [
            {name: results.get(time) for name, results in self._results.items()} for time in times
        ]

    def close(self) -> None:
        if self._graph is not None:
            self._graph.close()
            self._graph = None


class Detector:
    """MediaPipe's short-range face detector: 128 x 128 RGB in, faces from about 13 pixels up.

    Measured on 60 faces pasted into landscapes: every one is found from an eye distance of 6
    pixels up to a face that fills the image. The full-range model finds them from 5 pixels in
    192 x 192 but takes three times as long, so for a given smallest face and time the two are
    equal, and the smaller one wastes less on overlaps.
    """

    def __init__(self, *, least_score: float) -> None:
        config = _parts(_wheel_graph(_DETECTOR), _DETECTOR_PREFIX, _DETECTOR_LEFT_OUT)
        config.input_stream.append("image")
        for node in config.node:
            if node.calculator == "TensorsToDetectionsCalculator":
                _edit(
                    node,
                    tensors_to_detections_calculator_pb2.TensorsToDetectionsCalculatorOptions,
                    min_score_thresh=least_score,
                )
        _straight_in(config, symmetric=True)
        _one_thread(config)
        self._detections = _DETECTOR_PREFIX + "filtered_detections"
        self._graph = _Graph(config, [self._detections], {})
        with quiet_stderr():  # the first run speaks
            self.run([np.zeros((DETECTOR_SIZE, DETECTOR_SIZE, 3), np.uint8)])

    def run(self, images: Sequence[Rgb]) -> list[list[RawDetection]]:
        """Detections in each of some square images."""
        return [
            [_detection(message) for message in _messages(result[self._detections])]
            for result in self._graph.run(images)
        ]

    def close(self) -> None:
        """Stop the graph."""
        self._graph.close()


class Mesher:
    """MediaPipe's face mesh with refined eyes and lips: 192 x 192 RGB in, 478 points out."""

    def __init__(self) -> None:
        config = _parts(_wheel_graph(_MESH), _MESH_PREFIX, _MESH_LEFT_OUT)
        config.input_stream.append("image")
        config.input_side_packet.append("with_attention")
        for node in config.node:
            if node.name.endswith("SwitchDemuxCalculator"):
                # Past the gate that was left out.
                streams = [
                    s.replace("ensured_landmark_tensors", "landmark_tensors")
                    for s in node.input_stream
                ]
                del node.input_stream[:]
                node.input_stream.extend(streams)
        _straight_in(config, symmetric=False)
        _one_thread(config)
        self._points = _MESH_PREFIX + "landmarks"
        self._presence = _MESH_PREFIX + "face_presence_score"
        self._graph = _Graph(
            config,
            [self._points, self._presence],
            {"with_attention": packet_creator.create_bool(True)},
        )
        with quiet_stderr():
            self.run([np.zeros((MESH_SIZE, MESH_SIZE, 3), np.uint8)])

    def run(self, images: Sequence[Rgb]) -> list[RawMesh]:
        """The mesh in each of some square images that a face fills about two thirds of."""
        meshes = []
        for result in self._graph.run(images):
            points = packet_getter.get_proto(result[self._points]).landmark
            meshes.append(
                RawMesh(
                    presence=float(packet_getter.get_float(result[self._presence])),
                    points=np.array([(p.x, p.y, p.z) for p in points], np.float64),
                )
            )
        return meshes

    def close(self) -> None:
        """Stop the graph."""
        self._graph.close()


def _wheel_graph(path: str) -> Any:
    """A graph of the wheel with its sub-graphs expanded."""
    validated = validated_graph_config.ValidatedGraphConfig()
    validated.initialize(binary_graph_path=str(_ROOT / path))
    config = calculator_pb2.CalculatorGraphConfig()
    config.ParseFromString(validated.binary_config)
    return config


def _parts(whole: Any, prefix: str, left_out: set[str]) -> Any:
    """The nodes of one sub-graph, without some kinds."""
    config = calculator_pb2.CalculatorGraphConfig()
    for node in whole.node:
        if node.name.startswith(prefix) and node.calculator not in left_out:
            config.node.add().CopyFrom(node)
    return config


def _straight_in(config: Any, *, symmetric: bool) -> None:
    """Give the model its image as it is, from -1 to 1 where ``symmetric``, else from 0 to 1."""
    kind = tensor_converter_calculator_pb2.TensorConverterCalculatorOptions
    for node in config.node:
        if node.calculator != "ImageToTensorCalculator":
            continue
        tensors = [s for s in node.output_stream if s.startswith("TENSORS:")]
        name = node.name
        node.Clear()
        node.name = name
        node.calculator = "TensorConverterCalculator"
        node.input_stream.append("IMAGE:image")
        node.output_stream.extend(tensors)
        node.options.Extensions[kind.ext].zero_center = symmetric


def _one_thread(config: Any) -> None:
    for node in config.node:
        if node.calculator == "InferenceCalculatorCpu":
            options = inference_calculator_pb2.InferenceCalculatorOptions
            xnnpack = options.Delegate.Xnnpack(num_threads=1)
            _edit(node, options, delegate=options.Delegate(xnnpack=xnnpack))


def _edit(node: Any, kind: Any, **values: Any) -> None:
    """Set options of a node, which lie in one of two places by the age of its graph."""
    changed = kind(**values)
    for packed in node.node_options:
        if packed.Is(kind.DESCRIPTOR):
            options = kind()
            packed.Unpack(options)
            options.MergeFrom(changed)
            packed.Pack(options)
            return
    node.options.Extensions[kind.ext].MergeFrom(changed)


def _messages(packet: Any) -> list[Any]:
    if packet is None or packet.is_empty():
        return []
    messages: list[Any] = packet_getter.get_proto_list(packet)
    return messages


def _detection(message: Any) -> RawDetection:
    place = message.location_data
    box = place.relative_bounding_box
    return RawDetection(
        score=float(message.score[0]),
        box=np.array([box.xmin, box.ymin, box.width, box.height], np.float64),
        keypoints=np.array([(k.x, k.y) for k in place.relative_keypoints], np.float64),
    )
