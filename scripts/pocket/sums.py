"""Arithmetic with small numbers, units and dates: answers that are computed.

Takes a random.Random, the language and `held`; gives (question, answer, check). Held-out questions have wordings and
pairs of numbers that training never has. Must not know: conversations, tokens.
"""

from slots import is_held
from stories import BY_OP
from wording import split_bars, expand, typed

ADD = ("""{a} + {b}|{a}+{b}|what is {a} + {b}|what's {a}+{b}|calculate {a} + {b}|compute {a}+{b}|how much is {a} + {b}|{a} plus {b}
what is {a} plus {b}|add {a} and {b}|the sum of {a} and {b}|what is the sum of {a} and {b}|{a} + {b} =|solve {a} + {b}|add {b} to {a}|put {a} and {b} together|{a} and {b} make|{a} increased by {b}|{b} more than {a}|{a} and {b} in total|work out {a} + {b}|find {a} plus {b}|raise {a} by {b}|if i add {b} to {a}, what do i get|count {a} and {b} together|{a} together with {b}|total of {a} and {b}
how much is {a} plus {b}|i have {a} (apples|pens|books|coins) and get {b} more, how many (do i have|are there)|what does {a} + {b} make
there are {a} (cats|birds|cars) and {b} more come, how many are there|can you add {a} and {b}|tell me {a} + {b}|sum {a} {b}""",
       """{a}+{b}|{a} + {b}|{a}+{b}等于多少|{a}+{b}=|{a}加{b}|{a}加{b}等于几|{a} 加 {b} 是多少|{a}与{b}的和|计算{a}+{b}|{a}和{b}的和是多少|算一下{a}加{b}
我有{a}个(苹果|球|橘子)，又得到{b}个，一共有多少个|{a}+{b}是多少|求{a}加{b}|{a} + {b} 等于几|有{a}只鸟，又来了{b}只，有多少只|把{a}和{b}相加|{a}和{b}一共是多少|{a}增加{b}是多少|比{a}多{b}的数是多少|{a}和{b}加起来|{a}再加上{b}|给{a}加上{b}|{a}与{b}合起来是几|{a}添上{b}得几|帮我算{a}+{b}""",
       """my calculator broke, so work out {a} plus {b} yourself|be so kind and total up {a} and {b}
a shelf holds {a} jars; someone puts {b} further jars on it. count them all|when {b} is put on top of {a}, where do we land""",
       """计算器坏了，你来替我把{a}加上{b}吧|把{a}跟{b}合在一块儿总共得几|书架上原有{a}本书，后来又放上去{b}本，现在总共几本呢|在{a}的基础上再增加{b}，结果会是几""")
SUB = ("""{a} - {b}|{a}-{b}|what is {a} - {b}|what's {a}-{b}|calculate {a} - {b}|compute {a}-{b}|how much is {a} - {b}|{a} minus {b}
what is {a} minus {b}|subtract {b} from {a}|the difference of {a} and {b}|{a} - {b} =|solve {a} - {b}|take {b} from {a}|take {b} away from {a}|{a} decreased by {b}|{b} less than {a}|remove {b} from {a}|reduce {a} by {b}|work out {a} - {b}|find {a} minus {b}|what is left of {a} without {b}|{a} without {b}|drop {b} from {a}|lower {a} by {b}|if i take {b} from {a}, what is left
how much is {a} minus {b}|i have {a} (apples|pens|books|coins) and give away {b}, how many are left|{a} less {b}
there are {a} (cats|birds|cars) and {b} leave, how many are left|tell me {a} - {b}""",
       """{a}-{b}|{a} - {b}|{a}-{b}等于多少|{a}-{b}=|{a}减{b}|{a}减{b}等于几|{a} 减 {b} 是多少|{a}与{b}的差|计算{a}-{b}|{a}减去{b}是多少|算一下{a}减{b}
我有{a}个(苹果|球|橘子)，给了别人{b}个，还剩多少个|{a}-{b}是多少|求{a}减{b}|有{a}只鸟，飞走了{b}只，还剩多少只|从{a}中减去{b}|从{a}里拿走{b}|{a}减少{b}是多少|比{a}少{b}的数是多少|{a}去掉{b}|{a}扣掉{b}剩多少|把{a}减{b}|{a}里面去掉{b}还有几|帮我算{a}-{b}""",
       """my calculator broke, so work out {a} minus {b} yourself|be so kind and remove {b} out of {a}
a shelf holds {a} jars; someone breaks {b} of those. count the whole ones|when {a} shrinks by {b}, where do we land""",
       """计算器坏了，你来替我把{a}减掉{b}吧|书架上原有{a}本书，后来被借走{b}本，现在剩下几本呢|在{a}的基础上再减少{b}，结果会是几""")
MUL = ("""{a} * {b}|{a}*{b}|{a} x {b}|{a} × {b}|what is {a} * {b}|what's {a} x {b}|calculate {a} * {b}|how much is {a} times {b}|{a} times {b}
what is {a} times {b}|multiply {a} by {b}|the product of {a} and {b}|{a} × {b} =|solve {a} * {b}|multiply {a} and {b}|compute {a} × {b}|{a} by {b}|{a} groups of {b}|{a} rows of {b}|work out {a} * {b}|find {a} times {b}|{b} taken {a} times|{b}, {a} times over|find the product of {a} and {b}|{a} lots of {b}|multiply {b} with {a}
{a} (boxes|bags) with {b} (pens|apples|coins) each, how many in all|tell me {a} times {b}|{a} multiplied by {b}""",
       """{a}×{b}|{a}*{b}|{a} × {b}|{a}×{b}等于多少|{a}*{b}=|{a}乘{b}|{a}乘以{b}等于几|{a} 乘 {b} 是多少|{a}与{b}的积|计算{a}×{b}|{a}乘以{b}是多少|算一下{a}乘{b}
有{a}个(盒子|袋子)，每个里有{b}个(球|苹果)，一共多少个|{a}×{b}是多少|求{a}乘以{b}|{a}个{b}是多少|{a}个{b}相加|{a}的{b}倍是多少|{a}和{b}相乘|把{a}和{b}乘起来|{b}的{a}倍|{a}乘上{b}得几|帮我算{a}×{b}""",
       """my calculator broke, so work out {a} times {b} yourself|be so kind and find the product when {a} meets {b}
in a hall stand {a} rows of {b} chairs; count all of those chairs""",
       """计算器坏了，你来替我把{a}乘上{b}吧|大厅里摆着{a}排椅子，每排{b}把，椅子总数是几""")
DIV = ("""{a} / {b}|{a}/{b}|{a} ÷ {b}|what is {a} / {b}|calculate {a} / {b}|how much is {a} divided by {b}|{a} divided by {b}
what is {a} divided by {b}|divide {a} by {b}|{a} ÷ {b} =|solve {a} / {b}|compute {a} ÷ {b}|work out {a} / {b}|find {a} divided by {b}|how often does {b} go into {a}|{a} over {b}|{a} split by {b}|how many times is {b} in {a}|share {a} (apples|coins) among {b} people|tell me {a} / {b}""",
       """{a}÷{b}|{a}/{b}|{a} ÷ {b}|{a}÷{b}等于多少|{a}/{b}=|{a}除以{b}|{a}除以{b}等于几|{a} 除以 {b} 是多少|计算{a}÷{b}|算一下{a}除以{b}
把{a}个苹果平均分给{b}个人，每人几个|{a}÷{b}是多少|求{a}除以{b}|{a}里有几个{b}|{a}是{b}的几倍|{a}被{b}除|把{a}除以{b}|{a}分成{b}份，每份多少|帮我算{a}÷{b}""",
       """my calculator broke, so work out {a} divided by {b} yourself|be so kind and cut {a} into {b} equal parts""",
       """计算器坏了，你来替我把{a}除以{b}吧|{b}个小朋友均分{a}颗糖，一个小朋友拿到几颗""")
CMP = ("""which is (larger|bigger|greater), {a} or {b}|what is (larger|bigger), {a} or {b}|is {a} (larger|bigger) than {b}|compare {a} and {b}
the (larger|bigger) of {a} and {b}|{a} or {b}, which is (larger|bigger|more)|which number is (higher|greater|larger), {a} or {b}|(pick|choose|take|find|tell me) the (larger|bigger|higher|greater) (number|one|value) of {a} and {b}|the (maximum|max) of {a} and {b}|what is the (greater|higher|larger) (number|value): {a} or {b}|the higher (number|value) of {a} and {b}""",
       """{a}和{b}哪个大|{a}与{b}谁更大|比较{a}和{b}|{a}比{b}大吗|{a}和{b}哪一个更大|{a}、{b}哪个更大|{a}和{b}的最大值|{a}和{b}中(较大|更大)的(数|是)|(选|找)出{a}和{b}(里|中)(大的|更大的)(数|)|{a}还是{b}大|{a}跟{b}比，哪个大""",
       """out of the pair {a} and {b} pick the one with the higher value""", """在{a}跟{b}这两个数当中挑出较大的那个""")
OPS = [(ADD, "+", 35), (SUB, "-", 27), (MUL, "×", 20), (DIV, "÷", 10), (CMP, ">", 8)]


def _patterns(forms, zh, held):
    return [p for line in forms[2 * held + zh].split("\n") for p in split_bars(line)]


def arithmetic(rng, zh, held):
    forms, op, _ = rng.choices(OPS, [w for *_, w in OPS])[0]
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
        # Of a pair and its reverse only one is held out.
        if (is_held(op, min(a, b), max(a, b)) and (a > b or op in "÷")) == held:
            break
    result = {"+": a + b, "-": a - b, "×": a * b, "÷": a // b if b else 0, ">": max(a, b)}[op]
    patterns = BY_OP[op][zh] if op != ">" and not held and rng.random() < 0.25 else _patterns(forms, zh, held)
    text = expand(rng, rng.choice(patterns), {"a": a, "b": b})
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
CONVERT = ("""how many {u} are {v} {t}|convert {v} {t} to {u}|{v} {t} in {u}|how many {u} (are in|make|is) {v} {t}|{v} {t} to {u}|what is {v} {t} in {u}
turn {v} {t} into {u}|{v} {t} = ? {u}|how much is {v} {t} in {u}|i have {v} {t}, how many {u} is that|express {v} {t} in {u}|convert {v} {t} into {u}
{v} {t} are how many {u}|please give {v} {t} in {u}|write {v} {t} in {u}|write {v} {t} as {u}|what number of {u} is {v} {t}|{v} {t} equals how many {u}|the number of {u} in {v} {t}|i need {v} {t} in {u}|i measured {v} {t}, what is that in {u}|{v} {t} using {u}|say {v} {t} in {u}|(he|she|my friend) (says|wrote|has) {v} {t}, how many {u} is that|show {v} {t} in {u}|from {t} to {u}: {v}|give the {u} for {v} {t}|i only know {v} {t}, i want {u}|measure {v} {t} in {u}|{u} for {v} {t}|change {v} {t} to {u}""",
           """{v}{t}等于多少{u}|{v}{t}是多少{u}|把{v}{t}换算成{u}|{v}{t}换算成{u}|{v}{t}有多少{u}|{v} {t}等于几{u}|{v}{t}合多少{u}|{v}{t}=?{u}|换算：{v}{t}到{u}
{v}{t}转换成{u}是多少|将{v}{t}化成{u}|多少{u}等于{v}{t}|请换算{v}{t}为{u}|{v}{t}用{u}表示|用{u}表示{v}{t}|{v}{t}写成{u}|{v}{t}改成{u}|我有{v}{t}，是多少{u}|{v}{t}变成{u}是几|要把{v}{t}写成{u}|{v}{t}就是几{u}|量出来是{v}{t}，合几{u}|老师问{v}{t}是几{u}|以{u}为单位，{v}{t}是多少|{v}{t}相当于多少{u}|单位换成{u}，{v}{t}是几|{v}{t}，我想要{u}|{v}{t}折合{u}""",
           """somebody measured {v} {t}, yet the form wants {u}; what goes in|could {v} {t} be written down using {u} instead
my teacher asks for the number of {u} that equals {v} {t}""",
           """表格上要填{u}，可我量到的是{v}{t}，该填几|老师让我们用{u}来表示{v}{t}，结果写几|{v}{t}若是改用{u}当单位，数值会变成几""")


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
    text = expand(rng, rng.choice(_patterns(CONVERT, zh, held)), slots)
    answer = f"{amount} {source[2 + zh]} = {result} {target[2 + zh]}"
    return typed(rng, text, zh, decorate=not held and rng.random() < 0.5), answer, {"number": result}
