"""The user guide's description of the query language is that of the program."""

from __future__ import annotations

import re
from pathlib import Path

from fiqa_studio.curation.querytext import parse
from fiqa_studio.domain.query import SortKey
from fiqa_studio.domain.terms import TERMS

GUIDE = Path(__file__).parents[2] / "docs" / "user-guide.md"


def _section() -> str:
    text = GUIDE.read_text()
    return text[text.index("## Finding") : text.index("## Models")]


def test_every_term_is_described_with_examples_that_can_be_read() -> None:
    described: set[str] = set()
    rows = [line for line in _section().splitlines() if line.startswith("| `")]
    for row in rows:
        names, _, examples = (cell.strip() for cell in row.strip("| ").split(" | "))
        described |= set(re.findall(r"`([^`]+)`", names))
        for example in re.findall(r"`([^`]+)`", examples):
            (term,) = parse(example).where
            assert term.name in names, example
    assert described == set(TERMS) - {"text"}


def test_every_order_is_named() -> None:
    orders = _section()[_section().index("**Order**") :]
    for key in SortKey:
        assert f"`{key}`" in orders
    for example in re.findall(r"`(sort:[^`]+|rule:[^`]+)`", _section()):
        parse(example)
