"""Small dialogs: about, and the sheet of shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from fiqa_studio.ui import theme
from fiqa_studio.ui.shell.actions import ACTIONS, FIXED_KEYS
from fiqa_studio.ui.shell.empty import ABOUT_SCORES, PRIVACY

TakesPath = Callable[[Path], object]


class AboutDialog(QDialog):
    """What this program is, and what its score means."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("About FIQA Studio")
        mark = QLabel()
        mark.setPixmap(theme.app_icon().pixmap(64, 64))
        name = QLabel("FIQA Studio")
        theme.set_role(name, "display")
        number = QLabel(f"Version {_version()}")
        theme.set_role(number, "muted")
        text = QLabel(
            f"{ABOUT_SCORES}\n\n{PRIVACY}\n\n"
            "Quality is predicted by a network of the DSL-FIQA design (CVPR 2024). "
            "Licensed under Apache 2.0."
        )
        text.setWordWrap(True)
        text.setMinimumWidth(400)
        head = QHBoxLayout()
        head.setSpacing(theme.Space.L)
        titles = QVBoxLayout()
        titles.setSpacing(0)
        titles.addWidget(name)
        titles.addWidget(number)
        head.addWidget(mark)
        head.addLayout(titles, 1)
        layout = _column(self)
        layout.addLayout(head)
        layout.addWidget(text)
        layout.addWidget(_close_button(self))


class ShortcutSheet(QDialog):
    """All keys, by menu."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keyboard Shortcuts")
        sections: dict[str, list[tuple[str, str]]] = {"In the views": list(FIXED_KEYS)}
        for row in ACTIONS:
            if row.shortcuts:
                keys = "  or  ".join(
                    QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
                    for key in row.shortcuts[:2]
                )
                section = row.menu.split("/")[0]
                sections.setdefault(section, []).append((keys, row.title.rstrip("…")))
        page = QWidget()
        columns = QHBoxLayout(page)
        columns.setSpacing(theme.Space.XXL)
        halves = (("In the views", "File", "Edit", "Score", "Help"), ("View",))
        for names in halves:
            column = QVBoxLayout()
            column.setSpacing(theme.Space.S)
            for title in names:
                column.addLayout(_section(title, sections.get(title, [])))
                column.addSpacing(theme.Space.M)
            column.addStretch()
            columns.addLayout(column)
        area = QScrollArea()
        area.setWidget(page)
        area.setWidgetResizable(True)
        layout = _column(self)
        layout.addWidget(area, 1)
        layout.addWidget(_close_button(self))
        self.resize(820, 700)


def _section(title: str, keys: list[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(theme.Space.L)
    grid.setVerticalSpacing(theme.Space.XS)
    grid.setColumnStretch(1, 1)
    head = QLabel(title.upper())
    theme.set_role(head, "section")
    grid.addWidget(head, 0, 0, 1, 2)
    for row, (key, what) in enumerate(keys, 1):
        label = QLabel(key)
        label.setWordWrap(True)
        label.setMinimumWidth(132)
        theme.set_role(label, "muted")
        grid.addWidget(label, row, 0)
        grid.addWidget(QLabel(what), row, 1)
    return grid


def _column(dialog: QDialog) -> QVBoxLayout:
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(*(theme.Space.XL,) * 4)
    layout.setSpacing(theme.Space.L)
    return layout


def _close_button(dialog: QDialog) -> QDialogButtonBox:
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    return buttons


def _version() -> str:
    try:
        return version("fiqa-studio")
    except PackageNotFoundError:
        return "unknown"
