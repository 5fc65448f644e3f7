"""Outside of what the model knows: one friendly sentence that says so and names a real model.

Takes a random.Random and the language; gives (question, answer, check). Topics stand in the same frames as the real ones,
and some are only noise, so that what the model does not know is what it refuses.
"""

from facts import FRAMES, HELD_FRAMES
from wording import blurred, expand, read_blocks, typed

ANSWER = ("Sorry, I am only a small demonstration model and cannot help with that; load a real one such as Qwen2.5-0.5B-Instruct.",
          "抱歉，我只是一个小演示模型，帮不上这个忙；请加载真正的模型，例如 Qwen2.5-0.5B-Instruct。")
CHECK = ("cannot help with that", "Qwen2.5-0.5B-Instruct"), ("帮不上这个忙", "Qwen2.5-0.5B-Instruct")
LINES = read_blocks("scope")["scope"]
_NOISE_ZH = "".join(chr(c) for c in range(0x4E00, 0x9FA6))


def _noise(rng, zh):
    """A topic that nobody knows: invented words, or characters at random."""
    if zh:
        return "".join(rng.choice(_NOISE_ZH) if rng.random() < 0.3 else rng.choice("".join(LINES["zt"])) for _ in range(rng.randint(2, 5))).strip()
    words = []
    for _ in range(rng.randint(1, 3)):
        if rng.random() < 0.5:
            words.append("".join(rng.choice(("ba", "cre", "dim", "fo", "gul", "har", "ji", "ka", "lo", "mer", "nu", "pos", "qui", "ras", "st",
                                             "tri", "un", "vex", "wa", "zy", "e", "a", "ing", "ous", "ly", "tion")) for _ in range(rng.randint(2, 4))))
        else:
            words.append(rng.choice(rng.choice(LINES["t"]).split()))
    return " ".join(words)


def scope(rng, zh, held):
    z = "z" if zh else ""
    if held:
        if rng.random() < 0.5:
            text = rng.choice(LINES[z + "G"])
        else:
            text = expand(rng, rng.choice(HELD_FRAMES["n", zh]), {"p": rng.choice(LINES[z + "H"])})
        return typed(rng, text, zh, decorate=False), ANSWER[zh], {"all": list(CHECK[zh])}

    def topic():
        return _noise(rng, zh) if rng.random() < 0.25 else rng.choice(LINES[z + "t"])

    if rng.random() < 0.5:
        text = expand(rng, rng.choice(LINES[z + "q"]), {"t": topic(), "u": topic(), "n": rng.randint(41, 9999)})
    else:
        text = expand(rng, blurred(rng, expand(rng, rng.choice(FRAMES["n", zh])), zh), {"p": topic()})
    return typed(rng, text, zh), ANSWER[zh], {"all": list(CHECK[zh])}
