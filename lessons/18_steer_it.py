"""Lesson 18: Steer it (preferences after pretraining, and while writing)

Question   The model is trained, and writes what we don't want. What can still be done, and how far does each remedy bend it?
You build  the loss of a reward model and of DPO, best-of-n, guidance, a policy gradient; and what each pays for, in three villages
You need   lessons 10, 17
Article    section 2.3, preferences after pretraining, and used while generating
Time       160 s on 2 cores
Figures    18_margins.png, 18_steered.png, 18_answers.png, 18_too_far.png
Run        python lessons/18_steer_it.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 18
"""

# %% [markdown]
# ## 1. A base model, and four questions
#
# We are back in the village of lesson 17. The model that guessed the next word there (MLE) is rude in four lines of ten. It is our
# **base**, and nobody wants to train it anew. It gets a prompt that ends where a line ends, and answers with a line. We ask of every
# remedy:
#
# - How many answers are **rude**, and how many are **odd**: what nobody in the village would say?
# - Does it still **know** what mostly the grumpy tell, and what is its **loss** on stories told in no mood?
# - How far is it from the base? The distance is the **KL** divergence of whole answers, in nats,
#
#       KL(p ‖ q) = E over answers of p:  sum over their places of  Σ_v p_v (log p_v - log q_v)
#
#   At each place the sum over all words is exact; the mean is that of 256 sampled answers.
#
# A model is one draw, and so is a village. So each remedy is tried in three villages, each with a base of its own, and the mean of the
# three is printed with its standard error. What lies nearer together than its errors has no order.

# %%
import itertools
import math

import numpy as np

from minillm import alignment
from minillm.alignment.offline import log_probabilities
from minillm.alignment.pairs import answers_of
from minillm.course import Lesson
from minillm.course.village import rude_reward, somebody_says
from minillm.course.village_base import VillageBase, flipped, row
from minillm.generation import ModelScorer
from minillm.ops import IGNORE, kl_divergence, kl_divergence_backward, sequence_logp, sequence_logp_backward
from minillm.plots import line_chart, text_columns, trade_off
from minillm.preferences import best_of_n_kl, bradley_terry, dpo, group_advantages
from minillm.training import AdamW, Trainer, TrainOptions, train

lesson = Lesson(18)
rude = rude_reward()  # a line with a rude word in it has the reward -1, any other 0
villages = [VillageBase(3 * lesson.seed + i, quick=lesson.quick) for i in range(2 if lesson.quick else 3)]
found = {}


def measure(name, models):
    """Answers of one model of each village, which are measured and told."""
    answers = [home.write(model, home.asked, seed=0) for home, model in zip(villages, models)]
    found[name] = [home.measure(model, each) for home, model, each in zip(villages, models, answers)]
    print(row(name, found[name]))
    return answers


bases = [home.model for home in villages]
base_answers = measure("base", bases)
#> base: 43 ± 5% rude (…), 8 ± 5% odd (…), KL 0.00 (0.00), knows 100 ± 2% (…), loss 0.70 ± 0.04 (…)

# %% [markdown]
# ### The least that it must cost
#
# Let f be the base's share of rude answers. A p with the share r changes how much weight the rude answers have together, and perhaps how it
# is spread among them and among the others. The KL is the sum of both parts. So nobody gets from f to r for less than
#
#     KL = r ln(r/f) + (1 - r) ln((1 - r)/(1 - f))        and to r = 0 for        -ln(1 - f)

# %%
def least_kl(r, f):
    return sum(a * math.log(a / b) for a, b in ((r, f), (1 - r, 1 - f)) if a > 0)


f = np.mean([measured.rude for measured in found["base"]]) / 100
print(f"never rude: at least {least_kl(0, f):.2f} nats; rude in 5%: at least {least_kl(0.05, f):.2f}")
#> never rude: at least 0.57 ± 0.1 nats; rude in 5%: at least 0.39 ± 0.1

# %% [markdown]
# ## 2. From pairs to a reward: the model of Bradley and Terry
#
# The base answers each prompt twice, and our rule, in the place of a person, says which answer is better. Where it can't, the pair is
# dropped. A reward r(answer) is learned from the pairs:
#
#     p(w is preferred to l) = σ(r_w - r_l)         loss = -ln σ(r_w - r_l)
#
# With u = r_w - r_l: dσ/du = σ (1 - σ), so d(-ln σ)/du = -(1 - σ(u)) = -σ(-u), and u grows with r_w and falls with r_l. For a difference of
# 2 nats that is -0.12: a pair that is told apart already teaches little.

# %%
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def preferred(better, worse):
    """Rewards (B,) each -> the mean of -ln σ(better - worse), and its derivatives (B,)."""
    u = better - worse
    pull = sigmoid(-u) / len(u)
    return -np.log(sigmoid(u)).mean(), -pull, pull


rng = lesson.rng()
four = rng.normal(0, 3, (4, 5))
for mine, theirs in zip(preferred(*four[:2]), bradley_terry(*four[:2])):
    np.testing.assert_allclose(mine, theirs)
loss, dbetter, dworse = preferred(np.array([2.0]), np.array([0.0]))
print(f"a difference of 2: loss {loss:.2f}, derivatives {dbetter[0]:.2f} and {dworse[0]:.2f}")
#> a difference of 2: loss 0.13, derivatives -0.12 and 0.12

pairs = [home.pairs(100 if lesson.quick else 1200) for home in villages]  # to train on, and to judge by
FEW = {"batch": 16, "warmup": 20, "schedule": "linear", "lr_floor": 0.0, "weight_decay": 0.0, "seed": lesson.seed}
STEPS = 2 if lesson.quick else 100

# %% [markdown]
# The reward model is a copy of the base: the vector at the last token of the answer, times a row of weights, is the reward. All of it
# learns.

# %%
reward_models = [alignment.new_reward_model(base, seed=lesson.seed) for base in bases]
for reward_model, (training, held_out) in zip(reward_models, pairs):
    data = alignment.RewardData(training, held_out)
    train(reward_model, data, alignment.REWARD_MODEL, steps=min(60, STEPS), eval_every=60, lr=1e-3, progress=False, **FEW)
right = [100 * alignment.reward_accuracy(model, held_out) for model, (_, held_out) in zip(reward_models, pairs)]
print(f"the reward model is right about {np.mean(right):.0f}% of the held-out pairs")
#> the reward model is right about 97 ± 4% of the held-out pairs

# %% [markdown]
# ## 3. Best of n: no training at all
#
# Write n answers, keep the one with the highest reward. How far from the base does that take us? Number the answers by their rank, u from 0
# to 1, evenly. The best of n lies below u if all n do, with probability uⁿ, so its density is n uⁿ⁻¹, and
#
#     KL = ∫ n uⁿ⁻¹ ln(n uⁿ⁻¹) du = ln n + (n - 1) ∫ n uⁿ⁻¹ ln u du = ln n - (n - 1)/n
#
# whatever the reward is, if no two answers have the same. Where some have, it is less (Beirami et al. 2024): at most so much, then.

# %%
def best_of(n, several, rewards):
    return [several[best][row] for row, best in enumerate(rewards[:n].argmax(axis=0))]


# eight answers to each prompt, of which the first are those of section 1, and their rewards (8, N)
several = [home.scored(reward_model, 8) for home, reward_model in zip(villages, reward_models)]
u = (np.arange(100_000) + 0.5) / 100_000
for n in (2, 4, 8):
    density = n * u ** (n - 1)
    assert math.isclose((density * np.log(density)).mean(), math.log(n) - (n - 1) / n, rel_tol=1e-3)
    assert math.isclose(best_of_n_kl(n), math.log(n) - (n - 1) / n)
    measured = [home.measure(home.model, best_of(n, *each)) for home, each in zip(villages, several)]
    found[f"best of {n}"] = [each._replace(kl=best_of_n_kl(n)) for each in measured]
    print(row(f"best of {n}", found[f"best of {n}"]))
#> best of 2: 20 ± 6% rude (…), 5 ± 4% odd (…), KL 0.19 (0.00), knows 100 ± 2% (…), loss 0.70 ± 0.04 (…)
#> best of 4: 6.5 ± 5% rude (…), 5 ± 4% odd (…), KL 0.64 (0.00), knows 100 ± 2% (…), loss 0.70 ± 0.04 (…)
#> best of 8: 2.5 ± 3% rude (…), 6 ± 4% odd (…), KL 1.20 (0.00), knows 100 ± 2% (…), loss 0.70 ± 0.04 (…)

# %% [markdown]
# ## 4. DPO: the pairs are enough
#
# Rafailov and others noticed that the reward model can be left out. Which p has the largest E[r] - β KL(p ‖ q)? It is
# -β KL(p ‖ q e^(r/β) / Z) + β ln Z, where Z makes a distribution of q e^(r/β); a KL is smallest where both sides are equal. So
#
#     p = q e^(r/β) / Z        and turned round        r = β ln(p/q) + β ln Z
#
# Z only depends on the prompt: in a difference of two answers it is gone. So β ln(p/q), from a model's own log-probabilities and those of
# the frozen base, serves as the reward, and the loss is that of section 2:
#
#     h = (ln p(w) - ln q(w)) - (ln p(l) - ln q(l))        loss = -ln σ(β h)

# %%
def dpo_by_hand(better, worse, base_better, base_worse, beta):
    """Log-probabilities of answers (B,) each -> loss, and its derivatives with respect to the first two."""
    loss, dbetter, dworse = preferred(beta * (better - base_better), beta * (worse - base_worse))
    return loss, beta * dbetter, beta * dworse


for mine, theirs in zip(dpo_by_hand(*four, 0.1), dpo(*four, beta=0.1)):
    np.testing.assert_allclose(mine, theirs)
loss, dbetter, dworse = dpo_by_hand(*np.zeros((4, 1)), 0.2)
print(f"two equal models: loss {loss:.3f} (ln 2), derivatives {dbetter[0]:.3f} and {dworse[0]:.3f} (β/2)")
#> two equal models: loss 0.693 (ln 2), derivatives -0.100 and 0.100 (β/2)


def aligned(home, training, held_out, method="dpo", beta=0.2, lr=3e-4, **options):
    """A copy of the base that learned from pairs; and at some steps, what it makes of the held-out ones."""
    data, model, seen = alignment.PairData(training, held_out), home.copy(), []
    data.ask_reference(home.model)  # the base's log-probabilities, once and for all
    settings = TrainOptions(steps=STEPS, eval_every=max(1, STEPS // 5), lr=lr, **FEW)
    for progress in Trainer(model, data, settings, alignment.offline_objective(method, beta=beta, **options)).run():
        if progress.validation is not None:
            seen.append((progress.step, alignment.evaluate_pairs(model, data)))
    return model, seen


dpo_models, seen = zip(*(aligned(home, *both) for home, both in zip(villages, pairs)))
dpo_answers = measure("DPO", dpo_models)
ends = [reports[-1][1] for reports in seen]
moved = [np.mean([getattr(end, part) for end in ends]) for part in ("chosen", "rejected")]
print("held-out pairs: the chosen answers moved by {:+.1f} nats, the rejected ones by {:+.1f}".format(*moved))
parts = {"chosen answers": "chosen", "rejected answers": "rejected", "margin, h": "margin"}
lesson.save(
    line_chart(
        {name: [(step, getattr(report, part)) for step, report in seen[0]] for name, part in parts.items()},
        xlabel="step", ylabel="ln p - ln q (nats)", title="DPO parts the two by pushing the worse answers down",
    ),
    "margins",
    alt="Log-probability relative to the base against the step, on held-out pairs of the first village: that of the chosen answers stays "
    "near 0, that of the rejected answers falls by 8 nats, and their difference, the margin, grows.",
)
#> DPO: 1.3 ± 2.5% rude (…), 25 ± 24% odd (…), KL 4 ± 3.9 (…), knows 97 ± 8% (…), loss 0.74 ± 0.1 (…)
#> held-out pairs: the chosen answers moved by -1 ± 2 nats, the rejected ones by -7 ± 3

# %% [markdown]
# The chosen answers gained nothing: all of the margin comes from the rejected ones, which fell. Only the difference counts for DPO. Where
# did the probability go? We ask for kind answers of the base that are in no pair, and for what DPO itself writes.

# %%
def rise(answers, which=None):
    """By how many nats the log-probability of such answers has moved from the base to DPO: the mean over the villages."""
    means = []
    for home, model, each in zip(villages, dpo_models, answers):
        texts = answers_of(list(home.asked), each)
        nats = log_probabilities(model, texts) - log_probabilities(home.model, texts)
        means.append(nats[which(home.lines(each)) if which else ...].mean())
    return np.mean(means)


fresh = rise(base_answers, which=lambda lines: rude(lines) == 0)
print(f"kind answers of the base, in no pair: {fresh:+.1f} nats; what DPO writes: {rise(dpo_answers):+.1f}")
#> kind answers of the base, in no pair: -0.6 ± 2 nats; what DPO writes: 4 ± 4

# %% [markdown]
# ## 5. A quarter of the labels is wrong
#
# Our rule is never wrong. People are: those of InstructGPT agreed with each other about 73 % of the pairs, as two would of whom each errs
# in one of six ((5/6)² + (1/6)² = 0.72). We turn round a quarter of the pairs to train on, and judge by the true ones. What will become of
# h can be told with a pencil. If a share ε of the labels is wrong, DPO minimises
#
#     -(1 - ε) ln σ(β h) - ε ln σ(-β h)        at rest where σ(β h) = 1 - ε        so  h = ln((1 - ε)/ε) / β
#
# With ε = 1/4 and β = 0.2 that is 5.5 nats. But with no wrong label it is *infinite*: however large β is, the only brake is that training
# ends. That is the reason for two relatives. **cDPO** (Mitchell 2023) takes each label for wrong with probability
# ε', so it comes to rest even where all are right: at ln((1 - ε')/ε') / β. On flipped labels it doubts twice, with ε + ε' - 2 ε ε' in the
# place of ε. **IPO** (Azar et al. 2024) asks for one margin and no more:
#
#     (h - 1/(2τ))² for a right label, (-h - 1/(2τ))² for a wrong one        at rest where        h = (1 - 2ε)/(2τ)
#
# For τ = 0.1 that is 5 nats, and 2.5 with a quarter wrong.

# %%
variants = {  # where h comes to rest by the pencil; the method and its options; and whether a quarter of the labels is wrong
    "DPO": (math.inf, {}, False),
    "DPO, flipped": (math.log(3) / 0.2, {}, True),
    "cDPO, flipped": (math.log(0.625 / 0.375) / 0.2, {"label_smoothing": 0.25}, True),
    "IPO, flipped": (2.5, {"method": "ipo", "beta": 0.1}, True),  # the library calls τ beta
}
for name, (rest, options, wrong) in variants.items():
    if name != "DPO":
        taught = [(flipped(training, 0.25, lesson.rng()) if wrong else training, held_out) for training, held_out in pairs]
        models, seen = zip(*(aligned(home, *both, **options) for home, both in zip(villages, taught)))
        measure(name, models)
    h = np.mean([reports[-1][1].margin for reports in seen])
    print(f"{name}: at rest at {rest:.1f}, after {STEPS} steps h is {h:.1f}")
home, both = villages[0], pairs[0]
for name, options in {"DPO": {}, "IPO": {"method": "ipo", "beta": 0.1}}.items():
    model, reports = aligned(home, *both, lr=6e-4, **options)
    after = home.measure(model, home.write(model, home.asked, seed=0))
    print(f"{name} at twice the rate: h {reports[-1][1].margin:.1f}, {after.odd:.0f}% odd, knows {after.knows:.0f}%")
#> DPO: at rest at inf, after 100 steps h is 6.5 ± 1.5
#> DPO, flipped: 6 ± 5% rude (…), 5 ± 4% odd (…), KL 0.86 ± 0.4 (…), knows 99 ± 4% (…), loss 0.74 ± 0.06 (…)
#> DPO, flipped: at rest at 5.5, after 100 steps h is 3.5 ± 1
#> cDPO, flipped: 11 ± 7% rude (…), 5 ± 4% odd (…), KL 0.55 ± 0.25 (…), knows 99 ± 4% (…), loss 0.73 ± 0.06 (…)
#> cDPO, flipped: at rest at 2.6, after 100 steps h is 2.3 ± 0.6
#> IPO, flipped: 10 ± 7% rude (…), 6 ± 4% odd (…), KL 0.58 ± 0.25 (…), knows 99 ± 4% (…), loss 0.73 ± 0.06 (…)
#> IPO, flipped: at rest at 2.5, after 100 steps h is 2.3 ± 0.5
#> DPO at twice the rate: h 13 ± 7, 66 ± 34% odd, knows …%
#> IPO at twice the rate: h 4.8 ± 0.8, 11 ± 9% odd, knows 98 ± 6%

# %% [markdown]
# The pencil is right: cDPO and IPO have all but reached their places, DPO with flipped labels is on its way, and DPO with true labels goes
# on. So doubt is a brake: with a quarter of the labels wrong the answers are *less* odd and nearer to the base, and a few more are rude.
# Where all labels agree, at twice the rate, in the first village, h is 13, and two answers of three are
# what nobody would say, while IPO stops before its 5. DPO's own loss doesn't show it: -ln σ(β h) falls as long as h grows.
#
# ## 6. Guidance: exaggerate what was learned
#
# No more training. At every word, z = z_base + α (z_dpo - z_base): α = 0 is the base, α = 1 is DPO, and above 1
# what DPO changed is exaggerated. Since scores are log-probabilities up to a constant, that is p ∝ p_base (p_dpo / p_base)^α. (A
# conditional model, lesson 17, is guided so with its two control tokens.)

# %%
class Guided:
    """Two models as one. `forward` is for measuring; `next_scores` reads a text word by word, for writing."""

    def __init__(self, home, expert, alpha):
        self.models, self.alpha, self.config, self.vector = (home.model, expert), alpha, expert.config, expert.vector
        self.readers = [ModelScorer(model, len(home.asked), None) for model in self.models]

    def mixed(self, z, expert):
        return z + self.alpha * (expert - z)

    def forward(self, ids, rng=None):
        return self.mixed(*(model.forward(ids)[0] for model in self.models)), None

    def next_scores(self, text):
        return self.mixed(*(reader.next_scores(text) for reader in self.readers))

    def reorder(self, rows):
        for reader in self.readers:
            reader.reorder(rows)


for alpha in (0.3, 3.0):
    measure(f"guidance {alpha:g}", [Guided(home, expert, alpha) for home, expert in zip(villages, dpo_models)])
#> guidance 0.3: 14 ± 6% rude (…), 4 ± 4% odd (…), KL 0.33 ± 0.15 (…), knows 100 ± 4% (…), loss 0.70 ± 0.05 (…)
#> guidance 3: 0.0 ± 1.5% rude (…), 66 ± 33% odd (…), KL …

# %% [markdown]
# ## 7. Policy gradients: try, and keep what was rewarded
#
# Now no pairs, but a reward for every answer. The model writes K answers to a prompt. What was better than its siblings becomes likelier:
#
#     ∇ E[r] = Σ_y r ∇p = Σ_y r p ∇ln p = E[r ∇ln p] = E[A ∇ln p]        with the advantage A = r - baseline
#
# The last step is true for every baseline that doesn't contain the answer itself, since E[∇ln p] = ∇ Σ p = 0. GRPO takes the mean of the
# group for it, the answer included: the gradient then has the right direction and (K - 1)/K of its length. GRPO also divides A by the
# group's standard deviation. That is another objective: a prompt on which nearly all answers are alike then counts more than it did (Liu
# and others 2025 leave the division out). Take prompts with one good answer, of probability p, and one bad one, and write down all groups
# of K = 8:

# %%
def centred(r):
    return r - r.mean(axis=-1, keepdims=True)


def divided(r):
    return centred(r) / (r.std(axis=-1, ddof=1, keepdims=True) + 1e-4)


def expected_pull(p, advantage, K=8):
    """E[mean of A ∇ln p] over all groups of K, on the logit of the good answer: there ∇ln p is 1 - p for it, and -p for the bad one."""
    groups = np.array(list(itertools.product((0.0, 1.0), repeat=K)))
    return (np.where(groups == 1, p, 1 - p).prod(axis=1) * (advantage(groups) * (groups - p)).mean(axis=1)).sum()


np.testing.assert_allclose(divided(four).ravel(), group_advantages(four.ravel(), 5))
for p in (0.5, 0.9):
    pulls = expected_pull(p, centred), expected_pull(p, divided)
    more = pulls[1] / pulls[0]
    print(f"p = {p}: gradient {p * (1 - p):.3f}, centred {pulls[0]:.3f}, divided {pulls[1]:.3f}, {more:.1f} times as much")
    assert math.isclose(pulls[0], 7 / 8 * p * (1 - p))  # dE[r]/dlogit = p (1 - p)
#> p = 0.5: gradient 0.250, centred 0.219, divided 0.434, 2.0 times as much
#> p = 0.9: gradient 0.090, centred 0.079, divided 0.196, 2.5 times as much

# %% [markdown]
# Now the model. The KL has a price, β. Each round is new answers and one step: GRPO may take several steps with the same ones, and
# therefore clips how far p may move. The price's gradient is exact at each place, for the words that stand before it; that these words
# would become others is left out, as in GRPO. (InstructGPT has it: there the KL is taken off the reward.)

# %%
def policy_gradient(home, reward, rounds=2 if lesson.quick else 30, lr=1e-3, group=8, beta=0.05, watch=None):
    model, rng = home.copy(), lesson.rng()
    optimizer = AdamW(model.vector, lr=lr, weight_decay=0.0)
    for number in range(rounds):
        if watch and number % 3 == 0:
            watch(model)
        prompts = home.prompts[rng.integers(len(home.prompts), size=8)].repeat(group, axis=0)
        answers = home.write(model, prompts, seed=int(rng.integers(2**31)))
        A = divided(reward(home.lines(answers)).reshape(-1, group)).ravel() / len(answers)
        inputs, targets = answers_of(list(prompts), answers)
        logits, s = model.forward(inputs)
        logp, sl = sequence_logp(logits, targets)
        _, sk = kl_divergence(logits, home.model.forward(inputs)[0])
        price = (beta * (targets != IGNORE) / len(answers)).astype(logp.dtype)
        dlogits = kl_divergence_backward(price, sk)  # loss = β · the mean KL of an answer ...
        dlogits += sequence_logp_backward(-A.astype(logp.dtype), sl)  # ... - the mean of A ln p
        model.vector.zero_grad()
        model.backward(dlogits, s)
        optimizer.step(lr * min(1, (number + 1) / 5) * (1 - number / rounds))
    return model


grpo_answers = measure("policy gradient", [policy_gradient(home, rude) for home in villages])
#> policy gradient: 1.3 ± 2% rude (…), 6 ± 4% odd (…), KL 1.0 ± 0.4 (…), knows 100 ± 4% (…), loss 0.74 ± 0.06 (…)

# %% [markdown]
# All remedies on two axes. Down is better, and right is dearer; below the dashed line, section 1's, nobody can be. They were not told the
# same: best-of-n, DPO and guidance know the same five hundred pairs, the policy gradient asked the rule itself 1,920 times. And best of 8
# pays eight answers for one, guidance reads with two models.

# %%
joined = {
    "best of 1, 2, 4, 8": ["base", "best of 2", "best of 4", "best of 8"],
    "guidance 0.3, 1 (DPO)": ["guidance 0.3", "DPO"],
    **{name: [name] for name in ("policy gradient", "DPO, flipped", "cDPO, flipped", "IPO, flipped")},
}
lesson.save(
    trade_off(
        {name: [[(m.kl, m.rude) for m in found[row]] for row in rows] for name, rows in joined.items()},
        xlabel="KL to the base (nats an answer)", ylabel="rude answers (%)",
        limit=[(least_kl(r, f), 100 * r) for r in np.linspace(0, f, 60)], title="What each remedy gets, and what it costs",
    ),
    "steered",
    alt="Rude answers in percent against the KL to the base. A dashed line falls from the base, at 44 %, to 0.57 nats. Best-of-n and "
    "guidance 0.3 keep close to it; the policy gradient ends at 1 nat. DPO is as polite, at 2.4 nats. With flipped labels DPO, cDPO and "
    "IPO lie between 0.5 and 0.9 nats, at 4 to 8 %.",
)
wrote = {"base": base_answers, "DPO": dpo_answers, "policy gradient": grpo_answers}
lines = {name: villages[0].lines(answers[0][:18]) for name, answers in wrote.items()}
lesson.save(
    text_columns(
        {name: [(line, not somebody_says(line)) for line in each] for name, each in lines.items()},
        width=52, title="Answers to the same prompts; marked is what nobody would say",
    ),
    "answers",
    alt="Three columns of answers to the same prompts, by the base, DPO and the policy gradient. Half of the base's are rude, of the "
    "others' none. What nobody would say is marked: most of it is DPO's, lines that don't end, or run into the next.",
)

# %% [markdown]
# ## 8. What breaks if ...
#
# ... the reward is not quite what we meant? Let it count kind words. A kind line has one. That a line may have more is a gift.

# %%
KIND_WORDS = {"oh", "dear", "friend", "lovely", "thank"}
home, history = villages[0], []


def kind_words(lines):
    return np.array([float(sum(word in KIND_WORDS for word in line.split())) for line in lines])


def watch(model):
    answers = home.write(model, home.asked[:128], seed=7)
    lines, meant = home.lines(answers), home.measure(model, answers)
    history.append((meant.kl, kind_words(lines).mean(), np.mean([somebody_says(line) for line in lines])))


hacked = policy_gradient(home, kind_words, watch=watch)
watch(hacked)
print(f"kind words an answer: {history[0][1]:.2f} at first, {history[-1][1]:.2f} at last")
print(f"what somebody would say: {100 * history[0][2]:.0f}%, {100 * history[-1][2]:.0f}%")
print(*home.lines(home.write(hacked, home.asked[:2], seed=0)), sep="\n")
lesson.save(
    line_chart(
        {"kind words an answer": [h[:2] for h in history], "share that somebody would say": [(h[0], h[2]) for h in history]},
        xlabel="KL to the base (nats an answer)", ylabel="mean over 128 answers", title="What is rewarded rises, what was meant is lost",
    ),
    "too_far",
    alt="Kind words an answer and the share of answers that somebody would say, against the KL to the base while a policy learns to write "
    "kind words. The first rises from 0.2 to 1.5, the second falls from 0.96 to 0.2; they cross at 1 nat.",
)
#> kind words an answer: 0.21 ± 0.12 at first, 1.5 ± 0.5 at last
#> what somebody would say: 92 ± 8%, 25 ± 20%
#> …
#> …

# %% [markdown]
# What is rewarded has gone up sevenfold, and three lines of four are such as nobody would say. Would a look at the KL have warned us? Here,
# yes: it ends at 6 nats, ten times the least that it costs never to be rude. But a hack can be near. Whoever always does what the base does
# with probability e is only -ln e away from it: if one answer of six were empty, and a reward liked silence best, a model that is always
# silent would lie at 1.8 nats, nearer than DPO does here. What tells is to measure what was meant by something that was not optimised, as
# *odd* is, and to read the texts.
#
# ## Takeaways
#
# - Pairs are enough to learn a reward, and DPO learns from pairs without one: it is the reward model's loss with ln p - ln q as the reward.
# - Best-of-n needs no training, and its KL is at most ln n - (n - 1)/n nats.
# - Where no label is wrong, DPO's margin has no end, whatever β is. IPO asks for one margin, and cDPO doubts.
# - A policy gradient needs no pairs. Its baseline costs nothing; dividing by the deviation is another objective.
# - Every remedy moves the model away from its base. Report how far, what it still knows, and the error of each number. A weak reward is
#   over-optimised: the number rises, and what was meant gets lost.
#
# ## Exercises
#
# 1. `ranking_loss`: people who rank K answers give K (K - 1)/2 pairs. It isn't in the lesson.
# 2. `dpo_loss`: DPO for labels of which some are wrong, and its derivative.
# 3. `predict`: predict, then run. Where does h come to rest after a change? `python -m minillm check 18`, with `--hint`.
#
# ## In practice
#
# Here a rule played the person. A preference model learns the mean of many, and calls it what *people* want (Santurkar et al. 2023).
# InstructGPT has people rank four to nine answers, and learns from all pairs of a ranking (exercise 1). On the command line: `python -m
# minillm align --pairs FILE`, with `--method ipo` and others, `--label-smoothing`, or `--method grpo` with a reward; and `--best-of`,
# `--guidance` and `--reward-weight` of `generate`: `docs/preferences.md`. In the library: `minillm/preferences/bradley_terry.py`,
# `direct.py` (DPO, cDPO, IPO), `advantages.py`, `policy_gradient.py`; `minillm/alignment/`; `minillm/generation/guidance.py`.
#
# ## Reading
#
# - Christiano et al. 2017, *Deep Reinforcement Learning from Human Preferences*. Ouyang et al. 2022, *InstructGPT*. Rafailov et al. 2023,
#   *Direct Preference Optimization*. Azar et al. 2024, *A General Theoretical Paradigm to Understand Learning from Human Preferences*: IPO,
#   and why DPO has no end. Mitchell 2023, *A note on DPO with noisy preferences*: cDPO.
# - Shao et al. 2024, *DeepSeekMath*: GRPO. Liu et al. 2025, *Understanding R1-Zero-Like Training*: what its division does.
# - Beirami et al. 2024, *Theoretical guarantees on the best-of-n alignment policy*. Gao, Schulman and Hilton 2023, *Scaling Laws for Reward
#   Model Overoptimization*. Santurkar et al. 2023, *Whose Opinions Do Language Models Reflect?*
