"""What can go wrong with a model, in words for the person at the screen."""

from __future__ import annotations


class ModelError(Exception):
    """A scorer or checkpoint that cannot be used.

    Attributes:
        message: what happened, one sentence.
        cause: why, where it is known.
        remedy: what the user can do.
    """

    def __init__(self, message: str, cause: str = "", remedy: str = "") -> None:
        super().__init__(" ".join(part for part in (message, cause, remedy) if part))
        self.message = message
        self.cause = cause
        self.remedy = remedy
