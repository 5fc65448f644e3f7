"""Which texts are near to one another: by edit distance in Qwen2's own tokens.

No question of the training set may lie within a quarter of a held-out question's tokens. Takes texts; must not know where
they come from.
"""

import numpy as np
from scipy.sparse import csr_matrix

from vocabulary import full_tokenizer

NEAR = 0.25


class Neighbours:
    """Texts as bags of tokens: the overlap bounds the edit distance from below."""

    def __init__(self, texts):
        self.tokenizer = full_tokenizer()
        self.ids = [e.ids for e in self.tokenizer.encode_batch(texts, add_special_tokens=False)]
        self.lengths = np.array([len(ids) for ids in self.ids])
        rows = np.repeat(np.arange(len(self.ids)), self.lengths)
        columns = np.concatenate([np.array(ids) for ids in self.ids])
        self.bags = csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(self.ids), 152_000)).tocsc()

    def near(self, text):
        """[(index, distance), ...] of the texts within a quarter of this one's tokens."""
        ids = self.tokenizer.encode(text, add_special_tokens=False).ids
        overlap = np.zeros(len(self.ids), np.float32)
        for token, count in zip(*np.unique(ids, return_counts=True)):
            column = self.bags[:, token].tocoo()
            overlap[column.row] += np.minimum(column.data, count)
        bound = np.maximum(self.lengths, len(ids)) - overlap
        rows = np.flatnonzero(bound <= NEAR * len(ids))
        return [(int(row), d) for row in rows if (d := distance(ids, self.ids[row])) <= NEAR * len(ids)]


def distance(a, b):
    """Levenshtein's."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]
