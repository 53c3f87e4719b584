"""The Batch API over the same log: the same requests at half the price, a day later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from synth.engine.budget import Budget, Estimate
from synth.engine.client import Structured, logged_reply, openai_client, request_body
from synth.engine.errors import EngineError, TransientError
from synth.engine.log import BATCH_DISCOUNT, RunLog
from synth.engine.request import PromptRequest
from synth.engine.runner import FIRST_GUESS
from synth.engine.tokens import estimated_tokens
from synth.generate import stages
from synth.plan.model import ModelSpec, Plan

if TYPE_CHECKING:
    import openai

MOST_REQUESTS = 50_000
"""The service takes no more in one batch."""
OVER = frozenset({"collected", "failed", "expired", "cancelled"})


@dataclass(frozen=True)
class BatchState:
    """A batch as the service sees it now, and as the log does."""

    id: str
    status: str
    requests: int
    collected: int = 0


async def submit(plan: Plan, log: RunLog) -> list[BatchState]:
    """Send everything that can be asked now as batches, one a model and at most `MOST_REQUESTS` each.

    Follow-ups of short replies, and whatever else depends on these replies, can be submitted once they are collected,
    or asked live. A request that waits in a batch is not asked live, nor submitted twice: the batch is noted before the
    service is asked to begin it, and after a crash in between it is looked for there.

    Raises:
        EngineError: the service does not take it.
    """
    await _adopt(plan, log)
    budget = Budget(plan.budget.limits(), log.usage(plan.prices()))
    waiting = [request for request in _pending(plan, log) if not log.in_batch(request.key)]
    submitted = []
    for model in plan.models:
        own = [request for request in waiting if request.model == model.name and _fits(request, plan, budget)]
        for start in range(0, len(own), MOST_REQUESTS):
            submitted.append(await _submit(model, own[start : start + MOST_REQUESTS], log))
    return submitted


async def collect(plan: Plan, log: RunLog) -> list[BatchState]:
    """Ask after every batch that is not over, and take in what is finished. The order of a reply file does not matter.

    Raises:
        EngineError: the service cannot be asked.
    """
    await _adopt(plan, log)
    states = []
    for batch, known, requests in log.batches():
        if known in OVER:
            states.append(BatchState(batch, known, requests))
            continue
        states.append(await _collect(plan, log, batch, requests))
    return states


def known_batches(log: RunLog) -> list[BatchState]:
    """The batches as the log knows them, without asking anyone."""
    return [BatchState(batch, status, requests) for batch, status, requests in log.batches()]


def _pending(plan: Plan, log: RunLog) -> Iterator[PromptRequest]:
    """Everything that can be asked now, each once. A stage waits until nothing of the one before is open."""
    for _, jobs, _ in stages(plan, log):
        found = {request.key: request for job in jobs for request in job.pending(log.get)}
        yield from found.values()
        if found:
            return


def _fits(request: PromptRequest, plan: Plan, budget: Budget) -> bool:
    if budget.full:
        return False
    prompt = estimated_tokens(request.prompt)
    price = plan.prices().get(request.model)
    budget.start(Estimate(prompt + FIRST_GUESS, price.of(prompt, FIRST_GUESS) * BATCH_DISCOUNT if price else 0.0))
    return True


async def _submit(model: ModelSpec, requests: list[PromptRequest], log: RunLog) -> BatchState:
    structured: Structured = "schema" if model.structured == "auto" else model.structured
    lines = [
        json.dumps(
            {
                "custom_id": request.key,
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": request_body(request, structured),
            },
            ensure_ascii=False,
        )
        for request in requests
    ]
    async with _client(model) as client:
        with _readable():
            content = "\n".join(lines).encode("utf-8", "surrogatepass")
            file = await client.files.create(file=("requests.jsonl", content), purpose="batch")
            # Noted under the file's name first: a crash right after the next call must not lose a batch that is paid.
            log.add_batch(_unborn(model, file.id), "creating", [(r.key, _as_json(r)) for r in requests])
            created = await client.batches.create(
                input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
            )
            log.rename_batch(_unborn(model, file.id), created.id, created.status)
    return BatchState(created.id, created.status, len(requests))


async def _adopt(plan: Plan, log: RunLog) -> None:
    """Find out what became of batches whose creation was cut off."""
    for model in plan.models:
        unborn = [
            batch for batch, status, _ in log.batches() if status == "creating" and batch.startswith(_unborn(model, ""))
        ]
        if not unborn:
            continue
        async with _client(model) as client:
            with _readable():
                there = {batch.input_file_id: batch async for batch in client.batches.list()}
        for name in unborn:
            batch = there.get(name.removeprefix(_unborn(model, "")))
            if batch is None:
                log.set_batch_status(name, "cancelled")
            else:
                log.rename_batch(name, batch.id, batch.status)


async def _collect(plan: Plan, log: RunLog, batch: str, requests: int) -> BatchState:
    wanted = log.requests_of(batch)
    model = next((model for model in plan.models if wanted and model.name == wanted[0][1]["model"]), plan.models[0])
    async with _client(model) as client:
        with _readable():
            state = await client.batches.retrieve(batch)
            log.set_batch_status(batch, state.status)
            files = [state.output_file_id, state.error_file_id]
            if state.status not in ("completed", "expired", "cancelled", "failed"):
                return BatchState(batch, state.status, requests)
            texts = [(await client.files.content(name)).text for name in files if name]
    count = sum(_store(line, dict(wanted), log) for text in texts for line in text.splitlines() if line.strip())
    log.set_batch_status(batch, "collected" if state.status == "completed" else state.status)
    return BatchState(batch, state.status, requests, count)


def _store(line: str, wanted: dict[str, dict[str, Any]], log: RunLog) -> int:
    item = json.loads(line)
    key = item.get("custom_id")
    if key not in wanted:
        return 0
    response = item.get("response") or {}
    request = PromptRequest(**wanted[key])
    try:
        if response.get("status_code") != 200:
            raise TransientError("batch_error", str(item.get("error") or response.get("body")))
        log.store(request, logged_reply(request, response.get("body"), seconds=0.0, source="batch"))
    except TransientError as error:
        log.setback(key, error.reason, str(error))
        return 0
    return 1


def _as_json(request: PromptRequest) -> str:
    return json.dumps(asdict(request), ensure_ascii=False)


def _unborn(model: ModelSpec, file: str) -> str:
    return f"file of {model.name}: {file}"


def _client(model: ModelSpec) -> openai.AsyncOpenAI:
    return openai_client(model.key_variable, model.base_url, timeout=600.0, concurrency=4)


@contextmanager
def _readable() -> Iterator[None]:
    """The service's errors as one that the user can act on."""
    import openai

    try:
        yield
    except openai.OpenAIError as error:
        raise EngineError(f"the Batch API does not answer ({error}); has this endpoint one?") from error
