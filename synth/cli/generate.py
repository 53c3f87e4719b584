"""`synth generate`: ask a model for answers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from synth.cli.options import Subparsers, comma_list, kind_counts, positive


def add_commands(commands: Subparsers) -> None:
    """Add the command."""
    generate = commands.add_parser(
        "generate",
        help="ask a language model for answers",
        description="Ask a model for correct, incomplete, incorrect, irrelevant and adversarial answers. Every reply is "
        "kept in the folder's log the moment it arrives; the same command continues a run that was stopped, and pays "
        "only for what is not there. The key is read from OPENAI_API_KEY.",
    )
    generate.add_argument("--questions", nargs="+", default=[], metavar="FILE", help="graded files with the questions")
    generate.add_argument(
        "--bank", action="store_true", help="the bundled bank's questions (default without --questions)"
    )
    generate.add_argument("--out", required=True, metavar="FOLDER", help="where log and corpus go")
    generate.add_argument("--model", required=True, help="name of the model at the endpoint")
    generate.add_argument("--base-url", help="any OpenAI-compatible server, such as http://localhost:8000/v1")
    generate.add_argument(
        "--kinds",
        type=kind_counts,
        metavar="KIND=N,…",
        help="answers of each kind per question (default: correct=8,incomplete=6,incorrect=6,irrelevant=6); "
        "adversarial kinds are the files in prompts/adversarial",
    )
    generate.add_argument("--languages", type=comma_list, metavar="TAG,…", help="only questions in these languages")
    generate.add_argument("--limit", type=positive, help="at most so many questions per language")
    generate.add_argument(
        "--form", choices=("json", "list"), default="json", help="form of the replies (default: json)"
    )
    generate.add_argument("--temperature", type=float, default=1.0)
    generate.add_argument("--per-request", type=positive, default=8, help="answers asked for at once (default: 8)")
    generate.add_argument("--concurrency", type=positive, default=32, help="requests in flight at most (default: 32)")
    generate.add_argument("--timeout", type=float, default=120.0, help="seconds for one request (default: 120)")
    generate.add_argument("--max-requests", type=positive, help="hard budget: requests, over all runs of the folder")
    generate.add_argument("--max-tokens", type=positive, help="hard budget: tokens in and out")
    generate.add_argument("--seed", type=int, default=0)
    generate.set_defaults(run=run_generate)


def run_generate(arguments: argparse.Namespace) -> int:
    """Ask, filter, write."""
    from synth.engine.log import RunLog
    from synth.files import write_examples
    from synth.generate import LOG_NAME, Yield, corpus_rows, default_pipeline, plan_questions, run_plan
    from synth.plan.flags import plan_of_flags

    plan = plan_of_flags(vars(arguments))
    folder = Path(arguments.out)
    summary = run_plan(plan, folder)
    pipeline, found = default_pipeline(plan), Yield()
    with RunLog(folder / LOG_NAME, read_only=True) as log:
        count = write_examples(
            folder / "examples.jsonl", corpus_rows(plan, plan_questions(plan), log.get, pipeline, found)
        )
    print(f"{count} rows, {summary.paid} requests paid in this run, dropped: {dict(pipeline.dropped) or 'nothing'}")
    print(f"written to {folder / 'examples.jsonl'}")
    if summary.complete:
        return 0
    print(
        f"not complete: {summary.stopped or f'{len(summary.failed)} request(s) failed'}; the same command continues",
        file=sys.stderr,
    )
    return 4
