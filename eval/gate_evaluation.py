"""The gate alone: how much of each attack family it turns away at fixed false-rejection rates."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.adversarial import lending_pool
from eval.results import Rate
from eval.suite import MIN_ANSWERS, Progress, divide
from relevance.artifact import load_gate
from relevance.gate import IRRELEVANT, Gate, Verdict
from relevance.metrics import threshold_at
from synth.attacking import attack_context
from synth.attacks import choose_families, make_attacks
from synth.graded import GradedQuestion, read_graded_files

GENUINE = "genuine"


@dataclass(frozen=True)
class GateEvaluation:
    """Scores of genuine answers and attacks.

    `by_rate`: false-rejection rate -> family -> turned away, with the threshold that gives this rate on these genuine
    answers (an oracle's; it ranks gates). `own_threshold`: the same at the gate's own threshold, set before.
    """

    by_rate: dict[float, dict[str, Rate]]
    own_threshold: dict[str, Rate]

    def table_lines(self) -> list[str]:
        """A table for a terminal."""
        rates = sorted(self.by_rate)
        own = self.own_threshold[GENUINE]
        lines = [f"{'turned away':<28}{'own threshold':>15}" + "".join(f"{f'at {rate:.1%} FRR':>15}" for rate in rates)]
        lines.append(f"{GENUINE:<28}{own.rate:>14.2%} " + "".join(f"{rate:>14.2%} " for rate in rates))
        for family in sorted(set(self.own_threshold) - {GENUINE}):
            cells = [self.own_threshold[family].rate, *(self.by_rate[rate][family].rate for rate in rates)]
            lines.append(f"{family:<28}" + "".join(f"{cell:>14.1%} " for cell in cells))
        low, high = own.interval
        lines.append(f"{own.attempts} genuine answers; at the gate's own threshold {low:.2%} to {high:.2%} at 95 %")
        return lines

    def to_json(self) -> str:
        """Everything as JSON."""

        def rows(rates: dict[str, Rate]) -> dict[str, dict[str, float]]:
            return {
                family: {"attempts": rate.attempts, "rejected": rate.events, "rate": rate.rate}
                for family, rate in sorted(rates.items())
            }

        at_rates = {f"{rate:g}": rows(families) for rate, families in sorted(self.by_rate.items())}
        return json.dumps({"own_threshold": rows(self.own_threshold), "at_false_rejection": at_rates}, indent=2) + "\n"


def evaluate_gate(
    files: Sequence[str | os.PathLike[str]],
    gate: str | os.PathLike[str] = "bundled",
    rates: Sequence[float] = (0.005, 0.01, 0.02, 0.05),
    support: int = 25,
    per_question: int = 2,
    seed: int = 0,
    threads: int = 2,
    progress: Progress | None = None,
) -> GateEvaluation:
    """Judge held-out honest answers and must_reject attacks of graded files.

    Raises:
        DataFileError: a file cannot be used.
        ArtifactError: the gate is not usable.
    """
    loaded = load_gate(None if gate == "bundled" else gate, threads=threads)
    return evaluate_loaded_gate(loaded, read_graded_files(files), rates, support, per_question, seed, progress)


def evaluate_loaded_gate(
    gate: Gate,
    questions: Sequence[GradedQuestion],
    rates: Sequence[float],
    support: int,
    per_question: int,
    seed: int,
    progress: Progress | None = None,
) -> GateEvaluation:
    """`evaluate_gate` for a gate and questions at hand."""
    usable = [question for question in questions if len(question.answers) >= MIN_ANSWERS]
    known = {question.id for question in usable}
    pool = [*usable, *(other for other in lending_pool(usable) if other.id not in known)]
    families = choose_families("must_reject")
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    for done, question in enumerate(usable, 1):
        divided = divide(question, support, seed)
        texts = [(GENUINE, answer.text) for answer in divided.held_out]
        context = attack_context(question, pool)
        for family in families:
            if family.supports(question.language):
                texts += [(family.name, attack.text) for attack in make_attacks(family, context, per_question, seed)]
        judged = gate.for_question(question, divided.support).judge([text for _, text in texts])
        for (family_name, _), verdict in zip(texts, judged.verdicts, strict=True):
            verdicts[family_name].append(verdict)
        if progress:
            progress(done, len(usable))
    own = {name: Rate(sum(item.rejected for item in found), len(found)) for name, found in verdicts.items()}
    scores = {name: np.array([_score(item) for item in found]) for name, found in verdicts.items()}
    by_rate = {}
    for rate in rates:
        threshold = threshold_at(scores[GENUINE], rate)
        by_rate[rate] = {name: Rate(int((values < threshold).sum()), len(values)) for name, values in scores.items()}
    return GateEvaluation(by_rate, own)


def _score(verdict: Verdict) -> float:
    """A guard's rejection is below every threshold."""
    return -1.0 if verdict.reason not in (None, IRRELEVANT) else verdict.relevance
