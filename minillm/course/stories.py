"""The small corpus of the course: little stories about children, animals and things, in English and in Chinese.

They are made from the sentences below, so there are as many as a lesson wants and a model learns them within a minute. Who has what, what
it looks like and where it is are drawn anew for each story. A model that only counts which word follows which can't know them;
one that looks back can, because every story comes back to what it said before.
"""

import numpy as np

EXAMPLE = {"en": ["the", "cat", "is", "on", "the", "table", "."], "zh": ["猫", "在", "桌子", "上", "。"]}

CHILDREN = {
    "en": {"anna": "she", "mia": "she", "tom": "he", "ben": "he"},
    "zh": {"安娜": "她", "小美": "她", "小明": "他", "大卫": "他"},
}

# An animal, the word that counts it, the sound that it makes, and what it eats.
ANIMALS = {
    "en": {
        "cat": ("a", "meows", "fish"),
        "dog": ("a", "barks", "meat"),
        "bird": ("a", "sings", "seeds"),
        "mouse": ("a", "squeaks", "cheese"),
        "duck": ("a", "quacks", "bread"),
        "cow": ("a", "moos", "grass"),
    },
    "zh": {
        "猫": ("一只", "喵喵", "鱼"),
        "狗": ("一只", "汪汪", "肉"),
        "鸟": ("一只", "啾啾", "种子"),
        "老鼠": ("一只", "吱吱", "奶酪"),
        "鸭子": ("一只", "嘎嘎", "面包"),
        "牛": ("一头", "哞哞", "草"),
    },
}

THINGS = {
    "en": {"ball": "a", "book": "a", "hat": "a", "cup": "a", "box": "a", "key": "a"},
    "zh": {"球": "一个", "书": "一本", "帽子": "一顶", "杯子": "一个", "盒子": "一个", "钥匙": "一把"},
}
LOOKS = {
    "en": ["red", "blue", "green", "white", "new", "big", "small"],
    "zh": ["红色的", "蓝色的", "绿色的", "白色的", "新的", "大", "小"],
}
PLACES = {
    "en": [
        f"{where} the {what}"
        for what in ("table", "chair", "bed", "tree", "house")
        for where in ("on", "under", "behind")
    ],
    "zh": [f"{what} {where}" for what in ("桌子", "椅子", "床", "树", "房子") for where in ("上", "下面", "后面")],
}

# Each story has a beginning; then some of the middle, in any order; then the end.
SENTENCES = {
    "en": {
        "beginning": "{child} has {an} {animal} and {a} {look} {thing} .",
        "middle": [
            "the {animal} is {place} .",
            "the {look} {thing} is {there} .",
            "the {animal} {sound} because it is hungry . {child} gives it {food} .",
            "the {animal} {sound} because it is happy . {child} likes the {animal} .",
            "the {animal} is tired and sleeps {place} .",
        ],
        "end": [
            "where is the {animal} ? it is {place} .",
            "where is the {look} {thing} ? it is {there} .",
            "{pronoun} likes the {look} {thing} .",
            "{pronoun} gives the {look} {thing} to {friend} .",
        ],
    },
    "zh": {
        "beginning": "{child} 有 {an} {animal} 和 {a} {look} {thing} 。",
        "middle": [
            "{animal} 在 {place} 。",
            "{look} {thing} 在 {there} 。",
            "{animal} {sound} 叫 ， 因为 它 饿 了 。 {child} 给 它 {food} 吃 。",
            "{animal} {sound} 叫 ， 因为 它 很 高兴 。 {child} 喜欢 {animal} 。",
            "{animal} 累 了 ， 在 {place} 睡觉 。",
        ],
        "end": [
            "{animal} 在 哪里 ？ 它 在 {place} 。",
            "{look} {thing} 在 哪里 ？ 它 在 {there} 。",
            "{pronoun} 喜欢 {look} {thing} 。",
            "{pronoun} 把 {look} {thing} 送给 {friend} 。",
        ],
    },
}


def write_stories(count: int, seed: int = 0, language: str = "en") -> list[list[str]]:
    """That many stories, each a list of words; full stops, commas and question marks are words too.

    The same seed tells the same stories in both languages, "en" and "zh": sentence by sentence, one is the translation of the other.
    """
    rng = np.random.default_rng(seed)
    return [_write_story(rng, language) for _ in range(count)]


def _write_story(rng: np.random.Generator, language: str) -> list[str]:
    children, animals, things = CHILDREN[language], ANIMALS[language], THINGS[language]
    child, friend = _some(rng, list(children), 2)
    (animal,), (thing,), (look,) = (_some(rng, list(words), 1) for words in (animals, things, LOOKS[language]))
    place, there = _some(rng, PLACES[language], 2)
    an, sound, food = animals[animal]
    slots = {
        "child": child, "friend": friend, "pronoun": children[child], "an": an, "animal": animal, "sound": sound, "food": food,
        "a": things[thing], "thing": thing, "look": look, "place": place, "there": there,
    }  # fmt: skip
    sentences = SENTENCES[language]
    begun = [sentences["beginning"], *_some(rng, sentences["middle"], int(rng.integers(2, 4)))]
    # Only what was told is asked for.
    unknown = [slot for slot in ("{place}", "{there}") if slot not in " ".join(begun)]
    possible = [sentence for sentence in sentences["end"] if not any(slot in sentence for slot in unknown)]
    return " ".join([*begun, *_some(rng, possible, int(rng.integers(1, 3)))]).format(**slots).split()


def _some(rng: np.random.Generator, choices: list[str], count: int) -> list[str]:
    """So many different ones of the choices, in a random order."""
    return [choices[index] for index in rng.permutation(len(choices))[:count]]
