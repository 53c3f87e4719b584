"""The command `answergate grader llm-grade`: answers of a file, graded by a language model."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.row_arguments import add_row_arguments

if TYPE_CHECKING:
    from grader.llm.grader import LlmSettings


def add_llm_command(commands: Any) -> None:
    """Add `llm-grade` to the room's commands."""
    grade = commands.add_parser(
        "llm-grade",
        help="grade answers with a language model",
        description="Ask a model for every answer's grade. The model sees rubric, reference and some graded answers. "
        "What the gate turns away is not asked about and costs nothing.",
    )
    add_row_arguments(grade)
    add_llm_arguments(grade)
    grade.add_argument("--log", type=Path, metavar="FOLDER", help="keep replies here: a rerun pays only for new ones")
    grade.add_argument("--encoder", default="e5", help="encoder that chooses similar examples (default e5)")
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
    """`answergate grader llm-grade`: 0, or 4 when the model left answers without a grade."""
    from encoders import open_encoder
    from grader.llm.grader import LlmGrader
    from grader.rivals.contender import UNREADABLE, LlmContender
    from grader.rivals.grade_rows import grade_rows, open_gate, print_or_write
    from synth.local import local_endpoint

    with ExitStack() as stack:
        url = stack.enter_context(local_endpoint(arguments.local)) if arguments.local else arguments.base_url
        settings = llm_settings(arguments, url)
        similar = settings.shots and settings.choice == "similar"
        encoder = open_encoder(arguments.encoder, arguments.threads) if similar else None
        grader = stack.enter_context(LlmGrader(settings, encoder, arguments.log))
        gate = open_gate(arguments.gate, arguments.threads)
        rows = grade_rows(LlmContender(grader), gate, arguments.file, arguments.support)
        usage = grader.usage
    unread = sum(row["reason"] == UNREADABLE for row in rows)
    money = "" if usage.money is None else f", {usage.money:.4f} money"
    print(
        f"{print_or_write(rows, arguments.out)}, {unread} of them without a readable grade; {usage.requests} requests "
        f"in all, {usage.prompt_tokens:,} tokens in, {usage.completion_tokens:,} out{money}"
    )
    return 4 if unread else 0
