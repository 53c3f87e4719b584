"""The command `answergate synth attack`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `attack`."""
    attack = commands.add_parser("attack", help="make adversarial answers from attack families; no model needed")
    attack.add_argument(
        "--questions", type=Path, nargs="+", default=[], metavar="FILE", help="graded files (default: the bank)"
    )
    attack.add_argument("--languages", help="only questions in these languages, by commas")
    attack.add_argument("--families", default="all", help="'all' or names by commas")
    attack.add_argument("--per-question", type=int, default=2, metavar="N", help="attacks per family (default 2)")
    attack.add_argument("--seed", type=int, default=0)
    attack.add_argument("--out", type=Path, required=True, help="example file: .jsonl, .jsonl.gz or .parquet")
    attack.set_defaults(run=run_attack)


def run_attack(arguments: argparse.Namespace) -> int:
    """Write the attacks as example rows."""
    from synth.attacking import attack_examples
    from synth.attacks import choose_families
    from synth.bank import load_bank
    from synth.files import write_examples
    from synth.graded import read_graded_files

    languages = arguments.languages.split(",") if arguments.languages else None
    if arguments.questions:
        questions = read_graded_files(arguments.questions)
        questions = [item for item in questions if languages is None or item.language in languages]
    else:
        questions = load_bank(languages).graded_questions()
    families = choose_families(arguments.families)
    rows = write_examples(arguments.out, attack_examples(questions, families, arguments.per_question, arguments.seed))
    print(f"{rows} attacks on {len(questions)} questions, {len(families)} families, in {arguments.out}")
    return 0
