"""Learn preferences while guessing the next token: the six objectives of Korbak et al. 2023, on lines that have a reward each."""

from dataclasses import asdict, dataclass, replace
from typing import ClassVar

import numpy as np

from minillm.backend import CPU, Device
from minillm.errors import InputError
from minillm.generation import continuation, generate
from minillm.models import GPT, GPTConfig, GPTWithValue, Model, build
from minillm.objectives import Objective
from minillm.preferences import Reward, distinct_n, expected_maximum, mean_and_error, parse_reward
from minillm.preferences.rewarded_lm import awr_objective, rwr_objective, unlikelihood_objective
from minillm.preferences.samples import control_of, misalignment, sample_ids
from minillm.preferences.segments import PreferenceCorpus, score
from minillm.preferences.spoiling import MOST, spoil
from minillm.pretraining.causal import Causal
from minillm.text import Tokenizer, read_text
from minillm.text.control_tokens import CONTROL_TOKENS
from minillm.text.python_library import PAGE, documents_of, python_library

SPOILED = 0.475  # of the lines of code: two fifths of all lines then break a rule


@dataclass(frozen=True, kw_only=True)
class MLE(Causal):
    """The baseline, and what the others share. Without a text of the user's, they read Python's library with faults in it."""

    name = "mle"
    summary = "all text alike"
    usual_text = "Python's standard library"
    # Three or four minutes on two cores: before that a control token, which stands far from what it is about, hardly matters.
    laptop: ClassVar[dict] = {
        "context": 128, "batch": 16, "steps": 3000, "lr": 4e-3, "warmup": 100, "eval_every": 500,
    }  # fmt: skip
    reward: str | Reward = (
        "style"  # a form, for `parse_reward`; a Python file is run only for a Reward that was made with `trusted`
    )
    reward_sha256: str | None = None  # of the file that the form names
    threshold: float = 0.0  # a line is good whose reward reaches it
    spoil: float | None = (
        None  # share of the lines of code that get a fault, in the usual text; None is SPOILED for the reward "style"
    )

    def __post_init__(self):
        for name, fits, bounds in (
            ("drop", lambda x: 0 <= x < 1, "[0, 1)"),
            ("alpha", lambda x: 0 <= x <= 1, "[0, 1]"),
            ("beta", lambda x: 0 < x < float("inf"), "(0, ∞)"),
        ):
            value = getattr(self, name, None)
            if value is not None and not fits(value):
                raise InputError(f"`{name}` must lie in {bounds}, got {value}.", "Leave it out for the usual one.")

    def record(self) -> dict:
        form = {} if isinstance(self.reward, str) else {"reward": self.reward.name, "reward_sha256": self.reward.sha256}
        return {"objective": "causal", "preference": self.name} | asdict(replace(self, **form))

    def read(self, source: str | None) -> str:
        if source is not None:
            if self.spoil is not None:
                raise InputError(
                    "`spoil` puts faults into Python's own library, and `text` names another.", "Leave one out."
                )
            return read_text(source)
        share = self.spoil
        if share is None:
            share = SPOILED if self.record()["reward"] == "style" else 0.0
        if not 0 <= share <= MOST:
            raise InputError(f"`spoil` must lie in [0, {MOST}], got {share}.", "0 leaves the text as it is.")
        return PAGE.join(spoil(python_library(), share))

    def data(self, text: str, tokenizer: Tokenizer) -> PreferenceCorpus:
        reward = parse_reward(self.reward, sha256=self.reward_sha256) if isinstance(self.reward, str) else self.reward
        scored = score(documents_of(text), reward)
        return PreferenceCorpus(scored, tokenizer, self.context, threshold=self.threshold, **self.choices())

    def choices(self) -> dict:
        """The settings of `PreferenceCorpus` besides the threshold."""
        return {}

    def tokens(self, data: PreferenceCorpus) -> tuple[np.ndarray, np.ndarray]:
        return data.train, data.good_validation()

    def sample(self, model: Model, tokenizer: Tokenizer, words: str, seed: int) -> str:
        """As whoever uses the model would write: with the good control token, if it knows one."""
        body: GPT = model.body
        control, ids = control_of(tokenizer), tokenizer.encode(words)
        banned = [tokenizer.special_tokens[token] for token in CONTROL_TOKENS if control]
        ids = ids if control is None else control.prompt(ids)
        written = generate(body, ids, 120, control=control, banned=banned, temperature=0.8, seed=seed)
        return f"{words}|{continuation(tokenizer, ids, list(written), special=False)}"

    def score(self, model: Model, data: PreferenceCorpus, tokenizer: Tokenizer) -> str:
        """How well samples meet the preference, beside the text that the model was trained on."""
        body, lines = model.body, []
        for wanted in (True, False) if control_of(tokenizer) else (True,):
            texts = sample_ids(body, tokenizer, control=control_of(tokenizer, wanted))
            scores = misalignment(texts, tokenizer, data.reward)
            kind = (
                "samples"
                if control_of(tokenizer) is None
                else f"samples, asked for {'good' if wanted else 'bad'} lines"
            )
            if not len(scores):
                lines.append(f"{kind}: not one whole line")
                continue
            mean, error = mean_and_error(scores)
            worst = expected_maximum(scores, min(25, len(scores)))
            written = [tokenizer.decode(ids, special=False) for ids in texts]
            lines.append(
                f"{kind}: misalignment {mean:.3f} ± {error:.3f} a line (text {-float(data.training.rewards.mean()):.3f}), "
                f"worst of 25 {worst:.2f}, distinct-4 {distinct_n(written, 4):.2f}"
            )
        return "\n".join(lines)

    def describe(self, data: PreferenceCorpus) -> str:
        """How much of the text is bad, and what filtering leaves."""
        rewards = data.training.rewards
        bad = (rewards < data.threshold).mean()
        filtered = f"; filtering keeps {data.retained_share:.0%} of the text" if data.retained_share < 1 else ""
        return f"{len(rewards):,} lines to train on, {bad:.1%} of them bad (reward below {data.threshold:g}){filtered}"


@dataclass(frozen=True, kw_only=True)
class Filtering(MLE):
    """Read only the better half of the documents."""

    name = "filtering"
    summary = "only the better half of the documents"

    def choices(self) -> dict:
        return {"filtered": True}


@dataclass(frozen=True, kw_only=True)
class Conditional(MLE):
    """Announce every line by a control token, good or bad."""

    name = "conditional"
    summary = "a control token in front of each line"
    special_tokens = CONTROL_TOKENS

    drop: float = 0.1  # share of the lines without their control token

    def choices(self) -> dict:
        return {"control": True, "drop": self.drop}


class Rewarded(MLE):
    """Every token is weighted by the reward of its line: there is no smoothing labels between good ones and bad ones."""

    smooths_labels: ClassVar[bool] = False

    def choices(self) -> dict:
        return {"rewards": True}


@dataclass(frozen=True, kw_only=True)
class Unlikelihood(Rewarded):
    """Make the tokens of bad lines unlikely."""

    name = "unlikelihood"
    summary = "bad lines made unlikely"

    alpha: float = 0.05  # weight of bad lines

    def objective(self) -> Objective:
        return unlikelihood_objective(threshold=self.threshold, alpha=self.alpha)


@dataclass(frozen=True, kw_only=True)
class RWR(Rewarded):
    """Weigh every line by its reward: reward-weighted regression."""

    name = "rwr"
    summary = "lines weighted by their reward"

    beta: float = 0.5  # the smaller, the more the reward counts

    def objective(self) -> Objective:
        return rwr_objective(beta=self.beta)


@dataclass(frozen=True, kw_only=True)
class AWR(Rewarded):
    """Weigh every line by its advantage, against a value that the model expects: advantage-weighted regression."""

    name = "awr"
    summary = "lines weighted by their advantage"

    alpha: float = 0.5  # weight of the text, against the values
    beta: float = 0.5

    def objective(self) -> Objective:
        return awr_objective(alpha=self.alpha, beta=self.beta)

    def build(self, config: GPTConfig, *, seed: int | None = 0, device: Device = CPU) -> GPTWithValue:
        return GPTWithValue(build(config, seed=seed, device=device))
