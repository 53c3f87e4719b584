"""Attacks that a model writes, against a real server that speaks OpenAI's protocol."""

import json
from collections.abc import Sequence

import pytest

from eval.adaptive import adaptive_settings, run_adaptive
from eval.suite import SuiteSettings
from eval.targets import TargetGrade
from synth.attacks import choose_families
from synth.bank import load_bank
from synth.graded import GradedAnswer, GradedQuestion

SUITE = SuiteSettings(tuple(choose_families("blank")))


class Grader:
    """Gives a point to what has an exclamation mark, and says why it turns the rest away."""

    name = "grader"

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        return [TargetGrade(1.0, 0.8) if "!" in answer else TargetGrade(0.0, 0.1, "irrelevant") for answer in answers]


@pytest.fixture
def question() -> GradedQuestion:
    return next(item for item in load_bank(["en"]).questions if len(item.answers) >= 30).graded_question()


def settings(server, budget: int = 20):
    return adaptive_settings(budget, "llm", model="writer", base_url=f"{server.url}/v1")


def test_the_model_sees_how_its_last_texts_were_graded(chat_server, question: GradedQuestion) -> None:
    def reply(prompt: str) -> str:
        if "WHAT WAS TRIED" not in prompt:
            texts = [question.answers[0].text, "A boat is a boat.", "Mountains are high."]
        else:
            assert '"A boat is a boat." -> grade 0 of' in prompt
            assert "P(relevant) 0.10, turned away: irrelevant" in prompt
            number = prompt.count("-> grade")
            texts = [f"Boats are {'very ' * number}green!", "A boat is a boat."]
        return json.dumps({"answers": [{"text": text} for text in texts]})

    server = chat_server(reply)
    (result,) = run_adaptive(Grader(), [question], SUITE, settings(server, 10))
    assert result.failure is None and result.note
    assert (result.started.events, result.broken.events, result.broken.attempts) == (0, 1, 1)
    assert result.finds[0].text.endswith("green!") and result.finds[0].grade == 1
    first = server.bodies[0]
    assert first["model"] == "writer" and "Only this JSON" in first["messages"][0]["content"]
    assert first["response_format"]["json_schema"]["schema"]["required"] == ["answers"]
    assert result.queries == 10


def test_a_genuine_answer_that_the_model_writes_is_not_tried(chat_server, question: GradedQuestion) -> None:
    best = max(question.answers, key=lambda answer: answer.grade).text
    server = chat_server(lambda prompt: json.dumps({"answers": [{"text": best + " !"}]}))
    (result,) = run_adaptive(Grader(), [question], SUITE, settings(server))
    assert result.queries == 0 and not result.finds
    assert len(server.bodies) == 2


def test_a_model_that_cannot_be_asked_makes_the_run_incomplete(json_server, question: GradedQuestion) -> None:
    server = json_server(lambda body, number: (401, {"error": {"message": "wrong key"}}, {}))
    (result,) = run_adaptive(Grader(), [question], SUITE, settings(server))
    assert result.failure and "wrong key" in result.failure
