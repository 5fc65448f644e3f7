"""Weekdays, months and days of the year.

Takes a random.Random, the language and `held`; gives (question, answer, check). Must not know: conversations, tokens.
"""

from slots import is_held
from sums import _patterns
from wording import expand, typed

DAYS = ("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
        "星期一 星期二 星期三 星期四 星期五 星期六 星期日".split())
MONTHS = ("January February March April May June July August September October November December".split(),
          [f"{m}月" for m in range(1, 13)])
LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

NEXT = ("""what day (is|comes) after {d}|which day (follows|comes after) {d}|what is the day after {d}|the day after {d}|today is {d}, what is tomorrow
if today is {d}, what day is tomorrow|what comes after {d}|which {k} (comes|is) after {d}|the {k} after {d}|{d} is followed by which {k}|next {k} after {d}|tell me the {k} after {d}|(say|name) the {k} (after|following) {d}|what follows {d}|{d}, and then|{d} is over, what is next|after {d} comes|which one is next after {d}|when {d} ends, which {k} begins|{d} has passed, which {k} is it|what do we have after {d}|(the|) (calendar|week|year) goes on after {d} with which {k}""",
        """{d}的(后一天|下一天|第二天|明天)是(星期几|哪天|什么)|{d}后面是(什么|哪个|几)|今天是{d}，明天(呢|是星期几|是什么)|{d}之后是(什么|哪个|几)|{d}的下一个是什么|哪个在{d}后面|{d}接下来是什么|{d}结束后是什么|{d}过后是(什么|哪个|几)|跟在{d}后面的是什么|说出{d}的下一个|{d}然后呢|过了{d}是什么|{d}过去了，接着是什么|日历上{d}后面是什么|轮到{d}之后的是什么""",
        """name the one that follows right behind {d} in the calendar|once {d} is over, what do we have then""",
        """日历上紧跟着{d}的是哪一个|{d}过完了以后轮到什么""")
BEFORE = ("""what day (is|comes) before {d}|which day (precedes|comes before) {d}|what is the day before {d}|the day before {d}|today is {d}, what was yesterday
if today is {d}, what day was yesterday|what comes before {d}|which {k} (comes|is) before {d}|the {k} before {d}|last {k} before {d}|tell me the {k} before {d}|(say|name) the {k} (before|preceding) {d}|what was ahead of {d}|before {d} comes|which one is right before {d}|{d} begins, which {k} has ended|{d} has just begun, which {k} was it until now|what did we have before {d}""",
          """{d}的(前一天|上一天|昨天)是(星期几|哪天|什么)|{d}前面是(什么|哪个|几)|今天是{d}，昨天(呢|是星期几|是什么)|{d}之前是(什么|哪个|几)|{d}的上一个是什么|哪个在{d}前面|{d}之前那个是什么|{d}以前是(什么|哪个|几)|排在{d}前面的是什么|说出{d}的上一个|{d}开始前是什么|{d}刚开始，之前是什么|日历上{d}前面是什么|紧接{d}之前是什么""",
          """name the one that stands right ahead of {d} in the calendar|until {d} began, what did we have""",
          """日历上紧挨着排在{d}前头的是哪一个|还没到{d}的时候是什么""")
LATER = ("""(if|) today is {d}(, what day| , which day|. what day) is it in {n} days|what day is {n} days after {d}|{n} days after {d}|which day comes {n} days after {d}
{d} plus {n} days|it is {d}; what day will it be in {n} days|{n} days from {d}|what weekday is {n} days after {d}|from {d} count {n} days|start on {d} and (go|count|wait) {n} days|{n} days pass after {d}, what day is it|if we (begin|start|leave) on {d}, which day is it {n} days later|which weekday do we reach {n} days after {d}|on {d} plus {n} days, what weekday""",
         """今天是{d}，{n}天(后|以后|之后)是(星期几|哪天)|{d}(过|再过|加){n}天是(星期几|哪天)|{d}{n}天后是(星期几|哪天)|{d}之后第{n}天是星期几|从{d}起{n}天后是哪天|从{d}数{n}天是星期几|{d}往后{n}天是星期几|{d}出发，{n}天后到，是星期几|{d}等{n}天是星期几|再过{n}天，从{d}算是哪天|{d}开始，过{n}天是周几""",
         """we start on {d} and wait for {n} days; on what weekday does that end""", """从{d}开始等上{n}天，等到的那天是周几""")
LENGTH = ("""how many days (has|are in|does) {d}( have|)|how long is {d}|the number of days in {d}|days in {d}|tell me how many days are in {d}|what is the length of {d}
{d} has how many days|number of days of {d}|what is the last day of {d}|when does {d} end|(count|give) the days (of|in) {d}|how many dates are in {d}|{d} ends on which day|how many nights has {d}|how many days do i have in {d}|how far does {d} go|the last date of {d}|i need the days of {d}""",
          """{d}有(多少|几)天|{d}(一共|总共)(有|)(多少|几)天|{d}的天数(是多少|)|{d}是多少天|{d}多少天|{d}的最后一天是几号|{d}到几号结束|{d}里有几天|数一下{d}的天数|{d}总共几天|{d}有几个日子|整个{d}是多少天|{d}最后是几号""",
          """i am planning all of {d}; count its days for me|until what number does the calendar of {d} go""",
          """我要安排整个{d}，它到底含几个日子|{d}的日历会翻到第几号为止""")
DATE_NEXT = ("""what date is (the day|one day) after {d}|the day after {d}|what comes after {d}|what is the date after {d}|which date follows {d}|today is {d}, what date is tomorrow
tomorrow if today is {d}|if today is {d}, what is tomorrow's date|the next day after {d}|the morning after {d}, which date is it|{d} is over, what date is it now|which date is the next day of {d}|i leave on {d} and arrive one day later, when|write the date that follows {d}|{d} plus one day|the date following {d}""",
             """{d}的(后一天|第二天|下一天)是(几号|几月几号|哪天)|今天是{d}，明天是(几号|几月几日|哪天)|{d}之后的一天是(几号|哪天)|{d}的明天是几号|{d}后一天|{d}的第二天早上是几号|{d}过完是几号|{d}加一天|{d}出发，第二天到，是几号|{d}接着是几月几号|过了{d}是几号|{d}夜里之后是几号""",
             """someone leaves at the end of {d}; on which date does the next morning fall""", """有人在{d}半夜出发，翌日早晨应当是几月几号""")
DATE_LATER = ("""what date is {n} days after {d}|{n} days after {d}|which date is {n} days after {d}|{d} plus {n} days|today is {d}, what date is it in {n} days
if today is {d}, what is the date in {n} days|{n} days from {d}|count {n} days from {d}|{d} and {n} more days is which date|it starts on {d} and lasts {n} days, when does it end|{n} days later than {d}|wait {n} days from {d}, what date|when is it {n} days after {d}|valid from {d} for {n} days, until when""",
              """{d}(过|再过|加){n}天是(几号|哪天|几月几号)|今天是{d}，{n}天后是(几号|哪天)|{d}{n}天后是(几号|哪天)|{d}之后{n}天是几号|从{d}数{n}天是几号|{d}往后{n}天是几号|从{d}起等{n}天，是几号|{d}开始，{n}天后结束，是几号|{d}再加{n}日是几月几号|{n}天以后，从{d}算，是哪天""",
              """the visa from {d} is good for {n} more days; on which date is it over""", """从{d}算起还要等{n}日，等到的是几月几号""")


def _date(month, day, zh):
    return f"{month + 1}月{day}日" if zh else f"{MONTHS[0][month]} {day}"


def _step(rng, zh, held):
    """Next or previous weekday or month."""
    months, back = rng.random() < 0.45, rng.random() < 0.4
    ring = (MONTHS if months else DAYS)[zh]
    at = rng.randrange(len(ring))
    result = ring[(at + (-1 if back else 1)) % len(ring)]
    slots = {"d": ring[at], "k": "month" if months else "day"}
    pattern = rng.choice(_patterns(BEFORE if back else NEXT, zh, held))
    if months and any(w in pattern for w in ("day", "天")):
        return _step(rng, zh, held)
    return expand(rng, pattern, slots), result


def _later(rng, zh, held):
    while True:
        at, n = rng.randrange(7), rng.randint(1, 7)
        if is_held("weekday", at, n) == held:
            text = expand(rng, rng.choice(_patterns(LATER, zh, held)), {"d": DAYS[zh][at], "n": n})
            return text, DAYS[zh][(at + n) % 7]


def _length(rng, zh, held):
    month = rng.randrange(12)
    days = LENGTHS[month]
    text = expand(rng, rng.choice(_patterns(LENGTH, zh, held)), {"d": MONTHS[zh][month]})
    return text, f"{MONTHS[zh][month]}有 {days} 天" if zh else f"{MONTHS[zh][month]} has {days} days"


def _date_next(rng, zh, held):
    while True:
        month = rng.randrange(12)
        day = LENGTHS[month] if rng.random() < 0.15 else rng.randint(1, LENGTHS[month])
        if (is_held("date", month, day) and day < LENGTHS[month]) == held:
            after = (month, day + 1) if day < LENGTHS[month] else ((month + 1) % 12, 1)
            text = expand(rng, rng.choice(_patterns(DATE_NEXT, zh, held)), {"d": _date(month, day, zh)})
            return text, _date(*after, zh)


def _date_later(rng, zh, held):
    while True:
        month, n, day = rng.randrange(12), rng.randint(2, 9), rng.randint(1, 19)
        if is_held("date later", month, day, n) == held:
            text = expand(rng, rng.choice(_patterns(DATE_LATER, zh, held)), {"d": _date(month, day, zh), "n": n})
            return text, _date(month, day + n, zh)


def dates(rng, zh, held):
    text, result = rng.choices((_step, _later, _length, _date_next, _date_later), (3, 3, 2, 2, 2))[0](rng, zh, held)
    return typed(rng, text, zh, decorate=not held and rng.random() < 0.5), f"{result}{'。' if zh else '.'}", {"all": [result]}
