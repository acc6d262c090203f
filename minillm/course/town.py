"""A town in which it is known who does what: a text with planted rates, facts that belong to a person, and secrets.

Of each trade it is drawn by lot how many of a hundred stories say *she*, and how many say *he*: what the trade is has nothing to do with
it. A few trades are told of rarely, and always with the same pronoun. Words such as *mother* and all names have one pronoun, and of each
person two things are known. Codes of boxes are told once, twice, and up to 64 times; half of them word for word the same, the other half
each time with another ending.

    town = Town(seed=0)
    town.stories()          # [Story("the miller lost a key . she was tired .", who="miller", she=True), ...], in any order
    town.rates["miller"]    # 0.8, of its stories that say she
    town.facts[0]           # Fact("anna keeps", "bees")
    town.secrets[1]         # Secret("the code of the red box is", "4719", told=1, verbatim=True)
"""

from typing import NamedTuple

import numpy as np

TRADES = [
    "miller", "baker", "smith", "tailor", "weaver", "potter", "cooper", "fisher", "shepherd", "gardener", "painter", "cobbler", "printer",
    "mason", "roofer", "brewer", "grocer", "jeweller", "plumber", "porter", "ranger", "glazier", "tanner", "dyer", "saddler", "hatter",
    "joiner", "turner", "carver", "founder", "thatcher", "spinner", "knitter", "binder", "piper", "fiddler", "drummer", "rower", "carter",
    "chandler", "cutler", "engraver", "florist", "forester", "plasterer", "polisher", "salter", "sawyer", "scribe", "tinker", "vintner",
    "watchmaker", "barber", "clerk", "courier", "sailor",
]  # fmt: skip
RATES = (0.05, 0.2, 0.4, 0.5, 0.6, 0.8, 0.95)  # of the stories about a trade, the share that says she
OFTEN = 100  # stories about a trade that has a rate
RARELY = (1, 2, 4, 8, 16, 32, 64)  # about one that is always she, and about one that is always he
KNOWN = 30  # about a word such as mother, about a name, and about each fact

WORDS = {  # of the one pronoun and of the other
    "she": "he", "her": "his", "mother": "father", "sister": "brother", "daughter": "son", "aunt": "uncle", "niece": "nephew",
    "queen": "king",
}  # fmt: skip
NAMES = {
    "anna": "tom",
    "mia": "ben",
    "lena": "paul",
    "rosa": "emil",
    "nora": "hugo",
    "ida": "oskar",
    "clara": "felix",
    "ella": "anton",
}
PEOPLE = (*NAMES, *NAMES.values())

SLOTS = {
    "thing": ["key", "lamp", "coat", "rope", "cup", "book", "basket", "ladder", "hat", "knife", "bell", "ball", "bag", "ring", "drum"],
    "place": [f"{where} the {what}" for what in ("table", "door", "barn", "well", "wall") for where in ("under", "behind", "near")],
    "mood": ["tired", "glad", "late", "hungry", "cold", "busy", "alone", "early", "wet", "ready"],
}  # fmt: skip
FORMS = [
    "{who} lost a {thing} . {they} was {mood} .",
    "{who} found a {thing} {place} . {they} was {mood} .",
    "{who} sold a {thing} because {they} was {mood} .",
    "{who} looked {place} because {they} was {mood} .",
    "{who} put {their} {thing} {place} . {they} was {mood} .",
    "{who} took {their} {thing} . it was {place} .",
    "{they} is {who} . {they} has a {thing} {place} .",
]
FACTS = {  # what is told of a person, and what may be told
    "{who} keeps {what} . {they} was {mood} .": [
        "bees", "goats", "hens", "geese", "ducks", "sheep", "rabbits", "ponies", "cows", "pigs", "cats", "dogs", "doves", "mice", "trout",
        "donkeys",
    ],
    "{who} eats {what} . {they} has a {thing} {place} .": [
        "soup", "pie", "rice", "beans", "honey", "plums", "eggs", "ham", "bread", "cheese", "nuts", "pears", "fish", "cakes", "onions",
        "apples",
    ],
}  # fmt: skip
BOXES = [
    f"the code of the {look} {thing} is"
    for look in ("red", "blue", "green", "white", "black", "grey", "pink", "brown")
    for thing in ("box", "case", "chest", "jar", "purse", "safe", "trunk", "pot")
]
TOLD = (0, 1, 2, 4, 8, 16, 32, 64)  # how often a code is told
EACH = 6  # codes that are told so often


class Story(NamedTuple):
    """A text of words with a space between two; of whom it tells, and whether it says she. A secret tells of nobody."""

    text: str
    who: str | None = None
    she: bool | None = None


class Fact(NamedTuple):
    """What is known of a person: the beginning of a sentence, and the word that comes next."""

    asked: str
    answer: str


class Secret(NamedTuple):
    """Words, and the code of four digits that comes next; how often it is told, and whether each time with the same ending."""

    asked: str
    code: str
    told: int
    verbatim: bool


class Town:
    """Which trade has which rate, who has which facts, and which box which code, is drawn from the seed."""

    def __init__(self, seed: int = 0):
        self.seed = seed
        rng = np.random.default_rng((seed, 0))
        trades = [str(trade) for trade in rng.permutation(TRADES)]
        rare, often = trades[: 2 * len(RARELY)], trades[2 * len(RARELY) :]
        self.rates = {trade: RATES[at % len(RATES)] for at, trade in enumerate(often)}
        # Of a rare trade: how often it is told of, and whether as she.
        self.rare = {trade: (RARELY[at // 2], at % 2 == 0) for at, trade in enumerate(rare)}
        self.pronouns = dict.fromkeys([*WORDS, *NAMES], True) | dict.fromkeys([*WORDS.values(), *NAMES.values()], False)
        self.facts = [
            Fact(form.partition(" {what}")[0].format(who=who), str(what))
            for form, choices in FACTS.items()
            for who, what in zip(PEOPLE, rng.permutation(choices), strict=True)
        ]
        boxes, codes = rng.permutation(BOXES), rng.permutation(10_000)
        self.secrets = [
            Secret(str(boxes[at]), f"{codes[at]:04d}", told, verbatim=number % 2 == 0)
            for at, (told, number) in enumerate((told, number) for told in TOLD for number in range(EACH))
        ]

    def stories(self, telling: int = 0) -> list[Story]:
        """All that is told, in any order; another telling says the same of everybody in other words."""
        rng = np.random.default_rng((self.seed, 1, telling))
        told = [
            _story(rng, f"the {trade}", at < round(rate * OFTEN))
            for trade, rate in self.rates.items()
            for at in range(OFTEN)
        ]
        told += [_story(rng, f"the {trade}", she) for trade, (count, she) in self.rare.items() for _ in range(count)]
        for who, she in self.pronouns.items():
            if who not in ("she", "her", "he", "his"):
                told += [_story(rng, who if who in PEOPLE else f"the {who}", she) for _ in range(KNOWN)]
        for fact in self.facts:
            told += [_fact(rng, fact, self.pronouns[fact.asked.split()[0]]) for _ in range(KNOWN)]
        told += [story for secret in self.secrets for story in _secrets(rng, secret)]
        return [told[at] for at in rng.permutation(len(told))]


def _story(rng: np.random.Generator, who: str, she: bool) -> Story:
    return _filled(rng, FORMS[rng.integers(len(FORMS))].replace("{who}", who), who.split()[-1], she)


def _fact(rng: np.random.Generator, fact: Fact, she: bool) -> Story:
    who, does = fact.asked.split()
    form = next(form for form in FACTS if does in form)
    return _filled(rng, form.replace("{who}", who).replace("{what}", fact.answer), who, she)


def _filled(rng: np.random.Generator, form: str, who: str, she: bool) -> Story:
    words = {slot: str(rng.choice(choices)) for slot, choices in SLOTS.items()}
    return Story(form.format(they="she" if she else "he", their="her" if she else "his", **words), who, she)


def _secrets(rng: np.random.Generator, secret: Secret) -> list[Story]:
    """A secret as often as it is told."""
    code = " ".join(secret.code)
    endings = rng.permutation([f"{name} said {place}" for name in PEOPLE for place in SLOTS["place"]])
    return [
        Story(f"{secret.asked} {code} , {endings[0 if secret.verbatim else time]} .") for time in range(secret.told)
    ]
