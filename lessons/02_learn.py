"""Lesson 02: Learn instead of count (softmax, cross-entropy and their gradient)

Question   Can a model find the probabilities of lesson 01 by correcting itself, without counting anything?
You build  softmax, the loss and its gradient by hand, gradient descent, and the check by numbers that catches wrong gradients
You need   lesson 01, and what a derivative is
Article    section 3.1, pretraining: predict the next word, given the words before
Time       8 s on 2 cores
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
# Check it on paper: exp undoes ln, so the three are 1, 2 and 5 out of 8. Only differences between logits matter: e^(x+7) = e^7 · e^x, and
# the e^7 stands above and below.
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
# gradient descent** (SGD). How far it moves is the **learning rate**. Twenty is large for one, and yet no row moves far: the loss is a
# mean over 256 pairs, of which a rare word's row meets one or none. Each step sees other pairs, which shakes the table; so the rate comes
# down to zero along a line, and the shaking with it.

# %%
END = "<end>"
stories = write_stories(300, seed=lesson.seed)
vocabulary = sorted({word for story in stories for word in story} | {END})
V = len(vocabulary)
number_of = {word: number for number, word in enumerate(vocabulary)}


def neighbours(stories: list[list[str]]) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of all words, and of the word after each; an END stands before and after each story."""
    ids = [[number_of[word] for word in [END, *story, END]] for story in stories]
    return np.concatenate([story[:-1] for story in ids]), np.concatenate([story[1:] for story in ids])


before, after = neighbours(stories)


def train(lr: float, steps: int, gradient_of=loss_and_gradient, decay: bool = True) -> tuple[np.ndarray, list]:
    """A table (V, V) of logits that learned the pairs, and its loss on all of them as it did, (step, loss)."""
    table, curve, batches = np.zeros((V, V)), [], lesson.rng()
    looked_at = set(np.geomspace(1, steps + 1, 40).astype(int) - 1)  # dense at first, where it moves fast
    for step in range(steps + 1):
        if step in looked_at:
            curve.append((step, loss_and_gradient(table[before], after)[0]))
        rows = batches.integers(len(before), size=256)
        _, gradient = gradient_of(table[before[rows]], after[rows])
        dtable = np.zeros_like(table)
        np.add.at(dtable, before[rows], gradient)  # a word that comes ten times gets ten gradients, added up
        table -= lr * (1 - step / steps if decay else 1) * dtable
    return table, curve


steps = 20 if lesson.quick else 3000
table, curve = train(20.0, steps)
counts = np.zeros((V, V))
np.add.at(counts, (before, after), 1)
counted = counts / counts.sum(axis=1, keepdims=True)
best = -np.log(counted[before, after]).mean()  # what counting reaches; no table of pairs can do better
frequencies = counts.sum(axis=0) / counts.sum()
unigram = -np.log(frequencies[after]).mean()
print(f"loss {curve[0][1]:.3f} at first (ln {V} = {math.log(V):.3f}), {curve[-1][1]:.3f} in the end, counting {best:.3f}")
old, new = neighbours(write_stories(300, seed=1000 + lesson.seed))
smoothed = (counts + 0.003) / (counts + 0.003).sum(axis=1, keepdims=True)  # lesson 01 chose this alpha
print(f"on held-out stories: learned {loss_and_gradient(table[old], new)[0]:.3f}, counted {-np.log(smoothed[old, new]).mean():.3f}")
lesson.save(
    line_chart(
        {"learning": [(step + 1, loss) for step, loss in curve]},
        levels={"guessing blindly": math.log(V), "frequencies": unigram, "counting pairs": best},
        xlabel="step (the first at 1)",
        ylabel="loss (nats per word)",
        log_x=True,
        title="Learning finds what counting finds",
    ),
    "loss",
    alt="A curve of the loss against the step, on a logarithmic axis: it falls from ln 63 = 4.14 below the level of word frequencies "
    "within a hundred steps, and ends on the dashed level that counting pairs reaches.",
)
#> loss 4.143 at first (ln 63 = 4.143), 1.35 ± 0.03 in the end, counting 1.34 ± 0.03
#> on held-out stories: learned 1.38 ± 0.04, counted 1.37 ± 0.04

# %% [markdown]
# The loss at first is ln V, as it must be where every word is equally likely. Make a habit of looking: a model that does not begin there
# has a mistake. Nobody told the model to count. It guessed, was corrected, and arrived at the same place: no table of pairs
# has a smaller loss on these stories than the counted one. (The unit of a loss with ln is called a *nat*.) Compare the tables themselves.

# %%
shown = ["the", "cat", "dog", "is", "on", "under", "because", "it", "happy", ".", "where", END]
places = np.ix_([number_of[word] for word in shown], [number_of[word] for word in shown])
learned = softmax(table)
print(f"after cat: learned is {learned[number_of['cat'], number_of['is']]:.2f}, "
      f"counted is {counted[number_of['cat'], number_of['is']]:.2f}")
rough = softmax(train(20.0, steps, decay=False)[0])
for name, found in {"rate coming down to zero": learned, "rate of 20 to the end": rough}.items():
    print(f"{name}: largest difference of a probability {np.abs(found - counted).max():.2f}")
lesson.save(
    matrix_maps({"learned": learned[places], "counted": counted[places]}, rows=shown, columns=shown,
                title="Learned and counted, the tables agree\n(row: the word before, column: the word after)"),
    "learned_and_counted",
    alt="Two square maps of the probabilities among twelve words, learned by gradient descent and counted. The same few cells are "
    "bright in both: 'because' is always followed by 'it', 'it' mostly by 'is'.",
)
#> after cat: learned is 0.27 ± 0.05, counted is 0.27 ± 0.05
#> rate coming down to zero: largest difference of a probability 0.03 ± 0.02
#> rate of 20 to the end: largest difference of a probability 0.18 ± 0.07

# %% [markdown]
# They agree where the rate came down. Where it did not, the last few hundred pairs that were seen can still be told from the table.
#
# ## 4. Is the gradient right? Ask the numbers
#
# A wrong gradient need not stop a model from learning, as we shall see in a moment. So we compare every gradient of
# this course with a **numerical** one: move one input up and down by a tiny ε, and see how much the output moves.
#
#     (f(x + ε) - f(x - ε)) / 2ε
#
# Why both ways? By Taylor's formula f(x ± ε) = f(x) ± ε f′ + ε²/2 f″ ± ε³/6 f‴ ...: in the difference the square terms cancel, so that
# the error shrinks like ε², and not like ε. Why not the tiniest ε? float64 keeps sixteen digits of f, an error of about 1e-16, which is
# divided by 2ε. At ε = 1e-5 both errors are near 1e-11, far below a mistake that changes a gradient by a percent.
#
# But a function such as softmax has many outputs. We must weight them into one number, with some *upstream gradient* dy: f = Σ dy · y.
# (In a real model dy is what the layers above send down: how much the loss moves with each output.) Many projects take ones, because it
# is easy: `output.sum()`. Let us plant a mistake in the backward of softmax, and look for it both ways. The right one comes from the
# derivative of p_v with respect to x_u, which is p_v (1 - p_v) for u = v and -p_v p_u for others: to raise one logit raises its own
# probability, and lowers all others. Multiply by dy and add up.

# %%
def numeric_gradient(f, x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """The gradient of the number f(), which depends on the array x. x is moved in place, and comes back as it was."""
    gradient = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        kept = x[place]
        x[place] = kept + h
        above = f()
        x[place] = kept - h
        gradient[place] = (above - f()) / (2 * h)
        x[place] = kept
    return gradient


def softmax_backward(dy: np.ndarray, p: np.ndarray) -> np.ndarray:
    """dx_v = p_v (dy_v - Σ_u p_u dy_u)."""
    return p * (dy - (p * dy).sum(axis=-1, keepdims=True))


def wrong_backward(dy: np.ndarray, p: np.ndarray) -> np.ndarray:
    """A plain mean in place of the one weighted by p."""
    return p * (dy - dy.mean(axis=-1, keepdims=True))


x = rng.standard_normal((2, 5))
np.testing.assert_allclose(  # first the gradient of section 2
    loss_and_gradient(x, np.array([1, 4]))[1], numeric_gradient(lambda: loss_and_gradient(x, np.array([1, 4]))[0], x), atol=1e-8
)
for upstream, dy in {"ones": np.ones((2, 5)), "random": rng.standard_normal((2, 5))}.items():
    numeric = numeric_gradient(lambda dy=dy: (dy * softmax(x)).sum(), x)  # dy=dy: the one of this round
    for name, backward in {"right": softmax_backward, "wrong": wrong_backward}.items():
        worst = np.abs(backward(dy, softmax(x)) - numeric).max()
        print(f"upstream {upstream}, {name} backward: {'passes' if worst < 1e-8 else 'CAUGHT'}")
#> upstream ones, right backward: passes
#> upstream ones, wrong backward: passes
#> upstream random, right backward: passes
#> upstream random, wrong backward: CAUGHT

# %% [markdown]
# What would the mistake have cost? Send the loss's gradient through the softmax, and learn the table with both.

# %%
def through(backward):
    """loss_and_gradient again, but with a backward of softmax: -ln p sends -1/p to the right word, and 0 to the others."""

    def gradient_of(logits: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
        p, rows = softmax(logits), np.arange(len(targets))
        dp = np.zeros_like(p)
        dp[rows, targets] = -1 / np.maximum(p[rows, targets], 1e-300) / len(targets)
        return -np.log(p[rows, targets]).mean(), backward(dp, p)

    return gradient_of


for lr in (1.0, 5.0, 20.0):
    with np.errstate(divide="ignore"):  # ln 0: a word that came has become impossible
        right, wrong = (train(lr, steps // 2, through(b), decay=False)[1][-1][1] for b in (softmax_backward, wrong_backward))
    print(f"learning rate {lr:g}: loss with the right gradient {right:.2f}, with the wrong one {wrong:.2f}")
#> learning rate 1: loss with the right gradient 1.60 ± 0.03, with the wrong one 1.62 ± 0.03
#> learning rate 5: loss with the right gradient 1.38 ± 0.03, with the wrong one 1.53 ± 0.04
#> learning rate 20: loss with the right gradient 1.36 ± 0.03, with the wrong one inf

# %% [markdown]
# At a small rate the wrong gradient costs a hundredth of the loss: nobody would notice. At the rate of this lesson it makes a word
# impossible that comes. Between the two it only learns a little worse, for ever.
#
# ## 5. Why an upstream gradient of ones lies
#
# The outputs of softmax sum to one, whatever goes in. So `output.sum()` never moves, its gradient is zero, and *any* backward that gives
# zero for ones passes: ours, the wrong one, even one that always returns zeros. LayerNorm (lesson 07) has the same blind spot
# as long as its gains are all one, as they are when training begins. Use random numbers.
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
    with np.errstate(divide="ignore"):  # a word that came has become impossible
        print(f"learning rate {lr:g}: loss {train(lr, steps // 10, decay=False)[1][-1][1]:.2f}")
#> without subtracting [nan nan] with [0.731 0.269]
#> learning rate 1: loss 2.49 ± 0.05
#> learning rate 20: loss 1.40 ± 0.03
#> learning rate 2000: loss 45 ± 15

# %% [markdown]
# exp(1000) is larger than float64 can hold, 1.8e308, and infinity divided by infinity is *not a number*. With steps that are too small we
# arrive late; with steps that are too large each correction overshoots, and the loss is worse than that of blind guessing.
#
# ## Takeaways
#
# - Softmax turns any numbers into probabilities, and the gradient of the loss behind it is simply p - y.
# - Gradient descent finds the counts without counting. Here it moved a table; it can move any function of the words before, and lesson 04
#   puts a network in the table's place. Counting can't do that.
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
# Predict, then run: all logits of the table begin at 5 in place of 0. What is the loss at first? And if one column begins at 5?
#
# ## In the library
#
# Softmax, cross-entropy and its gradient are in `minillm/ops/loss.py` (any number of axes, places that are left out, label smoothing);
# the check by numbers is `minillm/layers/gradcheck.py`. `python -m minillm gradcheck` runs it on every layer.
#
# ## In practice
#
# The table has V × V numbers: for the 50,257 pieces of GPT-2 that would be 2.5 billion, for a memory of one word. Real models
# compute the logits from the words before by a network, and only its last step is the one that you built here: softmax, cross-entropy,
# p - y. Plain SGD with one step size is replaced by AdamW (lesson 09).
#
# ## Reading
#
# - Bridle 1990, *Probabilistic Interpretation of Feedforward Classification Network Outputs*: where softmax got its name.
# - Bengio et al. 2003, *A Neural Probabilistic Language Model*: a network in place of the table (lesson 04).
