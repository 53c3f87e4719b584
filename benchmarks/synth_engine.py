"""Compare the engine with a bare `AsyncOpenAI` loop that appends to a JSONL file, on the same server in one run.

One request is one row. The server (benchmarks/synth_server.py) runs in a process of its own and answers after 50 ms;
64 requests fly at once. Each client runs in a process of its own, whose start counts; runs alternate (bare, engine,
command, bare, …) and the medians of the ratios are printed, so a machine that gets slower meanwhile slows all alike.

- `bare`: what people write themselves.
- `engine`: the same requests through the engine, with log, limits and budget.
- `command`: `answergate synth generate` as it is: reads plan and questions, asks, filters, writes all its files.

With `--faults` the server answers 16 at once, and of every 20 replies one is a 429, one a 500, one a hang and one
broken JSON; the bare loop then dies of the first of them, so only the command runs, and prints what was wasted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CLIENTS = ("bare", "engine", "command")
HEAVY = ("torch", "ray", "transformers", "datasets", "pandas")
CONCURRENCY = 64
FAULTS = ("429", "500", "hang", "broken")


def graded_rows(rows: int) -> list[dict[str, Any]]:
    """A graded file with one question a row."""
    return [
        {
            "question": f"Why does process {number} of the plant need light?",
            "answer": "Light drives it.",
            "grade": 1,
            "max_grade": 2,
            "language": "en",
        }
        for number in range(rows)
    ]


def plan_content(url: str, questions: Path, timeout: float = 120.0) -> dict[str, Any]:
    """One correct answer a question, all in flight that may be."""
    return {
        "questions": {"files": [str(questions)]},
        "counts": {"correct": 1},
        "models": [{"name": "test", "base_url": url}],
        "limits": {"concurrency": CONCURRENCY, "timeout": timeout},
        "few_shot": 0,
    }


async def run_bare(plan: Any, folder: Path) -> None:
    """What people write themselves: a semaphore, gather, a file."""
    import openai

    from synth.generate import plan_jobs, plan_questions

    jobs = plan_jobs(plan, plan_questions(plan, lambda key: None))
    requests = [job.pending(lambda key: None)[0] for job in jobs]
    client = openai.AsyncOpenAI(api_key="none", base_url=plan.models[0].base_url, timeout=plan.limits.timeout)
    flying = asyncio.Semaphore(CONCURRENCY)
    with (folder / "rows.jsonl").open("w") as out:

        async def ask(request: Any) -> None:
            schema = {"name": "reply", "schema": request.schema, "strict": True}
            async with flying:
                reply = await client.chat.completions.create(
                    model="test",
                    messages=request.messages,
                    response_format={"type": "json_schema", "json_schema": schema},
                    **request.parameters,
                )
            for answer in json.loads(reply.choices[0].message.content or "")["answers"]:
                out.write(json.dumps(answer) + "\n")

        await asyncio.gather(*(ask(request) for request in requests))


def run_engine(plan: Any, folder: Path) -> None:
    """The engine: log, limits, budget."""
    from synth.engine.log import RunLog
    from synth.generate import ask, plan_jobs, plan_questions

    with RunLog(folder / "log.sqlite") as log:
        summary = asyncio.run(ask(plan, log, plan_jobs(plan, plan_questions(plan, log.get))))
    assert summary.complete, summary


def client_process(name: str, folder: Path) -> None:
    """One run in a folder with `plan.yaml`; leaves its own measurements in `usage.json`."""
    if name == "command":
        import answergate

        command = ["synth", "generate", "--plan", str(folder / "plan.yaml"), "--out", str(folder / "corpus")]
        code = answergate.main(command)
    else:
        from synth.plan import read_plan

        plan = read_plan(folder / "plan.yaml")
        code = 0
        if name == "bare":
            asyncio.run(run_bare(plan, folder))
        else:
            run_engine(plan, folder)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    measured = {
        "cpu": usage.ru_utime + usage.ru_stime,
        "megabytes": usage.ru_maxrss / 1024,
        "heavy_imports": [module for module in HEAVY if module in sys.modules],
    }
    (folder / "usage.json").write_text(json.dumps(measured))
    sys.exit(code)


def measured_run(name: str, url: str, rows: int, timeout: float = 120.0) -> dict[str, Any]:
    """Run a client in a process and a folder of its own."""
    folder = Path(tempfile.mkdtemp())
    try:
        (folder / "graded.jsonl").write_text("".join(json.dumps(row) + "\n" for row in graded_rows(rows)))
        # JSON is YAML.
        (folder / "plan.yaml").write_text(json.dumps(plan_content(url, folder / "graded.jsonl", timeout)))
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE.parent)}
        started = time.monotonic()
        command = [sys.executable, __file__, "--client", name, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        seconds = time.monotonic() - started
        if done.returncode:
            raise RuntimeError(f"{name} failed:\n{done.stdout}{done.stderr}")
        usage: dict[str, Any] = json.loads((folder / "usage.json").read_text())
        return usage | {"seconds": seconds, "rows": rows, "output": done.stdout}
    finally:
        shutil.rmtree(folder)


def compare(url: str, rows: int, runs: int) -> list[dict[str, Any]]:
    """Medians of all clients, alternating."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in CLIENTS}
    for _ in range(runs):
        for name in CLIENTS:
            found[name].append(measured_run(name, url, rows))
    report = []
    for name in CLIENTS:
        pairs = list(zip(found[name], found["bare"], strict=True))
        row = {
            "rows": rows,
            "client": name,
            "cpu_seconds": statistics.median(run["cpu"] for run, _ in pairs),
            "cpu_ratio": statistics.median(run["cpu"] / bare["cpu"] for run, bare in pairs),
            "rows_per_second": statistics.median(rows / run["seconds"] for run, _ in pairs),
            "speed_ratio": statistics.median(bare["seconds"] / run["seconds"] for run, bare in pairs),
            "megabytes": max(run["megabytes"] for run, _ in pairs),
            "heavy_imports": pairs[0][0]["heavy_imports"],
        }
        report.append(row)
        print(
            f"{rows:6} rows  {name:8} cpu {row['cpu_seconds']:6.2f} s ({row['cpu_ratio']:.2f} x)  "
            f"{row['rows_per_second']:6.1f} rows/s ({row['speed_ratio']:.2f} x)  {row['megabytes']:4.0f} MB  "
            f"{', '.join(row['heavy_imports']) or 'no heavy imports'}",
            flush=True,
        )
    return report


def main() -> None:
    """Start a server, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--faults", action="store_true", help="a server that misbehaves in every way at once")
    parser.add_argument("--json", help="write all numbers")
    parser.add_argument("--client", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.client:
        client_process(arguments.client[0], Path(arguments.client[1]))
        return
    command = [sys.executable, str(HERE / "synth_server.py"), "--port", "0"]
    if arguments.faults:
        command += ["--most-at-once", "16", "--faults", *FAULTS]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    report: list[dict[str, Any]] = []
    try:
        for rows in arguments.rows:
            if arguments.faults:
                run = measured_run("command", url, rows, timeout=2.0)
                report.append(run)
                print(f"{rows} rows: {run['seconds']:.0f} s, {run['cpu']:.1f} s CPU\n{run['output']}", flush=True)
            else:
                report += compare(url, rows, arguments.runs)
    finally:
        server.terminate()
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
