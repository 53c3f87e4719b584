"""Generate a corpus with a language model: plan in, example rows out."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from synth.engine.client import ChatClient
from synth.engine.errors import RequestError
from synth.engine.limits import Limits
from synth.engine.log import LoggedResponse, RunLog
from synth.engine.request import PromptRequest
from synth.engine.runner import Engine, Job, Observer, RunSummary
from synth.examples import Example, Provenance, as_parameters
from synth.filters.base import Candidate, FilterContext
from synth.filters.pipeline import FilterPipeline
from synth.filters.registry import build_filters
from synth.jobs import AnswerJob, Lookup, Written, answer_jobs
from synth.kinds import is_relevant
from synth.plan.model import ModelSpec, Plan
from synth.questions import QuestionSpec, load_questions

GENERATOR = "llm"
GENERATOR_VERSION = "1"
LOG_NAME = "log.sqlite"


@dataclass
class Yield:
    """What came of the requests, over all questions, apart from what filters dropped."""

    replies: dict[str, int] = field(default_factory=dict)
    """`ok`, `repaired`, `broken`, `refused` -> number of replies."""
    short: dict[str, int] = field(default_factory=dict)
    """Kind -> answers that are missing though every follow-up was asked."""
    unasked: int = 0
    """Requests of the plan that have no reply yet."""


def plan_questions(plan: Plan) -> list[QuestionSpec]:
    """The questions of a plan's files and bank.

    Raises:
        DataFileError: a file is missing or has rows that cannot be used.
        BankError: the bank has none of the languages.
    """
    source = plan.questions
    return load_questions(source.files, source.bank, plan.languages, source.limit)


def plan_jobs(plan: Plan, questions: Iterable[QuestionSpec]) -> Iterator[AnswerJob]:
    """All jobs of a plan, question by question."""
    for question in questions:
        yield from answer_jobs(plan, question)


async def ask(plan: Plan, log: RunLog, jobs: Iterable[Job], observer: Observer | None = None) -> RunSummary:
    """Ask the plan's models for whatever the log does not hold.

    Raises:
        EngineError: an endpoint cannot be used; what arrived before is in the log.
    """
    async with contextlib.AsyncExitStack() as stack:
        router = _Router(plan.models, plan.limits)
        await stack.enter_async_context(router)
        engine = Engine(log, router, plan.limits, plan.budget.limits(), plan.prices(), observer, plan.seed)
        return await engine.run(jobs)


def run_plan(plan: Plan, folder: str | os.PathLike[str], observer: Observer | None = None) -> RunSummary:
    """Ask for everything the plan needs and the folder's log does not hold. See `ask` for what it raises."""
    with RunLog(Path(folder) / LOG_NAME) as log:
        return asyncio.run(ask(plan, log, plan_jobs(plan, plan_questions(plan)), observer))


def corpus_rows(
    plan: Plan, questions: Iterable[QuestionSpec], lookup: Lookup, filters: FilterPipeline, found: Yield | None = None
) -> Iterator[Example]:
    """The rows that log and filters give, question by question, in the plan's order. Asks nothing."""
    for question in questions:
        written = [
            answer for job in answer_jobs(plan, question) for answer in _job_answers(job, lookup, found or Yield())
        ]
        candidates = [Candidate(answer.item.text, answer.item.kind, question.language) for answer in written]
        known = tuple(str(example["text"]) for example in question.few_shot(plan.few_shot))
        verdicts = filters.run(candidates, FilterContext(question.text, question.language, known))
        for answer, verdict in zip(written, verdicts, strict=True):
            if verdict is None:
                yield _row(plan, question, answer)


def default_pipeline(plan: Plan) -> FilterPipeline:
    """The plan's filters.

    Raises:
        FilterSettingsError: the plan names a filter or setting that does not exist.
    """
    return FilterPipeline(build_filters(plan.quality.filters))


def _job_answers(job: AnswerJob, lookup: Lookup, found: Yield) -> list[Written]:
    complete = True
    for step in job.rounds(lookup):
        for reply in step.replies:
            if reply is None:
                found.unasked += 1
                complete = False
            else:
                found.replies[reply.state] = found.replies.get(reply.state, 0) + 1
    written = job.written(lookup)
    if complete:
        for kind, wanted in job.wanted.items():
            missing = wanted - sum(answer.item.kind == kind for answer in written)
            if missing > 0:
                found.short[kind] = found.short.get(kind, 0) + missing
    return written


def _row(plan: Plan, question: QuestionSpec, answer: Written) -> Example:
    request, item = answer.request, answer.item
    parameters = dict(request.parameters)
    seed = parameters.pop("seed", None)
    return Example(
        question_id=question.id,
        question=question.text,
        answer=item.text,
        kind=item.kind,
        relevant=is_relevant(item.kind),
        grade=item.grade,
        max_grade=question.max_grade,
        language=question.language,
        subject=question.subject,
        group=question.group,
        reference=question.references[0] if question.references else None,
        provenance=Provenance(
            generator=GENERATOR,
            generator_version=GENERATOR_VERSION,
            template=request.template,
            template_hash=request.template_hash,
            model=request.model,
            seed=seed,
            parameters=as_parameters(
                parameters | {"round": request.round, "sample": request.sample, "place": answer.place}
            ),
            request_id=request.key,
        ),
    )


class _Router:
    """One client per model; a request goes to the model it names."""

    def __init__(self, models: Iterable[ModelSpec], limits: Limits) -> None:
        self._clients: Mapping[str, ChatClient] = {
            model.name: ChatClient(
                base_url=model.base_url,
                key_variable=model.key_variable,
                timeout=limits.timeout,
                concurrency=limits.concurrency,
                structured=model.structured,
            )
            for model in models
        }

    async def __aenter__(self) -> _Router:
        return self

    async def __aexit__(self, *exception: object) -> None:
        for client in self._clients.values():
            await client.__aexit__(*exception)

    async def send(self, request: PromptRequest) -> LoggedResponse:
        """See `ChatClient.send`."""
        client = self._clients.get(request.model)
        if client is None:
            raise RequestError("no_model", f"no model {request.model} in the plan")
        return await client.send(request)
