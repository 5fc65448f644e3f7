"""Makes models/pocket/heldout.json: 500 prompts whose wordings and slot values training never has, with their checks.

    python3 scripts/pocket/heldout.py [--check]

Every candidate must differ from every training question by more than a quarter of its tokens (edit distance, in Qwen2's
own tokens) and from the other prompts; `--check` proves that of the committed file again, against the training questions
of the seed. Must not know: the model.
"""

import json
import random
import sys
from pathlib import Path

from conversations import FACTS, SKILLS, SYSTEM, turn
from distance import Neighbours
from memory import ask, tell
from tools import TOOLS, call, system
from training_set import SEED, conversations

FILE = Path(__file__).parents[2] / "models/pocket/heldout.json"
# kind: English, Chinese.
COUNTS = {"help": (50, 40), "architecture": (34, 28), "smalltalk": (26, 22), "arithmetic": (28, 22), "units": (22, 18),
          "dates": (22, 18), "forms": (26, 20), "tools": (22, 16), "memory": (26, 20), "scope": (22, 18)}


def questions():
    """Every question that training asks, each once."""
    asked = {text for messages in conversations() for role, text in messages if role == "user"}
    return sorted(text for text in asked if not text.startswith("<tool_response>"))


def candidate(rng, kind, zh, index):
    """{kind, zh, messages, answer, check}: the last message is the question."""
    messages = [("system", SYSTEM)]
    if kind in FACTS:
        text, answer, check = FACTS[kind].held(rng, zh, index)
    elif kind == "tools":
        tool = TOOLS[index % len(TOOLS)]
        others = rng.sample([t for t in TOOLS if t is not tool], rng.choice((0, 1, 2)))
        offered = [tool, *others]
        text, answer, check, _ = call(rng, [tool], zh, True)
        rng.shuffle(offered)
        messages = [("system", system(rng, SYSTEM, offered))]
    elif kind == "memory":
        told, turns = tell(rng, zh, True)
        if rng.random() < 0.4:
            turns.append(turn(rng, zh, rng.choice(("smalltalk", "arithmetic"))))
        for question, reply in turns:
            messages += [("user", question), ("assistant", reply)]
        text, answer, check = ask(rng, zh, True, told, known_only=True)
    else:
        text, answer, check = SKILLS[kind](rng, zh, True)
    messages.append(("user", text))
    return {"kind": kind, "language": "zh" if zh else "en",
            "messages": [{"role": r, "content": t} for r, t in messages], "answer": answer, "check": check}


def make(neighbours):
    rng = random.Random(SEED + 1)
    chosen, seen = [], set()
    for kind, counts in COUNTS.items():
        for zh, count in enumerate(counts):
            got = tries = 0
            while got < count:
                tries += 1
                assert tries < 5000, (kind, zh, got)
                made = candidate(rng, kind, bool(zh), got + tries // 50)
                text = made["messages"][-1]["content"]
                # Memory and lists have few wordings: there the whole conversation must be new.
                key = text if kind not in ("memory",) else json.dumps(made["messages"])
                if key in seen or (kind != "memory" and neighbours.near(text)):
                    continue
                if kind == "memory" and any(neighbours.near(m["content"]) for m in (made["messages"][1], made["messages"][-1])):
                    continue
                seen.add(key)
                chosen.append(made)
                got += 1
            print(kind, "zh" if zh else "en", f"{got} of {tries} tries", flush=True)
    return chosen


def main():
    neighbours = Neighbours(questions())
    print(f"{len(neighbours.ids)} training questions", flush=True)
    if "--check" in sys.argv:
        near = [p for p in json.loads(FILE.read_text(encoding="utf-8")) if neighbours.near(p["messages"][-1]["content"])]
        print(f"{len(near)} prompts are too near to a training question")
        sys.exit(1 if near else 0)
    chosen = make(neighbours)
    FILE.write_text("[\n" + ",\n".join(json.dumps(p, ensure_ascii=False) for p in chosen) + "\n]\n", encoding="utf-8")
    print(len(chosen), "prompts,", sum(p["language"] == "zh" for p in chosen), "Chinese")


if __name__ == "__main__":
    main()
