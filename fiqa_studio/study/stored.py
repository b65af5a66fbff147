"""A study's own database as what the statistics take: rows, ratings, answers, decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from fiqa_studio.study import raters, reading
from fiqa_studio.study.analysis import Analysis, analyse
from fiqa_studio.study.database import StudyDatabase
from fiqa_studio.study.decisions import Decision, What, left_out
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.file import OpenStudy
from fiqa_studio.study.hidden_reference import differential
from fiqa_studio.study.matrix import Ratings, from_rows
from fiqa_studio.study.mos import MosMethod
from fiqa_studio.study.pairs import Pair
from fiqa_studio.study.reliability import Answers, RaterReport, Thresholds, reliability
from fiqa_studio.study.rows import RatingRow
from fiqa_studio.study.scale import scale_for
from fiqa_studio.study.screening import LOO_THRESHOLD
from fiqa_studio.study.values import GoldSide, Method, Study, TrialKind


def rating_rows(database: StudyDatabase) -> list[RatingRow]:
    """Every answer that counts, by rater and in the order given; stimuli by their hashes."""
    seen: dict[tuple[str, str, str], int] = {}
    rows = []
    for rating in reading.ratings(database):
        if not rating.final:
            continue
        key = (rating.rater, rating.stimulus, rating.attribute)
        seen[key] = seen.get(key, -1) + 1
        rows.append(
            RatingRow(
                stimulus=rating.stimulus,
                rater=rating.rater,
                value=rating.value,
                kind=str(rating.kind),
                attribute=rating.attribute,
                session=rating.session,
                batch="" if rating.batch < 0 else str(rating.batch),
                trial=rating.index,
                presentation=seen[key],
                reaction_ms=rating.reaction_ms,
                slider_start=rating.slider_start,
                at=_iso(rating.at),
                display_scale=rating.display_scale,
                version=rating.version,
            )
        )
    return rows


def ratings_of(opened: OpenStudy, attribute: str = "") -> Ratings:
    """What a study's MOS is made of; stimuli by their hashes, in the order of the study.

    With hidden references these are the differences from them.

    Args:
        opened: The study.
        attribute: What was judged; empty: the study's first.

    Raises:
        StudyError: ``study.pairs``: pairs have no MOS, see `pairs_of`;
            ``study.attribute``: no such one.
    """
    study = opened.study
    if study.method is Method.PAIRS:
        raise StudyError(
            "Pairs have no mean opinion score.",
            remedy="Analyse them as pairs: fiqa study pairs.",
            code="study.pairs",
        )
    wanted = attribute or study.attributes[0]
    if wanted not in study.attributes:
        raise StudyError(
            f"The study does not ask for “{wanted}”.",
            remedy=f"It asks for {', '.join(study.attributes)}.",
            code="study.attribute",
        )
    scale = scale_for(study)
    found = from_rows(
        rating_rows(opened.database),
        low=scale.low,
        high=scale.high,
        attribute=wanted,
        stimuli=_studied(study),
    )
    if study.method is Method.ACR_HR:
        references = {one.hash: one.reference for one in study.stimuli if one.reference}
        return differential(found, references)
    return found


def pairs_of(opened: OpenStudy) -> list[Pair]:
    """The comparisons of a pair study, by the stimuli's names; raters left out are not there."""
    known = {stimulus.hash: stimulus.name for stimulus in opened.study.stimuli}
    excluded = left_out(decisions(opened.database))
    return [
        Pair(
            first=known.get(rating.stimulus, rating.stimulus),
            second=known.get(rating.other, rating.other),
            outcome=rating.value,
            rater=rating.rater,
        )
        for rating in reading.ratings(opened.database)
        if rating.final
        and rating.other
        and rating.kind in {TrialKind.STUDY, TrialKind.REPEAT}
        and rating.rater not in excluded
    ]


def analyse_study(
    opened: OpenStudy,
    method: MosMethod = MosMethod.P910,
    *,
    attribute: str = "",
    loo_threshold: float = LOO_THRESHOLD,
    draws: int | None = None,
) -> Analysis:
    """Analyse what is there, by the owner's decisions; stimuli by their names."""
    ratings = ratings_of(opened, attribute)
    return analyse(
        named(ratings, opened.study),
        method,
        left_out=left_out(decisions(opened.database)),
        loo_threshold=loo_threshold,
        draws=draws,
    )


def named(ratings: Ratings, study: Study) -> Ratings:
    """The same ratings with the owner's names for the stimuli."""
    known = study.by_hash()
    names = [known[digest].name if digest in known else digest for digest in ratings.stimuli]
    return replace(ratings, stimuli=tuple(names))


def answers(study: Study) -> Answers:
    """The right answers of gold and traps, in units of the study's scale."""
    scale = scale_for(study)
    sides = {GoldSide.HIGH: study.rules.gold_high, GoldSide.LOW: study.rules.gold_low}
    return Answers(
        gold={
            gold.hash: (
                scale.from_percent(sides[gold.side].low),
                scale.from_percent(sides[gold.side].high),
            )
            for gold in study.gold
        },
        traps={trap.hash: (trap.accepted.low, trap.accepted.high) for trap in study.traps},
    )


def board(opened: OpenStudy, thresholds: Thresholds | None = None) -> tuple[RaterReport, ...]:
    """What each rater's ratings say of him, of the study's first attribute."""
    scale = scale_for(opened.study)
    first = opened.study.attributes[0]
    return reliability(
        [row for row in rating_rows(opened.database) if row.attribute == first],
        low=scale.low,
        high=scale.high,
        answers=answers(opened.study),
        thresholds=thresholds,
    )


def decisions(database: StudyDatabase) -> list[Decision]:
    """What the owner decided on raters, oldest first, by their names."""
    names = {rater.id: rater.name for rater in raters.everybody(database)}
    return [
        Decision(
            rater=names[found.rater_id],
            what=What(found.kind),
            yes=found.value,
            reason=found.reason,
            rule=found.rule,
            author=found.author,
            at=_iso(reading.moment(found.at_ms)),
        )
        for found in raters.decisions(database)
        if found.rater_id in names
    ]


def decide(database: StudyDatabase, decision: Decision) -> None:
    """Write a decision down.

    Raises:
        StudyError: ``rater.unknown``: the study has no such rater.
    """
    rater = raters.named(database, decision.rater)
    if rater is None:
        raise StudyError(f"The study has no rater “{decision.rater}”.", code="rater.unknown")
    raters.decide(
        database, rater.id, str(decision.what), value=decision.yes,
        reason=decision.reason, rule=decision.rule, author=decision.author,
    )  # fmt: skip


def _studied(study: Study) -> list[str]:
    """The stimuli that are studied: those in batches, or all of an imported study."""
    if study.batches:
        return list(dict.fromkeys(digest for batch in study.batches for digest in batch))
    return [stimulus.hash for stimulus in study.stimuli]


def _iso(at: datetime | None) -> str:
    if at is None or at.timestamp() <= 0:
        return ""  # a table that gives no time
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
