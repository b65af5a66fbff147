"""Label files as people have them, each read as its author meant it."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from fiqa_training.data import labels_csv, tables
from fiqa_training.data.labels_csv import inside, read_label_rows
from fiqa_training.errors import TrainingError

NAMES = ["a.jpg", "b.jpg", "sub/a.jpg", "Müller.jpg", "IMG_1.JPG"]
PLAIN = "image,mos\na.jpg,4.5\nb.jpg,3\nsub/a.jpg,2.25\n"
WANTED = {"a.jpg": 4.5, "b.jpg": 3.0, "sub/a.jpg": 2.25}


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    (folder / "sub").mkdir(parents=True)
    for name in NAMES:
        (folder / name).touch()
    return folder


def read(images: Path, content: str | bytes) -> tuple[dict[str, float], list[str]]:
    labels = images.parent / "labels.csv"
    labels.write_bytes(content.encode() if isinstance(content, str) else content)
    rows, skipped = read_label_rows(labels, images)
    found = {row.path.relative_to(images).as_posix(): row.mos for row in rows}
    return found, [each.reason for each in skipped]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", ";").replace(".5", ",5").replace(".25", ",25"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "\t").replace(".5", ",5").replace(".25", ",25"),
        PLAIN.replace(",", "|"),
        "sep=;\n" + PLAIN.replace(",", ";"),
        "SEP=\t\r\n" + PLAIN.replace(",", "\t"),
        PLAIN.replace("\n", "\r\n"),
        "\n\n" + PLAIN.replace("\n", "\n\n"),
        PLAIN.replace("\n", ",,,\n") + ",,,,\n,,,,\n",
        PLAIN.upper().replace(".JPG", ".jpg").replace("A.", "a.").replace("B.", "b.")
        .replace("SUB", "sub"),
        'image,mos\n"a.jpg","4,5"\n"b.jpg","3"\n"sub/a.jpg","2,25"\n',
        "mos,image\n 4.5 , a.jpg \n3,b.jpg\n2.25,sub/a.jpg",
        "filename,score\na.jpg,4.5\nb.jpg,3\nsub/a.jpg,2.25\n",
        PLAIN.replace("sub/", "sub\\"),
        PLAIN.replace("sub/", "./sub/../sub//"),
        *(PLAIN.encode(e) for e in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")),
    ],
)  # fmt: skip
def test_every_way_to_write_the_same_table(images: Path, content: str | bytes) -> None:
    found, skipped = read(images, content)
    assert found == WANTED
    assert skipped == []


def test_absolute_paths_inside_the_folder(images: Path) -> None:
    link = images.parent / "link"
    link.symlink_to(images)
    found, skipped = read(images, f"image,mos\n{images}/a.jpg,1\n{images}/sub/a.jpg,2\n/etc/x,3\n")
    assert found == {"a.jpg": 1, "sub/a.jpg": 2}
    assert skipped == ["Its absolute path does not lie in the folder of pictures."]
    labels = images.parent / "labels.csv"
    labels.write_text(f"image,mos\n{images}/b.jpg,1\n", "utf-8")
    rows, _ = read_label_rows(labels, link)
    assert [row.path for row in rows] == [link / "b.jpg"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_in_any_encoding_and_form(images: Path, encoding: str, form: str) -> None:
    if (encoding, form) == ("cp1252", "NFD"):
        pytest.skip("Windows-1252 has no combining marks")
    name = unicodedata.normalize(form, "Müller.jpg")
    found, skipped = read(images, f"image,mos\n{name},4\n".encode(encoding))
    assert found == {"Müller.jpg": 4}
    assert skipped == []


def test_a_name_that_differs_in_case_alone(images: Path) -> None:
    assert read(images, "image,mos\nimg_1.jpg,4\n")[0] == {"IMG_1.JPG": 4}
    (images / "img_1.JPG").touch()
    assert read(images, "image,mos\nimg_1.jpg,4\n")[1] == ["There is no such file."]


def test_one_row_a_rater(images: Path) -> None:
    labels = images.parent / "labels.csv"
    labels.write_text("image;rater;mos\na.jpg;1;4,0\na.jpg;2;2,0\n./a.jpg;3;3,0\nb.jpg;1;5\n")
    (first, second), skipped = read_label_rows(labels, images)
    assert (first.mos, first.count, first.spread) == (3.0, 3, 1.0)
    assert (second.mos, second.count, second.spread) == (5.0, 1, None)
    assert skipped == []
    assert first.fields["rater"] == "1"


def test_several_rows_of_most_pictures_are_opinions_even_without_raters(images: Path) -> None:
    found, skipped = read(images, "image,mos\na.jpg,4\na.jpg,2\nb.jpg,1\nb.jpg,2\n")
    assert found == {"a.jpg": 3, "b.jpg": 1.5}
    assert skipped == []


def test_a_picture_listed_twice_by_mistake(images: Path) -> None:
    content = "image,mos\na.jpg,4\nb.jpg,1\nsub/a.jpg,2\n./a.jpg,5\n"
    found, skipped = read(images, content)
    assert found == {"a.jpg": 4, "b.jpg": 1, "sub/a.jpg": 2}
    assert skipped == ["It is listed twice; the first row counts."]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a.jpg,good", "Its label 'good' is not a number."),
        ("a.jpg,", "Its label '' is not a number."),
        ("a.jpg,nan", "Its label 'nan' is not a number."),
        ("a.jpg", "Its label '' is not a number."),
        (",4", "Its row names no picture."),
        ("../a.jpg,4", "Its name leads out of the folder of pictures."),
        ("C:\\photos\\a.jpg,4", "Its absolute path does not lie in the folder of pictures."),
        ("gone.jpg,4", "There is no such file."),
        ("a.jpg,4,6", f"Its row has 3 values for 2 columns. {labels_csv.DECIMAL_COMMA}"),
    ],
)
def test_why_a_row_is_left_out(images: Path, row: str, reason: str) -> None:
    assert read(images, f"image,mos\n{row}\nb.jpg,1\n") == ({"b.jpg": 1}, [reason])


@pytest.mark.parametrize(
    ("text", "number"),
    [("4.5", 4.5), ("4,5", 4.5), ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("1 234,5", 1234.5),
     ("-3", -3.0), ("1e-3", 0.001)],
)  # fmt: skip
def test_numbers(tmp_path: Path, text: str, number: float) -> None:
    assert tables.Table(tmp_path, (), ";", "utf-8").number(text) == number


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"image,mos,mos\na.jpg,1,2\n", "two columns of the name 'mos'"),
        (b"image;Mos;note;NOTE\na.jpg;1;;\n", "two columns of the name 'note'"),
        (b"image,mos\n", "holds no rows"),
        (b"", "holds no rows"),
        (b"picture,mos\na.jpg,1\n", "lacks the column image"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not a text file"),
        (b"image,mos\n" + b"x" * 200_000 + b",1\n", "is not a CSV file"),
    ],
)
def test_what_is_refused(images: Path, content: bytes, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        read(images, content)


def test_very_many_rows_are_gathered_as_they_come(
    images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row a rater of few pictures takes little memory; too many pictures are refused."""
    labels = images.parent / "labels.csv"
    with labels.open("w", encoding="utf-8") as file:
        file.write("image,rater,mos\n")
        file.writelines(f"{NAMES[i % 2]},{i // 2},{i % 5}\n" for i in range(200_000))
    rows, skipped = read_label_rows(labels, images)
    assert [row.count for row in rows] == [100_000, 100_000]
    assert skipped == []
    monkeypatch.setattr(labels_csv, "_MOST_PICTURES", 1)
    with pytest.raises(TrainingError, match="names more than 1 pictures"):
        read_label_rows(labels, images)


def test_reasons_do_not_grow_without_end(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels_csv, "_MOST_SKIPPED", 10)
    assert len(read(images, "image,mos\n" + "gone.jpg,1\n" * 50 + "a.jpg,1\n")[1]) == 10


def test_names_that_lead_out_have_no_path(images: Path) -> None:
    for name in ("..", "../x", "a/../../x", "/etc/passwd", "", "c:/x", "a\0b", "."):
        assert inside(images, name) is None
    assert inside(images, "sub/../a.jpg") == images / "a.jpg"
