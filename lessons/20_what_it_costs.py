"""Lesson 20: What it costs (operations, bytes, seconds, kilowatt-hours)

Question   What does a language model cost, how good will it be for that, and how large should it be?
You build  counts of parameters, operations and bytes; the time of a step, foretold; a scaling law, and the best size for a budget
You need   lessons 08, 10
Article    sections 7 and 8: 45 TB of text, 355 years of a V100
Time       80 s on 2 cores
Figures    20_memory.png, 20_sizes.png, 20_ten_times.png
Run        python lessons/20_what_it_costs.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 20
"""

# %% [markdown]
# ## 1. Parameters, counted by hand
#
# All that a model costs follows from a few sizes: V tokens in the vocabulary, T in the context, L blocks, D numbers to a token, and F = 4
# D inside of the feed-forward layers. A block has four matrices D × D for attention and two D × F; all have biases, and each LayerNorm
# has a gain and a bias. Outside of the blocks are the embedding, which is the head again, the positions, and a last LayerNorm.

# %%
import itertools
import math
import sys
import time

import numpy as np

from minillm.course import Lesson
from minillm.course.pair_language import PairLanguage, PairText
from minillm.models import GPT, GPTConfig
from minillm.objectives import CAUSAL
from minillm.plots import line_chart
from minillm.pretraining.scaling_law import fit_scaling_law
from minillm.text import CausalBatch
from minillm.training import Trainer, TrainOptions
from minillm.training.cost import Rates, step_cost
from minillm.training.memory import model_bytes

lesson = Lesson(20)
started = time.process_time()


def count_parameters(V, T, L, D):
    F = 4 * D
    block = 4 * (D * D + D) + (D * F + F) + (F * D + D) + 2 * (2 * D)
    return V * D + T * D + L * block + 2 * D


small = GPTConfig(vocab_size=100, context=64, layers=4, heads=4, d_model=64)
assert count_parameters(100, 64, 4, 64) == small.parameter_count() == GPT(small).vector.data.size
gpt3 = GPTConfig(vocab_size=50257, context=2048, layers=96, heads=96, d_model=12288)
print(f"ours: {small.parameter_count():,} parameters, of which 12 L D² are {12 * 4 * 64**2:,}")
print(f"GPT-3: {count_parameters(50257, 2048, 96, 12288) / 1e9:.1f} billion, 12 L D² are {12 * 96 * 12288**2 / 1e9:.1f}")
#> ours: 210,560 parameters, of which 12 L D² are 196,608
#> GPT-3: 174.6 billion, 12 L D² are 173.9

# %% [markdown]
# So "175 billion" is no secret, but a sum that one can do. The rule of thumb is 12 L D²: twice the width costs four times as much.
#
# ## 2. Operations: 2, 4 and 6 for each weight
#
# y = x W has the element y_f = Σ_d x_d W_df: each weight is multiplied once with each token, and added once. That is **2** operations for
# a weight and a token. Backward there are two products of the same size (lesson 02), dx = dy Wᵀ and dW = xᵀ dy: **4** more. Together **6
# N D** for N weights and D tokens. Only the matrices count, and the head, which is a matrix too. An embedding is looked up.
#
# Attention multiplies tokens with tokens: q kᵀ and p v, each 2 T D operations for a token and a block, and twice as many backward:
# 12 L T D more for each token. The library computes the masked half as well.
#
# Is that so? NumPy lets us watch: an array of a class of our own is asked before each operation on it. Ours counts products of matrices,
# and all results are again of this class. It finds one thing that we forgot: for a small vocabulary the library adds up the gradient of
# the embedding as a product with a one-hot matrix, 2 V D.


# %%
class Counted(np.ndarray):
    """An array that counts the operations of the matrix products it takes part in."""

    operations = 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **rest):
        plain = [np.asarray(x) if isinstance(x, Counted) else x for x in inputs]
        if out is not None:
            rest["out"] = tuple(map(np.asarray, out))
        result = getattr(ufunc, method)(*plain, **rest)
        if ufunc is np.matmul and min(x.ndim for x in plain) > 1:  # a product with a vector of ones is a sum
            Counted.operations += 2 * result.size * plain[0].shape[-1]
        if out is not None:
            return out[0]
        return result.view(Counted) if isinstance(result, np.ndarray) else result


def flops_per_token(V, T, L, D):
    """Forward, and forward and backward."""
    forward = 2 * (12 * L * D * D + V * D) + 4 * L * T * D
    return forward, 3 * forward


ids = lesson.rng().integers(100, size=(8, 65))
watched = GPT(small, seed=lesson.seed)
for parameter in watched.parameters():
    parameter.data = parameter.data.view(Counted)
_, saved = CAUSAL.forward(watched, inputs=ids[:, :-1], targets=ids[:, 1:])
forward = Counted.operations / (8 * 64)
CAUSAL.backward(watched, 1.0, saved)
both = Counted.operations / (8 * 64)
assert (forward, both - 2 * 100 * 64) == flops_per_token(100, 64, 4, 64)
assert flops_per_token(100, 64, 4, 64)[1] == small.flops_per_token()
print(f"counted for a token: {forward:,.0f} forward, {both:,.0f} forward and backward")
shares = (12 * c.layers * c.context * c.d_model / c.flops_per_token() for c in (small, gpt3))
print("attention's own products: {:.0%} of it; of GPT-3: {:.1%}".format(*shares))
#> counted for a token: 471,552 forward, 1,427,456 forward and backward
#> attention's own products: 14% of it; of GPT-3: 2.7%

# %% [markdown]
# ## 3. Bytes: four numbers for each parameter, and what backward needs
#
# While training, each parameter is four numbers of 4 bytes: the weight, its gradient, and Adam's two moments. The rest is `saved`: what
# the forward pass keeps for the backward pass. That grows with the batch. We walk through it and add up the arrays, each once.


# %%
def saved_bytes(tree, weights, seen):
    """The bytes of all arrays in a tree of NamedTuples, without the weights that it refers to."""
    if isinstance(tree, tuple | list):
        return sum(saved_bytes(part, weights, seen) for part in tree)
    while isinstance(getattr(tree, "base", None), np.ndarray):
        tree = tree.base
    if not isinstance(tree, np.ndarray) or tree is weights or id(tree) in seen:
        return 0
    seen[id(tree)] = tree
    return tree.nbytes


def activations(batch, context):
    config = GPTConfig(vocab_size=100, context=context, layers=4, heads=4, d_model=64)
    model, ids = GPT(config), np.zeros((batch, context), np.int64)
    _, saved = CAUSAL.forward(model, inputs=ids, targets=ids)
    return saved_bytes(saved, model.vector.data, {})


contexts = (16, 32, 64, 128, 256, 512)
kept = {T: activations(8, T) / 1e6 for T in contexts}
assert model_bytes(small) == 16 * small.parameter_count()
print(f"weights, gradients and moments: {model_bytes(small) / 1e6:.1f} MB; saved for a batch of 8 × 64: {kept[64]:.1f} MB")
print(f"GPT-3, weights, gradients and moments: {model_bytes(gpt3) / 1e12:.1f} TB: {model_bytes(gpt3) / 80e9:.0f} GPUs of 80 GB")
#> weights, gradients and moments: 3.4 MB; saved for a batch of 8 × 64: 13.1 MB
#> GPT-3, weights, gradients and moments: 2.8 TB: 35 GPUs of 80 GB
lesson.save(
    line_chart(
        {
            "saved for backward": list(kept.items()),
            "weights": [(T, model_bytes(small) / 4e6) for T in contexts],
            "and gradients, moments": [(T, model_bytes(small) / 1e6) for T in contexts],
        },
        xlabel="context, 8 texts at once",
        ylabel="megabytes",
        log_x=True,
        log_y=True,
        title="What a batch keeps soon outweighs the model",
    ),
    "memory",
    alt="Megabytes against the context, both logarithmic. What is saved for backward climbs from 3 with 16 tokens to 90 with 512, far "
    "above the flat lines of the weights, 0.8, and of weights with gradients and moments, 3.4. Between 128 and 256 it climbs less.",
)

# %% [markdown]
# From 256 tokens on, the library computes attention in chunks and keeps no maps: so the curve climbs less there.
#
# ## 4. Seconds: foretold, then measured
#
# A processor does two things here: it multiplies matrices, and it moves numbers (all else, GELU, LayerNorm, softmax, Adam, is passes over
# whole arrays). How fast it does each, we measure in half a second. The operations of a step we have; the bytes of its passes are
# counted in `minillm/training/cost.py`. So
#
#     seconds = operations / (operations a second) + bytes / (bytes a second)
#
# We say it first, and then run the step. What is left out is Python itself, and that exp and tanh take longer than a sum: so the
# forecast should be too low, and more so for a small model. We take the time of the processor, not the clock's: others may be at work.

# %%
left, right = lesson.rng().standard_normal((2, 512, 512), dtype=np.float32)
x = np.ones(2**18, np.float32)


def seconds_of(work, repeats):
    """Of the processor, for one call."""
    work()  # a first call warms caches up
    start = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - start) / repeats


def measured_rates():
    return Rates(2 * 512**3 / seconds_of(lambda: left @ right, 50), 3 * x.nbytes / seconds_of(lambda: x + x, 500))


class Noise:
    """Batches of random tokens: for the time of a step it is all the same what it reads."""

    def batch(self, rng, size):
        return CausalBatch(*rng.integers(100, size=(2, size, 64)))


for width in (64, 128, 256):
    config = GPTConfig(vocab_size=100, context=64, layers=2, heads=4, d_model=width)
    options = TrainOptions(batch=16)
    rates = measured_rates()
    foretold = step_cost(config, options).seconds(rates)
    measured = seconds_of(Trainer(GPT(config), Noise(), options).step, 10)
    print(f"width {width}: foretold {1e3 * foretold:.0f} ms, measured {1e3 * measured:.0f} ms", file=sys.stderr)
    print(f"width {width}: the forecast is {foretold / measured:.1f} of what was measured")
#> width 64: the forecast is 0.6 ± 0.4 of what was measured
#> width 128: the forecast is 0.7 ± 0.4 of what was measured
#> width 256: the forecast is 0.8 ± 0.4 of what was measured

# %% [markdown]
# ## 5. The article's figures
#
# The article says that GPT-3 read 45 TB of text, and needed 355 years of a V100. Where does that come from?
#
# 45 TB is what was *collected*: compressed pages of Common Crawl, of which 570 GB were left after filtering (Brown et al. 2020,
# section 2.2). Trained was on 300 billion tokens. The operations follow, and Brown et al. have the same in their table D.1. A V100 can do
# 125 · 10¹² operations a second, says its data sheet. 355 years are an estimate of Lambda Labs (2020), who took 28 · 10¹²: so the
# question is not how fast the card *can* be, but which share of it one gets.
#
# Patterson et al. (2021, table 4) have what was measured: 24.6 · 10¹² a second, 330 W for each card with its part of the machine, 10 %
# more for the building, 429 g of CO₂ for a kilowatt-hour. From these alone, their 1,287 MWh and 552 t come out, to within one.

# %%
YEAR = 365.25 * 24 * 3600
flops = 6 * gpt3.parameter_count() * 300e9
print(f"570 GB of 45 TB: {570 / 45e3:.1%}; 6 N D = {flops:.3g}")
print(f"at 28e12 a second: {flops / 28e12 / YEAR:.0f} years, {28 / 125:.0%} of the peak; at the peak {flops / 125e12 / YEAR:.0f} years")
card_years = flops / 24.6e12 / YEAR
energy = card_years * 8766 * 0.330 * 1.10 / 1e3
print(f"at 24.6e12: {card_years:.0f} years, {energy:,.0f} MWh, {energy * 0.429:.0f} t of CO2")
print(f"10,000 cards: {card_years * 365.25 / 1e4:.1f} days")
#> 570 GB of 45 TB: 1.3%; 6 N D = 3.14e+23
#> at 28e12 a second: 356 years, 22% of the peak; at the peak 80 years
#> at 24.6e12: 405 years, 1,288 MWh, 553 t of CO2
#> 10,000 cards: 14.8 days

# %% [markdown]
# ## 6. A language whose floor is known
#
# What does one get for the operations? Kaplan et al. (2020) and Hoffmann et al. (2022) found that the loss of a model of N weights after
# D tokens follows a law with five constants:
#
#     L(N, D) = E + A / N^a + B / D^b
#
# E is what no model gets below: the entropy of the text. The second term is what a model of this size can't hold, the third what it could
# not learn from so few tokens. Of a real text nobody knows E. So we make a language: 64 words, and a table with the probabilities of the
# next word after each two (`minillm/course/pair_language.py`). The table itself is drawn, rare words are rare, and a pair has much from
# its second word. Of this language E can be computed: π is how often each pair comes, and E = Σ π(u, v) Σ_w -p(w | u, v) ln p(w | u, v).

# %%
V, T = 64, 16
language = PairLanguage(V, seed=20)  # the same for every seed of the lesson; text and models are not
text, floor = PairText(language, T, lesson.rng()), language.floor(T)
costs = ", ".join(f"after {n} words {language.entropy(n):.3f}" for n in (0, 1, 2))
print(f"a blind guess costs {math.log(V):.3f} nats a word, {costs}")
print(f"the floor for windows of {T} words, the first of which has one word to go by: {floor:.3f}")
#> a blind guess costs 4.159 nats a word, after 0 words 3.416, after 1 words 2.109, after 2 words 1.693
#> the floor for windows of 16 words, the first of which has one word to go by: 1.719

# %% [markdown]
# ## 7. Tiny runs, and the law
#
# Now we train models of several widths with three budgets. A budget is so many operations: the wider the model, the fewer tokens it gets.
# For all of them holds the same: one block, batches of 8 × 16 tokens, a learning rate that climbs for a tenth of the steps and comes down
# to 0 at the last (a run that is stopped halfway is no run of half the length). The rate falls with the width. A run is one draw, so each
# is made twice, and the mean counts.


# %%
def config_of(width):
    return GPTConfig(V, context=T, layers=1, heads=max(1, width // 16), d_model=width, ngram=2)


def multiplied(width):
    """N: the weights that are multiplied with each token."""
    return 12 * width**2 + V * width


def run(width, flops, draws=2):
    """Train with this budget -> N, tokens, held-out loss: the mean of several draws of first weights and of windows."""
    config, losses = config_of(width), []
    steps = round(flops / config.flops_per_token() / (8 * T))
    for draw in range(draws):
        seed = 2 * lesson.seed + draw
        options = TrainOptions(
            steps=steps, batch=8, lr=0.16 / width, warmup=max(1, steps // 10), schedule="linear", lr_floor=0.0, seed=seed
        )
        trainer = Trainer(GPT(config, seed=seed), text, options)
        for _ in range(steps):
            trainer.step()
        losses.append(trainer.evaluate())
    print(f"width {width}, {steps * 8 * T:,} tokens: held-out loss {np.round(losses, 3)}", file=sys.stderr)
    return multiplied(width), steps * 8 * T, float(np.mean(losses))


scale = 0.01 if lesson.quick else 1
budgets = {2e9: (8, 12, 16), 6e9: (12, 16, 24, 32), 2e10: (16, 24, 32, 48)}
runs = {budget: [run(width, scale * budget) for width in widths] for budget, widths in budgets.items()}
N, D, L = np.array([one for several in runs.values() for one in several]).T
for budget, several in runs.items():
    weights, tokens, loss = min(several, key=lambda one: one[2])
    print(f"{budget:.0e} operations: best {loss:.3f}, by {weights:,} weights and {tokens / 1e3:.0f} thousand tokens")
#> 2e+09 operations: best 2.277 ± 0.04, by 2,496 ± 1700 weights and 116 ± 102 thousand tokens
#> 6e+09 operations: best 2.068 ± 0.04, by 4,096 ± 4500 weights and 217 ± 131 thousand tokens
#> 2e+10 operations: best 1.912 ± 0.03, by 8,448 ± 6000 weights and 362 ± 362 thousand tokens

# %% [markdown]
# The fit. For given exponents a and b the law is *linear* in E, A and B: least squares does it at once. So we try many exponents and keep
# the best. What is made small is the mean of squared relative errors. And we fit a second law beside it, whose E is 0: a pure power law.


# %%
def terms(N, D, a, b, floor):
    """What the constants are multiplied with: 1 (if there is a floor), N^-a, D^-b."""
    return np.stack([*([np.ones_like(N)] if floor else []), N**-a, D**-b], axis=-1)


def fit(floor):
    """The error, the exponents and the constants of the best law."""
    best = (math.inf,)
    for a, b in itertools.product(np.arange(0.02, 1.6, 0.02), repeat=2):
        columns = terms(N, D, a, b, floor) / L[:, None]
        constants = np.linalg.lstsq(columns, np.ones_like(L), rcond=None)[0]
        error = math.sqrt(((columns @ constants - 1) ** 2).mean())
        if error < best[0] and (constants >= 0).all():
            best = (error, a, b, constants)
    return best


error, a, b, (found_E, A, B) = fit(floor=True)
error_0, a_0, b_0, constants_0 = fit(floor=False)
law = fit_scaling_law(N, D, L)
np.testing.assert_allclose(law.loss(N, D), terms(N, D, a, b, True) @ (found_E, A, B), rtol=0.01)
print(f"L = {found_E:.2f} + {A:.0f} / N^{a:.2f} + {B:.0f} / D^{b:.2f}: error {error:.1%}; without E: {error_0:.1%}")
print(f"E is {found_E:.2f}, and truly {floor:.2f}: nobody told the fit")
#> L = 1.70 ± 0.06 + …
#> E is 1.70 ± 0.06, and truly 1.72: nobody told the fit

# %% [markdown]
# ## 8. Ten times more
#
# A law that describes what one has seen is worth little. Before the large run: what is the best size for ten times our largest
# budget? With D = C / 6N, the loss is least where its derivative with respect to N is 0. That is
#
#     a A / N^a = b B / D^b
#
# What a larger model would gain is then just what more tokens would gain. So N grows as C^(b / (a+b)) and D as C^(a / (a+b)). We take the
# nearest width, say what its loss will be, and run it. Beside the law stand two others who also saw the small runs: the
# power law without E, and somebody who says "as the best run so far".

# %%
target = 2e11
best_N, best_D = law.best_size(scale * target)
width = min(range(8, 129, 8), key=lambda w: abs(math.log(multiplied(w) / best_N)))
large_N, large_D = multiplied(width), scale * target / config_of(width).flops_per_token()
forecasts = {
    "the law": law.loss(large_N, large_D),
    "without E": float(terms(large_N, large_D, a_0, b_0, False) @ constants_0),
    "the best so far": min(L),
}
_, _, large_loss = run(width, scale * target, draws=1)
print(f"best for {target:.0e}: {best_N:,.0f} weights, {best_D / 1e6:.1f} million tokens; N grows as C^{b / (a + b):.2f}")
print(f"width {width}, ten times the operations: held-out loss {large_loss:.3f}")
for name, said in forecasts.items():
    print(f"{name}: {said:.3f}, off by {100 * abs(said / large_loss - 1):.1f}%")
#> best for 2e+11: 23,700 ± 5000 weights, 1.4 ± 0.4 million tokens; N grows as C^0.45 ± 0.06
#> width 40 ± 8, ten times the operations: held-out loss 1.793 ± 0.02
#> the law: 1.789 ± 0.03, off by ≤ 2%
#> without E: 1.679 ± 0.03, off by 6.3 ± 2%
#> the best so far: 1.912 ± 0.03, off by 6.7 ± 2%

# %% [markdown]
# The law is right to less than 2 %. But most of this loss is floor: of what is *above* the floor, 1 % of the loss is a quarter already.


# %%
def curve(budget):
    """The law's loss for a budget, by N, around the best one; attention's own operations are paid as well."""
    best, _ = law.best_size(budget)
    sizes = [(multiplied(w), 6 * multiplied(w) + 12 * T * w) for w in np.geomspace(4, 120, 80)]
    return [(n, law.loss(n, budget / flops)) for n, flops in sizes if best / 4 < n < best * 4]


lesson.save(
    line_chart(
        {f"law, {budget:.0e}": curve(scale * budget) for budget in (*budgets, target)}
        | {f"runs, {budget:.0e}": [(n, loss) for n, _, loss in several] for budget, several in runs.items()}
        | {"the large run": [(large_N, large_loss)]},
        xlabel="weights that are multiplied, N",
        ylabel="held-out loss (nats a word)",
        levels={"floor": floor},
        log_x=True,
        title="For each budget there is a best size",
    ),
    "sizes",
    alt="Held-out loss against the number of weights, for four budgets of operations. Each curve is a valley: too small a model can't "
    "hold the language, too large a one reads too few tokens. The larger the budget, the lower and the further right the valley. The "
    "points of the runs lie on the curves, and so does the run with ten times the operations.",
)
def without_floor_at(budget):
    """The loss of the best size by the law without E."""
    sizes = np.geomspace(300, 1e8, 300)
    return float(min(terms(sizes, scale * budget / (6 * sizes), a_0, b_0, False) @ constants_0))


ladder = np.geomspace(min(budgets), 100 * target, 30)
lesson.save(
    line_chart(
        {
            "the law": [(budget, law.loss(*law.best_size(scale * budget))) for budget in ladder],
            "without E": [(budget, without_floor_at(budget)) for budget in ladder],
            "best small runs": [(budget, min(loss for *_, loss in several)) for budget, several in runs.items()],
            "the large run": [(target, large_loss)],
        },
        xlabel="operations",
        ylabel="held-out loss (nats a word)",
        levels={"floor": floor},
        log_x=True,
        title="A power law without a floor falls through it",
    ),
    "ten_times",
    alt="Held-out loss of the best size against the operations. The law bends and comes to rest near the dashed floor, and the run with "
    "ten times the operations lies close to it. The power law without E goes through the same small runs, and falls through the floor.",
)

# %% [markdown]
# ## 9. What breaks if ... the size is wrong?
#
# With the same operations, take a model of twice or of four times the best size, or of a half or a quarter. What does the law say? The
# valley is flat at its ground, and steep further out. And if the model shall *answer* a lot later on, operations for that count as well:
# then a smaller one than the best is the better one (second exercise).

# %%
for factor in (0.25, 0.5, 2, 4):
    n, best = factor * best_N, law.loss(best_N, best_D)
    costs = law.loss(n, scale * target / (6 * n)) - best
    print(f"{factor} of the best size: {costs:+.3f} nats, {100 * costs / (best - law.floor):.0f}% of what is above the floor")
#> 0.25 of the best size: 0.065 ± 0.02 nats, 77 ± 40% of what is above the floor
#> 0.5 of the best size: 0.014 ± 0.006 nats, 17 ± 10% of what is above the floor
#> 2 of the best size: 0.013 ± 0.006 nats, 16 ± 10% of what is above the floor
#> 4 of the best size: 0.055 ± 0.02 nats, 65 ± 40% of what is above the floor

# %% [markdown]
# ## 10. Energy, of your own run
#
# Two assumptions, and they are most of the result: this computer takes 20 W more while it computes than while it waits (a laptop; a meter
# at the plug knows better), and a kilowatt-hour makes 473 g of CO₂ (the world's mean in 2024: Ember, Global Electricity Review 2025).
# Then seconds of the processor are all that is needed. What it took to *make* the computer is not in it.

# %%
seconds = time.process_time() - started
kwh = 20 * seconds / 3.6e6
print(f"this lesson: {seconds:.0f} s of the processor, {1e3 * kwh:.2f} Wh, {473 * kwh:.2f} g of CO2", file=sys.stderr)
print(f"GPT-3's training, in lessons like this one: 10^{math.log10(energy * 1e3 / kwh):.0f}")
#> GPT-3's training, in lessons like this one: 10^10 ± 1

# %% [markdown]
# ## Takeaways
#
# - Parameters: 12 L D². Operations: 6 for each weight and token, a third of them forward; attention adds 12 L T D to a token.
# - Memory: 16 bytes for each parameter, and what backward needs, which grows with the batch.
# - Time is operations and bytes, each by its rate; what one gets of a card's peak is the question (GPT-3: a fifth).
# - A law fitted on minutes tells what hours will give. It needs a floor, runs that are each trained to their end, and the same recipe for
#   all of them. It knows nothing of what it has not seen: another text, a text that is read again and again, a recipe that breaks.
# - For each budget there is a best size, and around it a wide valley.
#
# ## Exercises
#
# `python -m minillm check 20` puts `my_exercises/ex20.py` on your desk and checks it; `--hint` helps.
#
# 1. `training_cost`: parameters, operations and bytes of a training step, from five sizes.
# 2. `cheapest_size`: the size that reaches a loss with the fewest operations, if answers are counted as well. It isn't in the lesson.
# 3. `predict`: predict, then run. What do eight changes do to parameters, operations or memory?
#
# ## In the library
#
# `parameter_count` and `flops_per_token` of every config in `minillm/models/`; `minillm/training/memory.py` refuses what does not fit;
# `training/cost.py` foretells the time of a step; `pretraining/scaling_law.py` fits the law; `doctor` measures both rates. With `pretrain
# --minutes 5 --size auto` a law and steps timed on your machine choose the size (`pretraining/size.py`).
#
# ## In practice
#
# GPT-3 read 1.7 tokens for each of its weights. Hoffmann et al. found some 20 to be best: their Chinchilla, of 70 billion weights and 1.4
# trillion tokens, beat a model four times as large that had cost as much. Models that are used a lot go further: Llama 3 with 8 billion
# weights read 15 trillion tokens, 1,900 for each. Besiroglu et al. (2024) fitted Hoffmann's runs anew, and found other constants. And of
# a real text nobody knows E: of Python's source, small runs told it far too high, and the law was off by 13 % (benchmarks/scaling.md).
#
# ## Reading
#
# - Kaplan et al. 2020, *Scaling Laws for Neural Language Models*; Hoffmann et al. 2022, *Training Compute-Optimal Large Language Models*.
# - Besiroglu et al. 2024, *Chinchilla Scaling: A replication attempt*.
# - Muennighoff et al. 2023, *Scaling Data-Constrained Language Models*; Sardana et al. 2024, *Beyond Chinchilla-Optimal*.
# - Patterson et al. 2021, *Carbon Emissions and Large Neural Network Training*.
