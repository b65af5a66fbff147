"""The one kind of error that a person at the command line can do something about."""

from __future__ import annotations


class TrainingError(Exception):
    """A known problem with the material or the arguments of a training command.

    Attributes:
        message: what is wrong, as a sentence.
        remedy: what the person can do about it.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()
