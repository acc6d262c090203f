"""Lesson 12: Read its mind, carefully (maps, lenses, and taking heads away)

Question   An attention map shows where a model looks. Does it show why it answers as it does?
You build  a forward pass that keeps what it computes, rollout, the logit lens and a probe, scores of heads, and ablation
You need   lessons 05, 07, 08 and 10
Article    section 4.1, self-attention: is a weight the importance of a word?
Time       40 s on 2 cores
Figures    12_rollout.png, 12_logit_lens.png, 12_scores.png, 12_ablation.png, 12_stories.png, 12_heads.html
Run        python lessons/12_read_its_mind.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 12
"""

# %% [markdown]
# ## 1. A model to look into
#
# The article says: a weight α is *the importance of word j for word i*. That is a claim, and in this lesson we test it. First we need a
# mind to read, and we train our own: two layers with four heads each.
#
# It gets two kinds of text: the stories that we know, one row in three, and **chants**: a few words drawn at random, said again and
# again, as in *tom cup sings under tom cup sings under tom*. Which word comes first is pure chance. But from the second round on, whoever
# looks back finds the answer: see what came after *tom* last time. No table of pairs helps, since each chant has its own pairs.
#
# One change to lesson 10. GPT-2's first weights (0.02) are made for 768 columns. In 64 columns the first scores are nearly 0, every head
# looks evenly at everything, and needs long to notice that it could look at single words. So queries and keys begin four times as large.

# %%
import itertools
import math
import sys

import numpy as np

from minillm import ops
from minillm.course import Lesson, write_stories
from minillm.models import GPT, GPTConfig
from minillm.ops import IGNORE
from minillm.plots import attention_rollout, logit_lens, matrix_maps, rollout_maps, save_html
from minillm.text import CausalBatch
from minillm.training import Trainer, TrainOptions

lesson = Lesson(12)
T, L, H = 48, 2, 4  # places, layers, heads
stories = write_stories(3000, seed=lesson.seed)
words = sorted({word for story in stories for word in story})
V = len(words)
number = {word: i for i, word in enumerate(words)}
stream = np.array([number[word] for story in stories for word in story])
told = np.array([number[word] for story in write_stories(300, seed=1000 + lesson.seed) for word in story])


def chants(rng, count):
    """(count, T + 1): in each row 6 to 16 different words, again and again until the row is full; and how many they are, (count,)."""
    sizes = rng.integers(6, 17, size=count)
    return np.array([np.resize(rng.permutation(V)[:size], T + 1) for size in sizes]), sizes


class StoriesAndChants:
    def batch(self, rng, size):
        starts = rng.integers(len(stream) - T - 1, size=size // 3)
        rows = np.concatenate([stream[starts[:, None] + np.arange(T + 1)], chants(rng, size - size // 3)[0]])
        return CausalBatch(inputs=rows[:, :-1], targets=rows[:, 1:])

    def validation_batches(self, size):
        yield CausalBatch(inputs=story_ids, targets=story_targets)


tested = 30 if lesson.quick else 200
rows = told[: len(told) // (T + 1) * (T + 1)].reshape(-1, T + 1)[:tested]  # held-out stories
story_ids, story_targets = rows[:, :-1], rows[:, 1:]
chant_rows, sizes = chants(np.random.default_rng((lesson.seed, 1)), tested)  # chants that training never used
later = np.arange(T) >= sizes[:, None]  # from the second round on
chant_ids, chant_targets = chant_rows[:, :-1], np.where(later, chant_rows[:, 1:], IGNORE)  # only what can be known counts


def build():
    model = GPT(GPTConfig(V, context=T, layers=L, heads=H, d_model=64), seed=lesson.seed)
    for block in model.blocks:
        block.attention.query.weight.data[:] *= 4
        block.attention.key.weight.data[:] *= 4
    return model


model = build()
options = TrainOptions(
    steps=2 if lesson.quick else 1200, batch=24, lr=8e-3, warmup=50, eval_every=200, workers=2, seed=lesson.seed
)
for progress in Trainer(model, StoriesAndChants(), options).run():
    if progress.validation is not None:
        print(f"step {progress.step}: held-out stories {progress.validation:.3f}", file=sys.stderr)

# %% [markdown]
# ## 2. A forward pass that keeps what it computes
#
# This is the whole forward pass of a GPT, written out with the library's parts, so that we can look in at every place and reach in at
# one. It keeps what stands on the residual path after each layer (`states`), and all attention maps. And it can take a head away.
#
# How does one take a head away? Each head writes K = 16 numbers at every place. The numbers of all heads stand side by side, and the
# output projection multiplies them by one matrix. Its first 16 rows belong to head 0, the next 16 to head 1, and so on:
#
#     (h0 h1 h2 h3) W  =  h0 W[0:16] + h1 W[16:32] + h2 W[32:48] + h3 W[48:64]
#
# Each head adds its own part to the residual path. Set a head's 16 numbers to zero, and exactly its part is gone. That is **ablation**.


# %%
def look(ids, without=(), model=model):
    """ids (B, T) -> logits (B, T, V), maps (L, B, H, T, T), states: L + 1 arrays (B, T, D). `without`: pairs (layer, head)."""
    x = model.positions.forward(model.embedding.forward(ids)[0])[0]
    maps, states = [], [x]
    for layer, block in enumerate(model.blocks):
        a = block.attention
        n = block.norm1.forward(x)[0]
        q, k, v = (a.split(linear.forward(n)[0]) for linear in (a.query, a.key, a.value))
        h, saved = ops.attention(q, k, v, causal=True)  # (B, H, T, K): each head alone
        there = np.array([(layer, head) not in without for head in range(H)])
        h = h * there[:, None, None]  # times 1, or times 0
        x = x + a.output.forward(a.merge(h))[0]
        x = x + block.ffn.forward(block.norm2.forward(x)[0])[0]
        maps.append(saved.weights)
        states.append(x)
    return model.head.forward(model.norm.forward(x)[0])[0], np.array(maps), states


def loss(ids, targets, without=()):
    return float(ops.cross_entropy(look(ids, without)[0], targets)[0])


logits, maps, states = look(chant_ids)
theirs, saved = model.forward(chant_ids)
np.testing.assert_allclose(logits, theirs, atol=1e-4)
np.testing.assert_allclose(maps[1], saved.blocks[1].attention.weights, atol=1e-5)

attention, h = model.blocks[0].attention, np.random.default_rng(0).standard_normal((1, H, 5, 16))
matrix = attention.output.weight.data
parts = sum(h[:, head] @ matrix[16 * head : 16 * (head + 1)] for head in range(H))
np.testing.assert_allclose(parts, attention.merge(h) @ matrix, atol=1e-6)

right = logits.argmax(axis=-1) == chant_targets
print(f"stories: loss {loss(story_ids, story_targets):.2f}, blind guessing {math.log(V):.2f}")
print(f"chants from the second round on: loss {loss(chant_ids, chant_targets):.2f}, ", end="")
print(f"right {right[chant_targets != IGNORE].mean():.0%}")
#> stories: loss 0.66 ± 0.05, blind guessing 4.13
#> chants from the second round on: loss 0.04 ± 0.06, right 98 ± 3%

# %% [markdown]
# It can chant. How does it do that? Here is one chant to look at, with all eight maps as a page: open `12_heads.html` in a browser, and
# point at the words.

# %%
chant = ["tom", "cup", "sings", "under", "red", "tree"] * 2 + ["tom"]
ids = np.array([[number[word] for word in chant]])
logits, maps, states = look(ids)
one = maps[:, 0]  # (L, H, T, T)
save_html(
    lesson.path("heads.html"), one, chant, causal=True, title=lesson.translated("Eight heads read a chant"),
    alt=lesson.translated("The attention of two layers with four heads each over a chant of six words that is said twice."),
)
print(f"after the last tom it says: {words[logits[0, -1].argmax()]}")
#> after the last tom it says: cup

# %% [markdown]
# ## 3. Rollout: one map for all layers
#
# In layer 1 a head does not look at words. It looks at places, and layer 0 has already mixed other words into these. **Rollout**
# multiplies the maps through. It assumes that a layer passes on half of what it reads by attention, and half unchanged on the residual
# path: A = (mean of heads + I) / 2. Two layers give A₁ A₀: first layer 0, then layer 1. With two words, on paper:
#
#     heads' mean  1    0        A  1     0         A A  1       0
#                  0.5  0.5         0.25  0.75           0.4375  0.5625


# %%
def rollout(weights):
    """weights (L, H, T, T) -> (T, T): of which words each place is made in the end. Each row sums to one."""
    mixed = np.eye(weights.shape[-1])
    for layer in weights:
        passed = layer.mean(axis=0) + np.eye(len(mixed))
        mixed = passed / passed.sum(axis=-1, keepdims=True) @ mixed
    return mixed


half = np.array([[1, 0], [0.5, 0.5]])
print("by hand:", rollout(np.array([[half], [half]]))[1])
#> by hand: [0.4375 0.5625]
np.testing.assert_allclose(rollout(one), attention_rollout(one))
lesson.save(
    rollout_maps(one, chant, causal=True, title="Rollout: of which words each place is made"), "rollout",
    alt="Two triangular maps over a chant: the last layer's mean attention, and the rollout through both layers. The rollout is "
    "brighter on the diagonal, because half of everything stays where it is, and it spreads over many words.",
)

# %% [markdown]
# Is that importance? Let us ask the model itself. The right answer after the last *tom* is *cup*. We swap one word of the chant for
# *bed*, and see how far the probability of *cup* falls. Such an experiment knows nothing of attention. It only counts what happens.

# %%
def probability(ids):
    return float(ops.softmax(look(ids)[0][0, -1].astype(np.float64))[0][number["cup"]])


falls = np.zeros(len(chant) - 1)
for place in range(len(falls)):
    swapped = ids.copy()
    swapped[0, place] = number["bed"]
    falls[place] = probability(ids) - probability(swapped)
shares, idle = rollout(one)[-1, :-1], np.abs(falls) < 0.05
print(f"the word whose swap hurts most: {chant[falls.argmax()]}, at place {falls.argmax()}")
print(f"swaps that change next to nothing: {idle.sum()} of {len(falls)}; the rollout's share of their places: {shares[idle].sum():.2f}")
print(f"how well the two agree over all places: correlation {np.corrcoef(shares, falls)[0, 1]:.2f}")
#> the word whose swap hurts most: cup, at place 1
#> swaps that change next to nothing: 10 ± 2 of 12; the rollout's share of their places: 0.4 ± 0.2
#> how well the two agree over all places: correlation 0.6 ± 0.2

# %% [markdown]
# The two agree in part; much of the map's weight lies on words that one may swap and lose nothing. But that is one chant, and one word
# put in. Ask forty, with a random word at each place, and beside the rollout the plain map of the last layer, the mean of its heads.

# %%
draw, rolled, plain, fallen = lesson.rng(), [], [], []
for row, right in zip(chant_ids[:40], chant_targets[:40, -1]):
    variants = np.repeat(row[None], len(row), axis=0)  # row i has another word at place i, and the last row none
    places = np.arange(len(row) - 1)
    variants[places, places] = draw.integers(V, size=len(places))
    scored, maps, _ = look(variants)
    p, maps = ops.softmax(scored[:, -1].astype(np.float64))[0][:, right], maps[:, -1]
    rolled.append(rollout(maps)[-1, :-1])
    plain.append(maps[-1].mean(axis=0)[-1, :-1])
    fallen.append(p[-1] - p[:-1])
for name, shares in {"rollout": rolled, "the last layer's mean map": plain}.items():
    print(f"{name}: correlation with the falls over 40 chants {np.corrcoef(np.ravel(shares), np.ravel(fallen))[0, 1]:.2f}")
#> rollout: correlation with the falls over 40 chants 0.78 ± 0.12
#> the last layer's mean map: correlation with the falls over 40 chants 0.8 ± 0.15

# %% [markdown]
# Here the plain map does about as well. Rollout leaves half of each place's share at home, layer by layer, because it supposes so; the
# model need not. A map through all layers is not better for being through all layers: ask the model.
#
# ## 4. The logit lens: what would it say after each layer?
#
# The head turns the last state into scores for words. Nothing forbids us to give it an earlier state. One thing is easily forgotten: the
# head has only ever seen states that went through the **final LayerNorm**. Give it the same.


# %%
def lens(states, norm=True):
    """The probabilities of the next word after each state, (L + 1, B, T, V)."""
    return np.array(
        [ops.softmax(model.head.forward(model.norm.forward(x)[0] if norm else x)[0])[0] for x in states]
    )


p = lens(states)[:, 0]
np.testing.assert_allclose(p[-1], ops.softmax(logits)[0][0], rtol=1e-4)
lesson.save(
    logit_lens(
        p.max(axis=-1), [[words[i] for i in row] for row in p.argmax(axis=-1)], chant,
        layers=["the word", "layer 0", "layer 1"], title="The answer comes in the last layer",
    ),
    "logit_lens",
    alt="A table of guesses for the next word, a row after each layer. Before any layer each word guesses itself, since head and "
    "embedding are one table; layer 0 has guesses from the stories, and after layer 1, from the second round on, the guesses are the "
    "next words of the chant.",
)
states = look(chant_ids)[2]
NAMES = ("the word alone", "layer 0", "layer 1")
known = chant_targets != IGNORE
for name, guesses in zip(NAMES, lens(states).argmax(axis=-1)):
    print(f"after {name}: {(guesses == chant_targets)[known].mean():.0%} of the chants right")
#> after the word alone: 1 ± 2% of the chants right
#> after layer 0: 3 ± 4% of the chants right
#> after layer 1: 98 ± 3% of the chants right

# %% [markdown]
# Is the answer not there after layer 0, or can't the head read it? The lens can't tell, for the head was made for the last state. So give
# each state a reader of its own: a **linear probe**, one matrix that is fitted to the states of other chants by least squares. It needs a
# baseline. States of a model that has learned nothing hold something as well, and only what the probe finds beyond that was learned. We
# ask for two words: the next one, and the one *before*.

# %%
fit_rows, fit_sizes = chants(np.random.default_rng((lesson.seed, 2)), 400)
fit_ids, fit_later = fit_rows[:, :-1], np.arange(T) >= fit_sizes[:, None]


def probe(fitted, y, judged, answers):
    """States (N, D) and their words (N,), twice: fit a matrix to the first ones; the share of right answers on the others."""
    fitted, judged = (np.hstack([x, np.ones((len(x), 1))]).astype(np.float64) for x in (fitted, judged))
    w = np.linalg.solve(fitted.T @ fitted + 0.01 * np.eye(fitted.shape[1]), fitted.T @ np.eye(V)[y])
    return (judged @ w).argmax(axis=1) == answers


def before(ids):
    return np.roll(ids, 1, axis=1)  # place 0 gets nonsense, and is never asked for


for kind, other in {"trained": model, "untrained": build()}.items():
    fitted, judged = (look(ids, model=other)[2] for ids in (fit_ids, chant_ids))
    for name, x, z in zip(NAMES, fitted, judged):
        ahead = probe(x[fit_later], fit_rows[:, 1:][fit_later], z[later], chant_rows[:, 1:][later])
        back = probe(x[fit_later], before(fit_ids)[fit_later], z[later], before(chant_ids)[later])
        print(f"{kind}, after {name}: a probe finds the next word in {ahead.mean():.0%}, the word before in {back.mean():.0%}")
#> trained, after the word alone: a probe finds the next word in 2 ± 2%, the word before in 2 ± 2%
#> trained, after layer 0: a probe finds the next word in 4 ± 4%, the word before in 35 ± 20%
#> trained, after layer 1: a probe finds the next word in 98 ± 3%, the word before in 25 ± 20%
#> untrained, after the word alone: a probe finds the next word in 2 ± 2%, the word before in 2 ± 2%
#> untrained, after layer 0: a probe finds the next word in 2 ± 2%, the word before in 3 ± 3%
#> untrained, after layer 1: a probe finds the next word in 2 ± 2%, the word before in 3 ± 3%

# %% [markdown]
# So the lens told the truth: after layer 0 no linear reader finds the next word either. What layer 0 has written there is something of
# the word *before*: a probe finds it at about one place in three, and in a model that has learned nothing at one in fifty.
#
# ## 5. Give every head a score
#
# Eight maps can be looked at. Real models have thousands. So we ask each head for a number, and look for three habits that others have
# found in their models (Olsson et al. 2022; Xiao et al. 2023 for the second):
#
# - *previous token*: how much it looks at the word just before,
# - *first token*: how much it looks at place 0,
# - *induction*: the place after an earlier copy of the present word. Reading *tom*, it looks at what came after *tom* last time.


# %%
def previous_token(maps):
    """maps (L, B, H, T, T) -> (L, H), the mean weight one place to the left."""
    return np.diagonal(maps, offset=-1, axis1=-2, axis2=-1).mean(axis=(1, 3))


def first_token(maps):
    return maps[..., 1:, 0].mean(axis=(1, 3))


def induction(maps, ids):
    """The mean weight on all places that follow an earlier copy of the present word, where there is one."""
    copies = np.tril(ids[:, :, None] == ids[:, None, :], -1)  # [b, t, j]: word j is word t, and earlier
    after = np.zeros_like(copies)
    after[:, :, 1:] = copies[:, :, :-1]
    weight = np.einsum("lbhtj,btj->lhbt", maps, after)
    return weight[..., after.any(axis=-1)].mean(axis=-1)


maps = look(chant_ids)[1]
scores = {"previous token": previous_token(maps), "first token": first_token(maps), "induction": induction(maps, chant_ids)}
best = {name: np.unravel_index(score.argmax(), score.shape) for name, score in scores.items()}
for name in ("previous token", "induction"):
    layer, head = best[name]
    print(f"best at {name}: a head of layer {layer}, score {scores[name][layer, head]:.2f}")
#> best at previous token: a head of layer 0, score 0.46 ± 0.15
#> best at induction: a head of layer 1, score 0.95 ± 0.06
first = maps[1, :, :, 1:, 0].mean(axis=1)  # layer 1, the mean of its heads: (B, T - 1)
print(f"layer 1 looks at place 0: {first[~later[:, 1:]].mean():.2f} in the first round, {first[later[:, 1:]].mean():.2f} from then on")
#> layer 1 looks at place 0: 0.8 ± 0.2 in the first round, 0.1 ± 0.1 from then on
named = {"rows": [f"layer {i}" for i in range(L)], "columns": [f"head {i}" for i in range(H)]}
lesson.save(
    matrix_maps(scores, **named, title="One head looks one word back, another finds what came next last time"),
    "scores", alt="Three small tables of scores, layers by heads, measured on chants.",
)

# %% [markdown]
# In the first round nothing can be copied, and the induction heads rest at place 0. A weight must go somewhere: the weights of a row sum
# to one, whether there is something to find or not.
#
# The other two habits fit together. An induction head needs to know, at the place of *cup*, that *tom* stands before it. The probe found
# something of that word there after layer 0. So the scores tell a story: a head of layer 0 tells each place its left neighbour, and a
# head of layer 1 looks for the place whose neighbour was *tom*. A good story is not yet a true one.
#
# ## 6. Take it away
#
# A score says what a head looks at. It does not say that anybody uses what it brings. So we take away one head at a time, and see how
# much the loss rises, on chants and on stories.

# %%
def rise(ids, targets, without):
    return loss(ids, targets, without) - loss(ids, targets)


HEADS = list(itertools.product(range(L), range(H)))
one_away = np.array([rise(chant_ids, chant_targets, [head]) for head in HEADS]).reshape(L, H)
others = [[other for other in HEADS if other[0] == head[0] and other != head] for head in HEADS]
one_left = np.array([rise(chant_ids, chant_targets, away) for away in others]).reshape(L, H)
lesson.save(
    matrix_maps(
        {"this head away": one_away, "the layer's others away": one_left}, **named, centred=True,
        title="Chants: how much the loss rises (nats)",
    ),
    "ablation",
    alt="Two small tables, layers by heads: how much the loss on chants rises without each head, and with only this head of its layer "
    "left. In layer 0 one head matters far more than any other, and is nearly enough alone; in layer 1 each can be spared, and none is "
    "enough.",
)
neighbour, copier = best["previous token"], best["induction"]
print(f"chants, without the best previous-token head: loss {one_away[neighbour]:+.2f}")
print(f"chants, without the best induction head: loss {one_away[copier]:+.2f}")
another = np.delete(one_left[0], neighbour[1]).min()
print(f"of layer 0 only that head left: loss {one_left[neighbour]:+.2f}, only another one {another:+.2f} or more")
#> chants, without the best previous-token head: loss 3.5 ± 3
#> chants, without the best induction head: loss 0.4 ± 0.4
#> of layer 0 only that head left: loss 1.8 ± 1.6, only another one 6 ± 3 or more

_, broken, _ = look(chant_ids, without=[neighbour])
print(f"the induction head's score is {scores['induction'][copier]:.2f}, ", end="")
print(f"and without the previous-token head {induction(broken, chant_ids)[copier]:.2f}")
#> the induction head's score is 0.95 ± 0.06, and without the previous-token head 0.45 ± 0.4

# %% [markdown]
# So the first half of the story is true: without the head that looks one word back, the chants are lost, and the induction head no longer
# knows where to look. (Not in every model: with seed 1 other heads do much of it, the loss rises by 0.79, and the score stays at 0.80.)
# The second half seems to be false! The best induction head is hardly missed. But look at the scores again: nearly all heads of layer 1 do
# the same. Take away one, two, three, and all four.

# %%
for count in range(1, H + 1):
    rises = [rise(chant_ids, chant_targets, away) for away in itertools.combinations([(1, head) for head in range(H)], count)]
    print(f"{count} of the heads of layer 1 away: the loss rises by {min(rises):.2f} to {max(rises):.2f}")
#> 1 of the heads of layer 1 away: the loss rises by 0.1 ± 0.1 to 0.5 ± 0.5
#> 2 of the heads of layer 1 away: the loss rises by 0.3 ± 0.3 to 3 ± 3
#> 3 of the heads of layer 1 away: the loss rises by 2 ± 1.5 to 5 ± 3
#> 4 of the heads of layer 1 away: the loss rises by 7 ± 3 to 7 ± 3

# %% [markdown]
# They share the work: any one of them can be spared, and none of them does it alone. **A small change by ablation does not show that a
# head does nothing**; it may only show that others do the same. And a bright map does not show that a head matters. On the stories the
# head with the sharpest maps is hardly missed.

# %%
stories_away = np.array([rise(story_ids, story_targets, [head]) for head in HEADS]).reshape(L, H)
lesson.save(
    matrix_maps({"this head away": stories_away}, **named, centred=True, title="Stories: how much the loss rises (nats)"),
    "stories",
    alt="A small table, layers by heads: how much the loss on stories rises without each head. Heads of layer 0 matter more than those of "
    "layer 1, and no head matters as much as the one on the chants.",
)
brightness = look(story_ids)[1][..., 5:, :].max(axis=-1).mean(axis=(1, 3))
sharpest, order = np.unravel_index(brightness.argmax(), brightness.shape), np.sort(stories_away.ravel())[::-1]
print(f"stories: without the head of the sharpest maps {stories_away[sharpest]:+.2f}; ", end="")
print(f"without each of the three that matter most {order[0]:+.2f}, {order[1]:+.2f}, {order[2]:+.2f}")
#> stories: without the head of the sharpest maps 0.08 ± 0.07; without each of the three that matter most 0.5 ± 0.3, 0.3 ± 0.25, 0.3 ± 0.2

# %% [markdown]
# ## What breaks if ...
#
# ... the rollout forgets the residual path? Then no place keeps anything of itself, and the map shows a model that does not exist. ...
# the lens forgets the final norm? Then the last state itself is read as if the model were surer than it is: the guesses stay, and the
# loss rises.

# %%
mixed = np.eye(len(chant))
for layer in one:
    mixed = layer.mean(axis=0) @ mixed
kept = [np.diag(matrix)[1:].mean() for matrix in (rollout(one), mixed)]
print(f"what a place keeps of its own word: {kept[0]:.2f}, without the residual path {kept[1]:.2f}")
states = look(story_ids)[2]
for name, norm in (("with", True), ("without", False)):
    p = lens(states, norm)[-1]
    read = -np.log(np.take_along_axis(p, story_targets[..., None], axis=-1)).mean()
    hits = (p.argmax(axis=-1) == story_targets).mean()
    sure = p.max(axis=-1).mean()
    print(f"the last state read {name} the final norm: loss {read:.2f} on stories, {hits:.0%} right, {sure:.0%} sure")
#> what a place keeps of its own word: 0.32 ± 0.03, without the residual path 0.01 ± 0.02
#> the last state read with the final norm: loss 0.66 ± 0.05 on stories, 73 ± 4% right, 73 ± 5% sure
#> the last state read without the final norm: loss 0.88 ± 0.1 on stories, 73 ± 5% right, 85 ± 8% sure

# %% [markdown]
# ## Takeaways
#
# - An attention map says where a head looks. What it brings from there, and whether anybody uses it, is not in the map.
# - Rollout and the logit lens look through all layers, and rest on assumptions: half and half on the residual path, one head for all
#   states.
# - A probe tells what a state holds, beside what an untrained model's state holds. It doesn't tell whether the model uses it.
# - Scores find heads with known habits among thousands. Ablation asks whether they matter, and heads that share the work can hide it.
# - This model was bred for the lesson: two thirds of its text are chants, and its queries and keys began four times as large as usual.
#
# ## Exercises
#
# 1. `rollout`: one map for all layers.
# 2. `head_scores`: how much of a word's score each head adds. It isn't in the lesson: go on from section 2's sum.
# 3. `without_head`: take a head away before the output projection.
#
# `python -m minillm check 12`, with `--hint` and `--figure`.
#
# And *predict, then run*: let queries and keys begin as usual (leave out the two `*= 4`). Which of the printed numbers change much, which
# little? Say first what becomes of the chants, of the stories, and of the scores of layer 1.
#
# ## In the library
#
# `minillm/plots/rollout.py` and `minillm/plots/lens.py` draw the first two; `python -m minillm attention` draws the maps of any model.
#
# ## In practice
#
# Olsson et al. 2022 find induction heads in every model that they look at. They appear within a short stretch of training, together with
# the ability to learn from examples in the prompt; that they are its cause is shown for small models only. To zero a head is a blunt
# tool, since a model never sees such states in training; one also puts in the head's mean, or what it wrote for another text (*activation
# patching*).
#
# ## Reading
#
# - Jain and Wallace 2019, *Attention is not Explanation*; and Wiegreffe and Pinter 2019, *Attention is not not Explanation*.
# - Abnar and Zuidema 2020, *Quantifying Attention Flow in Transformers*: rollout.
# - Olsson et al. 2022, *In-context Learning and Induction Heads*; Xiao et al. 2023, *Efficient Streaming Language Models with Attention
#   Sinks*: heads that rest at the first token.
# - Alain and Bengio 2016, *Understanding Intermediate Layers Using Linear Classifier Probes*.
# - Michel, Levy and Neubig 2019, *Are Sixteen Heads Really Better than One?*
