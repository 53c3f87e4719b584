"""`synth negatives`, `synth validate`, `synth dedup`, `synth stats`: commands that need no model."""

from __future__ import annotations

import argparse
from pathlib import Path

from synth.cli.options import Subparsers, comma_list, positive
from synth.errors import DataFileError


def add_commands(commands: Subparsers) -> None:
    """Add the commands."""
    negatives = commands.add_parser(
        "negatives",
        help="shuffle answers among questions",
        description="Give every question answers of other questions of its language: fluent, real, and irrelevant.",
    )
    negatives.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="example, graded or instruction files (.jsonl, .jsonl.gz, .jsonl.zst, .parquet, .csv), or a data set on "
        "the hub such as togethercomputer/RedPajama-Data-Instruct, which is streamed",
    )
    negatives.add_argument("--bank", action="store_true", help="take the bundled bank too (the default without SOURCE)")
    negatives.add_argument("--out", required=True, metavar="FILE", help=".jsonl, .jsonl.gz or .parquet")
    negatives.add_argument(
        "--per-question", type=positive, help="negatives a question; default: as many as it has answers"
    )
    negatives.add_argument(
        "--other-groups", action="store_true", help="only answers from another course, article or task"
    )
    negatives.add_argument("--language", default="en", help="language of rows that name none (default: en)")
    negatives.add_argument("--limit", type=positive, help="pairs from each instruction source (hub default: 10000)")
    negatives.add_argument("--seed", type=int, default=0)
    negatives.set_defaults(run=run_negatives)

    validate = commands.add_parser(
        "validate",
        help="check files and say everything that is wrong",
        description="Check example files and graded files: schema, grades, script, language, labels and assistant talk "
        "in answers, duplicates, near duplicates, balance. Exit code 1 when there is an error.",
    )
    validate.add_argument("files", nargs="*", metavar="FILE")
    validate.add_argument("--bank", action="store_true", help="check the bundled bank")
    validate.add_argument("--only", type=comma_list, metavar="CHECK,…", help="run these checks only")
    validate.add_argument("--strict", action="store_true", help="warnings count as errors")
    validate.add_argument("--json", metavar="FILE", help="write all findings as JSON")
    validate.add_argument("--show", type=positive, default=200, help="findings to print (default: 200)")
    validate.set_defaults(run=run_validate)

    dedup = commands.add_parser(
        "dedup",
        help="drop near duplicates from a corpus of any size",
        description="Keep the first of answers that are nearly the same: character n-grams by MinHash, every candidate "
        "checked exactly, other numbers make another answer. A million answers take about a minute.",
    )
    dedup.add_argument("files", nargs="+", metavar="FILE", help="example files")
    dedup.add_argument("--out", required=True, metavar="FILE", help="the rows that stay: .jsonl, .jsonl.gz or .parquet")
    dedup.add_argument("--similarity", type=float, default=0.8, help="from which on two are the same (default: 0.8)")
    dedup.add_argument("--across-questions", action="store_true", help="also between answers to different questions")
    dedup.set_defaults(run=run_dedup)

    stats = commands.add_parser(
        "stats",
        help="describe a corpus in numbers",
        description="Rows, lengths, variety, vocabulary and near duplicates by language, kind and grade.",
    )
    stats.add_argument("files", nargs="*", metavar="FILE")
    stats.add_argument("--bank", action="store_true", help="describe the bundled bank")
    stats.add_argument("--no-grades", action="store_true", help="one line a language and kind")
    stats.add_argument("--json", metavar="FILE", help="write the numbers as JSON")
    stats.set_defaults(run=run_stats)


def run_negatives(arguments: argparse.Namespace) -> int:
    """Shuffle and write."""
    from synth.files import write_examples
    from synth.negatives import shuffled_negatives
    from synth.sources import true_pairs

    pairs = true_pairs(arguments.sources, arguments.bank or not arguments.sources, arguments.language, arguments.limit)
    examples = shuffled_negatives(pairs, arguments.seed, arguments.per_question, arguments.other_groups)
    count = write_examples(arguments.out, examples)
    print(f"{count} negatives from {len(pairs)} pairs in {len({row.language for row in examples})} language(s)")
    print(f"written to {arguments.out}")
    return 0


def run_validate(arguments: argparse.Namespace) -> int:
    """Check and print all findings."""
    from synth.checks import CHECKS, validate_bank, validate_files

    if bool(arguments.files) == arguments.bank:
        raise DataFileError("name files to check, or --bank for the bundled bank")
    known = [check.name for check in CHECKS]
    unknown = [name for name in arguments.only or () if name not in known]
    if unknown:
        raise DataFileError(f"no check {', '.join(unknown)}; there are {', '.join(known)}")
    report = validate_bank(only=arguments.only) if arguments.bank else validate_files(arguments.files, arguments.only)
    for finding in report.findings[: arguments.show]:
        print(finding)
    if len(report.findings) > arguments.show:
        print(f"… and {len(report.findings) - arguments.show} more; --json FILE writes all of them")
    if arguments.json:
        Path(arguments.json).write_text(report.to_json(), encoding="utf-8")
    errors = len(report.findings) if arguments.strict else report.errors
    found = ", ".join(f"{name} {count}" for name, count in report.counts.items()) or "nothing found"
    print(
        f"{report.rows} rows, {report.questions} questions, {len(report.languages)} language(s): "
        f"{errors} error(s) of {len(report.findings)} finding(s) ({found})"
    )
    return 1 if errors else 0


def run_dedup(arguments: argparse.Namespace) -> int:
    """Find repeats and write the rest."""
    from synth.dedup.minhash import near_duplicates
    from synth.files import read_examples, write_examples

    examples = [example for file in arguments.files for example in read_examples(file)]
    scopes = None if arguments.across_questions else [example.question_id for example in examples]
    result = near_duplicates([example.answer for example in examples], scopes, arguments.similarity)
    kept = [example for example, twin in zip(examples, result.twin.tolist(), strict=True) if twin < 0]
    write_examples(arguments.out, kept)
    print(f"{len(kept)} of {len(examples)} rows stay, {result.repeats} repeat an earlier one")
    print(f"written to {arguments.out}")
    return 0


def run_stats(arguments: argparse.Namespace) -> int:
    """Count and print a table."""
    from rich.console import Console
    from rich.table import Table

    from synth.checks.validate import readable_rows
    from synth.stats import corpus_stats

    if not arguments.files and not arguments.bank:
        raise DataFileError("name files to describe, or --bank for the bundled bank")
    stats = corpus_stats(readable_rows(arguments.files, arguments.bank), by_grade=not arguments.no_grades)
    if arguments.json:
        Path(arguments.json).write_text(stats.to_json(), encoding="utf-8")
    table = Table(box=None, pad_edge=False)
    for heading in ("language", "kind"):
        table.add_column(heading)
    for heading in (
        "grade",
        "rows",
        "questions",
        "characters",
        "median",
        "words",
        "vocabulary",
        "distinct-1",
        "distinct-2",
        "near dup.",
    ):
        table.add_column(heading, justify="right")
    for group in stats.groups:
        table.add_row(
            group.language,
            group.kind,
            "" if group.grade is None else f"{group.grade:.0%}",
            str(group.rows),
            str(group.questions),
            f"{group.characters_mean:.0f}",
            f"{group.characters_median:.0f}",
            f"{group.words_mean:.1f}",
            str(group.vocabulary),
            f"{group.distinct_1:.2f}",
            f"{group.distinct_2:.2f}",
            f"{group.near_duplicates:.1%}",
        )
    console = Console()
    # Without a terminal rich assumes 80 columns, too few for the table; a file has room.
    (console if console.is_terminal else Console(width=160)).print(table)
    print(
        f"{stats.rows} rows, {stats.questions} questions, {stats.languages} language(s), {stats.vocabulary} different "
        f"words, {stats.near_duplicates:.1%} near duplicates"
    )
    return 0
