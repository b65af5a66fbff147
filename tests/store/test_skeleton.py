from pathlib import Path

import numpy as np

from fiqa_studio.domain.query import Query
from fiqa_studio.store.library import Library
from tests.store.values import STARTER, Folder, make_maps, make_score


def test_everything_survives_reopening(tmp_path: Path, library: Library, folder: Folder) -> None:
    folder.put("a.jpg", "first")
    (recorded,) = folder.index("a.jpg")
    face = recorded.face_ids[0]
    library.scores.ensure_scorer(STARTER).result()
    library.scores.record(STARTER.hash, [(face, make_score(0.7), make_maps(0.5))]).result()
    library.close()
    with Library.open(library.path) as again:
        (row,) = again.views.face_rows(again.views.face_ids(Query()))
        assert row.score == 0.7
        assert row.scorer == "starter"
        assert again.thumbnails.face(face)
        maps = again.scores.maps(face)
        assert maps is not None
        assert maps.quality.shape == (16, 12)
        assert np.all(maps.confidence == 0.25)
        assert again.id == library.id
        assert again.views.photo_rows(again.views.photo_ids(Query()))[0].best_score == 0.7
        assert again.health()["ok"]
