"""The commands `answergate grader peft-train`, `peft-grade` and `peft-merge`."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.row_arguments import add_row_arguments

if TYPE_CHECKING:
    from grader.peft.data import ScoringRow
    from grader.peft.training import TrainedScorer


def add_peft_commands(commands: Any) -> None:
    """Add the commands to the room's."""
    train = commands.add_parser(
        "peft-train",
        help="train adapters and a head on a language model",
        description="Fine-tune any Hugging Face model to grade. Stopped at any moment, the same command continues.",
    )
    train.add_argument("files", type=Path, nargs="+", metavar="GRADED", help="graded files; one question or many")
    train.add_argument("--model", required=True, help="folder or Hub name of the model; a Hub name is downloaded")
    train.add_argument("--out", type=Path, required=True, help="folder for adapter and head")
    train.add_argument("--method", choices=("lora", "qlora", "full", "frozen"), default="lora")
    train.add_argument("--head", choices=("regression", "classification"), default="regression")
    train.add_argument("--rank", type=int, default=8, help="LoRA rank (default 8)")
    train.add_argument("--targets", default="", help="names of the layers that get adapters, by commas")
    train.add_argument("--epochs", type=int, default=5)
    train.add_argument("--batch", type=int, default=16)
    train.add_argument("--rate", type=float, help="learning rate of the adapters (by default the method's)")
    train.add_argument("--max-length", type=int, default=256, help="tokens of question, reference and answer")
    train.add_argument(
        "--hold-out", choices=("answers", "questions", "none"), default="answers", help="what to test on afterwards"
    )
    train.add_argument("--test-share", type=float, default=0.2, help="how much of it (default 0.2)")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--threads", type=int, default=2)
    train.add_argument("--seconds", type=float, help="pause after so long; the same command continues")
    train.set_defaults(run=run_train)

    grade = commands.add_parser("peft-grade", help="grade answers with a trained scorer")
    add_row_arguments(grade)
    grade.add_argument("--scorer", type=Path, required=True, help="folder that peft-train wrote")
    grade.add_argument("--model", help="the base model, where it has moved")
    grade.set_defaults(run=run_grade)

    merge = commands.add_parser("peft-merge", help="write a scorer with its adapters added into the model's weights")
    merge.add_argument("scorer", type=Path, help="folder that peft-train wrote")
    merge.add_argument("--out", type=Path, required=True)
    merge.add_argument("--model", help="the base model, where it has moved")
    merge.set_defaults(run=run_merge)


def run_train(arguments: argparse.Namespace) -> int:
    """`answergate grader peft-train`: 0, or 4 when it paused after `--seconds`."""
    import torch

    from grader.evaluate_command import file_hash
    from grader.peft.artifact import save_scorer
    from grader.peft.config import ScorerConfig
    from grader.peft.data import hold_out_answers, hold_out_questions, rows_of
    from grader.peft.training import train_scorer
    from synth.graded import read_graded_files

    torch.set_num_threads(arguments.threads)
    questions = read_graded_files(arguments.files)
    config = ScorerConfig(
        base=arguments.model,
        method=arguments.method,
        head=arguments.head,
        rank=arguments.rank,
        targets=tuple(name for name in arguments.targets.split(",") if name),
        epochs=arguments.epochs,
        batch=arguments.batch,
        rate=arguments.rate,
        max_length=arguments.max_length,
        seed=arguments.seed,
    )
    test: list[ScoringRow] = []
    if arguments.hold_out == "none":
        rows = [row for question in questions for row in rows_of(question)]
    else:
        divide = hold_out_answers if arguments.hold_out == "answers" else hold_out_questions
        rows, test = divide(questions, arguments.test_share, arguments.seed)
    work = arguments.out.with_name(f".{arguments.out.name}.training")
    scorer = train_scorer(rows, config, work, _say, arguments.seconds)
    training = {
        "files": ", ".join(f"{path.name} ({file_hash(path)[:12]}…)" for path in arguments.files),
        "questions": len(questions),
        "answers": len(rows),
        "seed": arguments.seed,
        **_tested(scorer, test, arguments.hold_out),
    }
    save_scorer(scorer, arguments.out, training)
    shutil.rmtree(work)
    print(
        f"{len(rows)} answers, {scorer.progress.epoch} epochs, {scorer.progress.seconds:.0f} s, validation error "
        f"{scorer.progress.best:.3f} of the highest grade; scorer in {arguments.out}"
    )
    if test:
        print(f"{training['held out']}: {training['test']}")
    return 0


def run_grade(arguments: argparse.Namespace) -> int:
    """`answergate grader peft-grade`."""
    from grader.peft.artifact import load_scorer
    from grader.peft.contender import PeftContender
    from grader.rivals.grade_rows import grade_rows, open_gate, print_or_write

    contender = PeftContender(load_scorer(arguments.scorer, arguments.model))
    gate = open_gate(arguments.gate, arguments.threads)
    print(print_or_write(grade_rows(contender, gate, arguments.file, arguments.support), arguments.out))
    return 0


def run_merge(arguments: argparse.Namespace) -> int:
    """`answergate grader peft-merge`."""
    from grader.peft.artifact import merge_scorer

    print(f"merged scorer in {merge_scorer(arguments.scorer, arguments.out, arguments.model)}")
    return 0


def _tested(scorer: TrainedScorer, test: list[ScoringRow], held_out: str) -> dict[str, str]:
    import numpy as np

    if not test:
        return {}
    errors = scorer.shares(test) - np.array([row.share for row in test])
    where = "unseen questions" if held_out == "questions" else "of the same questions"
    return {
        "held out": f"{len(test)} answers ({where})",
        "test": f"mean absolute error {np.abs(errors).mean():.1%}, RMSE {np.sqrt((errors**2).mean()):.3f}",
    }


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
