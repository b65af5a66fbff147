"""The messages between the window (or CLI) and the worker, and their framing.

Each message is one frame: four bytes of length, little-endian, then MessagePack. Commands go
to the worker's standard input, events come from its standard output; standard error is the
worker's log. Paths travel as bytes, since a file name need not be UTF-8; arrays travel as raw
bytes, their shape given by the message.

A request carries a ``request_id`` chosen by the client, and is answered by exactly one closing
event with the same id (its own answer or `RequestFailed`), in the order of completion.
"""

from __future__ import annotations

import struct
from typing import IO, TypeVar

import msgspec

PROTOCOL_VERSION = 2
MAX_FRAME_BYTES = 1 << 30
BROKEN_POOL = 5
"""Exit status of a worker that cannot start decoders."""
_LENGTH = struct.Struct("<I")
_T = TypeVar("_T")


class ProtocolError(Exception):
    """The other side sent something that is not a frame of this protocol."""


class Message(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Base of all messages; the class name is the tag."""


# --- commands -------------------------------------------------------------------------------


class Hello(Message, frozen=True):
    """First message to the worker. A worker of another protocol version answers and exits."""

    protocol: int = PROTOCOL_VERSION


class IndexPhoto(Message, frozen=True):
    """Decode one file, find its faces; with a loaded scorer's name, score them as well."""

    request_id: int
    path: bytes
    scorer: str = ""


class LoadScorer(Message, frozen=True):
    """Load a scorer and keep it warm. ``device`` and ``precision`` empty: the worker chooses."""

    request_id: int
    scorer: str
    device: str = ""
    precision: str = ""


class WireFaceToScore(msgspec.Struct, frozen=True):
    """A known face to score: its id and its landmarks, (478, 2) float32 as bytes."""

    face_id: int
    landmarks: bytes


class ScorePhoto(Message, frozen=True):
    """Make the crops of known faces anew from the original and score them."""

    request_id: int
    path: bytes
    content_hash: str
    faces: list[WireFaceToScore]
    scorer: str


class RenderPhoto(Message, frozen=True):
    """The upright photo as RGB, at most ``max_side`` pixels a side (0: full resolution)."""

    request_id: int
    path: bytes
    max_side: int


class RenderCrop(Message, frozen=True):
    """The aligned 512 x 512 crop of one face, as the scorer sees it."""

    request_id: int
    path: bytes
    landmarks: bytes


class CropFaces(Message, frozen=True):
    """The aligned crops of faces of one photo, as files, for exports."""

    request_id: int
    path: bytes
    content_hash: str
    faces: list[WireFaceToScore]


class Describe(Message, frozen=True):
    """Versions, devices, scorers and optional decoders, for the doctor and the menus.

    Listing devices imports torch, which takes seconds: ask for them only where they are shown.
    """

    request_id: int
    devices: bool = True


class Cancel(Message, frozen=True):
    """Drop these requests if they have not been answered; each still gets its closing event."""

    request_ids: list[int]


class Shutdown(Message, frozen=True):
    """Finish what is in hand and exit."""


PhotoCommand = IndexPhoto | ScorePhoto | RenderPhoto | RenderCrop | CropFaces
"""What a decoder does: one photo each."""
Command = Hello | PhotoCommand | LoadScorer | Describe | Cancel | Shutdown


# --- events ---------------------------------------------------------------------------------


class Ready(Message, frozen=True):
    """The worker is up."""

    protocol: int
    pid: int


class Started(Message, frozen=True):
    """The worker took this request in hand: if it dies now, this one is the suspect."""

    request_id: int


class WireExif(msgspec.Struct, frozen=True, omit_defaults=True):
    """`fiqa_studio.domain.photos.Exif` on the wire; ``taken_at`` in ISO 8601."""

    taken_at: str = ""
    utc_offset_minutes: int | None = None
    camera: str = ""
    lens: str = ""
    exposure_seconds: float | None = None
    f_number: float | None = None
    iso: int | None = None
    focal_length_mm: float | None = None
    has_gps: bool = False
    orientation: int = 1


class WireScore(msgspec.Struct, frozen=True):
    """One score with its maps and its embedding, as float16 bytes; empty when none.

    Maps are of ``map_shape``, the embedding is one row.
    """

    value: float
    spread: float
    map_shape: tuple[int, int]
    quality_map: bytes
    confidence_map: bytes
    embedding: bytes = b""


class WireFace(msgspec.Struct, frozen=True):
    """One found face. ``box`` is x, y, width, height; ``pose`` is yaw, pitch, roll."""

    box: tuple[float, float, float, float]
    landmarks: bytes
    eye_distance: float
    pose: tuple[float, float, float]
    eyes_open: float
    confidence: float
    flags: list[str]
    thumbnail: bytes
    perceptual_hash: int
    """Of the crop, 64 bits."""
    score: WireScore | None = None


class PhotoIndexed(Message, frozen=True):
    """Answer to `IndexPhoto`."""

    request_id: int
    content_hash: str
    file_hash: str
    size: int
    mtime_ns: int
    width: int
    height: int
    format: str
    exif: WireExif
    thumbnail: bytes
    faces: list[WireFace]
    notes: list[str]
    seconds: dict[str, float]
    """Time of each part: ``read``, ``decode``, ``thumbnail``, ``exif``, ``faces``, ``crops``,
    ``score``."""
    score_problem: str = ""
    """Why the faces carry no scores although a scorer was named; else empty."""


class ScorerLoaded(Message, frozen=True):
    """Answer to `LoadScorer`."""

    request_id: int
    name: str
    title: str
    hash: str
    summary: str
    kind: str
    device: str
    precision: str
    note: str = ""
    """What the user should know, such as a fallback to the CPU."""


class PhotoScored(Message, frozen=True):
    """Answer to `ScorePhoto`: a score for each face id, and the perceptual hash of its crop."""

    request_id: int
    scores: list[tuple[int, WireScore]]
    hashes: list[tuple[int, int]]


class Rendered(Message, frozen=True):
    """Answer to `RenderPhoto` and `RenderCrop`: RGB888 rows without padding."""

    request_id: int
    width: int
    height: int
    full_width: int
    full_height: int
    rgb: bytes


class FacesCropped(Message, frozen=True):
    """Answer to `CropFaces`: face ids, each with a PNG of 512 x 512 pixels."""

    request_id: int
    crops: list[tuple[int, bytes]]


class Description(Message, frozen=True):
    """Answer to `Describe`."""

    request_id: int
    versions: dict[str, str]
    devices: list[dict[str, str]]
    scorers: list[dict[str, str]]
    decoders: dict[str, bool]
    problems: list[str]


class RequestFailed(Message, frozen=True):
    """A request could not be done; ``message`` is for people, ``code`` for programs.

    ``code`` is ``cancelled`` for a dropped request, ``photo.crash``, ``photo.timeout`` or
    ``photo.memory`` where a decoder process died or was ended, ``scorer.*`` where the scorer
    failed; all other codes are those of `fiqa_studio.domain.errors.PhotoError`.
    """

    request_id: int
    code: str
    message: str


class Notice(Message, frozen=True):
    """Something the user should know that belongs to no request, such as a halved batch."""

    level: str
    message: str


Event = (
    Ready
    | Started
    | PhotoIndexed
    | ScorerLoaded
    | PhotoScored
    | Rendered
    | FacesCropped
    | Description
    | RequestFailed
    | Notice
)

_encoder = msgspec.msgpack.Encoder()
_command_decoder = msgspec.msgpack.Decoder(Command)
_event_decoder = msgspec.msgpack.Decoder(Event)


def write_message(stream: IO[bytes], message: Message) -> None:
    """Write one frame and flush it. The caller holds the stream's lock."""
    write_payload(stream, _encoder.encode(message))


def write_payload(stream: IO[bytes], payload: bytes) -> None:
    """Write a message that is encoded already. The caller holds the stream's lock."""
    stream.write(_LENGTH.pack(len(payload)))
    stream.write(payload)
    stream.flush()


def frame_of(message: Message) -> bytes:
    """One frame, whole."""
    payload = _encoder.encode(message)
    return _LENGTH.pack(len(payload)) + payload


def read_command(stream: IO[bytes]) -> Command | None:
    """The next command, or None where the stream has ended. Raises `ProtocolError`."""
    payload = _read_frame(stream)
    return None if payload is None else _decode(_command_decoder, payload)


def read_event(stream: IO[bytes]) -> Event | None:
    """The next event, or None where the stream has ended. Raises `ProtocolError`."""
    payload = _read_frame(stream)
    return None if payload is None else _decode(_event_decoder, payload)


def _decode(decoder: msgspec.msgpack.Decoder[_T], payload: bytes) -> _T:
    try:
        return decoder.decode(payload)
    except msgspec.MsgspecError as error:
        raise ProtocolError(f"a frame of {len(payload)} bytes is no message: {error}") from error


def _read_frame(stream: IO[bytes]) -> bytes | None:
    header = stream.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(header)
    if length > MAX_FRAME_BYTES:
        raise ProtocolError(f"a frame claims {length} bytes")
    payload = stream.read(length)
    return payload if len(payload) == length else None
