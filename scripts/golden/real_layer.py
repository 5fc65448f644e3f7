"""Makes test/fixtures/golden-real/layer.safetensors: one layer of a real model, its branches before the residual.

    npx qwen-edge pack FILE.gguf --out FOLDER
    python3 scripts/golden/real_layer.py --model FOLDER --gguf FILE.gguf --text bench/texts/mixed.txt

The layer's input is what the layers before it give for the text's first ids, rounded to bf16, so that both sides start
from the same numbers; its weights are the packed ones, dequantized. The weights' hashes are recorded: a model packed
otherwise is another model.
"""

import argparse
import hashlib
import json
import platform
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer

import qwen2

LAYER = 12
# Three pages of the KV cache, the last one begun. Position 0 carries the attention sink's huge values.
POSITIONS = 72
KEPT = [0, 1, 2, 15, 31, 32, 33, 48, 63, 64, 65, 71]
OUT = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "golden-real" / "layer.safetensors"

parser = argparse.ArgumentParser()
parser.add_argument("--model", type=Path, required=True)
parser.add_argument("--gguf", type=Path, required=True)
parser.add_argument("--text", type=Path, required=True)
args = parser.parse_args()

torch.set_grad_enabled(False)
tokenizer = AutoTokenizer.from_pretrained(args.gguf.parent, gguf_file=args.gguf.name)
ids = tokenizer(args.text.read_text(encoding="utf-8"), add_special_tokens=False)["input_ids"][:POSITIONS]
manifest, model = qwen2.from_packed(args.model)
kept: dict[str, torch.Tensor] = {"positions": torch.tensor(KEPT).int()}
layer = model.model.layers[LAYER]


def keep(name: str):
    def hook(_module, _inputs, output) -> None:
        kept[name] = (output[0] if isinstance(output, tuple) else output)[0][KEPT].contiguous()

    return hook


def round_input(_module, inputs):
    rounded = inputs[0].bfloat16()
    kept["input"] = rounded[0].contiguous()
    return (rounded.float(), *inputs[1:])


layer.register_forward_pre_hook(round_input)
layer.self_attn.register_forward_hook(keep("self_attn"))
layer.mlp.register_forward_hook(keep("mlp"))
layer.register_forward_hook(keep("layer"))
model(torch.tensor([ids]))

packages = ("torch", "transformers", "safetensors", "numpy", "gguf")
hashes = "\n".join(hash for stage in manifest["stages"] for hash in stage["sha256"])
made = {
    "command": "scripts/golden/real_layer.py",
    "layer": LAYER,
    "model": manifest["name"],
    "quant": manifest["quant"],
    "weights_sha256": hashlib.sha256(hashes.encode()).hexdigest(),
    "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
}
OUT.parent.mkdir(parents=True, exist_ok=True)
# One entry: safetensors writes several in no fixed order.
save_file(kept, OUT, metadata={"made": json.dumps(made)})
OUT.chmod(0o644)
print(f"{OUT.name}: {OUT.stat().st_size / 1024:.0f} KiB")
