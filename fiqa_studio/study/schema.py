"""The tables of a study's own database, for SQLite and PostgreSQL alike.

Times are whole milliseconds since 1970 in UTC. Rows of these tables never leave ``study``; what
others read is `fiqa_studio.study.reading`. A rating is never changed and never deleted, except
with its rater (`fiqa_studio.study.raters.forget`).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

REVISION = "0001"
"""The Alembic revision these declarations describe. Revisions count up, in four digits."""
APPLICATION_ID = 0x46495153
"""``FIQS``, in the header of every SQLite file of a study."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = BigInteger().with_variant(Integer, "sqlite")


def _rater(*, nullable: bool = False) -> Column[str]:
    return Column("rater_id", Text, ForeignKey("rater.id", ondelete="CASCADE"), nullable=nullable)


info = Table(
    "study_info",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""``study.id``, ``study.digest`` (of the design that was rated), ``created``."""

rater = Table(
    "rater",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Integer, nullable=False),  # counts up; a part of every seed
    Column("name", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("ended", Text, nullable=False, server_default=""),  # an `Ending`, or empty
    Column("ended_ms", BigInteger),
    Column("pack_id", Text, nullable=False, server_default=""),  # rates in a pack that is out
    UniqueConstraint("name"),
    UniqueConstraint("number"),
    UniqueConstraint("token"),
)

session = Table(
    "rating_session",
    metadata,
    Column("id", Text, primary_key=True),
    _rater(),
    Column("started_ms", BigInteger, nullable=False),
    Column("client", Text, nullable=False),  # window, web, pack, import
    Column("display_scale", Float),  # device pixels a CSS or logical pixel
    Column("display", Text, nullable=False, server_default="{}"),  # JSON, as the client told it
    Column("version", Text, nullable=False),
    Index(None, "rater_id"),
)

assignment = Table(
    "assignment",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    _rater(),
    Column("number", Integer, nullable=False),  # counts up with each rater
    Column("purpose", Text, nullable=False),  # training, refresher, batch
    Column("batch", Integer),  # index into `Study.batches`; none in training
    Column("given_ms", BigInteger, nullable=False),
    Column("active_ms", BigInteger, nullable=False),  # last answer
    Column("done_ms", BigInteger),
    UniqueConstraint("rater_id", "number"),
    UniqueConstraint("rater_id", "batch"),
    Index(None, "batch"),
)

trial = Table(
    "trial",
    metadata,
    Column("id", Text, primary_key=True),
    _rater(),
    Column(
        "assignment_id",
        _Id,
        ForeignKey("assignment.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("position", Integer, nullable=False),  # counts up with each rater, over all sessions
    Column("kind", Text, nullable=False),
    Column("stimulus", Text, nullable=False),
    Column("other", Text, nullable=False, server_default=""),  # reference, or second of a pair
    Column("swapped", Boolean, nullable=False),  # `other` was shown first
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("done_ms", BigInteger),
    UniqueConstraint("rater_id", "position"),
    Index(None, "assignment_id"),
)

rating = Table(
    "rating",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("trial_id", Text, ForeignKey("trial.id", ondelete="CASCADE"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("attribute", Text, nullable=False),
    Column("value", Float, nullable=False),
    Column("slider_start", Float),
    Column("reaction_ms", Float),
    Column("at_ms", BigInteger, nullable=False),
    Column(
        "session_id",
        Text,
        ForeignKey("rating_session.id", ondelete="CASCADE"),
        nullable=False,
    ),
    # One answer a trial and attempt: what arrives twice is counted once.
    UniqueConstraint("trial_id", "attempt", "attribute"),
    Index(None, "session_id"),
)

event = Table(
    "event",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    _rater(),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("data", Text, nullable=False, server_default="{}"),  # JSON
    Index(None, "rater_id", "kind"),
)
"""What a rater did besides rating: consent, checks, training, breaks, pauses, clock changes."""

decision = Table(
    "decision",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    _rater(),
    Column("kind", Text, nullable=False),  # accept (the work), use (the ratings)
    Column("value", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("rule", Text, nullable=False, server_default=""),  # name and version of the rule
    Column("author", Text, nullable=False, server_default=""),
    Column("at_ms", BigInteger, nullable=False),
    Index(None, "rater_id"),
)
"""The owner's decisions on a rater; the newest of a kind holds, none is ever changed."""

pack = Table(
    "pack",
    metadata,
    Column("id", Text, primary_key=True),
    _rater(),
    Column("out_ms", BigInteger, nullable=False),
    Column("back_ms", BigInteger),
    Column("digest", Text, nullable=False, server_default=""),  # of what came back
    Index(None, "rater_id"),
)
