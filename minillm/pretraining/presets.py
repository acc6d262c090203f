"""Presets: sizes of model and run that go together. Whatever else is named wins over its preset."""

PRESETS = {
    # seconds: to see the whole way once, and for tests
    "tiny": {
        "tokenizer": "char", "layers": 2, "heads": 2, "d_model": 64, "context": 32,
        "batch": 16, "steps": 500, "lr": 3e-3, "warmup": 20, "eval_every": 100,
    },
    # a quarter of a minute on two cores, the default: as good a model of tiny Shakespeare (1.86 nats a character) as nanoGPT's recipe for
    # a processor makes (4 layers, plain embeddings, 2,000 steps) in six times the time; benchmarks/time_to_loss.py measures both
    "laptop": {
        "tokenizer": "char", "layers": 2, "heads": 4, "d_model": 128, "context": 64, "ngram": 4,
        "batch": 12, "steps": 600, "lr": 8e-3, "schedule": "linear", "lr_floor": 0.0, "warmup": 50, "eval_every": 150,
    },
    # an evening on a processor, minutes on a GPU: nanoGPT's larger recipe for one book
    "full": {
        "tokenizer": "char", "layers": 6, "heads": 6, "d_model": 384, "context": 256, "dropout": 0.2,
        "batch": 64, "steps": 5000, "lr": 1e-3, "warmup": 100, "eval_every": 250,
    },
}  # fmt: skip
DEFAULT = "laptop"

# What replaces an entry of the laptop for whoever repairs texts: a minute or two on two cores. Such a model needs about a thousand steps,
# of many tokens each, before it looks at its neighbours, and a small book says little about rare tokens: so the model is narrow, the batch
# large, and the vocabulary small.
REPAIRING = {"merges": 256, "d_model": 64, "warmup": 100, "eval_every": 500}
