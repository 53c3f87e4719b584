"""The engine against a real server that misbehaves: nothing lost, nothing paid twice, no run dies, budgets hold."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answergate
from synth import read_examples
from synth.engine import EngineError, RunLog
from synth.engine.budget import Budget, BudgetLimits, Estimate
from synth.engine.limits import AdaptiveConcurrency, Gate, Limits
from synth.engine.log import Price, Usage
from synth.engine.runner import RunSummary
from synth.filters import build_filters
from synth.filters.pipeline import FilterPipeline
from synth.generate import ask, plan_jobs, question_yields
from synth.plan import Plan
from synth.questions import QuestionSpec

CONCURRENCY = 8
JOBS = 120


def questions(count: int = JOBS) -> list[QuestionSpec]:
    return [QuestionSpec(f"q{n}", f"Why does process {n} need light?", "en", 2.0) for n in range(count)]


def plan_for(url: str, **more: Any) -> Plan:
    content: dict[str, Any] = {
        "questions": {"bank": True},
        "counts": {"correct": 2},
        "models": [{"name": "test", "base_url": url, "price": {"input": 1.0, "output": 2.0}}],
        "limits": {"concurrency": CONCURRENCY, "timeout": 5.0},
    }
    return Plan.model_validate(content | more)


def run(plan: Plan, folder: Path, count: int = JOBS) -> RunSummary:
    with RunLog(folder / "log.sqlite") as log:
        return asyncio.run(ask(plan, log, plan_jobs(plan, questions(count))))


def rows_of(plan: Plan, folder: Path, count: int = JOBS) -> list[Any]:
    pipeline = FilterPipeline(build_filters({}))
    with RunLog(folder / "log.sqlite", read_only=True) as log:
        made = question_yields(plan, questions(count), log.get, pipeline)
        return [row for question in made for row in question.rows()]


def start(url: str, folder: Path) -> subprocess.Popen[bytes]:
    """The same run in a process of its own, to be killed."""
    code = (
        "import importlib.util, sys; from pathlib import Path\n"
        f"spec = importlib.util.spec_from_file_location('t', {__file__!r}); m = importlib.util.module_from_spec(spec)\n"
        f"spec.loader.exec_module(m); s = m.run(m.plan_for({url!r}), Path({str(folder)!r}))\n"
        "print(s.stopped); sys.exit(0 if s.complete else 4)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE)


def wait_for(server: Any, completions: int) -> None:
    deadline = time.monotonic() + 60
    while server.completed.total() < completions:
        assert time.monotonic() < deadline, "the run does not get on"
        time.sleep(0.002)


@pytest.fixture(scope="module")
def whole_run(server_module: Any, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The rows of a run that nobody killed."""
    folder = tmp_path_factory.mktemp("whole")
    with server_module.ChatServer() as server:
        assert run(plan_for(server.url), folder).complete
        return rows_of(plan_for(server.url), folder)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_kill_9_loses_nothing_and_repays_at_most_what_was_in_flight(
    serve: Callable[..., Any], whole_run: list[Any], tmp_path: Path, share: float
) -> None:
    server = serve(latency=0.02)
    process = start(server.url, tmp_path)
    wait_for(server, int(JOBS * share))
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    paid_before = server.completed.total()
    assert paid_before < JOBS
    summary = run(plan_for(server.url), tmp_path)
    assert summary.complete
    # The server's own count: every request answered, those in flight at the kill at most twice, no other twice.
    assert len(server.completed) == JOBS
    repaid = server.completed.total() - JOBS
    assert repaid == sum(count > 1 for count in server.completed.values()) <= CONCURRENCY
    # What was answered before the kill is in the log and was not asked again, in-flight requests excepted.
    assert summary.paid <= JOBS - paid_before + CONCURRENCY
    rows = rows_of(plan_for(server.url), tmp_path)
    assert len(rows) == 2 * JOBS == len({row.id for row in rows})
    assert rows == whole_run


def test_ctrl_c_waits_for_what_is_paid_and_the_rerun_repays_nothing(serve: Callable[..., Any], tmp_path: Path) -> None:
    server = serve(latency=0.1)
    process = start(server.url, tmp_path)
    wait_for(server, 20)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 4 and b"Ctrl-C" in output
    with RunLog(tmp_path / "log.sqlite", read_only=True) as log:
        assert log.usage().requests == server.completed.total() < JOBS
    assert run(plan_for(server.url), tmp_path).complete
    assert server.completed.total() == JOBS


@pytest.mark.parametrize("fault", ["429", "500", "hang", "broken"])
def test_every_20th_answer_bad_and_all_rows_arrive(serve: Callable[..., Any], tmp_path: Path, fault: str) -> None:
    server = serve(faults={0: fault}, retry_after="0.1")
    plan = plan_for(server.url, limits={"concurrency": 16, "timeout": 0.4})
    summary = run(plan, tmp_path)
    assert summary.complete and len(rows_of(plan, tmp_path)) == 2 * JOBS
    named = {"429": "rate_limited", "500": "server_error", "hang": "timeout"}
    if fault == "broken":
        assert summary.paid == JOBS + server.outcomes["broken"]
    else:
        assert summary.setbacks[named[fault]] >= JOBS // 20


def test_all_faults_at_once_at_a_server_for_16_under_a_client_for_64(
    serve: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve(faults={0: "429", 5: "500", 10: "hang", 15: "broken"}, most_at_once=16, latency=0.02)
    graded = [
        {"question": f"Why does process {n} need light?", "answer": "", "grade": 0, "max_grade": 2, "language": "en"}
        for n in range(JOBS)
    ]
    questions_file, plan_file = tmp_path / "graded.jsonl", tmp_path / "plan.yaml"
    questions_file.write_text("".join(json.dumps(row) + "\n" for row in graded), encoding="utf-8")
    plan = {
        "questions": {"files": [str(questions_file)]},
        "counts": {"correct": 2},
        "models": [{"name": "test", "base_url": server.url}],
        "limits": {"concurrency": 64, "timeout": 0.5},
    }
    plan_file.write_text(json.dumps(plan), encoding="utf-8")
    out = tmp_path / "out"
    assert answergate.main(["synth", "generate", "--plan", str(plan_file), "--out", str(out)]) == 0
    assert len(read_examples(out / "examples.jsonl")) == 2 * JOBS
    assert all(server.outcomes[fault] > 0 for fault in ("429", "500", "hang", "broken"))
    with RunLog(out / "log.sqlite", read_only=True) as log:
        setbacks = log.setbacks()
        assert log.usage().requests == server.completed.total() == JOBS + server.outcomes["broken"]
    assert setbacks["rate_limited"] == server.outcomes["429"]
    assert setbacks["server_error"] == server.outcomes["500"]
    # Under load a slow reply may also run into the time-out.
    assert setbacks["timeout"] >= server.outcomes["hang"]
    waste = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("waste: "))
    assert "broken replies" in waste
    assert all(f"{count} attempt(s) without a reply: {reason}" in waste for reason, count in setbacks.items())


def test_a_server_for_16_under_a_client_for_64(serve: Callable[..., Any], tmp_path: Path) -> None:
    server = serve(most_at_once=16, latency=0.02)
    plan = plan_for(server.url, limits={"concurrency": 64, "timeout": 5})
    summary = run(plan, tmp_path)
    assert summary.complete and len(rows_of(plan, tmp_path)) == 2 * JOBS
    assert summary.setbacks["rate_limited"] == server.outcomes["429"] > 0
    assert summary.lowest_concurrency < 64


def test_a_server_that_is_down_is_given_up_per_request_and_the_next_run_asks_again(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    server = serve(status=400)
    summary = run(plan_for(server.url), tmp_path, 10)
    assert len(summary.failed) == 10 and not summary.complete and server.outcomes["400"] == 10
    server.behaviour.status = None
    assert run(plan_for(server.url), tmp_path, 10).complete


def test_a_request_budget_is_exact_and_raising_it_continues(serve: Callable[..., Any], tmp_path: Path) -> None:
    server = serve()
    summary = run(plan_for(server.url, budget={"requests": 50}), tmp_path)
    assert server.completed.total() == 50
    assert summary.stopped is not None and "50 of 50 requests" in summary.stopped
    assert not summary.complete and summary.jobs_done == 50
    assert run(plan_for(server.url, budget={"requests": 50}), tmp_path).paid == 0
    assert run(plan_for(server.url, budget={"requests": 500}), tmp_path).complete
    assert server.completed.total() == JOBS


@pytest.mark.parametrize("bound", ["money", "tokens"])
def test_money_and_tokens_stop_at_the_budget_plus_what_was_in_flight(
    serve: Callable[..., Any], tmp_path: Path, bound: str
) -> None:
    server = serve(latency=0.01)
    free = run(plan_for(server.url), tmp_path / "free")
    assert free.complete
    prices = {"test": Price(1.0, 2.0)}

    def spent(folder: Path) -> float:
        with RunLog(folder / "log.sqlite", read_only=True) as log:
            usage = log.usage(prices)
        return float(usage.tokens if bound == "tokens" else usage.money or 0)

    whole = spent(tmp_path / "free")
    budget = round(whole / 2) if bound == "tokens" else whole / 2
    plan = plan_for(server.url, budget={bound: budget})
    assert run(plan, tmp_path / "tight").stopped is not None
    dearest = 2.0 * whole / JOBS
    assert budget <= spent(tmp_path / "tight") <= budget + CONCURRENCY * dearest
    plan = plan_for(server.url, budget={bound: 10 * budget})
    assert run(plan, tmp_path / "tight").complete
    assert spent(tmp_path / "tight") == pytest.approx(whole)


def test_changing_a_filter_or_a_count_never_asks_for_what_is_there(serve: Callable[..., Any], tmp_path: Path) -> None:
    server = serve()
    assert run(plan_for(server.url), tmp_path, 10).paid == 10
    strict = plan_for(server.url, quality={"filters": {"length": {"most": 20}}})
    assert run(strict, tmp_path, 10).paid == 0
    assert run(plan_for(server.url, counts={"correct": 2, "vacuous": 1}), tmp_path, 10).paid == 10


def test_a_second_process_in_the_folder_is_turned_away(tmp_path: Path) -> None:
    with RunLog(tmp_path / "log.sqlite"), pytest.raises(EngineError, match="another process"):
        RunLog(tmp_path / "log.sqlite")
    RunLog(tmp_path / "log.sqlite").close()


def test_a_file_that_is_no_log_is_named(tmp_path: Path) -> None:
    (tmp_path / "log.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(EngineError, match="not a run log"):
        RunLog(tmp_path / "log.sqlite")


def test_concurrency_halves_once_per_burst_and_grows_back() -> None:
    flow = AdaptiveConcurrency(64)
    numbers = [flow.start() for _ in range(64)]
    for number in numbers:
        flow.refused(number)
        flow.over()
    assert flow.limit == 32
    for _ in range(33):
        flow.succeeded()
    assert 32.9 < flow.limit < 34
    flow.refused(flow.start())
    assert 16 <= flow.limit < 17


def test_minute_limits_hold_requests_back() -> None:
    now = [0.0]
    limits = Limits(concurrency=100, requests_per_minute=3, tokens_per_minute=1000)
    budget = Budget(BudgetLimits(), Usage())

    async def entered(gate: Gate, tokens: int) -> bool:
        try:
            return await asyncio.wait_for(gate.enter(Estimate(tokens, 0.0)), 0.02) is not None
        except TimeoutError:
            return False

    async def scenario() -> list[bool]:
        gate = Gate(limits, budget, clock=lambda: now[0])
        seen = [await entered(gate, 100) for _ in range(4)]
        now[0] = 61.0
        seen.append(await entered(gate, 900))
        seen.append(await entered(gate, 200))
        now[0] = 122.0
        seen.append(await entered(gate, 200))
        gate.refused(1, retry_after=30.0)
        seen.append(await entered(gate, 1))
        now[0] = 153.0
        seen.append(await entered(gate, 1))
        return seen

    assert asyncio.run(scenario()) == [True, True, True, False, True, False, True, False, True]
