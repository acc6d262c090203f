"""What learns from pairs of texts: its settings, its tokenizer and its sizes."""

from minillm.errors import InputError
from minillm.finetuning.defaults import WIDTH, eval_every_of, steps_of
from minillm.finetuning.pairs.examples import Pairs
from minillm.models import EncoderDecoder, TransformerConfig
from minillm.text import BPETokenizer
from minillm.text.special_tokens import BOS, EOS, PAD

# What is chosen where nothing is said. A small Transformer takes large steps, and some thousand of them; a wider one smaller ones.
COMMON = {"batch": 64, "dropout": 0.1, "label_smoothing": 0.1, "schedule": "linear", "lr_floor": 0.0, "beta2": 0.98}
FROM_NOTHING = COMMON | {"steps": 2000, "lr": 4e-3}
PRETRAINED = COMMON | {"epochs": 4, "lr": 1e-3}
SIZES = {"layers": 2, "heads": 4, "d_model": 128, "activation": "relu", "norm": "pre"}
OF_MODEL = (*SIZES, "d_ff", "merges")  # what is said of a model from nothing, and of no other
OWN = (*OF_MODEL, "context", "dropout", "epochs")


def settings_for_pairs(pretrained: EncoderDecoder | None, pairs: int, named: dict) -> dict:
    """The options of the training, the dropout, and the sizes of a model from nothing; what is `named` wins. `pairs` says how many there
    are to train on, and `epochs` may be among the named: so many times as many are drawn.
    """
    if pretrained is not None and (given := sorted(named.keys() & set(OF_MODEL))):
        raise InputError(
            f"`{given[0]}` is for a model from nothing: the pretrained one has its sizes and its tokenizer already.",
            f"Leave `{given[0]}` out, or begin without `checkpoint`.",
        )
    settings = FROM_NOTHING | SIZES | named if pretrained is None else PRETRAINED | named
    width = settings["d_model"] if pretrained is None else pretrained.config.d_model
    if "lr" not in named:
        settings["lr"] *= min(1, WIDTH / max(width, 1))
    if "epochs" in settings and "steps" not in named:
        settings["steps"] = steps_of(settings, pairs, named)
    settings.setdefault("warmup", min(200, settings["steps"] // 5))
    settings.setdefault("eval_every", eval_every_of(settings))
    return settings


def joint_tokenizer(pairs: Pairs, merges: int | None = None) -> BPETokenizer:
    """Byte pairs of both sides, learned from sources and targets in turn: of one side alone, the other falls to pieces.

    By default a merge for every 1,300 characters, from 200 to 4,000 of them.
    """
    text = "\n".join(text for pair in zip(pairs.sources, pairs.targets, strict=True) for text in pair)
    usual = min(max(len(text) // 1300, 200), 4000)
    return BPETokenizer.train(text, usual if merges is None else merges, (PAD, BOS, EOS))


def config_from_nothing(vocab_size: int, settings: dict) -> TransformerConfig:
    """The article's Transformer, with one table of words for source, target and output."""
    sizes = {name: settings[name] for name in SIZES} | {"d_ff": settings.get("d_ff", 4 * settings["d_model"])}
    return TransformerConfig(vocab_size, **sizes, dropout=settings["dropout"], tie_head=True)
