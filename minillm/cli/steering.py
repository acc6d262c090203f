"""The options of `generate` that steer a GPT towards what is wanted, without training it."""

from minillm.backend import Device
from minillm.cli.parser import choice
from minillm.errors import InputError
from minillm.models import GPT
from minillm.preferences import parse_reward
from minillm.preferences.samples import control_of
from minillm.preferences.steering import CANDIDATES, Steering, check_steering
from minillm.text import Tokenizer
from minillm.text.control_tokens import CONTROL_TOKENS
from minillm.training import load

CONTROLS = ("good", "bad", "off")


def add_steering_arguments(parser) -> None:
    add = parser.add_argument_group("steering").add_argument
    add(
        "--control",
        type=choice("control", CONTROLS),
        help="good, bad or off: the control token in front of every new line (default good, where the model knows them)",
    )
    add("--allow-control", action="store_true", help="don't keep the model from writing control tokens of its own")
    add(
        "--guidance",
        type=float,
        help="above 1, exaggerate what the good control token changes, against the bad one (classifier-free guidance)",
    )
    add(
        "--good-expert",
        metavar="DIR",
        help="a model of what is wanted, with the same tokenizer (default: the model itself)",
    )
    add("--bad-expert", metavar="DIR", help="a model of what is not wanted")
    add("--contrast", type=float, help="how much the experts count (default 1)")
    add(
        "--reward",
        metavar="FORM",
        help="scores each line: style, personal, length:N, words:FILE, or FILE.py:NAME, a function in a Python file, which is run",
    )
    add(
        "--reward-weight",
        type=float,
        help=f"add X times the reward to each candidate's score, of --top-k ({CANDIDATES})",
    )
    add("--best-of", type=int, help="write N texts, and keep the one with the highest reward")
    add("--soft", type=float, help="with --best-of: draw the text, in proportion to exp(reward / X)")
    add("--ban", action="append", metavar="TEXT", help="never write this word or phrase; may be repeated")


def check_options(args) -> None:
    """Raise InputError for options that mean nothing, alone or together, before any model is read."""
    check_steering(vars(args))
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


def steering_from(args, model: GPT, tokenizer: Tokenizer, device: Device) -> Steering:
    """What the options ask for. Where the model knows control tokens, it is asked for good lines, and writes no such token itself."""
    control = control_of(tokenizer, wanted=args.control != "bad")
    if control is None and args.control in ("good", "bad"):
        raise InputError(
            f"{args.checkpoint} knows no control tokens.", "Use a model of pretrain --preference conditional."
        )
    banned = []
    if control is not None and not args.allow_control:
        banned = [tokenizer.special_tokens[name] for name in CONTROL_TOKENS]
    if args.control == "off":
        control = None
    if control is not None and args.beams is not None:
        raise InputError("Beam search puts in no control tokens.", "Add --control off, or leave --beams out.")
    return Steering(
        model,
        tokenizer,
        control=control,
        guidance=args.guidance,
        good_expert=expert(args.good_expert, model, tokenizer, device),
        bad_expert=expert(args.bad_expert, model, tokenizer, device),
        contrast=args.contrast,
        reward=None if args.reward is None else parse_reward(args.reward, trusted=True),
        reward_weight=args.reward_weight,
        candidates=args.top_k or CANDIDATES,
        banned=banned,
        phrases=[phrase.replace("\\n", "\n") for phrase in args.ban or ()],
    )


def expert(path: str | None, model: GPT, tokenizer: Tokenizer, device: Device) -> GPT | None:
    return None if path is None else companion("expert", path, model, tokenizer, device)


def companion(what: str, path: str, model: GPT, tokenizer: Tokenizer, device: Device) -> GPT:
    """Another GPT, which reads and writes the same tokens."""
    other, its_tokenizer = load(path, device)
    if not isinstance(other, GPT) or its_tokenizer.to_json() != tokenizer.to_json():
        raise InputError(
            f"The {what} {path} does not share the model's tokenizer.", "Pretrain it on the same text, in the same way."
        )
    return other
