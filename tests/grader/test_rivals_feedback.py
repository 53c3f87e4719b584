"""Feedback is written, measured, copied as a baseline, and replaced by a plain reason where the gate said no."""

import pytest
import torch

import answergate
from encoders import Encoder
from grader.artifact import ArtifactError
from grader.errors import UsageError
from grader.feedback.copying import FeedbackCopier
from grader.feedback.data import FeedbackRow, read_feedback
from grader.feedback.reasons import MESSAGES, plain_reason, reason_languages
from grader.feedback.scores import feedback_scores, rouge_l, rouge_n
from grader.feedback.small_model import SmallModelSize, build_small_model
from grader.feedback.writer import WriterConfig, load_writer, save_writer, train_writer
from relevance.guards.registry import guards
from synth.bank import bank_languages
from synth.errors import DataFileError
from synth.tables import read_rows, write_rows
from tests.grader.conftest import FACTS, water_question
from tests.grader.test_rivals_llm import LetterEncoder

RIGHT, WRONG = "Correct, all of it is there.", "Not yet: say what the sea has to do with it."
SMALL = SmallModelSize(vocabulary=320, width=32, layers=2, heads=2, context=256)


def feedback_row(answer, grade, feedback="", question="Describe the water cycle."):
    return FeedbackRow(question, "en", "Water evaporates.", answer, grade, 1.0, feedback)


ROWS = [
    feedback_row(f"{FACTS[0] if right else 'nothing'} {number}", float(right), RIGHT if right else WRONG)
    for number in range(24)
    for right in (True, False)
]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    texts = [text for row in ROWS for text in (row.question, row.answer, row.feedback)]
    return str(build_small_model(texts, tmp_path_factory.mktemp("small"), SMALL))


def test_a_writer_learns_to_write_and_is_saved_small(base, tmp_path):
    full = WriterConfig(base, "full", prompt_tokens=96, epochs=16, rate=6e-3, batch=8, patience=24)
    writer = train_writer(ROWS, full, tmp_path / "work")
    told = [feedback_row("nothing 99", 0.0), feedback_row(f"{FACTS[0]} 99", 1.0)]
    assert writer.write(told) == [WRONG, RIGHT]

    lora = WriterConfig(base, prompt_tokens=128, epochs=1, batch=16)
    writer = train_writer(ROWS, lora, tmp_path / "lora")
    folder = save_writer(writer, tmp_path / "writer", {"files": "made here"})
    assert (folder / "model.safetensors").stat().st_size < (tmp_path / "work" / "checkpoint.safetensors").stat().st_size
    assert load_writer(folder).write(told) == writer.write(told)
    with pytest.raises(ArtifactError, match="not a feedback writer"):
        load_writer(tmp_path)
    with pytest.raises(UsageError, match="all of them with feedback"):
        train_writer([*ROWS, told[0]], lora, tmp_path / "more")


def test_a_sequence_to_sequence_model_takes_the_same_path(base, tmp_path):
    from transformers import AutoTokenizer, T5Config, T5ForConditionalGeneration

    tokenizer = AutoTokenizer.from_pretrained(base)
    torch.manual_seed(0)
    shape = T5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=16, d_ff=64, num_layers=1, num_heads=2, decoder_start_token_id=0
    )
    T5ForConditionalGeneration(shape).save_pretrained(tmp_path / "t5")
    tokenizer.save_pretrained(tmp_path / "t5")
    config = WriterConfig(str(tmp_path / "t5"), prompt_tokens=96, reply_tokens=12, epochs=1, batch=16)
    writer = train_writer(ROWS, config, tmp_path / "work")
    assert writer.sequence_to_sequence and writer.progress.done
    folder = save_writer(writer, tmp_path / "writer", {})
    assert load_writer(folder).write(ROWS[:1]) == writer.write(ROWS[:1])


def test_the_copier_takes_the_most_similar_answer_of_the_same_question():
    rows = [
        feedback_row("aaaa", 1.0, "about a"),
        feedback_row("aaab", 0.0, "about a and b"),
        feedback_row("zzzz", 1.0, "of another question", question="Why?"),
    ]
    copier = FeedbackCopier(rows, LetterEncoder())
    assert copier.write([feedback_row("aaaa", 1.0), feedback_row("zzzz", 1.0)])[0] == "about a"
    assert copier.write([feedback_row("zzzz", 1.0)])[0] != "of another question"
    assert copier.write([feedback_row("aaaa", 0.0)]) == ["about a and b"], "the predicted grade counts"
    assert FeedbackCopier(rows, LetterEncoder(), grades=False).write([feedback_row("aaaa", 0.0)]) == ["about a"]
    with pytest.raises(ValueError, match="could be copied"):
        FeedbackCopier([feedback_row("a", 1.0)], LetterEncoder())


def test_scores_know_the_same_from_the_different():
    human = ["The answer is correct and complete as it stands.", "It misses the second reason."]
    same = feedback_scores(human, human, LetterEncoder())
    assert (same.bleu, same.rouge1, same.rouge_l) == pytest.approx((100, 1, 1))
    other = feedback_scores(["Wrong.", "The answer is complete."], human, LetterEncoder())
    assert other.bleu < 30 and other.rouge2 < 0.5 and other.similarity < same.similarity
    words = ["the", "cat", "sat", "on", "the", "mat"], ["the", "cat", "was", "on", "a", "mat"]
    assert rouge_n(*words, 1) == pytest.approx(2 * 4 / 12)
    assert rouge_n(*words, 2) == pytest.approx(2 * 1 / 10)
    assert rouge_l(*words) == pytest.approx(2 * 4 / 12)
    assert rouge_l([], ["a"]) == 0
    with pytest.raises(ValueError, match="one of each"):
        feedback_scores(["a"], [], Encoder)


def test_every_reason_is_plain_in_every_language():
    assert {guard.name for guard in guards()} | {"irrelevant"} == set(MESSAGES)
    assert set(bank_languages()) <= set(reason_languages())
    for reason in MESSAGES:
        texts = {plain_reason(reason, language) for language in reason_languages()}
        assert len(texts) == len(reason_languages())
    assert plain_reason("blank", "pt-BR") == plain_reason("blank", "pt")
    assert plain_reason("injection", "nl") == plain_reason("injection", "en")


def test_commands_from_a_graded_file_to_written_feedback(tmp_path, capsys):
    question = water_question()
    rows = [
        {
            "question": question.text,
            "answer": answer.text,
            "grade": answer.grade,
            "max_grade": 3,
            "language": "en",
            "reference": question.references[0],
            "feedback": RIGHT if answer.grade > 1 else WRONG,
        }
        for answer in question.answers
    ]
    write_rows(tmp_path / "graded.jsonl", rows)
    common = [tmp_path / "graded.jsonl", "--epochs", 1, "--threads", 1, "--tokens", 128]
    model = ["grader", "feedback-model", *common, "--out", tmp_path / "small", "--width", 32, "--layers", 1]
    assert answergate.main([str(item) for item in model]) == 0
    train = ["grader", "feedback-train", *common, "--out", tmp_path / "writer", "--model", tmp_path / "small"]
    assert answergate.main([str(item) for item in train]) == 0
    write_rows(tmp_path / "new.jsonl", [{"answer": f"{FACTS[0]} and {FACTS[1]}"}, {"answer": "!!"}])
    write = ["grader", "feedback-write", tmp_path / "new.jsonl", "--support", tmp_path / "graded.jsonl"]
    more = ["--writer", tmp_path / "writer", "--out", tmp_path / "out.jsonl", "--threads", 1]
    assert answergate.main([str(item) for item in [*write, *more]]) == 0
    written = [row for _, row in read_rows(tmp_path / "out.jsonl")]
    assert written[0]["reason"] is None and written[0]["grade"] > 0
    assert written[1]["feedback"] == plain_reason("punctuation", "en") and written[1]["grade"] == 0
    write_rows(tmp_path / "bare.jsonl", [{**row, "feedback": None} for row in rows])
    with pytest.raises(DataFileError, match="no row has feedback"):
        read_feedback(tmp_path / "bare.jsonl")
    capsys.readouterr()
