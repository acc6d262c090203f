"""python -m minillm finetune: teach a model, from examples, to tell texts apart, to translate, to summarise, to answer or to chat."""

import argparse
import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from minillm.backend import Device
from minillm.cli import last_layer, session
from minillm.cli.conversations import ChatJob
from minillm.cli.examples import ExamplesJob, facts_of, read_again
from minillm.cli.job import Job, named_options
from minillm.cli.labelled_texts import describe_texts, report_classifier
from minillm.cli.pairs import PairsJob
from minillm.cli.parser import choice
from minillm.cli.questions import QuestionsJob
from minillm.cli.run_options import (
    add_checkpoint,
    add_run_options,
    add_training_options,
    check_data,
    checkpoint_of,
)
from minillm.errors import InputError
from minillm.finetuning import (
    Baselines,
    FinetuningRun,
    Method,
    Parts,
    baselines_of,
    body_of,
    classifier_for,
    held_out_answers,
    learned_count,
    prepare_training,
    read_split,
    tokenize_parts,
)
from minillm.finetuning.classification import ALL, TASK, Choices, check_settings, settings_for
from minillm.finetuning.pairs import OF_MODEL
from minillm.layers.block import BLOCKS
from minillm.layers.feedforward import ACTIVATIONS
from minillm.layers.pooling import POOLINGS
from minillm.models import ModelConfig
from minillm.text import Tokenizer
from minillm.training import Run, SavedRun, Trainer, TrainOptions, default_workers, load
from minillm.training.mpi import world
from minillm.training.record import Facts, absolute, origin
from minillm.units import count, per_cent

DESCRIPTION = """example: python -m minillm finetune --checkpoint runs/first --data reviews.tsv --out runs/reviews

Teach a pretrained model to tell classes of texts apart, such as praise and blame. The file has a text, a tab and a label
in each line. At the end stand the accuracy on held-out texts, the mistakes, and what a bag of words can do.

With --task translate or summarise an encoder-decoder learns to write one text for another; the file has a source, a tab
and its target in each line. Without --checkpoint it begins from nothing:
  python -m minillm finetune --task translate --data pairs.tsv --out runs/german

With --task answer a pretrained encoder learns to point at the answer to a question in a passage; the file has the form of
SQuAD:
  python -m minillm finetune --task answer --checkpoint runs/masked --data squad.json --out runs/answerer

With --task chat a pretrained GPT learns to answer in conversations, from what the assistant says in them; each line of the
file is one, {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}:
  python -m minillm finetune --task chat --checkpoint tales --data chats.jsonl --out runs/chat

Ctrl-C stops and saves; --resume goes on as if nothing had happened."""

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


def layer(value: str) -> str | int:
    """An argument type: all, or a number of a layer."""
    if value != ALL and (not value.isdecimal() or len(value) > 9):
        raise argparse.ArgumentTypeError(f"--layer is the number of a layer or all, not {value!r}.\nTry --layer all.")
    return value if value == ALL else int(value)


def add_arguments(parser) -> None:
    add = parser.add_argument
    add("--task", type=choice("task", JOBS), help="classify (default), translate, summarise, answer or chat")
    add_checkpoint(add, "the folder of a pretrained model: a run of pretrain, or GPT-2, Llama, BERT or T5")
    add(
        "--data",
        metavar="FILE",
        help="examples: in each line a text, a tab, and its label or target, or a conversation; or questions in SQuAD's form; "
        "- is standard input",
    )
    add("--dev", metavar="FILE", help="more of them, to validate with (default: a tenth of --data is held out)")
    add("--dropout", type=float, help="share of activations dropped while training")
    add(
        "--init",
        type=choice("init", INITS),
        help="to classify and to answer: pretrained (default), or random: the weights to start from",
    )
    add_run_options(parser)

    add = parser.add_argument_group("a classifier").add_argument
    add(
        "--freeze",
        type=frozen,
        metavar="WHAT",
        help="body: only the last layer learns, fitted within seconds; N: the embeddings and the N lowest blocks stay as they are; "
        "none (default): everything learns",
    )
    add(
        "--layer",
        type=layer,
        metavar="N",
        help="with --freeze body: what the last layer reads, the N-th block's output, 0 (the embeddings), or all of them side by side "
        "(default: what cross-validation finds best)",
    )
    add("--lora", type=int, metavar="R", help="freeze the body, and train adapters of rank R on query and value (LoRA)")
    add(
        "--pooling",
        type=choice("pooling", POOLINGS),
        help="which token speaks for the text: mean (all), first or last (default: mean, but last with a frozen GPT)",
    )

    add = parser.add_argument_group("an encoder-decoder, which translates or summarises").add_argument
    add("--context", type=int, help="tokens that a side may have (default 128, of a text to summarise 512)")
    add("--layers", type=int, help="blocks of the encoder, and as many of the decoder (default 2)")
    add("--heads", type=int, help="attention heads in a block (default 4)")
    add("--d-model", type=int, help="width: numbers to a token (default 128)")
    add("--d-ff", type=int, help="width inside the feed-forward layers (default 4 × d-model)")
    add("--merges", type=int, help="byte-pair merges, learned from both sides (default: as many as suit the file)")
    add("--activation", type=choice("activation", ACTIVATIONS), help="relu (default), gelu, gelu_erf or silu")
    add("--norm", type=choice("norm", BLOCKS), help="pre (default) or post: where the LayerNorms stand")

    add_training_options(parser, sequences="texts", epochs=True)


@dataclass
class FinetuningJob(ExamplesJob):
    per: ClassVar[str] = "text"
    choices: ClassVar[str] = "C"

    folder: FinetuningRun
    trainer: Trainer
    tokenizer: Tokenizer
    parts: Parts
    method: Method
    facts: Facts

    @classmethod
    def open(cls, args) -> FinetuningRun:
        return FinetuningRun(args.out)

    @classmethod
    def start(cls, folder: FinetuningRun, args, device: Device) -> "FinetuningJob":
        checkpoint = checkpoint_of(args, example="tales")
        check_data(args)
        method = Method(args.freeze if args.freeze is not None else "none", args.lora)
        check_settings(method, named_options(args))
        seed = TrainOptions(seed=args.seed or 0).seed  # InputError for one that is none
        split = read_split(args.data, args.dev, seed)
        pretrained, tokenizer = load(checkpoint, device, body=True)
        body = body_of(pretrained, checkpoint)
        method.check(body.config)
        settings = settings_for(body.config, method, named_options(args) | {"texts": len(split.training.texts)})
        settings.setdefault("workers", default_workers(settings["batch"], device))
        options = TrainOptions.from_settings(settings)
        classifier = classifier_for(body, split.classes, settings, pretrained=args.init != "random")
        choices = Choices(
            objective=TASK,
            checkpoint=origin(args.checkpoint),
            dev=absolute(args.dev),
            freeze=method.freeze,
            lora=method.lora,
            init=args.init or INITS[0],
            dropout=settings["dropout"],
        )
        facts = facts_of(args, split, choices)
        parts = tokenize_parts(split, tokenizer, body.config.context)
        trainer, folder.whole = prepare_training(classifier, method, parts, tokenizer, options)
        return cls(folder, trainer, tokenizer, parts, method, facts)

    @classmethod
    def began(cls, settings: dict) -> bool:
        return settings.get("objective") == TASK

    @classmethod
    def check(cls, settings: dict, config: ModelConfig, tokenizer: Tokenizer) -> None:
        Choices.check(settings, config)

    @classmethod
    def resume(cls, folder: FinetuningRun, args, saved: SavedRun, device: Device) -> "FinetuningJob":
        named = named_options(args)
        options, choices = saved.altered(named, task="classify"), saved.facts.settings
        if choices["freeze"] == "body":
            raise InputError(
                f"{folder.directory} holds a last layer that an earlier version trained, step by step: it is read as it is.",
                "Fit another one, within seconds: finetune --freeze body.",
            )
        split = read_again(args, saved, read_split, options.seed)
        method, (classifier, _) = Method(choices["freeze"], choices["lora"]), load(folder.directory, device)
        parts = tokenize_parts(split, saved.tokenizer, saved.config.body.context)
        trainer, folder.whole = prepare_training(classifier, method, parts, saved.tokenizer, options)
        return cls(folder, trainer, saved.tokenizer, parts, method, saved.facts)

    def describe(self) -> Iterator[str]:
        config = self.trainer.model.config
        yield (
            f"model   {config.body.name} of {count(config.body.layers, 'layer')}, {config.body.d_model} wide, pooling {config.pooling}, "
            f"{config.parameter_count():,} parameters; learning: {self.method.describe()}, {learned_count(self.trainer.model):,} numbers"
        )
        yield from describe_texts(self.parts, self.beaten, self.facts.name, config.body.context)

    def lengths(self) -> list[int]:
        return [len(row) for row in self.parts.rows.rows]

    def sample(self) -> str:
        """How often the model, as it is now, is right about the held-out texts."""
        right = held_out_answers(self.trainer) == self.parts.held_out_labels
        return f"held-out accuracy {per_cent(right.mean())}"

    @functools.cached_property
    def beaten(self) -> Baselines:
        """What is to be beaten."""
        return baselines_of(self.parts)

    @property
    def baselines(self) -> tuple[float, float]:
        return self.beaten.blind_loss, self.beaten.frequency_loss

    def conclude(self, device: Device) -> None:
        report_classifier(self.folder.directory, self.parts, self.facts.prompt, device)


JOBS = {
    "classify": FinetuningJob,
    "translate": PairsJob,
    "summarise": PairsJob,
    "answer": QuestionsJob,
    "chat": ChatJob,
}
# The options that not every kind of task has.
OWN = {
    FinetuningJob: ("freeze", "layer", "lora", "pooling", "init"),
    PairsJob: (*OF_MODEL, "context"),
    QuestionsJob: ("init",),
    ChatJob: (),
}


def run(args) -> int:
    if args.freeze == "body" and args.resume:
        raise InputError("With `freeze` body nothing trains, so there is nothing to go on with.", "Leave --resume out.")
    job = job_of(args)
    for name in itertools.chain(*OWN.values()):
        if name not in OWN[job] and getattr(args, name) is not None:
            tasks = " and ".join(f"--task {task}" for task, kind in JOBS.items() if name in OWN[kind])
            raise InputError(f"`{name}` is for {tasks} only.", f"Leave `{name}` out, or choose another --task.")
    if args.freeze == "body":
        with world() as ranks:  # there is nothing to share: one does it, and the others wait
            return 0 if ranks.rank else last_layer.run(args)
    return session.run(job, args)


def job_of(args) -> type[Job]:
    """By the task that is named, or by what a run that goes on remembers."""
    if args.resume:
        settings = Run(args.out).read_facts().settings
        return next((job for job in OWN if job.began(settings)), FinetuningJob)
    return JOBS[args.task or "classify"]
