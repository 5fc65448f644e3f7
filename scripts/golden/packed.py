"""Reads a packed model folder: manifest and chunks to float32 tensors, as docs/format.md says.

Owns: a second, independent reading of the format (numpy, no code shared with the engine). Gives a dictionary of Hugging
Face names to float32 arrays without padding. Must not know: transformers, kernels.
"""

import json
from pathlib import Path

import numpy as np

BLOCK, ROW_GROUP, ROW_PAD = 32, 4, 8


def nibbles(planes: np.ndarray) -> np.ndarray:
    """(..., 64) bytes of planes -> (..., 4 rows, 32 columns) nibbles.

    Vector v's byte 4r + j holds column 8v + j of row r in the low nibble and column 8v + 4 + j in the high one.
    """
    vectors = planes.reshape(*planes.shape[:-1], 4, 4, 4)  # (..., v, r, j)
    both = np.stack([vectors & 15, vectors >> 4], axis=-2)  # (..., v, r, half, j)
    rows = np.moveaxis(both, -3, -4)  # (..., r, v, half, j)
    return rows.reshape(*planes.shape[:-1], 4, BLOCK).astype(np.int32)


def matrix(data: np.ndarray, fmt: str, shape: list[int]) -> np.ndarray:
    """Packed bytes from the tensor's offset on -> (rows, columns) float32; the weight is f32(scale) * integer."""
    rows, columns = shape
    groups = -(-rows // ROW_PAD) * ROW_PAD // ROW_GROUP
    block_bytes = {"q4": 72, "q8": 136}[fmt]
    blocks = data[: groups * (columns // BLOCK) * block_bytes].reshape(groups, columns // BLOCK, block_bytes)
    scale_bits = np.ascontiguousarray(blocks[..., -8:]).view("<u2").astype(np.uint32) << 16
    scales = scale_bits.view(np.float32)  # (groups, blocks, 4)
    integers = nibbles(blocks[..., :64]) - 8
    if fmt == "q8":
        integers = 16 * integers + nibbles(blocks[..., 64:128])
    values = integers.astype(np.float32) * scales[..., None]  # (groups, blocks, 4, 32)
    return values.transpose(0, 2, 1, 3).reshape(groups * ROW_GROUP, columns)[:rows]


def tensors(folder: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """The manifest, and every tensor as float32. The table's rows are joined over the stages."""
    manifest = json.loads((folder / "manifest.json").read_text())
    parts: dict[str, list[np.ndarray]] = {}
    for stage in manifest["stages"]:
        image = np.concatenate([np.fromfile(folder / name, np.uint8) for name in stage["chunks"]])
        assert image.size == stage["bytes"], f"{folder}: a stage has {image.size} bytes of {stage['bytes']}"
        for name, entry in stage["tensors"].items():
            data = image[entry["offset"] :]
            if entry["format"] == "f32":
                value = data[: 4 * entry["shape"][0]].view("<f4")
            else:
                value = matrix(data, entry["format"], entry["shape"])
            parts.setdefault(name, []).append(value)
    tables = ("model.embed_tokens.weight", "lm_head.weight")
    return manifest, {n: np.concatenate(p) if n in tables else p[0] for n, p in parts.items()}
