import subprocess
import sys

import numpy as np
import pytest

from grader import GradeScale, NotFittedError, QuestionGrader, grade_scale


def unit(generator, *shape):
    vectors = generator.normal(size=shape).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.mark.parametrize(
    ("grades", "maximum", "steps"),
    [
        ([0, 1], 1, 1),
        ([0, 0.5, 1], 1, 2),
        ([1, 3], 3, 3),
        ([1, 2.5], 5, 10),
        ([0, 10], 10, 10),
        ([20, 70, 100], 100, 10),
        ([25, 70], 100, 20),
        ([5.667], 100, 20),
        ([0.88], 1, 20),
        ([3.5, 0.5], 3.5, 7),
    ],
)
def test_scale_fits_the_grades_given(grades, maximum, steps):
    scale = grade_scale(grades, maximum)
    assert scale.steps == steps
    assert np.allclose(scale.targets(grades) @ scale.levels, grades)


def test_fractional_grade_is_shared_by_its_neighbours():
    targets = GradeScale(100, 20).targets([5.667])
    assert np.count_nonzero(targets) == 2
    assert np.isclose((targets @ GradeScale(100, 20).levels)[0], 5.667)


def test_learns_groups_of_answers_and_reports_consistent_estimates():
    generator = np.random.default_rng(0)
    centres = unit(generator, 3, 32)
    labels = generator.integers(0, 3, 60)
    vectors = centres[labels] + 0.4 * unit(generator, 60, 32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    grader = QuestionGrader(max_grade=2).fit(vectors[:25], labels[:25])
    estimates = grader.predict(vectors[25:])
    assert np.mean([item.grade == label for item, label in zip(estimates, labels[25:], strict=True)]) > 0.85
    for item in estimates:
        assert np.isclose(sum(item.probabilities), 1)
        assert item.grade in item.levels
        assert item.interval[0] <= item.most_probable_grade <= item.interval[1]
        assert 0 <= item.expected_grade <= 2


def test_one_answer_one_grade_and_duplicates_are_fine():
    generator = np.random.default_rng(1)
    vectors = unit(generator, 8, 16)
    single = QuestionGrader(max_grade=5).fit(vectors[:1], [4]).predict(vectors[:2])
    assert [item.most_probable_grade for item in single] == [4, 4]
    full = QuestionGrader(max_grade=5).fit(vectors, [5] * 8).predict(unit(generator, 3, 16))
    assert [item.grade for item in full] == [5, 5, 5]
    twice = np.concatenate([vectors, vectors])
    estimates = QuestionGrader(max_grade=1).fit(twice, [0] * 8 + [1] * 8).predict(vectors)
    assert all(np.isclose(item.expected_grade, 0.5, atol=1e-6) for item in estimates)


def test_wrong_use_is_explained():
    vectors = unit(np.random.default_rng(2), 3, 8)
    with pytest.raises(NotFittedError, match="fit first"):
        QuestionGrader(max_grade=1).predict(vectors)
    with pytest.raises(ValueError, match=r"grade 7 \(answer 2\) is outside 0 … 5"):
        QuestionGrader(max_grade=5).fit(vectors, [1, 7, 2])
    with pytest.raises(ValueError, match="one grade for every answer"):
        QuestionGrader(max_grade=5).fit(vectors, [1, 2])
    with pytest.raises(ValueError, match="at least one"):
        QuestionGrader(max_grade=5).fit(vectors[:0], [])
    with pytest.raises(ValueError, match="fitted on length 8"):
        QuestionGrader(max_grade=5).fit(vectors, [1, 2, 3]).predict(vectors[:, :4])


def test_serving_imports_neither_torch_nor_scikit_learn():
    code = "import sys, grader; sys.exit(any(name in sys.modules for name in ('torch', 'sklearn', 'scipy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
