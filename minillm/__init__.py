"""Transformer language models by hand: every forward and every backward pass, on NumPy or CuPy arrays.

    import minillm

    model, tokenizer = minillm.pretrain(preset="tiny")
    print(minillm.write(model, tokenizer, "The value of", 200))

What stands here is the door: the names that a program needs most, each of which is loaded when it is first asked for. The rooms behind it
(`minillm.ops`, `minillm.layers`, `minillm.models` ...) have the rest.
"""

import importlib

__version__ = "0.1.0"

DOOR = {
    "errors": ("InputError",),
    "text": ("BPETokenizer", "CharTokenizer", "Corpus", "default_text", "read_text"),
    "models": (
        "GPT", "T5", "EncoderConfig", "GPTConfig", "MaskedLM", "SequenceClassifier", "T5Config", "Transformer", "TransformerConfig",
    ),
    "generation": ("attention_maps", "fill", "generate"),
    "training": ("TrainOptions", "Trainer", "load", "save", "train"),
    "pretraining": ("pretrain",),
    "finetuning": ("classify", "finetune"),
}  # fmt: skip
ROOMS = (
    "backend", "ops", "layers", "text", "models", "plots", "objectives", "generation", "preferences", "training", "pretraining",
    "finetuning", "alignment", "gradcheck", "course",
)  # fmt: skip
_ROOM_OF = {name: room for room, names in DOOR.items() for name in names}
__all__ = ["__version__", *_ROOM_OF]  # noqa: PLE0604


def __getattr__(name: str) -> object:
    """A name of the door, or a room: imported when it is first asked for (PEP 562)."""
    if name in _ROOM_OF:
        return getattr(importlib.import_module(f"minillm.{_ROOM_OF[name]}"), name)
    if name in ROOMS:
        return importlib.import_module(f"minillm.{name}")
    raise AttributeError(f"module 'minillm' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *ROOMS])
