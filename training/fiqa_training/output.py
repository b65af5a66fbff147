"""What the commands say."""

from __future__ import annotations

import json
import sys


def say(text: str) -> None:
    """One line for the person at the command line."""
    sys.stdout.write(text + "\n")


def say_json(found: object) -> None:
    """A result for programs."""
    say(json.dumps(found, indent=2))
