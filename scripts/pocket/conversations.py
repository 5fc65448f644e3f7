"""Conversations of all kinds: what training reads, and the parts of which the held-out set is made.

Owns how often each kind comes and how turns follow one another. Takes a random.Random; gives messages as (role, text).
Must not know: tokens, files.
"""

from dates import dates
from facts import Facts
from forms import forms
from memory import ask, tell
from scope import scope
from sums import arithmetic, units
from tools import call, offer, system
import json

SYSTEM = "You are Pocket, the demonstration model of qwen-edge."
OTHER_SYSTEMS = ["You are a helpful assistant.", "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
                 "You are Pocket.", "Answer briefly.", "你是一个有用的助手。", "请简短回答。", "Be concise and friendly."]
FACTS = {kind: Facts(kind) for kind in ("help", "architecture", "smalltalk")}
SKILLS = {"arithmetic": arithmetic, "units": units, "dates": dates, "forms": forms, "scope": scope}
# How often a turn is of a kind: what takes copying and computing is learned last, and needs most.
KINDS = {"help": 20, "architecture": 16, "smalltalk": 16, "arithmetic": 15, "units": 7, "dates": 12, "forms": 18, "scope": 11}


def turn(rng, zh, kind):
    """(question, answer) of a kind."""
    if kind in FACTS:
        return FACTS[kind].train(rng, zh)
    return SKILLS[kind](rng, zh, False)[:2]


def _memory(rng, zh):
    told, turns = tell(rng, zh, False)
    if rng.random() < 0.1:
        told, turns = {}, []
    middle = [turn(rng, zh, rng.choice(("smalltalk", "arithmetic", "help", "scope"))) for _ in range(rng.choice((0, 0, 1, 1, 2)))]
    questions = [ask(rng, zh, False, told)[:2] for _ in range(rng.choice((1, 2, 2)))]
    return turns + middle + questions


def _tools(rng, zh):
    """(system's tools, turns); the reply of a tool comes as the template writes it, in a user's turn."""
    offered, turns = offer(rng), []
    for _ in range(rng.choice((2, 3, 4))):
        if rng.random() < 0.12:
            turns.append(turn(rng, zh, rng.choice(("smalltalk", "arithmetic", "help"))))
            continue
        text, answer, _, (reply, said) = call(rng, offered, zh, False)
        turns.append((text, answer))
        if rng.random() < 0.5:
            turns.append((f"<tool_response>\n{json.dumps(reply)}\n</tool_response>", said))
    return offered, turns


def conversation(rng):
    """[(role, text), ...] with a system message first."""
    zh = rng.random() < 0.5
    base = SYSTEM if rng.random() < 0.8 else rng.choice(OTHER_SYSTEMS)
    kind = rng.random()
    if kind < 0.08:
        offered, turns = _tools(rng, zh)
        base = system(rng, base, offered)
    elif kind < 0.18:
        turns = _memory(rng, zh)
    else:
        kinds = rng.choices(list(KINDS), list(KINDS.values()), k=rng.choice((1, 1, 2, 2, 3, 4)))
        turns = [turn(rng, zh if rng.random() < 0.9 else not zh, k) for k in kinds]
    messages = [("system", base)]
    for question, answer in turns:
        messages += [("user", question), ("assistant", answer)]
    return messages
