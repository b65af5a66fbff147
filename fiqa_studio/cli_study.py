"""``fiqa study``: its commands by what they do, each family in a module of its own."""

from __future__ import annotations

import argparse
from typing import Any

from fiqa_studio import cli_study_analysis


def add_commands(commands: Any, parents: list[argparse.ArgumentParser]) -> None:
    """Add ``study`` to the program's commands.

    Args:
        commands: What `argparse.ArgumentParser.add_subparsers` gave.
        parents: Options that every command takes.
    """
    text = "Make, collect, analyse and publish MOS studies."
    study = commands.add_parser("study", help=text, description=text, parents=parents)
    of_study = study.add_subparsers(title="commands", required=True, metavar="COMMAND")
    cli_study_analysis.add_commands(of_study, parents)
