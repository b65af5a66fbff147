"""What is in the two files, and how they are sealed."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from fiqa_studio.domain.hashing import content_hash
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.values import Study

VERSION = 1
PACK, RETURN = "fiqa-pack", "fiqa-pack-return"
PACK_SUFFIX, RETURN_SUFFIX = ".fiqapack", ".fiqaratings"
MANIFEST = "pack.json"


class OutTrial(msgspec.Struct, frozen=True):
    """A trial as it goes out: without a word about its kind."""

    id: str
    position: int
    stimulus: str
    other: str
    swapped: bool


class OutBatch(msgspec.Struct, frozen=True):
    """A batch of the rater's that goes out."""

    number: int
    batch: int
    trials: tuple[OutTrial, ...]


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a pack beside its pictures."""

    id: str
    rater_id: str
    rater_number: int
    rater_name: str
    trained: bool
    study: Study
    batches: tuple[OutBatch, ...]


class BackRating(msgspec.Struct, frozen=True):
    """One value, as it comes back."""

    attempt: int
    attribute: str
    value: float
    slider_start: float | None
    reaction_ms: float | None
    at_ms: int
    session: str


class BackTrial(msgspec.Struct, frozen=True):
    """One trial that was answered at least once."""

    id: str
    position: int
    training: bool
    assignment: int
    stimulus: str
    other: str
    swapped: bool
    attempts: int
    done_ms: int | None
    ratings: tuple[BackRating, ...]


class BackAssignment(msgspec.Struct, frozen=True):
    """One batch or training, as far as it went."""

    number: int
    purpose: str
    given_ms: int
    active_ms: int
    done_ms: int | None


class BackSession(msgspec.Struct, frozen=True):
    """One sitting of the rater's."""

    id: str
    started_ms: int
    display_scale: float | None
    display: str
    version: str


class BackEvent(msgspec.Struct, frozen=True):
    """What the rater did besides rating."""

    at_ms: int
    kind: str
    data: str


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """The content of what comes back."""

    pack: str
    study_id: str
    rater_id: str
    ended: str
    assignments: tuple[BackAssignment, ...]
    sessions: tuple[BackSession, ...]
    trials: tuple[BackTrial, ...]
    events: tuple[BackEvent, ...]


T = TypeVar("T", Pack, Return)


def sealed(kind: str, content: Pack | Return, files: dict[str, str] | None = None) -> bytes:
    """The text of a file with its seal: a hash of everything in it.

    The seal finds accidents and careless edits. It is no signature: who studies this program can
    make one, as who rates can rate falsely.
    """
    body: dict[str, Any] = {
        "format": kind, "version": VERSION, "files": files or {},
        "content": msgspec.to_builtins(content),
    }  # fmt: skip
    return msgspec.json.encode(body | {"seal": _seal(body)})


def unsealed(kind: str, data: bytes, wanted: type[T], name: str) -> tuple[T, dict[str, str]]:
    """The content of a file, and the hashes of the files beside it.

    Raises:
        StudyError: ``pack.not-a-pack``, ``pack.newer``, ``pack.altered``.
    """
    try:
        body = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise not_a_pack(name, str(error)) from error
    if not isinstance(body, dict) or body.get("format") != kind:
        raise not_a_pack(name, "")
    if isinstance(body.get("version"), int) and body["version"] > VERSION:
        raise StudyError(
            f"“{name}” was written by a newer version of FIQA Studio.",
            remedy="Update FIQA Studio.",
            code="pack.newer",
        )
    seal = body.pop("seal", None)
    if seal != _seal(body):
        raise altered(name, "Its content does not fit its seal")
    try:
        files = msgspec.convert(body.get("files"), dict[str, str])
        return msgspec.convert(body.get("content"), wanted), files
    except msgspec.ValidationError as error:
        raise altered(name, str(error)) from error


def altered(name: str, cause: str) -> StudyError:
    """A file that is not as it was written."""
    return StudyError(
        f"“{name}” was altered or damaged on the way.",
        cause=f"{cause}.",
        remedy="Ask for the file again; nothing was taken from this one.",
        code="pack.altered",
    )


def not_a_pack(name: str, cause: str) -> StudyError:
    """A file of another kind."""
    return StudyError(
        f"“{name}” is not the kind of file that is needed here.", cause=cause,
        remedy=f"Packs end in {PACK_SUFFIX}, what comes back in {RETURN_SUFFIX}.",
        code="pack.not-a-pack",
    )  # fmt: skip


def _seal(body: dict[str, Any]) -> str:
    return content_hash(msgspec.json.encode(body, order="sorted"))
