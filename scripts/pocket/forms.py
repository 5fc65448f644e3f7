"""Short lists, tables and JSON on request.

Takes a random.Random, the language and `held`; gives (question, answer, check). Must not know: conversations, tokens.
"""

import json

from slots import city, is_held, name, number
from skills import worded
from wording import typed

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
    ("metals", "金属", "iron gold silver copper lead zinc", "铁 金 银 铜 铅 锌"),
    ("trees", "树", "oak pine birch maple willow elm", "橡树 松树 桦树 枫树 柳树 榆树"),
    ("flowers", "花", "rose lily tulip daisy violet lotus", "玫瑰 百合 郁金香 雏菊 紫罗兰 荷花"),
    ("birds", "鸟类", "sparrow eagle owl crow swan goose", "麻雀 老鹰 猫头鹰 乌鸦 天鹅 鹅"),
    ("tools", "工具", "hammer saw nail screw drill file", "锤子 锯子 钉子 螺丝 钻头 锉刀"),
    ("instruments", "乐器", "piano violin drum flute trumpet harp", "钢琴 小提琴 鼓 笛子 小号 竖琴"),
    ("rooms", "房间", "kitchen bedroom bathroom hall cellar attic", "厨房 卧室 浴室 大厅 地下室 阁楼"),
    ("means of transport", "交通工具", "car bus train ship plane bike", "汽车 公交车 火车 轮船 飞机 自行车"),
    ("jobs", "职业", "doctor teacher cook farmer driver painter", "医生 老师 厨师 农民 司机 画家"),
    ("clothes", "衣服", "shirt coat hat sock shoe glove", "衬衫 大衣 帽子 袜子 鞋子 手套"),
    ("spices", "香料", "salt pepper cinnamon ginger garlic vanilla", "盐 胡椒 肉桂 姜 大蒜 香草"),
    ("shapes", "形状", "circle square triangle star oval cube", "圆形 正方形 三角形 星形 椭圆 立方体"),
    ("oceans", "大洋", "Pacific Atlantic Indian Arctic Southern", "太平洋 大西洋 印度洋 北冰洋 南冰洋"),
    ("continents", "大洲", "Asia Africa Europe America Australia Antarctica", "亚洲 非洲 欧洲 美洲 大洋洲 南极洲"),
    ("insects", "昆虫", "ant bee fly moth beetle cricket", "蚂蚁 蜜蜂 苍蝇 飞蛾 甲虫 蟋蟀"),
    ("feelings", "情绪", "joy fear anger love envy hope", "喜悦 恐惧 愤怒 爱 嫉妒 希望"),
    ("materials", "材料", "wood stone glass paper cotton wool", "木头 石头 玻璃 纸 棉花 羊毛"),
    ("meals", "餐", "breakfast lunch dinner supper snack", "早餐 午餐 晚餐 夜宵 点心"),
    ("letters", "字母", "A B C D E F", "A B C D E F"),
    ("gems", "宝石", "ruby emerald diamond sapphire pearl opal", "红宝石 祖母绿 钻石 蓝宝石 珍珠 蛋白石"),
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


def shown(rng, n, zh):
    """A number as a figure or, as often, as a word."""
    return WORDS[zh][n] if rng.random() < 0.5 else n


def is_held_list(group, n):
    return is_held("list", group[0], n, one_in=5)


def _join(parts, zh):
    if zh:
        return "，".join(parts) if len(parts) > 2 else "和".join(parts)
    return " and ".join(parts) if len(parts) < 3 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _list(rng, zh, held):
    while True:
        # The list is drawn again too: of one, every number may be held out.
        group = rng.choice(SETS)
        members = group[2 + zh].split()
        n = rng.randint(2, min(5, len(members)))
        if is_held_list(group, n) == held or (held and rng.random() < 0.02):
            break
    text = worded(rng, "LIST", zh, held, {"n": shown(rng, n, zh), "c": group[zh]})
    return text, "\n".join(f"- {m}" for m in members[:n]), {"lines": n, "of": members}


def _count(rng, zh, held):
    while True:
        a, n = rng.randint(0, 20), rng.randint(3, 8)
        if is_held("count", a, n) == held:
            break
    text = worded(rng, "COUNT", zh, held, {"a": a, "b": a + n})
    answer = ", ".join(str(i) for i in range(a, a + n + 1))
    return text, answer, {"exact": answer}


def _object(rng, zh, held):
    fields = rng.sample(FIELDS, rng.choice((1, 2, 2, 3)))
    values = {key: _value(rng, kind, held, zh) for key, _, kind in fields}
    join = rng.choice((" ", " ", " = ", ": ", " is ")) if not zh else rng.choice(("是", "为", " ", "："))
    words = [f"{rng.choice(label.split('|')) if zh else key}{join}{values[key]}" for key, label, _ in fields]
    text = worded(rng, "OBJECT", zh, held, {"f": "，".join(words) if zh else _join(words, zh)})
    return text, json.dumps(values, ensure_ascii=False), {"json": values}


def _array(rng, zh, held):
    kind = rng.choice(("name", "city", "n"))
    values = list(dict.fromkeys(_value(rng, kind, held, zh) for _ in range(rng.randint(2, 4))))
    text = worded(rng, "ARRAY", zh, held, {"f": _join([str(v) for v in values], zh) if not zh else "、".join(map(str, values))})
    return text, json.dumps(values, ensure_ascii=False), {"json": values}


def _table(rng, zh, held):
    en, cn, en_heads, zh_heads, kind = rng.choice(HEADS)
    rows = list({_value(rng, kind, held, zh): number(rng, held, 99) for _ in range(rng.choice((2, 2, 3)))}.items())
    mark = rng.choice((" ", ": ", " is ")) if not zh else rng.choice(("", " ", "是"))
    said = (", " if not zh else "，").join(f"{key}{mark}{value}" for key, value in rows)
    text = worded(rng, "TABLE", zh, held, {"h": cn if zh else en, "r": said})
    lines = [zh_heads if zh else en_heads, ("---", "---"), *rows]
    answer = "\n".join(f"| {a} | {b} |" for a, b in lines)
    return text, answer, {"exact": answer}


def forms(rng, zh, held):
    text, answer, check = rng.choices((_list, _count, _object, _array, _table), (3, 2, 4, 2, 3))[0](rng, zh, held)
    if not held and rng.random() < 0.3:
        return typed(rng, text, zh), answer, check
    return text[0].upper() + text[1:] if held or rng.random() < 0.6 else text, answer, check
