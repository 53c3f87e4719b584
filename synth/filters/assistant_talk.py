"""Answers in which the model talks as an assistant instead of a student."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import regex

from synth.filters.base import Candidate, FilterContext
from synth.replies.refusals import is_refusal

_SPACED = (
    r"as an ai",
    r"language model",
    r"sure[!,] here",
    r"here (?:is|are) (?:the|some|your|\d+)\b.{0,30}\banswers?",
    r"i hope this helps",
    r"let me know if you",
    r"als ki",
    r"sprachmodell",
    r"hier (?:ist|sind)\b.{0,30}\bantwort(?:en)?",
    r"como (?:una )?ia",
    r"modelo de lenguaje",
    r"aquí (?:tienes|están)\b.{0,30}\brespuestas?",
    r"en tant qu['’]ia",
    r"modèle de langage",
    r"voici\b.{0,30}\bréponses?",
    r"языковая модель",
    r"yapay zek[âa] (?:modeli|olarak)",
)
_ANYWHERE = (
    r"作为(?:一个)?(?:ai|人工智能|语言模型)",
    r"以下是.{0,12}(?:答案|回答)",
    "言語モデル",
    "언어 모델",
    "نموذج لغوي",
    "भाषा मॉडल",
    r"<\|\w+\|>",
    r"\[/?INST\]",
)
_TALK = regex.compile(rf"\b(?:{'|'.join(_SPACED)})\b|{'|'.join(_ANYWHERE)}", flags=regex.IGNORECASE)


class AssistantTalkFilter:
    """No "As an AI language model", no "Here are five answers", no apology, no chat markup.

    Irrelevant answers and families that attack the grader may say such things on purpose, refusals excepted.
    """

    name: ClassVar[str] = "assistant_talk"
    summary: ClassVar[str] = "the model speaks as an assistant"

    def drops(self, candidates: Sequence[Candidate], context: FilterContext) -> Mapping[int, str]:
        """See `Filter`."""
        found = {}
        for place, candidate in enumerate(candidates):
            if candidate.kind.startswith("injection"):
                continue
            talk = _TALK.search(candidate.text)
            if talk and talk.group().casefold() not in context.question.casefold():
                found[place] = f"says '{talk.group()}'"
            elif candidate.kind != "irrelevant" and _opens_with_refusal(candidate.text):
                found[place] = "declines instead of answering"
        return found


def _opens_with_refusal(text: str) -> bool:
    """A student's "sorry, I cannot explain it" is an answer; a long text that opens with an apology is a model's."""
    return len(text) > 60 and is_refusal(text[:60])
