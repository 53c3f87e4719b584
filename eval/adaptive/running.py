"""The table of adaptive methods, and the one way to run them."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from eval.adaptive import climbing, triggers, written
from eval.adaptive.base import AdaptiveError, AdaptiveSettings, Attacked, Method, MethodResult, Search, WriterSettings
from eval.suite import MIN_ANSWERS, Progress, SuiteSettings, divide
from eval.targets import Target
from synth.attacking import attack_context
from synth.graded import GradedQuestion

METHODS: dict[str, Method] = {method.name: method for method in (climbing.METHOD, triggers.METHOD, written.METHOD)}
SMALLEST_BUDGET = 10


def adaptive_settings(
    budget: int,
    methods: str | None = None,
    seed: int = 0,
    model: str | None = None,
    base_url: str | None = None,
) -> AdaptiveSettings:
    """Settings from what a command line gives.

    Args:
        methods: names by commas; None for all that can run: those that need a writer only with a model.

    Raises:
        AdaptiveError: the budget is too small, a name is no method, or a method lacks its model.
    """
    if budget < SMALLEST_BUDGET:
        raise AdaptiveError(f"--adaptive {budget} is too few queries per question; write {SMALLEST_BUDGET} or more")
    if methods is None:
        names = tuple(name for name, method in METHODS.items() if model or not method.needs_writer)
    else:
        names = tuple(dict.fromkeys(name.strip() for name in methods.split(",") if name.strip()))
    for name in names:
        if name not in METHODS:
            close = get_close_matches(name, METHODS, n=1)
            remedy = f"did you mean {close[0]}?" if close else f"there are {', '.join(METHODS)}"
            raise AdaptiveError(f"--adaptive-methods: no method '{name}'; {remedy}")
        if METHODS[name].needs_writer and model is None:
            raise AdaptiveError(f"method '{name}' needs a model that writes; name one with --attacker-model")
    writer = WriterSettings(model, base_url) if model else None
    return AdaptiveSettings(budget, names, seed, writer)


def run_adaptive(
    target: Target,
    questions: Sequence[GradedQuestion],
    suite: SuiteSettings,
    settings: AdaptiveSettings,
    pool: Sequence[GradedQuestion] = (),
    progress: Progress | None = None,
) -> tuple[MethodResult, ...]:
    """Attack every question with every method of `settings`; the target learns from the same support as in the suite.

    The attacker knows the question and its graded answers and sees what the target says, nothing inside it. With one
    seed and one deterministic target (and, for texts written by a model, the same replies) the finds are the same.
    """
    usable = [question for question in questions if len(question.answers) >= MIN_ANSWERS]
    known = {question.id for question in usable}
    borrowed = [*usable, *(other for other in pool if other.id not in known)]
    attacked = [
        Attacked(divide(question, suite.support, suite.seed), attack_context(question, borrowed)) for question in usable
    ]
    return tuple(
        METHODS[name].run(Search(target, attacked, settings, progress or _silent)) for name in settings.methods
    )


def _silent(done: int, total: int) -> None:
    return None
