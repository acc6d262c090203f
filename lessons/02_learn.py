"""Lesson 02: Learn instead of count (softmax, cross-entropy and their gradient)

Question   Can a model find the probabilities of lesson 01 by correcting itself, without counting anything?
You build  softmax, the loss and its gradient by hand, gradient descent, and a check that catches wrong gradients
You need   lesson 01, and what a derivative is
Article    section 3.1, pretraining: predict the next word, given the words before
Time       6 s on 2 cores
Figures    02_loss.png, 02_learned_and_counted.png
Run        python lessons/02_learn.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 02
"""

# %% [markdown]
# ## 1. From any numbers to probabilities
#
# A table of counts can only count. A model that learns needs numbers that it may move up and down freely, and a way to make
# probabilities of them. The numbers are called **logits**; the way is **softmax**: take exp of each, which makes it positive, and divide
# by the sum.

# %%
import math

import numpy as np

from minillm.course import Lesson, write_stories
from minillm.gradcheck import numeric_gradient
from minillm.ops import cross_entropy, cross_entropy_backward
from minillm.plots import line_chart, matrix_maps

lesson = Lesson(2)
rng = lesson.rng()


def softmax(x: np.ndarray) -> np.ndarray:
    """Each row of logits as probabilities: (N, V) -> (N, V)."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))  # the same probabilities; see what breaks without it in section 6
    return e / e.sum(axis=-1, keepdims=True)


logits = np.log([[1.0, 2.0, 5.0]])
print("probabilities", softmax(logits)[0].round(3))
print("all logits raised by 7", softmax(logits + 7)[0].round(3))
#> probabilities [0.125 0.25  0.625]
#> all logits raised by 7 [0.125 0.25  0.625]

# %% [markdown]
# Check it on paper: exp undoes ln, so the three are 1, 2 and 5 out of 8. Only differences between logits matter.
#
# ## 2. How wrong, and which way
#
# Suppose that the word which really came is the second. The loss is -ln of its probability, ln 4 here. In which direction should each
# logit move, to make the loss smaller? Write the loss out:
#
#     loss = -ln( e^x_t / Σ_v e^x_v ) = ln Σ_v e^x_v - x_t
#
# The derivative of the first term with respect to x_v is e^x_v / Σ = p_v. The second term adds -1 for the right word t, and nothing for
# the others. So the gradient is the probabilities, **minus one at the right word**. That line is the heart of every language model:
#
#     dloss/dx = p - y          y: 1 at the right word, 0 elsewhere

# %%
def loss_and_gradient(logits: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean of -ln p(target) over N rows, and its gradient (N, V)."""
    p = softmax(logits)
    rows = np.arange(len(targets))
    gradient = p.copy()
    gradient[rows, targets] -= 1
    return -np.log(p[rows, targets]).mean(), gradient / len(targets)  # a mean of N losses: each counts 1/N


loss, gradient = loss_and_gradient(logits, np.array([1]))
print(f"loss {loss:.4f} = ln 4, gradient {gradient[0].round(3)}")
theirs, saved = cross_entropy(logits, np.array([1]))
np.testing.assert_allclose(loss, theirs)
np.testing.assert_allclose(gradient, cross_entropy_backward(1.0, saved))
#> loss 1.3863 = ln 4, gradient [ 0.125 -0.75   0.625]

# %% [markdown]
# Read the gradient aloud: *push the first and the third word down, by as much as you believed in them; pull the second up by what it
# lacked.* The three sum to zero: probability is only moved, never made.
#
# ## 3. Learn
#
# Now the table of lesson 01 is learned: one row of logits for each word before, all zero at first, so every word is equally likely. We
# look at 256 pairs of neighbours at a time, compute the gradient, and move the table a little the other way. That is **stochastic
# gradient descent** (SGD).

# %%
stories = write_stories(300, seed=lesson.seed)
vocabulary = sorted({word for story in stories for word in story})
V = len(vocabulary)
number_of = {word: number for number, word in enumerate(vocabulary)}
ids = [[number_of[word] for word in story] for story in stories]
before = np.concatenate([story[:-1] for story in ids])
after = np.concatenate([story[1:] for story in ids])

table = np.zeros((V, V))
lr, steps, batch = 20.0, (20 if lesson.quick else 3000), 256
curve = []
for step in range(steps + 1):
    if step % max(1, steps // 60) == 0:
        curve.append((step, loss_and_gradient(table[before], after)[0]))  # on all pairs
    chosen = rng.integers(len(before), size=batch)
    _, gradient = loss_and_gradient(table[before[chosen]], after[chosen])
    dtable = np.zeros_like(table)
    np.add.at(dtable, before[chosen], gradient)  # a word that comes ten times gets ten gradients, added up
    table -= lr * dtable

counts = np.zeros((V, V))
np.add.at(counts, (before, after), 1)
counted = counts / counts.sum(axis=1, keepdims=True)
best = -np.log(counted[before, after]).mean()  # what counting reaches; no table of pairs can do better
frequencies = counts.sum(axis=0) / counts.sum()
unigram = -np.log(frequencies[after]).mean()
print(f"loss {curve[0][1]:.3f} at first (ln {V} = {math.log(V):.3f}), {curve[-1][1]:.3f} in the end, counting {best:.3f}")
lesson.save(
    line_chart(
        {"learning": curve},
        levels={"guessing blindly": math.log(V), "frequencies": unigram, "counting pairs": best},
        xlabel="step",
        ylabel="loss (nats per word)",
        title="Learning finds what counting finds",
    ),
    "loss",
    alt="A curve of the loss against the step: it falls from ln 62 = 4.13 below the level of word frequencies within a hundred steps, and "
    "ends just above the dashed level that counting pairs reaches.",
)
#> loss 4.127 at first (ln 62 = 4.127), 1.33 ± 0.02 in the end, counting 1.312 ± 0.015

# %% [markdown]
# Nobody told the model to count. It guessed, was corrected, and arrived at the same place: no table of pairs
# has a smaller loss on these stories than the counted one. (The unit of a loss with ln is called a *nat*.) Compare the tables themselves.

# %%
shown = ["the", "cat", "dog", "is", "and", "on", "under", "because", "it", "happy", ".", "where"]
places = np.ix_([number_of[word] for word in shown], [number_of[word] for word in shown])
learned = softmax(table)
print(f"after cat: learned is {learned[number_of['cat'], number_of['is']]:.2f}, "
      f"counted is {counted[number_of['cat'], number_of['is']]:.2f}")
print(f"mean difference of all probabilities {np.abs(learned - counted).mean():.4f}")
lesson.save(
    matrix_maps({"learned": learned[places], "counted": counted[places]}, rows=shown, columns=shown,
                title="Learned and counted, the tables nearly agree\n(row: the word before, column: the word after)"),
    "learned_and_counted",
    alt="Two square maps of the probabilities among twelve words, learned by gradient descent and counted. The same few cells are "
    "bright in both: 'because' is always followed by 'it', 'it' mostly by 'is'.",
)
#> after cat: learned is 0.28 ± 0.08, counted is 0.27 ± 0.05
#> mean difference of all probabilities 0.0013 ± 0.0004

# %% [markdown]
# They nearly agree: each step saw 256 pairs only, and the large steps keep shaking the table a little.
#
# ## 4. Is the gradient right? Ask the numbers
#
# A wrong gradient seldom stops a model from learning. It learns a little worse, and nobody notices. So we compare every gradient of
# this course with a **numerical** one: move one input up and down by a tiny ε, and see how much the output moves.
#
#     (f(x + ε) - f(x - ε)) / 2ε
#
# But a function such as softmax has many outputs. We must weight them into one number, with some *upstream gradient* dy: f = Σ dy · y. (In
# a real model dy is what the layers above send down: how much the loss moves with each output.) Many projects take ones, because it is
# easy: `output.sum()`. Let us plant a mistake in the backward of softmax, and look for it both ways. The right one comes from the
# derivative of p_v with respect to x_u, which is p_v (1 - p_v) for u = v and -p_v p_u for others: to raise one logit raises its own
# probability, and lowers all others. Multiply by dy and add up.

# %%
def softmax_backward(dy: np.ndarray, p: np.ndarray) -> np.ndarray:
    """dx_v = p_v (dy_v - Σ_u p_u dy_u)."""
    return p * (dy - (p * dy).sum(axis=-1, keepdims=True))


def wrong_backward(dy: np.ndarray, p: np.ndarray) -> np.ndarray:
    """A plain mean in place of the one weighted by p."""
    return p * (dy - dy.mean(axis=-1, keepdims=True))


x = rng.standard_normal((2, 5))
for upstream, dy in {"ones": np.ones((2, 5)), "random": rng.standard_normal((2, 5))}.items():
    numeric = numeric_gradient(lambda dy=dy: float((dy * softmax(x)).sum()), x)
    for name, backward in {"right": softmax_backward, "wrong": wrong_backward}.items():
        worst = np.abs(backward(dy, softmax(x)) - numeric).max()
        print(f"upstream {upstream}, {name} backward: {'passes' if worst < 1e-8 else 'CAUGHT'}")
#> upstream ones, right backward: passes
#> upstream ones, wrong backward: passes
#> upstream random, right backward: passes
#> upstream random, wrong backward: CAUGHT

# %% [markdown]
# ## 5. Why an upstream gradient of ones lies
#
# The outputs of softmax sum to one, whatever goes in. So `output.sum()` never moves, its gradient is zero, and *any* backward that gives
# zero for ones passes: ours, the wrong one, even one that always returns zeros. LayerNorm (lesson 07) has the same blind spot.
# Published projects have shipped wrong gradients behind such a test. Use random numbers.
#
# ## 6. What breaks if ...
#
# ... the largest logit is not subtracted, and ... the step is too large?

# %%
large = np.array([[1000.0, 999.0]])
with np.errstate(over="ignore", invalid="ignore"):
    naive = np.exp(large) / np.exp(large).sum(axis=-1, keepdims=True)
print("without subtracting", naive[0], "with", softmax(large)[0].round(3))
for lr in (1.0, 20.0, 2000.0):
    rough = np.zeros((V, V))
    for _ in range(20 if lesson.quick else 300):
        chosen = rng.integers(len(before), size=batch)
        np.add.at(rough, before[chosen], -lr * loss_and_gradient(rough[before[chosen]], after[chosen])[1])
    with np.errstate(divide="ignore"):  # a word that came has become impossible
        print(f"step size {lr:g}: loss {loss_and_gradient(rough[before], after)[0]:.2f}")
#> without subtracting [nan nan] with [0.731 0.269]
#> step size 1: loss 2.43 ± 0.05
#> step size 20: loss 1.37 ± 0.03
#> step size 2000: loss 40 ± 15

# %% [markdown]
# exp(1000) is larger than any number that the computer knows, and infinity by infinity is *not a number*. With steps that are too small we
# arrive late; with steps that are too large each correction overshoots, and the loss is worse than that of blind guessing.
#
# ## Takeaways
#
# - Softmax turns any numbers into probabilities, and the gradient of the loss behind it is simply p - y.
# - Gradient descent finds the counts without counting. That it works without a table is why it can go where counting can't.
# - Check gradients with a random upstream gradient. Ones can hide a mistake completely.
#
# ## Exercises
#
# 1. `softmax`: of every row, also of logits as large as 1000.
# 2. `cross_entropy_gradient`: p - y in one or two lines, for a mean.
# 3. `table_gradient`: what one row of the table receives when its word came more than once.
#
# `python -m minillm check 02`, with `--hint` and `--figure`.
#
# ## In practice
#
# The table has V × V numbers: for the 50,257 pieces of GPT-2 that would be 2.5 thousand million, for a memory of one word. Real models
# compute the logits from the words before by a network, and only its last step is the one that you built here: softmax, cross-entropy,
# p - y. Plain SGD with one step size is replaced by AdamW (lesson 09).
#
# ## Reading
#
# - Bridle 1990, *Probabilistic Interpretation of Feedforward Classification Network Outputs*: where softmax got its name.
# - Bengio et al. 2003, *A Neural Probabilistic Language Model*: the first that replaced the table by a network.
