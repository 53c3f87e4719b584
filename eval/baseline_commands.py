"""Commands on results that are there: bless, diff, merge; and the lists of families and of default thresholds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from eval.run_arguments import add_judging_arguments, conclude

BASELINE = Path("answergate-baseline.json")


def add_baseline_commands(commands: Any) -> None:
    """Add them to `answergate eval`."""
    bless = commands.add_parser("bless", help="make a result the baseline that later runs are compared with")
    bless.add_argument("result", type=Path, metavar="RESULT.json")
    bless.add_argument("--baseline", type=Path, default=BASELINE, metavar="F", help=f"default {BASELINE}")
    bless.set_defaults(run=run_bless)

    diff = commands.add_parser(
        "diff", help="compare a result with the baseline, case by case",
        epilog="Exit codes: 0 not worse, 2 not comparable, 3 worse than the baseline, 4 a result is a part of a run.",
    )  # fmt: skip
    diff.add_argument("result", type=Path, metavar="RESULT.json")
    diff.add_argument("--baseline", type=Path, default=BASELINE, metavar="F", help=f"default {BASELINE}")
    diff.add_argument("--strict", action="store_true", help="exit 3 for any case that got worse, whatever its p-value")
    diff.add_argument("--html", type=Path, metavar="F", help="write the report with the baseline beside it")
    diff.add_argument("--markdown", type=Path, metavar="F", help="append a summary for a pull request")
    diff.set_defaults(run=run_diff)

    merge = commands.add_parser("merge", help="put the shards of a run together, then judge the whole")
    merge.add_argument("results", type=Path, nargs="+", metavar="SHARD.json")
    add_judging_arguments(merge)
    merge.set_defaults(run=run_merge)

    families = commands.add_parser("families", help="the attack families: tier, severity, languages, source, examples")
    families.add_argument("names", nargs="*", metavar="FAMILY", help="show these with an example in every language")
    families.add_argument("--out", type=Path, metavar="F", help="write the whole catalogue as Markdown")
    families.set_defaults(run=run_families)

    thresholds = commands.add_parser("thresholds", help="print the default thresholds, to copy and change")
    thresholds.set_defaults(run=run_thresholds)


def run_bless(arguments: argparse.Namespace) -> int:
    """`answergate eval bless`."""
    from eval.baseline import bless

    result = bless(arguments.result, arguments.baseline)
    leaks = result.must_reject
    print(f"blessed: {arguments.baseline}")
    print(f"  {result.target}: {len(result.outcomes)} questions, {leaks.events} of {leaks.attempts} must_reject leaks")
    return 0


def run_diff(arguments: argparse.Namespace) -> int:
    """`answergate eval diff`: 0, or 3 when the result is worse than the baseline."""
    from eval.baseline import compare
    from eval.contract import read_result
    from eval.reports import comparison_lines, write_html, write_markdown

    result, baseline = read_result(arguments.result), read_result(arguments.baseline)
    comparison = compare(result, baseline)
    print("\n".join(comparison_lines(comparison)))
    if arguments.html:
        write_html(arguments.html, result, (), baseline, comparison)
        print(f"written: {arguments.html}")
    if arguments.markdown:
        write_markdown(arguments.markdown, result, (), comparison)
        print(f"written: {arguments.markdown}")
    code = comparison.exit_code(arguments.strict)
    print("worse than the baseline" if code else "not worse than the baseline")
    return code


def run_merge(arguments: argparse.Namespace) -> int:
    """`answergate eval merge`: the exit codes of the whole run."""
    from eval.contract import read_result
    from eval.merging import merge_results

    names = [str(path) for path in arguments.results]
    return conclude(merge_results([read_result(name) for name in names], names), arguments)


def run_families(arguments: argparse.Namespace) -> int:
    """`answergate eval families`."""
    from eval.families import catalogue_lines, family_lines
    from synth.attacks import get_family
    from synth.attacks.catalogue import catalogue_markdown
    from synth.whole_files import write_whole_text

    if arguments.out:
        write_whole_text(arguments.out, catalogue_markdown())
        print(f"written: {arguments.out}")
    elif arguments.names:
        print("\n\n".join("\n".join(family_lines(get_family(name))) for name in arguments.names))
    else:
        print("\n".join(catalogue_lines()))
    return 0


def run_thresholds(arguments: argparse.Namespace) -> int:
    """`answergate eval thresholds`."""
    from eval.thresholds_file import DEFAULTS

    print(DEFAULTS.read_text(encoding="utf-8"), end="")
    return 0
