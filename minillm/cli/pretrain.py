"""python -m minillm pretrain: train a model on a text, from nothing."""

import dataclasses
import hashlib
import math
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from minillm.backend import Device, choose_device
from minillm.cli.parser import choice
from minillm.cli.session import CHANGEABLE, carry_out, changes, check_end, draw_curve
from minillm.cli.terminal import count, duration, program, say, shell_word, visible
from minillm.errors import InputError
from minillm.layers.block import BLOCKS
from minillm.layers.feedforward import ACTIVATIONS
from minillm.models import GPT
from minillm.models.config import POSITIONS
from minillm.objectives.denoise import RATES
from minillm.preferences import reward_again, reward_of
from minillm.pretraining import (
    MLE,
    OBJECTIVES,
    PREFERENCES,
    PRESETS,
    SPOILED,
    Pretraining,
    prepare,
    settings_for,
    task_from_record,
)
from minillm.pretraining.job import TOKENIZERS
from minillm.text import Tokenizer, unigram_entropy
from minillm.training import Run, Trainer, check_memory
from minillm.training.schedules import SCHEDULES

DESCRIPTION = """example: python -m minillm pretrain --text book.txt --out runs/book

Train a model on a text, from nothing: a GPT, or with --objective an encoder or an encoder-decoder. Without --text it
reads the Python language reference, which every Python brings along. Ctrl-C stops and saves; --resume goes on as if
nothing had happened."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add("--text", metavar="FILE", help="a UTF-8 text, or - for standard input (default: the Python language reference)")
    add("--out", metavar="DIR", help="the folder of the run (default: the next free runs/gpt-N)")
    add(
        "--preset",
        type=choice("preset", list(PRESETS)),
        metavar="NAME",
        help="tiny (seconds), laptop (default) or full (hours)",
    )
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--resume", action="store_true", help="go on with the run in --out")
    either.add_argument("--overwrite", action="store_true", help="replace the run in --out")
    add(
        "--device",
        type=choice("device", ["auto", "cpu", "gpu"]),
        metavar="NAME",
        default="auto",
        help="auto (default), cpu or gpu",
    )
    add("--seed", type=int, metavar="N", help="initial weights, batches and dropout follow from it (default 0)")

    model = parser.add_argument_group("the model")
    add = model.add_argument
    add(
        "--tokenizer",
        type=choice("tokenizer", TOKENIZERS),
        metavar="NAME",
        help="char (default for causal) or bpe",
    )
    add("--merges", type=int, metavar="N", help="merges that bpe learns (default 1024, for some objectives 256)")
    add("--layers", type=int, metavar="N", help="blocks")
    add("--heads", type=int, metavar="N", help="attention heads in a block")
    add("--d-model", type=int, metavar="N", help="width: numbers to a token")
    add("--d-ff", type=int, metavar="N", help="width inside the feed-forward layers (default 4 × d-model)")
    add("--context", type=int, metavar="N", help="tokens that the model sees at once")
    add("--dropout", type=float, metavar="X", help="share of activations dropped while training (default 0)")
    activations = choice("activation", list(ACTIVATIONS))
    add("--activation", type=activations, metavar="NAME", help="gelu (default), gelu_erf or relu")
    norms, positions = choice("norm", list(BLOCKS)), choice("positions", POSITIONS)
    add("--norm", type=norms, metavar="NAME", help="pre (default) or post: where the LayerNorms stand")
    add("--positions", type=positions, metavar="NAME", help="learned (default) or sinusoidal")
    add(
        "--untied",
        dest="tie_head",
        action="store_false",
        default=None,
        help="an output head of its own, not the embedding again",
    )
    add("--no-bias", dest="bias", action="store_false", default=None, help="linear layers without bias")
    add("--ngram", type=int, metavar="N", help="tokens that an embedding reads: its own and the N - 1 before it")

    training = parser.add_argument_group("the training")
    add = training.add_argument
    either = training.add_mutually_exclusive_group()
    either.add_argument("--steps", type=int, metavar="N", help="updates of the weights")
    either.add_argument("--minutes", type=float, metavar="X", help="train for this long in place of --steps")
    add("--batch", type=int, metavar="N", help="sequences to a forward pass")
    add("--workers", type=int, metavar="N", help="processes that share a batch (default: one a core)")
    add("--accumulate", type=int, metavar="N", help="forward passes to an update (default 1)")
    objectives = choice("objective", list(OBJECTIVES))
    add("--objective", type=objectives, metavar="NAME", help=f"{summaries(OBJECTIVES)} (default causal)")
    add("--rate", type=float, metavar="X", help="masked, denoise, span: share of the text that is hidden or damaged")
    add("--whole-words", action="store_true", default=None, help="masked: hide whole words, not single tokens")
    noises = choice("noise", list(RATES))
    add("--noise", type=noises, metavar="NAME", help="denoise: delete (default), mask or infill words")
    add_preference_arguments(parser)
    add("--optimizer", type=choice("optimizer", ["adamw"]), metavar="NAME", default="adamw", help="adamw")
    add("--lr", type=float, metavar="X", help="highest learning rate")
    add("--lr-floor", type=float, metavar="X", help="last learning rate, as a share of --lr")
    add("--warmup", type=int, metavar="N", help="steps over which the learning rate climbs")
    schedules = choice("schedule", SCHEDULES)
    add("--schedule", type=schedules, metavar="NAME", help="how it comes down: cosine, linear or constant (not)")
    add("--beta1", type=float, metavar="X", help="AdamW's memory of the gradient (default 0.9)")
    add("--beta2", type=float, metavar="X", help="AdamW's memory of its square (default 0.99)")
    add("--weight-decay", type=float, metavar="X", help="pull of the matrices towards zero (default 0.1)")
    add("--clip", type=float, metavar="X", help="longest gradient (default 1; 0 turns it off)")
    add("--label-smoothing", type=float, metavar="X", help="share of each target spread over all tokens (default 0)")
    add("--eval-every", type=int, metavar="N", help="steps between evaluations, each with a checkpoint and a sample")
    add("--eval-batches", type=int, metavar="N", help="batches to an evaluation (default: the whole validation split)")
    add("--stop-at", type=int, metavar="STEP", help="stop after this step, saved, as Ctrl-C would")


def add_preference_arguments(parser) -> None:
    add = parser.add_argument_group("preferences while pretraining").add_argument
    names = choice("preference", list(PREFERENCES))
    add("--preference", type=names, metavar="NAME", help=summaries(PREFERENCES))
    add(
        "--reward",
        metavar="FORM",
        help="scores each line, from 0 down to -1: style (of Python, default), personal, length:N, words:FILE, "
        "or FILE.py:NAME, a function in a Python file, which is run",
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
    add("--beta", type=float, metavar="X", help="rwr, awr: the smaller, the more the reward counts (default 0.5)")


def summaries(tasks: dict[str, type[Pretraining]]) -> str:
    return "; ".join(f"{name}: {task.summary}" for name, task in tasks.items())


def run(args) -> int:
    if args.stop_at is not None and args.stop_at < 1:
        raise InputError(f"--stop-at must be at least 1, got {args.stop_at}.", "Give the number of a step.")
    if args.resume and not args.out:
        raise InputError("--resume needs to know which run.", "Name its folder: --resume --out DIR.")
    folder = Run(args.out or next_free_folder())
    with folder.lock(resume=args.resume):
        return train_in(folder, args)


def train_in(folder: Run, args) -> int:
    device = choose_device(args.device)
    trainer, tokenizer, task, facts = (resume if args.resume else start)(folder, args, device)
    model, options, vocab = trainer.model, trainer.options, tokenizer.vocab_size
    config, (train_ids, validation_ids) = model.config, task.tokens(trainer.data)
    chance, unigram = math.log(vocab), unigram_entropy(train_ids, validation_ids, vocab)
    say(
        f"device  {device.name}: {device.reason}"
        + (f", {options.workers} processes that share each batch" if options.workers > 1 else "")
    )
    say(
        f"model   {count(config.layers, 'layer')}, {count(config.heads, 'head')}, {config.d_model} wide, "
        f"context {task.context}, vocabulary {vocab}: "
        f"{config.parameter_count():,} parameters, {config.flops_per_token() / 1e6:.1f} MFLOP a token"
    )
    say(f"data    {facts['name']}: {len(train_ids):,} tokens to train on, {len(validation_ids):,} to validate")
    if described := task.describe(trainer.data):
        say(f"        {described}")
    say(
        f"        validation loss of a blind guess: ln {vocab} = {chance:.2f}; of one that knows the frequencies: {unigram:.2f}"
    )
    here = shell_word(folder.directory)
    code = carry_out(
        "pretrain",
        folder,
        trainer,
        sample=lambda: visible(task.sample(model, tokenizer, facts["prompt"], trainer.steps_done)),
        draw=lambda: draw_curve(folder, chance, unigram),
        tokens=options.batch * options.accumulate * task.context,
        batches=sum(1 for _ in trainer.data.validation_batches(options.batch)),
        stop_at=args.stop_at,
    )
    if code is not None:
        return code
    say(
        f"done    {duration(trainer.elapsed)}, best validation loss {trainer.best_loss:.3f} at step {trainer.best_step:,}"
        f" (a blind guess: {chance:.2f}, frequencies: {unigram:.2f}): {folder.directory}"
    )
    if score := task.score(model, trainer.data, tokenizer):
        say("        " + score.replace("\n", "\n        "))
    writes = isinstance(getattr(model, "body", model), GPT)
    use = f"generate --checkpoint {here} --prompt" if writes else f"fill --checkpoint {here} --text"
    say(f"next    {program()} {option(use, task.example(facts['prompt']))}")
    short = fitting(facts["prompt"], tokenizer, task.context)
    say(f"        {program()} {option(f'attention --checkpoint {here} --text', short)} --out attention.png")
    return 0


def option(name: str, text: str) -> str:
    """An option with its value, for a command that can be copied; a value that begins with a dash is tied to its option."""
    return f"{name}{'=' if text.startswith('-') else ' '}{shell_word(text)}"


def fitting(text: str, tokenizer: Tokenizer, context: int) -> str:
    """As much of a short text as the model reads at once."""
    while len(tokenizer.encode(text)) > context:
        text = text[:-1]
    return text


# What pretrain's options set besides settings: where things are, and what becomes of them.
PLACES = ("text", "out", "resume", "overwrite", "device", "optimizer", "stop_at", "debug")


def named_settings(args) -> dict:
    return {name: value for name, value in vars(args).items() if value is not None and name not in PLACES}


def start(folder: Run, args, device: Device) -> tuple[Trainer, Tokenizer, Pretraining, dict]:
    """A new run. Everything that can be wrong is found before anything is written."""
    settings = settings_for(device=device, **named_settings(args))
    task = settings.task
    if not args.overwrite:
        folder.refuse_existing()
    folder.refuse_to_replace({"the text": args.text})
    if isinstance(task, MLE):
        task = dataclasses.replace(task, reward=reward_of(task.reward, trusted=True))
        settings = settings._replace(task=task)
    text = task.read(args.text)
    if settings.tokenizer == "bpe":
        say(f"text    learning {settings.merges:,} byte-pair merges ...")
    model, data, tokenizer = prepare(settings, text, device)
    trainer = Trainer(model, data, settings.options, task.objective())
    facts = describe(args.text, text, task.special_tokens) | {"chosen": task.record()}
    if args.text is None:
        facts["name"] = task.usual_text
    folder.create(trainer, tokenizer, settings.options, facts, overwrite=args.overwrite)
    return trainer, tokenizer, task, facts


def resume(folder: Run, args, device: Device) -> tuple[Trainer, Tokenizer, Pretraining, dict]:
    """The run in --out, where it stopped. Its sizes are given; only when it ends and how it is watched may change."""
    options, facts = folder.read_options()
    config = folder.config()
    tokenizer = folder.tokenizer(config)
    learned = tokenizer.to_json()
    if facts["chosen"].get("objective") not in OBJECTIVES:
        raise InputError(
            f"{args.out} holds a run that pretrain did not begin.", "Go on with the command that did, such as finetune."
        )
    task, named = task_from_record(facts["chosen"]), named_settings(args)
    if isinstance(task, MLE):
        task = dataclasses.replace(
            task, reward=reward_again(task.reward, task.reward_sha256, named.pop("reward", None))
        )
        facts["chosen"] = task.record()
    fixed = config.to_dict() | options.to_dict() | task.record()
    fixed |= {"tokenizer": learned["type"], "merges": len(learned.get("merges", []))}
    preset = {name: value for name, value in PRESETS.get(args.preset, {}).items() if name not in CHANGEABLE}
    options = dataclasses.replace(options, **changes(preset | named, fixed))
    check_memory(config, options, task.context)
    source = args.text if args.text is not None else facts["source"]
    if source == "-" and args.text is None and sys.stdin.isatty():
        raise InputError(
            "This run read its text from standard input.", "Give it again: --text FILE, or through a pipe."
        )
    text = task.read(source)
    if fingerprint(text) != facts["sha256"]:
        raise InputError(
            f"{facts['name']} is not the text that this run began with.",
            "Give the same text again (--text FILE), or start another run.",
        )
    data = task.data(text, tokenizer)
    trainer = Trainer(task.build(config, device=device), data, options, task.objective())
    folder.load(trainer)
    check_end(trainer, args.steps, args.stop_at)
    folder.write_options(options, facts)
    return trainer, tokenizer, task, facts


def next_free_folder() -> Path:
    number = 1
    while Path(f"runs/gpt-{number}").exists():
        number += 1
    return Path(f"runs/gpt-{number}")


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def describe(source: str | None, text: str, special_tokens: Sequence[str]) -> dict:
    """What the run must remember of its text: enough to find it again, and to know it if it changed; and some of its words."""
    opening = text[len(text) // 2 :].split("\n\n", 1)[-1].split()
    plain = (w for w in opening if w == visible(w) and not any(token in w for token in special_tokens))
    words = list(islice(plain, 4 if " " in text else 1))
    return {
        "name": "standard input" if source == "-" else source,
        "source": source if source in (None, "-") else str(Path(source).resolve()),
        "characters": len(text),
        "sha256": fingerprint(text),
        "prompt": " ".join(words)[:40] or text[:1],  # words of the text itself, to try the model with
    }
