"""What this installation has: versions, devices, scorers, optional decoders."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import platform
from pathlib import Path

from fiqa_studio.engine.link.protocol import Description

_PACKAGES = (
    "fiqa-studio",
    "torch",
    "torchvision",
    "timm",
    "mediapipe",
    "opencv-contrib-python",
    "numpy",
    "pillow",
    "pillow-heif",
    "rawpy",
    "SQLAlchemy",
    "msgspec",
    "PySide6-Essentials",
)
_OPTIONAL_DECODERS = {"HEIC and AVIF (pillow-heif)": "pillow_heif", "RAW (rawpy)": "rawpy"}


def describe(request_id: int, *, devices: bool) -> Description:
    """Describe this installation; with ``devices``, torch is imported to ask it."""
    problems: list[str] = []
    decoders = {name: _usable(module, problems) for name, module in _OPTIONAL_DECODERS.items()}
    return Description(
        request_id=request_id,
        versions=_versions(),
        devices=_devices(problems) if devices else [],
        scorers=_scorers(problems),
        decoders=decoders,
        problems=problems,
    )


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version(), "platform": platform.platform()}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = ""
    return versions


def _usable(module: str, problems: list[str]) -> bool:
    if importlib.util.find_spec(module) is None:
        return False
    try:
        importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 - a broken native library can raise anything
        problems.append(f"{module} is installed but does not load: {error}")
        return False
    return True


def _devices(problems: list[str]) -> list[dict[str, str]]:
    devices = [{"name": "cpu", "title": f"{_cpu_name()}, {os.cpu_count()} cores"}]
    try:
        import torch  # noqa: PLC0415 - takes seconds, so only where devices are asked for

        devices.extend(
            {"name": f"cuda:{number}", "title": torch.cuda.get_device_name(number)}
            for number in range(torch.cuda.device_count())
        )
        if torch.backends.mps.is_available():
            devices.append({"name": "mps", "title": "Apple GPU"})
    except Exception as error:  # noqa: BLE001 - a mismatched driver can raise anything
        problems.append(f"torch does not load or finds no device: {error}")
    return devices


def _cpu_name() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _scorers(problems: list[str]) -> list[dict[str, str]]:
    from fiqa_models.registry import default_scorer_name, list_scorers  # noqa: PLC0415

    # Imported here so that a broken installation of the models still gets a report.
    try:
        default = default_scorer_name()
        return [
            {
                "name": spec.name,
                "title": spec.title,
                "summary": spec.summary,
                "kind": spec.kind,
                "available": "yes" if spec.available else "no",
                "default": "yes" if spec.name == default else "no",
                "problem": spec.problem,
            }
            for spec in list_scorers()
        ]
    except Exception as error:  # noqa: BLE001 - plug-ins may raise anything
        problems.append(f"The scorers cannot be listed: {error}")
        return []
