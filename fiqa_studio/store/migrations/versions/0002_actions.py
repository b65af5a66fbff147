"""Labels become marks, kept by action; albums, opinions, and a text filter that finds parts."""

import math
import unicodedata
import zlib
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from alembic import op

from fiqa_studio.store.errors import InconsistentError

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SEARCH = """
    CREATE VIRTUAL TABLE photo_search
    USING fts5(words, tokenize = 'trigram case_sensitive 1')
"""
_SEARCH_FORGETS = """
    CREATE TRIGGER photo_search_forgets
    AFTER DELETE ON photo
    BEGIN
        DELETE FROM photo_search WHERE rowid = old.id;
    END
"""


def upgrade() -> None:
    connection = op.get_bind()
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchone()
    if broken is not None:  # ids are packed below, where SQLite can no longer check them
        raise InconsistentError(f"row {broken[1]} of {broken[0]} refers to nothing in {broken[2]}")
    _create_tables()
    tags = _Tags(connection)
    _convert_events(connection, tags)
    _convert_state(connection, tags)
    op.add_column("photo", sa.Column("folder", sa.Text(), nullable=False, server_default=""))
    # What is left of a path without the last of what is not a slash: its folder.
    op.execute("UPDATE photo SET folder = rtrim(path_text, replace(path_text, '/', ''))")
    op.execute("ALTER TABLE photo_search RENAME TO old_search")
    op.execute(_SEARCH)
    op.execute(_SEARCH_FORGETS)
    _fill_search(connection)
    for table in ("old_search", "label_event", "photo_label", "photo_tag", "face_label"):
        op.drop_table(table)
    op.create_index("ix_photo_folder", "photo", ["folder"])
    op.create_index("ix_photo_root", "photo", ["root_id", "missing", "status", "face_count"])
    op.create_index("ix_photo_faces", "photo", ["face_count"])
    op.create_index("ix_photo_camera", "photo", ["camera"])
    op.create_index("ix_face_eyes", "face", ["state", "eyes_open", "photo_id"])
    op.create_index("ix_face_flags", "face", ["state", "flags"])


def _create_tables() -> None:
    op.create_table(
        "action",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["undoes"], ["action.id"], name="fk_action_undoes"),
        sa.PrimaryKeyConstraint("id", name="pk_action"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_action_undoes", "action", ["undoes"], sqlite_where=sa.text("undoes IS NOT NULL")
    )
    op.create_table(
        "tag",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tag"),
        sa.UniqueConstraint("name", name="uq_tag_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "mark_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("action_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.Column("ids", sa.LargeBinary(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.Column("after", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["action.id"], name="fk_mark_event_action_id"),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name="fk_mark_event_tag_id"),
        sa.PrimaryKeyConstraint("id", name="pk_mark_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mark_event_action", "mark_event", ["action_id"])
    op.create_index("ix_mark_event_ids", "mark_event", ["first_id", "last_id", "kind"])
    op.create_table(
        "mark_block",
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("marks", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block", name="pk_mark_block"),
    )
    op.create_table(
        "tag_block",
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("bits", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name="fk_tag_block_tag_id"),
        sa.PrimaryKeyConstraint("tag_id", "block", name="pk_tag_block"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tag_block_block", "tag_block", ["block"])
    op.create_table(
        "said_block",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("bits", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "block", name="pk_said_block"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "face_quality",
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("quality", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["face_id"], ["face.id"], name="fk_face_quality_face_id"),
        sa.PrimaryKeyConstraint("face_id", name="pk_face_quality"),
    )
    op.create_table(
        "opinion",
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("study", sa.Text(), nullable=False),
        sa.Column("mos", sa.Double(), nullable=False),
        sa.Column("ci_low", sa.Double(), nullable=False),
        sa.Column("ci_high", sa.Double(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("raters", sa.Integer(), nullable=False),
        sa.Column("disagreement", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["face_id"], ["face.id"], name="fk_opinion_face_id"),
        sa.PrimaryKeyConstraint("face_id", "study", name="pk_opinion"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_opinion_study", "opinion", ["study", "mos", "face_id"])
    op.create_table(
        "album",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("query_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_album"),
        sa.UniqueConstraint("name", name="uq_album_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "album_item",
        sa.Column("album_id", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["album_id"], ["album.id"], name="fk_album_item_album_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name="fk_album_item_photo_id"),
        sa.PrimaryKeyConstraint("album_id", "photo_id", name="pk_album_item"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_album_item_place", "album_item", ["album_id", "place", "photo_id"])
    op.create_index("ix_album_item_photo", "album_item", ["photo_id"])


# --- conversion: the formats of `store.packing` and `store.planes` as they were made here --------

_BLOCK = 2048
_FLAGS = ("", "pick", "reject")
_Bytes = npt.NDArray[np.uint8]
_Run = tuple[tuple[str, int | None], dict[int, tuple[float, float]]]
_COLOURS = ("", "Red", "Yellow", "Green", "Blue", "Purple")


class _Tags:
    """Ids of tags by name; the names are made one in form, so that equal ones are one tag."""

    def __init__(self, connection: sa.Connection):
        self._connection = connection
        self._known: dict[str, int] = {}

    def id(self, name: str) -> int:
        tidy = unicodedata.normalize("NFC", " ".join(name.split())) or "?"
        if tidy not in self._known:
            self._known[tidy] = self._connection.exec_driver_sql(
                "INSERT INTO tag (name, folded) VALUES (?, ?) RETURNING id",
                (tidy, unicodedata.normalize("NFC", tidy.casefold())),
            ).scalar_one()
        return self._known[tidy]


def _convert_events(connection: sa.Connection, tags: _Tags) -> None:
    """Each batch of events becomes an action; actions have the batches' numbers."""
    events = connection.execute(
        sa.text(
            "SELECT batch, undoes, kind, value, previous, author, at, photo_id, face_id"
            " FROM label_event ORDER BY batch, id"
        )
    ).all()
    for batch, found in groupby(events, key=attrgetter("batch")):
        rows = list(found)
        authors = ", ".join(dict.fromkeys(row.author for row in rows))
        title = _title(rows[0].kind, rows[0].value)
        about = {(row.photo_id, row.face_id) for row in rows}
        connection.exec_driver_sql(
            "INSERT INTO action (id, session, origin, author, title, at, undoes, size)"
            " VALUES (?, '', 'window', ?, ?, ?, ?, ?)",
            (batch, authors, title, rows[0].at, rows[0].undoes, len(about)),
        )
        for (kind, tag), values in _runs(rows, tags):
            _insert_event(connection, batch, kind, tag, values)


def _runs(rows: Iterable[Any], tags: _Tags) -> list[_Run]:
    """Events by kind, in order; what was said twice of one thing comes in two runs."""
    done: list[_Run] = []
    before: float
    after: float
    for row in rows:
        kind, tag = row.kind, None
        if kind in ("tag-added", "tag-removed"):
            tag = tags.id(row.value)
            before, after = (0, 1) if kind == "tag-added" else (1, 0)
            kind = "tag"
        else:
            before, after = _number(kind, row.previous), _number(kind, row.value)
        key = row.photo_id if row.face_id is None else row.face_id
        last = next((run for name, run in reversed(done) if name == (kind, tag)), None)
        if last is None or key in last:
            last = {}
            done.append(((kind, tag), last))
        last[key] = (before, after)
    return done


def _insert_event(
    connection: sa.Connection,
    action: int,
    kind: str,
    tag: int | None,
    values: dict[int, tuple[float, float]],
) -> None:
    ids = np.array(sorted(values), np.int64)
    before = [values[key][0] for key in ids.tolist()]
    after = [values[key][1] for key in ids.tolist()]
    connection.exec_driver_sql(
        "INSERT INTO mark_event"
        " (action_id, kind, tag_id, count, first_id, last_id, ids, before, after)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(action, kind, tag, len(ids), int(ids[0]), int(ids[-1])),
            b"\x08" + zlib.compress(np.diff(ids).astype("<u8").tobytes(), 1),
            *(_packed(kind, before), _packed(kind, after)),
        ),
    )


def _packed(kind: str, values: list[float]) -> bytes:
    if kind == "quality":
        return b"d" + zlib.compress(np.array(values, "<f8").tobytes(), 1)
    return b"b" + zlib.compress(np.array(values, np.uint8).tobytes(), 1)


def _number(kind: str, value: str) -> float:
    try:
        match kind:
            case "stars":
                return "012345".index(value)
            case "flag":
                return _FLAGS.index(value)
            case "colour":
                return _COLOURS.index(value)
            case "quality":
                return float(value) if value else math.nan
    except ValueError:
        pass
    raise InconsistentError(f"{value!r} is no label of kind {kind!r}")


def _title(kind: str, value: str) -> str:
    match kind:
        case "stars":
            return "1 star" if value == "1" else f"{value} stars"
        case "tag-added" | "tag-removed":
            return f"{'Tag' if kind == 'tag-added' else 'No tag'} \u201c{value}\u201d"
        case "quality":
            return f"Quality {_number(kind, value):.2f}" if value else "No own quality"
        case _:
            return value.capitalize() if value else f"No {kind}"


def _convert_state(connection: sa.Connection, tags: _Tags) -> None:
    marks: dict[int, _Bytes] = {}
    for photo, stars, flag, colour in connection.exec_driver_sql(
        "SELECT photo_id, stars, flag, colour FROM photo_label"
    ):
        value = int(_number("stars", str(stars))) | int(_number("flag", flag)) << 3
        value |= int(_number("colour", colour)) << 5
        marks.setdefault(photo // _BLOCK, np.zeros(_BLOCK, np.uint8))[photo % _BLOCK] = value
    for block, values in marks.items():
        connection.exec_driver_sql(
            "INSERT INTO mark_block VALUES (?, ?)", (block, values.tobytes())
        )
    tagged: dict[tuple[int, int], _Bytes] = {}
    for photo, name in connection.exec_driver_sql("SELECT photo_id, tag FROM photo_tag"):
        _set(tagged, tags.id(name), photo)
    for (tag, block), bits in tagged.items():
        connection.exec_driver_sql(
            "INSERT INTO tag_block VALUES (?, ?, ?, ?)",
            (tag, block, int(bits.sum()), np.packbits(bits).tobytes()),
        )
    said: dict[tuple[str, int], _Bytes] = {}
    for photo, face in connection.exec_driver_sql("SELECT photo_id, face_id FROM label_event"):
        if face is None:
            _set(said, "photos", photo)
        else:
            _set(said, "faces", face)
    for (subject, block), bits in said.items():
        connection.exec_driver_sql(
            "INSERT INTO said_block VALUES (?, ?, ?)", (subject, block, np.packbits(bits).tobytes())
        )
    connection.exec_driver_sql("INSERT INTO face_quality SELECT face_id, quality FROM face_label")


def _set(bits: dict[tuple[Any, int], _Bytes], name: object, key: int) -> None:
    bits.setdefault((name, key // _BLOCK), np.zeros(_BLOCK, np.uint8))[key % _BLOCK] = 1


def _fill_search(connection: sa.Connection) -> None:
    """Name and camera of each photo. Folders are few, and looked through by themselves.

    Where all is ASCII, as mostly, the new words are the end of the old ones; where tags are among
    those, or folding changed their length, they are made anew.
    """
    connection.exec_driver_sql(
        "INSERT INTO photo_search (rowid, words)"
        " SELECT photo_id, substr(words, length(folder) + 1)"
        " FROM old_search JOIN photo ON photo.id = photo_id"
        " WHERE photo_id NOT IN (SELECT photo_id FROM photo_tag)"
        " AND path_text || camera NOT GLOB '*[^' || char(1) || '-' || char(127) || ']*'"
        " ORDER BY photo_id"
    )
    rows = connection.exec_driver_sql(
        "SELECT id, path_text, camera FROM photo"
        " WHERE id NOT IN (SELECT rowid FROM photo_search) ORDER BY id"
    ).fetchall()
    for key, path, camera in rows:
        name = path.rpartition("/")[2]
        words = unicodedata.normalize("NFC", f"{name}\n{camera}".casefold())
        connection.exec_driver_sql(
            "INSERT INTO photo_search (rowid, words) VALUES (?, ?)", (key, words)
        )
