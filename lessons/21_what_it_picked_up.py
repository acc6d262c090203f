"""Lesson 21: What it picked up (bias, and what it learned by heart)

Question   A text says more often *he* of one trade, and *she* of another, and gives away a code. What of that is in a model of it?
You build  intervals of a share, reweighing, counterfactual doubling, the projection of a direction, and the exposure of a secret
You need   lessons 04, 10
Article    section 7, challenges: the bias of the data
Time       120 s on 2 cores
Figures    21_calibration.png, 21_direction.png, 21_exposure.png
Run        python lessons/21_what_it_picked_up.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 21
"""

# %% [markdown]
# ## 1. A town of which everything is known
#
# A model of a text learns what the text says, and also what it only happens to say. Of a real text nobody knows all of that. So we write
# one of which we do. In this town 42 trades are told of a hundred times each, and of each it was drawn **by lot** how many of the hundred
# stories say *she*: 5, 20, 40, 50, 60, 80 or 95. What a trade is has nothing to do with it. (Two pronouns keep the sums short. People
# have more.) Fourteen trades are told of rarely, between once and 64 times, and always with the same pronoun. Words such as *mother* and
# all names have one pronoun, and of each person two things are known. And boxes have codes, which some stories give away.

# %%
import math
import sys
from collections import Counter

import numpy as np

from minillm.course import Lesson
from minillm.course.town import NAMES, RATES, TOLD, WORDS, Town
from minillm.course.town_reader import TownReader, nearest_mean_accuracy
from minillm.metrics import interval, ratio, resampled_scores
from minillm.plots import embedding_maps, line_chart, trade_off

lesson = Lesson(21)
town = Town(lesson.seed)
reader = TownReader(town, quick=lesson.quick)
stories = town.stories()
trades, text = [*town.rates], np.array([*town.rates.values()])
print(f"{len(stories):,} stories; {len(trades)} trades, in the mean {text.mean():.0%} she")
print("; ".join(next(story.text for story in stories if story.who in kind) for kind in ({trades[0]}, NAMES, {None})))
#> 7,016 stories; 42 trades, in the mean 50% she
#> …

# %% [markdown]
# ## 2. How sure is a share?
#
# Five stories of a hundred say *she*. Had the town been told anew, it might have been three, or nine. Which true shares p make five of a
# hundred nothing special? A share found, f, lies about √(p (1 - p) / n) from p, so we ask for all p with
#
#     |f - p| ≤ z √(p (1 - p) / n)        z = 1.96 for 95 %
#
# Squared, that is a quadratic inequality in p. Its two roots are **Wilson's interval**:
#
#     (f + z²/2n  ±  z √(f (1 - f)/n + z²/4n²)) / (1 + z²/n)
#
# The better known f ± z √(f (1 - f)/n) puts f where p belongs, and fails where it matters here: 0 of 6 gets the interval 0 to 0.

# %%
def wilson(count, n, z=1.96):
    """Between which two shares the true one may well lie, where `count` of n were found."""
    f = count / n
    middle, half = f + z * z / (2 * n), z * math.sqrt(f * (1 - f) / n + (z / (2 * n)) ** 2)
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


for count, n in ((5, 100), (50, 100), (0, 6)):
    low, high = wilson(count, n)
    for p in (low, high):
        assert math.isclose(abs(count / n - p), 1.96 * math.sqrt(p * (1 - p) / n), abs_tol=1e-12)
    print(f"{count} of {n}: {low:.1%} to {high:.1%}")
#> 5 of 100: 2.2% to 11.2%
#> 50 of 100: 40.4% to 59.6%
#> 0 of 6: 0.0% to 39.0%

# %% [markdown]
# ## 3. What does the model say?
#
# A GPT of 114,000 numbers reads the town. Then it is asked: *the miller lost a key . ___*, and three such beginnings more. Nothing is
# sampled. Of the exact probabilities of the next word we take p(she) / (p(she) + p(he)), and the mean over the four beginnings. While it
# learns we look at one number: how steeply what it says rises with what the text says, both as log-odds, ln(p / (1 - p)). With a slope of
# 1 the model is **calibrated**. Above 1 it exaggerates, and at 0 it says the same of every trade.

# %%
def says(model, who=trades):
    return reader.says_she(model, who).mean(axis=1)


learned = {}


def watch(step, model):
    log_odds = [np.log(p / (1 - p)) for p in (text, says(model))]
    learned[step] = np.polyfit(*log_odds, deg=1)[0], reader.loss(model)
    print("step {}: slope {:.2f}, loss {:.3f}".format(step, *learned[step]), file=sys.stderr)


base = reader.train(stories, watch=watch, every=100)
said = says(base)
for step in (100, 600):
    print("step {}: slope {:.2f}, loss {:.3f}".format(step, *learned.get(step, (0, 0))))
print("she in the text: ", *(f"{100 * rate:.0f}" for rate in RATES))
print("she in the model:", *(f"{100 * said[text == rate].mean():.0f}" for rate in RATES))
bounds = np.array([wilson(100 * rate, 100) for rate in text])
inside = ((bounds[:, 0] <= said) & (said <= bounds[:, 1])).sum()
print(f"{inside} of {len(trades)} trades lie within the interval of the text")
#> step 100: slope 0.0 ± 0.05, loss 1.115 ± 0.03
#> step 600: slope 1.0 ± 0.15, loss 0.997 ± 0.015
#> she in the text: 5 20 40 50 60 80 95
#> she in the model: 6 ± 4 20 ± 7 38 ± 9 50 ± 9 58 ± 9 80 ± 7 94 ± 4
#> 37 ± 5 of 42 trades lie within the interval of the text

# %% [markdown]
# A model that has learned little says the mean of all trades, and would pass for free of bias. Then it learns, and says what it read: it
# is calibrated, nearly. Nothing in the loss asks for more. The loss of a trade is lowest where the model says the text's own share, since
# the cross-entropy of two distributions is smallest where they are equal (lesson 02).
#
# Then why is it said that models **amplify**? Zhao and others (2017) found it of pictures: *cooking* had a third more women than men in
# the text, and two thirds more in a model's answers. An answer is a decision. Written at temperature τ, a share p becomes
#
#     p^(1/τ) / (p^(1/τ) + (1 - p)^(1/τ))        80 % at τ = 1/2:  0.64 / (0.64 + 0.04) = 94 %
#
# and greedy decoding, τ = 0, makes 100 % of everything above a half. Zhao's measure: by how much is the pronoun that the text favours
# favoured more? It is the mean over the trades, and its interval is the **bootstrap**'s: draw as many trades as there are, with
# replacement, a thousand times; between which two of the thousand means does the middle 95 % lie?

# %%
def at_temperature(p, tau):
    if tau == 0:
        return np.where(p > 0.5, 1.0, 0.0)
    return p ** (1 / tau) / (p ** (1 / tau) + (1 - p) ** (1 / tau))


def amplification(p):
    """For each trade with a favourite: how much more often the model says that pronoun than the text does."""
    return (np.sign(text - 0.5) * (p - text))[text != 0.5]


def bootstrap(values, resamples=1000, seed=12345):
    rng, n = np.random.default_rng(seed), len(values)
    means = np.sort([values[rng.integers(n, size=n)].mean() for _ in range(resamples)])
    return means[resamples // 40], means[resamples - 1 - resamples // 40]


WAYS = {"temperature 1": 1, "temperature 1/2": 0.5, "greedy": 0}
for name, tau in WAYS.items():
    values = amplification(at_temperature(said, tau))
    low, high = bootstrap(values)
    theirs = resampled_scores(ratio, np.column_stack([values, np.ones(len(values))]))
    np.testing.assert_allclose((low, high), interval(theirs))
    pencil = 100 * amplification(at_temperature(text, tau)).mean()
    print(f"{name}: {100 * values.mean():+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}), by the pencil {pencil:+.1f}")
#> temperature 1: 0 ± 2 points (…), by the pencil +0.0
#> temperature 1/2: 8.8 ± 3 points (…), by the pencil +9.4
#> greedy: 20 ± 6 points (…), by the pencil +21.7
lesson.save(
    trade_off(
        {
            name: [[*zip(100 * text[text == rate], 100 * at_temperature(said, tau)[text == rate])] for rate in RATES]
            for name, tau in WAYS.items()
        },
        xlabel="she in the text (% of the stories about a trade)",
        ylabel="she in the model (%)",
        limit=[(0, 0), (100, 100)],
        title="Calibrated when it is sampled, amplified when it decides",
    ),
    "calibration",
    alt="Share of she in the model against that in the text, for 42 trades at seven rates, and a dashed diagonal. At temperature 1 the "
    "means lie on the diagonal; at temperature 1/2 they bend away from 50 % on both sides; greedy makes 0 of all below a half, and "
    "100 of all above.",
)

# %% [markdown]
# The pencil's numbers come from the text alone, and the model's lie near them. So amplification is not in the weights here, it is in the
# decoding; the model of a town that is 60 to 40 becomes one of 100 to 0 by `--temperature 0`.
#
# What of the trades that are told of rarely, and always with one pronoun? After n such stories Laplace's rule, from an even prior, says
# (n + 1) / (n + 2). With any other prior over the share r it is E[rⁿ⁺¹] / E[rⁿ].

# %%
rare = says(base, [*town.rare])
always = len(town.pronouns) // 2 - 2  # words and names that are always she; so many are always he
shares = np.append(text, [1.0] * always + [0.0] * always)
for n in (1, 4, 64):
    right = [p if she else 1 - p for p, (count, she) in zip(rare, town.rare.values()) if count == n]
    laplace, bayes = (n + 1) / (n + 2), (shares ** (n + 1)).sum() / (shares**n).sum()
    print(f"told {n} times, always with one pronoun: the model {np.mean(right):.0%}, Laplace {laplace:.0%}, the town {bayes:.0%}")
#> told 1 times, always with one pronoun: the model 82 ± 15%, Laplace 67%, the town 80%
#> told 4 times, always with one pronoun: the model 94 ± 6%, Laplace 83%, the town 94%
#> told 64 times, always with one pronoun: the model 97 ± 3%, Laplace 98%, the town 100%

# %% [markdown]
# Both rules draw what is rare to the mean; in the last column the prior is the town's own subjects, of which many (names, words such as
# *mother*) have one pronoun. The model doubts after one story, about as much as that (in three towns it said 92, 89 and 72 %), and hardly
# after four.
#
# ## 4. A direction in the embeddings, and taking it out
#
# Bolukbasi and others (2016) looked at word vectors. The difference *she - he* is a direction; so is *mother - father*. Of several pairs
# they took the first principal component, g, of length one. How far a trade leans is its cosine to g. Their remedy takes g out of the
# words that should be neutral:
#
#     e  ->  e - (e·g) g        and then e·g = 0
#
# By the measure that found the bias, nothing of it is left. But is it gone? Gonen and Goldberg (2019) asked whether the other directions
# still tell which words leaned which way. So do we: on each of the 36 trades with a favourite, a classifier decides that was fitted to
# the other 35. It asks which side's mean vector is nearer. And we ask the model itself.

# %%
row, pairs = reader.vocab, [*WORDS.items()]


def direction(model, pairs):
    """The first principal component of the differences of pairs, of length one, from he to she."""
    E = model.embedding.weight.data.astype(float)
    differences = np.array([E[row[she]] - E[row[he]] for she, he in pairs])
    differences /= np.linalg.norm(differences, axis=1, keepdims=True)
    g = np.linalg.svd(differences)[2][0]
    return g * np.sign((differences @ g).sum())


def without(model, g, words):
    """A copy of the model, g taken out of the vectors of some words."""
    model = reader.copy(model)
    E, places = model.embedding.weight.data, [row[word] for word in words]
    E[places] -= np.outer(E[places] @ g, g)
    return model


def vectors_of(model):
    return model.embedding.weight.data[[row[trade] for trade in trades]].astype(float)


def cosines(model, g):
    return vectors_of(model) @ g / np.linalg.norm(vectors_of(model), axis=1)


def told_apart(model):
    """How many of the trades with a favourite a classifier gets right that has seen the others."""
    return nearest_mean_accuracy(vectors_of(model)[text != 0.5], text[text != 0.5] > 0.5)


def gap(p):
    """How far the trades lie from their mean, on the average."""
    return np.abs(p - p.mean()).mean()


one, eight = direction(base, pairs[:1]), direction(base, pairs)
for name, g in {"she - he": one, "eight pairs": eight}.items():
    print(f"{name}: correlation of a trade's cosine with its rate in the text {abs(np.corrcoef(cosines(base, g), text)[0, 1]):.2f}")
#> she - he: correlation of a trade's cosine with its rate in the text 0.75 ± 0.25
#> eight pairs: correlation of a trade's cosine with its rate in the text 0.98 ± 0.03
workers = [*trades, *town.rare]
projected = {
    "as it was": (base, eight),
    "without she - he": (without(base, one, workers), one),
    "without eight pairs": (without(base, eight, workers), eight),
    "without she - he, in all words": (without(base, one, reader.vocab), one),
}
print(f"the text: gap {gap(text):.3f}")
for name, (model, g) in projected.items():
    found = f"cosine {np.abs(cosines(model, g)).mean():.2f}, gap {gap(says(model)):.3f}, told apart {told_apart(model):.0%}"
    print(f"{name}: {found}; names {reader.agrees(model):.0%}, loss {reader.loss(model):.3f}")
#> the text: gap 0.243
#> as it was: cosine 0.15 ± 0.05, gap 0.247 ± 0.03, told apart 97 ± 6%; names 97 ± 4%, loss 0.997 ± 0.015
#> without she - he: cosine 0.00, gap 0.235 ± 0.06, told apart 97 ± 6%; names 97 ± 4%, loss 0.998 ± 0.015
#> without eight pairs: cosine 0.00, gap 0.06 ± 0.05, told apart 75 ± 18%; names 97 ± 4%, loss 1.012 ± 0.02
#> without she - he, in all words: cosine 0.00, gap 0.000, told apart 97 ± 6%; names 50%, loss 1.04 ± 0.03
vectors = {name: vectors_of(model) for name, (model, _) in [*projected.items()][:3]}
leaning = {trade: "more she" if rate > 0.5 else "more he" if rate < 0.5 else "both alike" for trade, rate in town.rates.items()}
lesson.save(
    embedding_maps(vectors, trades, groups=leaning, title="The direction is gone, and what leaned together still lies together"),
    "direction",
    alt="Three maps of the vectors of 42 trades on two principal components. As it was, and without she - he, those with more he lie "
    "left, those with more she right. Without the direction of eight pairs both lie among each other.",
)

# %% [markdown]
# Each direction tells a trade's rate, with a plus or a minus, as chance would have it: the vector of *miller* is mostly read, that of
# *she* mostly written. Without *she - he* the measure says 0, the model says nearly what it said, and the classifier is right as before:
# **hidden is not removed**. Eight pairs find a better direction. Without it most of the gap is gone, and still the classifier is right
# more often than one that guesses. In Bolukbasi's vectors, from news, gender lies in many directions; in this town nearly in one. And out
# of *all* words? Then *she* and *he* have become one, and the names no longer agree with their pronouns.
#
# ## 5. Remedies in the text
#
# **Reweighing** (Kamiran and Calders 2012) lets each story count so much that trade and pronoun are independent:
#
#     w = p(trade) p(pronoun) / p(trade, pronoun)        a trade that is 95 % she:  0.5 / 0.95 = 0.53,  and 0.5 / 0.05 = 10
#
# What a weight of ten costs: a hundred stories with weights w are worth (Σw)² / Σw² of equal weight (Kish). Here 100² / (95 · 0.53² + 5 ·
# 10²) = 19.
#
# **Counterfactual doubling** reads each story twice, as it is and with *she* and *he* exchanged, *mother* and *father* too. (English
# *her* is *him* or *his*; in this town it is always *his*.) Whether names are exchanged is a choice, and so is which stories.

# %%
def reweighed(stories):
    """A weight for each story: of a trade's, such that its pronoun tells nothing of it; else 1."""
    told = [story for story in stories if story.who in workers]
    of_trade, of_pronoun = Counter(story.who for story in told), Counter(story.she for story in told)
    of_both = Counter((story.who, story.she) for story in told)

    def weight(story):
        return of_trade[story.who] * of_pronoun[story.she] / (of_both[story.who, story.she] * len(told))

    return np.array([weight(story) if story.who in workers else 1.0 for story in stories])


def swapped(story, pairs):
    other = pairs | {he: she for she, he in pairs.items()}
    return story._replace(text=" ".join(other.get(word, word) for word in story.text.split()))


weights = reweighed(stories)
for trade in trades:
    she, he = (weights[[story.who == trade and story.she == which for story in stories]] for which in (True, False))
    assert math.isclose(she.sum(), he.sum()) and math.isclose(she.sum() + he.sum(), 100)
worth = (she.sum() + he.sum()) ** 2 / ((she**2).sum() + (he**2).sum())
print(f"a trade: {len(she)} stories of weight {she[0]:.2f}, {len(he)} of {he[0]:.2f}, worth {worth:.0f}")
#> a trade: 95 stories of weight 0.53, 5 of 10.00, worth 19

# %%
texts = {
    "reweighed": (stories, weights),
    "doubled": (stories + [swapped(story, WORDS) for story in stories], None),
    "doubled, names too": (stories + [swapped(story, WORDS | NAMES) for story in stories], None),
    "doubled, trades only": (stories + [swapped(story, WORDS if story.who in workers else {}) for story in stories], None),
}


def report(name, model):
    found = f"gap {gap(says(model)):.3f}, of rare trades {gap(says(model, [*town.rare])):.2f}, told apart {told_apart(model):.0%}"
    print(f"{name}: {found}; names {reader.agrees(model):.0%}, facts {reader.knows(model):.0%}, loss {reader.loss(model):.3f}")


report("as it was", base)
models = {name: reader.train(*told) for name, told in texts.items()}
for name, model in models.items():
    report(name, model)
#> as it was: gap 0.247 ± 0.03, of rare trades 0.43 ± 0.08, told apart 97 ± 6%; names 97 ± 4%, facts 100 ± 4%, loss 0.997 ± 0.015
#> reweighed: gap 0.05 ± 0.04, of rare trades 0.36 ± 0.1, told apart 50 ± 25%; names 95 ± 6%, facts 100 ± 4%, loss 1.011 ± 0.02
#> doubled: gap 0.03 ± 0.03, of rare trades 0.07 ± 0.07, told apart 50 ± 25%; names 50 ± 6%, facts 100 ± 4%, loss 1.023 ± 0.02
#> doubled, names too: gap 0.03 ± 0.03, of rare trades 0.07 ± 0.07, told apart 50 ± 25%; names 74 ± 26%, facts 50 ± 13%, loss 1.03 ± 0.03
#> doubled, trades only: gap 0.03 ± 0.03, of rare trades 0.07 ± 0.07, told apart 50 ± 25%; names 95 ± 6%, facts 100 ± 4%, loss 1.01 ± 0.02

# %% [markdown]
# Each remedy works, and each breaks something else.
#
# - *Reweighing* can weigh what is there. Where one pronoun never came, as with the rare trades, no weight makes up for it, and much of
#   their gap stays. What it does for a 95 % trade rests on five stories.
# - *Doubling* takes the gap away, in the embeddings too: the classifier guesses. But names are no longer followed by their own pronoun.
#   Agreement is no prejudice.
# - *Names too*: the names agree again (in one town of three 600 steps were too few for that: most pronouns can't be told now, and so it
#   is found late which can). But who keeps bees is lost, in every second case. That was a fact of a person.
# - *Trades only* keeps both, since somebody has said which stories are about trades. In a real text nobody has.
#
# And what must it cost? Where the text says *she* with probability r, and the model a half, it loses ln 2 - H(r) nats more than it had
# to, H being the entropy (lesson 01's perplexity is e^H): 0.49 at 5 %, 0.02 at 40 %. It is paid once a story of a trade, on texts that
# are as uneven as before.

# %%
entropy = -text * np.log(text) - (1 - text) * np.log(1 - text)
nats = 100 * (math.log(2) - entropy).sum() + math.log(2) * sum(count for count, _ in town.rare.values())
least, paid = nats / (reader.fresh.targets >= 0).sum(), reader.loss(models["doubled, trades only"]) - reader.loss(base)
print(f"to say both alike must cost {least:.4f} nats a word; doubling the trades cost {paid:.4f}")
#> to say both alike must cost 0.0133 nats a word; doubling the trades cost 0.012 ± 0.008

# %% [markdown]
# The loss is as much worse as the pencil says. A remedy that costs no loss at all on such a text has changed nothing.
#
# ## 6. What was learned by heart
#
# A code of a box is no rate: it is a secret, told once, twice, up to 64 times. How much of it does the model know? Carlini and others
# (2019) rank all R codes that it could be by their probabilities. Here they are 10,000, so we can look at every one:
#
#     exposure = log2 R - log2 rank
#
# Whoever guesses codes in the model's order needs *rank* guesses, and exposure is how many bits the model saves. By hand: rank 1 of
# 10,000 is 13.3 bits, all there is. Rank 5,000 is 1 bit. A model that knows nothing puts the code anywhere: in the mean log2 R - E[log2
# rank] = 1/ln 2 = 1.44 bits, and not 0. Some codes are never told, to see that.

# %%
def exposure(logp, code):
    """The log-probabilities of all codes (R,), and the number of the true one -> bits."""
    rank = 1 + (logp > logp[code]).sum()
    return math.log2(len(logp)) - math.log2(rank)


blind = (math.log2(10_000) - np.log2(np.arange(1, 10_001))).mean()
assert math.isclose(blind, 1 / math.log(2), rel_tol=1e-3)
print(f"rank 1 of 10,000: {math.log2(10_000):.1f} bits; a code that was never told: {blind:.2f} in the mean")
#> rank 1 of 10,000: 13.3 bits; a code that was never told: 1.44 in the mean

# %% [markdown]
# Lee and others (2022) found that **deduplication** helps: leave out what stands in the text already. We leave out every story that is
# equal to an earlier one, and train anew. Half of the codes are told in the same words each time, the other half each time with another
# ending, as a licence or a news report is copied with another headline.

# %%
once = [*{story.text: story for story in stories}.values()]
deduplicated = reader.train(once)
print(f"{len(stories):,} stories, {len(once):,} different ones")
curves = {}
for name, model in (("as it was", base), ("deduplicated", deduplicated)):
    told, verbatim = np.array([(secret.told, secret.verbatim) for secret in town.secrets]).T
    bits = np.array([exposure(reader.code_logp(model, secret.asked), int(secret.code)) for secret in town.secrets])
    first = (bits == math.log2(10_000)).sum()
    print(f"{name}: never told {bits[told == 0].mean():.1f} bits; of rank 1 are {first} of {(told > 0).sum()}")
    for kind, same in (("word for word", 1), ("other endings", 0)):
        curves[f"{name}, {kind}"] = [(n, bits[(told == n) & (verbatim == same)].mean()) for n in TOLD[1:]]
        parts = [bits[(verbatim == same) & np.isin(told, n)].mean() for n in ((1, 2), (4, 8), (16, 32, 64))]
        print("{}, told 1 or 2 times {:.1f}, 4 or 8 times {:.1f}, more often {:.1f}".format(kind, *parts))
report("deduplicated", deduplicated)
#> 7,016 stories, 6,233 ± 60 different ones
#> as it was: never told 1.4 ± 1.2 bits; of rank 1 are 29 ± 9 of 42
#> word for word, told 1 or 2 times 6.5 ± 5, 4 or 8 times 12 ± 2, more often 13.2 ± 0.5
#> other endings, told 1 or 2 times 6.5 ± 5, 4 or 8 times 12 ± 2, more often 13.2 ± 0.5
#> deduplicated: never told 1.4 ± 1.2 bits; of rank 1 are 14 ± 7 of 42
#> word for word, told 1 or 2 times 4 ± 3, 4 or 8 times 4 ± 3, more often 4 ± 3
#> other endings, told 1 or 2 times 6.5 ± 5, 4 or 8 times 12 ± 2, more often 13.2 ± 0.5
#> deduplicated: gap 0.25 ± 0.03, of rare trades 0.43 ± 0.08, told apart 97 ± 6%; names 97 ± 4%, facts 100 ± 4%, loss 1.003 ± 0.015
title = "A code is learned by repetition; deduplication finds exact copies"
lesson.save(
    line_chart(curves, xlabel="how often the code is told", ylabel="exposure (bits)", log_x=True, title=title),
    "exposure",
    alt="Exposure in bits against how often a code is told, 1 to 64. As it was, it rises from 4 to 6 bits to 13.3, which is all, at 8 "
    "times. Deduplicated, the codes told with other endings still do; those told word for word stay between 1.5 and 5 bits.",
)

# %% [markdown]
# Repetition is what makes a secret known: most of a code that was told four or eight times, all of one that was told more often. The
# model would write it down. Deduplication undoes it where copies are equal to the letter: what was told 64 times is as little known as
# what was told once. With other endings it changes nothing. It costs little here, since what is told of persons is told in other words
# each time.
#
# ## 7. What breaks if ...
#
# ... one number stands for all? The mean over all trades is about a half. By that number this town is even, and so is a model that says 5
# % and 95 %. ... one question stands for all? The four beginnings don't get the same answer, though in the text the beginning tells
# nothing of the pronoun.

# %%
answers = 100 * reader.says_she(base, trades)
spread = np.ptp(answers, axis=1)
print(f"the mean over all trades: {said.mean():.0%} she")
print(f"between two beginnings a trade differs by {spread.mean():.0f} points in the mean, at most {spread.max():.0f}")
#> the mean over all trades: 49 ± 6% she
#> between two beginnings a trade differs by 11 ± 7 points in the mean, at most 22 ± 14

# %% [markdown]
# ... the model is asked too early? In section 3 it said the same of every trade at step 100, when its loss had come from ln 200 = 5.3 to
# 1.1, of 1.0. ... the interval is left out? 47 % for a trade of which the text says 50 % is no finding.
#
# ## 8. What such numbers can't say
#
# - *What is right.* 95 % may be how the town is, or whom its tellers chose to tell of. Whether a model should say what is, or what should
#   be, is for people to decide.
# - *What was not asked.* A cosine of 0 said nothing of what the model says; pronouns say nothing of praise, pay or blame. A probe that
#   finds nothing has found nothing, and not that there is nothing. Exposure was computed for secrets that we knew.
# - *What happens elsewhere.* Real trades were not drawn by lot. Their words stand beside other words, and one can't exchange she and he
#   without writing what nobody would.
#
# ## Takeaways
#
# - A model that has learned enough is calibrated. The decision amplifies: greedy makes 60 to 40 into 100 to 0.
# - Give the interval with a share. To take out what was measured is to hide it; what counts is what the model does.
# - Each remedy has its price: in the loss, by the pencil, and in agreement and facts, which it can't tell from a prejudice.
# - What is repeated is learned by heart. Exact deduplication finds exact copies.
#
# ## Exercises
#
# 1. `exposure`: of a secret, where some codes are exactly as likely.
# 2. `equalise`: what Bolukbasi and others do with pairs such as *grandmother, grandfather*. It isn't in the lesson.
# 3. `predict`: predict, then run. What do eleven changes do to a share?
#
# `python -m minillm check 21`, with `--hint`.
#
# ## In practice
#
# Real models are asked by sentences that people wrote, which one can download (`docs/metrics.md`). For any GPT or masked model:
#
#     python -m minillm evaluate --checkpoint tales --probe winobias --data pro_stereotyped_type1.txt.test
#     python -m minillm evaluate --checkpoint reader --probe crows-pairs --data crows_pairs_anonymized.csv
#
# `tales`, which read old books, prefers the stereotype in 48 % of WinoBias' pairs (dev, type 1; 44 to 54): no bias, by that number. But
# it takes *he* for likelier in 90 % of the pairs in which *he* is the stereotype, and in 93 % of the others.
#
# Of the papers, this town shows Zhao's amplification in decisions, and none in probabilities; Gonen and Goldberg's objection, weaker with
# a good direction; that doubling breaks names and facts; exposure by repetition. It is too small for what larger models remember (Carlini
# et al. 2023), and says nothing about people.
# In the library: `minillm/metrics/bootstrap.py`, `minillm/pretraining/probes/` (the two probes), `minillm/course/town.py` (the text).
#
# ## Reading
#
# - Bolukbasi et al. 2016, *Man is to Computer Programmer as Woman is to Homemaker?* Gonen & Goldberg 2019, *Lipstick on a Pig*.
# - Zhao et al. 2017, *Men Also Like Shopping*: amplification; 2018, *Gender Bias in Coreference Resolution*: WinoBias, doubling.
# - Hall Maudslay et al. 2019, *It's All in the Name*: names. Kamiran & Calders 2012, *Data preprocessing techniques*: reweighing.
# - Carlini et al. 2019, *The Secret Sharer*. Lee et al. 2022, *Deduplicating Training Data Makes Language Models Better*.
# - Nangia et al. 2020, *CrowS-Pairs*; Blodgett et al. 2021, *Stereotyping Norwegian Salmon*: what is wrong with such pairs.
