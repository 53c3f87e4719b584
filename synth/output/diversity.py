"""How varied answers are: distinct-n, self-BLEU."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

Words = Sequence[str]
MOST_TEXTS = 40
"""self-BLEU compares every pair; of more answers the first so many are taken."""


def ngrams(words: Words, size: int) -> Counter[tuple[str, ...]]:
    """Counts of n-grams."""
    return Counter(tuple(words[at : at + size]) for at in range(len(words) - size + 1))


def self_bleu(texts: Sequence[Words], size: int = 4) -> float | None:
    """Mean BLEU of each text against all others (Zhu et al. 2018, Texygen): 0 all different, 1 all the same.

    Up to `size`-grams with add-one smoothing above unigrams (Lin and Och 2004), brevity penalty against the closest
    length. None for fewer than two texts with words.
    """
    kept = [list(text) for text in texts if text][:MOST_TEXTS]
    if len(kept) < 2:
        return None
    counts = [[ngrams(text, n) for n in range(1, size + 1)] for text in kept]
    return sum(_bleu(place, kept, counts, size) for place in range(len(kept))) / len(kept)


def _bleu(place: int, texts: Sequence[Words], counts: Sequence[Sequence[Counter[tuple[str, ...]]]], size: int) -> float:
    own = texts[place]
    others = [index for index in range(len(texts)) if index != place]
    logs = 0.0
    for n in range(size):
        grams = counts[place][n]
        clipped = 0
        for gram, count in grams.items():
            best = max(counts[other][n][gram] for other in others)
            clipped += min(count, best)
        smooth = 0 if n == 0 else 1
        total = max(0, len(own) - n) + smooth
        if clipped + smooth == 0 or total == 0:
            return 0.0
        logs += math.log((clipped + smooth) / total) / size
    closest = min((len(texts[other]) for other in others), key=lambda length: (abs(length - len(own)), length))
    penalty = 1.0 if len(own) >= closest else math.exp(1 - closest / len(own))
    return penalty * math.exp(logs)
