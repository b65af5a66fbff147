"""How the supervisor talks to its decoders: frames as in the protocol, each with a tag.

Events of the public protocol pass through the supervisor as bytes, unread: a rendered photo of
fifty megabytes is not decoded only to be encoded again.
"""

from __future__ import annotations

import os
import select
import struct
import time
from collections.abc import Callable
from typing import BinaryIO

import msgspec

from fiqa_studio.engine.link.protocol import MAX_FRAME_BYTES, PhotoIndexed

EVENT = b"E"
"""The rest of the frame is an event of the public protocol."""
CROPS = b"C"
"""The rest of the frame is a `Crops`."""
BEGUN = b"B"
"""The decoder has what it needs and touches the photo from now on: its time runs."""

_HEADER = struct.Struct("<I")
_POLL_SECONDS = 0.1


class Crops(msgspec.Struct, frozen=True, kw_only=True):
    """Faces of one photo on their way to the scorer.

    Attributes:
        request_id: The request they belong to.
        scorer: Name of the scorer that is to see them.
        pixels: ``(N, 512, 512, 3)`` uint8 RGB.
        landmarks: ``(N, 478, 2)`` float32, in crop pixels.
        face_ids: Of the library, for `ScorePhoto`; empty for `IndexPhoto`.
        hashes: Perceptual hashes of the crops, for `ScorePhoto`; empty for `IndexPhoto`.
        indexed: The answer that waits for its scores; None for `ScorePhoto`.
    """

    request_id: int
    scorer: str
    pixels: bytes
    landmarks: bytes
    face_ids: list[int]
    hashes: list[int]
    indexed: PhotoIndexed | None = None


class FrameEndedError(Exception):
    """The other process is gone."""


class FrameLateError(Exception):
    """No answer within the time allowed."""


class FrameUnwantedError(Exception):
    """Nobody waits for the answer any longer."""


def write_frame(stream: BinaryIO, tag: bytes, payload: bytes = b"") -> None:
    """Write one tagged frame and flush it."""
    stream.write(_HEADER.pack(len(payload) + 1) + tag)
    stream.write(payload)
    stream.flush()


def read_frame(stream: BinaryIO) -> tuple[bytes, bytes] | None:
    """The next frame as (tag, payload), waiting as long as it takes; None at the end."""
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    (length,) = _HEADER.unpack(header)
    payload = stream.read(length)
    return (payload[:1], payload[1:]) if len(payload) == length else None


class FrameReader:
    """Reads frames from a pipe without ever waiting longer than it is told to."""

    def __init__(self, descriptor: int):
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    def read(self, deadline: float, unwanted: Callable[[], bool]) -> tuple[bytes, bytes]:
        """The next frame.

        Args:
            deadline: On the monotonic clock.
            unwanted: Asked ten times a second whether to give up.

        Raises:
            FrameEndedError: The pipe has ended, or what came is no frame.
            FrameLateError: The deadline has passed.
            FrameUnwantedError: ``unwanted`` said so.
        """
        (length,) = _HEADER.unpack(self._exactly(_HEADER.size, deadline, unwanted))
        if not 0 < length <= MAX_FRAME_BYTES:
            raise FrameEndedError
        payload = self._exactly(length, deadline, unwanted)
        return bytes(payload[:1]), bytes(payload[1:])

    def _exactly(self, count: int, deadline: float, unwanted: Callable[[], bool]) -> memoryview:
        buffer = memoryview(bytearray(count))
        filled = 0
        while filled < count:
            left = deadline - time.monotonic()
            if left <= 0:
                raise FrameLateError
            if not self._poll.poll(1000 * min(left, _POLL_SECONDS)):
                if unwanted():
                    raise FrameUnwantedError
                continue
            read = os.readv(self._descriptor, [buffer[filled:]])
            if read == 0:
                raise FrameEndedError
            filled += read
        return buffer
