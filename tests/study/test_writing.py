"""What a study writes never takes the place of a library or of another study."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.store.library import Library
from fiqa_studio.study.exchange.writing import save_bytes, save_text


def test_a_library_under_any_name_and_its_side_files_stay(tmp_path: Path) -> None:
    path = tmp_path / "holidays.db"
    Library.create(path).close()
    before = path.read_bytes()
    for target in (path, Path(f"{path}-wal"), Path(f"{path}.lock"), Path(f"{path}.thumbs")):
        with pytest.raises(KnownError) as refused:
            save_text("image,mos\n", target)
        assert refused.value.code == "export.onto-library"
    assert path.read_bytes() == before
    assert not Path(f"{path}.lock").exists()


def test_anything_else_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "mos.csv"
    target.write_text("old")
    save_bytes(b"new", target)
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]
