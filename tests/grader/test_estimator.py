import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import estimator_checks_generator

from grader import OnlineLogisticRegression


@pytest.mark.parametrize(
    ("check", "arguments"),
    [
        pytest.param(item[1], item[0], id=getattr(item[1], "func", item[1]).__name__)
        for item in estimator_checks_generator(OnlineLogisticRegression())
    ],
)
def test_estimator_keeps_the_conventions(check, arguments):
    check(arguments)


def test_works_in_a_grid_search_and_clones():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(60, 5))
    y = np.where(X[:, 0] + 0.3 * generator.normal(size=60) > 0, "right", "wrong")
    search = GridSearchCV(OnlineLogisticRegression(), {"C": [0.01, 1.0, 100.0]}, cv=3).fit(X, y)
    assert search.best_score_ > 0.8
    assert search.best_params_["C"] == clone(search.best_estimator_).C


def test_one_class_is_always_predicted_and_weights_count_as_repetitions():
    X = np.random.default_rng(1).normal(size=(6, 3))
    single = OnlineLogisticRegression().fit(X, ["good"] * 6)
    assert set(single.predict(X)) == {"good"}
    assert np.allclose(single.predict_proba(X), 1)
    y, weights = np.array([0, 1, 2, 0, 1, 2]), np.array([1, 2, 3, 1, 2, 0])
    weighted = OnlineLogisticRegression().fit(X, y, sample_weight=weights)
    repeated = OnlineLogisticRegression().fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    assert np.allclose(weighted.coef_, repeated.coef_, atol=1e-7)


def test_warm_start_reaches_the_same_minimum_and_has_nothing_to_do_without_a_change():
    generator = np.random.default_rng(2)
    X, y = generator.normal(size=(25, 40)), np.arange(25) % 5
    model = OnlineLogisticRegression(C=10, warm_start=True).fit(X, y)
    y[3] = 4
    cold = OnlineLogisticRegression(C=10).fit(X, y)
    model.fit(X, y)
    assert np.allclose(model.coef_, cold.coef_, atol=1e-7)
    before = model.coef_
    model.fit(X, y)
    assert model.n_iter_[0] == 1
    assert np.allclose(model.coef_, before, atol=1e-9)
    with pytest.raises(ValueError, match="must be above 0"):
        OnlineLogisticRegression(C=0).fit(X, y)
