"""Adaptation descends on a question's labelled answers, and does nothing where nothing helps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from relevance.adaptation import _descend, _loss, adapt
from relevance.model import RelevanceModel, Standardisation

WIDTH, FEATURES, INTERACTIONS = 5, 4, 3


def model(seed: int = 0) -> RelevanceModel:
    random = np.random.default_rng(seed)
    return RelevanceModel(
        Standardisation(np.zeros(FEATURES, np.float32), np.ones(FEATURES, np.float32)),
        (
            random.normal(size=(WIDTH, FEATURES + INTERACTIONS)).astype(np.float32),
            random.normal(size=(1, WIDTH)).astype(np.float32),
        ),
        (random.normal(size=WIDTH).astype(np.float32), random.normal(size=1).astype(np.float32)),
    )


def answers(seed: int, count: int = 40) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    random = np.random.default_rng(seed)
    features = random.normal(size=(count, FEATURES)).astype(np.float32)
    interactions = random.normal(size=(count, INTERACTIONS)).astype(np.float32)
    return features, interactions, features[:, 0] + interactions[:, 0] > 0


def test_a_step_follows_the_gradient() -> None:
    features, interactions, relevant = answers(1)
    before = model()
    inputs = before.inputs(features, interactions)
    after = _descend(before, inputs, relevant, 1.0, 1)[-1]
    for layer in range(2):
        for place in np.ndindex(before.weights[layer].shape):
            nudge = np.zeros_like(before.weights[layer], dtype=np.float64)
            nudge[place] = 1e-3

            def loss(sign: int, layer: int = layer, nudge: NDArray[np.float64] = nudge) -> float:
                weights = list(before.weights)
                weights[layer] = (weights[layer] + sign * nudge).astype(np.float32)
                return _loss(replace(before, weights=tuple(weights)), inputs, relevant)

            slope = (loss(1) - loss(-1)) / 2e-3
            assert before.weights[layer][place] - after.weights[layer][place] == pytest.approx(slope, abs=2e-3)


def test_labelled_answers_teach_what_others_need() -> None:
    features, interactions, relevant = answers(1)
    new_features, new_interactions, new_relevant = answers(2, 400)
    adapted = adapt([model(0), model(1)], features, interactions, relevant, seed=0, learning_rate=0.3, most_steps=60)
    assert all(steps > 0 for steps in adapted.steps)
    for before, after in zip((model(0), model(1)), adapted.models, strict=True):
        inputs = before.inputs(new_features, new_interactions)
        assert _loss(after, inputs, new_relevant) < _loss(before, inputs, new_relevant)


def test_no_step_is_taken_where_every_step_hurts() -> None:
    features, interactions, relevant = answers(1)
    good = model()
    for _ in range(3):
        good = adapt([good], features, interactions, relevant, seed=0, learning_rate=0.3, most_steps=200).models[0]
    # Steps so long that they overshoot: the held-back answers see it.
    adapted = adapt([good], features, interactions, relevant, seed=0, learning_rate=500.0, most_steps=5)
    assert adapted.steps == (0,)
    np.testing.assert_array_equal(adapted.models[0].weights[0], good.weights[0])


def test_labels_of_one_side_are_refused() -> None:
    features, interactions, relevant = answers(1)
    with pytest.raises(ValueError, match="relevant and irrelevant"):
        adapt([model()], features, interactions, np.ones_like(relevant), seed=0)
