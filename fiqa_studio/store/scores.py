"""Scores and the scorers that gave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
from sqlalchemy import Integer, Row, cast, func, select
from sqlalchemy.dialects.sqlite import insert

from fiqa_studio.domain.changes import Kind
from fiqa_studio.domain.errors import ScorerError
from fiqa_studio.domain.photos import ScorerId
from fiqa_studio.domain.scores import Score as ScoreValue
from fiqa_studio.domain.scores import ScoreMaps, ScorerInfo
from fiqa_studio.store import rows, settings, thumbnails, vectors
from fiqa_studio.store.columns import int_columns
from fiqa_studio.store.database import Database
from fiqa_studio.store.schema import Face, FaceState, Score, Scorer
from fiqa_studio.store.thumbnails import Thumbnails
from fiqa_studio.store.vectors import Embedding
from fiqa_studio.store.writer import Transaction

_INFO = (Scorer.name, Scorer.title, Scorer.hash, Scorer.summary, Scorer.kind)

_FINEST = 1e12


class Scores:
    """Records scores, keyed by face and scorer; nothing is overwritten by another scorer."""

    def __init__(self, database: Database, thumbs: Thumbnails):
        self._database = database
        self._thumbs = thumbs

    def ensure_scorer(self, scorer: ScorerInfo) -> Future[ScorerId]:
        """Make a scorer known; the first one becomes the active one."""

        def work(transaction: Transaction) -> ScorerId:
            session = transaction.session
            known = session.scalar(select(Scorer).where(Scorer.hash == scorer.hash))
            if known is None:
                known = Scorer(hash=scorer.hash, first_seen_at=datetime.now(UTC))
                session.add(known)
            known.name, known.title = scorer.name, scorer.title
            known.summary, known.kind = scorer.summary, scorer.kind
            if session.is_modified(known):
                session.flush()
                transaction.touch(Kind.SCORER, known.id)
            if not rows.setting(session, rows.ACTIVE_SCORER):
                settings.put(session, rows.ACTIVE_SCORER, scorer.hash)
            return ScorerId(known.id)

        return self._database.write(work)

    def record(
        self,
        scorer_hash: str,
        scores: Sequence[tuple[int, ScoreValue, ScoreMaps | None]],
        *,
        embeddings: Mapping[int, Embedding] | None = None,
        hashes: Mapping[int, int] | None = None,
    ) -> Future[None]:
        """Record scores of faces by a known scorer; a rescore replaces its own earlier one.

        Faces that are gone meanwhile are passed over. ``embeddings`` came with the scores and
        ``hashes`` (perceptual) with the crops, by face; both are kept in the side file.

        Raises:
            ScorerError: (from the future) ``scorer.unknown``.
        """

        def work(transaction: Transaction) -> None:
            record_scores(transaction, scorer_hash, scores)
            _record_vectors(transaction, scorer_hash, embeddings or {}, hashes or {})

        return self._database.write(work)

    def record_beside(
        self,
        scorer_hash: str,
        maps: Sequence[tuple[int, ScoreMaps | None]],
        embeddings: Mapping[int, Embedding],
        hashes: Mapping[int, int],
    ) -> Future[None]:
        """Put back what lies beside scores that this scorer gave; the scores stay."""

        def work(transaction: Transaction) -> None:
            wanted = select(Face.id).where(rows.ids_in(Face.id, [face for face, _ in maps]))
            there = set(transaction.session.scalars(wanted))
            kept = [one for one in maps if one[0] in there]
            thumbnails.put_maps(transaction.session, scorer_hash, kept)
            _record_vectors(transaction, scorer_hash, embeddings, hashes)
            transaction.touch(Kind.SCORE, *there)

        return self._database.write(work)

    def active(self) -> ScorerInfo | None:
        """The scorer whose scores the views show; None before the first one."""
        with self._database.read() as connection:
            row = connection.execute(
                select(*_INFO).where(Scorer.id == rows.scorer_id(""))
            ).one_or_none()
        return None if row is None else _info(row)

    def set_active(self, scorer_hash: str) -> Future[None]:
        """Choose the scorer whose scores the views show.

        Raises:
            ScorerError: (from the future) ``scorer.unknown``.
        """

        def work(transaction: Transaction) -> None:
            session = transaction.session
            scorer = session.scalar(select(Scorer.id).where(Scorer.hash == scorer_hash))
            if scorer is None:
                raise _unknown(scorer_hash)
            if rows.setting(session, rows.ACTIVE_SCORER) != scorer_hash:
                settings.put(session, rows.ACTIVE_SCORER, scorer_hash)
                transaction.touch(Kind.SCORER, scorer)

        return self._database.write(work)

    def scorers(self) -> list[ScorerInfo]:
        """All scorers that are known here, in the order they came."""
        with self._database.read() as connection:
            return [_info(row) for row in connection.execute(select(*_INFO).order_by(Scorer.id))]

    def get(self, face_id: int, scorer_hash: str = "") -> ScoreValue | None:
        """The score of a face by a scorer (the active one), with its provenance."""
        with self._database.read() as connection:
            row = connection.execute(
                select(
                    Score.value, Score.spread, Score.precision, Score.device, Score.scored_at
                ).where(Score.face_id == face_id, Score.scorer_id == rows.scorer_id(scorer_hash))
            ).one_or_none()
        return None if row is None else ScoreValue(*row)

    def maps(self, face_id: int, scorer_hash: str = "") -> ScoreMaps | None:
        """The maps of a face by a scorer (the active one); None where they are not kept."""
        if not scorer_hash:
            active = self.active()
            scorer_hash = active.hash if active is not None else ""
        return self._thumbs.maps(face_id, scorer_hash)

    def of_scorer(self, scorer_hash: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """All shown faces that a scorer has scored, with their scores (to 1e-12); both ``(N,)``."""
        # As whole numbers, which leave SQLite several times faster; far finer than any score.
        whole = cast(func.round(Score.value * _FINEST), Integer)
        query = select(Score.face_id, whole).where(
            Score.scorer_id == rows.scorer_id(scorer_hash), Score.state == FaceState.CURRENT
        )
        with self._database.read() as connection:
            faces, scores = int_columns(connection, query)
        order = np.argsort(faces)
        return faces[order], scores[order] / _FINEST

    def count(self, scorer_hash: str = "") -> int:
        """How many faces a scorer has scored, those of replaced contents included."""
        with self._database.read() as connection:
            return (
                connection.scalar(
                    select(func.count())
                    .select_from(Score)
                    .where(Score.scorer_id == rows.scorer_id(scorer_hash))
                )
                or 0
            )


def record_scores(
    transaction: Transaction,
    scorer_hash: str,
    scores: Sequence[tuple[int, ScoreValue, ScoreMaps | None]],
) -> None:
    """`Scores.record`, as a part of a transaction."""
    session = transaction.session
    scorer = session.scalar(select(Scorer.id).where(Scorer.hash == scorer_hash))
    if scorer is None:
        raise _unknown(scorer_hash)
    faces = {
        key: (photo, state)
        for key, photo, state in session.execute(
            select(Face.id, Face.photo_id, Face.state).where(
                rows.ids_in(Face.id, [one[0] for one in scores])
            )
        )
    }
    found = [
        {
            "face_id": face_id,
            "scorer_id": scorer,
            "photo_id": faces[face_id][0],
            "state": faces[face_id][1],
            "value": score.value,
            "spread": score.spread,
            "precision": score.precision,
            "device": score.device,
            "scored_at": score.scored_at,
        }
        for face_id, score, _ in scores
        if face_id in faces
    ]
    if not found:
        return
    put = insert(Score)
    changed = ("value", "spread", "precision", "device", "scored_at")
    session.execute(
        put.on_conflict_do_update(
            index_elements=[Score.face_id, Score.scorer_id],
            set_={name: put.excluded[name] for name in changed},
        ),
        found,
    )
    thumbnails.put_maps(
        session,
        scorer_hash,
        [(key, maps) for key, _, maps in scores if key in faces],
    )
    transaction.touch(Kind.SCORE, *faces)


def _record_vectors(
    transaction: Transaction,
    scorer_hash: str,
    embeddings: Mapping[int, Embedding],
    hashes: Mapping[int, int],
) -> None:
    session = transaction.session
    there = set(
        session.scalars(select(Face.id).where(rows.ids_in(Face.id, [*embeddings, *hashes])))
    )
    vectors.put_embeddings(
        session, scorer_hash, [(key, one) for key, one in embeddings.items() if key in there]
    )
    vectors.put_hashes(session, [(key, one) for key, one in hashes.items() if key in there])


def _info(row: Row[str, str, str, str, str]) -> ScorerInfo:
    return ScorerInfo(*row)


def _unknown(scorer_hash: str) -> ScorerError:
    return ScorerError(
        f"The scorer {scorer_hash} is not known to this library.", code="scorer.unknown"
    )
