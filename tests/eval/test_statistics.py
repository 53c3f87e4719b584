"""Bounds against scipy and against what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score

from eval.statistics import exact_interval, quadratic_weighted_kappa, upper_bound


@pytest.mark.parametrize("trials", [1, 7, 100, 1000])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 1.0])
def test_exact_interval_equals_scipy(trials: int, share: float) -> None:
    successes = round(share * trials)
    expected = binomtest(successes, trials).proportion_ci(0.95, method="exact")
    assert exact_interval(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(("trials", "bound"), [(100, 0.0295), (1000, 0.002991), (10_000, 0.0002995)])
def test_no_leak_bounds_the_rate(trials: int, bound: float) -> None:
    assert upper_bound(0, trials) == pytest.approx(bound, rel=1e-3)
    assert upper_bound(0, trials) == pytest.approx(1 - 0.05 ** (1 / trials), rel=1e-9)


def test_upper_bound_covers_at_least_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    for rate in (0.003, 0.02, 0.2):
        leaks = random.binomial(300, rate, size=4000)
        covered = np.mean([upper_bound(int(count), 300) >= rate for count in leaks])
        assert covered >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 4000)


def test_nothing_shown_without_trials() -> None:
    assert upper_bound(0, 0) == 1.0
    with pytest.raises(ValueError, match="5 successes of 3"):
        upper_bound(5, 3)


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
