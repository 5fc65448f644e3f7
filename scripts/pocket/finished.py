"""Reads a finished pocket model: what another run may begin with.

Takes the GGUF that export.py wrote; its tokens need not be those of the new run. Must not know: the data.
"""

import numpy as np
import torch
from gguf import GGUFReader, dequantize

from export import gguf_name

# What ridge regression takes off the length of a row it predicts is given back. Both were chosen by the first loss.
RIDGE, LENGTHEN = 1.0, 1.5


def tensors(reader):
    """Name -> float32."""
    return {t.name: torch.from_numpy(dequantize(t.data, t.tensor_type).reshape(t.shape[::-1]).copy()) for t in reader.tensors}


def strings(reader, key):
    field = reader.fields[key]
    return [bytes(field.parts[i]).decode() for i in field.data]


@torch.no_grad()
def begin_with(model, path, tokens):
    """Fills `model`, whose rows are those of `tokens`, with the weights of the GGUF at `path`. With a source of rows the
    projection is that which comes nearest to the file's rows of the tokens that come often; these keep theirs exactly. A model
    with more layers, or wider within its feed-forward, computes the same at first: nothing comes out of what is new."""
    reader = GGUFReader(path)
    found = tensors(reader)
    for name, parameter in model.named_parameters():
        if not name.startswith("embed_tokens."):
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                parameter.zero_()
            weight = found.get(gguf_name(name))
            if weight is not None:
                parameter[tuple(slice(n) for n in weight.shape)] = weight
    table, theirs = model.embed_tokens, {token: i for i, token in enumerate(strings(reader, "tokenizer.ggml.tokens"))}
    rows = torch.zeros(table.own.shape)  # (V, D)
    have = torch.zeros(len(rows), 1)
    for i, token in enumerate(tokens):
        if token in theirs:
            rows[i], have[i] = found["token_embd.weight"][theirs[token]], 1.0
    if len(table.projection):
        fit = table.source * have * table.often  # (V, K)
        gram = fit.T @ fit + RIDGE * torch.eye(fit.shape[1])
        table.projection.copy_(LENGTHEN * torch.linalg.solve(gram, fit.T @ rows))
        rows = (rows - table.source @ table.projection) * have * table.often
    table.own.copy_(rows)
