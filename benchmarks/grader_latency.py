"""One new answer end to end beside the encoder alone, and regrading 1,000 stored answers after a changed grade.

    python benchmarks/grader_latency.py --questions graded.jsonl.gz

One thread, processor time, texts that no store knows; the encoder's share is timed within the same call, so every
answer is its own pair. Answers that a guard turns away before they are encoded are counted but not timed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from timed_encoder import TimedEncoder

from encoders import get_encoder
from grader.full import FullGrader
from grader.live import LiveQuestion
from grader.storage import GradeStore
from relevance.artifact import load_gate
from synth.graded import GradedQuestion, read_graded_files


def percentiles(seconds: list[float]) -> dict[str, float]:
    return {f"p{share}": 1e3 * float(np.percentile(seconds, share)) for share in (50, 99)}


def one_answer(questions: Sequence[GradedQuestion], encoder_name: str, rounds: int) -> dict[str, object]:
    """The full grader on one new answer at a time: guards, encoder, gate, grader; the answers of several questions."""
    encoder = TimedEncoder(get_encoder(encoder_name, threads=1))
    full = FullGrader(encoder, load_gate(encoder=encoder))
    graders, texts = [], []
    for question in questions:
        graders.append(full.for_question(question, question.answers[:25]))
        texts.append([item.text for item in question.answers[25:]])
        graders[-1].grade(texts[-1][:3])
    alone: list[float] = []
    whole: list[float] = []
    words: list[int] = []
    turned_away = 0
    for index in range(rounds):
        row, column = index % len(graders), index // len(graders)
        text = texts[row][column % len(texts[row])]
        encoder.seconds = 0.0
        begun = time.process_time()
        result = graders[row].grade([text])[0]
        seconds = time.process_time() - begun
        turned_away += result.reason is not None
        if encoder.seconds:
            whole.append(seconds)
            alone.append(encoder.seconds)
            words.append(len(text.split()))
    extra = [both - one for both, one in zip(whole, alone, strict=True)]
    ratios = [both / one for both, one in zip(whole, alone, strict=True)]
    return {
        "answers": len(whole),
        "turned_away": turned_away,
        "median_words": float(np.median(words)),
        "encoder_ms": percentiles(alone),
        "end_to_end_ms": percentiles(whole),
        "beside_the_encoder_ms": percentiles(extra),
        "ratio_of_percentiles": {k: percentiles(whole)[k] / percentiles(alone)[k] for k in ("p50", "p99")},
        "paired_ratio": {f"p{share}": float(np.percentile(ratios, share)) for share in (50, 99)},
    }


def regrade(question: GradedQuestion, encoder_name: str, rounds: int) -> dict[str, object]:
    """25 graded and 1,000 answers in all, in SQLite: change a grade durably, refit, estimate all of them again."""
    encoder = get_encoder(encoder_name, threads=1)
    with tempfile.TemporaryDirectory() as folder:
        store = GradeStore(Path(folder) / "grades.db")
        answers = list({item.text: item for item in question.answers}.values())
        support = GradedQuestion(
            question.id,
            question.text,
            question.language,
            question.max_grade,
            tuple(answers[:25]),
            question.references,
        )
        store.add_question(support)
        base = [item.text for item in answers[25:]]
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
    parser.add_argument("--rounds", type=int, default=400, help="new answers; a quarter as many changed grades")
    arguments = parser.parse_args()
    questions = [item for item in read_graded_files([arguments.questions]) if len(item.answers) >= 35][:8]
    print(json.dumps({"one_answer": one_answer(questions, arguments.encoder, arguments.rounds)}, indent=1), flush=True)
    longest = max(questions, key=lambda item: len(item.answers))
    print(json.dumps({"regrade": regrade(longest, arguments.encoder, arguments.rounds // 4)}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
