"""Pictures of a study: normalised once, named by their pixels, without anything else in them.

Each picture is converted from its own profile to sRGB, turned upright, put on neutral grey where
it is transparent, and kept as an 8-bit RGB PNG named by the hash of its pixels. Window, web page
and pack show these same files: no name, no EXIF, no profile of the owner's is in them.
"""

from __future__ import annotations

import io
import re
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageCms, ImageDraw, ImageFont, ImageOps

from fiqa_studio.domain.hashing import content_hash
from fiqa_studio.study.errors import StudyError

GREY = (128, 128, 128)
_MOST_PIXELS = 64_000_000
_HASH = re.compile(r"[0-9a-f]{32}")


def pixel_hash(picture: Image.Image) -> str:
    """Names a picture by what is seen: size and 8-bit sRGB values, upright."""
    rgb = picture.convert("RGB")
    return content_hash(b"RGB %d %d " % rgb.size + rgb.tobytes())


def normalised(source: Path | bytes) -> Image.Image:
    """The picture of a file as every rater sees it.

    Raises:
        StudyError: ``picture.unreadable``, ``picture.too-large``.
    """
    _more_formats()
    opened = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with _loud(), Image.open(opened) as found:
            _check_size(found)
            found.load()
            return _rgb(ImageOps.exif_transpose(found))
    except StudyError:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning) as error:
        raise StudyError(
            "The picture cannot be read.", cause=str(error), code="picture.unreadable"
        ) from error


def keep(folder: Path, picture: Image.Image) -> str:
    """Keep a normalised picture in ``folder``; returns the hash that names it.

    Raises:
        StudyError: ``study.write``.
    """
    digest = pixel_hash(picture)
    target = file_of(folder, digest)
    if not target.exists():
        part = folder / f".{uuid.uuid4().hex}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(encoded(picture))
            part.replace(target)
        except OSError as error:
            raise StudyError(
                f"“{folder}” cannot be written.", cause=str(error), code="study.write"
            ) from error
        finally:
            part.unlink(missing_ok=True)
    return digest


def encoded(picture: Image.Image) -> bytes:
    """The picture as PNG, with nothing in it but pixels."""
    bare = Image.frombytes("RGB", picture.size, picture.convert("RGB").tobytes())
    buffer = io.BytesIO()
    bare.save(buffer, "PNG")
    return buffer.getvalue()


def file_of(folder: Path, digest: str) -> Path:
    """Where a picture is kept. Refuses what is no hash, so no name leads out of the folder."""
    if not _HASH.fullmatch(digest):
        raise StudyError("This is no name of a picture.", code="picture.missing")
    return folder / f"{digest}.png"


def load(folder: Path, digest: str) -> bytes:
    """The PNG of a picture, after a look whether it still is that picture.

    Raises:
        StudyError: ``picture.missing``, ``picture.changed``.
    """
    path = file_of(folder, digest)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StudyError(
            f"A picture of this study is missing: “{path.name}”.",
            cause=error.strerror or "",
            remedy=f"Put the folder “{folder.name}” back beside the study file.",
            code="picture.missing",
        ) from error
    verify(data, digest, folder.name)
    return data


def verify(data: bytes, digest: str, where: str) -> None:
    """Whether a PNG shows the picture of that hash.

    Raises:
        StudyError: ``picture.changed``.
    """
    try:
        same = pixel_hash(normalised(data)) == digest
    except StudyError:
        same = False
    if not same:
        raise StudyError(
            f"A picture of this study was changed: “{digest}.png”.",
            remedy=f"Take “{where}” from a backup.",
            code="picture.changed",
        )


def missing(folder: Path, digests: Iterator[str] | list[str]) -> list[str]:
    """Of these pictures, the ones that are not in the folder."""
    try:
        there = {path.name for path in folder.iterdir()}
    except OSError:
        there = set()
    return [digest for digest in digests if f"{digest}.png" not in there]


def trap(picture: Image.Image, text: str) -> Image.Image:
    """The picture with an instruction written over it, in letters that cannot be missed."""
    result = picture.copy()
    draw = ImageDraw.Draw(result)
    size = max(12, result.width // 14)
    font = ImageFont.load_default(size)
    box = draw.multiline_textbbox((0, 0), text, font=font, align="center")
    width, height = box[2] - box[0], box[3] - box[1]
    while width > result.width * 0.92 and size > 8:
        size -= 1
        font = ImageFont.load_default(size)
        box = draw.multiline_textbbox((0, 0), text, font=font, align="center")
        width, height = box[2] - box[0], box[3] - box[1]
    left, top = (result.width - width) / 2, (result.height - height) / 2
    edge = size / 2
    draw.rectangle((left - edge, top - edge, left + width + edge, top + height + edge), fill=GREY)
    draw.multiline_text(
        (left - box[0], top - box[1]), text, font=font, fill=(255, 255, 255), align="center",
        stroke_width=max(1, size // 12), stroke_fill=(0, 0, 0),
    )  # fmt: skip
    return result


def _check_size(picture: Image.Image) -> None:
    if picture.width * picture.height > _MOST_PIXELS:
        raise StudyError(
            "The picture is too large to be shown pixel by pixel.",
            cause=f"It has {picture.width} x {picture.height} pixels.",
            remedy="Use crops of the faces.",
            code="picture.too-large",
        )


def _rgb(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I;16") or picture.mode == "I":
        picture = picture.point(lambda value: value / 257.0).convert("L")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, (*GREY, 255))
        picture = Image.alpha_composite(ground, picture).convert("RGB")
    if profile and picture.mode in {"RGB", "L", "CMYK"}:
        converted = _from_profile(picture, profile)
        if converted is not None:
            return converted
    return picture.convert("RGB")


def _from_profile(picture: Image.Image, profile: bytes) -> Image.Image | None:
    try:
        made = ImageCms.profileToProfile(
            picture,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError):
        return None  # a broken profile: shown as sRGB, as every viewer does
    return made


@contextmanager
def _loud() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _more_formats() -> None:
    try:
        import pillow_heif  # noqa: PLC0415 - an extra
    except ImportError:
        return
    pillow_heif.register_heif_opener()
