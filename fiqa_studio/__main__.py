"""Starts the window: ``python -m fiqa_studio``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the window; its exit status."""
    from fiqa_studio.ui.app import main as run  # noqa: PLC0415 - Qt only where a window is wanted

    return run()


if __name__ == "__main__":
    sys.exit(main())
