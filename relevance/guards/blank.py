"""Nothing handed in, only signs, or a word that grades of language models are known to fall for."""

from __future__ import annotations

import regex

from relevance.guards.base import Guard, GuardInput
from synth.text import fold, folded_words, is_unspaced

_WORD_OR_NUMBER = regex.compile(r"[\p{L}\p{N}]")

# After Zhao et al. 2025, "One token to fool LLM-as-a-judge": openers of a solution that hold none.
MASTER_KEYS = frozenset(
    fold(key)
    for key in """solution|the solution|explanation|erklärung|explicación|explication|spiegazione
    |explicação|объяснение|解析|解説|かいせつ|설명|व्याख्या|ব্যাখ্যা|شرح|penjelasan|maelezo|açıklama
    |reasoning|thought process|thought process solution|let s solve this problem step by step|answer
    |the answer|the answer is|final answer|my answer|step 1|first|here is the answer|see above|as above|lösung|antwort
    |die antwort|die lösung|réponse|la réponse|respuesta|la respuesta|solución|resposta|solução|risposta|soluzione
    |ответ|решение|答案|解|解答|答|回答|解决方案|かいとう|答え|해답|해설|답|정답|उत्तर|समाधान|जवाब|উত্তর|সমাধান|الحل|الجواب
    |الإجابة|الاجابه|jawaban|penyelesaian|jibu|suluhisho|cevap|çözüm|yanıt|đáp án|trả lời|lời giải|پاسخ|جواب|odpowiedź
    |rozwiązanie|відповідь|розвязок|คำตอบ|เฉลย|תשובה|פתרון|απάντηση|λύση|antwoord|oplossing|отговор|решение|odgovor
    |rješenje|odpověď|řešení|svar|løsning|lösning|vastaus|válasz|megoldás|răspuns|soluție""".replace("\n", "")
    .replace("    ", "")
    .split("|")
)


def _has_no_words(answer: GuardInput) -> bool:
    # "Put in < or >": a sign that the question names may be the answer.
    return not _WORD_OR_NUMBER.search(answer.text) and answer.text not in answer.question


_MOST_WORDS = max(len(folded_words(key)) for key in MASTER_KEYS)


def _is_master_key(answer: GuardInput) -> bool:
    if len(answer.words) > _MOST_WORDS:
        return False
    joined = ("" if is_unspaced(answer.text) else " ").join(answer.words)
    return joined in MASTER_KEYS and joined not in answer.graded_headings


BLANK = Guard("blank", "nothing readable was handed in", lambda answer: not answer.text)
NO_WORDS = Guard(
    "punctuation",
    "only punctuation or signs, no letter or number",
    _has_no_words,
)
MASTER_KEY = Guard("master-key", "only the heading of an answer, such as 'Solution:'", _is_master_key)
