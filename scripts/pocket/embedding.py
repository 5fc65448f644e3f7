"""Qwen2.5's own table, made small: what the pocket model's table is turned from, so that words that mean the same lie near one
another, also those that training seldom sees.

    python3 scripts/pocket/embedding.py FOLDER MODEL.gguf

reads FOLDER/vocabulary.json and the table of a Qwen2.5 file, and writes FOLDER/embedding.npz: `rows`, float32 (V, K + 1), the
principal components of the vocabulary's rows and a column of one size, for their mean. Must not know: the data, the model's other weights.
"""

import json
import sys
from pathlib import Path

import numpy as np
from gguf import GGUFReader, dequantize

from vocabulary import CONTROL, SOURCE, Vocabulary

WIDTH = 512
# Of a row in all its components; of what the model begins with, the first 256, about 0.06 a number.
LENGTH = 1.3


def table(path):
    """(V, D) of the tied table: the finer of the two copies that a file may hold."""
    tensors = {t.name: t for t in GGUFReader(path).tensors}
    found = tensors.get("output.weight", tensors["token_embd.weight"])
    return dequantize(found.data, found.tensor_type)


def source_ids(vocabulary):
    """Of each token of ours, its id in Qwen2.5."""
    described = json.loads(SOURCE.read_text(encoding="utf-8"))
    ids = described["model"]["vocab"] | {token["content"]: token["id"] for token in described["added_tokens"]}
    return [ids[token] for token in vocabulary.tokens + CONTROL]


def components(rows, width):
    """(V, D) -> (V, width + 1): the mean taken off, rows of one length, turned to their principal components."""
    rows = rows - rows.mean(0)
    rows *= LENGTH / np.linalg.norm(rows, axis=1, keepdims=True)
    _, axes = np.linalg.eigh(rows.T @ rows)
    made = rows @ axes[:, ::-1][:, :width]
    return np.concatenate([made, np.full((len(made), 1), LENGTH / 4)], 1)


def main():
    folder = Path(sys.argv[1])
    vocabulary = Vocabulary.load(folder / "vocabulary.json")
    made = components(table(sys.argv[2])[source_ids(vocabulary)].astype(np.float64), WIDTH).astype(np.float32)
    np.savez(folder / "embedding.npz", rows=made)
    print(f"{folder}: {len(made)} rows of {WIDTH} components")


if __name__ == "__main__":
    main()
