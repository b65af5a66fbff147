"""``fiqa study``: its commands, each family in a module of its own.

Those modules import what a study needs only where it is used: every ``fiqa`` command reads them.
"""

from __future__ import annotations

import argparse

from fiqa_studio.cli import study_analysis, study_rating
from fiqa_studio.cli.commands import AddCommand, Run


def add(command: AddCommand) -> None:
    """Add ``study`` and the commands below it."""
    study = command("study", _usage, "Make, collect, analyse and publish MOS studies.")
    of_study = study.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def below(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        return command(name, run, text, within=of_study)

    study_rating.add(below)
    study_analysis.add(below)


def _usage(_options: argparse.Namespace) -> int:
    raise AssertionError("argparse wants one of the commands below")
