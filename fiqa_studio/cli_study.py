"""``fiqa study``: its commands, each family in a module of its own."""

from __future__ import annotations

import argparse
from collections.abc import Callable
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

    def command(
        name: str, run: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = of_study.add_parser(
            name, help=text, description=text, parents=parents
        )
        added.set_defaults(run=run)
        return added

    cli_study_analysis.add(command)
