"""Lesson 06: Where am I? (positions)

Question   How does a word know where it stands, when attention treats all positions alike?
You build  sinusoidal positions, learned positions, and a head that finds the word before it
You need   lessons 02 and 05, and sine and cosine
Article    section 4.2, the Transformer model: its class PositionalEncoding
Time       4 s on 2 cores
Figures    06_sinusoids.png, 06_rotations.png, 06_beyond.png
Run        python lessons/06_positions.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 06
"""

# %% [markdown]
# ## 1. A sentence in any order
#
# Attention compares every word with every word, and nowhere asks where they stand. So what happens if we change the order? Let every word
# have four random numbers, and look at what the word *is* makes of two sentences that mean very different things: first looking at all
# words, then, as in lesson 05, only at those up to itself.

# %%
import numpy as np

from minillm.course import EXAMPLE, Lesson
from minillm.gradcheck import numeric_gradient  # lesson 02's
from minillm.ops import bilinear_attention, causal_mask, sinusoidal_positions
from minillm.plots import matrix_maps, position_heatmap

lesson = Lesson(6)
rng = lesson.rng()

words = EXAMPLE["en"][:6]
swapped = ["the", "table", "is", "on", "the", "cat"]
vector = {word: rng.standard_normal(4) for word in sorted(set(words))}
W = rng.standard_normal((4, 4))


def seen_by_is(sentence: list[str], positions: np.ndarray | float = 0.0, mask: np.ndarray | None = None) -> np.ndarray:
    """What attention makes of the word “is”."""
    x = np.stack([vector[word] for word in sentence]) + positions
    return bilinear_attention(x[None], W, mask=mask)[0][0, sentence.index("is")]


print(" ".join(words), "|", " ".join(swapped))
for name, mask in {"looking at all words": None, "with the causal mask": causal_mask(6, 6)}.items():
    moved = np.abs(seen_by_is(words, mask=mask) - seen_by_is(swapped, mask=mask)).max()
    print(f"{name}: {'a difference' if moved > 1e-6 else 'no difference'}")
#> the cat is on the table | the table is on the cat
#> looking at all words: no difference
#> with the causal mask: a difference

# %% [markdown]
# Without a mask there is no difference at all: to such attention a sentence is a *bag of words*. (The rows of its output change places
# along with the words, nothing else.) A causal mask gives something away: *is* sees *the cat* in one sentence and *the table* in the
# other. So a GPT can learn positions from its mask alone, and does (Haviv et al. 2022). But it sees *the cat* and *cat the* alike, and an
# encoder has no mask. So we add to each word something that tells its position.
#
# ## 2. Count with waves
#
# Why not add the number of the position, 0, 1, 2 ...? It grows without end, and soon outweighs the words. A clock has a better idea:
# several hands, each turning at its own speed, every one always between -1 and 1. The Transformer's paper, and the article's listing, use
# D/2 hands. Hand i turns by an angle ω_i at each word, from one radian for the fastest down to nearly 1/10000 (if D is large) for the
# slowest:
#
#     PE[t, 2i] = sin(t ω_i)        PE[t, 2i + 1] = cos(t ω_i)        ω_i = 10000^(-2i/D)
#
# By hand for D = 4, so ω = 1 and 1/100. Position 0: (0, 1, 0, 1). Position 1: (sin 1, cos 1, sin 0.01, cos 0.01).

# %%
def sinusoids(T: int, D: int) -> np.ndarray:
    """The positions 0 to T - 1, each as D numbers: (T, D)."""
    omega = 10000.0 ** (-np.arange(0, D, 2) / D)  # (D/2,)
    angle = np.arange(T)[:, None] * omega  # (T, D/2)
    table = np.empty((T, D))
    table[:, 0::2], table[:, 1::2] = np.sin(angle), np.cos(angle)
    return table


print(sinusoids(2, 4).round(3))
P = sinusoids(64, 32)
np.testing.assert_allclose(P, sinusoidal_positions(64, 32), atol=1e-12)
moved = np.abs(seen_by_is(words, sinusoids(6, 4)) - seen_by_is(swapped, sinusoids(6, 4))).max()
print(f"now the order matters: {moved > 1e-6}")
lesson.save(
    position_heatmap(sinusoids(64, 16), title="64 positions as 16 numbers each: fast hands left, slow hands right"),
    "sinusoids",
    alt="A map of 64 positions by 16 dimensions with values from -1 to 1. The left columns change from row to row; to the right the "
    "stripes get longer, and the last columns hardly change at all.",
)
#> [[0.    1.    0.    1.   ]
#>  [0.841 0.54  0.01  1.   ]]
#> now the order matters: True

# %% [markdown]
# ## 3. Only the distance counts
#
# Why sine *and* cosine? Together they make a hand of length one. To go from position t to t + k, hand i turns by k ω_i, wherever it is:
#
#     sin(a + b) = sin a cos b + cos a sin b        cos(a + b) = cos a cos b - sin a sin b        with a = t ω_i and b = k ω_i
#
# For a given k that is one fixed matrix, a **rotation** of each pair of numbers. A head can learn it once and use it everywhere. And the
# dot product of two positions depends on their distance only: cos(a) cos(b) + sin(a) sin(b) = cos(a - b), added up over the hands.

# %%
dots = P @ P.T
for distance in (0, 1, 4, 6, 12, 48, 57):
    along = np.diagonal(dots, distance)
    print(f"distance {distance:>2}: dot products from {along.min():.2f} to {along.max():.2f}")
#> distance  0: dot products from 16.00 to 16.00
#> distance  1: dot products from 15.31 to 15.31
#> distance  4: dot products from 11.66 to 11.66
#> distance  6: dot products from 11.89 to 11.89
#> distance 12: dot products from 11.45 to 11.45
#> distance 48: dot products from 5.31 to 5.31
#> distance 57: dot products from 9.53 to 9.53

# %% [markdown]
# The nearest positions have the largest products. Beyond four words they rise and fall, and *near* and *far* can't be told from the
# product alone; a head must use single hands, through its W_q and W_k.
#
# ## 4. Or learn the table
#
# BERT and GPT-2 do something simpler: a table with a row for each position, learned like all other weights. Let both try the same task:
# **find the word before you**. We use the article's score with positions alone, e = P A Pᵀ, a causal mask, and the loss -ln of the weight
# that position i gives to position i - 1. (No 1/√D: A begins at zero and learns its own scale.) The gradient is that of lesson 02, p - y,
# taken through the products:
#
#     e = P A Pᵀ        dA = Pᵀ de P        dP = de P Aᵀ + deᵀ P A        (P is read twice)

# %%
def weights_of(P: np.ndarray, A: np.ndarray) -> np.ndarray:
    """Causal attention among the positions: (T, D), (D, D) -> (T, T)."""
    e = np.where(np.tri(len(P), dtype=bool), P @ A @ P.T, -np.inf)
    p = np.exp(e - e.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def loss_and_gradients(P: np.ndarray, A: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """The mean over the positions but the first of -ln(weight of the one before), and its gradients dP and dA."""
    p, rows = weights_of(P, A), np.arange(1, len(P))
    de = p.copy()
    de[rows, rows - 1] -= 1  # p - y
    de[0] = 0  # the first position has none before it
    de /= len(rows)
    return -np.log(p[rows, rows - 1]).mean(), de @ P @ A.T + de.T @ P @ A, P.T @ de @ P


small = [0.5 * rng.standard_normal(shape) for shape in ((5, 4), (4, 4))]
for name, array, gradient in zip("PA", small, loss_and_gradients(*small)[1:]):
    numeric = numeric_gradient(lambda: loss_and_gradients(*small)[0], array)
    print(f"d{name}: error against the numerical gradient {np.abs(gradient - numeric).max() / np.abs(numeric).max():.0e}")


def learn(P: np.ndarray, learned: bool, steps: int) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """Train A, and P too if it is a learned table, by gradient descent. Returns both, and the losses."""
    P, A, losses = P.copy(), np.zeros((P.shape[1],) * 2), []
    for _ in range(steps):
        loss, dP, dA = loss_and_gradients(P, A)
        losses.append(loss)
        A -= 0.5 * dA
        if learned:
            P -= 0.5 * dP
    return P, A, losses


T, D, steps = 24, 32, (60 if lesson.quick else 4000)
tables = {"sinusoids": sinusoids(T, D), "learned table": 0.1 * rng.standard_normal((T, D))}
heads = {}
for name, table in tables.items():
    P, A, losses = learn(table, name == "learned table", steps)
    heads[name] = (P, A)
    right = weights_of(P, A)[1:].argmax(-1) == np.arange(T - 1)
    print(f"{name}: loss {losses[0]:.2f} -> {losses[-1]:.2f}, {right.mean():.0%} look at the word before")
#> dP: error against the numerical gradient ≤ 1e-7
#> dA: error against the numerical gradient ≤ 1e-7
#> sinusoids: loss 2.38 -> 0.00, 100% look at the word before
#> learned table: loss 2.38 -> 0.00, 100% look at the word before

# %% [markdown]
# Both find it. What did A learn from the sinusoids? By section 3, to look one word back it should turn every hand by its ω_i. Cut A into
# blocks of 2 × 2, one for hand i against hand j, and see.

# %%
P, A = heads["sinusoids"]
blocks = A.reshape(D // 2, 2, D // 2, 2).swapaxes(1, 2)  # (i, j, 2, 2)
own = blocks[np.arange(D // 2), np.arange(D // 2)]  # hand i against itself
print(f"{(own**2).sum() / (A**2).sum():.0%} of A's squares stand in the blocks on the diagonal")
for i in range(3):
    (a, b), (c, d) = own[i]
    print(f"hand {i}: turns by {np.arctan2(b - c, a + d):.2f}, its ω is {10000.0 ** (-2 * i / D):.2f}")
lesson.save(
    matrix_maps(
        {"A": A[:12, :12]},
        rows="dimension of the looking position",
        columns="dimension of the position looked at",
        centred=True,
        title="A head that looks one word back has learned rotations",
    ),
    "rotations",
    alt="A map of the first 12 by 12 numbers of A: along the diagonal stand blocks of two by two whose diagonal is red and whose other two "
    "numbers are red and blue, as in a rotation. All else is nearly white.",
)
#> 97% of A's squares stand in the blocks on the diagonal
#> hand 0: turns by 1.05 ± 0.03, its ω is 1.00
#> hand 1: turns by 0.62 ± 0.03, its ω is 0.56
#> hand 2: turns by 0.34 ± 0.03, its ω is 0.32

# %% [markdown]
# It did find the rotations, and of the right angles. Now the harder question: what do the two do at positions that they never saw?

# %%
far = weights_of(sinusoids(20 * T, D), A)
for low, high in ((1, T), (T, 2 * T), (2 * T, 4 * T), (10 * T, 20 * T)):
    rows = np.arange(low, high)
    right, weight = (far[rows].argmax(-1) == rows - 1).mean(), far[rows, rows - 1].mean()
    print(f"sinusoids, positions {low} to {high - 1}: {right:.0%} right, mean weight {weight:.2f}")
print(f"learned table: it has {len(heads['learned table'][0])} rows, and none for position {T}")
lesson.save(
    matrix_maps(
        {"trained: looking from 0 to 23": far[:T, :T], "never seen: looking from 24 to 47": far[T : 2 * T, T : 2 * T]},
        rows=[f"{t}, {t + T}" for t in range(T)],
        columns=[f"{t}, {t + T}" for t in range(T)],
        title="A head that learned “the word before” on 24 positions mostly finds it on 24 more",
    ),
    "beyond",
    alt="Two maps of attention weights. On the 24 trained positions a bright line runs just below the diagonal: each looks at the "
    "one before. On the next 24, which were never trained, the same line goes on, weaker, with a faint second line below it.",
)
#> sinusoids, positions 1 to 23: 100% right, mean weight 1.00
#> sinusoids, positions 24 to 47: 96 ± 8% right, mean weight 0.69 ± 0.05
#> sinusoids, positions 48 to 95: 54 ± 8% right, mean weight 0.54 ± 0.05
#> sinusoids, positions 240 to 479: 37 ± 8% right, mean weight 0.25 ± 0.05
#> learned table: it has 24 rows, and none for position 24

# %% [markdown]
# The rotations go on working, with an error here and there, just beyond what was trained; ten times further most answers are wrong. The
# faint second line in the right-hand map shows how it fails: some thirteen positions further back, the hands point nearly the same way.
# (Its first row is dark because the word before position 24 lies outside of the map.) Press et al. 2021 measured the same in whole
# Transformers: with sinusoids they get worse soon after the trained length. A learned table simply ends: GPT-2 can't read token 1,025.
#
# ## 5. What breaks if ...
#
# ... the positions are added along the wrong axis? The article's listing does just that. With as many sentences as words, every word of
# sentence number b gets the code of position b, in place of the t-th word the code of position t. (`docs/transformer_listing.md` tells
# the whole story.)

# %%
x = np.zeros((6, 6, 4))  # (B, T, D): six sentences of six words
right = x + sinusoids(6, 4)
wrong = x + sinusoids(6, 4)[:, None]  # (6, 1, 4): its first axis falls on the sentences
print("right: positions differ", bool(np.ptp(right, axis=1).any()), "| sentences differ", bool(np.ptp(right, axis=0).any()))
print("wrong: positions differ", bool(np.ptp(wrong, axis=1).any()), "| sentences differ", bool(np.ptp(wrong, axis=0).any()))
#> right: positions differ True | sentences differ False
#> wrong: positions differ False | sentences differ True

# %% [markdown]
# It runs without any error, and an encoder learns something: a bag of words. Only a test that asks the right question finds it.
#
# ## Takeaways
#
# - Attention without a mask can't tell one order of the words from another; positions are added to the words.
# - Sinusoids are hands of a clock: moving on by k words is the same rotation everywhere, and a head can learn it.
# - A learned table is as good where it was trained, and ends there.
#
# ## Exercises
#
# 1. `sinusoids`: the table, interleaved as the paper has it.
# 2. `shift`: from the numbers of position t alone to those of position t + k. The answer does not stand above.
# 3. `table_gradient`: what a learned table receives from a batch.
#
# `python -m minillm check 06`, with `--hint` and `--figure`.
#
# Predict, then run: train the head of section 4 to look *two* words back. By which angles will the hands turn? And to look one word
# ahead, without the mask?
#
# ## In the library
#
# `minillm/ops/embeddings.py` has the sinusoids and a learned table's gradient (rows that are read by many sentences).
#
# ## In practice
#
# Today's models rarely *add* positions. Rotary positions (RoPE) rotate queries and keys by the angles that you saw, so that the score
# itself depends on the distance. T5 adds a learned number to the score for each distance (`minillm/ops/relative_positions.py`). Both are
# told distances and not positions. Neither goes on for ever: RoPE fails beyond its trained length unless its angles are squeezed to fit
# (Chen et al. 2023), and T5 treats all distances over 128 alike.
#
# ## Reading
#
# - Vaswani et al. 2017, *Attention Is All You Need*, section 3.5: sinusoids.
# - Gehring et al. 2017, *Convolutional Sequence to Sequence Learning*: learned positions.
# - Haviv et al. 2022, *Transformer Language Models without Positional Encodings Still Learn Positional Information*.
# - Press, Smith and Lewis 2021, *Train Short, Test Long* (ALiBi): how far positions carry.
# - Su et al. 2021, *RoFormer*: rotary positions. Chen et al. 2023, *Extending Context Window of Large Language Models via Positional
#   Interpolation*.
