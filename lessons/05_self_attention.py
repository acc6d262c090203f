"""Lesson 05: Look at every other word (self-attention)

Question   How can a model use a word ten places back without counting ten-word phrases?
You build  scaled dot-product attention by hand: projections, scores, scale, mask, weights, and its backward pass
You need   lessons 02 and 04, and matrix products
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
# The article writes it in three formulas. Each word x_i is a list of numbers, its **embedding** (lesson 04). How well word j suits word i
# is a score; softmax makes weights of the scores; the new word is the weighted average:
#
#     e_ij = x_iᵀ W x_j        α_i = softmax(e_i)        h_i = Σ_j α_ij x_j
#
# (In the formulas x_i stands upright, a column. In the code the words are the rows of x, so that all scores at once are x W xᵀ.) Take
# three words of two numbers each, and a W that you can follow on paper.

# %%
import math

import numpy as np

from minillm.course import EXAMPLE, Lesson
from minillm.gradcheck import numeric_gradient  # lesson 02's
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
# exp gives e, 1, e, so the middle one's share is 1/(2e + 1) = 0.16, and *cat* takes 0.42 of *the*, 0.42 of *is*, and 0.16 of itself.
#
# Nothing in it depends on how far away a word stands. And W is all there is to learn, however long the text is.
#
# ## 2. Too sure of itself
#
# In practice W is split in two, W = W_q W_kᵀ: each word gets a **query** q = x W_q (what am I looking for?) and a **key** k = x W_k (what
# do I have?), and the score is their dot product. With D numbers to a word and K to a query, W_q and W_k have 2 D K numbers to learn in
# place of D², and a head of GPT-2 (D = 768, K = 64) has 98,304 in place of 589,824. It can express less: W then has rank K. What is
# collected also gets a matrix of its own, the **value** v = x W_v (what do I tell?). All three are made of the same x: that is the *self*
# in self-attention. Nothing is trained yet, so let the vectors and the matrices be random, 64 numbers each.

# %%
words = EXAMPLE["en"]
different = sorted(set(words))
T, D, K = len(words), 64, 64
table = rng.standard_normal((len(different), D))  # lesson 04's, before it has learned
x = table[[different.index(word) for word in words]]  # (T, D): a row a word
W_q, W_k, W_v = rng.standard_normal((3, D, K)) / math.sqrt(D)  # so that q, k and v are about as large as x
q, k, v = x @ W_q, x @ W_k, x @ W_v
scores = q @ k.T  # (T, T): row i, what word i thinks of each word
many = rng.standard_normal((1000, D))  # as many words, to measure by
print(f"variance of a number in q {(many @ W_q).var():.1f}, of a score {(many @ W_q @ (many @ W_k).T).var():.0f}")
for name, s in {"plain": scores, "divided by 8": scores / math.sqrt(K)}.items():
    p = softmax(s)
    print(f"{name}: mean of the largest weight in a row {p.max(-1).mean():.2f}")
#> variance of a number in q 1.0 ± 0.1, of a score 64 ± 6
#> plain: mean of the largest weight in a row 0.7 ± 0.2
#> divided by 8: mean of the largest weight in a row 0.32 ± 0.08

# %% [markdown]
# Nothing has been trained, yet in the plain line nearly every word has already decided to look at a single one. A score is the sum of K
# products q_k k_k, each with variance 1 where q and k have it, so its variance is K: scores are typically as large as √64 = 8, and e⁸ is
# 3,000. The largest drowns all others. (*the* stands here twice, with the same vector, so two words may share.) A softmax that is so sure
# of itself has almost no gradient (lesson 02's p (dy - Σ p dy) is zero if one p is 1 and the others are 0): the model could not change
# its mind even if it should.
#
# The cure is in the name *scaled* dot-product attention: divide by √K before the softmax.
#
# ## 3. Not into the future
#
# A model that guesses the next word must not see it. So word i may look at the words 0 to i only. The others get the score minus
# infinity, *before* the softmax: exp(-∞) = 0, and the weights that are left still sum to one.

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
        scores, scores / math.sqrt(K), weights, words, allowed=allowed, title="Scale, mask, softmax: each row becomes weights"
    ),
    "score_strip",
    alt="Four maps for the sentence “the cat is on the table .”: the raw scores, the same divided by 8, then with the "
    "upper right half hatched as minus infinity, and the weights after the softmax, a lower triangle whose rows sum to one.",
)
#> rows sum to [1. 1. 1. 1. 1. 1. 1.]
#> the first word can only look at itself: [1. 0. 0. 0. 0. 0. 0.]

# %% [markdown]
# ## 4. The backward pass
#
# For learning we need the gradient of everything that was read. One rule does most of it. In a matrix product C = A B the number a_ik
# reaches row i of C, c_ij = Σ_k a_ik b_kj, and nothing else. So its gradient collects what comes back from that row:
#
#     da_ik = Σ_j dc_ij b_kj        that is        dA = dC Bᵀ, and in the same way dB = Aᵀ dC
#
# Now take the steps of attention in reverse, one line each. With dy, the gradient of the loss with respect to y, given:
#
#     y = p v              dp = dy vᵀ            dv = pᵀ dy
#     p = softmax(s)       ds = p (dp - Σ p dp)                      (lesson 02; the sum goes over each row)
#     s = q kᵀ / √K        dq = ds k / √K        dk = dsᵀ q / √K
#     q = x W_q            dW_q = xᵀ dq          and so on for k and v
#     x, read three times  dx = dq W_qᵀ + dk W_kᵀ + dv W_vᵀ
#
# The mask needs no line: where p is zero, ds is zero.

# %%
def attend_backward(dy, q, k, v, p):
    """The gradients dq, dk, dv (T, K) of y = softmax(q kᵀ / √K) v, whose weights were p."""
    dp = dy @ v.T  # y = p v
    dv = p.T @ dy
    ds = p * (dp - (p * dp).sum(axis=-1, keepdims=True))  # p = softmax(s)
    scale = 1 / math.sqrt(q.shape[-1])
    return ds @ k * scale, ds.T @ q * scale, dv  # s = q kᵀ scale


def head() -> float:
    """The whole head, from x on, weighted into one number."""
    return float((dy * attend(x @ W_q, x @ W_k, x @ W_v, allowed)[0]).sum())


dy = rng.standard_normal(y.shape)  # random, not ones: lesson 02
dq, dk, dv = attend_backward(dy, q, k, v, weights)
for ours, library in zip((dq, dk, dv), attention_backward(dy[None, None], saved)):
    np.testing.assert_allclose(ours, library[0, 0], atol=1e-12)
gradients = {
    "W_q": (W_q, x.T @ dq), "W_k": (W_k, x.T @ dk), "W_v": (W_v, x.T @ dv),
    "x": (x, dq @ W_q.T + dk @ W_k.T + dv @ W_v.T),
}  # fmt: skip
for name, (array, gradient) in gradients.items():
    numeric = numeric_gradient(head, array)
    print(f"d{name}: error against the numerical gradient {np.abs(gradient - numeric).max() / np.abs(numeric).max():.0e}")
#> dW_q: error against the numerical gradient ≤ 1e-7
#> dW_k: error against the numerical gradient ≤ 1e-7
#> dW_v: error against the numerical gradient ≤ 1e-7
#> dx: error against the numerical gradient ≤ 1e-7

# %% [markdown]
# ## 5. What can a head look for?
#
# One such attention is called a **head**. What it looks for is up to its queries and keys. Let us make three by hand. Give each place of
# the text a direction of its own (one 1 among zeros), and each different word a direction too:

# %%
place = 40 * np.eye(T)  # 40, so that the match outweighs everything else after the division
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
    head_lines(maps, words, labels=list(heads), title="Three heads made by hand"),
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
    title=lesson.translated("Three heads made by hand"),
    alt=lesson.translated("Three attention heads over “the cat is on the table .”: the word before, the same word, all alike."),
)
#> the word before: the second “the” looks at on 1.00
#> the same word: the second “the” looks at the 0.50, the 0.50
#> all alike: the second “the” looks at the 0.20, cat 0.20, is 0.20, on 0.20, the 0.20

# %% [markdown]
# Open `05_three_heads.html` in a browser: point at a word, switch heads on and off. Lesson 12 looks for the first of them among the heads
# of a trained model, and finds it. Note that the first needed the *places*, which our sentence's words do not have. Lesson 06 gives them
# some.
#
# ## 6. What breaks if ...
#
# ... the mask comes after the softmax? ... there is no mask at all?

# %%
late = softmax(q @ k.T / math.sqrt(K)) * allowed
print("mask after the softmax: rows sum to", late.sum(-1).round(1)[[0, 3, 6]])
other = k.copy()
other[-1] += 1  # another last word
moved = np.abs(softmax(q @ other.T / math.sqrt(K)) * allowed @ v - late @ v).max(axis=-1) > 1e-9
print(f"mask after the softmax: the last word is felt at {moved.sum()} of {T} places")
changed = v.copy()
changed[-1] += 1
for name, mask in {"with mask": allowed, "without": np.ones((T, T), bool)}.items():
    moved = np.abs(attend(q, k, changed, mask)[0] - attend(q, k, v, mask)[0]).max(axis=-1) > 1e-9
    print(f"{name}: the last word is seen from {moved.sum()} of {T} places")
#> mask after the softmax: rows sum to [0.3 ± 0.3 0.7 ± 0.3 1. ]
#> mask after the softmax: the last word is felt at 7 of 7 places
#> with mask: the last word is seen from 1 of 7 places
#> without: the last word is seen from 7 of 7 places

# %% [markdown]
# Masked too late, the forbidden words still took their share of the softmax: every row has another sum, and the size of that share tells
# each place something about the future. The leak is small, and a model that is trained will find it. Without a mask every place sees the
# last word: a model that is trained to guess the next word would simply read it, and learn nothing (lesson 10 tries it).
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
# Predict, then run: where do the three heads of section 5 look without the mask? And what does `attend` do if k and v have two rows more
# than q, with a mask (T, T + 2)? (That is how a decoder reads another text: **cross-attention**, lesson 09.)
#
# ## In the library
#
# `attend` and its backward are `minillm/ops/dot_product_attention.py`: the same lines for (B, H, T, K), B sentences and H heads at once,
# with masks of any shape. The projections and the split into heads are in `minillm/layers/attention.py`. To see each number of them at
# work in a trained model: `python -m minillm inspect --checkpoint kind --text "I am glad to" --out step.html`, and there the steps that
# are called `blocks.0.attention`.
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
