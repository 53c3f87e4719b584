"""LoRA against full fine-tuning, a frozen encoder with a head, and the online grader, on graded files.

    python benchmarks/rivals_peft.py --model FOLDER --questions saf.jsonl.gz --work runs/peft --seconds 420

Answers held out are those whose `split` is not training, where the file has that column; else a random fifth per seed.
Every run's result is written to --work when it is done; the same command continues, and prints the table at the end.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

from encoders import get_encoder
from grader.answers import AnswerReader
from grader.artifact import bundled_prior
from grader.evaluation import kappa
from grader.levels import grade_scale
from grader.peft.config import ScorerConfig
from grader.peft.data import rows_of
from grader.peft.loop import TrainingPausedError
from grader.peft.training import train_scorer
from grader.question import QuestionGrader
from synth.graded import GradedQuestion, read_graded_files
from synth.tables import read_rows

METHODS = {
    "lora-regression": {"method": "lora", "head": "regression"},
    "lora-classification": {"method": "lora", "head": "classification"},
    "full-regression": {"method": "full", "head": "regression"},
    "full-classification": {"method": "full", "head": "classification"},
    "frozen-regression": {"method": "frozen", "head": "regression", "epochs": 40, "patience": 6, "head_rate": 1e-2},
    "frozen-classification": {
        "method": "frozen", "head": "classification", "epochs": 40, "patience": 6, "head_rate": 1e-2,
    },
}  # fmt: skip


def split(path: Path, seed: int, unseen: bool, limit: int) -> list[tuple[GradedQuestion, list, list]]:
    """(question, training answers, held-out answers) of every question."""
    declared = {}
    for _, row in read_rows(path):
        declared[row["question"], row["answer"]] = row.get("split")
    questions = read_graded_files([path])
    generator = np.random.default_rng(seed)
    held_questions = set(generator.permutation(len(questions))[: max(1, len(questions) // 5)].tolist())
    parts = []
    for number, question in enumerate(questions):
        answers = list(question.answers)
        marks = [declared[question.text, answer.text] for answer in answers]
        if unseen:
            test = answers if number in held_questions else []
        elif any(mark is not None for mark in marks):
            test = [a for a, mark in zip(answers, marks, strict=True) if mark not in ("training", "train")]
        else:
            out = set(generator.permutation(len(answers))[: len(answers) // 5].tolist())
            test = [answer for row, answer in enumerate(answers) if row in out]
        train = [answer for answer in answers if answer not in test]
        keep = generator.permutation(len(train))[:limit] if limit else range(len(train))
        parts.append((question, [train[row] for row in sorted(keep)], test))
    return parts


def online_shares(parts: list, encoder: object) -> np.ndarray:
    """The online grader, fitted per question on the same training answers."""
    prior = bundled_prior(encoder)
    found = []
    for question, train, test in parts:
        if not test:
            continue
        reader = AnswerReader(question, encoder)
        grader = QuestionGrader(max_grade=question.max_grade, prior=prior)
        grader.fit(reader.read([a.text for a in train]), [a.grade for a in train])
        estimates = grader.predict(reader.read([a.text for a in test]))
        found += [estimate.grade / question.max_grade for estimate in estimates]
    return np.array(found)


def figures(parts: list, shares: np.ndarray, levels: bool) -> dict[str, float]:
    """Errors over all held-out answers, kappa as mean over questions; grades are on the questions' levels."""
    truth, given, kappas, start = [], [], [], 0
    for question, train, test in parts:
        if not test:
            continue
        own = shares[start : start + len(test)] * question.max_grade
        start += len(test)
        if levels:
            own = grade_scale([a.grade for a in train or test], question.max_grade).nearest(own)
        marks = np.array([answer.grade for answer in test])
        if marks.std() > 0:
            kappas.append(kappa(marks, own))
        truth.append(marks / question.max_grade)
        given.append(own / question.max_grade)
    errors = np.concatenate(given) - np.concatenate(truth)
    return {
        "mae": float(np.abs(errors).mean()),
        "rmse": float(np.sqrt((errors**2).mean())),
        "qwk": float(np.mean(kappas)),
        "pooled_qwk": kappa(np.concatenate(truth), np.concatenate(given)),
        "answers": len(errors),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--methods", nargs="+", default=[*METHODS, "online", "constant"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--max-length", type=int, default=96)
    parser.add_argument("--limit", type=int, default=0, help="training answers per question (0: all)")
    parser.add_argument("--unseen", action="store_true", help="hold out whole questions")
    parser.add_argument("--seconds", type=float, default=None)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    deadline = time.monotonic() + (arguments.seconds or 1e9)
    name = arguments.questions.name.split(".")[0] + ("-unseen" if arguments.unseen else "")
    arguments.work.mkdir(parents=True, exist_ok=True)
    results = {}
    for seed in range(arguments.seeds):
        parts = split(arguments.questions, seed, arguments.unseen, arguments.limit)
        rows = [row for question, train, _ in parts for row in rows_of(question, train)]
        for method in arguments.methods:
            file = arguments.work / f"{name}-{method}-{seed}.json"
            if not file.is_file():
                if time.monotonic() > deadline - 5:
                    print("time is over; the same command continues")
                    return 4
                try:
                    result = run(method, seed, parts, rows, arguments, name, deadline - time.monotonic())
                except TrainingPausedError as error:
                    print(error)
                    return 4
                file.write_text(json.dumps(result))
                print(method, seed, result, flush=True)
            results.setdefault(method, []).append(json.loads(file.read_text()))
    print(f"\n{name}: {results[arguments.methods[0]][0]['answers']} held-out answers, {arguments.seeds} seeds")
    print("method | MAE % | RMSE | QWK per question | pooled QWK | trained parameters | CPU s")
    for method, runs in results.items():
        cells = [f"{interval([100 * run['mae'] for run in runs], 1)}", interval([run["rmse"] for run in runs], 3)]
        cells += [interval([run[key] for run in runs], 2) for key in ("qwk", "pooled_qwk")]
        cells += [f"{runs[0].get('parameters', 0):,}", f"{np.mean([run['cpu'] for run in runs]):.0f}"]
        print(" | ".join([method, *cells]))
    return 0


def interval(values: list[float], digits: int) -> str:
    """Mean and the half width of its 95 % interval over seeds (Student's t)."""
    from scipy.stats import t

    half = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{np.mean(values):.{digits}f} ± {half:.{digits}f}"


def run(method: str, seed: int, parts: list, rows: list, arguments: object, name: str, left: float) -> dict:
    """One method on one split."""
    started = time.process_time()
    if method == "constant":
        shares = np.concatenate(
            [np.full(len(test), np.mean([a.grade for a in train or test]) / q.max_grade) for q, train, test in parts]
        )
        return {**figures(parts, shares, True), "cpu": 0.0}
    if method == "online":
        shares = online_shares(parts, get_encoder("e5", threads=1))
        return {**figures(parts, shares, True), "cpu": time.process_time() - started}
    config = ScorerConfig(
        **{"base": arguments.model, "seed": seed, "epochs": arguments.epochs, "max_length": arguments.max_length,
           "batch": arguments.batch, **METHODS[method]}
    )  # fmt: skip
    work = arguments.work / f"{name}-{method}-{seed}"
    scorer = train_scorer(rows, config, work, lambda line: print(method, seed, line, flush=True), left)
    test = [row for question, _, test in parts for row in rows_of(question, test)]
    result = figures(parts, scorer.shares(test), True)
    parameters = sum(p.numel() for p in scorer.network.parameters() if p.requires_grad)
    return {**result, "parameters": parameters, "cpu": scorer.progress.cpu_seconds, "epochs": scorer.progress.epoch}


if __name__ == "__main__":
    sys.exit(main())
