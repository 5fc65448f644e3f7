"""Sums, conversions, counts and lists in rows, nothing else: a batch that teaches what an answer computes or copies once it
has named its operands.

In conversations a result is two tokens of a hundred; here it is every fourth. Takes the seed and a vocabulary; gives
batches as train.py has them. What is held out never comes. Must not know: the model.
"""

import random

import numpy as np
import torch

from lists import line
from slots import is_held
from sums import UNITS, is_held_sum, step, worked

ROW = 16
LISTS = 5


def _lines():
    """Every "a + b =" with its result and "3 km, m:" with its step, but those held out, by kind: kinds come equally often."""
    sums = {op: set() for op in "+-×÷"}

    def add(op, a, b):
        if not is_held_sum(op, a, b):
            asked, told = worked(op, a, b).split("=", 1)
            sums[op].add((f"{asked}=", told))

    for a in range(41):
        for b in range(41):
            add("+", a, b)
            if a >= b:
                add("-", a, b)
            if max(a, b) <= 12:
                add("×", a, b)
                if b:
                    add("÷", a * b, b)
    steps, conversions = set(), set()
    for big, small, factor in UNITS:
        for value in range(1, 21 if factor in (10, 100, 1000) else 13):
            for down in (True, False):
                amount, (source, target) = (value, (big, small)) if down else (value * factor, (small, big))
                if not down and is_held_sum("÷", amount, factor):
                    continue
                line = step(amount, factor, down)
                asked, told = line.split("=", 1)
                steps.add((f"{asked}=", told))
                if not is_held("unit", big[2], factor, down, value):
                    conversions |= {(f"{amount} {source[name]}, {target[name]}:", f" {line}") for name in (2, 3)}
    counts = {(f"{a}, {a + n}:", f" {', '.join(str(i) for i in range(a, a + n + 1))}")
              for a in range(21) for n in range(3, 9) if not is_held("count", a, n)}
    # Sorted: a set has no order of its own.
    return [sorted(lines) for lines in (*sums.values(), steps, conversions, counts)]


class Drills:
    def __init__(self, vocabulary):
        self.vocabulary = vocabulary
        self.start, self.middle, self.end = vocabulary.encode_batch(["<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>\n"])
        self.kinds = [self.encoded(lines, self.middle) for lines in _lines()]

    def encoded(self, lines, before, between=()):
        """[(ids, where the answer begins, its length), ...]"""
        asked = self.vocabulary.encode_batch([question for question, _ in lines])
        told = self.vocabulary.encode_batch([answer for _, answer in lines])
        # The line feed after <|im_end|> is nobody's word.
        return [(before + q + list(between) + a + self.end, len(before) + len(q) + len(between), len(a) + 1) for q, a in zip(asked, told)]

    def batch(self, rng, tokens):
        """(ids, where, targets) as Batches.tensors gives them, of about so many tokens: sums or lists."""
        rows = []
        dice = random.Random(int(rng.integers(2**32)))
        is_lists = dice.random() < 0.5
        while sum(len(ids) for ids, _ in rows) < tokens:
            if is_lists:
                lines = self.encoded([line(dice) for _ in range(LISTS)], self.start, self.end + self.middle)
            else:
                kinds = [self.kinds[i] for i in rng.integers(len(self.kinds), size=ROW)]
                lines = [kind[rng.integers(len(kind))] for kind in kinds]
            ids, learned = [], []
            for line_ids, at, count in lines:
                learned += range(len(ids) + at, len(ids) + at + count)
                ids += line_ids
            rows.append((ids, learned))
        longest = max(len(ids) for ids, _ in rows)
        padded = np.zeros((len(rows), longest), np.int64)
        is_learned = np.zeros((len(rows), longest), bool)
        for row, (ids, learned) in enumerate(rows):
            padded[row, : len(ids)] = ids
            is_learned[row, learned] = True
        where = np.flatnonzero(is_learned[:, 1:])
        return torch.from_numpy(padded[:, :-1].copy()), torch.from_numpy(where), torch.from_numpy(padded[:, 1:].reshape(-1)[where])
