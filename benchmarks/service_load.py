"""What a running service does under load: latency, throughput, the gain of batching, and the time to regrade.

    python benchmarks/service_load.py [--students 1,8,64] [--seconds 20] [--json FILE]

A real `answergate serve` runs in a process of its own with the real encoder and a database on disk; students are
threads with keep-alive connections in this one. Every answer is new (no vector is reused), of 10 to 40 words, and a
student sends the next as soon as the last is acknowledged. `--rate R` sends R answers a second instead, spread over
64 students, whatever is waiting (open loop). Times are the clients', from sending to the last byte.

Regrading is the server's own time (`milliseconds` of the answer), 30 graded answers and 1,000 submissions: a grade
that changes between two levels above 0, and one that becomes 0, after which the gate compares with other answers.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from service.accounts import Accounts
from service.client import Client
from service.database import Database
from synth.bank import load_bank
from synth.graded import GradedQuestion

GRADED = 30
SUBMISSIONS = 1_000
UNLIMITED = ("--attempts", "1000000", "--delay", "0", "--student-rate", "100000")


@contextmanager
def server(folder: Path, *flags: str) -> Iterator[tuple[int, Path, int]]:
    """A server process: its port, database and process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    database = folder / "load.db"
    command = [sys.executable, "-m", "answergate", "serve", "--database", str(database), "--port", str(port)]
    process = subprocess.Popen([*command, *UNLIMITED, *flags], stdout=subprocess.DEVNULL)
    try:
        while True:
            if process.poll() is not None:
                raise SystemExit("the server did not start")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port, database, process.pid
    finally:
        process.terminate()
        process.wait()


def deep_question() -> GradedQuestion:
    """A question of the bank with many graded answers."""
    return next(item.graded_question() for item in load_bank(["en"]).questions if len(item.answers) >= GRADED)


class School:
    """A teacher with an open question, and students with connections of their own."""

    def __init__(self, port: int, database: Path, pid: int, students: int) -> None:
        accounts = Accounts(Database(str(database)))
        self.port, self.pid = port, pid
        self.teacher = Client(f"http://127.0.0.1:{port}", accounts.add("teacher", "Ada"))
        question = deep_question()
        made = self.teacher.add_question(question.text, question.language, question.max_grade, open=True)
        self.question, self.max_grade = made["id"], question.max_grade
        self.teacher.add_graded(self.question, [(a.text, a.grade) for a in question.answers[:GRADED]])
        self.words = sorted({word for answer in question.answers for word in answer.text.split()})
        self.tokens = [accounts.add("student", f"S{number}", "Ada") for number in range(students)]

    def processor_seconds(self) -> float:
        """What the server has used so far; tells more than the clock on a machine that has other work."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def answer(self, rng: random.Random) -> str:
        """A text nobody has sent before."""
        return " ".join(rng.choices(self.words, k=rng.randint(10, 40)))

    def send(self, connection: http.client.HTTPConnection, token: str, text: str) -> tuple[float, int]:
        """(seconds, status) of one submission."""
        started = time.perf_counter()
        path = f"/api/v1/questions/{self.question}/submissions"
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps({"answer": text}), headers)
        response = connection.getresponse()
        response.read()
        return time.perf_counter() - started, response.status


def closed_loop(school: School, students: int, seconds: float) -> dict[str, Any]:
    """Every student sends the next answer as soon as the last is acknowledged."""
    times: list[float] = []
    statuses: list[int] = []
    end = time.perf_counter() + seconds

    def work(number: int) -> None:
        rng = random.Random(f"{students} {number} {seconds}")
        connection = http.client.HTTPConnection("127.0.0.1", school.port)
        while time.perf_counter() < end:
            taken, status = school.send(connection, school.tokens[number], school.answer(rng))
            times.append(taken)
            statuses.append(status)

    started, used = time.perf_counter(), school.processor_seconds()
    run_all([threading.Thread(target=work, args=(number,)) for number in range(students)])
    used = school.processor_seconds() - used
    return described(times, statuses, time.perf_counter() - started, used) | {"students": students}


def run_all(threads: list[threading.Thread]) -> None:
    """Start all, wait for all."""
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def open_loop(school: School, rate: float, seconds: float) -> dict[str, Any]:
    """So many answers a second by a clock, spread over all students: waiting counts from the time to send."""
    times: list[float] = []
    statuses: list[int] = []
    started = time.perf_counter() + 0.2
    students = len(school.tokens)

    def work(number: int) -> None:
        rng = random.Random(f"open {number} {rate}")
        connection = http.client.HTTPConnection("127.0.0.1", school.port)
        for place in range(number, int(rate * seconds), students):
            due = started + place / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            _, status = school.send(connection, school.tokens[number], school.answer(rng))
            times.append(time.perf_counter() - due)
            statuses.append(status)

    used = school.processor_seconds()
    run_all([threading.Thread(target=work, args=(number,)) for number in range(students)])
    used = school.processor_seconds() - used
    return described(times, statuses, time.perf_counter() - started, used) | {"rate": rate, "students": students}


def described(times: list[float], statuses: list[int], seconds: float, used: float) -> dict[str, Any]:
    """Latencies in milliseconds; `used` are the server's processor seconds."""
    kept = statuses.count(201)
    found = {
        "answers": kept,
        "refused": len(statuses) - kept,
        "server_cpu_ms_per_answer": round(1000 * used / max(kept, 1), 1),
        "per_second": round(kept / seconds, 1),
        "p50_ms": round(float(np.percentile(times, 50)) * 1000, 1),
        "p99_ms": round(float(np.percentile(times, 99)) * 1000, 1),
        "max_ms": round(max(times) * 1000, 1),
    }
    print(found, file=sys.stderr, flush=True)
    return found


def regrading(school: School, repeats: int = 20) -> dict[str, Any]:
    """Server milliseconds to regrade SUBMISSIONS answers, and the client's time to have them all back."""
    rng = random.Random("regrade")
    connection = http.client.HTTPConnection("127.0.0.1", school.port)
    have = school.teacher.question(school.question)["submissions_count"]
    for _ in range(max(0, SUBMISSIONS - have)):
        school.send(connection, school.tokens[0], school.answer(rng))
    rows = school.teacher.graded(school.question)
    above = next(row["id"] for row in rows if row["grade"] > 0)
    found: dict[str, Any] = {"submissions": school.teacher.question(school.question)["submissions_count"]}
    for name, grades in (
        ("between two levels above 0", (1.0, school.max_grade)),
        ("to 0 and back", (0.0, school.max_grade)),
    ):
        server_ms, client_ms = [], []
        for turn in range(repeats):
            started = time.perf_counter()
            server_ms.append(school.teacher.change_grade(school.question, above, grades[turn % 2])["milliseconds"])
            client_ms.append((time.perf_counter() - started) * 1000)
        found[name] = {
            "server_ms_median": round(float(np.median(server_ms)), 2),
            "server_ms_max": round(max(server_ms), 2),
            "client_ms_median": round(float(np.median(client_ms)), 1),
        }
    return found


def main() -> None:
    """Run everything and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--students", default="1,8,64", help="numbers of students at the same time, by commas")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement (default 20)")
    parser.add_argument("--rate", type=float, action="append", default=[], help="open loop: answers a second")
    parser.add_argument("--threads", type=int, default=2, help="encoder threads of the server (default 2)")
    parser.add_argument("--json", type=Path, help="write the result here too")
    arguments = parser.parse_args()
    crowds = [int(number) for number in arguments.students.split(",")]
    threads = ("--threads", str(arguments.threads))
    result: dict[str, Any] = {}
    for name, flags in (("batched", threads), ("one at a time", (*threads, "--batch", "1"))):
        with tempfile.TemporaryDirectory() as folder, server(Path(folder), *flags) as (port, database, pid):
            school = School(port, database, pid, max(*crowds, 64))
            closed_loop(school, 2, 2.0)
            result[name] = [closed_loop(school, students, arguments.seconds) for students in crowds]
            if name == "batched":
                result["open loop"] = [open_loop(school, rate, arguments.seconds) for rate in arguments.rate]
    with tempfile.TemporaryDirectory() as folder, server(Path(folder), *threads) as (port, database, pid):
        result["regrading"] = regrading(School(port, database, pid, 1))
    text = json.dumps(result, indent=1)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
