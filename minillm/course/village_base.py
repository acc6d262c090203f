"""A base model of a village, and how its answers are measured once it has been steered.

An answer is one line, written after the lines of a story that the model has not read. What is wanted is a line without a rude word; what
may get lost on the way is measured beside it.

    base = VillageBase(0)
    answers = base.write(base.model, base.asked, seed=0)     # a list of arrays of ids
    base.measure(base.model, answers).rude                   # percent
"""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from minillm.alignment import TokenPairs, prompts_from, score_texts
from minillm.alignment.pairs import Answers, answers_of
from minillm.course.village import Village, rude_reward, somebody_says
from minillm.course.village_measures import knowledge_of, plain_loss
from minillm.generation import generate_batch
from minillm.models import GPT, GPTConfig
from minillm.ops import IGNORE, kl_divergence
from minillm.preferences import mean_and_error
from minillm.preferences.segments import PreferenceCorpus, score
from minillm.text import BPETokenizer
from minillm.text.control_tokens import CONTROL_TOKENS
from minillm.training import train

PROMPT, LONGEST = 24, 24  # tokens of a prompt, and of an answer at most
SIZES = {"context": 64, "layers": 2, "heads": 4, "d_model": 64, "ngram": 4}


class Measured(NamedTuple):
    """What a model's answers are like, and what it still can."""

    rude: float  # percent of the answers
    odd: float  # percent that nobody in the village would say
    kl: float  # to the base, in nats an answer
    knows: float  # percent of what mostly the grumpy tell
    loss: float  # nats a word, on stories in no mood


def flipped(pairs: TokenPairs, share: float, rng: np.random.Generator) -> TokenPairs:
    """The pairs, of which about this share is labelled the wrong way round."""
    wrong = rng.random(len(pairs.prompts)) < share
    better, worse = (
        [other if turned else one for one, other, turned in zip(*sides, wrong, strict=True)]
        for sides in ((pairs.chosen, pairs.rejected), (pairs.rejected, pairs.chosen))
    )
    return TokenPairs(pairs.prompts, better, worse)


def row(name: str, measured: Sequence[Measured]) -> str:
    """The means over some villages, each with its standard error in brackets."""
    said = []
    for what, column in zip(
        ("{}% rude", "{}% odd", "KL {}", "knows {}%", "loss {}"), zip(*measured, strict=True), strict=True
    ):
        mean, error = mean_and_error(np.array(column))
        digits = {"KL {}": 2, "loss {}": 3}.get(what, 1)
        said.append(f"{what.format(f'{mean:.{digits}f}')} ({error:.{digits}f})")
    return f"{name}: {', '.join(said)}"


class VillageBase:
    """A model that was pretrained on all that a village tells, kind or rude (MLE of lesson 17), and prompts from stories that it has not
    read: `asked` (N, 24), to measure with, and `prompts` to learn from.
    """

    def __init__(self, seed: int, *, quick: bool = False):
        count = 100 if quick else 2000
        self.village = Village(seed)
        told = self.village.tell(2 * count)
        read, others = told[:count], told[count:]
        self.tokenizer = BPETokenizer.train("".join(read), 1000, CONTROL_TOKENS)  # a word is a token
        self.line_end = int(self.tokenizer.encode("\n")[0])
        prompts = prompts_from("".join(others), self.tokenizer, PROMPT, most=4000, seed=seed)
        self.asked, self.prompts = np.split(prompts, [16 if quick else 256])
        self.model = GPT(GPTConfig(self.tokenizer.vocab_size, **SIZES), seed=seed)
        data = PreferenceCorpus(score(read, rude_reward()), self.tokenizer, SIZES["context"])
        steps = 4 if quick else 700
        settings = {"lr": 8e-3, "warmup": min(50, steps // 4), "schedule": "linear", "lr_floor": 0.0}
        settings |= {"steps": steps, "batch": 8, "eval_every": steps, "eval_batches": 2, "seed": seed}
        train(self.model, data, progress=False, **settings)

    def copy(self) -> GPT:
        """A copy of the base, to be steered."""
        return copy.deepcopy(self.model)

    def write(self, writer: Any, prompts: np.ndarray, seed: int) -> list[np.ndarray]:
        """An answer to each of the prompts (N, 24), at temperature 1, by a GPT or a scorer: up to and with the end of its line."""
        written = generate_batch(writer, prompts, LONGEST, eos=[self.line_end], seed=seed)
        return [np.array(ids if len(ids) == LONGEST else [*ids, self.line_end]) for ids in written]

    def lines(self, answers: Sequence[np.ndarray]) -> list[str]:
        return [self.tokenizer.decode(answer).removesuffix("\n") for answer in answers]

    def scored(self, reward_model: Any, count: int) -> tuple[list[list[np.ndarray]], np.ndarray]:
        """So many answers of the base to each of the prompts that are `asked`, and the rewards (count, N) that a model gives them."""
        several = [self.write(self.model, self.asked, seed=i) for i in range(count)]
        texts = [[np.concatenate(both) for both in zip(self.asked, answers, strict=True)] for answers in several]
        return several, np.array([score_texts(reward_model, each) for each in texts])

    def pairs(self, count: int) -> tuple[TokenPairs, TokenPairs]:
        """Two answers of the base to each of so many prompts, where one is rude and the other is not: pairs to train on, and a tenth of
        them to judge by.
        """
        prompts = self.prompts[:count]
        one, two = (self.write(self.model, prompts, seed=1 + i) for i in range(2))
        first, second = (rude_reward()(self.lines(answers)) for answers in (one, two))
        told = np.flatnonzero(first != second)
        better, worse = (
            [(one if (first[i] > second[i]) == chosen else two)[i] for i in told] for chosen in (True, False)
        )
        pairs, cut = TokenPairs([prompts[i] for i in told], better, worse), len(told) * 9 // 10
        return pairs.part(np.arange(cut)), pairs.part(np.arange(cut, len(told)))

    def measure(self, policy: Any, answers: Sequence[np.ndarray]) -> Measured:
        """policy: whatever has the `forward` of a GPT. answers: its own, to the first of the prompts that are `asked`."""
        lines, kl = self.lines(answers), 0.0
        texts = answers_of(list(self.asked[: len(answers)]), answers)
        for first in range(0, len(lines), 64):
            part = Answers(*(array[first : first + 64] for array in texts))
            places, _ = kl_divergence(policy.forward(part.inputs)[0], self.model.forward(part.inputs)[0])
            kl += float(places[part.targets != IGNORE].sum())
        return Measured(
            rude=-100 * float(rude_reward()(lines).mean()),
            odd=100 * float(np.mean([not somebody_says(line) for line in lines])),
            kl=kl / len(lines),
            knows=100 * knowledge_of(policy, self.tokenizer, self.village).grumpy,
            loss=plain_loss(policy, self.tokenizer, self.village),
        )
