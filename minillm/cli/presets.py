"""Presets: sizes of model and run that go together. Any option named on the command line wins over its preset."""

PRESETS = {
    # seconds: to see the whole way once, and for tests
    "tiny": {
        "tokenizer": "char", "layers": 2, "heads": 2, "d_model": 64, "context": 32,
        "batch": 16, "steps": 500, "lr": 3e-3, "warmup": 20, "eval_every": 100,
    },
    # about two minutes on two cores: the default
    "laptop": {
        "tokenizer": "char", "layers": 4, "heads": 4, "d_model": 128, "context": 64,
        "batch": 12, "steps": 2000, "lr": 4e-3, "warmup": 100, "eval_every": 250,
    },
    # an evening on a processor, minutes on a GPU: nanoGPT's larger recipe for one book
    "full": {
        "tokenizer": "char", "layers": 6, "heads": 6, "d_model": 384, "context": 256, "dropout": 0.2,
        "batch": 64, "steps": 5000, "lr": 1e-3, "warmup": 100, "eval_every": 250,
    },
}  # fmt: skip
DEFAULT = "laptop"
