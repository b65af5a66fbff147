"""The panel beside the photo: the score explained, the face, the photo, the file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from fiqa_studio.curation import reasons
from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.photos import FaceDetail, FaceFlag, FaceId, FaceRow, PhotoDetail, PhotoId
from fiqa_studio.domain.query import Query
from fiqa_studio.domain.scores import shown_score
from fiqa_studio.ui import theme
from fiqa_studio.ui.inspector import fact_rows, sums
from fiqa_studio.ui.inspector.intervals import Intervals
from fiqa_studio.ui.inspector.reads import FaceFacts, read_face
from fiqa_studio.ui.inspector.score_block import BINS, ScoreBlock, Standing
from fiqa_studio.ui.inspector.sections import Flags, PathRow, Pictures, Sentences
from fiqa_studio.ui.inspector.sums import Sum
from fiqa_studio.ui.photo.colormaps import MapKind
from fiqa_studio.ui.photo.face_marks import FaceMaps
from fiqa_studio.ui.photo.notice import missing_words
from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets.facts import Facts
from fiqa_studio.ui.widgets.small import Invitation, hairline, label

if TYPE_CHECKING:
    from fiqa_studio.ui.session.session import Session

_MANY = 20_000
"""From so many faces on a sum takes a moment: nothing quick must wait behind it."""
_COUNT_AGAIN_MS = 2000
"""While a job scores, the strip follows at this pace: its query reads every score."""
_TOGETHER_MS = 1500
"""The first score waits so long for its range and its place, so that nothing jumps."""


class InspectorPanel(QScrollArea):
    """Explains what is selected: a face, a photo, several faces, or nothing."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shown: tuple[str, tuple[int, ...]] = ("nothing", ())
        self._counts: npt.NDArray[np.int64] = np.zeros(BINS, dtype=np.int64)
        self._counted = False
        self._waited = False
        self._summed: tuple[Query, npt.NDArray[np.int64] | None] = (Query(), None)
        self._held: FaceFacts | None = None
        self._intervals = Intervals(session, self)
        self._intervals.came.connect(self._on_more_known)
        self._score = ScoreBlock()
        self._standing = Standing()
        self._place = label("", "muted")
        self._construct = label(reasons.CONSTRUCT, "caption")
        self._pictures = Pictures()
        self._reasons = Sentences()
        self._flags = Flags()
        self._face = Facts("FACE")
        self._provenance = Facts("SCORED BY")
        self._photo = Facts("PHOTO")
        self._path = PathRow()
        self._file = Facts("FILE")
        self._notes = Sentences("warning")
        self._empty = Invitation("face")
        self._recount = QTimer(self, singleShot=True, interval=_COUNT_AGAIN_MS)
        self._recount.timeout.connect(self._count)
        self._together = QTimer(self, singleShot=True, interval=_TOGETHER_MS)
        self._together.timeout.connect(self._wait_no_longer)
        self._lay_out()
        session.changed.connect(self._on_changes)
        self.clear()
        self._count()

    # --- what the window calls ----------------------------------------------------------------

    def show_face(self, face_id: int) -> None:
        """Explain one face."""
        self._shown = ("face", (face_id,))
        self._read_face(FaceId(face_id))

    def show_photo(self, photo_id: int) -> None:
        """Explain one photo, with its faces in sum."""
        self._shown = ("photo", (photo_id,))
        library = self._session.library

        def read() -> tuple[PhotoDetail | None, list[FaceDetail]]:
            return library.photos.detail(photo_id), library.faces.of_photo(photo_id)

        self._session.run(read, partial(self._on_photo, photo_id), key=self._key)

    def show_faces(self, face_ids: Sequence[int]) -> None:
        """Sum up several faces; one or none are shown as such."""
        if len(face_ids) > 1:
            self.sum_up(Query(), np.asarray(face_ids, np.int64))
        elif face_ids:
            self.show_face(face_ids[0])
        else:
            self.clear()

    def sum_up(self, query: Query, ids: npt.NDArray[np.int64] | None = None) -> None:
        """Sum up what a query asks for, or some of it by id; however many they are."""
        self._shown = ("faces", ())
        self._summed = (query, ids)
        views = self._session.library.views
        self._session.run(
            lambda: views.summary(query, ids),
            lambda found: self._on_several(sums.of_summary(found)),
            key=self._key,
            slow=ids is None or len(ids) > _MANY,
        )

    def forget_intervals(self) -> None:
        """Scorers came or went: ask for their intervals again."""
        self._intervals.forget()
        self._read_shown_face()

    def clear(self) -> None:
        """Nothing is selected."""
        self._shown = ("nothing", ())
        self._hide_all()
        self._empty.say("Select a face or a photo to see its score explained")

    @property
    def text(self) -> str:
        """What it says of the score, for tests and screen readers."""
        said = (
            (self._score, self._score.text),
            (self._place, self._place.text()),
            (self._reasons, self._reasons.text),
            (self._empty, self._empty.text),
        )
        return " ".join(text for part, text in said if text and not part.isHidden())

    @property
    def construct(self) -> str:
        """What it says the score is about; empty while there is no score."""
        return "" if self._construct.isHidden() else self._construct.text()

    def facts(self) -> dict[str, str]:
        """Every name and value on the screen."""
        parts = (self._face, self._provenance, self._photo, self._file)
        return {key: v for part in parts if not part.isHidden() for key, v in part.rows().items()}

    def flags(self) -> list[FaceFlag]:
        """The flags on the screen."""
        return [] if self._flags.isHidden() else self._flags.shown()

    # --- construction ---------------------------------------------------------------------------

    def _lay_out(self) -> None:
        theme.set_role(self, "panel")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(240)
        page = QWidget()
        theme.set_role(page, "panel")
        column = QVBoxLayout(page)
        column.setContentsMargins(Space.L, Space.M, Space.L, Space.L)
        column.setSpacing(Space.M)
        self._line = hairline()
        parts: tuple[QWidget, ...] = (
            self._empty,
            self._score,
            self._standing,
            self._place,
            self._construct,
            self._pictures,
            self._reasons,
            self._flags,
            self._line,
            self._face,
            self._provenance,
            self._photo,
            self._file,
            self._path,
            self._notes,
        )
        self._parts = parts
        for part in parts:
            column.addWidget(part)
            if part is self._score:
                column.addSpacing(-Space.XS)
        column.addStretch(1)
        page.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setWidget(page)

    @property
    def _key(self) -> str:
        return f"inspector-{id(self)}"

    def _hide_all(self) -> None:
        self._held = None
        self._together.stop()
        for part in self._parts:
            part.hide()

    # --- a face ---------------------------------------------------------------------------------

    def _read_face(self, face_id: FaceId) -> None:
        library = self._session.library
        self._session.run(
            partial(read_face, library, face_id), partial(self._on_face, face_id), key=self._key
        )

    def _read_shown_face(self) -> None:
        kind, ids = self._shown
        if kind == "face":
            self._read_face(FaceId(ids[0]))

    def _on_face(self, face_id: int, facts: FaceFacts | None) -> None:
        """Show it, together with its range and place: what comes later would move the rest."""
        if self._shown != ("face", (face_id,)):
            return
        if facts is not None and not self._is_complete(facts) and not self._waited:
            self._held = facts
            if not self._together.isActive():
                self._together.start()
            return
        self._explain_face(facts)

    def _is_complete(self, facts: FaceFacts) -> bool:
        row = facts.face.row
        if row.score is None:
            return True
        self._intervals.ask(row.scorer_hash)
        return self._counted and self._intervals.knows(row.scorer_hash)

    def _on_more_known(self) -> None:
        self._waited = False
        held = self._held
        if held is None:
            self._read_shown_face()
        elif self._is_complete(held):
            self._show_held()

    def _wait_no_longer(self) -> None:
        """Nor for the next face; what is lacking is added when it comes."""
        self._waited = True
        self._show_held()

    def _show_held(self) -> None:
        held = self._held
        if held is not None and self._shown == ("face", (held.face.row.id,)):
            self._explain_face(held)

    def _explain_face(self, facts: FaceFacts | None) -> None:
        self._hide_all()
        if facts is None:
            self._empty.say("This face is no longer in the library")
            return
        row = facts.face.row
        if row.score is None:
            why = "The crop is ready; score the library to see how good it looks."
            self._score.show_words("–", "Not scored yet", "")
            self._reasons.say([why])
        else:
            self._score.show_score(row.score, row.spread)
            self._standing.set_scores([row.score])
            self._standing.show()
            self._say_place(facts, row.score)
            self._say_range(row)
            self._reasons.say(facts.sentences)
        self._score.show()
        self._construct.show()
        overlay = None
        if facts.maps is not None and facts.face.landmarks.size:
            maps = FaceMaps(facts.maps)
            if maps.has(MapKind.QUALITY):
                overlay = maps.image(MapKind.QUALITY, stretched=False)
        self._pictures.show_crop(facts.crop, overlay)
        self._flags.show_flags(row.flags)
        self._line.show()
        self._face.set_rows(fact_rows.of_face(facts.face))
        self._show_provenance(row, facts)
        if facts.photo is not None:
            self._show_photo(facts.photo)

    def _show_provenance(self, row: FaceRow, facts: FaceFacts) -> None:
        if row.score is None:
            self._provenance.hide()
            return
        self._provenance.set_rows(*fact_rows.of_score(row, facts.scorer, facts.score))

    def _say_place(self, facts: FaceFacts, score: float) -> None:
        total = int(self._counts.sum())
        share = reasons.standing(self._counts, score)
        self._standing.set_counts(self._counts)
        if share is None or total < 2:
            self._place.hide()
            return
        self._place.setText(reasons.place_said(share, total, score, facts.scores))
        self._place.show()

    def _say_range(self, row: FaceRow) -> None:
        """The calibrated range, of the scorer that gave this score; nothing where it is gone."""
        interval = self._intervals.get(row.scorer_hash)
        if interval is None or row.score is None:
            return
        low, high = interval.around(row.score)
        self._score.show_range(
            shown_score(low),
            shown_score(high),
            reasons.range_meaning(interval.coverage, interval.calibrated_on, row.spread),
        )

    # --- a photo --------------------------------------------------------------------------------

    def _on_photo(self, photo_id: int, found: tuple[PhotoDetail | None, list[FaceDetail]]) -> None:
        if self._shown != ("photo", (photo_id,)):
            return
        detail, faces = found
        self._hide_all()
        if detail is None:
            self._empty.say("This photo is no longer in the library")
            return
        words = missing_words(detail)
        rows = [face.row for face in faces]
        if rows:
            self._sum_up(sums.of_rows(rows))
        elif words is not None:
            self._score.show_words("–", words[1], "")
            self._reasons.say([words[2].replace("\n", " ")])
        else:
            self._score.show_words("–", "No score", "")
            self._reasons.say([detail.row.reason or "No face was found in this photo."])
        self._score.show()
        self._line.show()
        self._show_photo(detail)

    def _show_photo(self, detail: PhotoDetail) -> None:
        self._photo.set_rows(fact_rows.of_exif(detail.exif))
        self._file.set_rows(fact_rows.of_file(detail.row))
        self._path.show_path(display_path(detail.path_bytes))
        self._path.show()
        self._notes.say(detail.notes)

    # --- several faces --------------------------------------------------------------------------

    def _on_several(self, found: Sum) -> None:
        if self._shown[0] != "faces":
            return
        self._hide_all()
        self._sum_up(found)
        self._score.show()
        self._construct.show()

    def _sum_up(self, found: Sum) -> None:
        faces = "1 face" if found.count == 1 else f"{found.count:,} faces"
        if found.middle is None:
            self._score.show_words("–", faces, "not scored yet")
            return
        low, high = shown_score(found.scores[0]), shown_score(found.scores[-1])
        note = "" if found.scored == 1 else f"median, from {low} to {high}"
        self._score.show_words(str(shown_score(found.middle)), faces, note, found.middle)
        self._standing.set_counts(self._counts)
        self._standing.set_scores(list(found.scores[:: max(len(found.scores) // 400, 1)]))
        self._standing.show()
        unscored = found.count - found.scored
        said = [f"Not scored yet: {unscored:,}"] if unscored else []
        said += [f"{reasons.FLAG_WORDS[flag][0]}: {count:,}" for flag, count in found.flags.items()]
        self._reasons.say(said)

    # --- following ------------------------------------------------------------------------------

    def _count(self) -> None:
        views = self._session.library.views
        self._session.run(
            lambda: views.score_histogram(Query(), BINS),
            self._on_counts,
            key=f"{self._key}-counts",
            slow=True,
        )

    def _on_counts(self, counts: npt.NDArray[np.int64]) -> None:
        self._counts = counts
        self._counted = True
        self._standing.set_counts(counts)
        if self._held is not None or not self._standing.isHidden():
            self._on_more_known()

    def _on_changes(self, changes: Changes) -> None:
        """Read anew what is shown, if it is touched."""
        kind, ids = self._shown
        scores = changes.ids(Kind.SCORE) | changes.ids(Kind.FACE)
        if (scores or changes.ids(Kind.SCORER)) and not self._recount.isActive():
            self._recount.start()
        touched = bool(changes.ids(Kind.SCORER))
        if kind == "photo":
            touched = touched or bool({ids[0]} & changes.ids(Kind.PHOTO)) or bool(scores)
        elif kind == "faces":
            touched = touched or bool(scores) or bool(changes.whole)
        else:
            touched = touched or bool(frozenset(ids) & scores)
        if not touched:
            return
        if kind == "face":
            self._read_face(FaceId(ids[0]))
        elif kind == "photo":
            self.show_photo(PhotoId(ids[0]))
        elif kind == "faces":
            self.sum_up(*self._summed)
