"""Makes the golden vectors in test/fixtures/golden: what transformers computes in float32 from our packed weights.

    npm run build && python3 scripts/golden/make.py

For every case of cases.py: a random Hugging Face folder, packed by our `pack`; the packed bytes read back and dequantized
by packed.py; those weights run by transformers (eager attention); hidden states, branches and logits of some positions
kept beside the packed model. Weights are the same on both sides, so nothing but arithmetic can differ.

Where transformers cannot (Dual Chunk Attention, 40,000 positions) long_way.py computes; what it gives is compared with
transformers' in every other case first.
"""

import json
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors.torch import save_file

import cases
import long_way
import packed
import qwen2

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "test" / "fixtures" / "golden"
LONG_FIXTURES = ROOT / "test" / "fixtures" / "golden-long"
SEED = 20_261_124
# Four pages of the KV cache, the last one begun.
POSITIONS = 108
# The first positions, both sides of every page's edge, some between, the last.
KEPT = [0, 1, 2, 17, 31, 32, 33, 50, 63, 64, 65, 80, 95, 96, 97, 107]

# The trained 32,768 and what lies behind it, both sides of a chunk's edge (8,192 positions), the last ones.
LONG_POSITIONS = 40_000
LONG_KEPT = [32_766, 32_767, 32_768, 32_800, 39_967, 39_968, 39_999]


def pack(case: cases.Case, source: Path, out: Path) -> None:
    options = {"out": str(out), "quant": case.quant, "stages": case.stages, "tileRows": case.tile_rows}
    script = "const { pack } = await import(process.argv[1]); await pack(process.argv[2], JSON.parse(process.argv[3]))"
    node = ROOT / "node_modules" / ".bin" / "node"
    module = ROOT / "scripts" / "pack" / "pack.ts"
    subprocess.run([node, "-e", script, module.as_uri(), source, json.dumps(options)], check=True)


def golden(folder: Path, seed: int) -> dict[str, torch.Tensor]:
    """Every named intermediate of the kept positions, f32, under Hugging Face module names."""
    manifest, weights = packed.tensors(folder)
    ids = torch.randint(0, cases.VOCAB, (POSITIONS,), generator=torch.Generator().manual_seed(seed))
    kept: dict[str, torch.Tensor] = {"input_ids": ids.int(), "positions": torch.tensor(KEPT).int()}
    long = long_way.forward(manifest["config"], weights, ids, KEPT)
    if "dual_chunk_attention_config" in manifest["config"]:
        return kept | long
    _, model = qwen2.from_packed(folder)

    def keep(name: str):
        def hook(_module, _inputs, output) -> None:
            value = output[0] if isinstance(output, tuple) else output
            kept[name] = value[0][KEPT].contiguous()

        return hook

    for name, module in model.named_modules():
        last = name.split(".")[-1]
        if last in ("embed_tokens", "norm", "lm_head", "self_attn", "mlp") or last.isdigit():
            module.register_forward_hook(keep(name))
    model(ids[None])
    for name, value in long.items():
        error = (value - kept[name]).norm() / kept[name].norm()
        assert error < 1e-5, f"{folder.name}: the long way differs from transformers in {name} by {error}"
    return kept


def long_golden(folder: Path) -> dict[str, torch.Tensor]:
    """The same for 40,000 positions; the ids are those of long_ids in test/golden/long.test.ts."""
    manifest, weights = packed.tensors(folder)
    i = torch.arange(LONG_POSITIONS)
    ids = (i * 37 + (i * i) % 101 * 11 + 11) % 290
    return {"positions": torch.tensor(LONG_KEPT).int()} | long_way.forward(manifest["config"], weights, ids, LONG_KEPT)


def main() -> None:
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    only = sys.argv[1:]
    packages = ("torch", "transformers", "safetensors", "numpy")
    versions = {"python": platform.python_version()} | {name: version(name) for name in packages}
    all_cases = [(case, FIXTURES / case.name) for case in cases.CASES]
    all_cases += [(case, LONG_FIXTURES / case.name) for case in cases.LONG_CASES]
    for i, (case, out) in enumerate(all_cases):
        if only and case.name not in only:
            continue
        shutil.rmtree(out, ignore_errors=True)
        with tempfile.TemporaryDirectory() as temporary:
            source = Path(temporary) / case.name
            cases.write(case, source, SEED + i)
            pack(case, source, out)
        tensors = golden(out, SEED + i) if out.parent == FIXTURES else long_golden(out)
        made = {"command": "scripts/golden/make.py", "seed": SEED + i, "versions": versions}
        # One entry: safetensors writes several in no fixed order.
        save_file(tensors, out / "golden.safetensors", metadata={"made": json.dumps(made)})
        (out / "golden.safetensors").chmod(0o644)
        size = sum(f.stat().st_size for f in out.iterdir())
        print(f"{case.name}: {size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
