"""What the suite itself costs: attempts a second against a target that does nothing, and time beside the encoder's.

    python benchmarks/suite_overhead.py                  # the no-op target, every family, the bank
    python benchmarks/suite_overhead.py --ours           # our full grader: whose time is it

The no-op run is end to end as a user starts it: read the bank, make the attacks, ask, judge, summarise, write JSON and
HTML. Each target is asked once before the clock starts, so that imports and the bank's validation do not count.
Processor time, since other programs may run beside.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from timed_encoder import TimedEncoder

from encoders import get_encoder
from eval.adversarial import bank_questions, lending_pool
from eval.reports import write_html
from eval.suite import SuiteSettings, run_suite
from eval.targets import FullGraderTarget, Target, TargetGrade, TargetSettings, open_target
from grader.full import FullGrader
from relevance.artifact import load_gate
from synth.attacking import bank_sources
from synth.attacks import choose_families
from synth.bank import load_bank
from synth.graded import GradedAnswer, GradedQuestion

GRADER = "def grade(question, support, answers):\n    return [0] * len(answers)\n"


class NoOp:
    """A target in this process that does nothing."""

    name = "no-op"

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        return [TargetGrade(0.0) for _ in answers]


class TimedTarget:
    """A target that adds up the processor time of its calls."""

    def __init__(self, target: Target) -> None:
        self.name = target.name
        self.seconds = 0.0
        self._target = target

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        started = time.process_time()
        grades = self._target.grade(question, support, answers)
        self.seconds += time.process_time() - started
        return grades


def attack(target: Target, per_question: int, questions: Sequence[GradedQuestion]) -> tuple[int, float]:
    """Attempts (attacks and honest answers) and processor seconds of one whole run, reports included."""
    settings = SuiteSettings(tuple(choose_families("all")), per_question)
    started = time.process_time()
    result = run_suite(target, questions, settings, lending_pool(questions), sources=bank_sources(load_bank()))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "report.json").write_text(result.to_json(), encoding="utf-8", errors="backslashreplace")
        write_html(Path(folder) / "report.html", result)
    seconds = time.process_time() - started
    return sum(family.leaks.attempts for family in result.families) + result.genuine.attempts, seconds


def no_op(per_question: int) -> None:
    """Against targets that do nothing, in this process and in another."""
    questions = bank_questions()
    attack(NoOp(), 1, questions)
    attempts, seconds = attack(NoOp(), per_question, questions)
    rate = f"{attempts / seconds:,.0f} a second"
    print(f"no-op in this process: {attempts} attempts in {seconds:.1f} s of processor time, {rate}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "grader.py"
        path.write_text(GRADER, encoding="utf-8")
        with open_target(TargetSettings(target=f"{path}:grade")) as (target, _):
            attempts, seconds = attack(target, per_question, questions)
    print(f"no-op in a process of its own: {attempts} attempts in {seconds:.1f} s, {attempts / seconds:,.0f} a second")


def ours(per_question: int, count: int) -> None:
    """Processor time of a run: the encoder's, that of gate and grader around it, and the suite's around both."""
    # Without the store of vectors on disk, in which an earlier run has left the answers.
    encoder = TimedEncoder(get_encoder("e5", threads=1))
    full = FullGrader(encoder, load_gate(None, encoder))
    bank = bank_questions()
    questions = bank[:: max(1, len(bank) // count)][:count]
    attack(NoOp(), per_question, questions)
    attack(FullGraderTarget(full, "warm"), 1, questions[:1])
    encoder.seconds, encoder.texts = 0.0, 0
    target = TimedTarget(FullGraderTarget(full, "ours"))
    attempts, seconds = attack(target, per_question, questions)
    print(f"ours: {attempts} attempts, {encoder.texts} texts encoded, {seconds:.1f} s of processor time")
    for name, part in (
        ("encoder", encoder.seconds),
        ("gate and grader", target.seconds - encoder.seconds),
        ("suite and reports", seconds - target.seconds),
        ("encoder and suite", encoder.seconds + seconds - target.seconds),
        ("all", seconds),
    ):
        print(f"{name:<20}{part:>8.2f} s{part / encoder.seconds:>8.3f} of the encoder's")


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", action="store_true", help="attack our full grader on some of the bank")
    parser.add_argument("--questions", type=int, default=12, help="questions with --ours (default 12)")
    parser.add_argument("--per-question", type=int, default=4, help="attacks per family and question (default 4)")
    arguments = parser.parse_args()
    if arguments.ours:
        ours(arguments.per_question, arguments.questions)
    else:
        no_op(arguments.per_question)
    return 0


if __name__ == "__main__":
    sys.exit(main())
