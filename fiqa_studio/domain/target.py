"""What a write applies to: some faces or photos, or all that a query asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fiqa_studio.domain.query import Query, Subject


@dataclass(frozen=True, slots=True)
class Target:
    """Either ids or a query. A query is answered when the write happens, off the window's thread.

    What is said of photos, applied to faces, is said of the photos that they are in; what is said
    of faces, applied to photos, is said of all faces that these show.
    """

    subject: Subject
    ids: tuple[int, ...] | None = None
    query: Query | None = None

    def __post_init__(self) -> None:
        if (self.ids is None) == (self.query is None):
            raise ValueError("a target is either ids or a query")

    @classmethod
    def photos(cls, ids: Iterable[int]) -> Target:
        """These photos."""
        return cls(Subject.PHOTOS, tuple(int(key) for key in ids))

    @classmethod
    def faces(cls, ids: Iterable[int]) -> Target:
        """These faces."""
        return cls(Subject.FACES, tuple(int(key) for key in ids))

    @classmethod
    def all_of(cls, subject: Subject, query: Query) -> Target:
        """Everything that a query asks for."""
        return cls(subject, query=query)
