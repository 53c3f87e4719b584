"""Graders side by side: one table, one page; a model that obeys injections is caught, and the gate stops most of it."""

import dataclasses
import importlib.util
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import answergate
from encoders import Encoder
from eval.comparison.grading import ContenderRecord, GateRecord, RecordTarget
from eval.comparison.measures import Judged, overall, quality
from eval.comparison.page import table_text, write_page
from eval.comparison.results import Attacked, Comparison, Quality, Row, Speed
from eval.comparison.run import Entrant, chosen_questions, compare
from eval.results import Rate
from eval.suite import SuiteSettings, run_suite
from grader.errors import UsageError
from grader.levels import GradeScale
from grader.llm.grader import LlmGrader, LlmSettings
from grader.rivals.contender import LlmContender
from grader.rivals.registry import CONTENDERS, ContenderParts, make_contender
from relevance.gate import Gate
from synth.attacks import choose_families
from synth.engine.log import Price
from synth.graded import GradedQuestion, write_graded_file

QUICK = "blank,punctuation,random-characters,off-topic-fluent,injection-command"
SERVER = Path(__file__).parents[2] / "benchmarks" / "rivals_llm_server.py"


@pytest.fixture(scope="module")
def server_module():
    spec = importlib.util.spec_from_file_location("rivals_llm_server", SERVER)
    module = importlib.util.module_from_spec(spec)
    sys.modules["rivals_llm_server"] = module
    spec.loader.exec_module(module)
    return module


def settings(families: str = QUICK, per_question: int = 3) -> SuiteSettings:
    return SuiteSettings(tuple(choose_families(families)), per_question)


def english(questions: list[GradedQuestion]) -> list[GradedQuestion]:
    return [question for question in questions if question.language == "en"][:1]


def test_a_model_that_obeys_injections_is_caught(server_module, held_out_questions, gate: Gate) -> None:
    found = {}
    for obeys in (False, True):
        with (
            server_module.GradingServer(server_module.Behaviour(obeys_injections=obeys)) as server,
            LlmGrader(LlmSettings("rules", server.url)) as grader,
        ):
            record = ContenderRecord(LlmContender(grader))
            attacks = settings("injection-command", 8)
            plain = run_suite(RecordTarget(record, None), english(held_out_questions), attacks)
            asked = len(server.bodies)
            gated = run_suite(RecordTarget(record, GateRecord(gate)), english(held_out_questions), attacks)
            assert len(server.bodies) == asked, "the second run asks the record"
            found[obeys] = (plain.must_reject.events, gated.must_reject.events)
    assert found[True][0] > found[False][0]
    assert found[True][1] < found[True][0], "the gate stops what the model obeys"


def test_compare_on_two_data_sets(
    server_module, gate: Gate, encoder: Encoder, held_out_questions, tmp_path: Path
) -> None:
    sources = chosen_questions({"first": held_out_questions[:1], "second": held_out_questions[1:]}, 1, seed=0)
    with (
        server_module.GradingServer(server_module.Behaviour(logprobs=True)) as server,
        LlmGrader(LlmSettings("rules", server.url, price=Price(1.0, 4.0))) as llm,
    ):
        parts = ContenderParts(encoder, llm=llm)
        names = ("constant", "knn", "online", "llm", "distilled", "student")
        entrants = [
            Entrant(make_contender(name, parts), make_contender(name, parts), llm if name == "llm" else None)
            for name in names
        ]
        result = compare(entrants, sources, gate, settings(per_question=1))
    rows = {row.name: row for row in result.rows}
    assert list(rows) == list(names)
    assert rows["online"].quality.qwk > rows["constant"].quality.qwk + 0.3
    assert rows["distilled"].quality.qwk > rows["constant"].quality.qwk
    assert rows["constant"].plain.leaks.events > rows["constant"].gated.leaks.events
    assert {row.gated.leaks.attempts for row in result.rows} == {rows["online"].plain.leaks.attempts}
    assert rows["constant"].quality.brier is None and 0 <= rows["llm"].quality.ece <= 1
    assert rows["llm"].speed.money_per_1000 > 0 and rows["llm"].speed.tokens_per_answer > 50
    assert rows["online"].speed.money_per_1000 is None
    assert rows["distilled"].parameters <= 30_000
    assert 0 < rows["online"].speed.p50 <= rows["online"].speed.p99
    content = json.loads(result.to_json())
    assert set(content["rows"][0]["by_source"]) == {"first", "second"}
    write_page(tmp_path / "page.html", result)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 3 and "http" not in page and "<script" not in page
    assert all(name in page and name in table_text(result) for name in names)
    for box in re.findall(r'<(?:circle|text)[^>]* c?x="([-\d.]+)"', page):
        assert 0 <= float(box) <= 660


def test_quality_of_known_gradings() -> None:
    scale = GradeScale(2.0, 2)
    truth = np.array([0.0, 1.0, 2.0, 2.0])
    right = Judged("a", scale, truth, truth, np.array([0.0, 0.0, 2.0, 2.0]), np.eye(3)[[0, 1, 2, 2]])
    found = quality([right])
    assert (found.qwk, found.accuracy, found.rmse, found.brier, found.ece) == (1.0, 1.0, 0.0, 0.0, 0.0)
    assert found.qwk_gated < 1
    wrong = quality([dataclasses.replace(right, given=np.full(4, 1.0), probabilities=None)])
    assert wrong.mae == pytest.approx(0.375) and wrong.brier is None
    both = overall([found, wrong])
    assert both.answers == 8 and both.mae == pytest.approx(0.1875) and both.ece is None


def test_the_front_holds_what_nobody_beats() -> None:
    def row(name: str, kappa: float, cost: float) -> Row:
        graded = Quality(1, kappa, kappa, 0, 0, 0, None, None)
        nothing = Attacked(Rate(0, 1), Rate(0, 1), {})
        return Row(name, "", graded, {}, nothing, nothing, Speed(cost, cost, 1, cost, 0, None, None), None, None)

    rows = (row("cheap", 0.2, 1), row("worse", 0.1, 2), row("good", 0.9, 5), row("same", 0.9, 5), row("dear", 0.8, 9))
    assert Comparison({}, rows).pareto() == ["cheap", "good", "same"]


def test_what_is_missing_is_named(encoder: Encoder, tmp_path: Path, capsys, held_out_questions) -> None:
    for name in ("llm", "peft"):
        with pytest.raises(UsageError, match=f"'{name}' needs"):
            make_contender(name, ContenderParts(encoder))
    with pytest.raises(UsageError, match="own teacher"):
        make_contender("distilled", ContenderParts(encoder, teacher="student"))
    assert all(kind.name == name and kind.summary for name, kind in CONTENDERS.items())
    few = dataclasses.replace(held_out_questions[0], answers=held_out_questions[0].answers[:5])
    write_graded_file(tmp_path / "few.jsonl", [few])
    command = ["grader", "compare", "--questions", str(tmp_path / "few.jsonl")]
    assert answergate.main(command) == 2
    assert "few: no question has 20" in capsys.readouterr().err
    assert answergate.main([*command, "--graders", "oracle"]) == 2
    assert "no grader is called oracle" in capsys.readouterr().err
    assert answergate.main([*command, "--gate", "none"]) == 2


def test_the_command_writes_json_and_page(tmp_path: Path, gate_folder: Path, held_out_questions, capsys) -> None:
    write_graded_file(tmp_path / "held.jsonl", english(held_out_questions))
    command = ["grader", "compare", "--questions", tmp_path / "held.jsonl", "--graders", "tfidf,student"]
    options = ["--gate", gate_folder, "--families", QUICK, "--json", tmp_path / "c.json", "--html", tmp_path / "c.html"]
    assert answergate.main([str(item) for item in [*command, *options]]) == 0
    assert "Pareto front" in capsys.readouterr().out
    assert [row["name"] for row in json.loads((tmp_path / "c.json").read_text())["rows"]] == ["tfidf", "student"]
    assert (tmp_path / "c.html").is_file()
    more = ["--gate", gate_folder, "--families", QUICK, "--json", tmp_path / "c.json"]
    assert answergate.main([str(item) for item in [*command[:-1], "student,constant", *more]]) == 0
    continued = Comparison.of_json((tmp_path / "c.json").read_text())
    assert [row.name for row in continued.rows] == ["tfidf", "student", "constant"]
    assert Comparison.of_json(continued.to_json()) == continued
    assert answergate.main([str(item) for item in [*command, *more, "--seed", "1"]]) == 2
    assert "other settings" in capsys.readouterr().err
