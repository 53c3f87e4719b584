"""A language model that grades with examples in context, behind any OpenAI-compatible endpoint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from eval.chat import Chat
from eval.targets.base import Fault, Target, TargetConfigError, TargetError, TargetGrade, shown
from eval.targets.kinds import TargetKind
from eval.targets.settings import TargetSettings
from prompts import PromptTemplate, load_template
from synth.engine import EngineError, LoggedResponse, PromptRequest
from synth.graded import GradedAnswer, GradedQuestion
from synth.languages import language_name
from synth.questions import plain_number

PREFIX = "openai:"
TEMPLATE = "grading/in_context"
UNREADABLE = 3
"""Replies that cannot be read, after which the model is said to have failed on the answer."""
OFF_TOPIC = "the model says: not relevant"


class LlmTarget:
    """Asks for one answer at a time: what another student wrote cannot move the grade of this one.

    Graded answers stand in the prompt as examples. The answer is fenced by a word that its writer cannot know.
    """

    def __init__(self, chat: Chat, template: PromptTemplate | None = None, name: str | None = None) -> None:
        self.name = name or f"openai {chat.model}"
        self._chat = chat
        self._template = template or load_template(TEMPLATE)

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        """See `Target.grade`.

        Raises:
            TargetError: no request can succeed (key, model or address are wrong), one was given up, or the replies for
                one answer cannot be read.
        """
        jobs = [_GradingJob(self._request(question, support, answer), answer) for answer in answers]
        try:
            summary = self._chat.run(jobs)
        except EngineError as error:
            raise TargetError("refused", str(error), question.text) from error
        if summary.stopped:
            raise TargetError("unreachable", summary.stopped, question.text)
        for job in jobs:
            for request in job.requests():
                if request.key in summary.failed:
                    why = summary.failed[request.key]
                    raise TargetError(_fault(why), why, question.text, job.answer)
        return [job.result(self._chat.get) for job in jobs]

    def _request(self, question: GradedQuestion, support: Sequence[GradedAnswer], answer: str) -> PromptRequest:
        maximum = plain_number(question.max_grade)
        prompt = self._template.render(
            question=question.text,
            language=question.language,
            language_name=language_name(question.language),
            max_grade=maximum,
            references=list(question.references),
            rubric=dict(question.rubric),
            examples=[{"text": item.text, "grade": plain_number(item.grade)} for item in support],
            answer=answer,
            fence=_fence(answer),
        )
        return PromptRequest(
            prompt=prompt,
            template=self._template.name,
            template_hash=self._template.sha256,
            model=self._chat.model,
            parameters={"temperature": 0.0},
            schema=self._template.schema,
        )


@dataclass(frozen=True)
class _GradingJob:
    """One answer to grade; asked anew when a reply cannot be read. Its state is the log."""

    request: PromptRequest
    answer: str

    def requests(self) -> Iterator[PromptRequest]:
        """The request, and the same once more for each further try."""
        for sample in range(UNREADABLE):
            yield replace(self.request, sample=sample)

    def pending(self, lookup: Callable[[str], LoggedResponse | None]) -> list[PromptRequest]:
        """See `synth.engine.Job`."""
        for request in self.requests():
            response = lookup(request.key)
            if response is None:
                return [request]
            if _read(response.content) is not None:
                return []
        return []

    def result(self, lookup: Callable[[str], LoggedResponse | None]) -> TargetGrade:
        """The first readable reply."""
        said = ""
        for request in self.requests():
            response = lookup(request.key)
            said = response.content if response is not None else said
            found = _read(said)
            if found is not None:
                return found
        raise TargetError(
            "garbage", f"{UNREADABLE} replies without a grade, last: {shown(said, 200)}", answer=self.answer
        )


def _read(content: str) -> TargetGrade | None:
    """The grade in a reply, or None. Its range is checked by `grade_checked`, like any target's."""
    start, end = content.find("{"), content.rfind("}")
    try:
        value: Any = json.loads(content[start : end + 1], strict=False)
        grade = value["grade"]
    except (ValueError, KeyError, TypeError):
        return None
    if isinstance(grade, bool) or not isinstance(grade, int | float):
        return None
    off_topic = value.get("relevant") is False
    said = str(value.get("reason") or "")
    return TargetGrade(float(grade), reason=f"{OFF_TOPIC} ({said})" if off_topic else None)


def _fence(answer: str) -> str:
    """A word that the writer of the answer could only know by knowing the answer's own hash while writing it."""
    return "answer-" + hashlib.sha256(answer.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _fault(why: str) -> Fault:
    if why.startswith("timeout"):
        return "timeout"
    return "unreachable" if why.startswith(("connection", "server_error", "no_completion")) else "refused"


@contextmanager
def _opened(settings: TargetSettings) -> Iterator[tuple[Target, dict[str, object]]]:
    model = settings.target.removeprefix(PREFIX).strip()
    if not model:
        raise TargetConfigError("--target openai: names no model; write for example openai:gpt-4o-mini")
    template = load_template(TEMPLATE)
    if settings.prompt is not None:
        template = load_template(settings.prompt.stem, settings.prompt.parent)
    chat = Chat(
        model,
        settings.base_url,
        settings.key_variable,
        settings.timeout,
        settings.retries,
        settings.concurrency,
        settings.log,
    )
    described: dict[str, object] = {
        "model": model,
        "base_url": settings.base_url,
        "template": template.name,
        "template_hash": template.sha256,
    }
    try:
        yield LlmTarget(chat, template, settings.name), described
    finally:
        chat.close()


KIND = TargetKind(
    name="openai",
    form="openai:MODEL (with --base-url for a server other than OpenAI's)",
    summary="a language model that grades with the graded answers as examples",
    claims=lambda target: target.startswith(PREFIX),
    opened=_opened,
)
