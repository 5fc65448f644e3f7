"""Writes the trained model as a standard GGUF: python3 scripts/pocket/export.py FOLDER [RUN] [TARGET]

Weights are Q8_0 with the scales that training rounded to, exact in f16 and in bf16: what was trained is what is computed.
Takes FOLDER/RUN.pt and vocabulary.json; gives models/pocket/pocket.gguf. Must not know: how the model was trained.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFWriter

from conversations import SYSTEM
from qwen2 import scales
from vocabulary import CONTROL, NOT_SPECIAL, Vocabulary

ROOT = Path(__file__).parents[2]
NAMES = {
    "embed_tokens": "token_embd", "norm": "output_norm", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}
NORMAL, CONTROL_TYPE, USER_DEFINED, UNUSED = 1, 3, 4, 5


def gguf_name(name):
    """transformers' name of a tensor as llama.cpp has it."""
    stem, kind = name.rsplit(".", 1)
    if stem.startswith("layers."):
        _, layer, rest = stem.split(".", 2)
        return f"blk.{layer}.{NAMES[rest]}.{kind}"
    return f"{NAMES[stem]}.{kind}"


def q8_0(weight):
    """(rows, K) -> the bytes of its blocks (rows, K / 32 * 34): an f16 scale and 32 int8."""
    blocks = weight.float().reshape(-1, 32)
    scale = scales(blocks)
    q = (blocks / scale).round().clamp(-127, 127).to(torch.int8)
    half = scale.to(torch.float16)
    assert torch.equal(half.float(), scale) and torch.equal(scale.to(torch.bfloat16).float(), scale)
    both = np.concatenate([half.numpy().view(np.uint8), q.numpy().view(np.uint8)], axis=1)
    return both.reshape(weight.shape[0], -1)


def main():
    folder = Path(sys.argv[1])
    run = sys.argv[2] if len(sys.argv) > 2 else "run"
    target = Path(sys.argv[3]) if len(sys.argv) > 3 else ROOT / "models/pocket/pocket.gguf"
    saved = torch.load(folder / f"{run}.pt", weights_only=False)
    c, weights = saved["config"], {"embed_tokens.weight": saved["table"]}
    weights |= {name: weight for name, weight in saved["model"].items() if not name.startswith("embed_tokens.")}
    vocabulary = Vocabulary.load(folder / "vocabulary.json")

    writer = GGUFWriter(target, "qwen2")
    writer.add_type("model")
    writer.add_name("Pocket")
    writer.add_description("The demonstration model of qwen-edge: a small Qwen2 trained for it on generated sentences.")
    writer.add_license("apache-2.0")
    writer.add_languages(["en", "zh"])
    writer.add_file_type(7)
    writer.add_quantization_version(2)
    writer.add_block_count(c.num_hidden_layers)
    writer.add_context_length(c.max_position_embeddings)
    writer.add_embedding_length(c.hidden_size)
    writer.add_feed_forward_length(c.intermediate_size)
    writer.add_head_count(c.num_attention_heads)
    writer.add_head_count_kv(c.num_key_value_heads)
    writer.add_key_length(c.head_dim)
    writer.add_value_length(c.head_dim)
    writer.add_layer_norm_rms_eps(c.rms_norm_eps)
    writer.add_rope_freq_base(c.rope_theta)
    writer.add_uint32("general.sampling.top_k", 20)
    writer.add_float32("general.sampling.temp", 0.3)
    writer.add_float32("general.sampling.top_p", 0.8)
    writer.add_float32("general.sampling.penalty_repeat", 1.0)

    tokens = vocabulary.all_tokens
    padding = [f"[PAD{i}]" for i in range(len(tokens), c.vocab_size)]
    types = [NORMAL] * len(vocabulary.tokens) + [USER_DEFINED if t in NOT_SPECIAL else CONTROL_TYPE for t in CONTROL]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens + padding)
    writer.add_token_types(types + [UNUSED] * len(padding))
    writer.add_token_merges([" ".join(m) for m in vocabulary.merges])
    writer.add_bos_token_id(tokens.index("<|endoftext|>"))
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_pad_token_id(tokens.index("<|endoftext|>"))
    writer.add_add_bos_token(False)
    template = (Path(__file__).parent / "chat_template.jinja").read_text(encoding="utf-8")
    writer.add_chat_template(template.replace("SYSTEM", SYSTEM))

    for name, weight in weights.items():
        if weight.dim() == 2:
            writer.add_tensor(gguf_name(name), q8_0(weight), raw_dtype=GGMLQuantizationType.Q8_0)
        else:
            writer.add_tensor(gguf_name(name), weight.float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(f"{target}: {target.stat().st_size:,} bytes, {sum(w.numel() for w in weights.values()):,} parameters")


if __name__ == "__main__":
    main()
