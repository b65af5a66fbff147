"""Publishing: a study's MOS becomes opinions of the right faces, or of none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import stats
from skimage import data

from fiqa_studio.domain.photos import FaceId
from fiqa_studio.engine.studies import compare_with_model, publish
from fiqa_studio.store import vectors
from fiqa_studio.store.library import Library
from fiqa_studio.study import file, foreign, pictures, stored
from fiqa_studio.study.decisions import Decision, What
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.exchange.foreign import Layout, read_table
from fiqa_studio.study.importing import import_study
from fiqa_studio.study.mos import MosMethod
from fiqa_studio.study.reading import Rating
from fiqa_studio.study.values import Stimulus, Study, TrialKind
from fiqa_studio.vision.perceptual import perceptual_hash
from tests.store.values import STARTER, Folder, make_face, make_score

CORNERS = [(x, y) for x in (0, 128, 256) for y in (0, 128)]


def crops() -> list[Image.Image]:
    photo = Image.fromarray(data.astronaut())
    return [photo.crop((x, y, x + 256, y + 256)).resize((512, 512)) for x, y in CORNERS]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "test.fiqa") as opened:
        yield opened


@pytest.fixture
def faces(library: Library, tmp_path: Path) -> list[FaceId]:
    """Six photos of one face each, whose crop is the photo itself."""
    folder = Folder(library, tmp_path / "photos")
    found = []
    for i, crop in enumerate(crops()):
        path = tmp_path / "photos" / "set" / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        crop.save(path)
        (recorded,) = folder.library.photos.record_many(
            [folder.file(f"set/{i}.png", [make_face(i)])]
        ).result()
        found.append(recorded.face_ids[0])
    return found


def know_hashes(library: Library, faces: list[FaceId]) -> None:
    hashes = [
        (int(face), perceptual_hash(np.asarray(crop)))
        for face, crop in zip(faces, crops(), strict=True)
    ]
    library.write(lambda t: vectors.put_hashes(t.session, hashes)).result()


def rated_crops(tmp_path: Path, values: np.ndarray, ending: str = "") -> Path:
    """A study that shows the crops under names that may say nothing; a rater a column."""
    path = tmp_path / "native.study"
    digests = [pictures.keep(file.pictures_folder(path), crop) for crop in crops()]
    study = Study(
        id="a" * 32,
        title="Crops",
        created_at="2026-01-01T00:00:00+00:00",
        seed=1,
        stimuli=tuple(
            Stimulus(hash=d, name=f"{i}{ending}" if ending else f"crop {i}")
            for i, d in enumerate(digests)
        ),
        batches=(tuple(digests),),
    )
    file.create(study, path)
    ratings = [
        Rating(
            rater=f"r{j}", rater_id="", session="", trial="", index=i, batch=0,
            kind=TrialKind.STUDY, stimulus=digests[i], value=float(value),
            at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        for (i, j), value in np.ndenumerate(values)
    ]  # fmt: skip
    with file.opened(path) as opened:
        foreign.record(opened.database, ratings)
    return path


VALUES = np.clip(
    np.array([[10.0], [25], [40], [55], [70], [99]])
    + np.random.default_rng(0).normal(0, 5, (6, 5)),
    1,
    100,
)


def test_pictures_are_found_by_what_they_show(
    library: Library, faces: list[FaceId], tmp_path: Path
) -> None:
    know_hashes(library, faces)
    study = rated_crops(tmp_path, VALUES)
    done = publish(library, study, MosMethod.MOS)
    assert (done.faces, done.by_content, done.by_name, done.unknown) == (6, 6, 0, ())
    opinions = library.opinions.of_faces(faces)
    for face, row in zip(faces, VALUES, strict=True):
        one = opinions[face]["a" * 32]
        assert one.mos == pytest.approx((row.mean() - 1) / 99)
        assert one.disagreement == pytest.approx(row.std(ddof=1) / 99)
        assert one.ci_low < one.mos < one.ci_high
        assert (one.n, one.raters) == (5, 5)


def test_a_new_analysis_replaces_the_whole(
    library: Library, faces: list[FaceId], tmp_path: Path
) -> None:
    know_hashes(library, faces)
    study = rated_crops(tmp_path, VALUES)
    publish(library, study, MosMethod.MOS)
    with file.opened(study) as opened:
        stored.decide(opened.database, Decision(rater="r0", what=What.USE, yes=False, author="me"))
    publish(library, study, MosMethod.MOS)
    one = library.opinions.of_faces(faces)[faces[2]]["a" * 32]
    assert one.mos == pytest.approx((VALUES[2, 1:].mean() - 1) / 99)
    assert (one.n, one.raters) == (4, 4)
    assert library.opinions.studies() == {"a" * 32: 6}


def test_a_near_twin_is_not_guessed(library: Library, faces: list[FaceId], tmp_path: Path) -> None:
    know_hashes(library, faces)
    twin = perceptual_hash(np.asarray(crops()[0]))
    library.write(lambda t: vectors.put_hashes(t.session, [(int(faces[1]), twin)])).result()
    done = publish(library, rated_crops(tmp_path, VALUES), MosMethod.MOS)
    assert done.by_content == 4
    assert done.unknown == ("crop 0", "crop 1")


def table(tmp_path: Path, names: list[str]) -> Path:
    lines = ["image,a,b,c"]
    lines += [f"{name},{i % 5 + 1},{i % 4 + 1},{i % 3 + 1}" for i, name in enumerate(names)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    target = tmp_path / "table.study"
    import_study(read_table(tmp_path / "t.csv", Layout.WIDE, scale="1..5"), target)
    return target


def test_a_tables_names_are_paths_or_ends_of_them(
    library: Library, faces: list[FaceId], tmp_path: Path
) -> None:
    whole = str(tmp_path / "photos" / "set" / "0.png")
    names = [whole, "1.png", "set/2.png", ".\\set\\3.png", "other/4.png", "gone.png"]
    done = publish(library, table(tmp_path, names), MosMethod.MOS)
    assert (done.faces, done.by_name) == (4, 4)
    assert done.unknown == ("other/4.png", "gone.png")
    opinions = library.opinions.of_faces(faces)
    mos = {face: next(iter(of.values())).mos for face, of in opinions.items()}
    assert mos[faces[0]] == pytest.approx(0.0)
    assert mos[faces[1]] == pytest.approx(0.25)


def test_two_photos_of_one_name_are_not_guessed(
    library: Library, faces: list[FaceId], tmp_path: Path
) -> None:
    folder = Folder(library, tmp_path / "more")
    folder.put("0.png", "another")
    folder.index("0.png")
    done = publish(library, table(tmp_path, ["0.png", "1.png"]), MosMethod.MOS)
    assert done.unknown == ("0.png",)


def test_nothing_found_changes_nothing(
    library: Library, faces: list[FaceId], tmp_path: Path
) -> None:
    with pytest.raises(StudyError, match="None of the study's pictures"):
        publish(library, table(tmp_path, ["x.png", "y.png"]), MosMethod.MOS)
    assert library.opinions.studies() == {}


def test_a_photo_that_is_no_longer_what_people_saw_is_not_taken(
    library: Library, faces: list[FaceId], tmp_path: Path
) -> None:
    path = rated_crops(tmp_path, VALUES, ".png")
    for i in range(6):  # the photos as they were when the study was made
        crops()[i].save(tmp_path / "photos" / "set" / f"{i}.png")
    crops()[3].save(tmp_path / "photos" / "set" / "1.png")
    done = publish(library, path, MosMethod.MOS)
    assert (done.faces, done.by_name) == (5, 5)
    assert done.unknown == ("1.png",)


def test_the_librarys_scores_are_compared_and_the_worst_comes_first(
    library: Library, faces: list[FaceId], tmp_path: Path
) -> None:
    know_hashes(library, faces)
    library.scores.ensure_scorer(STARTER).result()
    library.scores.set_active(STARTER.hash).result()
    values = [0.1, 0.22, 0.4, 0.5, 0.72, 0.2]  # the last face is far better to people
    scores = [(int(face), make_score(v, 0.01), None) for face, v in zip(faces, values, strict=True)]
    library.scores.record(STARTER.hash, scores).result()
    study = rated_crops(tmp_path, VALUES)
    found = compare_with_model(library, study, MosMethod.MOS)
    assert found.agreement.n == 6
    worst = found.disagreements[0]
    assert worst.beyond > 0
    assert found.scorer == STARTER.hash
    assert found.faces["crop 5"] == faces[5]
    mos = VALUES.mean(axis=1)
    assert {one.name: one.mos for one in found.disagreements}["crop 2"] == pytest.approx(mos[2])
    expected = stats.spearmanr(values, mos).statistic
    assert found.agreement.srcc == pytest.approx(expected)
