"""Lesson 10: Pretrain a GPT (autoregressive language modelling)

Question   What can a model learn from nothing but guessing the next word?
You build  shifted windows, the causal loss, top-k sampling with temperature, a checkpoint that resumes bit for bit
You need   lessons 01, 02 and 09
Article    section 3.1 (autoregressive pretraining), section 2.1 (language models)
Time       70 s on 2 cores
Figures    10_loss.png, 10_recall.png, 10_next_word.png
Run        python lessons/10_pretrain_a_gpt.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 10
"""

# %% [markdown]
# ## 1. Text is its own teacher
#
# Nobody labels anything in this lesson. We take a text, and at every place the question is: what comes next? The answer stands in the
# text already, one place further on. So the targets are the text itself, *shifted by one*.
#
# The text is ten thousand little stories. Each of them asks at its end where something is, and answers. To answer, a model must look back
# at what was told some thirty words before. Keep that in mind: it is what we are going to watch.

# %%
import dataclasses
import functools
import math
import sys
import tempfile
from pathlib import Path

import numpy as np

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
# A loss means nothing without something to compare it with. Three models that need no training:
#
# - *blind guessing*: all 63 words are alike; ln 63 = 4.14 nats,
# - *unigram*: it knows how frequent each word is,
# - *bigram* (lesson 01): it knows which word follows which.

# %%
counts = np.full((len(words), len(words)), 0.01)
np.add.at(counts, (train_windows[:, :-1], train_windows[:, 1:]), 1)
bigram = counts / counts.sum(axis=1, keepdims=True)
unigram = counts.sum(axis=0) / counts.sum()
levels = {
    "guessing": math.log(len(words)),
    "unigram": float(-np.log(unigram[targets]).mean()),
    "bigram": float(-np.log(bigram[ids, targets]).mean()),
}
print(", ".join(f"{name} {loss:.2f}" for name, loss in levels.items()))
#> guessing 4.14, unigram 3.56 ± 0.05, bigram 1.35 ± 0.05

# %% [markdown]
# ## 3. The model, and its loss by hand
#
# A GPT is lesson 07's blocks with a causal mask: word vectors and positions at the bottom, and at the top the same word table once
# more, which turns each vector into 63 scores. One forward pass answers 64 questions at once, one for each place. That is only honest
# if no place sees what comes after it. So we test just that: change the last word, and all scores before it must stay the same.
#
# One liberty: with `ngram=4` the vector at a place tells of the three words before it as well. A plain GPT must first learn to find the
# word before, and that would take more minutes than we have. Attention still has to do everything that reaches further back.


# %%
def build():
    return GPT(GPTConfig(len(words), context=CONTEXT, layers=2, heads=4, d_model=64, ngram=4), seed=lesson.seed)


model = build()
logits, _ = model.forward(ids[:8])
log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
mine = -np.take_along_axis(log_p, targets[:8, :, None], axis=-1).mean()  # -log p of each next word, in the mean
theirs, _ = causal_lm(model, ids[:8], targets[:8])
np.testing.assert_allclose(mine, theirs, rtol=1e-5)
changed = ids[:8].copy()
changed[:, -1] = (changed[:, -1] + 1) % len(words)
np.testing.assert_array_equal(model.forward(changed)[0][:, :-1], logits[:, :-1])
print(f"{model.vector.data.size:,} numbers to learn; loss before training {mine:.2f}")
#> 120,320 numbers to learn; loss before training 4.16 ± 0.05

# %% [markdown]
# ## 4. From scores to a word
#
# The model gives probabilities; somebody must choose. Always taking the likeliest word (*greedy*) is safe and dull. Drawing from all words
# lets in a wrong one now and then. *Temperature* divides the scores: below 1 the likely words gain. *Top-k* keeps the k best only.


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
np.testing.assert_allclose(
    top_k_probabilities(last, 5, 0.8), next_token_probabilities(last, temperature=0.8, top_k=5), atol=1e-12
)


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
# - *where*: after "where is the white cup ? it is", which place? We look at its two words one by one: "under", and then, given "under the",
#   "bed". There are three first words and five second ones.


# %%
class Windows:
    """Batches for the trainer: random windows to train on, all of the held-out ones to validate."""

    def batch(self, rng, size):
        windows = train_windows[rng.integers(len(train_windows), size=size)]
        return CausalBatch(inputs=windows[:, :-1], targets=windows[:, 1:])

    def validation_batches(self, size):
        for first in range(0, len(ids), 64):
            yield CausalBatch(inputs=ids[first : first + 64], targets=targets[first : first + 64])


# (row, place of the word before the "?")
asked = np.argwhere((targets == number["?"]) & (np.arange(CONTEXT) < CONTEXT - 6))
asked = asked[np.unique(asked[:, 0], return_index=True)[1]]  # the first question of each story
things = [number[thing] for thing in ("ball", "book", "hat", "cup", "box", "key")]


def recall(guesses):
    """guesses (N, CONTEXT), the likeliest next word everywhere -> the shares of right answers: what, and the two words of where."""
    right = guesses == targets
    row, place = asked.T
    what = right[row, place - 1][np.isin(ids[row, place], things)]
    return [float(part.mean()) for part in (what, right[row, place + 3], right[row, place + 5])]


steps = 30 if lesson.quick else 3000
stops = (0, 5, 10, steps) if lesson.quick else (0, 100, 500, steps)
options = TrainOptions(
    steps=steps,
    batch=16,
    lr=8e-3,
    warmup=steps // 30,
    weight_decay=0.02,
    eval_every=10 if lesson.quick else steps // 24,
    seed=lesson.seed,
)
trainer = Trainer(model, Windows(), options)
saved_at = steps - steps // 30
folder = tempfile.TemporaryDirectory()
state_file = Path(folder.name, "state.safetensors")
curves, recalls = {"train": [], "held-out": []}, []
for stop in sorted({*stops, saved_at}):
    for progress in trainer.run(until=stop):
        if progress.loss is not None:
            curves["train"].append((progress.step, progress.loss))
        if progress.validation is not None:
            curves["held-out"].append((progress.step, progress.validation))
            recalls.append((progress.step, *recall(model.forward(ids)[0].argmax(axis=-1))))
            print(f"step {progress.step}: held-out loss {progress.validation:.3f}", file=sys.stderr)
    if stop in stops:
        print(f"step {stop}: {tell(model)}")
    if stop == saved_at:  # for section 7
        moments = {"m": trainer.optimizer.first_moment, "v": trainer.optimizer.second_moment}
        state_file.write_bytes(serialize({"weights": model.vector.data, **moments, "step": np.array(stop)}))
print("a whole story:", tell(model, count=62))
#> step 0: …
#> step 100: …
#> step 500: …
#> step 3000: …
#> a whole story: …

# %% [markdown]
# First noise, then likely words in a likely order, then stories that hold together. Now the numbers. They are of the held-out stories, and
# beside each stands what the bigram model does. (It never answers "where": after "is" and "the" other words are more frequent than places.)
#
# Then look at the second picture. The loss hardly shows that three things happen on the way. The model learns to repeat the thing; then the
# first word of the place; and for several hundred steps it only guesses the second one, until it finds out how to look that up as well.

# %%
loss = curves["held-out"][-1][1]
print(
    f"held-out loss {loss:.2f}: {levels['unigram'] - loss:.2f} below unigram, {levels['bigram'] - loss:.2f} below bigram"
)
print(f"perplexity: bigram {math.exp(levels['bigram']):.1f} words, GPT {math.exp(loss):.1f}")
by_bigram = recall(bigram[ids].argmax(axis=-1))
for question, counted, learned in zip(
    ("what", "where, word 1", "where, word 2"), by_bigram, recalls[-1][1:], strict=True
):
    print(f"{question}: bigram {counted:.0%}, GPT {learned:.0%}")
#> held-out loss 0.40 ± 0.03: 3.15 ± 0.1 below unigram, 0.93 ± 0.06 below bigram
#> perplexity: bigram 3.8 ± 0.2 words, GPT 1.5 ± 0.1
#> what: bigram 15 ± 8%, GPT 99 ± 1%
#> where, word 1: bigram 0%, GPT 99 ± 1%
#> where, word 2: bigram 0%, GPT 97 ± 3%
lesson.save(
    line_chart(
        {"train": curves["train"], "held-out": curves["held-out"][1:]},
        xlabel="step",
        ylabel="loss (nats per word)",
        levels=levels,
        log_x=True,
        title="Guessing the next word: far below what counting can do",
    ),
    "loss",
    alt="Loss by training step. Train and held-out loss fall together from above 4 nats, pass the dashed level of the unigram model at "
    "once and that of the bigram model soon after, and go down slowly, with steps, to below half a nat.",
)
lesson.save(
    line_chart(
        {
            name: [(step, 100 * parts[i]) for step, *parts in recalls]
            for i, name in enumerate(("what", "where, word 1", "where, word 2"))
        },
        xlabel="step",
        ylabel="right answers on held-out stories (%)",
        levels={"one of three": 100 / 3, "one of five": 100 / 5},
        title="Abilities come one after the other, and suddenly",
    ),
    "recall",
    alt="Right answers by training step, for three questions. Each curve stays low for a while and then climbs to nearly 100 within a few "
    "hundred steps: first which thing is asked for, then the first word of its place, and much later the second word. Dashed: "
    "guessing one of three and one of five.",
)

# %% [markdown]
# ## 6. One question, looked at closely
#
# Here is a story that nobody wrote before. Two things have a place in it, so whoever answers must also remember which is which. The
# bars show how likely each of the fifteen places is, as p(first word) · p(second word | first word).

# %%
story = (
    "anna has a cat and a white cup . the cat is on the table . the white cup is under the bed . "
    "the cat meows because it is happy . anna likes the cat . where is the white cup ? it is"
)
prompt = [0, *(number[word] for word in story.split())]
places = [(p, n) for n in ("table", "chair", "bed", "tree", "house") for p in ("on", "under", "behind")]


def chances(next_word):
    """next_word(ids) -> probabilities (V,). The probability of each place after the prompt."""
    first = next_word(prompt)
    second = {p: next_word([*prompt, number[p], number["the"]]) for p in ("on", "under", "behind")}
    return [first[number[p]] * second[p][number[n]] for p, n in places]


gpt_bars = chances(lambda text: next_token_probabilities(model.forward(np.array([text]))[0][0, -1]))
bigram_bars = chances(lambda text: bigram[text[-1]])
best, own = places[int(np.argmax(gpt_bars))], places.index(("under", "bed"))
print(
    f"{story[-30:]} ... GPT: {' the '.join(best)} ({max(gpt_bars):.0%}), bigram for that place: {bigram_bars[own]:.0%}"
)
#> where is the white cup ? it is ... GPT: under the bed (95 ± 6%), bigram for that place: 2 ± 2%
lesson.save(
    next_word_bars(
        [f"{p} the {n}" for p, n in places],
        np.array([bigram_bars, gpt_bars]),
        labels=["bigram", "GPT"],
        title="Where is the white cup? (It is under the bed; the cat is on the table.)",
    ),
    "next_word",
    alt="Bars for fifteen places after the question where the white cup is. The bigram model finds all places about equally unlikely. The "
    "GPT gives nearly all of its weight to one of them, under the bed.",
)

# %% [markdown]
# ## 7. Stop, and go on as if nothing had happened
#
# Training may take weeks; machines stop. What must be kept, so that the rest of the run comes out the same to the last bit? The
# weights; Adam's two means; and the step number, which fixes the learning rate and, with the seed, which windows come next. We kept
# these four things in a file near the end of the run. Read them into a *new* trainer, train the rest again, and compare with the run
# that never stopped. And then see what happens if somebody keeps the weights only.


# %%
def resume(keep_means=True):
    """A new trainer, put where the file says, and trained to the end."""
    state = load_file(state_file)
    other = Trainer(build(), Windows(), options)
    other.model.vector.data[:] = state["weights"]
    other.steps_done = int(state["step"])
    if keep_means:
        other.optimizer.first_moment[:] = state["m"]
        other.optimizer.second_moment[:] = state["v"]
        other.optimizer.steps = other.steps_done
    for _ in other.run():
        pass
    return other.model.vector.data


assert np.array_equal(resume(), model.vector.data)
print(f"resumed at step {saved_at}: all {model.vector.data.size:,} weights are the same, bit for bit")
different = np.mean(resume(keep_means=False) != model.vector.data)
print(f"without Adam's means: {different:.0%} of the weights are different")
folder.cleanup()
#> resumed at step 2900: all 120,320 weights are the same, bit for bit
#> without Adam's means: 99 ± 2% of the weights are different

# %% [markdown]
# ## 8. What breaks if ... the causal mask is left out?
#
# Train the same model for a short while without the mask. The loss is sensational: nearly nothing. But the next word stands one place to
# the right, so the model has learned to look there and copy. When it writes by itself, nothing stands there yet. Take the future away
# from it, on the same stories, and it is hardly better than the bigram model. A loss that is too good is a bug until you have found out
# why.


# %%
def without_mask(forward, x, rng=None, causal=True):
    return forward(x, rng=rng, causal=False)


cheat = build()
for block in cheat.blocks:
    block.forward = functools.partial(without_mask, block.forward)
few = 10 if lesson.quick else 250
short = dataclasses.replace(options, steps=few, warmup=few // 10, eval_every=few)
losses = [progress.validation for progress in Trainer(cheat, Windows(), short).run() if progress.validation is not None]
for block in cheat.blocks:
    del block.forward  # the mask is back
alone, _ = causal_lm(cheat, ids, targets)
honest = next(loss for step, loss in curves["held-out"] if step >= few)
print(f"without the mask: held-out loss {losses[-1]:.3f} after {few} steps")
print(
    f"the same model without the future: {alone:.2f}; bigram {levels['bigram']:.2f}; trained with the mask {honest:.2f}"
)
#> without the mask: held-out loss 0.06 ± 0.05 after 250 steps
#> the same model without the future: 1.25 ± 0.25; bigram 1.33 ± 0.05; trained with the mask 0.58 ± 0.06

# %% [markdown]
# ## Takeaways
#
# - Pretraining needs no labels: the targets are the text, moved on by one. The causal mask keeps 64 questions in one pass honest.
# - A loss says something only beside its levels: guessing, unigram, bigram. And the mean hides abilities that come late: ask for them.
# - Weights, Adam's means and the step number are the whole state of a run. With them it goes on bit for bit.
#
# ## Exercises
#
# `python -m minillm check 10` puts `my_exercises/ex10.py` on your desk and checks it; `--hint` helps, `--figure` draws yours beside the
# right answer.
#
# 1. `causal_loss`: the loss of every prediction, and the perplexity, from scores and the text itself.
# 2. `top_k_probabilities`: temperature and top-k, as probabilities.
# 3. `learning_rates`: warm-up and half a cosine, for a whole run.
#
# ## In practice
#
# GPT-3 had the same objective, 175 billion numbers in place of our hundred thousand, and 300 billion pieces of words. Such models read
# windows at random places of one long stream, with an end mark between documents, as `minillm.text.Corpus` does; ours begin with a
# story, since what a window's beginning leaves out cannot be recalled. Nobody needs to write the loop again: `python -m minillm
# pretrain` trains on any text, keeps the best weights, and goes on with `--resume` after a stop.
#
# ## Reading
#
# - Radford et al. 2018, *Improving Language Understanding by Generative Pre-Training*: the first GPT.
# - Brown et al. 2020, *Language Models are Few-Shot Learners*: GPT-3, and what size brings.
# - Olsson et al. 2022, *In-context Learning and Induction Heads*: why such abilities come suddenly.
# - Holtzman et al. 2020, *The Curious Case of Neural Text Degeneration*: greedy, top-k and what came after.
