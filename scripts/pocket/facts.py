"""Kinds whose answers are fixed: help, architecture, small talk.

A block of wordings/NAME.txt (wording.py has the format) is one intent; there, a: is the answer and k: what a right answer
holds, ` ; ` between. Phrases stand in the frames of wordings/frames.txt.
Takes a random.Random and the language; gives (question, answer) for training and (question, answer, check) held out.
"""

from wording import blurred, expand, read_blocks, typed

_KEYS = {("n", False): "n", ("v", False): "v", ("n", True): "zn", ("v", True): "zv"}
_BLOCKS = read_blocks("frames")
FRAMES, HELD_FRAMES = ({way: block[key] for way, key in _KEYS.items()} for block in (_BLOCKS["frames"], _BLOCKS["held"]))


class Facts:
    """One kind of fixed answers."""

    def __init__(self, name):
        self.intents = [{key: value if key.lstrip("z") != "a" else value[0] for key, value in block.items()} for block in read_blocks(name).values()]

    def train(self, rng, zh):
        z = "z" if zh else ""
        intent = rng.choice(self.intents)
        ways = [w for w in "nvq" if z + w in intent]
        # Whole questions are the most different ones.
        way = "q" if z + "q" in intent and rng.random() < 0.6 else rng.choice(ways)
        pattern = rng.choice(intent[z + way])
        text = expand(rng, pattern)
        if way != "q":
            text = expand(rng, blurred(rng, expand(rng, rng.choice(FRAMES[way, zh])), zh), {"p": text})
        elif rng.random() < 0.3:
            text = expand(rng, blurred(rng, rng.choice(("{p}", "so {p}", "{p} then") if not zh else ("{p}", "那{p}")), zh), {"p": text})
        return typed(rng, text, zh), intent[z + "a"]

    def held(self, rng, zh, index):
        """A question about intent `index`, in a frame that training never has."""
        z = "z" if zh else ""
        intent = self.intents[index % len(self.intents)]
        if z + "H" in intent:
            text = expand(rng, rng.choice(intent[z + "H"]))
        else:
            way = rng.choice([w for w in "nv" if z + w in intent])
            text = expand(rng, rng.choice(HELD_FRAMES[way, zh]), {"p": expand(rng, rng.choice(intent[z + way]))})
        return typed(rng, text, zh, decorate=False), intent[z + "a"], {"all": intent[z + "k"][0].split(" ; ")}
