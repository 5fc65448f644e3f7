"""A float32 Qwen2ForCausalLM from a packed folder or a GGUF file: the outside world's word on what is right.

Takes weights as float32 arrays under Hugging Face names; gives transformers' model with eager attention.
"""

from pathlib import Path

import numpy as np
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

import packed

GGUF_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def build(config: dict, weights: dict[str, np.ndarray]) -> Qwen2ForCausalLM:
    """The model in float32. The head is always a tensor of its own here, so that tied and untied are one case."""
    assert "dual_chunk_attention_config" not in config, "transformers has no Dual Chunk Attention"
    rope = {"rope_type": "default"} | config.get("rope_scaling", {}) | {"rope_theta": config["rope_theta"]}
    own = ("attention_bias", "rope_theta", "rope_scaling", "tie_word_embeddings")
    keep = {k: v for k, v in config.items() if k not in own}
    settings = Qwen2Config(**keep, rope_parameters=rope, tie_word_embeddings=False, attn_implementation="eager")
    model = Qwen2ForCausalLM(settings).float().eval()
    state = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
    state.setdefault("lm_head.weight", state["model.embed_tokens.weight"])
    absent = model.load_state_dict(state, strict=False)
    assert not absent.unexpected_keys, absent.unexpected_keys
    # Configurations without bias: transformers always has one on q, k and v; zeros are the same model.
    for name in absent.missing_keys:
        assert name.endswith("_proj.bias") and not config["attention_bias"], f"{name} is missing"
        model.get_parameter(name).data.zero_()
    assert model.config._attn_implementation == "eager"
    return model


def from_packed(folder: Path) -> tuple[dict, Qwen2ForCausalLM]:
    manifest, weights = packed.tensors(folder)
    return manifest, build(manifest["config"], weights)


def from_gguf(file: Path) -> Qwen2ForCausalLM:
    """The GGUF's own weights, dequantized by the gguf package; the table is output.weight where there is one."""
    from gguf import GGUFReader, dequantize

    reader = GGUFReader(file)
    field = lambda name: reader.fields[f"qwen2.{name}"].contents()  # noqa: E731
    weights: dict[str, np.ndarray] = {}
    for tensor in reader.tensors:
        name = tensor.name
        if name.startswith("blk."):
            _, layer, kind, what = name.split(".")
            name = f"model.layers.{layer}.{GGUF_LAYER[kind]}.{what}"
        else:
            name = {
                "token_embd.weight": "model.embed_tokens.weight",
                "output.weight": "lm_head.weight",
                "output_norm.weight": "model.norm.weight",
            }[name]
        weights[name] = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
    # The published 0.5B and 1.5B hold one table in two copies; the head's is the finer one, and `pack` keeps it alone.
    weights["model.embed_tokens.weight"] = weights.get("lm_head.weight", weights["model.embed_tokens.weight"])
    config = {
        "vocab_size": weights["model.embed_tokens.weight"].shape[0],
        "hidden_size": field("embedding_length"),
        "intermediate_size": field("feed_forward_length"),
        "num_hidden_layers": field("block_count"),
        "num_attention_heads": field("attention.head_count"),
        "num_key_value_heads": field("attention.head_count_kv"),
        "max_position_embeddings": field("context_length"),
        "rms_norm_eps": field("attention.layer_norm_rms_epsilon"),
        "rope_theta": field("rope.freq_base"),
        "attention_bias": True,
    }
    return build(config, weights)
