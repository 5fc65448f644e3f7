"""A GGUF file of the same weights with every matrix in one of llama.cpp's formats, the table too.

    python3 bench/quantize.py IN.gguf OUT.gguf --type Q4_0|Q8_0

Needs PyPI gguf (bench/requirements.txt), whose quantizer is llama.cpp's. A file that holds the tied table twice keeps
the finer one, as our packer does. Norms and biases stay f32. Metadata goes over as it is, but for the file's type.
"""

import argparse
import os
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type

TYPES = {"Q4_0": (Type.Q4_0, gguf.LlamaFileType.MOSTLY_Q4_0), "Q8_0": (Type.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0)}
TABLE, HEAD = "token_embd.weight", "output.weight"
# How near a head must be to the table to be the same tensor, stored twice: quantization noise is a few percent.
SAME = 0.99

parser = argparse.ArgumentParser()
parser.add_argument("input", type=Path)
parser.add_argument("output", type=Path)
parser.add_argument("--type", choices=TYPES, required=True)
args = parser.parse_args()
wanted, file_type = TYPES[args.type]

reader = gguf.GGUFReader(args.input)
tensors = {tensor.name: tensor for tensor in reader.tensors}


def values(name):
    """A tensor as float32."""
    tensor = tensors[name]
    return np.ascontiguousarray(gguf.dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)


def bytes_per_weight(name):
    tensor = tensors[name]
    return tensor.n_bytes / tensor.n_elements


def is_tied():
    """Whether the head is the table once more: the first rows say it."""
    if HEAD not in tensors:
        return True
    table, head = values(TABLE)[:4096].ravel(), values(HEAD)[:4096].ravel()
    return float(table @ head / (np.linalg.norm(table) * np.linalg.norm(head))) > SAME


tied = is_tied()
finer = max((name for name in (TABLE, HEAD) if name in tensors), key=bytes_per_weight)

temporary = args.output.with_suffix(".part")
writer = gguf.GGUFWriter(temporary, reader.get_field("general.architecture").contents())
for field in reader.fields.values():
    if field.name.startswith("GGUF.") or field.name in ("general.architecture", "general.file_type"):
        continue
    kind = field.types[0]
    element = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
    writer.add_key_value(field.name, field.contents(), kind, sub_type=element)
writer.add_file_type(file_type)

for name, tensor in tensors.items():
    if name == HEAD and tied:
        continue
    data = values(finer if name == TABLE and tied else name)
    if data.ndim == 2:
        writer.add_tensor(name, gguf.quantize(data, wanted), raw_dtype=wanted)
    else:
        writer.add_tensor(name, data)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
os.replace(temporary, args.output)
