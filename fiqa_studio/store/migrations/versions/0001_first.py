"""The first format of a library."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out, not taken from schema.py: a migration stays what it was when that moves on.
_TRIGGERS = (
    """
    CREATE TRIGGER photo_to_face
    AFTER UPDATE OF root_id, missing, face_count, taken_at, sort_name ON photo
    WHEN old.root_id IS NOT new.root_id OR old.missing IS NOT new.missing
        OR old.face_count IS NOT new.face_count OR old.taken_at IS NOT new.taken_at
        OR old.sort_name IS NOT new.sort_name
    BEGIN
        UPDATE face
        SET root_id = new.root_id, missing = new.missing, photo_faces = new.face_count,
            sort_time = new.taken_at, sort_name = new.sort_name
        WHERE photo_id = new.id;
    END
    """,
    """
    CREATE TRIGGER face_to_score
    AFTER UPDATE OF state ON face
    WHEN old.state IS NOT new.state
    BEGIN
        UPDATE score SET state = new.state WHERE face_id = new.id;
    END
    """,
)


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_state", "job", ["state"], unique=False)
    op.create_table(
        "root",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_root"),
        sa.UniqueConstraint("path", name="uq_root_path"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "scorer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scorer"),
        sa.UniqueConstraint("hash", name="uq_scorer_hash"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "setting",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_setting"),
    )
    op.create_table(
        "job_failure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("path_text", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("retried", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name="fk_job_failure_job_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_job_failure"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_failure_job_id", "job_failure", ["job_id"], unique=False)
    op.create_table(
        "photo",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("root_id", sa.Integer(), nullable=True),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("path_text", sa.Text(), nullable=False),
        sa.Column("sort_name", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("mtime_ns", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("missing", sa.Boolean(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=True),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("exif", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("face_count", sa.Integer(), nullable=False),
        sa.Column("largest_face", sa.Double(), nullable=True),
        sa.Column("failure_code", sa.Text(), nullable=False),
        sa.Column("failure_message", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["root_id"], ["root.id"], name="fk_photo_root_id"),
        sa.PrimaryKeyConstraint("id", name="pk_photo"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_photo_content_hash", "photo", ["content_hash"], unique=False)
    op.create_index(
        "ix_photo_largest",
        "photo",
        ["largest_face", "id", "missing", "status", "face_count", "root_id"],
        unique=False,
    )
    op.create_index(
        "ix_photo_name",
        "photo",
        ["sort_name", "id", "missing", "status", "face_count", "root_id"],
        unique=False,
    )
    op.create_index("ix_photo_path", "photo", ["path"], unique=False)
    op.create_index(
        "ix_photo_path_present", "photo", ["path"], unique=True, sqlite_where=sa.text("missing = 0")
    )
    op.create_index("ix_photo_size", "photo", ["size"], unique=False)
    op.create_index(
        "ix_photo_time",
        "photo",
        ["taken_at", "id", "missing", "status", "face_count", "root_id"],
        unique=False,
    )
    op.create_table(
        "face",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("x", sa.Double(), nullable=False),
        sa.Column("y", sa.Double(), nullable=False),
        sa.Column("width", sa.Double(), nullable=False),
        sa.Column("height", sa.Double(), nullable=False),
        sa.Column("eye_distance", sa.Double(), nullable=False),
        sa.Column("yaw", sa.Double(), nullable=False),
        sa.Column("pitch", sa.Double(), nullable=False),
        sa.Column("roll", sa.Double(), nullable=False),
        sa.Column("eyes_open", sa.Double(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("root_id", sa.Integer(), nullable=True),
        sa.Column("missing", sa.Boolean(), nullable=False),
        sa.Column("photo_faces", sa.Integer(), nullable=False),
        sa.Column("sort_time", sa.DateTime(), nullable=True),
        sa.Column("sort_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name="fk_face_photo_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_face"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_face_name",
        "face",
        ["state", "sort_name", "id", "missing", "photo_faces", "root_id", "photo_id"],
        unique=False,
    )
    op.create_index("ix_face_photo", "face", ["photo_id", "state"], unique=False)
    op.create_index(
        "ix_face_size",
        "face",
        ["state", "eye_distance", "id", "missing", "photo_faces", "root_id", "photo_id"],
        unique=False,
    )
    op.create_index(
        "ix_face_time",
        "face",
        ["state", "sort_time", "id", "missing", "photo_faces", "root_id", "photo_id"],
        unique=False,
    )
    op.create_table(
        "photo_label",
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("flag", sa.Text(), nullable=False),
        sa.Column("colour", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name="fk_photo_label_photo_id"),
        sa.PrimaryKeyConstraint("photo_id", name="pk_photo_label"),
    )
    op.create_index("ix_photo_label_colour", "photo_label", ["colour", "photo_id"], unique=False)
    op.create_index("ix_photo_label_flag", "photo_label", ["flag", "photo_id"], unique=False)
    op.create_index("ix_photo_label_stars", "photo_label", ["stars", "photo_id"], unique=False)
    op.create_table(
        "photo_search",
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name="fk_photo_search_photo_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("photo_id", name="pk_photo_search"),
    )
    op.create_table(
        "photo_tag",
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name="fk_photo_tag_photo_id"),
        sa.PrimaryKeyConstraint("photo_id", "tag", name="pk_photo_tag"),
    )
    op.create_index("ix_photo_tag_tag", "photo_tag", ["tag", "photo_id"], unique=False)
    op.create_table(
        "face_label",
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("quality", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["face_id"], ["face.id"], name="fk_face_label_face_id"),
        sa.PrimaryKeyConstraint("face_id", name="pk_face_label"),
    )
    op.create_index("ix_face_label_quality", "face_label", ["quality", "face_id"], unique=False)
    op.create_table(
        "face_landmarks",
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("points", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["face_id"], ["face.id"], name="fk_face_landmarks_face_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("face_id", name="pk_face_landmarks"),
    )
    op.create_table(
        "label_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=True),
        sa.Column("face_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["face_id"], ["face.id"], name="fk_label_event_face_id"),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name="fk_label_event_photo_id"),
        sa.PrimaryKeyConstraint("id", name="pk_label_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_label_event_batch", "label_event", ["batch"], unique=False)
    op.create_index("ix_label_event_face_id", "label_event", ["face_id"], unique=False)
    op.create_index("ix_label_event_photo_id", "label_event", ["photo_id"], unique=False)
    op.create_index("ix_label_event_undoes", "label_event", ["undoes"], unique=False)
    op.create_table(
        "score",
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("scorer_id", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("spread", sa.Double(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("scored_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["face_id"], ["face.id"], name="fk_score_face_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["scorer_id"], ["scorer.id"], name="fk_score_scorer_id"),
        sa.PrimaryKeyConstraint("face_id", "scorer_id", name="pk_score"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_score_photo", "score", ["scorer_id", "state", "value", "photo_id"], unique=False
    )
    op.create_index(
        "ix_score_value", "score", ["scorer_id", "state", "value", "face_id"], unique=False
    )
    for trigger in _TRIGGERS:
        op.execute(trigger)
