"""Pretrained models: a folder in Hugging Face's layout becomes a model of ours, and the other way round."""

import itertools
import json
import logging
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import EllipsisType
from typing import NamedTuple

import numpy as np

from minillm.backend import CPU, Device, array_module, to_host
from minillm.errors import InputError
from minillm.files import read_object, write_atomic
from minillm.layers import Int8, int8_names, refuse_int8, use_int8
from minillm.models.gpt import GPT
from minillm.models.huggingface.bert import BODY, CLASSIFIER, MASKED_LM, QUESTION_ANSWERING, label_fields, labels_of
from minillm.models.huggingface.fields import Fields, shown
from minillm.models.huggingface.files import (
    CONFIG,
    COPY,
    GENERATION,
    WEIGHTS,
    Stored,
    check_finite,
    read_headers,
    read_weights,
)
from minillm.models.huggingface.gpt2 import GPT2
from minillm.models.huggingface.llama import LLAMA, MISTRAL, QWEN2, family_of
from minillm.models.huggingface.t5 import TEXT_TO_TEXT
from minillm.models.huggingface.tensors import Architecture, Tensor, without_head
from minillm.models.model import Model
from minillm.safetensors import PIECE, map_tensors, serialize

# For a type, the first is what a config.json without a name means.
ARCHITECTURES = (GPT2, LLAMA, MISTRAL, QWEN2, MASKED_LM, CLASSIFIER, QUESTION_ANSWERING, BODY, TEXT_TO_TEXT)
NAMES = {architecture.name: architecture for architecture in ARCHITECTURES}
# With a second head, which is left out; an old name; and with heads that minillm does not have, so that the body is left.
NAMES |= {"BertForPreTraining": MASKED_LM, "T5WithLMHeadModel": TEXT_TO_TEXT}
NAMES |= dict.fromkeys(("BertForTokenClassification", "BertForNextSentencePrediction", "BertForMultipleChoice"), BODY)
HEADS = ("Model", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "DoubleHeadsModel")
for decoder, family in ((GPT2, "GPT2"), (LLAMA, "Llama"), (MISTRAL, "Mistral"), (QWEN2, "Qwen2")):
    NAMES |= {family + head: without_head(decoder, family + head) for head in HEADS}
# What tells their config.json from ours where it names neither type nor architecture: a width, or T5's positions.
THEIR_FIELDS = {"model_type", "architectures", "hidden_size", "n_embd", "relative_attention_num_buckets"}
ROUNDING = {"rtol": 2.0**-7, "atol": 2.0**-24}  # of bfloat16, once or twice; and of the smallest numbers of float16

logger = logging.getLogger(__name__)


class Match(NamedTuple):
    """A tensor that a model needs, and the names of those in the files that have its numbers: more than one must be equal."""

    tensor: Tensor
    found: list[str]


def is_pretrained(directory: str | Path) -> bool:
    """Whether the config.json of a folder is one of Hugging Face, rather than minillm's own, or none."""
    try:
        values = read_object(Path(directory) / CONFIG, COPY)
    except InputError:
        return False
    return "kind" not in values and bool(THEIR_FIELDS & values.keys())


def read_labels(directory: str | Path) -> list[str] | None:
    """The names of a classifier's classes, in their order, from its config.json; None if there are none."""
    return labels_of(read_object(Path(directory) / CONFIG, COPY))


def read_eos_token_id(directory: str | Path) -> list[int]:
    """The ids of the tokens that end a text, where files of a folder name them: one, several or none.

    As transformers has it, generation_config.json speaks alone if it is there, even where it names none, and config.json only without it.
    """
    path = Path(directory) / GENERATION
    path = path if path.exists() else path.with_name(CONFIG)
    value = read_object(path, COPY).get("eos_token_id")
    ids = value if isinstance(value, list) else [] if value is None else [value]
    if not all(type(i) is int for i in ids):
        raise InputError(
            f"{path}: eos_token_id is {shown(value)}, and should be a whole number or a list of them.", COPY
        )
    return ids


def load_pretrained(
    directory: str | Path,
    device: Device = CPU,
    dtype: type = np.float32,
    *,
    body: bool = False,
    int8: bool = False,
) -> Model:
    """The model in a folder with `config.json` and `model.safetensors` (or its shards, with `model.safetensors.index.json`).

    GPT-2, Llama, Mistral, Qwen2, BERT (masked words, classes, question answering, or none of these: an `Encoder`) or T5; weights of 16 bits
    are widened. With `body` a BERT is read without its head, whatever that is. Tensors that the model has no use for are named in the log,
    as a warning.

    On the processor, tensors that lie in the file as in the model, which are all of a GPT-2 in float32, are used there and copied only
    when the model is trained: see `map_tensors` of minillm/safetensors.py. With `int8` matrices are rounded as they are read, a tensor at a
    time: see `layers.int8`. Such a model is for inference, on the processor.

    InputError, which names the file and what is wrong in it, for whatever is missing, damaged, of another size than the config asks for, or
    not done by minillm. All of this is found in the headers of the files, before there is memory for a single weight.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise InputError(f"There is no folder {directory}.", "Name the folder that holds the model's files.")
    values = read_object(directory / CONFIG, COPY)
    try:
        architecture = _architecture(values, body)
        config = architecture.read(Fields(values))
    except InputError as error:
        raise InputError(f"{directory / CONFIG}: {error.wrong}", error.remedy) from error
    eos_token_id, stored = read_eos_token_id(directory), read_headers(directory)
    matches, unused = _match(architecture, config, stored, directory)
    if unused:
        more = f" and {len(unused) - 5} more" if len(unused) > 5 else ""
        logger.warning("(Not read of %s: %s%s.)", directory, ", ".join(unused[:5]), more)
    model = architecture.model(config, seed=None, dtype=dtype, device=device)
    matrices, weights = int8_names(model) if int8 else set(), {}
    maps = device.xp is np and not int8
    mapped = map_tensors({first: stored[first] for _, (first, *_) in matches}, dtype) if maps else {}
    for tensor, (first, *copies) in matches:
        for copy in copies:
            pairs = zip(read_weights(first, stored[first]), read_weights(copy, stored[copy]), strict=True)
            if not all(np.allclose(theirs, same, **ROUNDING) for (_, same), (_, theirs) in pairs):
                raise InputError(f"{directory}: {first} and {copy} differ, and should be the same.", COPY)
        if tensor.parameters[0] in matrices:
            weights |= _round(model, tensor, read_weights(first, stored[first]))
        elif first in mapped and not tensor.transposed:  # with a transposed one a token takes a quarter longer
            check_finite(mapped[first], first, stored[first])
            for name, array in zip(tensor.parameters, _parts(mapped[first], tensor), strict=True):
                model.vector.assign(name, array)
        else:
            _fill(model, tensor, read_weights(first, stored[first]))
    if int8:
        use_int8(model, weights)
    model.eos_token_id = eos_token_id
    return model


def _architecture(values: dict, body: bool) -> Architecture:
    """What config.json names. Without a name, or where only the body is wanted, its type will do: a BERT is then one for masked words."""
    names, kind = values.get("architectures"), values.get("model_type")
    if not names and kind is None:
        raise InputError(
            "It names neither the model_type nor the architectures.",
            'Add what the model is: "model_type": "gpt2", "llama", "mistral", "qwen2", "bert" or "t5".',
        )
    named = [entry for name, entry in NAMES.items() if names == [name] and kind in (None, entry.model_type)]
    if body or not names:
        named += [entry for entry in ARCHITECTURES if entry.model_type == kind]
    for architecture in named:
        return BODY if body and architecture.model_type == BODY.model_type else architecture
    raise InputError(
        f"It is of the type {shown(kind)} and the architecture {shown(names)}, which minillm does not know.",
        f"It reads {', '.join(architecture.name for architecture in ARCHITECTURES)}.",
    )


def _match(
    architecture: Architecture, config, stored: dict[str, Stored], directory: Path
) -> tuple[list[Match], list[str]]:
    """Every tensor of the model with where it is found, and the names of those that it has no use for.

    InputError unless all are there, of their shape, and no others.
    """
    matches, missing, used = [], [], set()
    for tensor in architecture.tensors(config):
        found = [name for name in _spellings(tensor, architecture.prefix) if name in stored]
        if not found and tensor.stand_in in stored:
            found = [tensor.stand_in]
        for name in found:
            if stored[name].shape != tensor.shape:
                raise InputError(
                    f"{stored[name].path}: {name} is {stored[name].shape} where {CONFIG} asks for {tensor.shape}.", COPY
                )
        used.update(found)
        matches.append(Match(tensor, found))
        if not found:
            missing.append(tensor.name)
        if len(missing) == 3:
            break  # a config may claim any number of layers
    what = f"{directory} and a {architecture.name} of its {CONFIG} do not fit"
    if missing:
        raise InputError(f"{what}: missing is {', '.join(missing)}.", COPY)
    unused = sorted(stored.keys() - used)
    unknown = (name for name in unused if not re.fullmatch(architecture.ignored, name))
    if odd := list(itertools.islice(unknown, 3)):
        raise InputError(f"{what}: unknown is {', '.join(odd)}.", COPY)
    return matches, unused


def _spellings(tensor: Tensor, prefix: str) -> list[str]:
    """All names that a file may have for a tensor."""
    names = (tensor.name, *tensor.copies)
    return list(dict.fromkeys([*names, *(name.removeprefix(prefix) for name in names)]))


def save_pretrained(
    model: Model, directory: str | Path, *, labels: Sequence[str] | None = None, eos_id: int | None = None
) -> None:
    """Write a model so that transformers, and `load_pretrained`, can read it: `config.json` and `model.safetensors`.

    `labels` are the names of a classifier's classes. `eos_id` is the token that ends a text, where the model does not know that itself:
    with it their `generate` knows where to stop.
    InputError for a model that they have no place for, such as a decoder of the post-norm kind.
    """
    directory = Path(directory)
    refuse_int8(model)
    architecture = _architecture_of(model)
    fields = {"architectures": [architecture.name], "model_type": architecture.model_type}
    fields |= {
        "dtype": model.vector.dtype.name,
        "bos_token_id": None,
        "eos_token_id": list(model.eos_token_id) or None if eos_id is None else eos_id,
        "pad_token_id": None,
    }
    fields |= architecture.write(model.config)
    if labels is not None:
        classes = getattr(model.config, "classes", 0)
        if len(labels) != classes or len(set(labels)) != classes:
            raise InputError(f"There are {len(labels)} labels for {classes} classes.", "Give each class its own name.")
        fields |= label_fields(list(labels))
    if (directory / CONFIG).exists() and "kind" in read_object(directory / CONFIG, COPY):
        raise InputError(f"{directory} holds a run of minillm, which this would write over.", "Choose another folder.")
    write_atomic(directory / WEIGHTS, serialize(tensors_of(model), {"format": "pt"}))
    write_atomic(directory / CONFIG, (json.dumps(fields, indent=2, ensure_ascii=False) + "\n").encode("utf-8"))


def tensors_of(model: Model, which: str = "data") -> dict[str, np.ndarray]:
    """A model's parameters, or with "grad" their gradients, as the tensors of Hugging Face, by their names."""
    named, arrays = model.vector.named, {}
    for tensor in _architecture_of(model).tensors(model.config):
        parts = [to_host(getattr(named[name], which)) for name in tensor.parameters]
        array = np.concatenate(parts, axis=-1)
        arrays[tensor.name] = np.ascontiguousarray(array.T if tensor.transposed else array)
    return arrays


def _fill(model: Model, tensor: Tensor, pieces: Iterable[tuple[slice | EllipsisType, np.ndarray]]) -> None:
    """The other way round: put the numbers of one of their tensors into our parameters."""
    arrays = [model.vector.named[name].data for name in tensor.parameters]
    for rows, piece in pieces:
        for array, part in zip(arrays, _parts(piece, tensor), strict=True):
            (array.T if tensor.transposed else array)[rows] = array_module(array).asarray(part)


def _round(model: Model, tensor: Tensor, pieces: Iterable[tuple[slice | EllipsisType, np.ndarray]]) -> dict[str, Int8]:
    """The parameters that have the numbers of one of their tensors, in int8. A transposed one is read whole before it has rows."""
    weights = {name: Int8.empty(model.vector.named[name].data.shape) for name in tensor.parameters}
    if tensor.transposed:
        whole = np.empty(tensor.shape, np.float32)
        for rows, piece in pieces:
            whole[rows] = piece
        step = max(1, PIECE // len(whole))
        pieces = ((slice(i, i + step), whole.T[i : i + step]) for i in range(0, whole.shape[1], step))
    for rows, piece in pieces:
        for weight, part in zip(weights.values(), _parts(piece, tensor), strict=True):
            weight.put(rows, part)
    return weights


def _parts(numbers: np.ndarray, tensor: Tensor) -> list[np.ndarray]:
    """What each of our parameters has of a tensor's numbers: they stand side by side."""
    return np.split(numbers, len(tensor.parameters), axis=-1)


def _architecture_of(model: Model) -> Architecture:
    if type(model) is GPT and model.config.positions == "rotary":
        return family_of(model.config)
    for architecture in ARCHITECTURES:
        if type(model) is architecture.model:
            return architecture
    raise InputError(
        f"Hugging Face has no model like a {type(model).__name__} of minillm.",
        f"Written can be {', '.join(architecture.model.__name__ for architecture in ARCHITECTURES)}.",
    )
