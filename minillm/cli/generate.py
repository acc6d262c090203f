"""python -m minillm generate: continue a prompt with a trained model."""

import sys
from collections.abc import Iterator

import numpy as np

from minillm.backend import Device
from minillm.cli.run_options import (
    add_checkpoint,
    add_device,
    add_drawing,
    add_int8,
    checkpoint_of,
    device_of,
    drawing_of,
)
from minillm.cli.steering import add_steering_arguments, check_options, companion, refuse_steering, steering_from
from minillm.cli.terminal import say, shown
from minillm.errors import InputError
from minillm.generation import (
    Sampling,
    begin,
    encode_prompt,
    generate,
    generate_with_draft,
    likeliest_text,
    stream_continuation,
    until_stop,
)
from minillm.generation.beam_search import check_beams
from minillm.generation.speculative import check_draft
from minillm.generation.writing import Beginning
from minillm.models import GPT, EncoderDecoder
from minillm.preferences import best_of_n_kl
from minillm.preferences.steering import Steering, best_of_n
from minillm.text import read_text
from minillm.training import check_texts, load

DESCRIPTION = """example: python -m minillm generate --checkpoint tales --prompt "Once upon a time" --temperature 0.7

Continue a prompt with a trained model; an encoder-decoder answers it. The text goes to standard output as it is
written. It ends after --max-tokens, before a --stop text, or with a token that ends texts of this model (eos_token_id)."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add_checkpoint(add, "the folder of a run, or of a GPT-2, Llama or T5 of Hugging Face")
    add(
        "--prompt",
        metavar="TEXT",
        help="the beginning, to be continued; - reads it from standard input (default: a new line)",
    )
    add("--max-tokens", type=int, default=400, help="how many tokens to write (default 400)")
    add_drawing(add)
    add("--repetition-penalty", type=float, default=1.0, help="above 1, tokens used before come less often")
    add("--no-repeat-ngram", type=int, help="never write the same N tokens in a row twice")
    add(
        "--stop",
        metavar="TEXT",
        action="append",
        help="end before this text, in which \\n is a new line; may be repeated",
    )
    add("--beams", type=int, help="don't draw tokens: search for the likeliest text, N beginnings at once")
    add("--length-penalty", type=float, help="with --beams and --stop: how much longer texts are favoured (default 1)")
    add(
        "--draft",
        metavar="DIR",
        help="a smaller GPT with the same tokenizer, which drafts what the model reads: the same texts, sooner",
    )
    add_steering_arguments(parser)
    add("--seed", type=int, default=0, help="the same seed writes the same text (default 0)")
    add_int8(add)
    add_device(add)


def run(args) -> None:
    rules = {"repetition_penalty": args.repetition_penalty, "no_repeat_ngram": args.no_repeat_ngram}
    drawing = drawing_of(args)
    stops = [stop.replace("\\n", "\n") for stop in args.stop or []]
    checkpoint = checkpoint_of(args, example="tales")
    check(args, rules, drawing)
    device = device_of(args)
    model, tokenizer = load(checkpoint, device, int8=args.int8)
    prompt, ids = encode_prompt(tokenizer, read_text("-") if args.prompt == "-" else args.prompt)
    steering, scorer = None, model
    if isinstance(model, EncoderDecoder):  # it answers the prompt
        refuse_steering(args)
        prompt = ""
    elif isinstance(model, GPT):  # it continues the prompt
        steering = steering_from(args, model, tokenizer, device)
        ids, rules = ids if steering.control is None else steering.control.prompt(ids), rules | steering.rules()
        if len(ids) + args.max_tokens - 1 > model.config.context:  # the token written last need not be read
            say(f"(The model sees {model.config.context} tokens at once: farther on it forgets the beginning.)")
    begun = begin(model, tokenizer, ids)
    if not prompt:  # what is not shown is no neighbour of what is
        begun = begun._replace(prefix=[])
    if steering is not None:
        check_texts(
            [reader.config for reader in steering.readers()], args.best_of or 1, "Write fewer of them: --best-of."
        )
        scorer = steering.scorer(1)
    settings = begun.with_rules({"temperature": 0.8} | drawing | rules)
    if args.best_of is not None:
        pieces = [best(args, steering, ids, stops, settings)]
    elif args.beams is not None:
        check_texts([model.config], args.beams, "Search with fewer: --beams.")
        rules |= {} if args.length_penalty is None else {"length_penalty": args.length_penalty}
        pieces = [likeliest_text(model, tokenizer, begun, args.max_tokens, beams=args.beams, stops=stops, **rules)]
    elif args.draft is not None:
        pieces = stream_continuation(tokenizer, begun.prefix, drafted(args, steering, begun, settings, device))
    else:
        control = None if steering is None else steering.control
        tokens = generate(scorer, begun.ids, args.max_tokens, control=control, seed=args.seed, **settings)
        pieces = stream_continuation(tokenizer, begun.prefix, tokens, special=control is None)
    sys.stdout.write(shown(prompt))
    sys.stdout.flush()
    for piece in until_stop(pieces, stops):
        sys.stdout.write(shown(piece))
        sys.stdout.flush()
    sys.stdout.write("\n")


def check(args, rules: dict, drawing: dict) -> None:
    """Raise InputError for options that mean nothing, alone or together."""
    if args.max_tokens < 1:
        raise InputError(f"--max-tokens must be at least 1, got {args.max_tokens}.", "Give a positive number.")
    if args.seed < 0:
        raise InputError(f"--seed must be 0 or more, got {args.seed}.", "Give another --seed.")
    Sampling(**drawing, **rules)
    check_options(args)
    for name in ("beams", "best_of", "guidance", "bad_expert", "reward_weight"):
        if args.draft is not None and getattr(args, name) is not None:
            raise InputError(f"--draft and --{name.replace('_', '-')} don't go together.", "Leave one of them out.")
    if "" in (args.stop or []):
        raise InputError("--stop is empty.", "Give it a value.")
    if args.beams is None:
        if args.length_penalty is not None:
            raise InputError("--length-penalty is for --beams.", "Add --beams 4, or leave it out.")
        return
    check_beams(args.beams, 1.0 if args.length_penalty is None else args.length_penalty)
    if args.length_penalty is not None and not args.stop:
        raise InputError(
            "Without --stop all texts are equally long, and --length-penalty changes nothing.",
            "Add --stop, or leave it out.",
        )
    if drawing:
        option = f"--{next(iter(drawing)).replace('_', '-')}"
        raise InputError(
            f"--beams searches for the likeliest text, and {option} is for drawing one.", "Leave one of them out."
        )


def drafted(args, steering: Steering | None, begun: Beginning, settings: dict, device: Device) -> Iterator[int]:
    """The tokens of a model that reads what a smaller one drafts."""
    if steering is None:
        raise InputError("--draft is for a GPT, and this is an encoder-decoder.", "Leave it out.")
    if steering.control is not None:
        raise InputError("A draft puts in no control tokens.", "Add --control off, or leave --draft out.")
    model = steering.model
    draft = companion("draft", args.draft, model, steering.tokenizer, device)
    check_draft(model, draft)
    check_texts([model.config, draft.config], 1, "Leave out --draft.")
    return generate_with_draft(model, draft, begun.ids, args.max_tokens, seed=args.seed, **settings)


def best(args, steering: Steering, ids: np.ndarray, stops: list[str], settings: dict) -> str:
    """The best of several texts, with what there is to know of the choice."""
    choice = {"stops": stops, "soft": args.soft, "seed": args.seed}
    found = best_of_n(steering, ids, args.best_of, args.max_tokens, **choice, **settings)
    say(
        f"reward of the chosen text {found.reward:.3f}, of all {args.best_of} {found.rewards.mean():.3f} on average;"
        f" KL to the model at most {best_of_n_kl(args.best_of):.2f} nats"
    )
    return found.text
