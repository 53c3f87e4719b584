"""Students with and without soft labels, beside their teacher and a plain small network.

    python benchmarks/rivals_distill.py --questions a.jsonl.gz b.jsonl.gz c.jsonl.gz --json out.json

For every question and seed: 25 answers with their marks, half of the others as unmarked transfer set, the rest as test.
The teacher is the online grader, fitted on the same 25; `--peft FOLDER` takes a trained scorer as the teacher instead,
which must not have seen these questions' test answers.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import time
import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy.stats import t

from encoders import EmbeddingStore, StoredEncoder, get_encoder
from eval.statistics import quadratic_weighted_kappa
from grader.distill.artifact import save_students
from grader.distill.question import distil, mixed_answers
from grader.distill.student import StudentSettings
from grader.peft.artifact import load_scorer
from grader.rivals.footprints import encoder_footprint
from grader.rivals.registry import ContenderParts, make_contender
from synth.graded import read_graded_files

SUPPORT, FEWEST = 25, 40
PLAIN = StudentSettings(signals=False, weight=0.0)
MARKS = StudentSettings(weight=0.0)
TAUGHT = StudentSettings()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, nargs="+", required=True)
    parser.add_argument("--questions-per-set", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--peft", type=Path, help="this scorer is the teacher")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    raw = get_encoder("e5", threads=1)
    parts = ContenderParts(StoredEncoder(raw, EmbeddingStore(tempfile.mkdtemp())), encoder_footprint("e5"))
    teacher_name = "peft" if arguments.peft else "online"
    if arguments.peft:
        parts = dataclasses.replace(parts, scorer=load_scorer(arguments.peft))
    teacher = make_contender(teacher_name, parts)
    scores: dict[tuple[str, str, int], list[tuple[float, float, float]]] = defaultdict(list)
    keep = {}
    for path in arguments.questions:
        source = path.name.split(".")[0]
        usable = [
            q for q in read_graded_files([path]) if len(q.answers) >= FEWEST and len({a.grade for a in q.answers}) > 1
        ]
        for question in usable[: arguments.questions_per_set]:
            for seed in range(arguments.seeds):
                order = np.random.default_rng([seed, zlib.crc32(question.id.encode())]).permutation(
                    len(question.answers)
                )
                answers = [question.answers[row] for row in order]
                support, rest = answers[:SUPPORT], answers[SUPPORT:]
                unmarked, test = [a.text for a in rest[: len(rest) // 2]], rest[len(rest) // 2 :]
                texts, truth = [a.text for a in test], np.array([a.grade for a in test])
                taught = teacher.fit(question, support)
                seeded = {n: dataclasses.replace(s, seed=seed) for n, s in (("p", PLAIN), ("m", MARKS), ("t", TAUGHT))}
                found = {
                    "constant": np.full(len(test), np.median([a.grade for a in support])),
                    "small network, n-grams": distil(question, support, None, (), seeded["p"]).grade(texts).grades,
                    "student, marks alone": distil(question, support, None, (), seeded["m"]).grade(texts).grades,
                    "student, mixtures": distil(question, support, taught, mixed_answers(support, seed), seeded["t"])
                    .grade(texts)
                    .grades,
                    f"teacher ({teacher_name})": taught.grade(texts).grades,
                }
                student = distil(question, support, taught, unmarked, seeded["t"])
                found["student, unmarked answers"] = student.grade(texts).grades
                keep[question.id] = (question, student, support, texts)
                for name, grades in found.items():
                    error = (grades - truth) / question.max_grade
                    qwk = quadratic_weighted_kappa(truth, grades) if truth.std() > 0 else np.nan
                    scores[name, source, seed].append(
                        (qwk, float((np.abs(error) < 1e-6).mean()), float(np.sqrt((error**2).mean())))
                    )
            print(source, question.text[:50], flush=True)
    report(scores, [path.name.split(".")[0] for path in arguments.questions], arguments.seeds)
    speed(keep, dataclasses.replace(parts, encoder=raw), teacher_name)
    if arguments.json:
        rows = [{"grader": n, "source": s, "seed": d, "scores": v} for (n, s, d), v in scores.items()]
        arguments.json.write_text(json.dumps(rows))
    return 0


def report(scores: dict, sources: list[str], seeds: int) -> None:
    """Means over questions, then data sets; the interval is over seeds (Student's t)."""
    print("grader | " + " | ".join(f"{s}: kappa, accuracy" for s in sources) + " | kappa | accuracy | RMSE")
    per_seed = {}
    for name in dict.fromkeys(key[0] for key in scores):
        table = np.array([[np.nanmean(scores[name, s, seed], axis=0) for s in sources] for seed in range(seeds)])
        per_seed[name] = table.mean(axis=1)
        cells = [f"{table[:, place, 0].mean():.3f}, {table[:, place, 1].mean():.3f}" for place in range(len(sources))]
        cells += [interval(per_seed[name][:, column]) for column in range(3)]
        print(f"{name} | " + " | ".join(cells))
    taught = per_seed["student, unmarked answers"]
    for other in per_seed:
        if other != "student, unmarked answers":
            gaps = taught - per_seed[other]
            print(f"taught student - {other}: kappa {interval(gaps[:, 0])}, accuracy {interval(gaps[:, 1])}")


def interval(values: np.ndarray) -> str:
    """Mean and the half width of its 95 % interval."""
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{values.mean():+.3f} ± {half:.3f}"


def speed(keep: dict, parts: ContenderParts, teacher_name: str) -> None:
    """Processor time of one answer alone, teacher and student in turn, and what lies on the disk."""
    ratios, students, teachers = [], [], []
    for question, student, support, texts in list(keep.values())[:6]:
        fitted = make_contender(teacher_name, parts).fit(question, support)
        fitted.grade(texts[:1])
        student.grade(texts[:1])
        for text in texts[:6]:
            begun = time.process_time()
            fitted.grade([text])
            middle = time.process_time()
            for _ in range(10):
                student.grade([text])
            ended = time.process_time()
            teachers.append(middle - begun)
            students.append((ended - middle) / 10)
            ratios.append(teachers[-1] / students[-1])
    print(
        f"one answer, processor time: teacher {1000 * np.median(teachers):.2f} ms, "
        f"student {1000 * np.median(students):.3f} ms, "
        f"median ratio {np.median(ratios):.0f}"
    )
    with tempfile.TemporaryDirectory() as folder:
        pairs = {key: (question, student) for key, (question, student, _, _) in keep.items()}
        saved = save_students(pairs, TAUGHT, Path(folder) / "students", {})
        each = (saved / "model.safetensors").stat().st_size / len(pairs)
    largest = max(student.student.parameters for _, student, _, _ in keep.values())
    encoder = parts.encoder_footprint
    print(
        f"student: at most {largest:,} numbers, {each / 1000:.0f} kB; encoder: {encoder.parameters:,} numbers, "
        f"{encoder.bytes / 1e6:.0f} MB; {encoder.parameters / largest:,.0f} times the numbers, "
        f"{encoder.bytes / each:,.0f} times the bytes"
    )


if __name__ == "__main__":
    sys.exit(main())
