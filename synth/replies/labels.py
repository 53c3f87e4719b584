"""Labels that models write in front of an answer ("Incorrect answer: …"), in many languages."""

from __future__ import annotations

import regex

_LABELS = {
    "incorrect": (
        "incorrect|wrong|false|falsche?|fehlerhafte|incorrecta|err[oó]nea|incorreta|errada|fausse|erron[ée]e|sbagliata",
        "errata|onjuist|fout|неправильный|неверный|неправильна|nieprawidłowa|błędna|yanlış|salah|sai|felaktigt",
        "गलत|错误|錯誤|不正確な?|誤った|잘못된|틀린|خاطئة|غلط|שגויה|λανθασμένη",
    ),
    "incomplete": (
        "incomplete|partial(?:ly correct)?|unvollständige|teilweise richtige|incompleta|parcial|incomplète|partielle",
        "onvolledig|неполный|частичный|неповна|niepełna|eksik|tidak lengkap|ofullständigt",
        "अधूरा|अपूर्ण|不完整|部分|不完全な?|불완전한|ناقصة|ناقص|חלקית|ελλιπής",
    ),
    "correct": (
        "correct|right|full|richtige|korrekte|correcta|correta|certa|correcte|corretta|giusta|juist|goed",
        "правильный|верный|правильна|prawidłowa|poprawna|doğru|benar|đúng|korrekt",
        "सही|正确|正確な?|올바른|맞는|صحيحة|درست|נכונה|σωστή",
    ),
    "irrelevant": (
        "irrelevant|off[- ]topic|unrelated|irrelevante|themenfremde|hors sujet|irrilevante|нерелевантный",
        "nieistotna|ilgisiz|tidak relevan|अप्रासंगिक|无关|無關|無関係な?|관련 없는|غير ذات صلة|نامربوط|לא רלוונטית",
    ),
}
_ANSWER = "|".join(
    (
        "answer|antwort|respuesta|resposta|réponse|risposta|antwoord|ответ|відповідь|odpowiedź|cevap|yanıt|jawaban|svar",
        "trả lời|câu trả lời|उत्तर|जवाब|答案|回答|答え|解答|답변|답|إجابة|پاسخ|جواب|תשובה|απάντηση",
    )
)
_NUMBERING = r"(?:\d{1,3}\s*[.):]\s*|[-*•–]\s+)?"
_KIND = "|".join(f"(?P<{kind}>{'|'.join(words)})" for kind, words in _LABELS.items())
_AFTER_KIND = "|".join(f"(?P<after_{kind}>{'|'.join(words)})" for kind, words in _LABELS.items())
# Without the word "answer" only words that no student would put before a colon ("False: …" may be the answer itself).
_BARE_KIND = "|".join(
    f"(?P<bare_{kind}>{words})"
    for kind, words in {
        "incorrect": "incorrect",
        "incomplete": "incomplete|partially correct",
        "correct": "correct",
        "irrelevant": "irrelevant",
    }.items()
)
_LABEL = regex.compile(
    rf"\s*{_NUMBERING}[\[(*_]*(?:"
    rf"(?:{_KIND})\s*(?:{_ANSWER})|(?:{_ANSWER})\s*\(?(?:{_AFTER_KIND})\)?|{_BARE_KIND}|(?P<plain>{_ANSWER})"
    rf")\s*(?:\#?\d{{1,3}})?\s*[\])*_]*\s*[:：][\])*_]*\s*",
    flags=regex.IGNORECASE | regex.VERSION1,
)


def split_label(text: str) -> tuple[str | None, str]:
    """Take a label off the front of an answer.

    Returns:
        (kind, rest): kind is `correct`, `incomplete`, `incorrect` or `irrelevant`, "" for a label that says only
        "Answer:", and None where there is no label.
    """
    match = _LABEL.match(text)
    if match is None:
        return None, text
    rest = text[match.end() :].strip()
    groups = match.groupdict()
    kind = next((kind for kind in _LABELS if any(groups[f"{place}{kind}"] for place in ("", "after_", "bare_"))), "")
    return kind, rest
