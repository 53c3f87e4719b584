"""Multinomial logistic regression as a scikit-learn estimator, fitted by Newton's method in the span of the
data.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from grader.newton import Floats, softmax
from grader.rows import fit_rows


class OnlineLogisticRegression(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Logistic regression for few samples in many dimensions: the same minimum as scikit-learn's, many times
    faster.

    Minimises ``sum_i s_i cross_entropy(y_i, p(x_i)) + ||coef||^2 / (2 C)``, the intercept unpenalised,
    exactly as `sklearn.linear_model.LogisticRegression(C=C)` does (with two classes: one weight vector). The
    unknowns are n x K, one number for every sample and class, see `grader.newton`.

    Parameters
    ----------
    C : float, default 1.0
        Inverse strength of the prior, above 0; larger trusts the data more.
    fit_intercept : bool, default True
        Whether to fit one unpenalised number per class.
    tol : float, default 1e-9
        Norm of a class's gradient, the longest row having length 1, that counts as solved.
    max_iter : int, default 100
        Newton steps at most.
    warm_start : bool, default False
        Begin from the last fit when the number of samples and the classes are the same: a changed grade costs
        a step or two.

    Attributes
    ----------
    classes_ : (K,) array
        The labels, sorted. One class only is allowed: it is then always predicted.
    coef_ : (K, d) array, or (1, d) for two classes
    intercept_ : (K,) array, or (1,) for two classes
    n_iter_ : (1,) array
        Newton steps taken.
    """

    _solution: tuple[Floats, Floats]

    def __init__(
        self,
        C: float = 1.0,
        *,
        fit_intercept: bool = True,
        tol: float = 1e-9,
        max_iter: int = 100,
        warm_start: bool = False,
    ) -> None:
        self.C = C
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to X (n, d) and labels y (n,), optionally weighted by sample_weight (n,), each at least 0.

        Raises
        ------
        ValueError
            C is not above 0, or X, y, sample_weight are not finite arrays of matching lengths.
        """
        if not self.C > 0:
            raise ValueError(f"C is {self.C!r}; it must be above 0")
        X, y, weights = self._checked(X, y, sample_weight)
        before = getattr(self, "classes_", None)
        self.classes_, labels = np.unique(y, return_inverse=True)
        grades = len(self.classes_)
        # With two classes one weight vector w replaces the pair (-w/2, w/2), whose squared norm is half of
        # |w|^2.
        scale = self.C / 2 if grades == 2 else self.C
        root = np.sqrt(scale)
        # With an unpenalised intercept, centring changes nothing but the intercept, and makes the problem easier.
        centre = X.mean(axis=0) if self.fit_intercept else np.zeros(X.shape[1])
        start = None
        if self.warm_start and before is not None and np.array_equal(before, self.classes_):
            known, intercept = self._solution
            if len(known) == len(X):
                start = known[None], intercept[None]
        fit = fit_rows(
            root * (X - centre)[None],
            np.eye(grades)[labels][None],
            weights=None if weights is None else weights[None],
            intercept=self.fit_intercept,
            start=start,
            tolerance=self.tol,
            max_steps=self.max_iter,
        )
        coefficients = root * fit.weights[0]
        intercept = fit.intercept[0] - centre @ coefficients
        self._solution = fit.dual[0], fit.intercept[0]
        if grades == 2:
            self.coef_ = coefficients.T[1:] - coefficients.T[:1]
            self.intercept_ = intercept[1:] - intercept[:1]
        else:
            self.coef_, self.intercept_ = coefficients.T.copy(), intercept
        self.n_iter_ = np.maximum(fit.steps, 1)
        return self

    def _checked(self, X: Any, y: Any, sample_weight: Any) -> tuple[Floats, npt.NDArray[Any], Floats | None]:
        """The three as scikit-learn checks them, and it remembers the number of columns.

        Its general checks take longer than the fit; plain arrays of finite numbers and whole labels need none of them.
        """
        if (
            sample_weight is None
            and type(X) is type(y) is np.ndarray
            and X.dtype == np.float64
            and X.ndim == 2
            and y.dtype.kind in "iu"
            and y.shape == X.shape[:1]
            and X.size
            and np.isfinite(X).all()
        ):
            self.n_features_in_ = X.shape[1]
            self.__dict__.pop("feature_names_in_", None)
            return X, y, None
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        return X, y, sample_weight

    def decision_function(self, X: Any) -> Floats:
        """Logits (n, K); for two classes (n,), positive for `classes_[1]`."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        logits: Floats = X @ self.coef_.T + self.intercept_
        return logits[:, 0] if len(self.classes_) == 2 else logits

    def predict_proba(self, X: Any) -> Floats:
        """Probabilities (n, K) in the order of `classes_`; every row sums to 1."""
        logits = self.decision_function(X)
        if logits.ndim == 1:
            logits = np.stack([np.zeros_like(logits), logits], axis=1)
        return softmax(logits)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """The most probable class of every row, (n,)."""
        best = self.predict_proba(X).argmax(axis=1)
        chosen: npt.NDArray[Any] = self.classes_[best]
        return chosen
