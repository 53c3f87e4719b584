"""A small gate, really trained on a part of the bank, shared by the tests of several rooms."""

from pathlib import Path

import pytest

from encoders import EmbeddingStore, Encoder, StoredEncoder, get_encoder
from relevance.artifact import load_gate
from relevance.build import build_gate
from relevance.corpus import GateQuestion, from_bank, with_attacks
from relevance.gate import Gate
from relevance.training import TrainingConfig
from synth.attacks import choose_families
from synth.bank import load_bank

SMALL_CONFIG = TrainingConfig(width=32, epochs=6, batch_size=128)


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return StoredEncoder(get_encoder("e5", threads=2), EmbeddingStore(tmp_path_factory.mktemp("vectors")))


@pytest.fixture(scope="session")
def gate_items() -> list[GateQuestion]:
    """Training questions: nine per language, two of them deep; none is among `held_out_questions`."""
    items = from_bank(load_bank(["de", "en", "sw"]))
    shallow = {
        language: [item for item in items if item.question.language == language and len(item.question.answers) < 30]
        for language in ("de", "en", "sw")
    }
    deep = [item for item in items if item.split_key in ("photosynthesis", "demand")]
    chosen = [item for own in shallow.values() for item in own[:7]] + deep
    families = choose_families(
        "blank,punctuation,refusal,random-characters,random-words,question-copy,off-topic-fluent"
    )
    return with_attacks(chosen, families, 1, seed=0)


@pytest.fixture(scope="session")
def held_out_questions() -> list:
    """Deep questions that the small gate was not trained on."""
    deep = [
        item for item in load_bank(["de", "en", "sw"]).questions if len(item.answers) >= 30 and item.parallel is None
    ]
    return [item.graded_question() for item in deep[::3]]


@pytest.fixture(scope="session")
def gate_folder(tmp_path_factory: pytest.TempPathFactory, gate_items: list[GateQuestion], encoder: Encoder) -> Path:
    folder = tmp_path_factory.mktemp("gate") / "small"
    build_gate(gate_items, encoder, folder, SMALL_CONFIG, false_rejection=0.01, members=1)
    return folder


@pytest.fixture(scope="session")
def gate(gate_folder: Path, encoder: Encoder) -> Gate:
    return load_gate(gate_folder, encoder)
