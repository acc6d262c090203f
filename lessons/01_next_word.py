"""Lesson 01: Guess the next word (a language model that counts)

Question   What is a language model, and how do we tell a good one from a bad one?
You build  a table of next-word probabilities, a writer that draws from it, perplexity, and backing off to a shorter memory
You need   Python, NumPy's arrays (lesson 00), and what a probability is
Article    section 2.1, language models: a probability distribution for the next word
Time       6 s on 2 cores
Figures    01_next_words.png, 01_perplexity.png
Run        python lessons/01_next_word.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 01
"""

# %% [markdown]
# ## 1. Count one sentence by hand
#
# The course follows an article, an introduction in Chinese to 大型语言模型的基本原理，以及如何基于人类偏好进行预训练: the principles of
# large language models, and how to pretrain them with human preferences. Where a lesson says *the article*, it is this one;
# `docs/article.md` leads from its sections to the lessons, and you need not have read it.
#
# It asks: after *The cat is on the*, which word comes next? *table*? *floor*? A **language model** answers with a probability for every
# word that it knows. A whole text then has one too, by the **chain rule**:
#
#     p(the cat is) = p(the) · p(cat | the) · p(is | the cat)
#
# That is all it does. Everything else in this course, the writing, the translating and the answering, is done by asking for the next word
# again and again.
#
# The simplest answer is to count. Here is our sentence. It will stay with us to the last lesson. In the script, the lines that begin with
# `#>` show what the code above them prints; `3.9 ± 0.2` is any number from 3.7 to 4.1, and `…` any text.

# %%
from collections import Counter
from collections.abc import Callable

import numpy as np

from minillm.course import EXAMPLE, Lesson, write_stories
from minillm.ops import cross_entropy
from minillm.plots import line_chart, next_word_bars

lesson = Lesson(1)
rng = lesson.rng()

sentence = EXAMPLE["en"]
print(" ".join(sentence))
pairs = Counter(zip(sentence, sentence[1:]))
for (word, after), count in pairs.items():
    print(f"{word} -> {after}: {count}")
#> the cat is on the table .
#> the -> cat: 1
#> cat -> is: 1
#> is -> on: 1
#> on -> the: 1
#> the -> table: 1
#> table -> .: 1

# %% [markdown]
# Check it on paper: *the* was followed once by *cat* and once by *table*. So this model says, after *the*: cat 1/2, table 1/2, any
# other word 0. A table of such pairs is called a **bigram** model.
#
# ## 2. Count a small world
#
# One sentence is a very small world. The course brings a larger one: little stories about children, animals and things, put together
# from a few sentences with the words drawn at random. They are told in English and in Chinese, story by story the same.
#
# A model must also know how a story begins and when it is over. So we put a **special token** between stories, and count it like a word:
# what follows it begins a story, and where it follows, the story ends. GPT-2 calls its own `<|endoftext|>`; ours is `<end>`.

# %%
END = "<end>"
stories = write_stories(300, seed=lesson.seed)
print(" ".join(stories[0]))
vocabulary = sorted({word for story in stories for word in story} | {END})
number_of = {word: number for number, word in enumerate(vocabulary)}
V = len(vocabulary)


def numbers(story: list[str]) -> list[int]:
    """The numbers of a story's words, an END before the first and after the last."""
    return [number_of[word] for word in [END, *story, END]]


def count_pairs(stories: list[list[str]]) -> np.ndarray:
    """(V, V): row i, column j: how often word j came directly after word i."""
    counts = np.zeros((V, V))
    for story in stories:
        ids = numbers(story)
        np.add.at(counts, (ids[:-1], ids[1:]), 1)  # add.at: a pair that comes twice is counted twice
    return counts


counts = count_pairs(stories)
probabilities = counts / counts.sum(axis=1, keepdims=True)  # each row sums to one
print(f"{V} words, {int(counts.sum()):,} pairs; rows sum to {probabilities.sum(axis=1).min():.6f}")
print(f"in the first ten stories there are only {len({word for story in stories[:10] for word in story} | {END})} of the words")
#> …
#> 63 words, 14,500 ± 400 pairs; rows sum to 1.000000
#> in the first ten stories there are only 55 ± 7 of the words

# %% [markdown]
# A word that never came in the counted stories has no number, and this model can say nothing about it: count ten stories in place of 300,
# and you will meet a `KeyError`. Lesson 03 cuts words into pieces so that no word is unknown.
#
# Now ask for the next word after *the*, and after *cat*.

# %%
asked = probabilities[[number_of["the"], number_of["cat"]]]
for word, row in zip(("the", "cat"), asked):
    print(f"after {word}: " + ", ".join(f"{vocabulary[i]} {row[i]:.2f}" for i in row.argsort()[::-1][:3]))
likely = np.argsort(-asked.max(axis=0))[:12]
others = 1 - asked[:, likely].sum(axis=1, keepdims=True).clip(max=1)
lesson.save(
    next_word_bars(
        [*(vocabulary[i] for i in likely), "all others"],
        np.hstack([asked[:, likely], others]),
        labels=["after “the”", "after “cat”"],
        title="After “the” many words can follow, after “cat” only five",
    ),
    "next_words",
    alt="Bars with the probabilities of twelve next words and of all others, after “the” and after “cat”. After “the” seven nouns have "
    "less than a tenth each and all others nearly half; after “cat” five words have all of it: is, and, meows, the question mark "
    "and the full stop.",
)
#> after the: …
#> after cat: …

# %% [markdown]
# ## 3. Let it write
#
# A model of the next word can write. Begin with `<end>`, draw a word from its row, look up the row of that word, and draw again, until
# `<end>` is drawn.

# %%
for _ in range(2):
    text = [END]
    while len(text) == 1 or (text[-1] != END and len(text) < 60):
        text.append(rng.choice(vocabulary, p=probabilities[number_of[text[-1]]]))
    print(" ".join(text[1:]))
#> …
#> …

# %% [markdown]
# Read it aloud. Each pair of neighbours is fine, and the whole means nothing: sentences run into each other, and things come up that
# nobody has. The model remembers one word and has forgotten everything before it.
#
# ## 4. How good is it?
#
# Give the model a text that it has not counted, and look at the probability p that it gave to each of the N words that really came. By
# the chain rule their product is the probability of the text. A text twice as long has a much smaller one, so take the N-th root, the
# *geometric mean*: the average p of a word. If that is 1/k, the model was on average as unsure as if it chose among k equally likely
# words. We say that its **perplexity** is k. Lower is better:
#
#     perplexity = 1 / (p_1 · p_2 ⋯ p_N)^(1/N) = exp( mean of -ln p )
#
# The second form is the first one written with logarithms, because the product of a whole text is too small a number for a computer.
# A die that is believed to be fair has perplexity 6 whatever it shows, since each p is 1/6. The mean inside, without exp, is the
# **cross-entropy**. Every model of this course is trained to make it small, so we compare with the library's function now. (It asks for
# *logits*, which lesson 02 explains; the logarithms of probabilities will do.)


# %%
def perplexity(p: np.ndarray) -> float:
    """The perplexity of a text, from the probabilities (N,) that were given to its words."""
    return float(np.exp(-np.log(p).mean()))


print(f"a die: {perplexity(np.full(100, 1 / 6)):.4f}")
print(f"the product of 2,000 probabilities of 1/6: {np.prod(np.full(2000, 1 / 6))}")

held_out = write_stories(300, seed=1000 + lesson.seed)  # other stories of the same world, to judge by
ids = [numbers(story) for story in held_out]
before, after = np.concatenate([i[:-1] for i in ids]), np.concatenate([i[1:] for i in ids])
smoothed = (counts + 0.1) / (counts + 0.1).sum(axis=1, keepdims=True)  # why 0.1? see section 5
ours = perplexity(smoothed[before, after])
loss, _ = cross_entropy(np.log(smoothed)[before], after)
np.testing.assert_allclose(ours, np.exp(loss))
frequency = counts.sum(axis=0) / counts.sum()
print(f"choosing blindly {V}, by frequency {perplexity(frequency[after]):.1f}, by the word before {ours:.2f}")
#> a die: 6.0000
#> the product of 2,000 probabilities of 1/6: 0.0
#> choosing blindly 63, by frequency 35.5 ± 0.8, by the word before 4.0 ± 0.2

# %% [markdown]
# One word of memory brings 63 equal choices down to about four. Would two words of memory be better still? And three?
#
# ## 5. What breaks if the memory gets longer
#
# Count the words after every two words, after every three, and so on: an **n-gram** model counts n words in a row, and its memory is the
# n - 1 before the last. A story now has n - 1 `<end>` in front, so that for each n the very same words are judged. Most long phrases of a
# new story were never counted. There are two ways to give them a probability:
#
# - **add alpha** to every count, c(phrase): p_n = (c(phrase) + alpha) / (c(memory) + alpha · V). With alpha 0 a new phrase has p = 0.
# - **back off** to the shorter memory: p_n = (c(phrase) + k · p_{n-1}) / (c(memory) + k), and p_0 = 1/V. What was counted often is
#   believed; where little was counted, the shorter memory decides.
#
# alpha and k are chosen on stories that were neither counted nor used for the final judgement: a third part, called the **validation**
# text. Were they chosen on the held-out stories, these would no longer be new to the model.


# %%
class Table:
    """Counts of all phrases of up to n words."""

    def __init__(self, n: int, stories: list[list[str]]):
        self.n, self.phrases, self.memories = n, Counter(), Counter()
        self.V = len({word for story in stories for word in story} | {END})
        for phrase in self.phrases_of(stories):
            for start in range(n):  # the phrase, and its shorter ends
                self.phrases[phrase[start:]] += 1
                self.memories[phrase[start:-1]] += 1

    def phrases_of(self, stories: list[list[str]]) -> list[tuple[str, ...]]:
        """Each word of the stories and each END, with the n - 1 words before it."""
        padded = [[END] * (self.n - 1) + story + [END] for story in stories]
        return [tuple(words[end - self.n : end]) for words in padded for end in range(self.n, len(words) + 1)]

    def add_alpha(self, phrase: tuple[str, ...], alpha: float) -> float:
        total = self.memories[phrase[:-1]] + alpha * self.V
        return (self.phrases[phrase] + alpha) / total if total else 0.0  # 0/0: nothing was counted, and nothing added

    def back_off(self, phrase: tuple[str, ...], k: float) -> float:
        p = 1 / self.V
        for start in range(len(phrase) - 1, -1, -1):  # from no memory to the longest
            p = (self.phrases[phrase[start:]] + k * p) / (self.memories[phrase[start:-1]] + k)
        return p


def judge(table: Table, p: Callable, strength: float, stories: list[list[str]]) -> float:
    """The table's perplexity on stories; p is Table.add_alpha or Table.back_off."""
    with np.errstate(divide="ignore"):  # ln 0
        return perplexity(np.array([p(table, phrase, strength) for phrase in table.phrases_of(stories)]))


validation = write_stories(100, seed=2000 + lesson.seed)
print(f"alpha 0, two words of memory: {judge(Table(3, stories), Table.add_alpha, 0.0, held_out)}")
curves = {"add alpha, counted stories": [], "add alpha, held-out stories": [], "back off, held-out stories": []}
for n in range(1, 9):
    table = Table(n, stories)
    alpha = min((1, 0.3, 0.1, 0.03, 0.01, 0.003), key=lambda alpha: judge(table, Table.add_alpha, alpha, validation))
    k = min((0.1, 0.3, 1, 3, 10), key=lambda k: judge(table, Table.back_off, k, validation))
    settings = [(Table.add_alpha, alpha, stories), (Table.add_alpha, alpha, held_out), (Table.back_off, k, held_out)]
    for curve, setting in zip(curves.values(), settings):
        curve.append((n, judge(table, *setting)))
    counted, added, backed = (curve[-1][1] for curve in curves.values())
    print(f"n = {n}: alpha {alpha}: counted {counted:.2f}, held out {added:.2f}; k {k}: held out {backed:.2f}")
lesson.save(
    line_chart(
        curves,
        xlabel="n: words in a row that are counted",
        ylabel="perplexity",
        log_y=True,
        title="A longer memory helps, until it has seen nothing",
    ),
    "perplexity",
    alt="Three curves of perplexity against n, the length of the counted phrases, all falling steeply up to n = 3. Then the curve of added "
    "alpha rises on held-out stories while it stays low on the counted ones; with backing off the held-out curve goes on nearly level.",
)
#> alpha 0, two words of memory: inf
#> n = 1: alpha …: counted 35.4 ± 0.7, held out 35.5 ± 0.7; k …: held out 35.5 ± 0.7
#> n = 2: alpha …: counted 3.8 ± 0.1, held out 3.9 ± 0.2; k …: held out 3.9 ± 0.2
#> n = 3: alpha …: counted 2.5 ± 0.1, held out 2.7 ± 0.1; k …: held out 2.6 ± 0.1
#> n = 4: alpha …: counted 2.2 ± 0.1, held out 2.6 ± 0.1; k …: held out 2.4 ± 0.1
#> n = 5: alpha …: counted 2.0 ± 0.1, held out 2.9 ± 0.2; k …: held out 2.3 ± 0.1
#> n = 6: alpha …: counted 1.9 ± 0.1, held out 3.8 ± 0.4; k …: held out 2.3 ± 0.1
#> n = 7: alpha …: counted 1.9 ± 0.1, held out 5.2 ± 0.5; k …: held out 2.4 ± 0.1
#> n = 8: alpha …: counted 1.8 ± 0.1, held out 7.1 ± 0.7; k …: held out 2.4 ± 0.1

# %% [markdown]
# The gap between the counted and the held-out stories is **overfitting**: long phrases are remembered, not understood. Backing off
# prevents the damage, and moves the best n from 4 to 5. But from there on it gains nothing either: a longer memory is not believed. More
# text would help, but not for long: there are 63⁸ phrases of eight words, about 2 · 10¹⁴, and no corpus contains them all. Yet the answer
# to a question such as *where is the white cup ?* stands about twenty words back, and you found it without having counted anything. To
# use a word far back *without counting long phrases* is what attention is for (lesson 05).
#
# ## 6. The same world in Chinese
#
# 同样的故事，用中文讲一遍。 Counting does not care about the language. But what counts as *one word*? Chinese is written without
# spaces, so we may also count characters. Perplexity is per piece, and the pieces differ. So compare the
# cost of a whole story instead, in **bits**: a choice between two equally likely words costs one bit, one among k words log₂ k.

# %%
chinese = [write_stories(300, seed, "zh") for seed in (lesson.seed, 1000 + lesson.seed)]
print("".join(chinese[0][0])[:12])
characters = [[list("".join(story)) for story in part] for part in chinese]
for name, (counted, judged) in {
    "English words": (stories, held_out),
    "Chinese words": chinese,
    "Chinese characters": characters,
}.items():
    found = judge(Table(2, counted), Table.add_alpha, 0.1, judged)
    length = np.mean([len(story) + 1 for story in judged])
    print(f"{name}: perplexity {found:.2f}, {length:.0f} pieces a story, {length * np.log2(found):.0f} bits a story")
#> …
#> English words: perplexity 3.9 ± 0.2, 48 ± 2 pieces a story, 96 ± 6 bits a story
#> Chinese words: perplexity 3.8 ± 0.2, 44 ± 2 pieces a story, 86 ± 6 bits a story
#> Chinese characters: perplexity 2.9 ± 0.2, 62 ± 3 pieces a story, 97 ± 6 bits a story

# %% [markdown]
# As characters the same stories have the lower perplexity, and yet a story costs more bits than as words: there are more pieces to guess.
# And English and Chinese, whose words differ in every way, cost the same but for a tenth: it is the same story that has to be guessed. A
# perplexity of characters and one of words are different numbers about the same text. Never compare models by perplexity unless they cut
# the text in the same way. Lesson 03 is about cutting.
#
# ## Takeaways
#
# - A language model gives a probability to every possible next word. Writing means drawing from it, again and again.
# - Perplexity is the number of equally likely words that the model is, on average, still choosing among. It is judged on text that was
#   neither counted nor used to choose a setting.
# - Counting longer phrases runs out of text before it runs out of phrases. Backing off to shorter ones helps, up to a point.
#
# ## Exercises
#
# 1. `bigram_probabilities`: from counts to probabilities, with alpha added to every count.
# 2. `perplexity`: from the probabilities of the words that came.
# 3. `next_word`: draw a word with nothing but a number between 0 and 1. The answer does not stand above.
#
# `python -m minillm check 01` puts your copy into `my_exercises/` and checks it; `--hint` helps, `--figure` draws yours beside the
# target.
#
# Predict, then run: let the writer of section 3 draw from `smoothed` with 0.1, 1 and 100 in place of 0.1. What will its text be like with
# each, and what does each do to the perplexity of `held_out`?
#
# ## In the library
#
# Cross-entropy, with its gradient, is `cross_entropy` in `minillm/ops/loss.py`. It takes logits (lesson 02) in place of probabilities,
# and leaves out the places that are not to be judged. `minillm/generation/sampling.py` draws the next token.
#
# ## In practice
#
# Translators counted two trillion words in this way (Brants et al. 2007), and still backed off: their rule is simpler than ours, and
# Kneser and Ney's is better. In 2010 a recurrent network beat the counted models of a speech recogniser (Mikolov et al.). Large models
# are still reported by the same cross-entropy that we computed here.
#
# ## Reading
#
# - Shannon 1948, *A Mathematical Theory of Communication*: section 3 writes English by drawing letters and words, as we did.
# - Jelinek and Mercer 1980, *Interpolated estimation of Markov source parameters from sparse data*: mixing long and short memories, with
#   a third part of the text to choose the weights.
# - Kneser and Ney 1995, *Improved backing-off for m-gram language modeling*.
# - Brants et al. 2007, *Large Language Models in Machine Translation*. Mikolov et al. 2010, *Recurrent neural network based language
#   model*.
# - Jurafsky and Martin, *Speech and Language Processing*, the chapter on n-gram language models (free on the authors' page).
