"""Transformer language models by hand: every forward and every backward pass, on NumPy or CuPy arrays.

    import minillm

    model, tokenizer = minillm.pretrain(preset="tiny")
    print(minillm.write(model, tokenizer, "The value of", 200))

What stands here is the door: the names that a program needs most, each of which is loaded when it is first asked for. The rooms behind it
(`minillm.ops`, `minillm.layers`, `minillm.models` ...) have the rest.
"""

from minillm.lazy import attach

__version__ = "0.1.0"

DOOR = {
    "errors": ("InputError",),
    "text": ("BPETokenizer", "CharTokenizer", "Corpus", "default_text", "read_text"),
    "models": (
        "GPT", "T5", "EncoderConfig", "GPTConfig", "MaskedLM", "SequenceClassifier", "T5Config", "Transformer", "TransformerConfig",
    ),
    "generation": ("answer", "attention_maps", "fill", "generate", "translate", "write"),
    "training": ("TrainOptions", "Trainer", "load", "save", "train"),
    "pretraining": ("pretrain",),
    "finetuning": ("classify", "finetune", "learn_pairs"),
    "alignment": ("align",),
}  # fmt: skip
ROOMS = (
    "backend", "gpu", "kernels", "ops", "layers", "text", "weights", "models", "plots", "objectives", "generation", "metrics",
    "preferences", "training", "pretraining", "finetuning", "alignment", "one_file", "inspection", "explaining", "gradcheck", "course",
    "web", "site",
)  # fmt: skip
__getattr__, __dir__ = attach(__name__, DOOR, ROOMS)
__all__ = ["__version__", *(name for names in DOOR.values() for name in names)]  # noqa: PLE0604
