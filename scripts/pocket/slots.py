"""What fills the slots: names, cities, numbers; each split once for all into what training sees and what is held out.

Takes a random.Random and `held`; gives one value. Must not know: questions, answers.
"""

import hashlib


def is_held(*key, one_in=6):
    """A fixed coin for a slot's value: the same in every run and on every machine."""
    digest = hashlib.sha256(repr(key).encode()).digest()
    return digest[0] % one_in == 0


EN_NAMES = """Tom Anna Peter Mary John Lisa Paul Emma David Sarah Mark Julia Alex Laura Ben Nina Sam Kate Max Eva Leo Mia Noah Lily Jack
Alice Bob Carol Dave Ella Frank Grace Henry Ivy James Karen Lucas Maria Nick Olivia Oscar Rita Simon Tina Victor Wendy Adam Clara
Daniel Elena Felix Hanna Ian Jane Kevin Linda Martin Nora Oliver Paula Robert Sofia Thomas Vera Walter Zoe Andrew Brian Chris Diana
Eric Fiona George Helen Jason Kim Liam Megan Nathan Patrick Rachel Steve Susan Tim Ursula Will Amy Carl Dora Erik Gina Hugo Irene""".split()
EN_HELD = """Michael Jennifer Edward Barbara Charles Nancy Joseph Betty Richard Sandra Donna Ryan Gary Amanda Larry Melissa Scott Rebecca
Arthur Bella Cora Dylan Ethan Flora Gavin Isaac Jonas Kira Lara Marcus Nelson Petra Rosa Stella Tobias Vivian Wanda Yara""".split()
ZH_FAMILY = "王李张刘陈杨赵黄周吴徐孙马朱胡林何高郭罗"
ZH_GIVEN = "明华丽强芳伟军平红梅兰玉文海云涛勇静敏杰娟霞飞雪志国建春秋龙晨阳月星宇浩佳欣雨"
EN_CITIES = """Paris London Berlin Rome Madrid Tokyo Beijing Shanghai Moscow Vienna Prague Lisbon Dublin Oslo Helsinki Athens Cairo Delhi
Mumbai Sydney Toronto Boston Chicago Seattle Denver Dallas Miami Munich Hamburg Milan Venice Zurich Geneva Lyon Nice Osaka Kyoto Seoul
Lima Quito Havana Bogota Nairobi Lagos Accra Tunis Dubai Doha Riga Vilnius Porto Bern Basel Graz""".split()
EN_CITIES_HELD = """Warsaw Budapest Barcelona Naples Singapore Bangkok Austin Houston Montreal Melbourne Stockholm Brussels Cologne Santiago
Jakarta Manila Turin Phoenix Portland Leipzig""".split()
ZH_CITIES = "北京 上海 广州 深圳 杭州 南京 武汉 成都 重庆 西安 天津 苏州 长沙 青岛 大连 厦门 昆明 济南 福州 合肥 郑州 哈尔滨 拉萨 海口 三亚 桂林 巴黎 伦敦 东京 纽约 柏林 罗马 莫斯科 首尔".split()
ZH_CITIES_HELD = "沈阳 南昌 兰州 宁波 无锡 长春 太原 洛阳 马德里 维也纳 大阪 河南 海南 山东".split()
_HEADS = "Ka Mi Lo Re Sa Ti Bo Du Fe Ga Ha Jo Ko La Ma Ne Pa Ro Su To Va Wi Ya Zo Be Co Da El Fi Lu".split()
_TAILS = "ra na lo mi ta ren lin do va sa ko ri mo la nel tor vin da ss ne".split()


def name(rng, held, zh):
    if zh and rng.random() < 0.75:
        while True:
            size = 1 if rng.random() < 0.4 else 2
            text = rng.choice(ZH_FAMILY) + "".join(rng.choice(ZH_GIVEN) for _ in range(size))
            if rng.random() < 0.2:
                text = "小" + text[-1]
            if is_held("name", text) == held:
                return text
    if rng.random() < (0.0 if held else 0.45):
        while True:
            text = rng.choice(_HEADS) + "".join(rng.choice(_TAILS) for _ in range(rng.choice((1, 1, 2))))
            if text not in EN_HELD:
                return text
    return rng.choice(EN_HELD if held else EN_NAMES)


def city(rng, held, zh):
    if zh:
        return rng.choice(ZH_CITIES_HELD if held else ZH_CITIES)
    if not held and rng.random() < 0.3:
        return rng.choice(_HEADS) + rng.choice(_TAILS) + rng.choice(("burg", "ville", "ton", " City", "stadt", "o", "field"))
    return rng.choice(EN_CITIES_HELD if held else EN_CITIES)


def number(rng, held, top=999):
    """1..top, small ones as often as large ones."""
    while True:
        n = rng.randint(1, 10 ** rng.randint(1, len(str(top))) - 1)
        if n <= top and is_held("number", n) == held:
            return n
