"""The first page of the preferences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QButtonGroup, QLabel, QRadioButton, QVBoxLayout, QWidget

from fiqa_studio.ui import theme
from fiqa_studio.ui.widgets.small import label

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context


class GeneralPage(QWidget):
    """The theme, and where the choices are kept."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        head = QLabel("THEME")
        theme.set_role(head, "section")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.Space.S)
        column.addWidget(head)
        group = QButtonGroup(self)
        actions = [one for one in context.registry.actions if one.id.startswith("theme.")]
        for action in actions:
            button = QRadioButton(action.title)
            button.setChecked(f"theme.{context.settings['theme']}" == action.id)
            button.clicked.connect(context.window.action(action.id).trigger)
            group.addButton(button)
            column.addWidget(button)
        column.addSpacing(theme.Space.L)
        where = QLabel("WHERE CHOICES ARE KEPT")
        theme.set_role(where, "section")
        column.addWidget(where)
        column.addWidget(label(f"{context.settings.path.parent}", "muted"))
        column.addStretch(1)
