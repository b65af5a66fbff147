"""Rows of a name and a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets.small import label

_KEY_WIDTH = 84


class Facts(QWidget):
    """Rows of a name and a value; rows without a value are left out."""

    def __init__(self, title: str, key_width: int = _KEY_WIDTH) -> None:
        super().__init__()
        self._key_width = key_width
        self._heading = label(title, "section")
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(Space.S)
        self._grid.setVerticalSpacing(Space.XS)
        self._grid.setColumnStretch(1, 1)
        self._rows: list[tuple[QLabel, QLabel]] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._heading)
        column.addLayout(self._grid)

    def set_rows(
        self, rows: Iterable[tuple[str, str]], tips: Mapping[str, str] | None = None
    ) -> None:
        """Show these; labels are reused, so that going through faces builds nothing.

        ``tips`` say more of a row, by its name.
        """
        tips = tips or {}
        shown = [(name, value) for name, value in rows if value]
        while len(self._rows) < len(shown):
            self._add_row()
        for place, (key, value) in enumerate(self._rows):
            used = place < len(shown)
            key.setVisible(used)
            value.setVisible(used)
            if used:
                key.setText(shown[place][0])
                value.setText(shown[place][1])
                value.setToolTip(tips.get(shown[place][0], ""))
        self.setVisible(bool(shown))

    def rows(self) -> dict[str, str]:
        """What is shown."""
        return {k.text(): v.text() for k, v in self._rows if not k.isHidden()}

    def _add_row(self) -> None:
        key, value = label("", "muted"), label("")
        key.setAlignment(Qt.AlignmentFlag.AlignTop)
        key.setFixedWidth(self._key_width)
        value.setMinimumWidth(1)  # a word longer than the panel must not widen the whole section
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = len(self._rows)
        self._grid.addWidget(key, row, 0)
        self._grid.addWidget(value, row, 1)
        self._rows.append((key, value))
