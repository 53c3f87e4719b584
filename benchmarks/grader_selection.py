"""Selective grading and active selection against random choice.

    python benchmarks/grader_selection.py --questions a.jsonl.gz b.jsonl.gz --store vectors --prior none

Selective: after 25 graded answers, the share of answers sent to the teacher, those with the largest expected error or
random ones; the rest's mean absolute error (share of the highest grade) and kappa. Active: from 5 random graded
answers, the next ones chosen by `next_to_grade` or at random; kappa on all answers not graded then.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from encoders import EmbeddingStore, StoredEncoder, get_encoder
from grader import GraderPrior, QuestionGrader
from grader.evaluation import ReadQuestion, can_judge, kappa, tasks
from grader.fit_command import chosen_prior
from grader.meta.lessons import read_sources
from grader.selection import calibrate_abstention, expected_error, next_to_grade


def selective(items: list[ReadQuestion], prior: GraderPrior, seeds: int, rate: float) -> dict[str, object]:
    """Errors of kept answers, and whether a limit calibrated on other questions keeps the chosen error rate."""
    rows: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for item in items:
        for task, truth in tasks(item, 25, seeds):
            grader = QuestionGrader(max_grade=item.question.max_grade, prior=prior).fit(task.support, task.grades)
            probabilities = grader.probabilities(task.query)
            grades, levels = grader.read_off(probabilities), grader.scale.levels
            expected = expected_error(probabilities, levels, grades) / levels[-1]
            actual = np.abs(grades - truth) / levels[-1]
            rows[item.source + item.question.id].extend(zip(expected, actual, strict=True))
    kept: dict[str, dict[str, float]] = {}
    for share in (1.0, 0.9, 0.8, 0.7, 0.5):
        chosen, anyone = [], []
        for pairs in rows.values():
            table = np.array(pairs)
            count = max(1, round(share * len(table)))
            chosen.append(table[np.argsort(table[:, 0], kind="stable")[:count], 1].mean())
            anyone.append(table[:, 1].mean())
        kept[f"{share:g}"] = {"least_expected_error": float(np.mean(chosen)), "random": float(np.mean(anyone))}
    names = sorted(rows)
    halves = [np.array([pair for name in names[start::2] for pair in rows[name]]) for start in (0, 1)]
    rule = calibrate_abstention(halves[0][:, 0], halves[0][:, 1], rate)
    other = halves[1][halves[1][:, 0] <= rule.limit]
    return {
        "mean_error_of_kept": kept,
        "chosen_rate": rate,
        "calibrated_on_half_the_questions": {
            "kept": len(other) / len(halves[1]),
            "error_of_kept": float(other[:, 1].mean()) if len(other) else 0.0,
            "error_of_all": float(halves[1][:, 1].mean()),
        },
    }


def active(items: list[ReadQuestion], prior: GraderPrior, seeds: int) -> dict[str, dict[str, float]]:
    """Mean kappa over questions by number of graded answers and by who chose them."""
    sizes = (10, 15, 20, 25)
    scores: dict[tuple[str, int], list[float]] = defaultdict(list)
    for item in items:
        total = len(item.grades)
        if total < sizes[-1] + 10:
            continue
        truth: dict[tuple[str, int], list[np.ndarray]] = defaultdict(list)
        given: dict[tuple[str, int], list[np.ndarray]] = defaultdict(list)
        for seed in range(seeds):
            order = np.random.default_rng(seed).permutation(total)
            for way in ("active", "random"):
                graded = list(order[:5])
                while len(graded) <= sizes[-1]:
                    rest = np.setdiff1d(order, graded, assume_unique=True)
                    rows = np.array(graded)
                    grader = QuestionGrader(max_grade=item.question.max_grade, prior=prior)
                    grader.fit(item.answers.take(rows), item.grades[rows])
                    if len(graded) in sizes:
                        given[way, len(graded)].append(grader.read_off(grader.probabilities(item.answers.take(rest))))
                        truth[way, len(graded)].append(item.grades[rest])
                    if way == "random":
                        graded.append(order[len(graded)])
                    else:
                        graded.append(rest[next_to_grade(grader, item.answers.take(rest))])
        for key, parts in given.items():
            scores[key].append(kappa(np.concatenate(truth[key]), np.concatenate(parts)))
    return {way: {str(size): float(np.mean(scores[way, size])) for size in sizes} for way in ("active", "random")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, nargs="+", required=True)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--prior", default="bundled")
    parser.add_argument("--encoder", default="e5")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--questions-per-set", type=int, default=20)
    arguments = parser.parse_args()
    encoder = StoredEncoder(get_encoder(arguments.encoder, threads=1), EmbeddingStore(arguments.store))
    prior = chosen_prior(arguments.prior, encoder)
    items = []
    for questions in read_sources(arguments.questions, encoder).values():
        items.extend([item for item in questions if can_judge(item)][: arguments.questions_per_set])
    print(json.dumps({"selective": selective(items, prior, arguments.seeds, arguments.rate)}, indent=1), flush=True)
    print(json.dumps({"active": active(items, prior, arguments.seeds)}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
