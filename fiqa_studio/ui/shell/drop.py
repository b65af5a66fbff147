"""Dropping folders and photos anywhere on the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from fiqa_studio.ui import theme


def paths_of(data: QMimeData) -> list[Path]:
    """The files and folders that are dragged."""
    urls = [url for url in data.urls() if url.isLocalFile()]
    return list(dict.fromkeys(Path(url.toLocalFile()) for url in urls))


def could_be_paths(data: QMimeData) -> bool:
    """Whether to take a drag; asked for each move, so the disk is not."""
    return data.hasUrls() and any(url.isLocalFile() for url in data.urls())


class DropHighlight(QWidget):
    """A frame over the whole window while something is dragged over it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._covered = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def cover(self) -> None:
        """Show over the whole parent."""
        self.setGeometry(self._covered.rect())
        self.raise_()
        self.show()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        palette = theme.manager.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(palette.window)
        veil.setAlpha(215)
        painter.fillRect(self.rect(), veil)
        painter.setPen(QPen(QColor(palette.accent), 3))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        frame = QRectF(self.rect()).adjusted(12, 12, -12, -12)
        painter.drawRoundedRect(frame, 12, 12)
        icon = theme.pixmap("drop", 48, palette.accent_text, self.devicePixelRatioF())
        centre = self.rect().center()
        painter.drawPixmap(centre.x() - 24, centre.y() - 56, icon)
        painter.setPen(QColor(palette.text))
        painter.setFont(theme.font(theme.Type.TITLE, bold=True))
        box = self.rect().adjusted(0, 36, 0, 36)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "Drop to find the faces")
        painter.end()
