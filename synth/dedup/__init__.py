"""dedup finds texts that say the same with almost the same words, within a question or in a corpus of millions."""

from synth.dedup.pairs import NearDuplicates
from synth.dedup.shingles import jaccard, shingles

__all__ = ["NearDuplicates", "jaccard", "shingles"]
