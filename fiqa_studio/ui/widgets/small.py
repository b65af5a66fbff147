"""Small widgets that the viewer's parts share."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from fiqa_studio.ui import theme


class ElidedLabel(QLabel):
    """One line of text that gives way instead of widening its panel; hovering shows it whole.

    Attributes:
        mode: Where the dots go; in the middle for paths, whose ends matter.
    """

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        *,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__(parent)
        self.mode = mode
        self._tip = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def set_tip(self, tip: str) -> None:
        """A tool tip of its own, in place of the whole text where that is cut."""
        self._tip = tip
        self._update_tip()

    def setText(self, text: str) -> None:
        """Show another text."""
        super().setText(text)
        self._update_tip()

    def shown_text(self) -> str:
        """The text as far as it fits."""
        width = self.contentsRect().width()
        return self.fontMetrics().elidedText(self.text(), self.mode, width)

    def _update_tip(self) -> None:
        cut = self.shown_text() != self.text()
        self.setToolTip(self._tip or (self.text() if cut else ""))

    def minimumSizeHint(self) -> QSize:
        """Nothing is too narrow."""
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or less of the text fits."""
        super().resizeEvent(event)
        self._update_tip()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The text as far as it fits, in the style sheet's colour."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(self.contentsRect(), flags, self.shown_text())


class Invitation(QWidget):
    """An icon over a sentence, where there is nothing to show yet."""

    def __init__(self, icon: str) -> None:
        super().__init__()
        self._name = icon
        self._icon = QLabel()
        self._text = label("", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.Space.L, theme.Space.XXL, theme.Space.L, theme.Space.L)
        column.setSpacing(theme.Space.M)
        for part in (self._icon, self._text):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(part)
        theme.manager.changed.connect(self._draw)
        self._draw()

    def say(self, text: str) -> None:
        """Show this sentence."""
        self._text.setText(text)
        self.show()

    @property
    def text(self) -> str:
        """What it says, while it is seen."""
        return "" if self.isHidden() else self._text.text()

    def _draw(self) -> None:
        colour = theme.manager.palette.text_disabled
        self._icon.setPixmap(theme.pixmap(self._name, 36, colour, self.devicePixelRatioF()))


def label(text: str, role: str = "", parent: QWidget | None = None) -> QLabel:
    """A label that wraps, with a role of the style sheet. Text is never taken for markup."""
    result = QLabel(text, parent)
    result.setTextFormat(Qt.TextFormat.PlainText)
    result.setWordWrap(True)
    if role:
        theme.set_role(result, role)
    return result


def icon_button(icon: str, tip: str, *, checkable: bool = False) -> QToolButton:
    """A quiet button that shows only its icon; the tip is its name for screen readers too."""
    button = QToolButton()
    theme.set_role(button, "quiet")
    theme.set_icon(button, icon)
    button.setIconSize(QSize(theme.ICON_SIZE, theme.ICON_SIZE))
    button.setCheckable(checkable)
    button.setToolTip(tip)
    button.setAccessibleName(tip.split(" (", maxsplit=1)[0])
    return button


def hairline(*, vertical: bool = False) -> QFrame:
    """A thin line between areas."""
    line = QFrame()
    theme.set_role(line, "line")
    if vertical:
        line.setFixedSize(1, 18)
    else:
        line.setFixedHeight(1)
    return line
