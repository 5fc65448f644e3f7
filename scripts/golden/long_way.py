"""Qwen2 with YaRN and Dual Chunk Attention, the long way: every query meets every key, each pair with angles of its own.

Takes a packed model's config and float32 weights; gives the intermediates of chosen rows under Hugging Face module names.
Computes in float64, except that frequencies and angles are rounded to float32, as transformers' are: at position 40,000 an
angle's last bit is 0.002. Layers before the last run on all positions. Must not know: fixtures, pages, kernels.
"""

import math

import torch


def frequencies(config: dict) -> tuple[torch.Tensor, float]:
    """(Dh / 2) float32, and what cosines and sines are multiplied with."""
    Dh, base, yarn = config["head_dim"], config["rope_theta"], config.get("rope_scaling")
    own = [base ** (-2 * j / Dh) for j in range(Dh // 2)]
    if yarn is None:
        return torch.tensor(own, dtype=torch.float64).float(), 1.0
    factor, N = yarn["factor"], yarn["original_max_position_embeddings"]

    def dim(turns: float) -> float:
        return Dh * math.log(N / (2 * math.pi * turns)) / (2 * math.log(base))

    low, high = max(math.floor(dim(yarn["beta_fast"])), 0), min(math.ceil(dim(yarn["beta_slow"])), Dh - 1)
    ramps = [min(max((j - low) / ((high if high != low else high + 0.001) - low), 0), 1) for j in range(Dh // 2)]
    slow = [f * (1 - ramp) + f / factor * ramp for f, ramp in zip(own, ramps)]
    return torch.tensor(slow, dtype=torch.float64).float(), 0.1 * math.log(factor) + 1


def rotate(x: torch.Tensor, positions: torch.Tensor, config: dict) -> torch.Tensor:
    """x (..., T, Dh) turned to positions (T)."""
    freqs, factor = frequencies(config)
    angles = (positions.float()[:, None] * freqs).double()
    cos, sin = torch.cos(angles) * factor, torch.sin(angles) * factor
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, i: int, config: dict) -> torch.Tensor:
    """One query q (H, Dh) at position i over k, v (KV, T, Dh), not yet turned: (H, Dh)."""
    group = config["num_attention_heads"] // config["num_key_value_heads"]
    keys = torch.arange(i + 1)
    dual = config.get("dual_chunk_attention_config")
    if dual is None:
        key_positions, query_positions, scale = keys, torch.full_like(keys, i), 1.0
    else:
        size = dual["chunk_size"]
        s = size - dual["local_size"]
        distance = i // s - keys // s  # in chunks
        key_positions = keys % s
        before = torch.full_like(keys, min(i % s + s, size))
        older = torch.full_like(keys, min(2 * s - 1, size))
        query_positions = torch.where(distance == 0, i % s, torch.where(distance == 1, before, older))
        original = dual.get("original_max_position_embeddings")
        scale = max(1.0, 0.1 * math.log((i + 1) / original) + 1) if original else 1.0
    out = []
    for h, query in enumerate(q):
        turned_keys = rotate(k[h // group, : i + 1], key_positions, config)
        turned_queries = rotate(query.expand(i + 1, -1), query_positions, config)  # a query for each key
        scores = (turned_queries * turned_keys).sum(-1) * scale / config["head_dim"] ** 0.5
        out.append(torch.softmax(scores, 0) @ v[h // group, : i + 1])
    return torch.stack(out)


def forward(config: dict, weights: dict, ids: torch.Tensor, kept: list[int]) -> dict[str, torch.Tensor]:
    """Every named intermediate of the kept rows, f32."""
    tensors = {name: torch.from_numpy(value.copy()).double() for name, value in weights.items()}
    Dh, layers = config["head_dim"], config["num_hidden_layers"]
    found: dict[str, torch.Tensor] = {}

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + config["rms_norm_eps"]) * tensors[f"{name}.weight"]

    def linear(x: torch.Tensor, name: str) -> torch.Tensor:
        return x @ tensors[f"{name}.weight"].T + tensors.get(f"{name}.bias", 0)

    x = tensors["model.embed_tokens.weight"][ids]  # (T, D)
    found["model.embed_tokens"] = x[kept].float().contiguous()
    for layer in range(layers):
        name = f"model.layers.{layer}"
        rows = kept if layer == layers - 1 else list(range(len(ids)))
        h = norm(x, f"{name}.input_layernorm")
        q = linear(h[rows], f"{name}.self_attn.q_proj").unflatten(-1, (-1, Dh))  # (rows, H, Dh)
        k = linear(h, f"{name}.self_attn.k_proj").unflatten(-1, (-1, Dh)).transpose(0, 1)  # (KV, T, Dh)
        v = linear(h, f"{name}.self_attn.v_proj").unflatten(-1, (-1, Dh)).transpose(0, 1)
        mixed = torch.stack([attention(q[n], k, v, i, config).flatten() for n, i in enumerate(rows)])
        branch = linear(mixed, f"{name}.self_attn.o_proj")
        x = x[rows] + branch
        h = norm(x, f"{name}.post_attention_layernorm")
        gate = torch.nn.functional.silu(linear(h, f"{name}.mlp.gate_proj"))
        mlp = linear(gate * linear(h, f"{name}.mlp.up_proj"), f"{name}.mlp.down_proj")
        x = x + mlp
        at = slice(None) if rows is kept else kept
        for part, value in (("", x), (".self_attn", branch), (".mlp", mlp)):
            found[name + part] = value[at].float().contiguous()
    head = tensors.get("lm_head.weight", tensors["model.embed_tokens.weight"])
    found["lm_head"] = (norm(x, "model.norm") @ head.T).float().contiguous()
    return found
