"""Foreign tables: whatever they look like, their ratings and their plain MOS come out."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.exchange.columns import parse_columns
from fiqa_studio.study.exchange.foreign import Duplicates, Imported, Layout, read_table
from fiqa_studio.study.mos import MosMethod, estimate
from tests.study.tables import (
    GAPS,
    PEOPLE,
    RATERS,
    RATINGS,
    STIMULI,
    Cells,
    long,
    matrix,
    text,
    turned,
    wide,
)

NUMBERED = [str(i + 1) for i in range(30)]
HALVES = RATINGS * 1.25 - 0.25
GIVEN = np.mean(RATINGS, axis=1)
REPEATED = np.nanmean(np.hstack([RATINGS, GAPS]), axis=1)
SPREAD = RATINGS.std(axis=1, ddof=1)


def read(
    tmp_path: Path, data: str | bytes, layout: str, *, ending: str = "csv", **more: Any
) -> Imported:
    path = tmp_path / f"table.{ending}"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_table(path, Layout(layout), **more)


def holds(found: Imported, mos: np.ndarray = GIVEN, names: list[str] = STIMULI) -> None:
    ratings = found.ratings()
    assert list(ratings.stimuli) == names
    np.testing.assert_allclose(estimate(ratings, MosMethod.MOS).mos, mos, rtol=1e-13)


def around(rows: Cells, before: list[list[object]], after: list[list[object]]) -> Cells:
    """Columns put after the first one and at the end of each row."""
    return [[row[0], *b, *row[1:], *a] for row, b, a in zip(rows, before, after, strict=True)]


def computed(name: str, values: np.ndarray, digits: int = 4) -> list[object]:
    return [name, *[f"{value:.{digits}f}" for value in values]]


WIDE: dict[str, str | bytes] = {
    "plain": text(wide()),
    "a rater a row": text(turned(wide())),
    "no corner": text(wide(corner="")),
    "both in the corner": text(wide(corner="image / rater", raters=range(1, 13))),
    "both in the corner, turned": text(turned(wide(corner="rater\\image", raters=PEOPLE))),
    "people's names": text(wide(raters=PEOPLE)),
    "people's names, turned": text(turned(wide(corner="participant", raters=PEOPLE))),
    "numbers over columns": text(wide(raters=range(1, 13))),
    "semicolons and a mark of order": text(wide(), ";").encode("utf-8-sig"),
    "UTF-16": text(wide(), "\t").encode("utf-16"),
    "UTF-16 without its mark": text(wide(), "\t").encode("utf-16-le"),
    "Windows": text(wide(raters=[f"Prüfer {i}" for i in range(12)]), ";").encode("cp1252"),
    "Excel's separator line": "sep=;\n" + text(wide(), ";"),
    "carriage returns": text(wide()).replace("\n", "\r\n"),
    "old Macintosh": text(wide()).replace("\n", "\r"),
    "empty columns behind": text([[*row, "", ""] for row in wide()]),
    "a title above": text([["Results 2019"], [], *wide()]),
    "remarks above": text([["# collected in May"], ["# 12 people"], *wide()]),
    "means below": text(
        [*wide(), computed("mean", RATINGS.mean(0)), computed("SD", RATINGS.std(0))]
    ),
    "no header": text(wide()[1:]),
    "statistics beside": text(
        around(
            wide(),
            [["width", "height"], *[[512, 640]] * 30],
            turned([computed("MOS", GIVEN), computed("Std.Dev", SPREAD), ["N", *[12] * 30]]),
        )
    ),
    "statistics under odd names beside people": text(
        around(
            wide(raters=PEOPLE),
            [["foo"], *[[512]] * 30],
            turned([computed("xq", GIVEN), computed("zz", SPREAD, 3)]),
        )
    ),
    "who the raters are": text(
        around(
            turned(wide(corner="Subject")),
            [
                ["Age", "Gender", "Timestamp"],
                *[[30 + j, "mf"[j % 2], "2024/01/02 10:00"] for j in range(12)],
            ],
            [[]] * 13,
        )
    ),
    "a row twice": text([*wide(), wide()[7]]),
}  # fmt: skip


@pytest.mark.parametrize("name", list(WIDE))
def test_a_matrix_with_names(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, WIDE[name], "wide")
    holds(found)
    assert len(found.ratings().raters) == 12
    assert (found.low, found.high) == (1.0, 5.0)


@pytest.mark.parametrize("missing", ["", "nan", "NA", "-", "n/a", "#N/A", "."])
def test_missing_ratings_are_counted(tmp_path: Path, missing: str) -> None:
    found = read(tmp_path, text(wide(GAPS, missing=missing)), "wide")
    holds(found, np.nanmean(GAPS, axis=1))
    assert found.missing == np.isnan(GAPS).sum()
    assert found.problems == ()


def test_a_stimulus_and_a_rater_without_ratings_are_said(tmp_path: Path) -> None:
    values = RATINGS.copy()
    values[4], values[:, 2] = np.nan, np.nan
    found = read(tmp_path, text(wide(values)), "wide")
    assert list(found.ratings().stimuli) == STIMULI
    assert found.nobody == ("r3",)
    assert any("1 stimuli have no rating" in said for said in found.warnings())


def test_decimal_commas(tmp_path: Path) -> None:
    rows = [
        [str(cell).replace(".", ",") if i and j else cell for j, cell in enumerate(row)]
        for i, row in enumerate(wide(HALVES))
    ]
    mos = HALVES.mean(axis=1)
    holds(read(tmp_path, text(rows, ";"), "wide"), mos)
    holds(read(tmp_path, text(rows, "\t"), "wide"), mos)
    quoted = [[f'"{cell}"' if j else cell for j, cell in enumerate(row)] for row in rows]
    holds(read(tmp_path, text(quoted), "wide"), mos)
    bare = [row[1:] for row in rows[1:]]
    holds(read(tmp_path, text(bare, ";"), "p910"), mos, NUMBERED)


def test_matrices_without_names_are_numbered(tmp_path: Path) -> None:
    holds(read(tmp_path, text(matrix()), "wide"), names=NUMBERED)
    holds(read(tmp_path, text([RATERS, *matrix()]), "wide"), names=NUMBERED)
    numbered: Cells = [["id", *RATERS], *[[i + 1, *row] for i, row in enumerate(matrix())]]
    holds(read(tmp_path, text(numbered), "wide"), names=NUMBERED)


def test_names_with_paths_commas_and_accents_stay_as_they_are(tmp_path: Path) -> None:
    for before in ("C:\\data\\set 1\\", "./faces/", "a, b é ", "../x/"):
        rows = wide()
        names = [before + name for name in STIMULI]
        for row, name in zip(rows[1:], names, strict=True):
            row[0] = f'"{name}"'
        holds(read(tmp_path, text(rows), "wide"), names=names)


def test_two_ways_to_write_an_accent_are_one_name(tmp_path: Path) -> None:
    rows: Cells = [["image", "rater", "score"], ["e\u0301.jpg", "a", 2], ["\u00e9.jpg", "b", 4]]
    found = read(tmp_path, text(rows), "long").ratings()
    assert len(found.stimuli) == 1


def test_several_columns_name_a_stimulus_together(tmp_path: Path) -> None:
    rows: Cells = [["content", "codec", "qp", *RATERS]]
    rows += [[f"c{i // 6}", "ab"[i % 6 // 3], 22 + i % 3, *row] for i, row in enumerate(matrix())]
    names = [f"c{i // 6} / {'ab'[i % 6 // 3]} / {22 + i % 3}" for i in range(30)]
    holds(read(tmp_path, text(rows), "wide"), names=names)


HEADERS = [
    ("image", "rater", "score"), ("Stimulus", "Subject", "Rating"), ("IMAGE ", " Rater", "SCORE"),
    ("filename", "worker_id", "opinion score"), ("Wine", "Judge", "Scores"),
    ("Image Name", "Participant ID", "Quality (1-5)"), ("img", "obs", "vote"),
    ("Bild", "Teilnehmer", "Bewertung"), ("pvs", "observer", "OS"), ("name", "who", "mark"),
    ("A", "B", "C"), (),
]  # fmt: skip


ORDERS = [(header, (0, 1, 2)) for header in HEADERS] + [
    # With names that say nothing only the order of the columns tells them apart.
    (header, (1, 2, 0))
    for header in HEADERS
    if header[:1] not in {("A",), ("name",)}
]


@pytest.mark.parametrize(("header", "order"), ORDERS)
def test_one_rating_a_row(tmp_path: Path, header: tuple[str, ...], order: tuple[int, ...]) -> None:
    rows = [[row[i] for i in order] for row in long(header=header)]
    holds(read(tmp_path, text(rows), "long"))


def test_other_columns_do_not_disturb(tmp_path: Path) -> None:
    rows: Cells = [
        ["trial", "image", "distortion", "level", "rater", "age", "rating", "rt_ms", "date"]
    ]
    rows += [
        [k, image, "blur", 2, rater, 33, value, 900 + k, "2020-01-01"]
        for k, (image, rater, value) in enumerate(long(header=()))
    ]
    found = read(tmp_path, text(rows, "\t"), "long")
    holds(found)
    assert found.rows[3].reaction_ms == 903.0
    counted: Cells = [["", *long()[0]], *[[k, *row] for k, row in enumerate(long(header=()))]]
    holds(read(tmp_path, text(counted), "long"))
    ids: Cells = [["user_id", "item_id", "rating", "timestamp"]]
    ids += [[j + 1, i + 1, int(v), 10**6 + i * j] for (i, j), v in np.ndenumerate(RATINGS)]
    holds(read(tmp_path, text(ids), "long"), names=NUMBERED)


def test_columns_can_be_named(tmp_path: Path) -> None:
    rows: Cells = [["x", "y", "z", "w"]] + [[v, i, r, 7] for i, r, v in long(header=())]
    named = parse_columns(["stimulus=y,rater=z", "rating=x"])
    holds(read(tmp_path, text(rows), "long", columns=named))
    chosen = parse_columns(["raters=2..4", "stimulus=image"])
    holds(read(tmp_path, text(wide()), "wide", columns=chosen), RATINGS[:, :3].mean(axis=1))
    left = parse_columns(["ignore=r1|r2"])
    holds(read(tmp_path, text(wide()), "wide", columns=left), RATINGS[:, 2:].mean(axis=1))
    forced = parse_columns(["rows=raters"])
    found = read(tmp_path, text(wide()), "wide", columns=forced).ratings()
    assert list(found.stimuli) == RATERS
    with pytest.raises(StudyError, match="no column"):
        read(tmp_path, text(rows), "long", columns={"rating": "nowhere"})
    for wrong in ("rating", "colour=x", "rating="):
        with pytest.raises(StudyError, match="does not name"):
            parse_columns([wrong])


@pytest.mark.parametrize(
    ("low", "high"), [(0, 100), (1, 100), (1, 9), (-3, 3), (0, 10), (1, 7), (0, 1), (-2, 2)]
)
def test_scales(tmp_path: Path, low: float, high: float) -> None:
    values = low + (RATINGS - 1) / 4 * (high - low)
    found = read(tmp_path, text(long(values)), "long")
    holds(found, values.mean(axis=1))
    assert (found.low, found.high) == (low, high)
    other_minus = text(wide(values)).replace("-", "\u2212")
    holds(read(tmp_path, other_minus, "wide"), values.mean(axis=1))


def test_ratings_that_cannot_be_are_left_out_and_named(tmp_path: Path) -> None:
    rows, values = long(), RATINGS.copy()
    for k, wrong in ((5, 99), (77, -1), (200, "7"), (30, "abc")):
        rows[1 + k][2] = wrong
        values[k // 12, k % 12] = np.nan
    found = read(tmp_path, text(rows), "long")
    holds(found, np.nanmean(values, axis=1))
    kinds = {(problem.line, problem.kind) for problem in found.problems}
    assert kinds == {
        (7, "out-of-range"), (79, "out-of-range"), (202, "out-of-range"), (32, "unreadable"),
    }  # fmt: skip
    assert "Line 7, score: 99 is not on the scale from 1 to 5." in found.warnings()
    with pytest.raises(StudyError, match="not on the scale"):
        read(tmp_path, text(rows), "long", scale="3..5")


@pytest.mark.parametrize("wrong", [150, -5, 999, -1])
def test_a_slider_has_no_rating_beyond_its_ends(tmp_path: Path, wrong: int) -> None:
    values = np.clip(np.round((RATINGS - 1) * 25 + np.arange(12)), 3, 97)
    rows = long(values)
    rows[1][2] = wrong
    values[0, 0] = np.nan
    holds(read(tmp_path, text(rows), "long"), np.nanmean(values, axis=1))


@pytest.mark.parametrize("code", [-1, 99, 0, -99, 999])
def test_a_code_for_nothing_is_no_rating(tmp_path: Path, code: int) -> None:
    generator = np.random.default_rng(1)
    values = np.where(generator.random(RATINGS.shape) < 0.4, np.nan, RATINGS)
    found = read(tmp_path, text(wide(values, missing=str(code))), "wide")
    holds(found, np.nanmean(values, axis=1))
    assert found.missing == np.isnan(values).sum()
    assert any("“not rated”" in said for said in found.warnings())


def test_ends_of_a_longer_scale_are_kept(tmp_path: Path) -> None:
    values = RATINGS * 2 - 1.0
    values[0, :2], values[1, :2] = 10, 10
    found = read(tmp_path, text(long(values)), "long")
    assert (found.low, found.high) == (1.0, 10.0)
    assert found.problems == ()


def test_ratings_given_twice(tmp_path: Path) -> None:
    rows = long()
    slip = read(tmp_path, text([*rows, rows[8], rows[100]]), "long")
    holds(slip)
    assert [(p.line, p.kind) for p in slip.problems] == [(362, "duplicate"), (363, "duplicate")]
    again: Cells = [[STIMULI[0], "r1", 6 - int(RATINGS[0, 0])]]
    if RATINGS[0, 0] == 3:
        again[0][2] = 1
    mos = GIVEN.copy()
    mos[0] = np.mean([*RATINGS[0], again[0][2]])
    other = read(tmp_path, text([*rows, *again]), "long")
    holds(other, mos)
    assert other.rows[-1].kind == "repeat"
    assert any("count as repetitions" in said for said in other.warnings())
    holds(read(tmp_path, text([*rows, *again]), "long", duplicates=Duplicates.FIRST))
    last = GIVEN.copy()
    last[0] = np.mean([*RATINGS[0, 1:], again[0][2]])
    holds(read(tmp_path, text([*rows, *again]), "long", duplicates=Duplicates.LAST), last)


def test_people_asked_twice_often_say_the_same(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    second = np.clip(RATINGS + generator.integers(-1, 2, RATINGS.shape), 1, 5)
    found = read(tmp_path, text([*long(), *long(second, header=())]), "long")
    holds(found, np.hstack([RATINGS, second]).mean(axis=1))
    assert found.problems == ()
    columns = [f"{rater}_rep{k}" for rater in RATERS[:6] for k in (1, 2)]
    assert read(tmp_path, text(wide(raters=columns)), "wide").ratings().cube().shape == (30, 6, 2)


def test_p910(tmp_path: Path) -> None:
    holds(read(tmp_path, text(matrix()), "p910"), names=NUMBERED)
    for between in (",\n", "," * 11 + "\n"):  # a lone comma, and what a spreadsheet makes of it
        both = text(matrix()) + between + text(matrix(GAPS))
        holds(read(tmp_path, both, "p910"), REPEATED, NUMBERED)
    holds(read(tmp_path, text(wide()), "p910"))
    with pytest.raises(StudyError, match="differ in size"):
        read(tmp_path, text(matrix()) + ",\n" + text(matrix()[:7]), "p910")


def workbook(rows: Cells, more: tuple[str, ...] = ()) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        numbers = [
            float(c) if isinstance(c, str) and c.replace(".", "").isdigit() else c for c in row
        ]
        book.active.append([None if cell == "" else cell for cell in numbers])
    for name in more:
        book.create_sheet(name)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def test_workbooks(tmp_path: Path) -> None:
    for rows, layout in (
        (wide(), "wide"), (turned(wide()), "wide"), (long(), "long"),
        ([["Study of May"], [], *wide()], "wide"),
    ):  # fmt: skip
        holds(read(tmp_path, workbook(rows, ("empty",)), layout, ending="xlsx"))
    both = workbook([*matrix(), [], *matrix(RATINGS)])
    holds(read(tmp_path, both, "p910", ending="xlsx"), names=NUMBERED)
    holds(read(tmp_path, workbook(wide(GAPS)), "wide", ending="xlsx"), np.nanmean(GAPS, axis=1))
    with pytest.raises(StudyError, match="no sheet"):
        read(tmp_path, workbook(wide()), "wide", ending="xlsx", sheet="May")
    with pytest.raises(StudyError, match="workbook"):
        read(tmp_path, workbook(wide())[:2000], "wide", ending="xlsx")


def test_words_percent_and_printed_tables(tmp_path: Path) -> None:
    words = ("Bad", "Poor", "Fair", "Good", "Excellent")
    said: Cells = [[i, r, words[int(v) - 1]] for i, r, v in long(header=())]
    holds(read(tmp_path, text([long()[0], *said]), "long"))
    both: Cells = [[i, r, f"{v} - {words[int(v) - 1]}"] for i, r, v in long(header=())]
    holds(read(tmp_path, text([long()[0], *both]), "long"))
    percent: Cells = [[i, r, f"{int(v) * 20} %"] for i, r, v in long(header=())]
    holds(read(tmp_path, text([long()[0], *percent]), "long"), GIVEN * 20)
    printed: Cells = [[i if r == "r1" else "", r, v] for i, r, v in long(header=())]
    holds(read(tmp_path, text([long()[0], *printed]), "long"))
    blanks = text(long(header=()), " ")
    holds(read(tmp_path, blanks, "long", ending="txt"))
    decimals: Cells = [[i, f"{str(r)[1:]}.0", v] for i, r, v in long(header=())]
    found = read(tmp_path, text([long()[0], *decimals]), "long")
    assert found.ratings().raters[0] == "1"


@pytest.mark.parametrize(
    ("data", "layout", "message"),
    [
        ("", "long", "no cells"),
        ("image,rater,score\n", "long", "no rows"),
        (bytes(range(256)) * 40, "long", "no text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "wide", "before 2007"),
        ("image,score\na,1\nb,2\n", "long", "rater"),
        ("a,b,c\nx,y,z\nx,y,z\n", "wide", "no columns of ratings"),
        ("image,rater,score\na,r1,\nb,r1,nan\n", "long", "No ratings were found"),
        ("{", "sureal", "no data set of sureal"),
        ("{}", "sureal", "no data set of sureal"),
        ('{"dis_videos": [{"path": "a"}]}', "sureal", "no data set of sureal"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_ratings_is_said(
    tmp_path: Path, data: str | bytes, layout: str, message: str
) -> None:
    with pytest.raises(StudyError) as caught:
        read(tmp_path, data, layout)
    assert message in str(caught.value)


def test_a_missing_file_is_a_known_error(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="cannot be read"):
        read_table(tmp_path / "no.csv", Layout.LONG)
    with pytest.raises(StudyError, match="is no scale"):
        read(tmp_path, text(long()), "long", scale="five")


def test_the_tables_own_mos_is_compared(tmp_path: Path) -> None:
    right = around(wide(), [[]] * 31, turned([computed("MOS", GIVEN)]))
    found = read(tmp_path, text(right), "wide")
    assert "The plain MOS is the table's own for all 30 stimuli." in found.warnings()
    moved = around(wide(), [[]] * 31, turned([computed("MOS", GIVEN + 0.3)]))
    found = read(tmp_path, text(moved), "wide")
    assert any("not the plain mean for 30 of 30" in said for said in found.warnings())


def test_a_dry_run_says_what_would_be_read(tmp_path: Path) -> None:
    said = json.loads(json.dumps(read(tmp_path, text(wide(GAPS)), "wide").as_json()))
    assert said["columns"]["rows"] == "stimuli"
    assert (said["stimuli"], said["raters"]) == (30, 12)
    assert said["ratings"] + said["missing"] == 360
    assert said["scale"]["high"] == 5.0
