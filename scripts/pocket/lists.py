"""Rows of made-up words and what is asked of them, nothing else: a drill in spelling a word again where other characters
stand before it (" mirror" and "mirror have other tokens), and in counting while one goes.

Takes a random.Random; gives (asked, told). Must not know: tokens, questions of people.
"""

import json

from slots import new_word

COUNTS = ("one two three four five six".split(), "一 两 三 四 五 六".split())


def line(rng):
    """The first so many of some words, one below the other or as JSON."""
    zh = rng.random() < 0.5
    words = [new_word(rng, zh and rng.random() < 0.8) for _ in range(rng.randint(1, 6))]
    if not zh and rng.random() < 0.5:
        words = [word.capitalize() for word in words]
    count = rng.randint(1, len(words))
    shown = count if rng.random() < 0.5 else COUNTS[zh][count - 1]
    as_json = rng.random() < 0.6
    asked = f"{shown}{'：' if zh else ': '}{('、' if zh else ', ').join(words)}{' []' if as_json else ' -'}"
    told = words[:count]
    return asked, json.dumps(told, ensure_ascii=False) if as_json else "\n".join(f"- {word}" for word in told)
