"""Lesson 10: Pretrain a GPT (autoregressive language modelling)

Question   What can a model learn from nothing but guessing the next word?
You build  shifted windows, an n-gram embedding, the causal loss, top-k sampling, a checkpoint that resumes bit for bit
You need   lessons 01, 02, 08 and 09
Article    section 3.1 (autoregressive pretraining), section 2.1 (language models)
Time       120 s on 2 cores
Figures    10_loss.png, 10_recall.png, 10_next_word.png
Run        python lessons/10_pretrain_a_gpt.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 10
"""

# %% [markdown]
# ## 1. Text is its own teacher
#
# At every place of a text the question is: what comes next? The answer stands there already, one place further on. So the targets are the
# text itself, *shifted by one*. Lesson 08 trained a GPT in this way on a thousand stories. Now there are ten thousand, and we watch what
# it learns, and when.
#
# Each of these stories asks at its end where something is, and answers. To answer, a model must look back at what was told some thirty
# words before.

# %%
import dataclasses
import functools
import math
import sys
import tempfile
from pathlib import Path

import numpy as np

from minillm import ops
from minillm.course import Lesson, write_stories
from minillm.generation import generate, next_token_probabilities
from minillm.models import GPT, GPTConfig
from minillm.objectives import causal_lm
from minillm.plots import line_chart, next_word_bars
from minillm.safetensors import load_file, serialize
from minillm.text import CausalBatch
from minillm.training import Trainer, TrainOptions

lesson = Lesson(10)
CONTEXT = 64


def questions(stories):
    return [story for story in stories if "where" in story]


stories = questions(write_stories(20000, lesson.seed))
held_out = [story for story in questions(write_stories(400, lesson.seed + 1000)) if story not in stories]
words = ["<end>", *sorted({word for story in stories for word in story})]
number = {word: i for i, word in enumerate(words)}


def windows(stories):
    """(N, CONTEXT + 1): one for each story, from its first word on; the next stories fill it up."""
    stream = np.array([number[word] for story in stories for word in ["<end>", *story]] + [0] * CONTEXT)
    starts = np.cumsum([0] + [len(story) + 1 for story in stories[:-1]])
    return stream[starts[:, None] + np.arange(CONTEXT + 1)]


train_windows, held_windows = windows(stories), windows(held_out)
ids, targets = held_windows[:, :-1], held_windows[:, 1:]
print(f"{len(stories):,} stories to train on, {len(held_out)} others held out, {len(words)} different words")
print("reads   ", " ".join(words[i] for i in ids[0, :9]))
print("targets ", " ".join(words[i] for i in targets[0, :9]))
#> 10,550 ± 150 stories to train on, 210 ± 30 others held out, 63 different words
#> reads    <end> …
#> targets  …

# %% [markdown]
# ## 2. What must be beaten
#
# A loss means nothing without something to compare it with. Guessing blindly costs ln 63 = 4.14 nats a word. All other levels are
# counted: the *unigram* knows how frequent each word is, the *bigram* which word follows which, and so on. They back off to the shorter
# memory as in lesson 01 (with k = 1), but here a phrase is one number, its words being the digits, so that all of them can be looked up
# at once.

# %%
V = len(words)


def memories(ids, n):
    """ids (B, T) -> (B, T): the n - 1 words up to each place, as the digits of one number. Before the window stands <end>, word 0."""
    T, padded = ids.shape[1], np.pad(ids, ((0, 0), (n, 0)))
    return sum((padded[:, n - j : n - j + T] * V**j for j in range(n - 1)), start=np.zeros_like(ids))


@functools.cache
def phrases(n):
    """The phrases of n words in the training windows, as numbers in rising order, and how often each comes."""
    return np.unique(memories(train_windows[:, :-1], n) * V + train_windows[:, 1:], return_counts=True)


def counted(ids, n):
    """ids (B, T) -> p (B, T, V) of each next word, from counting phrases of n words."""
    if n == 0:
        return np.full((*ids.shape, V), 1 / V)
    asked, (known, times) = memories(ids, n)[..., None] * V + np.arange(V), phrases(n)
    found = np.searchsorted(known, asked).clip(max=len(known) - 1)
    count = np.where(known[found] == asked, times[found], 0)
    return (count + counted(ids, n - 1)) / (count.sum(axis=-1, keepdims=True) + 1)


names = {0: "guessing", 1: "unigram", 2: "bigram", 5: "5-gram", 6: "6-gram"}
by_counting = {name: counted(ids, n) for n, name in names.items()}
levels = {name: float(-np.log(np.take_along_axis(p, targets[..., None], axis=-1)).mean()) for name, p in by_counting.items()}
print(", ".join(f"{name} {loss:.2f}" for name, loss in levels.items()))
#> guessing 4.14, unigram 3.55 ± 0.05, bigram 1.33 ± 0.05, 5-gram 0.73 ± 0.04, 6-gram 0.72 ± 0.04

# %% [markdown]
# ## 3. The model, and its loss by hand
#
# The model is lesson 08's, from the library, with one piece of help: an **n-gram embedding**. A plain GPT must find out by itself how to
# look at the words just before; section 6 will show what that costs. So with `ngram=4` the vector at a place is the sum of four: its own
# word's, and one for each of the three words before it, from a table for each distance (Mnih and Hinton 2007 built their language model
# in this way).
#
#     x_t = E₀[w_t] + E₁[w_{t-1}] + E₂[w_{t-2}] + E₃[w_{t-3}]
#
# So the fair opponent of this model is the 5-gram: it guesses the fifth word from the same four. All that reaches further back is left to
# attention.
#
# One forward pass answers 64 questions at once. That is only honest if no place sees what comes after it. We test just that: change the
# last word, and all scores before it must stay the same.


# %%
def ngram_vectors(ids, E):
    """ids (B, T), E (N, V, D), a table for each distance -> x (B, T, D)."""
    x = E[0][ids]
    for k in range(1, len(E)):
        x[:, k:] += E[k][ids[:, :-k]]  # the word k places before, where there is one
    return x


def build(ngram=4):
    return GPT(GPTConfig(V, context=CONTEXT, layers=2, heads=4, d_model=64, ngram=ngram), seed=lesson.seed)


model = build()
tables = np.concatenate([model.embedding.weight.data[None], model.embedding.earlier.data])
np.testing.assert_allclose(ngram_vectors(ids[:8], tables), model.embedding.forward(ids[:8])[0], rtol=1e-6)

logits, _ = model.forward(ids[:8])
highest = logits.max(axis=-1, keepdims=True)  # lesson 02: so that no exp overflows
log_p = logits - highest - np.log(np.exp(logits - highest).sum(axis=-1, keepdims=True))
mine = -np.take_along_axis(log_p, targets[:8, :, None], axis=-1).mean()  # -log p of each next word, in the mean
theirs, _ = causal_lm(model, ids[:8], targets[:8])
np.testing.assert_allclose(mine, theirs, rtol=1e-5)
changed = ids[:8].copy()
changed[:, -1] = (changed[:, -1] + 1) % V
np.testing.assert_array_equal(model.forward(changed)[0][:, :-1], logits[:, :-1])
print(f"{model.vector.data.size:,} numbers to learn, {build(ngram=1).vector.data.size:,} without the help")
print(f"loss before training {mine:.2f}")
#> 120,320 numbers to learn, 108,224 without the help
#> loss before training 4.16 ± 0.05

# %% [markdown]
# ## 4. From scores to a word
#
# The model gives probabilities; somebody must choose. Always taking the likeliest word (*greedy*) is safe and dull. Drawing from all
# words lets in a wrong one now and then. *Temperature* divides the scores: below 1 the likely words gain. *Top-k* keeps the k best only.


# %%
def top_k_probabilities(scores, k, temperature):
    """scores (V,) -> probabilities (V,), 0 for all but the k best."""
    scores = scores / temperature
    scores = np.where(scores >= np.sort(scores)[-k], scores, -np.inf)
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()


scores = np.log([0.5, 0.25, 0.125, 0.125])
for temperature in (1.0, 0.5, 2.0):
    print(f"top 2 at temperature {temperature}:", top_k_probabilities(scores, 2, temperature).round(2))
#> top 2 at temperature 1.0: [0.67 0.33 0.   0.  ]
#> top 2 at temperature 0.5: [0.8 0.2 0.  0. ]
#> top 2 at temperature 2.0: [0.59 0.41 0.   0.  ]
last = logits[0, -1].astype(np.float64)
np.testing.assert_allclose(top_k_probabilities(last, 5, 0.8), next_token_probabilities(last, temperature=0.8, top_k=5), atol=1e-12)


def tell(model, count=24):
    """A story that the model makes up, or the beginning of it. It starts after the end of another one."""
    ids = generate(model, [number["<end>"]], count, temperature=0.8, top_k=10, eos=[number["<end>"]], seed=lesson.seed)
    return " ".join(words[i] for i in ids)


# %% [markdown]
# ## 5. Train, and listen
#
# From here on `minillm.training.Trainer` does what lesson 09 did by hand. It wants batches; ours are windows chosen at random. On the
# way we let the model talk, and put two questions to it, on every held-out story:
#
# - *what*: after "where is the white", which thing? It must find the white thing of this story.
# - *where*: after "where is the white cup ? it is", which place? We look at its two words one by one: "under", and then, given "under
#   the", "bed". There are three first words and five second ones.


# %%
class Windows:
    """Batches for the trainer: random windows to train on, all of the held-out ones to validate."""

    def batch(self, rng, size):
        windows = train_windows[rng.integers(len(train_windows), size=size)]
        return CausalBatch(inputs=windows[:, :-1], targets=windows[:, 1:])

    def validation_batches(self, size):
        yield CausalBatch(inputs=ids, targets=targets)


QUESTIONS = ("what", "where, word 1", "where, word 2")
# (row, place of the word before the "?")
asked = np.argwhere((targets == number["?"]) & (np.arange(CONTEXT) < CONTEXT - 6))
asked = asked[np.unique(asked[:, 0], return_index=True)[1]]  # the first question of each story
row, place = asked.T
about_things = np.isin(ids[row, place], [number[thing] for thing in ("ball", "book", "hat", "cup", "box", "key")])


def recall(guesses):
    """guesses (N, CONTEXT), the likeliest next word everywhere -> the shares of right answers to the three questions."""
    right = guesses == targets
    answers = (right[row, place - 1][about_things], right[row, place + 3], right[row, place + 5])
    return [float(part.mean()) for part in answers]


def judge(model):
    """The held-out loss, and the shares of right answers."""
    logits, _ = model.forward(ids)
    return float(ops.cross_entropy(logits, targets)[0]), *recall(logits.argmax(axis=-1))


def watch(trainer, stops):
    """Train on to each of these steps; yields the step and the model's judgement there."""
    for stop in stops:
        for _ in trainer.run(until=stop):
            pass
        print(f"step {stop}: held-out loss {(found := judge(trainer.model))[0]:.3f}", file=sys.stderr)
        yield stop, *found


steps, every, saved_at, soon, later = (30, 5, 10, 11, 15) if lesson.quick else (3000, 25, 300, 310, 400)  # section 8 saves
options = TrainOptions(steps=steps, batch=16, lr=8e-3, warmup=steps // 30, weight_decay=0.02, eval_every=steps, seed=lesson.seed)
stops = [*range(0, steps // 2, every), *range(steps // 2, steps + 1, steps // 6)]
trainer = Trainer(model, Windows(), options)
folder = tempfile.TemporaryDirectory()
state_file = Path(folder.name, "state.safetensors")
course, weights_later = [], None
for step, *found in watch(trainer, sorted({*stops, soon, later})):
    course.append((step, *found))
    if step in ((0, 5, 10, 30) if lesson.quick else (0, 100, 500, 3000)):
        print(f"step {step}: {tell(model)}")
    if step == saved_at:
        moments = {"m": trainer.optimizer.first_moment, "v": trainer.optimizer.second_moment}
        state_file.write_bytes(serialize({"weights": model.vector.data, **moments, "step": np.array(step)}))
    if step == later:
        weights_later = model.vector.data.copy()
print("a whole story:", tell(model, count=62))
#> step 0: …
#> step 100: …
#> step 500: …
#> step 3000: …
#> a whole story: …

# %% [markdown]
# Now the numbers: the loss, and the share of right answers on the held-out stories, beside those of the 5-gram.
#
# **Does it only copy?** The stories are made from few sentences, and every held-out story has some that are much like it among the ten
# thousand. So let somebody answer who only copies: take the training window that has the most words in common with what was read, at the
# same places and with the same last word, and say what comes next there.


# %%
def nearest(row, place):
    """The next word in the training window that is nearest to a held-out one, up to this place."""
    equal = train_windows[:, : place + 1] == ids[row, : place + 1]
    return train_windows[np.where(equal[:, -1], equal.sum(axis=1), -1).argmax(), place + 1]


copied = np.zeros_like(ids)
for shift in (-1, 3, 5):
    copied[row, place + shift] = [nearest(*where) for where in zip(row, place + shift)]
loss = course[-1][1]
seen = float(causal_lm(model, train_windows[:200, :-1], train_windows[:200, 1:])[0])
print(f"held-out loss {loss:.2f}, on windows to train on {seen:.2f}; {levels['5-gram'] - loss:.2f} below the 5-gram")
print(f"perplexity: 5-gram {math.exp(levels['5-gram']):.1f} words, GPT {math.exp(loss):.1f}")
answers = {"5-gram": recall(by_counting["5-gram"].argmax(axis=-1)), "nearest story": recall(copied), "GPT": course[-1][2:]}
for i, question in enumerate(QUESTIONS):
    print(f"{question}: " + ", ".join(f"{name} {right[i]:.0%}" for name, right in answers.items()))
#> held-out loss 0.40 ± 0.03, on windows to train on 0.39 ± 0.03; 0.33 ± 0.05 below the 5-gram
#> perplexity: 5-gram 2.1 ± 0.1 words, GPT 1.5 ± 0.1
#> what: 5-gram 18 ± 10%, nearest story 46 ± 12%, GPT 99 ± 1%
#> where, word 1: 5-gram 33 ± 10%, nearest story 54 ± 12%, GPT 99 ± 1%
#> where, word 2: 5-gram 20 ± 10%, nearest story 34 ± 12%, GPT 97 ± 3%

# %% [markdown]
# So it did not learn the stories by heart. From 1.33 down to 0.73 counting gets as well, and longer phrases help little more. The rest
# comes from further back than the four words that a place reads, and there attention is the only way.
#
# ## 6. What the help was worth
#
# The same model without the n-gram embedding, the same steps and the same windows:

# %%
plain_course = list(watch(Trainer(build(ngram=1), Windows(), options), stops))
for name, points in {"with ngram = 4": course, "with ngram = 1": plain_course}.items():
    since = [next((f"step {point[0]}" for point in points if point[2 + i] >= 0.9), "never") for i in range(3)]
    right = ", ".join(f"{question} {share:.0%}" for question, share in zip(QUESTIONS, points[-1][2:]))
    print(f"{name}: held-out loss {points[-1][1]:.2f}; right in the end: {right}")
    print(f"  nine of ten are right first at: {'; '.join(since)}")
#> with ngram = 4: held-out loss 0.40 ± 0.03; right in the end: what 99 ± 1%, where, word 1 99 ± 1%, where, word 2 97 ± 3%
#>   nine of ten are right first at: …
#> with ngram = 1: held-out loss 0.47 ± 0.05; right in the end: what 99 ± 1%, where, word 1 34 ± 10%, where, word 2 30 ± 15%
#>   nine of ten are right first at: …
lesson.save(
    line_chart(
        {
            name: [point[:2] for point in points if point[1] < 1.45]
            for name, points in {"GPT, ngram = 4": course, "GPT, ngram = 1": plain_course}.items()
        },
        xlabel="step", ylabel="held-out loss (nats per word)",
        levels={name: levels[name] for name in ("bigram", "5-gram")}, log_x=True,
        title="Below what counting phrases can do",
    ),
    "loss",
    alt="Held-out loss of two GPTs by training step, from the point where they pass the dashed level of the bigram, 1.32. The one with an "
    "n-gram embedding is below that of the 5-gram, 0.73, by step 125, and ends near 0.4; the one without is there by step 225, and ends a "
    "little above the other.",
)
lesson.save(
    line_chart(
        {
            f"{question}{name}": [(point[0], 100 * point[2 + i]) for point in points]
            for name, points in (("", course), (", ngram = 1", plain_course))
            for i, question in enumerate(QUESTIONS)
        },
        xlabel="step", ylabel="right answers on held-out stories (%)",
        levels={"one of three": 100 / 3, "one of five": 100 / 5},
        title="Abilities come one after the other, each within few steps",
    ),
    "recall",
    alt="Right answers by training step, for three questions and two models. Each curve stays low for a while and then climbs within few "
    "steps: with the n-gram embedding first which thing is asked for, then the first word of its place, and much later the second. Without "
    "it the thing comes later, and the place not at all: its curves stay at one of three and one of five, the dashed levels.",
)

# %% [markdown]
# The loss hardly shows it, but three things happen on the way: the model learns to repeat the thing; then the first word of the place; and
# for hundreds of steps it only guesses the second one. Without the help the first comes far later, and the others not within these steps.
# The plain model too ends far below all counting, and answers one of the three questions. (Two runs: when an ability came, and not why.)
#
# ## 7. One question, looked at closely
#
# Here is a story that nobody wrote before. Two things have a place in it, so whoever answers must also remember which is which. The
# bars show p(first word) · p(second word | first word) for each of the fifteen places, divided by their sum: how likely each place is,
# if a place is named.

# %%
story = (
    "anna has a cat and a white cup . the cat is on the table . the white cup is under the bed . "
    "the cat meows because it is happy . anna likes the cat . where is the white cup ? it is"
)
prompt = [0, *(number[word] for word in story.split())]
places = [(p, n) for n in ("table", "chair", "bed", "tree", "house") for p in ("on", "under", "behind")]


def chances(next_word):
    """next_word(ids) -> probabilities (V,). The probability of each place after the prompt, if it is a place."""
    first = next_word(prompt)
    second = {p: next_word([*prompt, number[p], number["the"]]) for p in ("on", "under", "behind")}
    found = np.array([first[number[p]] * second[p][number[n]] for p, n in places])
    return found / found.sum()


gpt_bars = chances(lambda text: next_token_probabilities(model.forward(np.array([text]))[0][0, -1]))
counted_bars = chances(lambda text: counted(np.array([text]), 5)[0, -1])
best, own = places[int(np.argmax(gpt_bars))], places.index(("under", "bed"))
print(f"{story[-30:]} ... GPT: {' the '.join(best)} ({max(gpt_bars):.0%}), 5-gram for that place: {counted_bars[own]:.0%}")
#> where is the white cup ? it is ... GPT: under the bed (95 ± 6%), 5-gram for that place: 7 ± 2%
lesson.save(
    next_word_bars(
        [f"{p} the {n}" for p, n in places], np.array([counted_bars, gpt_bars]), labels=["5-gram", "GPT"],
        title="Where is the white cup? (It is under the bed; the cat is on the table.)",
    ),
    "next_word",
    alt="Bars for fifteen places after the question where the white cup is. The 5-gram finds all places about equally likely. The "
    "GPT gives nearly all of its weight to one of them, under the bed.",
)

# %% [markdown]
# ## 8. Stop, and go on as if nothing had happened
#
# Training may take weeks; machines stop. What must be kept, so that the rest of the run comes out the same to the last bit? The
# weights; Adam's two means; and the step number, which fixes the learning rate. And whatever is random must go on where it stood: which
# windows come next, and what dropout drops. Here all of it is drawn from (seed, step), so the step number is enough.
#
# We kept these four arrays in a file at step 300. Read them into a *new* trainer, train on, and compare with the run that never stopped.
# And then see what happens if somebody keeps the weights only.


# %%
def resume(keep_means=True):
    """A new trainer, put where the file says."""
    state = load_file(state_file)
    other = Trainer(build(), Windows(), options)
    other.model.vector.data[:] = state["weights"]
    other.steps_done = int(state["step"])
    if keep_means:
        other.optimizer.first_moment[:] = state["m"]
        other.optimizer.second_moment[:] = state["v"]
        other.optimizer.steps = other.steps_done
    return other


never_stopped = {step: found[0] for step, *found in course}
whole, weights_only = resume(), resume(keep_means=False)
for name, other in {"with Adam's means": whole, "weights only": weights_only}.items():
    (_, first, *_), (_, second, *_) = watch(other, (soon, later))
    print(f"resumed {name}: held-out loss {first:.3f} at step {soon}, {second:.3f} at step {later}")
print(f"never stopped: {never_stopped[soon]:.3f} and {never_stopped[later]:.3f}")
assert np.array_equal(whole.model.vector.data, weights_later)
print(f"with the means all {weights_later.size:,} weights are the same, bit for bit")
folder.cleanup()
#> resumed with Adam's means: held-out loss 0.550 ± 0.05 at step 310, 0.520 ± 0.05 at step 400
#> resumed weights only: held-out loss 0.600 ± 0.1 at step 310, 0.520 ± 0.05 at step 400
#> never stopped: 0.550 ± 0.05 and 0.520 ± 0.05
#> with the means all 120,320 weights are the same, bit for bit

# %% [markdown]
# Without the means the loss is higher for a while, and about the same after a hundred steps. So why care about the last bit? A run that is
# *nearly* the same after a stop has forgotten something, and no loss tells what. If every bit is the same, nothing was forgotten.
#
# ## 9. What breaks if ... the causal mask is left out?
#
# Train the same model for a short while without the mask. The loss is nearly nothing. But the next word stands one place to the right, so
# the model has learned to look there and copy. Take the future away from it, on the same stories, and it is about as poor as the bigram,
# though it reads four words. A loss that is too good is a bug until you have found out why.


# %%
def without_mask(forward, x, **choices):
    return forward(x, **choices | {"causal": False})


cheat = build()
for block in cheat.blocks:
    block.forward = functools.partial(without_mask, block.forward)
few = 10 if lesson.quick else 250
short = dataclasses.replace(options, steps=few, warmup=few // 10, eval_every=few)
((_, cheating, *_),) = watch(Trainer(cheat, Windows(), short), [few])
for block in cheat.blocks:
    del block.forward  # the mask is back
alone, *_ = judge(cheat)
honest = next(loss for step, loss in never_stopped.items() if step >= few)
print(f"without the mask: held-out loss {cheating:.3f} after {few} steps")
print(f"the same model without the future: {alone:.2f}; bigram {levels['bigram']:.2f}; trained with the mask {honest:.2f}")
#> without the mask: held-out loss 0.06 ± 0.05 after 250 steps
#> the same model without the future: 1.25 ± 0.25; bigram 1.33 ± 0.05; trained with the mask 0.58 ± 0.06

# %% [markdown]
# ## Takeaways
#
# - Pretraining needs no labels: the targets are the text, shifted by one. The causal mask keeps 64 questions in one pass honest.
# - A loss says something only beside its levels, and the fair level is a model that reads the same words: here the 5-gram.
# - The mean hides abilities that come late: ask for them. And let somebody answer who only copies.
# - Weights, Adam's means, the step number and the random state are the whole state of a run. With them it goes on bit for bit.
#
# ## Exercises
#
# `python -m minillm check 10`, with `--hint` and `--figure`.
#
# 1. `causal_loss`: the loss of every prediction, and the perplexity, from scores and the text itself.
# 2. `top_k_probabilities`: temperature and top-k, as probabilities.
# 3. `ngram_backward`: the gradient of the tables of an n-gram embedding. It isn't in the lesson: derive it.
#
# And *predict, then run*: train on a tenth of the stories (`stories = stories[:1000]`, after `held_out` is made). What becomes of the
# loss on the windows to train on, of the held-out loss, and of the three abilities? Write it down before you run it.
#
# ## In practice, and in the library
#
# `minillm/layers/ngram_embedding.py` is the n-gram embedding, `minillm/objectives/causal.py` the loss, `minillm/generation/sampling.py`
# the choice of a word, `minillm/training/trainer.py` the loop, and `minillm/training/checkpoint.py` what is kept of a run.
#
# GPT-3 had the same objective, 175 billion numbers in place of our hundred thousand, and 300 billion tokens of text. Such models read
# windows at random places of one long stream, with an end mark between documents, as `minillm.text.Corpus` does. Nobody needs to write the
# loop again: `python -m minillm pretrain` trains on any text, keeps the best weights, and goes on with `--resume` after a stop.
# How soon a GPT can be there on two cores is a race of its own, `benchmarks/speedrun.md`. That page derives *Muon* (Jordan et al. 2024), an
# optimizer that makes the momentum of a matrix orthogonal, has it in ten lines, and says what it saves beside AdamW.
#
# ## Reading
#
# - Radford et al. 2018, *Improving Language Understanding by Generative Pre-Training*: the first GPT.
# - Brown et al. 2020, *Language Models are Few-Shot Learners*: GPT-3, and what size brings.
# - Mnih and Hinton 2007, *Three New Graphical Models for Statistical Language Modelling*: the sum of a vector for each distance.
# - Olsson et al. 2022, *In-context Learning and Induction Heads*: when one such ability comes, in models of many sizes.
# - Holtzman et al. 2020, *The Curious Case of Neural Text Degeneration*: greedy, top-k and what came after.
