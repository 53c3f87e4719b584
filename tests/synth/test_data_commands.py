"""`synth negatives`, `synth validate`, `synth stats` as a user runs them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

import answergate
from synth import Example, Provenance, read_examples, write_examples
from synth.bank import load_bank
from synth.checks import CHECKS, validate_bank, validate_files
from synth.errors import DataFileError
from synth.instructions import Pair, pair_of_row, read_pairs
from synth.negatives import NegativesError, shuffled_negatives
from synth.stats import corpus_stats, distinct_n
from synth.text import fold


def row(answer: str, kind: str = "correct", question: str = "Why is the sky blue?", **more: Any) -> Example:
    values: dict[str, Any] = {
        "question_id": question,
        "question": question,
        "answer": answer,
        "kind": kind,
        "relevant": kind in ("correct", "incomplete", "incorrect"),
        "language": "en",
        "provenance": Provenance(generator="llm", generator_version="1"),
    }
    return Example.model_validate(values | more)


def validate(path: Path, *more: str) -> int:
    return answergate.main(["synth", "validate", str(path), *more])


def found_by(path: Path, examples: list[Example]) -> dict[str, int]:
    write_examples(path, examples)
    return validate_files([path]).counts


def test_negatives_of_the_bank_are_a_derangement(tmp_path: Path) -> None:
    out = tmp_path / "negatives.jsonl"
    assert answergate.main(["synth", "negatives", "--bank", "--out", str(out)]) == 0
    questions = {question.id: question for question in load_bank().graded_questions()}
    negatives = read_examples(out)
    donors: Counter[tuple[str, str]] = Counter()
    asked: dict[str, set[str]] = defaultdict(set)
    for example in negatives:
        own = questions[example.question_id]
        folded = fold(example.answer)
        assert folded not in {fold(answer.text) for answer in own.answers}
        assert folded not in asked[own.id]
        asked[own.id].add(folded)
        donor = questions[str(example.provenance.parent)]
        assert donor.language == own.language and donor.id != own.id
        donors[donor.id, folded] += 1
    assert len(negatives) == sum(len(question.answers) for question in questions.values())
    assert set(donors.values()) == {1}
    again = tmp_path / "again.jsonl"
    assert answergate.main(["synth", "negatives", "--bank", "--out", str(again)]) == 0
    assert again.read_bytes() == out.read_bytes()
    assert answergate.main(["synth", "negatives", "--bank", "--out", str(again), "--seed", "1"]) == 0
    assert again.read_bytes() != out.read_bytes()


def test_negatives_never_repeat_an_equal_answer_of_the_question() -> None:
    pairs = [Pair.of(f"q{n}", "Yes." if n % 3 == 0 else f"answer {n}", "en", "") for n in range(12)]
    negatives = shuffled_negatives(pairs)
    own = {pair.question: fold(pair.answer) for pair in pairs}
    assert len(negatives) == 12
    assert all(fold(example.answer) != own[example.question] for example in negatives)


def test_negatives_from_another_course_only() -> None:
    pairs = [Pair.of(f"q{n}", f"answer {n}", "en", f"course {n % 3}") for n in range(30)]
    course = {pair.question_id: pair.group for pair in pairs}
    negatives = shuffled_negatives(pairs, other_groups=True)
    assert len(negatives) == 30
    assert all(course[example.question_id] != course[str(example.provenance.parent)] for example in negatives)


def test_negatives_need_two_questions_of_a_language() -> None:
    with pytest.raises(NegativesError, match="de has one question only"):
        shuffled_negatives([Pair.of("Warum?", "Darum.", "de", "")])


@pytest.mark.parametrize(
    ("content", "question", "answer"),
    [
        (
            {"definition": "Answer.", "inputs": "Why?", "targets": ["So.", "x"], "meta": {"task": "t"}},
            "Answer.\nWhy?",
            "So.",
        ),
        ({"inputs": "Why?", "targets": "So.", "meta": {}}, "Why?", "So."),
        ({"instruction": "Say why.", "input": "", "output": "So."}, "Say why.", "So."),
        ({"question": "Why?", "answer": "So."}, "Why?", "So."),
    ],
)
def test_instruction_shapes(content: dict[str, Any], question: str, answer: str) -> None:
    pair = pair_of_row(content, "en")
    assert pair is not None and (pair.question, pair.answer) == (question, answer)


def test_negatives_from_redpajama_files(tmp_path: Path) -> None:
    rows = [
        {
            "definition": "Answer the question.",
            "inputs": f"What is {n}?",
            "targets": [f"It is number {n}."],
            "meta": {"task": f"task{n % 4}"},
        }
        for n in range(40)
    ]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "ni.parquet")
    (tmp_path / "p3.jsonl").write_text(
        "".join(json.dumps({"inputs": f"Q {n}?", "targets": f"A {n}", "meta": None}) + "\n" for n in range(30))
    )
    out = tmp_path / "negatives.parquet"
    sources = [str(tmp_path / "ni.parquet"), str(tmp_path / "p3.jsonl")]
    assert answergate.main(["synth", "negatives", *sources, "--limit", "20", "--out", str(out)]) == 0
    negatives = read_examples(out)
    assert len(negatives) == 40 and {example.kind for example in negatives} == {"irrelevant"}


def test_instruction_files_of_another_shape_name_every_row(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"a": 1}\n{"inputs": "Why?", "targets": "So."}\n{"b": 2}\n')
    with pytest.raises(DataFileError, match="2 row") as error:
        list(read_pairs(path, "en"))
    assert [problem.row for problem in error.value.problems] == [1, 3]


def test_the_bank_is_valid() -> None:
    report = validate_bank()
    assert [str(finding) for finding in report.findings if finding.severity == "error"] == []
    assert report.rows > 1000


def test_a_good_file_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_examples(tmp_path / "good.jsonl", [row("Air scatters short waves."), row("My cat sleeps.", "irrelevant")])
    assert validate(tmp_path / "good.jsonl") == 0
    assert "0 error(s)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("check", "examples"),
    [
        ("grades", [row("Scattering.", grade=1, max_grade=2)]),
        ("grades", [row("Scattering.", "irrelevant", grade=1, max_grade=2)]),
        ("max_grades", [row("One.", grade=2, max_grade=2), row("Two.", grade=3, max_grade=3)]),
        ("language", [row("Le ciel est bleu parce que l'air diffuse la lumière.")]),
        ("label_leakage", [row("Incorrect answer: because of the sea.", "incorrect")]),
        ("assistant_talk", [row("As an AI language model I would say it is scattering.")]),
        ("duplicates", [row("Because of air."), row("because of  AIR.")]),
        ("contradictions", [row("Because of air."), row("because of air.", "irrelevant")]),
        ("empty", [row("…")]),
    ],
)
def test_each_fault_is_found(tmp_path: Path, check: str, examples: list[Example]) -> None:
    found = found_by(tmp_path / "bad.jsonl", examples)
    if check == "script":
        # A text in another script is in another language too; both are said.
        found.pop("language", None)
    assert found == {check: 1}


def test_another_script_is_found_by_script_and_language(tmp_path: Path) -> None:
    found = found_by(tmp_path / "bad.jsonl", [row("Небо голубое из-за рассеяния света")])
    assert found == {"language": 1, "script": 1}


def test_near_duplicates_are_found_but_not_where_a_number_differs(tmp_path: Path) -> None:
    long = "The light of the sun is scattered by the molecules of the air, and blue light most of all"
    assert found_by(tmp_path / "a.jsonl", [row(f"{long}."), row(f"{long} ok.")]) == {"near_duplicates": 1}
    assert found_by(tmp_path / "b.jsonl", [row(f"{long} 450 nm."), row(f"{long} 550 nm.")]) == {}


def test_schema_faults_are_findings_with_row_and_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = row("Air.").model_dump(mode="json")
    lines = [good | {"kind": "irrelevant"}, good, good | {"colour": "red"}, {"question": "?"}]
    (tmp_path / "bad.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert validate(tmp_path / "bad.jsonl", "--json", str(tmp_path / "report.json")) == 1
    findings = json.loads((tmp_path / "report.json").read_text())["findings"]
    assert {finding["row"] for finding in findings if finding["check"] == "schema"} == {1, 3, 4}
    assert "remove the field" in capsys.readouterr().out


def test_graded_files_are_validated_at_their_rows(tmp_path: Path) -> None:
    lines = [
        {"question": "Why?", "answer": answer, "grade": 1, "max_grade": 2, "language": "en"}
        for answer in ("Because.", "It is so.", "because.")
    ]
    (tmp_path / "graded.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    findings = validate_files([tmp_path / "graded.jsonl"]).findings
    assert [(finding.check, finding.row) for finding in findings] == [("duplicates", 3)]


def test_missing_files_and_unknown_checks_are_wrong_use(tmp_path: Path) -> None:
    assert validate(tmp_path / "none.jsonl") == 2
    write_examples(tmp_path / "good.jsonl", [row("Air.")])
    assert validate(tmp_path / "good.jsonl", "--only", "spelling") == 2
    assert answergate.main(["synth", "validate"]) == 2


def test_balance_shows_a_kind_that_one_language_lacks(tmp_path: Path) -> None:
    examples = [
        row(f"Answer number {n} is like this", language=tag, question=f"{tag} {n}?")
        for n in range(50)
        for tag in ("en", "de")
    ]
    examples += [row(f"Other text {n} for you here", "irrelevant", question=f"en {n}?") for n in range(50)]
    assert "balance" in found_by(tmp_path / "unbalanced.jsonl", examples)


def test_checks_are_named_and_described() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(check.summary for check in CHECKS)


def test_stats_count_by_language_kind_and_grade(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    examples = [
        row("red green red", grade=2, max_grade=2),
        row("red green blue", grade=2, max_grade=2),
        row("blue", "incorrect", grade=0, max_grade=2),
    ]
    write_examples(tmp_path / "rows.jsonl", examples)
    stats = corpus_stats(examples)
    first = stats.groups[0]
    assert (first.kind, first.grade, first.rows, first.vocabulary, first.words_mean) == ("correct", 1.0, 2, 3, 3.0)
    assert first.distinct_1 == 0.5 and first.distinct_2 == 0.75
    assert answergate.main(["synth", "stats", str(tmp_path / "rows.jsonl"), "--json", str(tmp_path / "s.json")]) == 0
    assert json.loads((tmp_path / "s.json").read_text())["rows"] == 3
    assert "incorrect" in capsys.readouterr().out


def test_distinct_n_of_nothing_is_zero() -> None:
    assert distinct_n([], 2) == 0.0


def test_dedup_keeps_the_first_of_what_is_nearly_the_same(tmp_path: Path) -> None:
    long = "The light of the sun is scattered by the molecules of the air, and blue light most of all"
    examples = [row(long), row(f"{long} !"), row("Because of the sea."), row(long, question="And at noon?")]
    write_examples(tmp_path / "rows.jsonl", examples)
    out = tmp_path / "kept.jsonl"
    assert answergate.main(["synth", "dedup", str(tmp_path / "rows.jsonl"), "--out", str(out)]) == 0
    assert read_examples(out) == [examples[0], examples[2], examples[3]]
    flags = ["--across-questions", "--out", str(out)]
    assert answergate.main(["synth", "dedup", str(tmp_path / "rows.jsonl"), *flags]) == 0
    assert read_examples(out) == [examples[0], examples[2]]
