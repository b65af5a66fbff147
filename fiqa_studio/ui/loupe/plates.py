"""The plates that stand on the photo: colour scale, overview, and what the scorer saw."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF
from PySide6.QtGui import QImage

from fiqa_studio.ui.loupe.colour_bar import ColourBar
from fiqa_studio.ui.loupe.crop_inset import CropInset
from fiqa_studio.ui.photo import overlays
from fiqa_studio.ui.photo.canvas import Canvas
from fiqa_studio.ui.photo.colormaps import MapKind
from fiqa_studio.ui.photo.crops import CropImages
from fiqa_studio.ui.photo.face_marks import FaceMark
from fiqa_studio.ui.photo.images import Picture
from fiqa_studio.ui.photo.minimap import Minimap
from fiqa_studio.ui.photo.notice import failure_words
from fiqa_studio.ui.theme import Space

_LARGE_FROM = 720
_ROOM_FROM = 420


class Plates(QObject):
    """Keeps the plates in their corners and true to what the canvas draws.

    Attributes:
        colours: Bottom left, while a map is drawn.
        minimap: Bottom right, while part of the photo is out of sight.
        inset: Top right, when asked for.
    """

    def __init__(self, canvas: Canvas, crops: CropImages) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._crops = crops
        self._inset_wanted = False
        self._maps_known = False
        self.colours = ColourBar(canvas)
        self.minimap = Minimap(canvas.viewpoint, canvas)
        self.inset = CropInset(canvas)
        self.colours.hide()
        canvas.installEventFilter(self)
        canvas.viewpoint.changed.connect(self._on_view_changed)
        canvas.value_hovered.connect(self.colours.set_marker)
        crops.arrived.connect(self._on_crop)
        crops.failed.connect(self._on_crop_failed)

    def set_picture(self, picture: Picture | None) -> None:
        """Another photo or a sharper rendering of it."""
        self.minimap.set_picture(picture)
        self.place()

    def set_inset_wanted(self, wanted: bool) -> None:
        """Whether the crop is shown beside the photo."""
        self._inset_wanted = wanted
        self.refresh()

    def set_maps_known(self, known: bool) -> None:
        """Whether the library has been asked for the maps of these faces."""
        self._maps_known = known
        self.refresh()

    def refresh(self) -> None:
        """Follow the canvas: another face, another map, another opacity."""
        self._show_scale()
        self._show_inset()
        self.place()

    def place(self) -> None:
        """Into the corners; what does not fit is hidden."""
        canvas, gap = self._canvas, Space.M
        width, height = canvas.width(), canvas.height()
        self.colours.move(gap, height - self.colours.height() - gap)
        self.minimap.move(width - self.minimap.width() - gap, height - self.minimap.height() - gap)
        side = 200 if min(width, height) >= _LARGE_FROM else 132
        self.inset.set_side(side)
        self.inset.move(self._inset_left(gap), gap)
        if min(width, height) < _ROOM_FROM:
            self.inset.hide()
        if canvas.dimmed or width < self.colours.width() + self.minimap.width() + 3 * gap:
            self.minimap.hide()

    def _inset_left(self, gap: int) -> int:
        """Right, or left where it would cover the very face it is about."""
        canvas, inset = self._canvas, self.inset
        right = canvas.width() - inset.width() - gap
        mark, view = canvas.selected_mark(), canvas.viewpoint.view
        if mark is None or view is None:
            return right
        face = overlays.screen_rect(view, mark.box)
        there = QRectF(right, gap, inset.width(), inset.height())
        here = QRectF(gap, gap, inset.width(), inset.height())
        return gap if face.intersects(there) and not face.intersects(here) else right

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The canvas has another size."""
        if event.type() is QEvent.Type.Resize:
            self.refresh()
        return super().eventFilter(watched, event)

    def _on_view_changed(self) -> None:
        self.minimap.refresh()
        self.place()

    def _show_scale(self) -> None:
        drawing, kind = self._canvas.drawing, self._canvas.drawing.overlay
        mark = self._canvas.selected_mark()
        self.colours.set_marker(None)
        if kind is MapKind.NONE or not self._canvas.marks or self._canvas.dimmed:
            self.colours.hide()
            return
        if self._canvas.mapped():
            span = (0.0, 1.0)
            if mark is not None and drawing.stretched:
                span = drawing.maps[mark.id].span(kind, stretched=True)
            self.colours.show_scale(kind, span)
        elif self._maps_known:
            self.colours.show_message(kind, _why_no_map(mark))
        else:
            self.colours.hide()
            return
        self.colours.show()

    def _show_inset(self) -> None:
        mark = self._canvas.selected_mark()
        canvas = self._canvas
        if not self._inset_wanted or mark is None or canvas.picture is None or canvas.dimmed:
            self._crops.want(0)
            self.inset.hide()
            return
        drawing = self._canvas.drawing
        maps = drawing.maps.get(mark.id)
        image = None
        if maps is not None and maps.has(drawing.overlay):
            image = maps.image(drawing.overlay, stretched=drawing.stretched)
        self.inset.set_map(image, drawing.opacity)
        if mark.crop_to_photo is None:
            self._crops.want(0)
            self.inset.set_message("This face has no landmarks, so there is no crop.")
        elif (crop := self._crops.want(mark.id)) is not None:
            self.inset.set_crop(crop)
        elif self.inset.face_id != mark.id:
            self.inset.set_message("")
        self.inset.face_id = mark.id
        self.inset.show()

    def _on_crop(self, _face_id: int, crop: QImage) -> None:
        self.inset.set_crop(crop)
        self.place()

    def _on_crop_failed(self, _face_id: int, error: BaseException) -> None:
        self.inset.set_message(f"The crop could not be made. {failure_words(error)}")
        self.place()


def _why_no_map(mark: FaceMark | None) -> str:
    if mark is None:
        return "No face of this photo has a map yet"
    if mark.score is None:
        return "No map: this face is not scored yet"
    if mark.crop_to_photo is None:
        return "No map: this face has no landmarks to place it by"
    return "No map is stored with this score; score again to make one"
