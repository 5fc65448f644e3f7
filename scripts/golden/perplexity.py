"""Perplexity of a model by transformers in float32, over the windows of `npx qwen-edge eval`.

    python3 scripts/golden/perplexity.py --model FILE.gguf|FOLDER --gguf FILE.gguf --text bench/texts/mixed.txt

FOLDER is a packed model (its dequantized weights: what packing alone costs); --gguf then names the file whose
tokenizer is used. The ids' SHA-256 (as u32) is printed, so that both sides can be seen to have scored the same ids.
"""

import argparse
import hashlib
import json
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import AutoTokenizer

import qwen2

parser = argparse.ArgumentParser()
parser.add_argument("--model", type=Path, required=True)
parser.add_argument("--gguf", type=Path)
parser.add_argument("--text", type=Path, required=True)
parser.add_argument("--context", type=int, default=512)
args = parser.parse_args()

torch.set_grad_enabled(False)
source = args.gguf or args.model
tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
text = args.text.read_text(encoding="utf-8")
ids = tokenizer(text, add_special_tokens=False)["input_ids"]
model = qwen2.from_packed(args.model)[1] if args.model.is_dir() else qwen2.from_gguf(args.model)

# Windows do not overlap; each starts anew, and every token but its first is scored. The last may be shorter.
started = time.time()
windows = []
for first in range(0, len(ids), args.context):
    window = torch.tensor([ids[first : first + args.context]])
    if window.shape[1] < 2:
        break
    logits = model(window).logits[0, :-1]
    nats = torch.nn.functional.cross_entropy(logits, window[0, 1:], reduction="none").double()
    windows.append({"tokens": nats.numel(), "nats": nats.sum().item()})

tokens = sum(w["tokens"] for w in windows)
mean = sum(w["nats"] for w in windows) / tokens
print(
    json.dumps(
        {
            "model": args.model.name,
            "text": args.text.name,
            "ids_sha256": hashlib.sha256(np.array(ids, "<u4").tobytes()).hexdigest(),
            "context": args.context,
            "windows": len(windows),
            "tokens": tokens,
            "nats_per_token": mean,
            "perplexity": float(np.exp(mean)),
            "by_window": [w["nats"] / w["tokens"] for w in windows],
            "seconds": round(time.time() - started, 1),
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "gguf": version("gguf")},
        },
        indent=2,
    )
)
