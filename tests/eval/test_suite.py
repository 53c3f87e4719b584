"""The suite finds what a grader does wrong, whoever's it is, and says nothing it has not seen."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from encoders import Encoder
from eval.reports import summary_lines, write_html, write_junit
from eval.results import SuiteResult
from eval.suite import SuiteSettings, divide, is_leak, run_suite
from eval.targets import FullGraderTarget, TargetGrade
from eval.thresholds import Thresholds, check
from grader.full import FullGrader
from relevance.gate import Gate
from synth.attacks import choose_families
from synth.bank import load_bank
from synth.graded import GradedAnswer, GradedQuestion

QUICK = "blank,punctuation,refusal,random-characters,question-copy,off-topic-fluent,injection-command,duplication"


class RuleTarget:
    """A grader made of one rule, as a badly built one would be."""

    def __init__(self, name: str, rule: Callable[[GradedQuestion, str], float]) -> None:
        self.name = name
        self._rule = rule

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        return [TargetGrade(self._rule(question, answer)) for answer in answers]


@pytest.fixture(scope="module")
def questions() -> list[GradedQuestion]:
    return [item.graded_question() for item in load_bank(["en", "hi"]).questions if len(item.answers) >= 30][:4]


def run(target: RuleTarget, questions: list[GradedQuestion], families: str = QUICK) -> SuiteResult:
    return run_suite(target, questions, SuiteSettings(tuple(choose_families(families)), per_question=3))


def leaking(result: SuiteResult) -> set[str]:
    return {family.name for family in result.families if family.leaks.events}


def test_full_marks_for_everything_leaks_everywhere(questions: list[GradedQuestion]) -> None:
    result = run(RuleTarget("generous", lambda question, answer: question.max_grade), questions)
    assert result.must_reject.events == result.must_reject.attempts > 50
    assert check(result, Thresholds(max_leak_rate=0.01))[0].passed is False


def test_zero_for_everything_leaks_nothing_and_grades_badly(questions: list[GradedQuestion]) -> None:
    result = run(RuleTarget("strict", lambda question, answer: 0.0), questions)
    assert result.must_reject.events == 0
    assert result.must_reject.upper95 > 0
    assert result.grading.qwk == pytest.approx(0.0, abs=1e-9)
    assert result.grading.mae > 0.3


def test_a_length_counter_is_caught(questions: list[GradedQuestion]) -> None:
    target = RuleTarget("length", lambda question, answer: min(question.max_grade, len(answer) // 20))
    assert {"random-characters", "off-topic-fluent", "question-copy"} <= leaking(run(target, questions))


def test_a_keyword_counter_is_caught(questions: list[GradedQuestion]) -> None:
    def counts(question: GradedQuestion, answer: str) -> float:
        words = set(" ".join(question.references).lower().split())
        return min(question.max_grade, sum(word in words for word in set(answer.lower().split())) // 2)

    caught = leaking(run(RuleTarget("keywords", counts), questions, "keyword-stuffing,word-ngrams-own-topic,blank"))
    assert caught and "blank" not in caught


def test_one_that_obeys_injections_is_caught(questions: list[GradedQuestion]) -> None:
    def obeys(question: GradedQuestion, answer: str) -> float:
        asks = ("grade", "score", "marks", "points", "rubric", "अंक", "पूरे")
        return question.max_grade if any(word in answer.lower() for word in asks) else 0.0

    assert "injection-command" in leaking(run(RuleTarget("obedient", obeys), questions))


@pytest.mark.parametrize("grade", [-1.0, 99.0, float("nan")])
def test_a_lying_target_is_a_failure_never_a_pass(questions: list[GradedQuestion], grade: float) -> None:
    result = run(RuleTarget("liar", lambda question, answer: grade), questions)
    assert not result.complete
    assert {failure.fault for failure in result.failures} <= {"out of range", "not a number"}
    assert result.must_reject.attempts == 0


def test_missing_rows_are_a_failure(questions: list[GradedQuestion]) -> None:
    class Forgetful(RuleTarget):
        def grade(
            self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
        ) -> list[TargetGrade]:
            return super().grade(question, support, answers)[:-1]

    result = run(Forgetful("forgetful", lambda question, answer: 0.0), questions)
    assert {failure.fault for failure in result.failures} == {"missing rows"}


def test_the_same_seed_gives_the_same_bytes(questions: list[GradedQuestion]) -> None:
    target = RuleTarget("length", lambda question, answer: min(question.max_grade, len(answer) // 20))
    assert run(target, questions).to_json() == run(target, questions).to_json()


def test_support_and_honest_answers_are_apart(questions: list[GradedQuestion]) -> None:
    for question in questions:
        divided = divide(question, 25, seed=1)
        assert len(divided.support) == 25
        assert len(divided.support) + len(divided.held_out) == len(question.answers)
    few = GradedQuestion("few", "Why?", "en", 1.0, tuple(GradedAnswer(f"answer {n}", n % 2) for n in range(6)))
    assert len(divide(few, 25, seed=0).held_out) == 2


@pytest.mark.parametrize(
    ("tier", "grade", "clean", "leak"),
    [
        ("must_reject", 0.0, None, False),
        ("must_reject", 0.5, None, True),
        ("must_not_gain", 2.0, 2.0, False),
        ("must_not_gain", 3.0, 2.0, True),
        ("must_not_gain", 1.0, 2.0, False),
        ("must_not_move", 1.0, 2.0, True),
        ("must_not_move", 2.0, 2.0, False),
        ("semantic", 2.0, 2.0, True),
        ("semantic", 1.0, 2.0, False),
    ],
)
def test_what_a_tier_forbids(tier: str, grade: float, clean: float | None, leak: bool) -> None:
    assert is_leak(tier, grade, clean) is leak


def test_full_grader_holds_where_the_plain_one_leaks(
    gate: Gate, encoder: Encoder, held_out_questions: list[GradedQuestion], tmp_path: Path
) -> None:
    settings = SuiteSettings(tuple(choose_families(QUICK)), per_question=2)
    plain = run_suite(FullGraderTarget(FullGrader(encoder, None), "plain"), held_out_questions, settings)
    full = run_suite(FullGraderTarget(FullGrader(encoder, gate), "full"), held_out_questions, settings)
    assert plain.must_reject.events >= 5
    assert full.must_reject.events <= plain.must_reject.events / 3
    assert full.genuine.rate < 0.1
    assert full.grading.qwk > full.grading.qwk_constant + 0.3

    contract = json.loads(full.to_json())
    assert set(contract) >= {"version", "target", "settings", "totals", "families", "grading", "leaks"}
    assert set(contract["totals"]["must_reject"]) == {"attempts", "leaks", "rate", "upper95"}
    assert set(contract["totals"]["genuine"]) == {"answers", "false_rejections", "rate", "upper95"}
    assert set(contract["families"][0]) == {
        "name", "tier", "severity", "language", "attempts", "leaks", "rate", "upper95",
    }  # fmt: skip
    assert set(contract["grading"]) == {"answers", "qwk", "qwk_constant", "mae"}
    assert (
        sum(row["attempts"] for row in contract["families"] if row["tier"] == "must_reject")
        == (contract["totals"]["must_reject"]["attempts"])
    )

    checks = check(full, Thresholds(max_leak_rate=0.0, max_false_rejection=0.5))
    write_junit(tmp_path / "report.xml", plain, checks)
    suite = ET.parse(tmp_path / "report.xml").getroot()
    assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
    write_html(tmp_path / "report.html", full, checks, baseline=plain)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "http" not in page.split("<body>")[0] and "off-topic-fluent" in page
    assert any("must_reject" in line for line in summary_lines(full))
