"""Lesson 18: Steer it (preferences after pretraining, and while writing)

Question   The model is trained, and writes what we don't want. What can still be done, and how far does each remedy bend it?
You build  the losses of a reward model and of DPO, GRPO's advantages; best-of-n and guidance beside them, all from one base
You need   lessons 10, 17
Article    section 2.3, preferences after pretraining, and used while generating
Time       265 s on 2 cores
Figures    18_margins.png, 18_steered.png, 18_answers.png, 18_too_far.png
Run        python lessons/18_steer_it.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 18
"""

# %% [markdown]
# ## 1. One base model, three questions
#
# Lesson 17 was about a village. Here the text is real: the standard library of Python, and what we prefer is style, by PEP 8. It is so tidy
# that we **put faults in**, into nearly half of its lines of code: a blank missing after a comma, one too many after a bracket ... A model
# that is pretrained on this is our base, and it imitates the faults too. It gets a prompt that ends where a line ends, and answers with a
# line. About every remedy we ask three questions.
#
# - How many of its lines are **bad**? What we want is a line that breaks no rule, and has something in it: an empty line breaks none.
# - How far is it from the base? The distance is the **KL** divergence of whole lines, in nats,
#
#       KL(p || q) = E over answers of p:  sum over their places of  Σ_v p_v (log p_v - log q_v)
#
#   Our alphabet is small, so at each place the sum over all characters is exact. The mean over answers is that of a sample: it has an
#   error.
# - Does it still **know** Python? We take files without faults and ask for the next character, wherever it is a letter: the faults are all
#   made of blanks, so this doesn't ask for the preference. In nats a letter, lower is better.
#
# An error is a standard error over the 512 answers; two rates that are 4 points apart may be one.

# %%
import itertools
import math

import numpy as np

from minillm.alignment import (
    REWARD_MODEL,
    PairData,
    PolicyData,
    PolicyTrainer,
    RewardData,
    TokenPairs,
    evaluate_pairs,
    new_reward_model,
    offline_objective,
    prompts_from,
    reward_accuracy,
    roll_out,
    score_texts,
)
from minillm.alignment.offline import log_probabilities
from minillm.alignment.pairs import Answers, answers_of
from minillm.course import Lesson
from minillm.generation import ExpertContrast, ModelScorer, generate_batch
from minillm.models import GPT, GPTConfig, copy_parameters
from minillm.ops import kl_divergence, token_logp
from minillm.plots import line_chart, text_columns
from minillm.preferences import Reward, best_of_n_kl, dpo, mean_and_error, style_violations
from minillm.preferences.spoiling import spoil
from minillm.text import CharTokenizer, Corpus
from minillm.text.python_library import PAGE, python_library
from minillm.training import Trainer, TrainOptions

lesson = Lesson(18)
for line in ("total = add(a, b)", "total=add(a,b)", "total = add( a, b) "):
    print(f"{line!r}: {', '.join(rule[:4] for rule in style_violations(line)) or 'good'}")
#> 'total = add(a, b)': good
#> 'total=add(a,b)': E231, E225
#> 'total = add( a, b) ': W291, E201

files = python_library(200_000 if lesson.quick else 3_000_000)
text = PAGE.join(spoil(files, 0.475))
tokenizer = CharTokenizer.train(text)
SIZES = {"context": 128, "layers": 2, "heads": 4, "d_model": 136, "ngram": 4}


def trained(model, data, objective=None, each=lambda step: None, **options):
    """Train the model for so many steps, and return the losses on held-out data; `each` is called after each of these."""
    options = {"batch": 16, "warmup": 20, "schedule": "linear", "lr_floor": 0.0, "workers": 2} | options
    options["steps"] = 2 if lesson.quick else options["steps"]
    options = TrainOptions(**{"eval_every": options["steps"], "eval_batches": 2 if lesson.quick else 30, "seed": lesson.seed} | options)
    losses = []
    for progress in Trainer(model, data, options, *([objective] if objective else [])).run():
        if progress.validation is not None:
            losses.append(progress.validation)
            each(progress.step)
    return losses


base = GPT(GPTConfig(tokenizer.vocab_size, **SIZES), seed=lesson.seed)
losses = trained(base, Corpus(tokenizer.encode(text), 128), steps=1200, batch=8, lr=4e-3, warmup=100)
print(f"loss of the base: {losses[-1]:.2f}")
#> loss of the base: 1.37 ± 0.08


def good(line):
    return bool(line.strip()) and not style_violations(line)


rule = Reward("good lines", lambda lines: [0.0 if good(line) else -1.0 for line in lines])
prompts = prompts_from(text, tokenizer, 32, seed=lesson.seed)
COUNT = 16 if lesson.quick else 512
asked = np.resize(prompts[:200], (COUNT, 32))  # held out: nothing below learns from these
TOKENS = 64


def line_of(answer):
    return tokenizer.decode(answer).removesuffix("\n")


def describe(answers):
    """In percent: how many of the answers are bad, the standard error of that, and how many are empty."""
    lines = [line_of(answer) for answer in answers]
    bad, empty = (np.array([100.0 * test(line) for line in lines]) for test in (style_violations_in, is_empty))
    return *mean_and_error(bad), empty.mean()


def style_violations_in(line):
    return bool(style_violations(line))


def is_empty(line):
    return not line.strip()


def copy_of(model):
    copy = GPT(model.config, seed=None)
    copy_parameters(model, copy)
    return copy


ids = tokenizer.encode(PAGE.join(files)[-64 * 129 :]).reshape(64, 129)  # of the last files, without the faults; held out
letters = np.array([tokenizer.decode([i]).isalpha() for i in range(tokenizer.vocab_size)])
is_letter = letters[ids[:, 1:]]


def letter_loss(scores_of):
    """Nats a letter on files without faults, for a function from ids (B, T) to scores (B, T, V)."""
    logp = np.concatenate([token_logp(scores_of(rows[:, :-1]), rows[:, 1:])[0] for rows in np.split(ids, 8)])
    return -logp[is_letter].mean()


def measure(model, name):
    """Answers to the held-out prompts, and a line about them."""
    answers = roll_out(model, tokenizer, asked, TOKENS, rule, lesson.seed).answers
    kl = np.zeros(len(answers))
    for i, answer in enumerate(answers):
        read = np.concatenate([asked[i], answer])[None, :-1]
        places = kl_divergence(model.forward(read)[0], base.forward(read)[0])[0]
        kl[i] = places[0, 31:].sum()  # from the place on that guesses the answer's first character
    (bad, error, empty), (kl, kl_error) = describe(answers), mean_and_error(kl)
    print(f"{name}: {bad:.0f}% bad lines (error {error:.1f}), {empty:.0f}% empty, KL {kl:.1f} nats a line (error {kl_error:.1f})")
    print(f"{name}: {letter_loss(lambda ids: model.forward(ids)[0]):.2f} nats a letter")
    return answers, (kl, bad)


points = {}
base_answers, points["base"] = measure(base, "base")
#> base: 34 ± 9% bad lines (error 2.1 ± 0.3), 17 ± 9% empty, KL 0.0 nats a line (error 0.0)
#> base: … nats a letter

# %% [markdown]
# ## 2. From pairs to a reward: the model of Bradley and Terry
#
# People find it hard to give marks, and easy to say which of two answers is better. So: the base answers each prompt twice, and our rule,
# in the place of a person, says which one is better. Where it can't, the pair is dropped. A reward model learns r(answer) from the pairs:
#
#     p(w is preferred to l) = σ(r_w - r_l)         loss = -log σ(r_w - r_l)
#
# By hand, for a difference of 2 nats: σ(2) = 0.88, the loss 0.13, and its derivative with respect to r_w is -(1 - 0.88) = -0.12. A pair
# that is already told apart teaches little.

# %%
rng = np.random.default_rng(lesson.seed)
rounds = np.resize(prompts[200:], (64 if lesson.quick else 3000, 32))
one, two = (roll_out(base, tokenizer, rounds, TOKENS, rule, lesson.seed + 1 + i) for i in range(2))
told = np.flatnonzero(one.rewards != two.rewards)
first = one.rewards > two.rewards
pairs = TokenPairs(
    [rounds[i] for i in told],
    [(one if first[i] else two).answers[i] for i in told],
    [(two if first[i] else one).answers[i] for i in told],
)
split = len(told) * 9 // 10
training, held_out = pairs.part(np.arange(split)), pairs.part(np.arange(split, len(told)))
print(f"{len(rounds)} prompts, {len(told)} pairs in which one answer is better")

reward_model = new_reward_model(base, seed=lesson.seed)
trained(reward_model, RewardData(training, held_out), REWARD_MODEL, steps=250, lr=1e-3)
print(f"the reward model is right about {100 * reward_accuracy(reward_model, held_out):.0f}% of the held-out pairs")
#> 3000 prompts, 1461 ± 250 pairs in which one answer is better
#> the reward model is right about 98 ± 3% of the held-out pairs

# %% [markdown]
# ## 3. Best of n: no training at all
#
# Write n answers, keep the one with the highest reward. How far from the base does that take us? Number the answers by their rank, u from 0
# to 1, evenly. The best of n lies below u with probability u^n, so its density is n u^(n-1), and
#
#     KL = ∫ n u^(n-1) log(n u^(n-1)) du = log n - (n - 1)/n
#
# whatever the reward is, if no two answers are alike. Where some are, it is less (Beirami et al. 2024). So the most that it may cost is
# known in advance. What one gets for it depends on the reward. The best of one is the base itself.

# %%
best, curve = {}, []
many = [base_answers, *(roll_out(base, tokenizer, asked, TOKENS, rule, 100 + i).answers for i in range(15))]
scores = np.array([score_texts(reward_model, [np.concatenate(both) for both in zip(asked, answers)]) for answers in many])
for n in (1, 2, 4, 8, 16):
    kept = scores[:n].argmax(axis=0)
    answers = [many[kept[i]][i] for i in range(COUNT)]
    bad, error, empty = describe(answers)
    curve.append((best_of_n_kl(n), bad))
    print(f"best of {n}: {bad:.1f}% bad (error {error:.1f}), {empty:.0f}% empty, KL at most {best_of_n_kl(n):.2f}")
fails = np.mean([not good(line_of(answer)) for answers in many for answer in answers])
print(f"a single answer fails with probability {fails:.2f}; all of four, if they had nothing in common, with {100 * fails**4:.0f}%")
assert math.isclose(best_of_n_kl(16), math.log(16) - 15 / 16)
#> best of 1: 34 ± 9% bad (error 2.1 ± 0.3), 17 ± 9% empty, KL at most 0.00
#> best of 2: 17.0 ± 8% bad (error 1.6 ± 0.5), 7 ± 6% empty, KL at most 0.19
#> best of 4: 6.0 ± 5% bad (error 1 ± 0.6), 1 ± 4% empty, KL at most 0.64
#> best of 8: 2.2 ± 3% bad (error 0.7 ± 0.6), 0 ± 3% empty, KL at most 1.20
#> best of 16: 1.2 ± 2% bad (error 0.5 ± 0.5), 0 ± 2% empty, KL at most 1.84
#> a single answer fails with probability 0.47 ± 0.1; all of four, if they had nothing in common, with 5 ± 5%

# %% [markdown]
# ## 4. DPO: the pairs are enough
#
# Rafailov and others noticed that the reward model can be left out. Which p has the largest E[r] - β KL(p || q)? It is
# -β KL(p || q e^(r/β) / Z) + β log Z, where Z makes a distribution of q e^(r/β); a KL is smallest where both sides are equal. So
#
#     p = q e^(r/β) / Z        and turned round        r = β log(p/q) + β log Z
#
# Z only depends on the prompt: in a difference of two answers it is gone. So a model's own log-probabilities, less those of the frozen
# base, serve as its reward, in the same loss:
#
#     h = (log p(w) - log q(w)) - (log p(l) - log q(l))        loss = -log σ(β h)
#
# At the beginning p = q, so h = 0, and the loss is ln 2, exactly. If yours is not, something is wrong already.

# %%
loss, dchosen, drejected = dpo(*(np.zeros(1) for _ in range(4)), beta=0.1)
print(f"two equal models: loss {loss:.6f}, ln 2 = {math.log(2):.6f}; the chosen answer's derivative {dchosen[0]:.3f} = -β/2")
assert math.isclose(loss, math.log(2)) and dchosen == -drejected
#> two equal models: loss 0.693147, ln 2 = 0.693147; the chosen answer's derivative -0.050 = -β/2

data = PairData(training, held_out)
data.ask_reference(base)  # the base's log-probabilities, once and for all
aligned, reports = copy_of(base), []
losses = trained(
    aligned,
    data,
    offline_objective("dpo", beta=0.1),
    each=lambda step: reports.append((step, evaluate_pairs(aligned, data))),
    steps=200,
    eval_every=1 if lesson.quick else 25,
    lr=3e-4,
)
report = reports[-1][1]
lesson.save(
    line_chart(
        {
            "chosen answers": [(step, seen.chosen) for step, seen in reports],
            "rejected answers": [(step, seen.rejected) for step, seen in reports],
            "margin, chosen less rejected": [(step, seen.margin) for step, seen in reports],
        },
        xlabel="step",
        ylabel="log p - log q (nats)",
        title="DPO lets both fall, the worse answers faster",
    ),
    "margins",
    alt="Log-probability relative to the base against the step, on held-out pairs: that of the chosen answers falls a little, that of the "
    "rejected answers falls far, and their difference, the margin, grows.",
)
print(f"loss on held-out pairs: {losses[0]:.3f} at first, {losses[-1]:.2f} at last")
print(f"right about {100 * report.accuracy:.0f}% of the pairs; ", end="")
print(f"the chosen answers moved by {report.chosen:+.1f} nats, the others by {report.rejected:+.1f}")
dpo_answers, points["DPO"] = measure(aligned, "DPO")
#> loss on held-out pairs: 0.693 at first, 0.29 ± 0.1 at last
#> right about 96 ± 5% of the pairs; the chosen answers moved by -3.4 ± 3 nats, the others by -16.3 ± 7
#> DPO: 2 ± 4% bad lines (error 0.6 ± 0.6), 0 ± 4% empty, KL 3.4 ± 2 nats a line (error …)
#> DPO: … nats a letter

# %% [markdown]
# Look at the two numbers, and at the curves: both kinds of answer became *less* likely, the worse ones faster. Only the difference counts
# for DPO. Where did the probability go? We ask for answers that are in no pair.

# %%
def moved(prompts, answers):
    """How far DPO moved the log-probability of each answer, in nats, (N,)."""
    texts = answers_of(prompts, answers)
    parts = [Answers(texts.inputs[i : i + 64], texts.targets[i : i + 64]) for i in range(0, len(texts.inputs), 64)]
    return np.concatenate([log_probabilities(aligned, part) - log_probabilities(base, part) for part in parts])


fresh = [i for i in range(COUNT) if good(line_of(base_answers[i]))] or [0]
lengths = np.array([len(base_answers[i]) for i in fresh])
rise = moved(asked[fresh], [base_answers[i] for i in fresh])
print(f"new good answers of the base: {rise.mean():+.1f} nats, {100 * (rise > 0).mean():.0f}% of them rose")
print(f"what DPO itself writes: {moved(asked, dpo_answers).mean():+.1f} nats")
#> new good answers of the base: -2.6 ± 3 nats, 27 ± 25% of them rose
#> what DPO itself writes: 3.6 ± 3 nats

# %% [markdown]
# Even good answers of the base became less likely, most of them. What rose are lines that the base seldom writes. Nobody asked for those:
# that is why one has to look at what the model now writes.
#
# ## 5. Guidance: exaggerate what was learned
#
# Two models at hand, the base and DPO's, and no more training. At every character, z = z_base + α (z_dpo - z_base): α = 0 is the base,
# α = 1 is DPO, between them is a part of the way, and above 1 what DPO changed is exaggerated. (With a conditional model, lesson 17, the
# same is done with its two control tokens.)

# %%
def guided(alpha):
    """Answers, and their exact KL to the base, from what each scored at every place."""
    scorer = ExpertContrast(*(ModelScorer(model, COUNT, None) for model in (base, aligned, base)), alpha)
    beside, places = ModelScorer(base, COUNT, None), []

    class Watched:
        def next_scores(self, text):
            scores = scorer.next_scores(text)
            places.append(kl_divergence(scores, beside.next_scores(text))[0])
            return scores

        def reorder(self, rows):
            raise AssertionError("no answer ends early here")

    written = np.array(generate_batch(Watched(), asked, TOKENS, seed=lesson.seed))
    is_end = written == tokenizer.encode("\n")[0]
    ends = np.where(is_end.any(axis=1), is_end.argmax(axis=1), TOKENS - 1)
    kl = np.where(np.arange(TOKENS) <= ends[:, None], np.array(places).T, 0).sum(axis=1)
    return [row[: end + 1] for row, end in zip(written, ends)], mean_and_error(kl)


weak_guidance = []
for alpha in (0.1, 0.3, 2.0):
    answers, (kl, kl_error) = guided(alpha)
    bad, error, empty = describe(answers)
    loss = letter_loss(lambda ids, alpha=alpha: (1 - alpha) * base.forward(ids)[0] + alpha * aligned.forward(ids)[0])
    print(f"guidance {alpha}: {bad:.0f}% bad lines (error {error:.1f}), {empty:.0f}% empty, KL {kl:.1f} (error {kl_error:.1f})")
    print(f"guidance {alpha}: {loss:.2f} nats a letter")
    weak_guidance.append((kl, bad))
#> guidance 0.1: 21 ± 10% bad lines (error 1.8 ± 0.5), …
#> guidance 0.1: … nats a letter
#> guidance 0.3: 8 ± 7% bad lines (error 1.2 ± 0.6), …
#> guidance 0.3: … nats a letter
#> guidance 2.0: 3 ± 6% bad lines (error 0.8 ± 0.8), … KL 8.9 ± 6 (error …)
#> guidance 2.0: … nats a letter

# %% [markdown]
# ## 6. Policy gradients: try, and keep what was rewarded
#
# The model writes K answers to a prompt. What was better than its siblings becomes likelier:
#
#     ∇ E[r] = E[A ∇ log p(answer)]        with the advantage A = r - baseline
#
# This is true for every baseline that doesn't contain the answer itself, since E[∇ log p] = 0. GRPO takes the mean of the group for it, the
# answer included: the gradient then has the right direction and (K - 1)/K of its length. GRPO also divides A by the group's standard
# deviation. That is another objective: a prompt on which most answers are good, or most are bad, then counts more than it did beside one
# on which they differ (Liu and others 2025 leave the division out). Take prompts with one good answer and one bad one, the good one with
# probability p, and write down all groups of K = 8:

# %%
def expected_pull(p, advantage, K=8):
    """E[mean of A ∇ log p] over all groups of K, on the logit of the good answer: there ∇ log p is 1 - p for it, and -p for the bad one."""
    total = 0.0
    for r in map(np.array, itertools.product((0.0, 1.0), repeat=K)):
        total += np.where(r == 1, p, 1 - p).prod() * (advantage(r) * (r - p)).mean()
    return total


def centred(r):
    return r - r.mean()


def divided(r):
    return centred(r) / (r.std(ddof=1) + 1e-4)


for p in (0.5, 0.9):
    pulls = expected_pull(p, centred), expected_pull(p, divided)
    more = pulls[1] / pulls[0]
    print(f"p = {p}: gradient {p * (1 - p):.3f}, centred {pulls[0]:.3f}, divided {pulls[1]:.3f}, which is {more:.1f} times as much")
    assert math.isclose(pulls[0], 7 / 8 * p * (1 - p))  # dE[r]/dlogit = p (1 - p)
#> p = 0.5: gradient 0.250, centred 0.219, divided 0.434, which is 2.0 times as much
#> p = 0.9: gradient 0.090, centred 0.079, divided 0.196, which is 2.5 times as much

# %% [markdown]
# Now the model. The KL to the base has a price, or else nothing would hold it.

# %%
def grpo(reward, rounds, eval_every, kl_weight=0.02):
    model = copy_of(base)
    data = PolicyData(model, tokenizer, prompts[200:], reward, "grpo", tokens=TOKENS, group=8)
    steps, batch, eval_every = (2, 16, 2) if lesson.quick else (rounds, 64, eval_every)
    options = TrainOptions(
        steps=steps, batch=batch, lr=3e-4, warmup=5, weight_decay=0.0, schedule="linear", lr_floor=0.0,
        eval_every=eval_every, seed=lesson.seed,
    )  # fmt: skip
    trainer = PolicyTrainer(model, data, options, "grpo", base, updates=2, kl_weight=kl_weight)
    history = []
    for progress in trainer.run():
        if progress.validation is not None:
            answers = roll_out(model, tokenizer, asked[:128], TOKENS, rule, 7)
            history.append((trainer.report.kl, trainer.report.reward, answers.rewards.mean()))
    return model, history


policy, _ = grpo(rule, 40, eval_every=40)
grpo_answers, points["GRPO"] = measure(policy, "GRPO")
#> GRPO: 6 ± 6% bad lines (error 1 ± 0.6), 0 ± 5% empty, KL 5 ± 3 nats a line (error …)
#> GRPO: … nats a letter

# %% [markdown]
# All remedies on two axes. Down is better, and right is dearer. Best-of-n gets most for its KL, also beside weak guidance, and needs n
# times the work for every answer; DPO and GRPO pay once, in training. Among the remedies below 8 % the errors leave no order. They weren't
# told the same, either:
#
# | | was told | costs |
# |---|---|---|
# | best of 16 | 1,461 pairs (the reward model) | sixteen answers for one |
# | DPO | the same pairs | 200 steps |
# | guidance | nothing more | two models at every character |
# | GRPO | the rule's verdict on 2,560 answers of its own | 40 rounds of writing, 80 steps |

# %%
lesson.save(
    line_chart(
        {
            "best of 1, 2 ... 16": curve,
            "guidance 0.1, 0.3, 1, 2": sorted([*weak_guidance, points["DPO"]]),
            **{name: [points[name]] for name in ("base", "DPO", "GRPO")},
        },
        xlabel="KL to the base (nats a line)",
        ylabel="bad lines (%)",
        title="What each remedy gets, and what it costs",
    ),
    "steered",
    alt="Bad lines in percent against the KL to the base model. From the base two curves fall: best-of-n steeply, guidance less steeply, "
    "up to weight 1, which is DPO, and no further at weight 2, far to the right. GRPO lies near DPO. Standard errors are up to 2 points.",
)
lesson.save(
    text_columns(
        {
            name: [(line_of(answer), style_violations_in(line_of(answer))) for answer in answers[:24]]
            for name, answers in (("base", base_answers), ("DPO", dpo_answers), ("GRPO", grpo_answers))
        },
        width=40,
        title="Answers to the same prompts; a dot is a blank at the end of a line",
    ),
    "answers",
    alt="Three columns of answers to the same prompts. Of the base's a good third is marked as bad, of DPO's and GRPO's few are.",
)

# %% [markdown]
# ## 7. What breaks if ...
#
# ... the reward is not quite what we meant? Let it be the style alone: a line must break no rule. That an empty line breaks none
# is a detail. To an optimiser it is a gift.

# %%
weak = Reward("style alone", lambda lines: [-1.0 if style_violations(line) else 0.0 for line in lines])
hacked, history = grpo(weak, 40, eval_every=4)
_, (kl, bad) = measure(hacked, "GRPO on the weak reward")
start, end = history[0], history[-1]
print(f"the weak reward went from {start[1]:.2f} to {end[1]:.2f}, what we meant from {start[2]:.2f} to {end[2]:.2f}")
lesson.save(
    line_chart(
        {"the reward that is optimised": [h[:2] for h in history], "what we meant": [(h[0], h[2]) for h in history]},
        xlabel="KL to the base (nats a line)",
        ylabel="mean reward",
        title="The weak reward rises, what we meant does not",
    ),
    "too_far",
    alt="Mean reward against the KL to the base during training on the weak reward: the optimised reward rises to 0, while the reward that "
    "was meant falls to -1, because the model learns to write empty lines.",
)
#> GRPO on the weak reward: 0 ± 4% bad lines (error 0.1 ± 0.5), 95 ± 15% empty, KL 2.1 ± 1.2 nats a line (error …)
#> GRPO on the weak reward: … nats a letter
#> the weak reward went from -0.38 ± 0.12 to -0.02 ± 0.06, what we meant from -0.45 ± 0.15 to -0.95 ± 0.15

# %% [markdown]
# It found the gift within a few rounds. The reward that we optimise is nearly perfect, and nearly every line is empty. Would a look at the
# KL have warned us? No: this model is *nearer* to the base than DPO and the honest GRPO. The base itself writes an empty line now and then,
# with probability e, and whoever always does what the base does at times is only -log e away from it:

# %%
share = np.mean([is_empty(line_of(answer)) for answer in base_answers])
print(f"always an empty line: KL {-math.log(max(share, 1e-3)):.1f} nats")
#> always an empty line: KL 1.8 ± 0.8 nats

# %% [markdown]
# So a hack is cheap where the base already does it a little, and no price of the KL forbids it without forbidding everything else. What
# tells is to measure what was meant, by something that was not optimised, and to look at the texts.
#
# ## Takeaways
#
# - Pairs are enough to learn a reward, and DPO learns from pairs without one. It begins at ln 2.
# - Best-of-n needs no training, and its KL is known in advance to be at most log n - (n - 1)/n nats.
# - Every remedy moves the model away from its base. Report how far, what it still knows, and the error of each number.
# - A weak reward is over-optimised: the number rises, what was meant gets lost, and the KL may not show it.
#
# ## Exercises
#
# 1. `reward_model_loss`: the model of Bradley and Terry.
# 2. `dpo_loss`: the same loss, of log-probabilities.
# 3. `group_advantages`: an answer beside its siblings.
#
# `python -m minillm check 18`, with `--hint` and `--figure`.
#
# ## In practice
#
# Here a rule of style played the person, and it is never wrong. Real preferences come from people, who are paid by the hour and tired at
# times: those of InstructGPT agreed with each other about 73 % of the pairs. A preference model learns their mean, and calls it what
# *people* want. Whose preferences a model has is a choice, whether anybody makes it or not. On the command line: `python -m minillm align
# --pairs FILE`, and the options `--best-of`, `--guidance` and `--reward-weight` of `generate`; `docs/preferences.md` has them all.
#
# ## Reading
#
# - Christiano et al. 2017, *Deep Reinforcement Learning from Human Preferences*; Ouyang et al. 2022, *InstructGPT*.
# - Rafailov et al. 2023, *Direct Preference Optimization*.
# - Shao et al. 2024, *DeepSeekMath*: GRPO. Liu et al. 2025, *Understanding R1-Zero-Like Training*: what its division does.
# - Beirami et al. 2024, *Theoretical guarantees on the best-of-n alignment policy*: why its KL is a bound.
# - Gao, Schulman and Hilton 2023, *Scaling Laws for Reward Model Overoptimization*.
# - Santurkar et al. 2023, *Whose Opinions Do Language Models Reflect?*
