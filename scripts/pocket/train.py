"""Trains the pocket model: python3 scripts/pocket/train.py FOLDER [--minutes M] [--threads N] [--layers L] ...

Reads FOLDER/vocabulary.json, tokens.npz and data.json (training_set.py), and embedding.npz (embedding.py) if it is there;
writes FOLDER/run.pt, from which it goes on when it is started again, with the same data and the same schedule; FOLDER/run.csv
and, when it stops, FOLDER/run.json. The schedule follows the share of the tokens that are done: a warm-up, a flat part, a
decay to zero; in the last part the weights are rounded as they will be stored. Batches hold conversations of about the same
length, each from position 0, so no padding is computed and none sees another. Must not know: what the data say.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import record
from drills import Drills
from finished import begin_with
from muon import Muon
from qwen2 import Config, Qwen2
from vocabulary import CONTROL, Vocabulary

# Of a schedule that nobody gives.
TOKENS = 32e6


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--run", default="run", help="name of the checkpoint and the log")
    parser.add_argument("--weights", type=Path, help="a finished model's GGUF: begin with its weights")
    parser.add_argument("--often", type=int, default=3000, help="how often a token comes in the data to have a row of its own")
    parser.add_argument("--tokens", type=float, help=f"tokens of the whole schedule; without it the checkpoint's, at first {TOKENS:.0f}")
    parser.add_argument("--new-data", action="store_true", help="go on although data or vocabulary are not the checkpoint's")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so long, to be resumed")
    parser.add_argument("--until", help="HH:MM: shorten or lengthen the schedule so that it ends then, at the speed so far")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=3072, help="tokens a step")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--mlp", type=int, default=640)
    parser.add_argument("--lr", type=float, default=0.012, help="Muon's; AdamW has a part of it")
    parser.add_argument("--warmup", type=float, default=0.02)
    parser.add_argument("--decay", type=float, default=0.6)
    parser.add_argument("--quantized", type=float, default=0.12, help="the last part, with rounded weights")
    parser.add_argument("--copies", type=float, default=0.45, help="share of the steps that only train copying, in the first quarter; a third of it up to the last fifth")
    parser.add_argument("--drills", type=float, default=0.2, help="share of the steps that are drills; half of it in the last fifth, none in the last twentieth")
    parser.add_argument("--table", type=float, default=0.15, help="the table's learning rate, as a part of --lr")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


class Batches:
    """Conversations in batches of one length class; the order depends on the seed and the epoch only. The first tenth of
    the first epoch has short conversations only: the simplest first."""

    def __init__(self, folder, batch, seed):
        data = np.load(folder / "tokens.npz")
        self.ids, self.learned = data["ids"], data["learned"]
        ends = data["ends"].astype(np.int64)
        self.starts, self.lengths = np.concatenate([[0], ends[:-1]]), np.diff(ends, prepend=0)
        self.batch, self.seed = batch, seed

    def epoch(self, number):
        rng = np.random.default_rng([self.seed, number])
        order = rng.permutation(len(self.lengths))
        if number == 0:
            short = self.lengths[order] < 70
            first = order[short][: len(order) // 10]
            order = np.concatenate([first, np.setdiff1d(order, first, assume_unique=True)[rng.permutation(len(order) - len(first))]])
        batches = []
        for start in range(0, len(order), 8192):
            pool = order[start : start + 8192]
            pool = pool[np.argsort(self.lengths[pool], kind="stable")]
            groups, group, longest = [], [], 0
            for i in pool:
                longest = max(longest, self.lengths[i])
                if group and longest * (len(group) + 1) > self.batch:
                    groups.append(group)
                    group, longest = [], self.lengths[i]
                group.append(i)
            groups.append(group)
            batches += [groups[j] for j in rng.permutation(len(groups))]
        return batches

    def tensors(self, group):
        """inputs (B, T), the flat positions whose next token is learned, and that token."""
        longest = max(self.lengths[i] for i in group)
        ids = np.zeros((len(group), longest), np.int64)
        learned = np.zeros((len(group), longest), bool)
        for row, i in enumerate(group):
            span = slice(self.starts[i], self.starts[i] + self.lengths[i])
            ids[row, : self.lengths[i]], learned[row, : self.lengths[i]] = self.ids[span], self.learned[span]
        where = np.flatnonzero(learned[:, 1:])
        return torch.from_numpy(ids[:, :-1].copy()), torch.from_numpy(where), torch.from_numpy(ids[:, 1:].reshape(-1)[where])


def copies(rng, tokens, batch):
    """A batch of random tokens that come twice: the second time is learned. What finds an earlier place by the token
    before it is what copies names, numbers and rows of tables; it forms soonest on nothing else."""
    n = int(rng.integers(4, 24))
    few = rng.integers(0, tokens, 200)
    once = rng.choice(few, (batch // (2 * n), n))
    gap = rng.choice(few, (len(once), int(rng.integers(1, 12))))
    ids = np.concatenate([once, gap, once], 1)
    where = (np.arange(len(ids))[:, None] * (ids.shape[1] - 1) + np.arange(ids.shape[1] - n, ids.shape[1] - 1)).reshape(-1)
    targets = ids[:, -(n - 1) :].reshape(-1)
    return torch.from_numpy(ids[:, :-1].copy()), torch.from_numpy(where), torch.from_numpy(targets.copy())


def rate(done, a):
    """The learning rate's factor when a share `done` of the tokens is seen."""
    if done < a.warmup:
        return done / a.warmup
    return min(1.0, max(0.0, (1 - done) / a.decay))


def known(folder, rows, ids, often):
    """(source, often) of a Table: embedding.py's rows and which tokens come `often` among `ids`; (None, None) if it was not run."""
    if not (folder / "embedding.npz").exists():
        return None, None
    made = np.load(folder / "embedding.npz")["rows"]  # (V, K)
    source = torch.zeros(rows, made.shape[1])
    source[: len(made)] = torch.from_numpy(made)
    counts = np.bincount(ids, minlength=rows)
    return source, torch.from_numpy(counts >= often).float()[:, None]


def seconds_until(clock):
    hours, minutes = map(int, clock.split(":"))
    now = time.localtime()
    return (hours - now.tm_hour) * 3600 + (minutes - now.tm_min) * 60 - now.tm_sec


def main():
    a = arguments()
    data, code = record.data_of(a.folder), record.commit()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    vocabulary = Vocabulary.load(a.folder / "vocabulary.json")
    rows = -(-(len(vocabulary.tokens) + len(CONTROL)) // 32) * 32
    config = Config(rows, a.width, a.mlp, a.layers, num_attention_heads=a.width // 64)
    batches = Batches(a.folder, a.batch, a.seed)
    model = Qwen2(config, *known(a.folder, rows, batches.ids, a.often))
    if a.weights:
        begin_with(model, a.weights, vocabulary.all_tokens)
    own = model.embed_tokens.own
    matrices = [p for p in model.parameters() if p.dim() == 2 and p is not own and len(p)]
    others = [p for n, p in model.named_parameters() if p.dim() != 2]
    # Without such instructions bfloat16 is a hundred times slower, and a compiled loss no faster.
    half = torch.cpu._is_avx512_bf16_supported()
    optimizers = [
        Muon(matrices, a.lr, dtype=torch.bfloat16 if half else torch.float32),
        torch.optim.AdamW([{"params": [own], "weight_decay": 0.01, "lr": a.lr * a.table},
                           {"params": others, "weight_decay": 0.0, "lr": a.lr * 0.1}], betas=(0.9, 0.98), fused=True),
    ]
    base = [[g["lr"] for g in o.param_groups] for o in optimizers]
    state = {"tokens": 0, "epoch": 0, "step": 0, "steps": 0, "seconds": 0.0}
    checkpoint = a.folder / f"{a.run}.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=False)
        if not a.new_data:
            record.refuse_other(saved.get("data"), data)
        # --until changes the schedule as it goes: what is kept is its last length.
        a.tokens = a.tokens or saved["arguments"]["tokens"]
        state = saved["state"]
        model.load_state_dict(saved["model"])
        for o, s in zip(optimizers, saved["optimizers"]):
            o.load_state_dict(s)
    a.tokens = a.tokens or TOKENS

    def loss_of(ids, where, targets):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            hidden, table = model(ids)
            picked = hidden.reshape(-1, config.hidden_size)[where]
            return F.cross_entropy((picked @ table.T).float(), targets)

    if half:
        loss_of = torch.compile(loss_of, dynamic=True)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {rows} rows, from {state}, {a.tokens / 1e6:.1f}M tokens in all, data {data['data']}", flush=True)

    def save():
        made = {"config": config, "model": model.state_dict(), "table": model.embed_tokens().detach(), "state": state, "arguments": vars(a), "data": data,
                "optimizers": [o.state_dict() for o in optimizers]}
        torch.save(made, checkpoint.with_suffix(".new"))
        checkpoint.with_suffix(".new").replace(checkpoint)

    log = record.open_log(a.folder / f"{a.run}.csv", state["steps"])
    dice, drills = np.random.default_rng([a.seed, state["steps"]]), Drills(vocabulary)
    recent = state["tokens"] / state["seconds"] if state["seconds"] else 0.0
    begun, saved_at, last, last_tokens = time.time(), time.time(), time.time(), state["tokens"]
    losses, copied, drilled = [], [], []
    order = batches.epoch(state["epoch"])
    while state["tokens"] < a.tokens and time.time() - begun < a.minutes * 60:
        if state["step"] >= len(order):
            state["epoch"], state["step"] = state["epoch"] + 1, 0
            order = batches.epoch(state["epoch"])
        done = state["tokens"] / a.tokens
        if done > 1 - a.quantized and not model.quantized:
            model.quantize()
        for o, lrs in zip(optimizers, base):
            for group, lr in zip(o.param_groups, lrs):
                group["lr"] = lr * rate(done, a)
        is_copy = dice.random() < a.copies * (1 if done < 0.25 else 1 / 3 if done < 0.8 else 0)
        is_drill = not is_copy and dice.random() < a.drills * (1 if done < 0.8 else 1 / 2 if done < 0.95 else 0)
        if is_copy:
            ids, where, targets = copies(dice, len(vocabulary.tokens), a.batch)
        elif is_drill:
            ids, where, targets = drills.batch(dice, a.batch)
        else:
            ids, where, targets = batches.tensors(order[state["step"]])
        loss = loss_of(ids, where, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for o in optimizers:
            o.step()
            o.zero_grad(set_to_none=True)
        (copied if is_copy else drilled if is_drill else losses).append(loss.item())
        state["tokens"] += ids.numel()
        state["step"] += not (is_copy or is_drill)
        state["steps"] += 1
        if state["steps"] % 25 == 0:
            now = time.time()
            state["seconds"] += now - last
            speed = (state["tokens"] - last_tokens) / (now - last)
            print(f"{state['steps']} {state['tokens'] / 1e6:.2f}M loss {np.mean(losses):.4f} copies {np.mean(copied or [0]):.3f} drills {np.mean(drilled or [0]):.3f} {speed:.0f} tokens/s, {done:.1%} of {a.tokens / 1e6:.1f}M", flush=True)
            log.write(f"{state['steps']},{state['tokens']},{np.mean(losses):.5f},{state['seconds']:.0f}\n")
            log.flush()
            losses, copied, drilled, last, last_tokens = [], [], [], now, state["tokens"]
            recent = 0.9 * recent + 0.1 * speed if recent else speed
            if a.until:
                a.tokens = state["tokens"] + recent * max(0, seconds_until(a.until))
        if time.time() - saved_at > 120:
            save()
            saved_at = time.time()
    state["seconds"] += time.time() - last
    save()
    record.write(a.folder / f"{a.run}.json", vars(a), data, code, state)


if __name__ == "__main__":
    main()
