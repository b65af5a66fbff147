"""A contact sheet: every face of a library in order of its score, as one picture."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from fiqa_studio.domain.query import Query
from fiqa_studio.domain.scores import quality_word, shown_score
from fiqa_studio.store.library import Library

_CELL = 160
_CAPTION = 40
_MARGIN = 16
_BACKGROUND = (24, 25, 28)
_TEXT = (222, 224, 228)
_QUIET = (150, 154, 162)


def write_contact_sheet(library: Library, target: Path, *, columns: int = 10) -> int:
    """Draw the faces, best first, each with its score and file name; returns their number."""
    ids = library.views.face_ids(Query())
    rows = library.views.face_rows(ids)
    thumbnails = library.thumbnails.faces([row.id for row in rows])
    lines = max(1, -(-len(rows) // columns))
    sheet = Image.new(
        "RGB",
        (columns * (_CELL + 8) + 2 * _MARGIN, lines * (_CELL + _CAPTION + 8) + 2 * _MARGIN),
        _BACKGROUND,
    )
    draw = ImageDraw.Draw(sheet)
    font, small = ImageFont.load_default(15), ImageFont.load_default(11)
    for index, row in enumerate(rows):
        left = _MARGIN + (index % columns) * (_CELL + 8)
        top = _MARGIN + (index // columns) * (_CELL + _CAPTION + 8)
        if thumbnail := thumbnails.get(row.id):
            with Image.open(io.BytesIO(thumbnail)) as image:
                sheet.paste(image.convert("RGB").resize((_CELL, _CELL)), (left, top))
        score = "no score"
        if row.score is not None:
            score = f"{shown_score(row.score)} {quality_word(row.score)}"
        draw.text((left, top + _CELL + 3), score, font=font, fill=_TEXT)
        draw.text((left, top + _CELL + 22), Path(row.path).stem[:26], font=small, fill=_QUIET)
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(target)
    return len(rows)
