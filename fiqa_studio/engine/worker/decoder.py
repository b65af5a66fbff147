"""A decoder: one photo at a time, from its bytes to its faces and crops.

It reads commands of the public protocol from its standard input and answers in tagged frames.
Nothing else may reach its standard output, so that is moved aside before any library is loaded.
"""

from __future__ import annotations

import ctypes
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec
import numpy as np

from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.engine.link.protocol import (
    CropFaces,
    FacesCropped,
    IndexPhoto,
    Message,
    PhotoCommand,
    RenderCrop,
    Rendered,
    RenderPhoto,
    RequestFailed,
    ScorePhoto,
    read_command,
)
from fiqa_studio.engine.link.wire import landmarks_from_wire, landmarks_to_wire, photo_to_wire
from fiqa_studio.engine.worker.faults import fault_in_decoder
from fiqa_studio.engine.worker.frames import BEGUN, CROPS, EVENT, Crops, write_frame
from fiqa_studio.engine.worker.options import WorkerOptions

if TYPE_CHECKING:
    from fiqa_studio.vision.faces import FaceFinder

_logger = logging.getLogger(__name__)
_encode = msgspec.msgpack.Encoder().encode
_PR_SET_PDEATHSIG = 1

Answer = Message | Crops


def run_decoder(options: WorkerOptions) -> int:
    """Serve until standard input ends."""
    logging.basicConfig(level=logging.INFO, format="decoder %(process)d: %(message)s")
    answers = private_standard_output()
    _die_with_parent()
    decoder = _Decoder(options, answers)
    while (command := read_command(sys.stdin.buffer)) is not None:
        if isinstance(command, PhotoCommand):
            decoder.serve(command)
    decoder.close()
    return 0


def private_standard_output() -> BinaryIO:
    """Move standard output aside, so that a library that prints does no harm to the protocol."""
    private = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return os.fdopen(private, "wb")


class _Decoder:
    def __init__(self, options: WorkerOptions, answers: BinaryIO):
        self._options = options
        self._answers = answers
        self._finder: FaceFinder | None = None
        self._limited = False

    def serve(self, command: PhotoCommand) -> None:
        work: Callable[[], Answer]
        match command:
            case IndexPhoto():
                finder = self._warm_finder()
                work = lambda: _index(command, finder)  # noqa: E731 - one line says it best
            case ScorePhoto():
                work = lambda: _crops(command)  # noqa: E731
            case RenderPhoto():
                work = lambda: _render_photo(command)  # noqa: E731
            case RenderCrop():
                work = lambda: _render_crop(command)  # noqa: E731
            case CropFaces():
                work = lambda: _crop_files(command)  # noqa: E731
        self._limit_memory()
        write_frame(self._answers, BEGUN)
        # Even a decoder that is stuck inside a library, its supervisor gone, ends in time.
        signal.setitimer(signal.ITIMER_REAL, self._options.seconds_per_photo + 10)
        answer = _guarded(command.request_id, command.path, work)
        signal.setitimer(signal.ITIMER_REAL, 0)
        tag = CROPS if isinstance(answer, Crops) else EVENT
        write_frame(self._answers, tag, _encode(answer))

    def close(self) -> None:
        if self._finder is not None:
            self._finder.close()

    def _warm_finder(self) -> FaceFinder:
        if self._finder is None:
            from fiqa_studio.vision.faces import FaceFinder  # noqa: PLC0415 - loads mediapipe

            self._finder = FaceFinder()
        return self._finder

    def _limit_memory(self) -> None:
        """Cap the address space at what is used now, all libraries loaded, plus the allowance."""
        statm = Path("/proc/self/statm")
        if self._limited or not self._options.memory_mb or not statm.exists():
            return
        self._limited = True
        used = int(statm.read_text().split()[0]) * resource.getpagesize()
        limit = used + (self._options.memory_mb << 20)
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _guarded(request_id: int, path: bytes, work: Callable[[], Answer]) -> Answer:
    try:
        fault_in_decoder(path)
        return work()
    except PhotoError as error:
        return RequestFailed(request_id=request_id, code=error.code, message=str(error))
    except MemoryError:
        message = "This photo needs more memory than a single photo may use."
        return RequestFailed(request_id=request_id, code="photo.memory", message=message)
    except Exception as error:
        # Whatever a decoding library throws at a hostile file is a fact about that file.
        _logger.exception("a photo failed in an unforeseen way: %r", path)
        reason = f"{type(error).__name__}: {error}"
        message = f"The photo could not be processed ({reason}). The log file has the details."
        return RequestFailed(request_id=request_id, code="photo.unreadable", message=message)


def _index(command: IndexPhoto, finder: FaceFinder) -> Answer:
    from fiqa_studio.vision.index import index_photo  # noqa: PLC0415 - loads mediapipe

    seconds: dict[str, float] = {}
    result = index_photo(command.path, finder, timings=seconds)
    answer = photo_to_wire(
        command.request_id,
        result.photo,
        size=result.size,
        mtime_ns=result.mtime_ns,
        seconds=seconds,
    )
    if not command.scorer or not answer.faces:
        return answer
    return Crops(
        request_id=command.request_id,
        scorer=command.scorer,
        pixels=b"".join(crop.tobytes() for crop in result.crops),
        landmarks=b"".join(landmarks_to_wire(points) for points in result.crop_landmarks),
        face_ids=[],
        hashes=[],
        indexed=answer,
    )


def _crops(command: ScorePhoto) -> Answer:
    from fiqa_studio.vision.crops import load_crops  # noqa: PLC0415 - loads OpenCV
    from fiqa_studio.vision.perceptual import perceptual_hash  # noqa: PLC0415

    landmarks = [landmarks_from_wire(face.landmarks) for face in command.faces]
    crops = load_crops(command.path, landmarks, command.content_hash)
    return Crops(
        request_id=command.request_id,
        scorer=command.scorer,
        pixels=b"".join(crop.rgb.tobytes() for crop in crops),
        landmarks=b"".join(landmarks_to_wire(crop.landmarks) for crop in crops),
        face_ids=[face.face_id for face in command.faces],
        hashes=[perceptual_hash(crop.rgb) for crop in crops],
    )


def _render_photo(command: RenderPhoto) -> Answer:
    from fiqa_studio.vision.decode import decode  # noqa: PLC0415 - loads OpenCV

    image = decode(command.path, max_side=command.max_side)
    height, width = image.rgb.shape[:2]
    return Rendered(
        request_id=command.request_id,
        width=width,
        height=height,
        full_width=image.full_width,
        full_height=image.full_height,
        rgb=np.ascontiguousarray(image.rgb).tobytes(),
    )


def _render_crop(command: RenderCrop) -> Answer:
    from fiqa_studio.vision.crops import load_crops  # noqa: PLC0415 - loads OpenCV

    (crop,) = load_crops(command.path, [landmarks_from_wire(command.landmarks)])
    height, width = crop.rgb.shape[:2]
    return Rendered(
        request_id=command.request_id,
        width=width,
        height=height,
        full_width=width,
        full_height=height,
        rgb=crop.rgb.tobytes(),
    )


def _crop_files(command: CropFaces) -> Answer:
    from fiqa_studio.vision.crops import crop_png, load_crops  # noqa: PLC0415 - loads OpenCV

    landmarks = [landmarks_from_wire(face.landmarks) for face in command.faces]
    crops = load_crops(command.path, landmarks, command.content_hash)
    pictures = [
        (face.face_id, crop_png(crop)) for face, crop in zip(command.faces, crops, strict=True)
    ]
    return FacesCropped(request_id=command.request_id, crops=pictures)


def _die_with_parent() -> None:
    """Ask the kernel to end this process when the supervisor dies, even by a kill."""
    if not sys.platform.startswith("linux"):
        return  # elsewhere the end of standard input does it, after the photo in hand
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:  # it died before we asked
        os._exit(1)
