"""One photo, large: its faces, the maps over them, and the way to the next photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.photos import FaceId, PhotoId
from fiqa_studio.ui.actions.area import AreaView, Step, Verb
from fiqa_studio.ui.loupe.bar import LoupeBar
from fiqa_studio.ui.loupe.plates import Plates
from fiqa_studio.ui.loupe.reads import LoadedPhoto, read_maps, read_photo
from fiqa_studio.ui.photo.canvas import Canvas
from fiqa_studio.ui.photo.colormaps import MapKind
from fiqa_studio.ui.photo.crops import CropImages
from fiqa_studio.ui.photo.face_marks import FaceMaps, mark_of, reading_order
from fiqa_studio.ui.photo.stage import Stage
from fiqa_studio.ui.widgets.small import hairline

if TYPE_CHECKING:
    from fiqa_studio.ui.session.session import Session

_FACE_FILL = 0.94


_PAN = {Verb.LEFT: (1, 0), Verb.RIGHT: (-1, 0), Verb.UP: (0, 1), Verb.DOWN: (0, -1)}


class LoupeView(AreaView):
    """The loupe.

    Attributes:
        photo_id: What is shown; None when empty.
        face_id: The selected face; None when none is.

    Signals:
        next_requested, previous_requested: Another photo of the list is wanted.
        first_requested, last_requested: The photo at an end of the list is wanted.
        closed: Back to the grid.
        face_selected: Id of a face that was clicked, reached by Tab, or alone on the photo.
        selection_cleared: The photo itself is selected: a click beside all faces.
        overlay_changed: ``none``, ``quality`` or ``confidence``.
        drawing_changed: Boxes, landmarks, opacity or the crop were switched.
    """

    next_requested = Signal()
    previous_requested = Signal()
    first_requested = Signal()
    last_requested = Signal()
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
        self._loaded: LoadedPhoto | None = None
        self._follow_face = False
        self._maps_for: frozenset[int] = frozenset()
        self.canvas = Canvas(self)
        self._bar = LoupeBar()
        self._stage = Stage(self.canvas, session.engine)
        self._crops = CropImages(session.engine, self)
        self._plates = Plates(self.canvas, self._crops)
        self._lay_out()
        self._connect()
        self._take_settings()
        self.setFocusProxy(self.canvas)

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
        self._stage.show(photo_id)
        self._load(photo_id)

    def set_neighbours(self, photo_ids: Sequence[int]) -> None:
        """The photos likely to be wanted next, the likeliest first; they are fetched ahead."""
        self._stage.set_neighbours(photo_ids)

    def clear(self) -> None:
        """Show no photo."""
        self.photo_id = self.face_id = self._loaded = None
        self._forget_drawings()
        self._stage.clear()
        self._bar.set_title("", "")

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
    def loaded(self) -> bool:
        """Whether the library has told what it knows of the photo."""
        return self._loaded is not None

    @property
    def face_count(self) -> int:
        """Faces on the photo, as far as known."""
        return len(self.canvas.marks)

    @property
    def notice(self) -> str:
        """What is said in place of the photo; empty while it is shown."""
        notice = self._stage.notice
        return "" if notice.isHidden() else notice.text

    @property
    def scale_text(self) -> str:
        """What the colour scale says; empty while no map is drawn."""
        scale = self._plates.colours
        return "" if scale.isHidden() else scale.accessibleDescription()

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

    def zoom(self, *, inwards: bool) -> None:
        """A step closer, or away."""
        self._follow_face = False
        self.canvas.zoom_step(inwards=inwards)

    def cycle_faces(self, step: int) -> None:
        """The next face of the photo, or the one before."""
        if self.canvas.marks:
            self._on_cycled(step)

    # --- an area ------------------------------------------------------------------------------

    @override
    def do(self, verb: Verb, step: Step = Step.CHOOSE) -> bool:
        """Arrows pan what is zoomed, and go to another photo else, or with Shift or Ctrl."""
        if verb in _PAN:
            right, down = _PAN[verb]
            if step is Step.CHOOSE and self.canvas.pan_step(right, down):
                return True
            self._on_stepped(-(right + down))
        elif verb in (Verb.NEXT, Verb.PAGE_DOWN):
            self.next_requested.emit()
        elif verb in (Verb.PREVIOUS, Verb.PAGE_UP):
            self.previous_requested.emit()
        elif verb is Verb.FIRST:
            self.first_requested.emit()
        elif verb is Verb.LAST:
            self.last_requested.emit()
        elif verb is Verb.BACK:
            self.closed.emit()
        elif verb is Verb.OPEN:
            view = self.canvas.viewpoint.target
            self.zoom_to_pixels() if view is not None and view.is_fitted else self.fit()
        return verb is not Verb.TOGGLE

    @override
    def hold(self, *, on: bool) -> bool:
        """Space with a drag is the hand."""
        return self.canvas.hold_hand(on=on)

    @override
    def close_down(self) -> None:
        """Ask the engine for nothing more; called before the session closes."""
        self._stage.close()
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
        self._stage.changed.connect(self._on_pictured)
        self._stage.dimmed.connect(self._plates.refresh)
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
        read = partial(read_photo, self._session.library, photo_id)
        self._session.run(read, partial(self._on_loaded, photo_id), key=f"loupe-photo-{id(self)}")

    def _on_loaded(self, photo_id: int, loaded: LoadedPhoto | None) -> None:
        if photo_id != self.photo_id:
            return
        self._loaded = loaded
        if loaded is None:
            self._stage.tell(None, QImage())
            self._forget_drawings()
            return
        row = loaded.detail.row
        self._stage.tell(loaded.detail, loaded.thumbnail)
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

    def _on_pictured(self, another: bool) -> None:
        self._plates.set_picture(self.canvas.picture)
        if another and self._follow_face:
            self._show_face_at_once()

    def _on_view_changed(self) -> None:
        view = self.canvas.viewpoint.view
        self._bar.set_zoom(None if view is None else view.device_scale)

    def _forget_drawings(self) -> None:
        self._maps_for = frozenset()
        self.canvas.drawing.maps = {}
        self.canvas.set_marks(())
        self.canvas.set_selected(0)
        self._plates.set_maps_known(False)

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
        kind, library = self.canvas.drawing.overlay, self._session.library
        read = partial(read_maps, library, hashes, kind)
        self._session.run(
            read, partial(self._on_maps, frozenset(hashes)), key=f"loupe-maps-{id(self)}"
        )

    def _on_maps(self, asked: frozenset[int], maps: Mapping[int, FaceMaps]) -> None:
        if asked == self._maps_for:
            self.canvas.drawing.maps = maps
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
            self._stage.forget()
        elif not (shown & touched) and not changes.ids(Kind.SCORER):
            return
        self._maps_for = frozenset()
        self._load(self.photo_id)


def _faces_said(count: int) -> str:
    return {0: "no face", 1: "1 face"}.get(count, f"{count} faces")
