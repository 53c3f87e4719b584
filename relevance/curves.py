"""What a gate does at every threshold, and at its own: by family, by language, and how far to trust P(relevant)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relevance.calibration import expected_calibration_error
from relevance.episodes import GENUINE
from relevance.rates import Share
from relevance.scored import ScoredAnswers

FALSE_REJECTION_RATES = (0.005, 0.01, 0.02, 0.05)
CURVE_RATES = tuple(float(rate) for rate in np.geomspace(0.001, 1.0, 61))
LANGUAGE_MARGIN = 0.02
"""A language this much worse than the mean of all languages is marked."""
BINS = 10


@dataclass(frozen=True)
class RejectionCurve:
    """How much of some negatives is turned away at each rate of false rejection in `CURVE_RATES`.

    `at`: the same at FALSE_REJECTION_RATES. `auc`: area under the ROC curve, the chance that a genuine answer gets a
    higher P(relevant) than a negative (ties count half). `negatives`, `genuine`: how many rows are behind it.
    """

    name: str
    rejected: tuple[float, ...]
    at: tuple[float, ...]
    auc: float
    negatives: int
    genuine: int


@dataclass(frozen=True)
class LanguageCheck:
    """One language at the gate's own threshold. A rate is marked when it is worse than the mean by LANGUAGE_MARGIN."""

    language: str
    false_rejection: Share
    rejection: float
    negatives: int
    false_rejection_marked: bool
    rejection_marked: bool


@dataclass(frozen=True)
class LanguageTable:
    """All languages, with the plain means over them that each is held against."""

    rows: tuple[LanguageCheck, ...]
    mean_false_rejection: float
    mean_rejection: float


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers whose P(relevant) lies in one tenth: their mean P and the share that is relevant."""

    predicted: float
    observed: float
    count: int


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram (genuine and negative rows weighing the same) and its expected calibration error."""

    bins: tuple[ReliabilityBin, ...]
    error: float


@dataclass(frozen=True)
class HonestRates:
    """Honest answers turned away: those a teacher gave credit, those graded 0, and each kind of hard benign answer."""

    credited: Share
    graded_zero: Share
    benign: dict[str, Share]


def family_curves(scored: ScoredAnswers, rows: NDArray[np.bool_]) -> list[RejectionCurve]:
    """One curve for each negative family, against all genuine answers of these rows; the hardest first."""
    genuine = scored.score[rows & scored.genuine]
    curves = []
    for family in np.unique(scored.family[rows & ~scored.genuine]):
        negatives = scored.score[rows & (scored.family == family)]
        curves.append(rejection_curve(str(family), genuine, negatives))
    return sorted(curves, key=lambda curve: (curve.at[1], curve.auc))


def language_curves(scored: ScoredAnswers, rows: NDArray[np.bool_]) -> list[RejectionCurve]:
    """One curve for each language, its families weighing the same, against its own genuine answers; the worst first."""
    curves = []
    for language in np.unique(scored.language[rows]):
        own = rows & (scored.language == language)
        if (own & scored.genuine).any() and (own & ~scored.genuine).any():
            curves.append(mean_curve(str(language), family_curves(scored, own)))
    return sorted(curves, key=lambda curve: (curve.at[1], curve.auc))


def rejection_curve(name: str, genuine: NDArray[np.float64], negatives: NDArray[np.float64]) -> RejectionCurve:
    """The curve of some negatives' scores against genuine answers' scores.

    A threshold at rate r turns away at most the share r of the genuine answers (`score < threshold`).

    Raises:
        ValueError: one of the two is empty.
    """
    if not len(genuine) or not len(negatives):
        raise ValueError(f"{name}: a curve needs genuine answers and negatives")
    ordered, below = np.sort(genuine), np.sort(negatives)

    def rejected(rates: Sequence[float]) -> tuple[float, ...]:
        places = np.floor(np.asarray(rates) * len(ordered)).astype(int)
        thresholds = np.append(ordered, np.inf)[np.minimum(places, len(ordered))]
        return tuple((np.searchsorted(below, thresholds, side="left") / len(below)).tolist())

    lower = np.searchsorted(below, genuine, side="left") + np.searchsorted(below, genuine, side="right")
    auc = float(lower.mean() / (2 * len(below)))
    return RejectionCurve(name, rejected(CURVE_RATES), rejected(FALSE_REJECTION_RATES), auc, len(below), len(ordered))


def mean_curve(name: str, curves: Sequence[RejectionCurve]) -> RejectionCurve:
    """The plain mean of curves: every family counts alike."""
    return RejectionCurve(
        name,
        tuple(np.mean([curve.rejected for curve in curves], axis=0).tolist()),
        tuple(np.mean([curve.at for curve in curves], axis=0).tolist()),
        float(np.mean([curve.auc for curve in curves])),
        sum(curve.negatives for curve in curves),
        curves[0].genuine,
    )


def language_table(scored: ScoredAnswers, rows: NDArray[np.bool_]) -> LanguageTable:
    """Every language at the gate's own threshold, which is the same for all."""
    found = []
    for language in np.unique(scored.language[rows]):
        own = rows & (scored.language == language)
        genuine, negatives = own & scored.genuine, own & ~scored.genuine
        families = [
            scored.rejected[negatives & (scored.family == name)].mean() for name in np.unique(scored.family[negatives])
        ]
        share = Share(int(scored.rejected[genuine].sum()), int(genuine.sum()))
        found.append((str(language), share, float(np.mean(families)) if families else 0.0, int(negatives.sum())))
    price = float(np.mean([share.rate for _, share, _, _ in found])) if found else 0.0
    gain = float(np.mean([rejection for _, _, rejection, _ in found])) if found else 0.0
    return LanguageTable(
        tuple(
            LanguageCheck(
                language,
                share,
                rejection,
                negatives,
                share.rate > price + LANGUAGE_MARGIN,
                rejection < gain - LANGUAGE_MARGIN,
            )
            for language, share, rejection, negatives in found
        ),
        price,
        gain,
    )


def reliability(scored: ScoredAnswers, rows: NDArray[np.bool_]) -> Reliability:
    """Of those that no guard turned away. Both sides weigh the same, as in calibration; no corpus has the true mix."""
    rows = rows & (scored.guard == "")
    probabilities, genuine = scored.relevance[rows], scored.genuine[rows]
    if genuine.all() or not genuine.any():
        return Reliability((), 0.0)
    weights = np.where(genuine, 0.5 / genuine.mean(), 0.5 / (1 - genuine.mean()))
    place = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    bins = []
    for number in range(BINS):
        inside = place == number
        if inside.any():
            total = weights[inside].sum()
            bins.append(
                ReliabilityBin(
                    float((probabilities[inside] * weights[inside]).sum() / total),
                    float(weights[inside & genuine].sum() / total),
                    int(inside.sum()),
                )
            )
    return Reliability(tuple(bins), expected_calibration_error(probabilities, genuine))


def honest_rates(scored: ScoredAnswers, rows: NDArray[np.bool_]) -> HonestRates:
    """False rejections by what they cost: one of an answer graded 0 (often "I don't know") costs nobody a point."""

    def share(of: NDArray[np.bool_]) -> Share:
        return Share(int(scored.rejected[rows & of].sum()), int((rows & of).sum()))

    graded = scored.family == GENUINE
    kinds = np.unique(scored.family[rows & scored.genuine & ~graded])
    return HonestRates(
        share(graded & (scored.credit > 0)),
        share(graded & (scored.credit == 0)),
        {str(kind): share(scored.family == kind) for kind in kinds},
    )
