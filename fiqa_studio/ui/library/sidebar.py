"""The side bar: the library's counts and its folders, each a way to narrow the view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from fiqa_studio.domain.albums import AlbumKind
from fiqa_studio.domain.paths import display_path
from fiqa_studio.ui import theme
from fiqa_studio.ui.library.entries import Entry, Place

if TYPE_CHECKING:
    from fiqa_studio.engine.albums import Listed
    from fiqa_studio.store.roots import RootFolder
    from fiqa_studio.store.views import Counts


_ENTRY = Qt.ItemDataRole.UserRole


class Sidebar(QFrame):
    """Counts and folders of one library.

    Signals:
        chosen: The user picked an `Entry`.
        add_clicked: The user wants another folder.
        reveal_root: The user wants to see a folder in the file manager (int).
        remove_root: The user wants a folder out of the library (int).
        album_menu: The user wants to know what can be done with an album (its id, and where).
    """

    chosen = Signal(object)
    add_clicked = Signal()
    reveal_root = Signal(int)
    remove_root = Signal(int)
    album_menu = Signal(int, QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "panel")
        self.setMinimumWidth(196)
        self._items: dict[Entry, QTreeWidgetItem] = {}
        self._name = QLabel()
        theme.set_role(self._name, "title")
        self._name.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.library_menu = QMenu(self)
        menu_button = QToolButton()
        theme.set_role(menu_button, "quiet")
        theme.set_icon(menu_button, "chevron-down")
        menu_button.setAccessibleName("Libraries")
        menu_button.setToolTip("Open another library")
        menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu_button.setMenu(self.library_menu)
        head = QHBoxLayout()
        head.setContentsMargins(theme.Space.L, theme.Space.M, theme.Space.S, theme.Space.S)
        head.addWidget(self._name, 1)
        head.addWidget(menu_button)

        self._tree = _tree()
        self._tree.itemClicked.connect(self._choose)
        self._tree.itemActivated.connect(self._choose)
        self._tree.customContextMenuRequested.connect(self._show_menu)

        add = QPushButton("Add Folder…")
        theme.set_icon(add, "folder-add")
        add.clicked.connect(self.add_clicked)
        self._add = add
        foot = QHBoxLayout()
        foot.setContentsMargins(theme.Space.M, theme.Space.S, theme.Space.M, theme.Space.M)
        foot.addWidget(add)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self._tree, 1)
        layout.addLayout(foot)
        self._section("LIBRARY")
        for entry, icon, title in (
            (Entry(Place.ALL), "photos", "All photos"),
            (Entry(Place.NO_FACES), "no-face", "Without faces"),
            (Entry(Place.MISSING), "missing", "Missing files"),
            (Entry(Place.FAILED), "warning", "Unreadable"),
        ):
            self._put(entry, icon, title)
        missing = self._items[Entry(Place.MISSING)]
        missing.setToolTip(0, "Files that were here at the last scan and are gone now")
        self._folders = self._section("FOLDERS")
        self._albums = self._section("ALBUMS")
        self._style()
        theme.manager.changed.connect(self._style)

    def set_library(self, name: str, path: str, *, read_only: bool) -> None:
        """Show which library this is."""
        self._name.setText(name)
        self._name.setToolTip(f"{path}\nopened for reading only" if read_only else path)
        self._add.setDisabled(read_only)

    def set_counts(self, counts: Counts) -> None:
        """Show the numbers; places without anything are hidden."""
        for place, number in (
            (Place.ALL, counts.photos),
            (Place.NO_FACES, counts.without_faces),
            (Place.MISSING, counts.missing),
            (Place.FAILED, counts.failed),
        ):
            item = self._items[Entry(place)]
            item.setText(1, f"{number:,}")
            item.setHidden(place is not Place.ALL and number == 0)

    def set_roots(self, roots: Sequence[RootFolder], sizes: dict[int, int]) -> None:
        """Show the folders and how many photos each has."""
        listed = {Entry(Place.ROOT, root.id): root for root in roots}
        for entry in [e for e in self._items if e.place is Place.ROOT and e not in listed]:
            item = self._items.pop(entry)
            self._tree.takeTopLevelItem(self._tree.indexOfTopLevelItem(item))
        for entry, root in listed.items():
            if entry not in self._items:
                name = display_path(root.path.name or root.path)
                self._put(entry, "folder", name, before=self._albums)
            item = self._items[entry]
            item.setToolTip(0, display_path(root.path))
            item.setText(1, f"{sizes[root.id]:,}" if root.id in sizes else "")
        self._folders.setHidden(not roots)
        self._style()

    def set_albums(self, albums: Sequence[Listed]) -> None:
        """Show the albums in this order, with the number of their photos."""
        current = self._tree.currentItem()
        chosen = current.data(0, _ENTRY) if current is not None else None
        for entry in [entry for entry in self._items if entry.place is Place.ALBUM]:
            item = self._items.pop(entry)
            self._tree.takeTopLevelItem(self._tree.indexOfTopLevelItem(item))
        for listed in albums:
            album = listed.album
            smart = album.kind is AlbumKind.SMART
            item = self._put(
                Entry(Place.ALBUM, album_id=album.id), "filter" if smart else "layers", album.name
            )
            item.setText(1, "" if listed.photos is None else f"{listed.photos:,}")
            item.setToolTip(0, listed.problem or (album.query_text if smart else album.name))
        self._albums.setHidden(not albums)
        self._style()
        if chosen is not None and chosen.place is Place.ALBUM:
            self.set_entry(chosen)

    def set_entry(self, entry: Entry | None) -> None:
        """Mark what is shown, without telling."""
        item = self._items.get(entry) if entry is not None else None
        self._tree.setCurrentItem(item)  # type: ignore[arg-type]  # None clears it

    def _section(self, title: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem([title, ""])
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        font = QFont(theme.font(theme.Type.CAPTION, bold=True))
        item.setFont(0, font)
        self._tree.addTopLevelItem(item)
        return item

    def _put(
        self, entry: Entry, icon: str, title: str, before: QTreeWidgetItem | None = None
    ) -> QTreeWidgetItem:
        item = QTreeWidgetItem([title, ""])
        item.setData(0, _ENTRY, entry)
        item.setData(0, Qt.ItemDataRole.UserRole + 1, icon)
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        tree = self._tree
        place = tree.topLevelItemCount() if before is None else tree.indexOfTopLevelItem(before)
        tree.insertTopLevelItem(place, item)
        self._items[entry] = item
        return item

    def _style(self) -> None:
        for item in self._items.values():
            item.setIcon(0, theme.icon(item.data(0, Qt.ItemDataRole.UserRole + 1)))

    def _choose(self, item: QTreeWidgetItem) -> None:
        entry = item.data(0, _ENTRY)
        if entry is not None:
            self.chosen.emit(entry)

    def _show_menu(self, point: QPoint) -> None:
        item = self._tree.itemAt(point)
        entry = item.data(0, _ENTRY) if item is not None else None
        if entry is not None and entry.album_id is not None:
            self.album_menu.emit(entry.album_id, self._tree.viewport().mapToGlobal(point))
        if entry is None or entry.root_id is None:
            return
        menu = QMenu(self)
        root_id = entry.root_id
        reveal = menu.addAction("Show in File Manager", lambda: self.reveal_root.emit(root_id))
        remove = menu.addAction("Remove from Library…", lambda: self.remove_root.emit(root_id))
        theme.set_icon(reveal, "reveal")
        theme.set_icon(remove, "trash")
        remove.setEnabled(self._add.isEnabled())
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._tree.viewport().mapToGlobal(point))


def _tree() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setAccessibleName("Library and folders")
    tree.setColumnCount(2)
    tree.setHeaderHidden(True)
    tree.setRootIsDecorated(False)
    tree.setIndentation(0)
    tree.setIconSize(QSize(16, 16))
    tree.setUniformRowHeights(True)
    theme.set_role(tree, "sidebar")
    tree.setAllColumnsShowFocus(True)
    tree.setTextElideMode(Qt.TextElideMode.ElideRight)
    tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    header = tree.header()
    header.setStretchLastSection(False)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    return tree
