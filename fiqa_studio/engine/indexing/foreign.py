"""What a scan passes over, as kinds: bins and snapshots, caches of other programs, own patterns.

A bin holds what was deleted, a snapshot repeats the album, a cache holds small copies of it: none
of them are anybody's photos. They are told by the names that their programs give them, in any case.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass

from fiqa_studio.domain.errors import KnownError

HIDDEN, BIN, SNAPSHOT, CACHE, SIDECAR, PATTERN, OTHER = (
    *("hidden", "bin", "snapshot", "cache", "sidecar", "pattern", "other"),
)
"""Kinds, besides the names of `UNSUPPORTED`."""

TITLES = {
    HIDDEN: "hidden files and folders",
    BIN: "bins and system folders",
    SNAPSHOT: "snapshots and backups",
    CACHE: "caches and previews of other programs",
    SIDECAR: "sidecar files",
    PATTERN: "passed over by your patterns",
    OTHER: "other files",
}

_FOLDERS = {
    BIN: rb"@recycle|#recycle|\$recycle\.bin|recycle\.bin|recycler|recycled|lost\+found|lost\.dir|"
    rb"found\.\d{3}|network trash folder|system volume information|files_trashbin|@sharebin",
    SNAPSHOT: rb"@recently-snapshot|[#~@]snapshots?|@gmt-.*|backups\.backupdb|files_versions",
    CACHE: rb"@eadir|@tmp|@transcode|__macosx|.*\.lrdata|.*\.lrcat-data|captureone|"
    rb"adobe bridge cache|ipod photo cache|lightroom settings|thumbnails-digikam|.*\.cosessiondb",
}
_NAMES = {
    kind: re.compile(rb"(?:" + names + rb")\Z", re.DOTALL) for kind, names in _FOLDERS.items()
}

_PHOTOS_LIBRARY = re.compile(
    rb"\.(?:photoslibrary|photolibrary|migratedphotolibrary|aplibrary)\Z", re.DOTALL
)
_ORIGINALS = frozenset([b"originals", b"masters"])
_CAPTURE_ONE_CATALOG = b".cocatalog"

UNSUPPORTED = {
    "JPEG XL": b"jxl", "JPEG 2000": b"jp2 j2k jpf jpx j2c", "Photoshop": b"psd psb",
    "GIMP": b"xcf", "Krita": b"kra", "OpenEXR": b"exr", "Radiance": b"hdr", "Targa": b"tga",
    "SVG": b"svg svgz", "PDF": b"pdf", "PostScript": b"eps ps ai", "Icon": b"ico icns",
    "JPEG XR": b"jxr wdp hdp",
}  # fmt: skip
"""Pictures that are not read here, by the extensions of their files."""
_UNSUPPORTED = {
    b"." + extension: name for name, names in UNSUPPORTED.items() for extension in names.split()
}
_LONGEST_PATTERN = 400
_MOST_PATTERNS = 200


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file or folder that a scan did not look at."""

    path: bytes
    kind: str


def foreign_folder(name: bytes, above: bytes) -> str:
    """The kind of a folder that is not looked at; empty for one that is.

    Args:
        name: In lower case.
        above: The path of the folder it lies in.
    """
    if name.startswith(b"."):
        return HIDDEN
    for kind, names in _NAMES.items():
        if names.match(name):
            return kind
    above = above.lower()
    if _PHOTOS_LIBRARY.search(above) and name not in _ORIGINALS:
        return CACHE
    return CACHE if above.endswith(_CAPTURE_ONE_CATALOG) and name == b"cache" else ""


def unsupported(extension: bytes) -> str:
    """The name of a kind of picture that is not read here; empty for other files.

    Args:
        extension: In lower case, with its dot.
    """
    return _UNSUPPORTED.get(extension, "")


class Patterns:
    """What a library's owner wants to be passed over.

    A pattern is a name with ``*``, ``?`` and ``[...]``, in any case: ``*_small.jpg``, ``exports``.
    With a slash in it, it is the path from the indexed folder on: ``2024/raw/*``. With a slash at
    its end it means folders alone.

    Raises:
        KnownError: One is no pattern (``ignore.pattern``).
    """

    def __init__(self, patterns: Iterable[str] = ()):
        self.texts = tuple(dict.fromkeys(checked(pattern) for pattern in patterns))
        if len(self.texts) > _MOST_PATTERNS:
            raise KnownError(
                f"There are more than {_MOST_PATTERNS} patterns.", code="ignore.pattern"
            )
        self._rules = [_rule(text) for text in self.texts]

    def match(self, path: bytes, root: bytes, *, folder: bool) -> bool:
        """Whether a file or folder below an indexed one is to be passed over."""
        if not self._rules:
            return False
        below = path[len(root) :].lstrip(b"/").decode("utf-8", "surrogateescape").casefold()
        name = below.rpartition("/")[2]
        return any(
            rule.match(below if whole else name) is not None
            for rule, whole, folders in self._rules
            if folder or not folders
        )


def checked(pattern: str) -> str:
    """A pattern without space around it.

    Raises:
        KnownError: It is none, or would match everything.
    """
    text = pattern.strip().replace("\\", "/")
    bare = text.strip("/")
    reason = ""
    if not bare or not text.isprintable() or len(text) > _LONGEST_PATTERN:
        reason = "It is empty, too long, or holds signs that no name has."
    elif ".." in bare.split("/"):
        reason = "It leads out of the folder."
    elif not bare.replace("*", "").replace("?", "").replace("/", "").strip("."):
        reason = "It would pass over everything."
    elif bare.count("[") != bare.count("]"):
        reason = "Its brackets do not close."
    if reason:
        raise KnownError(
            f"“{pattern}” is no pattern.",
            cause=reason,
            remedy="Write a name such as *_small.jpg, or a path such as 2024/exports/.",
            code="ignore.pattern",
        )
    return text


def _rule(text: str) -> tuple[re.Pattern[str], bool, bool]:
    """Its expression, whether it is for the whole path below the root, and for folders alone."""
    bare = text.strip("/").casefold()
    whole = "/" in text.rstrip("/")
    return re.compile(fnmatch.translate(bare)), whole, text.endswith("/")
