"""Lesson 07: Stack it (LayerNorm, heads, feed-forward, residuals)

Question   How can twelve layers of attention stand on each other, and still learn?
You build  LayerNorm and a whole Transformer block, forward and backward; and a tape that does backward for you, to see what it hides
You need   lessons 02 and 05
Article    section 4.2, the Transformer model: the layers inside nn.TransformerEncoder
Time       3 s on 2 cores
Figures    07_block.png, 07_gradient_norms.png
Run        python lessons/07_stack_it.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 07
"""

# %% [markdown]
# ## 1. Keep the numbers in shape: LayerNorm
#
# A layer multiplies and adds. After a few layers the numbers have grown or shrunk beyond use. **LayerNorm** takes each word's row of
# numbers, subtracts its mean and divides by its standard deviation. Then two learned rows, γ and β, give the model back the freedom to
# choose:
#
#     y = γ x̂ + β        x̂ = (x - mean) / √(variance + ε)
#
# By hand: the row (1, 2, 3) has the mean 2 and the variance 2/3, so x̂ is (-1, 0, 1) / 0.816. ε is tiny. It stands *inside* the root, and
# saves a row of equal numbers from 0 / 0.

# %%
import math

import numpy as np

from minillm.course import EXAMPLE, Lesson
from minillm.gradcheck import numeric_gradient
from minillm.layers import FeedForward, LayerNorm, MultiHeadAttention, PreNormBlock
from minillm.ops import attention, attention_backward, sum_to
from minillm.plots import block_diagram, layer_norms

lesson = Lesson(7)
rng = lesson.rng()


def norm(x, gamma, beta, eps=1e-5):
    """Each row of x (..., D) -> y, and what backward needs."""
    centred = x - x.mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)
    xhat = centred * scale
    return gamma * xhat + beta, (xhat, scale, gamma)


print(norm(np.array([1.0, 2, 3]), 1.0, 0.0)[0].round(3))
#> [-1.225  0.     1.225]

# %% [markdown]
# The backward pass has a trap. x̂ depends on x three times: directly, through the mean, and through the variance. Call g = γ dy the
# gradient that reaches x̂, c = x - mean(x) the centred row, and s = 1 / √(variance + ε), so that x̂ = s c. Then, for a row of D numbers:
#
#     x̂ = s c                  dc = s g,  and  ds = Σ g c
#     s = (mean(c²) + ε)^-½    dc gets ds · (-½) s³ · 2c/D  =  -s³ c · mean(g c)  =  -s x̂ · mean(g x̂)
#     c = x - mean(x)          dx = dc - mean(dc);  c and so x̂ have the mean 0
#
#     dx = s · ( g - mean(g) - x̂ · mean(g x̂) )
#
# In words: the mean takes the average of g away from every number. The variance takes away the part of g that points along x̂,
# because to stretch a row changes nothing: it is divided out again.

# %%
def norm_backward(dy, saved):
    """dx (..., D), dgamma (D,), dbeta (D,)."""
    xhat, scale, gamma = saved
    g = gamma * dy
    dx = scale * (g - g.mean(axis=-1, keepdims=True) - xhat * (g * xhat).mean(axis=-1, keepdims=True))
    rows = tuple(range(dy.ndim - 1))
    return dx, (dy * xhat).sum(axis=rows), dy.sum(axis=rows)


def without_variance(dy, saved):
    """The classic mistake: the variance is taken for a constant."""
    _, scale, gamma = saved
    g = gamma * dy
    return scale * (g - g.mean(axis=-1, keepdims=True))


x, gamma, beta = rng.standard_normal((4, 7)), np.ones(7), np.zeros(7)
for upstream, dy in {"ones": np.ones((4, 7)), "random": rng.standard_normal((4, 7))}.items():
    saved = norm(x, gamma, beta)[1]
    numeric = numeric_gradient(lambda dy=dy: float((dy * norm(x, gamma, beta)[0]).sum()), x)
    for name, dx in {"right": norm_backward(dy, saved)[0], "without variance": without_variance(dy, saved)}.items():
        print(f"upstream {upstream}, {name}: {'passes' if np.abs(dx - numeric).max() < 1e-6 else 'CAUGHT'}")
#> upstream ones, right: passes
#> upstream ones, without variance: passes
#> upstream random, right: passes
#> upstream random, without variance: CAUGHT

# %% [markdown]
# Lesson 02 again: while γ is one everywhere, as it is when training begins, an upstream gradient of ones can't see the mistake. (A random
# γ would show it even to ones, since then g is not the same everywhere.)
#
# ## 2. The block
#
# A **block** is two steps, each with a shortcut around it, the *residual*:
#
#     r = x + attention(norm(x))        collect from the other words
#     y = r + ffn(norm(r))              each word alone:  ffn(m) = relu(m W₁) W₂
#
# Attention has several **heads**: the D numbers of a query are cut into H pieces of K = D/H, and each piece attends on its own. Cutting
# is a change of shape, (B, T, D) to (B, H, T, K). A matrix W_o mixes what the heads brought: D × D, as W_q, W_k and W_v are. The
# feed-forward network is usually four times as wide inside, F = 4 D. Of the 4 D² + 8 D² weights of a block two thirds are there, and it
# is what makes the block more than a weighted average: attention alone is linear in its values.

# %%
lesson.save(
    block_diagram(title="A block, from the bottom up"),
    "block",
    alt="Boxes from the bottom up: LayerNorm, masked self-attention, a sum with what entered; then LayerNorm, feed-forward, and a sum "
    "again. A line runs around each of the two steps to its sum: the residual connection. All arrows carry (B, T, D).",
)

# %%
def split_heads(x, H):
    """(B, T, D) -> (B, H, T, K)."""
    B, T, D = x.shape
    return x.reshape(B, T, H, D // H).transpose(0, 2, 1, 3)


def merge_heads(x):
    """(B, H, T, K) -> (B, T, D)."""
    B, H, T, K = x.shape
    return x.transpose(0, 2, 1, 3).reshape(B, T, H * K)


def block(x, w, H):
    """x (B, T, D), a dict of weights -> y (B, T, D), and what backward needs."""
    n, s1 = norm(x, w["gamma1"], w["beta1"])
    q, k, v = (split_heads(n @ w[name], H) for name in ("Wq", "Wk", "Wv"))
    heads, sa = attention(q, k, v, causal=True)
    c = merge_heads(heads)
    r = x + c @ w["Wo"]
    m, s2 = norm(r, w["gamma2"], w["beta2"])
    h = np.maximum(m @ w["W1"], 0)  # relu
    return r + h @ w["W2"], (n, s1, sa, c, m, s2, h)


def flat(a):
    """All words of all sentences, one below the other: (B, T, D) -> (B T, D)."""
    return a.reshape(-1, a.shape[-1])


def block_backward(dy, w, saved):
    """dx (B, T, D), and a dict of the weights' gradients: each line undoes the line of `block` that stands beside it."""
    n, s1, sa, c, m, s2, h = saved
    H, dw = sa[0].shape[1], {}
    dw["W2"] = flat(h).T @ flat(dy)  # y = r + h W2
    dpre = (dy @ w["W2"].T) * (h > 0)  # h = relu(m W1)
    dw["W1"] = flat(m).T @ flat(dpre)
    dm, dw["gamma2"], dw["beta2"] = norm_backward(dpre @ w["W1"].T, s2)  # m = norm(r)
    dr = dy + dm  # y = r + ...: the shortcut hands dy down as it is
    dw["Wo"] = flat(c).T @ flat(dr)  # r = x + c Wo
    dqkv = attention_backward(split_heads(dr @ w["Wo"].T, H), sa)
    dn = 0
    for name, d in zip(("Wq", "Wk", "Wv"), map(merge_heads, dqkv[:3])):  # n was read three times: three gradients add up
        dw[name] = flat(n).T @ flat(d)
        dn = dn + d @ w[name].T
    dx, dw["gamma1"], dw["beta1"] = norm_backward(dn, s1)  # n = norm(x)
    return dr + dx, dw  # r = x + ...


B, T, D, H, F = 2, len(EXAMPLE["en"]), 8, 2, 16
theirs = PreNormBlock(D, H, F, rng, activation="relu", bias=False, std=0.4)
parts = {"Wq": theirs.attention.query, "Wk": theirs.attention.key, "Wv": theirs.attention.value, "Wo": theirs.attention.output}
parts |= {"W1": theirs.ffn.expand, "W2": theirs.ffn.contract}
w = {name: layer.weight.data for name, layer in parts.items()}
for i, layer in ((1, theirs.norm1), (2, theirs.norm2)):
    w[f"gamma{i}"], w[f"beta{i}"] = layer.gamma.data, layer.beta.data
x, dy = rng.standard_normal((2, B, T, D))
y, saved = block(x, w, H)
dx, dw = block_backward(dy, w, saved)
library, library_saved = theirs.forward(x, causal=True)
np.testing.assert_allclose(y, library)
np.testing.assert_allclose(dx, theirs.backward(dy, library_saved), atol=1e-12)
worst = max(np.abs(dw[name] - numeric_gradient(lambda: float((dy * block(x, w, H)[0]).sum()), w[name])).max() for name in w)
print(f"{len(w)} weights, {sum(a.size for a in w.values())} numbers; worst difference from the numerical gradient {worst:.0e}")
#> 10 weights, 544 numbers; worst difference from the numerical gradient ≤ 1e-6

# %% [markdown]
# That is a whole block of GPT-2 but for biases and GELU. Ours equals the library's, forward and back.
#
# ## 3. What would autograd hide?
#
# PyTorch and its kind never ask you for a backward. They write down every operation on a **tape** while going forward, and play it
# backwards. One can be built in a few dozen lines. Here is one, just large enough for LayerNorm:

# %%
class Node:
    """An array on the tape: its value, and a list of (parent, rule); rule turns this node's gradient into the parent's."""

    def __init__(self, value, parents=()):
        self.value, self.parents, self.grad = np.asarray(value, float), parents, 0.0

    def __add__(self, other):
        return Node(self.value + other.value, [(self, lambda g: g), (other, lambda g: g)])

    def __mul__(self, other):
        return Node(self.value * other.value, [(self, lambda g: g * other.value), (other, lambda g: g * self.value)])

    def __pow__(self, n):
        return Node(self.value**n, [(self, lambda g: g * n * self.value ** (n - 1))])

    def mean(self):
        share = np.full(self.value.shape, 1 / self.value.shape[-1])
        return Node(self.value.mean(axis=-1, keepdims=True), [(self, lambda g: g * share)])

    def tape(self):
        """Every node that this one was made from, each after all that it was made from."""
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent, _ in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        return order

    def backward(self, dy):
        self.grad = dy
        for node in reversed(self.tape()):
            for parent, rule in node.parents:
                # sum_to: an array that was broadcast gets the sum over its copies
                parent.grad = parent.grad + sum_to(rule(node.grad), parent.value.shape)  # read twice: both add up


tape_x, minus, tape_gamma, tape_beta = Node(x[0]), Node(-1.0), Node(rng.standard_normal(D)), Node(rng.standard_normal(D))
centred = tape_x + minus * tape_x.mean()
tape_y = tape_gamma * (centred * ((centred**2).mean() + Node(1e-5)) ** -0.5) + tape_beta
tape_y.backward(dy[0])
dx, dgamma, dbeta = norm_backward(dy[0], norm(x[0], tape_gamma.value, tape_beta.value)[1])
np.testing.assert_allclose(tape_x.grad, dx, atol=1e-12)
np.testing.assert_allclose(tape_gamma.grad, dgamma, atol=1e-12)
between = [node for node in tape_y.tape() if node.parents and node is not tape_y]  # neither what went in nor what came out
held = sum(node.value.size for node in between)
print(f"the tape keeps {len(between)} arrays, {held} numbers; by hand {sum(a.size for a in norm(x[0], gamma[0], 0.0)[1][:2])}")
#> the tape keeps 9 arrays, 259 numbers; by hand 63

# %% [markdown]
# Same gradients, and nobody derived anything. That is why everyone uses it. What it hides: that the mean and the
# variance each take a part of the gradient away; that four times as many numbers were kept; and what each line costs. The formula by hand
# is three terms long. In this course you see them.
#
# ## 4. What breaks if the shortcuts or the norms are left out?
#
# Stack twenty-four steps (twelve blocks), send a random gradient down from the top, and measure what arrives at each step. How large the
# weights are to begin with matters as much: a sum of L steps of like size grows with L. So GPT-2 begins with the output matrices of all L
# steps divided by √L, and we try the shortcuts with this start too.

# %%
width = 64


def stack(depth: int, shrink: float = 1.0) -> list:
    """Attention and feed-forward in turn; `shrink` multiplies their output matrices."""
    draw, steps = lesson.rng(), []
    for i in range(depth):
        std = 1 / math.sqrt(width)
        if i % 2:
            steps.append(FeedForward(width, width, draw, activation="relu", std=std))
            steps[-1].contract.weight.data *= shrink
        else:
            steps.append(MultiHeadAttention(width, 4, draw, std=std))
            steps[-1].output.weight.data *= shrink
    return steps


def run(step, x):
    return step.forward(x) if isinstance(step, FeedForward) else step.forward(x, x)


def run_backward(step, dy, saved):
    if isinstance(step, FeedForward):
        return step.backward(dy, saved)
    dx, dmemory, _ = step.backward(dy, saved)
    return dx + dmemory


def gradient_norms(steps: list, residual: bool, where: str) -> list[float]:
    """The norm of the gradient below each step; `where` is "pre" (with a last norm, as GPT-2 has it), "post" or "none"."""
    norms, saves = [LayerNorm(width) for _ in steps], []
    x, dy = np.random.default_rng(lesson.seed).standard_normal((2, 2, 16, width))
    for step, layer in zip(steps, norms):
        n, before = layer.forward(x) if where == "pre" else (x, None)
        f, saved = run(step, n)
        x = x + f if residual else f
        x, after = layer.forward(x) if where == "post" else (x, None)
        saves.append((before, saved, after))
    if where == "pre":
        last = LayerNorm(width)
        dy = last.backward(dy, last.forward(x)[1])
    found = []
    for step, layer, (before, saved, after) in zip(reversed(steps), reversed(norms), reversed(saves)):
        dy = layer.backward(dy, after) if where == "post" else dy
        d = run_backward(step, dy, saved)
        d = layer.backward(d, before) if where == "pre" else d
        dy = dy + d if residual else d
        found.append(float(np.linalg.norm(dy)))
    return found[::-1]


variants = {
    "neither": (stack(24), False, "none"),
    "residuals only": (stack(24), True, "none"),
    "residuals, GPT-2's start": (stack(24, 1 / math.sqrt(24)), True, "none"),
    "post-LN": (stack(24), True, "post"),
    "pre-LN": (stack(24), True, "pre"),
}
found = {name: gradient_norms(*variant) for name, variant in variants.items()}
for name, norms in found.items():
    print(f"{name}: from top to bottom the gradient changes by 10 to the power {math.log10(norms[0] / norms[-1]):.1f}")
lesson.save(
    layer_norms(found, title="With shortcuts, and norms or a small start, the gradient arrives nearly as it left"),
    "gradient_norms",
    alt="The norm of the gradient below each of 24 steps, on a logarithmic scale. Without residuals and norms it falls three hundredfold "
    "from the top to the bottom; with residuals alone it grows a millionfold; with GPT-2's start, with post-LN and with pre-LN it stays "
    "nearly level.",
)
for where in ("post", "pre"):
    tops = []
    for depth in (6, 24, 96):
        steps = stack(depth)
        gradient_norms(steps, True, where)
        tops.append(float(np.linalg.norm(steps[-1].contract.weight.grad)))
    print(f"{where}-LN, gradient of the top weights with 6, 24 and 96 steps: " + ", ".join(f"{top:.1f}" for top in tops))
#> neither: from top to bottom the gradient changes by 10 to the power -2.5 ± 0.5
#> residuals only: from top to bottom the gradient changes by 10 to the power 6.5 ± 2.0
#> residuals, GPT-2's start: from top to bottom the gradient changes by 10 to the power 0.1 ± 0.2
#> post-LN: from top to bottom the gradient changes by 10 to the power -0.4 ± 0.4
#> pre-LN: from top to bottom the gradient changes by 10 to the power 0.5 ± 0.3
#> post-LN, gradient of the top weights with 6, 24 and 96 steps: 200 ± 50, 195 ± 50, 195 ± 50
#> pre-LN, gradient of the top weights with 6, 24 and 96 steps: 145 ± 30, 70 ± 30, 29 ± 8

# %% [markdown]
# With neither, three thousandths of the gradient arrive, and less with every extra layer. With shortcuts alone everything grows from step
# to step; a deeper stack would overflow. A start as small as GPT-2's mends that by itself, until training has made the weights larger.
# **Post-LN**, the paper's and the article's order, normalises after each sum; its shortcut is never clean. **Pre-LN**, GPT-2's order,
# normalises only what a step reads: the shortcut runs from bottom to top untouched. Where both seem to do as well, the last two lines
# tell them apart. With post-LN the top weights get as large a gradient however deep the model is; with pre-LN it shrinks as the stack
# grows, like 1/√L, because the last norm divides by a sum of L steps. Xiong et al. 2020 show that this is why deep post-LN models need a
# careful warm-up (very small steps at first, lesson 09), and pre-LN ones hardly any.
#
# ## Takeaways
#
# - A block is attention and a feed-forward network, each with a norm and a shortcut around it; heads are a change of shape.
# - The backward of a sum is a copy: that is what carries the gradient through a deep stack.
# - A tape gives right gradients without thought, and keeps every intermediate array to do so.
#
# ## Exercises
#
# 1. `layer_norm`: with ε where it belongs.
# 2. `layer_norm_backward`: all three ways back.
# 3. `split_heads`: one array of queries into H heads.
#
# `python -m minillm check 07`, with `--hint` and `--figure`.
#
# Predict, then run: RMSNorm leaves out the mean, x̂ = x / √(mean(x²) + ε). Which of the three terms of dx are left? Change `norm` and
# `norm_backward`, and let the numbers judge.
#
# ## In the library
#
# `minillm/ops/normalization.py` has both norms, `minillm/layers/block.py` the block, and `minillm/layers/stack.py` blocks on each other.
# `python -m minillm inspect --checkpoint kind --text "I am glad to" --out step.html` walks through two of them, forward and
# backward, number by number: what each block gives, and then in which order its gradients add up.
#
# ## In practice
#
# Today's large models are pre-LN, most with RMSNorm (no mean, no β) and gated feed-forward networks; both are in `minillm/ops` and
# `minillm/layers`. PyTorch has a hand-written backward for LayerNorm and attention too, for the memory and the speed: its tape then holds
# one node where ours held fifteen.
#
# ## Reading
#
# - Ba, Kiros and Hinton 2016, *Layer Normalization*.
# - He et al. 2016, *Deep Residual Learning for Image Recognition*: shortcuts.
# - Xiong et al. 2020, *On Layer Normalization in the Transformer Architecture*: pre- and post-LN.
