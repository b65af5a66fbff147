"""The files of what is selected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from fiqa_studio.domain.paths import display_path, path_from_bytes
from fiqa_studio.domain.photos import PhotoId
from fiqa_studio.domain.query import Subject

if TYPE_CHECKING:
    from fiqa_studio.store.library import Library
    from fiqa_studio.ui.actions.context import Context
    from fiqa_studio.ui.session.selection import Chosen

_MOST = 10_000
"""Paths that go on the clipboard at once."""


def copy(context: Context) -> None:
    """Put the paths of what is selected on the clipboard, one a line."""

    def put(paths: Sequence[Path]) -> None:
        QGuiApplication.clipboard().setText("\n".join(display_path(path) for path in paths))
        one = f"Copied {paths[0].name}" if paths else "Nothing to copy"
        context.window.tell(one if len(paths) < 2 else f"Copied {len(paths):,} paths")

    chosen = context.selection.chosen()
    if chosen.count > _MOST:
        context.window.say(
            "warning",
            f"{chosen.count:,} paths are too many for the clipboard. Export them as a table.",
        )
        return
    _with_paths(context, chosen, put)


def reveal(context: Context) -> None:
    """Show the current photo's folder in the file manager."""
    now = context.selection.current
    if now is None:
        return

    def show(paths: Sequence[Path]) -> None:
        for path in paths[:1]:
            if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent))):
                context.window.say("warning", f"The folder {path.parent} could not be opened.")

    library = context.session.library
    context.session.run(
        lambda: [path_from_bytes(p) for p in library.photos.paths([now.photo_id]).values()],
        show,
        key="path",
    )


def _with_paths(context: Context, chosen: Chosen, then: Callable[[Sequence[Path]], object]) -> None:
    library = context.session.library
    listed = context.listing.ids
    context.session.run(lambda: _paths(library, chosen, listed), then, key="path")


def _paths(library: Library, chosen: Chosen, listed: Iterable[int]) -> list[Path]:
    ids = [int(key) for key in (chosen.ids if chosen.ids is not None else listed)]
    if chosen.subject is Subject.FACES:
        ids = [row.photo_id for row in library.views.face_rows(ids)]
    raw = library.photos.paths(ids)
    return [path_from_bytes(raw[key]) for key in dict.fromkeys(map(PhotoId, ids)) if key in raw]
