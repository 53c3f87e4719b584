"""Curves, the check of every language, explanations, and the pages that show them."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import answergate
from relevance.curves import (
    CURVE_RATES,
    family_curves,
    honest_rates,
    language_table,
    rejection_curve,
    reliability,
)
from relevance.gate import Gate
from relevance.rates import Share
from relevance.reports.gate_page import views_of, write_gate_page
from relevance.reports.search_page import write_search_page
from relevance.reports.terminal import summary_lines, worst_list
from relevance.scored import FalseRejection, ScoredAnswers, from_questions
from relevance.search_results import SearchResult, Trial
from relevance.training import TrainingConfig
from synth.attacks import choose_families
from synth.graded import GradedQuestion, write_graded_file


@pytest.fixture(scope="module")
def scored(gate: Gate, held_out_questions: list[GradedQuestion]) -> ScoredAnswers:
    families = choose_families("blank,random-words,question-copy,off-topic-fluent")
    return from_questions(gate, held_out_questions, families, per_question=1)


def columns(
    relevance: list[float], genuine: list[bool], family: list[str], language: list[str], rejected: list[bool]
) -> ScoredAnswers:
    count = len(relevance)
    return ScoredAnswers(
        relevance=np.array(relevance),
        guard=np.full(count, ""),
        rejected=np.array(rejected),
        genuine=np.array(genuine),
        family=np.array(family),
        language=np.array(language),
        credit=np.where(genuine, 1.0, np.nan),
        size=np.full(count, 25),
        false_rejections=(),
    )


def test_a_curve_is_what_counting_gives() -> None:
    random = np.random.default_rng(0)
    genuine, negatives = random.normal(2, 1, 300).round(1), random.normal(0, 1, 200).round(1)
    curve = rejection_curve("x", genuine, negatives)
    pairs = (genuine[:, None] > negatives).mean() + 0.5 * (genuine[:, None] == negatives).mean()
    assert curve.auc == pytest.approx(pairs)
    for rate, rejected in zip(CURVE_RATES[:-1], curve.rejected[:-1], strict=True):
        possible = [t for t in np.append(genuine, np.inf) if (genuine < t).mean() <= rate]
        assert rejected == pytest.approx((negatives < max(possible)).mean())
    assert curve.rejected[-1] == 1.0
    assert list(curve.rejected) == sorted(curve.rejected)


def test_exact_intervals() -> None:
    assert Share(0, 100).interval == pytest.approx((0.0, 0.03622), abs=1e-5)
    assert Share(5, 100).interval == pytest.approx((0.01643, 0.11283), abs=1e-5)
    assert Share(3, 3).interval[1] == 1.0
    assert Share(0, 0).interval == (0.0, 1.0)


def test_a_language_two_points_worse_than_the_mean_is_marked() -> None:
    genuine = [True] * 200
    away = [row in range(5) or row == 100 for row in range(200)]
    table = columns([0.9] * 200, genuine, ["genuine"] * 200, ["aa"] * 100 + ["bb"] * 100, away)
    found = language_table(table, np.full(200, True))
    assert [row.false_rejection.events for row in found.rows] == [5, 1]
    assert found.mean_false_rejection == pytest.approx(0.03)
    assert [row.false_rejection_marked for row in found.rows] == [False, False]
    worse = replace(table, rejected=np.array([row < 6 for row in range(200)]))
    assert [row.false_rejection_marked for row in language_table(worse, np.full(200, True)).rows] == [True, False]


def test_reliability_of_a_calibrated_gate_lies_on_the_diagonal() -> None:
    random = np.random.default_rng(1)
    probabilities = random.random(40_000)
    genuine = random.random(40_000) < probabilities
    table = columns(probabilities.tolist(), genuine.tolist(), ["genuine"] * 40_000, ["en"] * 40_000, [False] * 40_000)
    found = reliability(table, np.full(40_000, True))
    assert sum(place.count for place in found.bins) == 40_000
    assert all(place.observed == pytest.approx(place.predicted, abs=0.03) for place in found.bins)
    assert found.error < 0.02


def test_scored_answers_are_the_gates_own_verdicts(
    scored: ScoredAnswers, gate: Gate, held_out_questions: list[GradedQuestion]
) -> None:
    question = held_out_questions[0]
    verdicts = gate.for_question(question, ()).judge([answer.text for answer in question.answers]).verdicts
    cold = scored.regime(warm=False) & scored.genuine
    np.testing.assert_allclose(
        scored.relevance[cold][: len(verdicts)], [verdict.relevance for verdict in verdicts], atol=1e-5
    )
    assert scored.rejected[cold][: len(verdicts)].tolist() == [verdict.rejected for verdict in verdicts]
    assert (scored.size[scored.regime(warm=True)] == 25).all()


def test_credited_and_uncredited_answers_are_counted_apart(scored: ScoredAnswers) -> None:
    rows = scored.regime(warm=True)
    found = honest_rates(scored, rows)
    assert found.credited.attempts + found.graded_zero.attempts == (rows & scored.genuine).sum()
    assert found.credited.events + found.graded_zero.events == (rows & scored.genuine & scored.rejected).sum()
    assert found.credited.attempts > 20


def test_blank_answers_are_all_turned_away_at_any_rate(scored: ScoredAnswers) -> None:
    curves = {curve.name: curve for curve in family_curves(scored, scored.regime(warm=True))}
    assert set(curves) == {"blank", "random-words", "question-copy", "off-topic-fluent"}
    assert set(curves["blank"].rejected) == {1.0}
    assert curves["random-words"].auc > 0.9


def test_what_pulls_down_is_named(gate: Gate, held_out_questions: list[GradedQuestion]) -> None:
    # A threshold this high turns honest answers away.
    calibration = replace(gate.parts.calibration, thresholds=dict.fromkeys(gate.parts.calibration.thresholds, 0.95))
    strict = Gate(replace(gate.parts, calibration=calibration), gate.encoder)
    scored = from_questions(strict, held_out_questions[:2], [])
    by_model = [item for item in scored.false_rejections if item.reason == "irrelevant"]
    assert by_model
    assert all(item.pulls and all(pull.logit > 0 for pull in item.pulls) for item in by_model)
    credits_ = [item.credit or 0.0 for item in scored.false_rejections if item.size]
    assert credits_
    assert credits_ == sorted(credits_, reverse=True)
    text = worst_list(by_model)
    assert by_model[0].pulls[0].name in text


def test_the_card_and_page_stand_beside_the_gate(gate_folder: Path) -> None:
    card = (gate_folder / "card.md").read_text()
    page = (gate_folder / "report.html").read_text()
    assert "| a teacher gave credit | " in card and "## The worst false rejections" in card
    rows = [line for line in card.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows if line.startswith("| genuine |")} == {
        next(line for line in rows if line.startswith("| family |")).count("|")
    }
    _check_page(page)
    for part in ("By family", "By language", "expected calibration error", "The worst false rejections"):
        assert part in page


def test_the_report_command(gate_folder: Path, held_out_questions: list[GradedQuestion], tmp_path: Path) -> None:
    graded, page = tmp_path / "graded.jsonl", tmp_path / "out" / "report.html"
    write_graded_file(graded, held_out_questions[:2])
    command = ["relevance", "report", str(gate_folder), "--questions", str(graded), "--html", str(page)]
    assert answergate.main([*command, "--families", "blank,random-words", "--per-question", "1"]) == 0
    _check_page(page.read_text())
    assert not list(page.parent.glob(".*"))


def test_markup_in_an_answer_stays_text(scored: ScoredAnswers, tmp_path: Path) -> None:
    case = "<script>alert('x')</script> </title> 'quoted' & \u202eturned"
    worst = FalseRejection("What <b>is</b> it?", case, "ar", "genuine", 1.0, 25, 0.01, "irrelevant", ())
    views = views_of(replace(scored, false_rejections=(worst,)))
    write_gate_page(tmp_path / "page.html", views, "<i>gate</i>", "sub")
    page = (tmp_path / "page.html").read_text()
    assert "<script" not in page and "&lt;script&gt;" in page and "<i>gate" not in page
    assert 'dir="rtl"' in page
    assert summary_lines(views)


def test_the_page_of_a_search(tmp_path: Path) -> None:
    configs = [TrainingConfig(width=width, learning_rate=rate) for width, rate in ((32, 1e-3), (64, 2e-3), (64, 5e-3))]
    trials = tuple(
        Trial(f"t{number}", "finished", config, 0.9 - number / 10, (0.1, 0.9 - number / 10), (0.7, 0.5), 1.5)
        for number, config in enumerate(configs)
    )
    write_search_page(tmp_path / "page.html", SearchResult(trials, tmp_path))
    page = (tmp_path / "page.html").read_text()
    _check_page(page)
    assert page.count('class="line rank') == 3
    assert "learning_rate" in page and "t2: 0.7000" in page


class _Checker(HTMLParser):
    """Counts what a page must not have: scripts, addresses, tags that are not closed."""

    VOID = ("meta", "link", "br", "path", "circle", "rect", "img", "hr", "input")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "script"
        assert not any(name in ("src", "href", "onclick") for name, _ in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def _check_page(page: str) -> None:
    checker = _Checker()
    checker.feed(page)
    assert checker.open == []
    assert not re.search(r"https?://|url\(|NaN|nan<", page)
    assert "prefers-color-scheme: dark" in page and "width=device-width" in page
