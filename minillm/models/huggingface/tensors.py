"""Which of a checkpoint's tensors belong to which of our parameters, in any architecture."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from minillm.models.huggingface.fields import Fields
from minillm.models.model import Model

# Heads that their fine-tuning put on a body: for classes, for answers, for values (TRL's). No other model reads them.
OTHER_HEADS = r"(score|classifier|multiple_choice_head|qa_outputs|v_head)\.[\w.]+"


class Tensor(NamedTuple):
    """A tensor of a checkpoint, and the parameters of our model that are in it."""

    name: str
    shape: tuple[int, ...]  # in their file
    parameters: tuple[str, ...]  # ours by name: one, or several side by side along the last axis
    transposed: bool = False  # torch keeps the matrix of a linear layer as (out, in), we as (in, out)
    copies: tuple[str, ...] = ()  # other names under which a file may hold the same numbers, instead or as well
    stand_in: str = ""  # a tensor that has its numbers where neither it nor a copy is there


class Architecture(NamedTuple):
    """A kind of model that they have, and we too."""

    name: str  # as `architectures` in config.json has it
    model_type: str
    model: type[Model]
    read: Callable[[Fields], Any]  # config.json -> our config
    write: Callable[[Any], dict]  # our config -> the fields of config.json
    tensors: Callable[[Any], Iterator[Tensor]]  # our config -> all tensors; lazily, for it may claim any size
    prefix: str = ""  # of the body's tensors, which some files leave out
    ignored: str = OTHER_HEADS  # a pattern for tensors that files may hold besides, and that change nothing


def without_head(architecture: Architecture, name: str) -> Architecture:
    """A decoder's body, without a head or with one that is not for words: its table is the head then."""
    read = architecture.read
    return architecture._replace(name=name, read=lambda fields: dataclasses.replace(read(fields), tie_head=True))


def linear(theirs: str, ours: str, d_in: int, d_out: int, *, bias: bool = True) -> Iterator[Tensor]:
    """torch.nn.Linear."""
    yield Tensor(f"{theirs}.weight", (d_out, d_in), (f"{ours}.weight",), transposed=True)
    if bias:
        yield Tensor(f"{theirs}.bias", (d_out,), (f"{ours}.bias",))


def layer_norm(theirs: str, ours: str, d_model: int) -> Iterator[Tensor]:
    """torch.nn.LayerNorm. The oldest files call its parameters as we do."""
    for name, symbol in (("weight", "gamma"), ("bias", "beta")):
        yield Tensor(f"{theirs}.{name}", (d_model,), (f"{ours}.{symbol}",), copies=(f"{theirs}.{symbol}",))


def rms_norm(theirs: str, ours: str, d_model: int) -> Tensor:
    return Tensor(f"{theirs}.weight", (d_model,), (f"{ours}.gamma",))
