import numpy as np
import pytest

from encoders import Encoder
from grader import AnswerReader
from grader.artifact import BUNDLED, read_prior
from grader.evaluation import ReadQuestion, evaluate, kappa, supports
from grader.lexical import lexical_vectors
from grader.meta.lessons import lessons
from grader.rivals import RIVALS, maml_rival, train_maml
from synth.graded import GradedAnswer, GradedQuestion


class LetterEncoder(Encoder):
    """Letters as vectors: quick and deterministic."""

    name, dimension, content_hash = "letters", 26, "letters-1"

    def _encode(self, texts, role, progress):
        rows = np.array([[1 + text.lower().count(chr(97 + letter)) for letter in range(26)] for text in texts], float)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def question(seed, answers=26, maximum=3):
    generator = np.random.default_rng(seed)
    parts = ("water evaporates", "clouds form", "rain falls")
    graded = []
    for number in range(answers):
        known = generator.integers(0, 4)
        filler = "".join(generator.choice(list("xyzjkvw"), 12))
        graded.append(GradedAnswer(f"{' and '.join(parts[:known])} {filler} {number}", float(known)))
    reference = "Water evaporates, clouds form and rain falls."
    item = GradedQuestion(f"q{seed}", "Describe the water cycle.", "en", maximum, tuple(graded), (reference,))
    table = AnswerReader(item, LetterEncoder()).read([answer.text for answer in graded])
    return ReadQuestion("made", item, table)


def test_every_rival_grades_on_the_scale_and_beats_the_constant():
    items = [question(seed) for seed in range(3)]
    start = train_maml(lessons(items), steps=5, batch=4)
    rivals = [*RIVALS.values(), maml_rival(lambda source: start)]
    result = evaluate(items, rivals, support=15, seeds=2)
    assert result.graders == [rival.name for rival in rivals]
    for name in ("ridge", "ridge-evidence", "untrained", "logistic", "tfidf"):
        mean, low, _ = result.difference(name, "constant")
        assert mean > 0.2
        assert low <= mean
    assert 0 <= result.calibration["untrained"] <= 1
    assert result.as_json()["means"]["untrained"] == pytest.approx(result.mean("untrained"))
    with pytest.raises(ValueError, match="nothing to judge"):
        evaluate([question(9, answers=5)], rivals)


def test_supports_are_random_repeatable_and_leave_answers_to_judge():
    first, second = list(supports(30, 25, 3)), list(supports(30, 25, 3))
    for (fitted, judged), (again, _) in zip(first, second, strict=True):
        assert np.array_equal(fitted, again)
        assert len(fitted) == 22
        assert sorted([*fitted, *judged]) == list(range(30))


def test_kappa_of_fractional_grades():
    grades = np.array([0, 1.5, 3, 2.25])
    assert kappa(grades, grades) == 1
    assert kappa(grades, np.full(4, grades.mean())) == 0
    assert kappa(grades, 3 - grades) < 0


def test_an_answers_evidence_depends_on_its_own_text_alone():
    item = question(1)
    reader = AnswerReader(item.question, LetterEncoder())
    texts = item.texts[:5]
    together = reader.read(texts)
    for row, text in enumerate(texts):
        alone = reader.read([text])
        assert np.allclose(alone.signals[0], together.signals[row], atol=1e-6)
        assert np.array_equal(alone.lexical[0], together.lexical[row])


def test_letters_ignore_case_and_spacing_and_survive_any_text():
    rows = lexical_vectors(["Water  Cycle", "water cycle", "", "\ud800", "水", "🌧"])
    assert np.allclose(rows[0], rows[1])
    assert not rows[2].any()
    assert np.allclose(np.linalg.norm(rows[[0, 3, 4, 5]], axis=1), 1)


def test_the_bundled_prior_reads_and_learned_from_nothing_kept_for_evaluation():
    artifact = read_prior(BUNDLED)
    assert artifact.encoder_name == "e5"
    assert not [name for name in artifact.training["files"] if name.startswith("evaluate_only")]
    assert artifact.prior.mean_weights[0, 0] > 0, "closeness to a reference answer speaks for an answer"
