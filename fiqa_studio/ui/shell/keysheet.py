"""The sheet of keys: made of what is bound now, and searchable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from fiqa_studio.ui import theme
from fiqa_studio.ui.actions.action import Action
from fiqa_studio.ui.actions.finding import matches
from fiqa_studio.ui.actions.keymap import PROFILES
from fiqa_studio.ui.shell.menus import native

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context

_MOUSE = (
    ("Double click", "Open in the loupe; there: zoom to the face"),
    ("Ctrl+Wheel", "Size of thumbnails"),
    ("Wheel", "In the loupe: zoom about the cursor"),
    ("Drag", "In the loupe: move the photo (with Space held: never select)"),
    ("Shift+Click", "Select up to there"),
    ("Ctrl+Click", "Add to the selection, or take away"),
)
_COLUMNS = 2


class KeySheet(QDialog):
    """All keys, by menu, as they are bound now.

    Attributes:
        field: Narrows what is shown.
    """

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keyboard Shortcuts")
        self._context = context
        self.field = QLineEdit()
        self.field.setPlaceholderText("Find a key, or what it does")
        self.field.setAccessibleName("Find a key, or what it does")
        self.field.setClearButtonEnabled(True)
        profile = QLabel(PROFILES[context.keymap.bindings.profile])
        theme.set_role(profile, "muted")
        change = QPushButton("Change Keys…")
        change.clicked.connect(self._change)
        head = QHBoxLayout()
        head.setSpacing(theme.Space.M)
        head.addWidget(self.field, 1)
        head.addWidget(profile)
        head.addWidget(change)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.Space.XL,) * 4)
        layout.setSpacing(theme.Space.L)
        layout.addLayout(head)
        layout.addWidget(self._area, 1)
        layout.addWidget(buttons)
        self.field.textChanged.connect(self._fill)
        self._fill("")
        self.resize(min(880, parent.width()), min(720, parent.height()))
        self.field.setFocus()

    def shown(self) -> dict[str, list[tuple[str, str]]]:
        """The sections that are shown: keys and what they do."""
        return self._sections(self.field.text())

    def _change(self) -> None:
        self.accept()
        self._context.window.action("app.preferences").trigger()

    def _fill(self, text: str) -> None:
        sections = self._sections(text)
        page = QWidget()
        columns = QHBoxLayout(page)
        columns.setSpacing(theme.Space.XXL)
        half = sum(len(rows) + 2 for rows in sections.values()) / _COLUMNS
        column, filled = _column(columns), 0.0
        for title, rows in sections.items():
            if filled >= half and columns.count() < _COLUMNS:
                column.addStretch()
                column, filled = _column(columns), 0.0
            column.addLayout(_section(title, rows))
            column.addSpacing(theme.Space.M)
            filled += len(rows) + 2
        if not sections:
            none = QLabel(f"No key matches “{text}”.")
            theme.set_role(none, "muted")
            column.addWidget(none)
        column.addStretch()
        self._area.setWidget(page)

    def _sections(self, text: str) -> dict[str, list[tuple[str, str]]]:
        sections: dict[str, list[tuple[str, str]]] = {}
        families: dict[str, list[Action]] = {}
        for action in self._context.registry.actions:
            if action.family:
                families.setdefault(action.family, []).append(action)
            elif keys := self._keys(action):
                sections.setdefault(action.heading, []).append((keys, action.plain_title))
        for family, members in families.items():
            keys = _together([key for key in map(self._first_key, members) if key])
            if keys:
                sections.setdefault(members[0].heading, []).append((keys, family))
        sections["Mouse"] = list(_MOUSE)
        found = {
            title: [row for row in rows if matches(text, f"{row[1]} {row[0]}", title)]
            for title, rows in sections.items()
        }
        return {title: rows for title, rows in found.items() if rows}

    def _keys(self, action: Action) -> str:
        return "  or  ".join(native(key) for key in self._context.keymap.keys_of(action.id)[:2])

    def _first_key(self, action: Action) -> str:
        keys = self._context.keymap.keys_of(action.id)
        return native(keys[0]) if keys else ""


def _together(keys: list[str]) -> str:
    """Several keys as one text; what all begin with is said once."""
    held = {key.rpartition("+")[0] for key in keys}
    if len(keys) > 1 and len(held) == 1 and held != {""}:
        return f"{held.pop()} + " + ", ".join(key.rpartition("+")[2] for key in keys)
    return ", ".join(keys)


def _column(columns: QHBoxLayout) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(theme.Space.S)
    columns.addLayout(column, 1)
    return column


def _section(title: str, rows: list[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(theme.Space.L)
    grid.setVerticalSpacing(theme.Space.XS)
    grid.setColumnStretch(1, 1)
    head = QLabel(title.upper())
    theme.set_role(head, "section")
    grid.addWidget(head, 0, 0, 1, 2)
    for number, (keys, what) in enumerate(rows, 1):
        label = QLabel(keys)
        label.setWordWrap(True)
        label.setFixedWidth(148)
        label.setAlignment(Qt.AlignmentFlag.AlignTop)
        theme.set_role(label, "muted")
        grid.addWidget(label, number, 0)
        words = QLabel(what)
        words.setWordWrap(True)
        words.setAlignment(Qt.AlignmentFlag.AlignTop)
        grid.addWidget(words, number, 1)
    return grid
