"""An OpenAI-compatible server that grades by rules, on the loopback address: a stand-in for tests and for the protocol.

It is no language model and its grades say nothing about one: it counts the words that the answer shares with the
reference answers of the prompt. `--obeys-injections` makes it do what an answer tells it, as weak models do.
Run it on its own with `python benchmarks/rivals_llm_server.py --port 8124`; stop it with Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

ORDERS = re.compile(
    r"\b(full marks|full (?:score|credit)|maximum (?:grade|score|points)|highest (?:grade|score)|ignore|disregard"
    r"|system|grade\W+\d|score\W+\d|award|volle punktzahl|bewerte)\b",
    re.IGNORECASE,
)
LEVELS = re.compile(r"^- The grade is one of ([\d., ]+); ", re.MULTILINE)
FENCED = re.compile(r"^(ANSWER-[0-9A-F]{16})\n(.*)\n\1$", re.MULTILINE)
REFERENCES = re.compile(r"^WHAT A FULL ANSWER SAYS\n((?:- .*\n)+)", re.MULTILINE)
EXAMPLES = re.compile(r"^- grade ([\d.]+): (\".*\")$", re.MULTILINE)


@dataclass
class Behaviour:
    """How the server answers, and how it misbehaves."""

    obeys_injections: bool = False
    logprobs: bool = False
    """Give log-probabilities; otherwise a request for them is refused with a 400, as some endpoints do."""
    knows_schema: bool = True
    """Otherwise a `response_format` is refused with a 400."""
    contents: list[str] = field(default_factory=list)
    """Contents of the first replies, whatever was asked."""
    statuses: list[int] = field(default_factory=list)
    """HTTP statuses of the first replies."""


def words(text: str) -> set[str]:
    """Different words of a text."""
    return set(re.findall(r"\w+", text.casefold()))


def grade_of(prompt: str, obeys: bool) -> tuple[float, list[float]]:
    """(grade, levels): the share of reference words found, or of the closest example's, as a level."""
    levels = [float(part) for part in LEVELS.search(prompt)[1].split(",")]
    answer = json.loads(FENCED.search(prompt)[2])
    if obeys and ORDERS.search(answer):
        return levels[-1], levels
    found = REFERENCES.search(prompt)
    known = [(levels[-1], line[2:]) for line in found[1].splitlines()] if found else []
    known += [(float(grade), json.loads(text)) for grade, text in EXAMPLES.findall(prompt)]
    own = words(answer)
    best = 0.0
    for grade, text in known:
        theirs = words(text)
        best = max(best, grade * min(1.0, 1.5 * len(own & theirs) / max(1, len(theirs))))
    return min(levels, key=lambda level: abs(level - best)), levels


def completion(body: dict[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    """A chat completion for a grading request."""
    prompt = body["messages"][-1]["content"]
    choice: dict[str, Any] = {"index": 0, "finish_reason": "stop"}
    if behaviour.contents:
        content = behaviour.contents.pop(0)
    else:
        grade, levels = grade_of(prompt, behaviour.obeys_injections)
        content = f'{{"grade": {grade:g}}}'
        if behaviour.logprobs:
            choice["logprobs"] = {"content": list(token_logprobs(grade, levels))}
    choice["message"] = {"role": "assistant", "content": content}
    usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(content) // 4 + 1}
    return {"id": "chatcmpl-1", "object": "chat.completion", "choices": [choice], "usage": usage}


def token_logprobs(grade: float, levels: list[float]) -> Any:
    """Tokens of `{"grade": …}`; at the grade 70 % for it and the rest for the other levels, evenly."""
    others = [level for level in levels if level != grade]
    for token in ('{"', "grade", '":', " ", f"{grade:g}", "}"):
        tops = [{"token": token, "logprob": -0.0001}]
        if token == f"{grade:g}":
            tops = [{"token": token, "logprob": math.log(0.7)}]
            tops += [{"token": f"{level:g}", "logprob": math.log(0.3 / len(others))} for level in others]
        yield {"token": token, "logprob": tops[0]["logprob"], "top_logprobs": tops}


class GradingServer:
    """The server, in a thread of its own; a context manager."""

    def __init__(self, behaviour: Behaviour | None = None, port: int = 0) -> None:
        self.behaviour = behaviour or Behaviour()
        self.bodies: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def wait(self) -> None:
        """Serve until interrupted."""
        self._thread.join()


def _handler(server: GradingServer) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                server.bodies.append(body)
                behaviour = server.behaviour
                status, reply = 200, {}
                if behaviour.statuses:
                    status, reply = behaviour.statuses.pop(0), {"error": {"message": "not now"}}
                elif "response_format" in body and not behaviour.knows_schema:
                    status, reply = 400, {"error": {"message": "response_format is not supported"}}
                elif body.get("logprobs") and not behaviour.logprobs:
                    status, reply = 400, {"error": {"message": "logprobs are not supported by this model"}}
                else:
                    reply = completion(body, behaviour)
            data = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    return Handler


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8124)
    parser.add_argument("--obeys-injections", action="store_true")
    parser.add_argument("--logprobs", action="store_true")
    arguments = parser.parse_args()
    with GradingServer(Behaviour(arguments.obeys_injections, arguments.logprobs), arguments.port) as server:
        print(f"--base-url {server.url}", flush=True)
        server.wait()


if __name__ == "__main__":
    main()
