"""Weekdays, months and days of the year.

Takes a random.Random, the language and `held`; gives (question, answer, check). Must not know: conversations, tokens.
"""

from slots import is_held
from skills import filled, pattern, worded
from wording import typed

DAYS = ("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
        "星期一 星期二 星期三 星期四 星期五 星期六 星期日".split())
MONTHS = ("January February March April May June July August September October November December".split(),
          [f"{m}月" for m in range(1, 13)])
LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def _date(month, day, zh):
    return f"{month + 1}月{day}日" if zh else f"{MONTHS[0][month]} {day}"


def _step(rng, zh, held):
    """Next or previous weekday or month."""
    months, back = rng.random() < 0.45, rng.random() < 0.4
    ring = (MONTHS if months else DAYS)[zh]
    at = rng.randrange(len(ring))
    result = ring[(at + (-1 if back else 1)) % len(ring)]
    slots = {"d": ring[at], "k": "month" if months else "day"}
    chosen = pattern(rng, "BEFORE" if back else "NEXT", zh, held)
    if months and any(w in chosen for w in ("day", "天")):
        return _step(rng, zh, held)
    return filled(rng, chosen, zh, held, slots), result


def _later(rng, zh, held):
    """Counted aloud: a small model cannot add to a weekday at once."""
    while True:
        at, n = rng.randrange(7), rng.randint(1, 7)
        if is_held("weekday", at, n) == held:
            text = worded(rng, "LATER", zh, held, {"d": DAYS[zh][at], "n": n})
            counted = [f"{i} {DAYS[zh][(at + i) % 7]}" for i in range(1, n + 1)]
            result = DAYS[zh][(at + n) % 7]
            return text, "，".join(counted) + f"。是{result}" if zh else ", ".join(counted) + f". It is {result}"


def _length(rng, zh, held):
    month = rng.randrange(12)
    days = LENGTHS[month]
    text = worded(rng, "LENGTH", zh, held, {"d": MONTHS[zh][month]})
    return text, f"{MONTHS[zh][month]}有 {days} 天" if zh else f"{MONTHS[zh][month]} has {days} days"


def _date_next(rng, zh, held):
    while True:
        month = rng.randrange(12)
        day = LENGTHS[month] if rng.random() < 0.15 else rng.randint(1, LENGTHS[month])
        if (is_held("date", month, day) and day < LENGTHS[month]) == held:
            after = (month, day + 1) if day < LENGTHS[month] else ((month + 1) % 12, 1)
            text = worded(rng, "DATE_NEXT", zh, held, {"d": _date(month, day, zh)})
            return text, _date(*after, zh)


def _date_later(rng, zh, held):
    while True:
        month, n, day = rng.randrange(12), rng.randint(2, 9), rng.randint(1, 19)
        if is_held("date later", month, day, n) == held:
            text = worded(rng, "DATE_LATER", zh, held, {"d": _date(month, day, zh), "n": n})
            return text, _date(month, day + n, zh)


def dates(rng, zh, held):
    text, result = rng.choices((_step, _later, _length, _date_next, _date_later), (3, 3, 2, 2, 2))[0](rng, zh, held)
    answer = f"{result}{'。' if zh else '.'}"
    return typed(rng, text, zh, decorate=not held and rng.random() < 0.5), answer, {"exact": answer}
