"""Which scorer's scores are shown, and how two scorers differ on the same faces.

Loading a scorer activates nothing. A scorer becomes the library's active one when the user says
so (`Activation.activate`), or at the end of a job that scored the whole library with it. Its
scores are kept by (face, scorer), so switching is one write, and switching back another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.errors import ScorerError
from fiqa_studio.domain.photos import FaceId
from fiqa_studio.domain.scores import ScorerInfo
from fiqa_studio.engine.scoring.installed import InstalledScorer, Scorers
from fiqa_studio.store.library import Library

_SHOWN = 12
"""How many of the faces on which two scorers differ most are named."""


@dataclass(frozen=True, slots=True)
class Activated:
    """What an activation leads to.

    Attributes:
        scorer: Whose scores are shown now.
        unscored: How many faces of the library have no score of it yet.
    """

    scorer: ScorerInfo
    unscored: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One face as two scorers see it; scores in [0, 1]."""

    face_id: FaceId
    first: float
    second: float


@dataclass(frozen=True, slots=True)
class ScorerComparison:
    """Two scorers on the faces that both have scored.

    Attributes:
        first, second: The scorers.
        faces: How many faces both have scored.
        only_first, only_second: How many only one of them has.
        rank_agreement: Spearman's rank correlation, ties averaged; None for fewer than two
            faces, or where a scorer gives all of them one score.
        mean_difference: Second minus first, on [0, 1]; None without faces.
        largest: The faces on which they differ most in rank, the largest difference first.
    """

    first: ScorerInfo
    second: ScorerInfo
    faces: int
    only_first: int
    only_second: int
    rank_agreement: float | None
    mean_difference: float | None
    largest: tuple[Difference, ...]


def comparison_said(found: ScorerComparison) -> str:
    """Two scorers in one or two sentences for people."""
    if not found.faces:
        return "No face has scores of both."
    faces = "1 face" if found.faces == 1 else f"{found.faces:,} faces"
    said = f"On the {faces} that both have scored, "
    if found.rank_agreement is not None:
        said += f"their order agrees by {found.rank_agreement:.2f} (1: the same order), and "
    points = round(99 * (found.mean_difference or 0.0))
    higher = "higher" if points > 0 else "lower"
    apart = f"{abs(points)} {'point' if abs(points) == 1 else 'points'} {higher}"
    return f"{said}{found.second.title} scores {apart if points else 'the same'} on average."


class Activation:
    """Chooses and compares scorers of an open library. Methods wait for reads and writes."""

    def __init__(self, library: Library, scorers: Scorers):
        self._library = library
        self._scorers = scorers

    def activate(self, scorer: str | ScorerInfo) -> Activated:
        """Show the scores of a scorer from now on, and score new photos with it.

        Args:
            scorer: Itself, its hash or its name. One that the library knows is found at once; any
                other among those that are installed, which may start a process the first time.

        Raises:
            ScorerError: ``scorer.unknown``: no such scorer. ``scorer.not-loaded``: a plug-in of
                which only loading it tells the hash; score with it first.
            LibraryError: The library cannot be written.
        """
        info = (
            scorer
            if isinstance(scorer, ScorerInfo)
            else self._known(scorer) or self._installed(scorer)
        )
        self._library.scores.ensure_scorer(info).result()
        self._library.scores.set_active(info.hash).result()
        counts = self._library.views.counts()
        return Activated(info, counts.faces - counts.scored)

    def has_scores(self, scorer_hash: str) -> bool:
        """Whether this library has scores of a scorer, so that choosing it shows some."""
        return bool(scorer_hash) and self._library.scores.count(scorer_hash) > 0

    def compare(self, first: str, second: str) -> ScorerComparison:
        """Two scorers that this library knows, by hash or name, on the faces both have scored.

        Raises:
            ScorerError: ``scorer.unknown``: the library has no scores of one of them.
        """
        one, other = self._with_scores(first), self._with_scores(second)
        faces_a, scores_a = self._library.scores.of_scorer(one.hash)
        faces_b, scores_b = self._library.scores.of_scorer(other.hash)
        both, at_a, at_b = np.intersect1d(faces_a, faces_b, assume_unique=True, return_indices=True)
        return _compared(
            one,
            other,
            both,
            scores_a[at_a],
            scores_b[at_b],
            only=(len(faces_a) - len(both), len(faces_b) - len(both)),
        )

    def _known(self, name_or_hash: str) -> ScorerInfo | None:
        known = self._library.scores.scorers()
        by_hash = [scorer for scorer in known if scorer.hash == name_or_hash]
        # The latest of its name: earlier ones are other weights under the same name.
        by_name = [scorer for scorer in reversed(known) if scorer.name == name_or_hash]
        return next(iter(by_hash + by_name), None)

    def _with_scores(self, name_or_hash: str) -> ScorerInfo:
        found = self._known(name_or_hash)
        if found is None:
            raise ScorerError(
                f"This library has no scores of a scorer “{name_or_hash}”.",
                remedy="Score the faces with it first.",
                code="scorer.unknown",
            )
        return found

    def _installed(self, name: str) -> ScorerInfo:
        found = next((s for s in self._scorers.installed() if name in (s.name, s.hash)), None)
        if found is None:
            raise ScorerError(
                f"There is no scorer “{name}”.",
                remedy="Choose one of those that `fiqa scorers` lists.",
                code="scorer.unknown",
            )
        if not found.hash:
            raise ScorerError(
                f"Which version of “{name}” this is shows only when it is loaded.",
                remedy="Score with it: it is chosen at the end.",
                code="scorer.not-loaded",
            )
        return scorer_info_of(found)


def scorer_info_of(scorer: InstalledScorer) -> ScorerInfo:
    """An installed scorer as libraries remember it."""
    return ScorerInfo(scorer.name, scorer.title, scorer.hash, scorer.summary, scorer.kind)


def _compared(
    first: ScorerInfo,
    second: ScorerInfo,
    faces: npt.NDArray[np.int64],
    a: npt.NDArray[np.float64],
    b: npt.NDArray[np.float64],
    *,
    only: tuple[int, int],
) -> ScorerComparison:
    ranks_a, ranks_b = ranks(a), ranks(b)
    apart = np.argsort(-np.abs(ranks_a - ranks_b), kind="stable")[:_SHOWN]
    return ScorerComparison(
        first=first,
        second=second,
        faces=len(faces),
        only_first=only[0],
        only_second=only[1],
        rank_agreement=_correlation(ranks_a, ranks_b),
        mean_difference=float(np.mean(b - a)) if len(faces) else None,
        largest=tuple(
            Difference(FaceId(int(faces[i])), float(a[i]), float(b[i]))
            for i in apart
            if ranks_a[i] != ranks_b[i]
        ),
    )


def ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Ranks from 1, the average of its places for each of several equal values; shape ``(N,)``."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    average: npt.NDArray[np.float64] = (last - (counts - 1) / 2.0)[place]
    return average


def _correlation(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float | None:
    if len(a) < 2 or not (np.ptp(a) and np.ptp(b)):
        return None
    return float(np.corrcoef(a, b)[0, 1])
