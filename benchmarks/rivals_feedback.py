"""Feedback written by a small model made here, beside copying the most similar answer's feedback, on a graded file.

    python benchmarks/rivals_feedback.py --feedback saf.jsonl.gz --work runs/feedback --seconds 420

Answers whose `split` is not training are the test. The predicted grade is the online grader's, fitted per question on
25 of its training answers. Everything is kept in --work; the same command continues, and prints the table at the end.
`--model FOLDER` adapts a pretrained model instead of the small one.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

from encoders import EmbeddingStore, Encoder, StoredEncoder, get_encoder
from grader.answers import AnswerReader
from grader.artifact import bundled_prior
from grader.feedback.copying import FeedbackCopier
from grader.feedback.data import FeedbackRow, corpus_of, read_feedback
from grader.feedback.scores import feedback_scores
from grader.feedback.small_model import SmallModelSize, build_small_model
from grader.feedback.writer import WriterConfig, load_writer, pretrain, save_writer, train_writer
from grader.peft.loop import TrainingPausedError
from grader.question import QuestionGrader
from synth.graded import GradedQuestion


def predicted(training: list[FeedbackRow], test: list[FeedbackRow], encoder: Encoder) -> list[FeedbackRow]:
    """The test rows with the online grader's grades; questions without training answers keep the mean share."""
    groups: dict[str, list[FeedbackRow]] = defaultdict(list)
    for row in training:
        groups[row.question].append(row)
    prior, found = bundled_prior(encoder), []
    mean = float(np.mean([row.grade / row.max_grade for row in training]))
    graders = {}
    for row in test:
        known = groups[row.question]
        if len(known) < 3:
            found.append(dataclasses.replace(row, grade=mean * row.max_grade))
            continue
        if row.question not in graders:
            chosen = [known[place] for place in np.random.default_rng(0).permutation(len(known))[:25]]
            question = GradedQuestion(row.question, row.question, row.language, row.max_grade, (), (row.reference,))
            reader = AnswerReader(question, encoder)
            grader = QuestionGrader(max_grade=row.max_grade, prior=prior)
            grader.fit(reader.read([item.answer for item in chosen]), [item.grade for item in chosen])
            graders[row.question] = (reader, grader)
        reader, grader = graders[row.question]
        found.append(dataclasses.replace(row, grade=grader.predict(reader.read([row.answer]))[0].grade))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feedback", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", help="a pretrained model; by default a small one is made from the training texts")
    parser.add_argument("--pretrain-epochs", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--method", default="lora")
    parser.add_argument("--tokens", type=int, default=160)
    parser.add_argument("--width", type=int, default=160)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--test", type=int, default=100, help="test answers (default 100)")
    parser.add_argument("--train", type=int, default=0, help="training answers (0: all)")
    parser.add_argument("--seconds", type=float)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    deadline = time.monotonic() + (arguments.seconds or 1e9)
    work = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    rows = read_feedback(arguments.feedback)
    training = [row for row in rows if row.part in ("", "train", "training")]
    test = [row for row in rows if row.part not in ("", "train", "training")]
    if not test:
        parser.error(f"{arguments.feedback}: no answer is marked as test in the column split")
    generator = np.random.default_rng(0)
    if arguments.train:
        training = [training[place] for place in sorted(generator.permutation(len(training))[: arguments.train])]
    test = [test[place] for place in sorted(generator.permutation(len(test))[: arguments.test])]
    encoder = StoredEncoder(get_encoder("e5", threads=1), EmbeddingStore(work / "vectors"))
    try:
        writer = trained(arguments, training, work, deadline)
    except TrainingPausedError as error:
        print(error)
        return 4
    told = {"predicted grade": predicted(training, test, encoder), "teacher's grade": test}
    written = {f"written, {name}": writer.write(part) for name, part in told.items()}
    for name, part in told.items():
        written[f"copied, {name}"] = FeedbackCopier(training, encoder).write(part)
    written["copied, answer alone"] = FeedbackCopier(training, encoder, grades=False).write(test)
    written["most frequent feedback"] = [most_frequent(training)] * len(test)
    human = [row.feedback for row in test]
    print(f"{len(test)} answers, {len(training)} to learn from")
    print("feedback | BLEU | ROUGE-1 | ROUGE-2 | ROUGE-L | similarity")
    for name, texts in written.items():
        s = feedback_scores(texts, human, encoder)
        print(f"{name} | {s.bleu:.1f} | {s.rouge1:.3f} | {s.rouge2:.3f} | {s.rouge_l:.3f} | {s.similarity:.3f}")
    rows_out = [
        {"answer": row.answer, "human": row.feedback, **{n: t[k] for n, t in written.items()}}
        for k, row in enumerate(test)
    ]
    (work / "written.json").write_text(json.dumps(rows_out, indent=1, ensure_ascii=False), encoding="utf-8")
    for row in rows_out[:3]:
        print({name: text[:160] for name, text in row.items() if name in ("human", "written, predicted grade")})
    return 0


def trained(arguments: argparse.Namespace, training: list[FeedbackRow], work: Path, deadline: float) -> object:
    """The writer, as far as it is not in the work folder already."""
    if (work / "writer" / "config.json").is_file():
        return load_writer(work / "writer")
    base = arguments.model
    if base is None:
        base = str(work / "small")
        if not (work / "small" / "config.json").is_file():
            size = SmallModelSize(vocabulary=3000, width=arguments.width, layers=arguments.layers)
            texts = corpus_of(training)
            raw = build_small_model(texts, work / "raw", size)
            config = WriterConfig(
                str(raw), "full", prompt_tokens=arguments.tokens, epochs=arguments.pretrain_epochs, rate=3e-3, batch=16
            )
            pretrain(texts, config, work / "small", work / "pretraining", say, deadline - time.monotonic())
    config = WriterConfig(
        base, arguments.method, prompt_tokens=arguments.tokens, epochs=arguments.epochs, batch=16, rate=3e-3,
        reply_tokens=48,
    )  # fmt: skip
    writer = train_writer(training, config, work / "training", say, deadline - time.monotonic())
    save_writer(writer, work / "writer", {"answers": len(training)})
    return writer


def most_frequent(rows: list[FeedbackRow]) -> str:
    """The feedback given most often."""
    texts = [row.feedback for row in rows]
    return max(sorted(set(texts)), key=texts.count)


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
