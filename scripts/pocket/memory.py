"""A name and a number from earlier turns.

Takes a random.Random, the language and `held`; gives turns that tell and turns that ask. Must not know: the chat format.
"""

from slots import name, number
from sums import _patterns
from wording import expand, typed

TELL_NAME = ("""my name is {n}|i am {n}|i'm {n}|call me {n}|you can call me {n}|hi, i'm {n}|hello, my name is {n}|hello, i am {n}|the name is {n}|please remember my name: {n}|my name's {n}
remember that my name is {n}|people call me {n}|this is {n}|hi, this is {n}|i am called {n}|{n} is my name|my friends call me {n}|let me introduce myself: {n}|i introduce myself, {n}|everyone calls me {n}|here is {n}|{n} speaking|they call me {n}|i go by {n}|you are talking to {n}|my full name is {n}|nice to meet you, i am {n}|pleased to meet you, my name is {n}|at work they know me as {n}|known as {n}|i was named {n}|just call me {n}|it is me, {n}|i am known as {n}|write down my name, {n}|{n} is who i am""",
             """我叫{n}|我是{n}|我的名字是{n}|我的名字叫{n}|你好，我叫{n}|你好，我是{n}|叫我{n}|你可以叫我{n}|请叫我{n}|记住，我叫{n}|大家叫我{n}|请记住我的名字：{n}|我名叫{n}|嗨，我是{n}|我姓名是{n}|自我介绍一下，我叫{n}|先介绍自己，我是{n}|朋友们叫我{n}|别人都叫我{n}|这里是{n}|在下{n}|很高兴认识你，我是{n}|初次见面，我叫{n}|本人{n}|我就是{n}|人们叫我{n}|家里人叫我{n}|记下我的名字，{n}|鄙人姓名{n}|同事喊我{n}|你在跟{n}说话""",
             """allow me to introduce myself, everybody knows me as {n}|{n} here, pleased to meet you""",
             """容我自我介绍，本人名唤{n}|初次见面，人家都喊我{n}""")
TELL_NUMBER = ("""my (favorite |lucky |)number is {n}|remember the number {n}|please remember {n}|remember (this number: |){n}|keep (in mind the number|the number) {n}|the number is {n}|i like the number {n}
store the number {n}|note the number {n}|can you remember {n}|don't forget the number {n}|my code is {n}|memorize {n}|remember that my number is {n}|the secret number is {n}|my number: {n}|keep {n} in your memory|keep {n} for me|hold on to {n}|save the number {n}|save {n} for later|i give you the number {n}|here is a number for you: {n}|do not lose {n}|you must remember {n}|put {n} in your head|bear in mind {n}|learn the number {n}|one figure: {n}|the figure is {n}|{n} is my number|{n} is the number to keep|i chose {n}|think of {n} and keep it|my room is {n}, remember it|i will ask you for {n} later|my pin is {n}""",
               """我的(幸运|)数字是{n}|记住(数字|){n}|请记住(数字|){n}|请记住这个数字：{n}|我喜欢(数字|){n}|数字是{n}|我的号码是{n}|别忘了(数字|){n}|记一下{n}|帮我记住{n}|把{n}记下来|我的密码是{n}|(能|可以)记住{n}吗|秘密数字是{n}|把{n}存起来|保管好{n}|替我记{n}|{n}是我的数字|{n}这个数要记住|给你一个数：{n}|数值是{n}|先存下{n}|牢记{n}|心里记着{n}|待会儿我要问你{n}|我选{n}|别丢了{n}这个数|背下{n}|帮我存一个数，{n}|我的房间号是{n}，记住""",
               """there is a figure you must hold on to: {n}|please keep {n} somewhere safe in your head""",
               """有个数值务必牢记在心：{n}|替我把{n}这个数存到脑子里""")
TELL_BOTH = ("""my name is {n} and my number is {m}|i am {n} and my (lucky|favorite) number is {m}|i'm {n}, remember the number {m}|remember: name {n}, number {m}|call me {n} and remember {m}|my number is {m} and my name is {n}|everyone calls me {n} and my figure is {m}|keep two things: my name {n} and the number {m}|{n} is my name, {m} is my number|i introduce myself as {n}, and keep {m} for me""",
             """我叫{n}，我的数字是{m}|我是{n}，请记住{m}|我叫{n}，幸运数字是{m}|请记住：名字{n}，数字{m}|我的数字是{m}，我叫{n}|我是{n}，我的号码是{m}|大家叫我{n}，数值是{m}|记两样：我叫{n}，数字{m}|{n}是我，{m}是我的数字|别人叫我{n}，替我记{m}""",
             """two things to keep: everybody knows me as {n}, and the figure is {m}""", """有两件事要牢记：人家都喊我{n}，数值则是{m}""")
ASK_NAME = ("""what is my name|what's my name|who am i|do you (know|remember) my name|tell me my name|my name|what am i called|say my name|how am i called|can you tell me my name|do you know who i am|what was my name
do you remember who i am|remember my name|you know my name|which name did i (say|tell you)|how do people call me|under which name do you know me|how should you call me|address me by my name|greet me by name|who is talking to you|what do my friends call me|did you note my name|i forgot my name, help me|you heard my name, say it|with whom are you talking|say hello to me with my name|how did i introduce myself|what name did i give you""",
            """我叫什么(名字|)|我是谁|我的名字是什么|你(知道|记得)我(叫什么|的名字|是谁)吗|说出我的名字|我的名字呢|你还记得我的名字吗|告诉我我的名字|我的名字|还记得我(叫什么|是谁)吗|我刚才说我叫什么|你该怎么叫我|应该怎么称呼我|我怎么介绍自己的|叫一下我的名字|用名字跟我打招呼|跟你说话的是谁|大家叫我什么|喊我的名字|我报的名字是什么|你听到我的名字了吗|我忘了自己叫什么，帮帮我|我姓什么叫什么|我姓名是什么""",
            """in case you paid attention, under which name did i present myself|greet me the way i am known""",
            """要是你刚才留心听了，该怎样喊我才对呢|请喊一声我报过的大名""")
ASK_NUMBER = ("""what is my number|what's my (favorite |lucky |)number|what was (my|the) number|which number did i (say|tell you|give you)|do you (know|remember) (my|the) number|tell me (my|the) number|my number|the number
what number did i tell you|what number should you remember|say the number|can you tell me (my|the) number|which number is it|repeat the number|what was my (lucky|favorite) number|what is the secret number|what is my code|which figure did i give you|give me (my|the) number back|give it back, the number|which digits did i tell you|what did i ask you to remember|what did you keep for me|recall the number|return the number|what was the figure|the figure, please|what number is in your memory|i told you a number, which one|you kept a number for me, say it|which number have you saved|what is my pin""",
              """我的(幸运|)数字是(什么|多少|几)|我的数字呢|你(还|)(记得|知道)(我的|那个|)(数字|号码)吗|我(刚才|)说的(数字|号码)是(什么|多少)|说出我的数字|那个数字(是多少|是几|呢)|告诉我我的数字|(数字|号码)是多少|我让你记住(的数字是多少|什么数字)|重复(一下|)那个数字|我的号码是多少|我给你的数是几|我给过你哪个数|把数字还给我|把那个数告诉我|我让你保管的数是多少|我存的数值是多少|还我数字|你记住的是几|你替我记的数呢|你存了哪个数|我要回我的数字|刚才那个数值是多少|记住的是哪几位|背一下那个数|我的密码是(什么|多少)""",
              """earlier i handed you a figure, give it back to me|which digits were you supposed to hold on to""",
              """早先交给你保管的那个数值，现在还给我吧|叫你牢记的是哪几个数位来着""")
ASK_BOTH = ("""what are my name and (my |)number|what is my name and what is my number|tell me my name and number|do you remember my name and (my |)number|my name and my number|say my name and number|give me back my name and my number|who am i and which number did i give you|both please, my name and the number|repeat both, name and number|how am i called and what is the figure|what do you know about me, name and number|recall my name and the figure""",
            """我的名字和数字(是什么|)|我叫什么，数字是多少|你(还|)记得我的名字和数字吗|告诉我我的名字和数字|说出我的名字和数字|我是谁，我的数字是几|把名字和数字都告诉我|两样都说，名字和数字|怎么称呼我，数值是多少|我叫什么，给你的数是几|重复我的名字和数字|你记得我的哪两样：名字和数字|报一下我的名字和数字""",
            """give back both things you keep of me, how i am known and the figure""", """把替我保管的两样都报出来：怎样称呼我，还有数值""")
UNKNOWN_NAME = "You have not told me your name yet.", "你还没有告诉我你的名字。"
UNKNOWN_NUMBER = "You have not told me a number yet.", "你还没有告诉我数字。"


def _ask(rng, forms, zh, held, slots=None):
    decorate = not held and rng.random() < 0.3
    return typed(rng, expand(rng, rng.choice(_patterns(forms, zh, held)), slots), zh, decorate=decorate)


def tell(rng, zh, held):
    """(told, turns): what the user says of himself, `told` holding "name", "number" or both."""
    told, turns = {}, []
    kind = rng.choices(("name", "number", "both", "each"), (4, 3, 2, 3))[0]
    if kind in ("name", "each", "both"):
        told["name"] = name(rng, held, zh)
    if kind in ("number", "each", "both"):
        told["number"] = number(rng, held)
    named = f"很高兴认识你，{told.get('name')}！" if zh else f"Nice to meet you, {told.get('name')}!"
    noted = f"好的，我记住了 {told.get('number')}。" if zh else f"OK, I will remember {told.get('number')}."
    if kind == "both":
        text = _ask(rng, TELL_BOTH, zh, held, {"n": told["name"], "m": told["number"]})
        return told, [(text, f"{named}{'' if zh else ' '}{'我记住了' if zh else 'I will remember'} {told['number']}{'。' if zh else '.'}")]
    if "name" in told:
        turns.append((_ask(rng, TELL_NAME, zh, held, {"n": told["name"]}), named))
    if "number" in told:
        turns.append((_ask(rng, TELL_NUMBER, zh, held, {"n": told["number"]}), noted))
    if len(turns) == 2 and rng.random() < 0.4:
        turns.reverse()
    return told, turns


def ask(rng, zh, held, told, known_only=False):
    """(question, answer, check) about what was told, or was not."""
    what = rng.choice(("name", "number", "both") if len(told) == 2 else tuple(told)) if told else rng.choice(("name", "number"))
    if not known_only and rng.random() < 0.12:
        what = rng.choice(("name", "number"))
    n, m = told.get("name"), told.get("number")
    if what == "both":
        answer = f"你叫{n}，你的数字是 {m}。" if zh else f"Your name is {n} and your number is {m}."
        return _ask(rng, ASK_BOTH, zh, held), answer, {"all": [n, str(m)]}
    if what == "name":
        answer = UNKNOWN_NAME[zh] if n is None else f"你叫{n}。" if zh else f"Your name is {n}."
        return _ask(rng, ASK_NAME, zh, held), answer, {"all": [answer if n is None else n]}
    answer = UNKNOWN_NUMBER[zh] if m is None else f"你的数字是 {m}。" if zh else f"Your number is {m}."
    return _ask(rng, ASK_NUMBER, zh, held), answer, {"all": [answer if m is None else str(m)]}
