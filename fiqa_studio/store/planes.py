"""What holds now for every photo, as planes: one small value an id, in blobs of 2048 ids.

A million photos' stars, flags and colours are one megabyte. So all of them can be marked in one
go, and a filter or an order by them is a look at an array: no row a photo, no index to keep. One
mark rewrites one blob, half a page of the file. Part of the file's format:

- ``mark_block``: a byte a photo: stars in bits 0-2, flag in 3-4, colour in 5-7, as places in
  `FLAGS` and `COLOURS`;
- ``tag_block`` and ``said_block``: a bit a photo or face, the highest bit of a byte first.

Where there is no block, nothing holds. Ids are never used again, so what a deleted photo left
behind (nothing: marked photos are not deleted) could never come to mean another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from fiqa_studio.domain.marks import Colour, Flag, PhotoMarks
from fiqa_studio.store import rows, words
from fiqa_studio.store.errors import InconsistentError
from fiqa_studio.store.schema import MarkBlock, SaidBlock, Tag, TagBlock

BLOCK = 2048
"""Ids a blob."""
FLAGS = tuple(Flag)
COLOURS = tuple(Colour)
STARS_BITS, FLAG_BITS, COLOUR_BITS = (0, 0b111), (3, 0b11), (5, 0b111)
"""Where in its byte a kind of mark is: how far to shift, and the mask after that."""

Ids = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.bool_]


# --- stars, flags and colours -----------------------------------------------------------------


def marks_at(connection: Connection, ids: Ids) -> Bytes:
    """The bytes of these photos, in their order."""
    blocks, inverse = np.unique(ids // BLOCK, return_inverse=True)
    values: Bytes = _dense_marks(connection, blocks)[inverse, ids % BLOCK]
    return values


def put_marks(connection: Connection, ids: Ids, values: Bytes) -> None:
    """Set the bytes of these photos; each id at most once."""
    blocks, inverse = np.unique(ids // BLOCK, return_inverse=True)
    dense = _dense_marks(connection, blocks)
    dense[inverse, ids % BLOCK] = values
    put = insert(MarkBlock)
    connection.execute(
        put.on_conflict_do_update(
            index_elements=[MarkBlock.block], set_={"marks": put.excluded.marks}
        ),
        [
            {"block": block, "marks": row.tobytes()}
            for block, row in zip(blocks.tolist(), dense, strict=True)
        ],
    )


def all_marks(connection: Connection) -> Bytes:
    """The bytes of all photos, by id; photos beyond its end carry no mark."""
    found = connection.execute(select(MarkBlock.block, MarkBlock.marks)).all()
    dense = np.zeros((1 + max((row[0] for row in found), default=-1), BLOCK), np.uint8)
    for block, blob in found:
        dense[block] = _bytes(blob, block)
    return dense.reshape(-1)


def stars(connection: Connection) -> Bytes:
    """The stars of all photos, by id, 0 to 5; photos beyond its end have none."""
    return part_of(all_marks(connection), STARS_BITS)


def flags(connection: Connection) -> Bytes:
    """The flags of all photos, by id, as places in `FLAGS`; beyond its end there are none."""
    return part_of(all_marks(connection), FLAG_BITS)


def colours(connection: Connection) -> Bytes:
    """The colours of all photos, by id, as places in `COLOURS`; beyond its end are none."""
    return part_of(all_marks(connection), COLOUR_BITS)


def part_of(values: Bytes, bits: tuple[int, int]) -> Bytes:
    """One kind of mark out of bytes."""
    shift, mask = bits
    return (values >> np.uint8(shift)) & np.uint8(mask)


def with_part(values: Bytes, bits: tuple[int, int], part: Bytes | int) -> Bytes:
    """Bytes with one kind of mark replaced."""
    shift, mask = bits
    kept = values & np.uint8(0xFF ^ (mask << shift))
    return kept | (np.asarray(part, np.uint8) << np.uint8(shift))


def _dense_marks(connection: Connection, blocks: Ids) -> Bytes:
    dense = np.zeros((len(blocks), BLOCK), np.uint8)
    place = {block: number for number, block in enumerate(blocks.tolist())}
    for block, blob in connection.execute(
        select(MarkBlock.block, MarkBlock.marks).where(rows.ids_in(MarkBlock.block, list(place)))
    ):
        dense[place[block]] = _bytes(blob, block)
    return dense


def _bytes(blob: bytes, block: int) -> Bytes:
    if len(blob) != BLOCK:
        raise InconsistentError(f"Block {block} of the marks has {len(blob)} bytes")
    return np.frombuffer(blob, np.uint8)


# --- bits: tags, and of what a person said something --------------------------------------------


def bits_at(connection: Connection, table: Any, name: object, ids: Ids) -> Bits:
    """Whether the bits of these ids are set. ``table``: `TagBlock` or `SaidBlock`."""
    blocks, inverse = np.unique(ids // BLOCK, return_inverse=True)
    bits: Bytes = _dense_bits(connection, table, name, blocks)[inverse, ids % BLOCK]
    return bits.astype(np.bool_)


def put_bits(connection: Connection, table: Any, name: object, ids: Ids, values: Any) -> None:
    """Set or clear the bits of these ids; each id at most once."""
    blocks, inverse = np.unique(ids // BLOCK, return_inverse=True)
    dense = _dense_bits(connection, table, name, blocks)
    dense[inverse, ids % BLOCK] = values
    packed = np.packbits(dense, axis=1)
    counts = dense.sum(axis=1).tolist()
    key = _name_column(table)
    found = [
        {key.key: name, "block": block, "bits": bits.tobytes()}
        | ({"count": count} if table is TagBlock else {})
        for block, bits, count in zip(blocks.tolist(), packed, counts, strict=True)
    ]
    put = insert(table)
    changed = {name: put.excluded[name] for name in found[0] if name not in (key.key, "block")}
    connection.execute(
        put.on_conflict_do_update(index_elements=[key, table.block], set_=changed), found
    )
    if table is TagBlock and not all(counts):
        connection.execute(delete(TagBlock).where(TagBlock.tag_id == name, TagBlock.count == 0))


def all_bits(connection: Connection, table: Any, name: object) -> Ids:
    """The ids whose bits are set, ascending."""
    found = connection.execute(
        select(table.block, table.bits).where(_name_column(table) == name).order_by(table.block)
    ).all()
    parts = [np.flatnonzero(_unpacked(bits, block)) + block * BLOCK for block, bits in found]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _dense_bits(connection: Connection, table: Any, name: object, blocks: Ids) -> Bytes:
    dense = np.zeros((len(blocks), BLOCK), np.uint8)
    place = {block: number for number, block in enumerate(blocks.tolist())}
    for block, bits in connection.execute(
        select(table.block, table.bits).where(
            _name_column(table) == name, rows.ids_in(table.block, list(place))
        )
    ):
        dense[place[block]] = _unpacked(bits, block)
    return dense


def _name_column(table: Any) -> Any:
    return TagBlock.tag_id if table is TagBlock else SaidBlock.subject


def _unpacked(bits: bytes, block: int) -> Bytes:
    if len(bits) * 8 != BLOCK:
        raise InconsistentError(f"Block {block} of bits has {len(bits)} bytes")
    return np.unpackbits(np.frombuffer(bits, np.uint8))


# --- for rows and filters ---------------------------------------------------------------------


def photo_marks(connection: Connection, photo_ids: Sequence[int]) -> dict[int, PhotoMarks]:
    """What holds for each of these photos, the unmarked ones included."""
    if not photo_ids:
        return {}
    ids = np.array(list(photo_ids), np.int64)
    values = marks_at(connection, ids)
    parts = [part_of(values, bits).tolist() for bits in (STARS_BITS, FLAG_BITS, COLOUR_BITS)]
    tags = _tags_at(connection, ids)
    return {
        key: PhotoMarks(
            stars,
            FLAGS[flag],
            COLOURS[colour] if colour < len(COLOURS) else Colour.NONE,
            frozenset(tags.get(key, ())),
        )
        for key, stars, flag, colour in zip(ids.tolist(), *parts, strict=True)
    }


def _tags_at(connection: Connection, ids: Ids) -> dict[int, set[str]]:
    by_block: dict[int, list[int]] = {}
    for key in set(ids.tolist()):
        by_block.setdefault(key // BLOCK, []).append(key)
    tags: dict[int, set[str]] = {}
    for name, block, bits in connection.execute(
        select(Tag.name, TagBlock.block, TagBlock.bits)
        .join(Tag, Tag.id == TagBlock.tag_id)
        .where(rows.ids_in(TagBlock.block, list(by_block)))
    ):
        for key in by_block[block]:
            place = key % BLOCK
            if bits[place >> 3] & (0x80 >> (place & 7)):
                tags.setdefault(key, set()).add(name)
    return tags


def tagged(connection: Connection, tag: str) -> Ids:
    """The photos that carry a tag (in any case), ascending."""
    wanted = words.folded(tag)
    ids = connection.scalars(select(Tag.id).where(Tag.folded == wanted)).all()
    return _union([all_bits(connection, TagBlock, key) for key in ids])


def tagged_like(connection: Connection, part: str) -> Ids:
    """The photos that carry a tag in which a text occurs, in any case; ascending."""
    ids = connection.scalars(
        select(Tag.id).where(func.instr(Tag.folded, words.folded(part)) > 0)
    ).all()
    return _union([all_bits(connection, TagBlock, key) for key in ids])


def tag_counts(connection: Connection) -> dict[str, int]:
    """All current tags in order of name, with the number of photos that carry each."""
    found = connection.execute(
        select(Tag.name, func.sum(TagBlock.count))
        .join(TagBlock, TagBlock.tag_id == Tag.id)
        .group_by(Tag.id)
        .order_by(Tag.name)
    ).all()
    return {row[0]: int(row[1]) for row in found if row[1]}


def tags_among(connection: Connection, photo_ids: Ids) -> dict[str, int]:
    """The tags of these photos in order of name, with how many of these carry each."""
    tags = connection.execute(select(Tag.id, Tag.name).order_by(Tag.name)).all()
    counts = {
        name: int(np.count_nonzero(bits_at(connection, TagBlock, key, photo_ids)))
        for key, name in tags
    }
    return {name: count for name, count in counts.items() if count}


def _union(parts: Sequence[Ids]) -> Ids:
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)
