"""Lesson 17: Pretrain with preferences (six ways to read a text that is not all good)

Question   Can a model learn what we want while it is pretrained, from a text that is full of what we don't want?
You build  rewards for lines, six objectives that differ in a weight, control tokens, and the trade-off between good and capable
You need   lessons 02, 10
Article    section 2.3, pretraining based on human preferences: a preference learned while pretraining
Time       280 s on 2 cores
Figures    17_trade_off.png, 17_samples.png
Run        python lessons/17_pretrain_with_preferences.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 17
"""

# %% [markdown]
# ## 1. A text with good lines and bad ones
#
# A model that guesses the next word imitates what it reads, mistakes and insults included. Filtering the text is one remedy. Korbak and
# others asked in 2023 what else one can do *while pretraining*, if every piece of the text has a score, a **reward**. We repeat their
# experiment on a text that is on your machine already: the standard library of Python. A piece is a line, and what we prefer is style, by
# PEP 8: a blank after a comma, none after an opening bracket ... A line that breaks a rule has the reward -1, every other line 0.
#
# One thing must be said plainly. The library is so tidy that a small model's own blunders would hide what it prefers. So we **put faults
# in**: into nearly half of the lines of code, in some files many, in others few.

# %%
import math
import sys

import numpy as np

from minillm.course import Lesson
from minillm.models import GPT, GPTConfig, GPTWithValue
from minillm.objectives import CAUSAL
from minillm.ops import softmax, token_logp, token_logp_backward
from minillm.plots import text_columns, trade_off
from minillm.preferences import mean_and_error, rwr, style_reward, style_violations, unlikelihood
from minillm.preferences.rewarded_lm import awr_objective, rwr_objective, unlikelihood_objective
from minillm.preferences.samples import control_of, lines_of, misalignment, sample_ids
from minillm.preferences.segments import PreferenceCorpus, score
from minillm.preferences.spoiling import spoil
from minillm.text import CharTokenizer
from minillm.text.control_tokens import CONTROL_TOKENS
from minillm.text.python_library import PAGE, python_library
from minillm.training import Trainer, TrainOptions

lesson = Lesson(17)
for line in ("total = add(a, b)", "total=add(a,b)", "total = add( a, b) "):
    print(f"{line!r}: {', '.join(rule[:4] for rule in style_violations(line)) or 'good'}")
#> 'total = add(a, b)': good
#> 'total=add(a,b)': E231, E225
#> 'total = add( a, b) ': W291, E201

files = python_library(200_000 if lesson.quick else 3_000_000)
text = spoil(files, 0.475)
scored = score(text, style_reward())
print(f"{len(text)} files, {len(scored.segments):,} lines, of which {-scored.rewards.mean():.0%} are bad")
print(f"before we put faults in: {-score(files, style_reward()).rewards.mean():.1%}")
#> 220 ± 60 files, 86,000 ± 6000 lines, of which 40 ± 4% are bad
#> before we put faults in: 1.3 ± 0.7%

# %% [markdown]
# ## 2. One backward pass, six weights
#
# All six objectives are sums over the tokens, and they differ in one thing: how much each token counts. Let log p be the log-probability of
# the token that stands in the text, and R the reward of its line. What descends is
#
#     MLE            -log p                                   good and bad alike
#     filtering      -log p, in the better half of the files  the other half is thrown away
#     conditional    -log p, after <|good|> or <|bad|>        every line is announced by what it is
#     unlikelihood   -log p, in bad lines -α log(1 - p)       bad tokens become unlikely
#     RWR            -e^(R/β) log p                           reward-weighted regression
#     AWR            -e^((R - V)/β) log p, and (V - R)²       the same, against a value V that the model expects
#
# The backward pass is that of cross-entropy, with a weight. From d log p / dlogits = onehot - p follows, for any loss that is made of
# log-probabilities,
#
#     dlogits = (dloss / dlog p) · (onehot - p)
#
# A bad line of three characters, by hand. In RWR with β = 1 each of its tokens has the weight e^-1 = 0.37. In unlikelihood, since
# d log(1 - p) / d log p = -p / (1 - p), each pulls the other way, and the more the likelier the token is.

# %%
logits = np.array([[2.0, 0.0, -1.0], [0.5, 0.5, 0.0], [0.0, 3.0, 0.0]])  # three places, a vocabulary of three
targets, bad = np.array([0, 1, 1]), np.full(3, -1.0)
p = softmax(logits)[0]
taken = p[np.arange(3), targets]
onehot = np.eye(3)[targets]

by_hand = {
    "RWR": -math.exp(-1) * (onehot - p) / 3,  # the mean over three tokens
    "unlikelihood": (taken / (1 - taken))[:, None] * (onehot - p) / 3,
}
for name, loss_fn in (("RWR", rwr), ("unlikelihood", unlikelihood)):
    logp, saved = token_logp(logits, targets)
    _, dlogp = loss_fn(logp, np.ones(3, bool), bad)
    np.testing.assert_allclose(token_logp_backward(dlogp, saved), by_hand[name], atol=1e-12)
    print(f"{name}: the right token's score is moved by {-by_hand[name][np.arange(3), targets].round(3)}")
#> RWR: the right token's score is moved by [0.019 0.076 0.011]
#> unlikelihood: the right token's score is moved by [-0.281 -0.128 -0.303]

# %% [markdown]
# RWR still learns the bad line, a third as fast. Unlikelihood drives it out, most of all where the model was sure. It has no mercy on the
# tokens of a bad line that are quite all right, and most of them are: so it gets a small weight, α = 0.05.
#
# ## 3. Control tokens
#
# Conditional training throws nothing away and drives nothing out. In front of each line stands a token that says what comes:
#
#     <|good|>total = add(a, b)
#     <|bad|>total=add(a,b)
#
# So the model learns both kinds, and to tell them apart. When it writes, *we* put `<|good|>` in front of each line. Two details matter. The
# token itself is not scored: which lines are good is not for the model to guess. And from one line in ten it is left out, so that the
# model can do without.

# %%
tokenizer = CharTokenizer.train(PAGE.join(text), CONTROL_TOKENS)
example = PreferenceCorpus(score(["a = 1\nb=2\n"] * 10, style_reward()), tokenizer, 8, control=True, drop=0.0)
print(tokenizer.decode(example.train[:16]).replace("\n", "↵"))
batch = example.batch(np.random.default_rng(0), 50)
control = [tokenizer.special_tokens[token] for token in CONTROL_TOKENS]
assert np.isin(batch.inputs, control).any() and not np.isin(batch.targets, control).any()
#> <|good|>a = 1↵<|bad|>b=2↵<|good|>a =

# %% [markdown]
# ## 4. Six models
#
# Half a million numbers each, the same start, the same number of steps. For each we measure two things. How many of the lines that it
# writes are bad? And how well does it know *good* lines that it has not seen, in nats a character: a model that writes nothing but `pass`
# breaks no rule, and is of no use.

# %%
SIZES = {"context": 128, "layers": 2, "heads": 4, "d_model": 136, "ngram": 4}
DATA = {
    "filtering": {"filtered": True},
    "conditional": {"control": True},
    "unlikelihood": {"rewards": True},
    "RWR": {"rewards": True},
    "AWR": {"rewards": True},
}
LOSSES = {
    "unlikelihood": unlikelihood_objective(alpha=0.05),
    "RWR": rwr_objective(beta=0.5),
    "AWR": awr_objective(alpha=0.5, beta=0.5),
}


def pretrain(name):
    """A GPT, and its loss on held-out good lines."""
    data = PreferenceCorpus(scored, tokenizer, SIZES["context"], **DATA.get(name, {}))
    model = body = GPT(GPTConfig(tokenizer.vocab_size, **SIZES), seed=lesson.seed)
    if name == "AWR":
        model = GPTWithValue(body)
    steps, eval_batches = (2, 2) if lesson.quick else (1200, 60)
    schedule = {"lr": 4e-3, "schedule": "linear", "lr_floor": 0.0, "warmup": 100}
    options = TrainOptions(
        steps=steps, batch=8, eval_every=steps, eval_batches=eval_batches, workers=2, seed=lesson.seed, **schedule
    )
    for progress in Trainer(model, data, options, LOSSES.get(name, CAUSAL)).run():
        loss = progress.validation
    print(f"{name}: {loss:.3f}", file=sys.stderr)
    return body, loss


def write(model, control=None, count=96):
    """Texts of 200 characters, each begun on a new line; `control` puts its token in front of each line."""
    return sample_ids(model, tokenizer, 4 if lesson.quick else count, 200, control=control, seed=lesson.seed)


def bad_lines(texts):
    return mean_and_error(100 * misalignment(texts, tokenizer, style_reward()))


models, points = {}, {}
for name in ("MLE", "filtering", "conditional", "unlikelihood", "RWR", "AWR"):
    models[name], loss = pretrain(name)
    texts = write(models[name], control_of(tokenizer) if name == "conditional" else None)
    rate, error = bad_lines(texts)
    points[name] = (loss, rate)
    print(f"{name}: {rate:.0f}% of its lines are bad (standard error {error:.1f}), loss on good lines {loss:.2f}")
asked, _ = bad_lines(write(models["conditional"], control_of(tokenizer, wanted=False)))
print(f"conditional, asked for bad lines: {asked:.0f}%")
#> MLE: 42 ± 10% of its lines are bad (standard error 2.2 ± 1.5), loss on good lines 1.57 ± 0.09
#> filtering: 18 ± 9% of its lines are bad (standard error 1.8 ± 1.5), loss on good lines 1.56 ± 0.09
#> conditional: 28 ± 13% of its lines are bad (standard error 2 ± 1.5), loss on good lines 1.57 ± 0.09
#> unlikelihood: 7 ± 6% of its lines are bad (standard error 1.1 ± 1.1), loss on good lines 1.68 ± 0.1
#> RWR: 14 ± 10% of its lines are bad (standard error 1.6 ± 1.3), loss on good lines 1.62 ± 0.09
#> AWR: 14 ± 10% of its lines are bad (standard error 1.8 ± 1.5), loss on good lines 1.65 ± 0.1
#> conditional, asked for bad lines: 52 ± 14%

lesson.save(
    trade_off(
        {name: [point] for name, point in points.items()},
        xlabel="loss on held-out good lines (nats a character)",
        ylabel="bad lines in samples (%)",
        title="Fewer bad lines, and what they cost",
    ),
    "trade_off",
    alt="Bad lines in samples against loss on held-out good lines, a point for each of six objectives. MLE writes most bad lines; "
    "filtering half as many at the same loss, conditional training a few less; unlikelihood fewest, at the highest loss.",
)

# %% [markdown]
# Down and to the left is better. Everything below MLE has learned the preference, and what stands further right has paid for it with
# what it knows. Unlikelihood is the strictest, and the dearest. Filtering looks cheap here, since half of three million characters is
# still more than a model of this size reads in half a minute; where text is scarce, what was thrown away is missed.
#
# Conditional training has only begun to tell its two tokens apart: they matter at the end of a line, and stand at its beginning. This
# takes time to learn. With seven times the text, in the table of `benchmarks/preferences.md` (six objectives, three seeds, longer
# training), it writes three times fewer bad lines than MLE, 13% in place of 38%, and knows good lines just as well: nothing else does.
#
# Never trust a number without a look at the texts:

# %%
def page(model, control=None):
    lines = [line for ids in write(model, control, count=12) for line in lines_of(ids, tokenizer) if line.strip()]
    return [(line, bool(style_violations(line))) for line in lines[:24]]


lesson.save(
    text_columns(
        {
            "MLE": page(models["MLE"]),
            "conditional, good": page(models["conditional"], control_of(tokenizer)),
            "conditional, bad": page(models["conditional"], control_of(tokenizer, wanted=False)),
        },
        width=40,
        title="What they write; a dot is a blank at the end of a line",
    ),
    "samples",
    alt="Three columns of lines of near-Python. Many are marked as bad: fewest where the conditional model is asked for good lines, most "
    "where it is asked for bad ones.",
)

# %% [markdown]
# ## 5. What breaks if ...
#
# ... the rewards are small? The paper's code takes β = 10 and rewards of about a hundredth. All weights are then 1, and RWR is MLE under
# another name. ... unlikelihood counts in full, α = 1? Two lines in five are bad, most of their tokens are harmless, and all of them are
# driven out: what the model knows of good lines suffers too.

# %%
rewards = np.array([0.0, -1.0])
for beta, size in ((0.5, 1.0), (10.0, 0.01)):
    good, bad_weight = np.exp(size * rewards / beta)
    print(f"beta {beta}, rewards of {size}: a bad line counts {bad_weight / good:.3f} of a good one")
assert np.allclose(np.exp(0.01 * rewards / 10), 1, atol=2e-3)
LOSSES["unlikelihood, α = 1"] = unlikelihood_objective(alpha=1.0)
DATA["unlikelihood, α = 1"] = {"rewards": True}
harsh, loss = pretrain("unlikelihood, α = 1")
rate, _ = bad_lines(write(harsh))
print(f"unlikelihood with α = 1: {rate:.0f}% bad lines, and the loss on good lines is {loss - points['MLE'][0]:.2f} above MLE's")
#> beta 0.5, rewards of 1.0: a bad line counts 0.135 of a good one
#> beta 10.0, rewards of 0.01: a bad line counts 0.999 of a good one
#> unlikelihood with α = 1: 7 ± 6% bad lines, and the loss on good lines is 0.36 ± 0.16 above MLE's

# %% [markdown]
# ## Takeaways
#
# - With a reward for every piece of a text, preferences can be learned while pretraining, at little or no cost in what a model knows.
# - All objectives share one backward pass, and differ in how much a token counts.
# - Conditional training uses all of the text, good and bad, and decides only when it writes.
# - Report both: how well the preference is met, and what the model still can do. And read the texts.
#
# ## Exercises
#
# 1. `reward_weights`: how much each token counts in RWR.
# 2. `unlikelihood_loss`: likely where it is good, unlikely where it is bad.
# 3. `with_control_tokens`: announce each line, and score everything but the announcement.
#
# `python -m minillm check 17`, with `--hint` and `--figure`.
#
# ## In practice
#
# Large models get control tokens or rewards for toxicity and for personal data at this stage, beside a filter; what is then left is mended
# after pretraining (lesson 18). A preference is somebody's: PEP 8 was written down by a few people, and half of the world's code breaks it.
# Who scores the text, and whose lines are thus made rare, is a question that no objective answers. On the command line:
# `python -m minillm pretrain --preference conditional --out runs/polite`, then `generate --checkpoint runs/polite --control bad`.
#
# ## Reading
#
# - Korbak et al. 2023, *Pretraining Language Models with Human Preferences*.
# - Keskar et al. 2019, *CTRL*: control codes.
# - Welleck et al. 2020, *Neural Text Generation with Unlikelihood Training*.
# - Peng et al. 2019, *Advantage-Weighted Regression*.
