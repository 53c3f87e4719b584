"""What a plan would ask and cost, before anything is spent."""

from __future__ import annotations

from dataclasses import dataclass

from synth.engine.request import PromptRequest
from synth.engine.runner import FIRST_GUESS
from synth.engine.tokens import estimated_tokens
from synth.generate import plan_jobs, plan_questions
from synth.jobs import Lookup
from synth.plan.model import Plan
from synth.questions import QuestionSpec
from synth.syllabus import question_jobs

REPLY_TOKENS_PER_ANSWER = 55
"""About what an answer of three sentences and its JSON take."""


@dataclass(frozen=True)
class DryRun:
    """Estimates. Follow-up requests are not in them: nobody knows yet how many replies will be short."""

    questions: int
    requests: int
    reused: int
    """Requests that the log holds already."""
    prompt_tokens: int
    completion_tokens: int
    money: float | None
    rows: int
    samples: tuple[PromptRequest, ...]
    """A few prompts as they would be sent, each from another template."""


def dry_run(plan: Plan, lookup: Lookup, samples: int = 3) -> DryRun:
    """Estimate a plan.

    Questions of a syllabus that are not written yet are counted with stand-ins of the same number and length.

    Raises:
        DataFileError: a file with questions is missing or cannot be used.
    """
    questions = plan_questions(plan, lookup)
    requests = reused = prompt_tokens = completion_tokens = rows = 0
    money: float | None = 0.0 if len(plan.prices()) == len(plan.models) else None
    shown: dict[str, PromptRequest] = {}

    def count(request: PromptRequest, answers: int) -> None:
        nonlocal requests, prompt_tokens, completion_tokens, money
        requests += 1
        asked, replied = estimated_tokens(request.prompt), max(answers * REPLY_TOKENS_PER_ANSWER, FIRST_GUESS // 10)
        prompt_tokens += asked
        completion_tokens += replied
        if money is not None:
            money += plan.prices()[request.model].of(asked, replied)
        if len(shown) < samples:
            shown.setdefault(request.template, request)

    for written in question_jobs(plan):
        for request in written.pending(lookup):
            count(request, 3 * written.count)
        missing = written.count - len(written.questions(lookup))
        questions += [
            QuestionSpec(f"stand-in {n} {written}", "?" * 100, written.language, 2.0, subject=written.subject)
            for n in range(max(0, missing))
        ]
    for job in plan_jobs(plan, questions):
        rows += job.size
        pending = job.pending(lookup)
        reused += sum(response is not None for step in job.rounds(lookup) for response in step.responses)
        for request in pending:
            count(request, -(-job.size // max(1, len(pending))))
    return DryRun(
        questions=len(questions),
        requests=requests,
        reused=reused,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        money=money,
        rows=rows,
        samples=tuple(shown.values()),
    )
