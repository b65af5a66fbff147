"""What a file is by its first bytes; names may lie."""

from __future__ import annotations

import struct
from pathlib import PurePath

from fiqa_studio.domain.containers import tiff
from fiqa_studio.domain.paths import display_path

TIFF_RAW = {
    "NEF": "NEF", "NRW": "NEF", "CR2": "CR2", "ARW": "ARW", "SR2": "ARW", "DNG": "DNG",
    "PEF": "PEF", "SRW": "SRW", "3FR": "3FR", "ERF": "ERF", "KDC": "KDC", "DCR": "DCR",
    "IIQ": "IIQ", "MEF": "MEF", "MOS": "MOS", "RWL": "RW2",
}  # fmt: skip
"""Camera formats that are TIFF in structure; the extension names them, the content decides."""

RAW_FORMATS = frozenset({*TIFF_RAW.values(), "CR3", "RAF", "ORF", "RW2", "MRW", "X3F", "RAW"})

_EXTENSIONS = {
    "JPEG": {"jpg", "jpeg", "jpe", "jfif", "jif", "mpo"},
    "PNG": {"png", "apng"},
    "WebP": {"webp"},
    "TIFF": {"tif", "tiff", "btf", "tf8"},
    "BMP": {"bmp", "dib"},
    "GIF": {"gif"},
    "HEIF": {"heic", "heif", "hif", "heics", "heifs"},
    "AVIF": {"avif", "avifs"},
}

PHOTO_EXTENSIONS = frozenset(
    {extension for names in _EXTENSIONS.values() for extension in names}
    | {name.lower() for name in TIFF_RAW}
    | {"cr3", "raf", "orf", "rw2", "mrw", "x3f"}
)
"""Extensions, lower case and without a dot, of files that a scan offers to the index."""

_SIGNATURES = (
    (b"\xff\xd8", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"FUJIFILMCCD-RAW", "RAF"),
    (b"\0MRM", "MRW"),
    (b"FOVb", "X3F"),
    (b"IIRO", "ORF"),
    (b"IIRS", "ORF"),
    (b"MMOR", "ORF"),
    (b"IIU\0", "RW2"),
    (b"BM", "BMP"),
)
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}


def sniff(data: bytes, path: str | bytes = "") -> str:
    """The format of a photo's bytes, empty where unknown.

    The path's extension only names a raw file's maker; it never overrules the content.
    """
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp":
        return _sniff_boxes(data)
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return _sniff_tiff(data, extension_of(path))
    return ""


def extension_of(path: str | bytes) -> str:
    """The extension in lower case without its dot."""
    return PurePath(display_path(path)).suffix[1:].lower()


def misnamed(name: str, path: str | bytes) -> str:
    """A sentence where the extension promises another format; empty where it fits."""
    extension = extension_of(path)
    promised = next((f for f, names in _EXTENSIONS.items() if extension in names), None)
    if promised is None or promised == name or name in RAW_FORMATS:
        return ""
    return f"The file is named .{extension}, but it is a {name} file."


def _sniff_boxes(data: bytes) -> str:
    size = min(max(struct.unpack(">I", data[:4])[0], 16), 512)
    brands = {data[8:12], *(data[i : i + 4] for i in range(16, size, 4))}
    if b"crx " in brands:
        return "CR3"
    if data[8:12] in _AVIF_BRANDS or (data[8:12] in {b"mif1", b"msf1"} and brands & _AVIF_BRANDS):
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else ""


def _sniff_tiff(data: bytes, extension: str) -> str:
    """Tell camera raw from TIFF by what the pages hold; left-over tags do not make one."""
    if data[8:10] == b"CR":
        return "CR2"
    file = tiff.read_directories(data)
    named = TIFF_RAW.get(extension.upper(), "")
    if tiff.is_camera_raw(data):
        is_dng = any(tiff.DNG_VERSION in page.values for page in file.pages)
        return "DNG" if is_dng else named or "RAW"
    # Makers keep their data in ways of their own too: there the name decides.
    if named and any(page.values.get(tiff.MAKE) is not None for page in file.pages):
        return named
    return "TIFF"
