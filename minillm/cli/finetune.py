"""python -m minillm finetune: teach a pretrained model to tell classes of texts apart."""

import argparse
import dataclasses
import hashlib
import json
import math
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from minillm.backend import Device, choose_device
from minillm.cli.parser import choice
from minillm.cli.results import agreement, per_cent
from minillm.cli.session import carry_out, changes, check_end, draw_curve
from minillm.cli.terminal import count, duration, program, say, shell_word, visible
from minillm.errors import InputError
from minillm.finetuning import (
    BagOfWords,
    Examples,
    FinetuningRun,
    LastLayer,
    Method,
    Trained,
    body_of,
    classes_of,
    confusion_matrix,
    hold_out,
    learned_count,
    load_classifier,
    name_of,
    new_classifier,
    numbers_of,
    padding_of,
    probabilities_of,
    read_examples,
)
from minillm.finetuning.defaults import settings_for
from minillm.finetuning.job import Parts, prepare_training, tokenize_parts
from minillm.layers.pooling import POOLINGS
from minillm.models import SequenceClassifier, finite_on_host
from minillm.text import Tokenizer
from minillm.training import Trainer, TrainOptions, default_workers, load
from minillm.training.checkpoint import RETRAIN
from minillm.training.run import OPTIONS
from minillm.training.schedules import SCHEDULES

DESCRIPTION = """example: python -m minillm finetune --checkpoint runs/first --data reviews.tsv --out runs/reviews

Teach a pretrained model to tell classes of texts apart, such as praise and blame. The file has a text, a tab and a label
in each line. At the end stand the accuracy on held-out texts, the mistakes, and what a bag of words can do. Ctrl-C stops
and saves; --resume goes on as if nothing had happened."""

TASK = "classification"
INITS = ("pretrained", "random")


def frozen(value: str) -> str | int:
    """An argument type: body, none, or a number of blocks."""
    if value in ("body", "none"):
        return value
    if not value.isdecimal() or len(value) > 9:
        raise argparse.ArgumentTypeError(
            f"--freeze is body, none or a number of blocks, not {value!r}.\nTry --freeze body."
        )
    return int(value)


def add_arguments(parser) -> None:
    add = parser.add_argument
    add("--checkpoint", metavar="DIR", help="the folder of a pretrained model: a run of pretrain, or GPT-2, or BERT")
    add("--data", metavar="FILE", help="labelled texts: in each line a text, a tab and a label; - is standard input")
    add("--dev", metavar="FILE", help="more of them, to validate with (default: a tenth of --data is held out)")
    add("--out", metavar="DIR", required=True, help="the folder of the run")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--resume", action="store_true", help="go on with the run in --out")
    either.add_argument("--overwrite", action="store_true", help="replace the run in --out")
    devices = choice("device", ["auto", "cpu", "gpu"])
    add("--device", type=devices, metavar="NAME", default="auto", help="auto (default), cpu or gpu")
    add(
        "--seed",
        type=int,
        metavar="N",
        help="what is held out, the head, batches and dropout follow from it (default 0)",
    )

    model = parser.add_argument_group("the model")
    add = model.add_argument
    add(
        "--freeze",
        type=frozen,
        metavar="WHAT",
        help="body: only the last layer learns, within seconds; N: the embeddings and the N lowest blocks stay as they are; "
        "none (default): everything learns",
    )
    add("--lora", type=int, metavar="R", help="freeze the body, and train adapters of rank R on query and value (LoRA)")
    pooling = choice("pooling", POOLINGS)
    add(
        "--pooling",
        type=pooling,
        metavar="NAME",
        help="which token speaks for the text: mean (all, default), first or last",
    )
    add(
        "--init",
        type=choice("init", INITS),
        metavar="NAME",
        help="pretrained (default), or random: the weights to start from",
    )
    add("--dropout", type=float, metavar="X", help="share of activations dropped while training")

    training = parser.add_argument_group("the training")
    add = training.add_argument
    either = training.add_mutually_exclusive_group()
    either.add_argument("--epochs", type=float, metavar="X", help="how often each text is read, on average")
    either.add_argument("--steps", type=int, metavar="N", help="updates of the weights, in place of --epochs")
    either.add_argument("--minutes", type=float, metavar="X", help="train for this long in place of --epochs")
    add("--batch", type=int, metavar="N", help="texts to a forward pass")
    add("--workers", type=int, metavar="N", help="processes that share a batch (default: one a core)")
    add("--accumulate", type=int, metavar="N", help="forward passes to an update (default 1)")
    add("--lr", type=float, metavar="X", help="highest learning rate")
    add("--lr-floor", type=float, metavar="X", help="last learning rate, as a share of --lr (default 0)")
    add("--warmup", type=int, metavar="N", help="steps over which the learning rate climbs")
    schedules = choice("schedule", SCHEDULES)
    add(
        "--schedule",
        type=schedules,
        metavar="NAME",
        help="how it comes down: linear (default), cosine or constant (not)",
    )
    add("--weight-decay", type=float, metavar="X", help="pull of the matrices towards zero (default 0.1)")
    add("--clip", type=float, metavar="X", help="longest gradient (default 1; 0 turns it off)")
    add("--label-smoothing", type=float, metavar="X", help="share of each label spread over all classes (default 0)")
    add("--eval-every", type=int, metavar="N", help="steps between evaluations, each with a checkpoint")
    add("--stop-at", type=int, metavar="STEP", help="stop after this step, saved, as Ctrl-C would")


class Job(NamedTuple):
    """A run, ready to go on."""

    trainer: Trainer
    tokenizer: Tokenizer
    classes: list[str]
    parts: Parts
    method: Method
    facts: dict


def run(args) -> int:
    if args.stop_at is not None and args.stop_at < 1:
        raise InputError(f"--stop-at must be at least 1, got {args.stop_at}.", "Give the number of a step.")
    folder = FinetuningRun(args.out)
    with folder.lock(resume=args.resume):
        return train_in(folder, args)


def train_in(folder: FinetuningRun, args) -> int:
    device = choose_device(args.device)
    job = (resume if args.resume else start)(folder, args, device)
    trainer, parts, classes = job.trainer, job.parts, job.classes
    options = trainer.options
    shares = np.bincount(parts.labels, minlength=len(classes)) / len(parts.labels)
    chance = math.log(len(classes))
    frequencies = float(-np.log(shares[parts.held_out_labels]).mean())
    tell(job, device, shares)
    here = shell_word(folder.directory)

    def draw() -> None:
        draw_curve(folder, chance, frequencies, per="text", choices="C")

    lengths = [len(row) for row in parts.rows.rows]
    code = carry_out(
        "finetune",
        folder,
        trainer,
        sample=lambda: accuracy_now(job),
        draw=draw,
        tokens=round(options.batch * options.accumulate * sum(lengths) / len(lengths)),
        batches=math.ceil(len(parts.held_out.texts) / options.batch),
        stop_at=args.stop_at,
    )
    if code is not None:
        return code
    say(
        f"done    {duration(trainer.elapsed)}, best validation loss {trainer.best_loss:.3f} at step {trainer.best_step:,}"
        f" (a blind guess: {chance:.2f}, frequencies: {frequencies:.2f}): {folder.directory}"
    )
    best = load_classifier(folder.directory, device)[0]
    answers = probabilities_of(best, parts.held_out_rows.rows, padding_of(job.tokenizer)).argmax(axis=1)
    print(agreement(confusion_matrix(parts.held_out_labels, answers, len(classes)), classes))
    say(f"next    {program()} classify --checkpoint {here} --text={shell_word(job.facts['prompt'])}")
    return 0


def tell(job: Job, device: Device, shares: np.ndarray) -> None:
    """What is about to be done, with what, and what is to be beaten."""
    parts, classes, config, options = job.parts, job.classes, job.trainer.model.config, job.trainer.options
    body, all_numbers = config.body, config.parameter_count()
    processes = f", {options.workers} processes that share each batch" if options.workers > 1 else ""
    say(f"device  {device.name}: {device.reason}{processes}")
    learned = learned_count(job.trainer.model)
    say(
        f"model   {body.name} of {count(body.layers, 'layer')}, {body.d_model} wide, pooling {config.pooling}, "
        f"{all_numbers:,} parameters; learning: {job.method.describe()}, {learned:,} numbers"
    )
    named = ", ".join(f"{visible(name)} {per_cent(share)}" for name, share in zip(classes[:6], shares, strict=False))
    say(
        f"data    {job.facts['name']}: {len(parts.labels):,} texts to train on, {len(parts.held_out_labels):,} to validate; "
        f"{len(classes)} classes: {named}{' ...' if len(classes) > 6 else ''}"
    )
    cut, dropped = (getattr(parts.rows, what) + getattr(parts.held_out_rows, what) for what in ("cut", "dropped"))
    if cut:
        say(f"        {count(cut, 'text')} of more than {body.context} tokens cut to that")
    if dropped:
        say(f"        {count(dropped, 'character')} that the model's tokenizer does not know left out")
    usual = int(shares.argmax())
    bag = BagOfWords(parts.training.texts, parts.labels, len(classes))
    counted = (bag.probabilities(parts.held_out.texts).argmax(axis=1) == parts.held_out_labels).mean()
    say(
        f"        always {visible(classes[usual])}: {per_cent((parts.held_out_labels == usual).mean())} right; "
        f"a bag of words: {per_cent(counted)}"
    )


def accuracy_now(job: Job) -> str:
    """How often the model, as it is now, is right about the held-out texts."""
    model, parts = job.trainer.model, job.parts
    if isinstance(model, LastLayer):
        answers = finite_on_host(model.forward(job.trainer.data.held_out)[0]).argmax(axis=1)
    else:
        answers = probabilities_of(model, parts.held_out_rows.rows, padding_of(job.tokenizer)).argmax(axis=1)
    return f"held-out accuracy {per_cent((answers == parts.held_out_labels).mean())}"


def start(folder: FinetuningRun, args, device: Device) -> Job:
    """A new run. Everything that can be wrong is found before anything is written."""
    for name in ("checkpoint", "data"):
        if getattr(args, name) is None:
            raise InputError(f"--{name} is missing.", "See minillm finetune --help".replace("minillm", program()))
    needed = {"the model to begin with": args.checkpoint, "the texts": args.data, "the held-out texts": args.dev}
    folder.refuse_to_replace(needed)
    if not args.overwrite:
        folder.refuse_existing()
    method = Method(args.freeze if args.freeze is not None else "none", args.lora)
    seed = args.seed if args.seed is not None else 0
    TrainOptions(seed=seed)
    examples, given, classes = read_parts(args.data, args.dev, seed)
    pretrained, tokenizer = load(args.checkpoint, device, body=True)
    body = body_of(pretrained, args.checkpoint)
    parts = tokenize_parts(*examples, classes, tokenizer, body.config.context)
    named = {name: value for name, value in vars(args).items() if value is not None}
    method.check(body.config)
    chosen = settings_for(body.config, method, named | {"texts": len(parts.labels)})
    chosen.setdefault("workers", default_workers(chosen["batch"], device))
    options = TrainOptions(**{f.name: chosen[f.name] for f in dataclasses.fields(TrainOptions) if f.name in chosen})
    classifier = new_classifier(
        body,
        len(classes),
        pooling=chosen["pooling"],
        dropout=chosen["dropout"],
        pretrained=args.init != "random",
        seed=seed,
    )
    classifier.labels = classes
    trained, trainer = trainer_for(classifier, method, parts, tokenizer, options)
    folder.whole = trained.whole
    facts = given | {
        "prompt": " ".join(visible(parts.held_out.texts[0]).split()[:12]),
        "chosen": {
            "objective": TASK,
            "checkpoint": absolute(args.checkpoint),
            "dev": absolute(args.dev),
            "freeze": method.freeze,
            "lora": method.lora,
            "init": args.init or INITS[0],
            "dropout": chosen["dropout"],
        },
    }
    folder.create(trainer, tokenizer, options, facts, overwrite=args.overwrite)
    return Job(trainer, tokenizer, classes, parts, method, facts)


def resume(folder: FinetuningRun, args, device: Device) -> Job:
    """The run in --out, where it stopped."""
    options, facts = folder.read_options()
    remembered = facts["chosen"]
    if remembered.get("objective") != TASK:
        raise InputError(f"{args.out} holds a run that finetune did not begin.", "Go on with the command that did.")
    config = folder.config()
    tokenizer = folder.tokenizer(config)
    named = {name: value for name, value in vars(args).items() if value is not None}
    for name in ("checkpoint", "dev"):
        if name in named:
            named[name] = absolute(named[name])
    if "epochs" in named:
        raise InputError("--resume counts in steps, not in epochs.", "Give --steps, or leave --epochs out.")
    fixed = config.to_dict() | options.to_dict() | remembered
    options = dataclasses.replace(options, **changes(named, fixed))
    method, dev = began_with(folder, remembered)
    method.check(config.body)
    data = args.data if args.data is not None else facts["source"]
    if data == "-" and args.data is None and sys.stdin.isatty():
        raise InputError(
            "This run read its texts from standard input.", "Give them again: --data FILE, or through a pipe."
        )
    examples, given, classes = read_parts(data, dev, options.seed)
    if given["sha256"] != facts["sha256"]:
        raise InputError(
            f"{facts['name']} does not hold the texts that this run began with.",
            "Give the same texts again (--data FILE), or start another run.",
        )
    parts = tokenize_parts(*examples, classes, tokenizer, config.body.context)
    trained, trainer = trainer_for(load(args.out, device)[0], method, parts, tokenizer, options)
    folder.whole = trained.whole
    folder.load(trainer)
    check_end(trainer, args.steps, args.stop_at)
    folder.write_options(options, facts)
    return Job(trainer, tokenizer, classes, parts, method, facts)


def began_with(folder: FinetuningRun, chosen: dict) -> tuple[Method, str | None]:
    """How a run learns, and where its held-out texts are; InputError if its file does not say so any more."""
    freeze, lora, dev = (chosen.get(name) for name in ("freeze", "lora", "dev"))
    known = freeze in ("none", "body") or type(freeze) is int
    if not known or type(lora) not in (int, type(None)) or not isinstance(dev, str | None):
        raise InputError(f"{folder.path(OPTIONS)} does not say how the run learns.", RETRAIN)
    return Method(freeze, lora), dev


def absolute(path: str | None) -> str | None:
    """A path that is right wherever `--resume` is called from. Standard input has none."""
    return path if path in (None, "-") else str(Path(path).resolve())


def read_parts(data: str, dev: str | None, seed: int) -> tuple[tuple[Examples, Examples], dict, list[str]]:
    """Texts to train on and held-out ones; what the run must remember of them; and the classes."""
    everything = read_examples(data)
    training, held_out = (everything, read_examples(dev)) if dev else hold_out(everything, seed, name_of(data))
    classes = classes_of(everything, name_of(data))
    numbers_of(held_out, classes, name_of(dev or data))
    content = json.dumps([training, held_out], ensure_ascii=False)
    facts = {
        "name": name_of(data),
        "source": absolute(data),
        "sha256": hashlib.sha256(content.encode("utf-8")).hexdigest(),
    }
    return (training, held_out), facts, classes


def trainer_for(
    classifier: SequenceClassifier, method: Method, parts: Parts, tokenizer: Tokenizer, options: TrainOptions
) -> tuple[Trained, Trainer]:
    """What trains, and its trainer."""
    texts = len(parts.labels) + len(parts.held_out_labels)
    reads = method.freeze == "body"
    if reads:
        say(f"body    reads {texts:,} texts, once ...")
    with tqdm(
        total=texts, unit="text", disable=None if reads else True, leave=False, dynamic_ncols=True, file=sys.stderr
    ) as bar:
        trained, data = prepare_training(classifier, method, parts, tokenizer, options, bar.update)
    return trained, Trainer(trained.model, data, options, trained.objective)
