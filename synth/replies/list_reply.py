"""The plain list form: `Relevant Answers: … Irrelevant Answers: …`, one answer a line."""

from __future__ import annotations

import regex

from synth.replies.labels import split_label

_HEADING = regex.compile(
    r"\s*[#*_\s]*(?P<off>ir|non-?\s?|un)?(?:relevant|related)\s+(?:answers?|responses?)\b[^:\n]*[:：]?[*_\s]*(?P<rest>.*)",
    flags=regex.IGNORECASE,
)
_NUMBER = regex.compile(r"\s*(?:\(?\d{1,3}\s*[.):]\s*|[-*•–]\s+)")
_QUOTES = {'"': '"', "“": "”", "«": "»", "„": "“", "「": "」", "'": "'"}


def parse_list(text: str) -> list[tuple[str | None, bool, str]]:
    """Read the plain list form.

    Returns:
        (label's kind or None, relevant, answer) for each answer, in the order of the reply. A line without number
        after a numbered one continues it; text before the first heading is not an answer.
    """
    found: list[tuple[bool, list[str]]] = []
    relevant: bool | None = None
    numbered = False
    for line in text.splitlines():
        heading = _HEADING.fullmatch(line)
        if heading:
            relevant, numbered = heading["off"] is None, False
            if heading["rest"].strip():
                found.append((relevant, [heading["rest"]]))
            continue
        if relevant is None or not line.strip():
            continue
        if _NUMBER.match(line):
            numbered = True
            found.append((relevant, [_NUMBER.sub("", line, count=1)]))
        elif numbered:
            found[-1][1].append(line)
        else:
            found.append((relevant, [line]))
    answers = []
    for is_relevant, lines in found:
        label, answer = split_label(unquoted(" ".join(line.strip() for line in lines)))
        answer = unquoted(answer)
        if answer:
            answers.append((label or None, is_relevant, answer))
    return answers


def unquoted(text: str) -> str:
    """The text without one pair of quotation marks around all of it."""
    text = text.strip()
    if len(text) >= 2 and _QUOTES.get(text[0]) == text[-1] and text[0] not in text[1:-1]:
        return text[1:-1].strip()
    return text
