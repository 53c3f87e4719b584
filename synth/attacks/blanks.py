"""Nothing at all: blank sheets, bare punctuation, and what broken forms hand in instead of an answer."""

from __future__ import annotations

import random
from collections.abc import Iterator

from synth.attacks.base import Attack, AttackContext, AttackFamily
from synth.attacks.drawing import kept, pick, shuffled
from synth.attacks.material import material
from synth.attacks.scripts import normal

SPACES = (" ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u2003", "\u2009", "\u200b", "\ufeff", "\u2060", "\u00ad")
BLANKS = ("", " ", "\t", "\n", "\n\n\n", "\u00a0", "\u3000", "\r\n", "     ", "\u200b", "\ufeff", " \t \n ")
MARKS = (
    ".", ":", "?", "!", "!!!!", "...", "-", "/", ",", ";", "*", "#", "()", '""', "—", "_", "~", "^", "??", "?!", "…",
    "'", "=", "+", "|", "\\", "[]", "{}", "<>", "$", "%", "&", "@", "---", "....................", "?????", "-.-", ":/",
)  # fmt: skip
NATIVE_MARKS = {
    "Han": "。，？！、；：《》……",
    "Hiragana": "。、？！「」・〜",
    "Arabic": "؟،؛٪«»",
    "Devanagari": "।॥?!",
    "Bengali": "।॥?!",
    "Thai": "ๆฯ?!",
    "Greek": ";·«»",
    "Hebrew": "־״׳?",
}
NULL_VALUES = (
    "null", "NULL", "None", "none", "nil", "NaN", "nan", "undefined", "N/A", "#N/A", "#REF!", "#VALUE!", "n.a.", "TBD",
    "TODO", "xxx", "test", "asdf.txt", "[object Object]", "<empty>", "(blank)", "{}", "[]", "''", "<null>", "\\N",
    "missing", "no input", "Lorem ipsum dolor sit amet", "Click here to enter text.", "answer_1", "untitled",
    "void", "image.png",
    "scan0001.pdf", "see attachment", "Error 404", "Infinity", "-Infinity", "0x0", "true", "false", "%s", "{{answer}}",
    "${answer}", "<answer>", "$1", "C:\\answer.docx", "attached file", "Segmentation fault (core dumped)",
)  # fmt: skip


def blank(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Empty, and runs of white space and invisible characters."""
    for text in shuffled(rng, BLANKS):
        yield Attack(text)
    while True:
        yield Attack("".join(pick(rng, SPACES) for _ in range(1 + int(rng.random() * 30))))


def punctuation(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """One mark, the same mark again and again, a few different ones; also those of the question's own script."""
    native = NATIVE_MARKS.get(material(context.question).language.scripts[0], "")
    marks = (*MARKS, *native)
    for text in shuffled(rng, marks):
        yield Attack(text)
    while True:
        if rng.random() < 0.5:
            yield Attack(pick(rng, marks)[0] * (1 + int(rng.random() * 40)))
        else:
            yield Attack(pick(rng, ("", " ")).join(pick(rng, marks) for _ in range(2 + int(rng.random() * 6))))


def null_values(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """What programs and forms write for "nothing"; left out where the word belongs to the question's own words."""
    known = material(context.question).vocabulary

    def draws() -> Iterator[str]:
        yield from shuffled(rng, NULL_VALUES)
        while True:
            yield pick(rng, (" ", ", ", "\n", "; ", " | ")).join(
                pick(rng, NULL_VALUES) for _ in range(1 + int(rng.random() * 4))
            )

    for text in kept(draws(), lambda text: known.isdisjoint(normal(text).split())):
        yield Attack(text)


FAMILIES = (
    AttackFamily(
        name="blank",
        tier="must_reject",
        severity="critical",
        summary="Nothing: empty, spaces, tabs, newlines, no-break and full-width spaces, invisible characters.",
        source="Sheets handed in empty; Higgins & Heilman 2014, on gaming automated scoring",
        generate=blank,
    ),
    AttackFamily(
        name="punctuation",
        tier="must_reject",
        severity="critical",
        summary="Punctuation alone, from one token to a line of it.",
        source="Zhao et al. 2025, One Token to Fool LLM-as-a-Judge",
        generate=punctuation,
    ),
    AttackFamily(
        name="null-values",
        tier="must_reject",
        severity="critical",
        summary="Null values, placeholders and file names that broken forms hand in instead of an answer.",
        source="Big List of Naughty Strings (Woolf 2015)",
        generate=null_values,
    ),
)
