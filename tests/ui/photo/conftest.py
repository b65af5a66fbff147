"""A session over drawn photos instead of a library of files."""

from __future__ import annotations

from tests.ui.drawn_photos import engine, face_mesh, grey, library, session

__all__ = ["engine", "face_mesh", "grey", "library", "session"]
