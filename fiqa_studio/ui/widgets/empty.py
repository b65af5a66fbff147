"""Pages that stand where there is nothing to see, and say what to do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from fiqa_studio.ui import theme

ABOUT_SCORES = (
    "The score says how good a face looks: sharp, well lit, free of noise and artefacts. "
    "It does not say who it is, or whether a machine could tell."
)
PRIVACY = "Everything stays on this machine, and your photos are never changed."


class EmptyPage(QWidget):
    """An icon, a title, a sentence and what can be done about it."""

    def __init__(
        self,
        icon: str,
        title: str,
        text: str,
        buttons: tuple[tuple[str, Callable[[], None]], ...] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        theme.set_role(self, "canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._icon_name = icon
        self._icon = QLabel()
        self._title = _centred(title, "title")
        self._text = _Prose(text, 440)
        row = QHBoxLayout()
        row.setSpacing(theme.Space.S)
        row.addStretch()
        for number, (caption, run) in enumerate(buttons):
            button = QPushButton(caption)
            theme.set_role(button, "primary" if number == 0 else "")
            button.clicked.connect(run)
            row.addWidget(button)
        row.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.Space.XL,) * 4)
        layout.setSpacing(theme.Space.S)
        layout.addStretch(2)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._title, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._text, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(theme.Space.M)
        layout.addLayout(row)
        layout.addStretch(3)
        self._style()
        theme.manager.changed.connect(self._style)

    def set_text(self, text: str) -> None:
        """Say something else, such as how far a job is."""
        self._text.setText(text)

    def _style(self) -> None:
        colour = theme.manager.palette.text_muted
        self._icon.setPixmap(theme.pixmap(self._icon_name, 48, colour, self.devicePixelRatioF()))


class DropTarget(QFrame):
    """A large place to drop a folder on, or to click.

    Signals:
        clicked: The user clicked it, or pressed Enter or Space on it.
    """

    clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Add a folder of photos")
        self.setMinimumSize(QSize(320, 190))
        self.setMaximumWidth(560)
        icon = QLabel()
        icon.setPixmap(
            theme.pixmap("drop", 48, theme.manager.palette.text_muted, self.devicePixelRatioF())
        )
        self._icon = icon
        button = QPushButton("Add Folder…")
        theme.set_role(button, "primary")
        button.setMinimumWidth(140)
        button.clicked.connect(self.clicked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.Space.XL,) * 4)
        layout.setSpacing(theme.Space.M)
        layout.addStretch()
        layout.addWidget(icon, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(_centred("Drop a folder of photos here", "title"))
        layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch()
        theme.manager.changed.connect(self._restyle)

    def _restyle(self) -> None:
        colour = theme.manager.palette.text_muted
        self._icon.setPixmap(theme.pixmap("drop", 48, colour, self.devicePixelRatioF()))
        self.update()

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self.clicked.emit()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        palette = theme.manager.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focused = self.hasFocus()
        pen = QPen(QColor(palette.focus if focused else palette.edge), 2 if focused else 1.5)
        pen.setStyle(Qt.PenStyle.DashLine)
        pen.setDashPattern([5, 4])
        painter.setPen(pen)
        painter.setBrush(QColor(palette.panel))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 12, 12)
        painter.end()


class WelcomePage(QWidget):
    """The first thing a new user sees.

    Signals:
        add_clicked: Add a folder.
    """

    add_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.target = DropTarget()
        self.target.clicked.connect(self.add_clicked)
        title = _centred("See which faces look best", "display")
        scores = _Prose(ABOUT_SCORES, 520)
        privacy = _Prose(PRIVACY, 520)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.Space.XL,) * 4)
        layout.setSpacing(theme.Space.M)
        layout.addStretch(2)
        middle = Qt.AlignmentFlag.AlignHCenter
        layout.addWidget(title, 0, middle)
        layout.addSpacing(theme.Space.S)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.target, 4)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addSpacing(theme.Space.S)
        layout.addWidget(scores, 0, middle)
        layout.addWidget(privacy, 0, middle)
        layout.addStretch(3)


class _Prose(QLabel):
    """Wrapped, centred text of a fixed width; as high as its lines.

    A plain label with word wrap is squeezed by box layouts that also hold stretches: they give
    what depends on its width the height of one line. So this one says that it does not.
    """

    def __init__(self, text: str, width: int) -> None:
        super().__init__(text)
        theme.set_role(self, "muted")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setFixedWidth(width)

    @override
    def hasHeightForWidth(self) -> bool:
        return False

    @override
    def sizeHint(self) -> QSize:
        return QSize(self.maximumWidth(), self.heightForWidth(self.maximumWidth()))

    @override
    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


def _centred(text: str, role: str) -> QLabel:
    label = QLabel(text)
    theme.set_role(label, role)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return label
