"""Targets that are reached by name: functions, commands, settings files."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from eval.targets import TargetConfigError, TargetError, grade_checked, kind_of, open_target, target_settings
from eval.targets.command import CommandTarget
from synth.graded import GradedAnswer, GradedQuestion

QUESTION = GradedQuestion(
    "q1",
    "Why is the sky blue?",
    "en",
    2.0,
    (GradedAnswer("scattering", 2.0), GradedAnswer("held out", 1.0)),
    ("Light.",),
)
SUPPORT = QUESTION.answers[:1]


@pytest.fixture
def grader(tmp_path: Path) -> Callable[[str], str]:
    """Write a module with a function `grade` and give its name as a target."""

    def write(body: str) -> str:
        path = tmp_path / "grader_file.py"
        path.write_text(f"def grade(question, support, answers):\n    {body}\n", encoding="utf-8")
        return f"{path}:grade"

    return write


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("answergate", "answergate"),
        ("https://example.org/grade", "http"),
        ("http://localhost:8000", "http"),
        ("command: ./grade.sh --fast", "command"),
        ("openai:gpt-4o-mini", "openai"),
        ("my.module:grade", "function"),
        ("graders/mine.py:Class.grade", "function"),
    ],
)
def test_a_name_says_its_kind(name: str, kind: str) -> None:
    assert kind_of(name).name == kind


@pytest.mark.parametrize("name", ["nothing", "ftp://host/x", "a b:c", "./grade.sh"])
def test_a_name_of_no_kind_lists_the_kinds(name: str) -> None:
    with pytest.raises(TargetConfigError, match=r"openai:MODEL.*YAML"):
        kind_of(name)


def test_a_function_learns_the_support_and_nothing_held_out(grader: Callable[[str], str]) -> None:
    body = "return [{'grade': 1, 'reason': repr((sorted(question), support, answers))} for _ in answers]"
    with open_target(target_settings(grader(body))) as (target, described):
        (result,) = target.grade(QUESTION, SUPPORT, ["because"])
    assert result.grade == 1
    assert "held out" not in (result.reason or "")
    assert "[{'text': 'scattering', 'grade': 2.0}], ['because']" in (result.reason or "")
    assert described["target_kind"] == "function"


@pytest.mark.parametrize(
    "body",
    [
        "return [0.5] * len(answers)",
        "return (0.5 for _ in answers)",
        "return {'grades': [0.5 for _ in answers]}",
        "import numpy; return numpy.full(len(answers), 0.5)",
        "import numpy; return [{'grade': numpy.float32(0.5)} for _ in answers]",
        "from types import SimpleNamespace as N; return [N(grade=0.5, relevance=None) for _ in answers]",
        "print('noise on standard output'); return [0.5 for _ in answers]",
    ],
)
def test_a_function_returns_grades_in_any_usual_form(grader: Callable[[str], str], body: str) -> None:
    with open_target(target_settings(grader(body))) as (target, _):
        assert [result.grade for result in grade_checked(target, QUESTION, SUPPORT, ["a", "b \ud800"])] == [0.5, 0.5]


def test_a_module_on_the_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "local_grader.py").write_text("class A:\n    grade = staticmethod(lambda q, s, a: [1 for _ in a])\n")
    monkeypatch.chdir(tmp_path)
    with open_target(target_settings("local_grader:A.grade")) as (target, _):
        assert target.grade(QUESTION, SUPPORT, ["x"])[0].grade == 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("{folder}/none.py:grade", "no such file"),
        ("no_module_of_this_name:grade", "No module named"),
        ("json:grade", "no 'grade'"),
    ],
)
def test_a_function_that_is_not_there_is_wrong_use(name: str, told: str, tmp_path: Path) -> None:
    with (
        pytest.raises(TargetConfigError, match=told) as caught,
        open_target(target_settings(name.format(folder=tmp_path))) as (target, _),
    ):
        target.grade(QUESTION, SUPPORT, ["x"])
    assert caught.value.exit_code == 2


def test_a_command_is_one_process_and_is_started_again_after_it_ended(tmp_path: Path) -> None:
    script = tmp_path / "grade.py"
    script.write_text(
        "import json, os, sys\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    if asked['answers'] == ['die']:\n"
        "        sys.exit('the disk is full')\n"
        "    print(json.dumps([{'grade': 0, 'reason': str(os.getpid())} for _ in asked['answers']]), flush=True)\n"
    )
    target = CommandTarget(["python3", str(script)], "script", batch=2)
    try:
        pids = {result.reason for result in target.grade(QUESTION, SUPPORT, list("abcde"))}
        assert len(pids) == 1 and target.starts == 1
        with pytest.raises(TargetError, match=r"exit code 1.*the disk is full"):
            target.grade(QUESTION, SUPPORT, ["die"])
        assert target.grade(QUESTION, SUPPORT, ["a"])[0].reason not in pids
        assert target.starts == 2
    finally:
        target.close()


def test_a_slow_command_is_killed_with_what_it_started(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    target = CommandTarget(
        ["sh", "-c", f"sleep 600 & echo $! > {pid_file}; echo starting >&2; wait"], "slow", timeout=0.5
    )
    with pytest.raises(TargetError, match=r"no reply within 0.5 s.*starting") as caught:
        target.grade(QUESTION, SUPPORT, ["first", "second"])
    assert caught.value.fault == "timeout" and caught.value.answer == "first"
    pid = int(pid_file.read_text())
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z":
            break
        time.sleep(0.02)
    else:
        pytest.fail("the process that the command started is still there")


def test_a_command_that_reads_nothing_cannot_block_the_run() -> None:
    target = CommandTarget(["sleep", "600"], "deaf", timeout=0.3)
    with pytest.raises(TargetError, match="no reply"):
        target.grade(QUESTION, SUPPORT, ["x" * 1_000_000])
    target.close()


def test_a_command_that_is_not_there_is_wrong_use() -> None:
    with (
        pytest.raises(TargetConfigError, match="cannot start"),
        open_target(target_settings("command: /no/such/program -x")) as (target, _),
    ):
        target.grade(QUESTION, SUPPORT, ["x"])


def test_a_settings_file_says_the_same_as_flags(tmp_path: Path) -> None:
    path = tmp_path / "target.yaml"
    path.write_text(
        "target: https://example.org/grade\nname: vendor\ntimeout: 5\nbatch: 4\nrequest: body.j2\n"
        "headers:\n  Authorization: Bearer env:TOKEN\n"
    )
    settings = target_settings(str(path), timeout=9.0, batch=None)
    assert settings.target == "https://example.org/grade" and settings.name == "vendor"
    assert settings.timeout == 9.0 and settings.batch == 4
    assert settings.request == tmp_path / "body.j2"
    assert settings.headers == {"Authorization": "Bearer env:TOKEN"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("target: x:y\ntimeuot: 5\n", "did you mean 'timeout'"),
        ("target: x:y\ntimeout: soon\n", "timeout is 'soon'; write a number of seconds"),
        ("target: x:y\nbatch: 0\n", "batch is 0; write 1 or more"),
        ("target: x:y\nheaders: [a]\n", "a mapping"),
        ("name: mine\n", "no key 'target'"),
        ("target: [unclosed\n", "no YAML"),
    ],
)
def test_a_wrong_settings_file_is_explained(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "target.yaml"
    path.write_text(text)
    with pytest.raises(TargetConfigError, match=told):
        target_settings(str(path))
    with pytest.raises(TargetConfigError, match="no such file"):
        target_settings(str(tmp_path / "other.yaml"))


def test_nothing_is_left_running(grader: Callable[[str], str], tmp_path: Path) -> None:
    body = f"import os; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); return [0 for _ in answers]"
    with open_target(target_settings(grader(body))) as (target, _):
        target.grade(QUESTION, SUPPORT, ["x"])
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


EXAMPLES = Path(__file__).parents[2] / "examples" / "targets"


def test_the_examples_grade() -> None:
    texts = ["", "scattering of light " * 4]
    with open_target(target_settings(f"{EXAMPLES / 'keyword_grader.py'}:grade")) as (target, _):
        assert [item.reason for item in grade_checked(target, QUESTION, SUPPORT, texts)] == [
            "no word of a good answer",
            None,
        ]
    with open_target(target_settings(f"command: {sys.executable} {EXAMPLES / 'json_lines.py'}")) as (target, _):
        assert [item.grade for item in grade_checked(target, QUESTION, SUPPORT, texts)] == [0, 2]


def test_the_example_of_an_endpoint_speaks_its_shape(json_server, monkeypatch: pytest.MonkeyPatch) -> None:
    def respond(body, number):
        assert body["prompt"] == QUESTION.text and body["graded"] == [["scattering", 2.0]]
        results = [{"points": len(text), "flag": None if text else "blank"} for text in body["texts"]]
        return 200, {"data": {"results": results}}, {}

    monkeypatch.setenv("GRADER_TOKEN", "t")
    settings = replace(target_settings(str(EXAMPLES / "endpoint.yaml")), target=json_server(respond).url)
    with open_target(settings) as (target, _):
        grades = grade_checked(target, QUESTION, SUPPORT, ["", "ab"])
    assert [(grade.grade, grade.reason) for grade in grades] == [(0, "blank"), (2, None)]
    assert target_settings(str(EXAMPLES / "language_model.yaml")).target.startswith("openai:")
