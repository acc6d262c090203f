"""The options of `generate` that steer a GPT towards what is wanted, without training it."""

from minillm.backend import Device
from minillm.cli.parser import choice
from minillm.errors import InputError
from minillm.generation import Control
from minillm.models import GPT
from minillm.preferences import parse_reward
from minillm.preferences.steering import CANDIDATES, Steering
from minillm.text import Tokenizer
from minillm.text.control import BAD, CONTROL_TOKENS, GOOD, segment_ends
from minillm.training import load

CONTROLS = {"good": GOOD, "bad": BAD, "off": None}


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


def steering_from(args, model: GPT, tokenizer: Tokenizer, device: Device) -> Steering:
    """What the options ask for. Where the model knows control tokens, it is asked for good lines, and writes no such token itself."""
    special = tokenizer.special_tokens
    knows = all(token in special for token in CONTROL_TOKENS)
    if not knows and (args.guidance is not None or args.control in ("good", "bad")):
        raise InputError(
            f"{args.checkpoint} knows no control tokens.", "Use a model of pretrain --preference conditional."
        )
    control = None
    if knows and (token := CONTROLS[args.control or "good"]) is not None:
        if args.beams is not None:
            raise InputError("Beam search puts in no control tokens.", "Add --control off, or leave --beams out.")
        control = Control(special[token], segment_ends(tokenizer))
    banned = [special[name] for name in CONTROL_TOKENS] if knows and not args.allow_control else []
    return Steering(
        model,
        tokenizer,
        control=control,
        guidance=args.guidance,
        good_expert=expert(args.good_expert, model, tokenizer, device),
        bad_expert=expert(args.bad_expert, model, tokenizer, device),
        contrast=1.0 if args.contrast is None else args.contrast,
        reward=None if args.reward is None else parse_reward(args.reward, trusted=True),
        reward_weight=args.reward_weight,
        candidates=args.top_k or CANDIDATES,
        banned=banned,
        phrases=[phrase.replace("\\n", "\n") for phrase in args.ban or ()],
    )


def expert(path: str | None, model: GPT, tokenizer: Tokenizer, device: Device) -> GPT | None:
    if path is None:
        return None
    other, its_tokenizer = load(path, device)
    if not isinstance(other, GPT) or its_tokenizer.to_json() != tokenizer.to_json():
        raise InputError(
            f"The expert {path} does not share the model's tokenizer.", "Pretrain it on the same text, in the same way."
        )
    return other
