"""The commands `answergate synth …`."""

from __future__ import annotations

import argparse

from synth.cli import attack, batch, data, generate


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `synth` and everything under it."""
    parser = subparsers.add_parser("synth", help="make, check and describe example data")
    commands = parser.add_subparsers(title="synth commands", metavar="COMMAND", required=True)
    generate.add_commands(commands)
    batch.add_commands(commands)
    attack.add_commands(commands)
    data.add_commands(commands)
