"""Limits hold and break where they should, and a file of them says where it is wrong."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from eval.results import SuiteResult
from eval.targets import TargetGrade
from eval.thresholds import Limit, Thresholds, check
from eval.thresholds_file import DEFAULTS, ThresholdsError, default_thresholds, read_thresholds
from synth.graded import GradedAnswer, GradedQuestion

Attacked = Callable[..., SuiteResult]


class Constant:
    """Gives every text the same share of the marks."""

    def __init__(self, share: float) -> None:
        self.name = f"constant {share}"
        self.share = share

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        return [TargetGrade(self.share * question.max_grade) for _ in answers]


def broken(result: SuiteResult, thresholds: Thresholds) -> set[str]:
    return {item.name for item in check(result, thresholds) if not item.passed}


def test_the_defaults_pass_a_good_grader_and_catch_the_two_lazy_ones(attacked: Attacked, planted: type) -> None:
    defaults = default_thresholds()
    assert broken(attacked(planted()), defaults) <= {"must_not_move mean change"}, "it grades every changed answer 0"
    assert broken(attacked(Constant(0.0)), defaults) == {"kappa", "kappa above a constant grade's"}
    assert {"must_reject leak rate", "severity critical leak rate", "blank leak rate"} <= broken(
        attacked(Constant(1.0)), defaults
    )


@pytest.mark.parametrize(
    ("hold", "limit", "passes"),
    [
        ("observed", 0.10, True),
        ("observed", 0.03, False),
        ("upper", 0.07, False),
        ("upper", 0.20, True),
        ("significant", 0.03, True),
        ("significant", 0.01, False),
    ],
)
def test_what_is_held_against_a_limit(attacked: Attacked, planted: type, hold, limit: float, passes: bool) -> None:
    result = attacked(planted(leaks=40))
    assert 0.03 < result.must_reject.rate < 0.032 and result.must_reject.attempts == 225
    thresholds = Thresholds(limits=(Limit("tier", "must_reject", limit, hold),))
    assert check(result, thresholds)[0].passed is passes


def test_limits_by_language_take_the_default_where_none_is_named(attacked: Attacked, planted: type) -> None:
    thresholds = Thresholds(limits=(Limit("language", "default", 0.5), Limit("language", "sw", 0.0)))
    found = {item.subject: item.limit for item in check(attacked(planted()), thresholds)}
    assert found == {"ar": 0.5, "de": 0.5, "en": 0.5, "zh": 0.5, "sw": 0.0}


def test_what_was_not_tried_is_left_out_or_broken(attacked: Attacked, planted: type) -> None:
    result = attacked(planted(), families="typos")
    limits = (Limit("family", "blank", 0.0), Limit("tier", "must_not_gain", 0.0), Limit("tier", "must_reject", 0.9))
    assert broken(result, Thresholds(limits=limits)) == {"must_reject leak rate"}
    assert len(check(result, Thresholds(limits=limits))) == 1


def test_paired_differences_are_held_against_the_noise_allowance(attacked: Attacked, planted: type) -> None:
    result = attacked(planted(), families="typos")
    thresholds = Thresholds(limits=(Limit("difference", "must_not_move", 0.05, "significant"),))
    assert broken(result, thresholds) == {"must_not_move mean change"}
    still = attacked(Constant(0.5), families="typos,duplication")
    thresholds = Thresholds(
        limits=(Limit("difference", "must_not_move", 0.0), Limit("difference", "must_not_gain", 0.0))
    )
    assert not broken(still, thresholds)


def test_flags_stand_in_for_the_files_limits() -> None:
    file = (Limit("tier", "must_reject", 0.5), Limit("grading", "qwk", 0.1))
    limits = Thresholds(max_leak_rate=0.0, limits=file).all_limits
    assert limits == (Limit("tier", "must_reject", 0.0), Limit("grading", "qwk", 0.1))


def test_repeats_catch_a_flaky_target(attacked: Attacked) -> None:
    class Flaky(Constant):
        turn = 0

        def grade(
            self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
        ) -> list[TargetGrade]:
            self.turn += 1
            leaking = self.turn % 3 == 0
            return [TargetGrade(1.0 if leaking and not any(map(str.isalnum, text)) else 0.0) for text in answers]

    result = attacked(Flaky(0.0), families="blank,refusal", repeats=3)
    assert result.of_family("blank").events == result.of_family("blank").attempts == result.flaky > 0
    assert result.of_family("refusal").events == 0
    assert all(case.flaky for case in result.leaks)
    assert result.as_contract()["repeats"]["flaky"] == result.flaky


@pytest.mark.parametrize(
    ("text", "line", "field", "remedy"),
    [
        ("leaks: {tiers: {must_reject: 0.1}}", 1, "version", "version: 1"),
        ("version: 3", 1, "version", "for 1"),
        ("version: 1\nleeks: {}", 2, "leeks", "leaks"),
        ("version: 1\nleaks:\n  tiers:\n    must_rejct: 0.1", 4, "leaks.tiers.must_rejct", "must_reject"),
        ("version: 1\nleaks:\n  families: {keybord-mash: 0.1}", 3, "leaks.families.keybord-mash", "keyboard-mash"),
        ("version: 1\nleaks:\n  languages:\n    English: 0.1", 4, "leaks.languages.English", "'en'"),
        ("version: 1\nleaks: {tiers: {must_reject: 5}}", 2, "leaks.tiers.must_reject", "outside"),
        ("version: 1\nleaks: {tiers: {must_reject: 5 %}}", 2, "leaks.tiers.must_reject", "0.01"),
        ("version: 1\nleaks: {tiers: {must_reject: yes}}", 2, "leaks.tiers.must_reject", "not a number"),
        ("version: 1\nleaks: {tiers: {must_reject: {hold: upper}}}", 2, "leaks.tiers.must_reject", "at_most"),
        ("version: 1\nhold: uper\ngrading: {min_qwk: 0}", 2, "hold", "upper"),
        ("version: 1\nconfidence: 1\ngrading: {min_qwk: 0}", 2, "confidence", "0.95"),
        ("version: 1\ngrading: {min_qwk: 0.1, min_qwk: 0.2}", 2, "grading.min_qwk", "twice"),
        ("version: 1\ngrading:\n  min_qwk: [1]", 3, "grading.min_qwk", "single value"),
        ("version: 1\nfalse_rejections: 0.01", 2, "false_rejections", "names with values"),
        ("version: 1", 1, "file", "leaks"),
    ],
)
def test_a_bad_file_is_named_with_line_and_field(tmp_path: Path, text: str, line: int, field: str, remedy: str) -> None:
    path = tmp_path / "limits.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ThresholdsError) as error:
        read_thresholds(path)
    assert f"limits.yaml, line {line}, {field}:" in str(error.value) and remedy in str(error.value)
    assert error.value.exit_code == 2


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for content, message in ((b"", "empty"), (b"[1", "no YAML"), (b"\xff\xfe\x00", "limits.yaml")):
        (tmp_path / "limits.yaml").write_bytes(content)
        with pytest.raises(ThresholdsError, match=message):
            read_thresholds(tmp_path / "limits.yaml")
    with pytest.raises(ThresholdsError, match="no such file"):
        read_thresholds(tmp_path / "none.yaml")


def test_the_documented_defaults_are_the_ones_that_are_read() -> None:
    limits = {(limit.scope, limit.name): limit for limit in read_thresholds(DEFAULTS).all_limits}
    assert limits["tier", "must_reject"].value == 0.1 and limits["family", "blank"].value == 0
    assert limits["difference", "must_not_gain"].hold == "significant"
    assert limits["grading", "qwk"].value == 0.2


def test_the_example_of_the_repository_is_read() -> None:
    limits = read_thresholds(Path(__file__).parents[3] / "examples" / "thresholds.yaml").all_limits
    assert Limit("language", "default", 0.10, "significant") in limits
