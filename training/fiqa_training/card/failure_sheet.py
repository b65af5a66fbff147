"""The worst disagreements between score and label, as a table and as a picture.

Only faces whose licence lets them be shown are drawn: public-domain portraits, and studio
pictures under CC BY with their attribution, which the picture itself carries.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fiqa_training.card.cases import Case
from fiqa_training.data.faces import FaceRow
from fiqa_training.data.samples import render
from fiqa_training.degradations import ByteImage
from fiqa_training.errors import TrainingError

SHOWN = 12
MOST_BYTES = 300_000
CREDIT = """\
Faces: official portraits of members of the US Congress (public domain); Face Research Lab London \
Set (L. DeBruine, B. Jones) and others in webmorphR.stim (CC BY 4.0).
All were reduced and, but for the clean ones, degraded on purpose. Inset: the clean face. Numbers \
are on the shown scale, 1-100.""".splitlines()

_PER_KIND = _PER_PERSON = 2
_COLUMNS, _SIDE, _INSET, _GAP = 4, 256, 76, 10
_CAPTION, _FOOT = 44, 40
_INK, _PAPER = (25, 25, 25), (255, 255, 255)


def shown(score: float) -> float:
    """A score in [0, 1] on the scale that people see, 1-100."""
    return 1.0 + 99.0 * score


def may_be_shown(row: FaceRow) -> bool:
    """Whether its licence lets the picture be shown; the manifest's words decide, not its kind."""
    return row.trainable and row.licence.casefold().startswith(("public domain", "cc by "))


def worst(cases: Sequence[Case], count: int = SHOWN) -> list[Case]:
    """The largest disagreements among showable cases.

    At most two of a kind of degradation and two of a person, and never the same kind on the same
    person twice: twelve pictures of one failure would hide the others.
    """
    kinds: Counter[str] = Counter()
    people: Counter[str] = Counter()
    pairs: set[tuple[str, str]] = set()
    chosen: list[Case] = []
    for case in sorted(cases, key=lambda each: -abs(each.error)):
        kind, who = case.sample.kind, case.subject.row.group
        if len(chosen) == count:
            break
        if not may_be_shown(case.subject.row) or (kind, who) in pairs:
            continue
        if kinds[kind] == _PER_KIND or people[who] == _PER_PERSON:
            continue
        kinds[kind] += 1
        people[who] += 1
        pairs.add((kind, who))
        chosen.append(case)
    return chosen


def as_record(case: Case) -> dict[str, Any]:
    """A case for JSON; score and label in [0, 1]."""
    return {
        "file": case.subject.row.path.name,
        "kind": case.sample.kind or "clean",
        "severity": case.sample.severity,
        "score": case.score,
        "label": case.label,
    }


def draw_failures(cases: Sequence[Case]) -> ByteImage:
    """The contact sheet: each case's picture, its clean face in the corner, and a caption."""
    rows = -(-len(cases) // _COLUMNS)
    width = _COLUMNS * (_SIDE + _GAP) + _GAP
    height = rows * (_SIDE + _CAPTION + _GAP) + _GAP + _FOOT
    sheet = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    bold, plain, small = (ImageFont.load_default(size) for size in (15, 14, 11))
    for number, case in enumerate(cases):
        left = _GAP + (number % _COLUMNS) * (_SIDE + _GAP)
        top = _GAP + (number // _COLUMNS) * (_SIDE + _CAPTION + _GAP)
        clean = case.subject.crop()
        picture = render(clean, [case.sample])[0]
        sheet.paste(_reduced(picture, _SIDE), (left, top))
        if case.sample.kind:
            corner = (left + _SIDE - _INSET, top + _SIDE - _INSET)
            pen.rectangle((corner[0] - 2, corner[1] - 2, left + _SIDE, top + _SIDE), _PAPER)
            sheet.paste(_reduced(clean, _INSET), corner)
        name = case.sample.kind.replace("_", " ")
        title = f"{name}, severity {case.sample.severity:.2f}" if name else "clean"
        score, label = round(shown(case.score)), round(shown(case.label))
        pen.text((left, top + _SIDE + 4), title, _INK, bold)
        said = f"score {score}, label {label} ({score - label:+d})"
        pen.text((left, top + _SIDE + 23), said, _INK, plain)
    for line, text in enumerate(CREDIT):
        pen.text((_GAP, height - _FOOT + 2 + 16 * line), text, _INK, small)
    return np.asarray(sheet, np.uint8)


def _reduced(picture: ByteImage, side: int) -> Image.Image:
    return Image.fromarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA))


def write_failures(cases: Sequence[Case], target: Path) -> None:
    """Write the contact sheet as a JPEG of fewer than 300,000 bytes.

    Raises:
        TrainingError: there is nothing to draw, or the file cannot be written.
    """
    if not cases:
        raise TrainingError("No measured face may be shown: none has a free licence.")
    picture = Image.fromarray(draw_failures(cases))
    for quality in range(88, 20, -6):
        encoded = io.BytesIO()
        picture.save(encoded, "JPEG", quality=quality, optimize=True)
        if encoded.tell() < MOST_BYTES:
            break
    partial = target.with_name(target.name + ".part")
    try:
        partial.write_bytes(encoded.getvalue())
        partial.replace(target)
    except OSError as error:
        raise TrainingError(f"{target} cannot be written: {error.strerror}.") from error
