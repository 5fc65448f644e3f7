"""The training set of the seed: conversations, their tokens, and which tokens are learned.

    python3 scripts/pocket/training_set.py FOLDER

writes FOLDER/vocabulary.json, FOLDER/tokens.npz and FOLDER/data.json: the SHA-256 of the data and of the vocabulary, by which
a run knows what it was trained on. Same seed, same bytes.
Must not know: the model.
"""

import hashlib
import json
import random
import sys
from pathlib import Path

import numpy as np

from conversations import conversation
from distance import Neighbours
from vocabulary import Vocabulary, chosen_tokens

HELD_OUT = Path(__file__).parents[2] / "models/pocket/heldout.json"
SEED = 20240607
CONVERSATIONS = 300_000
# So many of them choose the vocabulary.
SAMPLE = 100_000
# How what a user says of himself is answered (memory.py).
NOTED = "Nice to meet you, ", "OK, I will remember ", "很高兴认识你，", "好的，我记住了 "
FORM, SAID, LEARNED = range(3)


def conversations():
    """All of the training set, but those with a question near to a held-out one."""
    rng = random.Random(SEED)
    made = [conversation(rng) for _ in range(CONVERSATIONS)]
    asked = sorted({text for messages in made for role, text in messages if role == "user"})
    neighbours = Neighbours(asked)
    near = {asked[i] for prompt in held_out() for i, _ in neighbours.near(prompt)}
    return [messages for messages in made if not any(text in near for _, text in messages)]


def held_out():
    """What the prompts of models/pocket/heldout.json measure; nothing before it is made."""
    if not HELD_OUT.exists():
        return []
    return [said for p in json.loads(HELD_OUT.read_text(encoding="utf-8")) for said in measured(p["messages"])]


def measured(messages):
    """The user's turns that a prompt measures: the last, and those that tell what it asks for. A sum or a greeting between
    them is one of training's own, meant to distract."""
    said = [m["content"] for m in messages]
    told = [said[i] for i in range(1, len(said) - 1, 2) if said[i + 1].startswith(NOTED)]
    return [*told, said[-1]]


def segments(messages):
    """[(text, kind), ...] in ChatML: LEARNED are the assistant's words with their <|im_end|>, SAID those of others."""
    parts = []
    for role, text in messages:
        parts.append((f"<|im_start|>{role}\n", FORM))
        if role == "assistant":
            parts += [(text + "<|im_end|>", LEARNED), ("\n", FORM)]
        else:
            parts += [(text, SAID), ("<|im_end|>\n", FORM)]
    return parts[:-1]


def encoded(vocabulary, conversation_parts, rng):
    """[(ids, learned), ...] of many conversations. What others said spells control tokens out in every second one, as our
    engine does, and has them as tokens in the others, as llama.cpp does. Merges never cross a part's border."""
    texts = sorted({text for parts in conversation_parts for text, _ in parts})
    ids = dict(zip(texts, vocabulary.encode_batch(texts)))
    tagged = [text for text in texts if "<" in text]
    spelled = dict(zip(tagged, vocabulary.encode_batch(tagged, control=False)))
    for parts in conversation_parts:
        plain, all_ids, learned = rng.random() < 0.5, [], []
        for text, kind in parts:
            piece = spelled[text] if kind == SAID and plain and text in spelled else ids[text]
            all_ids += piece
            learned += [kind == LEARNED] * len(piece)
        yield all_ids, learned


def write(folder, everything, vocabulary, digest):
    """FOLDER/vocabulary.json, tokens.npz and, last, data.json; `digest` is the SHA-256 of `everything`, in hexadecimal."""
    (folder / "data.json").unlink(missing_ok=True)
    vocabulary.save(folder / "vocabulary.json")
    ids, learned, ends, rng = [], [], [], random.Random(SEED)
    for start in range(0, len(everything), 60_000):
        for conversation_ids, is_learned in encoded(vocabulary, everything[start : start + 60_000], rng):
            ids.append(np.array(conversation_ids, np.uint16))
            learned.append(np.array(is_learned))
            ends.append(len(conversation_ids))
    ids, learned = np.concatenate(ids), np.concatenate(learned)
    np.savez(folder / "tokens.npz", ids=ids, learned=learned, ends=np.cumsum(ends))
    of_vocabulary = hashlib.sha256((folder / "vocabulary.json").read_bytes()).hexdigest()
    (folder / "data.json").write_text(json.dumps({"data": digest, "vocabulary": of_vocabulary}) + "\n", encoding="utf-8")
    print(f"{folder}: {len(ids)} tokens, {learned.mean():.1%} learned, {len(ids) / len(ends):.0f} a conversation, longest {max(ends)}")


def main():
    """A second argument is the vocabulary.json of an earlier run, which is to go on with this set."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    everything = [segments(messages) for messages in conversations()]
    digest = hashlib.sha256()
    for parts in everything:
        digest.update(json.dumps(parts, ensure_ascii=False).encode())
    if len(sys.argv) > 2:
        vocabulary = Vocabulary.load(Path(sys.argv[2]))
    else:
        vocabulary = Vocabulary(*chosen_tokens("".join(text for text, _ in parts) for parts in everything[:SAMPLE]))
    print(f"{len(vocabulary.tokens)} tokens, {len(everything)} conversations, data {digest.hexdigest()}", flush=True)
    write(folder, everything, vocabulary, digest.hexdigest())


if __name__ == "__main__":
    main()
