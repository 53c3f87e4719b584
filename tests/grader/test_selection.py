import numpy as np
import pytest

from grader import QuestionGrader
from grader.calibration import expected_calibration_error
from grader.reading import matched_reading
from grader.selection import calibrate_abstention, expected_error, next_to_grade


def unit(generator, *shape):
    vectors = generator.normal(size=shape)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_posterior_covariance_equals_the_full_matrix_formula():
    generator = np.random.default_rng(0)
    vectors, grades = unit(generator, 9, 5), np.arange(9) % 3
    grader = QuestionGrader(max_grade=2).fit(vectors[:6], grades[:6])
    covariance, noise = grader.posterior_covariance(vectors[6:])
    assert np.allclose(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9
    already, _ = grader.posterior_covariance(vectors[:6])
    assert (np.diag(already) > 0).all()
    assert (noise > 0).all()
    more = QuestionGrader(max_grade=2).fit(vectors[:6], grades[:6], weights=np.full(6, 1e-6))
    prior, _ = more.posterior_covariance(vectors[6:])
    assert (np.diag(prior) >= np.diag(covariance) - 1e-9).all()


def test_asks_about_the_unknown_group_first():
    generator = np.random.default_rng(1)
    known, unknown = unit(generator, 8), unit(generator, 8)
    graded = known + 0.05 * generator.normal(size=(10, 8))
    grader = QuestionGrader(max_grade=2).fit(graded, np.arange(10) % 3)
    pool = np.concatenate(
        [known + 0.05 * generator.normal(size=(6, 8)), unknown + 0.05 * generator.normal(size=(6, 8))]
    )
    assert next_to_grade(grader, pool) >= 6
    with pytest.raises(ValueError, match="no ungraded answer"):
        next_to_grade(grader, pool[:0])


def test_abstention_keeps_the_error_rate_on_the_calibration_answers():
    generator = np.random.default_rng(2)
    expected = generator.uniform(0, 0.5, 400)
    actual = expected * generator.uniform(0, 2, 400)
    rule = calibrate_abstention(expected, actual, 0.1)
    kept = expected <= rule.limit
    assert actual[kept].mean() <= 0.1
    assert kept.mean() == pytest.approx(rule.kept)
    assert calibrate_abstention(expected, actual + 1, 0.1).kept == 0
    error = expected_error(np.array([[0.5, 0.5, 0.0]]), np.array([0.0, 1.0, 2.0]), np.array([1.0]))
    assert error[0] == pytest.approx(0.5)


def test_calibration_error_of_honest_and_of_boastful_probabilities():
    generator = np.random.default_rng(3)
    confidence = generator.uniform(0.3, 1, 20000)
    hits = (generator.uniform(size=20000) < confidence).astype(float)
    assert expected_calibration_error(confidence, hits) < 0.02
    assert expected_calibration_error(np.ones(100), np.full(100, 0.6)) == pytest.approx(0.4)


def test_reading_matches_the_teachers_spread():
    grades, timid = np.array([0.0, 1, 2, 3, 4, 0, 4, 2] * 4), np.array([1.5, 1.75, 2, 2.25, 2.5, 1.5, 2.5, 2] * 4)
    reading = matched_reading(grades, timid, 1.0)
    assert 2 < reading.factor <= 3
    assert matched_reading(grades, timid, 0.0).factor == 1
    assert matched_reading(grades[:1], timid[:1], 1.0).factor == 1
