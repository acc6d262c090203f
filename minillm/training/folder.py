"""A model and its tokenizer in a folder, which every command and `load` read: kept by a run, by `save`, come with minillm, or in Hugging
Face's layout.
"""

import json
from pathlib import Path

from minillm.backend import CPU, Device, choose_device
from minillm.errors import InputError
from minillm.files import read_json, reading, replacing, write_atomic
from minillm.models import Model, SequenceClassifier, config_to_dict
from minillm.text import Tokenizer, load_pretrained_tokenizer, save_tokenizer
from minillm.training.checkpoint import (
    CONFIG,
    RETRAIN,
    WEIGHTS,
    config_metadata,
    load_model,
    save_eos_token_id,
    save_tensors,
    tensors_of,
    write_json,
)
from minillm.training.run import FILES, LABELS, OPTIONS, TOKENIZER, Run
from minillm.weights import find


def save(
    directory: str | Path, model: Model, tokenizer: Tokenizer, *, int8: bool = False, overwrite: bool = False
) -> None:
    """Keep a model, in float32, with its tokenizer: config.json, model.safetensors, tokenizer.json, and a classifier's labels.json or the
    generation_config.json of a model that knows its ends. With `int8` the weights take a quarter of the bytes, and are rounded.

    A folder that holds such files is refused, or with `overwrite` they are replaced, once all of the new ones are written; never those of a
    run that can still go on. Of a `GPTWithValue` the GPT is kept: values are for training only.
    """
    directory, model = Path(directory), model.for_inference
    known, room = tokenizer.vocab_size, model.body.config.vocab_size
    if known > room:
        raise InputError(
            f"The tokenizer knows {known} tokens, and the model {room}.", "Give the model's own tokenizer."
        )
    there = [name for name in FILES if (directory / name).exists()]
    if there and (not overwrite or OPTIONS in there):
        remedy = "Choose another folder" if OPTIONS in there else "Choose another folder, or replace them: `overwrite`"
        raise InputError(f"{directory} holds {', '.join(there)} already.", f"{remedy}.")
    replace_model(directory, model, tokenizer, int8=int8)


def replace_model(directory: Path, model: Model, tokenizer: Tokenizer, *, int8: bool = False) -> None:
    """As `save`, whatever of a model or of a run there was in the folder."""
    with replacing(directory, FILES) as new:
        write_json(new / CONFIG, config_to_dict(model.config))
        save_tokenizer(tokenizer, new / TOKENIZER)
        save_eos_token_id(model, new)
        if has_labels(model):
            save_labels(model, new)
        save_tensors(new / WEIGHTS, tensors_of(model, int8=int8), config_metadata(model.config))


def load(
    directory: str | Path, device: Device | str = CPU, *, body: bool = False, int8: bool = False
) -> tuple[Model, Tokenizer]:
    """The model in a folder, in float32, and its tokenizer. Of a run it is the best model. A name such as "tales" is that of a model that
    comes with minillm, unless a folder of this name has a model in it.

    Models of Hugging Face may know more tokens than their tokenizer, for they pad vocabularies; and a tokenizer may know more than its
    model, which no text may use then. With `body` the caller has no use for a head, and a BERT is read without. A classifier knows the
    names of its classes: `model.labels`.

    With `int8` the matrices stay in memory as `save` rounds them, in a quarter of the bytes. Such a model is for inference, on the
    processor: it writes and scores, and whatever would train it is an InputError. Of a folder in float32 never more than a tensor is read
    at a time; a file in int8 is used where it lies.
    """
    # Not at the top: whoever trains a model of his own needs none of their readers.
    from minillm.models.huggingface import is_pretrained, load_pretrained, read_eos_token_id, read_labels

    directory, device = find(directory), choose_device(device) if isinstance(device, str) else device
    if not is_pretrained(directory):
        model = load_model(directory, device, int8=int8)
        model.eos_token_id = read_eos_token_id(directory)
        if has_labels(model):
            model.labels = load_labels(directory, model.config.classes)
        return model, Run(directory).tokenizer(model.config)
    tokenizer = load_pretrained_tokenizer(directory)
    model = load_pretrained(directory, device, body=body, int8=int8)
    tokenizer.restrict(model.body.config.vocab_size)
    if has_labels(model):
        model.labels = read_labels(directory) or model.labels
    return model, tokenizer


def has_labels(model: Model) -> bool:
    """Whether it tells classes apart; one with a single class, a reward model, gives scores."""
    return isinstance(model, SequenceClassifier) and model.config.classes > 1


def save_labels(model: SequenceClassifier, directory: Path) -> None:
    write_atomic(directory / LABELS, (json.dumps(model.labels, ensure_ascii=False) + "\n").encode("utf-8"))


def load_labels(directory: str | Path, count: int) -> list[str]:
    """The names of the classes in the folder of a run; InputError if there are not `count` of them."""
    path = Path(directory) / LABELS
    with reading(path, "list of classes", RETRAIN):
        names = read_json(path)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or len(names) != count:
        raise InputError(f"{path} does not name the {count} classes of the model beside it.", RETRAIN)
    return names
