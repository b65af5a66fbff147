"""Between the values of the domain and the messages of the protocol, in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.geometry import Box, HeadPose
from fiqa_studio.domain.photos import LANDMARK_COUNT, Exif, FaceFlag, FoundFace, IndexedPhoto
from fiqa_studio.domain.scores import Score, ScoreMaps, ScorerInfo
from fiqa_studio.engine.link.protocol import (
    PhotoIndexed,
    ScorerLoaded,
    WireExif,
    WireFace,
    WireScore,
)

Landmarks = npt.NDArray[np.float32]
Embedding = npt.NDArray[np.float16]


def landmarks_to_wire(landmarks: Landmarks) -> bytes:
    """``(478, 2)`` float32 as bytes."""
    return np.ascontiguousarray(landmarks, dtype=np.float32).tobytes()


def landmarks_from_wire(raw: bytes) -> Landmarks:
    """Bytes as ``(478, 2)`` float32, writable."""
    return np.frombuffer(raw, np.float32).reshape(LANDMARK_COUNT, 2).copy()


def photo_to_wire(
    request_id: int,
    photo: IndexedPhoto,
    *,
    size: int,
    mtime_ns: int,
    seconds: dict[str, float],
) -> PhotoIndexed:
    """An indexed photo as the answer to `IndexPhoto`, its faces not scored yet."""
    return PhotoIndexed(
        request_id=request_id,
        content_hash=photo.content_hash,
        file_hash=photo.file_hash,
        size=size,
        mtime_ns=mtime_ns,
        width=photo.width,
        height=photo.height,
        format=photo.format,
        exif=_exif_to_wire(photo.exif),
        thumbnail=photo.thumbnail,
        faces=[
            _face_to_wire(face, thumbnail, bits)
            for face, thumbnail, bits in zip(
                photo.faces, photo.face_thumbnails, photo.face_hashes, strict=True
            )
        ],
        notes=list(photo.notes),
        seconds=seconds,
    )


def photo_from_wire(answer: PhotoIndexed) -> IndexedPhoto:
    """The indexed photo of an answer."""
    return IndexedPhoto(
        content_hash=answer.content_hash,
        file_hash=answer.file_hash,
        width=answer.width,
        height=answer.height,
        format=answer.format,
        exif=_exif_from_wire(answer.exif),
        faces=tuple(_face_from_wire(face) for face in answer.faces),
        thumbnail=answer.thumbnail,
        face_thumbnails=tuple(face.thumbnail for face in answer.faces),
        face_hashes=tuple(face.perceptual_hash for face in answer.faces),
        notes=tuple(answer.notes),
    )


def with_scores(answer: PhotoIndexed, scores: Sequence[WireScore]) -> PhotoIndexed:
    """The same answer with its faces scored, in their order."""
    faces = [
        msgspec.structs.replace(face, score=score)
        for face, score in zip(answer.faces, scores, strict=True)
    ]
    return msgspec.structs.replace(answer, faces=faces)


def score_to_wire(
    value: float,
    spread: float,
    quality_map: npt.NDArray[np.float16] | None,
    confidence_map: npt.NDArray[np.float16] | None,
    embedding: npt.NDArray[np.float16],
) -> WireScore:
    """A score and, where the scorer has them, its maps and its embedding (else empty)."""
    vector = embedding.tobytes()
    if quality_map is None or confidence_map is None:
        return WireScore(value, spread, (0, 0), b"", b"", vector)
    height, width = quality_map.shape
    return WireScore(
        value,
        spread,
        (height, width),
        np.ascontiguousarray(quality_map, dtype=np.float16).tobytes(),
        np.ascontiguousarray(confidence_map, dtype=np.float16).tobytes(),
        vector,
    )


def score_from_wire(wire: WireScore, scorer: ScorerLoaded) -> tuple[Score, ScoreMaps | None]:
    """A score with its provenance, and its maps where there are any."""
    score = Score(wire.value, wire.spread, scorer.precision, scorer.device, datetime.now(UTC))
    if not wire.quality_map:
        return score, None
    quality, confidence = (
        np.frombuffer(raw, np.float16).reshape(wire.map_shape)
        for raw in (wire.quality_map, wire.confidence_map)
    )
    return score, ScoreMaps(quality, confidence)


def embedding_from_wire(wire: WireScore) -> Embedding:
    """The degradation embedding that came with a score, ``(D,)``; empty where there is none."""
    return np.frombuffer(wire.embedding, np.float16)


def scorer_info(loaded: ScorerLoaded) -> ScorerInfo:
    """What the library remembers of a scorer."""
    return ScorerInfo(loaded.name, loaded.title, loaded.hash, loaded.summary, loaded.kind)


def _exif_to_wire(exif: Exif) -> WireExif:
    return WireExif(
        taken_at=exif.taken_at.isoformat() if exif.taken_at else "",
        utc_offset_minutes=exif.utc_offset_minutes,
        camera=exif.camera,
        lens=exif.lens,
        exposure_seconds=exif.exposure_seconds,
        f_number=exif.f_number,
        iso=exif.iso,
        focal_length_mm=exif.focal_length_mm,
        has_gps=exif.has_gps,
        orientation=exif.orientation,
    )


def _exif_from_wire(wire: WireExif) -> Exif:
    return Exif(
        taken_at=datetime.fromisoformat(wire.taken_at) if wire.taken_at else None,
        utc_offset_minutes=wire.utc_offset_minutes,
        camera=wire.camera,
        lens=wire.lens,
        exposure_seconds=wire.exposure_seconds,
        f_number=wire.f_number,
        iso=wire.iso,
        focal_length_mm=wire.focal_length_mm,
        has_gps=wire.has_gps,
        orientation=wire.orientation,
    )


def _face_to_wire(face: FoundFace, thumbnail: bytes, perceptual_hash: int) -> WireFace:
    return WireFace(
        box=(face.box.x, face.box.y, face.box.width, face.box.height),
        landmarks=landmarks_to_wire(face.landmarks),
        eye_distance=face.eye_distance,
        pose=(face.pose.yaw, face.pose.pitch, face.pose.roll),
        eyes_open=face.eyes_open,
        confidence=face.confidence,
        flags=sorted(face.flags),
        thumbnail=thumbnail,
        perceptual_hash=perceptual_hash,
    )


def _face_from_wire(wire: WireFace) -> FoundFace:
    return FoundFace(
        box=Box(*wire.box),
        landmarks=landmarks_from_wire(wire.landmarks),
        eye_distance=wire.eye_distance,
        pose=HeadPose(*wire.pose),
        eyes_open=wire.eyes_open,
        confidence=wire.confidence,
        flags=frozenset(FaceFlag(flag) for flag in wire.flags),
    )
