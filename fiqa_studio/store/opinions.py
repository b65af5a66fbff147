"""Opinions of faces, study by study: published as a whole, and replaced as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import astuple, fields
from math import isfinite
from typing import Any

import numpy as np
from sqlalchemy import delete, func, insert, select

from fiqa_studio.domain.changes import Kind
from fiqa_studio.domain.opinions import Opinion
from fiqa_studio.domain.photos import FaceId
from fiqa_studio.store import rows, schema
from fiqa_studio.store.columns import int_columns
from fiqa_studio.store.database import Database
from fiqa_studio.store.writer import Transaction

_FIELDS = tuple(field.name for field in fields(Opinion))
_COLUMNS = tuple(getattr(schema.Opinion, name) for name in _FIELDS)


class Opinions:
    """Records and reads opinions. A study is named by its own id, a text."""

    def __init__(self, database: Database):
        self._database = database

    def replace(self, study: str, opinions: Sequence[Opinion]) -> Future[int]:
        """Make these the opinions of a study; those it published before go. How many were kept.

        Opinions of faces that are not in the library are passed over. None at all withdraw the
        study.

        Raises:
            ValueError: At once: a study without a name, or an opinion that is no number.
        """
        if not study:
            raise ValueError("a study without a name")
        for one in opinions:
            numbers = (one.mos, one.ci_low, one.ci_high, one.disagreement)
            if not all(isfinite(number) for number in numbers) or not 0.0 <= one.mos <= 1.0:
                raise ValueError(f"no opinion: {one}")
        by_face = {int(one.face_id): one for one in opinions}

        def work(transaction: Transaction) -> int:
            connection = transaction.session.connection()
            of_study = schema.Opinion.study == study
            wanted = np.array(sorted(by_face), np.int64)
            (before,) = int_columns(connection, select(schema.Opinion.face_id).where(of_study))
            (known,) = int_columns(
                connection, select(schema.Face.id).where(rows.ids_in(schema.Face.id, wanted))
            )
            connection.execute(delete(schema.Opinion).where(of_study))
            kept: list[dict[str, Any]] = [
                dict(zip(_FIELDS, astuple(by_face[key]), strict=True)) | {"study": study}
                for key in known.tolist()
            ]
            if kept:
                connection.execute(insert(schema.Opinion), kept)
            transaction.touch(Kind.OPINION, *before.tolist(), *known.tolist())
            return len(kept)

        return self._database.write(work)

    def of_faces(self, face_ids: Sequence[int]) -> dict[FaceId, dict[str, Opinion]]:
        """The opinions of those of these faces that have any, by study."""
        with self._database.read() as connection:
            found = connection.execute(
                select(schema.Opinion.study, *_COLUMNS)
                .where(rows.ids_in(schema.Opinion.face_id, face_ids))
                .order_by(schema.Opinion.study)
            ).all()
        opinions: dict[FaceId, dict[str, Opinion]] = {}
        for study, face_id, *values in found:
            opinions.setdefault(FaceId(face_id), {})[study] = Opinion(FaceId(face_id), *values)
        return opinions

    def studies(self) -> dict[str, int]:
        """The studies that published here, with how many faces each has an opinion of."""
        study = schema.Opinion.study
        with self._database.read() as connection:
            found = connection.execute(
                select(study, func.count()).group_by(study).order_by(study)
            ).all()
        return {row[0]: row[1] for row in found}
