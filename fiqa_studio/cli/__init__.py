"""The command line: the same engine without a window."""

from fiqa_studio.cli.program import main

__all__ = ["main"]
