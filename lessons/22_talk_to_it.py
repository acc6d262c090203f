"""Lesson 22: Talk to it

Question   A GPT goes on with a text. How does it become something that answers, in turns, and how does it get better without more examples?
You build  a chat format, the loss on answers alone, a model to ask about a story, a vote, and GRPO with a reward that can be checked
You need   lessons 10, 18
Article    section 2.3, preferences after pretraining
Time       120 s on 2 cores
Figures    22_questions.png, 22_grpo.png
Run        python lessons/22_talk_to_it.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 22
"""

# %% [markdown]
# ## 1. A conversation is one text
#
# A special token in front of each message says whose it is, and another one ends it. Such a form is called a **chat template**. What a
# message says is text: `<|end|>` typed by a user is seven characters, and ends nothing. Here the user asks for a sum, and the assistant
# writes it out: the ones, the tens with the carry, the result. Then the user asks again, and only who remembers what was said can answer.

# %%
import json
import re
from collections import Counter

import numpy as np

from minillm.alignment.pairs import answers_of
from minillm.course import Lesson, write_stories
from minillm.course.talks import KINDS, write_talks
from minillm.finetuning.chat import conversation_batch, learn_chat
from minillm.generation import generate_batch
from minillm.generation.chat import ChatSession, replies
from minillm.models import GPT
from minillm.objectives import causal_lm, loss_backward
from minillm.ops import IGNORE, cross_entropy, cross_entropy_backward, sequence_logp, sequence_logp_backward
from minillm.plots import line_chart, matrix_maps
from minillm.text import CharTokenizer, ChatFormat, Corpus, WordPieceTokenizer
from minillm.text.chat import with_chat_tokens
from minillm.training import AdamW, save, train

lesson = Lesson(22)
rng = lesson.rng()
tokenizer = with_chat_tokens(CharTokenizer.train("0123456789+=? again"))
chat = ChatFormat(tokenizer)
END = chat.ends[0]


def steps(a, b):
    ones = a % 10 + b % 10
    tens = a // 10 + b // 10 + ones // 10
    return f"{a % 10}+{b % 10}={ones:02d} {a // 10}+{b // 10}+{ones // 10}={tens:02d} {10 * tens + ones % 10:02d}"


def conversation(a, b):
    said = [f"{a:02d}+{b:02d}=?", steps(a, b), "again?", f"{a + b:02d}"]
    return [{"role": role, "content": text} for role, text in zip(["user", "assistant"] * 2, said, strict=True)]


ids, written = chat.conversation(conversation(47, 38))
print(tokenizer.decode(ids))
print(f"{len(ids)} tokens, {written.sum()} of them written by the assistant")
#> <|user|>47+38=?<|end|><|assistant|>7+8=15 4+3+1=08 85<|end|><|user|>again?<|end|><|assistant|>85<|end|>
#> 41 tokens, 22 of them written by the assistant

# %% [markdown]
# ## 2. The loss on answers alone
#
# To train a model on such conversations is **instruction tuning**. Each token but the first is a target. Only those that the assistant
# wrote are scored, its `<|end|>` among them, and the mean divides by their number:
#
#     loss = - Σ m_t ln p_t / Σ m_t        d loss / d logits_t = m_t (p_t - onehot_t) / Σ m_t
#
# Where m_t = 0 the gradient is zero: exactly, and not nearly. Such tokens are still read, through attention.

# %%
def masked_cross_entropy(logits, targets, scored):
    """Logits (T, V), targets (T,), scored (T,) boolean -> the mean over the scored, and its gradient (T, V)."""
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[scored, targets[scored]]).mean()
    dlogits = p.copy()
    dlogits[np.arange(len(targets)), targets] -= 1  # -ln p_t
    return loss, dlogits * scored[:, None] / scored.sum()


logits, scored = rng.normal(size=(len(ids) - 1, tokenizer.vocab_size)), written[1:]
loss, dlogits = masked_cross_entropy(logits, ids[1:], scored)
theirs, saved = cross_entropy(logits, np.where(scored, ids[1:], IGNORE))
np.testing.assert_allclose(loss, theirs)
np.testing.assert_allclose(dlogits, cross_entropy_backward(1.0, saved), atol=1e-15)
print(f"{scored.sum()} targets are scored, {(~scored).sum()} are not; the largest gradient there: {np.abs(dlogits[~scored]).max()}")
#> 22 targets are scored, 18 are not; the largest gradient there: 0.0

# %% [markdown]
# Does it matter? We teach the same GPT twice, with the same conversations and as many steps: once on answers only, once on everything.
# Of the 10,000 sums 200 are held out. A rule checks an answer: its last word must be the sum.

# %%
pairs = rng.permutation([(a, b) for a in range(100) for b in range(100)])
held_out, training = pairs[:200], pairs[200:]
TAUGHT, ROUNDS, LONGEST = (4, 2, 22) if lesson.quick else (240, 150, 22)
SILENT = sorted({*tokenizer.special_tokens.values()} - {END})  # an answer holds no token of a role


def new_model():
    return GPT(vocab_size=tokenizer.vocab_size, context=48, layers=2, heads=4, d_model=64, ngram=3, seed=lesson.seed)


def teach(score=lambda row: row.written, updates=TAUGHT):
    """A GPT that has read conversations; `score` says which tokens of one are scored."""
    model, draws = new_model(), lesson.rng()
    optimizer = AdamW(model.vector, lr=3e-3, weight_decay=0.0)
    for step in range(updates):
        rows = [chat.conversation(conversation(*training[i])) for i in draws.integers(len(training), size=32)]
        _, saved = causal_lm(model, *conversation_batch([row._replace(written=score(row)) for row in rows]))
        model.vector.zero_grad()
        loss_backward(model, 1.0, saved)
        optimizer.step(3e-3 * min(1, (step + 1) / 20) * (1 - step / updates))
    return model


def prompts_of(questions, times=1):
    return np.stack([chat.prompt(conversation(*each)[:1]) for each in questions]).repeat(times, axis=0)


def write(model, prompts, temperature=1.0, seed=0):
    return generate_batch(model, prompts, LONGEST, temperature=temperature, seed=seed, eos=[END], banned=SILENT)


def final(answer):
    """The number at the end of an answer; None where there is none."""
    word = tokenizer.decode([token for token in answer if token != END]).split(" ")[-1]
    return int(word) if word.isdigit() else None


def reward(questions, answers):
    return np.array([float(final(answer) == a + b) for (a, b), answer in zip(questions, answers, strict=True)])


def greedy(model):
    return 100 * reward(held_out, write(model, prompts_of(held_out), temperature=0.0)).mean()


model = teach()
print(f"answers only: {greedy(model):.0f}% right")
print(f"everything:   {greedy(teach(lambda row: np.ones_like(row.written))):.0f}% right")
#> answers only: 84 ± 10% right
#> everything: 67 ± 12% right

# %% [markdown]
# Equal steps, and the answers' own loss brings more sums: 79 to 89 % right against 63 to 70 %, in three runs. The numbers of a question
# are drawn by lot, so there is nothing to learn in them, and their gradient is noise.
#
# ## 3. A story, and questions about it
#
# People say *it* and *she*, and ask on. Now the system's message tells a story of two children, and the user asks about it. Only who
# remembers what was said before can tell what *it* is in *and where is it?*

# %%
talks, unseen = (write_talks(count, seed=2 * lesson.seed + i) for i, count in enumerate((40, 20) if lesson.quick else (3000, 100)))
example = write_talks(1, seed=2**20 + 1)[0]
print(example.story, *(f"{turn.question:<30}{turn.answer}" for turn in example.turns), sep="\n")
#> ben has a mouse and a blue box. tom has a bird and a red key. the blue box is under the chair. the red key is behind the table. …
#> who has the red key?          tom has the red key.
#> and where is it?              the red key is behind the table.
#> what else does he have?       tom has the bird.
#> and where is it?              the bird is on the tree.

# %% [markdown]
# A token is a word here. First a GPT is **pretrained**, on the little stories of lesson 10. Each tells of one child; we take those that
# ask a question, such as *where is the cat? it is on the bed.* No talk is among them. Then it is **tuned** on 3,000 talks with section
# 2's loss: `learn_chat` is what `finetune --task chat` runs. The same GPT with random weights gets as many steps with the same talks.


# %%
PRETRAINED, TUNED = (4, 4) if lesson.quick else (1500, 500)
stories = [" ".join(story) for story in write_stories(400 if lesson.quick else 12000, seed=lesson.seed)]
stories = " ".join(story for story in stories if "?" in story)
said = " ".join(text for talk in talks for text in (talk.story, *(part for turn in talk.turns for part in turn[1:])))
vocabulary = sorted({*f"{stories} {said}".replace(".", " .").replace("?", " ?").split()})
reader = WordPieceTokenizer({word: i for i, word in enumerate(["[UNK]", *vocabulary])})
USUAL = {"batch": 16, "schedule": "linear", "lr_floor": 0.0, "weight_decay": 0.0, "workers": 2, "seed": lesson.seed, "progress": False}


def new_body():
    body = GPT(vocab_size=reader.vocab_size, context=128, layers=2, heads=4, d_model=64, ngram=4, seed=lesson.seed)
    for block in body.blocks:  # as in lesson 12: with sharper attention it is found sooner where to look
        block.attention.query.weight.data[:] *= 4
        block.attention.key.weight.data[:] *= 4
    return body


def tuned(body):
    """A copy of it that has learned from the talks, and the tokenizer with the tokens of the roles."""
    settings = USUAL | {"steps": TUNED, "lr": 4e-3, "dropout": 0.0, "eval_every": TUNED, "eval_batches": 2}
    return learn_chat([talk.messages() for talk in talks], body, reader, **settings)


body = new_body()
text = Corpus(reader.encode(stories), context=96)
train(body, text, steps=PRETRAINED, lr=8e-3, warmup=20, eval_every=PRETRAINED, eval_batches=2, **USUAL)
teller, reader_of_talks = tuned(body)
blank, _ = tuned(new_body())

# %% [markdown]
# What has it to beat? The commonest answer to each kind of question. A rule: of all answers that the story has, the one with most words
# in common with the question. And the model itself, if it is not told the story, or hears the story and the last question only. All are
# asked about stories that nobody has learned from, and the turns before are those of the talk.

# %%
asked = [(talk, talk.messages()[: 2 * i + 2], turn) for talk in unseen for i, turn in enumerate(talk.turns)]


def answers_by(model, heard=lambda messages: messages):
    return replies(model, reader_of_talks, ChatFormat(reader_of_talks), [heard(messages) for _, messages, _ in asked], 12)


def commonest(kind):
    return Counter(turn.answer for talk in talks for turn in talk.turns if turn.kind == kind).most_common(1)[0][0]


def likest(talk, turn):
    """Of all answers that the story has, the one with most words in common with the question; the first of several."""
    owned = re.findall(r"(\w+) has a (\w+) and a (\w+ \w+)\.", talk.story)
    possible = [f"{child} has the {it}." for child, *both in owned for it in both] + re.findall(r"the [\w ]+ is [\w ]+\.", talk.story)
    words = {*re.findall(r"\w+", turn.question)}
    return max(possible, key=lambda answer: len(words & {*re.findall(r"\w+", answer)}))


answers = {
    "commonest": [commonest(turn.kind) for *_, turn in asked],
    "common words": [likest(talk, turn) for talk, _, turn in asked],
    "random weights": answers_by(blank),
    "no story": answers_by(teller, lambda messages: messages[1:]),
    "last question": answers_by(teller, lambda messages: [messages[0], messages[-1]]),
    "pretrained": answers_by(teller),
}
kinds = np.array([turn.kind for *_, turn in asked])
right = {name: np.array([a == turn.answer for a, (*_, turn) in zip(given, asked, strict=True)]) for name, given in answers.items()}
for name, correct in right.items():
    print(f"{name}:", *(f"{kind} {100 * correct[kinds == kind].mean():.0f}%," for kind in KINDS), f"all {100 * correct.mean():.0f}%")
assert lesson.quick or right["pretrained"].mean() > right["random weights"].mean() + 0.2
#> commonest: who 2 ± 4%, where 1 ± 3%, and who 5 ± 6%, and where 2 ± 4%, what else 3 ± 4%, all 2 ± 2%
#> common words: who 100%, where 100%, and who 29 ± 12%, and where 26 ± 10%, what else 22 ± 12%, all 55 ± 5%
#> random weights: who 33 ± 18%, where 6 ± 7%, and who 26 ± 14%, and where 9 ± 9%, what else 17 ± 12%, all 18 ± 8%
#> no story: who 15 ± 15%, where 9 ± 9%, and who 20 ± 20%, and where 2 ± 5%, what else 4 ± 6%, all 9 ± 7%
#> last question: who 51 ± 16%, where 58 ± 25%, and who 15 ± 12%, and where 16 ± 12%, what else 14 ± 10%, all 30 ± 12%
#> pretrained: who 51 ± 16%, where 59 ± 25%, and who 51 ± 16%, and where 63 ± 25%, what else 49 ± 18%, all 56 ± 14%
lesson.save(
    matrix_maps(
        {"right answers, %": np.array([[100 * correct[kinds == kind].mean() for kind in KINDS] for correct in right.values()])},
        rows=[*right], columns=[*KINDS], title="It remembers, and reads the story half",
    ),
    "questions",
    alt="A table of right answers in per cent, six rows by five kinds of question. The rule of common words has 100 for who and where, "
    "and about 26 for the three that follow up. The pretrained model has 44 and 41 for those, and 44, 45 and 65 for these; when it "
    "hears the last question only, 44, 38, 15, 5 and 13. With random weights it is at 45 for who, and at 24 or less for all others.",
)

# %% [markdown]
# All in all the rule has about as many right answers as the model (54 to 56 % in six runs, and 48 to 64), but others. Where the question
# names a thing, the rule is always right, and the model in 41 to 77 % of the cases. Asked *and where is it?* the rule guesses one of four
# places. The model is right in 45 to 81 % of the cases, and in 5 to 20 % when it hears the last question only. So it remembers. How well
# it reads the story differs much from run to run. An answer says what it is about, so we can see apart whether *it* was understood, and
# whether the story was read:

# %%
followed = kinds == "and where"
for name in ("random weights", "last question", "pretrained"):
    knows = np.array([a.split(" is ")[0] == turn.answer.split(" is ")[0] for a, (*_, turn) in zip(answers[name], asked, strict=True)])
    print(f"{name}: what *it* is {100 * knows[followed].mean():.0f}%, where that is {100 * right[name][followed].mean():.0f}%")
#> random weights: what *it* is 80 ± 25%, where that is 9 ± 9%
#> last question: what *it* is 21 ± 12%, where that is 16 ± 12%
#> pretrained: what *it* is 98 ± 3%, where that is 63 ± 25%

session = ChatSession(teller, reader_of_talks, ChatFormat(reader_of_talks), system=example.story, max_tokens=12, temperature=0)
for turn in example.turns:
    print(f"{turn.question:<30}{''.join(session.answer(turn.question))}")
#> who has the red key?          …
#> and where is it?              …
#> what else does he have?       …
#> and where is it?              …
save(lesson.path("body"), body, reader, overwrite=True)
save(lesson.path("teller"), teller, reader_of_talks, overwrite=True)
lines = [json.dumps({"messages": talk.messages()}) for talk in talks]
lesson.path("talks.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

# %% [markdown]
# With seed 0 the conversation went like this:
#
#     who has the red key?          tom has the red key.
#     and where is it?              the red key is under the chair.
#     what else does he have?       tom has the bird.
#     and where is it?              the bird is behind the chair.
#
# Who has what is right, and so is what *it* is, both times. Both places are wrong: they are in the story, but the blue box and the mouse
# are there. In the table the turns before were always right. In a conversation they are the model's own, right or wrong.
#
# **What the talks teach, and what they don't.** What *it* is, even random weights have mostly learned after 500 steps (66 to 98 %). To
# look it up in the story they have not: that comes from pretraining, where *where is the cat?* could be answered by looking back.
#
# But it is a lead, and no more. With 12,000 talks and 3,000 steps (one run, seed 10) random weights were right in 74 % of all cases, and
# the pretrained model in 58 %; with 3,000 talks and 500 steps it had 61 %. What it brings along can be in the way of what it should
# learn. Another optimizer helps some: with `"optimizer": "muon"` in `USUAL` and 6,000 talks it was right in 66, 62 and 53 % after 500
# steps, and random weights in 24, 28 and 30 % (seeds 0, 1 and 2); after 1,000 steps these had 59 % (seed 10).
#
# **Where it fails.** It speaks of the right thing, in the right form, and then mixes up the places. Asked *who*, it is no better than a
# coin between two children. The stories of its pretraining have one child and two places at most, so it never had to tell who has what.
# We think that this is the reason; stories of two children would show it.
#
# ## 4. Step by step, and a vote
#
# Why write the steps? Each of them is easy, and the next can read it (Wei et al. 2022). And since many ways lead to one result, one can
# ask eight times and take a **majority vote**, the most frequent result: **self-consistency** (Wang et al. 2023). No label is needed for
# that.

# %%
def vote(results):
    """The most frequent result; answers without one don't vote."""
    counted = Counter(result for result in results if result is not None)
    return counted.most_common(1)[0][0] if counted else None


def measure(name, model):
    samples = write(model, prompts_of(held_out, 8), seed=1)
    one = 100 * reward(held_out.repeat(8, axis=0), samples).mean()
    results = [final(answer) for answer in samples]
    voted = 100 * np.mean([vote(results[8 * i : 8 * i + 8]) == a + b for i, (a, b) in enumerate(held_out)])
    print(f"{name}: greedy {greedy(model):.0f}%, one sample {one:.0f}%, vote of eight {voted:.0f}%")


assert vote([85, None, 75, 85]) == 85 and vote([None]) is None
measure("taught", model)
#> taught: greedy 84 ± 10%, one sample 31 ± 5%, vote of eight 60 ± 8%

# %% [markdown]
# The vote is much better than one sample. It does not beat greedy decoding, which Wang's large models' votes did: a sample of this small
# model goes wrong by chance in one of some twenty letters, and greedy decoding never takes an unlikely one.
#
# ## 5. A reward that can be checked: GRPO
#
# The examples are used up; but a rule can tell whether an answer is right. So the model writes a group of eight answers to each of 32
# questions, and each answer is judged by its group (Shao et al. 2024):
#
#     A_i = (r_i - mean r) / (standard deviation of r)        loss = - 1/N Σ A_i ln p(answer_i)
#
# so the gradient at the logits of each token of answer i is A_i / N (p - onehot). By hand, four answers of which one is right: the mean
# is 1/4, the deviation 1/2, the advantages 1.5, -0.5, -0.5, -0.5. They add up to 0. With one update a round, the ratio of new to old
# probability, which GRPO's loss holds, is 1, and the *value* of that loss is Σ A_i / N = 0. It tells nothing; its gradient tells all.
#
# A group whose answers are all right, or all wrong, has no spread. Its advantages are 0, and it teaches nothing. So we count such groups.

# %%
def group_advantages(r):
    """Rewards (Q, G) -> advantages (Q, G), and which groups have no spread (Q,)."""
    silent = (r == r[:, :1]).all(axis=1)
    return (r - r.mean(axis=1, keepdims=True)) / (r.std(axis=1, ddof=1, keepdims=True) + 1e-4), silent


A, silent = group_advantages(np.array([[1.0, 0, 0, 0], [1, 1, 1, 1]]))
print(np.round(A, 1).tolist(), "no spread:", silent.tolist())
#> [[1.5, -0.5, -0.5, -0.5], [0.0, 0.0, 0.0, 0.0]] no spread: [False, True]

draws = np.random.default_rng(0)
logits, targets = draws.normal(size=(4, 3, 6)), draws.integers(6, size=(4, 3))
p = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
by_hand = A[0][:, None, None] / 4 * (p - np.eye(6)[targets])
logp, saved = sequence_logp(logits, targets)
np.testing.assert_allclose(sequence_logp_backward(-A[0] / 4, saved), by_hand, atol=1e-12)
assert abs(A.mean()) < 1e-12


def grpo_step(model, prompts, answers, A):
    """The gradient of - 1/N Σ A_i ln p(answer_i)."""
    inputs, targets = answers_of(list(prompts), answers)
    logits, saved = model.forward(inputs)
    logp, logp_saved = sequence_logp(logits, targets)
    model.vector.zero_grad()
    dlogp = (-A / len(A)).astype(logp.dtype)  # loss = -(A * logp).mean()
    model.backward(sequence_logp_backward(dlogp, logp_saved), saved)


def grpo(model, rounds, lr=2e-4, warmup=5, group=8, questions=32):
    optimizer, draws, seen = AdamW(model.vector, lr=lr, weight_decay=0.0), lesson.rng(), []
    for number in range(rounds):
        asked = training[draws.integers(len(training), size=questions)]
        prompts = prompts_of(asked, group)
        answers = [np.append(a, [END] * (len(a) < LONGEST)).astype(np.int64) for a in write(model, prompts, seed=number)]
        r = reward(asked.repeat(group, axis=0), answers).reshape(-1, group)
        A, silent = group_advantages(r)
        grpo_step(model, prompts, answers, A.ravel())
        optimizer.step(lr * min(1, (number + 1) / warmup) * (1 - number / rounds))
        seen.append((number, 100 * r.mean(), 100 * silent.mean(), A.mean()))
    return seen


def copy_of(model):
    copy = new_model()
    copy.vector.data[:] = model.vector.data
    return copy


taught = copy_of(model)
seen = grpo(model, ROUNDS)
print(f"groups without spread: {np.mean([s[2] for s in seen]):.0f}%; the loss in the mean: {abs(np.mean([s[3] for s in seen])):.3f}")
measure("after GRPO", model)
#> groups without spread: 9 ± 6%; the loss in the mean: 0.000
#> after GRPO: greedy 90 ± 10%, one sample 44 ± 5%, vote of eight 72 ± 8%
smooth = [np.mean(seen[i - 9 : i + 1], axis=0) for i in range(9, len(seen))] or seen  # each with the nine before it
lesson.save(
    line_chart(
        {name: [(s[0], s[part]) for s in smooth] for name, part in (("right answers", 1), ("groups without spread", 2))},
        xlabel="round", ylabel="per cent (mean of ten rounds)", title="What is rewarded becomes likelier",
    ),
    "grpo",
    alt="Right answers and groups without spread, in per cent, against the round of GRPO. The first rises from 30 to 45, the "
    "second falls from 10 to 3.",
)

# %% [markdown]
# In three runs one sample became right in 43 to 45 % of the cases, from 30 to 32 %; the vote rose by 10 to 16 points, and greedy decoding
# by 3 to 7. (Of 200 sums, 85 % has a standard error of 2.5 points: the rise of greedy decoding is barely seen, that of one sample and of
# the vote clearly.) The loss was 0 all the time. Of a hundred groups 5 to 11 had no spread.
#
# ## 6. What breaks if ...
#
# ... the end is not scored? ... the roles are exchanged, and the assistant asks the user? ... the rate is 50 times as high?

# %%
unending = teach(lambda row: row.written & (row.ids != END), TAUGHT // 2)
ended = np.mean([len(answer) < LONGEST for answer in write(unending, prompts_of(held_out), temperature=0.0)])
print(f"the end not scored: {100 * ended:.0f}% of the answers end")
roles = [tokenizer.special_tokens[f"<|{role}|>"] for role in ("user", "assistant")]
exchanged = prompts_of(held_out)
exchanged[:, 0], exchanged[:, -1] = roles[1], roles[0]
right = 100 * reward(held_out, write(taught, exchanged, temperature=0.0)).mean()
print(f"the roles exchanged: {right:.0f}% right")
fast = grpo(copy_of(taught), min(ROUNDS, 20), lr=1e-2, warmup=1)
print("rate 0.01: reward {:.0f}% in the first round, {:.0f}% in the last, groups without spread {:.0f}%".format(fast[0][1], *fast[-1][1:3]))
#> the end not scored: 0% of the answers end
#> the roles exchanged: 20 ± 20% right
#> rate 0.01: reward 30 ± 12% in the first round, 0 ± 1% in the last, groups without spread 100 ± 5%

# %% [markdown]
# Without the end as a target no answer ends: nothing else ever makes that token likelier. With the roles exchanged most answers are
# wrong, though the letters of the question are the same. And the high rate breaks the model at once. Then the trap is closed: where no
# answer is right no group has spread, and no gradient leads back. A loss of 0 would not have told; the count of groups does.
#
# ## Takeaways
#
# - A chat model is a GPT that has learned a format. Roles and ends are tokens, and what nobody taught it, it does not do.
# - Score what the assistant writes, and its end. All else has a gradient of exactly zero at its logits.
# - Talks teach how to answer, and what *it* is. A few hundred steps add little that was not learned in pretraining; thousands add much.
#   Compare with a rule, with random weights, and without memory.
# - A vote helps where samples differ. Compare it with greedy decoding as well as with one sample.
# - GRPO's loss is 0 and says nothing. Watch the reward, and the groups without spread.
#
# ## Exercises
#
# 1. `answer_targets`: which targets of a padded conversation are scored?
# 2. `group_advantages`: some answers could not be judged. It isn't in the lesson, and must be thought out.
# 3. `predict`: predict, then run. Which changes leave the advantages as they are?
#
# `python -m minillm check 22`, with `--hint`.
#
# ## In practice
#
# Run with `--out runs/talk`, the lesson leaves there the model of section 3, the body that it began with, and the talks. Ask it, with a
# story of your own; in a pipe, each line is a message. Then teach the body yourself, with talks that you changed:
#
#     python -m minillm chat --checkpoint runs/talk/22_teller --max-tokens 12 --temperature 0 --system "mia has a cat and a red ball. ..."
#     python -m minillm finetune --task chat --checkpoint runs/talk/22_body --data runs/talk/22_talks.jsonl --out runs/teller
#     python -m minillm align --help
#
# `align --method grpo` logs the share of groups without spread as `frac_reward_zero_std`; so far it reads
# lines of text, and no conversations. In the library: `minillm/text/chat.py`,
# `minillm/finetuning/chat/`, `minillm/alignment/`. The talks are `minillm/course/talks.py`.
#
# ## Reading
#
# - Ouyang et al. 2022, *Training language models to follow instructions with human feedback*: InstructGPT.
# - Wei et al. 2022, *Chain-of-Thought Prompting*. Wang et al. 2023, *Self-Consistency Improves Chain of Thought Reasoning*.
# - Shao et al. 2024, *DeepSeekMath*: GRPO.
