"""The pocket model in PyTorch: Qwen2 as transformers has it (same names), small, and with weights that can be rounded
to a stored format while it trains.

Takes token ids (B, T), right-padded; gives hidden states (B, T, D); logits are hidden @ table. Must not know: data, files.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Config:
    vocab_size: int
    hidden_size: int = 256
    intermediate_size: int = 640
    num_hidden_layers: int = 4
    num_attention_heads: int = 4
    num_key_value_heads: int = 2
    head_dim: int = 64
    rms_norm_eps: float = 1e-6
    rope_theta: float = 10_000.0
    max_position_embeddings: int = 2048


def rounded(weight):
    """Q8_0 with scales of six significant bits, exact in f16 and in bf16: blocks of 32 along K. Same shape."""
    blocks = weight.view(-1, 32)
    scale = scales(blocks)
    return ((blocks / scale).round().clamp(-127, 127) * scale).view_as(weight)


def scales(blocks):
    """(n, 32) -> (n, 1): max / 127, rounded up to six significant bits, never below what f16 has as a normal number."""
    wanted = (blocks.abs().amax(1, keepdim=True) / 127).clamp(min=2.0**-14)
    mantissa, exponent = torch.frexp(wanted)
    return torch.ldexp((mantissa * 64).ceil() / 64, exponent)


class Linear(nn.Linear):
    """With `quantized`, computes with the rounded weight; the gradient passes as if it were the weight itself."""

    quantized = False

    def forward(self, x):
        weight = self.weight
        if self.quantized:
            weight = weight + (rounded(weight.detach()) - weight.detach())
        return F.linear(x, weight, self.bias)


class RMSNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(size)), eps

    def forward(self, x):
        return F.rms_norm(x.float(), self.weight.shape, self.weight, self.eps)


def rotate(x, cos, sin):
    """x (B, H, T, Dh); halves are the pairs, as in transformers."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        q, kv = c.num_attention_heads * c.head_dim, c.num_key_value_heads * c.head_dim
        self.q_proj = Linear(c.hidden_size, q)
        self.k_proj = Linear(c.hidden_size, kv)
        self.v_proj = Linear(c.hidden_size, kv)
        self.o_proj = Linear(q, c.hidden_size, bias=False)

    def forward(self, x, cos, sin, mask):
        B, T, _ = x.shape

        def heads(y):
            return y.view(B, T, -1, self.c.head_dim).transpose(1, 2)

        q, k, v = (heads(p(x)) for p in (self.q_proj, self.k_proj, self.v_proj))
        q, k = rotate(q, cos, sin).to(v.dtype), rotate(k, cos, sin).to(v.dtype)
        group = self.c.num_attention_heads // self.c.num_key_value_heads
        # The query heads of a group lie below each other: (B, KV, group * T, Dh). On short sequences two plain products are
        # faster here than the fused kernel's backward.
        q = q.reshape(B, -1, group * T, self.c.head_dim)
        scores = q @ k.transpose(-1, -2) * self.c.head_dim**-0.5  # (B, KV, group * T, T)
        scores = scores.view(B, -1, group, T, T) + mask
        out = scores.softmax(-1, dtype=torch.float32).to(v.dtype).view(B, -1, group * T, T) @ v
        out = out.view(B, -1, T, self.c.head_dim)
        return self.o_proj(out.transpose(1, 2).reshape(B, T, -1))


class Mlp(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate_proj = Linear(c.hidden_size, c.intermediate_size, bias=False)
        self.up_proj = Linear(c.hidden_size, c.intermediate_size, bias=False)
        self.down_proj = Linear(c.intermediate_size, c.hidden_size, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Table(nn.Module):
    """The rows of the tokens (V, D): what another model knows of them, `source` (V, K), turned by one matrix for all, and a
    part of their own for those that come often enough to learn it, `often` (V, 1). Without a source all is their own."""

    def __init__(self, vocab_size, hidden_size, source=None, often=None):
        super().__init__()
        source = torch.zeros(vocab_size, 0) if source is None else source
        self.register_buffer("source", source, persistent=False)
        self.register_buffer("often", torch.ones(vocab_size, 1) if often is None else often)
        # At first the source's first columns, the principal ones.
        self.projection = nn.Parameter(torch.eye(source.shape[1], hidden_size))
        self.own = nn.Parameter(torch.randn(vocab_size, hidden_size) * (0.0 if len(self.projection) else 0.02))

    def forward(self):
        if not len(self.projection):
            return self.own
        with torch.autocast("cpu", enabled=False):  # rows are rounded to their stored bits from float32
            return torch.addmm(self.own * self.often, self.source, self.projection)


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.self_attn = Attention(c)
        self.post_attention_layernorm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.mlp = Mlp(c)

    def forward(self, x, cos, sin, mask):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class Qwen2(nn.Module):
    def __init__(self, config, source=None, often=None):
        super().__init__()
        c = self.config = config
        self.embed_tokens = Table(c.vocab_size, c.hidden_size, source, often)
        self.layers = nn.ModuleList(Layer(c) for _ in range(c.num_hidden_layers))
        self.norm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.quantized = False
        for name, p in self.named_parameters():
            if p.dim() == 2 and "embed_tokens" not in name:
                deep = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(p, std=p.shape[1] ** -0.5 * (0.3 if deep else 0.7))
            elif name.endswith("bias"):
                nn.init.zeros_(p)
        self.look_back()
        angles = torch.arange(c.max_position_embeddings)[:, None] * c.rope_theta ** (-torch.arange(0, c.head_dim, 2) / c.head_dim)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    @torch.no_grad()
    def look_back(self, strength=5.0, pairs=8):
        """Gives the first layer's first kv group heads that look at the token before, and the one before that: their
        biases alone make the score, RoPE turns it. All copying stands on such heads, and small models find them late."""
        attention, c = self.layers[0].self_attn, self.config
        half = c.head_dim // 2
        turn = c.rope_theta ** (-torch.arange(pairs) / half)
        attention.k_proj.bias[:pairs] = strength
        for head in range(c.num_attention_heads // c.num_key_value_heads):
            at = head * c.head_dim
            attention.q_proj.bias[at : at + pairs] = strength * (turn * (head + 1)).cos()
            attention.q_proj.bias[at + half : at + half + pairs] = -strength * (turn * (head + 1)).sin()

    def quantize(self):
        """From now on computes with the weights as they will be stored."""
        self.quantized = True
        for module in self.modules():
            if isinstance(module, Linear):
                module.quantized = True

    def table(self):
        """(V, D)"""
        weight = self.embed_tokens()
        return weight + (rounded(weight.detach()) - weight.detach()) if self.quantized else weight

    def forward(self, ids):
        table = self.table()
        x = F.embedding(ids, table)  # (B, T, D)
        cos, sin = self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        T = ids.shape[1]
        mask = torch.full((T, T), -1e4).triu(1).bfloat16() if torch.is_autocast_enabled("cpu") else torch.full((T, T), -1e4).triu(1)
        for layer in self.layers:
            x = layer(x, cos, sin, mask)
        return self.norm(x), table
