"""Commands of this room: `answergate grader …`."""

from __future__ import annotations

from typing import Any

from grader.grade_command import add_grade_command


def add_commands(subparsers: Any) -> None:
    """Add the room's commands to the command line."""
    room = subparsers.add_parser("grader", help="grade answers from a few graded examples")
    commands = room.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_grade_command(commands)
