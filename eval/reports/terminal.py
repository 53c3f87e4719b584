"""The result as a few lines for a terminal."""

from __future__ import annotations

from collections import defaultdict

from eval.results import Rate, SuiteResult

WORST = 8


def summary_lines(result: SuiteResult) -> list[str]:
    """Totals, the families that leak most, and the price in honest answers."""
    lines = [
        f"target      {result.target}",
        f"questions   {result.settings.get('questions', '?')}, up to {result.settings['support']} graded answers each",
    ]
    names = {"must_reject": "nonsense graded above 0", "must_not_gain": "gained by a trick", "must_not_move": "moved"}
    for tier, meaning in names.items():
        rate = result.total(tier)
        if rate.attempts:
            lines.append(f"{tier:<14} {_told(rate)}  {meaning}")
    lines.append(f"{'genuine':<14} {_told(result.genuine)}  honest answers turned away")
    quality = result.grading
    lines.append(
        f"{'grading':<14} quadratic weighted kappa {quality.qwk:.3f} (constant grade {quality.qwk_constant:.3f}), "
        f"mean error {quality.mae:.1%} of the maximum, {quality.answers} answers"
    )
    worst = sorted(_by_family(result).items(), key=lambda item: -item[1].rate)[:WORST]
    leaking = [(name, rate) for name, rate in worst if rate.events]
    if leaking:
        lines.append("must_reject families that leak most:")
        lines.extend(f"  {name:<26} {_told(rate)}" for name, rate in leaking)
    return lines


def _by_family(result: SuiteResult) -> dict[str, Rate]:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for family in result.families:
        if family.tier == "must_reject":
            counts[family.name][0] += family.leaks.events
            counts[family.name][1] += family.leaks.attempts
    return {name: Rate(events, attempts) for name, (events, attempts) in counts.items()}


def _told(rate: Rate) -> str:
    return f"{rate.events:>6} of {rate.attempts:<6} {rate.rate:>7.2%}  (at 95 % at most {rate.upper95:.2%})"
