"""Kinds whose answers are fixed: help, architecture, small talk.

Owns the format of wordings/*.txt and the frames around its phrases. A block is one intent:
    [name]     n: noun phrases, v: verb phrases, q: whole questions, each `a | b | c` with ` | ` between patterns,
               H: questions that only the held-out set has, a: the answer, k: what a right answer holds, ` ; ` between;
               the same with z in front in Chinese.
Takes a random.Random and the language; gives (question, answer) for training and (question, answer, check) held out.
"""

from pathlib import Path

from wording import split_bars as split, blurred, expand, typed

FRAMES = {
    ("n", False): """what is {p} | what's {p} | tell me about {p} | explain {p} | can you explain {p} (to me|) | could you explain {p}
        | describe {p} | what do you know about {p} | {p} | {p}, what is that | i want to know (more |)about {p}
        | give me (a short|a quick|a one line) (explanation|description) of {p} | what about {p} | say something about {p}
        | define {p} | help me understand {p} | info on {p} | information about {p} | i have a question about {p}
        | what can you (say|tell me) about {p} | do you know {p} | (where|how) (can|do) i find {p} | i don't understand {p}
        | i need to know {p} | {p} please | i heard of {p}, what is it | i am looking for {p} | talk about {p}
        | what is meant by {p} | can you describe {p} | how about {p} | teach me {p} | i'd like to learn about {p}
        | which is {p} | let me know {p} | the meaning of {p} | why {p} | who knows {p} | are you familiar with {p} | i read about {p} | somebody (told|asked) me about {p} | give me an idea of {p}
        | {p} in (simple|easy|short|few|other) words | explain {p} (to a child|simply|for beginners|like to a friend) | people talk about {p} | what kind of thing is {p}
        | i see {p} everywhere | how would you (explain|describe|define) {p} | sum up {p} | {p}, (simply|shortly) | i never understood {p} | what is behind {p}
        | a word on {p} | details (on|of|about) {p} | what should i know about {p} | can you tell {p} | answer me: {p} | what is this {p} | more on {p}
        | i want {p} | (he|she|they|my teacher) (asks|wants|asked) (for|about) {p} | i forgot {p} | i was asked about {p} | summary of {p} | introduce {p} | clarify {p}""",
    ("v", False): """how do i {p} | how can i {p} | how to {p} | how would i {p} | how does one {p} | what is the way to {p}
        | (what's|what is) the command to {p} | (show|tell|teach) me how to {p} | i (want|need|would like) to {p}
        | i (want|need) to {p}, how | can you (help me|tell me how to|explain how to) {p} | is there a way to {p}
        | what should i (do|type|run) to {p} | steps to {p} | {p}, how | explain how to {p} | i'm trying to {p}
        | what do i need to {p} | the command to {p} | could you show me how to {p} | give me the (command|steps) to {p}
        | is it possible to {p} | can i {p} | how could we {p} | which command do i use to {p} | what must i do to {p}
        | help me {p} | i don't know how to {p} | where can i {p} | {p} | we have to {p} | best way to {p}
        | how am i supposed to {p} | do you know how to {p} | let me {p} | what lets me {p} | the right way to {p} | (someone|my boss|a colleague) (wants|has|asked me) to {p} | what is needed to {p}
        | i have to {p} today | (which|what) (steps|commands) (to|let me) {p} | tell me what to (do|enter|type|run) to {p} | i would (like|love) to {p} | we want to {p}
        | i can not {p} | i failed to {p} | where do i start to {p} | what is the first step to {p} | any (idea|tip|hint|advice) (how|on how) to {p} | plan: {p}
        | for the people who {p} | (first|next) i {p} | my goal is to {p} | it should be easy to {p} | in order to {p}, what do i do | so that i can {p} | the task is to {p} | who can {p}
        | what comes first to {p} | to {p} i do what | if i want to {p} | one has to {p}""",
    ("n", True): """什么是{p} | {p}是什么 | 介绍一下{p} | 解释一下{p} | 讲讲{p} | 说说{p} | {p} | {p}是什么意思 | 我想了解{p} | 你知道{p}吗
        | 能解释一下{p}吗 | 简单(介绍|解释|说明)(一下|){p} | 关于{p} | 请(介绍|解释|描述){p} | 我不懂{p} | {p}怎么理解 | 告诉我{p}
        | 我想知道{p} | 描述一下{p} | {p}怎么样 | 帮我(理解|解释){p} | 聊聊{p} | 有关{p}的信息 | {p}指的是什么 | 谈谈{p}
        | 什么叫{p} | {p}是怎么回事 | 查一下{p} | 为什么{p} | 我听说过{p}，是什么 | 教我{p} | {p}在哪里 | 用简单的话(讲|说)一下{p} | 有人问我{p} | 我看到{p} | 给我讲{p} | {p}，简单说 | 文章提到{p}
        | 大家都在说{p} | {p}到底是什么 | 怎么看{p} | 怎样理解{p} | 概括一下{p} | 我从来没懂过{p} | {p}是哪种东西 | 补充一下{p} | {p}的意思 | 老师问{p} | 我忘了{p}
        | 入门{p} | 总结{p} | 想问{p} | 给我{p} | 我要{p} | 澄清一下{p} | 怎么解释{p} | 如何(描述|定义|认识){p} | {p}有什么要知道的 | {p}具体是什么 | 一句话说{p} | 常看到{p}，不懂""",
    ("v", True): """怎么{p} | 如何{p} | 怎样{p} | 我(想|要){p} | 我(想|要){p}，怎么做 | {p}的(方法|命令|步骤)(是什么|) | {p}用什么命令 | 教我{p}
        | 告诉我(怎么|如何){p} | {p}怎么(弄|做|办) | (能|可以){p}吗 | 想{p}该怎么做 | 帮我{p} | 我该(怎么|如何){p} | 怎么才能{p}
        | {p}要(做什么|输入什么) | 要{p} | {p} | 有办法{p}吗 | 我不知道怎么{p} | 请(说明|解释)(怎么|如何){p} | 需要{p}
        | 能不能{p} | 哪里可以{p} | 用什么{p} | 我们要{p} | 是否可以{p} | 在哪里{p} | (老板|同事|有人)(要|想){p} | {p}的第一步 | 今天要{p} | 打算{p} | 准备{p} | 目标是{p} | 任务是{p}
        | {p}，然后呢 | 为了{p} | 若要{p} | 如果想{p} | 有人想{p} | {p}需要什么 | {p}，先做什么 | 输入什么来{p} | {p}没成功 | 我不会{p} | 谁能{p} | {p}有什么(技巧|窍门|办法)
        | 给我{p}的命令 | 第一次{p} | 一步步教我{p} | 从哪里开始{p} | 怎么做到{p} | 怎么做能{p} | 下一步{p}""",
}
HELD_FRAMES = {
    ("n", False): """a friend mentioned {p} and i nodded; what did they mean | put {p} into plain words | shed some light on {p}
        | for someone new, {p} is what exactly | my boss asks me for {p}; what shall i answer | give a beginner an idea of {p}
        | i keep reading the term {p} without getting it | how would an expert sum up {p}""",
    ("v", False): """what would be the right thing to enter in order to {p} | any hints for people that wish to {p}
        | walk me through it: i wish to {p} | suppose somebody has to {p}: where should they begin
        | my task for today is to {p}; what now | we are stuck since nobody managed to {p}""",
    ("n", True): """有人提到了{p}，那到底指什么呀 | 用大白话讲，{p}究竟是啥 | 初学者应该怎样认识{p}呢 | 文章里老是出现{p}，我看不明白
        | 同事问起{p}，我该怎样回答他 | 给新手科普科普{p}""",
    ("v", True): """要是打算{p}，第一步得干嘛 | 老板让我{p}，可我一点头绪都没有 | 假如有人希望{p}，他应当敲哪条指令 | 有没有谁晓得咋样{p}
        | 今天的任务就是{p}，接下来呢 | 到底得怎样做才算是{p}""",
}


FRAMES = {key: split(" ".join(text.split())) for key, text in FRAMES.items()}
HELD_FRAMES = {key: split(" ".join(text.split())) for key, text in HELD_FRAMES.items()}


def read_intents(name):
    """[{name, n, v, q, H, a, k, zn, ...}] of wordings/NAME.txt; lists of patterns, a and za are strings."""
    intents = []
    for line in (Path(__file__).parent / "wordings" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            intents.append({"name": line[1:-1]})
        elif line and not line.startswith("#"):
            key, text = line.split(":", 1)
            kind = key.strip().lstrip("z")
            value = text.strip() if kind == "a" else text.strip().split(" ; ") if kind == "k" else split(text)
            intents[-1][key.strip()] = value
    return intents


class Facts:
    """One kind of fixed answers."""

    def __init__(self, name):
        self.intents = read_intents(name)

    def train(self, rng, zh):
        z = "z" if zh else ""
        intent = rng.choice(self.intents)
        ways = [w for w in "nvq" if z + w in intent]
        way = rng.choice(ways)
        pattern = rng.choice(intent[z + way])
        text = expand(rng, pattern)
        if way != "q":
            text = expand(rng, blurred(rng, expand(rng, rng.choice(FRAMES[way, zh])), zh), {"p": text})
        elif rng.random() < 0.3:
            text = expand(rng, blurred(rng, rng.choice(("{p}", "so {p}", "{p} then") if not zh else ("{p}", "那{p}")), zh), {"p": text})
        return typed(rng, text, zh), intent[z + "a"]

    def held(self, rng, zh, index):
        """A question about intent `index`, in a frame that training never has."""
        z = "z" if zh else ""
        intent = self.intents[index % len(self.intents)]
        if z + "H" in intent:
            text = expand(rng, rng.choice(intent[z + "H"]))
        else:
            way = rng.choice([w for w in "nv" if z + w in intent])
            text = expand(rng, rng.choice(HELD_FRAMES[way, zh]), {"p": expand(rng, rng.choice(intent[z + way]))})
        return typed(rng, text, zh, decorate=False), intent[z + "a"], {"all": intent[z + "k"]}
