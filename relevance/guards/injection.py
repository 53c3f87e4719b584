"""Text that speaks to the grading program: fake verdicts, closing tags, chat turns, orders to give marks."""

from __future__ import annotations

from dataclasses import dataclass

import regex

from relevance.guards.base import Guard, GuardInput
from synth.text import fold

_FLAGS = regex.IGNORECASE | regex.VERSION1
_GRADE = (
    r"(?:score|grade|points?|marks?|note|punkte|punktzahl|nota|notes?|calificaci[oó]n|puntos|voto|pont(?:os|uaç[aã]o)"
    r"|оценка|балл\w*|分数|得分|评分|点数|成績|점수)"
)


@dataclass(frozen=True)
class _Pattern:
    """A pattern, and the folded pieces of text of which it needs one: looking for those is ten times faster."""

    needs: tuple[str, ...]
    pattern: regex.Pattern[str]

    @classmethod
    def of(cls, needs: str, pattern: str) -> _Pattern:
        return cls(tuple(map(fold, needs.split())), regex.compile(pattern, _FLAGS))


_PATTERNS = tuple(
    _Pattern.of(needs, pattern)
    for needs, pattern in (
        # {"score": 5}, <grade>5</grade>, [GRADE]: 5
        ("{ [ <", rf"[{{\[<]\s*[\"'“]?{_GRADE}[\"'”]?\s*[}}\]>:=]+\s*[\"'“]?\d"),
        # </answer>, </student_answer>, [/INST], <|im_end|>, ### System:
        ("</", r"</\s*(?:student|answer|response|user|input|question)[\w-]*\s*>"),
        ("inst] <| << #", r"\[/?INST\]|<\|[\w ]+\|>|<<\s*/?SYS\s*>>|^\s*#+\s*(?:system|assistant|instruction)s?\b"),
        (":", r"(?:^|\n|\s)(?:system|assistant|grader|evaluator)\s*(?:message|prompt|note|override)?\s*:\s*\S"),
        # Ignore all previous instructions
        (
            "ignore disregard forget override bypass",
            r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,30}"
            r"\b(?:instructions?|rubric|rules|guidelines|prompt|criteria)\b",
        ),
        (
            "ignorier vergiss",
            r"\b(?:ignorier\w*|vergiss)\b.{0,40}\b(?:anweisung\w*|regeln|bewertung\w*|kriterien|vorgaben)\b",
        ),
        (
            "ignor olvida omite esquece desconsider dimentica oublie",
            r"\b(?:ignor[ae]\w*|olvida|omite|esquece\w*|desconsider\w*|dimentica|oublie[rz]?|ignore[rz]?)\b.{0,40}"
            r"\b(?:instruc\w+|instruç\w+|istruzion\w+|r[uú]brica|barème|crit[eèé]r\w+|consignes|reglas|regras|regole)\b",
        ),
        (
            "игнорируй забудь",
            r"(?:игнорируй\w*|забудь\w*)\s.{0,40}(?:инструкци\w*|критери\w*|правил\w*|указани\w*)",
        ),
        (
            "忽略 无视 無視 忘记",
            r"(?:忽略|无视|無視|忘记).{0,15}(?:指令|指示|说明|规则|標準|标准|要求|提示|評分|评分)",
        ),
        ("無視 忘れ", r"(?:指示|命令|ルール|基準).{0,8}(?:無視|忘れ)"),
        ("무시 잊", r"(?:지시|명령|규칙|기준|지침).{0,8}(?:무시|잊)"),
        ("تجاهل انس أهمل", r"(?:تجاهل|انس|أهمل)\s.{0,30}(?:التعليمات|القواعد|المعايير|الإرشادات)"),
        ("निर्देश नियम मानदंड", r"(?:निर्देश|नियम|मानदंड)\w*.{0,20}(?:अनदेखा|नज़रअंदाज़|नजरअंदाज|भूल)"),
        ("নির্দেশ নিয়ম", r"(?:নির্দেশ|নিয়ম)\S*.{0,20}(?:উপেক্ষা|ভুলে)"),
        ("abaikan lupakan", r"\b(?:abaikan|lupakan)\b.{0,40}\b(?:instruksi|petunjuk|aturan|rubrik|perintah)\b"),
        ("puuza sahau", r"\b(?:puuza|sahau)\b.{0,40}\b(?:maagizo|maelekezo|kanuni|vigezo)\b"),
        (
            "talimat kural yönerge ölçüt kriter",
            r"(?:talimat|kural|yönerge|ölçüt|kriter)\w*\b.{0,20}\b(?:yok say|unut|görmezden|dikkate alma)",
        ),
    )
)


def _is_injection(answer: GuardInput) -> bool:
    folded = fold(answer.text)
    # What the question or a graded answer itself says cannot be an attack ("Explain what </answer> does in XML").
    return any(
        any(piece in folded for piece in rule.needs)
        and (match := rule.pattern.search(answer.text)) is not None
        and match.group().strip() not in answer.question
        for rule in _PATTERNS
    )


INJECTION = Guard("injection", "speaks to the grading program instead of answering", _is_injection)
