"""The command `answergate harden`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_harden_command(subparsers: Any) -> None:
    """Add the command to the command line."""
    harden = subparsers.add_parser("harden", help="train a gate on what got through it, until a bound holds")
    harden.add_argument("--questions", type=Path, nargs="+", required=True, metavar="FILE", help="graded files")
    harden.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the rounds; the same call continues")
    harden.add_argument(
        "--gate", default="bundled", help="gate to begin with: a folder, 'bundled' (default), 'none' to train the first"
    )
    harden.add_argument("--rounds", type=int, default=3, help="at most this many trainings (default 3)")
    harden.add_argument(
        "--target-leak-rate", type=float, default=0.01, metavar="X", help="stop when the bound is at most this (0.01)"
    )
    harden.add_argument(
        "--max-false-rejection", type=float, default=0.02, metavar="Y", help="a round above this is no better (0.02)"
    )
    harden.add_argument("--false-rejection", type=float, default=0.01, help="rate the gates are calibrated for (0.01)")
    harden.add_argument("--measured-share", type=float, default=0.5, help="share of questions measured on (0.5)")
    harden.add_argument("--families", default="all", help="attacks, 'all' or names by commas")
    harden.add_argument("--per-question", type=int, default=2, metavar="N", help="attacks per family (default 2)")
    harden.add_argument("--support", type=int, default=25, help="graded answers to learn from (default 25)")
    harden.add_argument(
        "--base", type=Path, nargs="*", default=[], metavar="FILE", help="example files to train on too"
    )
    harden.add_argument("--no-bank", action="store_true", help="do not train on the bundled bank too")
    harden.add_argument("--languages", help="languages of the bank, by commas (default: all)")
    harden.add_argument("--config", type=Path, metavar="JSON", help="settings of the network, from `relevance tune`")
    harden.add_argument("--members", type=int, default=2, help="networks whose mean is a gate (default 2)")
    harden.add_argument("--folds", type=int, default=5, help="folds of the calibration (default 5)")
    harden.add_argument("--encoder", default="e5", help="encoder (default e5)")
    harden.add_argument("--cache", type=Path, help="folder of the embedding store (default: the user's cache)")
    harden.add_argument("--seed", type=int, default=0)
    harden.add_argument("--threads", type=int, default=2, help="encoder threads (default 2)")
    harden.set_defaults(run=run_harden)


def run_harden(arguments: argparse.Namespace) -> int:
    """`answergate harden`: 0, or 1 when the target does not hold."""
    from encoders import open_encoder
    from eval.adversarial import lending_pool
    from eval.harden import Hardening, HardenSettings
    from relevance.artifact import BUNDLED
    from relevance.corpus import from_bank, from_examples, with_attacks
    from relevance.training import TrainingConfig
    from synth.attacks import choose_families
    from synth.bank import load_bank
    from synth.files import read_examples
    from synth.graded import read_graded_files

    settings = HardenSettings(
        rounds=arguments.rounds,
        target_leak_rate=arguments.target_leak_rate,
        max_false_rejection=arguments.max_false_rejection,
        false_rejection=arguments.false_rejection,
        measured_share=arguments.measured_share,
        per_question=arguments.per_question,
        support=arguments.support,
        members=arguments.members,
        folds=arguments.folds,
        seed=arguments.seed,
    )
    questions = read_graded_files(arguments.questions)
    base = []
    if not arguments.no_bank:
        base += from_bank(load_bank(arguments.languages.split(",") if arguments.languages else None))
    for path in arguments.base:
        base += from_examples(read_examples(path), path.name)
    config = json.loads(arguments.config.read_text(encoding="utf-8")) if arguments.config else {}
    hardening = Hardening(
        questions=questions,
        base=with_attacks(base, choose_families("must_reject"), 1, arguments.seed),
        families=choose_families(arguments.families),
        encoder=open_encoder(arguments.encoder, arguments.threads, arguments.cache),
        out=arguments.out,
        gate={"bundled": BUNDLED, "none": None}.get(arguments.gate, Path(arguments.gate)),
        pool=lending_pool(questions),
        config=TrainingConfig(**{**config, "seed": arguments.seed}),
        settings=settings,
    )
    result = hardening.run(say=lambda line: print(line, file=sys.stderr, flush=True))
    print("\n".join(result.table_lines()))
    holds = result.best.holds(settings)
    print(f"ended: {result.ended}; the bound of round {result.best.number} {'holds' if holds else 'does not hold'}")
    print(f"best gate: {result.best.gate}; texts learned from: {arguments.out}/round-*/mined.jsonl")
    return 0 if holds else 1
