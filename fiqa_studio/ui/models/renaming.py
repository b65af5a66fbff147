"""Another name and title for a scorer of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from fiqa_studio.ui import theme
from fiqa_studio.ui.models.fields import Form

if TYPE_CHECKING:
    from fiqa_studio.engine.scoring.installed import InstalledScorer


class RenameDialog(QDialog):
    """Asks for the two names; whoever opened it renames.

    Attributes:
        title: As in menus.
        name: As on the command line.
    """

    def __init__(self, scorer: InstalledScorer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Rename Scorer")
        self.setMinimumWidth(420)
        self.title = QLineEdit(scorer.title)
        self.title.setAccessibleName("Title")
        self.title.setMaxLength(200)
        self.name = QLineEdit(scorer.name)
        self.name.setAccessibleName("Name")
        self.name.setMaxLength(64)
        form = Form()
        form.add("&Title", self.title, "As in menus")
        form.add("&Name", self.name, "As on the command line: small letters, digits, dots, dashes")
        cancel = QPushButton("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        self.rename = QPushButton("Rename")
        theme.set_role(self.rename, "primary")
        self.rename.setDefault(True)
        self.rename.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.setSpacing(theme.Space.S)
        foot.addStretch(1)
        foot.addWidget(cancel)
        foot.addWidget(self.rename)
        for field in (self.title, self.name):
            field.textChanged.connect(self._update)
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.Space.XL,) * 4)
        column.setSpacing(theme.Space.L)
        column.addLayout(form)
        column.addLayout(foot)
        self.title.selectAll()
        self.title.setFocus()

    def _update(self) -> None:
        whole = bool(self.title.text().strip() and self.name.text().strip())
        self.rename.setEnabled(whole)
