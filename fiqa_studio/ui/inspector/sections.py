"""Parts of the inspector: facts in two columns, pictures side by side, flags, a path."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from fiqa_studio.curation.reasons import FLAG_WORDS
from fiqa_studio.domain.photos import FaceFlag
from fiqa_studio.ui import theme
from fiqa_studio.ui.theme import Radius, Space, Type
from fiqa_studio.ui.widgets.small import ElidedLabel, icon_button, label

_COPIED_MS = 1500


class Pictures(QWidget):
    """The crop, and beside it the crop under its quality map."""

    def __init__(self) -> None:
        super().__init__()
        self._crop = QImage()
        self._map = QImage()
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName("The face as the scorer saw it, and its quality map")
        theme.manager.changed.connect(self.update)

    def show_crop(self, crop: QImage, map_image: QImage | None) -> None:
        """Show these; without a map the crop stands alone."""
        self._crop = crop
        self._map = map_image if map_image is not None else QImage()
        self.setVisible(not crop.isNull())
        self.update()

    def heightForWidth(self, width: int) -> int:
        """Two squares and their captions."""
        return (width - Space.S) // 2 + 22

    def sizeHint(self) -> QSize:
        """As the panel is by default."""
        return QSize(260, self.heightForWidth(260))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Two squares with rounded corners."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        side = (self.width() - Space.S) / 2
        left = QRectF(0, 0, side, side)
        self._square(painter, left, "Aligned crop", with_map=False)
        if not self._map.isNull():
            right = left.translated(side + Space.S, 0)
            self._square(painter, right, "Quality map", with_map=True)

    def _square(self, painter: QPainter, at: QRectF, caption: str, *, with_map: bool) -> None:
        painter.save()
        clip = QPainterPath()
        clip.addRoundedRect(at, Radius.MEDIUM, Radius.MEDIUM)
        painter.setClipPath(clip)
        painter.drawImage(at, self._crop)
        if with_map:
            painter.setOpacity(0.65)
            painter.drawImage(at, self._map)
        painter.restore()
        painter.setFont(theme.font(Type.CAPTION))
        painter.setPen(QColor(theme.manager.palette.text_muted))
        below = QRectF(at.left(), at.bottom() + 2, at.width(), 18)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, caption)


class Flags(QWidget):
    """What a user should know of a face, each flag with its meaning."""

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(Space.S)
        self._rows: dict[FaceFlag, QWidget] = {}
        self._icons: list[tuple[QLabel, str]] = []
        for flag in FaceFlag:
            row = self._row(flag)
            self._rows[flag] = row
            self._column.addWidget(row)
        theme.manager.changed.connect(self._draw_icons)
        self._draw_icons()

    def show_flags(self, flags: frozenset[FaceFlag]) -> None:
        """Show these."""
        for flag, row in self._rows.items():
            row.setVisible(flag in flags)
        self.setVisible(bool(flags))

    def shown(self) -> list[FaceFlag]:
        """The flags on the screen."""
        return [flag for flag, row in self._rows.items() if not row.isHidden()]

    def _row(self, flag: FaceFlag) -> QWidget:
        title, meaning = FLAG_WORDS[flag]
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.S)
        picture = QLabel()
        picture.setFixedWidth(18)
        picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._icons.append((picture, flag.value))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(label(title, "warning"))
        words.addWidget(label(meaning, "muted"))
        line.addWidget(picture)
        line.addLayout(words, 1)
        return row

    def _draw_icons(self) -> None:
        for picture, name in self._icons:
            colour, ratio = theme.manager.palette.warning, self.devicePixelRatioF()
            picture.setPixmap(theme.pixmap(name, 16, colour, ratio))


class PathRow(QWidget):
    """A path that gives way in its middle, with a button that copies it whole."""

    def __init__(self) -> None:
        super().__init__()
        self.name = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self.folder = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        theme.set_role(self.folder, "muted")
        for part in (self.name, self.folder):
            part.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._path = ""
        self._copy = icon_button("copy", "Copy the path")
        self._copy.clicked.connect(self._on_copy)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self.name)
        words.addWidget(self.folder)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addLayout(words, 1)
        row.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignTop)

    def show_path(self, path: str) -> None:
        """Show this path."""
        self._path = path
        folder, slash, name = path.rpartition("/")
        self.name.setText(name)
        self.name.set_tip(path)
        self.folder.setText(folder + slash if len(folder) == 0 else folder)
        self.folder.set_tip(path)

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._path)
        theme.set_icon(self._copy, "check", "success")
        QTimer.singleShot(_COPIED_MS, self._copy, lambda: theme.set_icon(self._copy, "copy"))


class Sentences(QWidget):
    """Short paragraphs under each other."""

    def __init__(self, role: str = "") -> None:
        super().__init__()
        self._role = role
        self._labels: list[QLabel] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(Space.XS)

    def say(self, sentences: Sequence[str]) -> None:
        """Show these."""
        while len(self._labels) < len(sentences):
            made = label("", self._role)
            self._labels.append(made)
            self._column.addWidget(made)
        for place, widget in enumerate(self._labels):
            widget.setVisible(place < len(sentences))
            if place < len(sentences):
                widget.setText(sentences[place])
        self.setVisible(bool(sentences))

    @property
    def text(self) -> str:
        """Everything it says."""
        return " ".join(w.text() for w in self._labels if not w.isHidden())
