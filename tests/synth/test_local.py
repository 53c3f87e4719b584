"""`--local MODEL.gguf`: a real GGUF file, served by llama.cpp in this process, asked through the whole command."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import answergate
from synth import read_examples

ANSWER = "Leaves use light to make sugar."
# What the model writes, one token each. The token before the first is the line break that ends its prompt.
REPLY = ('{"answers": [{"text": "', ANSWER, '", "grade": 2}]}')
WIDTH = 272
TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"


def byte_letters() -> list[str]:
    """The letters by which byte-level tokenizers (GPT-2's) write the 256 bytes."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    letters = {byte: chr(byte) for byte in plain} | {byte: chr(256 + place) for place, byte in enumerate(others)}
    return [letters[byte] for byte in range(256)]


def write_model(path: Path) -> None:
    """A llama of one layer, a byte-level tokenizer, and a chat template.

    Its embeddings are one-hot and its layer adds nothing, so the output matrix says for every token which one follows:
    a language model whose one sentence is known.
    """
    gguf = pytest.importorskip("gguf", reason="writing a GGUF file needs `pip install gguf`")
    letters = byte_letters()
    pieces = ["".join(letters[byte] for byte in text.encode()) for text in REPLY]
    tokens = ["<|begin|>", "<|end|>", *pieces, *letters]
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(4)
    writer.add_head_count_kv(4)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // 4)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([control, control, *[normal] * (len(tokens) - 2)])
    # llama.cpp wants merges; this pair does not occur.
    writer.add_token_merges(["ÿ ÿ"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_chat_template(TEMPLATE)
    embeddings = np.eye(len(tokens), WIDTH, dtype=np.float32)
    follows = np.zeros((len(tokens), WIDTH), dtype=np.float32)
    chain = [tokens.index(letters[ord("\n")]), 2, 3, 4, 1]
    for token, after in pairwise(chain):
        follows[after, token] = 10.0
    square = np.zeros((WIDTH, WIDTH), dtype=np.float32)
    writer.add_tensor("token_embd.weight", embeddings)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, dtype=np.float32))
    writer.add_tensor("output.weight", follows)
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.0.{name}.weight", np.ones(WIDTH, dtype=np.float32))
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        writer.add_tensor(f"blk.0.{name}.weight", square)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def command(model: Path, graded: Path, out: Path) -> list[str]:
    flags: dict[str, Any] = {"--questions": graded, "--out": out, "--local": model, "--kinds": "correct=1"}
    return ["synth", "generate", *(str(part) for pair in flags.items() for part in pair), "--limit", "2"]


def test_a_gguf_file_is_served_in_process_and_asked_through_the_whole_command(
    graded_file: Path, tmp_path: Path
) -> None:
    pytest.importorskip("xllamacpp", reason="a local model needs `pip install answergate[local]`")
    model = tmp_path / "tiny.gguf"
    write_model(model)
    assert answergate.main(command(model, graded_file, tmp_path / "out")) == 0
    rows = read_examples(tmp_path / "out" / "examples.jsonl")
    assert [(row.answer, row.grade, row.provenance.model) for row in rows] == [(ANSWER, 2.0, "tiny")] * 2
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["replies"] == {"ok": 2} and report["completion_tokens"] > 0
    # The log knows the requests: they are not asked again.
    assert answergate.main(command(model, graded_file, tmp_path / "out")) == 0
    again = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert again["requests"] == 2


def test_a_file_that_is_no_model_is_one_clear_message(
    graded_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("xllamacpp", reason="a local model needs `pip install answergate[local]`")
    model = tmp_path / "broken.gguf"
    model.write_bytes(b"GGUF" + bytes(100))
    assert answergate.main(command(model, graded_file, tmp_path / "out")) == 2
    assert "broken.gguf: llama.cpp cannot load it" in capsys.readouterr().err
    assert answergate.main(command(tmp_path / "none.gguf", graded_file, tmp_path / "out")) == 2
    assert "no such file" in capsys.readouterr().err
