"""Recognise a model that declines: the reply says so instead of giving answers."""

from __future__ import annotations

import regex

_SPACED = (
    r"i(?:['’]?m| am) (?:so |very )?sorry",
    r"i apologi[sz]e",
    r"i (?:can['’]?t|cannot|am unable to|am not able to|['’]?m unable to|won['’]?t) "
    r"(?:help|assist|comply|do|provide|fulfil|create|generate|write)",
    r"as an ai(?: language)? model",
    r"against (?:my|our|the) (?:guidelines|policy|policies)",
    r"es tut mir leid",
    r"ich kann (?:das|diese|dabei|ihnen|dir)\b.{0,40}\bnicht",
    r"lo siento",
    r"no puedo (?:ayudar|generar|proporcionar|crear)",
    r"je suis désolée?",
    r"je ne peux pas (?:vous )?(?:aider|générer|fournir|répondre)",
    r"desculpe",
    r"não posso (?:ajudar|gerar|fornecer|criar)",
    r"mi dispiace",
    r"non posso (?:aiutar|generare|fornire|creare)",
    r"извините",
    r"я не могу (?:помочь|создать|выполнить|предоставить)",
    r"üzgünüm",
)
_UNSPACED = (
    "抱歉",
    "对不起",
    "對不起",
    "我无法",
    "申し訳",
    "お手伝いできません",
    "죄송",
    "도와드릴 수 없",
    "क्षमा करें",
    "मुझे खेद",
    "آسف",
    "عذرا",
    "لا أستطيع المساعدة",
)
_REFUSAL = regex.compile(rf"\b(?:{'|'.join(_SPACED)})\b|{'|'.join(_UNSPACED)}", flags=regex.IGNORECASE)
_LOOKED_AT = 400


def is_refusal(text: str) -> bool:
    """Whether a reply from which no answer could be read declines the request. Looks at its beginning only."""
    return _REFUSAL.search(text[:_LOOKED_AT]) is not None
