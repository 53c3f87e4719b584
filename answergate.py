"""The command line `answergate`: it only composes the rooms' commands.

Every room has a `commands` module with `add_commands(subparsers)`; a command parses, calls one public function and
prints. Heavy imports happen inside the command that needs them, so `--help` is quick.

Exit codes: 0 ok, 1 a check failed, 2 wrong use or configuration, 3 worse than the baseline, 4 infrastructure or
partial. An exception that the user can act on carries its `exit_code`; its message is all that is shown.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import encoders.commands
import eval.commands
import eval.comparison.command
import grader.commands
import relevance.commands
import service.commands
import synth.commands

VERSION = "0.1.0"


def build_parser() -> argparse.ArgumentParser:
    """The whole command line, without importing any heavy library."""
    parser = argparse.ArgumentParser(
        prog="answergate",
        description="Grade short answers live from a few examples; nonsense never scores above 0.",
        epilog="Exit codes: 0 ok, 1 a check failed, 2 wrong use, 3 worse than the baseline, 4 infrastructure.",
    )
    parser.add_argument("--version", action="version", version=f"answergate {VERSION}")
    parser.add_argument("--debug", action="store_true", help="show the full traceback of an error")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for room in (encoders.commands, synth.commands, relevance.commands):
        room.add_commands(subparsers)
    # Comparing graders needs the attacks of `eval`, a room below `grader`, but belongs among the grader's commands.
    eval.comparison.command.add_compare_command(grader.commands.add_commands(subparsers))
    eval.commands.add_commands(subparsers)
    service.commands.add_commands(subparsers)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parsed = build_parser().parse_args(arguments)
    try:
        exit_code: int = parsed.run(parsed)
        return exit_code
    except KeyboardInterrupt:
        print("answergate: stopped; finished work is kept, the same command continues", file=sys.stderr)
        return 4
    except BrokenPipeError:
        # The reader of our output (`| head`) went away; Python would complain again while it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if parsed.debug or not hasattr(error, "exit_code"):
            raise
        print(f"answergate: {error}", file=sys.stderr)
        return int(error.exit_code)


if __name__ == "__main__":
    sys.exit(main())
