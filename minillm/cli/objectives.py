"""What `pretrain --objective` chooses: for each objective its special tokens, its model, its batches, and how it shows what it learned."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minillm.cli.terminal import visible
from minillm.errors import InputError
from minillm.generation import generate
from minillm.generation.filling import fillings, restored
from minillm.models import EncoderConfig, GPTConfig, Model, ModelConfig, TransformerConfig, build
from minillm.objectives import (
    CAUSAL,
    MASKED,
    SEQUENCE_TO_SEQUENCE,
    Data,
    DenoisingData,
    MaskedData,
    Objective,
    Sentences,
    SpanData,
    SpecialTokens,
    Windows,
    fitting_lengths,
    sentence_starts,
    word_starts,
)
from minillm.objectives.denoise import RATES
from minillm.preferences.segments import PreferenceCorpus
from minillm.pretraining.scores import fill_in_accuracy, restored_sentences, token_accuracy
from minillm.text import Corpus, Tokenizer, read_text

MODEL_OPTIONS = (
    "context", "layers", "heads", "d_model", "d_ff", "dropout", "activation", "norm", "positions", "tie_head", "bias", "ngram",
)  # fmt: skip
PAD, MASK, CLS, SEP, BOS, EOS = "[PAD]", "[MASK]", "[CLS]", "[SEP]", "<s>", "</s>"
# Two minutes or three on two cores. A model needs about a thousand steps, of many tokens each, before it looks at its neighbours,
# and a small book says little about rare tokens: so the model is narrow, the batch large, and the vocabulary small.
LAPTOP = {"merges": 256, "d_model": 64, "warmup": 100, "eval_every": 500}
LAPTOP_ENCODER = LAPTOP | {"context": 32, "batch": 64, "steps": 2500, "positions": "sinusoidal"}
LAPTOP_ENCODER_DECODER = LAPTOP | {"context": 48, "batch": 48, "steps": 2000, "lr": 5e-3}
SENTINELS = tuple(f"<extra_id_{i}>" for i in range(32))


class Recipe(NamedTuple):
    """One objective. `chosen` is what the preset and the command line say, by the names of the options."""

    what: str
    special_tokens: tuple[str, ...]
    defaults: dict  # over any preset's
    laptop: dict  # over those of the preset laptop
    options: tuple[str, ...]  # of its own, besides the sizes of the model
    config: Callable[[int, dict], ModelConfig]  # (vocab_size, chosen)
    data: Callable[[str, Tokenizer, dict], Data]  # (text, tokenizer, chosen)
    objective: Callable[[dict], Objective]  # (chosen)
    sample: Callable  # (model, tokenizer, a few words of the text, step) -> what the model makes of them
    score: Callable | None  # (model, data, tokenizer) -> what it can do on held-out text, in words
    use: str  # the command that uses the trained model,
    takes: str  # the option that gives it a text,
    example: Callable[[str], str]  # and such a text, made of a few words of the corpus
    read: Callable[[str | None, dict], str] = lambda source, chosen: read_text(source)
    usual_text: str = "the Python language reference"  # what `read` gives where no source is named
    build: Callable[..., Model] = build
    tell: Callable[[Data], str] | None = None  # what there is to know of the data


def special_tokens(tokenizer: Tokenizer, **roles: str) -> SpecialTokens:
    ids = tokenizer.special_tokens
    sentinels = tuple(ids[name] for name in SENTINELS if name in ids)
    return SpecialTokens(pad=ids[PAD], sentinels=sentinels, **{role: ids[name] for role, name in roles.items()})


def sizes_for(config: type[ModelConfig], chosen: dict, unusable: tuple[str, ...] = ()) -> dict:
    """The sizes of the model among the options; InputError for one that this kind of model does not have."""
    for name in unusable:
        if name in chosen and chosen[name] != GPTConfig.__dataclass_fields__[name].default:
            raise InputError(f"{config.name.capitalize()} has no {name}.", "Leave that option out.")
    return {name: chosen[name] for name in MODEL_OPTIONS if name in chosen and name not in unusable}


def gpt_config(vocab_size: int, chosen: dict) -> GPTConfig:
    return GPTConfig(vocab_size, **sizes_for(GPTConfig, chosen))


def causal_data(text: str, tokenizer: Tokenizer, chosen: dict) -> Data:
    return Corpus(tokenizer.encode(text), chosen["context"])


def continue_text(model, tokenizer: Tokenizer, prompt: str, step: int) -> str:
    ids = generate(model, tokenizer.encode(prompt), 120, temperature=0.8, seed=step)
    return visible(prompt + "|" + tokenizer.decode(list(ids)))


def encoder_config(vocab_size: int, chosen: dict) -> EncoderConfig:
    return EncoderConfig(vocab_size, **sizes_for(EncoderConfig, chosen, ("tie_head", "bias", "ngram")), token_types=0)


def masked_data(text: str, tokenizer: Tokenizer, chosen: dict) -> Data:
    ids = tokenizer.encode(text)
    special = special_tokens(tokenizer, mask=MASK, bos=CLS, eos=SEP)
    ordinary = tokenizer.vocab_size - len(tokenizer.special_tokens)
    starts = sentence_starts(ids, tokenizer), word_starts(ids, tokenizer)
    pieces = Sentences(ids, chosen["context"] - 2, *starts)  # of all lengths, as the texts to fill in are
    return MaskedData(pieces, special, ordinary, rate_of(chosen, 0.15), chosen["whole_words"])


def fill_a_hole(model, tokenizer: Tokenizer, prompt: str, step: int) -> str:
    text = hide_a_word(prompt)
    (best,) = fillings(model, tokenizer, text, 4)
    return visible(f"{text}   " + ", ".join(f"{token.strip() or token!r} {p:.0%}" for token, p in best))


def transformer_config(vocab_size: int, chosen: dict) -> TransformerConfig:
    sizes = sizes_for(
        TransformerConfig, {"activation": "gelu", "norm": "pre", "tie_head": True} | chosen, ("bias", "ngram")
    )
    if sizes.pop("positions", "sinusoidal") != "sinusoidal":
        raise InputError("A Transformer's positions are sinusoidal.", "Leave --positions out.")
    sizes.pop("context")
    return TransformerConfig(vocab_size, **{"d_ff": 4 * sizes["d_model"], "dropout": 0.0} | sizes)


def denoising_data(text: str, tokenizer: Tokenizer, chosen: dict) -> Data:
    ids = tokenizer.encode(text)
    special = special_tokens(tokenizer, mask=MASK, bos=BOS, eos=EOS)
    starts = sentence_starts(ids, tokenizer), word_starts(ids, tokenizer)
    noise = chosen["noise"]
    return DenoisingData(Sentences(ids, chosen["context"] - 1, *starts), special, noise, rate_of(chosen, RATES[noise]))


def span_data(text: str, tokenizer: Tokenizer, chosen: dict) -> Data:
    ids = tokenizer.encode(text)
    rate = rate_of(chosen, 0.15)
    length, _ = fitting_lengths(chosen["context"], rate)
    return SpanData(Windows(ids, length), special_tokens(tokenizer, bos=BOS, eos=EOS), rate)


def restore(model, tokenizer: Tokenizer, prompt: str, step: int) -> str:
    return visible(f"{drop_a_word(prompt)} -> {restored(model, tokenizer, drop_a_word(prompt))}")


def fill_a_span(model, tokenizer: Tokenizer, prompt: str, step: int) -> str:
    return visible(f"{hide_a_span(prompt)} -> {restored(model, tokenizer, hide_a_span(prompt))}")


def rate_of(chosen: dict, usual: float) -> float:
    return usual if chosen.get("rate") is None else chosen["rate"]


def unigram_ids(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """The tokens to train on and those to validate on."""
    if isinstance(data, Corpus):
        return data.train, data.validation
    if isinstance(data, PreferenceCorpus):
        return data.train, data.good_validation()
    ids = data.pieces.ids
    return ids[: len(ids) * 9 // 10], ids[len(ids) * 9 // 10 :]


def batches(data: Data, size: int) -> int:
    """How many batches an evaluation has."""
    if isinstance(data, Corpus | PreferenceCorpus):
        return math.ceil(len(data.validation) / (size * data.context))
    return sum(1 for _ in data.validation_batches(size))


def hide_a_word(prompt: str) -> str:
    """A few words with the last but one hidden."""
    words = prompt.split(" ")
    hidden = max(len(words) - 2, 0)
    return " ".join([*words[:hidden], MASK, *words[hidden + 1 :]])


def drop_a_word(prompt: str) -> str:
    """A few words without the one in the middle."""
    words = prompt.split(" ")
    return " ".join(words[: len(words) // 2] + words[len(words) // 2 + 1 :]) or prompt


def hide_a_span(prompt: str) -> str:
    """A few words with a sentinel for the one in the middle."""
    words = prompt.split(" ")
    words[len(words) // 2] = SENTINELS[0]
    return " ".join(words)


OBJECTIVES = {
    "causal": Recipe(
        what="guess the next token",
        special_tokens=(),
        defaults={},
        laptop={},
        options=(),
        config=gpt_config,
        data=causal_data,
        objective=lambda chosen: CAUSAL,
        sample=continue_text,
        score=None,
        use="generate",
        takes="--prompt",
        example=str,
    ),
    "masked": Recipe(
        what="guess tokens that are hidden (BERT)",
        special_tokens=(PAD, MASK, CLS, SEP),
        defaults={"tokenizer": "bpe", "ngram": 1, "norm": "pre", "whole_words": False},
        laptop=LAPTOP_ENCODER | {"rate": 0.3},  # twice BERT's: twice as much to learn from a step
        options=("rate", "whole_words"),
        config=encoder_config,
        data=masked_data,
        objective=lambda chosen: MASKED,
        sample=fill_a_hole,
        score=fill_in_accuracy,
        use="fill",
        takes="--text",
        example=hide_a_word,
    ),
    "denoise": Recipe(
        what="restore damaged sentences (BART)",
        special_tokens=(PAD, MASK, BOS, EOS),
        defaults={"tokenizer": "bpe", "ngram": 1, "noise": "delete"},
        laptop=LAPTOP_ENCODER_DECODER,
        options=("rate", "noise"),
        config=transformer_config,
        data=denoising_data,
        objective=lambda chosen: SEQUENCE_TO_SEQUENCE,
        sample=restore,
        score=restored_sentences,
        use="fill",
        takes="--text",
        example=drop_a_word,
    ),
    "span": Recipe(
        what="write the spans that are hidden (T5)",
        special_tokens=(PAD, BOS, EOS, *SENTINELS),
        defaults={"tokenizer": "bpe", "ngram": 1},
        laptop=LAPTOP_ENCODER_DECODER,
        options=("rate",),
        config=transformer_config,
        data=span_data,
        objective=lambda chosen: SEQUENCE_TO_SEQUENCE,
        sample=fill_a_span,
        score=token_accuracy,
        use="fill",
        takes="--text",
        example=hide_a_span,
    ),
}
