"""Plain Latin letters for words of other scripts and for letters with accents, as people type them in a hurry."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from synth.attacks.drawing import spaced


def _table(pairs: str) -> dict[str, str]:
    table = {}
    for pair in spaced(pairs):
        letters, _, latin = pair.partition("=")
        table.update(dict.fromkeys(letters, latin))
    return table


CYRILLIC = _table(
    "а=a б=b в=v г=g ґ=g д=d е=e ё=yo є=ye ж=zh з=z и=i і=i ї=yi й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh "
    "ц=ts ч=ch ш=sh щ=shch ъ= ы=y ь= э=e ю=yu я=ya"
)
BULGARIAN = CYRILLIC | _table("щ=sht ъ=a ь=y х=h")
UKRAINIAN = CYRILLIC | _table("г=h и=y")
GREEK = _table(
    "αά=a β=v γ=g δ=d εέ=e ζ=z ηή=i θ=th ιίϊΐ=i κ=k λ=l μ=m ν=n ξ=x οό=o π=p ρ=r σς=s τ=t υύϋΰ=y φ=f χ=ch ψ=ps ωώ=o"
)
ARABIC = _table(
    "اآأإٱ=a ب=b ت=t ث=th ج=j ح=h خ=kh د=d ذ=dh ر=r ز=z س=s ش=sh ص=s ض=d ط=t ظ=z ع=3 غ=gh ف=f ق=q كک=k ل=l م=m ن=n "
    "هة=h و=w يیى=y ء=2 ئ=2 ؤ=2 پ=p چ=ch ژ=zh گ=g \u200c=-"
)
PERSIAN = ARABIC | _table("ث=s ذ=z ص=s ض=z ط=t ع=a ق=gh و=v")
HEBREW = _table("א=a ב=b ג=g ד=d ה=h ו=v ז=z ח=ch ט=t י=y כך=k ל=l מם=m נן=n ס=s ע=a פף=p צץ=tz ק=k ר=r ש=sh ת=t")
DEVANAGARI = {
    "consonants": _table(
        "क=k ख=kh ग=g घ=gh ङ=ng च=ch छ=chh ज=j झ=jh ञ=ny ट=t ठ=th ड=d ढ=dh ण=n त=t थ=th द=d ध=dh "
        "न=n प=p फ=ph ब=b भ=bh म=m य=y र=r ल=l व=v श=sh ष=sh स=s ह=h ळ=l"
    ),
    "signs": _table("ा=aa ि=i ी=ee ु=u ू=oo ृ=ri े=e ै=ai ो=o ौ=au ्= ॅ=e ॉ=o"),
    "others": _table("अ=a आ=aa इ=i ई=ee उ=u ऊ=oo ऋ=ri ए=e ऐ=ai ओ=o औ=au ऑ=o ं=n ँ=n ः=h ़="),
}
BENGALI = {
    "consonants": _table(
        "ক=k খ=kh গ=g ঘ=gh ঙ=ng চ=ch ছ=chh জ=j ঝ=jh ঞ=n ট=t ঠ=th ড=d ঢ=dh ণ=n ত=t থ=th দ=d ধ=dh "
        "ন=n প=p ফ=f ব=b ভ=bh ম=m য=j র=r ল=l শ=sh ষ=sh স=s হ=h য়=y ড়=r ঢ়=rh"
    ),
    "signs": _table("া=a ি=i ী=i ু=u ূ=u ৃ=ri ে=e ৈ=oi ো=o ৌ=ou ্="),
    "others": _table("অ=o আ=a ই=i ঈ=i উ=u ঊ=u ঋ=ri এ=e ঐ=oi ও=o ঔ=ou ং=ng ঃ=h ঁ=n ়= ৎ=t"),
}
BRAHMIC = {"hi": (DEVANAGARI, "a"), "bn": (BENGALI, "o")}
LETTERS = {
    "ru": CYRILLIC, "uk": UKRAINIAN, "bg": BULGARIAN, "el": GREEK, "ar": ARABIC, "fa": PERSIAN, "he": HEBREW,
}  # fmt: skip
LATIN = {
    "de": _table("ä=ae ö=oe ü=ue ß=ss"),
    "tr": _table("ı=i"),
    "pl": _table("ł=l"),
    "hr": _table("đ=dj"),
    "vi": _table("đ=d"),
    "es": {},
    "fr": _table("œ=oe æ=ae"),
    "it": {},
    "pt": {},
}
ROMANISED = frozenset([*LETTERS, *LATIN, *BRAHMIC, "ko"])
"""Languages whose answers can be written in plain Latin letters by rule."""
INITIALS = [*spaced("g kk n d tt r m b pp s ss"), "", *spaced("j jj ch k t p h")]
VOWELS = spaced("a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i")
FINALS = ["", *spaced("k k k n n n t l k m l l l p l m p p t t ng t t k t p h")]
FIRST_SYLLABLE, LAST_SYLLABLE = 0xAC00, 0xD7A3


@lru_cache(maxsize=65536)
def romanised(word: str, code: str) -> str:
    """A word of the language in plain Latin letters; letters that no rule covers stay as they are."""
    if code == "ko":
        return "".join(_hangul(letter) for letter in unicodedata.normalize("NFC", word))
    if code in BRAHMIC:
        return _brahmic(unicodedata.normalize("NFC", word), *BRAHMIC[code])
    table = LETTERS.get(code)
    if table is None:
        return _without_accents(word, LATIN[code])
    pieces = []
    for letter in unicodedata.normalize("NFC", word):
        latin = table.get(letter.lower())
        if latin is None:
            pieces.append("" if unicodedata.combining(letter) else letter)
        else:
            pieces.append(latin if letter.lower() == letter else latin.capitalize())
    return "".join(pieces)


def _hangul(letter: str) -> str:
    number = ord(letter)
    if not FIRST_SYLLABLE <= number <= LAST_SYLLABLE:
        return letter
    first, rest = divmod(number - FIRST_SYLLABLE, 588)
    vowel, last = divmod(rest, 28)
    return INITIALS[first] + VOWELS[vowel] + FINALS[last]


def _brahmic(word: str, tables: dict[str, dict[str, str]], inherent: str) -> str:
    pieces: list[str] = []
    open_consonant = False
    for letter in word:
        if letter in tables["consonants"]:
            pieces.append((inherent if open_consonant else "") + tables["consonants"][letter])
            open_consonant = True
        elif letter in tables["signs"]:
            pieces.append(tables["signs"][letter])
            open_consonant = False
        else:
            known = tables["others"].get(letter, letter)
            pieces.append((inherent if open_consonant and known else "") + known)
            open_consonant = open_consonant and not known
    return "".join(pieces)


def _without_accents(word: str, table: dict[str, str]) -> str:
    spelled = "".join(
        (table[letter.lower()] if letter.islower() else table[letter.lower()].capitalize())
        if letter.lower() in table
        else letter
        for letter in unicodedata.normalize("NFC", word)
    )
    return "".join(letter for letter in unicodedata.normalize("NFD", spelled) if not unicodedata.combining(letter))
