"""Reader of safetensors files whose tensors stay on the disk until they are used.

The format: eight bytes with the length of a JSON header, the header (name to dtype, shape and byte range), the data;
https://github.com/huggingface/safetensors#format. Read here rather than by the library, which copies a tensor into
memory: an embedding table of 100,000 rows is needed a few rows at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8"}


class SafetensorsFiles(Mapping[str, NDArray[np.generic]]):
    """The tensors of one or more files by name, memory-mapped; bfloat16 is widened to float32 when asked for.

    Raises:
        ValueError: a file is not a safetensors file.
    """

    def __init__(self, paths: list[Path]) -> None:
        self._entries: dict[str, tuple[NDArray[np.uint8], str, list[int]]] = {}
        for path in paths:
            data = np.memmap(path, np.uint8, "r")
            size = int.from_bytes(data[:8].tobytes(), "little")
            try:
                header = json.loads(data[8 : 8 + size].tobytes())
            except ValueError as error:
                raise ValueError(f"{path}: not a safetensors file: {error}") from error
            for name, entry in header.items():
                if name != "__metadata__":
                    start, stop = entry["data_offsets"]
                    self._entries[name] = (
                        data[8 + size + start : 8 + size + stop],
                        entry["dtype"],
                        entry["shape"],
                    )

    def __getitem__(self, name: str) -> NDArray[np.generic]:
        data, kind, shape = self._entries[name]
        if kind not in _DTYPES:
            raise ValueError(f"tensor {name}: dtype {kind} is not one of {', '.join(_DTYPES)}")
        values = data.view(_DTYPES[kind]).reshape(shape)
        return widen_bfloat16(values) if kind == "BF16" else values

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def widen_bfloat16(values: NDArray[np.generic]) -> NDArray[np.float32]:
    """bfloat16 bit patterns, as uint16, to the same numbers in float32."""
    return (values.astype(np.uint32) << np.uint32(16)).view(np.float32)
