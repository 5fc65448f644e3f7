"""How a question is worded: patterns with alternatives, and the ways in which people type.

Owns the pattern language: `(a|b|)` chooses, groups nest, `{slot}` is filled from a dict of functions or strings; and the
files wordings/*.txt: blocks of one intent, with lines of patterns, ` | ` between them:
    [name]     n: noun phrases, v: verb phrases, q: whole questions; H: questions that only the held-out set has;
               the same with z in front in Chinese. A key may have several lines. Further keys are the reader's.
Takes patterns and a seeded random.Random; gives text. Must not know: what is asked, tokens.
"""

import re
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=None)
def _parse(pattern):
    """A sequence of strings and of tuples of alternatives, each a sequence."""
    pos = 0

    def sequence():
        nonlocal pos
        items, start = [], pos
        while pos < len(pattern) and pattern[pos] not in "|)":
            if pattern[pos] == "(":
                items.append(pattern[start:pos])
                pos += 1
                options = [sequence()]
                while pattern[pos] == "|":
                    pos += 1
                    options.append(sequence())
                pos += 1
                items.append(tuple(options))
                start = pos
            else:
                pos += 1
        items.append(pattern[start:pos])
        return items

    parsed = sequence()
    if pos != len(pattern):
        raise ValueError(f"unbalanced group in {pattern!r}")
    return parsed


def expand(rng, pattern, slots=None):
    """One wording of a pattern."""

    def say(items):
        return "".join(i if isinstance(i, str) else say(rng.choice(i)) for i in items)

    text = say(_parse(pattern))
    if slots:
        text = re.sub(r"\{(\w+)\}", lambda m: str(slots[m.group(1)]), text)
    return re.sub(r" +([,.?!;:])", r"\1", re.sub(r" {2,}", " ", text)).strip()


EN_BEFORE = ["please ", "hi, ", "hello, ", "hey, ", "ok, ", "so ", "quick question: ", "one more thing: ", "now ", "and ",
             "well, ", "excuse me, ", "sorry, ", "good, ", "thanks. ", "question: ", "i wonder, ", "just curious: "]
EN_AFTER = [" please", ", please", " now", " then", " exactly", " again", ", thanks", " for me", ", do you know",
            " in short", " briefly", " here", " (short answer)"]
ZH_BEFORE = ["请问", "你好，", "您好，", "请告诉我，", "那么，", "好的，", "我想问一下，", "对了，", "顺便问一下，", "问一下，", "麻烦问下，",
             "再问一个：", "请教一下，", "谢谢。", "请问一下，", "嗯，", "我想知道，"]
ZH_AFTER = ["呢", "，谢谢", "，请简单说明", "啊", "，麻烦了", "，简短回答", "，请告诉我", "呀"]


# Sentences around a question that have nothing to do with it: what matters must be found among them.
EN_STORY = """(i|we|my friend|my team|a colleague|the customer|somebody|my sister) (just |)(found|installed|read about|saw|tried|opened|heard of|looked at) (this|it|something|the page)( today| yesterday| this morning| last week|)
    | (i am|we are|she is|he is) (new|curious|in a hurry|a bit lost|not an expert|confused|working late|learning|a student|an engineer)( here| today| at the moment|)
    | (there is|we have) (a meeting|an exam|a demo|a problem|little time)( tomorrow| soon| on friday|) | (sorry to|may i|let me) (bother you|ask something|interrupt)
    | (my|our) (boss|teacher|friend|client|neighbour|brother|manager) (wants to know|asked me|needs this|told me to ask|insists)
    | (it is|this is) (important|urgent|only a test|for a report|for school|a simple one|my first time)
    | (think|answer) (carefully|quickly|like an expert) | (i hope|i believe|i guess) you can (help|answer)( this|) | (no|without) (hurry|long words|jokes) (please|thanks)"""
ZH_STORY = """(我|我们|我朋友|我同学|一个同事|客户|有人)(刚刚|今天|昨天|刚才|)(发现了这个|装好了|看到了这个|试了一下|听说了这个|打开了网页)
    | (我|我们|他|她)(是新来的|很好奇|赶时间|有点糊涂|不是专家|正在学习|是学生|是工程师|还在加班) | (明天|马上|周五)(要开会|要考试|要演示|要交报告)
    | (我的|)(老板|老师|朋友|客户|邻居|弟弟|经理)(想知道|在问|让我来问|需要这个) | (这很重要|这很急|只是测试一下|写报告要用|很简单的问题|我第一次用)
    | (请|)(仔细想想|快点回答|像专家一样回答) | 希望你(能回答|能帮忙|知道) | (不用着急|不要太长|说人话就行)"""
# Words that change nothing, wherever they stand.
EN_IDLE = """actually really maybe just simply perhaps basically kindly honestly well please so then there here now today right okay um
uh like somehow anyway exactly surely certainly probably indeed dear friend my hello hey thanks""".split()
ZH_IDLE = "其实 真的 也许 就 可能 基本上 老实说 嗯 啊 呀 吧 嘛 哦 现在 到底 大概 究竟 那个 这个 请 麻烦 帮忙 拜托 朋友 你 我 的话 一下 哈 呢".split()
# Words that a blurred frame gains.
EN_FILL = """actually really maybe just simply perhaps basically kindly honestly again already still even also quite very rather here there
today now soon often always sometimes usually somehow anyway besides instead together exactly roughly mostly nearly certainly surely probably
thing things way part kind sort one ones bit lot people person someone anybody everyone man woman user child world day week time place work
good new little old right own next last other many few much such same different simple clear quick nice main
could should would might shall must want wants need like think know believe guess hope mean said say see seem look try ask answer call
give take put get got keep let make made go come went turn use used write read learn understand
about above after against among around because before behind below beside between beyond but by during for from in into like near of off on
over per since than that through till to toward under until up upon with within without while where when who whose which whether what
the a an this these those my your our their his her its it they we he she you me us them him""".split()
ZH_FILL = """其实 真的 也许 就 只是 可能 基本上 老实说 又 已经 还 甚至 也 相当 很 比较 这里 那里 今天 现在 马上 经常 总是 有时 一般 反正 另外 一起 到底 大概 主要 几乎 当然
肯定 东西 方式 部分 种类 人 用户 大家 世界 时间 地方 工作 好 新 小 老 自己 下一个 其他 很多 一些 同样 不同 简单 清楚 快 主要的 可以 应该 会 必须 想 需要 喜欢 觉得 认为 希望 说
看 试 问 答 给 拿 放 得到 保持 让 做 去 来 用 写 读 学 理解 关于 以上 以后 因为 以前 之间 但是 在 从 对 为 把 被 跟 和 与 这 那 这个 那个 这些 我的 你的 我们 他们 她 它 呢 啊 呀 吧 嘛 哦 究竟 啥 咋 咱 俺 怎样""".split()


def split_bars(text):
    """Patterns apart: a bar at depth 0 separates."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if c == "|" and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [p.strip() for p in parts + [text[start:]] if p.strip()]


def read_blocks(name):
    """{intent: {key: [pattern, ...]}} of wordings/NAME.txt; an answer (a) and its check (k) are one line each."""
    blocks = {}
    for line in (Path(__file__).parent / "wordings" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            block = blocks[line[1:-1]] = {}
        elif line and not line.startswith("#"):
            key, text = line.split(":", 1)
            block.setdefault(key.strip(), []).extend([text.strip()] if key.lstrip("z") in ("a", "k") else split_bars(text))
    return blocks


EN_STORY, ZH_STORY = split_bars(" ".join(EN_STORY.split())), split_bars(" ".join(ZH_STORY.split()))


def blurred(rng, frame, zh):
    """A frame with a word more or less: nobody speaks in templates. `{p}` stays."""
    if rng.random() < 0.5:
        return frame
    words = re.findall(r"\{p\}|.", frame) if zh else frame.split()
    out = []
    for word in words:
        if word != "{p}" and rng.random() < 0.12:
            continue
        if rng.random() < 0.12:
            out.append(rng.choice(ZH_FILL if zh else EN_FILL))
        out.append(word)
    if rng.random() < 0.25:
        out.append(rng.choice(ZH_FILL if zh else EN_FILL))
    return ("" if zh else " ").join(out)


def stretched(rng, text, zh):
    """An expanded pattern with idle words in it; its slots stay. What matters must not be found by its neighbours."""
    out, chance = [], rng.choice((0.06, 0.12, 0.2))
    for word in re.findall(r"\{\w+\}|[A-Za-z]+|.", text) if zh else text.split():
        if rng.random() < chance:
            out.append(rng.choice(ZH_IDLE if zh else EN_IDLE))
        out.append(word)
    return ("" if zh else " ").join(out)


def told(rng, text, zh):
    """The text with a sentence before or after it that has nothing to do with it."""
    story = expand(rng, rng.choice(ZH_STORY if zh else EN_STORY))
    mark = rng.choice("，。；：" if zh else [". ", ", ", "; ", ": ", " and ", " - ", " so "])
    if rng.random() < 0.7:
        return story + mark + text
    return re.sub(r"[?？.。!！]+$", "", text) + (rng.choice("，。；") if zh else rng.choice([". ", ", ", "; ", " - "])) + story


def typed(rng, text, zh, decorate=True):
    """The text as someone types it: with a greeting or a story, or not; capitals or not; a mark at its end or not."""
    if decorate and rng.random() < 0.12:
        text = told(rng, text, zh)
    if decorate and rng.random() < 0.3:
        text = rng.choice(ZH_BEFORE if zh else EN_BEFORE) + text
    if decorate and rng.random() < 0.15:
        text = re.sub(r"[?？.。!！]+$", "", text) + rng.choice(ZH_AFTER if zh else EN_AFTER)
    end = text[-1:] if text[-1:] in "?!.？！。" else ""
    if rng.random() < (0.3 if zh else 0.25):
        text = text[: len(text) - len(end)]
    elif not end:
        asks = re.match(r"(how|what|which|where|who|why|is|are|can|could|do|does|when|will)\b", text)
        if zh:
            asks = re.search("[什么几哪谁吗呢怎啥多少咋]", text)
            text += rng.choice("？？？。" if decorate else "？" if asks else "。") if rng.random() < 0.8 else ""
        else:
            text += "?" if asks or (decorate and rng.random() < 0.3) else rng.choice(".." if not decorate else [".", "", "!"])
    if not zh and rng.random() < 0.75:
        text = re.sub(r"\bi\b(?!\.)", "I", text[:1].upper() + text[1:])
    return text
