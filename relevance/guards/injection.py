"""Text that speaks to the grading program: fake verdicts, closing tags, chat turns, orders to give marks."""

from __future__ import annotations

import regex

from relevance.guards.base import Guard, GuardInput

_FLAGS = regex.IGNORECASE | regex.VERSION1
_GRADE = (
    r"(?:score|grade|points?|marks?|note|punkte|punktzahl|nota|notes?|calificaci[oó]n|puntos|voto|pont(?:os|uaç[aã]o)"
    r"|оценка|балл\w*|分数|得分|评分|点数|成績|점수)"
)
_PATTERNS = tuple(
    regex.compile(pattern, _FLAGS)
    for pattern in (
        # {"score": 5}, <grade>5</grade>, [GRADE]: 5
        rf"[{{\[<]\s*[\"'“]?{_GRADE}[\"'”]?\s*[}}\]>:=]+\s*[\"'“]?\d",
        # </answer>, </student_answer>, [/INST], <|im_end|>, ### System:
        r"</\s*(?:student|answer|response|user|input|question)[\w-]*\s*>",
        r"\[/?INST\]|<\|[\w ]+\|>|<<\s*/?SYS\s*>>|^\s*#+\s*(?:system|assistant|instruction)s?\b",
        r"(?:^|\n|\s)(?:system|assistant|grader|evaluator)\s*(?:message|prompt|note|override)?\s*:\s*\S",
        # Ignore all previous instructions
        r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,30}\b(?:instructions?|rubric|rules|guidelines|prompt|criteria)\b",
        r"\b(?:ignorier\w*|vergiss)\b.{0,40}\b(?:anweisung\w*|regeln|bewertung\w*|kriterien|vorgaben)\b",
        r"\b(?:ignor[ae]\w*|olvida|omite|esquece\w*|desconsider\w*|dimentica|oublie[rz]?|ignore[rz]?)\b.{0,40}"
        r"\b(?:instruc\w+|instruç\w+|istruzion\w+|r[uú]brica|barème|crit[eèé]r\w+|consignes|reglas|regras|regole)\b",
        r"(?:игнорируй\w*|забудь\w*)\s.{0,40}(?:инструкци\w*|критери\w*|правил\w*|указани\w*)",
        r"(?:忽略|无视|無視|忘记).{0,15}(?:指令|指示|说明|规则|標準|标准|要求|提示|評分|评分)",
        r"(?:指示|命令|ルール|基準).{0,8}(?:無視|忘れ)",
        r"(?:지시|명령|규칙|기준|지침).{0,8}(?:무시|잊)",
        r"(?:تجاهل|انس|أهمل)\s.{0,30}(?:التعليمات|القواعد|المعايير|الإرشادات)",
        r"(?:निर्देश|नियम|मानदंड)\w*.{0,20}(?:अनदेखा|नज़रअंदाज़|नजरअंदाज|भूल)",
        r"(?:নির্দেশ|নিয়ম)\S*.{0,20}(?:উপেক্ষা|ভুলে)",
        r"\b(?:abaikan|lupakan)\b.{0,40}\b(?:instruksi|petunjuk|aturan|rubrik|perintah)\b",
        r"\b(?:puuza|sahau)\b.{0,40}\b(?:maagizo|maelekezo|kanuni|vigezo)\b",
        r"(?:talimat|kural|yönerge|ölçüt|kriter)\w*\b.{0,20}\b(?:yok say|unut|görmezden|dikkate alma)",
    )
)


def _is_injection(answer: GuardInput) -> bool:
    # What the question or a graded answer itself says cannot be an attack ("Explain what </answer> does in XML").
    return any(
        (match := pattern.search(answer.text)) is not None and match.group().strip() not in answer.question
        for pattern in _PATTERNS
    )


INJECTION = Guard("injection", "speaks to the grading program instead of answering", _is_injection)
