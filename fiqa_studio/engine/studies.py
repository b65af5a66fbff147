"""MOS studies and the library: what a study found is published as opinions of its faces.

A study knows pictures, not faces. A picture is found again by its content (a study's own picture
looks like the crop of one face and of no other), and where that cannot be, by its name: the path
of a photo, or the end of one. Nothing is guessed where two photos fit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.opinions import Opinion
from fiqa_studio.domain.paths import path_from_bytes
from fiqa_studio.domain.photos import FaceId
from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.store.library import Library
from fiqa_studio.study import file, pictures, stored
from fiqa_studio.study.analysis import Analysis, StimulusResult
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.likeness import bits_apart, likeness
from fiqa_studio.study.model_vs_mos import Agreement, Disagreement, compare, disagreements
from fiqa_studio.study.mos import MosMethod
from fiqa_studio.study.numeric import normal_quantile
from fiqa_studio.study.values import Stimulus, Study

_ALIKE = 4
"""Bits in which a picture may differ from a crop of the same face."""
_APART = 8
"""Bits by which the next face must be farther away: near twins are not told apart."""


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a study's stimuli.

    Attributes:
        study: The id that the opinions stand under.
        faces: Faces that have the study's opinion now.
        by_content: Of those, found by their content.
        by_name: Of those, found by a path.
        unknown: Stimuli with a MOS that are no face of this library, or not for certain.
    """

    study: str
    faces: int
    by_content: int
    by_name: int
    unknown: tuple[str, ...]


def publish(
    library: Library,
    path: Path,
    method: MosMethod = MosMethod.P910,
    *,
    attribute: str = "",
) -> Published:
    """Make a study's MOS the library's opinions of that study; those before are replaced.

    Args:
        library: Open for writing.
        path: The study file.
        method: How the MOS is made.
        attribute: What was judged; empty: the study's first.

    Raises:
        StudyError: The study cannot be analysed; ``publish.nothing``: none of its stimuli is a
            face of the library (then nothing is changed).
    """
    matched = _matched(library, path, method, attribute)
    study, found, faces, unknown = matched.study, matched.found, matched.faces, matched.unknown
    if not faces:
        raise StudyError(
            "None of the study's pictures is a face of this library.",
            cause=f"The first is “{unknown[0]}”." if unknown else "It has no MOS.",
            remedy="Index the photos that the study was made from, and publish again.",
            code="publish.nothing",
        )
    opinions = [opinion_of(face, result, found) for face, result in faces]
    kept = library.opinions.replace(study.id, opinions).result()
    return Published(study.id, kept, matched.by_content, len(faces) - matched.by_content, unknown)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The library's scores against a study.

    Attributes:
        agreement: By P.1401; the scores are those of ``scorer``.
        disagreements: The farthest beyond both intervals first; the name is the stimulus'.
        faces: Stimulus -> face, to show it with its maps.
        scorer: The hash of the scorer.
    """

    agreement: Agreement
    disagreements: tuple[Disagreement, ...]
    faces: dict[str, FaceId]
    scorer: str


def compare_with_model(
    library: Library,
    path: Path,
    method: MosMethod = MosMethod.P910,
    *,
    attribute: str = "",
    scorer: str = "",
) -> Compared:
    """Compare the scores that a library has with a study's MOS, and say where they differ.

    Args:
        library: With the study's faces.
        path: The study file.
        method: How the MOS is made.
        attribute: What was judged; empty: the study's first.
        scorer: Hash of a scorer; empty: the library's.

    Raises:
        StudyError: As `publish`; ``compare.few``: too few of the faces have a score.
    """
    matched = _matched(library, path, method, attribute)
    ids = [face for face, _ in matched.faces]
    rows = {row.id: row for row in library.views.face_rows(ids, scorer=scorer)}
    results = [result for _, result in matched.faces]
    score = _column([rows[face].score for face in ids])
    spread = _column([rows[face].spread for face in ids])
    mos = _column([one.mos for one in results])
    half = _column([one.half_width for one in results])
    agreement = compare(score, mos, half)
    names = [one.name for one in results]
    found = disagreements(
        names,
        score,
        mos,
        half_width=half,
        spread=normal_quantile(0.975) * np.nan_to_num(spread),
        mapping=agreement.mapping,
    )
    used = scorer or next((row.scorer_hash for row in rows.values() if row.scorer_hash), "")
    return Compared(
        agreement=agreement,
        disagreements=tuple(found),
        faces=dict(zip(names, ids, strict=True)),
        scorer=used,
    )


def _column(values: Sequence[float | None]) -> npt.NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def opinion_of(face: FaceId, one: StimulusResult, found: Analysis) -> Opinion:
    """One result on [0, 1]: the share of the study's scale, as scores have it.

    One rating says nothing of an interval: then it is the whole scale.
    """
    width = found.high - found.low

    def share(value: float) -> float:
        return float(np.clip((value - found.low) / width, 0.0, 1.0))

    low, high = one.ci95
    return Opinion(
        face_id=face,
        mos=share(one.mos if one.mos is not None else found.low),
        ci_low=0.0 if low is None else share(low),
        ci_high=1.0 if high is None else share(high),
        n=one.n,
        raters=sum(rater.used for rater in found.raters),
        disagreement=0.0 if one.sd is None else one.sd / width,
    )


@dataclass(frozen=True)
class _Matched:
    """A study's results with the faces that they are of."""

    study: Study
    found: Analysis
    faces: list[tuple[FaceId, StimulusResult]]
    by_content: int
    unknown: tuple[str, ...]


def _matched(library: Library, path: Path, method: MosMethod, attribute: str) -> _Matched:
    with file.opened(path) as opened:
        found = stored.analyse_study(opened, method, attribute=attribute)
        study, folder = opened.study, opened.pictures
    results = {one.name: one for one in found.stimuli if one.mos is not None}
    stimuli = [stimulus for stimulus in study.stimuli if stimulus.name in results]
    content = _by_content(library, stimuli, folder)
    rest = [stimulus for stimulus in stimuli if stimulus.hash not in content]
    faces = {**_by_name(library, rest, folder), **content}
    return _Matched(
        study,
        found,
        [(faces[one.hash], results[one.name]) for one in stimuli if one.hash in faces],
        len(content),
        tuple(one.name for one in stimuli if one.hash not in faces),
    )


# --- which face -----------------------------------------------------------------------------


def _by_content(library: Library, stimuli: Sequence[Stimulus], folder: Path) -> dict[str, FaceId]:
    """Faces whose crop looks like the picture of a stimulus, and like no other's."""
    ids, hashes = library.vectors.hashes()
    found: dict[str, FaceId] = {}
    if not len(ids):
        return found
    for stimulus in stimuli:
        if not pictures.file_of(folder, stimulus.hash).is_file():
            continue
        own = likeness(pictures.normalised(pictures.load(folder, stimulus.hash)))
        face = _nearest(own, ids, hashes)
        if face is not None:
            found[stimulus.hash] = face
    return _only_once(found)


def _nearest(own: int, ids: npt.NDArray[np.int64], hashes: npt.NDArray[np.uint64]) -> FaceId | None:
    apart = bits_apart(own, hashes)
    best = int(np.argmin(apart))
    others = np.delete(apart, best)
    if apart[best] > _ALIKE or (len(others) and others.min() < apart[best] + _APART):
        return None
    return FaceId(int(ids[best]))


def _only_once(found: dict[str, FaceId]) -> dict[str, FaceId]:
    """Without the faces that two stimuli claim."""
    claimed: dict[FaceId, int] = defaultdict(int)
    for face in found.values():
        claimed[face] += 1
    return {digest: face for digest, face in found.items() if claimed[face] == 1}


def _by_name(library: Library, stimuli: Sequence[Stimulus], folder: Path) -> dict[str, FaceId]:
    """The only, or largest, face of the one photo that a stimulus' name is the path of."""
    if not stimuli:
        return {}
    photo_ids = library.views.ids(Query(subject=Subject.PHOTOS))
    of_end: dict[str, list[tuple[int, PurePosixPath]]] = defaultdict(list)
    for key, path in library.photos.paths(photo_ids.tolist()).items():
        whole = PurePosixPath(str(path_from_bytes(path)))
        of_end[whole.name].append((int(key), whole))
    found: dict[str, FaceId] = {}
    for stimulus in stimuli:
        name = PurePosixPath(stimulus.name.replace("\\", "/"))
        parts = tuple(part for part in name.parts if part not in {".", "..", "/"})
        fitting = [
            (key, path)
            for key, path in of_end.get(name.name, [])
            if path.parts[-len(parts) :] == parts
        ]
        if len(fitting) != 1 or not _same_picture(fitting[0][1], stimulus, folder):
            continue
        faces = library.faces.of_photo(fitting[0][0])
        if faces:
            largest = max(faces, key=lambda face: face.row.box.width * face.row.box.height)
            found[stimulus.hash] = largest.row.id
    return _only_once(found)


def _same_picture(photo: PurePosixPath, stimulus: Stimulus, folder: Path) -> bool:
    """Whether a photo is what people saw; a table of names alone is believed."""
    if not pictures.file_of(folder, stimulus.hash).is_file():
        return True
    try:
        return pictures.pixel_hash(pictures.normalised(Path(photo))) == stimulus.hash
    except StudyError:
        return False
