"""The controls under the photo."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QSlider, QToolButton

from fiqa_studio.ui import theme
from fiqa_studio.ui.photo.colormaps import MapKind
from fiqa_studio.ui.photo.minimap import percent
from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets.small import ElidedLabel, hairline, icon_button

_COUNT_FROM = 1080
_TITLE_FROM = 860
_WORDS_FROM = 760
_SLIDER_FROM = 480
_NARROWEST = 240
_TOGGLES_FROM = 560
_MAPS_FROM = 400
"""Below these widths controls give way to those that have no key of their own."""
_SEGMENT_WIDTH = 44


class LoupeBar(QFrame):
    """Which photo, what is drawn over it, and the zoom.

    Signals:
        closed: Back to the grid.
        stepped: 1 or -1.
        overlay_chosen: A `MapKind`.
        opacity_changed: [0, 1].
        stretch_toggled, boxes_toggled, landmarks_toggled, crop_toggled: bool.
        fit_wanted, pixels_wanted, face_wanted: A zoom was chosen.
    """

    closed = Signal()
    stepped = Signal(int)
    overlay_chosen = Signal(object)
    opacity_changed = Signal(float)
    stretch_toggled = Signal(bool)
    boxes_toggled = Signal(bool)
    landmarks_toggled = Signal(bool)
    crop_toggled = Signal(bool)
    fit_wanted = Signal()
    pixels_wanted = Signal()
    face_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        theme.set_role(self, "panel")
        self._title = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self._count = QLabel()
        theme.set_role(self._count, "caption")
        self._zoom = QLabel()
        theme.set_role(self._zoom, "caption")
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
        self._zoom.setFixedWidth(46)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(5, 100)
        self._slider.setFixedWidth(96)
        self._slider.setToolTip("Opacity of the map")
        self._slider.setAccessibleName("Opacity of the map")
        self._slider.valueChanged.connect(lambda value: self.opacity_changed.emit(value / 100))
        self._boxes = self._toggle("boxes", "Face boxes and scores", self.boxes_toggled)
        self._landmarks = self._toggle("landmarks", "Landmarks", self.landmarks_toggled)
        self._crop = self._toggle("crop", "What the scorer saw", self.crop_toggled)
        self._stretch = self._toggle(
            "stretch", "Spread the colours over this face's own range", self.stretch_toggled
        )
        self._maps = QButtonGroup(self)
        self._map_buttons: dict[MapKind, QToolButton] = {}
        self._lay_out()
        # Else what is to be hidden in a narrow window would keep it from getting narrow.
        self.setMinimumWidth(_NARROWEST)
        self.set_overlay(MapKind.NONE)

    def set_title(self, name: str, count: str) -> None:
        """Name of the photo and a word on its faces."""
        self._title.setText(name)
        self._title.set_tip(f"{name}, {count}" if name else "")
        self._count.setText(count)

    def set_zoom(self, device_scale: float | None) -> None:
        """Show the zoom; None without a photo."""
        self._zoom.setText("" if device_scale is None else percent(device_scale))

    def set_overlay(self, kind: MapKind) -> None:
        """Show which map is drawn."""
        self._map_buttons[kind].setChecked(True)
        self._slider.setEnabled(kind is not MapKind.NONE)
        self._stretch.setEnabled(kind is not MapKind.NONE)

    def set_choices(
        self, *, opacity: float, boxes: bool, landmarks: bool, crop: bool, stretch: bool
    ) -> None:
        """Show the state of the other controls without reporting it as the user's choice."""
        for widget, value in (
            (self._boxes, boxes),
            (self._landmarks, landmarks),
            (self._crop, crop),
            (self._stretch, stretch),
        ):
            with QSignalBlocker(widget):
                widget.setChecked(value)
        with QSignalBlocker(self._slider):
            self._slider.setValue(round(100 * opacity))

    def _toggle(self, icon: str, tip: str, signal: object) -> QToolButton:
        button = icon_button(icon, tip, checkable=True)
        button.toggled.connect(signal)
        return button

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.S, 6, Space.M, 6)
        row.setSpacing(Space.XS)
        for icon, tip, action in (
            ("grid", "Back to the grid", self.closed.emit),
            ("chevron-left", "Previous photo", lambda: self.stepped.emit(-1)),
            ("chevron-right", "Next photo", lambda: self.stepped.emit(1)),
        ):
            button = icon_button(icon, tip)
            button.clicked.connect(action)
            row.addWidget(button)
        row.addSpacing(Space.XS)
        row.addWidget(self._title)
        row.addSpacing(Space.XS)
        row.addWidget(self._count)
        row.addStretch(1)
        for button in (self._boxes, self._landmarks, self._crop):
            row.addWidget(button)
        self._lines = (hairline(vertical=True), hairline(vertical=True))
        row.addWidget(self._lines[0])
        row.addSpacing(Space.XS)
        row.addLayout(self._segments())
        row.addSpacing(Space.S)
        row.addWidget(self._slider)
        row.addWidget(self._stretch)
        row.addWidget(self._lines[1])
        for icon, tip, wanted in (
            ("fit", "Whole photo", self.fit_wanted),
            ("one-to-one", "One pixel to one pixel (100 %)", self.pixels_wanted),
            ("zoom-face", "Zoom to the face", self.face_wanted),
        ):
            button = icon_button(icon, tip)
            button.clicked.connect(wanted)
            row.addWidget(button)
        row.addWidget(self._zoom)

    def _segments(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(0)
        for kind, text, icon, place in (
            (MapKind.NONE, "No map", "image-off", "first"),
            (MapKind.QUALITY, "Quality", "map", ""),
            (MapKind.CONFIDENCE, "Confidence", "confidence", "last"),
        ):
            button = QToolButton()
            theme.set_role(button, "segment")
            button.setProperty("place", place)
            button.setCheckable(True)
            button.setText(text)
            theme.set_icon(button, icon)
            button.setIconSize(QSize(16, 16))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setToolTip(text if kind is MapKind.NONE else f"{text} map over the face")
            button.clicked.connect(lambda _checked=False, k=kind: self.overlay_chosen.emit(k))
            self._maps.addButton(button)
            self._map_buttons[kind] = button
            row.addWidget(button)
        return row

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow bar gives up words before controls."""
        width = event.size().width()
        self._title.setVisible(width >= _TITLE_FROM)
        self._count.setVisible(width >= _COUNT_FROM)
        self._zoom.setVisible(width >= _WORDS_FROM)
        self._slider.setVisible(width >= _SLIDER_FROM)
        for button in (self._boxes, self._landmarks, self._crop, self._stretch):
            button.setVisible(width >= _TOGGLES_FROM)
        for line in self._lines:
            line.setVisible(width >= _TOGGLES_FROM)
        for segment in self._map_buttons.values():
            segment.setVisible(width >= _MAPS_FROM)
        self._slider.setFixedWidth(96 if width >= _COUNT_FROM else 64)
        style = (
            Qt.ToolButtonStyle.ToolButtonTextOnly
            if width >= _WORDS_FROM
            else Qt.ToolButtonStyle.ToolButtonIconOnly
        )
        for button in self._map_buttons.values():
            button.setToolButtonStyle(style)
            button.setMinimumWidth(0 if width >= _WORDS_FROM else _SEGMENT_WIDTH)
        super().resizeEvent(event)
