"""Adaptive attacks: they find what is there, only with nonsense, within the budget, the same every time."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import answergate
from eval.adaptive import AdaptiveError, adaptive_settings, run_adaptive
from eval.adaptive.bags import Bags
from eval.adaptive.oracle import Oracle
from eval.suite import SuiteSettings, divide
from eval.targets import TargetError, TargetExhaustedError, TargetGrade
from synth.attacking import attack_context
from synth.attacks import choose_families
from synth.attacks.material import material
from synth.bank import load_bank
from synth.graded import GradedAnswer, GradedQuestion

SUITE = SuiteSettings(tuple(choose_families("blank")))


class Watched:
    """A grader made of one rule, which remembers what it was asked."""

    def __init__(self, rule: Callable[[GradedQuestion, str], TargetGrade]) -> None:
        self.name = "watched"
        self.asked: list[tuple[str, str]] = []
        self._rule = rule

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        self.asked += [(question.id, answer) for answer in answers]
        return [self._rule(question, answer) for answer in answers]


def hidden_words(question: GradedQuestion, answer: str) -> TargetGrade:
    """Passes what holds ten different words with an s at their beginning, and tells how near a text is."""
    near = min(1.0, len({word for word in answer.casefold().split() if word.startswith("s")}) / 10)
    return TargetGrade(question.max_grade if near == 1 else 0.0, relevance=near)


@pytest.fixture(scope="module")
def questions() -> list[GradedQuestion]:
    return [item.graded_question() for item in load_bank(["en"]).questions if len(item.answers) >= 30][:4]


@pytest.fixture(scope="module")
def many_languages() -> list[GradedQuestion]:
    bank = load_bank(["ar", "de", "en", "hi", "ja", "ko", "ru", "zh"]).questions
    return [item.graded_question() for item in bank if len(item.answers) >= 30][::5]


def test_climbing_finds_what_chance_does_not(questions: list[GradedQuestion]) -> None:
    target = Watched(hidden_words)
    (result,) = run_adaptive(target, questions, SUITE, adaptive_settings(250, "hill-climb"))
    assert result.failure is None
    assert result.broken.events > result.started.events
    assert result.broken.events == result.broken.attempts == len(questions)
    assert all(find.grade == find.max_grade and find.start and find.query <= 250 for find in result.finds)


def test_no_question_costs_more_than_the_budget(questions: list[GradedQuestion]) -> None:
    target = Watched(lambda question, answer: TargetGrade(0.0, relevance=len(answer) / 1e6))
    results = run_adaptive(target, questions, SUITE, adaptive_settings(60))
    assert [result.method for result in results] == ["hill-climb", "trigger"]
    assert sum(result.queries for result in results) == len(target.asked) <= 2 * 60 * len(questions)
    assert len(set(target.asked)) >= 0.9 * len(target.asked)
    assert all(not result.finds and result.broken.events == 0 for result in results)


def test_the_same_seed_searches_the_same(questions: list[GradedQuestion]) -> None:
    runs = []
    for seed in (1, 1, 2):
        target = Watched(hidden_words)
        run_adaptive(target, questions[:2], SUITE, adaptive_settings(80, seed=seed))
        runs.append(target.asked)
    assert runs[0] == runs[1] != runs[2]


def test_everything_tried_is_nonsense_by_construction(many_languages: list[GradedQuestion]) -> None:
    """A climber that is led to the credited answers' own words may still not come near any of them."""

    def leads(question: GradedQuestion, answer: str) -> TargetGrade:
        known = material(question)
        words = set(known.language.words(answer.casefold()))
        best = max(len(words & set(known.words(text.text.casefold()))) / 40 for text in known.best)
        return TargetGrade(0.0, relevance=min(1.0, best))

    target = Watched(leads)
    run_adaptive(target, many_languages, SUITE, adaptive_settings(120, "hill-climb"))
    by_id = {question.id: question for question in many_languages}
    assert {question_id for question_id, _ in target.asked} == set(by_id)
    for question_id, text in target.asked:
        known = material(by_id[question_id])
        language = known.language
        tried = {word.casefold() for word in language.words(text)}
        asked = {word.casefold() for word in known.words(known.question.text)}
        assert not known.may_earn(text) and not known.holds_answer(text)
        for answer in known.best:
            own = {word.casefold() for word in known.words(answer.text) if known.is_content(word)} - asked
            assert len(own & tried) <= max(1, 0.5 * len(own)), (text, answer.text)


def test_an_answer_is_no_bag_and_no_edit_makes_it_one(questions: list[GradedQuestion]) -> None:
    question = questions[0]
    bags = Bags(attack_context(question, questions), seed=0)
    known = material(question)
    for answer in known.best[:5]:
        assert not bags.allows(known.words(answer.text))
        assert not bags.allows_text(answer.text)
        assert not bags.allows_text(f"Well, {answer.text.lower()} And so on.")
    assert bags.allows_text("The museum opens at ten and the boat is green.")


def test_a_heap_of_key_words_is_no_bag(questions: list[GradedQuestion]) -> None:
    bags = Bags(attack_context(questions[0], questions), seed=0)
    answers = material(questions[0]).best
    asked = {word.casefold() for word in material(questions[0]).words(questions[0].text)}
    heap = [
        next(
            word for word in material(questions[0]).words(answer.text) if len(word) > 5 and word.casefold() not in asked
        )
        for answer in answers
    ]
    assert not bags.allows(heap)
    assert bags.allows([heap[0], *["the", "boat", "of", "my", "uncle", "and", "the", "garden", "with", "a", "window"]])


def test_where_bare_terms_earn_credit_no_term_may_be_used() -> None:
    answers = (GradedAnswer("chlorophyll", 1.0), GradedAnswer("green pigment", 1.0), GradedAnswer("water", 0.0))
    question = GradedQuestion("terse", "Which substance absorbs light in leaves?", "en", 1.0, answers)
    bags = Bags(attack_context(question, []), seed=0)
    assert not bags.allows(["purple", "pigments", "of", "tables"])
    assert bags.allows(["purple", "leaves", "of", "tables"])


def test_a_trigger_is_tried_on_questions_it_was_not_found_on(questions: list[GradedQuestion]) -> None:
    def falls_for_a_word(question: GradedQuestion, answer: str) -> TargetGrade:
        hit = "clearly" in answer.casefold() or "important" in answer.casefold()
        return TargetGrade(1.0 if hit else 0.0, relevance=0.9 if hit else 0.1)

    target = Watched(falls_for_a_word)
    (result,) = run_adaptive(target, questions, SUITE, adaptive_settings(200, "trigger"))
    (transfer,) = result.transfers
    assert {"clearly", "important"} & set(transfer.trigger.casefold().split())
    assert (transfer.train, transfer.test) == (2, 2)
    assert transfer.triggered.events == transfer.triggered.attempts > 0
    assert transfer.plain.events < transfer.triggered.events
    assert result.broken.attempts == 2 and {find.question_id for find in result.finds} <= {
        item.id for item in questions
    }
    assert transfer.triggered_share > transfer.plain_share


def test_one_question_is_too_few_for_a_trigger(questions: list[GradedQuestion]) -> None:
    (result,) = run_adaptive(Watched(hidden_words), questions[:1], SUITE, adaptive_settings(50, "trigger"))
    assert result.queries == 0 and result.note and "left out" in result.note


def test_a_target_that_breaks_ends_the_search_and_what_was_found_stays(questions: list[GradedQuestion]) -> None:
    calls: list[int] = []

    def breaks(question: GradedQuestion, answer: str) -> TargetGrade:
        calls.append(1)
        return TargetGrade(question.max_grade if len(calls) < 8 else 99.0)

    (result,) = run_adaptive(Watched(breaks), questions, SUITE, adaptive_settings(25, "hill-climb"))
    assert result.failure and "outside 0" in result.failure
    assert result.finds


class Stingy(Watched):
    """Takes so many queries of a question, each alone, and no more."""

    def __init__(self, rule: Callable[[GradedQuestion, str], TargetGrade], taken: dict[str, int]) -> None:
        super().__init__(rule)
        self._left = taken

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        taken = self._left[question.id]
        self._left[question.id] -= min(taken, len(answers))
        graded = super().grade(question, support, answers[:taken])
        if len(answers) > taken:
            raise TargetExhaustedError("no attempts left", graded=[*graded, *[None] * (len(answers) - taken)])
        return graded


def test_a_target_that_takes_no_more_ends_the_search_on_that_question_alone(questions: list[GradedQuestion]) -> None:
    taken = dict(zip((question.id for question in questions), (0, 3, 5, 1000), strict=True))
    target = Stingy(lambda question, answer: TargetGrade(question.max_grade / 2), dict(taken))
    (result,) = run_adaptive(target, questions, SUITE, adaptive_settings(20, "hill-climb"))
    assert result.failure is None and result.exhausted == 3
    assert result.queries == len(target.asked) == 3 + 5 + 20
    # What was graded before the end counts; a question that took nothing neither stood nor fell.
    assert {find.question_id for find in result.finds} == {question.id for question in questions[1:]}
    assert (result.broken.events, result.broken.attempts) == (3, 3)
    assert result.note and "3 question(s)" in result.note and "none at all on 1" in result.note
    assert "no attempts left" in result.note and result.as_contract()["exhausted"] == 3


def test_a_target_that_never_answers_has_not_passed(questions: list[GradedQuestion]) -> None:
    nothing = dict.fromkeys((question.id for question in questions), 0)
    results = run_adaptive(Stingy(hidden_words, nothing), questions, SUITE, adaptive_settings(20))
    for result in results:
        assert (result.queries, result.broken.attempts, result.broken.upper95) == (0, 0, 1.0)
        assert result.note and "none at all" in result.note


def test_a_small_budget_is_searched_in_small_rounds(questions: list[GradedQuestion]) -> None:
    rounds: list[int] = []

    class Counting(Watched):
        def grade(
            self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
        ) -> list[TargetGrade]:
            rounds.append(len(answers))
            return super().grade(question, support, answers)

    run_adaptive(Counting(hidden_words), questions[:1], SUITE, adaptive_settings(10, "hill-climb"))
    assert sum(rounds) == 10 and max(rounds) == 2


def test_the_oracle_keeps_the_budget_and_asks_nothing_twice(questions: list[GradedQuestion]) -> None:
    target = Watched(lambda question, answer: TargetGrade(0.0))
    oracle = Oracle(target, divide(questions[0], 25, 0), budget=3)
    assert len(oracle.ask(["a", "b", "a"])) == 2
    assert [item.text for item in oracle.ask(["b", "c", "d"])] == ["b", "c"]
    assert oracle.left == 0 and len(target.asked) == 3
    liar = Oracle(Watched(lambda question, answer: TargetGrade(-1.0)), divide(questions[0], 25, 0), budget=3)
    with pytest.raises(TargetError):
        liar.ask(["a"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"budget": 3}, "too few"),
        ({"budget": 50, "methods": "hil-climb"}, "did you mean hill-climb"),
        ({"budget": 50, "methods": "llm"}, "--attacker-model"),
    ],
)
def test_wrong_settings_are_explained(arguments: dict, told: str) -> None:
    with pytest.raises(AdaptiveError, match=told) as caught:
        adaptive_settings(**arguments)
    assert caught.value.exit_code == 2


def test_finds_are_reported_saved_and_run_again(tmp_path: Path, graded_path: Path, capsys) -> None:
    grader = tmp_path / "grader.py"
    grader.write_text(
        "def grade(question, support, answers):\n"
        "    near = [len({'the', 'of', 'and'} & set(a.lower().split())) / 3 for a in answers]\n"
        "    return [{'grade': question['max_grade'] * (n == 1), 'relevance': n} for n in near]\n"
    )
    finds, report, page = tmp_path / "finds.jsonl", tmp_path / "r.json", tmp_path / "r.html"
    common = [
        "eval",
        "adversarial",
        "--questions",
        str(graded_path),
        "--families",
        "blank",
        "--target",
        f"{grader}:grade",
    ]
    code = answergate.main(
        [*common, "--adaptive", "80", "--save-finds", str(finds), "--json", str(report), "--html", str(page)]
    )
    assert code in (0, 1)
    found = json.loads(report.read_text())["adaptive"]
    saved = [json.loads(line) for line in finds.read_text().splitlines()]
    assert len(saved) == sum(len(method["finds"]) for method in found) > 0
    assert {row["family"] for row in saved} <= {"adaptive-hill-climb", "adaptive-trigger"}
    assert "Adaptive attacks" in page.read_text() and "adaptive hill-climb" in capsys.readouterr().out
    answergate.main([*common, "--attacks", str(finds), "--json", str(report)])
    again = {row["name"]: row for row in json.loads(report.read_text())["families"]}
    assert again["adaptive-hill-climb"]["leaks"] == again["adaptive-hill-climb"]["attempts"] > 0


def test_options_without_a_budget_are_wrong_use(graded_path: Path, capsys) -> None:
    common = ["eval", "adversarial", "--questions", str(graded_path), "--save-finds", "x.jsonl"]
    assert answergate.main(common) == 2
    assert "--adaptive BUDGET" in capsys.readouterr().err
