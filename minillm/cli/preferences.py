"""What `pretrain --preference` chooses: for each of the six objectives of Korbak et al. 2023 its data, its loss and its options."""

from collections.abc import Callable
from functools import partial

from minillm.backend import CPU, Device
from minillm.cli.objectives import OBJECTIVES, Recipe
from minillm.cli.parser import choice
from minillm.cli.terminal import visible
from minillm.errors import InputError
from minillm.generation import generate
from minillm.models import GPT, GPTConfig, GPTWithValue, build
from minillm.objectives import CAUSAL, Objective
from minillm.preferences import distinct_n, expected_maximum, mean_and_error, reward_of
from minillm.preferences.rewarded_lm import awr_objective, rwr_objective, unlikelihood_objective
from minillm.preferences.samples import control_of, misalignment, sample_ids
from minillm.preferences.segments import PreferenceCorpus, score
from minillm.preferences.spoiling import MOST, spoil
from minillm.text import Tokenizer, read_text
from minillm.text.control import CONTROL_TOKENS
from minillm.text.python_library import PAGE, documents_of, python_library

COMMON = ("reward", "threshold", "spoil")
OWN_OPTIONS = (*COMMON, "drop", "alpha", "beta")
SPOILED = 0.475  # of the lines of code: two fifths of all lines then break a rule
# Three or four minutes on two cores: before that a control token, which stands far from what it is about, hardly matters.
LAPTOP = {"context": 128, "batch": 16, "steps": 3000, "lr": 4e-3, "warmup": 100, "eval_every": 500}


def add_preference_arguments(parser) -> None:
    group = parser.add_argument_group("preferences while pretraining")
    add = group.add_argument
    told = "; ".join(f"{name}: {recipe.what}" for name, recipe in PREFERENCES.items())
    add("--preference", type=choice("preference", list(PREFERENCES)), metavar="NAME", help=told)
    add(
        "--reward",
        metavar="FORM",
        help="scores each line, from 0 down to -1: style (of Python, default), personal, length:N, words:FILE, or FILE.py:NAME",
    )
    add("--threshold", type=float, metavar="X", help="a line is good whose reward reaches it (default 0)")
    add(
        "--spoil",
        type=float,
        metavar="X",
        help=f"share of the lines of code that get a fault, where no --text is named (default {SPOILED}; 0 is none)",
    )
    add(
        "--drop",
        type=float,
        metavar="X",
        help="conditional: share of the lines without their control token (default 0.1)",
    )
    add(
        "--alpha",
        type=float,
        metavar="X",
        help="unlikelihood: weight of bad lines (0.05); awr: of the text, against the values (0.5)",
    )
    add("--beta", type=float, metavar="X", help="rwr, awr: the smaller, the more the reward counts (default 1)")


def recipe_of(chosen: dict) -> Recipe:
    """The recipe of a preference, or of an objective without any."""
    name = chosen.get("preference")
    if name is None:
        return OBJECTIVES[chosen["objective"]]
    if chosen["objective"] != "causal":
        raise InputError(
            f"--preference {name} guesses the next token, and --objective {chosen['objective']} does something else.",
            "Leave one of them out.",
        )
    return PREFERENCES[name]


def own_text(source: str | None, chosen: dict) -> str:
    """A user's text; or the standard library of Python, page by page, with faults in it if style is what counts."""
    share = chosen.get("spoil")
    if source is not None:
        if share is not None:
            raise InputError(
                "--spoil puts faults into Python's own library, and --text names another.", "Leave one out."
            )
        return read_text(source)
    if share is None:
        share = SPOILED if chosen["reward"] == "style" else 0.0
    if not 0 <= share <= MOST:
        raise InputError(f"--spoil must lie in [0, {MOST}], got {share}.", "0 leaves the text as it is.")
    return PAGE.join(spoil(python_library(), share))


def preference_data(text: str, tokenizer: Tokenizer, chosen: dict, **choices) -> PreferenceCorpus:
    scored = score(documents_of(text), reward_of(chosen["reward"]))
    return PreferenceCorpus(scored, tokenizer, chosen["context"], threshold=chosen["threshold"], **choices)


def conditional_data(text: str, tokenizer: Tokenizer, chosen: dict) -> PreferenceCorpus:
    return preference_data(text, tokenizer, chosen, control=True, drop=chosen["drop"])


def plain_loss(chosen: dict) -> Objective:
    return CAUSAL


def unlikelihood_loss(chosen: dict) -> Objective:
    return unlikelihood_objective(threshold=chosen["threshold"], alpha=chosen["alpha"])


def rwr_loss(chosen: dict) -> Objective:
    return rwr_objective(beta=chosen["beta"])


def awr_loss(chosen: dict) -> Objective:
    return awr_objective(alpha=chosen["alpha"], beta=chosen["beta"])


def checked(objective: Callable[[dict], Objective]) -> Callable[[dict], Objective]:
    """The objective, once its options are known to mean something."""

    def make(chosen: dict) -> Objective:
        for name, fits, range_ in (
            ("drop", lambda x: 0 <= x < 1, "[0, 1)"),
            ("alpha", lambda x: 0 <= x <= 1, "[0, 1]"),
            ("beta", lambda x: 0 < x < float("inf"), "(0, ∞)"),
        ):
            if name in chosen and not fits(chosen[name]):
                raise InputError(
                    f"--{name} must lie in {range_}, got {chosen[name]}.", "Leave it out for the usual one."
                )
        if objective is not plain_loss and chosen.get("label_smoothing"):
            raise InputError(
                f"--preference {chosen['preference']} tells good tokens from bad ones, and smooths no labels.",
                "Leave --label-smoothing out.",
            )
        return objective(chosen)

    return make


def with_value(config: GPTConfig, *, seed: int | None = 0, device: Device = CPU) -> GPTWithValue:
    return GPTWithValue(build(config, seed=seed, device=device))


def described(data: PreferenceCorpus) -> str:
    """What there is to know of the data: how much of it is bad, and what filtering leaves."""
    rewards = data.training.rewards
    bad = (rewards < data.threshold).mean()
    kept = f"; filtering keeps {data.kept:.0%} of the text" if data.kept < 1 else ""
    return f"{len(rewards):,} lines to train on, {bad:.1%} of them bad (reward below {data.threshold:g}){kept}"


def continue_body(model, tokenizer: Tokenizer, prompt: str, step: int) -> str:
    """As whoever uses the model would: with the good control token, if it knows one."""
    body: GPT = getattr(model, "body", model)
    control, ids = control_of(tokenizer), tokenizer.encode(prompt)
    banned = [tokenizer.special_tokens[token] for token in CONTROL_TOKENS if control]
    ids = ids if control is None else control.prompt(ids)
    written = generate(body, ids, 120, control=control, banned=banned, temperature=0.8, seed=step)
    return visible(prompt + "|" + tokenizer.decode(list(written), special=False))


def sampled(model, data: PreferenceCorpus, tokenizer: Tokenizer) -> str:
    """How well samples meet the preference, beside the text that the model was trained on."""
    body, reward = getattr(model, "body", model), data.reward
    told = []
    for wanted in (True, False) if control_of(tokenizer) else (True,):
        texts = sample_ids(body, tokenizer, control=control_of(tokenizer, wanted))
        scores = misalignment(texts, tokenizer, reward)
        kind = "samples" if control_of(tokenizer) is None else f"samples, asked for {'good' if wanted else 'bad'} lines"
        if not len(scores):
            return f"{kind}: not one whole line"
        mean, error = mean_and_error(scores)
        worst = expected_maximum(scores, min(25, len(scores)))
        written = [tokenizer.decode(ids, special=False) for ids in texts]
        told.append(
            f"{kind}: misalignment {mean:.3f} ± {error:.3f} a line (text {-float(data.training.rewards.mean()):.3f}), "
            f"worst of 25 {worst:.2f}, distinct-4 {distinct_n(written, 4):.2f}"
        )
    return "\n        ".join(told)


def preference(what: str, data: Callable, objective: Callable[[dict], Objective], **own) -> Recipe:
    """A recipe: that of causal language modelling, on other text, with another loss, and with options of its own."""
    return OBJECTIVES["causal"]._replace(
        what=what,
        special_tokens=CONTROL_TOKENS if data is conditional_data else (),
        defaults={"reward": "style", "threshold": 0.0} | own,
        laptop=LAPTOP,
        options=(*COMMON, *own),
        data=data,
        objective=checked(objective),
        sample=continue_body,
        score=sampled,
        read=own_text,
        usual_text="Python's standard library",
        build=with_value if objective is awr_loss else build,
        tell=described,
    )


PREFERENCES = {
    "mle": preference("all text alike", preference_data, plain_loss),
    "filtering": preference(
        "only the better half of the documents", partial(preference_data, filtered=True), plain_loss
    ),
    "conditional": preference("a control token in front of each line", conditional_data, plain_loss, drop=0.1),
    "unlikelihood": preference(
        "bad lines made unlikely", partial(preference_data, rewards=True), unlikelihood_loss, alpha=0.05
    ),
    "rwr": preference("lines weighted by their reward", partial(preference_data, rewards=True), rwr_loss, beta=1.0),
    "awr": preference(
        "lines weighted by their advantage", partial(preference_data, rewards=True), awr_loss, alpha=0.5, beta=1.0
    ),
}
