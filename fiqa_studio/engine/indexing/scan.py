"""Walk folders and compare what is there with what the library knows.

Which files are photos: those with the extension of a photo format, and those that begin like
one, whatever their name (a file that the library knows already is not opened again). Hidden
files and folders, sidecars, the folders of other programs (`fiqa_studio.engine.indexing.foreign`)
and what the library's own patterns name are passed over, and listed with their kind. Only regular
files are ever opened: a pipe or a device that bears a photo's name would block for ever.

Symbolic links: a linked folder is walked after all real ones and each folder only once, so
loops end and a photo keeps its real path. A linked file counts where its target lies outside
the folder that is scanned; else it would be the same photo twice.
"""

from __future__ import annotations

import os
import stat
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fiqa_studio.domain.hashing import whole_hash
from fiqa_studio.domain.image_data import Fingerprint, fingerprint
from fiqa_studio.domain.moments import changed_at_ns
from fiqa_studio.domain.photos import PhotoId, PhotoStatus
from fiqa_studio.engine.indexing.foreign import (
    HIDDEN,
    OTHER,
    PATTERN,
    SIDECAR,
    PassedOver,
    Patterns,
    foreign_folder,
    unsupported,
)

PHOTO_EXTENSIONS = frozenset(
    b".jpg .jpeg .jpe .jfif .png .webp .tif .tiff .bmp .dib .gif .heic .heif .hif .avif "
    b".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .fff .iiq .k25 .kdc .mef .mos .mrw .nef .nrw .orf "
    b".pef .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f".split()
)
"""Extensions that make a file a photo even where its first bytes say nothing."""

_SIDECARS = frozenset(
    b".xmp .aae .thm .pp3 .dop .cos .cop .cot .on1 .lrv .icc .ini .db .lnk".split()
)
_HEIF_BRANDS = frozenset(
    [b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"]
)
_DIB_HEADER_SIZES = frozenset([12, 16, 40, 52, 56, 64, 108, 124])
_MAGIC = (
    *(b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a"),
    *(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"FUJIFILMCCD-RAW"),
)
_SNIFFED_BYTES = 32
_MOST_LISTED = 10_000
_MOST_BYTES = 1 << 30

Cancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class FileOnDisk:
    """A photo file as the file system describes it."""

    path: bytes
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class ScanProblem:
    """A folder or link that could not be followed, with a reason for people."""

    path: bytes
    code: str
    message: str


@dataclass(slots=True)
class Walk:
    """What a walk found.

    Attributes:
        files: The photos, in the order of their paths.
        problems: Folders that could not be read, links that lead nowhere.
        unseen: Folders whose content is unknown; nothing below them may be called missing.
        passed: How many files and folders were passed over, by kind. What lies in a folder that
            was passed over is not counted.
        listed: The first of them.
    """

    files: list[FileOnDisk] = field(default_factory=list)
    problems: list[ScanProblem] = field(default_factory=list)
    unseen: list[bytes] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)
    listed: list[PassedOver] = field(default_factory=list)

    @property
    def other(self) -> int:
        """How many files are not photos."""
        return sum(
            count for kind, count in self.passed.items() if kind == OTHER or kind[:1].isupper()
        )

    def pass_over(self, path: bytes, kind: str) -> None:
        """Note that something is not looked at."""
        self.passed[kind] += 1
        if len(self.listed) < _MOST_LISTED:
            self.listed.append(PassedOver(path, kind))


class Known(Protocol):
    """What the library remembers of a file (`fiqa_studio.store` returns these)."""

    @property
    def photo_id(self) -> PhotoId:
        """The photo's id."""

    @property
    def size(self) -> int:
        """Bytes at the last index."""

    @property
    def mtime_ns(self) -> int:
        """Time of change at the last index."""

    @property
    def content_hash(self) -> str:
        """The photo's identity; empty where the file could not be read."""

    @property
    def file_hash(self) -> str:
        """Of everything in the file; the identity where an older version read it."""

    @property
    def status(self) -> PhotoStatus:
        """What became of it."""

    @property
    def missing(self) -> bool:
        """Whether the file was gone at the last scan."""


@dataclass(slots=True)
class Plan:
    """What a scan has to do.

    Attributes:
        index: New and changed files, to decode.
        moved: Known photos found under another path, or rewritten around the same picture.
        prints: The hashes of their files now, by path.
        whole: Unchanged photos that an older version knew by their whole file.
        missing: Photos whose file is gone.
        returned: Photos called missing that are back, unchanged.
        unchanged: How many files need nothing.
    """

    index: list[FileOnDisk] = field(default_factory=list)
    moved: list[tuple[PhotoId, FileOnDisk]] = field(default_factory=list)
    prints: dict[bytes, Fingerprint] = field(default_factory=dict)
    whole: list[tuple[PhotoId, FileOnDisk, str]] = field(default_factory=list)
    missing: list[PhotoId] = field(default_factory=list)
    returned: list[PhotoId] = field(default_factory=list)
    unchanged: int = 0


def walk(
    folder: bytes,
    *,
    skip: Collection[bytes] = (),
    known: Collection[bytes] = (),
    ignore: Patterns | None = None,
    root: bytes = b"",
    cancelled: Cancelled = lambda: False,
    counted: Callable[[int], None] = lambda _count: None,
) -> Walk:
    """Find the photos below ``folder``.

    Args:
        folder: Where to begin.
        skip: Folders inside it that are scanned on their own.
        known: Paths that are photos for certain, so need not be opened.
        ignore: The library's own patterns.
        root: The indexed folder that they are relative to; ``folder`` where not given.
        cancelled: Asked once a folder; the walk then ends early.
        counted: Told the number of photos so far, once a folder.
    """
    walker = _Walker(folder, skip=frozenset(skip), known=known)
    walker.ignore, walker.root = ignore or Patterns(), root or folder
    return walker.run(cancelled, counted)


class _Walker:
    def __init__(self, folder: bytes, *, skip: frozenset[bytes], known: Collection[bytes]):
        self._skip = skip
        self._known = known
        self._found = Walk()
        self._real_folder = os.path.realpath(folder)
        self._folders = [folder]
        self._linked_folders: list[bytes] = []
        self._visited: set[tuple[int, int]] = set()
        self.ignore = Patterns()
        self.root = folder

    def run(self, cancelled: Cancelled, counted: Callable[[int], None]) -> Walk:
        while self._folders or self._linked_folders:
            if cancelled():
                break
            self._list((self._folders or self._linked_folders).pop())
            counted(len(self._found.files))
        self._found.files.sort(key=lambda file: file.path)
        return self._found

    def _list(self, folder: bytes) -> None:
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in self._visited:
                return
            self._visited.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                for entry in entries:
                    self._consider(entry)
        except OSError as error:
            if not isinstance(error, FileNotFoundError):  # a folder that is gone is known to be
                self._found.unseen.append(folder)
            self._found.problems.append(_folder_problem(folder, error))

    def _consider(self, entry: os.DirEntry[bytes]) -> None:
        name = entry.name.lower()
        if entry.path in self._skip:
            return
        if name.startswith(b"."):
            self._found.pass_over(entry.path, HIDDEN)
            return
        extension = os.path.splitext(name)[1]
        try:
            if entry.is_symlink():
                self._consider_link(entry, extension)
            elif entry.is_dir(follow_symlinks=False):
                if self._is_looked_into(entry.path):
                    self._folders.append(entry.path)
            else:
                self._consider_file(entry.path, extension, entry.stat(follow_symlinks=False))
        except OSError as error:
            # The file went away between listing and looking, or its folder may be listed but
            # not searched: in both cases nothing is known of it.
            self._found.unseen.append(entry.path)
            if not isinstance(error, FileNotFoundError):
                self._found.problems.append(_file_problem(entry.path, error))

    def _consider_link(self, entry: os.DirEntry[bytes], extension: bytes) -> None:
        try:
            status = entry.stat()
        except OSError:
            if extension in PHOTO_EXTENSIONS:
                self._found.problems.append(
                    ScanProblem(entry.path, "photo.gone", "The link leads to no file.")
                )
            return
        if stat.S_ISDIR(status.st_mode):
            if self._is_looked_into(entry.path):
                self._linked_folders.append(entry.path)
        elif not _inside(os.path.realpath(entry.path), self._real_folder):
            self._consider_file(entry.path, extension, status)

    def _consider_file(self, path: bytes, extension: bytes, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            return
        if extension in _SIDECARS:
            self._found.pass_over(path, SIDECAR)
        elif self.ignore.match(path, self.root, folder=False):
            self._found.pass_over(path, PATTERN)
        elif extension in PHOTO_EXTENSIONS or path in self._known or _begins_like_a_photo(path):
            self._found.files.append(FileOnDisk(path, status.st_size, changed_at_ns(status)))
        else:
            self._found.pass_over(path, unsupported(extension) or OTHER)

    def _is_looked_into(self, path: bytes) -> bool:
        above, name = os.path.split(path)
        kind = foreign_folder(name.lower(), above)
        if not kind and self.ignore.match(path, self.root, folder=True):
            kind = PATTERN
        if kind:
            self._found.pass_over(path, kind)
        return not kind


def make_plan(
    found: Walk,
    known: Mapping[bytes, Known],
    *,
    again: Collection[bytes] = (),
    cancelled: Cancelled = lambda: False,
) -> Plan:
    """Compare a walk with the library's memory of the same folder.

    Args:
        found: The walk.
        known: What the library knows of the files there, by path.
        again: Paths to index even where unchanged (a retry).
        cancelled: Asked before each file that must be read.

    A file that failed is tried again only where it changed or ``again`` names it. A new file, where
    a photo has vanished, and a file that changed are hashed: reading is far cheaper than decoding,
    and a photo that was moved, or had a rating written into it, keeps everything.
    """
    plan = Plan()
    fresh: list[FileOnDisk] = []
    rewritten: list[tuple[FileOnDisk, Known]] = []
    for file in found.files:
        before = known.get(file.path)
        if before is None:
            fresh.append(file)
        elif file.path in again:
            plan.index.append(file)
        elif (before.size, before.mtime_ns) != (file.size, file.mtime_ns):
            rewritten.append((file, before))
        elif before.missing:
            plan.returned.append(before.photo_id)
        else:
            plan.unchanged += 1
        if before is not None and before.content_hash and _is_whole(before):
            plan.whole.append((before.photo_id, file, before.content_hash))
    gone = _gone(found, known)
    for file, before in rewritten:
        if not cancelled() and _same_picture(plan, file, before):
            plan.moved.append((before.photo_id, file))
        else:
            plan.index.append(file)
    _match_moves(plan, fresh, gone, cancelled)
    moved = {photo_id for photo_id, _ in plan.moved}
    plan.missing = [
        before.photo_id for before in gone if not before.missing and before.photo_id not in moved
    ]
    plan.index.sort(key=lambda file: file.path)
    return plan


def _gone(found: Walk, known: Mapping[bytes, Known]) -> list[Known]:
    present = {file.path for file in found.files}
    unseen = [os.path.join(folder, b"") for folder in found.unseen]
    unseen_files = set(found.unseen)
    return [
        before
        for path, before in known.items()
        if path not in present
        and path not in unseen_files
        and not any(path.startswith(folder) for folder in unseen)
    ]


def _match_moves(
    plan: Plan, fresh: Iterable[FileOnDisk], gone: Iterable[Known], cancelled: Cancelled
) -> None:
    """Find photos that are gone among the new files, by their pictures.

    A photo of an older version is known by its whole file, so it must have kept its size.
    """
    by_picture: dict[str, Known] = {}
    by_size: defaultdict[int, dict[str, Known]] = defaultdict(dict)
    for before in gone:
        if before.content_hash and _is_whole(before):
            by_size[before.size][before.content_hash] = before
        elif before.content_hash:
            by_picture[before.content_hash] = before
    for file in fresh:
        source: Known | None = None
        candidates = by_size.get(file.size)
        if (by_picture or candidates) and not cancelled():
            prints = read_prints(file.path)
            if prints is not None:
                source = by_picture.pop(prints.picture.picture, None)
                if source is None and candidates:
                    source = candidates.pop(prints.whole, None)
                if source is not None:
                    plan.prints[file.path] = prints.picture
        if source is None:
            plan.index.append(file)
        else:
            plan.moved.append((source.photo_id, file))


def _is_whole(before: Known) -> bool:
    """Whether a photo is known by its whole file, as an older version of the program did."""
    return before.content_hash == before.file_hash


def _same_picture(plan: Plan, file: FileOnDisk, before: Known) -> bool:
    """Whether a file that changed still holds the same picture, shown the same way."""
    if before.status is not PhotoStatus.INDEXED or not before.content_hash:
        return False
    prints = read_prints(file.path)
    if prints is None:
        return False
    same = prints.whole if _is_whole(before) else prints.picture.picture
    if same != before.content_hash:
        return False
    plan.prints[file.path] = prints.picture
    return True


@dataclass(frozen=True, slots=True)
class Prints:
    """The hashes of a file: of its picture and rest, and of the whole as older versions had it."""

    picture: Fingerprint
    whole: str


def read_prints(path: bytes) -> Prints | None:
    """The hashes of a file; None where it cannot be read or is too large for a photo."""
    try:
        with open(path, "rb") as stream:
            if os.fstat(stream.fileno()).st_size > _MOST_BYTES:
                return None
            data = stream.read()
    except OSError:
        return None
    return Prints(fingerprint(data), whole_hash(data))


def _begins_like_a_photo(path: bytes) -> bool:
    try:
        with open(path, "rb") as stream:
            start = stream.read(_SNIFFED_BYTES)
    except OSError:
        return False
    return (
        start.startswith(_MAGIC)
        or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")
        or (start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS)
        or (start[:2] == b"BM" and int.from_bytes(start[14:18], "little") in _DIB_HEADER_SIZES)
    )


def _inside(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(os.path.join(folder, b""))


def _folder_problem(folder: bytes, error: OSError) -> ScanProblem:
    if isinstance(error, PermissionError):
        return ScanProblem(folder, "folder.permission", "You may not read this folder.")
    if isinstance(error, FileNotFoundError):
        return ScanProblem(folder, "folder.gone", "The folder is not there; is its disk connected?")
    if isinstance(error, NotADirectoryError):
        return ScanProblem(folder, "folder.not-a-folder", "This is a file, not a folder.")
    reason = error.strerror or type(error).__name__
    return ScanProblem(folder, "folder.unreadable", f"The folder cannot be read: {reason}.")


def _file_problem(path: bytes, error: OSError) -> ScanProblem:
    if isinstance(error, PermissionError):
        return ScanProblem(path, "photo.permission", "You may not read this file.")
    reason = error.strerror or type(error).__name__
    return ScanProblem(path, "photo.unreadable", f"The file cannot be looked at: {reason}.")
