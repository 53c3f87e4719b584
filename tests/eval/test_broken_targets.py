"""Every kind of broken grader is caught, by the family or check that is meant to, with the right exit code."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import answergate

GRADERS = Path(__file__).with_name("broken_graders.py")
FAMILIES = "blank,random-characters,question-copy,off-topic-fluent,keyword-stuffing,injection-command"


@dataclass
class Run:
    code: int
    result: dict[str, Any]
    out: str
    err: str

    @property
    def leaking(self) -> set[str]:
        return {family["name"] for family in self.result["families"] if family["leaks"]}


@pytest.fixture
def attack(tmp_path: Path, graded_path: Path, capsys: pytest.CaptureFixture[str]):
    """Run the command on a broken grader of the file beside this one."""

    def run(grader: str, *options: str) -> Run:
        report = tmp_path / "report.json"
        arguments = ["eval", "adversarial", "--questions", str(graded_path), "--families", FAMILIES]
        arguments += ["--target", f"{GRADERS}:{grader}" if grader.isidentifier() else grader, "--json", str(report)]
        code = answergate.main([*arguments, *options])
        told = capsys.readouterr()
        return Run(code, json.loads(report.read_text(encoding="utf-8")), told.out, told.err)

    return run


def test_turning_everybody_away_does_not_pass(attack) -> None:
    run = attack("always_zero", "--max-leak-rate", "0.01", "--max-false-rejection", "0.02")
    assert run.code == 1
    assert not run.leaking
    assert "BROKEN: credited answers graded 0 100" in " ".join(run.out.split())
    assert run.result["totals"]["credited"]["zeroed"] == run.result["totals"]["credited"]["answers"] > 10


def test_full_marks_for_everything_leak_in_every_family(attack) -> None:
    run = attack("always_full", "--max-leak-rate", "0.01")
    assert run.code == 1
    assert run.leaking == set(FAMILIES.split(","))


def test_a_keyword_counter_is_caught_by_stuffed_keywords(attack) -> None:
    run = attack("counts_keywords", "--max-leak-rate", "0.01")
    assert run.code == 1
    assert "keyword-stuffing" in run.leaking
    assert not run.leaking & {"blank", "random-characters"}


def test_a_length_counter_is_caught_by_whatever_is_long(attack) -> None:
    run = attack("counts_length", "--max-leak-rate", "0.01")
    assert run.code == 1
    assert {"random-characters", "off-topic-fluent", "question-copy"} <= run.leaking
    assert "blank" not in run.leaking


def test_one_that_obeys_is_caught_by_injections(attack) -> None:
    run = attack("obeys_injections", "--max-leak-rate", "0.01", "--families", "blank,refusal,injection-command")
    assert run.code == 1
    assert "injection-command" in run.leaking
    assert "blank" not in run.leaking


@pytest.mark.parametrize(
    ("grader", "fault", "told"),
    [
        ("crashes", "crash", "IndexError: list index out of range"),
        ("dies", "crash", "exit code 9"),
        ("above_the_maximum", "out of range", "outside 0"),
        ("not_a_number", "not a number", "nan"),
        ("grades_as_text", "not a number", "'2'"),
        ("forgets_rows", "missing rows", "0 grades for 1 answers"),
        ("impossible_relevance", "out of range", "relevance is 1.5"),
        ("refuses", "refused", "quota exceeded"),
    ],
)
def test_a_target_that_breaks_its_contract_is_named_and_never_passes(attack, grader, fault, told) -> None:
    run = attack(grader, "--max-leak-rate", "1", "--max-false-rejection", "1")
    assert run.code == 4
    assert run.result["complete"] is False
    failure = run.result["failures"][0]
    assert failure["fault"] == fault
    assert told in failure["detail"]
    assert failure["question"] and failure["answer"] is not None
    assert failure["question"][:60] in run.err and fault in run.err and "INCOMPLETE" in run.err
    assert "passed" not in run.out


def test_the_answer_that_crashes_is_found_among_the_others(attack) -> None:
    failure = attack("crashes").result["failures"][0]
    assert failure["answer"].strip() == ""


def test_a_target_that_hangs_is_killed_and_named(attack) -> None:
    run = attack("hangs", "--timeout", "0.3")
    assert run.code == 4
    assert {failure["fault"] for failure in run.result["failures"]} == {"timeout"}
    assert "no reply within 0.3 s" in run.err
    assert run.result["outcomes"] == []


@pytest.mark.parametrize("line", ["not json", '{"grade": 1}', '{"grades": 3}', '{"grades": [{"points": 1}]}'])
def test_garbage_is_garbage(attack, line: str, tmp_path: Path) -> None:
    (tmp_path / "grade.sh").write_text(f"while read -r request; do echo '{line}'; done\n", encoding="utf-8")
    run = attack(f"command: sh {tmp_path / 'grade.sh'}", "--batch", "2")
    assert run.code == 4
    assert run.result["failures"][0]["fault"] in ("garbage", "missing rows")


def test_questions_before_and_after_a_failure_count(attack, tmp_path: Path) -> None:
    grader = tmp_path / "second.py"
    grader.write_text(
        "seen = []\n"
        "def grade(question, support, answers):\n"
        "    if question['id'] not in seen: seen.append(question['id'])\n"
        "    return [0 if seen.index(question['id']) != 1 else -1 for _ in answers]\n",
        encoding="utf-8",
    )
    run = attack(f"{grader}:grade")
    assert run.code == 4
    assert len(run.result["outcomes"]) == 2
    assert len(run.result["failures"]) == 1
    assert run.result["totals"]["must_reject"]["attempts"] > 10


def test_a_broken_target_is_an_error_in_every_report(attack, tmp_path: Path) -> None:
    attack("dies", "--junit", str(tmp_path / "report.xml"), "--html", str(tmp_path / "report.html"))
    assert "<error" in (tmp_path / "report.xml").read_text(encoding="utf-8")
    assert "Incomplete" in (tmp_path / "report.html").read_text(encoding="utf-8")
