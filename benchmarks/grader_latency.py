"""One new answer end to end beside the encoder alone, and regrading 1,000 stored answers after a changed grade.

    python benchmarks/grader_latency.py --questions graded.jsonl.gz

One thread, texts that no store knows; the encoder's share is timed within the same call. The gate is not part of this.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from encoders import get_encoder
from grader import AnswerReader, QuestionGrader
from grader.artifact import bundled_prior
from grader.live import LiveQuestion
from grader.storage import GradeStore
from synth.graded import GradedQuestion, read_graded_files


def percentiles(seconds: list[float]) -> dict[str, float]:
    return {f"p{share}": 1e3 * float(np.percentile(seconds, share)) for share in (50, 99)}


def one_answer(question: GradedQuestion, encoder_name: str, rounds: int) -> dict[str, object]:
    """Grading one answer: sentence vector, letters, signals, kernel, probabilities, grade, interval."""
    encoder = get_encoder(encoder_name, threads=1)
    reader = AnswerReader(question, encoder)
    support = question.answers[:25]
    grader = QuestionGrader(max_grade=question.max_grade, prior=bundled_prior(encoder))
    grader.fit(reader.read([item.text for item in support]), [item.grade for item in support])
    texts = [item.text for item in question.answers[25:]]
    alone: list[float] = []
    whole: list[float] = []
    for index in range(rounds):
        text = [texts[index % len(texts)]]
        begun = time.perf_counter()
        vectors = encoder.encode(text, role="answer")
        middle = time.perf_counter()
        grader.predict(reader.read(text, vectors))
        ended = time.perf_counter()
        alone.append(middle - begun)
        whole.append(ended - begun)
    extra = [both - one for both, one in zip(whole, alone, strict=True)]
    ratios = {name: percentiles(whole)[name] / percentiles(alone)[name] for name in ("p50", "p99")}
    words = float(np.median([len(text.split()) for text in texts]))
    return {
        "encoder_ms": percentiles(alone),
        "end_to_end_ms": percentiles(whole),
        "ratio": ratios,
        "grader_median_ms": 1e3 * float(np.median(extra)),
        "median_words": words,
    }


def regrade(question: GradedQuestion, encoder_name: str, rounds: int) -> dict[str, object]:
    """25 graded and 1,000 answers in all, in SQLite: change a grade durably, refit, estimate all of them again."""
    encoder = get_encoder(encoder_name, threads=1)
    with tempfile.TemporaryDirectory() as folder:
        store = GradeStore(Path(folder) / "grades.db")
        support = GradedQuestion(
            question.id,
            question.text,
            question.language,
            question.max_grade,
            question.answers[:25],
            question.references,
        )
        store.add_question(support)
        base = [item.text for item in question.answers[25:]]
        store.add_answers(question.id, [f"{base[i % len(base)]} ({i})" for i in range(975)])
        live = LiveQuestion(store, question.id, encoder)
        times: dict[str, list[float]] = {"stored and refitted": [], "all grades": [], "all estimates": []}
        first = live.grades[0]
        for index in range(rounds):
            grade = 0.0 if index % 2 else question.max_grade
            begun = time.perf_counter()
            live.set_grade(first.answer_id, grade)
            stored = time.perf_counter()
            grades = live.given_grades
            given = time.perf_counter()
            estimates = live.grades
            ended = time.perf_counter()
            assert len(grades) == len(estimates) == 1000
            for name, value in zip(times, (stored - begun, given - stored, ended - given), strict=True):
                times[name].append(value)
        store.close()
    total = [sum(parts) for parts in zip(times["stored and refitted"], times["all grades"], strict=True)]
    return {"total_ms": percentiles(total), **{name: percentiles(values) for name, values in times.items()}}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--encoder", default="e5")
    parser.add_argument("--rounds", type=int, default=100)
    arguments = parser.parse_args()
    questions = sorted(read_graded_files([arguments.questions]), key=lambda item: len(item.answers))
    question = next(item for item in questions if len(item.answers) >= 60)
    print(json.dumps({"one_answer": one_answer(question, arguments.encoder, arguments.rounds)}, indent=1), flush=True)
    print(json.dumps({"regrade": regrade(question, arguments.encoder, arguments.rounds)}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
