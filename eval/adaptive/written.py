"""Attacks that a language model writes, seeing how the target graded its last ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eval.adaptive.bags import Bags
from eval.adaptive.base import Find, Method, MethodResult, Search
from eval.adaptive.oracle import Answered, Oracle, heard
from eval.chat import Chat
from eval.results import Rate
from eval.targets import TargetError
from prompts import load_template
from synth.engine import EngineError, LoggedResponse, PromptRequest
from synth.languages import language_name
from synth.questions import plain_number
from synth.replies.json_reply import parse_objects

NAME = "llm"
SUMMARY = "texts that a language model writes, seeing how the last ones were graded"
TEMPLATE = "attacker/answers"
PER_ROUND = 8
SHOWN = 16
"""Texts that the model is shown with their grades."""
FRUITLESS = 2
"""Rounds in a row without a usable new text, after which a question is left."""
TEMPERATURE = 1.0
NOTE = (
    "written by a model and kept only where the rules for words shared with credited answers hold; "
    "read a find before you count it"
)


@dataclass(frozen=True)
class _Job:
    """One request; see `synth.engine.Job`."""

    request: PromptRequest

    def pending(self, lookup: Callable[[str], LoggedResponse | None]) -> list[PromptRequest]:
        return [] if lookup(self.request.key) is not None else [self.request]


def _request(oracle: Oracle, model: str, number: int, seed: int) -> PromptRequest:
    template = load_template(TEMPLATE)
    question = oracle.divided.question
    best = sorted(oracle.answered.values(), key=lambda item: (item.score, -item.query), reverse=True)[:SHOWN]
    prompt = template.render(
        question=question.text,
        language=question.language,
        language_name=language_name(question.language),
        max_grade=plain_number(question.max_grade),
        count=min(PER_ROUND, oracle.left),
        tried=[
            {"text": item.text, "grade": plain_number(item.result.grade), "verdict": _verdict(item)} for item in best
        ],
    )
    return PromptRequest(
        prompt=prompt,
        template=template.name,
        template_hash=template.sha256,
        model=model,
        parameters={"temperature": TEMPERATURE, "seed": seed},
        schema=template.schema,
        round=number,
    )


def _verdict(item: Answered) -> str:
    """What else the target said of a text, as the next prompt tells it."""
    told = "" if item.result.relevance is None else f", P(relevant) {item.result.relevance:.2f}"
    return told + (f", turned away: {item.result.reason}" if item.result.reason else "")


def _search(chat: Chat, oracle: Oracle, bags: Bags, seed: int) -> bool:
    """Ask, grade, show, ask again. Returns whether a text of the first round leaked.

    Raises:
        EngineError: the model cannot be asked.
        TargetError: the target broke its contract.
    """
    started = False
    number = fruitless = 0
    while oracle.left > 0 and fruitless < FRUITLESS:
        request = _request(oracle, chat.model, number, seed)
        summary = chat.run([_Job(request)])
        response = chat.get(request.key)
        if response is None:
            raise EngineError(f"{chat.model}: {summary.failed.get(request.key) or summary.stopped or 'no reply'}")
        written = (str(item.get("text") or "").strip() for item in parse_objects(response.content, "answers")[0])
        texts = [text for text in written if text and text not in oracle.answered and bags.allows_text(text)]
        answered = oracle.ask(texts)
        if number == 0:
            started = any(item.result.grade > 0 for item in answered)
        fruitless = 0 if answered else fruitless + 1
        number += 1
    return started


def run(search: Search) -> MethodResult:
    """Let the model attack every question; a model or a target that fails ends the search, what was found stays."""
    writer = search.settings.writer
    assert writer is not None
    finds: list[Find] = []
    oracles: list[Oracle] = []
    started = broken = 0
    failure = None
    chat = Chat(writer.model, writer.base_url, writer.key_variable, writer.timeout)
    try:
        for done, item in enumerate(search.questions, 1):
            oracles.append(oracle := Oracle(search.target, item.divided, search.settings.budget))
            try:
                started += _search(chat, oracle, Bags(item.context, search.settings.seed), search.settings.seed)
            except (TargetError, EngineError) as error:
                failure = str(error)
            found = oracle.finds(NAME)
            finds += found
            broken += bool(found)
            if failure:
                break
            search.progress(done, len(search.questions))
    finally:
        chat.close()
    told = heard(oracles, len(search.questions))
    return MethodResult(
        NAME, SUMMARY, sum(len(oracle.answered) for oracle in oracles), Rate(started, told.questions),
        Rate(broken, told.questions), tuple(finds), failure=failure,
        note=f"{NOTE}; {told.note}" if told.note else NOTE, exhausted=told.exhausted,
    )  # fmt: skip


METHOD = Method(
    NAME, SUMMARY, "Perez et al. 2022, Red Teaming Language Models with Language Models; Chao et al. 2023 (PAIR)", run,
    needs_writer=True,
)  # fmt: skip
