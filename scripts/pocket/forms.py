"""Short lists, tables and JSON on request.

Takes a random.Random, the language and `held`; gives (question, answer, check). Must not know: conversations, tokens.
"""

import json

from slots import city, is_held, name, number
from sums import _patterns
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

LIST = ("""list {n} {c}|name {n} {c}|give me {n} {c}|a list of {n} {c}|write (down |)a list of {n} {c}|(make|show) (me |)a (short |)list with {n} {c}|i need {n} {c}
tell me {n} {c}|{n} {c}|can you (list|name) {n} {c}|which {n} {c} do you know|i want a list of {n} {c}|enumerate {n} {c}|write {n} {c}|{n} {c} as a list
show {n} {c}|{n} examples of {c}|think of {n} {c}|{n} {c}, one (on|per) (every |each |a |)line|put {n} {c} (in|into) a list|my (teacher|homework) (asks|wants) {n} {c}|line by line, {n} {c}|bullet list (of|with) {n} {c}|i forgot {n} {c}, list them|(find|pick|choose|select) {n} {c}|{n} different {c}|any {n} {c}|what are {n} {c}|write {n} {c} below each other|say {n} {c}""",
        """列出{n}种{c}|列出{n}个{c}|说出{n}种{c}|给我{n}个{c}|写出{n}个{c}|(写|做|给我)一个{n}种{c}的列表|我需要{n}个{c}|告诉我{n}种{c}|{n}种{c}|(能|可以)列出{n}个{c}吗
请列举{n}种{c}|列举{n}个{c}|举{n}个{c}的例子|我想要{n}种{c}的清单|想{n}种{c}|{n}种{c}，每行一个|{n}个{c}，一行一个|老师要{n}种{c}|作业：{n}种{c}|挑{n}种{c}|选{n}个{c}|随便说{n}种{c}|逐行写{n}种{c}|{n}种不同的{c}|有哪{n}种{c}|任意{n}种{c}|清单：{n}样{c}|写下{n}样{c}""",
        """my homework wants {n} different {c}, one on every line|think of {n} {c} and put them below each other""",
        """作业要求想出{n}样{c}，一行写一样|请你随便挑{n}样{c}逐行写下来""")
COUNT = ("""count from {a} to {b}|count to {b} from {a}|list the numbers from {a} to {b}|(the |)numbers from {a} to {b}|write the numbers {a} to {b}|show (me |)the numbers from {a} to {b}
numbers between {a} and {b}, both included|can you count from {a} to {b}|count up from {a} to {b}|give me the numbers from {a} to {b}|start (at|with) {a} and (stop|end) (at|with) {b}|start (at|with) {a}, (end|stop) (at|with) {b}|go from {a} to {b}|from {a} up to {b}|all numbers from {a} till {b}|{a} to {b}, number by number|say the numbers {a} until {b}|one by one from {a} to {b}|begin at {a} and count until {b}|count {a} to {b}|enumerate {a} to {b}|count on from {a} up to {b}|the row from {a} to {b}""",
         """从{a}数到{b}|列出{a}到{b}的数字|写出从{a}到{b}的数|{a}到{b}的数字|请从{a}数到{b}|给我{a}到{b}的所有数字|(能|可以)从{a}数到{b}吗|数数，从{a}到{b}|从{a}开始，到{b}结束|从{a}一个一个数到{b}|从{a}往上数到{b}|{a}到{b}，依次写出|由{a}到{b}报数|从{a}报到{b}|依次报出{a}到{b}|从{a}起逐个写到{b}|{a}开始数，{b}为止|把{a}到{b}都写出来|以{a}开始数到{b}|数字从{a}一直到{b}""",
         """begin with {a} and go up by one till you reach {b}""", """以{a}开头，逐个加一，一直报到{b}为止""")
OBJECT = ("""(give|make|write|show) (me |)(a |)json with {f}|json with {f}|a json object with {f}|write {f} as json|(make|create) a json object( with|:) {f}|{f} as json
i need json with {f}|return json: {f}|turn this into json: {f}|convert to json: {f}|json for {f}|can you write json with {f}|put {f} into a json object|output json with {f}|answer in json: {f}|reply (with|in) json( only|), {f}|{f}, in json|only json: {f}|format as json: {f}|i want {f} in json|encode {f} (as|in) json|serialize {f}|the data is {f}, give json|state {f} in json|json please: {f}|store {f} as json|my program needs json with {f}|express {f} in json|a json record (with|of) {f}|nothing but json: {f}|{f} should be json|parseable json with {f}""",
          """(给我|写|生成|输出)一个 JSON，{f}|用 JSON 写：{f}|把{f}写成 JSON|JSON 对象：{f}|转成 JSON：{f}|用 JSON 表示{f}|{f}，用 JSON|{f}，输出 JSON|请返回 JSON：{f}
生成 JSON 对象，{f}|我需要 JSON：{f}|(能|可以)写成 JSON 吗：{f}|用 JSON 回答：{f}|只要 JSON：{f}|只输出 JSON，{f}|数据是{f}，用 JSON 表示|JSON 格式：{f}|{f}，变成 JSON|以 JSON 给出{f}|程序需要 JSON：{f}|编码成 JSON，{f}|把下面写成 JSON：{f}|{f}的 JSON|数据如下：{f}，要 JSON|请用 JSON 表达{f}|存成 JSON：{f}|接口要 JSON，{f}""",
          """a program will parse your reply, so state {f} the way JSON does|as machine readable JSON please, nothing else than {f}""",
          """你的回答要交给程序解析，只准用 JSON 来表达：{f}|接口只认 JSON，数据如下：{f}""")
ARRAY = ("""(give me |make |write |)a json (array|list) (of|with) {f}|write {f} as a json (array|list)|{f} as a json array|json array: {f}|turn {f} into a json array|i need a json array of {f}|json array, {f}|(put|store|place) {f} (in|into) a json array|array in json (with|of|that holds) {f}|an array of {f} in json|answer with a json array of {f}|{f}, json array please|a json array that (contains|holds) {f}|as a json array: {f}|encode {f} as a json array|my program wants a json array with {f}""",
         """(给我|写|生成)一个 JSON 数组：{f}|把{f}写成 JSON 数组|JSON 数组：{f}|{f}，写成 JSON 数组|用 JSON 数组表示{f}|生成 JSON 数组，包含{f}|JSON 数组，元素是{f}|把{f}放进 JSON 数组|数组，元素有{f}，用 JSON|{f}组成 JSON 数组|用 JSON 数组回答：{f}|请写 JSON 数组，元素为{f}|只要 JSON 数组：{f}|程序要 JSON 数组：{f}|一个含{f}的 JSON 数组|{f}的 JSON 数组""",
         """the parser on my side expects an array in JSON that holds {f}""", """解析器只接收 JSON 数组，元素分别为{f}，请写出来""")
TABLE = ("""(make|write|show|give me|create|draw) a table (with|of) {h}: {r}|a table of {h}: {r}|table with {h}: {r}|put this in a table ({h}): {r}|i need a table of {h}: {r}|turn this into a table of {h}: {r}
{r} as a table with {h}|can you make a table of {h}: {r}|markdown table, {h}: {r}|a table please, {h}: {r}|arrange {h} in a table: {r}|columns {h}: {r}|two columns, {h}: {r}|table for my report, {h}: {r}|i want columns for {h}: {r}|put {r} in a table with columns for {h}|tabulate {h}: {r}|list {h} in a table: {r}|format as a table: {r} ({h})|my table has {h}: {r}|show {h} in columns: {r}|write a table with columns for {h}, {r}""",
         """(做|写|画|给我|生成)一个{h}的表格：{r}|{h}的表格：{r}|用表格表示{h}：{r}|把{h}做成表格：{r}|表格，{h}：{r}|请用表格列出{h}：{r}|我需要{h}的表格：{r}|{r}，做成{h}的表格|列为{h}，做个表：{r}|两列，{h}：{r}|列出{h}的表：{r}|制表，{h}：{r}|把下面的{h}排成表格：{r}|表，列是{h}：{r}|报告要一张{h}的表：{r}|{h}两列：{r}|整理成表，{h}：{r}|用列表示{h}：{r}|内容如下，做成{h}的表：{r}|按{h}分列：{r}""",
         """my report lacks columns for {h}, please arrange what follows in them: {r}""", """报告里缺一张分列的表，列为{h}，内容如下：{r}""")
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
    text = expand(rng, rng.choice(_patterns(LIST, zh, held)), {"n": shown, "c": group[zh]})
    return text, "\n".join(f"- {m}" for m in members[:n]), {"lines": n, "of": members}


def _count(rng, zh, held):
    while True:
        a, n = rng.randint(0, 20), rng.randint(3, 8)
        if is_held("count", a, n) == held:
            break
    text = expand(rng, rng.choice(_patterns(COUNT, zh, held)), {"a": a, "b": a + n})
    answer = ", ".join(str(i) for i in range(a, a + n + 1))
    return text, answer, {"exact": answer}


def _object(rng, zh, held):
    fields = rng.sample(FIELDS, rng.choice((1, 2, 2, 3)))
    values = {key: _value(rng, kind, held, zh) for key, _, kind in fields}
    join = rng.choice((" ", " ", " = ", ": ", " is ")) if not zh else rng.choice(("是", "为", " ", "："))
    words = [f"{rng.choice(label.split('|')) if zh else key}{join}{values[key]}" for key, label, _ in fields]
    text = expand(rng, rng.choice(_patterns(OBJECT, zh, held)), {"f": "，".join(words) if zh else _join(words, zh)})
    return text, json.dumps(values, ensure_ascii=False), {"json": values}


def _array(rng, zh, held):
    kind = rng.choice(("name", "city", "n"))
    values = list(dict.fromkeys(_value(rng, kind, held, zh) for _ in range(rng.randint(2, 4))))
    text = expand(rng, rng.choice(_patterns(ARRAY, zh, held)), {"f": _join([str(v) for v in values], zh) if not zh else "、".join(map(str, values))})
    return text, json.dumps(values, ensure_ascii=False), {"json": values}


def _table(rng, zh, held):
    en, cn, en_heads, zh_heads, kind = rng.choice(HEADS)
    rows = list({_value(rng, kind, held, zh): number(rng, held, 99) for _ in range(rng.choice((2, 2, 3)))}.items())
    mark = rng.choice((" ", ": ", " is ")) if not zh else rng.choice(("", " ", "是"))
    said = (", " if not zh else "，").join(f"{key}{mark}{value}" for key, value in rows)
    text = expand(rng, rng.choice(_patterns(TABLE, zh, held)), {"h": cn if zh else en, "r": said})
    lines = [zh_heads if zh else en_heads, ("---", "---"), *rows]
    answer = "\n".join(f"| {a} | {b} |" for a, b in lines)
    return text, answer, {"exact": answer}


def forms(rng, zh, held):
    text, answer, check = rng.choices((_list, _count, _object, _array, _table), (3, 2, 4, 2, 3))[0](rng, zh, held)
    if not held and rng.random() < 0.3:
        return typed(rng, text, zh), answer, check
    return text[0].upper() + text[1:] if held or rng.random() < 0.6 else text, answer, check
