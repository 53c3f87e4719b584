import numpy as np
import pytest
import torch

from grader import AnswerTable, GraderPrior, QuestionGrader
from grader.answers import SIGNALS
from grader.meta import MetaConfig, MetaQuestion, fit_dual, meta_train, sample_episodes
from grader.meta.episodes import stack_episodes
from grader.meta.training import episode_loss


def made_question(generator, answers=16, maximum=4, width=12, source="made"):
    grades = generator.integers(0, maximum + 1, answers).astype(float)
    quality = grades[:, None] / maximum
    vectors = generator.normal(size=(answers, width)) + 2 * quality * np.linspace(-1, 1, width)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    letters = np.abs(generator.normal(size=(answers, 40)))
    letters /= np.linalg.norm(letters, axis=1, keepdims=True)
    signals = generator.normal(scale=0.2, size=(answers, len(SIGNALS))) + 0.3 * quality
    table = AnswerTable(vectors.astype(np.float32), letters.astype(np.float32), signals.astype(np.float32))
    return MetaQuestion(source, table, grades, maximum)


def rich_prior(generator, width=12):
    signals = len(SIGNALS)
    return GraderPrior(
        log_precision=0.3 * generator.normal(size=width),
        projection=0.2 * generator.normal(size=(width, 3)),
        log_signal_scale=0.3 * generator.normal(size=signals),
        mean_weights=0.1 * generator.normal(size=(signals, 3)),
        log_basis_scale=np.log([3.0, 1.5, 0.7]),
        log_temperature=np.array([0.2]),
    )


def test_hypergradients_equal_central_differences_for_every_meta_parameter():
    generator = np.random.default_rng(0)
    prior = rich_prior(generator)
    questions = [made_question(generator, maximum=maximum) for maximum in (1, 4, 20)]
    rows = np.arange(16)
    episodes = stack_episodes([(item, rows[:10], rows[10:]) for item in questions], prior)
    values = {name: torch.from_numpy(value.copy()) for name, value in prior.learned().items()}

    def loss(parameters):
        return episode_loss(parameters, episodes).sum()

    leaves = {name: value.clone().requires_grad_() for name, value in values.items()}
    loss(leaves).backward()
    for name, value in values.items():
        direction = torch.from_numpy(generator.normal(size=value.shape))
        step = 1e-5
        ahead = loss({**values, name: value + step * direction}).item()
        behind = loss({**values, name: value - step * direction}).item()
        numeric = (ahead - behind) / (2 * step)
        exact = (leaves[name].grad * direction).sum().item()
        assert exact == pytest.approx(numeric, rel=1e-6, abs=1e-8), name


@pytest.mark.parametrize("with_basis", [True, False])
def test_fit_is_differentiable_in_every_input(with_basis):
    generator = np.random.default_rng(1)
    features = torch.from_numpy(generator.normal(size=(2, 6, 3)))
    targets = torch.softmax(torch.from_numpy(generator.normal(size=(2, 6, 4))), dim=-1)
    offsets = torch.from_numpy(generator.normal(size=(2, 6, 4)))
    weights = torch.from_numpy(generator.uniform(0.5, 2, size=(2, 6)))
    basis = torch.from_numpy(generator.normal(size=(2, 4, 2)))

    def fit(features, targets, offsets, weights, basis):
        kernel = features @ features.transpose(-1, -2)
        chosen = basis if with_basis else None
        dual = fit_dual(kernel, targets, offsets=offsets, weights=weights, basis=chosen, tolerance=1e-13)
        return kernel @ dual

    inputs = [item.requires_grad_() for item in (features, targets, offsets, weights, basis)]
    assert torch.autograd.gradcheck(fit, inputs, eps=1e-6, atol=1e-7, rtol=1e-5)


def test_the_training_loss_is_what_the_grader_gets():
    generator = np.random.default_rng(2)
    prior = rich_prior(generator)
    question = made_question(generator, answers=14, maximum=20)
    rows = np.arange(14)
    episodes = stack_episodes([(question, rows[:9], rows[9:])], prior)
    values = {name: torch.from_numpy(value) for name, value in prior.learned().items()}
    grader = QuestionGrader(max_grade=20, prior=prior, scale=question.scale)
    grader.fit(question.answers.take(rows[:9]), question.grades[:9])
    probabilities = grader.probabilities(question.answers.take(rows[9:]))
    targets = question.scale.targets(question.grades[9:])
    by_grader = -(targets * np.log(probabilities)).sum(axis=1).mean()
    assert episode_loss(values, episodes).item() == pytest.approx(by_grader, rel=1e-6)


def test_meta_training_lowers_the_loss_on_questions_it_never_saw_and_is_deterministic():
    generator = np.random.default_rng(3)
    questions = [made_question(generator, source=f"set {index % 3}") for index in range(30)]
    config = MetaConfig(steps=50, batch=12, learning_rate=0.05)
    result = meta_train(questions, config)
    losses = dict(result.validation_loss)
    assert min(losses.values()) < 0.95 * losses[0]
    again = meta_train(questions, config)
    for name, value in result.prior.learned().items():
        assert np.array_equal(value, again.prior.learned()[name])


def test_episodes_need_no_full_question_and_repeat_by_seed():
    generator = np.random.default_rng(4)
    questions = [made_question(generator, answers=size) for size in (3, 6, 40)]
    first = sample_episodes(questions, 20, GraderPrior(), np.random.default_rng(9))
    second = sample_episodes(questions, 20, GraderPrior(), np.random.default_rng(9))
    assert np.array_equal(first.query_targets, second.query_targets)
    assert (first.support_weights.sum(axis=1) >= 1).all()
    assert np.allclose(first.query_weights.sum(axis=1), 1)
    with pytest.raises(ValueError, match="meta-training needs 2"):
        meta_train(questions[:1])
