"""`synth generate`, `synth plan`, `synth explain`: ask a model, see what it will cost, see where a row is from."""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from synth.cli.options import Subparsers, comma_list, kind_counts, positive

if TYPE_CHECKING:
    from synth.engine.runner import RunSummary
    from synth.output import CorpusSummary
    from synth.plan.model import Plan


def add_commands(commands: Subparsers) -> None:
    """Add the commands."""
    generate = commands.add_parser(
        "generate",
        help="ask a language model for answers",
        description="Ask a model for correct, incomplete, incorrect, irrelevant, adversarial answers. Each reply is "
        "kept in the folder's log the moment it arrives; the same command continues a run that was stopped, and pays "
        "only for what is not there. The key is read from OPENAI_API_KEY.",
    )
    add_plan_arguments(generate)
    generate.add_argument("--out", required=True, metavar="FOLDER", help="where log and corpus go")
    generate.add_argument("--push-to-hub", metavar="OWNER/NAME", help="push the finished corpus, as a private data set")
    generate.set_defaults(run=run_generate)

    plan = commands.add_parser(
        "plan",
        help="check a plan and see what it would cost",
        description="Check a plan, count its requests, estimate tokens and cost, show a few prompts. Spends nothing.",
    )
    plan.add_argument("file", metavar="PLAN.yaml")
    plan.add_argument("--new", action="store_true", help="write a plan to begin with")
    plan.add_argument("--dry-run", action="store_true", help="what this command does anyway")
    plan.add_argument("--out", metavar="FOLDER", help="a run's folder: count only what its log does not hold")
    plan.add_argument("--prompts", type=int, default=2, help="prompts to show (default: 2)")
    plan.set_defaults(run=run_plan_command)

    explain = commands.add_parser(
        "explain", help="where a generated row is from", description="Print a row's prompt, reply and filters."
    )
    explain.add_argument("row", metavar="ROW_ID", help="the row's id, or its beginning")
    explain.add_argument("--run", dest="folder", required=True, metavar="FOLDER", help="the run's folder")
    explain.set_defaults(run=run_explain)


def add_plan_arguments(parser: argparse.ArgumentParser) -> None:
    """A plan file, or the flags that stand for one."""
    parser.add_argument("--plan", metavar="PLAN.yaml", help="a plan file instead of the flags below")
    parser.add_argument("--questions", nargs="+", default=[], metavar="FILE", help="graded files with the questions")
    parser.add_argument(
        "--bank", action="store_true", help="the bundled bank's questions (default without --questions)"
    )
    parser.add_argument("--model", help="name of the model at the endpoint")
    parser.add_argument("--base-url", help="any OpenAI-compatible server, such as http://localhost:8000/v1")
    parser.add_argument("--local", metavar="MODEL.gguf", help="start this model here (needs answergate[local])")
    parser.add_argument(
        "--kinds",
        type=kind_counts,
        metavar="KIND=N,…",
        help="answers of each kind per question (default: correct=8,incomplete=6,incorrect=6,irrelevant=6); "
        "adversarial kinds are the files in prompts/adversarial",
    )
    parser.add_argument("--languages", type=comma_list, metavar="TAG,…", help="only questions in these languages")
    parser.add_argument("--limit", type=positive, help="at most so many questions per language")
    parser.add_argument("--form", choices=("json", "list"), default="json", help="form of the replies (default: json)")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--per-request", type=positive, default=8, help="answers asked for at once (default: 8)")
    parser.add_argument("--concurrency", type=positive, default=32, help="requests in flight at most (default: 32)")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds for one request (default: 120)")
    parser.add_argument("--max-requests", type=positive, help="hard budget: requests, over all runs of the folder")
    parser.add_argument("--max-tokens", type=positive, help="hard budget: tokens in and out")
    parser.add_argument("--max-money", type=float, help="hard budget: money; needs --price")
    parser.add_argument(
        "--price", type=float, nargs=2, metavar=("IN", "OUT"), help="money per million tokens, in and out"
    )
    parser.add_argument("--seed", type=int, default=0)


def plan_of(arguments: argparse.Namespace) -> Plan:
    """The plan file, or the plan that the flags mean."""
    from synth.plan.flags import plan_of_flags
    from synth.plan.read import read_plan

    return read_plan(arguments.plan) if arguments.plan else plan_of_flags(vars(arguments))


def run_generate(arguments: argparse.Namespace) -> int:
    """Ask, filter, write."""
    from synth.engine.log import RunLog
    from synth.engine.progress import ConsoleProgress
    from synth.generate import LOG_NAME, PLAN_NAME, default_pipeline, plan_questions, run_plan
    from synth.local import serving
    from synth.output import push_corpus, write_corpus

    folder = Path(arguments.out)
    if folder.is_file() or folder.suffix in (".jsonl", ".parquet", ".csv"):
        from synth.plan.read import PlanError

        raise PlanError(f"--out {folder} is a folder: log, rows, split, report and data card go there")
    with serving(arguments, plan_of) as plan:
        # Filters with wrong settings must show before a long run, not after it.
        default_pipeline(plan)
        with RunLog(folder / LOG_NAME) as log:
            (folder / PLAN_NAME).write_text(plan.model_dump_json(indent=1) + "\n", encoding="utf-8")
            with ConsoleProgress() as progress:
                summary = run_plan(plan, log, progress)
            corpus = write_corpus(plan, plan_questions(plan, log.get), log, folder)
    print_summary(summary, corpus)
    if arguments.push_to_hub and summary.complete:
        print(f"pushed to {push_corpus(folder, arguments.push_to_hub)}")
    return 0 if summary.complete else 4


def print_summary(summary: RunSummary, corpus: CorpusSummary) -> None:
    """What came, what it cost, what was wasted, where it is, and what is missing."""
    report = corpus.report
    parts = ", ".join(f"{part} {count}" for part, count in corpus.parts.items())
    tokens = report.prompt_tokens + report.completion_tokens
    money = "" if report.money is None else f", {report.money:.4f} money"
    print(f"{corpus.rows} rows ({parts}) for {report.questions} question(s)")
    print(f"{summary.paid} requests paid in this run, {report.requests} in all: {tokens:,} tokens{money}")
    dropped = {name: count for name, count in report.dropped.items() if count}
    print(f"dropped by filters: {', '.join(f'{name} {count}' for name, count in dropped.items()) or 'nothing'}")
    waste = [f"{name} {tokens:,} tokens" for name, tokens in report.waste.items() if tokens]
    waste += [f"{count} attempt(s) without a reply: {reason}" for reason, count in sorted(report.setbacks.items())]
    print(f"waste: {'; '.join(waste) or 'none'}")
    if report.short:
        print(f"{report.short} answer(s) missing although every follow-up was asked")
    print(f"written to {corpus.folder}: examples.jsonl, data/*.parquet, README.md, report.html, report.json")
    if not summary.complete:
        print("not complete; the same command continues and pays only for what is missing", file=sys.stderr)
        if summary.stopped:
            print(f"  stopped: {summary.stopped}; {report.unasked} request(s) not answered yet", file=sys.stderr)
        for reason in list(dict.fromkeys(summary.failed.values()))[:5]:
            print(f"  given up: {reason}", file=sys.stderr)


def run_plan_command(arguments: argparse.Namespace) -> int:
    """Check, count, show."""
    from synth.dry_run import dry_run
    from synth.engine.log import RunLog
    from synth.generate import LOG_NAME, default_pipeline
    from synth.plan.read import STARTER, PlanError, read_plan

    path = Path(arguments.file)
    if arguments.new:
        if path.exists():
            raise PlanError(f"{path}: exists already; name another file")
        path.write_text(STARTER.read_text(encoding="utf-8"), encoding="utf-8")
        print(f"written to {path}; change it, then `answergate synth plan {path}`")
        return 0
    plan = read_plan(path)
    pipeline = default_pipeline(plan)
    if arguments.out and (Path(arguments.out) / LOG_NAME).is_file():
        with RunLog(Path(arguments.out) / LOG_NAME, read_only=True) as log:
            found = dry_run(plan, log.get, arguments.prompts)
    else:
        found = dry_run(plan, lambda key: None, arguments.prompts)
    for request in found.samples:
        print(f"--- {request.template}, {request.model} ---\n{request.prompt}\n")
    money = "no price given" if found.money is None else f"about {found.money:.4f} money"
    lines = {
        "questions": f"{found.questions:,}, up to {found.rows:,} rows",
        "requests": f"{found.requests:,} to ask, {found.reused:,} answered already",
        "tokens": f"{found.prompt_tokens:,} in and {found.completion_tokens:,} out, estimated",
        "cost": f"{money}; follow-ups of short replies come on top",
        "filters": ", ".join(rule.name for rule in pipeline.filters),
    }
    for name, text in lines.items():
        print(textwrap.fill(f"{name:10} {text}", width=80, subsequent_indent=" " * 11))
    print("Nothing was spent.")
    return 0


def run_explain(arguments: argparse.Namespace) -> int:
    """Find the row and print everything known of it."""
    from synth.explain import explain
    from synth.generate import PLAN_NAME
    from synth.plan.model import Plan
    from synth.plan.read import PlanError

    path = Path(arguments.folder) / PLAN_NAME
    if not path.is_file():
        raise PlanError(f"{path}: no such file; name the folder of a run with --run")
    found = explain(arguments.folder, arguments.row, Plan.model_validate_json(path.read_text(encoding="utf-8")))
    example, provenance = found.example, found.example.provenance
    print(f"row {example.id}: {example.kind}, {example.language}, grade {example.grade} of {example.max_grade}")
    print(f"question: {example.question}\nanswer: {example.answer}\n")
    print(
        f"template {provenance.template} ({(provenance.template_hash or '')[:12]}), model {provenance.model}, ", end=""
    )
    print(f"seed {provenance.seed}, parameters {provenance.parameters}, request {provenance.request_id}")
    print(f"\n--- prompt ({found.tokens[0]} tokens) ---\n{found.prompt}")
    print(f"\n--- reply ({found.tokens[1]} tokens) ---\n{found.response}\n\n--- filters ---")
    for name, verdict in found.filters.items():
        print(f"{name}: {verdict}")
    return 0
