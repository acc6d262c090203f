"""The folder of a fine-tuning run: as any run's, and the names of the classes."""

from collections.abc import Callable
from pathlib import Path

from minillm.backend import CPU, Device
from minillm.errors import InputError
from minillm.models import Model, ModelConfig, SequenceClassifier
from minillm.text import Tokenizer
from minillm.training import Run, load
from minillm.training.checkpoint import CONFIG, WEIGHTS, check_size, read_config, save_weights
from minillm.training.folder import has_labels, replace_model, save_labels


class FinetuningRun(Run):
    """What trains may be more than the classifier (adapters beside its weights): `trainer.safetensors` holds what trains, and
    `model.safetensors` the whole classifier.
    """

    def __init__(self, directory: str | Path, whole: Callable[[], SequenceClassifier] | None = None):
        super().__init__(directory)
        self.whole = whole

    def describe_model(self, model: Model, tokenizer: Tokenizer) -> None:
        super().describe_model(model, tokenizer)
        save_labels(self.whole(), self.directory)
        self.save_weights(model)

    def save_weights(self, model: Model) -> None:
        save_weights(self.whole(), self.directory)

    def keep(self, classifier: SequenceClassifier, tokenizer: Tokenizer) -> None:
        """Write a classifier that no trainer made, and that needs none. An earlier run in the folder is removed once that is done."""
        self._claim()
        replace_model(self.directory, classifier, tokenizer)

    def config(self) -> ModelConfig:
        config = read_config(self.path(CONFIG))
        check_size(self.path(WEIGHTS), 4 * config.parameter_count())
        return config


def load_classifier(directory: str | Path, device: Device = CPU) -> tuple[SequenceClassifier, Tokenizer]:
    """What a run of `finetune` made, or a classifier in Hugging Face's layout; InputError if the folder holds anything else."""
    model, tokenizer = load(directory, device)
    if not has_labels(model):
        raise InputError(
            f"{directory} holds {model.config.name}, which knows no classes.",
            "Fine-tune it first: python -m minillm finetune.",
        )
    return model, tokenizer
