"""Arithmetic with small numbers, units and dates: answers that are computed.

Takes a random.Random, the language and `held`; gives (question, answer, check). Held-out questions have wordings and
pairs of numbers that training never has. Must not know: conversations, tokens.
"""

from slots import is_held
from stories import BY_OP
from wording import expand, read_blocks, typed

OPS = [("ADD", "+", 35), ("SUB", "-", 27), ("MUL", "×", 20), ("DIV", "÷", 10), ("CMP", ">", 8)]
SKILLS = {**read_blocks("numbers"), **read_blocks("forms")}


def patterns(skill, zh, held):
    """The wordings of wordings/{numbers,forms}.txt, those of training or those held out."""
    return SKILLS[skill][("z" if zh else "") + ("H" if held else "q")]


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
    forms = BY_OP[op][zh] if op != ">" and not held and rng.random() < 0.25 else patterns(skill, zh, held)
    text = expand(rng, rng.choice(forms), {"a": a, "b": b})
    answer = f"{a} {op} {b} = {result}" if op != ">" else f"{result} 更大。" if zh else f"{result} is larger."
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


def units(rng, zh, held):
    big, small, factor = rng.choice(UNITS)
    while True:
        value = rng.randint(1, 20 if factor in (10, 100, 1000) else 12)
        down = rng.random() < 0.65
        if is_held("unit", big[2], factor, down, value) == held:
            break
    source, target = (big, small) if down else (small, big)
    amount, result = (value, value * factor) if down else (value * factor, value)
    slots = {"v": amount, "t": rng.choice(source[zh].split("|")), "u": rng.choice(target[zh].split("|"))}
    text = expand(rng, rng.choice(patterns("CONVERT", zh, held)), slots)
    answer = f"{amount} {source[2 + zh]} = {result} {target[2 + zh]}"
    return typed(rng, text, zh, decorate=not held and rng.random() < 0.5), answer, {"number": result}
