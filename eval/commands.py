"""Commands of this room: `answergate eval …` and `answergate demo`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from eval.target_options import add_attack_options, add_target_options, chosen_search, chosen_target


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
    adversarial.add_argument("--per-question", type=int, default=2, metavar="N", help="attacks per family (default 2)")
    adversarial.add_argument("--support", type=int, default=25, help="graded answers to learn from (default 25)")
    adversarial.add_argument("--seed", type=int, default=0)
    adversarial.add_argument("--threads", type=int, help="encoder threads (default 2)")
    add_attack_options(adversarial)
    adversarial.add_argument("--json", type=Path, metavar="F", help="write the result as JSON")
    adversarial.add_argument("--html", type=Path, metavar="F", help="write the report as one HTML page")
    adversarial.add_argument("--junit", type=Path, metavar="F", help="write JUnit XML")
    adversarial.add_argument(
        "--max-leak-rate", type=float, metavar="X", help="exit 1 when more must_reject attacks are graded above 0"
    )
    adversarial.add_argument(
        "--max-false-rejection", type=float, metavar="Y", help="exit 1 when more honest answers are turned away"
    )
    adversarial.set_defaults(run=run_adversarial)

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


def run_adversarial(arguments: argparse.Namespace) -> int:
    """`answergate eval adversarial`: 0, 1 when a threshold is broken, 4 when the target failed."""
    from eval.adaptive import adaptive_lines, save_finds
    from eval.adversarial import evaluate_adversarial
    from eval.failures import failure_lines
    from eval.plausibility import plausibility_check
    from eval.reports import summary_lines, write_html, write_junit
    from eval.thresholds import Thresholds, check

    result = evaluate_adversarial(
        arguments.questions,
        target=chosen_target(arguments),
        families=arguments.families,
        per_question=arguments.per_question,
        support=arguments.support,
        seed=arguments.seed,
        languages=arguments.languages.split(",") if arguments.languages else None,
        attacks=arguments.attacks,
        search=chosen_search(arguments),
        progress=_progress("questions"),
        search_progress=_progress("searched"),
    )
    checks = check(result, Thresholds(arguments.max_leak_rate, arguments.max_false_rejection))
    checks.append(plausibility_check(result))
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(result.to_json(), encoding="utf-8", errors="backslashreplace")
    if arguments.html:
        write_html(arguments.html, result, checks)
    if arguments.junit:
        write_junit(arguments.junit, result, checks)
    if arguments.save_finds:
        save_finds(arguments.save_finds, result.adaptive)
    print("\n".join([*summary_lines(result), *adaptive_lines(result.adaptive)]))
    for item in checks:
        state = "BROKEN" if not item.passed else "passed" if result.complete else "so far"
        print(f"{state}: {item.name} {item.observed:.4%}, limit {item.limit:.4%} ({item.detail})")
    for path in (arguments.json, arguments.html, arguments.junit, arguments.save_finds):
        if path:
            print(f"written: {path}")
    if not result.complete:
        print("\n".join(failure_lines(result)), file=sys.stderr)
        return 4
    return 0 if all(item.passed for item in checks) else 1


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
        progress=_progress("questions"),
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


def _progress(noun: str) -> Any:
    """Counts on standard error: one line that is rewritten in a terminal, a line now and then elsewhere."""
    rewriting = sys.stderr.isatty()

    def show(done: int, total: int) -> None:
        if rewriting:
            print(f"\r{done}/{total} {noun}", end="" if done < total else "\n", file=sys.stderr, flush=True)
        elif done == total or done % max(1, total // 10) == 0:
            print(f"{done}/{total} {noun}", file=sys.stderr, flush=True)

    return show
