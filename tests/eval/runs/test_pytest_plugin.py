"""The plugin in a project of its own, run by a real pytest."""

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from synth.attacks import sample_questions
from synth.graded import write_graded_file

GRADERS = """
import pytest

def teacher(question, support, answers):
    known = {answer.text: answer.grade for answer in question.answers}
    return [known.get(text, 0.0) for text in answers]

def generous(question, support, answers):
    return [question.max_grade for _ in answers]

LIMITS = dict(questions=["graded.jsonl"], families="blank,refusal,random-characters", support=3)

def test_a_strict_grader(answergate_suite):
    result = answergate_suite(teacher, **LIMITS)
    assert result.must_reject.events == 0 and result.must_reject.attempts >= 30

def test_a_generous_grader(answergate_suite):
    answergate_suite(generous, **LIMITS)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_graded_file(tmp_path / "graded.jsonl", [sample_questions(code)[0] for code in ("de", "en", "sw", "fr", "it")])
    return tmp_path


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Where answergate is installed its plugin loads by itself, and may not be loaded twice.
    installed = any(found.value == "eval.pytest_plugin" for found in entry_points(group="pytest11"))
    plugin = [] if installed else ["-p", "eval.pytest_plugin"]
    command = [sys.executable, "-m", "pytest", *plugin, "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd()), "COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=240)


def test_the_fixture_fails_where_limits_break(project: Path) -> None:
    (project / "test_graders.py").write_text(GRADERS, encoding="utf-8")
    done = run_pytest(project, "-q")
    assert done.returncode == 1 and "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "must_reject leak rate 100.00%, at most 10.00% wanted" in done.stdout


def test_the_option_adds_a_test_per_limit(project: Path, gate_folder: Path) -> None:
    (project / "limits.yaml").write_text(
        "version: 1\nleaks:\n  tiers: {must_reject: 0.9}\n  families: {typos: 0.5}\nfalse_rejections: {overall: 0}\n"
        "grading: {min_qwk: 1}\n"
    )  # fmt: skip
    arguments = f"--questions graded.jsonl --gate {gate_folder} --families blank,refusal --per-question 1 --support 3"
    done = run_pytest(project, "--answergate", f"--answergate-args={arguments} --thresholds limits.yaml", "-v")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "tier must_reject PASSED" in done.stdout and "grading qwk FAILED" in done.stdout
    assert "family typos SKIPPED" in done.stdout and "at least 1.000 wanted" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [("--thresholds none.yaml", "no such file"), ("--frobnicate", "frobnicate"), ("--seed x", "invalid int")],
)
def test_wrong_use_is_said_before_anything_runs(project: Path, arguments: str, message: str) -> None:
    done = run_pytest(project, "--answergate", f"--answergate-args={arguments}")
    assert done.returncode == 4 and message in done.stdout + done.stderr


def test_a_project_without_it_pays_nothing(project: Path) -> None:
    heavy = ("numpy", "pydantic", "scipy", "yaml")
    code = f"import sys, eval.pytest_plugin; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
