"""Scorers train, pause, continue, save, load and merge; both heads, an encoder and a decoder, on real small models."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

import answergate
from grader.artifact import ArtifactError
from grader.errors import UsageError
from grader.feedback.small_model import SmallModelSize, build_small_model
from grader.levels import GradeScale
from grader.peft.artifact import load_scorer, merge_scorer, save_scorer
from grader.peft.config import ScorerConfig
from grader.peft.data import RowReader, ScoringRow, hold_out_answers, hold_out_questions, rows_of
from grader.peft.loop import TrainingPausedError, epoch_order
from grader.peft.model import is_decoder
from grader.peft.scorer import PeftScorer
from grader.peft.training import train_scorer
from synth.graded import write_graded_file
from synth.tables import read_rows, write_rows
from tests.grader.conftest import water_question

QUESTIONS = [water_question(seed) for seed in range(2)]
ROWS = [row for question in QUESTIONS for row in rows_of(question)]
TEXTS = [f"{row.question} {row.reference} {row.answer}" for row in ROWS]
SMALL = SmallModelSize(vocabulary=400, width=32, layers=2, heads=2, context=128)


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    """A LLaMA with random weights, built here."""
    return str(build_small_model(TEXTS, tmp_path_factory.mktemp("llama"), SMALL))


@pytest.fixture(scope="module")
def bert(llama, tmp_path_factory):
    """A BERT with random weights and the LLaMA's tokenizer."""
    from transformers import AutoTokenizer, BertConfig, BertModel

    folder = tmp_path_factory.mktemp("bert")
    tokenizer = AutoTokenizer.from_pretrained(llama)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def config(base, **more):
    return ScorerConfig(**{"base": base, "max_length": 64, "epochs": 1, "rank": 4, **more})


@pytest.mark.parametrize(
    ("kind", "head"), [("llama", "regression"), ("llama", "classification"), ("bert", "regression")]
)
def test_train_save_load_merge(kind, head, tmp_path, request):
    base = request.getfixturevalue(kind)
    scorer = train_scorer(ROWS, config(base, head=head), tmp_path / "work")
    assert scorer.network.decoder is (kind == "llama")
    before = scorer.outputs(ROWS[:5])
    save_scorer(scorer, tmp_path / "scorer", {"files": "made here"})
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "scorer").iterdir()}
    assert set(sizes) == {"config.json", "model.safetensors", "card.md"}
    content = json.loads((tmp_path / "scorer" / "config.json").read_text())
    assert content["trained_parameters"] < sum(p.numel() for p in scorer.network.parameters()) / 5
    again = load_scorer(tmp_path / "scorer")
    np.testing.assert_array_equal(again.outputs(ROWS[:5]), before)
    merge_scorer(tmp_path / "scorer", tmp_path / "merged")
    merged = load_scorer(tmp_path / "merged")
    np.testing.assert_allclose(merged.outputs(ROWS[:5]), before, atol=1e-5)
    assert not any("lora" in name for name, _ in merged.network.named_parameters())
    scale = GradeScale(3.0, 3)
    graded = PeftScorer(again).grade(QUESTIONS[0], scale, ["rain falls", "", "\ud800 雨"])
    assert set(graded.grades) <= {0.0, 1.0, 2.0, 3.0}
    np.testing.assert_allclose(graded.probabilities.sum(axis=1), 1, atol=1e-6)


def test_training_learns_what_can_be_learned(llama, tmp_path):
    rows = [
        ScoringRow("How many?", "", ("many " * 6 if share else "few ") + str(number), share)
        for number in range(32)
        for share in (0.0, 1.0)
    ]
    full = config(llama, method="full", rate=5e-3, head_rate=1e-2, epochs=5, batch=8)
    scorer = train_scorer(rows, full, tmp_path)
    assert scorer.progress.best < 0.25
    assert scorer.progress.history[0]["validation"] > scorer.progress.best


@pytest.mark.parametrize("method", ["lora", "frozen"])
def test_a_paused_run_ends_in_the_same_weights(llama, tmp_path, method):
    settings = config(llama, method=method, epochs=2, patience=9)
    whole = train_scorer(ROWS, settings, tmp_path / "whole")
    pauses = 0
    while True:
        try:
            parts = train_scorer(ROWS, settings, tmp_path / "parts", seconds=0.02 if pauses < 4 else None)
            break
        except TrainingPausedError:
            pauses += 1
    assert pauses >= 1 or method == "frozen"
    assert parts.progress.step == whole.progress.step == whole.progress.steps
    np.testing.assert_array_equal(parts.outputs(ROWS[:6]), whole.outputs(ROWS[:6]))
    with pytest.raises(UsageError, match="other data or settings"):
        train_scorer(ROWS[1:], settings, tmp_path / "parts")


def test_killed_without_warning_it_continues(llama, tmp_path):
    graded = tmp_path / "graded.jsonl"
    write_graded_file(graded, QUESTIONS)
    command = [str(graded), "--model", llama, "--out", str(tmp_path / "scorer"), "--max-length", "64", "--threads", "1"]
    command = ["grader", "peft-train", *command, "--epochs", "400", "--batch", "4"]
    process = subprocess.Popen([sys.executable, "-m", "answergate", *command], stderr=subprocess.DEVNULL)
    checkpoint = tmp_path / ".scorer.training" / "checkpoint.safetensors"
    deadline = time.monotonic() + 90
    while not checkpoint.is_file() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert checkpoint.is_file()
    assert answergate.main([*command, "--seconds", "0"]) == 4, "it continues from the checkpoint, and pauses at once"
    assert answergate.main([*command[:-4], "--epochs", "1", "--batch", "4"]) == 2, "another run's checkpoint"


def test_commands_train_grade_and_merge(llama, tmp_path, capsys):
    write_graded_file(tmp_path / "graded.jsonl", QUESTIONS)
    train = ["grader", "peft-train", tmp_path / "graded.jsonl", "--model", llama, "--out", tmp_path / "scorer"]
    options = ["--epochs", 1, "--hold-out", "questions", "--max-length", 64, "--threads", 1, "--targets", "q_proj"]
    assert answergate.main([str(item) for item in [*train, *options]]) == 0
    shown = capsys.readouterr().out
    assert "unseen questions" in shown and "RMSE" in shown
    assert not (tmp_path / ".scorer.training").exists()
    assert "q_proj" in (tmp_path / "scorer" / "config.json").read_text()
    row = {"question": QUESTIONS[0].text, "language": "en"}
    answers = [{**row, "answer": "clouds form as vapour cools and rain falls on the land"}, {**row, "answer": "..."}]
    write_rows(tmp_path / "new.jsonl", answers)
    grade = ["grader", "peft-grade", tmp_path / "new.jsonl", "--support", tmp_path / "graded.jsonl", "--threads", 1]
    more = ["--scorer", tmp_path / "scorer", "--out", tmp_path / "out.jsonl"]
    assert answergate.main([str(item) for item in [*grade, *more]]) == 0
    rows = [row for _, row in read_rows(tmp_path / "out.jsonl")]
    assert rows[0]["reason"] is None and sum(rows[0]["grade_probabilities"].values()) == pytest.approx(1, abs=1e-2)
    assert rows[1]["grade"] == 0 and rows[1]["reason"] is not None
    merge = ["grader", "peft-merge", tmp_path / "scorer", "--out", tmp_path / "merged"]
    assert answergate.main([str(item) for item in merge]) == 0
    assert (tmp_path / "merged" / "backbone" / "model.safetensors").is_file()


def test_a_changed_base_a_damaged_file_and_a_wrong_setting_are_named(llama, bert, tmp_path):
    scorer = train_scorer(ROWS, config(llama, epochs=1), tmp_path / "work")
    folder = save_scorer(scorer, tmp_path / "scorer", {})
    with pytest.raises(ArtifactError, match="trained on another model"):
        load_scorer(folder, base=bert)
    (folder / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ArtifactError, match="restore the folder"):
        load_scorer(folder)
    with pytest.raises(ArtifactError, match=r"config\.json"):
        load_scorer(tmp_path)
    with pytest.raises(UsageError, match="at least 8"):
        train_scorer(ROWS[:3], config(llama), tmp_path / "few")
    with pytest.raises(UsageError, match="name layers with --targets"):
        train_scorer(ROWS, config(llama, targets=("nowhere",)), tmp_path / "nowhere")
    with pytest.raises(UsageError, match="head 'ordinal'"):
        config(llama, head="ordinal")


@pytest.mark.skipif(torch.cuda.is_available(), reason="refused only where there is no GPU")
def test_four_bit_is_refused_without_a_gpu(llama, tmp_path):
    with pytest.raises(UsageError, match=r"needs a CUDA GPU.*--method lora"):
        train_scorer(ROWS, config(llama, method="qlora"), tmp_path)


def test_rows_keep_every_part_within_the_limit(llama):
    from transformers import AutoConfig, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(llama)
    long = ScoringRow("why " * 300, "because " * 300, "start " + "word " * 300, 1.0)
    for decoder in (False, True):
        reader = RowReader(tokenizer, 64, decoder)
        ids = reader.ids(long)["input_ids"]
        text = tokenizer.decode(ids)
        assert len(ids) <= 64
        assert "why" in text and "because" in text and "start word" in text
        assert text.endswith("Grade:") is decoder
        assert len(reader.ids(dataclasses.replace(long, answer=""))["input_ids"]) <= 64
    assert is_decoder(AutoConfig.from_pretrained(llama))


def test_answers_or_whole_questions_are_held_out():
    kept, held = hold_out_answers(QUESTIONS, 0.2, seed=1)
    assert len(held) == 12 and {row.key for row in held} == {row.key for row in kept}
    kept, held = hold_out_questions(QUESTIONS, 0.2, seed=1)
    assert len(held) == 30 and not {row.key for row in held} & {row.key for row in kept}


def test_an_epoch_visits_every_row_once_with_neighbours_in_length():
    lengths = np.random.default_rng(0).integers(5, 90, 203)
    batches = epoch_order(lengths, 8, seed=3, epoch=1)
    assert sorted(row for batch in batches for row in batch) == list(range(203))
    spread = np.mean([np.ptp(lengths[batch]) for batch in batches])
    assert spread < 0.6 * np.ptp(lengths)
    assert batches == epoch_order(lengths, 8, 3, 1) != epoch_order(lengths, 8, 3, 2)
