"""Promises of the house that no single package can keep alone."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]

_WITHOUT_QT = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"PySide6", "shiboken6", "pyqtgraph"}:
            raise ImportError(f"{name} is not here")
sys.meta_path.insert(0, Refuse())
import fiqa_studio.cli, fiqa_studio.engine.engine, fiqa_studio.engine.worker.supervisor
import fiqa_studio.exports.csv, fiqa_studio.store.library, fiqa_studio.vision.index
import fiqa_models.registry, fiqa_training.cli
fiqa_studio.cli.main(["scorers"])
"""

_WINDOW = """
import sys
import fiqa_studio.ui.app, fiqa_studio.ui.shell.window, fiqa_studio.cli
heavy = {"torch", "cv2", "mediapipe", "timm", "pandas", "scipy", "fiqa_models.registry"}
print(sorted(heavy & set(sys.modules)))
"""


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )


def test_everything_but_the_window_runs_where_qt_cannot_be_imported() -> None:
    result = _python(_WITHOUT_QT)
    assert result.returncode == 0, result.stderr
    assert "sharpness" in result.stdout


def test_the_windows_process_imports_nothing_heavy() -> None:
    result = _python(_WINDOW)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"


def test_every_dependency_has_an_exact_version_in_the_constraints() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    for extra in project["project"]["optional-dependencies"].values():
        wanted += extra
    constraints = (CHECKOUT / "constraints.txt").read_text()
    pinned = {
        line.split("==")[0].lower().replace("_", "-")
        for line in constraints.splitlines()
        if "==" in line
    }
    names = {_name(requirement) for requirement in wanted} - {"fiqa-studio"}
    assert names - pinned == set()
    assert "://" not in constraints


def _name(requirement: str) -> str:
    for separator in "<>=![ ;":
        requirement = requirement.split(separator, maxsplit=1)[0]
    return requirement.lower().replace("_", "-")
