"""The user's choices between runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiqa_studio.ui.session.settings import DEFAULTS, Settings


def test_choices_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "window.json"
    settings = Settings(path)
    settings["theme"] = "light"
    settings["columns"] = [200, 800, 280]
    settings.save()
    again = Settings(path)
    assert (again["theme"], again["columns"]) == ("light", [200, 800, 280])


@pytest.mark.allows_log("are damaged")
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b'{"theme": '])
def test_a_damaged_file_falls_back_and_is_set_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "window.json"
    path.write_bytes(content)
    settings = Settings(path)
    assert settings["theme"] == DEFAULTS["theme"]
    assert (tmp_path / "window.damaged.json").read_bytes() == content


@pytest.mark.parametrize(
    "content",
    ["[]", "3", '{"theme": 3, "columns": [1, "a"], "descending": 1, "thumbnail-size": true}'],
)
def test_values_of_the_wrong_kind_fall_back(tmp_path: Path, content: str) -> None:
    path = tmp_path / "window.json"
    path.write_text(content)
    settings = Settings(path)
    settings.declare({"thumbnail-size": 176})
    wanted = {**DEFAULTS, "thumbnail-size": 176}
    assert {name: settings[name] for name in wanted} == wanted


def test_choices_of_a_feature_that_is_not_here_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "window.json"
    path.write_text('{"culling.auto-advance": false}')
    settings = Settings(path)
    settings["theme"] = "light"
    settings.save()
    again = Settings(path)
    again.declare({"culling.auto-advance": True})
    assert again["culling.auto-advance"] is False


def test_unknown_choices_are_mistakes(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "window.json")
    with pytest.raises(KeyError):
        settings["no such choice"]
    with pytest.raises(TypeError):
        settings["theme"] = 3


@pytest.mark.allows_log("could not be saved")
def test_a_disk_that_refuses_is_not_fatal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = Settings(tmp_path / "file" / "window.json")
    settings["theme"] = "light"
    settings.save()
    assert settings["theme"] == "light"
