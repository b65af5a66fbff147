"""The features of the window, one line each; each registers itself in its own folder."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Final

from fiqa_studio.ui.actions.feature import Feature
from fiqa_studio.ui.actions.registry import Registry

FEATURES: Final = (
    "fiqa_studio.ui.shell",
    "fiqa_studio.ui.library",
    "fiqa_studio.ui.browser",
    "fiqa_studio.ui.filters",
    "fiqa_studio.ui.loupe",
    "fiqa_studio.ui.inspector",
    "fiqa_studio.ui.jobs",
    "fiqa_studio.ui.models",
    "fiqa_studio.ui.exporting",
    "fiqa_studio.ui.culling",
    "fiqa_studio.ui.study",
)
"""Folders with a ``feature.py`` that has a `FEATURE`. Keys are given out in this order."""


def registry(rooms: Iterable[str] = FEATURES) -> Registry:
    """All features together. Their modules are light: what they do is imported when it runs."""
    return Registry(_feature(room) for room in rooms)


def _feature(room: str) -> Feature:
    found = import_module(f"{room}.feature").FEATURE
    if not isinstance(found, Feature):
        raise TypeError(f"{room}.feature.FEATURE is no Feature")
    return found
