"""The options of `generate` that steer a GPT towards what is wanted, without training it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minillm.backend import Device
from minillm.cli.parser import choice
from minillm.cli.terminal import say
from minillm.errors import InputError
from minillm.generation import (
    ClassifierFreeGuidance,
    Control,
    ExpertContrast,
    PhraseBan,
    Reading,
    RewardGuidance,
    Scorer,
    continuation,
    generate_batch,
    soft_best_of_n,
    until_stop,
)
from minillm.models import GPT
from minillm.preferences import Reward, best_of_n_kl, reward_of
from minillm.text import Tokenizer
from minillm.text.control import BAD, CONTROL_TOKENS, GOOD, segment_ends
from minillm.training import check_texts, load

CONTROLS = {"good": GOOD, "bad": BAD, "off": None}
CANDIDATES = 10


def add_steering_arguments(parser) -> None:
    add = parser.add_argument_group("steering").add_argument
    add(
        "--control",
        type=choice("control", list(CONTROLS)),
        metavar="NAME",
        help="good, bad or off: the control token in front of every new line (default good, where the model knows them)",
    )
    add("--allow-control", action="store_true", help="don't keep the model from writing control tokens of its own")
    add(
        "--guidance",
        type=float,
        metavar="X",
        help="above 1, exaggerate what the good control token changes, against the bad one (classifier-free guidance)",
    )
    add(
        "--good-expert",
        metavar="DIR",
        help="a model of what is wanted, with the same tokenizer (default: the model itself)",
    )
    add("--bad-expert", metavar="DIR", help="a model of what is not wanted")
    add("--contrast", type=float, metavar="X", help="how much the experts count (default 1)")
    add(
        "--reward",
        metavar="FORM",
        help="scores each line: style, personal, length:N, words:FILE, or FILE.py:NAME, a function in a Python file, which is run",
    )
    add(
        "--reward-weight",
        type=float,
        metavar="X",
        help=f"add X times the reward to each candidate's score, of --top-k ({CANDIDATES})",
    )
    add("--best-of", type=int, metavar="N", help="write N texts, and keep the one with the highest reward")
    add("--soft", type=float, metavar="X", help="with --best-of: draw the text, in proportion to exp(reward / X)")
    add("--ban", action="append", metavar="TEXT", help="never write this word or phrase; may be repeated")


def check_steering(args) -> None:
    """Raise InputError for options that mean nothing, alone or together."""
    bounds = {
        "guidance": (
            lambda x: 0 <= x < float("inf"),
            "must be finite and 0 or more",
            "1 is the good control token alone.",
        ),
        "contrast": (lambda x: 0 <= x < float("inf"), "must be finite and 0 or more", "1 is usual, 0 turns it off."),
        "reward_weight": (lambda x: 0 <= x < float("inf"), "must be finite and 0 or more", "0 turns it off."),
        "best_of": (lambda x: x >= 1, "must be at least 1", "4 or 16 is usual."),
        "soft": (lambda x: 0 < x < float("inf"), "must be finite and above 0", "Leave it out for the best text."),
    }
    for name, (fits, must, remedy) in bounds.items():
        value = getattr(args, name)
        if value is not None and not fits(value):
            raise InputError(f"--{name.replace('_', '-')} {must}, got {value}.", remedy)
    needs = (
        ("best_of", "reward", "--reward style"),
        ("reward_weight", "reward", "--reward style"),
        ("soft", "best_of", "--best-of 16"),
        ("contrast", "bad_expert", "--bad-expert DIR"),
        ("good_expert", "bad_expert", "--bad-expert DIR"),
    )
    for name, other, example in needs:
        if getattr(args, name) is not None and getattr(args, other) is None:
            one, two = (f"--{option.replace('_', '-')}" for option in (name, other))
            raise InputError(f"{one} needs {two}.", f"Add {example}.")
    if args.reward is not None and args.best_of is None and args.reward_weight is None:
        raise InputError("--reward alone changes nothing.", "Add --best-of 16, or --reward-weight 2.")
    if args.guidance is not None and args.control is not None:
        raise InputError("--guidance reads with both control tokens, and --control asks for one.", "Leave one out.")
    if args.beams is not None:
        for name in ("guidance", "bad_expert", "reward_weight", "best_of"):
            if getattr(args, name) is not None:
                raise InputError(f"--beams and --{name.replace('_', '-')} don't go together.", "Leave one of them out.")


def refuse_steering(args) -> None:
    """Raise InputError if anything of this is asked of a model that is no GPT."""
    for name in ("control", "guidance", "bad_expert", "reward_weight", "best_of", "ban"):
        if getattr(args, name) is not None:
            raise InputError(
                f"--{name.replace('_', '-')} is for a GPT, and this is an encoder-decoder.", "Leave it out."
            )


class Steered(NamedTuple):
    """What `generate` needs: a scorer for so many texts, the prompt, and the rules."""

    scorer: Callable[[int], Scorer]
    ids: np.ndarray
    control: Control | None
    rules: dict
    reward: Reward | None


def steer(args, model: GPT, tokenizer: Tokenizer, ids: np.ndarray, device: Device) -> Steered:
    special = tokenizer.special_tokens
    knows = all(token in special for token in CONTROL_TOKENS)
    if not knows and (args.guidance is not None or args.control in ("good", "bad")):
        raise InputError(
            f"{args.checkpoint} knows no control tokens.", "Use a model of pretrain --preference conditional."
        )
    control, banned, rules = None, (), {}
    if knows:
        token = CONTROLS[args.control or "good"]
        if not args.allow_control:
            banned = [special[name] for name in CONTROL_TOKENS]
        if token is not None:
            if args.beams is not None:
                raise InputError("Beam search puts in no control tokens.", "Add --control off, or leave --beams out.")
            control = Control(special[token], segment_ends(tokenizer))
            ids = control.prompt(ids)
    if args.ban:
        rules["phrases"] = PhraseBan([phrase.replace("\\n", "\n") for phrase in args.ban], tokenizer)
    reward = None if args.reward is None else reward_of(args.reward, trusted=True)
    experts = [expert(path, model, tokenizer, device) for path in (args.good_expert, args.bad_expert)]

    read = [model] if args.guidance is None else [model, model]
    if args.bad_expert is not None:
        read += [one or model for one in experts]

    def scorer(batch: int) -> Scorer:
        check_texts((one.config for one in read), batch, "Write fewer of them: --best-of.")
        made: Scorer = Reading(model, batch, None)
        if args.guidance is not None:
            other = Reading(model, batch, None)
            made = ClassifierFreeGuidance(made, other, *(special[name] for name in CONTROL_TOKENS), args.guidance)
        if args.bad_expert is not None:
            good, bad = (Reading(one or model, batch, None) for one in experts)
            made = ExpertContrast(made, good, bad, 1.0 if args.contrast is None else args.contrast)
        if args.reward_weight is not None:
            padding = range(tokenizer.vocab_size, model.config.vocab_size)
            made = RewardGuidance(
                made, of_last_line(reward, tokenizer), args.reward_weight, args.top_k or CANDIDATES, [*padding, *banned]
            )
        return made

    return Steered(scorer, ids, control, rules | {"banned": banned}, reward)


def expert(path: str | None, model: GPT, tokenizer: Tokenizer, device: Device) -> GPT | None:
    if path is None:
        return None
    other, its_tokenizer = load(path, device)
    if not isinstance(other, GPT) or its_tokenizer.to_json() != tokenizer.to_json():
        raise InputError(
            f"The expert {path} does not share the model's tokenizer.", "Pretrain it on the same text, in the same way."
        )
    return other


def of_last_line(reward: Reward, tokenizer: Tokenizer) -> Callable[[list[np.ndarray]], np.ndarray]:
    """The reward of the line that each text ends in, finished or not, of ids."""

    def score(texts: list[np.ndarray]) -> np.ndarray:
        ends = (tokenizer.decode(ids, special=False).removesuffix("\n") for ids in texts)
        return reward([end[end.rfind("\n") + 1 :] for end in ends])

    return score


def of_lines(reward: Reward, texts: list[str]) -> np.ndarray:
    """The mean reward of each text's lines."""
    lines = [text.removesuffix("\n").split("\n") for text in texts]
    scores = np.split(reward([line for part in lines for line in part]), np.cumsum([len(part) for part in lines])[:-1])
    return np.array([part.mean() for part in scores])


def best_of(args, steered: Steered, tokenizer: Tokenizer, prompt: str, stops: list[str], settings: dict) -> str:
    """The text, of so many, that has the highest reward, or is drawn by it; with what there is to know of the choice."""
    count = args.best_of
    scorer = steered.scorer(count)
    prompts = np.tile(steered.ids, (count, 1))
    written = generate_batch(scorer, prompts, args.max_tokens, control=steered.control, seed=args.seed, **settings)
    texts = (continuation(tokenizer, steered.ids, ids, special=False) for ids in written)
    texts = ["".join(until_stop([text], stops)) for text in texts]
    rewards = of_lines(steered.reward, [prompt + text for text in texts])
    chosen = soft_best_of_n(rewards, args.soft or 0.0, np.random.default_rng(args.seed))
    say(
        f"reward of the chosen text {rewards[chosen]:.3f}, of all {count} {rewards.mean():.3f} on average;"
        f" KL to the model at most {best_of_n_kl(count):.2f} nats"
    )
    return texts[chosen]
