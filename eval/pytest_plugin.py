"""pytest plugin: the suite as tests of one's own project.

`pytest --answergate` adds a test per limit, for a run described by `--answergate-args` (or `answergate_args` in the ini
file) in the words of `answergate eval adversarial`. The fixture `answergate_suite` runs the suite inside a test.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import argparse

    from eval.baseline import Comparison
    from eval.results import SuiteResult
    from eval.targets import Target, TargetGrade
    from eval.thresholds import Check, Limit, Thresholds
    from synth.graded import GradedAnswer, GradedQuestion

    Grades = Callable[[GradedQuestion, Sequence[GradedAnswer], Sequence[str]], Iterable[TargetGrade | float]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The plugin's options."""
    group = parser.getgroup("answergate", "adversarial suite for graders of short answers")
    group.addoption("--answergate", action="store_true", help="run the adversarial suite, a test per limit")
    group.addoption(
        "--answergate-args",
        metavar="ARGS",
        help="what to run, in the flags of `answergate eval adversarial`, as one text: "
        "--answergate-args='--questions graded.jsonl --thresholds limits.yaml --baseline blessed.json'",
    )
    parser.addini("answergate_args", "default of --answergate-args", default="")


def pytest_configure(config: pytest.Config) -> None:
    """The mark that keeps the suite's tests on one worker of pytest-xdist, so that it runs once."""
    config.addinivalue_line("markers", "xdist_group(name): tests that one worker of pytest-xdist runs")


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the suite's tests behind the project's own."""
    if config.getoption("--answergate"):
        items.extend(SuiteCollector.from_parent(session, name="answergate").collect())


class BrokenLimitError(AssertionError):
    """A limit that is broken; shown without a traceback."""


class SuiteCollector(pytest.Collector):
    """The suite's tests: one per limit, and one for the baseline when there is one."""

    def collect(self) -> list[pytest.Item]:
        """The tests; files that cannot be used are errors of usage, before anything runs."""
        run = _Run(self.config)
        try:
            limits = run.thresholds.all_limits
        except Exception as error:
            if hasattr(error, "exit_code"):
                raise pytest.UsageError(f"answergate: {error}") from error
            raise
        tests: list[pytest.Item] = [
            LimitItem.from_parent(self, name=_limit_name(one), run=run, limit=one) for one in limits
        ]
        if run.arguments.baseline:
            tests.append(BaselineItem.from_parent(self, name="baseline", run=run))
        return tests


class _SuiteItem(pytest.Item):
    def __init__(self, *, run: _Run, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.run = run
        self.add_marker(pytest.mark.xdist_group("answergate"))

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        return self.path, None, f"answergate: {self.name}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, BrokenLimitError) or hasattr(excinfo.value, "exit_code"):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


class LimitItem(_SuiteItem):
    """One limit of the thresholds; that of all languages is one test."""

    def __init__(self, *, limit: Limit, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.limit = limit

    def runtest(self) -> None:
        """Fails with every check of this limit that is broken."""
        from eval.thresholds import DEFAULT

        limit = self.limit
        own = [
            check
            for check in self.run.checks
            if check.scope == limit.scope and (check.subject == limit.name or limit.name == DEFAULT)
        ]
        if not own and self.run.result.complete:
            pytest.skip("the run was not asked to try this")
        _fail_on(own, self.run.result)


class BaselineItem(_SuiteItem):
    """The comparison with the blessed run."""

    def runtest(self) -> None:
        """Fails when something got worse."""
        from eval.reports import comparison_lines

        comparison = self.run.comparison
        if comparison and comparison.exit_code(self.run.arguments.strict):
            raise BrokenLimitError("\n".join(comparison_lines(comparison)))


class _Run:
    """One run of the suite for all tests of a session, when the first of them asks for it."""

    def __init__(self, config: pytest.Config) -> None:
        self._text = config.getoption("--answergate-args") or config.getini("answergate_args")

    @cached_property
    def arguments(self) -> argparse.Namespace:
        import argparse

        from eval.commands import add_commands

        parser = argparse.ArgumentParser(prog="--answergate-args", add_help=False, exit_on_error=False)
        add_commands(parser.add_subparsers())
        try:
            return parser.parse_args(["eval", "adversarial", *shlex.split(str(self._text))])
        except (argparse.ArgumentError, SystemExit, ValueError) as error:
            raise pytest.UsageError(f"--answergate-args {self._text!r}: {error}") from error

    @cached_property
    def thresholds(self) -> Thresholds:
        from eval.run_arguments import chosen_thresholds

        return chosen_thresholds(self.arguments)

    @cached_property
    def result(self) -> SuiteResult:
        from eval.commands import evaluated

        return evaluated(self.arguments)

    @cached_property
    def checks(self) -> list[Check]:
        from eval.plausibility import plausibility_check
        from eval.thresholds import check

        return [*check(self.result, self.thresholds), plausibility_check(self.result)]

    @cached_property
    def comparison(self) -> Comparison | None:
        from eval.baseline import compare
        from eval.contract import read_result

        return compare(self.result, read_result(self.arguments.baseline)) if self.arguments.baseline else None


@pytest.fixture(scope="session")
def answergate_suite() -> Callable[..., SuiteResult]:
    """Run the suite and fail on broken limits: `answergate_suite(grade, questions=["graded.jsonl"])`; see `attack`."""
    return attack


def attack(
    target: Target | Grades,
    questions: Sequence[str | os.PathLike[str]] = (),
    families: str = "all",
    per_question: int = 2,
    support: int = 25,
    seed: int = 0,
    repeats: int = 1,
    thresholds: str | Thresholds = "default",
) -> SuiteResult:
    """Attack a grader and hold the result against limits.

    Args:
        target: a `Target`, or a function of (question, support, answers) that gives a grade per answer.
        questions: graded files; by default the bundled bank.
        thresholds: limits, a file of them, or "default".

    Returns:
        The result, when every limit holds.

    Raises:
        BrokenLimitError: a limit is broken, or the target failed; an AssertionError that says all of it.
    """
    from eval.adversarial import bank_questions, lending_pool
    from eval.plausibility import plausibility_check
    from eval.suite import SuiteSettings, run_suite
    from eval.thresholds import Thresholds, check
    from eval.thresholds_file import default_thresholds, read_thresholds
    from synth.attacks import choose_families
    from synth.graded import read_graded_files

    if not isinstance(thresholds, Thresholds):
        thresholds = default_thresholds() if thresholds == "default" else read_thresholds(thresholds)
    asked = read_graded_files(questions) if questions else bank_questions()
    settings = SuiteSettings(tuple(choose_families(families)), per_question, support, seed, repeats)
    grader = _FunctionTarget(target) if callable(target) else target
    result = run_suite(grader, asked, settings, lending_pool(asked))
    _fail_on([*check(result, thresholds), plausibility_check(result)], result)
    return result


class _FunctionTarget:
    """A function of the test's as a target."""

    def __init__(self, function: Grades) -> None:
        self.name = getattr(function, "__name__", "function")
        self._function = function

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        from eval.targets import TargetGrade

        graded = self._function(question, support, answers)
        return [item if isinstance(item, TargetGrade) else TargetGrade(item) for item in graded]


def _fail_on(checks: Sequence[Check], result: SuiteResult) -> None:
    from eval.failures import failure_lines

    if not result.complete:
        raise BrokenLimitError("\n".join(failure_lines(result)))
    broken = [f"{item.told}\n    {item.detail}" for item in checks if not item.passed]
    if broken:
        raise BrokenLimitError("\n".join(broken))


def _limit_name(limit: Limit) -> str:
    return f"{limit.scope} {limit.name}".replace("default", "in every language")
