"""`synth batch submit | status | collect`: the same plan over the Batch API, at half the price."""

from __future__ import annotations

import argparse
from pathlib import Path

from synth.cli.generate import add_plan_arguments, plan_of
from synth.cli.options import Subparsers

ACTIONS = {
    "submit": "send everything that can be asked now as batches",
    "status": "list the batches as the log knows them",
    "collect": "ask after the batches and take in what is finished",
}


def add_commands(commands: Subparsers) -> None:
    """Add the commands."""
    parser = commands.add_parser(
        "batch",
        help="use the Batch API",
        description="Submit a plan's requests as batches and collect the replies into the same log, so that half-price "
        "runs mix with live ones: `synth generate` on the folder asks live for what is left and writes the corpus.",
    )
    actions = parser.add_subparsers(title="batch commands", metavar="COMMAND", required=True)
    for name, text in ACTIONS.items():
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("--out", required=True, metavar="FOLDER", help="the run's folder")
        if name != "status":
            add_plan_arguments(action)
        action.set_defaults(run=run_batch, action=name)


def run_batch(arguments: argparse.Namespace) -> int:
    """Submit, list or collect, and print the batches."""
    import asyncio

    from synth.batch import OVER, collect, known_batches, submit
    from synth.engine.log import RunLog
    from synth.generate import LOG_NAME

    path = Path(arguments.out) / LOG_NAME
    if arguments.action == "status":
        with RunLog(path, read_only=True) as log:
            states = known_batches(log)
    else:
        plan = plan_of(arguments)
        with RunLog(path) as log:
            states = asyncio.run((submit if arguments.action == "submit" else collect)(plan, log))
    for state in states:
        taken = f", {state.collected} replies taken in" if state.collected else ""
        print(f"{state.id}: {state.status}, {state.requests} requests{taken}")
    if not states:
        print(
            "no batches" if arguments.action != "submit" else "nothing to submit: everything is there or waits already"
        )
    waiting = sum(state.status not in OVER and not state.collected for state in states)
    if waiting:
        print(f"{waiting} still under way; `synth batch collect` with the same plan takes them in when they are done")
    return 0
