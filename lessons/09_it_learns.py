"""Lesson 09: It learns! (a whole Transformer, its training loop, AdamW)

Question   Do all these parts, put together, really learn something, and can we watch it happen?
You build  cross-attention, and a training loop without a black box: shifted targets, AdamW, warm-up, exact-match accuracy
You need   lessons 02 and 05 to 07
Article    section 4.2 (the Transformer) and its project: the article's class, trained at last
Time       35 s on 2 cores
Figures    09_transformer.png, 09_learning.png, 09_attention_film.png
Run        python lessons/09_it_learns.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 09
"""

# %% [markdown]
# ## 1. A task that one can see
#
# So far we have built parts. Now we put them together and give the machine a job: **read six letters, write them backwards**. `thecat`
# becomes `taceht`. The job is small enough to check every answer by eye, and it has a solution that we can picture: to write letter 1,
# look at letter 6; to write letter 2, look at letter 5. Nobody will tell the model so.
#
# The letters are those of our sentence, *the cat is on the table*. There are far more six-letter words than training will ever show. A
# thousand of them are put aside first. If the model gets those right, it cannot have learned them by heart.

# %%
import functools
import math
import sys

import numpy as np

from minillm import ops
from minillm.course import EXAMPLE, Lesson
from minillm.generation import generate_batch
from minillm.gradcheck import numeric_gradient
from minillm.layers import MultiHeadAttention, SinusoidalPositions
from minillm.models import Transformer
from minillm.plots import attention_over_training, encoder_decoder_diagram, line_chart
from minillm.training import AdamW, learning_rate

lesson = Lesson(9)
letters = sorted(set("".join(EXAMPLE["en"][:-1])))
names = [*letters, "<s>", "</s>"]  # and two marks: start and end of the answer
start, end = len(letters), len(letters) + 1


def spell(ids):
    """Ids (N,) as text."""
    return " ".join(names[i] for i in ids)


probe = np.array([[names.index(letter) for letter in "thecat"]])
numbers = lesson.rng().permutation(len(letters) ** 6)
words = np.stack(np.unravel_index(numbers, [len(letters)] * 6), axis=1)  # every six-letter word once, in random order
words = words[(words != probe).any(axis=1)]  # "thecat" is for looking at, not for training
held_out, known = words[:1000], words[1000:]
print(f"letters {''.join(letters)}: {len(known):,} words to train on, {len(held_out):,} held out")
#> letters abcehilnost: 1,770,560 words to train on, 1,000 held out

# %% [markdown]
# ## 2. Read one text, write another: cross-attention
#
# Two towers do it. The **encoder** reads the source, with no mask: it may look both ways. What leaves it is called the **memory**, a
# vector for each source token. The **decoder** writes, with lesson 05's causal mask. New is one step in each of its blocks: attention
# whose queries come from the decoder, and whose keys and values come from the memory. Each position that is being written asks, and the
# source answers. It is lesson 05's attention but for one letter: T queries, S keys.
#
#     q = y W_q        k = m W_k        v = m W_v        z = softmax(q kᵀ / √K) v
#
# In the backward pass the memory gets two gradients, as a key and as a value, and they add up. (And in a whole decoder one pair from every
# block.)

# %%
def cross_attention(y, memory, Wq, Wk, Wv):
    """y (T, D) of the decoder, memory (S, D) of the encoder -> z (T, D), and what the backward pass needs."""
    q, k, v = y @ Wq, memory @ Wk, memory @ Wv
    p, _ = ops.softmax(q @ k.T / math.sqrt(q.shape[-1]))  # (T, S)
    return p @ v, (q, k, v, p)


def cross_attention_backward(dz, y, memory, Wq, Wk, Wv, saved):
    """dz (T, D) -> the gradients of y, memory, Wq, Wk and Wv."""
    q, k, v, p = saved
    dp, dv = dz @ v.T, p.T @ dz  # z = p v
    ds = p * (dp - (p * dp).sum(axis=-1, keepdims=True)) / math.sqrt(q.shape[-1])  # p = softmax(s / √K)
    dq, dk = ds @ k, ds.T @ q  # s = q kᵀ
    dmemory = dk @ Wk.T + dv @ Wv.T  # k = m Wk, v = m Wv: the memory was read twice
    return dq @ Wq.T, dmemory, y.T @ dq, memory.T @ dk, memory.T @ dv


rng = lesson.rng()
T, S, D = 3, 5, 4  # three letters written, five read
y, dz, memory = rng.standard_normal((T, D)), rng.standard_normal((T, D)), rng.standard_normal((S, D))
inputs = {"y": y, "memory": memory} | {name: rng.standard_normal((D, D)) for name in ("Wq", "Wk", "Wv")}
z, saved = cross_attention(**inputs)
ours = dict(zip(inputs, cross_attention_backward(dz, **inputs, saved=saved)))
errors = [
    np.abs(ours[name] - numeric_gradient(lambda: float((dz * cross_attention(**inputs)[0]).sum()), array)).max()
    for name, array in inputs.items()
]
print(f"weights {saved[3].shape}: a row for each letter written; worst error of {len(errors)} gradients {max(errors):.0e}")
layer = MultiHeadAttention(D, 1, rng, bias=False)  # the library's, with one head that is handed on as it is
for part, array in {"query": inputs["Wq"], "key": inputs["Wk"], "value": inputs["Wv"], "output": np.eye(D)}.items():
    getattr(layer, part).weight.data[:] = array
theirs, saved = layer.forward(y[None], memory[None])
dy, dmemory, _ = layer.backward(dz[None], saved)
for one, other in ((z, theirs[0]), (ours["y"], dy[0]), (ours["memory"], dmemory[0]), (ours["Wk"], layer.key.weight.grad)):
    np.testing.assert_allclose(one, other, atol=1e-12)
#> weights (3, 5): a row for each letter written; worst error of 5 gradients ≤ 1e-7

lesson.save(
    encoder_decoder_diagram(layers=2, title="The article's Transformer: the encoder reads, the decoder writes"),
    "transformer",
    alt="Two towers of boxes. Left the encoder: source embedding, positions added, two blocks of self-attention and feed-forward, each "
    "followed by a sum and a LayerNorm, and a last LayerNorm. Right the decoder, whose blocks have masked self-attention, cross-attention "
    "and feed-forward, then a last LayerNorm and a head. An arrow named memory runs from the top of the encoder into cross-attention.",
)

# %% [markdown]
# In the library it is the same layer, `MultiHeadAttention` in `minillm/layers/attention.py`, called with two different texts. The picture
# has the paper's order of norms, *post-LN*: after each sum (lesson 07); the last LayerNorm of each tower is PyTorch's.
# The model below is built so.
#
# ## 3. What the decoder reads, and what it is asked for
#
# The encoder reads the six letters, in both directions. The decoder writes the answer letter by letter, and reads what it has written.
# While it learns we don't wait for its own letters, which are wrong at first: we let it read the **right** ones, moved on by one place.
# This is called *teacher forcing*. Because of the causal mask no place sees the letter that it is asked for, so all seven places can learn
# at the same time.


# %%
def backwards(source):
    return source[:, ::-1]


def lesson_for(source, answer):
    """source (B, 6) -> what the decoder reads (B, 7), and what it is asked for at each place (B, 7)."""
    column = np.ones((len(source), 1), dtype=int)
    right = answer(source)
    return np.hstack([start * column, right]), np.hstack([right, end * column])


reads, targets = lesson_for(probe, backwards)
print("source        ", spell(probe[0]))
print("decoder reads ", spell(reads[0]))
print("is asked for  ", spell(targets[0]))
#> source         t h e c a t
#> decoder reads  <s> t a c e h t
#> is asked for   t a c e h t </s>


def build(seed=lesson.seed, **choices):
    """A Transformer with two blocks in the encoder, and two in the decoder."""
    return Transformer(len(names), d_model=64, nhead=4, num_layers=2, d_ff=128, dropout=0.0, seed=seed, **choices)


def gradient(model, source, answer):
    """Forward and backward: fills the model's gradient, and returns the loss."""
    reads, targets = lesson_for(source, answer)
    logits, s1 = model.forward(source, reads)
    loss, s2 = ops.cross_entropy(logits, targets)
    model.vector.zero_grad()
    model.backward(ops.cross_entropy_backward(1.0, s2), s1)  # loss = cross_entropy(model(source, reads))
    return float(loss)


model = build()
print(f"{model.vector.data.size:,} numbers to learn")
print(
    f"loss before training {gradient(model, held_out, backwards):.2f}, blind guessing ln {len(names)} = {math.log(len(names)):.2f}"
)
#> 169,357 numbers to learn
#> loss before training 2.80 ± 0.25, blind guessing ln 13 = 2.56

# %% [markdown]
# ## 4. AdamW: the same step for a loud and a quiet gradient
#
# Plain gradient descent moves each weight in proportion to its gradient. Suppose one weight has gradient 1 and another 0.001: the second
# learns a thousand times more slowly, although its direction is just as clear. Adam keeps two running means for each weight, of its
# gradient (m) and of the gradient's square (v), and divides: m / √v. The size cancels. What stays is how *steady* the direction is.
#
# Both means start at 0, so at first both are too small: m by the factor 1 - β1 = 0.1, √v by √(1 - β2) ≈ 0.03. The quotient would be three
# times too large, just when the model knows least. *Bias correction* divides each by what it lacks. And the W in AdamW, *weight decay*,
# pulls the weights of matrices towards 0, beside the gradient and not through it.


# %%
def adamw_step(w, g, m, v, t, lr, decay, beta1=0.9, beta2=0.999, eps=1e-8):
    """Step number t = 1, 2, ...: weights, gradient, running means -> new weights and means, all (N,)."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    w = w - lr * decay * w - lr * m_hat / (np.sqrt(v_hat) + eps)
    return w, m, v


g, zero = np.array([1.0, 0.001]), np.zeros(2)
w, m, v = adamw_step(zero, g, zero, zero, t=1, lr=0.01, decay=0.0)
print("gradient         ", g)
print("SGD would move by", -0.01 * g)
print("Adam moves by    ", w)
print("uncorrected      ", -0.01 * m / (np.sqrt(v) + 1e-8))
#> gradient          [1.    0.001]
#> SGD would move by [-1.e-02 -1.e-05]
#> Adam moves by     [-0.01      -0.0099999]
#> uncorrected       [-0.03162277 -0.03161278]


def decay_of(model, strength=0.1):
    """(N,): the decay of each weight. Only matrices shrink; a bias has no reason to be small."""
    decay = np.zeros_like(model.vector.data)
    for part, is_matrix in model.vector.trainable_slices():
        decay[part] = strength * is_matrix
    return decay


mine, theirs = build(dtype=np.float64), build(dtype=np.float64)
library, decay = AdamW(theirs.vector, betas=(0.9, 0.999), weight_decay=0.1), decay_of(mine)
m = v = np.zeros_like(mine.vector.data)
for t in range(1, 4):
    batch = known[64 * t : 64 * (t + 1)]
    for twin in (mine, theirs):
        gradient(twin, batch, backwards)
    mine.vector.data[:], m, v = adamw_step(mine.vector.data, mine.vector.grad, m, v, t, lr=0.01, decay=decay)
    library.step(lr=0.01)
np.testing.assert_allclose(mine.vector.data, theirs.vector.data, rtol=1e-7, atol=1e-10)
print("after three steps our AdamW equals minillm.training.AdamW")
#> after three steps our AdamW equals minillm.training.AdamW

# %% [markdown]
# ## 5. The loop
#
# Adam's first steps are full-sized, whatever the gradient, and its means know only one batch. So the learning rate climbs for fifty steps
# (*warm-up*), and then comes down along half a cosine, so that the weights can settle.
#
# One number says how good the model is: in how many held-out words is the **whole answer** right? It is stricter than the loss. Here the
# model gets no help: it reads its own letters, whatever they are. Every few steps we also keep where it looks.


# %%
def rate(step, steps, peak, warmup):
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    return peak * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2


for step in range(400):
    assert math.isclose(rate(step, 400, 5e-3, 50), learning_rate(step, 400, peak=5e-3, warmup=50, floor=0.0))


def write(model, source):
    """The model's own answers (B, 6), the likeliest letter each time."""
    prompts = np.full((len(source), 1), start)
    return np.array(generate_batch(model, prompts, 6, cache=model.start(source), temperature=0.0, banned=[start, end]))


def exact(model, answer):
    """In what share of the held-out words all six letters are right."""
    return float((write(model, held_out) == answer(held_out)).all(axis=1).mean())


def train(model, steps, answer=backwards, peak=5e-3, warmup=50, looks=(), every=25):
    """Returns (step, exact answers) and (step, loss) as curves, and the attention (N, T, S) to the probe at the steps `looks`."""
    rng, decay, curve, losses, film = np.random.default_rng((lesson.seed, 1)), decay_of(model), [], [], []
    m = v = np.zeros_like(model.vector.data)
    for step in range(steps + 1):
        if step in looks:
            _, saved = model.forward(probe, lesson_for(probe, answer)[0])
            film.append(saved.decoder.blocks[-1].cross_attention.weights[0].mean(axis=0))
        if step % every == 0:
            curve.append((step, exact(model, answer)))
            print(f"step {step:4}  exact {curve[-1][1]:.3f}", file=sys.stderr)
        if step == steps:
            return curve, losses, np.array(film)
        losses.append((step, gradient(model, known[rng.integers(len(known), size=64)], answer)))
        g = model.vector.grad
        g *= min(1, 1 / np.linalg.norm(g))  # no gradient longer than 1: a single odd batch does no harm
        lr = rate(step, steps, peak, warmup)
        model.vector.data[:], m, v = adamw_step(model.vector.data, g, m, v, step + 1, lr, decay)


steps = 20 if lesson.quick else 400
looks = (0, 5, 10, 20) if lesson.quick else (0, 25, 50, 75, 100, 400)
curve, losses, film = train(model, steps, looks=looks)
print("before training it writes", spell(write(build(), probe)[0]))
print("after training it writes ", spell(write(model, probe)[0]))
print(f"exact answers on held-out words: {curve[-1][1]:.1%}")
#> before training it writes …
#> after training it writes …
#> exact answers on held-out words: 99.8 ± 0.7%

# %% [markdown]
# ## 6. Watch it
#
# The film shows the decoder's attention to the source, in its last block (the mean of its four heads), for a word that training never
# used. The top row is where the first letter is written, and it must look at the last one. At step 0 all letters look alike. Around step
# 50 there is a blurred slope: first or last letters, but not yet which. Then it becomes sharp. From the top right to the bottom left: that
# is "backwards", drawn by the model itself.

# %%
needed = film[:, range(6), range(5, -1, -1)].mean(axis=1)  # the weight on the letter that each place has to write
print(f"attention on the letter that is needed: {needed[0]:.2f} at first, {needed[-1]:.2f} at the end")
#> attention on the letter that is needed: 0.17 ± 0.04 at first, 0.85 ± 0.14 at the end
read = [names[i] for i in reads[0]]
lesson.save(
    attention_over_training(
        film, looks, read, [names[i] for i in probe[0]], title="The decoder finds its way back through the word"
    ),
    "attention_film",
    alt="Six attention maps, from step 0 to the end of training, with what the decoder reads as rows and the letters of the source as "
    "columns. At step 0 all cells are alike. From step 50 on a diagonal from the top right to the bottom left grows, and at the end "
    "it holds nearly all of the weight: each place looks at the letter that it has to write.",
)

# %% [markdown]
# ## 7. What breaks if ...
#
# **... the positions are left out?** The encoder then sees a bag of letters. Look at both numbers: the model still writes the right
# letters, but in a wrong order, since nothing tells it the order.
#
# Does that mean that a Transformer is useless without positions? Give the same crippled model another job: write the letters in
# **alphabetical order**. Now the order of the source is of no account, and it does very well. Positions matter where the task needs them.
#
# **... the causal mask is left out?** Then every place sees the letter that it is asked for, one place to its right. The loss falls faster
# than ever, and the model has learned to copy from the future. When it must write by itself there is no future to copy from.
#
# **... warm-up is left out, at a high learning rate?** The first steps are too large for a model that knows nothing. They throw it to a
# place where it stays.


# %%
class NoPositions(SinusoidalPositions):
    def forward(self, x, start=0):
        return x, None


def in_order(source):
    return np.sort(source, axis=1)


few, more = (10, 10) if lesson.quick else (200, 300)
results = {"everything in place": curve}

blind = build()
blind.positions = NoPositions(64)
results["no positions"], _, _ = train(blind, few)
same_letters = (in_order(write(blind, held_out)) == in_order(held_out)).all(axis=1).mean()
print(
    f"no positions, backwards: exact {results['no positions'][-1][1]:.1%}, the right letters in some order {same_letters:.1%}"
)
#> no positions, backwards: exact 1.0 ± 1.0%, the right letters in some order 98 ± 2.5%

blind = build()
blind.positions = NoPositions(64)
results["no positions, sorting"], _, _ = train(blind, more, answer=in_order)
print(f"no positions, in alphabetical order: exact {results['no positions, sorting'][-1][1]:.1%}")
#> no positions, in alphabetical order: exact 99.0 ± 1.0%

cheat = build()
for block in cheat.decoder:
    block.forward = functools.partial(block.forward, causal=False)
results["no causal mask"], cheating, _ = train(cheat, few)
early = [np.mean([loss for _, loss in run[few // 4 : few // 2]]) for run in (losses, cheating)]
print(f"mean loss of steps {few // 4} to {few // 2}: everything in place {early[0]:.3f}, no causal mask {early[1]:.3f}")
print(f"no causal mask: exact {results['no causal mask'][-1][1]:.1%}, thecat becomes {spell(write(cheat, probe)[0])}")
#> mean loss of steps 50 to 100: everything in place 0.10 ± 0.06, no causal mask 0.02 ± 0.02
#> no causal mask: exact 3 ± 3%, thecat becomes …

with_it, _, _ = train(build(), few, peak=2e-2)
without, _, _ = train(build(), few, peak=2e-2, warmup=0)
print(f"learning rate 0.02: exact {with_it[-1][1]:.1%} with warm-up, {without[-1][1]:.1%} without")
#> learning rate 0.02: exact 98.5 ± 1.5% with warm-up, 0.5 ± 0.5% without
results["no warm-up, rate 0.02"] = without
lesson.save(
    line_chart(
        {name: [(step, 100 * share) for step, share in points] for name, points in results.items()},
        xlabel="step",
        ylabel="exact answers on held-out words (%)",
        title="Leave one thing out, and it does not learn to reverse",
    ),
    "learning",
    alt="Exact answers on held-out words in per cent, by training step. With everything in place the curve climbs from 0 to 100 between "
    "steps 25 and 150. Without positions, without the causal mask, or without warm-up at a high learning rate it stays near the floor. "
    "Without positions, but with letters to sort, it reaches 100 as well.",
)

# %% [markdown]
# ## Takeaways
#
# - Teacher forcing trains all places at once: the decoder reads the right answer moved on by one, and the causal mask keeps it honest.
# - AdamW steps by the steadiness of a gradient, not by its size. Bias correction and warm-up guard the first steps, when little is known.
# - A small loss is not the goal. Let the model work alone on inputs that it has never seen, and count whole answers.
#
# ## Exercises
#
# `python -m minillm check 09` puts `my_exercises/ex09.py` on your desk and checks it; `--hint` helps, `--figure` draws yours beside the
# right answer.
#
# 1. `adamw_step`: one step, with bias correction and decoupled weight decay, for some weights with and some without decay.
# 2. `shift_targets`: from padded answers, what the decoder reads, and what it is asked for; padding is not scored.
# 3. `exact_match`: the share of whole answers that are right, where an answer ends at its end mark.
#
# ## In practice
#
# Translation models of 2017 were trained just so, with sentences in place of letters: six blocks, D = 512, 4,000 steps of warm-up, and
# dropout against learning by heart. The peak of the learning rate is found as above: a few short runs show where training breaks, and it
# is set a few times lower. Pre-LN models (lesson 07) forgive a short warm-up, which is one reason why nearly all large models are built
# so. Teacher forcing has a price: the model never sees its own mistakes while it learns, and may stumble after the first one.
#
# ## Reading
#
# - Vaswani et al. 2017, *Attention Is All You Need*: the model, and its warm-up in section 5.3.
# - Kingma & Ba 2015, *Adam*: algorithm 1, and section 3 on bias correction.
# - Loshchilov & Hutter 2019, *Decoupled Weight Decay Regularization*: what the W is.
# - Xiong et al. 2020, *On Layer Normalization in the Transformer Architecture*: why post-LN needs warm-up.
