"""The study's own database: made, opened, guarded, read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import inspect, select

from fiqa_studio.study import file, foreign, raters, reading
from fiqa_studio.study import schema as s
from fiqa_studio.study.database import StudyDatabase, parse_url
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.values import TrialKind
from tests.study.values import a_rating, a_study, hashes


def test_the_migrations_make_what_the_declarations_say(database: StudyDatabase) -> None:
    with database.read() as connection:
        found = inspect(connection)
        assert set(found.get_table_names()) - {"alembic_version"} == set(s.metadata.tables)
        for name, table in s.metadata.tables.items():
            columns = {column["name"]: column["nullable"] for column in found.get_columns(name)}
            assert columns == {column.name: column.nullable for column in table.columns}
            declared = {index.name for index in table.indexes}
            assert {i["name"] for i in found.get_indexes(name)} >= declared
            uniques = {u["name"] for u in found.get_unique_constraints(name)}
            assert len(uniques) == sum(
                type(c).__name__ == "UniqueConstraint" for c in table.constraints
            )


def test_a_commit_is_on_the_disk_and_foreign_keys_hold(database: StudyDatabase) -> None:
    def pragmas(connection: object) -> list[object]:
        return [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()  # type: ignore[attr-defined]
            for name in ("synchronous", "foreign_keys", "journal_mode")
        ]

    assert database.write(pragmas) == [2, 1, "wal"]


def test_ratings_of_another_study_are_refused(study_path: Path) -> None:
    with pytest.raises(StudyError) as refused:
        StudyDatabase.open(file.default_database(study_path), study_id="f" * 32)
    assert refused.value.code == "study.other"


def test_a_newer_format_is_refused(study_path: Path) -> None:
    path = file.default_database(study_path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    connection.close()
    with pytest.raises(StudyError) as refused:
        StudyDatabase.open(path)
    assert refused.value.code == "study.newer"


def test_no_ratings_are_ever_overwritten(study_path: Path) -> None:
    with pytest.raises(StudyError) as refused:
        StudyDatabase.create(file.default_database(study_path), study_id="0", digest="")
    assert refused.value.code == "study.exists"


def test_a_missing_or_foreign_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StudyError) as missing:
        StudyDatabase.open(tmp_path / "gone.db")
    assert missing.value.code == "study.no-database"
    assert not (tmp_path / "gone.db").exists()
    (tmp_path / "text.db").write_text("this is no database at all, only some text" * 100)
    with pytest.raises(StudyError) as foreign_file:
        StudyDatabase.open(tmp_path / "text.db")
    assert foreign_file.value.code == "study.database"
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(StudyError) as other:
        StudyDatabase.open(tmp_path / "other.db")
    assert other.value.code == "study.not-a-study"


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://", "::://", "sqlite:///:memory:"])
def test_only_a_file_or_postgresql_will_do(url: str) -> None:
    with pytest.raises(StudyError) as refused:
        parse_url(url)
    assert refused.value.code == "study.database"


def test_a_password_is_never_shown() -> None:
    url = parse_url("postgresql://lab:secret@host/faces")
    assert url.drivername == "postgresql+pg8000"
    assert "secret" not in url.render_as_string(hide_password=True)


def test_imported_ratings_are_read_as_they_came(database: StudyDatabase) -> None:
    a, b, _ = hashes(3)
    given = [
        a_rating("Anna", a, 12.5, trial="1", attribute="quality"),
        a_rating("Anna", a, 40.0, trial="1", attribute="sharpness"),
        a_rating("Ben", b, 99.0, reaction_ms=1200.0, slider_start=50.0),
        a_rating("Anna", a, 14.0, kind=TrialKind.REPEAT),
    ]
    assert foreign.record(database, given) == 4
    found = reading.ratings(database)
    assert [(r.rater, r.index, r.attribute, r.value, r.kind) for r in found] == [
        ("Anna", 0, "quality", 12.5, "study"),
        ("Anna", 0, "sharpness", 40.0, "study"),
        ("Anna", 1, "quality", 14.0, "repeat"),
        ("Ben", 0, "quality", 99.0, "study"),
    ]
    assert found[3].reaction_ms == 1200.0
    assert found[3].slider_start == 50.0
    assert all(rating.final for rating in found)
    assert found[0].at == given[0].at
    assert [r.value for r in reading.counted(found)] == [12.5, 40.0, 99.0]
    last = reading.last_row(database)
    assert reading.ratings(database, after=last) == []
    with pytest.raises(StudyError) as taken:
        foreign.record(database, [a_rating("Cleo", a, 1.0), a_rating("Ben", a, 1.0)])
    assert taken.value.code == "rater.name"
    assert raters.named(database, "Cleo") is None
    assert reading.last_row(database) == last


def test_a_rater_can_be_forgotten_whole(database: StudyDatabase) -> None:
    a, *_ = hashes(1)
    foreign.record(database, [a_rating("Anna", a, 1.0), a_rating("Ben", a, 2.0)])
    anna = raters.named(database, "Anna")
    assert anna is not None
    raters.decide(database, anna.id, "use", value=False, reason="flat", rule="flat/1")
    raters.forget(database, anna.id)
    assert [rating.rater for rating in reading.ratings(database)] == ["Ben"]
    with database.read() as connection:
        for table in s.metadata.sorted_tables:
            if "rater_id" in table.c:
                rows = connection.execute(select(table.c.rater_id)).scalars().all()
                assert anna.id not in rows, table.name


def test_decisions_are_kept_all_and_the_newest_is_last(database: StudyDatabase) -> None:
    anna = raters.add(database, "Anna")
    raters.decide(database, anna.id, "accept", value=True, reason="all done")
    raters.decide(database, anna.id, "use", value=False, reason="inverted", rule="loo/1")
    raters.decide(database, anna.id, "use", value=True, reason="looked at the pictures")
    found = [(d.kind, d.value, d.reason, d.rule) for d in raters.decisions(database)]
    assert found == [
        ("accept", True, "all done", ""),
        ("use", False, "inverted", "loo/1"),
        ("use", True, "looked at the pictures", ""),
    ]


def test_names_are_unique_and_sensible(database: StudyDatabase) -> None:
    assert raters.add(database, "  Anna  Maria ").name == "Anna Maria"
    for bad in ("", "   ", "x" * 101, "a\x00b", "Anna Maria"):
        with pytest.raises(StudyError) as refused:
            raters.add(database, bad)
        assert refused.value.code == "rater.name"
    assert [rater.number for rater in raters.everybody(database)] == [0]


def test_the_design_may_change_only_until_somebody_began(tmp_path: Path) -> None:
    path = tmp_path / "faces.study"
    file.create(a_study(), path)
    path.unlink()
    file.write(a_study(title="Faces, again"), path)
    with file.opened(path) as opened:
        assert opened.study.title == "Faces, again"
        foreign.record(opened.database, [a_rating("Anna", hashes(1)[0], 5.0)])
    path.unlink()
    file.write(a_study(title="Changed under a rater"), path)
    with pytest.raises(StudyError) as refused, file.opened(path):
        pass
    assert refused.value.code == "study.changed"
