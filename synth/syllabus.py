"""Questions that a model writes from a syllabus: subject, level, language."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from prompts import load_template
from synth.engine.log import LoggedResponse
from synth.engine.request import PromptRequest
from synth.examples import question_id
from synth.jobs import FRUITLESS_ROUNDS, Lookup, request_parameters
from synth.languages import language_name
from synth.plan.model import ModelSpec, Plan
from synth.questions import QuestionSpec
from synth.replies.json_reply import parse_objects
from synth.text import fold, whole_characters

TEMPLATE = "questions/from_syllabus"
QUESTIONS_AT_ONCE = 10


@dataclass(frozen=True)
class QuestionJob:
    """`count` questions of one subject, level and language. As stateless as `AnswerJob`."""

    subject: str
    level: str
    language: str
    count: int
    model: ModelSpec
    follow_ups: int
    seed: int
    _made: dict[int, PromptRequest] = field(default_factory=dict, repr=False, compare=False)

    def pending(self, lookup: Lookup) -> list[PromptRequest]:
        """What must be asked next; [] when the job is done."""
        return self._walk(lookup)[1]

    def questions(self, lookup: Lookup) -> list[QuestionSpec]:
        """The questions that are there."""
        return self._walk(lookup)[0]

    def _walk(self, lookup: Lookup) -> tuple[list[QuestionSpec], list[PromptRequest]]:
        found: dict[str, QuestionSpec] = {}
        fruitless = 0
        for number in range(self.follow_ups + math.ceil(self.count / QUESTIONS_AT_ONCE)):
            missing = self.count - len(found)
            if missing <= 0 or fruitless > FRUITLESS_ROUNDS:
                break
            request = self._request(number, min(missing, QUESTIONS_AT_ONCE), list(found.values()))
            response = lookup(request.key)
            if response is None:
                return list(found.values()), [request]
            before = len(found)
            for spec in self._parsed(response):
                if len(found) < self.count:
                    found.setdefault(fold(spec.text), spec)
            fruitless = fruitless + 1 if len(found) == before else 0
        return list(found.values()), []

    def _request(self, number: int, count: int, written: list[QuestionSpec]) -> PromptRequest:
        if number not in self._made:
            template = load_template(TEMPLATE)
            prompt = template.render(
                subject=self.subject,
                level=self.level,
                language=self.language,
                language_name=language_name(self.language),
                count=count,
                written=[spec.text for spec in written],
            )
            self._made[number] = PromptRequest(
                prompt=prompt,
                template=template.name,
                template_hash=template.sha256,
                model=self.model.name,
                parameters=request_parameters(
                    self.model, self.seed, TEMPLATE, self.subject, self.level, self.language, number
                ),
                schema=template.schema,
                round=number,
            )
        return self._made[number]

    def _parsed(self, response: LoggedResponse) -> Iterator[QuestionSpec]:
        for value in parse_objects(response.content, "questions")[0]:
            spec = self._spec(value)
            if spec is not None:
                yield spec

    def _spec(self, value: Mapping[str, Any]) -> QuestionSpec | None:
        text, reference = (
            whole_characters(part) if isinstance(part, str) else None
            for part in (value.get("question"), value.get("reference"))
        )
        try:
            max_grade = float(value.get("max_grade", 0))
        except (TypeError, ValueError):
            return None
        if not text or not text.strip() or not 0 < max_grade <= 100:
            return None
        lines = value.get("rubric")
        rubric = {}
        for line in lines if isinstance(lines, list) else ():
            grade, colon, meaning = str(line).partition(":")
            if colon and grade.strip().isdigit():
                rubric[grade.strip()] = whole_characters(meaning.strip())
        return QuestionSpec(
            id=question_id(text, self.language),
            text=text.strip(),
            language=self.language,
            max_grade=max_grade,
            references=(reference.strip(),) if reference and reference.strip() else (),
            rubric=rubric,
            subject=self.subject,
            level=self.level,
            group=f"{self.subject}, {self.level}",
        )


def question_jobs(plan: Plan) -> list[QuestionJob]:
    """A job for each subject, level and language of the plan's syllabus, asked of the first model."""
    return [
        QuestionJob(part.subject, part.level, language, part.count, plan.models[0], plan.follow_ups, plan.seed)
        for part in plan.questions.syllabus
        for language in part.languages
    ]


def syllabus_questions(jobs: Iterable[QuestionJob], lookup: Lookup) -> list[QuestionSpec]:
    """The questions of all jobs, each once."""
    found: dict[str, QuestionSpec] = {}
    for job in jobs:
        for spec in job.questions(lookup):
            found.setdefault(spec.id, spec)
    return list(found.values())
