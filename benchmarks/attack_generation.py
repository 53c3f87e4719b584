"""Attacks per second by family, over sample questions and, if files are named, over graded files.

python benchmarks/attack_generation.py [--per-question N] [--seed S] [GRADED_FILE ...]

Prints one line per family and the rate over all, by processor time on one core. What is worked out once per question
is counted in; reading files is not.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Sequence

from synth.attacks import AttackContext, attack_families, language_codes, make_attacks, sample_context
from synth.graded import GradedQuestion, read_graded_files


def contexts_of(questions: Sequence[GradedQuestion]) -> list[AttackContext]:
    """Each question with up to 20 of its group as course, and up to 20 of other groups as other subjects."""
    groups: dict[str, list[GradedQuestion]] = defaultdict(list)
    for question in questions:
        groups[question.group].append(question)
    return [
        AttackContext(
            question,
            tuple(other for other in groups[question.group][:20] if other.id != question.id),
            tuple(other for group, others in groups.items() if group != question.group for other in others)[:20],
        )
        for question in questions
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="graded files instead of the sample questions")
    parser.add_argument("--per-question", type=int, default=100, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.files:
        contexts = contexts_of(read_graded_files(arguments.files))
    else:
        contexts = [sample_context(code) for code in language_codes()]
    print(f"{len(contexts)} questions, {arguments.per_question} attacks each at most")
    print(f"{'family':<30} {'attacks':>9} {'seconds':>8} {'attacks/s':>10}")
    made = 0
    begun = time.process_time()
    for family in attack_families().values():
        started = time.process_time()
        count = sum(len(make_attacks(family, context, arguments.per_question, arguments.seed)) for context in contexts)
        seconds = time.process_time() - started
        made += count
        print(f"{family.name:<30} {count:>9} {seconds:>8.2f} {count / seconds:>10.0f}")
    seconds = time.process_time() - begun
    print(f"{'all':<30} {made:>9} {seconds:>8.2f} {made / seconds:>10.0f}")


if __name__ == "__main__":
    main()
