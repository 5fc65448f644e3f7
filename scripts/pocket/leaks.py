"""Wordings that training and the held-out set share: python3 scripts/pocket/leaks.py

heldout.py's prompts are what was drawn once; this looks at all that could be drawn. Every held-out pattern of wordings/*.txt
is compared with every pattern of training's, whatever file it is in: slots are one letter, and of a pattern's alternatives
so many are tried. Gives the pairs that are near (distance.py). Must not know: prompts, what fills slots.
"""

import random
import re
import sys
from pathlib import Path

from distance import Neighbours
from wording import expand, read_blocks

WORDINGS = Path(__file__).parent / "wordings"
TRIES = 40
# A quarter of fewer tokens is one at most, and with one other character five Chinese ones are near to everything: there only
# equal texts are the same wording.
ENOUGH = 8


def patterns():
    """(training's, held out), each [(file, block, key, pattern), ...]: H and G and the block [held] are held out; answers (a)
    and checks (k) are no wordings."""
    training, held = [], []
    for path in sorted(WORDINGS.glob("*.txt")):
        for block, keys in read_blocks(path.stem).items():
            for key, found in keys.items():
                kind = key.lstrip("z")
                if kind not in ("a", "k"):
                    side = held if block == "held" or kind in ("H", "G") else training
                    side += [(path.stem, block, key, pattern) for pattern in found]
    return training, held


def texts(rng, pattern):
    """A pattern's wordings, in small letters."""
    made = {expand(rng, pattern) for _ in range(TRIES if "(" in pattern else 1)}
    return sorted(re.sub(r"\{\w+\}", "x", text).lower() for text in made)


def leaks():
    """[(distance in tokens, training's pattern, the held-out one), ...], the nearest wordings of each pair."""
    rng = random.Random(1)
    training, held = patterns()
    owners, wordings = zip(*((i, text) for i, (*_, pattern) in enumerate(training) for text in texts(rng, pattern)))
    neighbours, found = Neighbours(wordings), {}
    for one in held:
        for text in texts(rng, one[-1]):
            is_long = len(neighbours.tokenizer.encode(text, add_special_tokens=False).ids) >= ENOUGH
            for i, d in neighbours.near(text):
                if d == 0 or is_long:
                    pair = training[owners[i]], one
                    found[pair] = min(d, found.get(pair, d))
    return sorted((d, *pair) for pair, d in found.items())


def main():
    found = leaks()
    for d, one, other in found:
        print(d, "training:", *one, "held out:", *other)
    print(f"{len(found)} held-out wordings are too near to one of training's")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
