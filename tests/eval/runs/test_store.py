"""Finished questions are not paid for again, whatever kills the run."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.baseline import PartialRunError, compare
from eval.results import SuiteResult
from eval.store import OutcomeStore, grader_hash
from eval.targets import TargetError

Attacked = Callable[..., SuiteResult]

SLOW_RUN = """
import sys, time
from dataclasses import replace
from eval.store import OutcomeStore
from eval.suite import SuiteSettings, run_suite
from eval.targets import TargetGrade
from synth.attacks import choose_families, sample_questions

class Slow:
    name = "slow"
    asked = 0
    def grade(self, question, support, answers):
        self.asked += 1
        time.sleep(float(sys.argv[2]))
        return [TargetGrade(0.0) for _ in answers]

codes = ("ar", "de", "en", "sw")
questions = [replace(sample_questions(code)[0], id=f"{code}-{number}") for code in codes for number in range(3)]
settings = SuiteSettings(tuple(choose_families("blank,refusal")), 2, 3)
target = Slow()
result = run_suite(target, questions, settings, store=OutcomeStore(sys.argv[1], None, "slow"))
print(target.asked, len(result.outcomes))
"""


def lines(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("*.jsonl"))


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SLOW_RUN, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    process = subprocess.Popen([*command, "0.2"], env=environment)
    deadline = time.monotonic() + 60
    while lines(tmp_path) < 3 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = lines(tmp_path)
    assert 3 <= finished < 12, "the run was to be killed in the middle"
    with next(tmp_path.glob("*.jsonl")).open("ab") as stream:
        stream.write(b'{"key": "half a li')
    done = subprocess.run([*command, "0"], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == [str(12 - finished), "12"]
    assert not list(tmp_path.glob("*.jsonl")), "of a target without a content hash nothing is kept after the run"


def test_an_unchanged_grader_is_not_asked_again(attacked: Attacked, planted: type, tmp_path: Path) -> None:
    first, second, changed = planted(leaks=80), planted(leaks=80), planted(leaks=80)
    one = attacked(first, store=OutcomeStore(tmp_path, "hash-1", "planted"))
    two = attacked(second, store=OutcomeStore(tmp_path, "hash-1", "planted"))
    assert first.asked > 200 and second.asked == 0
    assert one.to_json() == two.to_json()
    attacked(changed, store=OutcomeStore(tmp_path, "hash-2", "planted"))
    assert changed.asked == first.asked


@pytest.mark.parametrize("change", [{"seed": 1}, {"per_question": 2}, {"repeats": 2}, {"families": "blank,refusal"}])
def test_other_settings_are_asked_anew(attacked: Attacked, planted: type, tmp_path: Path, change: dict) -> None:
    attacked(planted(), store=OutcomeStore(tmp_path, "hash", "planted"))
    again = planted()
    attacked(again, store=OutcomeStore(tmp_path, "hash", "planted"), **change)
    assert again.asked > 0


def test_garbage_in_the_store_is_asked_again(attacked: Attacked, planted: type, tmp_path: Path) -> None:
    whole = attacked(planted(), store=OutcomeStore(tmp_path, "hash", "planted"))
    path = next(tmp_path.glob("*.jsonl"))
    kept = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*kept[:10], '{"key": "x", "outcome": {"nonsense": 1}}', "no json"]), encoding="utf-8")
    again = planted()
    assert attacked(again, store=OutcomeStore(tmp_path, "hash", "planted")).to_json() == whole.to_json()
    assert 0 < again.asked < 300
    last = planted()
    attacked(last, store=OutcomeStore(tmp_path, "hash", "planted"))
    assert last.asked == 0


def test_the_graders_hash_says_what_it_is_made_of() -> None:
    described = {"gate_hash": "a", "encoder": "e5", "encoder_hash": "b"}
    assert grader_hash(described) == grader_hash(dict(described))
    assert grader_hash(described) != grader_hash({**described, "gate_hash": "c"})


def test_a_run_that_the_target_broke_off_goes_on_too(attacked: Attacked, planted: type, tmp_path: Path) -> None:
    class Failing(planted):
        def grade(self, question, support, answers):
            if question.id.startswith("zh"):
                raise TargetError("unreachable", "gone")
            return super().grade(question, support, answers)

    broken = attacked(Failing(leaks=80), store=OutcomeStore(tmp_path, None, "planted"))
    assert not broken.complete and len(broken.failures) == 3
    again = planted(leaks=80)
    whole = attacked(again, store=OutcomeStore(tmp_path, None, "planted"))
    assert whole.complete and sum(outcome.language == "zh" for outcome in whole.outcomes) == 3
    assert again.asked < attacked_texts(whole) / 3
    with pytest.raises(PartialRunError, match="not complete"):
        compare(broken, whole)


def attacked_texts(result: SuiteResult) -> int:
    return sum(family.leaks.attempts for family in result.families) + result.genuine.attempts
