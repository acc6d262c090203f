"""`finetune --freeze body`: the last layer is fitted to a frozen body, within seconds."""

import sys
import time

from tqdm import tqdm

from minillm.backend import choose_device
from minillm.cli.job import named_options
from minillm.cli.labelled_texts import describe_texts, report_classifier
from minillm.cli.run_options import check_data, checkpoint_of, inputs_of
from minillm.cli.terminal import say
from minillm.finetuning import (
    FinetuningRun,
    Method,
    baselines_of,
    body_of,
    fit_last_layer,
    new_classifier,
    padding_of,
    read_split,
    tokenize_parts,
)
from minillm.finetuning.classification import Tried, check_settings, layers_to_try
from minillm.text import name_of
from minillm.training import TrainOptions, load
from minillm.units import count, duration, per_cent


def run(args) -> int:
    """Read, fit, and only then write: stopped before that, it leaves the folder as it was."""
    checkpoint, method = checkpoint_of(args, example="tales"), Method("body", args.lora)
    check_data(args)
    seed = TrainOptions(seed=args.seed or 0).seed  # InputError for one that is none
    folder = FinetuningRun(args.out)
    with folder.lock():
        folder.refuse_to_replace(inputs_of(args))
        if not args.overwrite:
            folder.refuse_existing()
        device = choose_device(args.device)
        split = read_split(args.data, args.dev, seed)
        pretrained, tokenizer = load(checkpoint, device, body=True)
        body = body_of(pretrained, checkpoint)
        config = body.config
        method.check(config)
        check_settings(method, named_options(args))
        layers_to_try(config, args.layer, texts=0)  # what cannot be is refused before anything is told
        parts, pad = tokenize_parts(split, tokenizer, config.context), padding_of(tokenizer)
        say(f"device  {device.name}: {device.reason}")
        layers = count(config.layers, "layer")
        say(f"model   {config.name} of {layers}, {config.d_model} wide, frozen; learning: {method.describe()}")
        for line in describe_texts(parts, baselines_of(parts), name_of(args.data), config.context):
            say(line)
        if args.init == "random":
            body = new_classifier(body, len(parts.classes), pretrained=False, seed=seed).body
        rows, clock = parts.rows.rows, time.perf_counter()
        say(f"body    reads {len(rows):,} texts, once ...")
        with tqdm(total=len(rows), unit="text", disable=None, leave=False, dynamic_ncols=True, file=sys.stderr) as bar:
            fitted = fit_last_layer(
                body,
                rows,
                parts.labels,
                parts.classes,
                pad,
                layer=args.layer,
                pooling=args.pooling,
                seed=seed,
                progress=bar.update,
                report=tell,
            )
        learned = sum(parameter.data.size for parameter in fitted.classifier.head.parameters())
        folder.keep(fitted.classifier, tokenizer)
        seconds = duration(time.perf_counter() - clock)
        say(f"done    {seconds}: {fitted.describe()}; {learned:,} numbers: {folder.directory}")
    report_classifier(folder.directory, parts, split.words(), device)
    return 0


def tell(tried: Tried) -> None:
    """A line for each of the layers that were tried, as soon as there is one: all of them may take a minute."""
    with tqdm.external_write_mode(file=sys.stderr):
        say(f"layer   {tried.name:>3}: {per_cent(tried.validated.accuracy)} right by cross-validation")
