"""The inspector's facts as rows of a name and a value; empty values are left out. No Qt."""

from __future__ import annotations

from fiqa_studio.domain.photos import Exif, FaceDetail, FaceRow, PhotoRow
from fiqa_studio.domain.scores import Score, ScorerInfo
from fiqa_studio.ui.widgets.words import (
    bytes_said,
    exposure_said,
    eyes_said,
    pose_said,
    size_said,
    time_said,
)

Rows = tuple[tuple[str, str], ...]


def of_face(face: FaceDetail) -> Rows:
    """What the index found."""
    row = face.row
    return (
        ("Eye distance", f"{row.eye_distance:.0f} px"),
        ("Head", pose_said(row.pose)),
        ("Eyes", eyes_said(row.eyes_open)),
        ("Detected", f"{100 * face.confidence:.0f} % sure"),
    )


def of_score(
    row: FaceRow, scorer: ScorerInfo | None, score: Score | None
) -> tuple[Rows, dict[str, str]]:
    """Where a score comes from, and more of it by the name of the row."""
    rows = (
        ("Scorer", scorer.title if scorer is not None else row.scorer),
        ("Version", row.scorer_hash[:8]),
        ("Ran on", "" if score is None else f"{score.device}, {score.precision}"),
        ("On", "" if score is None else time_said(score.scored_at)),
    )
    return rows, {
        "Scorer": "" if scorer is None else scorer.summary,
        "Version": f"Network, weights and preprocessing: {row.scorer_hash}",
    }


def of_exif(exif: Exif) -> Rows:
    """What the camera wrote."""
    return (
        ("Taken", time_said(exif.taken_at)),
        ("Camera", exif.camera),
        ("Lens", exif.lens),
        ("Exposure", exposure_said(exif)),
        ("Place", "Recorded in the file" if exif.has_gps else ""),
    )


def of_file(row: PhotoRow) -> Rows:
    """The file itself."""
    return (
        ("Dimensions", size_said(row.width, row.height) if row.width else ""),
        ("Format", " · ".join(p for p in (row.format, bytes_said(row.size)) if p)),
        ("State", "The file is gone" if row.missing else ""),
    )
