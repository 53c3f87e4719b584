"""`synth generate` through the real openai client against a real HTTP server."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answergate
from synth import read_examples
from synth.engine.log import RunLog

KINDS = "correct=3,incomplete=2,incorrect=3,irrelevant=2,vacuous=2"


def generate(server: Any, graded: Path, out: Path, *more: str) -> int:
    return answergate.main(
        [
            "synth",
            "generate",
            "--questions",
            str(graded),
            "--out",
            str(out),
            "--model",
            "test-model",
            "--base-url",
            server.url,
            "--kinds",
            KINDS,
            "--concurrency",
            "8",
            *more,
        ]
    )


def kinds_of(folder: Path) -> Counter[str]:
    return Counter(row.kind for row in read_examples(folder / "examples.jsonl"))


def test_valid_json_gives_every_row_with_provenance(
    serve: Callable[..., Any], graded_file: Path, tmp_path: Path
) -> None:
    server = serve()
    assert generate(server, graded_file, tmp_path / "out") == 0
    rows = read_examples(tmp_path / "out" / "examples.jsonl")
    assert kinds_of(tmp_path / "out") == {
        "correct": 18,
        "incomplete": 12,
        "incorrect": 18,
        "irrelevant": 12,
        "vacuous": 12,
    }
    assert {row.relevant for row in rows if row.kind in ("irrelevant", "vacuous")} == {False}
    assert all(row.grade == 2 for row in rows if row.kind == "correct")
    row = rows[0]
    assert row.provenance.template == "answers/correct"
    assert row.provenance.model == "test-model" and row.provenance.seed is not None
    with RunLog(tmp_path / "out" / "log.sqlite", read_only=True) as log:
        assert row.question in (log.prompt_of(str(row.provenance.request_id)) or "")
    body = server.bodies[0]
    assert body["response_format"]["type"] == "json_schema"


def test_same_seed_same_bytes_and_a_rerun_pays_nothing(
    serve: Callable[..., Any], graded_file: Path, tmp_path: Path
) -> None:
    server = serve()
    assert generate(server, graded_file, tmp_path / "a") == 0
    first = (tmp_path / "a" / "examples.jsonl").read_bytes()
    paid = server.outcomes["ok"]
    assert generate(server, graded_file, tmp_path / "a") == 0
    assert server.outcomes["ok"] == paid
    assert (tmp_path / "a" / "examples.jsonl").read_bytes() == first
    server.behaviour.latency = 0.01
    assert generate(server, graded_file, tmp_path / "b", "--concurrency", "2") == 0
    assert (tmp_path / "b" / "examples.jsonl").read_bytes() == first
    assert generate(server, graded_file, tmp_path / "c", "--seed", "1") == 0
    assert (tmp_path / "c" / "examples.jsonl").read_bytes() != first


def test_broken_json_costs_no_neighbour(serve: Callable[..., Any], graded_file: Path, tmp_path: Path) -> None:
    answers = [{"text": f"Plants need light for reason number {n} of many", "grade": 2} for n in range(3)]
    broken = json.dumps({"answers": answers}).replace('"grade": 2}', '"grade": }', 1)
    server = serve(replies=[broken, "```json\n" + json.dumps({"answers": answers}) + "\n``` Hope this helps!"])
    assert generate(server, graded_file, tmp_path / "out", "--kinds", "correct=3", "--concurrency", "1") == 0
    rows = read_examples(tmp_path / "out" / "examples.jsonl")
    assert kinds_of(tmp_path / "out") == {"correct": 18}
    texts = [row.answer for row in rows if row.answer.endswith("of many")]
    assert len(texts) == 6


def test_half_a_character_costs_neither_the_row_nor_the_files(
    serve: Callable[..., Any], graded_file: Path, tmp_path: Path
) -> None:
    # What is left of an emoji when a tokenizer cuts it: valid as an escape, but no text.
    reply = json.dumps({"answers": [{"text": "Leaves \ud83d need light to grow.", "grade": 2}]})
    server = serve(replies=[reply])
    assert generate(server, graded_file, tmp_path / "out", "--kinds", "correct=1", "--limit", "1") == 0
    row = read_examples(tmp_path / "out" / "examples.jsonl")[0]
    assert row.answer == "Leaves ? need light to grow."


def test_a_file_without_groups_is_split_by_question(
    serve: Callable[..., Any], graded_file: Path, tmp_path: Path
) -> None:
    rows = [json.loads(line) for line in graded_file.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        del row["group"]
    graded_file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert generate(serve(), graded_file, tmp_path / "out", "--kinds", "correct=1") == 0
    assert len(list((tmp_path / "out" / "data").iterdir())) == 3


def test_short_and_refused_replies_are_topped_up(serve: Callable[..., Any], graded_file: Path, tmp_path: Path) -> None:
    server = serve(faults={0: "refusal", 1: "broken", 3: "cut"}, every=7)
    # One at a time, so that it does not depend on timing which request meets which fault.
    assert generate(server, graded_file, tmp_path / "out", "--concurrency", "1") == 0
    assert kinds_of(tmp_path / "out")["correct"] == 18
    shown = [body for body in server.bodies if "ALREADY WRITTEN" in body["messages"][0]["content"]]
    assert shown and server.outcomes["refusal"] > 0 and server.outcomes["broken"] > 0


def test_plain_list_form_strips_labels(serve: Callable[..., Any], graded_file: Path, tmp_path: Path) -> None:
    reply = (
        "Relevant Answers:\n1. Correct answer: Light drives the process.\n2. Incorrect answer: Plants eat the light.\n"
        "3. **Incomplete answer:** Something with light.\n\nIrrelevant Answers:\n1. My dog likes the park.\n"
    )
    server = serve(replies=[reply] * 100)
    kinds = "correct=1,incomplete=1,incorrect=1,irrelevant=1"
    assert generate(server, graded_file, tmp_path / "out", "--form", "list", "--kinds", kinds, "--limit", "1") == 0
    rows = read_examples(tmp_path / "out" / "examples.jsonl")
    assert [(row.kind, row.answer) for row in rows] == [
        ("correct", "Light drives the process."),
        ("incorrect", "Plants eat the light."),
        ("incomplete", "Something with light."),
        ("irrelevant", "My dog likes the park."),
    ]
    assert all("response_format" not in body for body in server.bodies)


def test_a_429_is_waited_for_and_not_a_failure(
    serve: Callable[..., Any], graded_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve(faults={2: "429"}, every=4, retry_after="0.2")
    started = time.monotonic()
    assert generate(server, graded_file, tmp_path / "out") == 0
    assert time.monotonic() - started >= 0.2
    assert kinds_of(tmp_path / "out").total() == 72
    with RunLog(tmp_path / "out" / "log.sqlite", read_only=True) as log:
        assert log.setbacks() == {"rate_limited": server.outcomes["429"]}


def test_a_timeout_is_tried_again(serve: Callable[..., Any], graded_file: Path, tmp_path: Path) -> None:
    server = serve(faults={3: "hang"}, every=1000)
    assert generate(server, graded_file, tmp_path / "out", "--timeout", "0.5") == 0
    assert kinds_of(tmp_path / "out").total() == 72
    with RunLog(tmp_path / "out" / "log.sqlite", read_only=True) as log:
        assert log.setbacks() == {"timeout": 1}


def test_a_server_without_schemas_is_asked_in_the_prompt(
    serve: Callable[..., Any], graded_file: Path, tmp_path: Path
) -> None:
    server = serve(knows_schema=False)
    assert generate(server, graded_file, tmp_path / "out") == 0
    assert kinds_of(tmp_path / "out").total() == 72
    assert "response_format" not in server.bodies[-1]
    # Only what was in flight when the first refusal came tried the forms the server does not know.
    assert server.outcomes["400"] <= 16


@pytest.mark.parametrize(("status", "word"), [(401, "key"), (404, "model")])
def test_wrong_key_or_model_stops_at_once_with_one_message(
    serve: Callable[..., Any],
    graded_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    status: int,
    word: str,
) -> None:
    server = serve(status=status)
    assert generate(server, graded_file, tmp_path / "out") == 4
    error = capsys.readouterr().err
    assert word in error and error.count("\n") == 1
    assert server.outcomes.total() <= 8


def test_no_key_is_one_clear_message(
    graded_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    arguments = ["synth", "generate", "--questions", str(graded_file), "--out", str(tmp_path / "out"), "--model", "m"]
    assert answergate.main(arguments) == 4
    assert "OPENAI_API_KEY" in capsys.readouterr().err


def test_unknown_kind_is_named(serve: Callable[..., Any], graded_file: Path, tmp_path: Path) -> None:
    assert generate(serve(), graded_file, tmp_path / "out", "--kinds", "correkt=3") == 2
