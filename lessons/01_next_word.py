"""Lesson 01: Guess the next word (a language model that counts)

Question   What is a language model, and how do we tell a good one from a bad one?
You build  a table of next-word probabilities, a writer that draws from it, and perplexity
You need   Python, a little NumPy, and what a probability is
Article    section 2.1, language models: a probability distribution for the next word
Time       4 s on 2 cores
Figures    01_next_words.png, 01_perplexity.png
Run        python lessons/01_next_word.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 01
"""

# %% [markdown]
# ## 1. Count one sentence by hand
#
# The article that this course follows asks: after *The cat is on the*, which word comes next? *table*? *floor*? A **language model**
# answers with a probability for every word that it knows. That is all it does. Everything else in this course, the writing, the
# translating and the answering, is done by asking this one question again and again.
#
# The simplest answer is to count. Here is our sentence. It will stay with us to the last lesson.

# %%
from collections import Counter

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

# %%
stories = write_stories(300, seed=lesson.seed)
held_out = write_stories(300, seed=1000 + lesson.seed)  # other stories of the same world, to judge by
print(" ".join(stories[0]))
vocabulary = sorted({word for story in stories for word in story})
number_of = {word: number for number, word in enumerate(vocabulary)}
V = len(vocabulary)


def count_pairs(stories: list[list[str]]) -> np.ndarray:
    """(V, V): row i, column j: how often word j came directly after word i."""
    counts = np.zeros((V, V))
    for story in stories:
        ids = [number_of[word] for word in story]
        np.add.at(counts, (ids[:-1], ids[1:]), 1)  # add.at: a pair that comes twice is counted twice
    return counts


counts = count_pairs(stories)
probabilities = counts / counts.sum(axis=1, keepdims=True)  # each row sums to one
print(f"{V} words, {int(counts.sum()):,} pairs; rows sum to {probabilities.sum(axis=1).min():.6f}")
#> …
#> 62 words, 13,900 ± 300 pairs; rows sum to 1.000000

# %% [markdown]
# Now ask for the next word after *the*, and after *cat*.

# %%
for word in ("the", "cat"):
    row = probabilities[number_of[word]]
    best = row.argsort()[::-1][:3]
    print(f"after {word}: " + ", ".join(f"{vocabulary[i]} {row[i]:.2f}" for i in best))
likely = np.argsort(-probabilities[[number_of["the"], number_of["cat"]]].max(axis=0))[:12]
lesson.save(
    next_word_bars(
        [vocabulary[i] for i in likely],
        probabilities[[number_of["the"], number_of["cat"]]][:, likely],
        labels=["after “the”", "after “cat”"],
        title="After “the” much may come, after “cat” only five words",
    ),
    "next_words",
    alt="Bars with the probabilities of twelve next words, after “the” and after “cat”. After “the” seven nouns have less than a tenth "
    "each (others, not shown, share the rest); after “cat” five words have all of it: is, and, meows, the question mark and the full stop.",
)
#> after the: …
#> after cat: …

# %% [markdown]
# After *the*, everything that a story talks about is possible. After *cat*, only five words ever come in these stories.
#
# ## 3. Let it write
#
# A model of the next word can write. Draw a word from its row, look up the row of that word, and draw again.

# %%
word, text = "the", ["the"]
for _ in range(25):
    word = rng.choice(vocabulary, p=probabilities[number_of[word]])
    text.append(word)
print(" ".join(text))
#> …

# %% [markdown]
# Read it aloud. Each pair of neighbours is fine, and the whole means nothing: one sentence stops after two words, another runs on into the
# next. The model remembers one word and has forgotten everything before it.
#
# ## 4. How good is it?
#
# Give the model a text that it has not counted, and look at the probability that it gave to each word that really came. If that was on
# average as if it had to choose among k equally likely words, we say that its **perplexity** is k. Lower is better:
#
#     perplexity = exp( mean of -ln p(word that came) )
#
# A die has perplexity 6, whatever it shows. The mean inside, without exp, is the **cross-entropy**. Every model of this course is trained
# to make it small, so we compare with the library's function now. (It asks for *logits*, which lesson 02 explains; the logarithms of
# probabilities will do.)


# %%
def perplexity(p: np.ndarray) -> float:
    """The perplexity of a text, from the probabilities (N,) that were given to its words."""
    return float(np.exp(-np.log(p).mean()))


die = np.full(100, 1 / 6)
print(f"a die: {perplexity(die):.4f}")

ids = [np.array([number_of[word] for word in story]) for story in held_out]
before, after = np.concatenate([i[:-1] for i in ids]), np.concatenate([i[1:] for i in ids])
smoothed = (counts + 0.1) / (counts + 0.1).sum(axis=1, keepdims=True)  # why 0.1? see section 5
ours = perplexity(smoothed[before, after])
loss, _ = cross_entropy(np.log(smoothed)[before], after)
np.testing.assert_allclose(ours, np.exp(loss))
frequency = counts.sum(axis=0) / counts.sum()
print(f"choosing blindly {V}, by frequency {perplexity(frequency[after]):.1f}, by the word before {ours:.2f}")
#> a die: 6.0000
#> choosing blindly 62, by frequency 33.9 ± 0.8, by the word before 3.9 ± 0.2

# %% [markdown]
# One word of memory brings 62 equal choices down to about four. Would two words of memory be better still? And three?
#
# ## 5. What breaks if the memory gets longer
#
# Count the words after every two words, after every three, and so on. We judge each table twice: on the stories that it counted, and on
# the held-out stories. `0.1` is added to every count. Without it, a pair that was never seen would have the probability 0, the logarithm
# of 0 is minus infinity, and a single new pair makes the perplexity of the whole text infinite.


# %%
def table_perplexity(n: int, alpha: float, counted: list[list[str]], judged: list[list[str]]) -> float:
    """The perplexity on the judged stories of a table that looks at the n - 1 words before, with alpha added to every count."""
    seen, contexts = Counter(), Counter()
    for story in counted:
        for end in range(n, len(story) + 1):
            phrase = tuple(story[end - n : end])
            seen[phrase] += 1
            contexts[phrase[:-1]] += 1
    V = len({word for story in counted for word in story})
    p = []
    for story in judged:
        for end in range(n, len(story) + 1):
            phrase = tuple(story[end - n : end])
            p.append((seen[phrase] + alpha) / (contexts[phrase[:-1]] + alpha * V))
    with np.errstate(divide="ignore"):  # ln 0
        return perplexity(np.array(p))


print(f"alpha 0, two words of memory: {table_perplexity(3, 0.0, stories, held_out)}")
longest = 4 if lesson.quick else 8
curves = {"counted stories": [], "held-out stories": []}
for n in range(1, longest + 1):
    for name, judged in zip(curves, (stories, held_out)):
        curves[name].append((n, table_perplexity(n, 0.1, stories, judged)))
for (n, known), (_, unknown) in list(zip(*curves.values()))[:4]:
    print(f"n = {n}: counted {known:.2f}, held out {unknown:.2f}")
best = min(curves["held-out stories"], key=lambda point: point[1])
print(f"best on held-out stories: n = {best[0]}")
lesson.save(
    line_chart(
        curves,
        xlabel="n: words in a row that are counted",
        ylabel="perplexity",
        log_y=True,
        title="A longer memory helps, until it has seen nothing",
    ),
    "perplexity",
    alt="Two curves of perplexity against n, the length of the counted phrases. Both fall steeply up to n = 3; then the held-out curve "
    "rises again, while the curve of the counted stories stays low.",
)
#> alpha 0, two words of memory: inf
#> n = 1: counted 34.7 ± 0.8, held out 34.7 ± 0.8
#> n = 2: counted 3.8 ± 0.1, held out 3.9 ± 0.2
#> n = 3: counted 2.7 ± 0.1, held out 2.8 ± 0.1
#> n = 4: counted 2.6 ± 0.1, held out 3.0 ± 0.2
#> best on held-out stories: n = 3

# %% [markdown]
# The gap between the two curves is **overfitting**: long phrases are remembered, not understood. (In the end even the counted stories cost
# more: where a phrase was seen once or twice, the 0.1 that every other word got outweighs it.) There are 62⁸ phrases of eight words, about
# 200 million million, and no library holds them all. Yet the answer to a question such as *where is the white cup ?* stands about twenty
# words back, and you found it without having counted anything. To use a word far back *without counting long phrases* is what attention is
# for (lesson 05).
#
# ## 6. The same world in Chinese
#
# 同样的故事，用中文讲一遍。 Counting does not care about the language. But what counts as *one word*? Chinese is written without
# blanks, so we may also count characters. Perplexity is per piece, and the pieces differ. So compare the
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
    found = table_perplexity(2, 0.1, counted, judged)
    length = np.mean([len(story) - 1 for story in judged])
    print(f"{name}: perplexity {found:.2f}, {length:.0f} pieces a story, {length * np.log2(found):.0f} bits a story")
#> …
#> English words: perplexity 3.9 ± 0.2, 46 ± 2 pieces a story, 91 ± 5 bits a story
#> Chinese words: perplexity 3.7 ± 0.2, 42 ± 2 pieces a story, 80 ± 5 bits a story
#> Chinese characters: perplexity 2.9 ± 0.2, 60 ± 3 pieces a story, 92 ± 5 bits a story

# %% [markdown]
# The same stories have the lower perplexity as characters, and yet a story costs more bits than as words: there are more pieces to guess. A
# perplexity of characters and one of words are different numbers about the same text. Never compare models by perplexity unless they cut
# the text in the same way. Lesson 03 is about cutting.
#
# ## Takeaways
#
# - A language model gives a probability to every possible next word. Writing means drawing from it, again and again.
# - Perplexity is the number of equally likely words that the model is, on average, still choosing among; it is judged on unseen text.
# - Counting longer phrases runs out of text before it runs out of phrases.
#
# ## Exercises
#
# 1. `bigram_probabilities`: from counts to probabilities, with alpha added to every count.
# 2. `perplexity`: from the probabilities of the words that came.
# 3. `next_word`: draw a word with nothing but a number between 0 and 1.
#
# `python -m minillm check 01` puts your copy into `my_exercises/` and checks it; `--hint` helps, `--figure` draws yours beside the target.
#
# ## In practice
#
# Counted models were the best there were until about 2010: they ran in every phone keyboard. Theirs are smoothed more cleverly than ours
# (Kneser and Ney): where a phrase is unknown, they ask the table of the shorter one. Large models are still reported by the same
# cross-entropy that we computed here.
#
# ## Reading
#
# - Shannon 1948, *A Mathematical Theory of Communication*: section 3 writes English by drawing letters and words, as we did.
# - Kneser and Ney 1995, *Improved backing-off for m-gram language modeling*.
# - Jurafsky and Martin, *Speech and Language Processing*, the chapter on n-gram language models (free on the authors' page).
