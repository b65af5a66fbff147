"""What a write changed: views refresh from this, never by reloading everything."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of things that can change."""

    ROOT = "root"
    PHOTO = "photo"
    FACE = "face"
    SCORE = "score"
    SCORER = "scorer"
    LABEL = "label"
    JOB = "job"
    SETTING = "setting"


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids touched by one write, by kind. For ``SCORE`` the ids are those of the faces."""

    touched: tuple[tuple[Kind, frozenset[int]], ...] = ()

    @classmethod
    def of(cls, kind: Kind, *ids: int) -> Changes:
        """Changes to things of one kind."""
        return cls(((kind, frozenset(ids)),))

    def ids(self, kind: Kind) -> frozenset[int]:
        """The ids of one kind that were touched; empty when none."""
        return frozenset().union(*(ids for k, ids in self.touched if k is kind))

    def __or__(self, other: Changes) -> Changes:
        kinds = dict.fromkeys(k for k, _ in self.touched + other.touched)
        return Changes(tuple((k, self.ids(k) | other.ids(k)) for k in kinds))

    def __bool__(self) -> bool:
        return any(ids for _, ids in self.touched)
