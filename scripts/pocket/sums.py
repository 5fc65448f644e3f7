"""Arithmetic with small numbers, units and dates: answers that are computed.

Takes a random.Random, the language and `held`; gives (question, answer, check). Held-out questions have wordings and
pairs of numbers that training never has. Must not know: conversations, tokens.
"""

from skills import filled, pattern, worded
from slots import is_held
from stories import BY_OP
from wording import typed

OPS = [("ADD", "+", 35), ("SUB", "-", 27), ("MUL", "×", 20), ("DIV", "÷", 10), ("CMP", ">", 8)]


def is_held_sum(op, a, b):
    """Of a pair and its reverse only one is held out."""
    return is_held(op, min(a, b), max(a, b)) and (a > b or op == "÷")


def arithmetic(rng, zh, held):
    skill, op, _ = rng.choices(OPS, [w for *_, w in OPS])[0]
    while True:
        top = rng.choice((12, 40))
        a, b = rng.randint(0, top), rng.randint(0, top)
        if op == "-" and a < b:
            a, b = b, a
        if op in "×÷":
            a, b = a % 13, b % 13
        if op == "÷":
            a, b = a * max(b, 1), max(b, 1)
        if op == ">" and a == b:
            continue
        if is_held_sum(op, a, b) == held:
            break
    result = {"+": a + b, "-": a - b, "×": a * b, "÷": a // b if b else 0, ">": max(a, b)}[op]
    is_story = op != ">" and not held and rng.random() < 0.2
    chosen = rng.choice(BY_OP[op][zh]) if is_story else pattern(rng, skill, zh, held)
    text = filled(rng, chosen, zh, held, {"a": a, "b": b})
    answer = worked(op, a, b) if op != ">" else f"{result} 更大。" if zh else f"{result} is larger."
    return typed(rng, text, zh, decorate=not held and rng.random() < 0.5), answer, {"number": result}


# from, to, factor: words in a question, then the symbol of the answer.
UNITS = [
    (("km|kilometers|kilometres", "千米|公里", "km", "千米"), ("m|meters|metres", "米", "m", "米"), 1000),
    (("m|meters|metres", "米", "m", "米"), ("cm|centimeters", "厘米", "cm", "厘米"), 100),
    (("cm|centimeters", "厘米", "cm", "厘米"), ("mm|millimeters", "毫米", "mm", "毫米"), 10),
    (("kg|kilograms|kilos", "千克|公斤", "kg", "千克"), ("g|grams", "克", "g", "克"), 1000),
    (("t|tons", "吨", "t", "吨"), ("kg|kilograms", "千克|公斤", "kg", "千克"), 1000),
    (("l|liters", "升", "l", "升"), ("ml|milliliters", "毫升", "ml", "毫升"), 1000),
    (("hours|h", "小时", "hours", "小时"), ("minutes|min", "分钟", "minutes", "分钟"), 60),
    (("minutes|min", "分钟", "minutes", "分钟"), ("seconds|s", "秒", "seconds", "秒"), 60),
    (("days", "天", "days", "天"), ("hours", "小时|个小时", "hours", "小时"), 24),
    (("weeks", "周|个星期", "weeks", "周"), ("days", "天", "days", "天"), 7),
    (("years", "年", "years", "年"), ("months", "个月", "months", "个月"), 12),
]


def worked(op, a, b):
    """The sum as an answer says it. A product begins with the smaller number: what is known one way is then known both
    ways, which a small model does not find by itself."""
    if op == "×" and a > b:
        return f"{a} × {b} = {b} × {a} = {a * b}"
    result = {"+": a + b, "-": a - b, "×": a * b, "÷": a // max(b, 1)}[op]
    return f"{a} {op} {b} = {result}"


def step(amount, factor, down):
    """The sum that a conversion takes."""
    return worked("×", *sorted((amount, factor))) if down else worked("÷", amount, factor)


def converted(amount, source, result, target, factor, down, zh):
    """A conversion as an answer says it: with the sum first, so that it is computed and not remembered."""
    return f"{step(amount, factor, down)}{'，所以 ' if zh else ', so '}{amount} {source} = {result} {target}"


def units(rng, zh, held):
    big, small, factor = rng.choice(UNITS)
    while True:
        value = rng.randint(1, 20 if factor in (10, 100, 1000) else 12)
        down = rng.random() < 0.65
        # What is held out as a sum does not come as a step either.
        is_known = down or not is_held_sum("÷", value * factor, factor)
        if is_held("unit", big[2], factor, down, value) == held and (held or is_known):
            break
    source, target = (big, small) if down else (small, big)
    amount, result = (value, value * factor) if down else (value * factor, value)
    slots = {"v": amount, "t": rng.choice(source[zh].split("|")), "u": rng.choice(target[zh].split("|"))}
    text = worded(rng, "CONVERT", zh, held, slots)
    answer = converted(amount, source[2 + zh], result, target[2 + zh], factor, down, zh)
    return typed(rng, text, zh, decorate=not held and rng.random() < 0.5), answer, {"number": result}
