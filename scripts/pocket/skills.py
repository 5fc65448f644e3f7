"""The wordings of what is computed or copied: wordings/numbers.txt and wordings/forms.txt.

Takes a random.Random, a skill, the language and what fills its slots; gives a question. Must not know: answers.
"""

from wording import expand, read_blocks, stretched

SKILLS = {**read_blocks("numbers"), **read_blocks("forms")}


def pattern(rng, skill, zh, held):
    """One of the skill's patterns, of training's or of those held out."""
    return rng.choice(SKILLS[skill][("z" if zh else "") + ("H" if held else "q")])


def worded(rng, skill, zh, held, slots=None):
    """A question of the skill; in training at times with words that change nothing, so that what stands beside a slot is
    never the same."""
    return filled(rng, pattern(rng, skill, zh, held), zh, held, slots)


def filled(rng, chosen, zh, held, slots=None):
    """A chosen pattern as `worded` asks it."""
    if not held and rng.random() < 0.3:
        chosen = stretched(rng, expand(rng, chosen), zh)
    return expand(rng, chosen, slots)
