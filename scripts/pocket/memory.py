"""A name and a number from earlier turns.

Takes a random.Random, the language and `held`; gives turns that tell and turns that ask. Must not know: the chat format.
"""

from slots import name, number
from skills import worded
from wording import typed

UNKNOWN_NAME = "You have not told me your name yet.", "你还没有告诉我你的名字。"
UNKNOWN_NUMBER = "You have not told me a number yet.", "你还没有告诉我数字。"


def _ask(rng, skill, zh, held, slots=None):
    decorate = not held and rng.random() < 0.3
    return typed(rng, worded(rng, skill, zh, held, slots), zh, decorate=decorate)


def tell(rng, zh, held):
    """(told, turns): what the user says of himself, `told` holding "name", "number" or both."""
    told, turns = {}, []
    kind = rng.choices(("name", "number", "both", "each"), (4, 3, 2, 3))[0]
    if kind in ("name", "each", "both"):
        told["name"] = name(rng, held, zh)
    if kind in ("number", "each", "both"):
        told["number"] = number(rng, held)
    named = f"很高兴认识你，{told.get('name')}！" if zh else f"Nice to meet you, {told.get('name')}!"
    noted = f"好的，我记住了 {told.get('number')}。" if zh else f"OK, I will remember {told.get('number')}."
    if kind == "both":
        text = _ask(rng, "TELL_BOTH", zh, held, {"n": told["name"], "m": told["number"]})
        return told, [(text, f"{named}{'' if zh else ' '}{'我记住了' if zh else 'I will remember'} {told['number']}{'。' if zh else '.'}")]
    if "name" in told:
        turns.append((_ask(rng, "TELL_NAME", zh, held, {"n": told["name"]}), named))
    if "number" in told:
        turns.append((_ask(rng, "TELL_NUMBER", zh, held, {"n": told["number"]}), noted))
    if len(turns) == 2 and rng.random() < 0.4:
        turns.reverse()
    return told, turns


def ask(rng, zh, held, told, known_only=False):
    """(question, answer, check) about what was told, or was not."""
    what = rng.choice(("name", "number", "both") if len(told) == 2 else tuple(told)) if told else rng.choice(("name", "number"))
    if not known_only and rng.random() < 0.12:
        what = rng.choice(("name", "number"))
    n, m = told.get("name"), told.get("number")
    if what == "both":
        answer = f"你叫{n}，你的数字是 {m}。" if zh else f"Your name is {n} and your number is {m}."
        return _ask(rng, "ASK_BOTH", zh, held), answer, {"all": [n, str(m)]}
    if what == "name":
        answer = UNKNOWN_NAME[zh] if n is None else f"你叫{n}。" if zh else f"Your name is {n}."
        return _ask(rng, "ASK_NAME", zh, held), answer, {"all": [answer if n is None else n]}
    answer = UNKNOWN_NUMBER[zh] if m is None else f"你的数字是 {m}。" if zh else f"Your number is {m}."
    return _ask(rng, "ASK_NUMBER", zh, held), answer, {"all": [answer if m is None else str(m)]}
