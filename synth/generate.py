"""Generate a corpus with a language model: plan in, example rows out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from synth.engine.client import ChatClient
from synth.engine.errors import RequestError
from synth.engine.limits import Limits
from synth.engine.log import LoggedResponse, RunLog
from synth.engine.request import PromptRequest
from synth.engine.runner import Engine, Job, Observer, RunSummary
from synth.examples import Example, Provenance, as_parameters
from synth.filters.base import Candidate, Drop, FilterContext
from synth.filters.pipeline import FilterPipeline
from synth.filters.registry import build_filters
from synth.jobs import AnswerJob, Lookup, Round, Written, answer_jobs
from synth.judge import JudgeJob, disagreement, judge_jobs, labels_of
from synth.kinds import is_relevant
from synth.plan.model import ModelSpec, Plan
from synth.questions import QuestionSpec, load_questions
from synth.syllabus import question_jobs, syllabus_questions

GENERATOR = "llm"
GENERATOR_VERSION = "1"
LOG_NAME = "log.sqlite"
PLAN_NAME = "plan.json"


def plan_questions(plan: Plan, lookup: Lookup) -> list[QuestionSpec]:
    """The questions of a plan: files, bank, and those of its syllabus that a model has written.

    Raises:
        DataFileError: a file is missing or has rows that cannot be used.
        BankError: the bank has none of the languages.
    """
    source = plan.questions
    questions = load_questions(source.files, source.bank, plan.languages, source.limit)
    return questions + syllabus_questions(question_jobs(plan), lookup)


def plan_jobs(plan: Plan, questions: Iterable[QuestionSpec]) -> Iterator[AnswerJob]:
    """All jobs for answers, question by question."""
    for question in questions:
        yield from answer_jobs(plan, question)


def plan_judge_jobs(plan: Plan, questions: Iterable[QuestionSpec], lookup: Lookup) -> Iterator[JudgeJob]:
    """All jobs of the judge, for the replies that are there."""
    for job in plan_jobs(plan, questions):
        yield from judge_jobs(plan, job, job.rounds(lookup))


def stages(plan: Plan, log: RunLog) -> Iterator[tuple[str, Iterable[Job], int | None]]:
    """What is asked one after the other: (name, jobs, number of jobs if known). Each follows from what came before."""
    written = question_jobs(plan)
    if written:
        yield "questions", written, len(written)
    questions = plan_questions(plan, log.get)
    yield "answers", plan_jobs(plan, questions), sum(len(answer_jobs(plan, question)) for question in questions)
    if plan.quality.judge is not None:
        yield "judge", plan_judge_jobs(plan, questions, log.get), None


async def ask(plan: Plan, log: RunLog, jobs: Iterable[Job], observer: Observer | None = None) -> RunSummary:
    """Ask the plan's models for whatever the log does not hold.

    Raises:
        EngineError: an endpoint cannot be used; what arrived before is in the log.
    """
    async with _Router(plan.models, plan.limits) as router:
        engine = Engine(log, router, plan.limits, plan.budget.limits(), plan.prices(), observer, plan.seed)
        return await engine.run(jobs)


def run_plan(plan: Plan, log: RunLog, observer: StageObserver | None = None) -> RunSummary:
    """Ask for everything the plan needs and the log does not hold, stage by stage. See `ask` for what it raises."""
    whole = RunSummary()
    for name, jobs, count in stages(plan, log):
        if observer is not None:
            observer.stage(name, count)
        whole = whole.with_stage(asyncio.run(ask(plan, log, jobs, observer)))
        if whole.stopped is not None:
            break
    return whole


class StageObserver(Observer, Protocol):
    """An observer that is also told which stage begins."""

    def stage(self, name: str, jobs: int | None) -> None:
        """A stage begins, with so many jobs if that is known."""
        ...


@dataclass(frozen=True)
class QuestionYield:
    """Everything that came of one question: requests, replies, answers, and which of them stay."""

    question: QuestionSpec
    wanted: Mapping[str, int]
    steps: tuple[Round, ...]
    written: tuple[Written, ...]
    verdicts: tuple[Drop | None, ...]

    def rows(self) -> Iterator[Example]:
        """The answers that stay, as rows."""
        for answer, verdict in zip(self.written, self.verdicts, strict=True):
            if verdict is None:
                yield _row(self.question, answer)


def question_yields(
    plan: Plan, questions: Iterable[QuestionSpec], lookup: Lookup, pipeline: FilterPipeline
) -> Iterator[QuestionYield]:
    """What log and filters give, question by question, in the plan's order. Asks nothing."""
    strict = plan.quality.judge is not None and plan.quality.judge.strict
    for question in questions:
        # Reading the log and its replies is most of the work, so the rounds are walked once.
        rounds = [(job, tuple(job.rounds(lookup))) for job in answer_jobs(plan, question)]
        written = [answer for job, steps in rounds for answer in job.written(steps)]
        candidates = [Candidate(answer.item.text, answer.item.kind, question.language) for answer in written]
        known = tuple(str(example["text"]) for example in question.few_shot(plan.few_shot))
        context = FilterContext(question.text, question.language, known)
        verdicts = pipeline.run(candidates, context)
        labels = labels_of([judge for job, steps in rounds for judge in judge_jobs(plan, job, steps)], lookup)
        for place, answer in enumerate(written):
            if verdicts[place] is None and labels:
                label = labels.get((answer.request.key, answer.place))
                verdicts[place] = disagreement(answer.item, label, strict)
                if (drop := verdicts[place]) is not None:
                    pipeline.note(drop, candidates[place], context)
                    pipeline.kept -= 1
        yield QuestionYield(
            question=question,
            wanted={kind: count for job, _ in rounds for kind, count in job.wanted.items()},
            steps=tuple(step for _, steps in rounds for step in steps),
            written=tuple(written),
            verdicts=tuple(verdicts),
        )


def default_pipeline(plan: Plan) -> FilterPipeline:
    """The plan's filters.

    Raises:
        FilterSettingsError: the plan names a filter or setting that does not exist.
    """
    return FilterPipeline(build_filters(plan.quality.filters))


def _row(question: QuestionSpec, answer: Written) -> Example:
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
