"""A change is found where there is one, and refused where runs cannot be compared."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eval.baseline import IncomparableRunsError, PartialRunError, bless, compare
from eval.contract import read_result
from eval.results import SuiteResult
from eval.shards import Shard
from eval.statistics import power_of_mcnemar
from eval.suite import SuiteSettings, run_suite
from eval.targets import TargetGrade
from synth.attacks import choose_families, sample_questions

Attacked = Callable[..., SuiteResult]


def test_the_same_grader_is_not_worse(attacked: Attacked, planted: type) -> None:
    comparison = compare(attacked(planted(leaks=30)), attacked(planted(leaks=30)))
    assert comparison.exit_code(strict=True) == 0
    assert not comparison.cases and not comparison.worse


def test_more_leaks_are_worse_and_fewer_are_better(attacked: Attacked, planted: type) -> None:
    families = "blank,refusal,random-characters,question-copy,off-topic-fluent"
    good, bad = attacked(planted(leaks=10), families), attacked(planted(leaks=250), families)
    worse = compare(bad, good)
    assert worse.exit_code() == 3
    assert "must_reject" in {change.name for change in worse.worse}
    assert len(worse.new_events) == sum(change.test.newly for change in worse.changes if change.level == "tier") > 20
    assert all(item.case is not None and item.case.grade > 0 for item in worse.new_events if item.family == "refusal")
    better = compare(good, bad)
    assert better.exit_code(strict=True) == 0 and all(not item.worse for item in better.cases)


def test_more_false_rejections_are_worse(attacked: Attacked, planted: type) -> None:
    comparison = compare(attacked(planted(away=700)), attacked(planted()))
    assert comparison.exit_code() == 3
    assert {change.name for change in comparison.worse} >= {"genuine"}
    assert comparison.grading.mean > 0, "kappa falls when answers are turned away"


def test_one_new_leak_is_worse_only_when_strict(attacked: Attacked, planted: type) -> None:
    before, after = attacked(planted(leaks=10)), attacked(planted(leaks=16))
    comparison = compare(after, before)
    assert 0 < len(comparison.new_events) < 5
    assert (comparison.exit_code(), comparison.exit_code(strict=True)) == (0, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "seed is 1 in this run and 0"),
        ({"per_question": 2}, "per_question is 2"),
        ({"repeats": 2}, "repeats is 2"),
        ({"families": "blank,refusal"}, "only in the baseline"),
    ],
)
def test_other_settings_are_not_comparable(attacked: Attacked, planted: type, change: dict, message: str) -> None:
    with pytest.raises(IncomparableRunsError, match=message) as error:
        compare(attacked(planted(), **change), attacked(planted()))
    assert error.value.exit_code == 2


def test_other_questions_are_not_comparable(attacked: Attacked, planted: type, small_questions) -> None:
    with pytest.raises(IncomparableRunsError, match="different questions: only in the baseline"):
        compare(attacked(planted(), questions=small_questions[:-1]), attacked(planted()))
    changed = [replace(small_questions[0], answers=small_questions[0].answers[:-1]), *small_questions[1:]]
    with pytest.raises(IncomparableRunsError, match="cases are in the baseline"):
        compare(attacked(planted(), questions=changed), attacked(planted()))


def test_blessing(attacked: Attacked, planted: type, tmp_path: Path) -> None:
    result = attacked(planted(leaks=40))
    result.write(tmp_path / "run.json")
    bless(tmp_path / "run.json", tmp_path / "baseline.json")
    assert read_result(tmp_path / "baseline.json").to_json() == result.to_json()
    attacked(planted(), shard=Shard(1, 3)).write(tmp_path / "part.json")
    with pytest.raises(PartialRunError, match="shard 1/3") as error:
        bless(tmp_path / "part.json", tmp_path / "baseline.json")
    assert error.value.exit_code == 4


class RegressingTarget:
    """Leaks `rate` of all texts, chosen by a hash of the text and of the trial."""

    name = "regressing"

    def __init__(self, rate: float, trial: int) -> None:
        self.rate = rate
        self.trial = trial

    def grade(self, question, support, answers) -> list[TargetGrade]:
        return [TargetGrade(float(self._drawn(question.id, text) < self.rate)) for text in answers]

    def _drawn(self, question_id: str, text: str) -> float:
        return zlib.crc32(f"{self.trial} {question_id} {text}".encode("utf-8", "surrogatepass")) / 2**32


def test_a_planted_regression_of_one_percent_is_found_at_the_advertised_power() -> None:
    """Through the whole suite: attacks, grades, outcomes, pairs. Every trial plants another 1 % of the cases."""
    questions = [sample_questions(code)[0] for code in ("ar", "de", "en", "fr", "hi", "sw")]
    settings = SuiteSettings(tuple(choose_families("random-characters")), 120, 3)
    baseline = run_suite(RegressingTarget(0.0, 0), questions, settings)
    pairs = baseline.must_reject.attempts
    advertised = power_of_mcnemar(pairs, 0.01)
    assert 0.75 < advertised < 0.95, "a size at which 1 % is found most times, not always"
    trials, found = 40, []
    for trial in range(trials):
        comparison = compare(run_suite(RegressingTarget(0.01, trial), questions, settings), baseline)
        tier = next(change for change in comparison.changes if change.name == "must_reject")
        found.append(tier.test.p_worse <= 0.05)
    assert np.mean(found) >= advertised - 3 * np.sqrt(advertised * (1 - advertised) / trials)
