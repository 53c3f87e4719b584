"""The flags of `eval adversarial` that say how a run is carried out, judged and reported, and what becomes of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eval.results import SuiteResult
    from eval.run_options import RunOptions
    from eval.thresholds import Thresholds

DEFAULT_PER_QUESTION = 2


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """How a run is carried out."""
    parser.add_argument("--suite", metavar="NAME", help="a published protocol instead of the families: ding2020")
    parser.add_argument("--fast", action="store_true", help="smoke run: at most 16 questions, one attack per family")
    parser.add_argument("--repeats", type=int, default=1, metavar="N", help="grade every text N times (default 1)")
    parser.add_argument("--shard", metavar="I/N", help="only this part of the questions, as in 3/8; see `eval merge`")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep finished questions here: a killed run continues, and an"
        " unchanged grader is not asked again",
    )  # fmt: skip


def add_judging_arguments(parser: argparse.ArgumentParser) -> None:
    """What a result is held against and how it is reported; the same for a run and for merged shards."""
    parser.add_argument("--json", type=Path, metavar="F", help="write the result as JSON")
    parser.add_argument("--html", type=Path, metavar="F", help="write the report as one HTML page")
    parser.add_argument("--junit", type=Path, metavar="F", help="write JUnit XML")
    parser.add_argument("--sarif", type=Path, metavar="F", help="write SARIF 2.1.0, for code scanning")
    parser.add_argument("--markdown", type=Path, metavar="F", help="append a summary for a pull request")
    parser.add_argument("--history", type=Path, metavar="DIR", help="store the result here; the page shows the trend")
    parser.add_argument("--label", metavar="TEXT", help="what the trend calls this run, for example a commit")
    parser.add_argument("--baseline", type=Path, metavar="F", help="exit 3 when worse than this blessed result")
    parser.add_argument("--strict", action="store_true", help="with --baseline: exit 3 for any case that got worse")
    parser.add_argument(
        "--thresholds", metavar="F", help="YAML file of limits, 'default' (eval/thresholds.yaml) or 'none'; default:"
        " the limits given as flags, else 'default'",
    )  # fmt: skip
    parser.add_argument(
        "--max-leak-rate", type=float, metavar="X", help="exit 1 when more must_reject attacks are graded above 0"
    )
    parser.add_argument(
        "--max-false-rejection", type=float, metavar="Y", help="exit 1 when more honest answers are turned away"
    )


def chosen_run(arguments: argparse.Namespace) -> RunOptions:
    """The options of a run from its flags.

    Raises:
        ShardError: the shard is written in another way, or thresholds are to judge a part.
        SuiteError: there is no such suite.
    """
    from eval.run_options import RunOptions, RunOptionsError
    from eval.shards import parse_shard
    from eval.suites import suite_by_name

    shard = parse_shard(arguments.shard) if arguments.shard else None
    judged = (arguments.baseline, arguments.history, arguments.max_leak_rate, arguments.max_false_rejection)
    if shard and (any(item is not None for item in judged) or arguments.thresholds not in (None, "none")):
        raise RunOptionsError("limits, baseline and history are for whole runs; give them to `answergate eval merge`")
    if arguments.suite and not arguments.questions:
        raise RunOptionsError(f"--suite {arguments.suite} needs --questions FILE: ASAP-shaped .tsv or graded files")
    return RunOptions(
        repeats=arguments.repeats,
        shard=shard,
        keep=arguments.keep,
        fast=arguments.fast,
        suite=suite_by_name(arguments.suite) if arguments.suite else None,
        announce=lambda lines: print("\n".join(lines), file=sys.stderr),
    )


def chosen_per_question(arguments: argparse.Namespace, run: RunOptions) -> int:
    """Attacks per family and question: the flag, else the suite's own number, else two."""
    if arguments.per_question is not None:
        return int(arguments.per_question)
    return run.suite.per_question if run.suite else DEFAULT_PER_QUESTION


def chosen_thresholds(arguments: argparse.Namespace) -> Thresholds:
    """The limits to hold a result against.

    Raises:
        ThresholdsError: the file cannot be used.
    """
    from dataclasses import replace

    from eval.thresholds import Thresholds
    from eval.thresholds_file import default_thresholds, read_thresholds

    given = Thresholds(arguments.max_leak_rate, arguments.max_false_rejection)
    name = arguments.thresholds or ("none" if given.all_limits else "default")
    if name == "none":
        return given
    read = default_thresholds() if name == "default" else read_thresholds(name)
    return replace(
        read, max_leak_rate=arguments.max_leak_rate, max_false_rejection=arguments.max_false_rejection
    )  # fmt: skip


def conclude(result: SuiteResult, arguments: argparse.Namespace) -> int:
    """Judge a result, write and print what was asked for, and return the exit code: 0, 1, 3 or 4.

    A shard is neither judged nor compared. A run that is not complete (4) is not held for anything else; 3 (worse than
    the baseline) goes before 1 (a limit is broken).
    """
    from eval.adaptive import adaptive_lines, save_finds
    from eval.baseline import compare
    from eval.contract import read_result
    from eval.failures import failure_lines
    from eval.history import read_history, store_run
    from eval.plausibility import plausibility_check
    from eval.reports import (
        check_lines,
        comparison_lines,
        summary_lines,
        write_html,
        write_junit,
        write_markdown,
        write_sarif,
    )
    from eval.thresholds import check

    whole = result.shard is None
    baseline = read_result(arguments.baseline) if arguments.baseline else None
    comparison = compare(result, baseline) if baseline and result.complete else None
    checks = [*check(result, chosen_thresholds(arguments)), plausibility_check(result)] if whole else []
    if arguments.json:
        result.write(arguments.json)
    if finds := getattr(arguments, "save_finds", None):
        save_finds(finds, result.adaptive)
    if arguments.history and result.complete:
        store_run(arguments.history, result, arguments.label)
    history = read_history(arguments.history) if arguments.history else []
    if arguments.html:
        write_html(arguments.html, result, checks, baseline, comparison, history)
    if arguments.junit:
        write_junit(arguments.junit, result, checks, comparison)
    if arguments.sarif:
        write_sarif(arguments.sarif, result, checks, _sources(arguments))
    if arguments.markdown:
        write_markdown(arguments.markdown, result, checks, comparison)
    lines = [*summary_lines(result), "", *adaptive_lines(result.adaptive)]
    if comparison:
        lines += [*comparison_lines(comparison), ""]
    # Of a run that is not complete nothing has passed; what is broken already is told.
    told = checks if result.complete else [item for item in checks if not item.passed]
    print("\n".join([*lines, *check_lines(told)]))
    for path in (arguments.json, arguments.html, arguments.junit, arguments.sarif, arguments.markdown, finds):
        if path:
            print(f"written: {path}")
    if not whole:
        print("a shard is not judged; put all of them together with `answergate eval merge`")
    if not result.complete:
        print("\n".join(failure_lines(result)), file=sys.stderr)
        return 4
    if comparison and (code := comparison.exit_code(arguments.strict)):
        return code
    return 0 if all(item.passed for item in checks) else 1


def _sources(arguments: argparse.Namespace) -> Sequence[Path]:
    questions: Sequence[Path] = getattr(arguments, "questions", [])
    return questions
