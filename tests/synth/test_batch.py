"""The Batch API against the stand-in server, mixed with a live run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import answergate
from synth import read_examples
from synth.engine.log import RunLog


def test_submit_collect_and_finish_live(
    serve: Callable[..., Any], graded_file: Path, tmp_path: Path, capsys: Any
) -> None:
    server = serve()
    plan = tmp_path / "plan.yaml"
    content = {
        "questions": {"files": [str(graded_file)]},
        "counts": {"correct": 3, "irrelevant": 2},
        "models": [{"name": "m", "base_url": server.url, "price": {"input": 10, "output": 20}}],
    }
    plan.write_text(json.dumps(content))
    flags = ["--plan", str(plan), "--out", str(tmp_path / "run")]
    assert answergate.main(["synth", "batch", "submit", *flags]) == 0
    assert answergate.main(["synth", "batch", "submit", *flags]) == 0
    assert len(server.batches) == 1 and "waits already" in capsys.readouterr().out
    # Live runs leave alone what waits in a batch.
    assert answergate.main(["synth", "generate", *flags]) == 4
    assert server.completed.total() == 0
    assert answergate.main(["synth", "batch", "collect", *flags]) == 0
    assert "validating" in capsys.readouterr().out
    assert answergate.main(["synth", "batch", "collect", *flags]) == 0
    assert "12 replies taken in" in capsys.readouterr().out
    assert answergate.main(["synth", "batch", "status", "--out", str(tmp_path / "run")]) == 0
    assert "collected" in capsys.readouterr().out
    assert answergate.main(["synth", "generate", *flags]) == 0
    assert server.completed.total() == 0 and server.outcomes["batch"] == 12
    rows = read_examples(tmp_path / "run" / "examples.jsonl")
    assert len(rows) == 30
    live = [*flags[:3], str(tmp_path / "live")]
    assert answergate.main(["synth", "generate", *live]) == 0
    assert read_examples(tmp_path / "live" / "examples.jsonl") == rows
    costs = [json.loads((tmp_path / name / "report.json").read_text())["money"] for name in ("run", "live")]
    assert costs[0] * 2 == costs[1] > 0


def test_a_batch_whose_creation_was_cut_off_is_found_again(
    serve: Callable[..., Any], graded_file: Path, tmp_path: Path
) -> None:
    server = serve()
    flags = ["--questions", str(graded_file), "--model", "m", "--base-url", server.url, "--kinds", "correct=1"]
    flags += ["--out", str(tmp_path)]
    assert answergate.main(["synth", "batch", "submit", *flags]) == 0
    with RunLog(tmp_path / "log.sqlite") as log:
        # As if the process had died between the service's answer and the note of it.
        log.rename_batch("batch_0", "file of m: file-0", "creating")
    assert answergate.main(["synth", "batch", "submit", *flags]) == 0
    assert len(server.batches) == 1
    with RunLog(tmp_path / "log.sqlite", read_only=True) as log:
        assert [batch for batch, _, _ in log.batches()] == ["batch_0"]
