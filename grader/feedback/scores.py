"""How close feedback is to what a human wrote: BLEU, ROUGE, similarity of sentence vectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from encoders import Encoder
from grader.errors import UsageError
from synth.text import folded_words


@dataclass(frozen=True)
class FeedbackScores:
    """Means over answers (BLEU: over the corpus). BLEU is 0 … 100, the others 0 … 1 (similarity: -1 … 1)."""

    answers: int
    bleu: float
    rouge1: float
    rouge2: float
    rouge_l: float
    similarity: float


def feedback_scores(written: Sequence[str], human: Sequence[str], encoder: Encoder) -> FeedbackScores:
    """Scores of written feedback against one human reference each.

    Raises:
        UsageError: sacrebleu is not installed.
        ValueError: the lengths differ, or there is nothing.
    """
    if len(written) != len(human) or not written:
        raise ValueError(f"{len(written)} written and {len(human)} human texts; give one of each for every answer")
    try:
        from sacrebleu import corpus_bleu
    except ImportError:
        raise UsageError("BLEU needs `pip install answergate[feedback]` (sacrebleu)") from None
    pairs = [(folded_words(one), folded_words(other)) for one, other in zip(written, human, strict=True)]
    vectors = encoder.encode(list(written), role="answer"), encoder.encode(list(human), role="answer")
    return FeedbackScores(
        answers=len(pairs),
        bleu=float(corpus_bleu(list(written), [list(human)]).score),
        rouge1=float(np.mean([rouge_n(one, other, 1) for one, other in pairs])),
        rouge2=float(np.mean([rouge_n(one, other, 2) for one, other in pairs])),
        rouge_l=float(np.mean([rouge_l(one, other) for one, other in pairs])),
        similarity=float(np.einsum("nd,nd->n", *vectors).mean()),
    )


def rouge_n(written: Sequence[str], human: Sequence[str], size: int) -> float:
    """F1 of the n-grams in common (Lin, ROUGE, 2004), over folded words without stemming."""
    first, second = (
        Counter(tuple(words[start : start + size]) for start in range(len(words) - size + 1))
        for words in (written, human)
    )
    return _f1(sum((first & second).values()), sum(first.values()), sum(second.values()))


def rouge_l(written: Sequence[str], human: Sequence[str]) -> float:
    """F1 of the longest common subsequence of words (Lin, ROUGE, 2004)."""
    lengths = [0] * (len(human) + 1)
    for word in written:
        diagonal = 0
        for place, other in enumerate(human, 1):
            kept = lengths[place]
            lengths[place] = diagonal + 1 if word == other else max(lengths[place], lengths[place - 1])
            diagonal = kept
    return _f1(lengths[-1], len(written), len(human))


def _f1(common: int, written: int, human: int) -> float:
    return 2 * common / (written + human) if common else 0.0
