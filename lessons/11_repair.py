"""Lesson 11: Pretrain by repairing (masked words and deleted words)

Question   What can a model learn from damaged texts, and what does it see that a GPT cannot see?
You build  BERT's masking, a loss at the chosen places with its gradient, and a model that restores deleted words
You need   lessons 02, 05, 09 and 10
Article    section 3.1, autoencoding: delete "cat" from "The cat is on the table", and have the sentence restored
Time       120 s on 2 cores
Figures    11_fill_in.png, 11_both_sides.png
Run        python lessons/11_repair.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 11
"""

# %% [markdown]
# ## 1. Three ways to damage a word
#
# The article names a second way to pretrain: **damage a text, and ask for the original**. Here too the text is its own answer.
#
# BERT damages single words. About 15 % of the places are *chosen*. At each of them a die is thrown:
#
#     below 0.8          the word is replaced by [MASK]
#     from 0.8 to 0.9    it is replaced by any word, drawn at random
#     above              it stays as it is
#
# In all three cases the model is asked which word stood there. At all other places nothing is asked. Section 7 shows why the last two
# cases are there. First by hand, with our sentence and three chosen places; check it line by line.

# %%
import math
import sys

import numpy as np

from minillm import ops
from minillm.course import EXAMPLE, Lesson, write_stories
from minillm.generation import generate_batch
from minillm.models import GPT, EncoderConfig, GPTConfig, MaskedLM, Transformer
from minillm.objectives import CAUSAL, MASKED, SEQUENCE_TO_SEQUENCE, DenoisingData, MaskedData, Sentences, Windows
from minillm.objectives.masked import mask_tokens
from minillm.objectives.rows import Rows, Texts, choose
from minillm.ops import IGNORE
from minillm.plots import matrix_maps, next_word_bars
from minillm.text import Corpus, SpecialTokens
from minillm.training import Trainer, TrainOptions

lesson = Lesson(11)
stories = write_stories(2000, seed=lesson.seed)
vocabulary = sorted({word for story in stories for word in story})
V = len(vocabulary)
PAD, MASK, START, END = range(V, V + 4)  # four tokens that are no words
names = [*vocabulary, "[PAD]", "[MASK]", "<s>", "</s>"]
number = {name: i for i, name in enumerate(names)}


def spell(ids):
    return " ".join("-" if i == IGNORE else names[i] for i in ids)


def mask_words(ids, chosen, dice, anything):
    """ids, chosen (boolean), dice (0 to 1), anything (ids), all (B, T) -> what the model reads, and what it is asked for, (B, T)."""
    reads = ids.copy()
    reads[chosen & (dice < 0.8)] = MASK
    swapped = chosen & (dice >= 0.8) & (dice < 0.9)
    reads[swapped] = anything[swapped]
    return reads, np.where(chosen, ids, IGNORE)


sentence = np.array([[number[word] for word in EXAMPLE["en"]]])
chosen = np.array([[False, True, True, False, False, True, False]])
dice = np.array([[0.5, 0.31, 0.86, 0.2, 0.9, 0.97, 0.1]])
reads, asked = mask_words(sentence, chosen, dice, np.full_like(sentence, number["sings"]))
print("text     ", spell(sentence[0]))
print("it reads ", spell(reads[0]))
print("asked for", spell(asked[0]))
#> text      the cat is on the table .
#> it reads  the [MASK] sings on the table .
#> asked for - cat is - - table -

# %% [markdown]
# The library does the same, with its own dice. We throw them again, in its order, and compare.

# %%
ids = np.array([number[word] for story in stories for word in story])
texts = ids[:32_000].reshape(1000, 32)
whole = np.ones_like(texts, dtype=bool)
five = np.full(len(texts), 5)  # 15 % of 32
theirs = mask_tokens(lesson.rng(), Texts(texts, whole, whole), whole, five, MASK, V)

rng = lesson.rng()
chosen, dice, anything = choose(rng, whole, five), np.zeros(texts.shape), np.zeros_like(texts)
dice[chosen] = rng.random(chosen.sum())
anything[chosen] = rng.integers(V, size=chosen.sum())
mine = mask_words(texts, chosen, dice, anything)
np.testing.assert_array_equal(mine, theirs)
masked, same = mine[0][chosen] == MASK, mine[0][chosen] == texts[chosen]
print(f"chosen {chosen.mean():.1%}; of these {masked.mean():.1%} masked, {same.mean():.1%} as they were, the others swapped")
#> chosen 15.6%; of these 80.0 ± 1.5% masked, 10.2 ± 1.5% as they were, the others swapped

# %% [markdown]
# ## 2. Ask at the chosen places only
#
# The loss is that of lesson 02, but the mean goes over the chosen places. The others have no loss and no gradient. A small case for
# paper: three places, two words in the vocabulary. Only the middle place was chosen, and there the model gave the right word, number 0,
# the probability 1/4. So the loss is ln 4 = 1.386, whatever the other two rows say.


# %%
def masked_loss(logits, asked):
    """logits (B, T, V), asked (B, T) with IGNORE where nothing is asked -> loss, dlogits (B, T, V)."""
    scored = asked != IGNORE
    count, right = scored.sum(), asked[scored]
    p, _ = ops.softmax(logits[scored])  # (N, V), of the N chosen places
    loss = -np.log(p[np.arange(count), right]).mean()
    p[np.arange(count), right] -= 1  # p - y, lesson 02
    dlogits = np.zeros_like(logits)
    dlogits[scored] = p / count
    return loss, dlogits


probabilities = np.array([[[0.9, 0.1], [0.25, 0.75], [0.5, 0.5]]])
loss, gradient = masked_loss(np.log(probabilities), np.array([[IGNORE, 0, IGNORE]]))
print(f"loss {loss:.3f} = ln 4, gradient", " ".join(f"[{a:.2f} {b:.2f}]" for a, b in gradient[0]))
#> loss 1.386 = ln 4, gradient [0.00 0.00] [-0.75 0.75] [0.00 0.00]

rng = lesson.rng()
logits, reads, asked = rng.standard_normal((7, 32, V)), mine[0][:7], mine[1][:7]
loss, gradient = masked_loss(logits, asked)
theirs, saved = ops.cross_entropy(logits, asked)
np.testing.assert_allclose(loss, theirs)
np.testing.assert_allclose(gradient, ops.cross_entropy_backward(1.0, saved), atol=1e-15)

small = MaskedLM(EncoderConfig(len(names), layers=1, heads=2, d_model=8), dtype=np.float64)
everywhere, _ = small.forward(reads)  # (B, T, V)
there, _ = small.forward(reads, places=asked != IGNORE)  # (N, V): the other rows are not even computed
np.testing.assert_allclose(everywhere[asked != IGNORE], there)
print(f"rows of logits: {everywhere[..., 0].size} at all places, {len(there)} at the chosen ones, and the same loss")
#> rows of logits: 224 at all places, 35 at the chosen ones, and the same loss

# %% [markdown]
# ## 3. The same size, the same text: a GPT and a model that repairs
#
# Both models have 2 layers, 4 heads and 64 columns, and read the same number of windows of 32 words of the same stories: 900 steps of 32.
# They differ in two things. The GPT's attention is causal, and it is asked at every place for the next word, 32 times a window. The
# other, like BERT, looks **both ways**, and is asked at five places. It may look both ways because its answer isn't there to be copied:
# we took it out.

# %%
special = SpecialTokens(pad=PAD, mask=MASK, bos=START, eos=END)
ends = SpecialTokens(pad=PAD, mask=MASK)


def train(name, model, data, objective, steps, batch=32, lr=3e-3):
    """Returns the validation loss at the end."""
    options = TrainOptions(
        steps=2 if lesson.quick else steps, batch=batch, lr=lr, warmup=50, eval_every=200,
        eval_batches=1 if lesson.quick else 8, workers=2, seed=lesson.seed,
    )
    for progress in Trainer(model, data, options, objective).run():
        if progress.validation is not None:
            print(f"{name}: step {progress.step:4}  validation loss {progress.validation:.3f}", file=sys.stderr)
    return progress.validation


def encoder():
    """It begins with the same weights every time."""
    config = EncoderConfig(len(names), context=32, layers=2, heads=4, d_model=64, token_types=0, norm="pre")
    return MaskedLM(config, seed=lesson.seed)


gpt = GPT(GPTConfig(len(names), context=32, layers=2, heads=4, d_model=64), seed=lesson.seed)
bert, steps = encoder(), 900
print(f"GPT: loss {train('GPT', gpt, Corpus(ids, 32), CAUSAL, steps):.2f} nats a word, asked at every place")
loss = train("both ways", bert, MaskedData(Windows(ids, 32), ends, V), MASKED, steps)
print(f"both ways: loss {loss:.2f} nats a word, asked at the chosen places; blind guessing: ln {V} = {math.log(V):.2f}")
#> GPT: loss 0.69 ± 0.04 nats a word, asked at every place
#> both ways: loss 0.61 ± 0.05 nats a word, asked at the chosen places; blind guessing: ln 62 = 4.13

# %% [markdown]
# Don't compare the two losses: the questions differ. Compare what the two can answer.
#
# ## 4. The clue is on the right
#
# A text begins with *the ▢ barks because it is hungry*. Which animal is it? Whoever reads the next word knows. The GPT must answer before
# it gets there: it has read *the*, and nothing else. More training would not help it. What it needs is not in what it reads.


# %%
def softmax_rows(logits):
    return ops.softmax(logits.astype(np.float64))[0]


def repair(text, model=None):
    """What the model that looks both ways holds for likely at the [MASK] of a text: (V,)."""
    reads = np.array([[number[word] for word in text.split()]])
    return softmax_rows((model or bert).forward(reads, places=reads == MASK)[0])[0, :V]


def guess(text):
    """What the GPT holds for likely after a text: (V,)."""
    return softmax_rows(gpt.forward(np.array([[number[word] for word in text.split()]]))[0])[0, -1, :V]


rest = "barks because it is hungry ."
left, both = guess("the"), repair(f"the [MASK] {rest}")
print(f"the GPT says {vocabulary[left.argmax()]} ({left.max():.2f}), dog gets {left[number['dog']]:.2f}")
print(f"both ways:   {vocabulary[both.argmax()]} ({both.max():.2f})")
#> the GPT says … (0.10 ± 0.04), dog gets 0.06 ± 0.04
#> both ways:   dog (0.68 ± 0.25)

animals = ["cat", "dog", "bird", "mouse", "duck", "cow"]
sounds = ["meows", "barks", "sings", "squeaks", "quacks", "moos"]
found = [vocabulary[repair(f"the [MASK] {sound} because it is happy .").argmax()] for sound in sounds]
print("six sounds, both ways:", " ".join(found))
#> six sounds, both ways: cat dog bird mouse duck cow

shown = [number["dog"], *(i for i in np.argsort(-left)[:7] if i != number["dog"])]
lesson.save(
    next_word_bars(
        [vocabulary[i] for i in shown], np.array([left[shown], both[shown]]),
        labels=["GPT: it has read the", "both ways: all of it"], title="“the [MASK] barks ...”: who reads on knows",
    ),
    "fill_in",
    alt="Bars of probability for seven words, for two models. The GPT, which has read only 'the', spreads its guess over many "
    "animals and places, each about 0.1. The model that looks both ways gives most to 'dog'.",
)

# %% [markdown]
# We changed the sound six times, and the animal followed. That is an experiment, and stronger than any picture.
#
# To be fair to the GPT: it can score whole sentences. Put each of the 62 words into the hole, and take the likeliest of the sentences. We
# try that with our sentence, and with a hole in each of a hundred windows of held-out stories.

# %%
def rescored(text, place):
    """The likeliest text, by the GPT, of the V that have another word at this place: its number, after V readings."""
    candidates = np.repeat(text[None], V, axis=0)
    candidates[:, place] = np.arange(V)
    p = softmax_rows(gpt.forward(candidates)[0])
    after = np.take_along_axis(p[:, :-1], candidates[:, 1:, None], axis=2)  # of each word, given those before it
    return np.log(after).sum(axis=(1, 2)).argmax()


text = np.array([number[word] for word in f"the cat {rest}".split()])
print(f"the GPT, having read all {V} sentences: {vocabulary[rescored(text, 1)]}")
held_out = np.array([number[word] for story in write_stories(300, seed=1000 + lesson.seed) for word in story])
held_out = held_out[: len(held_out) // 32 * 32].reshape(-1, 32)[: 60 if lesson.quick else None]
some = held_out[: 4 if lesson.quick else 100]
holes = lesson.rng().integers(1, 32, size=len(some))  # not the first word: a GPT has nothing to guess it by
answers = some[np.arange(len(some)), holes]
by_left = gpt.forward(some)[0][np.arange(len(some)), holes - 1, :V].argmax(axis=1)
by_reading = np.array([rescored(window, place) for window, place in zip(some, holes)])
damaged = some.copy()
damaged[np.arange(len(some)), holes] = MASK
by_both = bert.forward(damaged, places=damaged == MASK)[0].argmax(axis=1)
for name, found in {"GPT, from the left": by_left, f"GPT, after {V} readings": by_reading, "both ways": by_both}.items():
    print(f"{name}: {(found == answers).mean():.0%} of the holes")
#> the GPT, having read all 62 sentences: dog
#> GPT, from the left: 73 ± 12% of the holes
#> GPT, after 62 readings: 83 ± 10% of the holes
#> both ways: 80 ± 10% of the holes

# %% [markdown]
# So a GPT fills holes as well, at 62 times the reading. For two holes it would take 62² = 3,844 readings, which then give the probability
# of each *pair*. The model that looks both ways reads once, and says what is likely at each hole alone. It can't say that *New* goes with
# *York* and *Los* with *Angeles* (Yang et al. 2019 object to just that).
#
# ## 5. What a map of both sides looks like
#
# Only a picture: what the model goes by was tried in section 4.

# %%
tokens = f"the [MASK] {rest}".split()
dog = np.where(np.arange(len(text)) == 1, number["dog"], text)
causal_map = gpt.forward(dog[None])[1].blocks[0].attention.weights[0].mean(axis=0)
read = bert.forward(np.array([[number[word] for word in tokens]]))[1].blocks
maps = np.array([saved.attention.weights[0].mean(axis=0) for saved in read])
right = maps[:, 1, 2:].sum(axis=1)
print(f"of what [MASK] reads, from words to its right: layer 0 {right[0]:.2f}, layer 1 {right[1]:.2f}; in a GPT 0, by its mask")
#> of what [MASK] reads, from words to its right: layer 0 0.62 ± 0.15, layer 1 0.60 ± 0.2; in a GPT 0, by its mask
future = np.triu(np.ones(causal_map.shape, dtype=bool), 1)
labels = ["the", "dog / [MASK]", *tokens[2:]]
lesson.save(
    matrix_maps(
        {"GPT: it reads dog": np.ma.array(causal_map, mask=future), "both ways: it reads [MASK]": maps[0]},
        rows=labels, columns=labels,
        title="A GPT's map is half a map: the causal mask hides the rest (layer 0, mean of 4 heads)",
    ),
    "both_sides",
    alt="Two attention maps of the sentence 'the [MASK] barks because it is hungry .'. The GPT's is a triangle: all words to the right are "
    "masked. The other is a full square, and in it [MASK] reads from 'barks' and from other words to its right.",
)

# %% [markdown]
# ## 6. Delete the word altogether
#
# In the article's example nothing marks the hole: *The is on the table*. The model must find out **where** something is missing, and
# write the sentence anew. So the answer is longer than the source, and that takes the encoder-decoder of lesson 09: the encoder reads
# the damaged sentence both ways, the decoder writes the whole one. BART is pretrained like this.
#
# Rows of different lengths are filled up with [PAD] at the end, and a boolean array says which tokens are real.


# %%
def delete(ids, gone, pad=PAD):
    """ids, gone (boolean) (B, T) -> the texts without those words, (B, S) with padding on the right, and which are real, (B, S)."""
    left = [row[~out] for row, out in zip(ids, gone)]
    real = np.arange(max(map(len, left))) < np.array([[len(row)] for row in left])
    source = np.full(real.shape, pad)
    source[real] = np.concatenate(left)
    return source, real


without = np.array([[0, 1, 0, 0, 0, 0, 0], [0, 1, 0, 1, 0, 0, 0]], dtype=bool)
source, real = delete(np.repeat(sentence, 2, axis=0), without)
print(spell(source[0]), "|", spell(source[1]))
#> the is on the table . | the is the table . [PAD]
np.testing.assert_array_equal(source, Rows.select(np.repeat(sentence, 2, axis=0), ~without).padded(PAD))

begins = np.concatenate([[True], np.isin(ids[:-1], [number["."], number["?"]])])  # a sentence after each full stop
restorer = Transformer(len(names), d_model=64, nhead=4, num_layers=2, d_ff=128, dropout=0.0, seed=lesson.seed)
data = DenoisingData(Sentences(ids, 32, begins), special, noise="delete", rate=0.1)
train("restore", restorer, data, SEQUENCE_TO_SEQUENCE, 500, batch=64)


def restore(source, real=None):
    """Greedy: the likeliest word each time, until </s>. (B, S) -> lists of ids."""
    prompts = np.full((len(source), 1), START)
    return generate_batch(
        restorer, prompts, 16, cache=restorer.start(source, source_mask=real), temperature=0.0, eos=[END], banned=[PAD, MASK, START]
    )


for damaged in ("the cat on the table .", "the barks because it is hungry .", "the is on the table ."):
    print(f"{damaged}  ->  {spell(restore(np.array([[number[word] for word in damaged.split()]]))[0])}")
#> the cat on the table .  ->  the cat is on the table .
#> the barks because it is hungry .  ->  the dog barks because it is hungry .
#> the is on the table .  ->  the … is on the table .

# %% [markdown]
# The first two have one answer each, and it finds it. The third, the article's own, has many: the bird may be on the table as well, or
# the red hat. The model writes one that fits. So two numbers tell more than one, for one word deleted and for others: in how many
# held-out sentences it wrote exactly what stood there, and in how many it wrote a sentence of our world that differs from the source by
# the missing words alone.

# %%
known = {spell(piece) for piece in np.split(ids, np.flatnonzero(begins)[1:])}
stream = held_out.reshape(-1)
sentences = np.split(stream, np.flatnonzero(np.isin(stream, [number["."], number["?"]])) + 1)
sentences = [row for row in sentences if 6 <= len(row) <= 16 and spell(row) in known][: 16 if lesson.quick else 300]
for missing in (0, 1, 2, 3):
    draw = lesson.rng()
    # any words but the full stop, the others in their order
    left = [row[np.sort([*draw.permutation(len(row) - 1)[missing:], len(row) - 1])] for row in sentences]
    rows = Rows.joined(left)
    exact = fitting = 0
    for answer, source, written in zip(sentences, left, restore(rows.padded(PAD), rows.real())):
        words = iter(written)
        holds_source = all(word in words for word in source)  # in this order
        exact += written == answer.tolist()
        fitting += holds_source and spell(written) in known
    print(f"{missing} deleted: restored exactly {exact / len(sentences):.0%}, a fitting sentence {fitting / len(sentences):.0%}")
#> 0 deleted: restored exactly 96 ± 5%, a fitting sentence 96 ± 5%
#> 1 deleted: restored exactly 68 ± 8%, a fitting sentence 98 ± 3%
#> 2 deleted: restored exactly 39 ± 9%, a fitting sentence 92 ± 7%
#> 3 deleted: restored exactly 22 ± 9%, a fitting sentence 80 ± 12%

# %% [markdown]
# Nearly every sentence that it was trained on had lost exactly one word: a tenth, and at least one. It learned more than that: it leaves
# nearly every whole sentence alone, and mends two holes and three, though seldom with the words that stood there.
#
# ## 7. What breaks if ...
#
# **... every place is asked?** Six words of seven stand before the model's eyes, and it need only copy them.
# **... a chosen word is always replaced by [MASK]?** Then the model has to know only what belongs at a [MASK].
#
# And what is each tenth for? One model gets no swapped words (80 % masked, 20 % as they are), another no words in plain sight (80 %
# masked, 20 % swapped). All begin with the same weights, and train as long as ours. Then they get three tasks with held-out stories: name
# the word behind a [MASK]; name a word that is in plain sight; and notice that a word was swapped for another, and name the right one.
#
# A fourth number asks the body and not the head: can the word in plain sight be read off its last states by a linear map, fitted on other
# windows by least squares? Such a **probe** tells what a state holds, whether or not the model's own head reads it.


# %%
class AskEverywhere(MaskedData):
    def corrupt(self, rng, texts):
        return super().corrupt(rng, texts)[0], Rows.select(texts.ids, texts.real)


class FourFifthsMasked(MaskedData):
    """80 % of the words that are asked for masked; what the others become, `instead` says."""

    def corrupt(self, rng, texts):
        _, asked = super().corrupt(rng, texts)
        original = Rows.select(texts.ids, texts.real).values
        hidden = np.where(rng.random(len(original)) < 0.8, MASK, self.instead(rng, original))
        return Rows(np.where(asked.values == IGNORE, original, hidden), asked.lengths), asked


class SwapOnly(FourFifthsMasked):
    def instead(self, rng, original):
        return rng.integers(V, size=len(original))


class KeepOnly(FourFifthsMasked):
    def instead(self, rng, original):
        return original


class AlwaysMask(FourFifthsMasked):
    def instead(self, rng, original):
        return np.full_like(original, MASK)


rng = lesson.rng()
places = choose(rng, np.ones_like(held_out, dtype=bool), np.full(len(held_out), 3))
others = rng.integers(V, size=held_out.shape)


def score(model):
    """In what share of the places the likeliest word is the one that stood there: masked, in plain sight, swapped."""
    shares = []
    for instead in (MASK, held_out, others):
        logits, _ = model.forward(np.where(places, instead, held_out), places=places)
        shares.append((logits.argmax(axis=1) == held_out[places]).mean())
    return shares


def probe(model):
    """In what share of held-out words a linear map of the last state names the word itself."""
    fitted = ids[: 1_920 if lesson.quick else 19_200].reshape(-1, 32)
    states = [np.concatenate([s, np.ones((*s.shape[:2], 1))], -1) for s in (model.body.forward(x)[0] for x in (fitted, held_out))]
    x, tests = (s.reshape(-1, s.shape[-1]).astype(np.float64) for s in states)
    w = np.linalg.solve(x.T @ x + np.eye(x.shape[1]), x.T @ np.eye(V)[fitted.reshape(-1)])
    return ((tests @ w).argmax(axis=1) == held_out.reshape(-1)).mean()


print(f"probe of a body that has learned nothing: {probe(encoder()):.0%}")
results = {"80/10/10": (loss, bert)}
kinds = {"80/0/20, kept": KeepOnly, "80/20/0, swapped": SwapOnly, "always [MASK]": AlwaysMask, "asked everywhere": AskEverywhere}
for name, kind in kinds.items():
    model = encoder()
    results[name] = train(name, model, kind(Windows(ids, 32), ends, V), MASKED, steps), model
for name, (loss, model) in results.items():
    masked, plain, swapped = score(model)
    print(
        f"{name:<16}  its loss {loss:.2f}   behind [MASK] {masked:.0%}   in plain sight {plain:.0%}   swapped {swapped:.0%}"
        f"   probe {probe(model):.0%}"
    )
#> probe of a body that has learned nothing: 98 ± 2%
#> 80/10/10          its loss 0.61 ± 0.05   behind [MASK] 78 ± 5%   in plain sight 97 ± 3%   swapped 71 ± 6%   probe 98 ± 2%
#> 80/0/20, kept     its loss 0.44 ± 0.06   behind [MASK] 77 ± 5%   in plain sight 100 ± 1%   swapped 17 ± 10%   probe 98 ± 2%
#> 80/20/0, swapped  its loss 0.80 ± 0.08   behind [MASK] 72 ± 6%   in plain sight 70 ± 12%   swapped 66 ± 8%   probe 97 ± 3%
#> always [MASK]     its loss 0.63 ± 0.06   behind [MASK] 75 ± 5%   in plain sight 55 ± 20%   swapped 55 ± 15%   probe 95 ± 4%
#> asked everywhere  its loss 0.11 ± 0.03   behind [MASK] 78 ± 5%   in plain sight 100 ± 1%   swapped 65 ± 6%   probe 98 ± 2%

# %% [markdown]
# *Asked everywhere* has by far the smallest loss, by copying words in plain sight, and is no better behind a [MASK]. And it has learned to
# believe what it reads: where a word was swapped it falls behind.
#
# The others tell what each tenth is for. *Kept* words teach the head to name what stands in plain sight; without swaps it then believes
# whatever it reads. *Swapped* words teach doubt, at a price behind the [MASK]. With both, the model learns both, and pays little.
#
# *Always [MASK]* is about as good behind a [MASK], and its head can't name many of the words that stand before its eyes. But the probe
# finds them in its states as well as in the others': only the head has not learned to read them. (That is no merit of training: the
# residual path carries every word up.) So a body that gets a new head (lesson 13) loses little.
#
# ## Takeaways
#
# - Damage a text and ask for the original: the text is its own teacher, and the model may look both ways.
# - The loss, and its mean, belong to the places that are asked. A small loss may only mean that the question was easy.
# - A model that looks both ways fills a hole in one reading, and a GPT in one reading for each word that might stand there.
#
# ## Exercises
#
# 1. `mask_words`: the 80/10/10 masking, which leaves special tokens alone.
# 2. `masked_loss`: loss and gradient at the places that are asked.
# 3. `hide_spans`: T5's damage, whole spans of words behind one sentinel each. It isn't in the lesson.
#
# `python -m minillm check 11`, with `--hint` and `--figure`. And *predict, then run*: choose 50 % of the places, not 15 %
# (`MaskedData(..., rate=0.5)` in section 3). Which way go the loss, the holes of section 4, and the six sounds?
#
# ## In the library
#
# `minillm/objectives/masked.py` has the masking and its loss, `denoise.py` the deleted words, and `rows.py` texts of different lengths as
# one array. `minillm/models/encoder.py` looks both ways.
#
# ## In practice
#
# BERT chooses 15 % of the pieces of words, and later versions whole words. RoBERTa draws new holes each time that a text comes by, as we
# do, and drops BERT's second task. ELECTRA swaps words by a small model and asks at *every* place whether the word was swapped: a
# question that copying cannot answer, and it learns faster for that. T5 hides whole spans and writes only them.
#
# Your own: `python -m minillm pretrain --objective masked`, then `python -m minillm fill`; `--objective denoise` for section 6.
#
# ## Reading
#
# - Yang et al. 2019, *XLNet*: section 2.2 on what independent guesses at several holes leave out.
# - Devlin et al. 2019, *BERT: Pre-training of Deep Bidirectional Transformers*: section 3.1, and appendix C.2 on 80/10/10.
# - Lewis et al. 2020, *BART: Denoising Sequence-to-Sequence Pre-training*: five ways to damage a text, compared.
# - Clark et al. 2020, *ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators*.
