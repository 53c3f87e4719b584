"""The commands `answergate grader feedback-model`, `feedback-train` and `feedback-write`."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from grader.row_arguments import add_row_arguments


def add_feedback_commands(commands: Any) -> None:
    """Add the commands to the room's."""
    model = commands.add_parser(
        "feedback-model",
        help="make a small language model from the texts of a graded file",
        description="Train a tokenizer and a small LLaMA-shaped model on questions, references, answers and feedback. "
        "For where no pretrained model can be had; any pretrained one writes better.",
    )
    _training_arguments(model, epochs=4, rate=2e-3)
    model.add_argument("--width", type=int, default=192)
    model.add_argument("--layers", type=int, default=4)
    model.set_defaults(run=run_model)

    train = commands.add_parser(
        "feedback-train",
        help="train adapters on a language model to write feedback",
        description="Learn from graded answers with a column `feedback`. Stopped, the same command continues.",
    )
    _training_arguments(train, epochs=3, rate=1e-3)
    train.add_argument("--model", required=True, help="folder or Hub name of a causal or sequence-to-sequence model")
    train.add_argument("--method", choices=("lora", "qlora", "full"), default="lora")
    train.set_defaults(run=run_train)

    write = commands.add_parser(
        "feedback-write",
        help="grade answers and write feedback on them",
        description="The full grader grades, the writer is told the grade. What the gate turned away gets a reason.",
    )
    add_row_arguments(write)
    write.add_argument("--writer", type=Path, required=True, help="folder that feedback-train wrote")
    write.add_argument("--model", help="the base model, where it has moved")
    write.set_defaults(run=run_write)


def _training_arguments(parser: argparse.ArgumentParser, epochs: int, rate: float) -> None:
    parser.add_argument("file", type=Path, metavar="GRADED", help="graded file with a column `feedback`")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=rate)
    parser.add_argument("--tokens", type=int, default=256, help="tokens of the prompt (default 256)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, help="pause after so long; the same command continues")


def run_model(arguments: argparse.Namespace) -> int:
    """`answergate grader feedback-model`."""
    import torch

    from grader.feedback.data import corpus_of, read_feedback
    from grader.feedback.small_model import SmallModelSize, build_small_model
    from grader.feedback.writer import WriterConfig, pretrain

    torch.set_num_threads(arguments.threads)
    texts = corpus_of(read_feedback(arguments.file))
    size = SmallModelSize(width=arguments.width, layers=arguments.layers)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.out.parent) as raw:
        base = build_small_model(texts, raw, size, arguments.seed)
        config = WriterConfig(
            # The folder's name is another one in every run; the checkpoint knows the model by its content.
            "", "full", prompt_tokens=arguments.tokens, epochs=arguments.epochs, batch=arguments.batch,
            rate=arguments.rate, seed=arguments.seed,
        )  # fmt: skip
        work = _work(arguments.out)
        pretrain(texts, config, arguments.out, work, _say, arguments.seconds, base)
    shutil.rmtree(work)
    print(f"{len(texts)} texts, {arguments.epochs} epochs; model in {arguments.out}")
    return 0


def run_train(arguments: argparse.Namespace) -> int:
    """`answergate grader feedback-train`."""
    import torch

    from grader.evaluate_command import file_hash
    from grader.feedback.data import read_feedback
    from grader.feedback.writer import WriterConfig, save_writer, train_writer

    torch.set_num_threads(arguments.threads)
    rows = [row for row in read_feedback(arguments.file) if row.part in ("", "train", "training")]
    config = WriterConfig(
        arguments.model, arguments.method, prompt_tokens=arguments.tokens, epochs=arguments.epochs,
        batch=arguments.batch, rate=arguments.rate, seed=arguments.seed,
    )  # fmt: skip
    writer = train_writer(rows, config, _work(arguments.out), _say, arguments.seconds)
    files = f"{arguments.file.name} ({file_hash(arguments.file)[:12]}…)"
    save_writer(writer, arguments.out, {"files": files, "answers": len(rows), "seed": arguments.seed})
    shutil.rmtree(_work(arguments.out))
    print(f"{len(rows)} answers, {writer.progress.epoch} epochs; writer in {arguments.out}")
    return 0


def run_write(arguments: argparse.Namespace) -> int:
    """`answergate grader feedback-write`."""
    from grader.feedback.data import FeedbackRow
    from grader.feedback.reasons import plain_reason
    from grader.feedback.writer import load_writer
    from grader.full import open_full_grader
    from grader.grade_file import answers_by_question
    from grader.rivals.grade_rows import print_or_write

    writer = load_writer(arguments.writer, arguments.model)
    full = open_full_grader(arguments.gate, threads=arguments.threads)
    rows: dict[int, dict[str, Any]] = {}
    for question, answers in answers_by_question(arguments.file, arguments.support):
        results = full.for_question(question).grade([answer.text for _, answer in answers])
        reference = question.references[0] if question.references else ""
        for (number, answer), result in zip(answers, results, strict=True):
            if result.reason is not None:
                feedback = plain_reason(result.reason, question.language)
            else:
                told = FeedbackRow(
                    question.text, question.language, reference, answer.text, result.grade, result.max_grade
                )
                feedback = writer.write([told])[0]
            graded = {"grade": result.grade, "max_grade": result.max_grade, "reason": result.reason}
            rows[number] = {**answer.row, **graded, "feedback": feedback}
    print(print_or_write([rows[number] for number in sorted(rows)], arguments.out))
    return 0


def _work(out: Path) -> Path:
    return out.with_name(f".{out.name}.training")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
