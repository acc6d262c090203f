"""Lesson 17: Pretrain with preferences (six ways to read a text that is not all kind)

Question   Half of a text is rude, and tells what nobody else tells. Can a model learn what it says, and not how?
You build  rewards for lines, six objectives that differ in a weight, control tokens, and the trade-off between polite and knowing
You need   lessons 02, 10
Article    section 2.3, pretraining based on human preferences: a preference learned while pretraining
Time       110 s on 2 cores
Figures    17_samples.png
Run        python lessons/17_pretrain_with_preferences.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 17
"""

# %% [markdown]
# ## 1. A village that kind and grumpy people tell of
#
# A model that guesses the next word imitates what it reads, insults included. Throwing away what is rude is one remedy. But whoever is
# rude may know something. Korbak and others asked in 2023 what else one can do *while pretraining*, if every piece of the text has a score,
# a **reward**, that says how much people like it. We repeat their experiment in a village that is made up for it.
#
# A story has one teller. The grumpy put a rude word into four lines of five, the kind into one of ten. Both tell the little stories of this
# course, and between the lines what they know of their neighbours. Of half of the villagers mostly the grumpy tell, nine times in ten.
#
# A piece is a line. One with a rude word in it has the reward -1, any other 0.

# %%
import math
import sys

import numpy as np

from minillm.course import Lesson
from minillm.course.village import Village, rude_reward
from minillm.course.village_measures import knowledge_of, plain_loss, sample_lines
from minillm.models import GPT, GPTConfig, GPTWithValue
from minillm.objectives import CAUSAL
from minillm.ops import softmax, token_logp, token_logp_backward
from minillm.plots import text_columns
from minillm.preferences import awr, rwr, unlikelihood
from minillm.preferences.rewarded_lm import awr_objective, rwr_objective, unlikelihood_objective
from minillm.preferences.samples import control_of
from minillm.preferences.segments import PreferenceCorpus, score
from minillm.text import BPETokenizer
from minillm.text.control_tokens import CONTROL_TOKENS
from minillm.training import Trainer, TrainOptions

lesson = Lesson(17)
village, reward = Village(lesson.seed), rude_reward()
stories = village.tell(100 if lesson.quick else 2000)
for who, story in zip(("grumpy", "kind"), stories):
    print(f"{who}: {' '.join(story.splitlines()[:3])}")
#> grumpy: …
#> kind: …

scored = score(stories, reward)
print(f"{len(stories)} stories, {len(scored.segments):,} lines, of which {-scored.rewards.mean():.0%} are rude")
print(f"a question: {village.questions()[0].text}{village.questions()[0].answer}")
#> 2000 stories, 16,900 ± 500 lines, of which 45 ± 2% are rude
#> a question: …

# %% [markdown]
# ## 2. One backward pass, six weights
#
# All six objectives are sums over the tokens, and they differ in one thing: how much each token counts. Let log p be the log-probability of
# the token that stands in the text, and R the reward of its line. What descends is
#
#     MLE            -log p                                   rude and kind alike
#     filtering      -log p, in the kinder half of stories    the other half is thrown away
#     conditional    -log p, behind <|good|> or <|bad|>       every line is announced by what it is
#     unlikelihood   -log p, in rude lines -α log(1 - p)      rude lines become unlikely
#     RWR            -e^(R/β) log p                           reward-weighted regression
#     AWR            -e^((R - V)/β) log p, and (V - R)²       advantage-weighted regression
#
# V is one number more that the model gives at every token: the reward that it expects of the line, learned by the squared error.
#
# The backward pass is that of cross-entropy, with a weight. From d log p / dlogits = onehot - p follows, for any loss that is made of
# log-probabilities,
#
#     dlogits = (dloss / dlog p) · (onehot - p)
#
# A rude line of three tokens, by hand. In RWR with β = 1 each has the weight e^-1 = 0.37. In AWR the weight depends on what was expected:
# from a grumpy teller, V = -0.8, a rude line counts e^-0.2 = 0.82; from a kind one, V = -0.1, e^-0.9 = 0.41. In unlikelihood, since
# d log(1 - p) / d log p = -p / (1 - p), each pulls the other way.

# %%
logits = np.array([[2.0, 0.0, -1.0], [0.5, 0.5, 0.0], [0.0, 3.0, 0.0]])  # three places, a vocabulary of three
targets, bad = np.array([0, 1, 1]), np.full(3, -1.0)
p = softmax(logits)[0]
taken = p[np.arange(3), targets]
onehot = np.eye(3)[targets]

by_hand = {
    "RWR": -math.exp(-1) * (onehot - p) / 3,  # the mean over three tokens
    "AWR, V = -0.8": -math.exp(-0.2) * (onehot - p) / 3,
    "unlikelihood": (taken / (1 - taken))[:, None] * (onehot - p) / 3,
}
everywhere = np.ones(3, bool)
losses = {
    "RWR": lambda logp: rwr(logp, everywhere, bad)[1],
    "AWR, V = -0.8": lambda logp: awr(logp, np.full(3, -0.8), everywhere, bad, alpha=1.0)[1],
    "unlikelihood": lambda logp: unlikelihood(logp, everywhere, bad)[1],
}
for name, derivative in losses.items():
    logp, saved = token_logp(logits, targets)
    np.testing.assert_allclose(token_logp_backward(derivative(logp), saved), by_hand[name], atol=1e-12)
    print(f"{name}: the right token's score is moved by {-by_hand[name][np.arange(3), targets].round(3)}")
print(f"a third of -p: {(-taken / 3).round(3)}")
#> RWR: the right token's score is moved by [0.019 0.076 0.011]
#> AWR, V = -0.8: the right token's score is moved by [0.043 0.168 0.025]
#> unlikelihood: the right token's score is moved by [-0.281 -0.128 -0.303]
#> a third of -p: [-0.281 -0.128 -0.303]

# %% [markdown]
# RWR still learns the rude line, a third as fast. Unlikelihood drives it out: p / (1 - p) times 1 - p is p, so the push on the right
# token's score is α p, never more than α however sure the model is. But every token of the line gets it, and most of them are harmless.
#
# ## 3. Control tokens
#
# Conditional training throws nothing away and drives nothing out. In front of each line stands a token that says what comes. So the model
# learns both kinds, and to tell them apart; when it writes, *we* put `<|good|>` in front of each line. Two details matter. The token itself
# is not scored: which lines are rude is not for the model to guess. And from one line in ten it is left out, so that the model can do
# without.

# %%
tokenizer = BPETokenizer.train("".join(stories), 1000, CONTROL_TOKENS)  # so many merges that every word is a token
GOOD, BAD = (tokenizer.special_tokens[token] for token in CONTROL_TOKENS)


def announced(lines):
    """The tokens of some lines, each behind the control token of its reward, and which of them are scored."""
    ids, is_scored = [], []
    for line, r in zip(lines, reward(lines)):
        words = tokenizer.encode(line + "\n").tolist()
        ids += [GOOD if r >= 0 else BAD, *words]
        is_scored += [False] + [True] * len(words)
    return np.array(ids), np.array(is_scored)


lines = ["tom likes the cat .", "bah ! tom likes the cat ."]
ids, is_scored = announced(lines * 4)
theirs = PreferenceCorpus(score(["\n".join(lines) + "\n"] * 8, reward), tokenizer, 4, control=True, drop=0.0)
assert (theirs.train[: len(ids)] == ids).all()
batch = theirs.batch(np.random.default_rng(0), 50)
assert np.isin(batch.inputs, [GOOD, BAD]).any()
assert not np.isin(batch.targets, [GOOD, BAD]).any() and not np.isin(ids[is_scored], [GOOD, BAD]).any()
print(tokenizer.decode(ids[:16]).replace("\n", "↵"))
#> <|good|>tom likes the cat .↵<|bad|>bah ! tom likes the cat .↵

# %% [markdown]
# ## 4. Six models
#
# A quarter of a million numbers each, the same start, the same number of tokens. Of each we ask four things.
#
# - **rude**: how many of the lines that it writes are rude? An empty line doesn't count, as none is polite by silence.
# - **odd**: how many of its lines would nobody in the village say, in any mood? (`somebody_says` knows all sentences.)
# - **the grumpy's facts**: *what colour is the miller's door ?* How many questions does it answer rightly, of those about the villagers of
#   whom mostly the grumpy tell?
# - **loss** on other stories that are told in no mood, in nats a word. The first word and the full stop of a line aren't scored: there a
#   teller chooses his mood, and whoever is never rude would look wiser than he is.
#
# The last three don't ask for the preference. The conditional model is asked behind `<|good|>`, as it is used, and once more without.

# %%
SIZES = {"context": 64, "layers": 2, "heads": 4, "d_model": 64, "ngram": 4}
STEPS, BATCH = 4 if lesson.quick else 700, 8
LOSSES = {
    "unlikelihood": unlikelihood_objective(alpha=0.1),
    "RWR": rwr_objective(beta=0.5),
    "AWR": awr_objective(alpha=0.5, beta=0.5),
}


def kinder_half(stories):
    """The half of the stories in which the fewest lines are rude."""
    rewards = score(stories, reward).document_rewards()
    kept = np.argsort(-rewards, kind="stable")[: len(stories) // 2]
    return [stories[i] for i in sorted(kept)]


def pretrain(name, objective):
    read = kinder_half(stories) if name == "filtering" else stories
    controlled, weighted = name == "conditional", objective is not CAUSAL
    data = PreferenceCorpus(score(read, reward), tokenizer, SIZES["context"], control=controlled, rewards=weighted)
    model = body = GPT(GPTConfig(tokenizer.vocab_size, **SIZES), seed=lesson.seed)
    if name == "AWR":
        model = GPTWithValue(body)
    schedule = {"lr": 8e-3, "warmup": min(50, STEPS // 4), "schedule": "linear", "lr_floor": 0.0}
    options = TrainOptions(steps=STEPS, batch=BATCH, eval_every=STEPS, eval_batches=2, seed=lesson.seed, **schedule)
    for progress in Trainer(model, data, options, objective).run():
        if progress.validation is not None:
            print(f"{name}: {progress.validation:.3f}", file=sys.stderr)
    words = 1 - np.isin(data.train, [GOOD, BAD]).mean()
    return body, STEPS * BATCH * SIZES["context"] * words, len(data.train) * words


def report(name, model, control=None):
    what = sample_lines(model, tokenizer, control, count=4 if lesson.quick else 96, seed=lesson.seed)
    knows = knowledge_of(model, tokenizer, village, control)
    loss = plain_loss(model, tokenizer, village, control)
    knowledge = f"knows {knows.grumpy:.0%} of the grumpy's facts, loss {loss:.3f}"
    print(f"{name}: {100 * what.rude:.1f}% rude, {100 * what.odd:.0f}% odd, {knowledge}")
    return what, knows, loss


models, found = {}, {}
for name in ("MLE", "filtering", "conditional", "unlikelihood", "RWR", "AWR"):
    models[name], words, text = pretrain(name, LOSSES.get(name, CAUSAL))
    control = control_of(tokenizer) if name == "conditional" else None
    print(f"{name}: {words / 1000:.0f} thousand words read, each {words / text:.1f} times")
    found[name] = report(name, models[name], control)
report("conditional, not told", models["conditional"])
report("conditional, asked for rude lines", models["conditional"], control_of(tokenizer, wanted=False))
#> MLE: 358 thousand words read, each 2.2 ± 0.2 times
#> MLE: 43.0 ± 6% rude, 7 ± 5% odd, knows 100 ± 3% of the grumpy's facts, loss 0.700 ± 0.05
#> filtering: 358 thousand words read, each 4.6 ± 0.4 times
#> filtering: 12.0 ± 5% rude, 8 ± 5% odd, knows 77 ± 14% of the grumpy's facts, loss 0.705 ± 0.05
#> conditional: 331 ± 4 thousand words read, each 2.0 ± 0.2 times
#> conditional: 1.3 ± 2.5% rude, 6 ± 5% odd, knows 100 ± 3% of the grumpy's facts, loss 0.733 ± 0.05
#> unlikelihood: 358 thousand words read, each 2.2 ± 0.2 times
#> unlikelihood: 0.2 ± 0.8% rude, 16 ± 8% odd, knows 84 ± 14% of the grumpy's facts, loss 0.790 ± 0.08
#> RWR: 358 thousand words read, each 2.2 ± 0.2 times
#> RWR: 8.0 ± 5% rude, 8 ± 5% odd, knows 98 ± 5% of the grumpy's facts, loss 0.745 ± 0.05
#> AWR: 358 thousand words read, each 2.2 ± 0.2 times
#> AWR: 6.5 ± 6% rude, 8 ± 5% odd, knows 98 ± 5% of the grumpy's facts, loss 0.780 ± 0.07
#> conditional, not told: 41.0 ± 7% rude, 7 ± 5% odd, knows 100 ± 3% of the grumpy's facts, loss 0.716 ± 0.06
#> conditional, asked for rude lines: 98.0 ± 4% rude, …

# %% [markdown]
# Conditional training has learned everything that the rude lines say, from all of them, and writes hardly one. Without its token it is
# nearly as rude as MLE, and it can be asked for rude lines: it forgot nothing, and knows the difference. Filtering is as rude as the kind
# are at times, and knows less of what mostly the grumpy tell. Unlikelihood is the politest, and pays twice: in knowledge, and in lines that
# nobody would say. RWR and AWR know nearly everything, and are several times as rude as conditional training. The loss says that the
# language is not free: MLE's and filtering's are lowest. Of what the conditional model reads, 8% are control tokens.
#
# One run is one run, and one village is one village. `benchmarks/village.md` has more of them, with their errors, and three strengths of
# each objective. Its picture, `figures/17_strengths.png`, has rude lines above wrong answers about what the grumpy tell: down and to the
# left is better, and conditional training is nearest to the corner. Is another strength as good? RWR with β = 0.25 is as polite, and knows
# 88% of the grumpy's facts; AWR 94%, with twice as many odd lines; unlikelihood with α = 0.01 knows 89%. None comes to the corner. And
# conditional training can buy its language back: with every second control token left out, its loss in three villages is 0.703, where MLE's
# is 0.702, and 3.8% of its lines are rude (error 1.5): more than 1.2%, and still eleven times fewer than MLE's.
#
# Never trust a number without a look at the texts:

# %%
def page(model, control=None):
    lines = sample_lines(model, tokenizer, control, count=4, seed=lesson.seed).lines[:18]
    return [(line, reward([line])[0] < 0) for line in lines]


lesson.save(
    text_columns(
        {
            "MLE": page(models["MLE"]),
            "conditional, told <|good|>": page(models["conditional"], control_of(tokenizer)),
            "conditional, told <|bad|>": page(models["conditional"], control_of(tokenizer, wanted=False)),
            "unlikelihood": page(models["unlikelihood"]),
        },
        width=52,
        title="What they write",
    ),
    "samples",
    alt="Four columns of lines about cats, keys and villagers. Nearly half of MLE's are marked as rude. Of the conditional model's hardly "
    "any are where it is told <|good|>, and nearly all where it is told <|bad|>. Unlikelihood's are polite, and some of them broken.",
)

# %% [markdown]
# ## 5. Why each falls where it does
#
# Much of it can be told beforehand, with a pencil.
#
# *Filtering* keeps the kind tellers, and so their rate of rude lines. *RWR* turns r rude lines to 1 - r others into w r to 1 - r, with w =
# e^(-1/β). *AWR* does the same: at the word where two lines part V is one number for both, so that the rude one counts e^(-1/β) as much.
# (Behind a rude word V has seen it, and the rest of the line is learned in full.) *Unlikelihood* pulls a word up in polite lines and down
# in rude ones. If a share q of the lines that tell a fact are rude, it comes to rest where
#
#     (1 - q)(-log p) - q α log(1 - p)        is smallest:        p = (1 - q) / (1 - q + α q)
#
# (set the derivative, -(1 - q)/p + q α/(1 - p), to zero). *Conditional training* has no such trade: behind its own token each kind of line
# is learned as it is, by the same numbers, and what the line says is the same behind both.

# %%
def rude_share(stories):
    return -score(stories, reward).rewards.mean()


def about_theirs(stories):
    """The rewards of the lines about the villagers of whom mostly the grumpy tell."""
    lines = [line for story in stories for line in story.splitlines()]
    return reward([line for line in lines if any(f"the {who}" in line for who in village.known["grumpy"])])


heard, kept = about_theirs(stories), about_theirs(kinder_half(stories))
print(f"filtering: {rude_share(kinder_half(stories)):.0%} of its text is rude")
print(f"filtering: of {len(heard):,} lines about the grumpy's villagers it keeps {len(kept):,}, and reads each twice as often")
w = math.exp(-1 / 0.5)
for who, told in (("grumpy", stories[::2]), ("kind", stories[1::2])):
    r = rude_share(told)
    print(f"RWR and AWR: {r:.0%} rude, as the {who} are, would become {w * r / (w * r + 1 - r):.0%}")
q = -heard.mean()
for alpha in (0.1, 1.0):
    print(f"unlikelihood, alpha {alpha}: {q:.0%} of the grumpy's facts are told rudely, so p = {(1 - q) / (1 - q + alpha * q):.2f}")
#> filtering: 10 ± 2% of its text is rude
#> filtering: of 2,350 ± 200 lines about the grumpy's villagers it keeps 234 ± 40, and reads each twice as often
#> RWR and AWR: 80 ± 2% rude, as the grumpy are, would become 34 ± 3%
#> RWR and AWR: 10 ± 2% rude, as the kind are, would become 1 ± 1%
#> unlikelihood, alpha 0.1: 73 ± 3% of the grumpy's facts are told rudely, so p = 0.79 ± 0.04
#> unlikelihood, alpha 1.0: 73 ± 3% of the grumpy's facts are told rudely, so p = 0.27 ± 0.04

# %% [markdown]
# Where the two meet, the model decides by what it has written itself: a polite beginning reads like a kind teller's.
#
# ## 6. What breaks if ...
#
# ... the rewards are small? The paper's code takes β = 10 and rewards of about a hundredth. All weights are then 1, and RWR is MLE under
# another name. ... unlikelihood counts in full, α = 1? By the line above a fact that is mostly told rudely is no longer believed.

# %%
rewards = np.array([0.0, -1.0])
for beta, size in ((0.5, 1.0), (10.0, 0.01)):
    good, rude = np.exp(size * rewards / beta)
    print(f"beta {beta}, rewards of {size}: a rude line counts {rude / good:.3f} of a good one")
assert np.allclose(np.exp(0.01 * rewards / 10), 1, atol=2e-3)
harsh, *_ = pretrain("unlikelihood, alpha 1", unlikelihood_objective(alpha=1.0))
report("unlikelihood with alpha 1", harsh)
#> beta 0.5, rewards of 1.0: a rude line counts 0.135 of a good one
#> beta 10.0, rewards of 0.01: a rude line counts 0.999 of a good one
#> unlikelihood with alpha 1: 0.1 ± 0.8% rude, 36 ± 15% odd, knows 64 ± 20% of the grumpy's facts, loss 0.98 ± 0.15

# %% [markdown]
# ... the preference is taught only afterwards? `benchmarks/village.md` compares, at equal steps (one seed): MLE for nine tenths of them,
# and then something else. Lines of the text that are not rude are enough here: 0.4% rude, and no fact is forgotten. DPO comes to 1.7%. But
# control tokens that come so late are not learned: 41%. And how soon is each rude again (`figures/17_robustness.png`)? After a fine-tuning
# on 64 rude lines, in the way in which each is used, the conditional model writes 84% of them, and those that were taught afterwards 24%
# (kind lines) and 29% (DPO). The paper found that it pays to learn from the beginning. For control tokens so do we; for the rest this world
# shows the opposite, and it is a small one.
#
# ## Takeaways
#
# - With a reward for every piece of a text, a preference can be learned while pretraining, at little cost in what a model knows.
# - All objectives share one backward pass, and differ in how much a token counts.
# - Throwing rude text away throws away what only it tells. Driving it out drives out harmless words. Announcing it keeps both apart.
# - Measure what you want, and beside it what you don't want to lose, by something that isn't the preference. And read the texts.
#
# ## Exercises
#
# 1. `awr_loss`: advantage-weighted regression, and its derivatives, which aren't in the lesson.
# 2. `with_control_tokens`: announce each line, and score everything but the announcement.
# 3. `predict`: predict, then run. Of two lines that were told in the same place, how often will each objective tell the rude one?
#
# `python -m minillm check 17`, with `--hint` and `--figure`.
#
# ## In practice
#
# This village is made to show the point: every line is rude or not by a word, and its facts are known. Real rewards come from a classifier
# that errs, or from people who disagree. In the paper (124 million numbers, 3.3 billion tokens of the Pile) conditional training brought
# the toxicity of samples from 0.0141 to 0.0011, and kept what MLE could do. Who scores the text, and whose words are thus made rare, is a
# question that no objective answers. On the command line: `python -m minillm pretrain --preference conditional --out runs/polite`, which
# reads Python's library and takes its style for the preference, then `generate --checkpoint runs/polite --control bad`; its table is
# `benchmarks/preferences.md`.
#
# ## Reading
#
# - Korbak et al. 2023, *Pretraining Language Models with Human Preferences*.
# - Keskar et al. 2019, *CTRL*: control codes.
# - Welleck et al. 2020, *Neural Text Generation with Unlikelihood Training*.
# - Peng et al. 2019, *Advantage-Weighted Regression*.
