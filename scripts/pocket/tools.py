"""Tool calls in Qwen2.5's format: the tools in the system message, a call as JSON between <tool_call> tags.

Takes a random.Random, the language and `held`; gives messages (role, content) as the chat template renders them.
"""

import json

from slots import city, name, number, product, query
from skills import worded
from wording import typed

HEAD = ("\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
        "You are provided with function signatures within <tools></tools> XML tags:\n<tools>")
FOOT = ('\n</tools>\n\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:'
        '\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>')

# name, description, parameter, its type; the questions stand in wordings/forms.txt; the tool's reply and the answer made of it.
TOOLS = [
    ("get_weather", "Get the weather of a city", "city", "string"),
    ("get_time", "Get the local time of a city", "city", "string"),
    ("set_timer", "Set a timer", "minutes", "integer"),
    ("get_price", "Get the price of a product", "product", "string"),
    ("play_music", "Play music of an artist", "artist", "string"),
    ("search_docs", "Search the documentation", "query", "string"),
]


def system(rng, base, offered):
    """A system message that offers tools."""
    lines = []
    for tool, about, key, kind in offered:
        parameters = {"type": "object", "properties": {key: {"type": kind}}, "required": [key]}
        function = {"name": tool, "description": about, "parameters": parameters}
        lines.append("\n" + json.dumps({"type": "function", "function": function}))
    return base + HEAD + "".join(lines) + FOOT


def offer(rng):
    return rng.sample(TOOLS, rng.choice((1, 1, 2, 2, 3)))


def _value(rng, tool, held, zh):
    if tool == "set_timer":
        return number(rng, held, 99)
    if tool == "play_music":
        return name(rng, held, zh)
    if tool == "get_price":
        return product(rng, held, zh)
    if tool == "search_docs":
        return query(rng, held, zh)
    return city(rng, held, zh)


def call(rng, offered, zh, held):
    """(question, answer, check, [reply of the tool, answer]): one question that one of the tools is for."""
    tool, _, key, _ = rng.choice(offered)
    value = _value(rng, tool, held, zh)
    text = typed(rng, worded(rng, tool, zh, held, {"x": value}), zh, decorate=not held and rng.random() < 0.5)
    made = {"name": tool, "arguments": {key: value}}
    answer = f"<tool_call>\n{json.dumps(made, ensure_ascii=False)}\n</tool_call>"
    return text, answer, {"tool": made}, _reply(rng, tool, value, zh)


def _reply(rng, tool, value, zh):
    if tool == "get_weather":
        sky = rng.choice((("sunny", "晴"), ("cloudy", "多云"), ("rainy", "有雨"), ("windy", "有风")))
        degrees = rng.randint(-9, 39)
        said = f"{value}现在 {degrees} 度，{sky[1]}。" if zh else f"It is {degrees} degrees and {sky[0]} in {value}."
        return {"temperature": degrees, "sky": sky[0]}, said
    if tool == "get_time":
        clock = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
        return {"time": clock}, f"{value}现在是 {clock}。" if zh else f"It is {clock} in {value}."
    if tool == "set_timer":
        return {"ok": True}, f"好的，计时器设为 {value} 分钟。" if zh else f"Done, the timer is set for {value} minutes."
    if tool == "get_price":
        price = rng.randint(1, 999)
        return {"price": price}, f"{value}的价格是 {price}。" if zh else f"The price of {value} is {price}."
    if tool == "play_music":
        return {"ok": True}, f"正在播放{value}的音乐。" if zh else f"Now playing music by {value}."
    page = rng.choice("api configuration architecture format log".split())
    return {"page": f"docs/{page}.md"}, f"请看 docs/{page}.md。" if zh else f"See docs/{page}.md."
