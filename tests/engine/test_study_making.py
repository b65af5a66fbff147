"""Studies of a library's faces, made by a real worker, and of folders."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fiqa_studio.domain.jobs import JobState
from fiqa_studio.domain.marks import SetQuality
from fiqa_studio.domain.query import Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.engine.engine import Engine
from fiqa_studio.engine.questions import query_of
from fiqa_studio.engine.study_making import (
    StudyOrder,
    order_from_json,
    order_to_json,
    preview,
)
from fiqa_studio.store.library import Library
from fiqa_studio.study import file, pictures
from fiqa_studio.study.values import GoldSide, Method
from tests.engine.conftest import PATIENCE, finish
from tests.study.values import faces


def test_an_order_survives_its_json(tmp_path: Path) -> None:
    order = StudyOrder(
        to=tmp_path / "a.study", title="A", target=Target.faces([3, 1]), method=Method.ACR5,
        seed=4, gold_from=0.7, instructions=(("What", "Look."),),
    )  # fmt: skip
    assert order_from_json(order_to_json(order)) == order


def test_faces_become_crops_and_marked_ones_gold(
    engine: Engine, library: Library, portrait: bytes, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        picture = np.array(Image.open(io.BytesIO(portrait)))
        Image.fromarray(np.roll(picture, 20 * number, axis=0)).save(folder / f"{number}.png")
    finish(engine.start_index([folder]))
    target = Target.all_of(Subject.FACES, query_of("", Subject.FACES))
    ids = library.resolve(target, Subject.FACES)
    assert len(ids) == 3
    engine.marking.mark(Target.faces([int(ids[0])]), [SetQuality(0.9)]).result(PATIENCE)
    order = StudyOrder(to=tmp_path / "faces.study", title="Ours", target=target, seed=5)
    told = preview(library, order)
    assert (told.studied, told.high, told.low) == (2, 1, 0)
    assert any("gold faces are clearly" in one for one in told.warnings)
    job = engine.jobs.start("study", order_to_json(order))
    progress = finish(job)
    assert "2 pictures to rate" in progress.message
    study = file.read(order.to)
    assert [gold.side for gold in study.gold] == [GoldSide.HIGH]
    assert sum(len(batch) for batch in study.batches) == 2
    for stimulus in study.stimuli:
        assert (stimulus.width, stimulus.height) == (512, 512)
        assert pictures.load(file.pictures_folder(order.to), stimulus.hash)
        assert Path(stimulus.name).parent == folder
    with file.opened(order.to) as opened:
        assert opened.study.title == "Ours"

    again = engine.jobs.start("study", order_to_json(order))
    assert again.wait(PATIENCE).state is JobState.FAILED
    assert again.error is not None
    assert again.error.code == "study.exists"
    assert file.read(order.to) == study


def test_a_folder_of_pictures_as_they_are(engine: Engine, tmp_path: Path) -> None:
    faces(tmp_path / "in", 6, size=40)
    (tmp_path / "in" / "broken.png").write_bytes(b"no picture")
    order = StudyOrder(
        to=tmp_path / "folder.study", title="Folder", folder=str(tmp_path / "in"), batch_size=3,
        instructions=(("Look", "Well."),),
    )  # fmt: skip
    progress = finish(engine.jobs.start("study", order_to_json(order)))
    assert progress.failed == 1
    study = file.read(order.to)
    assert [len(batch) for batch in study.batches] == [3, 3]
    assert [part.title for part in study.texts.instructions] == ["Look"]


@pytest.mark.parametrize("method", [Method.DCR, Method.IMPORTED])
def test_what_needs_references_is_refused(engine: Engine, tmp_path: Path, method: Method) -> None:
    faces(tmp_path / "in", 3)
    order = StudyOrder(
        to=tmp_path / "no.study", title="", folder=str(tmp_path / "in"), method=method
    )
    job = engine.jobs.start("study", order_to_json(order))
    assert job.wait(PATIENCE).state is JobState.FAILED
    assert list(tmp_path.glob("no*")) == []
