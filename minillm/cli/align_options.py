"""The methods of `align`, and the options that mean something to each."""

import math
from typing import NamedTuple

from minillm.alignment.on_policy import METHODS as ON_POLICY
from minillm.cli.parser import choice
from minillm.errors import InputError

COMMON = {"batch": 16, "warmup": 20, "schedule": "linear", "lr_floor": 0.0, "weight_decay": 0.0, "steps": 300}
POLICY = COMMON | {"batch": 64, "steps": 100, "warmup": 5, "workers": 1, "eval_every": 20, "log_every": 1}


class Way(NamedTuple):
    """A method: what it is in words, its settings, and which of the options in OWN mean something to it."""

    what: str
    settings: dict
    own: dict


OWN = (
    "beta",
    "gamma",
    "label_smoothing",
    "group",
    "updates",
    "answer_tokens",
    "prompt_tokens",
    "kl_weight",
    "kl_budget",
)
SAMPLING = {"group": 8, "answer_tokens": 64, "prompt_tokens": 32, "kl_weight": 0.02, "kl_budget": math.inf}
WAYS = {
    "reward": Way("a reward model (Bradley-Terry)", COMMON | {"lr": 1e-3}, {}),
    "dpo": Way("DPO", COMMON | {"lr": 3e-4}, {"beta": 0.1, "label_smoothing": 0.0}),
    "robust": Way("robust DPO", COMMON | {"lr": 3e-4}, {"beta": 0.1, "label_smoothing": 0.1}),
    "hinge": Way("DPO with a hinge", COMMON | {"lr": 3e-4}, {"beta": 0.1}),
    "ipo": Way("IPO", COMMON | {"lr": 3e-4}, {"beta": 0.1}),
    "kto": Way("KTO", COMMON | {"lr": 3e-4}, {"beta": 0.1}),
    "orpo": Way("ORPO", COMMON | {"lr": 3e-4}, {"beta": 0.1}),
    "simpo": Way("SimPO", COMMON | {"lr": 3e-4}, {"beta": 2.0, "gamma": 1.0}),
    "reinforce": Way("REINFORCE, others' mean as baseline", POLICY | {"lr": 3e-4}, SAMPLING),
    "ppo": Way("PPO", POLICY | {"lr": 3e-4}, SAMPLING | {"updates": 4}),
    "grpo": Way("GRPO", POLICY | {"lr": 3e-4}, SAMPLING | {"updates": 2}),
}


def add_align_arguments(parser) -> None:
    add = parser.add_argument
    add("--checkpoint", metavar="DIR", help="the folder of a pretrained GPT")
    add("--pairs", metavar="FILE", help="pairs of answers, as JSON lines; - is standard input")
    add(
        "--reward",
        metavar="FORM",
        help="style, personal, length:N, words:FILE, the folder of a reward model, "
        "or FILE.py:NAME, a function in a Python file, which is run",
    )
    add("--out", metavar="DIR", required=True, help="the folder of the run")
    methods = ", ".join(f"{name} ({way.what})" for name, way in WAYS.items())
    add(
        "--method",
        type=choice("method", list(WAYS)),
        metavar="NAME",
        help=f"{methods}; default dpo, with --reward grpo",
    )
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--resume", action="store_true", help="go on with the run in --out")
    either.add_argument("--overwrite", action="store_true", help="replace the run in --out")
    devices = choice("device", ["auto", "cpu", "gpu"])
    add("--device", type=devices, metavar="NAME", default="auto", help="auto (default), cpu or gpu")
    add("--seed", type=int, metavar="N", help="what is held out, drawn and sampled follows from it (default 0)")

    add = parser.add_argument_group("pairs").add_argument
    add("--beta", type=float, metavar="X", help="how little the model may move: β of the method (default 0.1; SimPO 2)")
    add("--gamma", type=float, metavar="X", help="simpo: the margin (default 1)")
    add(
        "--label-smoothing",
        type=float,
        metavar="X",
        help="dpo, robust: share of the pairs that are the wrong way round",
    )

    add = parser.add_argument_group("answers of its own").add_argument
    add(
        "--prompts",
        metavar="FILE",
        help="a text, after whose line ends it answers (default: what the model was pretrained on)",
    )
    add("--prompt-tokens", type=int, metavar="N", help="tokens to a prompt (default 32)")
    add(
        "--answer-tokens", type=int, metavar="N", help="most tokens to an answer, which ends with its line (default 64)"
    )
    add("--group", type=int, metavar="N", help="answers to a prompt (default 8)")
    add(
        "--updates",
        type=int,
        metavar="N",
        help="ppo, grpo: updates of the weights for each round of answers (default 4, 2)",
    )
    add("--kl-weight", type=float, metavar="X", help="weight of the KL to the reference, a token (default 0.02)")
    add("--kl-budget", type=float, metavar="X", help="stop where the KL of an answer is above this many nats")

    training = parser.add_argument_group("the training")
    add = training.add_argument
    either = training.add_mutually_exclusive_group()
    either.add_argument("--steps", type=int, metavar="N", help="updates of the weights, or rounds of answers")
    either.add_argument("--minutes", type=float, metavar="X", help="train for this long in place of --steps")
    add("--batch", type=int, metavar="N", help="pairs, or answers, to a step")
    add("--workers", type=int, metavar="N", help="pairs: processes that share a batch (default: one a core)")
    add("--lr", type=float, metavar="X", help="highest learning rate")
    add("--warmup", type=int, metavar="N", help="steps over which the learning rate climbs")
    add("--clip", type=float, metavar="X", help="longest gradient (default 1; 0 turns it off)")
    add("--eval-every", type=int, metavar="N", help="steps between evaluations, each with a checkpoint")
    add("--stop-at", type=int, metavar="STEP", help="stop after this step, saved, as Ctrl-C would")


def settings(args, method: str) -> dict:
    """The method's settings, and over them what was named; InputError for an option that means nothing to it."""
    named = {name: value for name, value in vars(args).items() if value is not None}
    way = WAYS[method]
    for name in OWN:
        if name in named and name not in way.own:
            raise InputError(f"--{name.replace('_', '-')} means nothing to the method {method}.", "Leave it out.")
    if method in ON_POLICY and named.get("workers", 1) != 1:
        raise InputError(
            f"The method {method} works in one process, since the model writes its own batches.", "Leave --workers out."
        )
    chosen = way.settings | way.own | named
    chosen.setdefault("eval_every", max(1, chosen["steps"] // 4))
    bounds = {
        "beta": (lambda x: 0 < x < math.inf, "must be finite and above 0"),
        "gamma": (lambda x: 0 <= x < math.inf, "must be finite and 0 or more"),
        "label_smoothing": (lambda x: 0 <= x < 0.5, "must lie in [0, 0.5)"),
        "group": (lambda x: x >= 2, "must be at least 2"),
        "updates": (lambda x: x >= 1, "must be at least 1"),
        "answer_tokens": (lambda x: x >= 1, "must be at least 1"),
        "prompt_tokens": (lambda x: x >= 1, "must be at least 1"),
        "kl_weight": (lambda x: 0 <= x < math.inf, "must be finite and 0 or more"),
        "kl_budget": (lambda x: x > 0, "must be above 0"),
    }
    for name, (fits, must) in bounds.items():
        if name in chosen and not fits(chosen[name]):
            raise InputError(
                f"--{name.replace('_', '-')} {must}, got {chosen[name]}.", "Leave it out for the usual one."
            )
    if method in ON_POLICY and chosen["batch"] % chosen["group"]:
        raise InputError(
            f"A batch of {chosen['batch']} answers does not fall into groups of {chosen['group']}.",
            f"Try --batch {math.ceil(chosen['batch'] / chosen['group']) * chosen['group']}.",
        )
    return chosen


def method_of(args) -> str:
    if args.pairs is not None and args.reward is not None:
        raise InputError("--pairs has the answers, and --reward scores the model's own.", "Leave one of them out.")
    if args.pairs is None and args.reward is None:
        raise InputError("There is nothing to learn from.", "Name --pairs FILE, or --reward FORM.")
    method = args.method or ("dpo" if args.pairs is not None else "grpo")
    if (method in ON_POLICY) != (args.reward is not None):
        raise InputError(
            f"The method {method} learns from {'a reward' if method in ON_POLICY else 'pairs'}.",
            "Name --reward FORM." if method in ON_POLICY else "Name --pairs FILE.",
        )
    if args.prompts is not None and method not in ON_POLICY:
        raise InputError(f"--prompts means nothing to the method {method}.", "Leave it out: pairs have their prompts.")
    return method
