"""Albums in the window: which there are, with counts, and what is done with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QInputDialog, QMenu, QMessageBox

from fiqa_studio.curation.querytext import text_of
from fiqa_studio.domain.albums import AlbumId, AlbumKind
from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.query import Query
from fiqa_studio.engine.albums import Albums, Listed
from fiqa_studio.ui.session.operation import Operation
from fiqa_studio.ui.session.throttle import Refresher

if TYPE_CHECKING:
    from concurrent.futures import Future

    from fiqa_studio.engine.engine import Engine
    from fiqa_studio.ui.actions.context import Context
    from fiqa_studio.ui.session.session import Session

_EVERY_MS = 2000
"""Least time between two countings: each smart album is a query of its own."""
_COUNTED = (Kind.PHOTO, Kind.FACE, Kind.SCORE, Kind.MARK, Kind.OVERRIDE, Kind.SETTING)


class AlbumShelf(QObject):
    """The library's albums, counted again when something changed.

    Attributes:
        listed: In order of name.

    Signals:
        changed: They were read (again).
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._albums = Albums(session.library)
        self.listed: list[Listed] = []
        self._refresh = Refresher(self._read, _EVERY_MS, self)
        session.changed.connect(self._on_changes)
        self._refresh.now()

    def get(self, album_id: int | None) -> Listed | None:
        """One of them; None where there is none of this id."""
        return next((one for one in self.listed if one.album.id == album_id), None)

    def query(self, album_id: int, order: Query) -> Query:
        """What shows an album: a plain one in its own order, a smart one in that of its text.

        Raises:
            KnownError: It is gone, or its text cannot be understood any more.
        """
        listed = self.get(album_id)
        if listed is None:
            raise KnownError("This album is gone.", code="album.unknown")
        return self._albums.query(listed.album, order.subject)

    def stop(self) -> None:
        """Count nothing more; the session is about to close."""
        self._refresh.stop()

    def _read(self) -> None:
        self._session.run(
            self._albums.listed, self._take, failed=self._failed, key="albums", slow=True
        )

    def _take(self, listed: list[Listed]) -> None:
        self._refresh.finished()
        self.listed = listed
        self.changed.emit()

    def _failed(self, error: Exception) -> None:
        self._refresh.finished()
        self._session.report(error)

    def _on_changes(self, changes: Changes) -> None:
        if changes.of_kind(Kind.ALBUM):
            self._refresh.now()
        elif self.listed and any(changes.of_kind(kind) for kind in _COUNTED):
            self._refresh.request()


# --- what is done with them -----------------------------------------------------------------------


def new_smart(context: Context) -> None:
    """Keep what is asked for under a name."""
    query = context.listing.query
    name = _ask(context, "New Smart Album", "Keep these filters as:", "")
    if not name:
        return
    text = _text(query)
    library = context.session.library

    def work(_: Engine) -> Future[AlbumId]:
        return Albums(library).create_smart(name, text)

    context.do(Operation(title=f"Album “{name}”", work=work))


def new_plain(context: Context) -> None:
    """An album of what is selected; an empty one where nothing is."""
    chosen = context.selection.chosen()
    name = _ask(context, "New Album", "Name of the album:", "")
    if not name:
        return

    library = context.session.library

    def work(_: Engine) -> Future[AlbumId]:
        return Albums(library).create_plain(name, chosen.target() if chosen else None)

    context.do(Operation(title=f"Album “{name}”", work=work))


def fill_menu(context: Context, menu: QMenu, listed: Listed) -> None:
    """What can be done with one album."""
    album, writable = listed.album, not context.session.library.read_only
    if album.kind is AlbumKind.PLAIN:
        add = menu.addAction("Add Selected", lambda: _change(context, listed, into=True))
        take = menu.addAction("Take Selected Out", lambda: _change(context, listed, into=False))
        for action in (add, take):
            action.setEnabled(writable and context.selection.count > 0)
    else:
        take_over = menu.addAction("Change to Present Filters", lambda: _take_over(context, listed))
        take_over.setEnabled(writable and context.listing.query.is_filtered)
    menu.addSeparator()
    rename = menu.addAction("Rename…", lambda: _rename(context, listed))
    delete = menu.addAction("Delete…", lambda: _delete(context, listed))
    for action in (rename, delete):
        action.setEnabled(writable)


def _change(context: Context, listed: Listed, *, into: bool) -> None:
    chosen, album = context.selection.chosen(), listed.album
    title = f"{'Added to' if into else 'Taken out of'} “{album.name}”"

    albums = context.session.library.albums

    def work(_: Engine) -> Future[int]:
        act = albums.add if into else albums.remove
        return act(album.id, chosen.target())

    context.do(Operation(title=title, work=work))


def _take_over(context: Context, listed: Listed) -> None:
    text = _text(context.listing.query)
    albums = context.session.library.albums

    def work(_: Engine) -> Future[None]:
        return albums.set_query(listed.album.id, text)

    context.do(Operation(title=f"“{listed.album.name}” changed", work=work))


def _rename(context: Context, listed: Listed) -> None:
    name = _ask(context, "Rename Album", "Name of the album:", listed.album.name)
    if not name or name == listed.album.name:
        return

    albums = context.session.library.albums

    def work(_: Engine) -> Future[None]:
        return albums.rename(listed.album.id, name)

    context.do(Operation(title=f"Album “{name}”", work=work))


def _delete(context: Context, listed: Listed) -> None:
    box = QMessageBox(context.window.widget)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Delete Album")
    box.setText(f"Delete the album “{listed.album.name}”?")
    box.setInformativeText("Its photos stay in the library. This cannot be undone.")
    delete = box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    # Enter must not throw anything away.
    box.setDefaultButton(cancel)
    box.exec()
    if box.clickedButton() is not delete:
        return

    albums = context.session.library.albums

    def work(_: Engine) -> Future[None]:
        return albums.delete(listed.album.id)

    context.do(Operation(title=f"Album “{listed.album.name}” deleted", work=work))


def _text(query: Query) -> str:
    """The terms, and the order where it is not the usual one."""
    usual = Query()
    return text_of(
        query.where,
        None if query.order == usual.order else query.order,
        None if query.photo_rule is usual.photo_rule else query.photo_rule,
    )


def _ask(context: Context, title: str, label: str, text: str) -> str:
    name, taken = QInputDialog.getText(context.window.widget, title, label, text=text)
    return name.strip() if taken else ""
