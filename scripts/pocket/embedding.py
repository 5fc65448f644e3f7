"""Qwen2.5's own table, made small: what the pocket model begins with, so that words that mean the same begin near one another.

    python3 scripts/pocket/embedding.py FOLDER MODEL.gguf

reads FOLDER/vocabulary.json and the table of a Qwen2.5 file, and writes FOLDER/embedding.npz: `rows`, float32 (V, D), the
principal components of the vocabulary's rows. Must not know: the data, the model's other weights.
"""

import json
import sys
from pathlib import Path

import numpy as np
from gguf import GGUFReader, dequantize

from vocabulary import CONTROL, SOURCE, Vocabulary

WIDTH = 256
RMS = 0.06


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
    """(V, D) -> (V, width): the mean taken off, rows of unit length, turned to their principal components; RMS in all."""
    rows = rows - rows.mean(0)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    _, axes = np.linalg.eigh(rows.T @ rows)
    made = rows @ axes[:, ::-1][:, :width]
    return made * (RMS / np.sqrt((made**2).mean()))


def main():
    folder = Path(sys.argv[1])
    vocabulary = Vocabulary.load(folder / "vocabulary.json")
    made = components(table(sys.argv[2])[source_ids(vocabulary)].astype(np.float64), WIDTH).astype(np.float32)
    np.savez(folder / "embedding.npz", rows=made)
    print(f"{folder}: {len(made)} rows of {WIDTH}")


if __name__ == "__main__":
    main()
