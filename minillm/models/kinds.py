"""The kinds of model by name, so that a config file can say which it belongs to."""

import dataclasses
import typing

from minillm.backend import CPU, Device
from minillm.errors import InputError
from minillm.models.classifier import ClassifierConfig, SequenceClassifier
from minillm.models.config import ModelConfig
from minillm.models.encoder import MaskedLM
from minillm.models.encoder_config import EncoderConfig
from minillm.models.gpt import GPT
from minillm.models.gpt_config import GPTConfig
from minillm.models.model import Model
from minillm.models.question_answering import QuestionAnswering, QuestionAnsweringConfig
from minillm.models.t5 import T5
from minillm.models.t5_config import T5Config
from minillm.models.transformer import Transformer
from minillm.models.transformer_config import TransformerConfig

KINDS = {
    "gpt": (GPTConfig, GPT),
    "masked_lm": (EncoderConfig, MaskedLM),
    "classifier": (ClassifierConfig, SequenceClassifier),
    "question_answering": (QuestionAnsweringConfig, QuestionAnswering),
    "transformer": (TransformerConfig, Transformer),
    "t5": (T5Config, T5),
}


def kind_of(config: ModelConfig) -> str:
    """The name of the kind of model that a config is for."""
    return next(kind for kind, (config_type, _) in KINDS.items() if type(config) is config_type)


def build(config: ModelConfig, *, seed: int | None = 0, device: Device = CPU) -> Model:
    """A new model of this config, in float32; without a seed its weights are zero."""
    return KINDS[kind_of(config)][1](config, seed=seed, device=device)


def config_to_dict(config: ModelConfig) -> dict:
    """What config.json holds: the kind of the model, and its config."""
    return {"kind": kind_of(config)} | config.to_dict()


def config_from_dict(values: dict) -> ModelConfig:
    """The config that `config_to_dict` wrote; InputError for anything else."""
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise InputError(f"It is for a model of the kind {kind!r}.", f"Known are {', '.join(KINDS)}.")
    config_type = KINDS[kind][0]
    rest = {name: value for name, value in values.items() if name != "kind"}
    check_types(config_type, rest)
    config = config_type.from_dict(rest)
    if "body" in rest:
        check_types(type(config.body), rest["body"])
    return config


def check_fields(kind: type, values: object) -> list[str]:
    """Raise InputError unless these are fields of a dataclass, each of its type, and none is missing that has no default.

    Returns the names of those that are missing all the same: whoever takes their defaults should say so.
    """
    if not isinstance(values, dict):
        raise InputError(f"It holds {values!r} in place of an object.", "It has another type than it should.")
    fields = {field.name: field for field in dataclasses.fields(kind)}
    if odd := values.keys() - fields.keys():
        raise InputError(
            f"It names {min(odd)!r}, which this version of minillm does not know.", "Was it written by a later one?"
        )
    check_types(kind, values)
    missing = [name for name in fields if name not in values]
    for name in missing:
        if fields[name].default is dataclasses.MISSING:
            raise InputError(f"It does not say its {name}.", "Was it written by another version of minillm?")
    return missing


def check_types(kind: type, values: dict) -> None:
    """Raise InputError where a value is not of its field's type. Otherwise a `"yes"` or 2.5 in a JSON file causes an error far from here.

    Nor may a number be too large for a computer's, or a text hold what no file's name can. A field that is a config itself, such as a
    classifier's body, checks itself.
    """
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if field.name not in values or hints[field.name] is ModelConfig:
            continue
        value, hint = values[field.name], hints[field.name]
        if typing.get_origin(hint) is tuple:
            item = typing.get_args(hint)[0]  # of a tuple[item, ...], which is a list in JSON
            if type(value) is not list or any(type(each) is not item for each in value):
                raise InputError(f"{field.name} is {value!r}.", "It has another type than it should.")
            continue
        allowed = typing.get_args(hint) or (hint,)
        if float in allowed:
            allowed += (int,)
        if type(value) not in allowed:
            raise InputError(f"{field.name} is {value!r}.", "It has another type than it should.")
        if type(value) is int and abs(value) >= 2**63:
            raise InputError(f"{field.name} is too large a number.", "Give a smaller one.")
        if type(value) is str and not _is_text(value):
            raise InputError(
                f"{field.name} is {value!r}, which is no text.", "It holds a character that does not exist."
            )


def _is_text(value: str) -> bool:
    """Whether it can be the name of a file, UTF-8 or not. JSON can write half of a surrogate pair."""
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return "\0" not in value
