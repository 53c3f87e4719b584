"""Commands of this room: `answergate grader …`."""

from __future__ import annotations

from typing import Any

from grader.distill.command import add_distill_commands
from grader.evaluate_command import add_evaluate_command, add_meta_train_command
from grader.feedback.command import add_feedback_commands
from grader.fit_command import add_fit_command, add_regrade_command
from grader.grade_command import add_grade_command
from grader.llm.command import add_llm_command
from grader.peft.command import add_peft_commands


def add_commands(subparsers: Any) -> Any:
    """Add the room's commands to the command line; returned, so that a room below can add one about graders."""
    room = subparsers.add_parser("grader", help="grade answers from a few graded examples")
    commands = room.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_grade_command(commands)
    add_fit_command(commands)
    add_regrade_command(commands)
    add_evaluate_command(commands)
    add_meta_train_command(commands)
    add_llm_command(commands)
    add_peft_commands(commands)
    add_distill_commands(commands)
    add_feedback_commands(commands)
    return commands
