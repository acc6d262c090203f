"""The folder of a fine-tuning run: as any run's, and the names of the classes."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from minillm.backend import CPU, Device
from minillm.errors import InputError
from minillm.files import read_json, reading, write_atomic
from minillm.models import Model, ModelConfig, SequenceClassifier
from minillm.models.huggingface import is_pretrained, read_labels
from minillm.text import Tokenizer
from minillm.training import Run, load_run, save_model
from minillm.training.checkpoint import CONFIG, RETRAIN, WEIGHTS, check_size, read_config
from minillm.training.run import LABELS


class FinetuningRun(Run):
    """What trains may be less than the classifier (its last layer), or more (adapters beside its weights): `trainer.safetensors` holds what
    trains, and `model.safetensors` the whole classifier, of which a frozen body is read again by `--resume`.
    """

    def __init__(
        self,
        directory: str | Path,
        classes: Sequence[str] = (),
        whole: Callable[[], SequenceClassifier] | None = None,
    ):
        super().__init__(directory)
        self.classes, self.whole = list(classes), whole

    def describe_model(self, model: Model, tokenizer: Tokenizer) -> None:
        super().describe_model(model, tokenizer)
        names = json.dumps(self.classes, ensure_ascii=False) + "\n"
        write_atomic(self.path(LABELS), names.encode("utf-8"))
        self.save_weights(model)

    def save_weights(self, model: Model) -> None:
        save_model(self.whole(), self.directory)

    def config(self) -> ModelConfig:
        config = read_config(self.path(CONFIG))
        check_size(self.path(WEIGHTS), 4 * config.parameter_count())
        return config


def read_classes(directory: str | Path, count: int) -> list[str]:
    """The names of the classes in the folder of a run; InputError if there are not `count` of them."""
    path = Path(directory) / LABELS
    with reading(path, "list of classes", RETRAIN):
        names = read_json(path)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or len(names) != count:
        raise InputError(f"{path} does not name the {count} classes of the model beside it.", RETRAIN)
    return names


class LoadedClassifier(NamedTuple):
    model: SequenceClassifier
    tokenizer: Tokenizer
    classes: list[str]


def load_classifier(directory: str | Path, device: Device = CPU) -> LoadedClassifier:
    """What a run of `finetune` made, or a classifier in Hugging Face's layout; InputError if the folder holds anything else."""
    model, tokenizer = load_run(directory, device)
    if not isinstance(model, SequenceClassifier) or model.config.classes < 2:
        raise InputError(
            f"{directory} holds {model.config.name}, which knows no classes.",
            "Fine-tune it first: python -m minillm finetune.",
        )
    if is_pretrained(directory):
        names = read_labels(directory) or [f"LABEL_{i}" for i in range(model.config.classes)]
    else:
        names = read_classes(directory, model.config.classes)
    return LoadedClassifier(model, tokenizer, names)
