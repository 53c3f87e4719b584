"""Plan files, the dry run, the written corpus, its split, report and card, and where a row is from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas
import pytest
import yaml

import answergate
from synth import read_examples
from synth.output import assigned_parts, corpus_dataset
from synth.output.diversity import self_bleu
from synth.plan import PlanError, read_plan
from synth.plan.read import STARTER
from synth.questions import QuestionSpec

BAD_PLAN = """\
version: 1
questions:
  bank: true
counts:
  correct: 3
  correkt: 2
models:
  - name: m
    sampling:
      temperature: 9
    prise: 3
seed: x
seed: 1
budget: {money: 5}
"""


def write_plan(path: Path, url: str, graded: Path, **more: Any) -> Path:
    content: dict[str, Any] = {
        "name": "trial",
        "questions": {"files": [str(graded)]},
        "counts": {"correct": 4, "irrelevant": 2},
        "models": [{"name": "m", "base_url": url, "price": {"input": 1, "output": 2}}],
    }
    path.write_text(yaml.safe_dump(content | more))
    return path


def test_every_mistake_of_a_plan_is_named_at_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(BAD_PLAN)
    assert answergate.main(["synth", "plan", str(path)]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "line " in line]
    found = {int(line.split("line ")[1].split(":")[0]): line for line in lines}
    assert {4, 10, 11, 13} <= found.keys()
    assert "correkt" in found[4] and "temperature" in found[10] and "prise" in found[11] and "twice" in found[13]


def test_money_needs_prices_and_a_judge_must_exist(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("questions: {bank: true}\nmodels: [{name: m}]\nbudget: {money: 5}\n")
    with pytest.raises(PlanError, match=r"line 3: budget\.money: .* price of every model"):
        read_plan(path)
    path.write_text("questions: {bank: true}\nmodels: [{name: m}]\nquality: {judge: {model: x}}\n")
    with pytest.raises(PlanError, match=r"line 3: quality\.judge\.model: 'x' is none of the models"):
        read_plan(path)


def test_filters_and_files_that_do_not_exist_are_named_at_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(
        "questions:\n  files: [none.jsonl]\nmodels: [{name: m}]\nquality:\n  filters:\n    lenght: true\n"
        "    length: {mots: 3}\n    near_duplicate: {similarity: high}\n    language:\n      detector: guess\n"
    )
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    lines = str(caught.value).splitlines()
    found = [int(line.split("line ")[1].split(":")[0]) for line in lines]
    assert found == [2, 6, 7, 8, 10]
    for line, word in zip(lines, ["none.jsonl", "lenght", "mots", "'high'", "guess"], strict=True):
        assert word in line


@pytest.mark.parametrize("content", ["", "a: [", "- 1\n", "models: {a: !!python/object:os.system x}"])
def test_what_is_no_plan_is_one_clear_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "plan.yaml").write_text(content)
    with pytest.raises(PlanError, match=r"plan\.yaml"):
        read_plan(tmp_path / "plan.yaml")


def test_the_starter_plan_is_valid_and_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    assert answergate.main(["synth", "plan", str(path), "--new"]) == 0
    assert path.read_text() == STARTER.read_text() and read_plan(path).budget.money == 5
    assert answergate.main(["synth", "plan", str(path), "--new"]) == 2


def test_the_dry_run_counts_and_spends_nothing(
    serve: Callable[..., Any], graded_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve()
    plan = write_plan(tmp_path / "plan.yaml", server.url, graded_file, per_request=3)
    assert answergate.main(["synth", "plan", str(plan), "--dry-run", "--out", str(tmp_path / "run")]) == 0
    said = capsys.readouterr().out
    # 6 questions, 4 correct ones in two requests of 2, 2 irrelevant ones in one.
    assert "questions  6, up to 36 rows" in said and "requests   18 to ask, 0 answered already" in said
    summary = said[said.index("questions  6") :]
    assert max(map(len, summary.splitlines())) <= 80
    assert "Write exactly 2 CORRECT answers" in said and "money" in said
    assert server.outcomes.total() == 0
    assert answergate.main(["synth", "generate", "--plan", str(plan), "--out", str(tmp_path / "run")]) == 0
    assert server.outcomes["ok"] == 18
    assert answergate.main(["synth", "plan", str(plan), "--out", str(tmp_path / "run")]) == 0
    assert "requests   0 to ask, 18 answered already" in capsys.readouterr().out


def test_the_corpus_opens_everywhere_and_is_split_without_leakage(
    serve: Callable[..., Any], graded_file: Path, tmp_path: Path
) -> None:
    server = serve()
    split = {"train": 0.5, "validation": 0.0, "test": 0.5}
    plan = write_plan(tmp_path / "plan.yaml", server.url, graded_file, split=split)
    run = tmp_path / "run"
    assert answergate.main(["synth", "generate", "--plan", str(plan), "--out", str(run)]) == 0
    rows = read_examples(run / "examples.jsonl")
    parts = {path.stem: read_examples(path) for path in (run / "data").iterdir()}
    assert sorted(row.id for part in parts.values() for row in part) == sorted(row.id for row in rows)
    groups = {part: {row.group for row in rows} for part, rows in parts.items()}
    assert groups.keys() == {"train", "test"}
    assert len(groups["train"]) == len(groups["test"]) == 1 and not groups["train"] & groups["test"]
    assert len(pandas.read_parquet(run / "data" / "train.parquet")) == len(parts["train"])
    opened = corpus_dataset(run)
    assert {name: len(part) for name, part in opened.items()} == {name: len(part) for name, part in parts.items()}
    assert opened["train"].features == opened["test"].features
    card = (run / "README.md").read_text()
    assert f"{len(rows)} rows for 6 questions" in card
    front = yaml.safe_load(card.split("---")[1])
    assert front["language"] == ["en"] and front["configs"][0]["data_files"][0]["path"] == "data/train.parquet"
    report = json.loads((run / "report.json").read_text())
    assert report["rows"] == len(rows) and report["curve"][-1][1] == len(rows) and report["money"] > 0
    assert sum(group["kept"] for group in report["groups"]) == len(rows)
    page = (run / "report.html").read_text()
    assert "<svg" in page and "http" not in page.replace("http://www.w3.org", "")


def test_groups_and_equal_wordings_stay_together() -> None:
    questions = [QuestionSpec(f"q{n}", f"Question {n}?", "en", 2.0, group=f"g{n // 4}") for n in range(40)]
    questions.append(QuestionSpec("twin", "question 39", "en", 2.0, group="far away"))
    shares = {"train": 0.8, "validation": 0.1, "test": 0.1}
    part_of = assigned_parts(questions, shares, seed=0)
    assert len({part_of["q36"], part_of["q39"], part_of["twin"]}) == 1
    counts = {part: list(part_of.values()).count(part) for part in shares}
    assert counts["validation"] >= 4 and counts["test"] >= 4 and counts["train"] >= 25
    assert part_of == assigned_parts(questions, shares, seed=0)
    assert any(assigned_parts(questions, shares, seed=seed) != part_of for seed in range(1, 5))


def test_explain_shows_prompt_reply_and_filters(
    serve: Callable[..., Any], graded_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = write_plan(tmp_path / "plan.yaml", serve().url, graded_file)
    assert answergate.main(["synth", "generate", "--plan", str(plan), "--out", str(tmp_path / "run")]) == 0
    row = read_examples(tmp_path / "run" / "examples.jsonl")[5]
    capsys.readouterr()
    assert answergate.main(["synth", "explain", row.id, "--run", str(tmp_path / "run")]) == 0
    said = capsys.readouterr().out
    assert row.answer in said and "YOUR TASK" in said and "near_duplicate: passed" in said
    assert str(row.provenance.request_id) in said
    assert answergate.main(["synth", "explain", "zzzz", "--run", str(tmp_path / "run")]) == 2


def test_questions_from_a_syllabus_and_a_judge(serve: Callable[..., Any], graded_file: Path, tmp_path: Path) -> None:
    server = serve()
    syllabus = [{"subject": "biology", "level": "primary", "count": 12, "languages": ["en"]}]
    plan = write_plan(
        tmp_path / "plan.yaml", server.url, graded_file, questions={"syllabus": syllabus}, quality={"judge": {}}
    )
    run = tmp_path / "run"
    assert answergate.main(["synth", "generate", "--plan", str(plan), "--out", str(run)]) == 0
    rows = read_examples(run / "examples.jsonl")
    assert len({row.question_id for row in rows}) > 6 and {row.subject for row in rows} == {"biology"}
    report = json.loads((run / "report.json").read_text())
    assert report["questions"] == 12 and report["dropped"]["judge"] > 0
    assert report["rows"] + sum(report["dropped"].values()) == 12 * 6
    paid = server.outcomes["ok"]
    assert paid == 2 + 24 + 24
    # Another filter, the same judge: nothing is asked again.
    changed = write_plan(
        tmp_path / "plan.yaml",
        server.url,
        graded_file,
        questions={"syllabus": syllabus},
        quality={"judge": {}, "filters": {"length": {"most": 60}}},
    )
    assert answergate.main(["synth", "generate", "--plan", str(changed), "--out", str(run)]) == 0
    assert server.outcomes["ok"] == paid and len(read_examples(run / "examples.jsonl")) < len(rows)


def test_unknown_filters_and_settings_show_before_anything_is_asked(
    serve: Callable[..., Any], graded_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve()
    for filters, word in (({"spelling": True}, "there are"), ({"length": {"least": 3}}, "it has most")):
        plan = write_plan(tmp_path / "plan.yaml", server.url, graded_file, quality={"filters": filters})
        assert answergate.main(["synth", "generate", "--plan", str(plan), "--out", str(tmp_path / "run")]) == 2
        assert word in capsys.readouterr().err
    assert server.outcomes.total() == 0


def test_a_local_model_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["synth", "generate", "--local", str(tmp_path / "m.gguf"), "--out", str(tmp_path / "run")]
    assert answergate.main(arguments) == 2
    assert "m.gguf" in capsys.readouterr().err


def test_self_bleu_is_one_for_copies_and_small_for_strangers() -> None:
    same = [["a", "b", "c", "d", "e"]] * 3
    assert self_bleu(same) == pytest.approx(1.0)
    assert self_bleu([["a", "b"], ["c", "d"]]) == 0.0
    assert self_bleu([["a"]]) is None
