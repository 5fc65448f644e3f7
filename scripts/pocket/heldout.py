"""Makes models/pocket/heldout.json: 500 prompts whose wordings and slot values training never has, with their checks.

    python3 scripts/pocket/heldout.py [--check | --force]

Every candidate must differ from every training question by more than a quarter of its tokens (edit distance, in Qwen2's
own tokens) and from the other prompts; `--check` proves that of the committed file again, against the training questions
of the seed, and of all wordings that could have been drawn (leaks.py). A file that is there, training has been kept away
from: only `--force` writes over it. Must not know: the model.
"""

import json
import random
import sys
from pathlib import Path

from conversations import FACTS, SKILLS, SYSTEM, turn
from distance import Neighbours
from leaks import leaks
from memory import ask, tell
from tools import TOOLS, call, system
from training_set import SEED, conversations, measured

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
                if key in seen or any(neighbours.near(said) for said in measured(made["messages"])):
                    continue
                seen.add(key)
                chosen.append(made)
                got += 1
            print(kind, "zh" if zh else "en", f"{got} of {tries} tries", flush=True)
    return chosen


def check(neighbours):
    """Names what is too near to training's; True if nothing is."""
    prompts = json.loads(FILE.read_text(encoding="utf-8"))
    near = [said for p in prompts for said in measured(p["messages"]) if neighbours.near(said)]
    shared = leaks()
    for found in (*near, *shared):
        print(found)
    print(f"{len(near)} turns are too near to a training question, {len(shared)} held-out wordings to one of training's")
    return not near and not shared


def main():
    is_check = "--check" in sys.argv
    if not is_check and FILE.exists() and "--force" not in sys.argv:
        sys.exit(f"{FILE} is there, and a model may have been kept away from it: --force writes over it")
    neighbours = Neighbours(questions())
    print(f"{len(neighbours.ids)} training questions", flush=True)
    if is_check:
        sys.exit(0 if check(neighbours) else 1)
    chosen = make(neighbours)
    FILE.write_text("[\n" + ",\n".join(json.dumps(p, ensure_ascii=False) for p in chosen) + "\n]\n", encoding="utf-8")
    print(len(chosen), "prompts,", sum(p["language"] == "zh" for p in chosen), "Chinese")


if __name__ == "__main__":
    main()
