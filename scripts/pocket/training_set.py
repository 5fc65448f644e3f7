"""The training set of the seed: conversations, their tokens, and which tokens are learned.

    python3 scripts/pocket/training_set.py FOLDER

writes FOLDER/vocabulary.json, FOLDER/tokens.npz and prints counts and the data's hash. Same seed, same bytes.
Must not know: the model.
"""

import hashlib
import json
import random
import sys
from pathlib import Path

import numpy as np

from conversations import conversation
from vocabulary import Vocabulary, chosen_tokens

SEED = 20240607
CONVERSATIONS = 240_000
HARD_CONVERSATIONS = 60_000
# So many of them choose the vocabulary.
SAMPLE = 60_000
FORM, SAID, LEARNED = range(3)


def conversations(count=CONVERSATIONS, seed=SEED):
    rng = random.Random(seed)
    for _ in range(count):
        yield conversation(rng)


def hard_conversations():
    rng = random.Random(SEED + 2)
    for _ in range(HARD_CONVERSATIONS):
        yield conversation(rng, hard=True)


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


def write(folder, everything, vocabulary):
    """FOLDER/vocabulary.json and tokens.npz."""
    vocabulary.save(folder / "vocabulary.json")
    ids, learned, ends, rng = [], [], [], random.Random(SEED)
    for start in range(0, len(everything), 60_000):
        for conversation_ids, is_learned in encoded(vocabulary, everything[start : start + 60_000], rng):
            ids.append(np.array(conversation_ids, np.uint16))
            learned.append(np.array(is_learned))
            ends.append(len(conversation_ids))
    ids, learned = np.concatenate(ids), np.concatenate(learned)
    np.savez(folder / "tokens.npz", ids=ids, learned=learned, ends=np.cumsum(ends))
    print(f"{folder}: {len(ids)} tokens, {learned.mean():.1%} learned, {len(ids) / len(ends):.0f} a conversation, longest {max(ends)}")


def main():
    """`--hard VOCABULARY` makes the second set, with the first one's vocabulary."""
    folder, *rest = (Path(a) for a in sys.argv[1:] if a != "--hard")
    folder.mkdir(parents=True, exist_ok=True)
    everything = [segments(messages) for messages in (hard_conversations() if rest else conversations())]
    digest = hashlib.sha256()
    for parts in everything:
        digest.update(json.dumps(parts, ensure_ascii=False).encode())
    if rest:
        vocabulary = Vocabulary.load(rest[0])
    else:
        vocabulary = Vocabulary(*chosen_tokens("".join(text for text, _ in parts) for parts in everything[:SAMPLE]))
    print(f"{len(vocabulary.tokens)} tokens, {len(everything)} conversations, data {digest.hexdigest()}", flush=True)
    write(folder, everything, vocabulary)


if __name__ == "__main__":
    main()
