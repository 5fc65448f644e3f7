"""The tiny random models of the golden vectors, and their Hugging Face folders.

Owns: which variants exist, their weights' distribution, the little tokenizer. Must not know: packing, goldens.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file

# Rows of the table are no multiple of 8; the last eight are padding: the tokenizer has 293 tokens.
VOCAB, MERGES = 301, 34
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


@dataclass(frozen=True)
class Case:
    name: str
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    tied: bool
    bias: bool
    quant: str
    stages: int
    """Rows of the table in a tile: small, so that a few hundred rows make several tiles."""
    tile_rows: int
    dtype: torch.dtype
    files: int
    """Fields of config.json that only some cases have."""
    more: dict = field(default_factory=dict)
    """Scales q and k: over many keys, attention that picks needs large scores."""
    gain: float = 1.4


def yarn(original: int) -> dict:
    return {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": original}


def dual(chunk: int, local: int, original: int | None = None) -> dict:
    trained = {} if original is None else {"original_max_position_embeddings": original}
    return {"dual_chunk_attention_config": {"chunk_size": chunk, "local_size": local} | trained}


# Every ratio of heads with every head size; K of 96, 128, 160, 224, 352, 448, 512, 896: most no multiple of 128.
CASES = [
    Case("mha-64", 128, 224, 3, 2, 2, 64, True, True, "q8", 1, 64, torch.bfloat16, 1),
    Case("mha-128", 96, 160, 2, 2, 2, 128, False, False, "q4", 2, 64, torch.float32, 2),
    Case("gqa4-64", 128, 224, 2, 8, 2, 64, True, False, "q4", 3, 40, torch.float16, 1),
    Case("gqa4-128", 96, 224, 2, 4, 1, 128, False, True, "q8", 1, 2048, torch.bfloat16, 1),
    Case("gqa7-64", 160, 352, 2, 14, 2, 64, True, True, "q4", 1, 64, torch.bfloat16, 2),
    Case("gqa7-128", 96, 224, 2, 7, 1, 128, True, True, "q8", 3, 128, torch.float32, 1),
    # Long context at small sizes: the trained length is a page or two.
    Case("yarn-64", 128, 224, 2, 4, 2, 64, True, True, "q8", 1, 64, torch.float32, 1, {"rope_scaling": yarn(32)}),
    Case("yarn-128", 96, 160, 2, 2, 1, 128, True, True, "q4", 2, 64, torch.float32, 1, {"rope_scaling": yarn(64)}),
    Case("dual-64", 128, 224, 2, 4, 2, 64, True, True, "q8", 1, 64, torch.float32, 1, dual(40, 8, 64)),
    Case("dual-128", 96, 160, 3, 2, 1, 128, True, True, "q8", 2, 64, torch.float32, 1, dual(70, 38)),
]

# Long context at its own size, one layer: 40,000 positions.
LONG_CASES = [
    Case("yarn", 64, 64, 1, 2, 1, 64, True, True, "q8", 1, 64, torch.float32, 1, {"rope_scaling": yarn(32_768)}, 2.4),
    Case("dual", 64, 64, 1, 2, 1, 64, True, True, "q8", 1, 64, torch.float32, 1, dual(9_216, 1_024, 9_216), 2.4),
]


def config(case: Case) -> dict:
    return {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "hidden_act": "silu",
        "hidden_size": case.hidden,
        "intermediate_size": case.intermediate,
        "num_hidden_layers": case.layers,
        "num_attention_heads": case.heads,
        "num_key_value_heads": case.kv_heads,
        "head_dim": case.head_dim,
        "vocab_size": VOCAB,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1_000_000.0 if case.head_dim == 64 else 10_000.0,
        "max_position_embeddings": 512,
        "tie_word_embeddings": case.tied,
        "attention_bias": case.bias,
        "use_sliding_window": False,
        "bos_token_id": 290,
        "eos_token_id": 292,
    } | case.more


def weights(case: Case, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Random, but so that every branch counts: scores of attention spread, gates open and close, logits differ."""

    def normal(*shape: int, std: float, mean: float = 0.0) -> torch.Tensor:
        return (torch.randn(shape, generator=generator) * std + mean).to(case.dtype)

    def matrix(rows: int, columns: int, gain: float) -> torch.Tensor:
        return normal(rows, columns, std=gain / columns**0.5)

    D, F, q, kv = case.hidden, case.intermediate, case.heads * case.head_dim, case.kv_heads * case.head_dim
    tensors = {"model.embed_tokens.weight": normal(VOCAB, D, std=0.3)}
    for layer in range(case.layers):
        prefix = f"model.layers.{layer}."
        tensors[prefix + "input_layernorm.weight"] = normal(D, std=0.2, mean=1.0)
        tensors[prefix + "post_attention_layernorm.weight"] = normal(D, std=0.2, mean=1.0)
        for name, rows, columns, gain in [
            ("self_attn.q_proj", q, D, case.gain),
            ("self_attn.k_proj", kv, D, case.gain),
            ("self_attn.v_proj", kv, D, 1.0),
            ("self_attn.o_proj", D, q, 1.0),
            ("mlp.gate_proj", F, D, 1.5),
            ("mlp.up_proj", F, D, 1.0),
            ("mlp.down_proj", D, F, 1.0),
        ]:
            tensors[prefix + name + ".weight"] = matrix(rows, columns, gain)
        if case.bias:
            tensors[prefix + "self_attn.q_proj.bias"] = normal(q, std=0.3)
            tensors[prefix + "self_attn.k_proj.bias"] = normal(kv, std=0.3)
            tensors[prefix + "self_attn.v_proj.bias"] = normal(kv, std=0.3)
    tensors["model.norm.weight"] = normal(D, std=0.2, mean=1.0)
    if not case.tied:
        tensors["lm_head.weight"] = normal(VOCAB, D, std=0.3)
    return tensors


def tokenizer() -> dict:
    """A byte-level BPE as Qwen2's: 256 bytes, merges whose rank is their id - 256, three control tokens."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    alphabet = [chr(b) for b in visible] + [chr(256 + i) for i in range(256 - len(visible))]
    first = "Ġ t,Ġ a,h e,i n,r e,o n,Ġt he,e r,Ġ s,a t,Ġ w,Ġ o,e n,Ġ c,i t,i s,a n,o r,e s,Ġ b,e d,Ġ f,in g,"
    merges = (first + "Ġ p,o u,Ġa n,a l,a r,Ġt o,Ġ m,Ġo f,Ġ in,Ġ d,Ġ h").split(",")
    assert len(merges) == MERGES
    tokens = alphabet + [merge.replace(" ", "") for merge in merges]
    assert len(set(tokens)) == len(tokens)
    pattern = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    bytes_ = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": len(tokens) + i,
                "content": content,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for i, content in enumerate(SPECIAL)
        ],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, bytes_]},
        "post_processor": bytes_,
        "decoder": bytes_,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {token: i for i, token in enumerate(tokens)},
            "merges": merges,
        },
    }


def write(case: Case, folder: Path, seed: int) -> None:
    """A Hugging Face folder as it is published, in one safetensors file or several with their index."""
    folder.mkdir(parents=True)
    save = lambda name, value: (folder / name).write_text(json.dumps(value, ensure_ascii=False))  # noqa: E731
    save("config.json", config(case))
    save("tokenizer.json", tokenizer())
    save("generation_config.json", {"do_sample": False, "eos_token_id": [292, 290]})
    tensors = weights(case, torch.Generator().manual_seed(seed))
    if case.files == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names = list(tensors)
    index = {}
    for i in range(case.files):
        file = f"model-{i + 1:05}-of-{case.files:05}.safetensors"
        part = {name: tensors[name] for name in names[i :: case.files]}
        save_file(part, folder / file, metadata={"format": "pt"})
        index |= {name: file for name in part}
    total = sum(t.numel() * t.element_size() for t in tensors.values())
    save("model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": index})
