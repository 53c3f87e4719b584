"""Students with and without soft labels, beside their teacher and a plain small network.

    python benchmarks/rivals_distill.py --questions a.jsonl.gz b.jsonl.gz c.jsonl.gz --json out.json

For every question and seed: 25 answers with their marks, half of the others as unmarked transfer set, the rest as test.
The teacher is the online grader, fitted on the same 25; `--peft FOLDER` takes a trained scorer as the teacher instead,
which must not have seen these questions' test answers. `--transformer FOLDER` puts a small pretrained transformer
beside them, with logistic regression on its vectors. --work keeps every question's result; the same command continues,
and prints the table when all are there.
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
from grader.rivals.contender import Contender
from grader.rivals.footprints import encoder_footprint
from grader.rivals.registry import ContenderParts, make_contender
from synth.graded import GradedAnswer, GradedQuestion, read_graded_files

SUPPORT, FEWEST = 25, 40
PLAIN = StudentSettings(signals=False, weight=0.0)
MARKS = StudentSettings(weight=0.0)
TAUGHT = StudentSettings()
STUDENT = "student, unmarked answers"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, nargs="+", required=True)
    parser.add_argument("--questions-per-set", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--peft", type=Path, help="this scorer is the teacher")
    parser.add_argument("--transformer", type=Path, help="a small pretrained transformer to compare with")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=1e9, help="begin no further question after so long")
    arguments = parser.parse_args()

    raw = get_encoder("e5", threads=1)
    parts = ContenderParts(StoredEncoder(raw, EmbeddingStore(tempfile.mkdtemp())), encoder_footprint("e5"))
    teacher_name = "peft" if arguments.peft else "online"
    if arguments.peft:
        parts = dataclasses.replace(parts, scorer=load_scorer(arguments.peft))
    teacher = make_contender(teacher_name, parts)
    small = None
    if arguments.transformer:
        vectors = StoredEncoder(
            get_encoder(f"hf:{arguments.transformer}", threads=1), EmbeddingStore(tempfile.mkdtemp())
        )
        small = make_contender("logistic", ContenderParts(vectors))
    begun = time.monotonic()
    scores: dict[tuple[str, str, int], list[list[float]]] = defaultdict(list)
    example: list[tuple[GradedQuestion, Divided]] = []
    for path in arguments.questions:
        source = path.name.split(".")[0]
        for question in usable(path)[: arguments.questions_per_set]:
            if len(example) < 6:
                example.append((question, Divided.of(question, 0)))
            file = arguments.work / f"{source}-{question.id}-{teacher_name}.json"
            if not file.is_file():
                if time.monotonic() - begun > arguments.seconds:
                    print("time is over; the same command continues")
                    return 4
                results = one_question(question, teacher, teacher_name, arguments.seeds)
                write_whole(file, json.dumps(results))
                print(source, question.text[:50], flush=True)
            files = [file]
            if small is not None:
                files.append(arguments.work / f"{source}-{question.id}-transformer.json")
                if not files[-1].is_file():
                    write_whole(files[-1], json.dumps(by_transformer(question, small, arguments.seeds)))
            for done in files:
                for name, seed, values in json.loads(done.read_text(encoding="utf-8")):
                    scores[name, source, seed].append(values)
    report(scores, [path.name.split(".")[0] for path in arguments.questions], arguments.seeds)
    speed(example, teacher, dataclasses.replace(parts, encoder=raw), teacher_name)
    return 0


@dataclasses.dataclass(frozen=True)
class Divided:
    """A question's answers: marked, unmarked, and those that are graded."""

    support: list[GradedAnswer]
    unmarked: list[str]
    texts: list[str]
    truth: np.ndarray

    @classmethod
    def of(cls, question: GradedQuestion, seed: int) -> Divided:
        generator = np.random.default_rng([seed, zlib.crc32(question.id.encode())])
        answers = [question.answers[row] for row in generator.permutation(len(question.answers))]
        support, rest = answers[:SUPPORT], answers[SUPPORT:]
        half = len(rest) // 2
        test = rest[half:]
        return cls(support, [a.text for a in rest[:half]], [a.text for a in test], np.array([a.grade for a in test]))


def usable(path: Path) -> list[GradedQuestion]:
    """Questions with answers left for a transfer set and a test, and grades that differ."""
    questions = read_graded_files([path])
    return [q for q in questions if len(q.answers) >= FEWEST and len({a.grade for a in q.answers}) > 1]


def one_question(
    question: GradedQuestion, teacher: Contender, teacher_name: str, seeds: int
) -> list[tuple[str, int, list[float]]]:
    """(grader, seed, [kappa, accuracy, RMSE]) of every grader and seed."""
    found = []
    for seed in range(seeds):
        divided = Divided.of(question, seed)
        support, texts, truth = divided.support, divided.texts, divided.truth
        plain, marks, soft = (dataclasses.replace(settings, seed=seed) for settings in (PLAIN, MARKS, TAUGHT))
        taught = teacher.fit(question, support)
        mixed = mixed_answers(support, seed)
        grades = {
            "constant": np.full(len(texts), np.median([a.grade for a in support])),
            "small network, n-grams": distil(question, support, None, (), plain).grade(texts).grades,
            "student, marks alone": distil(question, support, None, (), marks).grade(texts).grades,
            "student, mixtures": distil(question, support, taught, mixed, soft).grade(texts).grades,
            STUDENT: distil(question, support, taught, divided.unmarked, soft).grade(texts).grades,
            f"teacher ({teacher_name})": taught.grade(texts).grades,
        }
        found += [(name, seed, measured(question, truth, given)) for name, given in grades.items()]
    return found


def by_transformer(question: GradedQuestion, small: Contender, seeds: int) -> list[tuple[str, int, list[float]]]:
    """The same of a small transformer."""
    found = []
    for seed in range(seeds):
        divided = Divided.of(question, seed)
        given = small.fit(question, divided.support).grade(divided.texts).grades
        found.append(("small transformer", seed, measured(question, divided.truth, given)))
    return found


def measured(question: GradedQuestion, truth: np.ndarray, given: np.ndarray) -> list[float]:
    """[kappa, accuracy, RMSE]"""
    error = (given - truth) / question.max_grade
    qwk = quadratic_weighted_kappa(truth, given) if truth.std() > 0 else float("nan")
    return [qwk, float((np.abs(error) < 1e-6).mean()), float(np.sqrt((error**2).mean()))]


def write_whole(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(file)


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
    taught = per_seed[STUDENT]
    for other in per_seed:
        if other != STUDENT:
            gaps = taught - per_seed[other]
            print(f"taught student - {other}: kappa {interval(gaps[:, 0])}, accuracy {interval(gaps[:, 1])}")


def interval(values: np.ndarray) -> str:
    """Mean and the half width of its 95 % interval."""
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{values.mean():+.3f} ± {half:.3f}"


def speed(
    example: list[tuple[GradedQuestion, Divided]], teacher: Contender, parts: ContenderParts, teacher_name: str
) -> None:
    """Processor time of one answer alone, teacher and student in turn, and what lies on the disk."""
    ratios, students, teachers, pairs = [], [], [], {}
    for question, divided in example:
        student = distil(question, divided.support, teacher.fit(question, divided.support), divided.unmarked, TAUGHT)
        pairs[question.id] = (question, student)
        fitted = make_contender(teacher_name, parts).fit(question, divided.support)
        fitted.grade(divided.texts[:1])
        student.grade(divided.texts[:1])
        for text in divided.texts[1:7]:
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
        saved = save_students(pairs, TAUGHT, Path(folder) / "students", {})
        each = (saved / "model.safetensors").stat().st_size / len(pairs)
    largest = max(student.student.parameters for _, student in pairs.values())
    encoder = parts.encoder_footprint
    print(
        f"student: at most {largest:,} numbers, {each / 1000:.0f} kB; encoder: {encoder.parameters:,} numbers, "
        f"{encoder.bytes / 1e6:.0f} MB; {encoder.parameters / largest:,.0f} times the numbers, "
        f"{encoder.bytes / each:,.0f} times the bytes"
    )


if __name__ == "__main__":
    sys.exit(main())
