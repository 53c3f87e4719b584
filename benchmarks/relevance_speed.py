"""What the gate costs on top of the encoder: one warm answer, many answers, memory; and that torch stays out.

    python benchmarks/relevance_speed.py
    python benchmarks/relevance_speed.py --gate gates/course --answers 2000 --profile

One thread. Processor time, so that other work on the machine hardly shows. The encoder is timed inside the same calls,
texts are new to it (each gets a number at its end), and no store of vectors is used. An answer is a bank answer of a
warm question (25 graded answers); the guards, the features and the network are timed apart as well.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from timed_encoder import TimedEncoder

from encoders import get_encoder
from relevance.artifact import load_gate, read_gate
from relevance.gate import Gate, QuestionGate
from relevance.model import mean_logits
from relevance.text_facts import TextFacts
from synth.bank import load_bank
from synth.graded import GradedQuestion

SUPPORT = 25


def milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    values = 1e3 * np.asarray(seconds)
    return {"p50": round(float(np.median(values)), 3), "p99": round(float(np.percentile(values, 99)), 3)}


def single_answers(judges: Sequence[QuestionGate], texts: Sequence[str], encoder: TimedEncoder) -> dict[str, object]:
    """Judge answers one by one; what is not the encoder's is the gate's."""
    gate, alone = [], []
    for number, text in enumerate(texts):
        judge = judges[number % len(judges)]
        encoder.seconds = 0.0
        begun = time.process_time()
        judge.judge([text])
        whole = time.process_time() - begun
        gate.append(whole - encoder.seconds)
        alone.append(encoder.seconds)
    return {"gate_ms": milliseconds(gate), "encoder_ms": milliseconds([value for value in alone if value])}


def parts(judges: Sequence[QuestionGate], texts: Sequence[str]) -> dict[str, object]:
    """Guards (with cleaning), features and network of single answers, in turn."""
    guards, features, network = [], [], []
    for number, text in enumerate(texts):
        judge = judges[number % len(judges)]
        begun = time.process_time()
        prepared = judge.reader.prepare(text)
        judge.reader.rejection(prepared)
        guarded = time.process_time()
        vector = judge.support_rows[number % SUPPORT][None]
        looked = time.process_time()
        rows, beside = judge.evidence.inputs([TextFacts.of(prepared.own_text)], vector)
        compared = time.process_time()
        mean_logits(judge.gate.parts.models, rows, beside)
        done = time.process_time()
        guards.append(guarded - begun)
        features.append(compared - looked)
        network.append(done - compared)
    return {
        "guards_ms": milliseconds(guards),
        "features_ms": milliseconds(features),
        "network_ms": milliseconds(network),
    }


def many_answers(judges: Sequence[QuestionGate], texts: Sequence[str], encoder: TimedEncoder) -> dict[str, object]:
    """Judge many answers, question by question, and compare with the encoder's share of it."""
    encoder.seconds = 0.0
    begun = time.process_time()
    for number, judge in enumerate(judges):
        judge.judge(texts[number :: len(judges)])
    whole = time.process_time() - begun
    return {
        "answers": len(texts),
        "whole_seconds": round(whole, 2),
        "encoder_seconds": round(encoder.seconds, 2),
        "ratio": round(whole / encoder.seconds, 3),
    }


def warm_judges(gate: Gate, questions: Sequence[GradedQuestion]) -> list[QuestionGate]:
    """Gates with their evidence built, as a service holds them."""
    judges = [gate.for_question(question, question.answers[:SUPPORT]) for question in questions]
    for judge in judges:
        judge.judge([judge.question.answers[-1].text, "an answer that no guard stops, about water and ice"])
    return judges


@threadpool_limits.wrap(limits=1)
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gate", default="bundled")
    parser.add_argument("--single", type=int, default=500, help="answers judged one by one")
    parser.add_argument("--answers", type=int, default=10_000, help="answers judged in one go")
    parser.add_argument("--questions", type=int, default=16)
    parser.add_argument("--profile", action="store_true", help="where the gate's time goes")
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args()

    folder = None if arguments.gate == "bundled" else arguments.gate
    # A store would answer for texts that it knows.
    name = read_gate(folder).encoder_name if folder else "e5"
    encoder = TimedEncoder(get_encoder(name, threads=1))
    gate = load_gate(folder, encoder)
    deep = [question for question in load_bank().graded_questions() if len(question.answers) >= 30]
    questions = deep[:: max(1, len(deep) // arguments.questions)][: arguments.questions]
    judges = warm_judges(gate, questions)
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answers = [[answer.text for answer in question.answers[SUPPORT:]] for question in questions]

    def new_texts(count: int, mark: str) -> list[str]:
        found = []
        for number in range(count):
            own = answers[number % len(questions)]
            found.append(f"{own[(number // len(questions)) % len(own)]} {mark}{number}")
        return found

    figures = {
        "single": single_answers(judges, new_texts(arguments.single, "a"), encoder),
        "parts": parts(judges, new_texts(arguments.single, "b")),
        "many": many_answers(judges, new_texts(arguments.answers, "c"), encoder),
        "memory_mb_loaded": round(loaded),
        "memory_mb_peak": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "torch_imported": "torch" in sys.modules,
    }
    text = json.dumps(figures, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    if arguments.profile:
        vectors = judges[0].support_rows
        profile = cProfile.Profile()
        texts = new_texts(arguments.single, "d")
        profile.enable()
        for number, text in enumerate(texts):
            judge = judges[number % len(judges)]
            prepared = judge.reader.prepare(text)
            judge.reader.rejection(prepared)
            judge._relevance([TextFacts.of(prepared.own_text)], vectors[number % SUPPORT][None])
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
