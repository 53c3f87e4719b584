"""Logistic regression as the libraries offer it: fixed strength, cross-validated strength, on TF-IDF."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from grader.levels import Floats
from grader.rivals.base import Graded, Rival, Task

GOOD_C = 1000.0
"""Best of 1 … 10,000 for sentence vectors in a narrow cone, on average over five data sets."""


def expected_grades(task: Task, model: Any, support: Any, query: Any) -> Graded:
    """Fit a classifier on the grades as labels and give the level nearest to the expected grade."""
    labels, positions = np.unique(task.grades, return_inverse=True)
    if len(labels) == 1:
        return Graded(task.scale.nearest(np.full(len(task.query), labels[0])))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(support, positions)
    probabilities: Floats = model.predict_proba(query)
    return Graded(task.scale.nearest(probabilities @ labels[model.classes_]))


def _fixed(task: Task) -> Graded:
    from grader.estimator import OnlineLogisticRegression

    model = OnlineLogisticRegression(C=GOOD_C)
    return expected_grades(task, model, task.support.vectors, task.query.vectors)


def _cross_validated(task: Task) -> Graded:
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.model_selection import KFold

    model = LogisticRegressionCV(
        Cs=np.logspace(0, 4, 5),
        cv=KFold(4, shuffle=True, random_state=0),
        scoring="neg_log_loss" if len(np.unique(task.grades)) < 3 else "accuracy",
        max_iter=300,
        tol=1e-3,
        use_legacy_attributes=False,
        l1_ratios=(0.0,),
    )
    try:
        return expected_grades(task, model, task.support.vectors, task.query.vectors)
    except ValueError:
        # A grade that occurs once is missing from some fold, and then the library declines.
        return _fixed(task)


def _tfidf(task: Task) -> Graded:
    from sklearn.feature_extraction.text import TfidfVectorizer

    from grader.estimator import OnlineLogisticRegression

    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
    try:
        support = vectorizer.fit_transform(task.support_texts).toarray()
    except ValueError:
        return Graded(task.scale.nearest(np.full(len(task.query), task.grades.mean())))
    query = vectorizer.transform(task.query_texts).toarray()
    return expected_grades(task, OnlineLogisticRegression(C=30.0), support, query)


LOGISTIC = Rival("logistic", f"logistic regression, C = {GOOD_C:g}, expected grade", _fixed)
LOGISTIC_CV = Rival("logistic-cv", "LogisticRegressionCV over C = 1 … 10,000, expected grade", _cross_validated)
TFIDF = Rival("tfidf", "logistic regression on TF-IDF of character n-grams, expected grade", _tfidf)
