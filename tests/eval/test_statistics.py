"""Bounds and tests against scipy and statsmodels, and against what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score
from statsmodels.api import OLS
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from eval.statistics import (
    attempts_to_show,
    clustered_rate,
    detectable_regression,
    exact_interval,
    holm,
    intraclass_correlation,
    lower_bound,
    mcnemar,
    p_above,
    paired_difference,
    power_of_mcnemar,
    quadratic_weighted_kappa,
    upper_bound,
)

SHARES = (0.0, 0.01, 0.3, 0.97, 1.0)
NOISE = 3 * np.sqrt(0.95 * 0.05)
"""Three standard errors of a share of 0.95, times the root of the number of simulations."""


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("trials", [1, 7, 100, 1000, 20_000])
@pytest.mark.parametrize("share", SHARES)
def test_exact_interval_equals_scipy_and_statsmodels(trials: int, share: float, confidence: float) -> None:
    successes = round(share * trials)
    expected = binomtest(successes, trials).proportion_ci(confidence, method="exact")
    interval = exact_interval(successes, trials, confidence)
    assert interval == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert interval == pytest.approx(proportion_confint(successes, trials, 1 - confidence, method="beta"), abs=1e-12)


@pytest.mark.parametrize("trials", [3, 60, 5000])
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("limit", [0.0, 0.01, 0.2, 1.0])
def test_p_above_equals_scipy(trials: int, share: float, limit: float) -> None:
    successes = round(share * trials)
    expected = binomtest(successes, trials, limit, alternative="greater").pvalue
    assert p_above(successes, trials, limit) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize(("trials", "bound"), [(100, 0.0295), (200, 0.01487), (1000, 0.002991), (10_000, 0.0002995)])
def test_no_leak_bounds_the_rate(trials: int, bound: float) -> None:
    assert upper_bound(0, trials) == pytest.approx(bound, rel=1e-3)
    assert upper_bound(0, trials) == pytest.approx(1 - 0.05 ** (1 / trials), rel=1e-9)
    assert attempts_to_show(upper_bound(0, trials)) in (trials, trials + 1)


def test_upper_bound_covers_at_least_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    for rate in (0.003, 0.02, 0.2):
        leaks = random.binomial(300, rate, size=4000)
        covered = np.mean([upper_bound(int(count), 300) >= rate for count in leaks])
        assert covered >= 0.95 - NOISE / np.sqrt(4000)


def test_nothing_shown_without_trials() -> None:
    assert (lower_bound(0, 0), upper_bound(0, 0)) == (0.0, 1.0)
    with pytest.raises(ValueError, match="5 successes of 3"):
        upper_bound(5, 3)
    with pytest.raises(ValueError, match="no rate"):
        p_above(1, 3, 1.5)


@pytest.mark.parametrize("correlation", [0.0, 0.02, 0.05])
@pytest.mark.parametrize(("questions", "each"), [(20, 40), (100, 2), (100, 40), (60, 100)])
def test_clustered_bounds_cover_a_beta_binomial(questions: int, each: int, correlation: float) -> None:
    """Up to the correlation that is assumed, whatever the rate."""
    random = np.random.default_rng([questions, each, int(1000 * correlation)])
    simulations = 300
    for rate in (0.002, 0.01, 0.05, 0.3):
        upper = lower = 0
        for _ in range(simulations):
            counts = random.binomial(each, _question_rates(random, rate, correlation, questions))
            found = clustered_rate(counts, [each] * questions)
            upper += found.upper >= rate
            lower += found.lower <= rate
        assert min(upper, lower) / simulations >= 0.95 - NOISE / np.sqrt(simulations), rate


def test_a_strong_correlation_is_found_where_there_are_events() -> None:
    random = np.random.default_rng(3)
    covered, naive, simulations = 0, 0, 400
    for _ in range(simulations):
        counts = random.binomial(40, _question_rates(random, 0.3, 0.2, 100))
        found = clustered_rate(counts, [40] * 100)
        covered += found.upper >= 0.3
        naive += upper_bound(int(counts.sum()), 4000) >= 0.3
    assert covered / simulations >= 0.95 - NOISE / np.sqrt(simulations)
    assert naive / simulations < 0.85, "independent trials would have been a lie here"


def _question_rates(random: np.random.Generator, rate: float, correlation: float, questions: int) -> np.ndarray:
    if correlation == 0:
        return np.full(questions, rate)
    total = (1 - correlation) / correlation
    return random.beta(rate * total, (1 - rate) * total, questions)


def test_clustered_interval_does_not_vanish_at_zero_events() -> None:
    found = clustered_rate([0] * 96, [44] * 96)
    assert found.interval[0] == 0.0
    assert upper_bound(0, 96 * 44) < found.upper < upper_bound(0, 96)
    assert clustered_rate([0] * 96, [44] * 96, assumed_icc=1.0).upper >= upper_bound(0, 96)
    assert clustered_rate([0] * 96, [44] * 96).clusters_upper == upper_bound(0, 96)


def test_one_trial_per_question_is_the_exact_interval() -> None:
    found = clustered_rate([1, 0, 0, 1, 0] * 40, [1] * 200)
    assert found.interval == pytest.approx(exact_interval(80, 200), abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_any_clusters_have_sane_bounds(pairs: list[tuple[int, int]]) -> None:
    counts, sizes = [min(pair) for pair in pairs], [max(pair) for pair in pairs]
    found = clustered_rate(counts, sizes)
    assert 0 <= found.lower <= found.rate <= found.upper <= 1
    assert found.effective <= sum(sizes)
    assert found.upper >= upper_bound(sum(counts), sum(sizes)) - 1e-9


def test_correlation_of_questions_that_leak_whole_or_not_at_all() -> None:
    assert intraclass_correlation([10, 0, 10, 0], [10, 10, 10, 10]) == pytest.approx(1.0)
    assert intraclass_correlation([5, 5], [10, 10]) < 0
    assert intraclass_correlation([5], [10]) == 0.0
    with pytest.raises(ValueError, match="every cluster"):
        clustered_rate([3], [2])


@pytest.mark.parametrize(("newly", "gone"), [(0, 0), (1, 0), (5, 0), (0, 7), (12, 3), (40, 38)])
def test_mcnemar_equals_statsmodels(newly: int, gone: int) -> None:
    table = [[50, newly], [gone, 20]]
    expected = statsmodels_mcnemar(table, exact=True).pvalue if newly + gone else 1.0
    found = mcnemar(70 + newly + gone, newly, gone)
    assert found.p == pytest.approx(min(1.0, expected), rel=1e-9)
    assert found.p_worse == pytest.approx(
        binomtest(newly, newly + gone, alternative="greater").pvalue if newly + gone else 1
    )


@pytest.mark.parametrize("values", [[], [0.2], [0.01, 0.04, 0.03, 0.005], [1.0, 0.0, 0.5], [0.02] * 7])
def test_holm_equals_statsmodels(values: list[float]) -> None:
    expected = multipletests(values, method="holm")[1] if values else []
    assert holm(values) == pytest.approx(list(expected), abs=1e-12)


def test_holm_refuses_what_is_no_p_value() -> None:
    with pytest.raises(ValueError, match="p-values"):
        holm([0.1, 1.2])


def test_paired_difference_equals_cluster_robust_regression() -> None:
    random = np.random.default_rng(1)
    questions = [f"q{number}" for number in random.integers(0, 25, 300)]
    shift = {name: random.normal(0.02, 0.05) for name in set(questions)}
    values = [float(np.clip(shift[name] + random.normal(0, 0.1), -1, 1)) for name in questions]
    expected = OLS(values, np.ones(300)).fit(
        cov_type="cluster",
        cov_kwds={"groups": np.unique(questions, return_inverse=True)[1], "use_correction": True},
        use_t=True,
    )
    found = paired_difference(values, questions, allowance=0.0)
    assert found.mean == pytest.approx(expected.params[0])
    assert found.interval == pytest.approx(tuple(expected.conf_int()[0]))
    assert found.p_outside == pytest.approx(expected.pvalues[0])
    assert paired_difference(values, questions, allowance=0.5).p_above > 0.999


def test_paired_difference_of_too_little() -> None:
    assert paired_difference([0.5, 0.5], ["a", "a"], 0.0).interval == (-1.0, 1.0)
    assert paired_difference([], [], 0.02).p_outside == 1.0
    still = paired_difference([0.0] * 6, list("aabbcc"), 0.02)
    assert (still.mean, still.p_above, still.p_outside) == (0.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="its question"):
        paired_difference([0.1], [], 0.0)


@pytest.mark.parametrize(("pairs", "regression", "churn"), [(200, 0.04, 0.0), (1000, 0.01, 0.0), (2000, 0.02, 0.01)])
def test_power_is_what_simulation_finds(pairs: int, regression: float, churn: float) -> None:
    random = np.random.default_rng(7)
    advertised = power_of_mcnemar(pairs, regression, churn=churn)
    draws = random.multinomial(pairs, [regression + churn, churn, 1 - regression - 2 * churn], size=3000)
    found = np.mean([mcnemar(pairs, int(newly), int(gone)).p_worse <= 0.05 for newly, gone, _ in draws])
    assert found == pytest.approx(advertised, abs=3 * np.sqrt(0.25 / 3000))


def test_the_detectable_regression_has_the_power_it_names() -> None:
    for pairs, alpha in ((200, 0.05), (200, 0.05 / 66), (5000, 0.05)):
        rise = detectable_regression(pairs, 0.8, alpha)
        assert power_of_mcnemar(pairs, rise, alpha) >= 0.8 > power_of_mcnemar(pairs, rise - 1e-4, alpha)
    assert detectable_regression(3) == 1.0, "three pairs can never reach the level"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=40))
def test_kappa_equals_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    given, predicted = zip(*pairs, strict=True)
    if len(set(given) | set(predicted)) < 2:
        return
    expected = cohen_kappa_score(given, predicted, weights="quadratic", labels=range(6))
    assert quadratic_weighted_kappa(given, predicted) == pytest.approx(expected, abs=1e-9)


def test_kappa_of_a_constant_grading_is_zero() -> None:
    assert quadratic_weighted_kappa([0, 1, 2, 3], [2, 2, 2, 2]) <= 0.0
    assert quadratic_weighted_kappa([2, 2], [2, 2]) == 1.0
