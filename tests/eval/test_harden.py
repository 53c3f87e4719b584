"""Hardening: a small real one, killed in the middle, continued, and what it promises."""

import json
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import answergate
from encoders import Encoder
from eval.harden import (
    HardenError,
    Hardening,
    HardenResult,
    HardenRound,
    HardenSettings,
    best_round,
    divide_questions,
)
from eval.results import Rate
from relevance.artifact import load_gate
from relevance.corpus import GateQuestion
from relevance.training import TrainingConfig
from synth.attacks import choose_families
from synth.bank import load_bank
from synth.files import read_examples

SETTINGS = HardenSettings(rounds=1, target_leak_rate=0.0, per_question=1, members=1, folds=3, near_misses=20)
FAMILIES = "random-words,other-subject-answer,vacuous,keyword-stuffing"
SCRIPT = """
import pickle, sys
from dataclasses import replace
from encoders import get_encoder
from synth.attacks import choose_families
hardening, names = pickle.loads(open(sys.argv[1], "rb").read())
families = choose_families(",".join(names))
replace(hardening, encoder=get_encoder("e5", threads=1), families=families).run(say=lambda line: None)
"""


@pytest.fixture(scope="module")
def hardening(
    gate_items: list[GateQuestion],
    gate_folder: Path,
    encoder: Encoder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Hardening:
    deep = {
        item.id: item.graded_question()
        for item in load_bank(["de", "en", "sw"]).questions
        if len(item.answers) >= 30 and item.parallel is None
    }
    return Hardening(
        questions=[*deep.values()],
        base=gate_items,
        families=choose_families(FAMILIES),
        encoder=encoder,
        out=tmp_path_factory.mktemp("harden"),
        gate=gate_folder,
        config=TrainingConfig(width=32, epochs=3, batch_size=128),
        settings=SETTINGS,
    )


@pytest.fixture(scope="module")
def result(hardening: Hardening) -> HardenResult:
    return hardening.run(say=lambda line: None)


def test_rounds_are_measured_on_questions_never_hardened_on(hardening: Hardening, result: HardenResult) -> None:
    hardened, measured = divide_questions(hardening.questions, SETTINGS)
    assert not {question.id for question in hardened} & {question.id for question in measured}
    assert {question.id for question in hardened} | {question.id for question in measured} == {
        question.id for question in hardening.questions
    }
    mined = read_examples(hardening.out / "round-1" / "mined.jsonl")
    assert {example.question_id for example in mined} <= {question.id for question in hardened}
    assert [item.number for item in result.rounds] == [0, 1]
    assert len({item.leaks.attempts for item in result.rounds}) == 1, "every round is measured with the same attacks"
    assert result.rounds[0].gate_hash != result.rounds[1].gate_hash
    assert load_gate(result.rounds[1].gate, hardening.encoder)


def test_what_a_round_learns_from_is_kept_with_its_provenance(hardening: Hardening, result: HardenResult) -> None:
    mined = read_examples(hardening.out / "round-1" / "mined.jsonl")
    assert len(mined) == result.rounds[1].mined_negatives + result.rounds[1].mined_positives > 0
    for example in mined:
        parameters = json.loads(example.provenance.parameters)
        assert parameters["gate"] == result.rounds[0].gate_hash
        assert parameters["round"] == 1
        assert example.provenance.generator.startswith("harden")
        assert (parameters["why"] == "false rejection") == example.relevant
        if example.relevant:
            assert example.grade is not None and example.grade > 0


def test_the_bound_holds_for_all_rounds_at_once(result: HardenResult) -> None:
    for item in result.rounds:
        assert item.upper > item.leaks.upper95
    assert any("<- best" in line for line in result.table_lines())


def test_finished_rounds_are_kept(hardening: Hardening, result: HardenResult) -> None:
    begun = time.monotonic()
    before = {path: path.stat().st_mtime_ns for path in hardening.out.rglob("*") if path.name != "harden.json"}
    assert hardening.run(say=lambda line: None) == result
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert time.monotonic() > begun


def test_another_hardening_does_not_go_into_the_same_folder(hardening: Hardening, result: HardenResult) -> None:
    other = replace(hardening, settings=replace(SETTINGS, seed=1))
    with pytest.raises(HardenError, match=r"begun with other .*seed") as refused:
        other.run()
    assert refused.value.exit_code == 2
    with pytest.raises(HardenError, match="bring more questions"):
        divide_questions(hardening.questions[:1], SETTINGS)


def test_a_killed_hardening_continues_to_the_same_end(
    hardening: Hardening, result: HardenResult, tmp_path: Path
) -> None:
    for name in ("harden.json", "round-0"):
        subprocess.run(["cp", "-r", str(hardening.out / name), str(tmp_path / name)], check=True)
    again = replace(hardening, out=tmp_path)
    pickled = tmp_path / "hardening.pkl"
    families = [family.name for family in hardening.families]
    pickled.write_bytes(pickle.dumps((replace(again, encoder=None, families=()), families)))
    mined_file = tmp_path / "round-1" / "mined.jsonl"
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(pickled)])
    while not mined_file.exists() and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "round-1" / "round.json").exists()
    mined = mined_file.read_bytes()
    continued = again.run(say=lambda line: None)
    assert mined_file.read_bytes() == mined
    assert [item.leaks for item in continued.rounds] == [item.leaks for item in result.rounds]
    assert [item.gate_hash for item in continued.rounds] == [item.gate_hash for item in result.rounds]


def test_the_best_round_spares_honest_answers() -> None:
    def item(number: int, leaks: int, away: int) -> HardenRound:
        return HardenRound(number, Rate(leaks, 100), 0.5, Rate(away, 100), 1, 1, "", "")

    settings = HardenSettings(max_false_rejection=0.02)
    assert best_round([item(0, 9, 1), item(1, 5, 2), item(2, 1, 3)], settings).number == 1
    assert best_round([item(0, 9, 5), item(1, 5, 4)], settings).number == 1


def test_the_command_says_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "none.jsonl"
    assert answergate.main(["harden", "--questions", str(missing), "--out", str(tmp_path / "out"), "--no-bank"]) == 2
    assert "none.jsonl" in capsys.readouterr().err
    done = subprocess.run(
        [sys.executable, "-c", "import answergate; answergate.main(['harden', '--help'])"],
        capture_output=True,
        text=True,
    )
    assert "--target-leak-rate" in done.stdout
