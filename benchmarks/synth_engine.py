"""Compare the engine with a bare `AsyncOpenAI` loop that appends to a JSONL file, on the same server in one run.

One request is one row. The server (benchmarks/synth_server.py) runs in a process of its own and answers after 50 ms;
64 requests fly at once. Each client runs in a process of its own; runs alternate (bare, engine, bare, engine, …); the
medians of the ratios are printed, so a machine that gets slower meanwhile slows both. Two engines are measured: asking
and logging alone, which is what the bare loop does, and with parsing, filters and output files.
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
CLIENTS = ("bare", "engine", "corpus")


def questions(rows: int) -> list[Any]:
    """One question a row; one answer each."""
    from synth.questions import QuestionSpec

    return [QuestionSpec(f"q{n}", f"Why does process {n} of the plant need light?", "en", 2.0) for n in range(rows)]


def plan_for(url: str) -> Any:
    """One correct answer a question."""
    from synth.plan import Plan

    model = {"name": "test", "base_url": url}
    limits = {"concurrency": 64}
    content = {"questions": {"bank": True}, "counts": {"correct": 1}, "models": [model], "limits": limits}
    return Plan.model_validate(content)


async def run_bare(url: str, rows: int, folder: Path) -> None:
    """What people write themselves: a semaphore, gather, a file."""
    import openai

    from synth.jobs import answer_jobs

    plan = plan_for(url)
    requests = [answer_jobs(plan, question)[0].pending(lambda key: None)[0] for question in questions(rows)]
    client = openai.AsyncOpenAI(api_key="none", base_url=url)
    flying = asyncio.Semaphore(64)
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


def run_engine(url: str, rows: int, folder: Path, corpus: bool) -> None:
    """The engine: log, limits, budget; with `corpus` also filters and files."""
    from synth.engine.log import RunLog
    from synth.generate import ask, plan_jobs

    plan = plan_for(url)
    asked = questions(rows)
    with RunLog(folder / "log.sqlite") as log:
        summary = asyncio.run(ask(plan, log, plan_jobs(plan, asked)))
        assert summary.complete and summary.paid == rows, summary
        if corpus:
            from synth.output import write_corpus

            # Sentences of random words: the language filter doubts one now and then.
            assert write_corpus(plan, asked, log, folder).rows >= 0.98 * rows


def client_process(name: str, url: str, rows: int) -> None:
    """One measured run; prints JSON."""
    folder = Path(tempfile.mkdtemp())
    started = time.monotonic()
    if name == "bare":
        asyncio.run(run_bare(url, rows, folder))
    else:
        run_engine(url, rows, folder, corpus=name == "corpus")
    seconds = time.monotonic() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
    shutil.rmtree(folder)
    heavy = [module for module in ("torch", "ray", "transformers", "datasets") if module in sys.modules]
    cpu = usage.ru_utime + usage.ru_stime
    print(json.dumps({"seconds": seconds, "cpu": cpu, "megabytes": usage.ru_maxrss / 1024, "heavy_imports": heavy}))


def main() -> None:
    """Alternate the clients and print medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", help="write all numbers")
    parser.add_argument("--client", nargs=3, metavar=("NAME", "URL", "ROWS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.client:
        client_process(arguments.client[0], arguments.client[1], int(arguments.client[2]))
        return
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE.parent)}
    command = [sys.executable, str(HERE / "synth_server.py"), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    report = []
    try:
        for rows in arguments.rows:
            runs: dict[str, list[dict[str, Any]]] = {name: [] for name in CLIENTS}
            for _ in range(arguments.runs):
                for name in CLIENTS:
                    command = [sys.executable, __file__, "--client", name, url, str(rows)]
                    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
                    runs[name].append(json.loads(done.stdout))
            print(f"\n{rows} rows, {arguments.runs} runs, medians")
            for name in CLIENTS:
                own = runs[name]
                cpu = [run["cpu"] / bare["cpu"] for run, bare in zip(own, runs["bare"], strict=True)]
                speed = [bare["seconds"] / run["seconds"] for run, bare in zip(own, runs["bare"], strict=True)]
                row = {
                    "rows": rows,
                    "client": name,
                    "cpu_seconds": statistics.median(run["cpu"] for run in own),
                    "cpu_ratio": statistics.median(cpu),
                    "rows_per_second": statistics.median(rows / run["seconds"] for run in own),
                    "speed_ratio": statistics.median(speed),
                    "megabytes": max(run["megabytes"] for run in own),
                    "heavy_imports": own[0]["heavy_imports"],
                }
                report.append(row)
                print(
                    f"{name:8} cpu {row['cpu_seconds']:6.2f} s ({row['cpu_ratio']:.2f} x)  "
                    f"{row['rows_per_second']:7.1f} rows/s ({row['speed_ratio']:.2f} x)  {row['megabytes']:5.0f} MB  "
                    f"{row['heavy_imports'] or 'no heavy imports'}"
                )
    finally:
        server.terminate()
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
