"""Lesson 08: A GPT by hand

Question   What does it take to put all the parts together, and is the sum a language model?
You build  a whole GPT in about a hundred lines of NumPy, forward and backward; you check it, train it and let it write
You need   lessons 02 and 04 to 07
Article    section 4.2, the Transformer model
Time       50 s on 2 cores
Figures    08_gpt.png, 08_loss.png, 08_left_out.png, 08_step.html
Run        python lessons/08_a_gpt_by_hand.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 08
"""

# %% [markdown]
# ## 1. The plan
#
# Every part is there. What is new in this lesson is only how they hang together, so look at the picture first. From the bottom: each token
# becomes a vector (lesson 04), and its position is added (06). Then come L blocks (07). In each, every position looks at those before it
# (05), and the feed-forward network works on each position alone. A last LayerNorm, and the **head** turns each vector into a score for
# every word. Softmax and p - y are lesson 02's.
#
# The head needs a vector for each word, to compare with. The embedding has one already. Use it a second time, and the head is **tied**:
# *logits = y Eᵀ*, no weights of its own. (Exercise 3 of lesson 04.)

# %%
import math
import sys

import numpy as np

from minillm.course import Lesson, write_stories
from minillm.gradcheck import numeric_gradient
from minillm.inspection import Example, save_step
from minillm.models import GPT
from minillm.objectives import CAUSAL
from minillm.plots import gpt_diagram, line_chart

lesson = Lesson(8)
made_in = {
    "token embedding": "lesson 04 · layers/embedding.py",
    "position embedding": "lesson 06 · layers/positions.py",
    "LayerNorm": "lesson 07 · layers/normalization.py",
    "masked self-attention": "lessons 05, 07 · layers/attention.py",
    "feed-forward": "lesson 07 · layers/feedforward.py",
    "last LayerNorm": "lesson 07 · layers/stack.py",
    "head": "lessons 02, 04 · layers/linear.py",
}
lesson.save(
    gpt_diagram(layers=2, notes=made_in, title="A GPT, the lesson in which each part was made, and its file in minillm/"),
    "gpt",
    alt="A tower of boxes from token ids to logits: token embedding, position embedding added, two blocks of LayerNorm, masked self-"
    "attention, LayerNorm and feed-forward with residual connections around them, a last LayerNorm and the head, which shares the token "
    "embedding's table. Beside each box stand its lesson and its file. Every arrow between the layers carries (B, T, D).",
)

# %% [markdown]
# ## 2. The parts, as the lessons made them
#
# Nothing here is new, but each now has a batch of texts B in front, and attention the heads H. Every backward line undoes the line that
# stands beside it.

# %%
def softmax(x):  # lesson 02
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def norm(x, gamma, beta, eps=1e-5):  # lesson 07
    centred = x - x.mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + eps)
    xhat = centred * scale
    return gamma * xhat + beta, (xhat, scale, gamma)


def norm_backward(dy, saved):
    xhat, scale, gamma = saved
    g = gamma * dy  # y = gamma xhat + beta
    dx = scale * (g - g.mean(axis=-1, keepdims=True) - xhat * (g * xhat).mean(axis=-1, keepdims=True))  # xhat = ...
    return dx, (dy * xhat).sum(axis=(0, 1)), dy.sum(axis=(0, 1))  # y = gamma xhat + beta


def masked_weights(scores):  # lesson 05: minus infinity before the softmax
    return softmax(np.where(np.tri(scores.shape[-1], dtype=bool), scores, -np.inf))


def attend(q, k, v):
    """q, k, v (B, H, T, K) -> y (B, H, T, K)."""
    p = masked_weights(q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1]))
    return p @ v, (q, k, v, p)


def attend_backward(dy, saved):
    q, k, v, p = saved
    dp, dv = dy @ v.swapaxes(-1, -2), p.swapaxes(-1, -2) @ dy  # y = p v
    ds = p * (dp - (p * dp).sum(axis=-1, keepdims=True)) / math.sqrt(q.shape[-1])  # p = softmax(s / √K)
    return ds @ k, ds.swapaxes(-1, -2) @ q, dv  # s = q kᵀ


def split(x, H):  # lesson 07: (B, T, D) -> (B, H, T, K)
    return x.reshape(*x.shape[:2], H, -1).swapaxes(1, 2)


def merge(x):  # (B, H, T, K) -> (B, T, D)
    return x.swapaxes(1, 2).reshape(x.shape[0], x.shape[2], -1)


def flat(x):  # (B, T, D) -> (B T, D)
    return x.reshape(-1, x.shape[-1])


def block(x, w, H):
    n, s1 = norm(x, w["gamma1"], w["beta1"])
    heads, sa = attend(*(split(n @ w[name], H) for name in ("Wq", "Wk", "Wv")))
    c = merge(heads)
    r = x + c @ w["Wo"]
    m, s2 = norm(r, w["gamma2"], w["beta2"])
    h = np.maximum(m @ w["W1"], 0)  # relu
    return r + h @ w["W2"], (n, s1, sa, c, m, s2, h)


def block_backward(dy, w, saved, H):
    n, s1, sa, c, m, s2, h = saved
    dw = {"W2": flat(h).T @ flat(dy)}  # y = r + h W2
    da = dy @ w["W2"].T * (h > 0)  # h = relu(m W1)
    dw["W1"] = flat(m).T @ flat(da)
    dm, dw["gamma2"], dw["beta2"] = norm_backward(da @ w["W1"].T, s2)  # m = norm(r)
    dr = dy + dm  # y = r + ...
    dw["Wo"] = flat(c).T @ flat(dr)  # r = x + c Wo
    dn = 0
    for name, d in zip(("Wq", "Wk", "Wv"), map(merge, attend_backward(split(dr @ w["Wo"].T, H), sa))):
        dw[name] = flat(n).T @ flat(d)  # q, k, v = n Wq, n Wk, n Wv
        dn = dn + d @ w[name].T
    dx, dw["gamma1"], dw["beta1"] = norm_backward(dn, s1)  # n = norm(x)
    return dr + dx, dw  # r = x + ...

# %% [markdown]
# ## 3. The whole
#
# All weights stand in one dict. Those of block 0 are called `0.Wq` and so on. `words` is the embedding E, `positions` the table of
# positions. Section 7 leaves parts out: what is not in the dict is not used.

# %%
def of_block(w, i):
    return {name.split(".")[1]: array for name, array in w.items() if name.startswith(f"{i}.")}


def gpt(ids, w, H=4):
    """ids (B, T) -> logits (B, T, V), and what the backward pass needs."""
    x = w["words"][ids]
    if "positions" in w:
        x = x + w["positions"][: ids.shape[1]]
    saves = []
    while block_weights := of_block(w, len(saves)):
        x, saved = block(x, block_weights, H)
        saves.append(saved)
    y, s = norm(x, w["gamma"], w["beta"]) if "gamma" in w else (x, None)
    return y @ w.get("head", w["words"]).T, (ids, saves, y, s, H)


def gpt_backward(dlogits, w, saved):
    """dlogits (B, T, V) -> the gradient of each array of w."""
    ids, saves, y, s, H = saved
    head = "head" if "head" in w else "words"
    dw = {"words": np.zeros_like(w["words"])}
    dw[head] = flat(dlogits).T @ flat(y)  # logits = y headᵀ
    dx = dlogits @ w[head]
    if "gamma" in w:
        dx, dw["gamma"], dw["beta"] = norm_backward(dx, s)  # y = norm(x)
    for i in reversed(range(len(saves))):
        dx, dblock = block_backward(dx, of_block(w, i), saves[i], H)  # x = block(x)
        dw |= {f"{i}.{name}": gradient for name, gradient in dblock.items()}
    if "positions" in w:
        dw["positions"] = np.zeros_like(w["positions"])
        dw["positions"][: ids.shape[1]] = dx.sum(axis=0)  # x = ... + positions: every text read the same rows
    np.add.at(dw["words"], ids, dx)  # x = words[ids]: added to what the head has left there
    return dw

# %% [markdown]
# That is all of GPT-2 but its biases, GELU in place of relu, and dropout.
#
# ### Is it right?
#
# As always: a tiny one in float64, a random upstream gradient, a word that comes twice, and every single number moved up and down. Then
# the library's GPT with the same weights: are the logits and all gradients equal?

# %%
def fresh(V, T, D, L, F, rng, dtype=np.float32):
    """Random weights as GPT-2 starts: 0.02, and less for what is added to the residual path, since 2 L of them add up there."""
    shapes = {"words": (V, D), "positions": (T, D), "gamma": D, "beta": D}
    for i in range(L):
        shapes |= {f"{i}.{name}": (D, D) for name in ("Wq", "Wk", "Wv", "Wo")} | {f"{i}.W1": (D, F), f"{i}.W2": (F, D)}
        shapes |= {f"{i}.{name}{k}": D for name in ("gamma", "beta") for k in (1, 2)}
    w = {}
    for name, shape in shapes.items():
        small = 0.02 / math.sqrt(2 * L) if name.endswith(("Wo", "W2")) else 0.02
        start = {"gamma": np.ones, "beta": np.zeros}.get(name.split(".")[-1].rstrip("12"))
        w[name] = (start(shape) if start else small * rng.standard_normal(shape)).astype(dtype)
    return w


rng = lesson.rng()
tiny = {name: 0.5 * rng.standard_normal(array.shape) for name, array in fresh(5, 4, 6, 2, 7, rng).items()}
ids, upstream = np.array([[0, 3, 0, 1], [2, 2, 4, 0]]), rng.standard_normal((2, 4, 5))
gradients, errors = gpt_backward(upstream, tiny, gpt(ids, tiny, H=2)[1]), {}
for name, array in tiny.items():
    numeric = numeric_gradient(lambda: float((upstream * gpt(ids, tiny, H=2)[0]).sum()), array)
    errors[name] = np.abs(gradients[name] - numeric).max() / np.linalg.norm(numeric)
count = sum(array.size for array in tiny.values())
print(f"{len(errors)} arrays, {count} numbers; the worst error of a gradient {max(errors.values()):.0e}")
#> 24 arrays, 570 numbers; the worst error of a gradient ≤ 1e-6

twin = GPT(vocab_size=5, context=4, layers=2, heads=2, d_model=6, d_ff=7, activation="relu", bias=False, dtype=np.float64)
theirs = {"words": twin.embedding.weight, "positions": twin.positions.weight, "gamma": twin.norm.gamma, "beta": twin.norm.beta}
for i, b in enumerate(twin.blocks):
    layers = {"Wq": b.attention.query, "Wk": b.attention.key, "Wv": b.attention.value, "Wo": b.attention.output}
    layers |= {"W1": b.ffn.expand, "W2": b.ffn.contract}
    theirs |= {f"{i}.{name}": layer.weight for name, layer in layers.items()}
    theirs |= {f"{i}.gamma1": b.norm1.gamma, f"{i}.beta1": b.norm1.beta, f"{i}.gamma2": b.norm2.gamma, f"{i}.beta2": b.norm2.beta}
for name, parameter in theirs.items():
    parameter.data[:] = tiny[name]
logits, saved = twin.forward(ids)
twin.backward(upstream, saved)
np.testing.assert_allclose(gpt(ids, tiny, H=2)[0], logits, rtol=1e-10, atol=1e-12)
for name, parameter in theirs.items():
    np.testing.assert_allclose(gradients[name], parameter.grad, rtol=1e-8, atol=1e-10)
assert sum(parameter.data.size for parameter in theirs.values()) == twin.vector.data.size
print(f"minillm.GPT with these weights: the same logits, and all {len(theirs)} gradients the same")
text = {"inputs": ids[:1], "targets": np.array([[3, 0, 1, 2]])}
example = Example(CAUSAL, text, dict(enumerate("abcde")))
save_step(lesson.path("step.html"), twin, example, title=lesson.translated(f"One step of a GPT of {count} numbers"))
#> minillm.GPT with these weights: the same logits, and all 24 gradients the same

# %% [markdown]
# So `minillm/models/gpt.py` holds no secret any more: you have written it.
#
# Open `08_step.html` in a browser: it is a whole training step of this GPT. Walk from the ids to the loss and back with the slider, and
# point at any number: the page spells out the sum that it is. (`python -m minillm inspect` makes such a page of any run.)
#
# ## 4. Train it
#
# The text is that of lesson 04: 1,000 stories to learn from, the same 300 held out, the same questions, every word of every story and its
# end. There the best counted model had a loss of 0.73, and the network with a window of twelve words 0.63. A row is a whole story.
# Position t has read words 0 to t, and is asked for the next one. Stories are of different lengths: what comes after the end is not asked.
#
# One loan from the next lesson: each step is **Adam's**. It divides a running mean of the gradient by a running mean of its size, so that
# every number moves at a similar speed, whatever the size of its gradient. Lesson 09 builds it and says why each line is there. The first
# steps are small, and the last ones too.

# %%
CONTEXT, NOTHING = 65, -1  # the longest story has 64 words, and is read after <end>
COUNTED, WINDOW = 0.73, 0.63  # the held-out losses of lesson 04
stories, held_out = write_stories(1000, lesson.seed), write_stories(300, lesson.seed + 1000)
words = ["<end>", *sorted({word for story in stories for word in story})]
number_of = {word: number for number, word in enumerate(words)}


def rows(stories):
    """ids (N, CONTEXT), each story after an <end>, and targets (N, CONTEXT): the same, one word on."""
    ids, targets = np.zeros((len(stories), CONTEXT), int), np.full((len(stories), CONTEXT), NOTHING)
    for row, story in enumerate(stories):
        numbers = [number_of[word] for word in story]
        ids[row, 1 : len(story) + 1] = numbers
        targets[row, : len(story) + 1] = [*numbers, 0]
    return ids, targets


def loss_and_gradient(logits, targets):
    """Lesson 02: the mean of -ln p(target) over what is asked, and p - y."""
    p, asked = softmax(logits), targets != NOTHING
    places = (*np.nonzero(asked), targets[asked])
    loss, count = -np.log(p[places]).mean(), len(places[0])
    p[places] -= 1
    return float(loss), p * asked[..., None] / np.float32(count)


learn, judge = rows(stories), rows(held_out)


def train(w, steps, lr=5e-3, every=40):
    """Adam, as lesson 09 explains it; returns (step, held-out loss) as a curve."""
    rng, curve = lesson.rng(), []
    m, v = ({name: np.zeros_like(array) for name, array in w.items()} for _ in range(2))
    for step in range(steps + 1):
        if step % every == 0 or step == steps:
            curve.append((step, loss_and_gradient(gpt(judge[0], w)[0], judge[1])[0]))
            print(f"step {step}: held-out loss {curve[-1][1]:.3f}", file=sys.stderr)
        chosen = rng.integers(len(stories), size=16)
        logits, saved = gpt(learn[0][chosen], w)
        rate = lr * min((step + 1) / 20, 1 - step / (steps + 1))
        for name, gradient in gpt_backward(loss_and_gradient(logits, learn[1][chosen])[1], w, saved).items():
            m[name] = 0.9 * m[name] + 0.1 * gradient
            v[name] = 0.99 * v[name] + 0.01 * gradient * gradient
            m_hat, v_hat = m[name] / (1 - 0.9 ** (step + 1)), v[name] / (1 - 0.99 ** (step + 1))
            w[name] -= rate * m_hat / (np.sqrt(v_hat) + 1e-8)
    return curve


def start():
    return fresh(len(words), CONTEXT, 64, 2, 256, lesson.rng())


steps = 10 if lesson.quick else 400
w = start()
print(f"{sum(array.size for array in w.values()):,} numbers to learn")
curve = train(w, steps)
print(f"held-out loss before {curve[0][1]:.2f} (ln {len(words)} = {math.log(len(words)):.2f}), after {curve[-1][1]:.3f}")
assert lesson.quick or curve[-1][1] < WINDOW < COUNTED
lesson.save(
    line_chart({"GPT": curve[1:]}, levels={"counted, lesson 04": COUNTED, "window, lesson 04": WINDOW}, xlabel="step",
               ylabel="held-out loss (nats per word)", title="The same text, the same questions: the whole story beats a window"),
    "loss",
    alt="The held-out loss of the GPT by training step. It falls from 1.04 at step 40 through the dashed levels of lesson 04, counting at "
    "0.73 and the window of twelve words at 0.63, and ends below both.",
)
#> 107,136 numbers to learn
#> held-out loss before 4.17 ± 0.05 (ln 63 = 4.14), after 0.59 ± 0.03

# %% [markdown]
# ## 5. Let it write
#
# Start with `<end>`, ask for the next word, draw, append, ask again. (Each time we compute all positions anew. Lesson 10 keeps what
# doesn't change.)

# %%
def write(w, rng, temperature=0.7):
    ids = [0]
    while len(ids) < CONTEXT and (len(ids) == 1 or ids[-1]):
        logits = gpt(np.array([ids]), w)[0][0, -1].astype(float)  # the last position is about the next word
        ids.append(int(rng.choice(len(words), p=softmax(logits / temperature))))
    return " ".join(words[i] for i in ids if i)


for _ in range(2):
    print(write(w, rng))
#> …
#> …

# %% [markdown]
# ## 6. What breaks if ...
#
# ... the mask comes after the softmax, as in lesson 05? Take the trained model and look at *who sees the last word*: change it, and see at
# how many of the 65 positions the logits move.

# %%
def late_weights(scores):
    return softmax(scores) * np.tri(scores.shape[-1], dtype=bool)


ids, targets = judge
changed = ids[:1].copy()
changed[:, -1] = 1 + (changed[:, -1] + 1) % (len(words) - 1)
early_weights = masked_weights
for name, weights in {"before the softmax": early_weights, "after the softmax": late_weights}.items():
    masked_weights = weights  # this is the function that `attend` calls
    moved = (np.abs(gpt(changed, w)[0] - gpt(ids[:1], w)[0]).max(axis=-1) > 1e-6).sum()
    loss, _ = loss_and_gradient(gpt(ids, w)[0], targets)
    print(f"mask {name}: the last word is seen from {moved} of {CONTEXT} positions; held-out loss {loss:.2f}")
masked_weights = early_weights
#> mask before the softmax: the last word is seen from 1 of 65 positions; held-out loss 0.59 ± 0.03
#> mask after the softmax: the last word is seen from 65 of 65 positions; held-out loss 1.1 ± 0.3

# %% [markdown]
# No forbidden word is averaged in, and yet each one is seen: it takes its share of the sum below. A model that is trained so can read the
# future out of how small its weights have become, and no shape and no error tells. Only this test does: *move a later word, and nothing
# before it may move.*
#
# ## 7. What breaks if a part is left out?
#
# Three parts look as if one could do without: the last norm, the positions, and the tie between head and embedding. Guess before you run
# it: which of them costs most? Each model trains as the first one did.

# %%
def without(*names):
    return {name: array for name, array in start().items() if name not in names}


variants = {
    "everything": curve,
    "no last norm": train(without("gamma", "beta"), steps),
    "no positions": train(without("positions"), steps),
    "head of its own": train(start() | {"head": start()["words"]}, steps),
}
for name, points in variants.items():
    print(f"{name}: held-out loss {points[1][1]:.2f} at step {points[1][0]}, {points[-1][1]:.2f} in the end")
lesson.save(
    line_chart({name: points[1:] for name, points in variants.items()}, xlabel="step", ylabel="held-out loss (nats per word)",
               title="At this size, only the last norm is missed, and most at first"),
    "left_out",
    alt="Held-out loss by training step for four models. All four curves end within a few hundredths of each other, near 0.6, that "
    "without the last norm on top. At step 40 it is far above the others, and has nearly caught up at step 240.",
)
#> everything: held-out loss 1.04 ± 0.15 at step 40, 0.59 ± 0.03 in the end
#> no last norm: held-out loss 1.65 ± 0.45 at step 40, 0.64 ± 0.06 in the end
#> no positions: held-out loss 1.17 ± 0.2 at step 40, 0.6 ± 0.03 in the end
#> head of its own: held-out loss 1.04 ± 0.15 at step 40, 0.53 ± 0.06 in the end

# %% [markdown]
# In our three runs the last norm costs between one and nine hundredths of a nat, the positions none, and a head of its own even gains
# between one and eight. Did you expect that? An ablation tells about one model, one text and one length of training, and no more. What
# each part is for:
#
# - **The last norm** gives the head vectors of one size, whatever the blocks have added up. Without it the first logits are products of
#   two tiny vectors, nearly 0, and so are the gradients: see step 40. The sum in the residual path grows with every block (lesson 07), and
#   ours are two.
# - **The positions** are told twice. Under a causal mask, position t can see how many words there are before it, and models learn order
#   from that alone (lesson 06; Haviv et al. 2022). Without a mask, as in lesson 09's encoder, nothing else tells it.
# - **The tie** saves a table: 4,032 of our 107 thousand numbers, but 38.6 million in the smallest GPT-2, beside 124 million in all. It
#   saves memory; whether it also helps the loss depends on the model, and Press and Wolf found that it did in theirs.
#
# ## Takeaways
#
# - A GPT is: embedding + positions, blocks, a last norm, a head. The backward pass is the same list from the end, a line for a line.
# - A table that is read twice gets two gradients, and they add up: the tied head, queries and keys and values, the residual path.
# - With the same text and the same questions: counting 0.73, a window of twelve words 0.63, a GPT that sees the whole story 0.59.
# - Test that the future is not seen by changing it.
#
# ## Exercises
#
# 1. `count_parameters`: how many numbers a GPT learns, by formula.
# 2. `next_words`: draw the next word for texts of different lengths at once.
# 3. `rms_head_backward`: RMSNorm in place of the last norm, forward given. Its backward isn't in the lesson: derive it.
#
# `python -m minillm check 08`, with `--hint`.
#
# And *predict, then run*: eight heads in place of four (`gpt(..., H=8)`). What becomes of the number of parameters, and which way does the
# loss go? Write your guess down, with the reason, before you change the `H=4` of `gpt`.
#
# ## In the library
#
# The picture names the file of each part, below `minillm/`. `minillm/models/gpt.py` puts them together: its `forward` and `backward` call
# the same parts in the same order, and `minillm/layers/stack.py` runs the blocks. `causal_lm` in `minillm/objectives/causal.py` is the
# loss.
#
# ## In practice
#
# GPT-2 is this model with biases, GELU, and twelve to forty-eight blocks; its smallest has 124 million numbers, ours 107 thousand. Llama
# and its kin put RMSNorm for LayerNorm, rotary positions for the table (lesson 06), a gated feed-forward network, and untie the head: with
# 4,096 numbers to a word and dozens of blocks, one more table hardly counts. The library adds what a real run needs, not what a GPT is:
# biases and dropout, other precisions and devices, a key/value cache to write fast, and names under which the weights are saved.
#
# `python -m minillm one-file --out gpt.py` writes such a GPT as one script of 250 lines, out of the library's own functions: read it
# beside this lesson, and run it on a text of yours.
#
# ## Reading
#
# - Radford et al. 2019, *Language Models are Unsupervised Multitask Learners*: GPT-2, and where it puts its norms (section 2.3).
# - Press and Wolf 2017, *Using the Output Embedding to Improve Language Models*: the tied head.
# - Haviv et al. 2022, *Transformer Language Models without Positional Encodings Still Learn Positional Information*.
# - Karpathy, *Let's build GPT: from scratch, in code, spelled out*: the same tower on a tape (lesson 07), without the backward passes.
