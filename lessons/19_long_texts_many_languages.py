"""Lesson 19: Long texts, many languages (the price of T², positions beyond training, shared vocabularies)

Question   What does it take to read a text four times as long as any before, and what to read two languages at once?
You build  attention piece by piece, rotary positions and ALiBi, a search for a word said long ago, and models of two languages
You need   lessons 05, 06 and 10
Article    sections 7 and 8: long texts, many languages
Time       140 s on 2 cores
Figures    19_price.png, 19_time.png, 19_beyond.png, 19_languages.png, 19_crossing.png, 19_sentences.png
Run        python lessons/19_long_texts_many_languages.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 19
"""

# %% [markdown]
# ## 1. The price of a square
#
# In lesson 05 every word looked at every other word. T words make T² scores, in every head of every layer, and backward needs them again.
# So twice the text takes four times the memory. Let us ask the library how many bytes attention keeps for its backward pass, with four
# heads of width 16, once as in lesson 05 and once *in chunks*, which section 2 derives. The time is your machine's.

# %%
import dataclasses
import time

import numpy as np

from minillm.course import Lesson, write_stories
from minillm.course.chants import chanted_on, write_chants
from minillm.course.descent import descend
from minillm.course.needles import needles_found
from minillm.course.people import most_frequent, rows_of, tell, write_facts
from minillm.gradcheck import numeric_gradient
from minillm.models import GPT, GPTConfig, KeyValueCache
from minillm.ops import (
    alibi_bias,
    alibi_slopes,
    attention,
    attention_backward,
    causal_mask,
    chunked_attention,
    chunked_attention_backward,
    cross_entropy,
    rotary,
    rotary_frequencies,
    softmax,
)
from minillm.plots import embedding_maps, line_chart
from minillm.training import load

lesson = Lesson(19)
rng = lesson.rng()
FORMS = {"all scores at once": (attention, attention_backward), "in chunks": (chunked_attention, chunked_attention_backward)}

price = {}
for name, (forward, backward) in FORMS.items():
    for T in (256, 512, 1024) if lesson.quick else (256, 512, 1024, 2048):
        q, k, v = rng.standard_normal((3, 1, 4, T, 16)).astype(np.float32)
        seconds = []
        for _ in range(3):  # the shortest counts: a first run waits for memory, and any may wait for other programs
            started = time.perf_counter()
            y, saved = forward(q, k, v, causal=True)
            backward(y, saved)
            seconds.append(time.perf_counter() - started)
        kept = sum(part.nbytes for part in saved if isinstance(part, np.ndarray))
        price.setdefault(name, []).append((T, kept / 1e6, 1000 * min(seconds)))
    print(f"{name}, T = 1024: {price[name][2][1]:.2f} MB to keep")
lesson.save(
    line_chart(
        {name: [(T, kept) for T, kept, _ in points] for name, points in price.items()},
        xlabel="words", ylabel="MB that one layer keeps", log_x=True, log_y=True,
        title="Twice the text: four times the scores",
    ),
    "price",
    alt="Memory against the number of words, both axes logarithmic. All scores at once: a steep line. In chunks: a line half as steep.",
)
lesson.save(
    line_chart(
        {name: [(T, milliseconds) for T, _, milliseconds in points] for name, points in price.items()},
        xlabel="words", ylabel="ms, forward and backward", log_x=True, log_y=True,
        title="And four times the time, in chunks too",
    ),
    "time",
    alt="Time against the number of words, both axes logarithmic: two lines that rise about equally steeply.",
)
longer = ", ".join(f"{name} {points[-1][2] / points[-2][2]:.1f} times" for name, points in price.items())
print(f"twice the words, time: {longer}")
#> all scores at once, T = 1024: 17.56 MB to keep
#> in chunks, T = 1024: 1.08 MB to keep
#> twice the words, time: …

# %% [markdown]
# All scores at once: 4 heads × 1024² × 4 bytes are 16.8 MB, for one layer and one text. In chunks there is nothing of size T². The *time*
# of chunks grows with T² as well: every word still looks at every other.
#
# ## 2. A softmax that never sees its whole row
#
# Softmax divides by the sum over the whole row, and first takes the row's largest score away (lesson 02). How can one do that when the
# row comes in pieces? Keep three things for each query: the largest score so far m, the sum so far Z, and the weighted sum of the values
# so far. All are relative to m. When a piece brings a larger score m', everything that was added up before is too large by e^(m' - m):
# multiply it by e^(m - m'), and go on.
#
# By hand, with scores 0 and ln 3 in the first piece and ln 6 in the second. After the first, m = ln 3 and Z = 1/3 + 1 = 4/3. Then m' = ln
# 6: Z becomes 4/3 · 3/6 + 1 = 5/3. And indeed 1/6 + 3/6 + 6/6 = 10/6.

# %%
def streamed_attention(q, keys, values, chunk):
    """What one query makes of all values: q (K,), keys (S, K), values (S, V) -> (V,). It never holds more than `chunk` scores."""
    peak, total, y = -np.inf, 0.0, np.zeros(values.shape[1])
    for start in range(0, len(keys), chunk):
        scores = keys[start : start + chunk] @ q
        higher = max(peak, scores.max())
        weights = np.exp(scores - higher)
        shrink = np.exp(peak - higher)  # what came before was measured from the old peak
        total = total * shrink + weights.sum()
        y = y * shrink + weights @ values[start : start + chunk]
        peak = higher
    return y / total


q, keys, values = rng.standard_normal(8), rng.standard_normal((100, 8)), rng.standard_normal((100, 5))
whole = softmax(keys @ q)[0] @ values
for chunk in (1, 7, 100):
    print(f"pieces of {chunk:>3}: error {np.abs(streamed_attention(q, keys, values, chunk) - whole).max():.0e}")
#> pieces of   1: error ≤ 1e-14
#> pieces of   7: error ≤ 1e-14
#> pieces of 100: error ≤ 1e-14

# %% [markdown]
# That is the **online softmax** (Milakov and Gimelshein 2018). Flash attention (Dao et al. 2022) is this loop, laid out for a GPU.
# Backward computes each piece's weights once more, from m and Z alone.
#
# ## 3. Tell the distance, not the place
#
# Lesson 06 *added* positions to the words. **Rotary positions** (RoPE, Su et al. 2021) turn queries and keys instead. Cut a query into
# pairs of numbers, and turn pair i of the query at position t by the angle t ω_i, and so the key at position s by s ω_i. A dot product
# does not change when both vectors are turned alike. So the score depends on the difference of the angles, (t - s) ω_i: on the distance.
#
#     y₁ = x₁ cos a - x₂ sin a        y₂ = x₁ sin a + x₂ cos a
#
# Backward? The inverse of a turn by a is a turn by -a, and for a rotation the inverse is the transpose. So dx is dy, turned back.

# %%
def turn(x, angles):
    """x (T, K), angles (T, K/2) -> (T, K). Column i and column i + K/2 are a pair."""
    half = x.shape[1] // 2
    a, b = x[:, :half], x[:, half:]
    return np.concatenate([a * np.cos(angles) - b * np.sin(angles), a * np.sin(angles) + b * np.cos(angles)], axis=1)


def turn_backward(dy, angles):
    return turn(dy, -angles)  # y = x, turned by the angles


T, K = 12, 8
omega = 10000.0 ** (-np.arange(0, K, 2) / K)
angles = np.arange(T)[:, None] * omega
x, dy = rng.standard_normal((2, T, K))


def reached():
    return (turn(x, angles) * dy).sum()


numeric = numeric_gradient(reached, x)
print(f"dx: error against the numerical gradient {np.abs(turn_backward(dy, angles) - numeric).max():.0e}")
library, _ = rotary(x[None, None], np.cos(angles), np.sin(angles))
np.testing.assert_allclose(turn(x, angles), library[0, 0], atol=1e-12)
np.testing.assert_allclose(omega, rotary_frequencies(K))

query, key = np.tile(rng.standard_normal((2, 1, K)), (1, T, 1))  # the same query and the same key at all places
scores = turn(query, angles) @ turn(key, angles).T
for distance in (0, 1, 5):
    along = np.diagonal(scores, -distance)
    print(f"distance {distance}: scores differ by {np.ptp(along):.0e}")
#> dx: error against the numerical gradient ≤ 1e-8
#> distance 0: scores differ by ≤ 1e-12
#> distance 1: scores differ by ≤ 1e-12
#> distance 5: scores differ by ≤ 1e-12

# %% [markdown]
# **ALiBi** (Press et al. 2022) is simpler still: take from each score a penalty that grows with the distance, m (t - s). Every head has
# its own slope m: with H heads 2^(-8/H), 2^(-16/H) ... 2^(-8). One head forgets within a few words, another looks far back. Nothing is
# learned, and nothing is turned.

# %%
H = 4
slopes = 2.0 ** (-8 / H * np.arange(1, H + 1))
np.testing.assert_allclose(slopes, alibi_slopes(H))
distance = np.arange(T)[:, None] - np.arange(T)
penalty = np.where(distance >= 0, -slopes[:, None, None] * distance, -np.inf)  # (H, T, T)
np.testing.assert_allclose(penalty[:, -1], alibi_bias(H, T)[0, :, 0])  # of the last query, which sees all keys
reach = [int(np.argmax(np.exp(-m * np.arange(10000)) < 0.01)) for m in slopes]
print("slopes", slopes)
print("where scores are equal, a weight falls below 1% of the nearest one's after", reach, "words")
#> slopes [0.25       0.0625     0.015625   0.00390625]
#> where scores are equal, a weight falls below 1% of the nearest one's after [19, 74, 295, 1179] words

# %% [markdown]
# ## 4. Beyond what was trained
#
# Now the hard question: a model has been trained on 64 words. What does it do with 250? We need a task in which only the distance is
# hard. A **chant** is some words drawn at random, said again and again (lesson 12). Whoever finds the word that came after *this* word
# last time can chant on, and how far back that is we choose. So that this can be learned within seconds, the embedding reads each word
# together with the one before it (lesson 10's n-gram embedding): then one look back is enough.
#
# The models differ in their positions alone. All are trained with chants of 4 to 48 words, on 64 words, by lesson 09's AdamW (`descend`).
# `context=256` gives the learned table rows for all places; those from 64 on are never trained.

# %%
V, TRAINED, LONGEST = 256, 64, 256
steps = 6 if lesson.quick else 450
DISTANCES = (16, 32, 56, 80, 120, 180, 240)


def chants(drawn):  # what nobody can know, the first round, is not asked
    return write_chants(drawn, 32, words=V, length=TRAINED, shortest=4, longest=48)


def found(model, distance):
    return chanted_on(model, distance, words=V, seed=lesson.seed)  # per cent of the words of a second round


sizes = {"vocab_size": V, "context": LONGEST, "layers": 2, "heads": 4, "d_model": 64, "ngram": 2}
models = {}
for name in ("learned", "sinusoidal", "rotary", "ALiBi"):
    models[name] = GPT(GPTConfig(**sizes, positions=name.lower()), seed=lesson.seed)
    descend(models[name], chants, steps, peak=4e-3, seed=lesson.seed)


def used_with(model, **choice):
    """The same weights, used in another way."""
    other = GPT(dataclasses.replace(model.config, **choice))
    other.vector.data[...] = model.vector.data
    return other


models["rotary, squeezed"] = used_with(models["rotary"], rope_factor=4.0)  # all angles divided by four
accuracy = {name: [(distance, found(model, distance)) for distance in DISTANCES] for name, model in models.items()}
print("found again, of what was said", DISTANCES, "words ago")
for name, points in accuracy.items():
    print(f"{name}:", " ".join(f"{right:.0f}%" for _, right in points))
lesson.save(
    line_chart(
        accuracy, xlabel="how far back (trained: up to 48)", ylabel="found (%)",
        title="What was said further back than ever in training",
    ),
    "beyond",
    alt="Words found again in percent against how far back they were said, for five models. Learned positions and ALiBi stay at 100. "
    "Rotary ones fall steeply from 56 words on; squeezed, the same weights find all up to 180 and most at 240. Sinusoids lie at zero.",
)
#> found again, of what was said (16, 32, 56, 80, 120, 180, 240) words ago
#> learned: 100 ± 2% 100 ± 2% 100 ± 2% 100 ± 2% 100 ± 2% 100 ± 2% 100 ± 2%
#> sinusoidal: 2 ± 3% 2 ± 3% 2 ± 3% 2 ± 3% 2 ± 3% 2 ± 3% 2 ± 3%
#> rotary: 100 ± 2% 100 ± 2% 98 ± 3% 85 ± 8% 22 ± 12% 12 ± 8% 26 ± 12%
#> ALiBi: 100 ± 2% 100 ± 2% 100 ± 2% 99 ± 3% 99 ± 3% 99 ± 3% 99 ± 3%
#> rotary, squeezed: 100 ± 2% 100 ± 2% 100 ± 2% 100 ± 2% 100 ± 2% 99 ± 3% 88 ± 12%

# %% [markdown]
# Rotary positions work as far as they were trained, and break down behind it: the slow pairs of numbers have angles there that no
# training ever showed. Squeeze them: divide all angles by four, and place 240 has the angles of place 60. That is **position
# interpolation** (Chen et al. 2023). Here it needs no further training. In large models it takes some; Llama 3.1 divides the slow pairs
# alone. ALiBi was made to read on, and does: a head with a small slope hardly feels the distance, and it looks for the word.
#
# Learned positions surprise: all right, with rows that nobody trained. Our task asks *what* was said, and never *where*: the untrained
# rows still are the small random numbers of the beginning, and a small noise is no harm. GPT-2's table ends at 1,024, and there is no row
# at all. Sinusoids, added as large as the words themselves, have kept this model from learning the task in 450 steps, as in lesson 15.
# One small task tells about one thing. Where the place matters (lesson 06, *the word before me*), the picture is another.
#
# And in a text that is no chant? We hide a **needle** in the stories of lesson 10: two words that no story has, one after the other. Then
# come up to 500 words of stories, then the first of the two words again. Which is the second? None of the models has read a story, and
# the text is now eight times as long as any in training. So we squeeze the angles by eight. The learned table has no rows for this.

# %%
AGO = (60, 120, 240, 500)
print("needles found in the stories, said", AGO, "words ago")
for name, choice in {"rotary": {}, "rotary, squeezed by 8": {"rope_factor": 8.0}, "ALiBi": {}}.items():
    seeker = used_with(models[name.partition(",")[0]], context=512, **choice)
    print(f"needles, {name}:", *(f"{needles_found(seeker, ago, words=V, seed=lesson.seed):.0f}%" for ago in AGO))
#> needles found in the stories, said (60, 120, 240, 500) words ago
#> needles, rotary: 97 ± 4% 22 ± 15% 25 ± 16% 1 ± 4%
#> needles, rotary, squeezed by 8: 100 ± 2% 100 ± 2% 99 ± 4% 52 ± 22%
#> needles, ALiBi: 100 ± 2% 100 ± 3% 97 ± 5% 77 ± 16%

# %% [markdown]
# Up to 240 words those two that read on find nearly every needle. At 500 ALiBi still finds 70 to 84 % of them in three runs, and the
# squeezed angles 46 to 61 %: the one right weight must stand out among 500, and in training there were 64 at most. Reading on is a matter
# of degree, so measure it. And this is an easy needle: the question is a word of the text itself.
#
# ## 5. What a window keeps, and what a cache costs
#
# A **sliding window** of W words lets each word see itself and the W - 1 before it: the price grows with T W. What was said earlier can
# come along only from layer to layer: with L layers at most L (W - 1) words back (Mistral, Jiang et al. 2023, has W = 4,096 and L = 32).
# Give the trained rotary model a window of 24 words:

# %%
narrow = used_with(models["rotary"], window=24)
print("with a window of 24:", ", ".join(f"{distance} back {found(narrow, distance):.0f}%" for distance in (8, 16, 32, 56)))
seen = causal_mask(6, 6, window=3)
print(seen.astype(int))
#> with a window of 24: 8 back 100 ± 2%, 16 back 100 ± 2%, 32 back 0 ± 2%, 56 back 0 ± 2%
#> [[1 0 0 0 0 0]
#>  [1 1 0 0 0 0]
#>  [1 1 1 0 0 0]
#>  [0 1 1 1 0 0]
#>  [0 0 1 1 1 0]
#>  [0 0 0 1 1 1]]

# %% [markdown]
# What is within the window is found, and what lies behind it is lost. The second layer could have handed it on, had it been trained to.
#
# When a model writes, it keeps the keys and the values of all that it read (the **cache**): 2 L T numbers of the width of all heads. For
# a long text that is more than the weights. **Grouped queries** (Ainslie et al. 2023) let several heads of queries share one head of keys
# and values. For a model of the sizes of Llama 3 8B, as read from its published `config.json` (32 layers, 32 heads of 128, 8 of keys and
# values), in 16 bits, and for a small one that is really made:

# %%
def cache_bytes(layers, kv_heads, width, tokens, size=2):
    return 2 * layers * kv_heads * width * tokens * size


for kv_heads in (32, 8, 1):
    print(f"8B, 128,000 words, {kv_heads:>2} heads of keys: {cache_bytes(32, kv_heads, 128, 128_000) / 1e9:.1f} GB")
small = {"vocab_size": 9, "context": 512, "layers": 2, "heads": 4, "d_model": 64, "positions": "rotary"}
for choice in ({}, {"kv_heads": 1}, {"window": 64}):
    cache = KeyValueCache(GPT(GPTConfig(**small, **choice)))
    print(f"{choice or 'all heads'}: one layer's keys {cache.keys[0].shape}")
cache = KeyValueCache(GPT(GPTConfig(**small)))
assert sum(array.nbytes for array in cache.keys + cache.values) == cache_bytes(2, 4, 16, 512, size=4)
#> 8B, 128,000 words, 32 heads of keys: 67.1 GB
#> 8B, 128,000 words,  8 heads of keys: 16.8 GB
#> 8B, 128,000 words,  1 heads of keys: 2.1 GB
#> all heads: one layer's keys (1, 4, 512, 16)
#> {'kv_heads': 1}: one layer's keys (1, 1, 512, 16)
#> {'window': 64}: one layer's keys (1, 4, 64, 16)

# %% [markdown]
# ## 6. Two languages, of which one is rare
#
# The article hopes for models of many languages. The trouble is that there is far more English than anything else. Our world has 2,000
# stories in English and 40 in Chinese. Drawn as they come, one text of sixty is Chinese. mBERT and its successors draw language l not
# with its share p, but with p^α / Σ p^α: α = 1 as they come, α = 0 all languages alike, and 0.7 for mBERT (Devlin et al. 2019, its page
# on many languages). What does the small language gain, and what does the large one lose?

# %%
END, LENGTH = "<end>", 64
few, many = (40, 400) if lesson.quick else (40, 2000)
told = {"English": write_stories(many, seed=lesson.seed), "Chinese": write_stories(few, seed=5000 + lesson.seed, language="zh")}
others = {"English": write_stories(200, seed=1000 + lesson.seed)}
others["Chinese"] = write_stories(200, seed=1000 + lesson.seed, language="zh")
words = sorted({word for texts in (*told.values(), *others.values()) for story in texts for word in story} | {END})
number = {word: i for i, word in enumerate(words)}
stream, unseen = (
    {name: np.array([number[word] for story in texts for word in [*story, END]]) for name, texts in source.items()}
    for source in (told, others)
)
share = np.array([len(ids) for ids in stream.values()]) / sum(map(len, stream.values()))


def texts_drawn(chances):
    def batch(drawn):
        rows = []
        for name in drawn.choice([*stream], 24, p=chances):
            start = drawn.integers(0, len(stream[name]) - LENGTH)
            rows.append(stream[name][start : start + LENGTH + 1])
        return np.array(rows)[:, :-1], np.array(rows)[:, 1:]

    return batch


def judged(model, ids):
    """Nats a word on held-out stories."""
    count = (len(ids) - 1) // LENGTH * LENGTH
    logits, _ = model.forward(ids[:count].reshape(-1, LENGTH))
    return float(cross_entropy(logits, ids[1 : count + 1].reshape(-1, LENGTH))[0])


losses, alphas = {}, (1, 0.7, 0.3, 0)
ways = {f"α = {alpha:g}": share**alpha / np.sum(share**alpha) for alpha in alphas} | {"Chinese alone": np.array([0.0, 1.0])}
for name, chances in ways.items():
    model = GPT(GPTConfig(len(words), context=LENGTH, layers=2, heads=4, d_model=64), seed=lesson.seed)
    descend(model, texts_drawn(chances), 6 if lesson.quick else 200, peak=5e-3, seed=lesson.seed)
    losses[name] = {language: judged(model, ids) for language, ids in unseen.items()}
    shown = ", ".join(f"{language} {loss:.2f}" for language, loss in losses[name].items())
    print(f"{name}: Chinese is {chances[1]:.1%} of what is read; loss {shown}")
lesson.save(
    line_chart(
        {language: [(alpha, losses[f"α = {alpha:g}"][language]) for alpha in alphas] for language in stream},
        levels={"Chinese alone": losses["Chinese alone"]["Chinese"]},
        xlabel="α: 1 as they come, 0 all alike", ylabel="loss on held-out stories (nats a word)",
        title="The rare language gains much, the large one loses little",
    ),
    "languages",
    alt="Held-out loss against α. Chinese falls steeply from α = 1 to α = 0, English rises a little. A dashed line, a model of Chinese "
    "alone, lies just below the Chinese end.",
)
#> α = 1: Chinese is 1.7 ± 0.3% of what is read; loss English 0.78 ± 0.04, Chinese 3.8 ± 0.4
#> α = 0.7: Chinese is 5.7 ± 0.5% of what is read; loss English 0.78 ± 0.04, Chinese 2.0 ± 0.2
#> α = 0.3: Chinese is 23.1 ± 1.0% of what is read; loss English 0.79 ± 0.04, Chinese 1.2 ± 0.15
#> α = 0: Chinese is 50.0% of what is read; loss English 0.83 ± 0.05, Chinese 1.0 ± 0.1
#> Chinese alone: Chinese is 100.0% of what is read; loss English 9 ± 5, Chinese 0.95 ± 0.1

# %% [markdown]
# The rare language gains more than two and a half nats, and the large one pays less than a tenth. But look at the dashed line: a model of
# Chinese *alone* is best. Our two languages share no word, so there is nothing to take over from one to the other; Chinese only takes a
# part of the steps. Real languages share names, numbers, loan words and letters. Section 7 asks what that is worth.
#
# And there is a tax. `tales` comes with minillm; its byte pairs were learned from English. The same short sentence, in tokens:

# %%
_, tokenizer = load("tales")
SENTENCES = {
    "English": "The cat is on the table.", "German": "Die Katze ist auf dem Tisch.", "Spanish": "El gato está en la mesa.",
    "Polish": "Kot jest na stole.", "Russian": "Кошка на столе.", "Chinese": "猫在桌子上。",
    "Japanese": "猫はテーブルの上にいます。", "Hindi": "बिल्ली मेज़ पर है।",
}
print(", ".join(f"{name} {len(tokenizer.encode(sentence))}" for name, sentence in SENTENCES.items()))
#> English 7, German 17, Spanish 16, Polish 9, Russian 27, Chinese 18, Japanese 39, Hindi 48

# %% [markdown]
# Each token is a step of writing, and a place of the context that is gone. Whoever pays by the token pays for the tokenizer's diet
# (lesson 03). With these byte pairs the Universal Declaration of Human Rights takes 8.1 times as many tokens in Hindi as in English, 2.3
# times as many in Chinese; with byte pairs of all its languages 2.3 and 1.0 times (`benchmarks/languages.md` has seventeen of them).
#
# ## 7. Told in one language, asked in the other
#
# A model has read in English where Kalo lives. Does it know it in Chinese? `write_facts` invents a hundred people, with three facts about
# each: *kalo lives in london*, 卡洛 住 在 伦敦. A share of the facts is told in both languages, each time as a text of its own. Each of
# the others is told in one language, and asked in the other: is the right answer the likeliest of all words?
#
# Names are either each language's own or *shared*: Chinese texts often leave a foreign name in Latin letters, *kalo 住 在 伦敦*. Words
# that are in both languages are called **anchors**. A third way to tie the languages together is to tell a fact **side by side**: a
# sentence and its translation in one text. Who knows nothing can still always give the most frequent answer of each kind.

# %%
facts = {names: write_facts(seed=lesson.seed, shared_names=names == "shared names") for names in ("own names", "shared names")}
place = {word: i for i, word in enumerate(sorted({word for fact in facts["own names"] for text in fact for word in text}))}
SHARES = (0, 0.25, 0.5, 0.75)


def before_answer(model, sentences):
    """(N, D): what the last layer holds at the last word before the answer, which is the last one before the full stop."""
    ids, _ = rows_of(sentences, place)
    hidden, _ = model.hidden(ids)
    return hidden[np.arange(len(ids)), [len(sentence) - 3 for sentence in sentences]]


def knows(model, sentences):
    """Per cent of sentences whose answer is foreseen."""
    logits, _ = model.head.forward(before_answer(model, sentences))
    return 100 * np.mean(logits.argmax(axis=-1) == [place[sentence[-2]] for sentence in sentences])


def asked(names, both, **way):
    """A GPT of one layer that reads so many of the facts in both languages; how often it is right in the same one, and in the other."""
    texts, once = tell(facts[names], both, **way)
    ids, targets = rows_of(texts, place)
    model = GPT(GPTConfig(len(place), context=ids.shape[1], layers=1, heads=4, d_model=64), seed=lesson.seed)

    def batch(drawn):
        rows = drawn.integers(len(ids), size=128)
        return ids[rows], targets[rows]

    descend(model, batch, 6 if lesson.quick else 400, peak=8e-3, seed=lesson.seed)
    return model, *(knows(model, sentences) for sentences in zip(*once))


readers, crossed = {}, {}
print("told in both languages", SHARES)
for names in facts:
    learned, same, other = zip(*(asked(names, both) for both in SHARES))
    readers[names] = learned[SHARES.index(0.5)]
    crossed[names] = [(100 * both, percent) for both, percent in zip(SHARES, other)]
    print(f"{names}: in the same", *(f"{part:.0f}%" for part in same), "in the other", *(f"{part:.0f}%" for part in other))
_, _, beside = asked("own names", 0.5, side_by_side=True)
print(f"own names, half of the facts side by side: in the other {beside:.0f}%")
blind = most_frequent(facts["own names"])
print(f"always the most frequent answer: {blind:.0f}%")
lesson.save(
    line_chart(
        crossed, levels={"most frequent answer": blind}, xlabel="facts that are told in both languages (%)",
        ylabel="right, asked in the other language (%)", title="What is read in one language, known in the other",
    ),
    "crossing",
    alt="Right answers in the language in which a fact was not told, against the share of facts told in both. Own names: a flat line, no "
    "higher than the most frequent answer. Shared names: the line begins there too, and rises almost to 100 at 75.",
)
#> told in both languages (0, 0.25, 0.5, 0.75)
#> own names: in the same 100 ± 2% 100 ± 2% 100 ± 2% 100 ± 2% in the other 12 ± 6% 12 ± 6% 13 ± 6% 11 ± 8%
#> shared names: in the same 100 ± 2% 100 ± 2% 100 ± 2% 100 ± 2% in the other 9 ± 6% 46 ± 22% 77 ± 20% 97 ± 5%
#> own names, half of the facts side by side: in the other 23 ± 6%
#> always the most frequent answer: 17 ± 4%

# %% [markdown]
# In the language in which it was told, every fact is known. With names of their own nothing crosses, however much is told twice: nothing
# says that 卡洛 is Kalo. With shared names and nothing told twice, nothing crosses either: nothing says that 伦敦 is *london*. It takes
# both, an anchor and enough that was said in both languages. Then the model knows in Chinese what it read in English alone. Side by side
# helps with own names too, but little.
#
# Large models can do without words in common: layers that both languages use are enough to bring the languages near to each other
# (Conneau, Wu et al. 2020). Facts are another matter: asked in two languages, they often still give two answers (Qi et al. 2023).
#
# ## 8. A map of translations
#
# How does it cross? Leave the answer out: *kalo lives in*, *kalo 住 在*. What the last layer holds at the last word, from which the model
# foretells the city, is our **sentence vector**. We take the models that read half of the facts in both languages, and the sentences
# about cities that they read in one only. Which vector of the other language is the nearest: that of the translation? And among those
# about *other people*: one with the same city? We ask for the vectors as they are, and *centred*: each less the mean of its language.

# %%
def neighbours(english, chinese, cities):
    """Per cent of English vectors whose nearest Chinese one is the translation, and whose nearest of another person has the same city."""
    distance = np.linalg.norm(english[:, None] - chinese, axis=-1)
    found = np.diag(distance) == distance.min(axis=1)
    np.fill_diagonal(distance, np.inf)
    return 100 * found.mean(), 100 * (cities[distance.argmin(axis=1)] == cities).mean()


untrained = {"shared names, untrained": GPT(readers["shared names"].config, seed=lesson.seed)}
maps = {}
for name, model in (readers | untrained).items():
    once = facts[name.removesuffix(", untrained")][150:]  # the first half of the facts is told in both languages
    homes = [fact for fact in once if "lives" in fact.english]
    cities = np.array([fact.english[-2] for fact in homes])
    vectors = np.array([before_answer(model, sentences) for sentences in zip(*homes)])  # (2, N, D)
    for way, off in {name: 0, f"{name}, centred": vectors.mean(axis=1, keepdims=True)}.items():
        maps[way] = vectors - off
        print("{}: translation {:.0f}%, same city {:.0f}%".format(way, *neighbours(*maps[way], cities)))
labels = [f"{language} {i}" for language in ("English", "Chinese") for i in range(len(cities))]
lesson.save(
    embedding_maps(
        {name: np.concatenate(maps[name]) for name in ("own names", "shared names", "shared names, centred")}, labels,
        groups={label: label.split()[0] for label in labels}, pairs=[*zip(labels, labels[len(cities) :])],
        title="A sentence and its translation, joined by a line",
    ),
    "sentences",
    alt="Vectors of 44 sentences in two languages on two principal components, three maps. Own names: lines between translations cross "
    "each other in all directions. Shared names: the languages lie apart, and the lines run side by side. Centred: most lines are short.",
)
#> own names: translation 4 ± 8%, same city 16 ± 10%
#> own names, centred: translation 3 ± 8%, same city 15 ± 15%
#> shared names: translation 57 ± 15%, same city 86 ± 20%
#> shared names, centred: translation 76 ± 22%, same city 89 ± 20%
#> shared names, untrained: translation 11 ± 8%, same city 15 ± 10%
#> shared names, untrained, centred: translation 100 ± 3%, same city 9 ± 10%

# %% [markdown]
# With names of their own a sentence and its translation have nothing to do with each other. With shared names the two languages lie
# apart, and the lines between translations run side by side: from English to Chinese it is always about the same step. Take each
# language's mean away, and most of that step is gone.
#
# But look at the last row before you trust such a number: a model that was *never trained*, centred, finds every translation. The same
# name is in both sentences, and that is all it goes by. Among other people it finds the city no more often than chance, one in eight.
# The trained model does find it: its vectors hold the city, whatever it is called.
#
# ## 9. What breaks if ...
#
# ... the sum is not shrunk when a larger score comes? ... only the queries are turned? Both run without an error.

# %%
def not_shrunk(q, keys, values, chunk):
    peak, total, y = -np.inf, 0.0, np.zeros(values.shape[1])
    for start in range(0, len(keys), chunk):
        scores = keys[start : start + chunk] @ q
        peak = max(peak, scores.max())
        weights = np.exp(scores - peak)
        total, y = total + weights.sum(), y + weights @ values[start : start + chunk]
    return y / total


print(f"one piece: error {np.abs(not_shrunk(q, keys, values, 100) - whole).max():.0e}")
print(f"pieces of 7: error {np.abs(not_shrunk(q, keys, values, 7) - whole).max():.2f}")
half_turned = turn(query, angles) @ key.T
print(f"only queries turned: at distance 1 the scores differ by {np.ptp(np.diagonal(half_turned, -1)):.2f}")
#> one piece: error ≤ 1e-14
#> pieces of 7: error 0.3 ± 0.29
#> only queries turned: at distance 1 the scores differ by 6 ± 5.9

# %% [markdown]
# The first is right for any text that fits into one piece: a test on short texts will never find it. In the second the score depends on
# the place of the query, and not on the distance.
#
# ## Takeaways
#
# - Attention's memory is a matter of bookkeeping: with a running maximum and sum no row is ever whole. Its time stays a square, unless a
#   window cuts it.
# - A turn of queries and keys makes the score a matter of distance; its backward is the turn back.
# - A model that was trained on short texts reads longer ones only as well as its positions let it. Measure it at the length that you
#   need.
# - Many languages share one budget of steps and tokens. How they are drawn is a choice, and it is made for the small ones.
# - A fact crosses from one language into another where something ties them together: words in common, and things said in both.
# - A map of vectors is worth as much as its distance from that of an untrained model.
#
# ## Exercises
#
# 1. `streamed`: attention of one query over a text that comes in pieces, some of which may be empty or wholly masked.
# 2. `shared_heads_backward`: what a head of keys receives that several heads of queries share. It isn't in the lesson.
# 3. `predict`: predict, then run. Which changes leave the scores of rotary attention as they are?
#
# `python -m minillm check 19`, with `--hint`.
#
# ## In practice
#
#     python -m minillm pretrain --positions rotary --norm rms --activation swiglu --kv-heads 2 --context 256 --out runs/long
#     python -m minillm pretrain --positions alibi --window 128 --context 512 --out runs/alibi
#     python -m minillm generate --checkpoint llama --prompt "Once upon a time"
#
# The last one reads a folder of Llama, Mistral or Qwen2 as Hugging Face has it. In the library: `minillm/ops/chunked_attention.py` is
# section 2, forward and backward; `ops/rotary_positions.py`, `ops/relative_positions.py` and `ops/grouped_queries.py` are sections 3 and
# 5.
#
# ## Reading
#
# - Milakov and Gimelshein 2018, *Online normalizer calculation for softmax*. Dao et al. 2022, *FlashAttention*.
# - Su et al. 2021, *RoFormer*. Chen et al. 2023, *Extending Context Window of Large Language Models via Positional Interpolation*.
# - Press, Smith and Lewis 2022, *Train Short, Test Long*: ALiBi.
# - Ainslie et al. 2023, *GQA*. Jiang et al. 2023, *Mistral 7B*.
# - Conneau et al. 2020, *Unsupervised Cross-lingual Representation Learning at Scale*: languages drawn with p^α, and what they share.
# - Conneau, Wu et al. 2020, *Emerging Cross-lingual Structure in Pretrained Language Models*. Qi, Fernández and Bisazza 2023,
#   *Cross-Lingual Consistency of Factual Knowledge in Multilingual Language Models*.
# - Petrov et al. 2023, *Language Model Tokenizers Introduce Unfairness Between Languages*.
