"""Lesson 06: Where am I? (positions)

Question   How does a word know where it stands, when attention treats all places alike?
You build  sinusoidal positions, learned positions, and a head that finds the word before it
You need   lessons 02 and 05, and sine and cosine
Article    section 4.2, the Transformer model: its class PositionalEncoding
Time       4 s on 2 cores
Figures    06_sinusoids.png, 06_waves.png, 06_beyond.png
Run        python lessons/06_positions.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 06
"""

# %% [markdown]
# ## 1. A sentence in any order
#
# Attention compares every word with every word, and nowhere asks where they stand. So what happens if we change the order? Let every word
# have four random numbers, and look at what the word *is* makes of two sentences that mean very different things.

# %%
import numpy as np

from minillm.course import EXAMPLE, Lesson
from minillm.ops import bilinear_attention, sinusoidal_positions
from minillm.plots import matrix_maps, position_curves, position_heatmap

lesson = Lesson(6)
rng = lesson.rng()

words = EXAMPLE["en"][:6]
swapped = ["the", "table", "is", "on", "the", "cat"]
vector = {word: rng.standard_normal(4) for word in sorted(set(words))}
W = rng.standard_normal((4, 4))


def seen_by_is(sentence: list[str], positions: np.ndarray | float = 0.0) -> np.ndarray:
    """What attention makes of the word “is”."""
    x = np.stack([vector[word] for word in sentence]) + positions
    return bilinear_attention(x[None], W)[0][0, sentence.index("is")]


print(" ".join(words), "|", " ".join(swapped))
print(f"difference without positions: {np.abs(seen_by_is(words) - seen_by_is(swapped)).max():.6f}")
#> the cat is on the table | the table is on the cat
#> difference without positions: 0.000000

# %% [markdown]
# No difference at all: to attention a sentence is a *bag of words*. (The rows of its output change places along with the words, nothing
# else.) We must add to each word something that tells its place.
#
# ## 2. Count with waves
#
# Why not add the number of the place, 0, 1, 2 ...? It grows without end, and soon outweighs the words. A clock has a better idea: several
# hands, each turning at its own speed, every one always between -1 and 1. The Transformer's paper, and the article's listing, use D/2
# hands. Hand i turns by an angle ω_i at each word, from one radian for the fastest down to nearly 1/10000 (if D is large) for the slowest:
#
#     PE[t, 2i] = sin(t ω_i)        PE[t, 2i + 1] = cos(t ω_i)        ω_i = 10000^(-2i/D)
#
# By hand for D = 4, so ω = 1 and 1/100. Place 0: (0, 1, 0, 1). Place 1: (sin 1, cos 1, sin 0.01, cos 0.01).

# %%
def sinusoids(T: int, D: int) -> np.ndarray:
    """The places 0 to T - 1, each as D numbers: (T, D)."""
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
    position_heatmap(P, title="64 places as 32 numbers each: fast hands left, slow hands right"),
    "sinusoids",
    alt="A map of 64 places by 32 dimensions with values from -1 to 1. The left columns change from place to place; to the right the "
    "stripes get longer, and the last columns hardly change at all.",
)
lesson.save(
    position_curves(P, [0, 1, 8, 9, 16], title="Low dimensions turn fast, high ones slowly"),
    "waves",
    alt="Five waves over the places 0 to 63: dimensions 0 and 1 go round ten times, 8 and 9 once, and 16 only begins to rise.",
)
#> [[0.    1.    0.    1.   ]
#>  [0.841 0.54  0.01  1.   ]]
#> now the order matters: True

# %% [markdown]
# ## 3. Only the distance counts
#
# Why sine *and* cosine? Together they make a hand of length one. To go from place t to place t + k, hand i turns by k ω_i, wherever it is:
# one fixed rotation. A head can learn such a rotation once and use it everywhere. And the dot product of two places depends on their
# distance only: cos(a) cos(b) + sin(a) sin(b) = cos(a - b), added up over the hands.

# %%
dots = P @ P.T
for distance in (0, 1, 5, 20):
    along = np.diagonal(dots, distance)
    print(f"distance {distance:>2}: dot products from {along.min():.3f} to {along.max():.3f}")
#> distance  0: dot products from 16.000 to 16.000
#> distance  1: dot products from 15.314 to 15.314
#> distance  5: dot products from 11.777 to 11.777
#> distance 20: dot products from 10.471 to 10.471

# %% [markdown]
# The nearest places have the largest products. (Further off they rise and fall a little, but stay smaller.) Attention gets a feeling for
# *near* and *far* as a gift.
#
# ## 4. Or learn the table
#
# BERT and GPT-2 do something simpler: a table with a row for each place, learned like all other weights. Let both try the same task:
# **find the word before you**. We use the article's score with places alone, e = P A Pᵀ, a causal mask, and the loss -ln of the weight
# that place i gives to place i - 1. The gradient is that of lesson 02, p - y, taken through the products:
#
#     e = P A Pᵀ        dA = Pᵀ de P        dP = de P Aᵀ + deᵀ P A        (P is read twice)

# %%
def weights_of(P: np.ndarray, A: np.ndarray) -> np.ndarray:
    """Causal attention among the places: (T, D), (D, D) -> (T, T)."""
    e = np.where(np.tri(len(P), dtype=bool), P @ A @ P.T, -np.inf)
    p = np.exp(e - e.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def learn(P: np.ndarray, learned: bool, steps: int) -> tuple[np.ndarray, np.ndarray, list]:
    """Train A, and P too if it is a learned table, by gradient descent. Returns both, and the curve of the loss."""
    P, A, curve = P.copy(), np.zeros((P.shape[1],) * 2), []
    rows = np.arange(1, len(P))
    for step in range(steps + 1):
        p = weights_of(P, A)
        if step % max(1, steps // 40) == 0:
            curve.append((step, -np.log(p[rows, rows - 1]).mean()))
        de = p.copy()
        de[rows, rows - 1] -= 1  # p - y
        de[0] = 0  # the first place has none before it
        de /= len(rows)
        dA, dP = P.T @ de @ P, de @ P @ A.T + de.T @ P @ A
        A -= 0.5 * dA
        if learned:
            P -= 0.5 * dP
    return P, A, curve


T, D, steps = 24, 32, (60 if lesson.quick else 4000)
tables = {"sinusoids": sinusoids(T, D), "learned table": 0.1 * rng.standard_normal((T, D))}
curves, heads = {}, {}
for name, table in tables.items():
    P, A, curves[name] = learn(table, name == "learned table", steps)
    heads[name] = (P, A)
    right = weights_of(P, A)[1:].argmax(-1) == np.arange(T - 1)
    print(f"{name}: loss {curves[name][0][1]:.2f} -> {curves[name][-1][1]:.2f}, {right.mean():.0%} look at the word before")
#> sinusoids: loss 2.38 -> 0.00, 100% look at the word before
#> learned table: loss 2.38 -> 0.00, 100% look at the word before

# %% [markdown]
# Both find it. Check the gradient that did it, as always, and then ask the harder question: what do they do at places that they never saw?

# %%
P, A = (0.5 * rng.standard_normal(shape) for shape in ((5, 4), (4, 4)))
G = rng.standard_normal((5, 5))  # a random upstream gradient
eps, at = 1e-6, (2, 1)
moved = P.copy()
moved[at] += eps
lower = P.copy()
lower[at] -= eps
numeric = ((G * (moved @ A @ moved.T)).sum() - (G * (lower @ A @ lower.T)).sum()) / (2 * eps)
print(f"dP: error against the numerical gradient {abs((G @ P @ A.T + G.T @ P @ A)[at] - numeric):.0e}")

P, A = heads["sinusoids"]
longer = weights_of(sinusoids(2 * T, D), A)
within = (longer[1:T].argmax(-1) == np.arange(T - 1)).mean()
beyond = (longer[T:].argmax(-1) == np.arange(T - 1, 2 * T - 1)).mean()
print(f"sinusoids, places 1 to {T - 1}: {within:.0%} right; places {T} to {2 * T - 1}: {beyond:.0%} right")
print(f"learned table: it has {len(heads['learned table'][0])} rows, and none for place {T}")
lesson.save(
    matrix_maps(
        {"trained: places 0 to 23": longer[:T, :T], "never seen: 24 to 47 (0 is place 24)": longer[T:, T:]},
        rows=[str(t) for t in range(T)],
        columns=[str(t) for t in range(T)],
        title="A head that learned “the word before” on 24 places mostly finds it on 24 more",
    ),
    "beyond",
    alt="Two maps of attention weights. On the 24 trained places a bright line runs just below the diagonal: each place looks at the "
    "one before. On the next 24 places, which were never trained, the same line goes on, weaker, with a faint second line below it.",
)
#> dP: error against the numerical gradient ≤ 1e-7
#> sinusoids, places 1 to 23: 100% right; places 24 to 47: 96 ± 8% right
#> learned table: it has 24 rows, and none for place 24

# %% [markdown]
# The rotation that the head learned goes on working, with an error here and there, where it was never trained. The faint second line in
# the right-hand map shows the error: some thirteen places further back, the hands point nearly the same way. (Its first row is
# dark because the word before place 24 lies outside of the map.) A learned table simply ends:
# GPT-2 can't read word 1,025. (Do not trust sinusoids too far either. In a whole Transformer other parts get used to the trained lengths,
# and longer texts do get worse.)
#
# ## 5. What breaks if ...
#
# ... the positions are added along the wrong axis? The article's listing does just that. With as many sentences as words, every word of
# sentence number b gets the code of place b, in place of the t-th word the code of place t. (`docs/transformer_listing.md` tells the whole
# story.)

# %%
x = np.zeros((6, 6, 4))  # (B, T, D): six sentences of six words
right = x + sinusoids(6, 4)
wrong = x + sinusoids(6, 4)[:, None]  # (6, 1, 4): its first axis falls on the sentences
print("right: places differ", bool(np.ptp(right, axis=1).any()), "| sentences differ", bool(np.ptp(right, axis=0).any()))
print("wrong: places differ", bool(np.ptp(wrong, axis=1).any()), "| sentences differ", bool(np.ptp(wrong, axis=0).any()))
#> right: places differ True | sentences differ False
#> wrong: places differ False | sentences differ True

# %% [markdown]
# It runs without any error, and the model learns something: a bag of words. Only a test that asks the right question finds it.
#
# ## Takeaways
#
# - Attention alone can't tell one order of the words from another; positions are added to the words.
# - Sinusoids are hands of a clock: moving on by k words is the same rotation everywhere, and the dot product knows the distance.
# - A learned table is as good where it was trained, and ends there.
#
# ## Exercises
#
# 1. `sinusoids`: the table, interleaved as the paper has it.
# 2. `shift`: from the numbers of place t alone to those of place t + k.
# 3. `table_gradient`: what a learned table receives from a batch.
#
# `python -m minillm check 06`, with `--hint` and `--figure`.
#
# ## In practice
#
# Today's models rarely *add* positions. Rotary positions (RoPE) rotate queries and keys by the angles that you saw, so that the score
# itself depends on the distance. T5 adds a learned number to the score for each distance (`minillm/ops/relative_positions.py`). Both are
# told distances and not places, and both can be stretched to longer texts than they were trained on.
#
# ## Reading
#
# - Vaswani et al. 2017, *Attention Is All You Need*, section 3.5: sinusoids.
# - Gehring et al. 2017, *Convolutional Sequence to Sequence Learning*: learned positions.
# - Su et al. 2021, *RoFormer*: rotary positions.
