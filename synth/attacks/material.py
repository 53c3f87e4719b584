"""What one question offers an attacker, worked out once: its words, key terms, models, and what would earn a grade."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache

import regex

from synth.attacks.languages import Language, language_data, language_for, primary
from synth.attacks.ngrams import NGramModel
from synth.attacks.scripts import graphemes, is_unspaced, normal, split_tokens
from synth.graded import GradedAnswer, GradedQuestion

KEPT_QUESTIONS = 1024
MEDIAN_LENGTH = 44
"""Characters of a random answer where no answer is known: the median answer of the ASAP questions (Ding et al.)."""
TERSE_WORDS = 3
TERSE_WITHOUT_FUNCTION_WORDS = 12
TERSE_SHARE = 0.05
"""Share of the good answers from which bare terms count as accepted."""
MODEL_UNITS = 8_000
"""Units a model reads at most; more answers would not make its texts any different."""

Token = tuple[str, bool]
HIRAGANA_ONLY = regex.compile(r"[\p{Hiragana}ー]+")
"""In Japanese these are endings and particles far more often than content."""


class Material:
    """Everything the families derive from one question; each part is computed when first needed."""

    def __init__(self, question: GradedQuestion) -> None:
        self.question = question
        self.language: Language = language_for(question)
        self._tokens: dict[str, tuple[Token, ...]] = {}

    @cached_property
    def accepted(self) -> frozenset[str]:
        """Primary subtags of the languages an answer may be in."""
        return frozenset(map(primary, (self.question.language, *self.question.accepted_languages)))

    @cached_property
    def answers(self) -> tuple[GradedAnswer, ...]:
        """Graded answers that hold at least one letter or digit, each text once."""
        unique = {answer.text: answer for answer in self.question.answers if normal(answer.text)}
        return tuple(unique.values())

    @cached_property
    def credited(self) -> tuple[GradedAnswer, ...]:
        """Answers graded above 0."""
        return tuple(answer for answer in self.answers if answer.grade > 0)

    @cached_property
    def best(self) -> tuple[GradedAnswer, ...]:
        """The answers with the highest grade given, and the references as full-credit answers."""
        top = max((answer.grade for answer in self.credited), default=None)
        given = [answer for answer in self.credited if answer.grade == top]
        known = {answer.text for answer in given}
        given.extend(
            GradedAnswer(text, self.question.max_grade)
            for text in self.question.references
            if text not in known and normal(text)
        )
        return tuple(given)

    @cached_property
    def weak(self) -> tuple[GradedAnswer, ...]:
        """Wrong and partial answers: graded below the highest possible grade."""
        return tuple(answer for answer in self.answers if answer.grade < self.question.max_grade)

    @cached_property
    def honest(self) -> tuple[GradedAnswer, ...]:
        """Answers to disturb: those graded above 0, else any."""
        return self.credited or self.answers

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """References and answers, the credited first, without repeats."""
        ordered = (*self.question.references, *(a.text for a in self.credited), *(a.text for a in self.answers))
        return tuple(dict.fromkeys(ordered))

    def tokens(self, text: str) -> tuple[Token, ...]:
        """`split_tokens` in the question's language, remembered for this question's own texts."""
        found = self._tokens.get(text)
        if found is None:
            known = self.language.stop_words if self.language.spaced else self.language.known_words
            found = self._tokens[text] = tuple(split_tokens(text, known))
        return found

    def words(self, text: str) -> list[str]:
        """The words of one of this question's texts."""
        return [piece for piece, is_word in self.tokens(text) if is_word]

    def is_content(self, word: str) -> bool:
        """Whether a word carries meaning: no function word, no single letter, no number."""
        if self.language.code == "ja" and HIRAGANA_ONLY.fullmatch(word):
            return False
        folded = word.casefold()
        shortest = 3 if self.language.spaced and word.isascii() else 2
        return len(folded) >= shortest and folded not in self.language.stop_words and not folded.isnumeric()

    @cached_property
    def median_length(self) -> int:
        lengths = sorted(len(graphemes(answer.text)) for answer in self.answers)
        return max(8, lengths[len(lengths) // 2]) if lengths else MEDIAN_LENGTH

    @cached_property
    def median_words(self) -> int:
        lengths = sorted(len(self.words(answer.text)) for answer in self.answers)
        return max(5, lengths[len(lengths) // 2]) if lengths else 12

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Words of the question and its answers, without case."""
        texts = (self.question.text, *self.texts)
        return frozenset(word.casefold() for text in texts for word in self.words(text))

    @cached_property
    def topics(self) -> tuple[str, ...]:
        """Up to four content words of the question, those that answers use first: what it is about. Never empty."""
        pieces = self.words(self.question.text)
        content = [self.language.without_particle(word) for word in pieces if self.is_content(word)]
        if self.language.code == "de":
            content = [word for word in content if word[0].isupper()] or content
        answered = {word.casefold() for text in self.texts for word in self.words(text)}
        ranked = sorted(dict.fromkeys(content), key=lambda word: (word.casefold() not in answered, -len(word)))[:4]
        return tuple(ranked) or tuple(sorted(pieces, key=lambda word: -len(word))[:1]) or (self.question.text.strip(),)

    @cached_property
    def content_counts(self) -> Counter[str]:
        """How often each content word stands in the question and its answers."""
        counts: Counter[str] = Counter()
        for text in (self.question.text, *self.texts[:200]):
            counts.update(word for word in self.words(text) if self.is_content(word))
        return counts

    @cached_property
    def key_terms(self) -> tuple[str, ...]:
        """Content words of the references (or best answers): first those that are not in the question, by frequency."""
        sources = self.question.references or tuple(answer.text for answer in self.best[:20])
        drop = self.language.without_particle
        words = [drop(word) for text in sources for word in self.words(text) if self.is_content(word)]
        own = {normal(text) for text in (answer.text for answer in self.credited)}
        unique = [word for word in dict.fromkeys(words) if normal(word) not in own]
        asked = {word.casefold() for word in self.words(self.question.text)}
        ranked = sorted(unique, key=lambda word: (word.casefold() in asked, -self.content_counts[word]))
        return tuple(ranked[:40])

    @cached_property
    def accepts_bare_terms(self) -> bool:
        """Whether students get credit for a few words without a sentence; a heap of terms is then no nonsense."""
        if any(self._is_terse(text) for text in self.question.references):
            return True
        good = [answer for answer in self.credited if 2 * answer.grade >= self.question.max_grade]
        return sum(self._is_terse(answer.text) for answer in good) > TERSE_SHARE * len(good)

    def _is_terse(self, text: str) -> bool:
        words = self.words(text)
        if len(words) <= TERSE_WORDS:
            return True
        stop_words = self.language.stop_words
        if not stop_words or len(words) > TERSE_WITHOUT_FUNCTION_WORDS:
            return False
        return not any(word.casefold() in stop_words for word in words)

    @cached_property
    def short_answers(self) -> tuple[str, ...]:
        """Credited answers and references of a few words in normal form: a text that holds one may earn a grade."""
        texts = (*(answer.text for answer in self.credited), *self.question.references)
        short = dict.fromkeys(normal(text) for text in texts if len(graphemes(text)) <= 40)
        return tuple(text for text in short if text)

    def holds_answer(self, text: str) -> bool:
        """Whether a short credited answer stands in the text, so that the text might deserve a grade."""
        found = normal(text)
        if not self.language.spaced:
            return any(answer in found for answer in self.short_answers)
        padded = f" {found} "
        return any(f" {answer} " in padded for answer in self.short_answers)

    @cached_property
    def graded_normals(self) -> frozenset[str]:
        return frozenset(normal(answer.text) for answer in self.answers)

    @cached_property
    def credited_marks(self) -> frozenset[str]:
        """Credited answers without a letter or digit ("<", "∞"), which only their exact text tells apart."""
        credited = (answer.text.strip() for answer in self.question.answers if answer.grade > 0)
        return frozenset(text for text in credited if not normal(text))

    def may_earn(self, text: str) -> bool:
        """Whether the text is one of the graded answers, whatever its case, width and punctuation.

        A blank or bare punctuation mark counts only when exactly it was graded above 0.
        """
        found = normal(text)
        return found in self.graded_normals if found else text.strip() in self.credited_marks

    @cached_property
    def word_model(self) -> NGramModel:
        """Word model of the answers."""
        return NGramModel(_limited([self.words(text) for text in self.texts]))

    @cached_property
    def character_model(self) -> NGramModel:
        """Grapheme model of the answers."""
        return NGramModel(_limited([graphemes(text) for text in self.texts]))

    @cached_property
    def traces(self) -> frozenset[str]:
        """Beginnings of the content words of the question and its credited texts: what on-topic texts share."""
        texts = (self.question.text, *self.question.references, *(answer.text for answer in self.best[:20]))
        return frozenset().union(*(_traces(self.language.code, text) for text in texts))

    def unrelated(self, texts: Iterable[str], code: str | None = None) -> tuple[str, ...]:
        """Those of a language's texts that share no content word with the question and its best answers."""
        code = code or self.language.code
        return tuple(text for text in texts if self.traces.isdisjoint(_traces(code, text)))

    @cached_property
    def phrases(self) -> Material:
        """A stand-in question whose answers are the language's bundled texts that do not touch this one's topic."""
        texts = self.unrelated((*self.language.off_topic, *self.language.universal)) or self.language.off_topic
        return Material(
            GradedQuestion(
                id=f"phrases beside {self.question.id}",
                text=texts[0],
                language=self.question.language,
                max_grade=1.0,
                answers=tuple(GradedAnswer(text, 0.0) for text in texts),
            )
        )


def _limited(sequences: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    kept: list[Sequence[str]] = []
    total = 0
    for sequence in sequences:
        if total > MODEL_UNITS:
            break
        kept.append(sequence)
        total += len(sequence)
    return kept


@lru_cache(maxsize=8192)
def _traces(code: str, text: str) -> frozenset[str]:
    """First letters of the content words, so that most inflected forms of a word are alike."""
    try:
        language = language_data(code)
    except KeyError:
        language = language_data("en")
    known = language.stop_words if language.spaced else language.known_words
    words = [word.casefold() for word, is_word in split_tokens(text, known) if is_word]
    if is_unspaced(text):
        return frozenset(word for word in words if len(word) >= 2 and word not in language.stop_words)
    return frozenset(word[:5] for word in words if len(word) >= 4 and word not in language.stop_words)


class _Cache:
    """The materials of the questions last seen, by id; a changed question of the same id is worked out anew."""

    def __init__(self, make: Callable[[GradedQuestion], Material], size: int) -> None:
        self._make = make
        self._size = size
        self._kept: OrderedDict[tuple[str, int], Material] = OrderedDict()

    def __call__(self, question: GradedQuestion) -> Material:
        key = (question.id, len(question.answers))
        found = self._kept.get(key)
        if found is None or (found.question is not question and found.question != question):
            found = self._kept[key] = self._make(question)
        self._kept.move_to_end(key)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return found


material = _Cache(Material, KEPT_QUESTIONS)
