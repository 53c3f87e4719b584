"""The command `answergate grader llm-grade`: answers of a file, graded by a language model."""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.llm.grader import LlmSettings


def add_llm_command(commands: Any) -> None:
    """Add `llm-grade` to the room's commands."""
    grade = commands.add_parser(
        "llm-grade",
        help="grade answers with a language model",
        description="Ask a model for every answer's grade. The model sees rubric, reference and some graded answers. "
        "There is no gate before it: see what that costs with `answergate grader compare`.",
    )
    grade.add_argument("file", type=Path, help="answers: rows with answer (and question, language unless there is one)")
    grade.add_argument("--support", type=Path, required=True, metavar="GRADED", help="graded file with the questions")
    add_llm_arguments(grade)
    grade.add_argument("--log", type=Path, metavar="FOLDER", help="keep replies here: a rerun pays only for new ones")
    grade.add_argument("--out", type=Path, help="write rows here (.jsonl, .jsonl.gz, .parquet, .csv)")
    grade.add_argument("--encoder", default="e5", help="encoder that chooses similar examples (default e5)")
    grade.add_argument("--threads", type=int, default=2, help="encoder threads (default 2)")
    grade.set_defaults(run=run_llm_grade)


def add_llm_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags that say whom to ask and what to show."""
    parser.add_argument("--model", help="name of the model at the endpoint")
    parser.add_argument("--base-url", help="any OpenAI-compatible server, such as http://localhost:8000/v1")
    parser.add_argument("--local", type=Path, metavar="MODEL.gguf", help="start this model here (answergate[local])")
    parser.add_argument("--shots", type=int, default=0, help="graded answers shown (default 0: rubric and reference)")
    parser.add_argument(
        "--choice", choices=("similar", "spread"), default="similar", help="which ones (default: nearest to the answer)"
    )
    parser.add_argument(
        "--price", type=float, nargs=2, metavar=("IN", "OUT"), help="money per million tokens, in and out"
    )
    parser.add_argument("--concurrency", type=int, default=8, help="requests in flight at most (default 8)")


def llm_settings(arguments: argparse.Namespace, base_url: str | None) -> LlmSettings:
    """The flags' settings.

    Raises:
        UsageError: no model was named.
    """
    from grader.errors import UsageError
    from grader.llm.grader import LlmSettings
    from synth.engine.limits import Limits
    from synth.engine.log import Price

    model = arguments.model or (arguments.local.stem if arguments.local else None)
    if not model:
        raise UsageError("which model? Name it with --model NAME (and --base-url URL), or --local MODEL.gguf")
    return LlmSettings(
        model=model,
        base_url=base_url,
        shots=arguments.shots,
        choice=arguments.choice,
        price=Price(*arguments.price) if arguments.price else None,
        limits=Limits(concurrency=arguments.concurrency),
    )


def run_llm_grade(arguments: argparse.Namespace) -> int:
    """`answergate grader llm-grade`."""
    from encoders import open_encoder
    from grader.grade_file import answers_by_question
    from grader.llm.grader import LlmGrader
    from synth.local import local_endpoint
    from synth.tables import write_rows

    batches = answers_by_question(arguments.file, arguments.support)
    with ExitStack() as stack:
        url = stack.enter_context(local_endpoint(arguments.local)) if arguments.local else arguments.base_url
        settings = llm_settings(arguments, url)
        similar = settings.shots and settings.choice == "similar"
        encoder = open_encoder(arguments.encoder, arguments.threads) if similar else None
        grader = stack.enter_context(LlmGrader(settings, encoder, arguments.log))
        rows: dict[int, dict[str, Any]] = {}
        for question, answers in batches:
            asked = grader.for_question(question, question.answers)
            grades = asked.grade([answer.text for _, answer in answers])
            for (number, answer), result in zip(answers, grades, strict=True):
                rows[number] = {**answer.row, "grade": result.grade, "max_grade": question.max_grade}
                if result.probabilities is not None:
                    levels = zip(asked.scale.levels, result.probabilities, strict=True)
                    rows[number]["grade_probabilities"] = {f"{level:g}": round(float(p), 4) for level, p in levels}
        usage = grader.usage
    ordered = [rows[number] for number in sorted(rows)]
    if arguments.out:
        write_rows(arguments.out, ordered)
    else:
        for row in ordered:
            print(json.dumps(row, ensure_ascii=False))
    unread = sum(row["grade"] is None for row in ordered)
    money = "" if usage.money is None else f", {usage.money:.4f} money"
    where = f"; rows in {arguments.out}" if arguments.out else ""
    print(
        f"{len(ordered)} answers, {unread} without a readable grade; {usage.requests} requests in all, "
        f"{usage.prompt_tokens:,} tokens in, {usage.completion_tokens:,} out{money}{where}"
    )
    return 0 if not unread else 4
