"""Small stories that hide a sum, as patterns: containers, things and verbs in many combinations.

Gives patterns with the slots {a} and {b} by operation and language. Must not know: numbers, answers.
"""

_PLACE = "(box|bag|basket|room|bus|garden|drawer|plate|tree|truck|pocket|class|pond|hall|wallet)"
_THING = "(apples|pens|coins|eggs|stones|cards|cakes|balls|flowers|people|birds|cups|toys|stamps|fish|keys|letters|tickets)"
_WHO = "(i|tom|anna|she|he|a boy|my friend|the teacher|a farmer|we|they|somebody)"
_HAVE = f"((a|the|one|my) {_PLACE} (has|contains|holds|keeps) {{a}} {_THING}|there (are|were) {{a}} {_THING} in (a|the) {_PLACE}|{_WHO} (had|got|owned|bought|found|has|have|saw) {{a}} {_THING}|{{a}} {_THING} (are|were|lie|stand|sit) in (a|the) {_PLACE})"
_MORE = f"({_WHO} (adds|brings|puts in|buys|finds|gets|receives|picks|collects|earns|wins) {{b}}( more| others| new ones| extra|)|{{b}}( more| others| new ones|) (come|arrive|join|are added|fly in|follow|fall in))"
_LESS = f"({_WHO} (takes|eats|loses|sells|removes|gives away|breaks|throws away|drops|spends|uses|lends|steals|drinks) {{b}}( of them| away|)|{{b}}( of them|) (leave|go|are lost|are sold|fly away|are eaten|fall out|disappear|break|are taken))"
_NOW = f"(how many( {_THING}|) (are there|are there now|in all|in total|does that make|is that|altogether)|what is the (total|number|count)( now|)|how many now|count them)"
_LEFT = f"(how many( {_THING}|) (are left|remain|stay|are still there|does that leave)|what (is left|remains)|what is the rest|how many now|count the rest)"
_JOIN = "(. |, |; |, then | and | and then )"

_Z_PLACE = "(盒子|袋子|篮子|房间|车|花园|抽屉|盘子|树上|口袋|班级|池塘|钱包|箱子)"
_Z_THING = "(苹果|笔|硬币|鸡蛋|石头|卡片|蛋糕|球|花|人|鸟|杯子|玩具|邮票|鱼|钥匙|信|票|书|糖)"
_M = "(个|只|本|张|支|条|把|朵|颗)"
_Z_WHO = "(我|小明|小红|她|他|妈妈|老师|朋友|农民|我们|他们|弟弟)"
_Z_HAVE = f"({_Z_PLACE}里(有|装着|放着|原来有){{a}}{_M}{_Z_THING}|{_Z_WHO}(有|买了|原来有|找到|拿着|带来){{a}}{_M}{_Z_THING}|(有|来了){{a}}{_M}{_Z_THING})"
_Z_MORE = f"({_Z_WHO}又(买了|拿来|放进|找到|得到|带来|捡到|收到|加了){{b}}{_M}|又(来了|飞来|增加了|多了|加入|放入){{b}}{_M}|后来(又来|又加|增加){{b}}{_M})"
_Z_LESS = f"({_Z_WHO}(拿走|吃了|吃掉|丢了|卖了|卖掉|送出|送给别人|打破|用掉|花掉|借走){{b}}{_M}|(飞走|走了|少了|掉了|坏了|卖出|减少|不见)了?{{b}}{_M})".replace("了?", "")
_Z_NOW = f"((一共|总共|现在|现在一共|合起来|共)(有|是|)(多少|几){_M}({_Z_THING}|)|总数是多少|现在是多少|一共多少)"
_Z_LEFT = f"((还剩|剩下|还有|现在有|还剩下|余下)(多少|几){_M}({_Z_THING}|)|剩多少|还剩多少|现在是多少)"

ADD = [_HAVE + _JOIN + _MORE + "(. |, |; )" + _NOW], [_Z_HAVE + "(，|。|；)" + _Z_MORE + "(，|。)" + _Z_NOW]
SUB = [_HAVE + _JOIN + _LESS + "(. |, |; )" + _LEFT], [_Z_HAVE + "(，|。|；)" + _Z_LESS + "(，|。)" + _Z_LEFT]
_GROUP = "(boxes|bags|rows|tables|teams|shelves|baskets|cars|rooms|pages|piles|groups|trees)"
_Z_GROUP = "(盒|袋|排|桌|队|篮|车|组|页|堆|层|行|箱)"
MUL = ([f"(there are|i have|we need|she fills|he has|they build) {{a}} {_GROUP} (with|of) {{b}} {_THING}( each| in each|)(, |. |; ){_NOW}",
        f"{{a}} {_GROUP} (have|hold|get|contain|with) {{b}} {_THING} (each|per piece)(, |. |; ){_NOW}"],
       [f"(有|我有|一共有|买了|摆着|需要|){{a}}{_Z_GROUP}{_Z_THING}，(每|一){_Z_GROUP}(有|是|放|装|){{b}}{_M}，{_Z_NOW}"])
_PEOPLE = "(people|children|friends|boxes|teams|plates|bags|days|brothers)"
_Z_PEOPLE = "(人|孩子|朋友|盒子|小组|盘子|袋子|同学)"
DIV = ([f"{{a}} {_THING} are (shared|divided|split|put) (equally |evenly |)(among|between|into|for) {{b}} {_PEOPLE}(, |. |; )how many (for each|each|does each get|per one)",
        f"{{b}} {_PEOPLE} (share|split|divide|get) {{a}} {_THING}( equally| evenly|)(, |. |; )how many (for each|each|does each get|has each one)",
        f"(split|divide|cut|share|break) {{a}} (into|by|among) {{b}} (parts|pieces|groups|people|shares)"],
       [f"(把|将|){{a}}{_M}{_Z_THING}(平均|)(分给|分成|分到|放进){{b}}(个|位|){_Z_PEOPLE}，每(个|人|份)(有|得到|分到|拿|是|)(几|多少)(个|)",
        f"{{b}}(个|位)(人|孩子|朋友|同学)(平分|平均分|均分|分){{a}}{_M}{_Z_THING}，(每人|每个人|一人)(几|多少|得几|拿几|分到几){_M}", "把{a}(平均|)分成{b}(份|组)(，每份是多少|)"])
BY_OP = {"+": ADD, "-": SUB, "×": MUL, "÷": DIV}
