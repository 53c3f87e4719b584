"""A small OpenAI-compatible server on the loopback address, for tests and benchmarks of the generator.

It answers chat completions with invented students' answers, counts what it was asked, and misbehaves on request: every
n-th answer a 429, a 500, a hang or broken JSON; no more than so many requests at once. Run it on its own with
`python benchmarks/synth_server.py --port 8123`; stop it with Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import random
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

WORDS = (
    "the plant uses light water and carbon dioxide to make sugar because energy from sun moves into leaves while roots",
    "bring minerals up so cells can grow store starch release oxygen during day but at night they breathe like we do",
    "people think heat makes this happen although cold slows every step when there is not enough air or soil",
)
VOCABULARY = " ".join(WORDS).split()
COUNT = re.compile(r"Write exactly (\d+)")
SYLLABUS = '"questions"'
JUDGE = '"labels"'


@dataclass
class Behaviour:
    """How the server misbehaves. `every` n-th completion, counted from the first, is of the kind named."""

    latency: float = 0.0
    faults: dict[int, str] = field(default_factory=dict)
    """Remainder of the request's number by `every` -> `429`, `500`, `hang`, `broken`, `cut`, `refusal`."""
    every: int = 20
    most_at_once: int | None = None
    retry_after: str | None = None
    knows_schema: bool = True
    plain_list: bool = False
    usage: bool = True
    status: int | None = None
    """Answer everything with this HTTP status."""
    replies: list[str] = field(default_factory=list)
    """Contents of the first replies, in this order; then invented ones."""


class ChatServer:
    """The server, in a thread of its own; a context manager."""

    def __init__(self, behaviour: Behaviour | None = None, port: int = 0) -> None:
        self.behaviour = behaviour or Behaviour()
        self.port = port
        self.asked: Counter[str] = Counter()
        """Hash of a request's body -> how often it was asked."""
        self.completed: Counter[str] = Counter()
        """The same for those that got a completion, which is what one pays for."""
        self.outcomes: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.keep_bodies = True
        self.most_in_flight = 0
        self.in_flight = 0
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self._number = 0
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        """What --base-url takes."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait(10)
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._connection, "127.0.0.1", self.port))
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                line, *fields = head.split("\r\n")
                headers = {name.strip().lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                method, path, _ = line.split(" ", 2)
                status, content, extra = await self._answer(method, path, headers, body, reader)
                lines = [f"HTTP/1.1 {status} X", "content-type: application/json", f"content-length: {len(content)}"]
                lines += [f"{name}: {value}" for name, value in extra.items()]
                writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
                await writer.drain()
        writer.close()

    async def _answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes, reader: asyncio.StreamReader
    ) -> tuple[int, bytes, dict[str, str]]:
        if path.endswith("/chat/completions"):
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            try:
                return await self._completion(body, reader)
            finally:
                self.in_flight -= 1
        return self._batch_call(method, path, headers, body)

    async def _completion(self, body: bytes, reader: asyncio.StreamReader) -> tuple[int, bytes, dict[str, str]]:
        behaviour = self.behaviour
        number, self._number = self._number, self._number + 1
        key = hashlib.sha256(body).hexdigest()
        request = json.loads(body)
        self.asked[key] += 1
        if self.keep_bodies:
            self.bodies.append(request)
        retry = {"retry-after": behaviour.retry_after} if behaviour.retry_after else {}
        if behaviour.most_at_once is not None and self.in_flight > behaviour.most_at_once:
            self.outcomes["429"] += 1
            return 429, _error("too many at once"), retry
        fault = behaviour.faults.get(number % behaviour.every, "")
        if behaviour.status is not None:
            self.outcomes[str(behaviour.status)] += 1
            return behaviour.status, _error("as configured"), retry
        if fault == "hang":
            self.outcomes["hang"] += 1
            # Until the client gives up and goes; its place is free then, as on a real server.
            await reader.read()
            raise ConnectionResetError
        await asyncio.sleep(behaviour.latency)
        if fault in ("429", "500"):
            self.outcomes[fault] += 1
            return int(fault), _error("as configured"), retry if fault == "429" else {}
        if not behaviour.knows_schema and "response_format" in request:
            self.outcomes["400"] += 1
            return 400, _error("response_format json_schema is not supported"), {}
        self.outcomes[fault or "ok"] += 1
        self.completed[key] += 1
        return 200, self.completion(request, fault, number), {}

    def completion(self, request: dict[str, Any], fault: str = "", number: int | None = None) -> bytes:
        """The body of a chat completion for a request."""
        prompt = request["messages"][-1]["content"]
        if number is not None and number < len(self.behaviour.replies):
            content = self.behaviour.replies[number]
        else:
            content = invented(prompt, request.get("seed", 0), self.behaviour.plain_list)
        if fault == "broken":
            content = content.replace('"text":', '"text"', 1)[: len(content) // 2]
        elif fault == "cut":
            content = content[: len(content) * 3 // 4]
        elif fault == "refusal":
            content = "I'm sorry, but I can't help with that request."
        reply: dict[str, Any] = {
            "id": "chatcmpl-" + hashlib.sha256(prompt.encode()).hexdigest()[:12],
            "object": "chat.completion",
            "created": 0,
            "model": request["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        }
        if self.behaviour.usage:
            tokens = {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(content) // 4}
            reply["usage"] = tokens | {"total_tokens": sum(tokens.values())}
        return json.dumps(reply, ensure_ascii=False).encode()

    def _batch_call(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes, dict[str, str]]:
        """Files and batches, as far as a batch run needs them. A batch is done the second time it is looked at."""
        parts = path.split("?")[0].strip("/").split("/")[1:]
        if method == "POST" and parts == ["files"]:
            boundary = headers["content-type"].split("boundary=")[1].encode()
            section = next(part for part in body.split(b"--" + boundary) if b'name="file"' in part)
            name = f"file-{len(self.files)}"
            self.files[name] = section.split(b"\r\n\r\n", 1)[1].rstrip(b"\r\n")
            return 200, json.dumps(_file(name, len(self.files[name]))).encode(), {}
        if method == "POST" and parts == ["batches"]:
            name = f"batch_{len(self.batches)}"
            self.batches[name] = _batch(name, json.loads(body)["input_file_id"])
            return 200, json.dumps(self.batches[name]).encode(), {}
        if method == "GET" and parts == ["batches"]:
            return 200, json.dumps({"object": "list", "data": [*self.batches.values()], "has_more": False}).encode(), {}
        if method == "GET" and parts[0] == "batches":
            batch = self.batches[parts[1]]
            answer = json.dumps(batch).encode()
            if batch["status"] == "validating":
                self._finish(batch)
            return 200, answer, {}
        if method == "GET" and parts[0] == "files" and parts[-1] == "content":
            return 200, self.files[parts[1]], {}
        return 404, _error(f"no {path}"), {}

    def _finish(self, batch: dict[str, Any]) -> None:
        lines = []
        for line in self.files[batch["input_file_id"]].decode().splitlines():
            item = json.loads(line)
            body = json.loads(self.completion(item["body"]))
            self.outcomes["batch"] += 1
            lines.append({"id": "x", "custom_id": item["custom_id"], "response": {"status_code": 200, "body": body}})
        name = f"file-{len(self.files)}"
        # The real service promises no order.
        self.files[name] = "\n".join(json.dumps(line) for line in reversed(lines)).encode()
        batch |= {"status": "completed", "output_file_id": name}


def invented(prompt: str, seed: int, plain_list: bool = False) -> str:
    """Answers to a prompt: the same prompt and seed give the same answers."""
    dice = random.Random(f"{seed}:{prompt}")
    if JUDGE in prompt:
        numbers = [int(number) for number in re.findall(r"^(\d+)\. \"", prompt, flags=re.MULTILINE)]
        labels = [{"number": number, "label": dice.choice(["correct", "irrelevant"])} for number in numbers]
        return json.dumps({"labels": labels})
    match = COUNT.search(prompt)
    texts = [sentence(dice) for _ in range(int(match[1]) if match else 8)]
    if SYLLABUS in prompt:
        rubric = ["0: nothing right", "1: half of it", "2: all of it"]
        made = [{"question": f"Why does {t}?", "reference": t, "max_grade": 2, "rubric": rubric} for t in texts]
        return json.dumps({"questions": made}, ensure_ascii=False)
    if plain_list or "Relevant Answers:" in prompt:
        relevant = [f"{n}. {dice.choice(['Correct', 'Incorrect'])} answer: {text}" for n, text in enumerate(texts, 1)]
        other = [f"{n}. {sentence(dice)}" for n in range(1, 5)]
        return "\n".join(["Relevant Answers:", *relevant, "", "Irrelevant Answers:", *other])
    answers = [{"text": text, "grade": dice.choice([0, 0.5, 1, 2])} for text in texts]
    return json.dumps({"answers": answers}, ensure_ascii=False)


def sentence(dice: random.Random) -> str:
    """Some words in a row, begun with a capital and closed with a full stop."""
    return " ".join(dice.choice(VOCABULARY) for _ in range(dice.randint(6, 24))).capitalize() + "."


def _error(message: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": "test", "code": None}}).encode()


def _file(name: str, size: int) -> dict[str, Any]:
    return {"id": name, "object": "file", "bytes": size, "created_at": 0, "filename": name, "purpose": "batch"}


def _batch(name: str, input_file: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "input_file_id": input_file,
        "completion_window": "24h",
        "status": "validating",
        "created_at": 0,
    }


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--most-at-once", type=int, metavar="N", help="answer what is above it with 429")
    parser.add_argument(
        "--faults",
        nargs="*",
        default=[],
        choices=["429", "500", "hang", "broken", "cut", "refusal"],
        help="one of every 20 replies each is so",
    )
    arguments = parser.parse_args()
    faults = {5 * number: fault for number, fault in enumerate(arguments.faults)}
    behaviour = Behaviour(latency=arguments.latency, faults=faults, most_at_once=arguments.most_at_once)
    server = ChatServer(behaviour, arguments.port)
    server.keep_bodies = False
    with server:
        print(server.url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
