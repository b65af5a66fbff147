"""The first format of a study's database."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out, not taken from schema.py: a migration stays what it was when that moves on.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _rater(table: str) -> tuple[sa.Column[str], sa.ForeignKeyConstraint]:
    return (
        sa.Column("rater_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rater_id"], ["rater.id"], name=f"fk_{table}_rater_id", ondelete="CASCADE"
        ),
    )


def upgrade() -> None:
    op.create_table(
        "study_info",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_study_info"),
    )
    op.create_table(
        "rater",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Text(), nullable=False, server_default=""),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("pack_id", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_rater"),
        sa.UniqueConstraint("name", name="uq_rater_name"),
        sa.UniqueConstraint("number", name="uq_rater_number"),
        sa.UniqueConstraint("token", name="uq_rater_token"),
    )
    op.create_table(
        "rating_session",
        sa.Column("id", sa.Text(), nullable=False),
        *_rater("rating_session"),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("display_scale", sa.Float(), nullable=True),
        sa.Column("display", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rating_session"),
    )
    op.create_index("ix_rating_session_rater_id", "rating_session", ["rater_id"])
    op.create_table(
        "assignment",
        sa.Column("id", _ID, nullable=False, autoincrement=True),
        *_rater("assignment"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=True),
        sa.Column("given_ms", sa.BigInteger(), nullable=False),
        sa.Column("active_ms", sa.BigInteger(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_assignment"),
        sa.UniqueConstraint("rater_id", "number", name="uq_assignment_rater_id_number"),
        sa.UniqueConstraint("rater_id", "batch", name="uq_assignment_rater_id_batch"),
    )
    op.create_index("ix_assignment_batch", "assignment", ["batch"])
    op.create_table(
        "trial",
        sa.Column("id", sa.Text(), nullable=False),
        *_rater("trial"),
        sa.Column("assignment_id", _ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("stimulus", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False, server_default=""),
        sa.Column("swapped", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_trial"),
        sa.ForeignKeyConstraint(
            ["assignment_id"],
            ["assignment.id"],
            name="fk_trial_assignment_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("rater_id", "position", name="uq_trial_rater_id_position"),
    )
    op.create_index("ix_trial_assignment_id", "trial", ["assignment_id"])
    op.create_table(
        "rating",
        sa.Column("id", _ID, nullable=False, autoincrement=True),
        sa.Column("trial_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("slider_start", sa.Float(), nullable=True),
        sa.Column("reaction_ms", sa.Float(), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rating"),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["trial.id"], name="fk_rating_trial_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["rating_session.id"],
            name="fk_rating_session_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "trial_id", "attempt", "attribute", name="uq_rating_trial_id_attempt_attribute"
        ),
    )
    op.create_index("ix_rating_session_id", "rating", ["session_id"])
    op.create_table(
        "event",
        sa.Column("id", _ID, nullable=False, autoincrement=True),
        *_rater("event"),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False, server_default="{}"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    op.create_index("ix_event_rater_id_kind", "event", ["rater_id", "kind"])
    op.create_table(
        "decision",
        sa.Column("id", _ID, nullable=False, autoincrement=True),
        *_rater("decision"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False, server_default=""),
        sa.Column("author", sa.Text(), nullable=False, server_default=""),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_decision"),
    )
    op.create_index("ix_decision_rater_id", "decision", ["rater_id"])
    op.create_table(
        "pack",
        sa.Column("id", sa.Text(), nullable=False),
        *_rater("pack"),
        sa.Column("out_ms", sa.BigInteger(), nullable=False),
        sa.Column("back_ms", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_pack"),
    )
    op.create_index("ix_pack_rater_id", "pack", ["rater_id"])
