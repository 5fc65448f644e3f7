"""Rows of lists, pairs and tables, and nothing else: a drill in spelling a word or a number again where other characters stand
before it (" mirror" and "mirror have other tokens), in counting while one goes, and in going on to the next of a row.

Takes a random.Random; gives (asked, told). What is held out never comes. Must not know: tokens, questions of people.
"""

import json

from forms import SETS, is_held_list, shown
from slots import new_word, number


def _word(rng, zh):
    word = new_word(rng, zh and rng.random() < 0.8)
    return word.capitalize() if rng.random() < 0.5 else word


def _value(rng, zh):
    return number(rng, False) if rng.random() < 0.5 else _word(rng, zh)


def _first(rng, zh):
    """The first so many of some words or numbers, one below the other or as JSON."""
    all_numbers = rng.random() < 0.25
    values = [number(rng, False) if all_numbers else _word(rng, zh) for _ in range(rng.randint(1, 6))]
    count = rng.randint(1, len(values))
    as_json = rng.random() < 0.6
    asked = f"{shown(rng, count, zh)}{'：' if zh else ': '}{('、' if zh else ', ').join(map(str, values))}{' []' if as_json else ' -'}"
    told = values[:count]
    return asked, json.dumps(told, ensure_ascii=False) if as_json else "\n".join(f"- {value}" for value in told)


def _members(rng, zh):
    """So many of a group that has a name."""
    while True:
        group, count = rng.choice(SETS), rng.randint(1, 5)
        members = group[2 + zh].split()
        if count <= len(members) and not is_held_list(group, count):
            break
    return f"{shown(rng, count, zh)} {group[zh]} -", "\n".join(f"- {member}" for member in members[:count])


def _pairs(rng, zh):
    """Keys and values as an object of JSON or as rows of a table."""
    between = rng.choice(("", " ", "：", "是") if zh else (" ", ": ", " = ", " is "))
    pairs = {_word(rng, zh): _value(rng, zh) for _ in range(rng.choice((1, 2, 2, 3)))}
    said = ("，" if zh else ", ").join(f"{key}{between}{value}" for key, value in pairs.items())
    if rng.random() < 0.5:
        return f"{said} {{}}", json.dumps(pairs, ensure_ascii=False)
    return f"{said} |", "\n".join(f"| {key} | {value} |" for key, value in pairs.items())


def line(rng):
    return rng.choices((_first, _members, _pairs), (5, 2, 4))[0](rng, rng.random() < 0.5)
