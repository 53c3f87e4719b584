import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from grader import OnlineLogisticRegression
from grader.newton import NO_GRADE, fit_softmax, softmax


def random_problem(generator, answers, width, grades):
    X = generator.normal(size=(answers, width))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    y = generator.integers(0, grades, answers)
    return X, y


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("intercept", [True, False])
def test_same_minimum_as_scikit_learn(seed, intercept):
    generator = np.random.default_rng(seed)
    X, y = random_problem(generator, generator.integers(3, 50), generator.integers(1, 80), generator.integers(2, 8))
    y[:2] = [0, 1]
    weights = generator.uniform(0.1, 2.0, len(y))
    C = 10 ** generator.uniform(-3, 1.5)
    ours = OnlineLogisticRegression(C=C, fit_intercept=intercept).fit(X, y, sample_weight=weights)
    theirs = LogisticRegression(C=C, fit_intercept=intercept, solver="newton-cg", tol=1e-12, max_iter=5000)
    theirs.fit(X, y, sample_weight=weights)
    assert np.allclose(ours.coef_, theirs.coef_, atol=1e-6)
    # Their solver leaves the number that all classes may share where it fell; ours sums to 0.
    shared = theirs.intercept_.mean() if len(theirs.intercept_) > 1 else 0.0
    assert np.allclose(ours.intercept_, theirs.intercept_ - shared, atol=1e-6)
    assert np.allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)


def test_a_batch_of_uneven_problems_equals_one_at_a_time():
    generator = np.random.default_rng(1)
    kernels, targets, weights, offsets = (
        np.zeros((3, 9, 9)),
        np.zeros((3, 9, 5)),
        np.zeros((3, 9)),
        np.zeros((3, 9, 5)),
    )
    singles = []
    for row, (answers, grades) in enumerate([(4, 3), (9, 5), (1, 2)]):
        X, y = random_problem(generator, answers, 6, grades)
        kernel, target = 30 * X @ X.T, np.eye(grades)[y]
        singles.append(fit_softmax(kernel[None], target[None]).dual[0])
        kernels[row, :answers, :answers] = kernel
        targets[row, :answers, :grades] = target
        targets[row, answers:, 0] = 1
        weights[row, :answers] = 1
        offsets[row, :, grades:] = NO_GRADE
    batch = fit_softmax(kernels, targets, weights=weights, offsets=offsets)
    for row, single in enumerate(singles):
        assert np.allclose(batch.dual[row, : single.shape[0], : single.shape[1]], single, atol=1e-8)


def test_optimality_holds_for_separable_duplicate_and_strongly_weighted_data():
    generator = np.random.default_rng(2)
    X, y = random_problem(generator, 12, 20, 3)
    X = np.concatenate([X, X, X[:3]])
    y = np.concatenate([y, y, (y[:3] + 1) % 3])
    for strength in (1e-3, 1.0, 1e3, 1e6):
        fit = fit_softmax((strength * X @ X.T)[None], np.eye(3)[y][None], weights=np.full((1, len(y)), 7.0))
        assert fit.residual[0] <= 7e-9
        assert np.allclose(fit.dual[0], 7.0 * (np.eye(3)[y] - fit.probabilities[0]), atol=1e-8)


def test_warm_start_after_one_changed_grade_takes_fewer_steps():
    generator = np.random.default_rng(3)
    X, y = random_problem(generator, 25, 40, 6)
    kernel, changed = (5 * X @ X.T)[None], y.copy()
    changed[3] = (changed[3] + 1) % 6
    first = fit_softmax(kernel, np.eye(6)[y][None])
    cold = fit_softmax(kernel, np.eye(6)[changed][None])
    warm = fit_softmax(kernel, np.eye(6)[changed][None], start=first.dual)
    assert np.allclose(cold.dual, warm.dual, atol=1e-8)
    assert warm.steps[0] <= cold.steps[0]


def test_softmax_takes_huge_logits():
    assert np.allclose(softmax(np.array([[1e9, 0.0, NO_GRADE]])), [[1, 0, 0]])
