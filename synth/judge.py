"""A blind second opinion: a model says what each answer is, without being told what it was meant to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from prompts import load_template
from synth.engine.request import PromptRequest
from synth.examples import RELEVANT_KINDS
from synth.filters.base import Drop
from synth.jobs import AnswerJob, Lookup, Round, request_parameters
from synth.languages import language_name
from synth.plan.model import ModelSpec, Plan
from synth.questions import QuestionSpec, plain_number
from synth.replies.json_reply import parse_objects
from synth.replies.reply import ReplyItem

TEMPLATE = "judge/relabel"
NAME = "judge"
LABELS = (*RELEVANT_KINDS, "irrelevant")


@dataclass(frozen=True)
class JudgeJob:
    """The answers of one reply, judged together.

    It judges what the reply held, not what filters left of it: changing a filter then asks the judge nothing new.
    """

    question: QuestionSpec
    source: str
    """Key of the judged reply."""
    texts: tuple[str, ...]
    model: ModelSpec
    seed: int
    _made: list[PromptRequest] = field(default_factory=list, repr=False, compare=False)

    @property
    def request(self) -> PromptRequest:
        """The one request of the job."""
        if not self._made:
            template = load_template(TEMPLATE)
            question = self.question
            prompt = template.render(
                question=question.text,
                language=question.language,
                language_name=language_name(question.language),
                max_grade=plain_number(question.max_grade),
                references=list(question.references),
                rubric=dict(question.rubric),
                answers=list(self.texts),
            )
            self._made.append(
                PromptRequest(
                    prompt=prompt,
                    template=template.name,
                    template_hash=template.sha256,
                    model=self.model.name,
                    parameters=request_parameters(self.model, self.seed, TEMPLATE, self.source) | {"temperature": 0.0},
                    schema=template.schema,
                )
            )
        return self._made[0]

    def pending(self, lookup: Lookup) -> list[PromptRequest]:
        """The request, until it is answered. A reply without labels is not asked again: those answers stay unjudged."""
        return [] if lookup(self.request.key) is not None else [self.request]

    def labels(self, lookup: Lookup) -> dict[int, str]:
        """Place in `texts` -> the judge's label, for those it gave one."""
        response = lookup(self.request.key)
        found: dict[int, str] = {}
        for value in parse_objects(response.content, "labels")[0] if response else ():
            number, label = value.get("number"), value.get("label")
            if isinstance(number, int) and 1 <= number <= len(self.texts) and label in LABELS:
                found[number - 1] = str(label)
        return found


def judge_model(plan: Plan) -> ModelSpec | None:
    """The plan's judge, or None."""
    judge = plan.quality.judge
    if judge is None:
        return None
    return next((model for model in plan.models if model.name == judge.model), plan.models[0])


def judge_jobs(plan: Plan, job: AnswerJob, steps: Iterable[Round]) -> list[JudgeJob]:
    """One judge's job for each reply that holds answers in a job's rounds; none without a judge in the plan."""
    model = judge_model(plan)
    if model is None:
        return []
    return [
        JudgeJob(job.question, request.key, tuple(item.text for item in reply.items), model, plan.seed)
        for step in steps
        for request, reply in zip(step.requests, step.replies, strict=True)
        if reply is not None and reply.items
    ]


def disagreement(item: ReplyItem, label: str | None, strict: bool) -> Drop | None:
    """Why an answer goes: the judge calls it something else. Without a label it stays."""
    if label is None:
        return None
    meant = item.kind if item.kind in RELEVANT_KINDS else "irrelevant"
    same = meant == label if strict else (meant == "irrelevant") == (label == "irrelevant")
    return None if same else Drop(NAME, f"meant as {item.kind}, the judge says {label}")


def labels_of(jobs: Sequence[JudgeJob], lookup: Lookup) -> dict[tuple[str, int], str]:
    """(key of the reply, place in it) -> label, over all jobs."""
    return {(job.source, place): label for job in jobs for place, label in job.labels(lookup).items()}
