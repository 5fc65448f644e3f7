"""What fills the slots: names, cities, numbers; each split once for all into what training sees and what is held out.

Takes a random.Random and `held`; gives one value. Half of what training sees are words that nobody has seen before: what is
named must be copied, not recognised. Must not know: questions, answers.
"""

import hashlib

from wording import read_blocks


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
PRODUCTS = ("phone laptop book chair table lamp pen bike car ticket camera watch bag shirt cup keyboard coffee bread".split(),
            "手机 电脑 书 椅子 桌子 台灯 笔 自行车 汽车 门票 相机 手表 书包 衬衫 杯子 键盘 咖啡 面包".split())
PRODUCTS_HELD = ("pencil pillow blanket mirror guitar helmet".split(), "铅笔 枕头 毛毯 镜子 吉他 头盔".split())
QUERIES = ("streaming cors tokens deployment pages stages context quantization licence health keys limits memory errors".split(),
           "流式 跨域 部署 分页 阶段 上下文 量化 许可证 健康检查 密钥 限制 内存 错误".split())
QUERIES_HELD = ("sampling embeddings prefill kernels".split(), "采样 词表 归一化 模板".split())

_ONSETS = "b br c ch cl cr d dr f fl fr g gl gr h j k kl kn l m n p ph pl pr qu r s sc sh sk sl sm sn sp st str t th tr v w wh x y z".split() + [""]
_VOWELS = "a e i o u a e i o u ai au ea ee ei ia ie io oa oo ou ue y".split()
_CODAS = "b ck d f g l ll m n nd ng nt p r rd rk rn rt s ss st t th x".split() + [""] * 20
_TOPICS = read_blocks("scope")["scope"]
_EN_WORDS = sorted({word for topic in _TOPICS["t"] for word in topic.split() if word.isalpha() and len(word) > 2})
_ZH_WORDS = sorted({topic for topic in _TOPICS["zt"] if topic.isalpha() and not topic.isascii() and len(topic) <= 4})
_ZH_CHARACTERS = sorted(set("".join(_ZH_WORDS)))
_HELD = {word.lower() for words in (EN_HELD, EN_CITIES_HELD, ZH_CITIES_HELD, *PRODUCTS_HELD, *QUERIES_HELD) for word in words}


def new_word(rng, zh):
    """A word that is made up, or one of another subject; never one that is held out."""
    while True:
        if rng.random() < 0.4:
            word = rng.choice(_ZH_WORDS if zh else _EN_WORDS)
        elif zh:
            # Some characters are no tokens and come as bytes.
            word = "".join(chr(rng.randint(0x4E00, 0x9FA5)) if rng.random() < 0.15 else rng.choice(_ZH_CHARACTERS) for _ in range(rng.choice((1, 2, 2, 3))))
        elif rng.random() < 0.5:
            # The beginning of one word and the end of another: its tokens are any part of words.
            one, other = rng.choice(_EN_WORDS), rng.choice(_EN_WORDS)
            word = one[: rng.randint(1, len(one))] + other[rng.randint(0, len(other) - 1) :]
        else:
            count = rng.choice((1, 2, 2, 3))
            word = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(count))
        if word.lower() not in _HELD:
            return word


def name(rng, held, zh):
    if zh and rng.random() < 0.75:
        if not held and rng.random() < 0.3:
            return new_word(rng, True)
        while True:
            size = 1 if rng.random() < 0.4 else 2
            text = rng.choice(ZH_FAMILY) + "".join(rng.choice(ZH_GIVEN) for _ in range(size))
            if rng.random() < 0.2:
                text = "小" + text[-1]
            if is_held("name", text) == held:
                return text
    if not held and rng.random() < 0.55:
        return new_word(rng, False).capitalize()
    return rng.choice(EN_HELD if held else EN_NAMES)


def city(rng, held, zh):
    if not held and rng.random() < 0.5:
        return new_word(rng, zh) if zh else new_word(rng, False).capitalize()
    if zh:
        return rng.choice(ZH_CITIES_HELD if held else ZH_CITIES)
    return rng.choice(EN_CITIES_HELD if held else EN_CITIES)


def product(rng, held, zh):
    if not held and rng.random() < 0.6:
        return new_word(rng, zh)
    return rng.choice((PRODUCTS_HELD if held else PRODUCTS)[zh])


def query(rng, held, zh):
    if not held and rng.random() < 0.6:
        return new_word(rng, zh)
    return rng.choice((QUERIES_HELD if held else QUERIES)[zh])


def number(rng, held, top=999):
    """1..top, small ones as often as large ones."""
    while True:
        n = rng.randint(1, 10 ** rng.randint(1, len(str(top))) - 1)
        if n <= top and is_held("number", n) == held:
            return n
