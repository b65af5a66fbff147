"""What a write changed: views refresh from this, never by reloading everything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of things that can change."""

    ROOT = "root"
    PHOTO = "photo"
    FACE = "face"
    SCORE = "score"
    """The ids are those of the faces."""
    SCORER = "scorer"
    MARK = "mark"
    """Stars, flag, colour or tags; the ids are those of the photos."""
    OVERRIDE = "override"
    """A quality as a user sees it; the ids are those of the faces."""
    OPINION = "opinion"
    """What a study found; the ids are those of the faces."""
    ALBUM = "album"
    JOB = "job"
    SETTING = "setting"


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids touched by one write, by kind.

    A write that touched very many names them not one by one: such kinds are in ``whole``, and
    anything of them may have changed.
    """

    touched: tuple[tuple[Kind, frozenset[int]], ...] = ()
    whole: frozenset[Kind] = frozenset()

    @classmethod
    def of(cls, kind: Kind, *ids: int) -> Changes:
        """Changes to things of one kind."""
        return cls(((kind, frozenset(ids)),))

    @classmethod
    def everything(cls, kind: Kind) -> Changes:
        """Changes to so many things of one kind that they are not named."""
        return cls(whole=frozenset({kind}))

    def ids(self, kind: Kind) -> frozenset[int]:
        """The ids of one kind that are named; ask `touches` or `of_kind` before relying on it."""
        return frozenset().union(*(ids for k, ids in self.touched if k is kind))

    def of_kind(self, kind: Kind) -> bool:
        """Whether anything of one kind changed."""
        return kind in self.whole or any(ids for k, ids in self.touched if k is kind)

    def touches(self, kind: Kind, ids: Iterable[int]) -> bool:
        """Whether any of these things of one kind may have changed."""
        return kind in self.whole or not self.ids(kind).isdisjoint(ids)

    def __or__(self, other: Changes) -> Changes:
        kinds = dict.fromkeys(k for k, _ in self.touched + other.touched)
        whole = self.whole | other.whole
        return Changes(
            tuple((k, self.ids(k) | other.ids(k)) for k in kinds if k not in whole), whole
        )

    def __bool__(self) -> bool:
        return bool(self.whole) or any(ids for _, ids in self.touched)
