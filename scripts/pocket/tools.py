"""Tool calls in Qwen2.5's format: the tools in the system message, a call as JSON between <tool_call> tags.

Takes a random.Random, the language and `held`; gives messages (role, content) as the chat template renders them.
"""

import json

from slots import city, name, number
from sums import _patterns
from wording import expand, typed

HEAD = ("\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
        "You are provided with function signatures within <tools></tools> XML tags:\n<tools>")
FOOT = ('\n</tools>\n\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:'
        '\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>')

# name, description, parameter, its type, questions, the tool's reply and the answer made of it.
TOOLS = [
    ("get_weather", "Get the weather of a city", "city", "string",
     ("""what is the weather in {x}|how is the weather in {x}|weather in {x}|is it (raining|sunny|cold|warm|hot) in {x}|tell me the weather (in|for) {x}|what's the weather like in {x}
do i need an umbrella in {x}|how (warm|cold|hot) is it in {x}|(show|get|check) the weather (in|for|of) {x}|the weather in {x} today|will it rain in {x}|i want to know the weather in {x}|i travel to {x}, what is the weather|i am going to {x}, will it be (cold|warm|rainy|sunny)|is the sun shining in {x}|what should i wear in {x}|forecast for {x}|temperature in {x}|is there (rain|snow|sun|wind) in {x}|how is the sky in {x}|do i need a (coat|jacket|hat) in {x}|{x}, how is the weather there|we fly to {x}, how warm is it there|my trip goes to {x}, rain or sun|(sunny|rainy|cloudy) in {x} now|what is it like outside in {x}|pack (a coat|sunglasses) for {x}|{x} weather""",
      """{x}(今天|现在|)(天气|的天气)(怎么样|如何|)|查(一下|)(查|){x}(的|)天气|{x}(下雨|冷|热)(了|)吗|告诉我{x}的天气|{x}(今天|)多少度|我想知道{x}的天气|看看{x}(的|)天气|{x}要带伞吗|我要去{x}，天气怎么样|{x}有太阳吗|{x}(是|)晴天(还是雨天|吗)|去{x}穿什么|{x}的气温|{x}的天气预报|{x}刮风吗|{x}那边(下雨|下雪|晴天|冷不冷|热不热)|{x}外面怎么样|我准备去{x}，会下雨吗|{x}那里天气好吗|去{x}旅行，要带(伞|外套|雨衣)吗|{x}的天空怎么样|出差到{x}，那里冷吗""",
      """i am packing my bag for {x}; should i expect rain or sun there|what does the sky look like over {x} at the moment""",
      """我准备收拾行李去{x}，那里是晴还是雨|{x}那边此刻天上是什么情形""")),
    ("get_time", "Get the local time of a city", "city", "string",
     ("""what time is it in {x}|(tell me |)the time in {x}|what is the (local |current |)time in {x}|current time in {x}|how late is it in {x}|what's the time in {x}|time in {x}|which hour is it in {x}
is it (night|morning|late) in {x}( now|)|(check|get|show) the time (in|for|of) {x}|i want to call someone in {x}, what time is it there|what does the clock say in {x}|{x} time|is it too late to call {x}|are they (sleeping|awake|at work|up) in {x}|hour in {x}|my friend lives in {x}, what time has he|what is the hour in {x}|do people (sleep|work|eat) in {x} now|look at the clock in {x}|is it day or night in {x}|{x}, what time is it there|time now in {x}|my call to {x}, is it early there""",
      """{x}(现在|)(几点|是几点)(了|)|{x}(的|)(当地|现在的|)时间(是多少|)|查(一下|){x}的时间|告诉我{x}现在的时间|{x}现在是(白天|晚上|早上)(吗|)|看看{x}几点|我要打电话到{x}，那里几点|{x}的钟几点|{x}那边几点(了|)|{x}(的人|人)(睡了吗|起床了吗|下班了吗|醒着吗)|现在{x}是什么时间|{x}天黑了吗|给{x}打电话会不会太晚|我朋友在{x}，他那里几点|{x}时间|看一下{x}的钟|{x}是白天还是黑夜|现在{x}早吗""",
      """i must phone someone in {x}; what would the clock on their wall say|are people in {x} still awake at this hour""",
      """我得给{x}的朋友打电话，他那里的钟走到哪儿了|{x}的人这会儿睡下没有，看看钟""")),
    ("set_timer", "Set a timer", "minutes", "integer",
     ("""set a timer (for|of|to) {x} minutes|start a (timer|{x} minute timer)( for {x} minutes|)|timer for {x} minutes|{x} minutes timer|remind me in {x} minutes|wake me in {x} minutes
(please |)set the timer to {x} minutes|i need a timer for {x} minutes|count down {x} minutes|(can you |)set a {x} minute timer|ring (after|in) {x} minutes|alarm in {x} minutes|let me know (after|when) {x} minutes( are over| have passed|)|wait {x} minutes and (ring|tell me)|beep in {x} minutes|i (bake|cook|boil|sleep) for {x} minutes, (ring|wake me) then|the (cake|rice|tea|soup|egg) needs {x} minutes|call me after {x} minutes|stop me after {x} minutes|measure {x} minutes|{x} minutes from now, ring""",
      """设(一个|置|){x}分钟的(计时器|定时器)|{x}分钟(后|以后)(提醒|叫)我|(计时|定时|倒计时){x}分钟|开始{x}分钟(的|)(计时|倒计时)|帮我(设|定)(一个|个){x}分钟的(闹钟|计时器)|{x}分钟后响铃|{x}分钟后叫醒我|过{x}分钟(告诉|喊)我|等{x}分钟再叫我|(蛋糕|米饭|茶|汤|鸡蛋)要{x}分钟|到{x}分钟(响铃|提醒我)|我睡{x}分钟，叫醒我|煮{x}分钟，(提醒|告诉)我|{x}分钟(一到|结束)就(响|叫我)|闹钟{x}分钟|{x}分钟过后响一下""",
      """the eggs should boil {x} minutes, make it ring after that|let an alarm go off once {x} minutes have gone by""",
      """鸡蛋要煮{x}分钟，到点响一声|等到{x}分钟走完就给我响铃""")),
    ("get_price", "Get the price of a product", "product", "string",
     ("""what does (a|an|the|) {x} cost|how much (is|does) (a|an|the|) {x}( cost|)|(what is |)the price of (a|an|the|) {x}|price of {x}|(tell me|check|get) the price of {x}|how expensive is (a|the) {x}|what do i pay for (a|the) {x}|i want to buy (a|an|the|) {x}, how much|what would (a|the) {x} cost me|is (a|the) {x} (cheap|expensive)|can i (buy|get) (a|an|) {x} for little money|what do they (ask|want|charge) for (a|the|) {x}|how many (dollars|coins|euros) for (a|the|) {x}|(a|the|) {x}, what is the price|i need (a|an|) {x}, what does it cost|find the price of {x}|shop price of {x}|cost of (a|the|) {x}|sell me (a|the|) {x}, how much""",
      """{x}(多少钱|要多少钱|的价格是多少|卖多少钱|贵吗)|查(一下|){x}的价格|告诉我{x}的价格|{x}(的|)价格|买{x}要(花|)多少钱|看看{x}的价格|我想买{x}，多少钱|{x}便宜吗|{x}现在什么价|{x}怎么卖|{x}要花几块钱|店里的{x}多少钱|{x}卖几块|{x}的价钱|问一下{x}的价格|商店{x}什么价|入手{x}要多少|{x}开价多少|想要一个{x}，贵不贵""",
      """my wallet is thin; can i afford one {x} or what would the shop ask|look up for how many coins they sell {x}""",
      """钱包里钱不多，想入手{x}，店家开价几何|帮忙问问商店，{x}是怎么卖的""")),
    ("play_music", "Play music of an artist", "artist", "string",
     ("""play (some |)music (by|of|from) {x}|play (something|a song|songs) (by|of|from) {x}|i want to (hear|listen to) {x}|(put on|start) (some |)(music (by|of) |){x}|play {x}|let me hear (songs|music) by {x}
can you play {x}|music by {x}|i (like|love) {x}, play something|(sing|give) me something (of|by) {x}|songs by {x}|let {x} sing|turn on {x}|turn on the music of {x}|start the songs of {x}|fill the room with {x}|the (party|guests|children) (wants|want) {x}|something by {x} (please|now)|the new song of {x}|an album by {x}|tune in {x}|can i hear {x}""",
      """(播放|放|听)(一首|)(音乐，|){x}(的|)(歌|歌曲|音乐)|我想听{x}(的歌|的音乐|)|(播放|放){x}|来(一首|点){x}的歌|给我放{x}的(歌|音乐)|让{x}唱(歌|一首)|我喜欢{x}，放一首|打开{x}的(歌|音乐)|开始放{x}|用音箱放{x}|客人想听{x}|想听点{x}|唱一首{x}的歌|{x}的歌曲|{x}的新歌|来一首{x}|点一首{x}的|放点{x}的音乐|大家要听{x}""",
      """the evening is quiet, so fill it with tunes that {x} has sung|turn the speakers on, {x} shall sing""",
      """晚上太安静，打开音箱，让{x}唱起来吧|客人都喜爱{x}，请用音箱放上几曲""")),
    ("search_docs", "Search the documentation", "query", "string",
     ("""search (the |)(docs|documentation) for {x}|(find|look up) {x} in the (docs|documentation)|search for {x}( in the docs|)|what do the docs say about {x}|look for {x} in the (docs|documentation)|docs about {x}|search {x}|use the search for {x}|(where|which page) (in the docs|of the documentation) (is|treats|explains|mentions) {x}|(find|get) (the page|pages) (about|on) {x}|look {x} up|search query {x}|keyword {x}, search|(the manual|documentation) on {x}|dig for {x} in the (manual|docs)|consult the docs (about|on) {x}|check the (manual|docs) for {x}|documentation search: {x}|search term {x}""",
      """(在|)文档(里|中|)(搜索|查找|查)(一下|){x}|搜索(一下|)(文档|关于|){x}|查(文档|一下文档)，{x}|文档(里|中)关于{x}(的内容|怎么说|)|在文档里找{x}|用搜索找{x}|手册里{x}在哪|手册(里|)(搜|查|找){x}|关键词{x}|检索{x}|检索文档，{x}|搜一下{x}|翻一下文档，{x}|文档哪一页讲{x}|用关键词{x}搜索|找(关于|){x}的文档|帮我查文档：{x}|搜：{x}""",
      """somewhere in the documentation {x} must be treated; dig it out with the search|please consult the manual through its search, keyword {x}""",
      """手册里想必讲过{x}，用检索功能翻出来|请借助文档检索，关键词填{x}""")),
]
PRODUCTS = ("phone laptop book chair table lamp pen bike car ticket camera watch bag shirt cup keyboard coffee bread".split(),
            "手机 电脑 书 椅子 桌子 台灯 笔 自行车 汽车 门票 相机 手表 书包 衬衫 杯子 键盘 咖啡 面包".split())
PRODUCTS_HELD = ("pencil pillow blanket mirror guitar helmet".split(), "铅笔 枕头 毛毯 镜子 吉他 头盔".split())
QUERIES = ("streaming cors tokens deployment pages stages context quantization licence health keys limits memory errors".split(),
           "流式 跨域 部署 分页 阶段 上下文 量化 许可证 健康检查 密钥 限制 内存 错误".split())
QUERIES_HELD = ("sampling embeddings prefill kernels".split(), "采样 词表 归一化 模板".split())


def system(rng, base, offered):
    """A system message that offers tools."""
    lines = []
    for tool, about, key, kind, _ in offered:
        parameters = {"type": "object", "properties": {key: {"type": kind}}, "required": [key]}
        function = {"name": tool, "description": about, "parameters": parameters}
        lines.append("\n" + json.dumps({"type": "function", "function": function}))
    return base + HEAD + "".join(lines) + FOOT


def offer(rng):
    return rng.sample(TOOLS, rng.choice((1, 2, 2, 3)))


def _value(rng, tool, held, zh):
    if tool == "set_timer":
        return number(rng, held, 99)
    if tool == "play_music":
        return name(rng, held, zh)
    if tool == "get_price":
        return rng.choice((PRODUCTS_HELD if held else PRODUCTS)[zh])
    if tool == "search_docs":
        return rng.choice((QUERIES_HELD if held else QUERIES)[zh])
    return city(rng, held, zh)


def call(rng, offered, zh, held):
    """(question, answer, check, [reply of the tool, answer]): one question that one of the tools is for."""
    tool, _, key, _, forms = rng.choice(offered)
    value = _value(rng, tool, held, zh)
    text = typed(rng, expand(rng, rng.choice(_patterns(forms, zh, held)), {"x": value}), zh, decorate=not held and rng.random() < 0.5)
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
    page = rng.choice("api deploying limits format model architecture".split())
    return {"page": f"docs/{page}.md"}, f"请看 docs/{page}.md。" if zh else f"See docs/{page}.md."
