"""One photo, large: its faces, the maps over them, and the way to the next photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.photos import FaceDetail, FaceId, PhotoDetail, PhotoId
from fiqa_studio.domain.scores import ScoreMaps
from fiqa_studio.ui.viewer.canvas import Canvas
from fiqa_studio.ui.viewer.colormaps import MapKind
from fiqa_studio.ui.viewer.crops import CropImages
from fiqa_studio.ui.viewer.images import PhotoImages, Picture, preview_side
from fiqa_studio.ui.viewer.loupe_bar import LoupeBar
from fiqa_studio.ui.viewer.marks import FaceMaps, mark_of, reading_order
from fiqa_studio.ui.viewer.notice import Notice, failure_words, missing_words
from fiqa_studio.ui.viewer.plates import Plates
from fiqa_studio.ui.viewer.widgets import hairline

if TYPE_CHECKING:
    from fiqa_studio.ui.session import Session

_SHARPEN_AFTER_MS = 90
"""A pause in zooming after which all the pixels are fetched."""
_FACE_FILL = 0.94


@dataclass(frozen=True, slots=True, eq=False)
class _Loaded:
    """What the library knows of one photo, read off the window's thread."""

    detail: PhotoDetail
    faces: tuple[FaceDetail, ...]
    thumbnail: QImage


class LoupeView(QWidget):
    """The loupe. Keys: arrows, Space, + and -, Z, Tab, Escape (see `Canvas`).

    Attributes:
        photo_id: What is shown; None when empty.
        face_id: The selected face; None when none is.

    Signals:
        next_requested, previous_requested: Another photo of the view is wanted.
        closed: Back to the grid.
        face_selected: Id of a face that was clicked, reached by Tab, or alone on the photo.
        selection_cleared: The photo itself is selected: a click beside all faces.
        overlay_changed: ``none``, ``quality`` or ``confidence``.
        drawing_changed: Boxes, landmarks, opacity or the crop were switched.
    """

    next_requested = Signal()
    previous_requested = Signal()
    closed = Signal()
    face_selected = Signal(int)
    selection_cleared = Signal()
    overlay_changed = Signal(str)
    drawing_changed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.photo_id: PhotoId | None = None
        self.face_id: FaceId | None = None
        self._loaded: _Loaded | None = None
        self._neighbours: tuple[int, ...] = ()
        self._follow_face = False
        self._maps_for: frozenset[int] = frozenset()
        self.canvas = Canvas(self)
        self._bar = LoupeBar()
        self._notice = Notice(self.canvas)
        self._images = PhotoImages(session.engine, self)
        self._crops = CropImages(session.engine, self)
        self._plates = Plates(self.canvas, self._crops)
        self._sharpen = QTimer(self, singleShot=True, interval=_SHARPEN_AFTER_MS)
        self._lay_out()
        self._connect()
        self._take_settings()
        self.setFocusProxy(self.canvas)
        self._say_nothing_chosen()

    # --- what the window calls ----------------------------------------------------------------

    def show_photo(self, photo_id: int, face_id: int | None = None) -> None:
        """Show a photo, with this face selected; pictures in memory show at once."""
        if photo_id == self.photo_id and self._loaded is not None:
            if face_id is not None:
                self._select(face_id)
            return
        self.photo_id = PhotoId(photo_id)
        self.face_id = FaceId(face_id) if face_id is not None else None
        self._loaded = None
        self._forget_drawings()
        held = self._images.show(photo_id, self._preview_side(), self._neighbours)
        if held is not None:
            self._show_picture(held, same_photo=False)
        self._load(photo_id)

    def set_neighbours(self, photo_ids: Sequence[int]) -> None:
        """The photos likely to be wanted next, the likeliest first; they are fetched ahead."""
        self._neighbours = tuple(photo_ids)
        if self.photo_id is not None:
            self._images.show(self.photo_id, self._preview_side(), self._neighbours)

    def clear(self) -> None:
        """Show no photo."""
        self.photo_id = self.face_id = self._loaded = None
        self._forget_drawings()
        self.canvas.set_picture(None)
        self._plates.set_picture(None)
        self._bar.set_title("", "")
        self._say_nothing_chosen()

    def zoom_to_face(self) -> None:
        """Bring the selected face, or else the largest, to the middle; again: the whole photo."""
        mark = self.canvas.selected_mark()
        if mark is None and self.canvas.marks:
            mark = max(self.canvas.marks, key=lambda m: m.box.width() * m.box.height())
            self._select(mark.id)
        if mark is None:
            return
        if self._follow_face:
            self.fit()
        else:
            self._follow_face = True
            self.canvas.viewpoint.show(mark.zoom_area, _FACE_FILL)

    def fit(self) -> None:
        """Show the whole photo."""
        self._follow_face = False
        self.canvas.viewpoint.fit()

    def zoom_to_pixels(self) -> None:
        """One pixel of the photo on one of the screen, about the selected face or the middle."""
        self._follow_face = False
        viewpoint, mark = self.canvas.viewpoint, self.canvas.selected_mark()
        around = None
        if mark is not None and viewpoint.view is not None and viewpoint.view.is_fitted:
            centre = mark.box.center()
            around = viewpoint.view.to_screen(centre.x(), centre.y())
        viewpoint.zoom_to(1.0, around)

    def set_overlay(self, name: str) -> None:
        """Draw a map: ``none``, ``quality`` or ``confidence``."""
        kind = MapKind(name)
        self.canvas.drawing.overlay = kind
        self._session.settings["overlay"] = kind.value
        self._bar.set_overlay(kind)
        self._load_maps()
        self._redraw()
        self.overlay_changed.emit(kind.value)

    @property
    def overlay(self) -> str:
        """Which map is drawn."""
        return self.canvas.drawing.overlay.value

    def set_overlay_opacity(self, opacity: float) -> None:
        """How much the map covers the photo, in [0, 1]."""
        self.canvas.drawing.opacity = min(max(opacity, 0.0), 1.0)
        self._session.settings["overlay-opacity"] = self.canvas.drawing.opacity
        self._choices_changed()

    def set_stretched(self, stretched: bool) -> None:
        """Whether the colours span the selected face's own range instead of the whole scale."""
        self.canvas.drawing.stretched = stretched
        self._session.settings["map-stretched"] = stretched
        self._choices_changed()

    def set_boxes(self, shown: bool) -> None:
        """Whether boxes and badges are drawn."""
        self.canvas.drawing.boxes = shown
        self._session.settings["boxes"] = shown
        self._choices_changed()

    def set_landmarks(self, shown: bool) -> None:
        """Whether the face mesh is drawn."""
        self.canvas.drawing.landmarks = shown
        self._session.settings["landmarks"] = shown
        self._choices_changed()

    def set_crop_shown(self, shown: bool) -> None:
        """Whether the crop that the scorer saw stands beside the photo."""
        self._session.settings["crop-inset"] = shown
        self._plates.set_inset_wanted(shown)
        self._choices_changed()

    def close_images(self) -> None:
        """Ask the engine for nothing more; called before the session closes."""
        self._images.close()
        self._crops.close()

    # --- construction ---------------------------------------------------------------------------

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.canvas, 1)
        column.addWidget(hairline())
        column.addWidget(self._bar)

    def _connect(self) -> None:
        canvas, bar = self.canvas, self._bar
        canvas.face_clicked.connect(self._on_clicked)
        canvas.face_opened.connect(self._on_opened)
        canvas.face_cycled.connect(self._on_cycled)
        canvas.stepped.connect(self._on_stepped)
        canvas.face_zoom_toggled.connect(self.zoom_to_face)
        canvas.zoomed_freely.connect(self._on_free_zoom)
        canvas.viewpoint.changed.connect(self._on_view_changed)
        bar.closed.connect(self.closed)
        bar.stepped.connect(self._on_stepped)
        bar.overlay_chosen.connect(self.set_overlay)
        bar.opacity_changed.connect(self.set_overlay_opacity)
        bar.stretch_toggled.connect(self.set_stretched)
        bar.boxes_toggled.connect(self.set_boxes)
        bar.landmarks_toggled.connect(self.set_landmarks)
        bar.crop_toggled.connect(self.set_crop_shown)
        bar.fit_wanted.connect(self.fit)
        bar.pixels_wanted.connect(self.zoom_to_pixels)
        bar.face_wanted.connect(self.zoom_to_face)
        self._images.arrived.connect(self._on_picture)
        self._images.failed.connect(self._on_picture_failed)
        self._sharpen.timeout.connect(self._want_detail)
        self._session.changed.connect(self._on_changes)

    def _take_settings(self) -> None:
        settings, drawing = self._session.settings, self.canvas.drawing
        drawing.boxes = bool(settings["boxes"])
        drawing.landmarks = bool(settings["landmarks"])
        drawing.opacity = float(settings["overlay-opacity"])
        drawing.stretched = bool(settings["map-stretched"])
        name = settings["overlay"]
        drawing.overlay = MapKind(name) if name in list(MapKind) else MapKind.NONE
        self._bar.set_overlay(drawing.overlay)
        self._plates.set_inset_wanted(bool(settings["crop-inset"]))
        self._choices_changed()

    # --- the photo ------------------------------------------------------------------------------

    def _load(self, photo_id: int) -> None:
        library = self._session.library

        def read() -> _Loaded | None:
            detail = library.photos.detail(PhotoId(photo_id))
            if detail is None:
                return None
            faces = library.faces.of_photo(PhotoId(photo_id))
            thumbnail = library.thumbnails.photo(PhotoId(photo_id))
            return _Loaded(detail, tuple(faces), QImage.fromData(thumbnail or b""))

        self._session.run(read, partial(self._on_loaded, photo_id), key=f"loupe-photo-{id(self)}")

    def _on_loaded(self, photo_id: int, loaded: _Loaded | None) -> None:
        if photo_id != self.photo_id:
            return
        if loaded is None:
            self._show_picture(None, same_photo=False)
            self._notice.say("image-off", "This photo is no longer in the library")
            return
        self._loaded = loaded
        row = loaded.detail.row
        if self._images.held(row.id) is None:
            self._show_placeholder(loaded)
        self.canvas.set_marks(reading_order([mark_of(face) for face in loaded.faces]))
        self._bar.set_title(row.name, _faces_said(len(loaded.faces)))
        known = {int(face.row.id) for face in loaded.faces}
        if self.face_id is None and len(known) == 1:
            self._select(next(iter(known)))
        elif self.face_id in known:
            self.canvas.set_selected(int(self.face_id))
        else:
            self.face_id = None
            self.canvas.set_selected(0)
        if self._follow_face:
            self._show_face_at_once()
        self._load_maps()
        self._redraw()

    def _show_placeholder(self, loaded: _Loaded) -> None:
        """The thumbnail until the preview comes, or for good where the file is gone."""
        row, words = loaded.detail.row, missing_words(loaded.detail)
        if words is not None:
            self._notice.say(*words)
        if loaded.thumbnail.isNull() or row.width <= 0 or row.height <= 0:
            if words is not None:
                self._show_picture(None, same_photo=False)
            return
        small = loaded.thumbnail.convertToFormat(QImage.Format.Format_RGB32)
        self._show_picture(Picture((row.width, row.height), (small,), 1), same_photo=False)
        self.canvas.set_dimmed(words is not None)
        if words is not None:
            self._notice.say(*words)

    def _on_picture(self, photo_id: int, picture: Picture) -> None:
        if photo_id == self.photo_id:
            shown = self.canvas.picture
            same = shown is not None and shown.full_size == picture.full_size
            if same and shown is not None and shown.detail > picture.detail:
                return
            self._show_picture(picture, same_photo=same)
            if not same and self._follow_face:
                self._show_face_at_once()

    def _show_picture(self, picture: Picture | None, *, same_photo: bool) -> None:
        self._notice.hide()
        self.canvas.set_dimmed(False)
        self.canvas.set_picture(picture, same_photo=same_photo)
        self._plates.set_picture(picture)

    def _on_picture_failed(self, photo_id: int, error: BaseException) -> None:
        if photo_id != self.photo_id or isinstance(error, CancelledError):
            return
        if self._loaded is not None and missing_words(self._loaded.detail) is not None:
            return
        shown = self.canvas.picture
        if shown is None or shown.requested_side == 1:
            self.canvas.set_dimmed(True)
            self._notice.say("image-off", "This photo cannot be shown", failure_words(error))

    def _on_view_changed(self) -> None:
        view = self.canvas.viewpoint.view
        self._bar.set_zoom(None if view is None else view.device_scale)
        self._sharpen.start()

    def _want_detail(self) -> None:
        """After a pause in zooming: are there pixels for what is on the screen?"""
        view, picture = self.canvas.viewpoint.view, self.canvas.picture
        if view is None or picture is None or self.photo_id is None or not self.isVisible():
            return
        enough = picture.requested_side == 0 or picture.detail >= 0.999
        if not enough and view.device_scale > picture.detail * 1.02 and not view.is_fitted:
            self._images.want_full(self.photo_id, picture.full_size)

    def _preview_side(self) -> int:
        longest = max(self.canvas.width(), self.canvas.height())
        return preview_side(longest * self.devicePixelRatioF())

    def _forget_drawings(self) -> None:
        self._maps_for = frozenset()
        self.canvas.drawing.maps = {}
        self.canvas.set_marks(())
        self.canvas.set_selected(0)
        self._plates.set_maps_known(False)

    def _say_nothing_chosen(self) -> None:
        self._notice.say("loupe", "No photo chosen", "Choose one in the grid and press E.")

    # --- faces and maps -------------------------------------------------------------------------

    def _select(self, face_id: int) -> None:
        if not any(mark.id == face_id for mark in self.canvas.marks):
            return
        self.face_id = FaceId(face_id)
        self.canvas.set_selected(face_id)
        self._redraw()
        self.face_selected.emit(face_id)

    def _on_clicked(self, face_id: int) -> None:
        if face_id:
            self._select(face_id)
        elif self.face_id is not None and len(self.canvas.marks) > 1:
            self.face_id = None
            self.canvas.set_selected(0)
            self._redraw()
            self.selection_cleared.emit()

    def _on_opened(self, face_id: int) -> None:
        view = self.canvas.viewpoint.target
        if face_id and view is not None and (view.is_fitted or face_id != self.face_id):
            self._follow_face = False
            self._select(face_id)
        elif view is not None and view.is_fitted:
            self.zoom_to_pixels()
            return
        self.zoom_to_face() if view is not None and view.is_fitted else self.fit()

    def _on_cycled(self, step: int) -> None:
        marks = self.canvas.marks
        places = {mark.id: place for place, mark in enumerate(marks)}
        at = places.get(int(self.face_id or 0))
        place = (0 if step > 0 else len(marks) - 1) if at is None else (at + step) % len(marks)
        self._select(marks[place].id)
        if self._follow_face:
            self.canvas.viewpoint.show(marks[place].zoom_area, _FACE_FILL)

    def _on_free_zoom(self) -> None:
        self._follow_face = False

    def _on_stepped(self, step: int) -> None:
        (self.next_requested if step > 0 else self.previous_requested).emit()

    def _show_face_at_once(self) -> None:
        mark = self.canvas.selected_mark()
        if mark is None and self.canvas.marks:
            mark = max(self.canvas.marks, key=lambda m: m.box.width() * m.box.height())
        if mark is not None:
            self.canvas.viewpoint.show(mark.zoom_area, _FACE_FILL, at_once=True)

    def _load_maps(self) -> None:
        """Read the maps of the photo's faces, once, and only while one is drawn."""
        hashes = {mark.id: mark.scorer_hash for mark in self.canvas.marks if mark.scorer_hash}
        if self.canvas.drawing.overlay is MapKind.NONE or self._loaded is None:
            return
        if self._maps_for == frozenset(hashes) and self._maps_for:
            return
        self._maps_for = frozenset(hashes)
        scores = self._session.library.scores

        def read() -> dict[int, ScoreMaps | None]:
            return {face: scores.maps(FaceId(face), name) for face, name in hashes.items()}

        self._session.run(
            read, partial(self._on_maps, frozenset(hashes)), key=f"loupe-maps-{id(self)}"
        )

    def _on_maps(self, asked: frozenset[int], maps: Mapping[int, ScoreMaps | None]) -> None:
        if asked == self._maps_for:
            self.canvas.drawing.maps = {
                face: FaceMaps(found) for face, found in maps.items() if found is not None
            }
            self._plates.set_maps_known(True)
            self.canvas.update()

    # --- following ------------------------------------------------------------------------------

    def _choices_changed(self) -> None:
        drawing = self.canvas.drawing
        self._bar.set_choices(
            opacity=drawing.opacity,
            boxes=drawing.boxes,
            landmarks=drawing.landmarks,
            crop=bool(self._session.settings["crop-inset"]),
            stretch=drawing.stretched,
        )
        self._redraw()
        self.drawing_changed.emit()

    def _redraw(self) -> None:
        self._plates.refresh()
        self.canvas.update()

    def _on_changes(self, changes: Changes) -> None:
        """The library changed: read the shown photo anew if it is touched."""
        if self.photo_id is None or self._loaded is None:
            return
        shown = {int(face.row.id) for face in self._loaded.faces}
        touched = changes.ids(Kind.SCORE) | changes.ids(Kind.FACE)
        if self.photo_id in changes.ids(Kind.PHOTO):
            self._images.forget(self.photo_id)
            self._images.show(self.photo_id, self._preview_side(), self._neighbours)
        elif not (shown & touched) and not changes.ids(Kind.SCORER):
            return
        self._maps_for = frozenset()
        self._load(self.photo_id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape goes back to the grid."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)


def _faces_said(count: int) -> str:
    return {0: "no face", 1: "1 face"}.get(count, f"{count} faces")
