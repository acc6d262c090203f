"""Lesson 09: It learns! (a whole Transformer, its training loop, AdamW)

Question   Do all these parts, put together, really learn something, and can we watch it happen?
You build  cross-attention, and the training loop: shifted targets, AdamW, clipping, warm-up, exact-match accuracy
You need   lessons 02 and 05 to 08
Article    section 4.2 (the Transformer) and its project: the article's class, trained at last
Time       85 s on 2 cores
Figures    09_transformer.png, 09_learning.png, 09_attention_film.png
Run        python lessons/09_it_learns.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 09
"""

# %% [markdown]
# ## 1. A task that one can see
#
# Now we build a machine that reads one text and writes another, and give it a job: **read a word, write it backwards**. `thecat` becomes
# `taceht`. The job has a solution that we can picture: to write letter 1, look at the last letter; to write letter 2, look at the last but
# one. And after the last letter, stop. Nobody will tell the model so.
#
# The letters are those of our sentence, *the cat is on the table*. A word is any 3 to 8 of them, and `[PAD]` fills it up to 8. A thousand
# words are put aside first, and training never uses one of these. If the model gets those right, it has not learned them by heart.

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
from minillm.ops import IGNORE
from minillm.plots import attention_over_training, encoder_decoder_diagram, line_chart
from minillm.training import AdamW, learning_rate

lesson = Lesson(9)
letters = sorted(set("".join(EXAMPLE["en"][:-1])))
names = [*letters, "<s>", "</s>", "[PAD]"]  # the last three are no letters: start and end of the answer, and padding
start, end, PAD = range(len(letters), len(names))


def spell(ids):
    """Ids (N,) as text."""
    return " ".join(names[i] for i in ids)


def draw(rng, count):
    """(count, 8): words of 3 to 8 letters, as likely one as the other, and PAD behind them."""
    lengths = rng.integers(3, 9, size=(count, 1))
    return np.where(np.arange(8) < lengths, rng.integers(len(letters), size=(count, 8)), PAD)


def code(words):
    """(N, 8) -> (N,): a number for each word."""
    return words @ len(names) ** np.arange(8)


probe = np.array([[*(names.index(letter) for letter in "thecat"), PAD, PAD]])  # for looking at, not for training
held_out = draw(lesson.rng(), 1000)
aside = code(np.vstack([held_out, probe]))
print(f"letters {''.join(letters)}: {sum(len(letters) ** n for n in range(3, 9)):,} words, {len(held_out):,} of them held out")
#> letters abcehilnost: 235,794,636 words, 1,000 of them held out

# %% [markdown]
# ## 2. Read one text, write another: cross-attention
#
# Two towers do it. The **encoder** reads the source, with no mask. What leaves it is called the **memory**, a vector for each source token.
# The **decoder** writes, with lesson 05's causal mask. New is one step in each of its blocks: attention whose queries come from the
# decoder, and whose keys and values come from the memory. It is lesson 05's attention but for one letter: T queries, S keys.
#
#     q = y W_q        k = m W_k        v = m W_v        z = softmax(q kᵀ / √K) v
#
# In the backward pass the memory gets two gradients, as a key and as a value, and they add up. (And in a whole decoder one pair from
# every block.)

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
# In the library it is the same layer, `MultiHeadAttention` in `minillm/layers/attention.py`, called with two different texts. The picture,
# and the model below, have the paper's order of norms, *post-LN* (lesson 07); the last LayerNorm of each tower is PyTorch's.
#
# ## 3. What the decoder reads, and what it is asked for
#
# The encoder reads the word, in both directions; a mask hides the padding from it, and from cross-attention. The decoder writes the
# answer letter by letter, and reads what it has written. While it learns we let it read the **right** letters, shifted by one place. This
# is called *teacher forcing*. Because of the causal mask no place sees the letter that it is asked for, so all places can learn at the
# same time. After the last letter the model is asked for `</s>`, so that it learns to stop; in the padding it is asked for nothing.


# %%
def backwards(source):
    """(B, 8) -> (B, 8): the letters of each word turned round, the padding behind them again."""
    place = (source != PAD).sum(axis=1, keepdims=True) - 1 - np.arange(8)  # from the last letter down
    return np.where(place >= 0, np.take_along_axis(source, np.maximum(place, 0), axis=1), PAD)


def lesson_for(source, answer):
    """source (B, 8) -> what the decoder reads (B, 9), and what it is asked for at each place (B, 9)."""
    right, rows = answer(source), np.arange(len(source))
    reads, targets = (np.full((len(source), 9), fill) for fill in (start, IGNORE))
    reads[:, 1:] = right
    targets[:, :-1][right != PAD] = right[right != PAD]
    targets[rows, (right != PAD).sum(axis=1)] = end
    return reads, targets


reads, targets = lesson_for(probe, backwards)
print("source        ", spell(probe[0]))
print("decoder reads ", spell(reads[0]))
print("is asked for  ", " ".join("-" if i == IGNORE else names[i] for i in targets[0]))
#> source         t h e c a t [PAD] [PAD]
#> decoder reads  <s> t a c e h t [PAD] [PAD]
#> is asked for   t a c e h t </s> - -


def build(seed=lesson.seed, **choices):
    """A Transformer with two blocks in the encoder, and two in the decoder."""
    return Transformer(len(names), d_model=64, nhead=4, num_layers=2, d_ff=128, dropout=0.0, seed=seed, **choices)


def gradient(model, source, answer):
    """Forward and backward: fills the model's gradient, and returns the loss."""
    reads, targets = lesson_for(source, answer)
    logits, s1 = model.forward(source, reads, source_mask=source != PAD)
    loss, s2 = ops.cross_entropy(logits, targets)
    model.vector.zero_grad()
    model.backward(ops.cross_entropy_backward(1.0, s2), s1)  # loss = cross_entropy(model(source, reads))
    return float(loss)


model = build()
print(f"{model.vector.data.size:,} numbers to learn")
print(f"loss before training {gradient(model, held_out, backwards):.2f}, blind guessing ln {len(names)} = {math.log(len(names)):.2f}")
#> 169,486 numbers to learn
#> loss before training 2.80 ± 0.25, blind guessing ln 14 = 2.64

# %% [markdown]
# ## 4. AdamW: the same step for a loud and a quiet gradient
#
# Plain gradient descent moves each weight in proportion to its gradient. Suppose one weight has gradient 1 and another 0.001: the second
# learns a thousand times more slowly, although its direction is just as clear. Adam keeps two running means for each weight, of its
# gradient (m) and of the gradient's square (v), and divides: m / √v. The size cancels. What stays is how *steady* the direction is.
#
# Both means start at 0, so at first both are too small: after t steady steps m has 1 - β1ᵗ of its value, and √v has √(1 - β2ᵗ) of its
# own. *Bias correction* divides each by what it lacks. And the W in AdamW, *weight decay*, pulls the weights of matrices towards 0,
# beside the gradient and not through it. β1 = 0.9 and β2 = 0.99 are this library's values; the paper has 0.999 for β2.


# %%
def adamw_step(w, g, m, v, t, lr, decay, beta1=0.9, beta2=0.99, eps=1e-8):
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
for beta2 in (0.99, 0.999):
    factors = ", ".join(f"{(1 - 0.9**t) / math.sqrt(1 - beta2**t):.1f} at step {t}" for t in (1, 10, 100, 1000))
    print(f"uncorrected, with β2 = {beta2}, a step is too long by the factor {factors}")
#> gradient          [1.    0.001]
#> SGD would move by [-1.e-02 -1.e-05]
#> Adam moves by     [-0.01      -0.0099999]
#> uncorrected, with β2 = 0.99, a step is too long by the factor 1.0 at step 1, 2.1 at step 10, 1.3 at step 100, 1.0 at step 1000
#> uncorrected, with β2 = 0.999, a step is too long by the factor 3.2 at step 1, 6.5 at step 10, 3.2 at step 100, 1.3 at step 1000


def decay_of(model, strength=0.1):
    """(N,): the decay of each weight. Only matrices shrink; a bias has no reason to be small."""
    decay = np.zeros_like(model.vector.data)
    for part, is_matrix in model.vector.trainable_slices():
        decay[part] = strength * is_matrix
    return decay


mine, theirs = build(dtype=np.float64), build(dtype=np.float64)
library, decay = AdamW(theirs.vector), decay_of(mine)
m = v = np.zeros_like(mine.vector.data)
for t in range(1, 4):
    for twin in (mine, theirs):
        gradient(twin, held_out[64 * t : 64 * (t + 1)], backwards)
    mine.vector.data[:], m, v = adamw_step(mine.vector.data, mine.vector.grad, m, v, t, lr=0.01, decay=decay)
    library.step(lr=0.01)
np.testing.assert_allclose(mine.vector.data, theirs.vector.data, rtol=1e-7, atol=1e-10)
print("after three steps our AdamW equals minillm.training.AdamW")
#> after three steps our AdamW equals minillm.training.AdamW

# %% [markdown]
# ## 5. The loop
#
# Two things more belong to the recipe. The learning rate climbs for fifty steps (*warm-up*), and then comes down along half a cosine. And a
# gradient that is longer than 1 is made as short as that (*clipping*). What each of them is good for here, section 7 tries.
#
# One number says how good the model is: in how many held-out words is the **whole answer** right, its end too? Here the model gets no
# help: it reads its own letters, whatever they are, and stops when it writes `</s>`. On the way we also keep where it looks.


# %%
def rate(step, steps, peak, warmup):
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    return peak * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2


for step in range(400):
    assert math.isclose(rate(step, 400, 5e-3, 50), learning_rate(step, 400, peak=5e-3, warmup=50, floor=0.0))


def write(model, source):
    """The model's own answers, the likeliest letter each time: (B, 8), of which PAD stands behind the end. None is longer than 9."""
    prompts, cache = np.full((len(source), 1), start), model.start(source, source_mask=source != PAD)
    answers = generate_batch(model, prompts, 9, cache=cache, temperature=0.0, eos=[end], banned=[start, PAD])
    return np.array([answer + [PAD] * (9 - len(answer)) for answer in answers])


def exact(model, answer):
    """In what share of the held-out words all letters are right, and no more of them."""
    right = np.pad(answer(held_out), ((0, 0), (0, 1)), constant_values=PAD)
    return float((write(model, held_out) == right).all(axis=1).mean())


def train(model, steps, answer=backwards, peak=5e-3, warmup=50, update=adamw_step, longest=1.0, looks=(), every=100):
    """Returns (step, exact answers) and (step, loss) as curves, and the attention (N, T, S) to the probe at the steps `looks`."""
    rng, decay, curve, losses, film = np.random.default_rng((lesson.seed, 1)), decay_of(model), [], [], []
    m = v = np.zeros_like(model.vector.data)
    for step in range(steps + 1):
        if step in looks:
            _, saved = model.forward(probe, lesson_for(probe, answer)[0], source_mask=probe != PAD)
            film.append(saved.decoder.blocks[-1].cross_attention.weights[0, :, :7, :6].mean(axis=0))
        if step % every == 0:
            curve.append((step, exact(model, answer)))
            print(f"step {step:4}  exact {curve[-1][1]:.3f}", file=sys.stderr)
        if step == steps:
            return curve, losses, np.array(film)
        batch = draw(rng, 64)
        batch = batch[~np.isin(code(batch), aside)]
        losses.append((step, gradient(model, batch, answer)))
        g = model.vector.grad
        g *= min(1, longest / np.linalg.norm(g))
        lr = rate(step, steps, peak, warmup)
        model.vector.data[:], m, v = update(model.vector.data, g, m, v, step + 1, lr, decay)


steps = 20 if lesson.quick else 500
looks = (0, 5, 10, 20) if lesson.quick else (0, 50, 100, 150, 200, 500)
curve, losses, film = train(model, steps, looks=looks, every=10 if lesson.quick else 50)
print("before training it writes", spell(write(build(), probe)[0]))
print("after training it writes ", spell(write(model, probe)[0]))
print(f"exact answers on held-out words: {curve[-1][1]:.1%}; it has read {64 * steps:,} words")
#> before training it writes …
#> after training it writes …
#> exact answers on held-out words: 99 ± 1%; it has read 32,000 words

# %% [markdown]
# ## 6. Watch it
#
# The film shows the decoder's attention to the source, in its last block (the mean of its four heads), for a word that training never
# used. The top row is where the first letter is written. At step 0 all letters look alike. Then it becomes sharp, from the top right to
# the bottom left: that is "backwards", drawn by the model itself. In the last row nothing is left to write but `</s>`.

# %%
needed = film[:, range(6), range(5, -1, -1)].mean(axis=1)  # the weight on the letter that each place has to write
print(f"attention on the letter that is needed: {needed[0]:.2f} at first, {needed[-1]:.2f} at the end")
#> attention on the letter that is needed: 0.17 ± 0.04 at first, 0.8 ± 0.2 at the end
lesson.save(
    attention_over_training(
        film, looks, [names[i] for i in reads[0, :7]], [names[i] for i in probe[0, :6]],
        title="The decoder finds its way back through the word",
    ),
    "attention_film",
    alt="Six attention maps, from step 0 to the end of training, with what the decoder reads as rows and the letters of the source as "
    "columns. At step 0 all cells are alike. Then a diagonal from the top right to the bottom left grows, and at the end "
    "it holds most of the weight: each place looks at the letter that it has to write.",
)

# %% [markdown]
# When the model writes, it reads its own letters. What if one of them is wrong? Give it a wrong first letter to read, and see whether the
# second one is right all the same. (The source still says what it should be.)

# %%
source, (reads, targets) = held_out, lesson_for(held_out, backwards)
slips = reads.copy()
slips[:, 1] = (slips[:, 1] + 1) % len(letters)
for name, given in (("right", reads), ("wrong", slips)):
    guesses = model.forward(source, given, source_mask=source != PAD)[0][:, 1].argmax(axis=-1)
    print(f"after a {name} first letter the second one is right in {(guesses == targets[:, 1]).mean():.0%} of the words")
#> after a right first letter the second one is right in 100 ± 1% of the words
#> after a wrong first letter the second one is right in 70 ± 25% of the words

# %% [markdown]
# So one mistake may cause the next. The model has never read a wrong letter while it learned; this is called *exposure bias*.
#
# ## 7. What breaks if ...
#
# Each line below differs from the first in one thing, or in two where it says so. All begin with the same weights, see the same words, and
# train for 200 steps. Write your guesses down first.
#
# - **Warm-up**, at our rate and at four times our rate.
# - **Bias correction**: `adamw_step` with t = ∞ corrects nothing. With the paper's β2 there is more to correct.
# - **Adam itself**: plain gradient descent with *momentum*, m = 0.9 m + g, and w = w - lr m. It needs a rate of its own, 0.1.
# - **Clipping**.
# - **The causal mask**: then every place sees the letter that it is asked for, one place to its right.
# - **The positions**, in the encoder or in the decoder.


# %%
class NoPositions(SinusoidalPositions):
    def forward(self, x, start=0):
        return x, None


def unplaced(model, *methods):
    """The model; while one of these methods of it runs, no positions are added."""

    def wrap(method):
        def call(*arguments, **options):
            placed, model.positions = model.positions, NoPositions(64)
            try:
                return method(*arguments, **options)
            finally:
                model.positions = placed

        return call

    for name in methods:
        setattr(model, name, wrap(getattr(model, name)))
    return model


def unmasked(model):
    for block in model.decoder:
        block.forward = functools.partial(block.forward, causal=False)
    return model


def uncorrected(w, g, m, v, t, lr, decay, beta2=0.99):
    return adamw_step(w, g, m, v, math.inf, lr, decay, beta2=beta2)


def momentum_step(w, g, m, v, t, lr, decay):
    m = 0.9 * m + g
    return w - lr * m, m, v


def in_order(source):
    return np.sort(source, axis=1)  # PAD is the largest number


few = 10 if lesson.quick else 200
rows = {
    "everything in place": (build(), {}),
    "no warm-up": (build(), {"warmup": 0}),
    "four times the rate": (build(), {"peak": 2e-2}),
    "four times the rate, no warm-up": (build(), {"peak": 2e-2, "warmup": 0}),
    "no bias correction": (build(), {"update": uncorrected}),
    "no bias correction, no warm-up": (build(), {"update": uncorrected, "warmup": 0}),
    "the same with β2 = 0.999": (build(), {"update": functools.partial(uncorrected, beta2=0.999), "warmup": 0}),
    "momentum, rate 0.1": (build(), {"update": momentum_step, "peak": 0.1}),
    "no clipping": (build(), {"longest": math.inf}),
    "no causal mask": (unmasked(build()), {}),
    "no positions in the encoder": (unplaced(build(), "encode"), {}),
    "no positions in the decoder": (unplaced(build(), "decode", "extend"), {}),
    "no positions, in alphabetical order": (unplaced(build(), "encode", "decode", "extend"), {"answer": in_order}),
}
results = {}
for name, (other, options) in rows.items():
    print(name, file=sys.stderr)
    points, losses, _ = train(other, few, **options, every=few // 2)
    results[name] = losses
    last = np.mean([loss for _, loss in losses[-20:]])
    print(f"{name}: loss {last:.2f}, exact {points[1][1]:.0%} at step {points[1][0]} and {points[2][1]:.0%} at step {few}")
#> everything in place: loss 0.01 ± 0.03, exact 60 ± 30% at step 100 and 98 ± 3% at step 200
#> no warm-up: loss 0.01 ± 0.03, exact 75 ± 20% at step 100 and 98 ± 3% at step 200
#> four times the rate: loss 0.03 ± 0.1, exact 25 ± 25% at step 100 and 95 ± 5% at step 200
#> four times the rate, no warm-up: loss 2.4 ± 0.2, exact 0% at step 100 and 0% at step 200
#> no bias correction: loss 0.01 ± 0.03, exact 65 ± 30% at step 100 and 98 ± 3% at step 200
#> no bias correction, no warm-up: loss 0.02 ± 0.05, exact 60 ± 30% at step 100 and 98 ± 3% at step 200
#> the same with β2 = 0.999: loss 2.4 ± 0.2, exact 0% at step 100 and 0% at step 200
#> momentum, rate 0.1: loss 0.05 ± 0.1, exact 50 ± 30% at step 100 and 95 ± 5% at step 200
#> no clipping: loss 0.01 ± 0.03, exact 60 ± 30% at step 100 and 98 ± 3% at step 200
#> no causal mask: loss 0.00 ± 0.01, exact 1 ± 2% at step 100 and 1 ± 2% at step 200
#> no positions in the encoder: loss 1.0 ± 0.2, exact 2 ± 2% at step 100 and 3 ± 3% at step 200
#> no positions in the decoder: loss 0.02 ± 0.05, exact 50 ± 35% at step 100 and 97 ± 4% at step 200
#> no positions, in alphabetical order: loss 0.1 ± 0.1, exact 50 ± 20% at step 100 and 85 ± 15% at step 200

CURVE = 10  # steps to a point
recipe = [name for name in results if not any(part in name for part in ("mask", "positions", "clipping", "the same"))]
curves = {
    name: [(step, np.mean([loss for _, loss in results[name][step : step + CURVE]])) for step in range(0, few, CURVE)]
    for name in recipe
}
lesson.save(
    line_chart(
        curves, xlabel="step", ylabel=f"loss (nats per letter, means of {CURVE} steps)", log_y=True,
        title="At a rate of 0.005 the recipe hardly matters; at 0.02 warm-up decides",
    ),
    "learning",
    alt="The training loss of seven runs by step, on a logarithmic axis. Six fall from 2.5 to a few hundredths and below: with everything "
    "in place, without warm-up, without bias correction, without both, at four times the rate, and by momentum. Only the run at four "
    "times the rate without warm-up stays at 2.5.",
)

# %% [markdown]
# - **Warm-up** even slows it down at our rate. At four times the rate nothing works without it: the first steps throw the model to a
#   place where it stays. So warm-up buys a larger rate.
# - **Bias correction** costs nothing to leave out with β2 = 0.99. With 0.999 the first steps are three to six times too long, and without
#   warm-up that is fatal, as at four times the rate. Warm-up and bias correction guard the same thing, the first steps.
# - **Momentum** does nearly as well as Adam here: all letters are equally frequent, so there is no quiet gradient. In a language most
#   words are rare, and Adam pulls ahead of gradient descent just there (Kunstner et al. 2024).
# - **The causal mask**: the loss is the smallest of all, and the model has learned to copy from a future that isn't there when it writes.
# - **Positions** must be told to the encoder, which otherwise sees a bag of letters. The decoder finds out by itself, by its causal mask
#   (lesson 06). And where the task doesn't need the order, as in sorting, it learns without any.
#
# ## Takeaways
#
# - Teacher forcing trains all places at once: the decoder reads the right answer shifted by one, and the causal mask keeps it honest.
# - AdamW steps by the steadiness of a gradient, not by its size. Bias correction and warm-up guard the first steps, when little is known.
# - Try what a part is for by taking away that part alone. Let the model work alone on inputs that it has never seen, and count answers.
#
# ## Exercises
#
# `python -m minillm check 09`, with `--hint` and `--figure`.
#
# 1. `adamw_step`: one step, with bias correction and decoupled weight decay, for some weights with and some without decay.
# 2. `shift_targets`: from padded answers, what the decoder reads, and what it is asked for; padding is not scored.
# 3. `exact_match`: the share of whole answers that are right, where an answer ends at its end mark. It isn't in the lesson.
#
# And *predict, then run*: draw words of exactly eight letters to train on, and judge by the same held-out words of three to eight. Which
# lengths will it get right, and what will it write for `cat`?
#
# ## In practice, and in the library
#
# `minillm/models/transformer.py` is the model, `minillm/layers/attention.py` its attention, with `memory` for keys and values.
# `minillm/training/optimizers.py` has AdamW and clipping, `schedules.py` the rates, and `trainer.py` the loop: lesson 10 uses it.
#
# Translation models of 2017 were trained just so, with sentences in place of letters: six blocks, D = 512, 4,000 steps of warm-up, and
# dropout. Pre-LN models (lesson 07) can do without the warm-up that post-LN ones need (Xiong et al. 2020).
#
# ## Reading
#
# - Vaswani et al. 2017, *Attention Is All You Need*: the model, and its warm-up in section 5.3. Xiong et al. 2020, *On Layer Normalization
#   in the Transformer Architecture*: why post-LN needs it.
# - Kingma & Ba 2015, *Adam*: algorithm 1. Loshchilov & Hutter 2019, *Decoupled Weight Decay Regularization*: what the W is.
# - Kunstner et al. 2024, *Heavy-Tailed Class Imbalance and Why Adam Outperforms Gradient Descent on Language Models*. Bengio et al. 2015,
#   *Scheduled Sampling*: letting it read its own letters.
