"""Jobs: how many answers of which kinds a question needs, and which requests get them.

A job holds no state. What it must ask next follows from the log alone, so the engine, a rerun, a batch, the dry run and
the output all see the same requests.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from prompts import PromptTemplate, load_template
from synth.engine.log import LoggedResponse
from synth.engine.request import PromptRequest
from synth.examples import RELEVANT_KINDS
from synth.kinds import LIST_TEMPLATE, answer_templates
from synth.languages import language_name
from synth.plan.model import ModelSpec, Plan
from synth.questions import QuestionSpec, plain_number
from synth.replies.reply import ParsedReply, ReplyForm, ReplyItem, parse_answers
from synth.text import fold

Lookup = Callable[[str], LoggedResponse | None]
SHOWN_ANSWERS = 40
"""How many of the answers that exist a follow-up request shows."""
FRUITLESS_ROUNDS = 2
"""Rounds in a row with refusals or repetitions only, after which a job gives up."""


@dataclass(frozen=True)
class Round:
    """One round of a job: what was asked, and the replies that are there."""

    requests: tuple[PromptRequest, ...]
    responses: tuple[LoggedResponse | None, ...]
    replies: tuple[ParsedReply | None, ...]


@dataclass(frozen=True)
class Written:
    """An answer as a reply had it: which request, and which place in the reply."""

    item: ReplyItem
    request: PromptRequest
    place: int


@dataclass(frozen=True)
class AnswerJob:
    """Answers to one question: `wanted` of each kind, from one model and one template."""

    question: QuestionSpec
    wanted: Mapping[str, int]
    model: ModelSpec
    template_name: str
    few_shot: int
    per_request: int
    follow_ups: int
    seed: int
    _made: dict[tuple[int, int], tuple[PromptRequest, ...]] = field(default_factory=dict, repr=False, compare=False)
    """Requests by round and number of answers shown: rendering and hashing them is most of a job's own work."""

    @property
    def size(self) -> int:
        """Rows the job is for."""
        return sum(self.wanted.values())

    @property
    def form(self) -> str:
        """`list` for the plain list form, otherwise the kind asked for."""
        return "list" if self.template_name == LIST_TEMPLATE else next(iter(self.wanted))

    def pending(self, lookup: Lookup) -> list[PromptRequest]:
        """What must be asked next; [] when the job is done."""
        for step in self.rounds(lookup):
            missing = [request for request, reply in zip(step.requests, step.responses, strict=True) if reply is None]
            if missing:
                return missing
        return []

    def written(self, steps: Iterable[Round]) -> list[Written]:
        """All different answers of the job's rounds, at most as many of each kind as wanted, in the order asked."""
        found: list[Written] = []
        left = dict(self.wanted)
        seen: set[str] = set()
        for step in steps:
            for request, reply in zip(step.requests, step.replies, strict=True):
                for place, item in enumerate(reply.items if reply else ()):
                    if left.get(item.kind, 0) > 0 and (folded := fold(item.text)) not in seen:
                        seen.add(folded)
                        left[item.kind] -= 1
                        found.append(Written(item, request, place))
        return found

    def rounds(self, lookup: Lookup) -> Iterator[Round]:
        """The rounds so far. The last one is incomplete where replies are missing."""
        template = load_template(self.template_name)
        left = dict(self.wanted)
        texts: dict[str, str] = {}
        fruitless = 0
        for number in range(self.follow_ups + 1):
            requests = self._made.get((number, len(texts)))
            if requests is None:
                requests = tuple(self._requests(template, number, left, list(texts.values())))
                self._made[number, len(texts)] = requests
            responses = tuple(lookup(request.key) for request in requests)
            replies = tuple(None if response is None else self.parse(response) for response in responses)
            yield Round(requests, responses, replies)
            if any(reply is None for reply in replies):
                return
            before = len(texts)
            for reply in replies:
                for item in reply.items if reply else ():
                    if left.get(item.kind, 0) > 0 and (folded := fold(item.text)) not in texts:
                        texts[folded] = item.text
                        left[item.kind] -= 1
            # A broken reply says nothing about whether the model has more to say; a refusal or a repetition does.
            if len(texts) > before:
                fruitless = 0
            elif not any(reply and reply.state == "broken" for reply in replies):
                fruitless += 1
            if not any(left.values()) or fruitless >= FRUITLESS_ROUNDS:
                return

    def parse(self, response: LoggedResponse) -> ParsedReply:
        """Read one of the job's replies."""
        form: ReplyForm = "list" if self.form == "list" else "json"
        return parse_answers(response.content, form, self.form, self.question.max_grade)

    def _requests(
        self, template: PromptTemplate, number: int, left: Mapping[str, int], texts: list[str]
    ) -> Iterator[PromptRequest]:
        total = sum(left.values())
        samples = math.ceil(total / self.per_request)
        written = texts[-SHOWN_ANSWERS:]
        for sample in range(samples):
            share = {kind: _share(count, samples, sample) for kind, count in left.items()}
            if not any(share.values()):
                continue
            prompt = template.render(**self._variables(share, written))
            yield PromptRequest(
                prompt=prompt,
                template=template.name,
                template_hash=template.sha256,
                model=self.model.name,
                parameters=request_parameters(
                    self.model, self.seed, self.question.id, self.template_name, number, sample
                ),
                schema=template.schema,
                round=number,
                sample=sample,
            )

    def _variables(self, share: Mapping[str, int], written: list[str]) -> dict[str, Any]:
        question = self.question
        common = {
            "question": question.text,
            "language": question.language,
            "language_name": language_name(question.language),
            "references": list(question.references),
            "written": written,
        }
        if self.form == "list":
            relevant = {kind: count for kind, count in share.items() if kind in RELEVANT_KINDS and count}
            return common | {"counts": relevant, "irrelevant_count": share.get("irrelevant", 0)}
        return common | {
            "subject": question.subject,
            "level": question.level,
            "max_grade": plain_number(question.max_grade),
            "rubric": dict(question.rubric),
            "examples": question.few_shot(self.few_shot),
            "count": sum(share.values()),
        }


def answer_jobs(plan: Plan, question: QuestionSpec) -> list[AnswerJob]:
    """All jobs of one question, in the plan's order of kinds."""
    jobs = []
    counts = dict(plan.counts)
    if question.max_grade == 1:
        # With the grades 0 and 1 alone there is nothing between wrong and right.
        counts.pop("incomplete", None)
    model = _picked_model(plan, question)
    common = {
        "question": question,
        "model": model,
        "few_shot": plan.few_shot,
        "per_request": plan.per_request,
        "follow_ups": plan.follow_ups,
        "seed": plan.seed,
    }
    if model.form == "list":
        listed = {kind: count for kind, count in counts.items() if kind in (*RELEVANT_KINDS, "irrelevant")}
        counts = {kind: count for kind, count in counts.items() if kind not in listed}
        if listed:
            jobs.append(AnswerJob(wanted=listed, template_name=LIST_TEMPLATE, **common))  # type: ignore[arg-type]
    for kind, count in counts.items():
        template = answer_templates()[kind]
        jobs.append(AnswerJob(wanted={kind: count}, template_name=template, **common))  # type: ignore[arg-type]
    return jobs


def request_parameters(model: ModelSpec, seed: int, *place: object) -> dict[str, Any]:
    """The model's sampling parameters, with a seed that belongs to this place in the plan alone."""
    sampling = model.sampling
    values: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "seed": derived_seed(seed, *place) if sampling.send_seed else None,
    }
    parameters = {name: value for name, value in values.items() if value is not None}
    if sampling.extra:
        parameters["extra_body"] = dict(sampling.extra)
    return parameters


def derived_seed(*parts: object) -> int:
    """A seed that depends on all parts and nothing else; fits the API's signed 32 bits."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4], "big") & 0x7FFFFFFF


def _share(count: int, samples: int, sample: int) -> int:
    """This sample's part of a count that is spread evenly."""
    return (count * (sample + 1)) // samples - (count * sample) // samples


def _picked_model(plan: Plan, question: QuestionSpec) -> ModelSpec:
    """The question's model: by weight, and always the same one, whatever else the plan holds."""
    total = sum(model.weight for model in plan.models)
    point = derived_seed(plan.seed, question.id, "model") / 0x80000000 * total
    for model in plan.models:
        point -= model.weight
        if point < 0:
            return model
    return plan.models[-1]
