"""The suite's statistics. Every function states what it assumes, and nothing vanishes at zero events.

`rates`: exact bounds of a rate. `clustered`: bounds that know that answers to one question go together. `paired`: two
runs on the same cases, and answers beside the answer they were made from. `multiple`: many tests at once. `power`: what
a run of a given size can show. `agreement`: how well grades are given.
"""

from eval.statistics.agreement import mean_over_questions, quadratic_weighted_kappa
from eval.statistics.clustered import ASSUMED_ICC, ClusteredRate, clustered_rate, intraclass_correlation
from eval.statistics.multiple import holm
from eval.statistics.paired import McNemar, PairedDifference, mcnemar, paired_difference
from eval.statistics.power import attempts_to_show, detectable_regression, power_of_mcnemar
from eval.statistics.rates import exact_interval, lower_bound, p_above, upper_bound

__all__ = [
    "ASSUMED_ICC",
    "ClusteredRate",
    "McNemar",
    "PairedDifference",
    "attempts_to_show",
    "clustered_rate",
    "detectable_regression",
    "exact_interval",
    "holm",
    "intraclass_correlation",
    "lower_bound",
    "mcnemar",
    "mean_over_questions",
    "p_above",
    "paired_difference",
    "power_of_mcnemar",
    "quadratic_weighted_kappa",
    "upper_bound",
]
