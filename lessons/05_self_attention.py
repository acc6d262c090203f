"""Lesson 05: Look at every other word (self-attention)

Question   How can a model use a word ten places back without counting ten-word phrases?
You build  scaled dot-product attention by hand: scores, scale, mask, weights, and the way back
You need   lessons 01 and 02, and matrix products
Article    section 4.1, self-attention: h_i = Σ_j α_ij x_j with e_ij = x_iᵀ W x_j
Time       3 s on 2 cores
Figures    05_score_strip.png, 05_three_heads.png, 05_three_heads.html
Run        python lessons/05_self_attention.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 05
"""

# %% [markdown]
# ## 1. An average whose weights are computed
#
# A table can only look up the word before. We want every word to collect what it needs from *all* words, near or far. The simplest way to
# collect is an average. The idea of attention is that the **weights of the average are computed** from the words themselves.
#
# The article writes it in three formulas. Each word x_i is a list of numbers. How well word j suits word i is a score; softmax makes
# weights of the scores; the new word is the weighted average:
#
#     e_ij = x_iᵀ W x_j        α_i = softmax(e_i)        h_i = Σ_j α_ij x_j
#
# (In the formulas x_i stands upright, a column. In the code the words are the rows of x, so that all scores at once are x W xᵀ.) Take three
# words of two numbers each, and a W that you can follow on paper.

# %%
import math

import numpy as np

from minillm.course import EXAMPLE, Lesson
from minillm.gradcheck import numeric_gradient
from minillm.ops import attention, attention_backward, bilinear_attention, causal_mask
from minillm.plots import head_lines, save_html, score_strip

lesson = Lesson(5)
rng = lesson.rng()


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


x = np.array([[1.0, 0], [0, 1], [1, 1]])  # the, cat, is
W = np.array([[0.0, 2], [1, 0]])
e = x @ W @ x.T
alpha = softmax(e)
h = alpha @ x
print("scores of cat ", e[1])
print("weights of cat", alpha[1].round(2))
print("the new cat   ", h[1].round(2))
np.testing.assert_allclose(h, bilinear_attention(x[None], W)[0][0])  # the library's
#> scores of cat  [1. 0. 1.]
#> weights of cat [0.42 0.16 0.42]
#> the new cat    [0.84 0.58]

# %% [markdown]
# On paper: *cat* is (0, 1), so x_catᵀ W is the second row of W, (1, 0). Its product with each word is that word's first number: 1, 0, 1.
# exp gives e, 1, e, and 1 of 2e + 1 is 0.16. So *cat* takes 0.42 of *the*, 0.42 of *is*, and 0.16 of itself.
#
# Nothing in it depends on how far away a word stands. And W is all there is to learn, however long the text is.
#
# ## 2. Too sure of itself
#
# In practice W is split in two, W = W_q W_kᵀ: each word gets a **query** q = x W_q (what am I looking for?) and a **key** k = x W_k (what
# do I have?), and the score is their dot product. What is collected also gets a matrix of its own, the **value** v = x W_v (what do I
# tell?). We have trained nothing yet, so let random numbers stand for the three, 64 to a word:

# %%
words = EXAMPLE["en"]
T, K = len(words), 64
q, k, v = rng.standard_normal((3, T, K))
scores = q @ k.T  # (T, T): row i, what word i thinks of each word
for name, s in {"plain": scores, "divided by 8": scores / math.sqrt(K)}.items():
    p = softmax(s)
    print(f"{name}: mean of the largest weight in a row {p.max(-1).mean():.2f}")
#> plain: mean of the largest weight in a row 0.92 ± 0.08
#> divided by 8: mean of the largest weight in a row 0.39 ± 0.08

# %% [markdown]
# Nothing has been trained, yet in the first line every word has already decided to look at one single word. A dot product of two rows of 64
# random numbers is typically as large as √64 = 8, and e⁸ is 3,000: the largest score drowns all others. A softmax that is so sure of itself
# has almost no gradient (lesson 02's p (dy - Σ p dy) is zero if one p is 1 and the others are 0): the model could not change its mind even
# if it should.
#
# The cure is in the name *scaled* dot-product attention: divide by √K before the softmax.
#
# ## 3. Not into the future
#
# A model that guesses the next word must not see it. So word i may look at the words 0 to i only. The others get the score minus infinity,
# *before* the softmax: exp(-∞) = 0, and the weights that are left still sum to one.

# %%
allowed = np.tri(T, dtype=bool)  # True on and below the diagonal: word i may look at words 0 to i
assert (allowed == causal_mask(T, T)).all()


def attend(q: np.ndarray, k: np.ndarray, v: np.ndarray, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """q, k, v (T, K), allowed (T, T) -> y (T, K) and the weights (T, T)."""
    scores = np.where(allowed, q @ k.T / math.sqrt(q.shape[-1]), -np.inf)
    weights = softmax(scores)
    return weights @ v, weights


y, weights = attend(q, k, v, allowed)
theirs, saved = attention(q[None, None], k[None, None], v[None, None], mask=allowed)  # (B, H, T, K): B sentences, H heads, here 1
np.testing.assert_allclose(y, theirs[0, 0])
print("rows sum to", weights.sum(-1).round(6))
print("the first word can only look at itself:", weights[0])
lesson.save(
    score_strip(
        scores, scores / math.sqrt(K), weights, words, allowed=allowed, title="Scale, mask, softmax: each row ends as weights"
    ),
    "score_strip",
    alt="Four maps for the sentence “the cat is on the table .”: the raw scores, the same divided by 8, then with the "
    "upper right half hatched as minus infinity, and the weights after the softmax, a lower triangle whose rows sum to one.",
)
#> rows sum to [1. 1. 1. 1. 1. 1. 1.]
#> the first word can only look at itself: [1. 0. 0. 0. 0. 0. 0.]

# %% [markdown]
# ## 4. The way back
#
# For learning we need the gradient of everything that was read: q, k and v. Take the three steps in reverse, one line each. With dy, the
# gradient of the loss with respect to y, given:
#
#     y = p v              dp = dy vᵀ            dv = pᵀ dy
#     p = softmax(s)       ds = p (dp - Σ p dp)                      (lesson 02; the sum goes over each row)
#     s = q kᵀ / √K        dq = ds k / √K        dk = dsᵀ q / √K
#
# The mask needs no line: where p is zero, ds is zero.

# %%
def attend_backward(dy, q, k, v, p):
    """The gradients dq, dk, dv (T, K) of y = softmax(q kᵀ / √K) v, whose weights were p."""
    dp = dy @ v.T
    dv = p.T @ dy
    ds = p * (dp - (p * dp).sum(axis=-1, keepdims=True))
    scale = 1 / math.sqrt(q.shape[-1])
    return ds @ k * scale, ds.T @ q * scale, dv


dy = rng.standard_normal(y.shape)  # random, not ones: lesson 02
ours = attend_backward(dy, q, k, v, weights)
for name, array, gradient, library in zip("qkv", (q, k, v), ours, attention_backward(dy[None, None], saved)):
    numeric = numeric_gradient(lambda: float((dy * attend(q, k, v, allowed)[0]).sum()), array)
    error = np.abs(gradient - numeric).max() / np.abs(numeric).max()
    np.testing.assert_allclose(gradient, library[0, 0], atol=1e-12)
    print(f"d{name}: error against the numerical gradient {error:.0e}")
#> dq: error against the numerical gradient ≤ 1e-7
#> dk: error against the numerical gradient ≤ 1e-7
#> dv: error against the numerical gradient ≤ 1e-7

# %% [markdown]
# ## 5. What can a head look for?
#
# One such attention is called a **head**. What it looks for is up to its queries and keys. Let us make three by hand. Give each place of
# the text a direction of its own (one 1 among zeros), and each different word a direction too:

# %%
place = 40 * np.eye(T)  # 40, so that the match outweighs everything else after the division
different = sorted(set(words))
word = 40 * np.eye(len(different))[[different.index(w) for w in words]]
before = np.vstack([np.zeros(T), place[:-1]])  # row i is the direction of place i - 1; the first word has none before it
heads = {
    "the word before": (before, place),
    "the same word": (word, word),
    "all alike": (0 * place, 0 * place),
}
maps = np.stack([attend(q, k, np.eye(T), allowed)[1] for q, k in heads.values()])  # (H, T, T)
for (name, _), p in zip(heads.items(), maps):
    print(f"{name}: the second “the” looks at " + ", ".join(f"{words[j]} {p[4, j]:.2f}" for j in range(5) if p[4, j] > 0.01))
lesson.save(
    head_lines(maps, words, title="Three heads made by hand: the word before, the same word, all alike"),
    "three_heads",
    alt="Three panels, one a head, with the words of “the cat is on the table .” on both sides and lines from each word to those that "
    "it looks at. Head 0 looks at the word before (the first word, which has none, at itself), head 1 at the same "
    "word, head 2 evenly at all words up to itself.",
)
save_html(
    lesson.path("three_heads.html"),
    maps[None],
    words,
    causal=True,
    title="Three heads made by hand",
    alt="Three attention heads over “the cat is on the table .”: the word before, the same word, all alike.",
)
#> the word before: the second “the” looks at on 1.00
#> the same word: the second “the” looks at the 0.50, the 0.50
#> all alike: the second “the” looks at the 0.20, cat 0.20, is 0.20, on 0.20, the 0.20

# %% [markdown]
# Open `05_three_heads.html` in a browser: point at a word, switch heads on and off. A trained model finds heads like these by itself
# (lesson 12). Note that the first needed the *places*, which our sentence's words do not have. Lesson 06 gives them some.
#
# ## 6. What breaks if ...
#
# ... the mask comes after the softmax? ... there is no mask at all?

# %%
late = softmax(q @ k.T / math.sqrt(K)) * allowed
print("mask after the softmax: rows sum to", late.sum(-1).round(1)[[0, 3, 6]])
changed = v.copy()
changed[-1] += 1  # another last word
for name, mask in {"with mask": allowed, "without": np.ones((T, T), bool)}.items():
    moved = np.abs(attend(q, k, changed, mask)[0] - attend(q, k, v, mask)[0]).max(axis=-1) > 1e-9
    print(f"{name}: the last word is seen from {moved.sum()} of {T} places")
#> mask after the softmax: rows sum to [0.3 ± 0.3 0.7 ± 0.3 1. ]
#> with mask: the last word is seen from 1 of 7 places
#> without: the last word is seen from 7 of 7 places

# %% [markdown]
# Masked too late, the forbidden words still took their share of the softmax, and every row has another sum. Without a mask every place
# sees the last word: a model that is trained to guess the next word would simply read it, and learn nothing (lesson 10 tries it).
#
# ## Takeaways
#
# - Attention is a weighted average; the weights are a softmax of how well each query matches each key.
# - The order is scale, mask, softmax. The scale keeps the softmax willing to learn; the mask keeps the future out.
# - Its backward is the same three steps in reverse, and each line can be checked by numbers.
#
# ## Exercises
#
# 1. `causal_weights`: mask and softmax, for a square of scores.
# 2. `self_attention`: the whole forward pass from q, k and v.
# 3. `self_attention_backward`: dq, dk and dv.
#
# `python -m minillm check 05`, with `--hint`, and `--figure` to see target, yours and the difference.
#
# ## In practice
#
# Real models run 12 to 128 heads in each of 12 to 100 layers, on T up to a million. The T × T weights would not fit into memory, so they
# are computed in pieces and thrown away (FlashAttention; ours is in `minillm/ops/chunked_attention.py`). While generating, the keys and
# values of the earlier words are kept, since the mask means that they never change (lesson 10).
#
# ## Reading
#
# - Bahdanau, Cho and Bengio 2015, *Neural Machine Translation by Jointly Learning to Align and Translate*: attention before Transformers.
# - Vaswani et al. 2017, *Attention Is All You Need*: section 3.2 has the formula, and the reason for the scale in a footnote.
# - Luong, Pham and Manning 2015: the score x_iᵀ W x_j of the article, there called *general*.
