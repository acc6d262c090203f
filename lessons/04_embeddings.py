"""Lesson 04: Give every word a vector (embeddings)

Question   Can a model use many words back, when no text is long enough to count such phrases?
You build  an embedding table, and a neural network over a window of words, forward and backward, that beats counting
You need   lessons 01 and 02, and matrix products
Article    section 2.1, language models
Time       20 s on 2 cores
Figures    04_window.png, 04_kinds.png, 04_vectors.png
Run        python lessons/04_embeddings.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 04
"""

# %% [markdown]
# ## 1. A word as a row of a table
#
# To a counting model *cat* and *dog* are two different entries, and nothing more. What it learns of one tells it nothing about the other.
# So give every word a list of numbers, a **vector**, that may be learned. Then two words can be alike.
#
# A vector of length V with a single 1, at the number of the word, is called **one-hot**. Take three words, a table E with two numbers for
# each, and multiply:
#
#     (0 1 0) E = 0 · row 0 + 1 · row 1 + 0 · row 2 = row 1
#
# So a one-hot vector times a table *is* a row of the table. Nobody multiplies by all those zeros: we look the row up. The table is called
# an **embedding**, and so is each of its rows.

# %%
import math

import numpy as np

from minillm import ops
from minillm.course import EXAMPLE, Lesson, write_stories
from minillm.course.stories import ANIMALS, CHILDREN, LOOKS, THINGS
from minillm.gradcheck import numeric_gradient
from minillm.plots import embedding_map, embedding_maps, line_chart

lesson = Lesson(4)
rng = lesson.rng()

sentence = EXAMPLE["en"][:5]
words = sorted(set(sentence))
ids = np.array([words.index(word) for word in sentence])
E = np.array([[1.0, 2], [3, 4], [5, 6], [7, 8]])
one_hot = np.eye(len(words))[ids]  # (T, V): a row with a single 1 for each word of the sentence
print("words   ", words)
print("sentence", sentence, "->", ids)
print("the last word as one-hot:", one_hot[-1], "times E:", one_hot[-1] @ E)
np.testing.assert_array_equal(one_hot @ E, E[ids])
#> words    ['cat', 'is', 'on', 'the']
#> sentence ['the', 'cat', 'is', 'on', 'the'] -> [3 0 1 2 3]
#> the last word as one-hot: [0. 0. 0. 1.] times E: [7. 8.]

# %% [markdown]
# ### The backward pass
#
# Let dx be the gradient of the vectors that we looked up, (T, D). Forward was a product, x = onehot E. Each number of it is x_td = Σ_v
# onehot_tv E_vd, so E_vd moves every x_td whose word is v:
#
#     dE_vd = Σ_t onehot_tv dx_td        dE = onehotᵀ dx
#
# In words: *row v receives the sum of dx over all positions at which word v stood.* Without the zeros, that is "for each t, add dx_t to
# row ids_t", a **scatter-add**. In NumPy it is `np.add.at`. Our sentence has *the* twice, and there lies a trap:

# %%
dx = np.array([[1.0, 1], [2, 2], [3, 3], [4, 4], [5, 5]])
dE = np.zeros_like(E)
np.add.at(dE, ids, dx)
np.testing.assert_array_equal(dE, one_hot.T @ dx)
np.testing.assert_array_equal(dE, ops.embedding_backward(dx, ops.embedding(ids, E)[1]))  # the library's
tempting = np.zeros_like(E)
tempting[ids] += dx
print("row of the, np.add.at:", dE[3], " dE[ids] += dx:", tempting[3])
#> row of the, np.add.at: [6. 6.]  dE[ids] += dx: [5. 5.]

# %% [markdown]
# `dE[ids] += dx` reads all the rows first, adds, and then writes them: of a word that comes twice, only the last gradient survives. No
# error, no warning.
#
# ## 2. What must be beaten
#
# The rival is lesson 01's best table, the one that backs off: start from equal probabilities, and let each longer memory correct what the
# shorter one said, as far as it was counted. With more text than there, and up to twelve words of memory:
#
#     p_n(word) = (count + k p_{n-1}(word)) / (total + k)
#
# *count* is how often the word followed these n words, *total* how often they came at all. k and n are chosen on the validation text, a
# third part that is neither counted nor used for the final judgement; so is the network's window later. As in lesson 01 every story is
# followed by `<end>`, and preceded by as many `<end>`s as a memory needs: all models, whatever their memory, are asked the same questions.

# %%
LONGEST = 12  # words of memory
parts = [write_stories(1000 if part == 0 else 300, lesson.seed + 1000 * part) for part in (0, 2, 1)]  # held out: as in lesson 01
words = ["<end>", *sorted({word for story in parts[0] for word in story})]
number_of = {word: number for number, word in enumerate(words)}
V = len(words)


def questions(stories, n):
    """What is asked: contexts (N, n), the n words before, and targets (N,), the words that came."""
    contexts, targets = [], []
    for story in stories:
        ids = [0] * n + [number_of[word] for word in story] + [0]
        for at in range(n, len(ids)):
            contexts.append(ids[at - n : at])
            targets.append(ids[at])
    return np.array(contexts), np.array(targets)


(known, answers), validation, held_out = (questions(stories, LONGEST) for stories in parts)
print(f"{V} words; {len(answers):,} questions to learn from, {len(validation[1]):,} to validate by, {len(held_out[1]):,} held out")
#> 63 words; 48,500 ± 700 questions to learn from, 14,600 ± 300 to validate by, 14,600 ± 300 held out


def counts(contexts, targets):
    """For 0, 1 ... LONGEST words of memory: how often target and context came in the first part, and the context: (N,) each."""
    context, first = np.zeros(len(targets), int), slice(len(answers))
    for n in range(LONGEST + 1):
        if n:  # equal numbers for equal contexts: what was equal before, and has the same word in front
            context = np.unique(context * V + contexts[:, -n], return_inverse=True)[1]
        pair = np.unique(context * V + targets, return_inverse=True)[1]
        yield np.bincount(pair[first], minlength=len(pair))[pair], np.bincount(context[first], minlength=len(context))[context]


everything = (np.concatenate(part) for part in zip((known, answers), validation, held_out))
statistics = list(counts(*everything))
counted = {}  # (k, n) -> loss on the validation part, loss on the held-out part
for k in (0.1, 0.3, 1, 3, 10, 30, 100):
    p = 1 / V
    for n, (count, total) in enumerate(statistics):
        p = (count + k * p) / (total + k)
        losses = np.split(-np.log(p[len(answers) :]), [len(validation[1])])
        counted[k, n] = [float(part.mean()) for part in losses]
k, n = min(counted, key=lambda which: counted[which][0])
best_counted = counted[k, n][1]
_, bigram = min(losses for (_, memory), losses in counted.items() if memory == 1)
print(f"blind guessing ln {V} = {math.log(V):.2f}, one word of memory {bigram:.3f}")
print(f"the best counted model: {n} words of memory, k {k}: held-out loss {best_counted:.3f}")
#> blind guessing ln 63 = 4.14, one word of memory 1.360 ± 0.02
#> the best counted model: 12 words of memory, k 30: held-out loss 0.73 ± 0.02

# %% [markdown]
# ## 3. The network of Bengio et al. (2003)
#
# Look up the vectors of the last n words and lay them side by side: n D numbers. One layer with tanh makes H features of them, a second
# one a logit for every word. That is all:
#
#     x = [E[w_1], ..., E[w_n]]        h = tanh(x W₁ + b₁)        logits = h W₂ + b₂
#
# In the backward pass, two rules do the work. For a product C = A B, C_ij = Σ_k A_ik B_kj, so A_ik moves C_ij by B_kj: dA = dC Bᵀ, and
# likewise dB = Aᵀ dC. And the derivative of tanh is 1 - tanh². Every line of the backward pass undoes the forward line that stands beside
# it.

# %%
def network(contexts, w):
    """contexts (N, n) -> logits (N, V), and what the backward pass needs."""
    x = w["E"][contexts].reshape(len(contexts), -1)  # (N, n D)
    h = np.tanh(x @ w["W1"] + w["b1"])  # (N, H)
    return h @ w["W2"] + w["b2"], (contexts, x, h)


def network_backward(dlogits, w, saved):
    """dlogits (N, V) -> the gradient of each array of w."""
    contexts, x, h = saved
    dw = {"W2": h.T @ dlogits, "b2": dlogits.sum(axis=0)}  # logits = h W2 + b2
    dh = dlogits @ w["W2"].T  # logits = h W2 + b2
    da = dh * (1 - h * h)  # h = tanh(a)
    dw |= {"W1": x.T @ da, "b1": da.sum(axis=0)}  # a = x W1 + b1
    dx = (da @ w["W1"].T).reshape(*contexts.shape, -1)  # a = x W1 + b1, and x was n vectors side by side
    dw["E"] = np.zeros_like(w["E"])
    np.add.at(dw["E"], contexts, dx)  # x = E[contexts]
    return dw


def fresh(n, D=16, H=64, V=V):
    """Random weights for a window of n words: D numbers to a word, H features."""
    rng = lesson.rng()
    w = {"E": 0.01 * rng.standard_normal((V, D)), "W1": rng.standard_normal((n * D, H)) / math.sqrt(n * D), "b1": np.zeros(H)}
    return w | {"W2": 0.1 * rng.standard_normal((H, V)) / math.sqrt(H), "b2": np.zeros(V)}


def wrong_backward(dlogits, w, saved):
    """The trap of section 1."""
    dw = network_backward(dlogits, w, saved)
    contexts, _, h = saved
    dw["E"] = np.zeros_like(w["E"])
    dw["E"][contexts] += (dlogits @ w["W2"].T * (1 - h * h) @ w["W1"].T).reshape(*contexts.shape, -1)
    return dw


small = {key: rng.standard_normal(array.shape) for key, array in fresh(3, D=2, H=5, V=4).items()}
contexts = np.array([[0, 1, 0], [3, 1, 1]])  # repeated words, in a row and between rows
upstream = rng.standard_normal((2, 4))  # random, not ones: lesson 02
logits, saved = network(contexts, small)
for name, backward in {"right": network_backward, "+= for add.at": wrong_backward}.items():
    errors = {}
    for key, gradient in backward(upstream, small, saved).items():
        numeric = numeric_gradient(lambda: float((upstream * network(contexts, small)[0]).sum()), small[key])
        errors[key] = np.abs(gradient - numeric).max() / np.linalg.norm(numeric)
    print(f"{name}: " + ", ".join(f"d{key} {'passes' if error < 1e-7 else 'CAUGHT'}" for key, error in errors.items()))
x = ops.embedding(contexts, small["E"])[0].reshape(2, -1)  # the same network of the library's pieces
h = ops.tanh(ops.linear(x, small["W1"], bias=small["b1"])[0])[0]
np.testing.assert_allclose(logits, ops.linear(h, small["W2"], bias=small["b2"])[0])
#> right: dW2 passes, db2 passes, dW1 passes, db1 passes, dE passes
#> += for add.at: dW2 passes, db2 passes, dW1 passes, db1 passes, dE CAUGHT

# %% [markdown]
# ## 4. Train it
#
# As in lesson 02: 64 questions at a time, p - y, a step the other way. The steps get smaller towards the end, so that the weights settle.

# %%
def loss_and_gradient(logits, targets):
    """Lesson 02: the mean of -ln p(target), and its gradient p - y."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p, rows = e / e.sum(axis=-1, keepdims=True), np.arange(len(targets))
    loss = -np.log(p[rows, targets]).mean()
    p[rows, targets] -= 1
    return loss, p / len(targets)


def loss_of(w, part):
    contexts, targets = part
    n = len(w["W1"]) // w["E"].shape[1]
    return loss_and_gradient(network(contexts[:, LONGEST - n :], w)[0], targets)[0]


def train(w, backward=network_backward, lr=2.0, steps=20 if lesson.quick else 4000):
    rng, n = lesson.rng(), len(w["W1"]) // w["E"].shape[1]
    for step in range(steps):
        chosen = rng.integers(len(answers), size=64)
        logits, saved = network(known[chosen, LONGEST - n :], w)
        gradients = backward(loss_and_gradient(logits, answers[chosen])[1], w, saved)
        for key, gradient in gradients.items():
            w[key] -= lr * (1 - step / steps) * gradient
    return w


networks = {n: train(fresh(n)) for n in (1, 2, 4, 8, LONGEST)}
w = networks[LONGEST]
ours = loss_of(w, held_out)
print(f"held-out loss: counted {best_counted:.3f}, network {ours:.3f}")
print(f"perplexity:    counted {math.exp(best_counted):.2f}, network {math.exp(ours):.2f}")
#> held-out loss: counted 0.73 ± 0.02, network 0.63 ± 0.02
#> perplexity:    counted 2.08 ± 0.05, network 1.88 ± 0.05

# %% [markdown]
# Same text to learn from, same words of memory, same questions: the network is clearly better. What it learns of *the dog is under the* it
# has also learned, in part, for *the cat is under the*, as soon as the two animals have similar vectors.
#
# ## 5. What the window costs
#
# Both models, with 1 to 12 words of memory. (Each counted model has its own best k.)

# %%
curves = {
    "counted": [(n, min(losses for (_, memory), losses in counted.items() if memory == n)[1]) for n in range(1, LONGEST + 1)],
    "network": [(n, loss_of(w, held_out)) for n, w in networks.items()],
}
chosen = min(networks, key=lambda n: loss_of(networks[n], validation))
print(f"the network's best window on the validation part: {chosen}")
for n, w in networks.items():
    table = len({*map(tuple, np.column_stack([known[:, LONGEST - n :], answers]))})
    print(f"{n} words: network {sum(a.size for a in w.values()):,} numbers, counts that are not 0: {table:,} of {V ** (n + 1):.1e}")
lesson.save(
    line_chart(curves, xlabel="words of memory", ylabel="held-out loss (nats per word)", title="Vectors make more of a long memory"),
    "window",
    alt="Held-out loss against the words of memory, for counting and for the network. With one word both are at 1.36. Counting comes down "
    "to about 0.75 at four words and hardly further; the network goes on to 0.62 at twelve.",
)
#> the network's best window on the validation part: 12
#> 1 words: network 6,191 numbers, counts that are not 0: 213 ± 5 of 4.0e+03
#> 2 words: network 7,215 numbers, counts that are not 0: 658 ± 10 of 2.5e+05
#> 4 words: network 9,263 numbers, counts that are not 0: 3,510 ± 50 of 9.9e+08
#> 8 words: network 13,359 numbers, counts that are not 0: 18,900 ± 200 of 1.6e+16
#> 12 words: network 17,455 numbers, counts that are not 0: 30,100 ± 300 of 2.5e+23

# %% [markdown]
# A table of all phrases grows as V to the power n. The network grows by D · H = 1,024 numbers for each word of memory: that much is cured.
# But each position in the window has its own piece of W₁. What the network learned of *cat* three words back tells it nothing of *cat*
# four words back. And the window has an edge:

# %%
def asked_where(part):
    """The questions whose last words are "? it is": where is the thing or the animal?"""
    contexts, targets = part
    rows = (contexts[:, -3:] == [number_of[word] for word in ("?", "it", "is")]).all(axis=1)
    return contexts[rows], targets[rows]


where, there = asked_where(held_out)
w = networks[LONGEST]
right = network(where, w)[0].argmax(axis=-1) == there
print(f"{len(there)} times “where is ...? it is” on, under or behind: {right.mean():.0%} right, by chance 33%")
stories = [
    f"the white cup is {place} the bed . anna likes the dog . where is the white cup ? it is".split()
    for place in ("under", "behind")
]
seen = np.array([[number_of[word] for word in story[-LONGEST:]] for story in stories])
one, other = np.exp(network(seen, w)[0][:, [number_of["on"], number_of["under"], number_of["behind"]]])
print("the cup was under the bed:", (one / one.sum()).round(2), " behind it:", (other / other.sum()).round(2))
#> 180 ± 20 times “where is ...? it is” on, under or behind: 47 ± 10% right, by chance 33%
#> the cup was under the bed: …

# %% [markdown]
# The two stories differ 17 words back, five too far. So the network sees the same twelve words twice, and gives the same answer twice:
# no training can mend that. A window that holds the whole story would need a W₁ for each of 64 positions. The way out is a model that
# *looks for* the words that matter, wherever they stand: lesson 05.
#
# ## 6. Words of a kind lie together
#
# Two vectors are alike if they point the same way, whatever their length. That is their **cosine**, the dot product divided by both
# lengths: 1 for the same direction, 0 for a right angle. Nobody told the network that *cat* and *dog* are animals. Are their vectors alike
# all the same? We ask for the nearest words of *cat*, and in how many cases the nearest word of a word is of its own kind: at the random
# start, with two words of memory, and with twelve.

# %%
kinds = {"child": [*CHILDREN["en"]], "animal": [*ANIMALS["en"]], "thing": [*THINGS["en"]], "look": LOOKS["en"]}
kinds |= {"sound": [sound for _, sound, _ in ANIMALS["en"].values()], "food": [food for _, _, food in ANIMALS["en"].values()]}
kinds |= {"place": ["table", "chair", "bed", "tree", "house"]}
kind_of = {word: kind for kind, members in kinds.items() for word in members}
named = [word for word in words if word in kind_of]


def neighbours(E, word, count=3):
    """The words with the largest cosine to this one."""
    unit = E / np.linalg.norm(E, axis=1, keepdims=True)
    cosine = unit @ unit[number_of[word]]
    order = [i for i in cosine.argsort()[::-1] if words[i] != word]
    return [(words[i], float(cosine[i])) for i in order[:count]]


vectors = {"random": fresh(2)["E"], "2 words of memory": networks[2]["E"], "12 words of memory": networks[LONGEST]["E"]}
for moment, E in vectors.items():
    of_a_kind = np.mean([kind_of.get(neighbours(E, word, 1)[0][0]) == kind_of[word] for word in named])
    print(f"{moment}: nearest word of its own kind {of_a_kind:.0%}")
    print("nearest to cat: " + ", ".join(f"{near} {cosine:.2f}" for near, cosine in neighbours(E, "cat")))
rows = [number_of[word] for word in named]
lesson.save(
    embedding_map(networks[2]["E"][rows], named, groups=kind_of, title="With two words of memory, words of a kind lie together"),
    "vectors",
    alt="Forty words on the two directions in which their vectors differ most, for the network with two words of memory. Each kind is a "
    "cluster of its own: children, looks, places, animals and foods stand far apart; things and sounds are closer to the middle.",
)
lesson.save(
    embedding_maps({moment: E[rows] for moment, E in vectors.items()}, named, groups=kind_of,
                   title="The kinds that a short memory finds, a long one takes apart again"),
    "kinds",
    alt="Three maps of the same forty words, coloured by kind. Random vectors: all kinds are mixed. Two words of memory: seven clusters, "
    "one for each kind. Twelve words of memory: the looks still lie on one side, and the animals are scattered.",
)
#> random: nearest word of its own kind 7 ± 6%
#> nearest to cat: …
#> 2 words of memory: nearest word of its own kind 95 ± 5%
#> nearest to cat: …
#> 12 words of memory: nearest word of its own kind 37 ± 12%
#> nearest to cat: …

# %% [markdown]
# With two words of memory nearly every word is next to one of its kind. The reason is what the vectors are for: after *the cat* and after
# *the dog* the same words may come, so the same vector does for both. With twelve words of memory there is something to gain from telling
# them apart. When *hungry . tom gives it* is read, *cat* stands ten words back and says *fish*. So *cat* moves away from *dog*, and in
# our three runs *fish* becomes its nearest word. **Words are alike as far as the task treats them alike**, not as far as we find them
# alike.
#
# ## 7. What breaks if ...
#
# ... all vectors start equal? ... all features of h start equal? ... E and W₁ start at zero? And what does the trap of section 1 do to the
# training? Guess before you read on: which of the four learn nothing, a little, or nearly all?

# %%
first = fresh(LONGEST)
same_features = {"W1": 0 * first["W1"] + first["W1"][:, :1], "W2": 0 * first["W2"] + first["W2"][:1]}
variants = {
    "all vectors equal": train(fresh(LONGEST) | {"E": 0 * first["E"]}),
    "all features equal": train(fresh(LONGEST) | same_features),
    "E and W1 zero": train(fresh(LONGEST) | {"E": 0 * first["E"], "W1": 0 * first["W1"]}, steps=20 if lesson.quick else 1000),
    "+= for add.at": train(fresh(LONGEST), wrong_backward),
}
for name, w in variants.items():
    print(f"{name}: held-out loss {loss_of(w, held_out):.3f}")
print(f"features that started equal differ by {np.ptp(variants['all features equal']['W1'], axis=1).max():.0e} after training")
#> all vectors equal: held-out loss 0.63 ± 0.02
#> all features equal: held-out loss 1.73 ± 0.05
#> E and W1 zero: held-out loss 3.57 ± 0.03
#> += for add.at: held-out loss 0.64 ± 0.02
#> features that started equal differ by ≤ 1e-9 after training

# %% [markdown]
# - Equal vectors do no harm: other words come after *cat* than after *on*, so their rows get different gradients at the first step, and
#   part.
# - Equal features stay equal for ever. Each reads the same and is read the same, so each gets the same gradient: 64 features are one. That
#   is why weights start at random numbers.
# - With both at zero, x is zero, so dW₁ = xᵀ da is; W₁ is zero, so dx = da W₁ᵀ is. Only the biases learn: how frequent each word is.
# - The trap throws most of the gradient of E away, and the loss is worse by a hundredth. Nothing crashes and nothing looks odd. Only the
#   check of section 3 told us.
#
# ## Takeaways
#
# - An embedding is a table with a row of numbers for each word. To look a row up is a product with a one-hot vector; its gradient is a
#   scatter-add, in which a repeated word collects every gradient.
# - Vectors let a model use what it learned of one word for another. With twelve words of memory that beats the best counting by a tenth of
#   a nat.
# - A window has an edge, and a price for each position in it.
#
# ## Exercises
#
# 1. `windows`: the questions that one story asks, contexts and targets.
# 2. `nearest`: the words with the largest cosine.
# 3. `tied_gradients`: the output layer uses the embedding a second time. Derive both gradients; they don't stand in this lesson.
#
# `python -m minillm check 04`, with `--hint`.
#
# And *predict, then run*: what becomes of the two losses of section 4 with `LONGEST = 20`? Write down which of them falls, and why. Then
# change that line.
#
# ## In the library
#
# `embedding` and `embedding_backward` are in `minillm/ops/embeddings.py`, the layer is in `minillm/layers/embedding.py`; up to 512 words
# it takes the product with the one-hot matrix, which is faster than the scatter-add. `linear` and `tanh` are in `minillm/ops` as well.
#
# ## In practice
#
# Bengio's network had direct connections from x to the logits as well, and was trained on 14 million words. word2vec (2013) dropped the
# features h, to learn vectors from billions of words, for use in other programs. In a GPT the embedding is the first layer and, in GPT-2,
# also the last: 50,257 rows of 768 numbers, nearly a third of the 124 million parameters of its smallest version. It is looked up, never
# multiplied: a one-hot vector of that length would be 50,256 zeros.
#
# ## Reading
#
# - Bengio, Ducharme, Vincent and Jauvin 2003, *A Neural Probabilistic Language Model*: this lesson's network.
# - Mikolov et al. 2013, *Efficient Estimation of Word Representations in Vector Space*: word2vec.
# - Jelinek and Mercer 1980, *Interpolated estimation of Markov source parameters from sparse data*: mixing long and short contexts.
