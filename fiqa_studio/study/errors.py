"""What can go wrong with a study that the user can act on."""

from __future__ import annotations

from fiqa_studio.domain.errors import KnownError


class StudyError(KnownError):
    """A study, its database or a pack cannot be made, opened, read or written."""


class AnswerError(KnownError):
    """An answer that was not counted; ``code`` says why, and nothing was changed by it."""
