"""Short lists, tables and JSON on request.

Takes a random.Random, the language and `held`; gives (question, answer, check). Must not know: conversations, tokens.
"""

import json

from slots import city, is_held, name, number
from sums import patterns
from wording import expand, typed

SETS = [
    ("colors", "颜色", "red blue green yellow black white", "红色 蓝色 绿色 黄色 黑色 白色"),
    ("fruits", "水果", "apple banana orange pear grape lemon", "苹果 香蕉 橙子 梨 葡萄 柠檬"),
    ("animals", "动物", "cat dog horse bird fish lion", "猫 狗 马 鸟 鱼 狮子"),
    ("planets", "行星", "Mercury Venus Earth Mars Jupiter Saturn", "水星 金星 地球 火星 木星 土星"),
    ("months", "月份", "January February March April May June", "一月 二月 三月 四月 五月 六月"),
    ("weekdays", "工作日", "Monday Tuesday Wednesday Thursday Friday", "星期一 星期二 星期三 星期四 星期五"),
    ("seasons", "季节", "spring summer autumn winter", "春天 夏天 秋天 冬天"),
    ("languages", "语言", "English Chinese French German Spanish Italian", "英语 汉语 法语 德语 西班牙语 意大利语"),
    ("drinks", "饮料", "water tea coffee milk juice", "水 茶 咖啡 牛奶 果汁"),
    ("vegetables", "蔬菜", "carrot potato tomato onion cabbage", "胡萝卜 土豆 西红柿 洋葱 白菜"),
    ("countries", "国家", "China France Germany Japan Italy Spain", "中国 法国 德国 日本 意大利 西班牙"),
    ("sports", "运动", "football tennis swimming running basketball", "足球 网球 游泳 跑步 篮球"),
]
WORDS = ("zero", "one", "two", "three", "four", "five", "six"), ("零", "一", "两", "三", "四", "五", "六")

FIELDS = [("name", "名字|姓名|name", "name"), ("age", "年龄|age", "n"), ("city", "城市|city", "city"), ("id", "编号|id", "n"),
          ("price", "价格|price", "n"), ("color", "颜色|color", "color"), ("count", "数量|count", "n")]
HEADS = [("names and ages", "姓名和年龄", ("Name", "Age"), ("姓名", "年龄"), "name"),
         ("names and scores", "姓名和分数", ("Name", "Score"), ("姓名", "分数"), "name"),
         ("cities and temperatures", "城市和温度", ("City", "Temperature"), ("城市", "温度"), "city"),
         ("fruits and prices", "水果和价格", ("Fruit", "Price"), ("水果", "价格"), "fruit")]


def _value(rng, kind, held, zh):
    if kind == "name":
        return name(rng, held, zh)
    if kind == "city":
        return city(rng, held, zh)
    if kind in ("color", "fruit"):
        return rng.choice(SETS[kind == "fruit"][2 + zh].split())
    return number(rng, held)


def _join(parts, zh):
    if zh:
        return "，".join(parts) if len(parts) > 2 else "和".join(parts)
    return " and ".join(parts) if len(parts) < 3 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _list(rng, zh, held):
    group = rng.choice(SETS)
    members = group[2 + zh].split()
    while True:
        n = rng.randint(2, min(5, len(members)))
        if is_held("list", group[0], n, one_in=5) == held or (held and rng.random() < 0.02):
            break
    shown = WORDS[zh][n] if rng.random() < 0.5 else n
    text = expand(rng, rng.choice(patterns("LIST", zh, held)), {"n": shown, "c": group[zh]})
    return text, "\n".join(f"- {m}" for m in members[:n]), {"lines": n, "of": members}


def _count(rng, zh, held):
    while True:
        a, n = rng.randint(0, 20), rng.randint(3, 8)
        if is_held("count", a, n) == held:
            break
    text = expand(rng, rng.choice(patterns("COUNT", zh, held)), {"a": a, "b": a + n})
    answer = ", ".join(str(i) for i in range(a, a + n + 1))
    return text, answer, {"exact": answer}


def _object(rng, zh, held):
    fields = rng.sample(FIELDS, rng.choice((1, 2, 2, 3)))
    values = {key: _value(rng, kind, held, zh) for key, _, kind in fields}
    join = rng.choice((" ", " ", " = ", ": ", " is ")) if not zh else rng.choice(("是", "为", " ", "："))
    words = [f"{rng.choice(label.split('|')) if zh else key}{join}{values[key]}" for key, label, _ in fields]
    text = expand(rng, rng.choice(patterns("OBJECT", zh, held)), {"f": "，".join(words) if zh else _join(words, zh)})
    return text, json.dumps(values, ensure_ascii=False), {"json": values}


def _array(rng, zh, held):
    kind = rng.choice(("name", "city", "n"))
    values = list(dict.fromkeys(_value(rng, kind, held, zh) for _ in range(rng.randint(2, 4))))
    text = expand(rng, rng.choice(patterns("ARRAY", zh, held)), {"f": _join([str(v) for v in values], zh) if not zh else "、".join(map(str, values))})
    return text, json.dumps(values, ensure_ascii=False), {"json": values}


def _table(rng, zh, held):
    en, cn, en_heads, zh_heads, kind = rng.choice(HEADS)
    rows = list({_value(rng, kind, held, zh): number(rng, held, 99) for _ in range(rng.choice((2, 2, 3)))}.items())
    mark = rng.choice((" ", ": ", " is ")) if not zh else rng.choice(("", " ", "是"))
    said = (", " if not zh else "，").join(f"{key}{mark}{value}" for key, value in rows)
    text = expand(rng, rng.choice(patterns("TABLE", zh, held)), {"h": cn if zh else en, "r": said})
    lines = [zh_heads if zh else en_heads, ("---", "---"), *rows]
    answer = "\n".join(f"| {a} | {b} |" for a, b in lines)
    return text, answer, {"exact": answer}


def forms(rng, zh, held):
    text, answer, check = rng.choices((_list, _count, _object, _array, _table), (3, 2, 4, 2, 3))[0](rng, zh, held)
    if not held and rng.random() < 0.3:
        return typed(rng, text, zh), answer, check
    return text[0].upper() + text[1:] if held or rng.random() < 0.6 else text, answer, check
