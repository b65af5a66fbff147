"""A query as fields, for the callers that have not moved to terms yet."""

from __future__ import annotations

from dataclasses import dataclass

from fiqa_studio.domain.query import Order, SortKey, Subject
from fiqa_studio.domain.query import Query as TermsQuery
from fiqa_studio.domain.terms import Between, InIds, Is, Term, Words

__all__ = ["Query", "SortKey"]


@dataclass(frozen=True, slots=True)
class Query:
    """Filters and order for faces or photos; equal queries give equal results.

    Attributes:
        sort: What to sort by; things without the value come last in either direction.
        descending: Highest first.
        min_score: Lowest score shown, in [0, 1]; None for no bound. With either bound set,
            things without a score are left out.
        max_score: Highest score shown.
        min_faces: Least number of faces in the photo.
        max_faces: Greatest number of faces in the photo; 0 shows photos without faces.
        text: Words that must all occur in the path, camera or tags, in any case.
        root_id: Only this folder; None for all.
        scorer: Hash of the scorer whose scores count; empty for the active one.
        include_missing: Whether photos whose file is gone are shown.
        missing_only: Whether only those are shown.
        include_failed: Whether files that could not be used are shown (photos only).
    """

    sort: SortKey = SortKey.SCORE
    descending: bool = True
    min_score: float | None = None
    max_score: float | None = None
    min_faces: int | None = None
    max_faces: int | None = None
    text: str = ""
    root_id: int | None = None
    scorer: str = ""
    include_missing: bool = True
    missing_only: bool = False
    include_failed: bool = True

    def asked(self, subject: Subject) -> TermsQuery:
        """The same question as terms."""
        where: list[Term] = []
        if self.min_score is not None or self.max_score is not None:
            where.append(Between("score", self.min_score, self.max_score))
        if self.min_faces is not None or self.max_faces is not None:
            where.append(Between("faces", self.min_faces, self.max_faces))
        if self.text.strip():
            where.append(Words(tuple(self.text.split())))
        if self.root_id is not None:
            where.append(InIds("root", (self.root_id,)))
        if not self.include_missing:
            where.append(Is("missing", negated=True))
        if self.missing_only:
            where.append(Is("missing"))
        if not self.include_failed:
            where.append(Is("failed", negated=True))
        return TermsQuery(subject, tuple(where), Order(self.sort, self.descending), self.scorer)
