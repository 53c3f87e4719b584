"""Commands of this room: `answergate eval …` and `answergate demo`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.baseline_commands import add_baseline_commands
from eval.run_arguments import (
    add_judging_arguments,
    add_run_arguments,
    chosen_per_question,
    chosen_run,
    chosen_thresholds,
    conclude,
)
from eval.target_options import add_attack_options, add_target_options, chosen_search, chosen_target
from synth.counting import counts_on_stderr

if TYPE_CHECKING:
    from eval.results import SuiteResult

from eval.harden_commands import add_harden_command


def add_commands(subparsers: Any) -> None:
    """Add the room's commands to the command line."""
    room = subparsers.add_parser("eval", help="attack a full grader and report with bounds")
    commands = room.add_subparsers(title="commands", metavar="COMMAND", required=True)

    adversarial = commands.add_parser("adversarial", help="the adversarial suite against the full grader")
    adversarial.add_argument(
        "--questions", type=Path, nargs="+", default=[], metavar="FILE", help="graded files (default: the bundled bank)"
    )
    add_target_options(adversarial)
    adversarial.add_argument("--gate", help="a gate's folder, 'bundled' (default) or 'none'")
    adversarial.add_argument("--encoder", help="encoder when there is no gate (default e5)")
    adversarial.add_argument("--families", default="all", help="'all' or names by commas")
    adversarial.add_argument("--languages", help="only questions in these languages, by commas")
    adversarial.add_argument("--per-question", type=int, metavar="N", help="attacks per family (default 2)")
    adversarial.add_argument("--support", type=int, default=25, help="graded answers to learn from (default 25)")
    adversarial.add_argument("--seed", type=int, default=0)
    adversarial.add_argument("--threads", type=int, help="encoder threads (default 2)")
    add_attack_options(adversarial)
    add_run_arguments(adversarial)
    add_judging_arguments(adversarial)
    adversarial.set_defaults(run=run_adversarial)

    add_baseline_commands(commands)

    gate = commands.add_parser("gate", help="rejection by family at fixed false-rejection rates")
    gate.add_argument("--questions", type=Path, nargs="+", required=True, metavar="FILE", help="graded files")
    gate.add_argument("--gate", default="bundled", help="a gate's folder (default: the bundled gate)")
    gate.add_argument("--rates", default="0.005,0.01,0.02,0.05", help="false-rejection rates, by commas")
    gate.add_argument("--support", type=int, default=25, help="graded answers per question; 0 is cold (default 25)")
    gate.add_argument("--per-question", type=int, default=2, metavar="N", help="attacks per family (default 2)")
    gate.add_argument("--seed", type=int, default=0)
    gate.add_argument("--threads", type=int, default=2, help="encoder threads (default 2)")
    gate.add_argument("--json", type=Path, metavar="F", help="write the result as JSON")
    gate.set_defaults(run=run_gate)

    demo = subparsers.add_parser("demo", help="generate, train, grade, attack, report on the bundled data")
    demo.add_argument("--out", type=Path, default=Path("runs/demo"), help="folder of the run (default runs/demo)")
    demo.add_argument("--seed", type=int, default=0)
    demo.add_argument("--threads", type=int, default=2, help="encoder threads (default 2)")
    demo.add_argument("--full", action="store_true", help="every question and more attacks: about an hour, not minutes")
    demo.set_defaults(run=run_demo)
    add_harden_command(subparsers)


def run_adversarial(arguments: argparse.Namespace) -> int:
    """`answergate eval adversarial`: 0; 1 a limit is broken, 3 worse than the baseline, 4 the target failed."""
    from eval.contract import read_result

    # What is wrong with the files that judge is said before the run is paid for.
    chosen_thresholds(arguments)
    if arguments.baseline:
        read_result(arguments.baseline)
    return conclude(evaluated(arguments), arguments)


def evaluated(arguments: argparse.Namespace) -> SuiteResult:
    """The run that the flags of `eval adversarial` describe."""
    from eval.adversarial import evaluate_adversarial

    run = chosen_run(arguments)
    return evaluate_adversarial(
        arguments.questions,
        target=chosen_target(arguments),
        families=arguments.families,
        per_question=chosen_per_question(arguments, run),
        support=arguments.support,
        seed=arguments.seed,
        languages=arguments.languages.split(",") if arguments.languages else None,
        attacks=arguments.attacks,
        search=chosen_search(arguments),
        search_progress=counts_on_stderr("{done}/{total} searched"),
        progress=counts_on_stderr("{done}/{total} questions"),
        run=run,
    )


def run_gate(arguments: argparse.Namespace) -> int:
    """`answergate eval gate`."""
    from eval.gate_evaluation import evaluate_gate

    result = evaluate_gate(
        arguments.questions,
        gate=arguments.gate,
        rates=[float(rate) for rate in arguments.rates.split(",")],
        support=arguments.support,
        per_question=arguments.per_question,
        seed=arguments.seed,
        threads=arguments.threads,
        progress=counts_on_stderr("{done}/{total} questions"),
    )
    print("\n".join(result.table_lines()))
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(result.to_json(), encoding="utf-8")
        print(f"written: {arguments.json}")
    return 0


def run_demo(arguments: argparse.Namespace) -> int:
    """`answergate demo`."""
    from eval.demo import run_demo as run

    exit_code: int = run(arguments.out, seed=arguments.seed, threads=arguments.threads, full=arguments.full)
    return exit_code
