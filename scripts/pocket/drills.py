"""Sums and conversions in rows, nothing else: a batch that teaches what an answer computes once it has named its numbers.

In conversations a result is two tokens of a hundred; here it is every fourth. Takes the seed and a vocabulary; gives
batches as train.py has them. What is held out never comes. Must not know: the model.
"""

import numpy as np
import torch

from slots import is_held
from sums import UNITS, is_held_sum

ROW = 16


def _lines():
    """Every "a + b = " and "3 km = " with its result, but those held out, by kind: kinds come equally often."""
    sums = {op: [] for op in "+-×÷"}
    for a in range(41):
        for b in range(41):
            for op, result in (("+", a + b), ("-", a - b), ("×", a * b)):
                if result >= 0 and (op != "×" or max(a, b) <= 12) and not is_held_sum(op, a, b):
                    sums[op].append((f"{a} {op} {b} =", f" {result}"))
            if 0 < b <= 12 and a <= 12 and not is_held_sum("÷", a * b, b):
                sums["÷"].append((f"{a * b} ÷ {b} =", f" {a}"))
    conversions = []
    for big, small, factor in UNITS:
        for value in range(1, 21 if factor in (10, 100, 1000) else 13):
            for down in (True, False):
                if not is_held("unit", big[2], factor, down, value):
                    for name in (2, 3):
                        line = (f"{value} {big[name]} =", f" {value * factor} {small[name]}")
                        back = (f"{value * factor} {small[name]} =", f" {value} {big[name]}")
                        conversions.append(line if down else back)
    return [*sums.values(), conversions]


class Drills:
    def __init__(self, vocabulary):
        start, end = vocabulary.encode_batch(["<|im_start|>assistant\n", "<|im_end|>\n"])
        self.kinds = []
        for lines in _lines():
            asked = vocabulary.encode_batch([question for question, _ in lines])
            told = vocabulary.encode_batch([answer for _, answer in lines])
            # The line feed after <|im_end|> is nobody's word.
            self.kinds.append([(start + q + a + end, len(start + q), len(a) + 1) for q, a in zip(asked, told)])

    def batch(self, rng, tokens):
        """(ids, where, targets) as Batches.tensors gives them, of about so many tokens."""
        rows = []
        while sum(len(ids) for ids, _ in rows) < tokens:
            ids, learned = [], []
            for _ in range(ROW):
                kind = self.kinds[rng.integers(len(self.kinds))]
                line, at, count = kind[rng.integers(len(kind))]
                learned += range(len(ids) + at, len(ids) + at + count)
                ids += line
            rows.append((ids, learned))
        longest = max(len(ids) for ids, _ in rows)
        padded = np.zeros((len(rows), longest), np.int64)
        is_learned = np.zeros((len(rows), longest), bool)
        for row, (ids, learned) in enumerate(rows):
            padded[row, : len(ids)] = ids
            is_learned[row, learned] = True
        where = np.flatnonzero(is_learned[:, 1:])
        return torch.from_numpy(padded[:, :-1].copy()), torch.from_numpy(where), torch.from_numpy(padded[:, 1:].reshape(-1)[where])
